import { PROTOCOL_VERSION } from './protocol.ts';
import { validatorOf } from './schemas.ts';

export type ProtocolVersion = {
  version: string;
  /** Below the root where the document stands. */
  path: string;
  binding: 'HTTPS';
  serviceId?: string;
  identifierType?: string;
  auth?: { protocol: string; version: string; profile?: readonly string[] };
};
export type VersionDocument = { protocolVersions: readonly ProtocolVersion[] };

export const versionDocument = (
  path: string,
  more: Omit<ProtocolVersion, 'version' | 'path' | 'binding'> = {},
): VersionDocument => ({
  protocolVersions: [{ version: PROTOCOL_VERSION, path, binding: 'HTTPS', ...more }],
});

/** How somebody's messages show who it is: the form of its identifier, and the protocol of its tokens. */
export type Shown = Pick<ProtocolVersion, 'identifierType' | 'auth'>;

const major = (version: string): string | undefined => version.split('.')[0];

/** Whether an entry asks for no more than what we show: what it leaves out it leaves open. */
export function isShown({ identifierType, auth }: Shown, ours: Shown): boolean {
  const named = ours.identifierType === undefined || identifierType === undefined;
  // `did` alone stands for every method.
  if (!named && identifierType !== 'did' && identifierType !== ours.identifierType) return false;
  if (!auth || !ours.auth) return true;
  const profiles = auth.profile ?? [];
  return (
    auth.protocol.toUpperCase() === ours.auth.protocol.toUpperCase() &&
    major(auth.version) === major(ours.auth.version) &&
    (profiles.length === 0 || profiles.some((one) => ours.auth?.profile?.includes(one)))
  );
}

/**
 * Base address of the protocol's endpoints at a participant, from its version document; null when no version is common to both,
 * upon which the consumer has to stop, or none by which we can show who we are. `root` without a slash at its end.
 */
export function protocolBase(root: string, document: unknown, ours: Shown = {}): string | null {
  if (!validatorOf('VersionDocument')(document)) return null;
  const found = (document as VersionDocument).protocolVersions.find(
    // Paths are put behind its own.
    (one) => one.version === PROTOCOL_VERSION && isShown(one, ours) && !/[?#]/.test(one.path),
  );
  if (!found) return null;
  const path = found.path.replace(/^\/+|\/+$/g, '');
  return path === '' ? root : `${root}/${path}`;
}

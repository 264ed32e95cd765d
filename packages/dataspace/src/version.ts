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

/**
 * Base address of the protocol's endpoints at a participant, from its version document; null when no version is common to both,
 * upon which the consumer has to stop. `root` without a slash at its end.
 */
export function protocolBase(root: string, document: unknown, serviceId?: string): string | null {
  if (!validatorOf('VersionDocument')(document)) return null;
  const found = (document as VersionDocument).protocolVersions.find(
    (one) => one.version === PROTOCOL_VERSION && (serviceId === undefined || one.serviceId === serviceId),
  );
  if (!found) return null;
  const path = found.path.replace(/^\/+|\/+$/g, '');
  // Paths are put behind it.
  return /[?#]/.test(path) ? null : path === '' ? root : `${root}/${path}`;
}

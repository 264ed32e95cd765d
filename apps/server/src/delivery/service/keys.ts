/** Keys and signed addresses of a grant; for its buyer only. */
import { createHash } from 'node:crypto';
import { signAddress } from '@shugu/gateway';
import { deliveryLimits } from '@shugu/wire/delivery';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { newId, newSecret } from '../../kernel/ids.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Grant, GrantKey } from '../model.ts';
import { type Plane, tellPlane } from '../plane/plane.ts';
import { problems } from '../problems.ts';
import { endpointsOf, findKey, keysOf, lockGrant } from '../reads.ts';
import { addressOf, lineOf } from '../rules.ts';
import * as store from '../store.ts';
import type { ServiceDeps } from './deps.ts';

/** So that scanners of code and logs recognise a key that leaked. */
const mark = 'sgd_';
const prefixCharacters = 12;

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const asBuyer = async (tx: Tx, id: string): Promise<Grant> => {
  const grant = await lockGrant(tx, id);
  if (!grant || grant.buyer !== tx.actor.participant) throw kernelProblems.unknown();
  return grant;
};

export const openPlane = (deps: ServiceDeps): Plane => {
  const plane = deps.plane();
  if (!plane) throw kernelProblems.busy();
  return plane;
};

export const living = (keys: readonly GrantKey[], now: Date): GrantKey[] =>
  keys.filter(({ revokedAt }) => revokedAt === null || revokedAt > now);

export interface MadeKey {
  key: GrantKey;
  secret: string;
  receiptKeys: Record<string, string>;
}

export const newKeySecret = (): { secret: string; hash: string; prefix: string } => {
  const secret = mark + newSecret();
  return { secret, hash: hashOf(secret), prefix: secret.slice(0, prefixCharacters) };
};

/** `expiresAt`: of a key that ends then, whatever happens before. */
export const make = async (
  deps: ServiceDeps,
  tx: Tx,
  grant: Grant,
  name: string,
  expiresAt: Date | null = null,
): Promise<MadeKey> => {
  if (grant.endedAt) throw problems.grantEnded();
  const plane = openPlane(deps);
  const { secret, hash, prefix } = newKeySecret();
  const id = newId('gky', tx.now);
  const key: GrantKey = { id, grant: grant.id, name, prefix, createdAt: tx.now, revokedAt: expiresAt, expiresAt };
  await store.insertKey(tx, key, hash, grant.buyer);
  await audit(tx, { action: 'delivery.key.create', subject: key.id, data: { grant: grant.id, prefix: key.prefix } });
  // At once, as its holder may use it with the next request.
  tellPlane(tx, deps.plane, grant.id, await store.touchGrant(tx, grant.id), ({ keyHashes }) => ({
    keyHashes: [...keyHashes, hash],
  }));
  const receiptKeys = Object.fromEntries(
    grant.kinds.map((kind) => [kind, plane.receiptKey(lineOf(grant.id, kind)).toString('base64url')]),
  );
  return { key, secret, receiptKeys };
};

export const createKey = async (deps: ServiceDeps, tx: Tx, grantId: string, name: string): Promise<MadeKey> => {
  const grant = await asBuyer(tx, grantId);
  if (living(await keysOf(tx, grantId), tx.now).length >= deliveryLimits.keysPerGrantMax) throw problems.keysFull();
  return make(deps, tx, grant, name);
};

export const end = async (deps: ServiceDeps, tx: Tx, grant: Grant, id: string, at: Date): Promise<GrantKey> => {
  const key = await findKey(tx, id);
  if (key?.grant !== grant.id) throw kernelProblems.unknown();
  if (key.revokedAt && key.revokedAt <= tx.now) throw problems.keyRevoked();
  await store.endKey(tx, id, at);
  await audit(tx, { action: 'delivery.key.revoke', subject: id, data: { grant: grant.id, at: at.toISOString() } });
  const { hash } = key;
  const now = at <= tx.now;
  tellPlane(
    tx,
    deps.plane,
    grant.id,
    await store.touchGrant(tx, grant.id),
    now ? ({ keyHashes }) => ({ keyHashes: keyHashes.filter((one) => one !== hash) }) : undefined,
  );
  return (await findKey(tx, id))!;
};

export const revokeKey = async (deps: ServiceDeps, tx: Tx, grantId: string, id: string): Promise<GrantKey> =>
  end(deps, tx, await asBuyer(tx, grantId), id, tx.now);

/** What a client of Delta Sharing is given: where to ask, and a key of its own. */
export const createProfile = async (
  deps: ServiceDeps,
  tx: Tx,
  draft: { grant: string; name: string; credentialsVersion: 1 | 2; purpose?: string },
) => {
  const { grant: grantId, name, credentialsVersion, purpose } = draft;
  const { kinds, until, plan, defaultPurpose } = await asBuyer(tx, grantId);
  if (!kinds.includes('share')) throw problems.shareNotGranted();
  const permitted = plan.purposes === null || plan.purposes.includes(purpose ?? defaultPurpose ?? '');
  if (!permitted) throw problems.purposeNeeded({ field: 'body.purpose' });
  const { key, secret } = await createKey(deps, tx, grantId, name);
  const profile = {
    shareCredentialsVersion: credentialsVersion,
    ...(credentialsVersion === 2 ? { type: 'bearer_token' as const } : {}),
    endpoint: `${deps.publicUrl()}/delta-sharing/${purpose ? `for/${purpose}/` : ''}`,
    bearerToken: secret,
    ...(until ? { expirationTime: until.toISOString() } : {}),
  };
  return { key, profile };
};

/** The successor at once; the old key goes on for `minutes`. */
export const rotateKey = async (
  deps: ServiceDeps,
  tx: Tx,
  { grant: grantId, key: id, minutes }: { grant: string; key: string; minutes: number },
): Promise<MadeKey> => {
  const grant = await asBuyer(tx, grantId);
  const before = await end(deps, tx, grant, id, new Date(tx.now.getTime() + minutes * 60_000));
  return make(deps, tx, grant, before.name);
};

/** Path and query of an address for one file; it dies with the grant, and at `expires` at the latest. */
export const createAddress = async (
  deps: ServiceDeps,
  tx: Tx,
  { grant: grantId, file, seconds }: { grant: string; file: string; seconds: number },
): Promise<{ path: string; expires: Date }> => {
  const grant = await asBuyer(tx, grantId);
  if (grant.endedAt) throw problems.grantEnded();
  const endpoint = (await endpointsOf(tx, grant.version)).find(({ kind }) => kind === 'file');
  const files = endpoint?.config?.kind === 'file' && grant.kinds.includes('file') ? endpoint.config.files : [];
  if (!files.some(({ name }) => name === file)) throw problems.fileUnknown({ field: 'body.file' });
  const expires = Math.floor(tx.now.getTime() / 1000) + seconds;
  const encoded = encodeURIComponent(file);
  const line = lineOf(grant.id, 'file');
  const query = signAddress(
    { grantId: line, productId: grant.product, file: encoded, expires },
    openPlane(deps).addressKey(line),
  );
  await audit(tx, { action: 'delivery.address.create', subject: grant.id, data: { file, expires } });
  return { path: `${addressOf(grant.id, 'file')}/${encoded}?${query}`, expires: new Date(expires * 1000) };
};

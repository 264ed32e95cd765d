/** Keys of transfers over the Dataspace Protocol: one each, which bears the transfer's id as its name, or a short-lived one after another. */
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Grant, GrantKey } from '../model.ts';
import { tellPlane } from '../plane/plane.ts';
import { findKey, grantsOfContract, keysOf, lockGrant } from '../reads.ts';
import { addressOf } from '../rules.ts';
import * as store from '../store.ts';
import type { ServiceDeps } from './deps.ts';
import { end, living, make, newKeySecret, openPlane } from './keys.ts';

export interface TransferAccess {
  address: string;
  secret: string;
}

/** A path that one key and plain requests suffice for, the first that is granted. */
export const pulledKinds = ['api', 'file', 'proxy', 'query'] as const;

/** Of a transfer whose key is renewed: the one that holds, and the one before, whose requests may be on their way. */
const keysKept = 2;

const ofTransfer = async (tx: Tx, contract: string, transfer: string): Promise<{ grant: Grant; key: GrantKey }[]> => {
  const found: { grant: Grant; key: GrantKey }[] = [];
  for (const { id } of await grantsOfContract(tx, contract)) {
    const grant = (await lockGrant(tx, id))!;
    for (const key of await keysOf(tx, id)) if (key.name === transfer) found.push({ grant, key });
  }
  return found;
};

const after = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000);

/**
 * `seconds`: its key lives so long and is renewed; else as long as the transfer. Undefined while the contract has no grant that is
 * open: told by `delivery.grant.opened`.
 */
export const openTransfer = async (
  deps: ServiceDeps,
  tx: Tx,
  { contract, transfer, seconds }: { contract: string; transfer: string; seconds: number | null },
): Promise<TransferAccess | undefined> => {
  const found = (await grantsOfContract(tx, contract)).find(({ state }) => state === 'active' || state === 'suspended');
  const kind = pulledKinds.find((one) => found?.kinds.includes(one));
  if (!found || !kind) return undefined;
  // Whoever is told the key may use it at once: the gateway holds the grant before, and takes the key at the commit.
  await openPlane(deps).sync([found.id]);
  const grant = (await lockGrant(tx, found.id))!;
  const { secret } = await make(deps, tx, grant, transfer, seconds === null ? null : after(tx.now, seconds));
  return { address: deps.publicUrl() + addressOf(grant.id, kind), secret };
};

/**
 * The next key of a transfer whose keys are short-lived; the one before goes on until its own end, older ones give way, so that their
 * number does not grow. `again`: nobody has come to know the newest, which gives way then. Undefined where its grant has ended, or its
 * key lives as long as the transfer.
 */
export const renewTransfer = async (
  deps: ServiceDeps,
  tx: Tx,
  { contract, transfer, seconds, again }: { contract: string; transfer: string; seconds: number; again: boolean },
): Promise<string | undefined> => {
  const its = (await ofTransfer(tx, contract, transfer)).filter(
    ({ grant, key }) => !grant.endedAt && key.expiresAt !== null,
  );
  its.sort((one, other) => one.key.createdAt.getTime() - other.key.createdAt.getTime());
  const next = its.at(again ? -1 : 0);
  if (!next) return undefined;
  const { grant, key } = next;
  const expiresAt = after(tx.now, seconds);
  if (its.length < keysKept) return (await make(deps, tx, grant, transfer, expiresAt)).secret;
  const { hash: before } = (await findKey(tx, key.id))!;
  const { secret, hash, prefix } = newKeySecret();
  await store.replaceKey(tx, key.id, { hash, prefix, expiresAt });
  tellPlane(tx, deps.plane, grant.id, await store.touchGrant(tx, grant.id), ({ keyHashes }) => ({
    keyHashes: [...keyHashes.filter((one) => one !== before), hash],
  }));
  return secret;
};

/** Its key is refused from now on; of a transfer that is only suspended until `resumeTransfer`. Harmless to repeat. */
export const stopTransfer = async (deps: ServiceDeps, tx: Tx, contract: string, transfer: string): Promise<void> => {
  for (const { grant, key } of await ofTransfer(tx, contract, transfer))
    if (living([key], tx.now).length > 0) await end(deps, tx, grant, key.id, tx.now);
};

export const resumeTransfer = async (deps: ServiceDeps, tx: Tx, contract: string, transfer: string): Promise<void> => {
  for (const { grant, key } of await ofTransfer(tx, contract, transfer)) {
    if (grant.endedAt || living([key], tx.now).length > 0 || (key.expiresAt && key.expiresAt <= tx.now)) continue;
    await store.reviveKey(tx, key.id);
    await audit(tx, { action: 'delivery.key.resume', subject: key.id, data: { grant: grant.id } });
    const { hash } = (await findKey(tx, key.id))!;
    tellPlane(tx, deps.plane, grant.id, await store.touchGrant(tx, grant.id), ({ keyHashes }) => ({
      keyHashes: [...keyHashes, hash],
    }));
  }
};

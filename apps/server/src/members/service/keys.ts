/** API keys: hashed, scoped, ending; each key speaks for a service account of its organisation. */
import type { createKey } from '@shugu/wire/members';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { newId, newSecret } from '../../kernel/ids.ts';
import { hashToken } from '../../kernel/session.ts';
import type { Room } from '../deps.ts';
import { limits } from '../model.ts';
import { problems } from '../problems.ts';
import * as reads from '../reads.ts';
import { isAddressBlock, keyScopeFault } from '../rules.ts';
import * as store from '../store.ts';

type NewKey = z.output<NonNullable<typeof createKey.body>>;
export interface FreshKey {
  key: string;
  apiKey: reads.KeyRow;
}

const prefixCharacters = 'sgk_'.length + 4;

const requireRoom = async (tx: Tx, participant: string): Promise<void> => {
  if ((await reads.keysAlive(tx, participant, tx.now)) >= limits.keysPerOrganisationMax)
    throw problems.tooMany({ detail: `${limits.keysPerOrganisationMax}` });
};

type KeyDraft = Omit<store.NewKey, 'id' | 'prefix' | 'hash'>;
const insert = async (tx: Tx, draft: KeyDraft): Promise<FreshKey> => {
  const key = `sgk_${newSecret()}`;
  const id = newId('key', tx.now);
  await store.insertKey(tx, { ...draft, id, prefix: key.slice(0, prefixCharacters), hash: hashToken(key) });
  return { key, apiKey: await reads.keyForUpdate(tx, draft.participant, id) };
};

export const create = async (tx: Tx, principal: Principal, body: NewKey): Promise<FreshKey> => {
  const { participant } = principal;
  const permissions = [...new Set(body.permissions)].sort();
  const fault = keyScopeFault(permissions, principal.permissions, principal.roles);
  if (fault) throw fault;
  for (const [at, address] of body.addresses.entries())
    if (!isAddressBlock(address)) throw problems.addressInvalid({ field: `body.addresses.${at}`, detail: address });
  await requireRoom(tx, participant);
  const serviceAccount = newId('svc', tx.now);
  await store.insertServiceAccount(tx, { id: serviceAccount, participant, name: body.name });
  const expiresAt = new Date(tx.now.getTime() + body.expiresInDays * 86_400_000);
  const made = await insert(tx, {
    participant,
    serviceAccount,
    name: body.name,
    permissions,
    addresses: body.addresses,
    expiresAt,
    rotatedFrom: null,
  });
  await audit(tx, {
    action: 'members.key.create',
    subject: made.apiKey.id,
    data: { permissions, addresses: body.addresses, serviceAccount },
  });
  return made;
};

const isAlive = (key: reads.KeyRow, now: Date): boolean => key.revokedAt === null && key.expiresAt > now;

/** The new key has the old one's scope, addresses and length of life; both work during the overlap. */
export const rotate = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  id: string,
  overlapHours: number,
): Promise<FreshKey> => {
  const old = await reads.keyForUpdate(tx, principal.participant, id);
  if (!isAlive(old, tx.now)) throw problems.keyEnded();
  // Rotating may not give more than making anew would: the one who sees the new key must hold its scope.
  const fault = keyScopeFault(old.permissions, principal.permissions, principal.roles);
  if (fault) throw fault;
  await requireRoom(tx, principal.participant);
  const life = old.expiresAt.getTime() - old.createdAt.getTime();
  const made = await insert(tx, {
    participant: old.participant,
    serviceAccount: old.serviceAccount,
    name: old.name,
    permissions: old.permissions,
    addresses: old.addresses,
    expiresAt: new Date(tx.now.getTime() + Math.min(life, 366 * 86_400_000)),
    rotatedFrom: old.id,
  });
  await store.endKey(tx, old.id, new Date(tx.now.getTime() + overlapHours * 3_600_000));
  await audit(tx, { action: 'members.key.rotate', subject: old.id, data: { to: made.apiKey.id, overlapHours } });
  room.rightsChange(tx);
  return made;
};

export const revoke = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  const found = await reads.keyForUpdate(tx, principal.participant, id);
  if (found.revokedAt) return;
  await store.setKeyRevoked(tx, id);
  await audit(tx, { action: 'members.key.revoke', subject: id });
  room.rightsChange(tx);
};

/** What an organisation sees of its DID and credentials, and the operator of issuers. */
import { didWebAddress } from '@shugu/claims';
import type { credentialStates } from '@shugu/wire/federation';
import type { Reader } from '../../kernel/db/db.ts';
import type { Connector } from '../model.ts';
import { NODE, presentKey } from './keys.ts';
import { type ClaimsRoom, claimsLimits as limits } from './room.ts';
import { credentialsOf, type HeldCredential, issuancesOf } from './store.ts';
import { trustedIssuers } from './trust.ts';

export const stateOf = (one: HeldCredential, now: Date): (typeof credentialStates)[number] => {
  if (one.revoked_at) return 'revoked';
  if (one.valid_until <= now) return 'expired';
  return one.replaced_at ? 'replaced' : 'valid';
};

/** As others reach it: without TLS only where the node itself has none. */
const documentAddress = (room: ClaimsRoom, did: string): string =>
  didWebAddress(did, () => room.publicUrl().startsWith('http://'));

const keyView = async (room: ClaimsRoom, read: Reader, participant: string) => {
  const { key } = await presentKey(room, read, participant);
  return { id: key.id, createdAt: key.createdAt.toISOString() };
};

export const identityView = async (room: ClaimsRoom, read: Reader, { participant }: Connector) => {
  const did = room.dids.of(participant);
  const key = await keyView(room, read, participant);
  const count = limits.credentialsMax;
  const credentials = await credentialsOf(read, participant, { standing: false, count });
  return {
    did,
    document: documentAddress(room, did),
    key,
    credentials: credentials.map((one) => ({
      id: one.id,
      issuer: one.issuer,
      own: one.key_id !== null,
      types: one.types,
      state: stateOf(one, room.now()),
      validFrom: one.valid_from.toISOString(),
      validUntil: one.valid_until.toISOString(),
      reason: one.reason,
    })),
    issuances: (await issuancesOf(read, participant, count)).map((one) => ({
      id: one.id,
      issuer: one.issuer,
      credentials: one.credentials,
      state: one.state,
      reason: one.reason,
      createdAt: one.created_at.toISOString(),
    })),
  };
};

export const issuersView = async (room: ClaimsRoom, read: Reader) => {
  const did = room.dids.node();
  return {
    did,
    document: documentAddress(room, did),
    key: await keyView(room, read, NODE),
    issuers: await trustedIssuers(room),
  };
};

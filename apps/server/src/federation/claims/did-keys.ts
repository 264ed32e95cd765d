/**
 * Keys of DIDs: P-256 for ES256, the one kind that every counter-party can be expected to read (RFC 7518 3.1 recommends it, Ed25519
 * is optional), made at their first use and sealed. An Ed25519 key from before goes on signing until documents that others keep
 * show the new one.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import type { TokenSigner } from '@shugu/claims';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import type { Keys } from '../../kernel/keys.ts';
import type { Seal } from '../../kernel/seal.ts';
import { claimsLimits as limits } from './room.ts';
import { currentDidKeys, findDidKeys, insertDidKey, retireDidKeys } from './store.ts';

export interface DidKeyRow {
  id: string;
  participant: string;
  algorithm: TokenSigner['algorithm'];
  public_jwk: JsonWebKey;
  sealed_private: string | null;
  created_at: Date;
}

/** Which signs from now on, and which the document lists. */
export interface Standing {
  signs: DidKeyRow;
  listed: DidKeyRow[];
}

/** `current`: at most one of each kind. Undefined without one of today's kind. */
export const standing = (current: readonly DidKeyRow[], now: Date): Standing | undefined => {
  const next = current.find(({ algorithm }) => algorithm === 'ES256');
  const before = current.find(({ algorithm }) => algorithm === 'EdDSA');
  if (!next) return undefined;
  const age = (now.getTime() - next.created_at.getTime()) / 1000;
  if (!before || age >= 2 * limits.announceSeconds) return { signs: next, listed: [next] };
  // What the earlier one has signed last is looked at for a while.
  return { signs: age < limits.announceSeconds ? before : next, listed: [next, before] };
};

/** RFC 7638, in hexadecimal as the node's other keys. */
const idOf = ({ crv, kty, x, y }: JsonWebKey): string =>
  `p256:${createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('hex')}`;

export interface DidKeys {
  /** Made where there is none yet. */
  of(tx: Tx, participant: string): Promise<Standing>;
  /** Without making one. */
  find(read: Reader, participant: string, now: Date): Promise<Standing | undefined>;
  /** Another one, at once: the ones before sign nothing any more. */
  rotate(tx: Tx, participant: string): Promise<DidKeyRow>;
  /** Retired ones too. */
  byId(read: Reader, ids: readonly string[]): Promise<DidKeyRow[]>;
  sign(read: Reader, row: DidKeyRow, bytes: Uint8Array): Promise<Uint8Array>;
}

export interface DidKeysDeps {
  seal: Pick<Seal, 'seal' | 'open'>;
  keys: Pick<Keys, 'signerById'>;
}

export const makeDidKeys = ({ seal, keys }: DidKeysDeps): DidKeys => {
  const opened = new Map<string, KeyObject>();
  const subjectOf = (participant: string): string => `did:${participant}`;

  const privateKey = async (read: Reader, row: DidKeyRow): Promise<KeyObject> => {
    const known = opened.get(row.id);
    if (known) return known;
    const text = await seal.open(read, subjectOf(row.participant), row.sealed_private);
    if (text === null) throw new Error(`the private part of ${row.id} has been destroyed`);
    const key = createPrivateKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' });
    opened.set(row.id, key);
    return key;
  };

  const make = async (tx: Tx, participant: string): Promise<void> => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = pair.publicKey.export({ format: 'jwk' });
    const secret = JSON.stringify(pair.privateKey.export({ format: 'jwk' }));
    const row = {
      id: idOf(jwk),
      participant,
      algorithm: 'ES256' as const,
      public_jwk: jwk,
      sealed_private: await seal.seal(tx, subjectOf(participant), secret),
    };
    // Somebody else may have made one in the meantime.
    if (await insertDidKey(tx, row))
      await audit(tx, { action: 'federation.did.create', subject: row.id, participant, data: {} });
  };

  const of: DidKeys['of'] = async (tx, participant) => {
    const found = standing(await currentDidKeys(tx, participant), tx.now);
    if (found) return found;
    await make(tx, participant);
    return standing(await currentDidKeys(tx, participant), tx.now)!;
  };

  return {
    of,
    find: async (read, participant, now) => standing(await currentDidKeys(read, participant), now),
    rotate: async (tx, participant) => {
      await retireDidKeys(tx, participant);
      return (await of(tx, participant)).signs;
    },
    byId: findDidKeys,
    sign: async (read, row, bytes) =>
      row.algorithm === 'EdDSA'
        ? (await keys.signerById(read, row.id)).sign(bytes)
        : sign('sha256', bytes, { key: await privateKey(read, row), dsaEncoding: 'ieee-p1363' }),
  };
};

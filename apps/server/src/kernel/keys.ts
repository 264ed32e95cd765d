/**
 * Signing keys that this node keeps: its log's, its seals', its gateway's, and the platform keys of members (平台签名, which
 * is not a "reliable electronic signature" of ESL art. 13; a licensed CA comes in through the same Signer).
 * Private parts are sealed under the node's secret. A rotated key stays known, so that old papers still verify.
 */
import { hkdfSync } from 'node:crypto';
import {
  generateKey,
  type PublicJwk,
  type PublicKey,
  privateKeyFrom,
  publicJwk,
  publicKeyFromJwk,
  type Signer,
  type SignerLevel,
  type SuiteName,
  softwareSigner,
} from '@shugu/evidence';
import { audit } from './audit.ts';
import { type Reader, sql, type Tx } from './db/db.ts';
import { emit } from './outbox.ts';
import { openBytes, sealBytes } from './seal.ts';

/** What a key is for; one current key per organisation, purpose and suite. `did`: of DIDs before they had keys on P-256. */
export type KeyPurpose = 'log' | 'seal' | 'gateway' | 'signature' | 'witness' | 'connector' | 'did';

export interface KeyRecord {
  id: string;
  participant: string;
  purpose: KeyPurpose;
  suite: SuiteName;
  level: SignerLevel;
  created_at: Date;
  retired_at: Date | null;
  publicKey: PublicKey;
}

interface KeyRow extends Omit<KeyRecord, 'publicKey'> {
  public_key: string;
  sealed_private: string | null;
}

export interface Keys {
  /** The organisation's current key, made on first use. '' is the node itself. */
  signer(tx: Tx, participant: string, purpose: KeyPurpose): Promise<Signer>;
  /** The same where it is there already: no transaction is needed. */
  standing(read: Reader, participant: string, purpose: KeyPurpose): Promise<Signer | undefined>;
  signerById(read: Reader, keyId: string): Promise<Signer>;
  rotate(tx: Tx, participant: string, purpose: KeyPurpose): Promise<Signer>;
  /** A key whose private part is kept elsewhere: current from now on. Nothing happens when it is so already. */
  admit(tx: Tx, participant: string, purpose: KeyPurpose, jwk: PublicJwk): Promise<void>;
  known(read: Reader): Promise<KeyRecord[]>;
  find(read: Reader, keyId: string): Promise<KeyRecord | undefined>;
  /** 32 bytes for one use alone, the same as long as the node keeps its secret. */
  derive(use: string): Buffer;
}

const columns = sql`id, participant, purpose, suite, level, public_key, sealed_private, created_at, retired_at`;

const recordOf = ({ public_key, sealed_private: _, ...row }: KeyRow): KeyRecord => ({
  ...row,
  publicKey: publicKeyFromJwk(JSON.parse(public_key)),
});

export const makeKeys = (nodeSecret: Buffer, suite: SuiteName): Keys => {
  const cache = new Map<string, Signer>();

  const signerOf = (row: KeyRow): Signer => {
    const before = cache.get(row.id);
    if (before) return before;
    if (!row.sealed_private) throw new Error(`the private part of ${row.id} is not kept here`);
    const secret = new Uint8Array(openBytes(nodeSecret, row.sealed_private, `key:${row.id}`));
    const signer = softwareSigner(privateKeyFrom(row.suite, secret), { level: row.level });
    cache.set(row.id, signer);
    return signer;
  };

  const make = async (tx: Tx, participant: string, purpose: KeyPurpose): Promise<Signer> => {
    const key = generateKey(suite);
    const id = key.publicKey.keyId;
    const added =
      await tx.exec(sql`insert into keys (id, node, market, participant, purpose, suite, level, public_key, sealed_private, created_at)
      values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${purpose}, ${suite}, 'platform',
        ${JSON.stringify(publicJwk(key.publicKey))}, ${sealBytes(nodeSecret, key.secret, `key:${id}`)}, ${tx.now}) on conflict do nothing`);
    // Somebody else made it in the meantime.
    if (!added) return find(tx, participant, purpose).then((row) => signerOf(row!));
    await audit(tx, { action: 'kernel.key.create', subject: id, participant, data: { purpose, suite } });
    await emit(tx, {
      type: 'kernel.key.created',
      subject: id,
      participant,
      data: { purpose, suite, publicKey: publicJwk(key.publicKey) },
    });
    const signer = softwareSigner(key, { level: 'platform' });
    cache.set(id, signer);
    return signer;
  };

  const find = (read: Reader, participant: string, purpose: KeyPurpose): Promise<KeyRow | undefined> =>
    read.first<KeyRow>(
      sql`select ${columns} from keys where participant = ${participant} and purpose = ${purpose} and suite = ${suite} and retired_at is null`,
    );

  return {
    signer: async (tx, participant, purpose) => {
      const row = await find(tx, participant, purpose);
      return row ? signerOf(row) : make(tx, participant, purpose);
    },
    standing: async (read, participant, purpose) => {
      const row = await find(read, participant, purpose);
      return row && signerOf(row);
    },
    signerById: async (read, keyId) =>
      signerOf(await read.one<KeyRow>(sql`select ${columns} from keys where id = ${keyId}`)),
    rotate: async (tx, participant, purpose) => {
      const before = await find(tx, participant, purpose);
      await tx.exec(
        sql`update keys set retired_at = ${tx.now} where participant = ${participant} and purpose = ${purpose} and suite = ${suite} and retired_at is null`,
      );
      const signer = await make(tx, participant, purpose);
      await audit(tx, {
        action: 'kernel.key.rotate',
        subject: signer.keyId,
        participant,
        data: { purpose, before: before?.id ?? null },
      });
      return signer;
    },
    admit: async (tx, participant, purpose, jwk) => {
      const key = publicKeyFromJwk(jwk);
      if ((await find(tx, participant, purpose))?.id === key.keyId) return;
      await tx.exec(
        sql`update keys set retired_at = ${tx.now} where participant = ${participant} and purpose = ${purpose} and retired_at is null`,
      );
      await tx.exec(sql`insert into keys (id, node, market, participant, purpose, suite, level, public_key, created_at)
        values (${key.keyId}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${purpose}, ${suite}, 'platform',
          ${JSON.stringify(publicJwk(key))}, ${tx.now})`);
      await audit(tx, { action: 'kernel.key.admit', subject: key.keyId, participant, data: { purpose, suite } });
      await emit(tx, {
        type: 'kernel.key.created',
        subject: key.keyId,
        participant,
        data: { purpose, suite, publicKey: publicJwk(key) },
      });
    },
    known: async (read) =>
      (await read.rows<KeyRow>(sql`select ${columns} from keys order by created_at`)).map(recordOf),
    find: async (read, keyId) => {
      const row = await read.first<KeyRow>(sql`select ${columns} from keys where id = ${keyId}`);
      return row && recordOf(row);
    },
    derive: (use) => Buffer.from(hkdfSync('sha256', nodeSecret, '', use, 32)),
  };
};

/**
 * Personal fields sealed under a per-subject key (AES-256-GCM). Destroying the subject's key erases the field everywhere,
 * backups included, while rows that other people rely on stay whole (PIPL art. 47).
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { type Reader, sql, type Tx } from './db/db.ts';
import { newId } from './ids.ts';
import { refuseHeld } from './retention/legal-holds.ts';

export const sealBytes = (key: Buffer, plain: Uint8Array, context: string): string => {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return `v1.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
};

export const openBytes = (key: Buffer, sealed: string, context: string): Buffer => {
  const [version, text] = sealed.split('.');
  if (version !== 'v1' || !text) throw new Error('unknown seal');
  const bytes = Buffer.from(text, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
};

export interface Seal {
  /** Makes the subject's key on first use. */
  seal(tx: Tx, subject: string, text: string): Promise<string>;
  /** Null once the subject's key is destroyed. */
  open(read: Reader, subject: string, sealed: string | null): Promise<string | null>;
  /** Opens whatever lies under the keys of these subjects, asked for once. */
  openerOf(read: Reader, subjects: readonly string[]): Promise<(subject: string, sealed: string) => string | null>;
  /** The subject that an identity or credit code stands for; made on first use, another one after its erasure. */
  subjectOf(tx: Tx, number: string): Promise<string>;
  findSubject(read: Reader, number: string): Promise<string | undefined>;
  /** A digest that nobody can try guesses against without the node's secret. */
  fingerprint(text: string): Buffer;
  /**
   * For good; a subject without a key is marked too, so that a later list of the erased names everybody. `owner`: the organisation
   * whose matter it is, as a hold on it covers the subject too. @throws kernel.held
   */
  destroy(tx: Tx, subject: string, owner: string): Promise<void>;
}

export const makeSeal = (nodeSecret: Buffer): Seal => {
  const unlock = (subject: string, sealedKey: string): Buffer => openBytes(nodeSecret, sealedKey, `subject:${subject}`);
  const keyOf = async (read: Reader, subject: string): Promise<Buffer | null | undefined> => {
    const row = await read.first<{ sealed_key: string | null }>(
      sql`select sealed_key from subject_keys where subject = ${subject}`,
    );
    if (!row) return undefined;
    return row.sealed_key === null ? null : unlock(subject, row.sealed_key);
  };
  const insertKey = (tx: Tx, subject: string, fingerprint: Buffer | null): Promise<number> =>
    tx.exec(sql`insert into subject_keys (subject, node, market, participant, sealed_key, fingerprint, created_at)
      values (${subject}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant},
        ${sealBytes(nodeSecret, randomBytes(32), `subject:${subject}`)}, ${fingerprint}, ${tx.now}) on conflict do nothing`);
  // Of its own key: what finds a person must not open anything.
  const fingerprintKey = createHmac('sha256', nodeSecret).update('subject fingerprint').digest();
  const fingerprint = (text: string): Buffer => createHmac('sha256', fingerprintKey).update(text).digest();
  const fingerprintOf = (number: string): Buffer => fingerprint(`number:${number.trim().toUpperCase()}`);
  const findSubject = async (read: Reader, number: string): Promise<string | undefined> =>
    (
      await read.first<{ subject: string }>(
        sql`select subject from subject_keys where fingerprint = ${fingerprintOf(number)} and destroyed_at is null`,
      )
    )?.subject;

  return {
    seal: async (tx, subject, text) => {
      const before = await keyOf(tx, subject);
      if (before === null) throw new Error(`the key of ${subject} is destroyed; nothing more may be kept about it`);
      if (before) return sealBytes(before, Buffer.from(text, 'utf8'), subject);
      await insertKey(tx, subject, null);
      return sealBytes((await keyOf(tx, subject))!, Buffer.from(text, 'utf8'), subject);
    },
    open: async (read, subject, sealed) => {
      if (sealed === null) return null;
      const key = await keyOf(read, subject);
      return key ? openBytes(key, sealed, subject).toString('utf8') : null;
    },
    openerOf: async (read, subjects) => {
      const rows =
        subjects.length === 0
          ? []
          : await read.rows<{ subject: string; sealed_key: string }>(sql`select subject, sealed_key from subject_keys
              where subject = any(${[...new Set(subjects)]}) and sealed_key is not null`);
      const keys = new Map(rows.map((row) => [row.subject, unlock(row.subject, row.sealed_key)]));
      return (subject, sealed) => {
        const key = keys.get(subject);
        return key ? openBytes(key, sealed, subject).toString('utf8') : null;
      };
    },
    fingerprint,
    findSubject,
    subjectOf: async (tx, number) => {
      const before = await findSubject(tx, number);
      if (before) return before;
      const mark = fingerprintOf(number);
      // A key destroyed while a backup was restored still has it.
      await tx.exec(
        sql`update subject_keys set fingerprint = null where fingerprint = ${mark} and destroyed_at is not null`,
      );
      await insertKey(tx, newId('sub', tx.now), mark);
      // Another request may have been first.
      return (await findSubject(tx, number))!;
    },
    destroy: async (tx, subject, owner) => {
      await refuseHeld(tx, [subject, owner]);
      await tx.exec(sql`insert into subject_keys (subject, node, market, participant, sealed_key, created_at, destroyed_at)
        values (${subject}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, null, ${tx.now}, ${tx.now})
        on conflict (subject) do update set sealed_key = null, fingerprint = null,
          destroyed_at = coalesce(subject_keys.destroyed_at, excluded.destroyed_at)`);
    },
  };
};

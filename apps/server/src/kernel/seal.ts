/**
 * Personal fields sealed under a per-subject key (AES-256-GCM). Destroying the subject's key erases the field everywhere,
 * backups included, while rows that other people rely on stay whole (PIPL art. 47).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type Reader, sql, type Tx } from './db/db.ts';
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
  /** `owner`: the organisation whose matter it is, as a hold on it covers the subject too. @throws kernel.held */
  destroy(tx: Tx, subject: string, owner: string): Promise<void>;
}

export const makeSeal = (nodeSecret: Buffer): Seal => {
  const keyOf = async (read: Reader, subject: string): Promise<Buffer | null | undefined> => {
    const row = await read.first<{ sealed_key: string | null }>(
      sql`select sealed_key from subject_keys where subject = ${subject}`,
    );
    if (!row) return undefined;
    return row.sealed_key === null ? null : openBytes(nodeSecret, row.sealed_key, `subject:${subject}`);
  };
  return {
    seal: async (tx, subject, text) => {
      const before = await keyOf(tx, subject);
      if (before === null) throw new Error(`the key of ${subject} is destroyed; nothing more may be kept about it`);
      if (before) return sealBytes(before, Buffer.from(text, 'utf8'), subject);
      await tx.exec(sql`insert into subject_keys (subject, node, market, participant, sealed_key, created_at)
        values (${subject}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant},
          ${sealBytes(nodeSecret, randomBytes(32), `subject:${subject}`)}, ${tx.now}) on conflict do nothing`);
      return sealBytes((await keyOf(tx, subject))!, Buffer.from(text, 'utf8'), subject);
    },
    open: async (read, subject, sealed) => {
      if (sealed === null) return null;
      const key = await keyOf(read, subject);
      return key ? openBytes(key, sealed, subject).toString('utf8') : null;
    },
    destroy: async (tx, subject, owner) => {
      await refuseHeld(tx, [subject, owner]);
      await tx.exec(
        sql`update subject_keys set sealed_key = null, destroyed_at = ${tx.now} where subject = ${subject}`,
      );
    },
  };
};

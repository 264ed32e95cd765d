/** The same key with the same body answers the same; the record commits with the work, so a crash leaves both or neither. */
import { createHash } from 'node:crypto';
import type { AnyEndpoint } from '@shugu/wire';
import { sql, type Tx } from '../db/db.ts';
import { kernelProblems } from '../problem.ts';

export interface Replay {
  status: number;
  reply: unknown;
}

export const requestDigest = (endpoint: AnyEndpoint, params: unknown, query: unknown, body: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([endpoint.id, params ?? null, query ?? null, body ?? null]))
    .digest('hex');

/** Claims the key. A second caller with the same key waits here until the first commits or rolls back. */
export const claimKey = async (
  tx: Tx,
  key: string,
  endpoint: AnyEndpoint,
  digest: string,
): Promise<Replay | undefined> => {
  const claimed =
    await tx.exec(sql`insert into idempotency (participant, actor, key, endpoint, request_digest, status, reply, at)
    values (${tx.actor.participant}, ${tx.actor.id}, ${key}, ${endpoint.id}, ${digest}, 0, 'null', ${tx.now}) on conflict do nothing`);
  return claimed ? undefined : findReply(tx, key, endpoint, digest);
};

/** What the key answered before; undefined when nobody has used it. */
export const findReply = async (
  tx: Tx,
  key: string,
  endpoint: AnyEndpoint,
  digest: string,
): Promise<Replay | undefined> => {
  const before = await tx.first<{
    request_digest: string;
    status: number;
    reply: unknown;
  }>(sql`select request_digest, status, reply
    from idempotency where participant = ${tx.actor.participant} and actor = ${tx.actor.id} and key = ${key}`);
  if (!before) return undefined;
  if (before.request_digest !== digest) throw kernelProblems.keyReused({ field: 'headers.idempotency-key' });
  if (endpoint.secretReply) throw kernelProblems.alreadyDone();
  return before;
};

export const keepReply = async (
  tx: Tx,
  key: string,
  endpoint: AnyEndpoint,
  status: number,
  reply: unknown,
): Promise<void> => {
  const kept = endpoint.secretReply ? null : reply;
  await tx.exec(sql`update idempotency set status = ${status}, reply = ${JSON.stringify(kept ?? null)}
    where participant = ${tx.actor.participant} and actor = ${tx.actor.id} and key = ${key}`);
};

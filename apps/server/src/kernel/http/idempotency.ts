/**
 * The same key with the same body answers the same; the record commits with the work, so a crash leaves both or neither.
 * Answers repeat what people handed in, so each is kept sealed under a key of its day, destroyed after `replyDays`: from then
 * on a repeated request is only told that it was done.
 */
import type { AnyEndpoint } from '@shugu/wire';
import { type Database, sql, type Tx } from '../db/db.ts';
import { kernelProblems } from '../problem.ts';
import type { Seal } from '../seal.ts';
import { systemActor } from './principal.ts';

export const replyDays = 7;

export interface Replay {
  status: number;
  reply: unknown;
}

const subjectOfDay = (at: Date): string => `replies:${at.toISOString().slice(0, 10)}`;

export const requestDigest = (
  seal: Seal,
  endpoint: AnyEndpoint,
  params: unknown,
  query: unknown,
  body: unknown,
): string =>
  seal
    .fingerprint(`request:${JSON.stringify([endpoint.id, params ?? null, query ?? null, body ?? null])}`)
    .toString('hex');

/** Claims the key. A second caller with the same key waits here until the first commits or rolls back. */
export const claimKey = async (
  seal: Seal,
  tx: Tx,
  key: string,
  endpoint: AnyEndpoint,
  digest: string,
): Promise<Replay | undefined> => {
  const claimed =
    await tx.exec(sql`insert into idempotency (participant, actor, key, endpoint, request_digest, status, at)
    values (${tx.actor.participant}, ${tx.actor.id}, ${key}, ${endpoint.id}, ${digest}, 0, ${tx.now}) on conflict do nothing`);
  return claimed ? undefined : findReply(seal, tx, key, endpoint, digest);
};

/** What the key answered before; undefined when nobody has used it. */
export const findReply = async (
  seal: Seal,
  tx: Tx,
  key: string,
  endpoint: AnyEndpoint,
  digest: string,
): Promise<Replay | undefined> => {
  const before = await tx.first<{
    request_digest: string;
    status: number;
    sealed_reply: string | null;
    at: Date;
  }>(sql`select request_digest, status, sealed_reply, at
    from idempotency where participant = ${tx.actor.participant} and actor = ${tx.actor.id} and key = ${key}`);
  if (!before) return undefined;
  // Forgotten with its answer.
  if (before.request_digest === '') throw kernelProblems.alreadyDone();
  if (before.request_digest !== digest) throw kernelProblems.keyReused({ field: 'headers.idempotency-key' });
  const text = await seal.open(tx, subjectOfDay(before.at), before.sealed_reply);
  if (endpoint.secretReply || text === null) throw kernelProblems.alreadyDone();
  return { status: before.status, reply: JSON.parse(text) };
};

export const keepReply = async (
  seal: Seal,
  tx: Tx,
  key: string,
  endpoint: AnyEndpoint,
  status: number,
  reply: unknown,
): Promise<void> => {
  const sealed = endpoint.secretReply ? null : await seal.seal(tx, subjectOfDay(tx.now), JSON.stringify(reply ?? null));
  await tx.exec(sql`update idempotency set status = ${status}, sealed_reply = ${sealed}, at = ${tx.now}
    where participant = ${tx.actor.participant} and actor = ${tx.actor.id} and key = ${key}`);
};

/** Destroys the keys of days that are over; number of them. */
export const forgetReplies = (database: Database, seal: Seal, now: Date): Promise<number> =>
  database.tx(systemActor('replies'), async (tx) => {
    const last = new Date(now.getTime() - replyDays * 86_400_000);
    const gone = await tx.rows<{ subject: string }>(sql`select subject from subject_keys
      where subject like 'replies:%' and subject < ${subjectOfDay(last)} and destroyed_at is null`);
    for (const { subject } of gone) await seal.destroy(tx, subject, '');
    // Nobody can read the answers any more; what was asked is forgotten with them.
    if (gone.length)
      await tx.exec(sql`update idempotency set sealed_reply = null, request_digest = ''
        where request_digest <> '' and at < ${`${last.toISOString().slice(0, 10)}T00:00:00Z`}::timestamptz`);
    return gone.length;
  });

/**
 * Events that a consumer could not handle in its turn. Each waits here with its reason and is tried again with back-off by the
 * node's clock; after `attemptsMax` tries it is dead and waits for a person. Later events of its lane queue up behind it.
 * A row goes only in the transaction that handles its event.
 */
import { audit } from './audit.ts';
import { backoffSeconds } from './backoff.ts';
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from './db/db.ts';
import { newId } from './ids.ts';
import type { StoredEvent } from './outbox.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from './pages.ts';
import { defineProblems, kernelProblems } from './problem.ts';

/** Twelve tries take a little more than an hour. */
export const limits = { attemptsMax: 12, backoffSecondsMax: 3600, reasonCharactersMax: 2000, dueMax: 100 } as const;

export const stalledProblems = defineProblems('stalledEvents', {
  queued: {
    status: 409,
    title: { zh: '该事件排在同一对象的更早事件之后', en: 'The event waits behind an earlier one of its lane' },
    next: { zh: '先重试更早的事件', en: 'Retry the earlier one first' },
  },
});

export type StalledState = 'queued' | 'failed' | 'dead';

export interface StalledEvent {
  id: string;
  consumer: string;
  event: number;
  type: string;
  subject: string;
  state: StalledState;
  attempts: number;
  next_at: Date;
  reason: string | null;
  since: Date;
}

// The database refuses a NUL; a reason that could not be written would hold up the consumer.
const reasonOf = (error: unknown): string => String(error).replaceAll('\0', '').slice(0, limits.reasonCharactersMax);

const after = (tx: Tx, attempts: number): { state: StalledState; at: Date } => ({
  state: attempts >= limits.attemptsMax ? 'dead' : 'failed',
  at: new Date(tx.now.getTime() + backoffSeconds(attempts, limits.backoffSecondsMax) * 1000),
});

/** Puts an event aside: after its first failure, or untried (`error` undefined) behind an earlier one of its lane. */
export const stall = async (
  tx: Tx,
  consumer: string,
  lane: string,
  event: StoredEvent,
  error?: unknown,
): Promise<void> => {
  const attempts = error === undefined ? 0 : 1;
  const next = error === undefined ? { state: 'queued', at: tx.now } : after(tx, attempts);
  await tx.exec(sql`insert into stalled_events
      (id, node, market, participant, consumer, event, lane, state, attempts, next_at, reason, since)
    values (${newId('sev', tx.now)}, ${tx.tenancy.node}, ${event.market}, ${event.participant}, ${consumer}, ${event.sequence}, ${lane},
      ${next.state}, ${attempts}, ${next.at}, ${error === undefined ? null : reasonOf(error)}, ${tx.now})`);
};

export const laneStalls = async (tx: Tx, consumer: string, lane: string): Promise<boolean> =>
  (await tx.first(sql`select 1 from stalled_events where consumer = ${consumer} and lane = ${lane} limit 1`)) !==
  undefined;

const first = sql`not exists (select from stalled_events before
  where before.consumer = s.consumer and before.lane = s.lane and before.event < s.event)`;

/** Whether any may be tried. */
export const anyStalledDue = (at: Moment): Sql =>
  sql`exists (select from stalled_events where state <> 'dead' and next_at <= ${at})`;

/** Consumers for which something may be due. */
export const dueConsumers = async (read: Reader, now: Date): Promise<Set<string>> =>
  new Set(
    (
      await read.rows<{ consumer: string }>(
        sql`select distinct consumer from stalled_events where state <> 'dead' and next_at <= ${now}`,
      )
    ).map((one) => one.consumer),
  );

/** When the next of them is due; undefined: nothing stalls that is still tried. */
export const nextStalledAt = async (read: Reader): Promise<Date | undefined> =>
  (await read.one<{ at: Date | null }>(sql`select min(next_at) as at from stalled_events where state <> 'dead'`)).at ??
  undefined;

/** Ids of what may be tried now, the oldest first: of each lane only its first. */
export const dueStalled = async (read: Reader, consumer: string, now: Date): Promise<string[]> =>
  (
    await read.rows<{ id: string }>(sql`select id from stalled_events s
      where consumer = ${consumer} and state <> 'dead' and next_at <= ${now} and ${first} order by event limit ${limits.dueMax}`)
  ).map((one) => one.id);

/** The event, if it still stalls and is due. The caller holds the consumer's cursor, so nobody else handles it meanwhile. */
export const takeStalled = (tx: Tx, id: string): Promise<StoredEvent | undefined> =>
  tx.first<StoredEvent>(sql`select sequence, at, e.market, e.participant, type, version, subject, data
    from stalled_events s join events e on e.sequence = s.event
    where id = ${id} and state <> 'dead' and next_at <= ${tx.now} and ${first}`);

export const endStalled = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`delete from stalled_events where id = ${id}`);

/** Counts another failed try. True when it was the last and a person is needed. */
export const failAgain = async (tx: Tx, id: string, error: unknown): Promise<boolean> => {
  const row = await tx.first<{ attempts: number }>(
    sql`select attempts from stalled_events where id = ${id} and state <> 'dead' for update`,
  );
  if (!row) return false;
  const attempts = row.attempts + 1;
  const next = after(tx, attempts);
  await tx.exec(sql`update stalled_events set attempts = ${attempts}, state = ${next.state}, next_at = ${next.at},
    reason = ${reasonOf(error)} where id = ${id}`);
  return next.state === 'dead';
};

const columns = sql`s.id, s.consumer, s.event, e.type, e.subject, s.state, s.attempts, s.next_at, s.reason, s.since`;

export const listStalled = async (read: Reader, filter: PageQuery & { state?: StalledState }) => {
  const before = decodeCursor(filter.after, 1);
  const rows =
    await read.rows<StalledEvent>(sql`select ${columns} from stalled_events s join events e on e.sequence = s.event
    where true ${filter.state ? sql`and s.state = ${filter.state}` : empty} ${before ? sql`and s.id < ${before[0]}` : empty}
    order by s.id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (one) => [one.id],
    (one) => one,
  );
};

/** By state, for metrics. */
export const countStalled = async (read: Reader): Promise<Record<StalledState, number>> => {
  const rows = await read.rows<{ state: StalledState; count: number }>(
    sql`select state, count(*)::int as count from stalled_events group by state`,
  );
  return { queued: 0, failed: 0, dead: 0, ...Object.fromEntries(rows.map((one) => [one.state, one.count])) };
};

const findStalled = (read: Reader, id: string) =>
  read.first<StalledEvent>(
    sql`select ${columns} from stalled_events s join events e on e.sequence = s.event where s.id = ${id}`,
  );

/** A person has mended the cause: tried at once, with all its tries again. */
export const retryStalled = async (tx: Tx, id: string): Promise<StalledEvent> => {
  const touched = await tx.exec(
    sql`update stalled_events set state = 'failed', attempts = 0, next_at = ${tx.now} where id = ${id} and state <> 'queued'`,
  );
  const found = await findStalled(tx, id);
  if (!found) throw kernelProblems.unknown();
  if (!touched) throw stalledProblems.queued();
  await audit(tx, { action: 'kernel.stalledEvent.retry', subject: id, data: { event: found.event } });
  return found;
};

/**
 * Slices of limits, leased to gateways of their own process. Used and held together never exceed a limit: a slice holds its whole
 * amount from the moment it is leased, imported records that name it turn what is held into what is used, and what is neither
 * used nor stated any more is free again once the last of its records is in.
 */
import type { LeasedSlice, SliceStatement, Units, UseRecord } from '@shugu/gateway';
import { type Reader, sql, type Tx } from '../kernel/db/db.ts';
import { heldBy, isNone, isSettled, keptOf, minus, noUnits, plus } from './slice-rules.ts';

export interface Slice extends LeasedSlice {
  source: string;
  used: Units;
  finalSequence: number | null;
  createdAt: Date;
  timeZone: string;
}

/** What a grant's counters must add: `at` (ms) lies in the periods that are meant. */
export interface CounterChange {
  grant: string;
  at: number;
  timeZone: string;
  units: Units;
  /** What open slices amount to, more or less than before. */
  leased: Units;
  /** The slice that is meant, where it is one. */
  slice?: { id: string; source: string };
}

/** What counters believe that a slice amounts to. */
export interface Counted extends Pick<CounterChange, 'grant' | 'at' | 'timeZone'> {
  amount: Units;
}

interface SliceRow {
  id: string;
  source: string;
  grant: string;
  start: number;
  end: number | null;
  expires: number;
  finalSequence: number | null;
  createdAt: Date;
  timeZone: string;
  ac: number;
  ar: number;
  ab: number;
  uc: number;
  ur: number;
  ub: number;
  settled: boolean;
}

const columns = sql`s.id, s.source, s.grant_id as "grant", s.start_ms as "start", s.end_ms as "end", s.expires_ms as expires,
  s.final_sequence as "finalSequence", s.created_at as "createdAt", coalesce(g.time_zone, 'Asia/Shanghai') as "timeZone",
  s.amount_calls as ac, s.amount_rows as ar, s.amount_bytes as ab, s.used_calls as uc, s.used_rows as ur, s.used_bytes as ub,
  s.settled_at is not null as settled`;
const table = sql`quota_slices s left join metered_grants g on g.id = s.grant_id`;

const sliceOf = ({ ac, ar, ab, uc, ur, ub, settled: _, ...rest }: SliceRow): Slice => ({
  ...rest,
  amount: { calls: ac, rows: ar, bytes: ab },
  used: { calls: uc, rows: ur, bytes: ub },
});

export const openSlices = async (read: Reader, grant?: string): Promise<Slice[]> =>
  (
    await read.rows<SliceRow>(sql`select ${columns} from ${table} where s.settled_at is null
      and ${grant === undefined ? sql`true` : sql`s.grant_id = ${grant}`} order by s.id`)
  ).map(sliceOf);

const lockSlices = async (tx: Tx, source: string): Promise<Slice[]> =>
  (
    await tx.rows<SliceRow>(sql`select ${columns} from ${table} where s.settled_at is null and s.source = ${source}
      order by s.id for update of s`)
  ).map(sliceOf);

const watermarkOf = async (tx: Tx, source: string): Promise<number> =>
  (await tx.first<{ sequence: number }>(sql`select sequence from metering_sources where source = ${source}`))
    ?.sequence ?? 0;

const setAmount = (tx: Tx, id: string, { calls, rows, bytes }: Units): Promise<number> =>
  tx.exec(
    sql`update quota_slices set amount_calls = ${calls}, amount_rows = ${rows}, amount_bytes = ${bytes} where id = ${id}`,
  );

const change = (slice: Slice, units: Units, leased: Units): CounterChange => ({
  grant: slice.grant,
  at: slice.createdAt.getTime(),
  timeZone: slice.timeZone,
  units,
  leased,
  slice: { id: slice.id, source: slice.source },
});

/**
 * What counters must add where it is not known whether a change that they heard of, or did not hear of, was committed: then
 * the database says what there is. `counted` is asked for last, when whatever was committed before has been told.
 */
export const recountSlices = async (
  tx: Tx,
  source: string,
  counted: () => ReadonlyMap<string, Counted>,
): Promise<CounterChange[]> => {
  const open = await lockSlices(tx, source);
  const settled = (
    await tx.rows<SliceRow>(sql`select ${columns} from ${table} where s.settled_at is not null and s.source = ${source}
      and s.id = any(${[...counted().keys()]})`)
  ).map(sliceOf);
  const believed = new Map(counted());
  const changes: CounterChange[] = [];
  for (const slice of open) {
    const more = minus(slice.amount, believed.get(slice.id)?.amount ?? noUnits());
    if (!isNone(more)) changes.push(change(slice, more, more));
    believed.delete(slice.id);
  }
  for (const [id, { amount, ...of }] of believed) {
    const used = settled.find((one) => one.id === id)?.used ?? noUnits();
    changes.push({ ...of, units: minus(used, amount), leased: minus(noUnits(), amount), slice: { id, source } });
  }
  return changes;
};

/** Of a slice whose answer was lost on the way to the gateway: no use ever drew on it. */
const neverHeard = { amount: noUnits(), final: 0 };

/** A gateway says what it keeps of each slice. Answers with what that frees, and the slices that stay open. */
export const stateSlices = async (
  tx: Tx,
  source: string,
  statements: readonly SliceStatement[],
): Promise<{ changes: CounterChange[]; slices: Slice[] }> => {
  const stated = new Map(statements.map((one) => [one.id, one]));
  const changes: CounterChange[] = [];
  const slices: Slice[] = [];
  let ended = false;
  for (const slice of await lockSlices(tx, source)) {
    if (slice.finalSequence !== null) continue;
    const statement = stated.get(slice.id) ?? neverHeard;
    const amount = keptOf(slice, statement.amount);
    const freed = minus(amount, slice.amount);
    if (!isNone(freed)) {
      await setAmount(tx, slice.id, amount);
      changes.push(change(slice, freed, freed));
    }
    if (statement.final === undefined) slices.push({ ...slice, amount });
    else {
      await tx.exec(sql`update quota_slices set final_sequence = ${statement.final} where id = ${slice.id}`);
      ended = true;
    }
  }
  if (ended) changes.push(...(await settleSlices(tx, source)));
  return { changes, slices };
};

/** Slices of lives before this one: what their records do not use is free when the last of those is in. */
export const endLives = async (tx: Tx, source: string, lastSequence: number): Promise<CounterChange[]> => {
  await tx.exec(sql`update quota_slices set final_sequence = ${lastSequence}
    where source = ${source} and settled_at is null and final_sequence is null`);
  return settleSlices(tx, source);
};

/** The operator gives a gateway up: what its imported records do not use is free at once. */
export const giveUpSlices = async (tx: Tx, source: string): Promise<CounterChange[]> => {
  await tx.exec(sql`update quota_slices set final_sequence = 0 where source = ${source} and settled_at is null`);
  return settleSlices(tx, source);
};

/** Settles every slice whose last record is imported. */
export const settleSlices = async (tx: Tx, source: string): Promise<CounterChange[]> => {
  const watermark = await watermarkOf(tx, source);
  const changes: CounterChange[] = [];
  for (const slice of await lockSlices(tx, source)) {
    if (!isSettled(slice.finalSequence, watermark)) continue;
    await setAmount(tx, slice.id, slice.used);
    await tx.exec(sql`update quota_slices set settled_at = ${tx.now} where id = ${slice.id}`);
    changes.push(change(slice, minus(slice.used, slice.amount), minus(noUnits(), slice.amount)));
  }
  return changes;
};

export interface NewLease {
  /** Of the slice that is open, or a new one. */
  id: string;
  source: string;
  grant: string;
  supplier: string;
  start: number;
  end: number | null;
  expires: number;
  more: Units;
}

/** More for the slice that is open, or a new one. */
export const leaseSlice = async (tx: Tx, lease: NewLease, open: Slice | undefined): Promise<LeasedSlice> => {
  const { id, grant, start, end, expires } = lease;
  if (open) {
    const amount = plus(open.amount, lease.more);
    await setAmount(tx, open.id, amount);
    await tx.exec(sql`update quota_slices set expires_ms = ${expires} where id = ${open.id}`);
    return { id: open.id, grant, amount, start: open.start, end: open.end, expires };
  }
  const { calls, rows, bytes } = lease.more;
  await tx.exec(sql`insert into quota_slices (id, node, market, participant, source, grant_id, start_ms, end_ms, amount_calls, amount_rows,
      amount_bytes, expires_ms, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${lease.supplier}, ${lease.source}, ${grant}, ${start}, ${end}, ${calls}, ${rows},
      ${bytes}, ${expires}, ${tx.now})`);
  return { id, grant, amount: lease.more, start, end, expires };
};

export const renewSlices = (tx: Tx, ids: readonly string[], expires: number): Promise<number> =>
  tx.exec(sql`update quota_slices set expires_ms = ${expires} where id = any(${[...ids]})`);

/**
 * In the transaction that imports records of a gateway of its own process: what each slice has used. Answers with what the
 * counters do not hold yet: records without a slice, or of one that was settled before.
 */
export const useSlices = async (
  tx: Tx,
  source: string,
  records: readonly UseRecord[],
  timeZoneOf: (record: UseRecord) => string,
  grantOf: (line: string) => string,
): Promise<CounterChange[]> => {
  const used = new Map<string, Units>();
  for (const { slice, units } of records) if (slice) used.set(slice, plus(used.get(slice) ?? noUnits(), units));
  const open = new Set<string>();
  for (const [id, units] of used) {
    const rows = await tx.rows<{
      settled: boolean;
    }>(sql`update quota_slices set used_calls = used_calls + ${units.calls},
      used_rows = used_rows + ${units.rows}, used_bytes = used_bytes + ${units.bytes} where id = ${id} and source = ${source}
      returning settled_at is not null as settled`);
    if (rows[0]?.settled === false) open.add(id);
  }
  return records
    .filter(({ slice }) => !slice || !open.has(slice))
    .map((record) => ({
      grant: grantOf(record.grant),
      at: record.at,
      timeZone: timeZoneOf(record),
      units: record.units,
      leased: noUnits(),
    }));
};

/** For counters that are made anew from the roll-ups: what open slices hold beside what is imported. */
export const heldOf = (slices: readonly Slice[]): CounterChange[] =>
  slices.map((slice) => change(slice, heldBy(slice), slice.amount));

/** How far the records of sources are held. */
export const recordsOf = async (
  read: Reader,
  sources: readonly string[],
): Promise<Map<string, { sequence: number; segment: number }>> =>
  new Map(
    (
      await read.rows<{ source: string; sequence: number; segment: number }>(
        sql`select source, sequence, segment from metering_sources where source = any(${[...sources]})`,
      )
    ).map(({ source, sequence, segment }) => [source, { sequence, segment }]),
  );

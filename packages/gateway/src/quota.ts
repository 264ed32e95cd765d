import {
  DEFAULT_TIME_ZONE,
  type Metric,
  PERIODS,
  type Period,
  type Plan,
  periodEnd,
  periodKey,
  QUOTA_KEYS,
  type Quota,
  type QuotaKey,
} from '@shugu/policy';
import type { Units, UseRecord } from './segment.ts';

export type Amounts = Partial<Units>;

/** Counted in one period of one grant. `end` in ms, exclusive; null for the total. */
export type Slot = Units & { key: string; start: number; end: number | null };

/** A reservation holds amounts in the periods of the instant at which it was made, whatever the time when it is settled. */
export type Reservation = {
  grantId: string;
  held: Units;
  slots: readonly Slot[];
  /** The leased slice that it draws on; the record of the use names it. */
  slice?: string;
};
export type Reserved = { ok: true; reservation: Reservation } | { ok: false; quota: Quota };

/**
 * Counters of the contract line. `reserve` either takes all amounts in all periods or nothing; it is synchronous, so that
 * no two uses can both take the last unit. A leased slice is another implementation of the same interface.
 */
export type QuotaStore = {
  reserve(grantId: string, plan: Plan, amounts: Amounts, now: number): Reserved;
  /** Take more under the same reservation; the quota that refuses, or null. */
  extend(reservation: Reservation, plan: Plan, more: Amounts): Quota | null;
  /** Where amounts are leased: as `reserve` and `extend` after a refusal, once more has come or none is left; bounded. */
  reserveLater?(grantId: string, plan: Plan, amounts: Amounts, now: number): Promise<Reserved>;
  extendLater?(reservation: Reservation, plan: Plan, more: Amounts): Promise<Quota | null>;
  /** Replace what is held by what was used. May be called again with a correction. */
  settle(reservation: Reservation, actual: Units): void;
  read(grantId: string, plan: Plan, now: number): Partial<Record<QuotaKey, number>>;
  /** The current slot of a period, for the headers. */
  slot(grantId: string, plan: Plan, period: Period, now: number): Slot;
};

export type QuotaSnapshot = {
  /** Last sequence per source that is contained. */
  sequences: Record<string, number>;
  grants: Record<string, Record<Period, Slot>>;
};

export const METRICS: readonly Metric[] = ['calls', 'rows', 'bytes'];

/** Exact counters in memory, rebuilt at start from a snapshot and the records after it. */
export class MemoryQuota implements QuotaStore {
  private readonly grants = new Map<string, Record<Period, Slot>>();
  private readonly sequences = new Map<string, number>();

  reserve(grantId: string, plan: Plan, amounts: Amounts, now: number): Reserved {
    const slots = this.slots(grantId, plan.timeZone, now);
    const refusing = lacking(plan, slots, amounts);
    if (refusing) return { ok: false, quota: refusing };
    const reservation: Reservation = { grantId, held: { calls: 0, rows: 0, bytes: 0 }, slots: Object.values(slots) };
    take(reservation, amounts);
    return { ok: true, reservation };
  }

  extend(reservation: Reservation, plan: Plan, more: Amounts): Quota | null {
    const slots = Object.fromEntries(PERIODS.map((period, index) => [period, reservation.slots[index]])) as Record<
      Period,
      Slot
    >;
    const refusing = lacking(plan, slots, more);
    if (!refusing) take(reservation, more);
    return refusing;
  }

  settle(reservation: Reservation, actual: Units): void {
    const { held } = reservation;
    take(reservation, {
      calls: actual.calls - held.calls,
      rows: actual.rows - held.rows,
      bytes: actual.bytes - held.bytes,
    });
  }

  read(grantId: string, plan: Plan, now: number): Partial<Record<QuotaKey, number>> {
    const slots = this.slots(grantId, plan.timeZone, now);
    const used: Partial<Record<QuotaKey, number>> = {};
    for (const { metric, period } of plan.quotas) used[QUOTA_KEYS[metric][period]] = slots[period][metric];
    return used;
  }

  slot(grantId: string, plan: Plan, period: Period, now: number): Slot {
    return this.slots(grantId, plan.timeZone, now)[period];
  }

  /** Count a durable record once: a sequence that is contained already, or one that leaves a gap, throws or is skipped. */
  apply(record: UseRecord, timeZone: string = DEFAULT_TIME_ZONE): boolean {
    const last = this.sequences.get(record.source) ?? 0;
    if (record.sequence <= last) return false;
    if (record.sequence !== last + 1)
      throw new RangeError(`records ${last + 1} to ${record.sequence - 1} of ${record.source} are missing`);
    this.sequences.set(record.source, record.sequence);
    const slots = this.slots(record.grant, timeZone, record.at);
    for (const slot of Object.values(slots)) {
      if (record.at < slot.start) continue;
      for (const metric of METRICS) slot[metric] += record.units[metric];
    }
    return true;
  }

  load(snapshot: QuotaSnapshot): void {
    for (const [source, sequence] of Object.entries(snapshot.sequences)) this.sequences.set(source, sequence);
    for (const [grantId, slots] of Object.entries(snapshot.grants)) this.grants.set(grantId, structuredClone(slots));
  }

  /** Counters as they stand. Take it when nothing is in flight: reservations are counted as used. */
  snapshot(sequences: Record<string, number>): QuotaSnapshot {
    return structuredClone({ sequences, grants: Object.fromEntries(this.grants) });
  }

  /** Current slots of a grant; a period that is over is replaced by an empty one, so no counter is ever reset in place. */
  private slots(grantId: string, timeZone: string, now: number): Record<Period, Slot> {
    let slots = this.grants.get(grantId);
    if (!slots) {
      const make = (period: Period) => newSlot(now, timeZone, period);
      slots = { total: make('total'), day: make('day'), month: make('month'), year: make('year') };
      this.grants.set(grantId, slots);
    }
    for (const period of PERIODS) {
      const { end } = slots[period];
      if (end !== null && now >= end) slots[period] = newSlot(now, timeZone, period);
    }
    return slots;
  }
}

function newSlot(now: number, timeZone: string, period: Period): Slot {
  const key = periodKey(now, timeZone, period);
  return {
    key,
    start: period === 'total' ? Number.MIN_SAFE_INTEGER : periodStart(now, timeZone, period),
    end: periodEnd(now, timeZone, period),
    calls: 0,
    rows: 0,
    bytes: 0,
  };
}

/** First instant with the same key, found by halving backwards. */
function periodStart(now: number, timeZone: string, period: Period): number {
  const key = periodKey(now, timeZone, period);
  let inside = now;
  let outside = now - 367 * 86_400_000;
  while (inside - outside > 1) {
    const middle = Math.floor((inside + outside) / 2);
    if (periodKey(middle, timeZone, period) === key) inside = middle;
    else outside = middle;
  }
  return inside;
}

function lacking(plan: Plan, slots: Record<Period, Slot>, amounts: Amounts): Quota | null {
  for (const quota of plan.quotas) {
    const more = amounts[quota.metric] ?? 0;
    if (more > 0 && slots[quota.period][quota.metric] + more > quota.limit) return quota;
  }
  return null;
}

function take(reservation: Reservation, amounts: Amounts): void {
  for (const metric of METRICS) {
    const amount = amounts[metric] ?? 0;
    if (amount === 0) continue;
    reservation.held[metric] += amount;
    for (const slot of reservation.slots) slot[metric] += amount;
  }
}

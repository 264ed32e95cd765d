/** How a purchase is billed, decided without looking anything up. In words: docs/decisions/0011-life-of-an-orders-money.md. */
import { affordableQuantity, type PricePlan } from '@shugu/ledger';
import { addDays, addMonths, type Day, dayOf, startOfDay } from '../kernel/calendar/calendar.ts';

export type Cycle = 'week' | 'month' | 'quarter';
/** Rule `settlementCycle` of the operator; a month where it says nothing that is known. */
export const cycleOf = (value: unknown): Cycle => (value === 'week' || value === 'quarter' ? value : 'month');

/** First day of the cycle that holds `day`: Monday, the first of the month, or of January, April, July, October. */
const cycleStart = (day: Day, cycle: Cycle): Day => {
  if (cycle === 'week') return addDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
  const first = `${day.slice(0, 7)}-01`;
  return cycle === 'month' ? first : addMonths(first, -((Number(day.slice(5, 7)) - 1) % 3));
};
const nextStart = (start: Day, cycle: Cycle): Day =>
  cycle === 'week' ? addDays(start, 7) : addMonths(start, cycle === 'month' ? 1 : 3);

/** Start of the cycle that holds a moment: up to here everything can be billed. */
export const lastCut = (at: Date, cycle: Cycle): Date => startOfDay(cycleStart(dayOf(at), cycle));

/** The first end of a cycle after `from`, if it has come by `at`: cycles are billed one after the other, missed ones too. */
export const nextCut = (from: Date, at: Date, cycle: Cycle): { until: Date; key: string } | undefined => {
  const start = cycleStart(dayOf(from), cycle);
  const until = startOfDay(nextStart(start, cycle));
  return until <= at ? { until, key: cycle === 'month' ? start.slice(0, 7) : start } : undefined;
};

export interface Measured {
  calls: number;
  rows: number;
  bytes: number;
}

export type Unit = keyof Measured;

/** What a plan counts at the gateway; undefined for plans that count nothing there. */
export const unitOf = (plan: PricePlan): Unit | undefined => {
  switch (plan.kind) {
    case 'perCall':
      return 'calls';
    case 'perRow':
      return 'rows';
    case 'perGigabyte':
      return 'bytes';
    case 'tiered':
      return ({ call: 'calls', row: 'rows', gigabyte: 'bytes' } as const)[plan.unit];
    default:
      return undefined;
  }
};

/** New quantity to bill. What was corrected downwards below what is billed already is a refund's matter, not a bill's. */
export const unbilled = (owed: bigint, billed: bigint): bigint => (owed > billed ? owed - billed : 0n);

/** A cycle without use makes a statement only where a minimum is charged; the last one always, unless others stand before it. */
export const statementNeeded = (
  plan: PricePlan,
  { quantity, final, earlier }: { quantity: bigint; final: boolean; earlier: number },
): boolean => {
  if (quantity > 0n) return true;
  if (final && earlier === 0) return true;
  return 'minimumCharge' in plan && plan.minimumCharge !== undefined;
};

/**
 * How far use may go in all: what was ordered, and no further than the money held pays for. Null where use costs nothing.
 * `billed` and `ordered` in the plan's unit; `unspentFen`: held and asked for by no statement yet.
 */
export const useBound = (
  plan: PricePlan,
  { ordered, billed, unspentFen }: { ordered: bigint; billed: bigint; unspentFen: bigint },
): { metric: Unit; limit: number } | null => {
  const metric = unitOf(plan);
  const paid = affordableQuantity(plan, unspentFen);
  if (!metric || paid === null) return null;
  const limit = billed + paid < ordered ? billed + paid : ordered;
  return { metric, limit: Number(limit) };
};

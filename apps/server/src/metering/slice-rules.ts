/** How a limit is divided between gateways, and when a slice is settled. Pure. */
import type { Units } from '@shugu/gateway';

export const metrics = ['calls', 'rows', 'bytes'] as const;

export const noUnits = (): Units => ({ calls: 0, rows: 0, bytes: 0 });
export const unitsBy = (make: (metric: (typeof metrics)[number]) => number): Units => ({
  calls: make('calls'),
  rows: make('rows'),
  bytes: make('bytes'),
});
export const plus = (one: Units, other: Units): Units => unitsBy((metric) => one[metric] + other[metric]);
export const minus = (one: Units, other: Units): Units => unitsBy((metric) => one[metric] - other[metric]);
export const isNone = (units: Units): boolean => metrics.every((metric) => units[metric] === 0);

export interface Amounts {
  amount: Units;
  used: Units;
}

/** What a slice keeps from everybody else, beside what its imported records count themselves. */
export const heldBy = ({ amount, used }: Amounts): Units =>
  unitsBy((metric) => Math.max(0, amount[metric] - used[metric]));

export interface Wish {
  need: Units;
  ahead: Units;
}

/**
 * What one gateway gets of what is left: what waits goes first; ahead of use no more than half of an even share, so that others
 * find something without a recall; and nothing ahead while a limit is scarce, since what is taken ahead would be recalled.
 */
export const givenOf = (left: Units, { need, ahead }: Wish, gateways: number, scarce: boolean): Units =>
  unitsBy((metric) => {
    const rest = Math.max(0, left[metric]);
    const share = scarce ? 0 : Math.ceil(rest / (2 * Math.max(1, gateways)));
    return Math.min(rest, Math.max(need[metric], Math.min(need[metric] + ahead[metric], share)));
  });

/**
 * A gateway's word on a slice: it keeps as much as it says, never more than it was given, and never less than what its
 * records have used already.
 */
export const keptOf = ({ amount, used }: Amounts, stated: Units): Units =>
  unitsBy((metric) => Math.max(used[metric], Math.min(amount[metric], stated[metric])));

/** Whether all records that may name the slice are imported. Its expiry settles nothing: what a lost gateway served is unknown. */
export const isSettled = (finalSequence: number | null, watermark: number): boolean =>
  finalSequence !== null && finalSequence <= watermark;

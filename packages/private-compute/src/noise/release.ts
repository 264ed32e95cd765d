import { ComputeError } from '../problem.ts';
import { type Budgets, charge, varianceFor } from './account.ts';
import type { Chance } from './chance.ts';
import { type Ratio, ratio, times } from './ratio.ts';
import { discreteGaussian } from './samplers.ts';

/** One row about one entity. Values are whole numbers (fen, not yuan): floating sums depend on their order, and that tells. */
export interface Contribution {
  readonly entity: string;
  readonly group: string;
  readonly value: bigint;
}

/** How much one entity can weigh. Neighbouring data sets differ by all rows of one entity. */
export interface Bounds {
  readonly groupsMax: number;
  readonly rowsPerGroupMax: number;
  readonly lower: bigint;
  readonly upper: bigint;
}

export interface GroupTotals {
  readonly rows: bigint;
  readonly sum: bigint;
}

export const contributionLimits = { groups: 1_000_000, rowsPerEntity: 1_000_000 };

const requireBounds = ({ groupsMax, rowsPerGroupMax, lower, upper }: Bounds): void => {
  const small = (count: number) => Number.isInteger(count) && count >= 1 && count <= contributionLimits.rowsPerEntity;
  if (!small(groupsMax) || !small(rowsPerGroupMax) || lower > upper) {
    throw new ComputeError('compute.range', 'bounds are whole numbers from 1 on, and lower is at most upper');
  }
};

export const clamp = (value: bigint, lower: bigint, upper: bigint): bigint =>
  value < lower ? lower : value > upper ? upper : value;

/**
 * Totals for exactly the public `groups`, those without rows included: a group that shows because it exists tells that somebody is
 * in it. What an entity has beyond its bounds is left out, by the order of its own rows and nobody else's.
 */
export const boundedTotals = (
  rows: Iterable<Contribution>,
  groups: readonly string[],
  bounds: Bounds,
): Map<string, GroupTotals> => {
  requireBounds(bounds);
  if (groups.length > contributionLimits.groups) throw new ComputeError('compute.range', 'too many groups');
  const totals = new Map(groups.map((group) => [group, { rows: 0n, sum: 0n }]));
  const taken = new Map<string, Map<string, number>>();
  for (const { entity, group, value } of rows) {
    const total = totals.get(group);
    if (!total) continue;
    const own = taken.get(entity) ?? new Map<string, number>();
    const before = own.get(group) ?? 0;
    if (before >= bounds.rowsPerGroupMax || (before === 0 && own.size >= bounds.groupsMax)) continue;
    taken.set(entity, own.set(group, before + 1));
    total.rows += 1n;
    total.sum += clamp(value, bounds.lower, bounds.upper);
  }
  return totals;
};

const squaredL2 = (bounds: Bounds, most: bigint): bigint =>
  BigInt(bounds.groupsMax) * (BigInt(bounds.rowsPerGroupMax) * most) ** 2n;

const largest = (a: bigint, b: bigint): bigint => {
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const most = x > y ? x : y;
  return most > 0n ? most : 1n;
};

export interface ReleaseTerms {
  readonly groups: readonly string[];
  readonly bounds: Bounds;
  /** What this release costs, in zCDP. */
  readonly rho: Ratio;
  /** All owners whose entities are in the rows: each is charged the whole rho. */
  readonly accounts: readonly string[];
}

export interface Released<Value> {
  readonly budgets: Budgets;
  readonly groups: Map<string, Value>;
}

/** First the budget, which may refuse; then the rows; then the noise. */
const release = <Value>(
  budgets: Budgets,
  terms: ReleaseTerms,
  rows: Iterable<Contribution>,
  draw: (total: GroupTotals) => Value,
): Released<Value> => {
  requireBounds(terms.bounds);
  const left = charge(
    budgets,
    terms.accounts.map((account) => ({ account, rho: terms.rho })),
  );
  const totals = boundedTotals(rows, terms.groups, terms.bounds);
  return { budgets: left, groups: new Map([...totals].map(([group, total]) => [group, draw(total)])) };
};

/** Noisy number of rows a group. It may be negative: cutting at 0 is the reader's affair and costs no privacy. */
export const releaseCounts = (
  budgets: Budgets,
  terms: ReleaseTerms,
  rows: Iterable<Contribution>,
  chance: Chance,
): Released<bigint> => {
  const variance = varianceFor(squaredL2(terms.bounds, 1n), terms.rho);
  return release(budgets, terms, rows, (total) => total.rows + discreteGaussian(chance, variance));
};

export const releaseSums = (
  budgets: Budgets,
  terms: ReleaseTerms,
  rows: Iterable<Contribution>,
  chance: Chance,
): Released<bigint> => {
  const { bounds, rho } = terms;
  const variance = varianceFor(squaredL2(bounds, largest(bounds.lower, bounds.upper)), rho);
  return release(budgets, terms, rows, (total) => total.sum + discreteGaussian(chance, variance));
};

/**
 * Half of rho for the count, half for the sum of distances from the middle of the bounds, which weighs less than the sum itself. The mean
 * stays within the bounds.
 */
export const releaseMeans = (
  budgets: Budgets,
  terms: ReleaseTerms,
  rows: Iterable<Contribution>,
  chance: Chance,
): Released<Ratio> => {
  const { bounds } = terms;
  const half = times(terms.rho, ratio(1n, 2n));
  const middle = (bounds.lower + bounds.upper) / 2n;
  const reach = largest(bounds.lower - middle, bounds.upper - middle);
  const ofCount = varianceFor(squaredL2(bounds, 1n), half);
  const ofSum = varianceFor(squaredL2(bounds, reach), half);
  return release(budgets, terms, rows, (total) => {
    const noisy = total.rows + discreteGaussian(chance, ofCount);
    const count = noisy < 1n ? 1n : noisy;
    const distance = total.sum - total.rows * middle + discreteGaussian(chance, ofSum);
    return ratio(clamp(middle * count + distance, bounds.lower * count, bounds.upper * count), count);
  });
};

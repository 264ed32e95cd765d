/**
 * Zero-concentrated differential privacy (Bun and Steinke 2016): losses of several releases simply add. rho is exact; only what is
 * told to people as (epsilon, delta) is rounded, and always to the worse side.
 */
import { ComputeError } from '../problem.ts';
import { exceeds, plus, type Ratio, ratio, times, toNumber } from './ratio.ts';

/** Gaussian noise of `variance` on values that one entity moves by at most the square root of `squaredSensitivity` (L2). */
export const rhoOfGaussian = (squaredSensitivity: bigint, variance: Ratio): Ratio =>
  ratio(squaredSensitivity * variance.under, 2n * variance.over);

/** The variance that costs exactly `rho`. */
export const varianceFor = (squaredSensitivity: bigint, rho: Ratio): Ratio =>
  ratio(squaredSensitivity * rho.under, 2n * rho.over);

/** Pure epsilon, as Laplace noise gives it, costs epsilon²/2 (proposition 1.4). */
export const rhoOfEpsilon = (epsilon: Ratio): Ratio => times(times(epsilon, epsilon), ratio(1n, 2n));

const logInverse = (delta: number): number => {
  if (!(delta > 0 && delta < 1)) throw new ComputeError('compute.range', 'delta lies between 0 and 1');
  return -Math.log(delta);
};

/** epsilon = rho + 2 sqrt(rho ln(1/delta)) (proposition 1.3), rounded up. */
export const epsilonOf = (rho: Ratio, delta: number): number => {
  const spent = toNumber(rho);
  return (spent + 2 * Math.sqrt(spent * logInverse(delta))) * (1 + 1e-12);
};

/** The rho whose epsilon at `delta` is at most `epsilon`, in billionths, rounded down. */
export const rhoFor = (epsilon: number, delta: number): Ratio => {
  const log = logInverse(delta);
  if (!(epsilon > 0 && epsilon < 1e6)) throw new ComputeError('compute.range', 'epsilon is above 0');
  const root = epsilon / (Math.sqrt(log + epsilon) + Math.sqrt(log));
  return ratio(BigInt(Math.floor(root * root * (1 - 1e-12) * 1e9)), 1_000_000_000n);
};

/** What one owner allows in all for one data set and one kind of entity (a person, an enterprise), and what is gone of it. */
export interface Budget {
  readonly limit: Ratio;
  readonly spent: Ratio;
}
export type Budgets = ReadonlyMap<string, Budget>;
export interface Charge {
  readonly account: string;
  readonly rho: Ratio;
}

/**
 * Charges every account or none: a join is a release about the entities of each of its owners. Throws `compute.budget`, naming
 * all accounts that cannot bear it. Call it before anything is drawn; what has been charged is never given back once data was touched.
 */
export const charge = (budgets: Budgets, charges: readonly Charge[]): Budgets => {
  if (charges.length === 0) throw new ComputeError('compute.budget', 'a release is charged to somebody');
  const after = new Map(budgets);
  const short = new Set<string>();
  for (const { account, rho } of charges) {
    if (rho.over <= 0n) throw new ComputeError('compute.range', 'a release costs more than nothing');
    const budget = after.get(account);
    const spent = budget && plus(budget.spent, rho);
    if (!budget || !spent || exceeds(spent, budget.limit)) short.add(account);
    else after.set(account, { limit: budget.limit, spent });
  }
  if (short.size > 0)
    throw new ComputeError('compute.budget', `the privacy budget is too small: ${[...short].join(', ')}`);
  return after;
};

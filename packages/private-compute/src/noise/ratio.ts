import { ComputeError } from '../problem.ts';

/** An exact fraction, in lowest terms, with `under` above 0. Doubles have no place in noise: their gaps tell the data. */
export interface Ratio {
  readonly over: bigint;
  readonly under: bigint;
}

const divisor = (a: bigint, b: bigint): bigint => {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y > 0n) [x, y] = [y, x % y];
  return x;
};

export const ratio = (over: bigint, under = 1n): Ratio => {
  if (under <= 0n) throw new ComputeError('compute.range', 'the lower part of a fraction is above 0');
  const common = divisor(over, under) || 1n;
  return { over: over / common, under: under / common };
};

/** "0.125" is 1/8: budgets and scales are written in decimals. At most 40 digits after the point. */
export const decimal = (text: string): Ratio => {
  const found = /^(-?\d{1,40})(?:\.(\d{1,40}))?$/.exec(text);
  if (!found) throw new ComputeError('compute.range', `"${text}" is no decimal`);
  const places = found[2] ?? '';
  return ratio(BigInt(found[1]! + places), 10n ** BigInt(places.length));
};

export const plus = (a: Ratio, b: Ratio): Ratio => ratio(a.over * b.under + b.over * a.under, a.under * b.under);
export const times = (a: Ratio, b: Ratio): Ratio => ratio(a.over * b.over, a.under * b.under);
export const dividedBy = (a: Ratio, b: Ratio): Ratio => {
  if (b.over <= 0n) throw new ComputeError('compute.range', 'a divisor is above 0');
  return ratio(a.over * b.under, a.under * b.over);
};
export const exceeds = (a: Ratio, b: Ratio): boolean => a.over * b.under > b.over * a.under;

/** For people and for logarithms only, never on the way to noise. */
export const toNumber = ({ over, under }: Ratio): number => {
  const shift = BigInt(Math.max(0, under.toString(2).length - 900, over.toString(2).length - 900));
  return Number(over >> shift) / Number(under >> shift || 1n);
};

/** The greatest whole number whose square is at most `of`. */
export const rootBelow = (of: bigint): bigint => {
  if (of < 2n) return of;
  let guess = 1n << BigInt((of.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + of / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
};

/**
 * Exact samplers of Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (2020), algorithms 1 to 3:
 * whole numbers and fractions only, so that the output has exactly the distribution that the proof speaks of. Their running time
 * depends on the noise that is drawn; whoever can time single draws learns something of it.
 */
import { ComputeError } from '../problem.ts';
import type { Chance } from './chance.ts';
import { exceeds, type Ratio, ratio, rootBelow } from './ratio.ts';

const zero = ratio(0n);
const one = ratio(1n);

/** True with probability `p`, which lies in 0 to 1. */
const bernoulli = (chance: Chance, p: Ratio): boolean => chance.below(p.under) < p.over;

/** True with probability exp(-exponent), for exponents from 0 to 1: the von Neumann series. */
const bernoulliExpSmall = (chance: Chance, exponent: Ratio): boolean => {
  let count = 1n;
  while (bernoulli(chance, ratio(exponent.over, exponent.under * count))) count++;
  return (count & 1n) === 1n;
};

/** True with probability exp(-exponent). Throws `compute.range` below 0. */
export const bernoulliExp = (chance: Chance, exponent: Ratio): boolean => {
  if (exponent.over < 0n) throw new ComputeError('compute.range', 'an exponent is at least 0');
  let rest = exponent;
  while (exceeds(rest, one)) {
    if (!bernoulliExpSmall(chance, one)) return false;
    rest = ratio(rest.over - rest.under, rest.under);
  }
  return bernoulliExpSmall(chance, rest);
};

/** Whole numbers z with probability in proportion to exp(-|z| / scale). */
export const discreteLaplace = (chance: Chance, scale: Ratio): bigint => {
  if (!exceeds(scale, zero)) throw new ComputeError('compute.range', 'a scale is above 0');
  const { over: t, under: s } = scale;
  for (;;) {
    const low = chance.below(t);
    if (!bernoulliExp(chance, ratio(low, t))) continue;
    let high = 0n;
    while (bernoulliExpSmall(chance, one)) high++;
    const size = (low + t * high) / s;
    const negative = chance.below(2n) === 1n;
    // Zero has one sign; counted twice it would stand out.
    if (negative && size === 0n) continue;
    return negative ? -size : size;
  }
};

/** Whole numbers z with probability in proportion to exp(-z² / (2 variance)). */
export const discreteGaussian = (chance: Chance, variance: Ratio): bigint => {
  if (!exceeds(variance, zero)) throw new ComputeError('compute.range', 'a variance is above 0');
  const t = rootBelow(variance.over / variance.under) + 1n;
  const { over: v, under: w } = variance;
  for (;;) {
    const drawn = discreteLaplace(chance, ratio(t));
    // (|drawn| - v/(w t))² / (2 v/w), brought under one line.
    const distance = (drawn < 0n ? -drawn : drawn) * w * t - v;
    if (bernoulliExp(chance, ratio(distance * distance, 2n * v * w * t * t))) return drawn;
  }
};

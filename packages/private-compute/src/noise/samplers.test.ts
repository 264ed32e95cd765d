import { expect, test } from 'vitest';
import type { Chance } from './chance.ts';
import { decimal, type Ratio, ratio, toNumber } from './ratio.ts';
import { bernoulliExp, discreteGaussian, discreteLaplace } from './samplers.ts';
import { chiSquareScore, massOf, seededChance } from './testing.ts';

const draws = 20_000;
/** Of a million seeds one would fail a right sampler; the seeds are fixed, so that ours never does. */
const scoreMax = 4.75;

/** Cells of at least 20 expected draws; the two tails are one cell each. */
const scoreOf = (draw: (chance: Chance) => bigint, weight: (z: number) => number, seed: string): number => {
  const reach = 2000;
  const weights = Array.from({ length: 2 * reach + 1 }, (_, at) => weight(at - reach));
  const total = weights.reduce((sum, one) => sum + one, 0);
  const wide = weights.findLastIndex((one) => (one / total) * draws >= 20) - reach;
  const expected = Array.from({ length: 2 * wide + 3 }, () => 0);
  const cellOf = (z: number) => Math.max(-wide - 1, Math.min(wide + 1, z)) + wide + 1;
  weights.forEach((one, at) => {
    expected[cellOf(at - reach)]! += (one / total) * draws;
  });
  const counts = expected.map(() => 0);
  const chance = seededChance(seed);
  for (let n = 0; n < draws; n++) counts[cellOf(Number(draw(chance)))]! += 1;
  return chiSquareScore(counts, expected);
};

const laplace = (scale: Ratio) => (z: number) => Math.exp(-Math.abs(z) / toNumber(scale));
const gaussian = (variance: Ratio) => (z: number) => Math.exp((-z * z) / (2 * toNumber(variance)));

test.each(['0.3', '1', '7.5', '40'])('Laplace of scale %s has its distribution', (text) => {
  const scale = decimal(text);
  expect(scoreOf((chance) => discreteLaplace(chance, scale), laplace(scale), `laplace ${text}`)).toBeLessThan(scoreMax);
});

test.each(['0.2', '1', '6.25', '900'])('Gaussian of variance %s has its distribution', (text) => {
  const variance = decimal(text);
  const score = scoreOf((chance) => discreteGaussian(chance, variance), gaussian(variance), `gaussian ${text}`);
  expect(score).toBeLessThan(scoreMax);
});

test('the test of distributions sees wrong samplers', () => {
  const scale = ratio(5n);
  const doubledZero = (chance: Chance) => (chance.below(11n) === 0n ? 0n : discreteLaplace(chance, scale));
  const wider = (chance: Chance) => discreteGaussian(chance, decimal('31'));
  const rounded = (chance: Chance) => discreteGaussian(chance, ratio(100n)) / 2n;
  expect(scoreOf(doubledZero, laplace(scale), 'sabotage 1')).toBeGreaterThan(2 * scoreMax);
  expect(scoreOf(wider, gaussian(ratio(25n)), 'sabotage 2')).toBeGreaterThan(scoreMax);
  expect(scoreOf(rounded, gaussian(ratio(25n)), 'sabotage 3')).toBeGreaterThan(2 * scoreMax);
});

/** exp(-x) lies between what is sure and what is sure with all that is open. */
test.each([
  [ratio(1n, 2n), 9],
  [ratio(1n), 9],
  [ratio(3n, 2n), 9],
  [ratio(0n), 3],
] as const)('a coin of exp(-x) is exact: x = %o', (exponent, depth) => {
  const { masses, open } = massOf((chance) => String(bernoulliExp(chance, exponent)), depth);
  const wanted = Math.exp(-toNumber(exponent));
  const sure = masses.get('true') ?? 0;
  expect(open).toBeLessThan(1e-3);
  expect(wanted).toBeGreaterThanOrEqual(sure - 1e-12);
  expect(wanted).toBeLessThanOrEqual(sure + open + 1e-12);
});

test('Laplace is exact, path by path', () => {
  const { masses, open } = massOf((chance) => String(discreteLaplace(chance, ratio(1n))), 12);
  const head = (Math.E - 1) / (Math.E + 1);
  expect(open).toBeLessThan(0.12);
  for (const [z, mass] of masses) {
    const wanted = head * Math.exp(-Math.abs(Number(z)));
    expect(wanted).toBeGreaterThanOrEqual(mass - 1e-12);
    expect(wanted).toBeLessThanOrEqual(mass + open + 1e-12);
  }
  expect(masses.get('1')).toBeCloseTo(masses.get('-1')!, 12);
});

test('scales and variances are above 0', () => {
  const chance = seededChance('');
  expect(() => discreteLaplace(chance, ratio(0n))).toThrow('above 0');
  expect(() => discreteGaussian(chance, ratio(0n))).toThrow('above 0');
  expect(() => bernoulliExp(chance, ratio(-1n))).toThrow('at least 0');
});

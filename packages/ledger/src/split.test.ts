import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Decimal,
  divideByWeights,
  parseSplitRule,
  refundOf,
  type SplitRule,
  split,
  sumFen,
  transferLegs,
} from './index.ts';

const share = (text: string) => text as Decimal;
const thirds: SplitRule = {
  legs: [
    { party: 'a', role: 'supplier', share: { basisPoints: 3334 } },
    { party: 'b', role: 'rightsHolder', share: { basisPoints: 3333 } },
    { party: 'c', role: 'rightsHolder', share: { basisPoints: 3333 } },
  ],
};
const withFee: SplitRule = {
  ...thirds,
  fee: { party: 'x', share: share('0.03'), minimumFen: '10', maximumFen: '5000' },
};

const amounts = (rule: SplitRule, total: bigint) => {
  const result = split(rule, total);
  return [...result.parts.map((part) => part.fen), result.feeFen];
};

test('nothing, one fen, and ties', () => {
  expect(amounts(thirds, 0n)).toEqual([0n, 0n, 0n, 0n]);
  expect(amounts(thirds, 1n)).toEqual([1n, 0n, 0n, 0n]);
  expect(divideByWeights(1n, [1n, 1n, 1n])).toEqual([1n, 0n, 0n]);
  expect(divideByWeights(2n, [1n, 1n, 1n])).toEqual([1n, 1n, 0n]);
  expect(divideByWeights(10n, [1n, 5n, 5n])).toEqual([1n, 5n, 4n]);
});

test('the fee has a floor and a cap, and never exceeds the total', () => {
  expect(split(withFee, 100n).feeFen).toBe(10n);
  expect(split(withFee, 10_000n).feeFen).toBe(300n);
  expect(split(withFee, 100_000_000n).feeFen).toBe(5_000n);
  expect(amounts(withFee, 4n)).toEqual([0n, 0n, 0n, 4n]);
});

test('a split sums to its total and nobody is a fen off their quota', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 14n }),
      fc.array(fc.bigInt({ min: 1n, max: 10n ** 8n }), { minLength: 1, maxLength: 30 }),
      (total, weights) => {
        const parts = divideByWeights(total, weights);
        const sum = sumFen(weights);
        expect(sumFen(parts)).toBe(total);
        parts.forEach((fen, index) => {
          const scaledError = fen * sum - total * weights[index]!;
          expect(scaledError > -sum && scaledError < sum).toBe(true);
        });
        expect(divideByWeights(total, weights)).toEqual(parts);
      },
    ),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 14n }), (total) => {
      expect(sumFen(amounts(withFee, total))).toBe(total);
    }),
  );
});

test('the bank pays each party once, and nobody nothing', () => {
  const result = {
    totalFen: 12n,
    feeFen: 2n,
    feeParty: 'a',
    parts: [
      { party: 'a', role: 'supplier', fen: 4n },
      { party: 'b', role: 'supplier', fen: 0n },
      { party: 'c', role: 'supplier', fen: 5n },
      { party: 'c', role: 'rightsHolder', fen: 1n },
    ],
  };
  expect(transferLegs(result)).toEqual([
    { party: 'a', fen: 6n },
    { party: 'c', fen: 6n },
  ]);
  expect(transferLegs({ ...result, feeParty: null })).toHaveLength(2);
});

test('refunds in any steps give back exactly what was paid, never more from anyone', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 9n }), fc.array(fc.nat(99), { maxLength: 5 }), (total, percents) => {
      let left = split(withFee, total);
      let leftFen = total;
      for (const percent of [...percents.map(BigInt), 100n]) {
        const refund = refundOf(left, (leftFen * percent) / 100n);
        const parts = left.parts.map((part, i) => ({ ...part, fen: part.fen - refund.parts[i]!.fen }));
        left = { ...left, feeFen: left.feeFen - refund.feeFen, parts };
        leftFen -= refund.totalFen;
        expect([...parts.map((part) => part.fen), left.feeFen].every((fen) => fen >= 0n)).toBe(true);
        expect(sumFen([...parts.map((part) => part.fen), left.feeFen])).toBe(leftFen);
      }
      expect(leftFen).toBe(0n);
    }),
  );
  expect(() => refundOf(split(thirds, 10n), 11n)).toThrow('amount-out-of-range');
});

test.each<[string, SplitRule]>([
  ['no legs', { legs: [] }],
  ['not 1', { legs: [{ party: 'a', role: 'supplier', share: share('0.9') }] }],
  [
    'more than 1',
    {
      legs: [
        { party: 'a', role: 's', share: share('1') },
        { party: 'b', role: 's', share: share('0.00000001') },
      ],
    },
  ],
  [
    'negative',
    {
      legs: [
        { party: 'a', role: 's', share: share('1.5') },
        { party: 'b', role: 's', share: share('-0.5') },
      ],
    },
  ],
  [
    'twice',
    {
      legs: [
        { party: 'a', role: 's', share: share('0.5') },
        { party: 'a', role: 's', share: share('0.5') },
      ],
    },
  ],
  ['half a point', { legs: [{ party: 'a', role: 's', share: { basisPoints: 10_000.5 } }] }],
  ['fee above all', { ...thirds, fee: { party: 'x', share: share('1.1') } }],
  ['floor over cap', { ...thirds, fee: { party: 'x', share: share('0'), minimumFen: '2', maximumFen: '1' } }],
])('refuses a rule: %s', (_name, rule) => {
  expect(() => split(rule, 100n)).toThrow('split-invalid');
});

test('a rule from JSON is frozen, and equal to what it was', () => {
  const parsed = parseSplitRule(JSON.parse(JSON.stringify(withFee)));
  expect(parsed).toEqual(withFee);
  expect(() => Object.assign(parsed.legs[0]!, { party: 'thief' })).toThrow(TypeError);
});

test.each<[string, unknown]>([
  ['null', null],
  ['no legs', {}],
  ['unknown field', { ...thirds, bonus: 1 }],
  ['unknown field of a leg', { legs: [{ ...thirds.legs[0], tax: '0.06' }] }],
  ['share as a number', { legs: [{ party: 'a', role: 's', share: 1 }] }],
  ['no role', { legs: [{ party: 'a', share: '1' }] }],
  ['fee bound with a fraction', { ...thirds, fee: { party: 'x', share: '0', minimumFen: '1.5' } }],
  ['101 legs', { legs: Array.from({ length: 101 }, (_, n) => ({ party: `p${n}`, role: 's', share: '0.01' })) }],
])('refuses from JSON: %s', (_name, input) => {
  expect(() => parseSplitRule(input)).toThrow(/split-invalid|amount-invalid/);
});

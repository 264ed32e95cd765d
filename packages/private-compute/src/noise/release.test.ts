import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Budgets, charge, epsilonOf, rhoFor, rhoOfEpsilon, rhoOfGaussian, varianceFor } from './account.ts';
import type { Chance } from './chance.ts';
import { decimal, exceeds, plus, ratio, toNumber } from './ratio.ts';
import { boundedTotals, type Contribution, releaseCounts, releaseMeans, releaseSums } from './release.ts';
import { seededChance } from './testing.ts';

const budgets = (limits: Record<string, string>): Budgets =>
  new Map(Object.entries(limits).map(([account, limit]) => [account, { limit: decimal(limit), spent: ratio(0n) }]));
const bounds = { groupsMax: 2, rowsPerGroupMax: 3, lower: -10n, upper: 100n };
const groups = ['north', 'south', 'nobody'];

const contribution = fc.record({
  entity: fc.constantFrom('a', 'b', 'c', 'd'),
  group: fc.constantFrom('north', 'south', 'east', 'unlisted'),
  value: fc.bigInt({ min: -1000n, max: 1000n }),
});

test('no entity moves totals by more than its bounds', () => {
  const listed = ['north', 'south', 'east'];
  fc.assert(
    fc.property(fc.array(contribution, { maxLength: 60 }), (rows) => {
      const all = boundedTotals(rows, listed, bounds);
      const without = boundedTotals(
        rows.filter(({ entity }) => entity !== 'a'),
        listed,
        bounds,
      );
      const moved = listed.map((group) => {
        const [x, y] = [all.get(group)!, without.get(group)!];
        const sum = x.sum - y.sum;
        return { rows: x.rows - y.rows, sum: sum < 0n ? -sum : sum };
      });
      expect(moved.every((one) => one.rows <= 3n && one.sum <= 300n)).toBe(true);
      expect(moved.filter((one) => one.rows > 0n).length).toBeLessThanOrEqual(2);
    }),
  );
});

const many: Contribution[] = Array.from({ length: 3000 }, (_, at) => ({
  entity: `person ${at}`,
  group: at % 3 === 0 ? 'south' : 'north',
  value: BigInt(at % 60),
}));

test('counts, sums and means lie near the truth, and groups without rows are told like others', () => {
  const terms = { groups, bounds, rho: decimal('0.5'), accounts: ['bank'] };
  const start = budgets({ bank: '10' });
  const counts = releaseCounts(start, terms, many, seededChance('counts'));
  const sums = releaseSums(counts.budgets, terms, many, seededChance('sums'));
  const means = releaseMeans(sums.budgets, terms, many, seededChance('means'));
  expect([...counts.groups.keys()]).toEqual(groups);
  // Deviations: sqrt(2 * 9) = 4.2 for counts, 424 for sums; six of them happen once in 5e8.
  expect(Math.abs(Number(counts.groups.get('north')) - 2000)).toBeLessThan(6 * 4.3);
  expect(Math.abs(Number(counts.groups.get('nobody')))).toBeLessThan(6 * 4.3);
  expect(Math.abs(Number(sums.groups.get('south')) - 28_500)).toBeLessThan(6 * 425);
  expect(Math.abs(toNumber(means.groups.get('north')!) - 29.75)).toBeLessThan(3);
  expect(means.budgets.get('bank')!.spent).toEqual(ratio(3n, 2n));
});

test('whoever is over budget is refused before a single number is drawn; all owners of a join pay or none', () => {
  const drawn: bigint[] = [];
  const watched: Chance = {
    below(limit) {
      drawn.push(limit);
      return 0n;
    },
  };
  let read = 0;
  const rows = {
    *[Symbol.iterator]() {
      read++;
      yield* many;
    },
  };
  const start = budgets({ bank: '1', tax: '0.3' });
  const terms = { groups, bounds, rho: decimal('0.4'), accounts: ['bank', 'tax'] };
  expect(() => releaseCounts(start, terms, rows, watched)).toThrow(/tax/);
  expect(() => releaseSums(start, { ...terms, accounts: ['bank', 'nobody'] }, rows, watched)).toThrow(/nobody/);
  expect(() => releaseMeans(start, { ...terms, accounts: [] }, rows, watched)).toThrow('somebody');
  expect({ drawn, read, spent: start.get('bank')!.spent }).toEqual({ drawn: [], read: 0, spent: ratio(0n) });
  const after = charge(start, [
    { account: 'bank', rho: decimal('0.3') },
    { account: 'tax', rho: decimal('0.3') },
  ]);
  expect([...after.values()].map(({ spent }) => spent)).toEqual([decimal('0.3'), decimal('0.3')]);
  // The same account twice in one release is charged twice.
  expect(() =>
    charge(start, [
      { account: 'tax', rho: decimal('0.2') },
      { account: 'tax', rho: decimal('0.2') },
    ]),
  ).toThrow('tax');
});

test('rho, epsilon and delta', () => {
  expect(rhoOfGaussian(4n, ratio(8n))).toEqual(ratio(1n, 4n));
  expect(varianceFor(4n, ratio(1n, 4n))).toEqual(ratio(8n));
  expect(rhoOfEpsilon(decimal('0.5'))).toEqual(ratio(1n, 8n));
  // 0.5 + 2 sqrt(0.5 ln 1e6), by hand.
  expect(epsilonOf(decimal('0.5'), 1e-6)).toBeCloseTo(5.756_52, 4);
  for (const epsilon of [0.01, 0.5, 1, 8]) {
    const rho = rhoFor(epsilon, 1e-9);
    expect(epsilonOf(rho, 1e-9)).toBeLessThanOrEqual(epsilon);
    expect(epsilonOf(plus(rho, ratio(1n, 100_000_000n)), 1e-9)).toBeGreaterThan(epsilon);
  }
  expect(exceeds(decimal('0.1'), ratio(1n, 10n))).toBe(false);
  expect(() => decimal('1e3')).toThrow('no decimal');
});

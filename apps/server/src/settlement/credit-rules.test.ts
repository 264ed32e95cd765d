import { expect, test } from 'vitest';
import { creditMilli, creditOf, creditRules, feeOfPeriod, periodBilled } from './credit-rules.ts';

const rules = creditRules(undefined);
const missed = (...percents: number[]) => percents.map((missedPercent) => ({ missedPercent }));

test.each([
  [[0.5], 5000],
  [[1], 5000],
  [[1.001], 10_000],
  // Beyond the table its last row; together no more than the most.
  [[400], 30_000],
  [[3, 0.2], 15_000],
  [[3, 3, 80], 30_000],
  [[], 0],
])('missed by %j: thousandths of a per cent %d', (percents, milli) => {
  expect(creditMilli(missed(...percents), rules)).toBe(milli);
});

const at = (day: string) => new Date(`2026-${day}T00:00:00+08:00`);
const statement = (
  id: string,
  from: string,
  until: string,
  totalFen: bigint,
  state: 'settled' | 'issued' = 'settled',
) => ({
  ...{ id, from: at(from), until: at(until), totalFen, state },
});
const july = { from: at('07-01'), until: at('08-01') };

test('a bill over more than the month is shared by time, rounded down; a price paid once by the term', () => {
  const two = [statement('a', '06-16', '07-16', 3001n), statement('b', '07-16', '08-16', 3100n)];
  expect(feeOfPeriod(two, july, null)).toEqual([
    { statement: 'a', fen: 1500n },
    { statement: 'b', fen: 1600n },
  ]);
  const once = [statement('c', '06-30', '07-01', 36_500n)];
  const year = { from: at('01-01'), until: new Date('2027-01-01T00:00:00+08:00') };
  expect(feeOfPeriod(once, july, year)).toEqual([{ statement: 'c', fen: 3100n }]);
  expect(feeOfPeriod(once, july, null)).toEqual([]);
  expect(creditOf(63n, 30_000)).toBe(18n);
});

test('nothing is given back of what is not billed and paid', () => {
  const open = { spread: null, closed: false };
  expect(periodBilled([], july, open)).toBe(false);
  expect(periodBilled([statement('a', '07-01', '07-20', 1n)], july, open)).toBe(false);
  expect(periodBilled([statement('a', '07-01', '08-01', 1n)], july, open)).toBe(true);
  expect(periodBilled([statement('a', '07-01', '08-01', 1n, 'issued')], july, open)).toBe(false);
  // Paid once, dated before the month; or closed with nothing billed in it.
  expect(periodBilled([statement('a', '06-01', '06-02', 1n)], july, { spread: july, closed: false })).toBe(true);
  expect(periodBilled([], july, { spread: null, closed: true })).toBe(true);
});

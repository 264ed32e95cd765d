import type { PricePlan } from '@shugu/ledger';
import { expect, test } from 'vitest';
import { cycleOf, lastCut, nextCut, statementNeeded, unbilled, useBound } from './rules.ts';

const at = (text: string) => new Date(`${text}+08:00`);

test.each([
  ['month', '2026-07-31T23:59:59', undefined],
  ['month', '2026-08-01T00:00:00', ['2026-07', '2026-08-01T00:00:00']],
  ['quarter', '2026-09-30T23:59:59', undefined],
  ['quarter', '2026-10-01T00:00:00', ['2026-07-01', '2026-10-01T00:00:00']],
  // The eighth of July 2026 is a Wednesday.
  ['week', '2026-07-12T23:59:59', undefined],
  ['week', '2026-07-13T00:00:00', ['2026-07-06', '2026-07-13T00:00:00']],
] as const)('a %s at %s', (cycle, now, expected) => {
  const cut = nextCut(at('2026-07-08T09:00:00'), at(now), cycle);
  expect(cut && [cut.key, cut.until]).toEqual(expected && [expected[0], at(expected[1])]);
});

test('missed cycles come one after the other, each once', () => {
  const keys: string[] = [];
  for (let from = at('2026-11-05T10:00:00'); ; ) {
    const cut = nextCut(from, at('2027-02-03T09:00:00'), 'month');
    if (!cut) break;
    keys.push(cut.key);
    from = cut.until;
  }
  expect(keys).toEqual(['2026-11', '2026-12', '2027-01']);
  expect(lastCut(at('2027-02-03T09:00:00'), 'month')).toEqual(at('2027-02-01T00:00:00'));
  expect(lastCut(at('2027-02-03T09:00:00'), 'quarter')).toEqual(at('2027-01-01T00:00:00'));
  expect([cycleOf('week'), cycleOf('fortnight'), cycleOf(undefined)]).toEqual(['week', 'month', 'month']);
});

test('nothing makes no statement, but at the end one stands, and a minimum is charged', () => {
  const plan: PricePlan = { kind: 'perCall', unitPrice: '1' as never };
  const minimum = { ...plan, minimumCharge: '5' as never };
  expect(statementNeeded(plan, { quantity: 0n, final: false, earlier: 0 })).toBe(false);
  expect(statementNeeded(plan, { quantity: 0n, final: true, earlier: 1 })).toBe(false);
  expect(statementNeeded(plan, { quantity: 0n, final: true, earlier: 0 })).toBe(true);
  expect(statementNeeded(plan, { quantity: 1n, final: false, earlier: 3 })).toBe(true);
  expect(statementNeeded(minimum, { quantity: 0n, final: false, earlier: 3 })).toBe(true);
  expect([unbilled(7n, 5n), unbilled(5n, 7n)]).toEqual([2n, 0n]);
});

test('use goes as far as was ordered, and no further than the money that is left', () => {
  const plan: PricePlan = { kind: 'perCall', unitPrice: '1.00' as never };
  const bound = (ordered: bigint, billed: bigint, unspentFen: bigint) =>
    useBound(plan, { ordered, billed, unspentFen })?.limit;
  expect(bound(10n, 0n, 1000n)).toBe(10);
  expect(bound(10n, 4n, 600n)).toBe(10);
  expect(bound(10n, 4n, 250n)).toBe(6);
  expect(bound(10n, 0n, 0n)).toBe(0);
  expect(useBound({ kind: 'oneOff', price: '1' as never }, { ordered: 1n, billed: 0n, unspentFen: 100n })).toBeNull();
  expect(useBound({ kind: 'perRow', unitPrice: '0' as never }, { ordered: 5n, billed: 0n, unspentFen: 0n })).toBeNull();
});

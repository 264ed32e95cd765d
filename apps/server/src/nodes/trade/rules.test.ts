import { parsePricePlan, rate } from '@shugu/ledger';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Difference, DifferenceKind, StatementLine } from '../model.ts';
import { compareLines, correctedLines, dueMonth, type HeldPurchase, reckonedTotal, totalOf } from './rules.ts';

const plan = parsePricePlan({ kind: 'perCall', unitPrice: '0.10' });
const purchase = (more: Partial<HeldPurchase> = {}): HeldPurchase => ({
  state: 'bought',
  plan,
  estimateFen: 100n,
  owedFen: 0n,
  closed: false,
  ...more,
});
const line = (statement: string, quantity: number, more: Partial<StatementLine> = {}): StatementLine => ({
  purchase: 'npu_a',
  statement,
  from: '2026-07-01T00:00:00Z',
  until: '2026-07-02T00:00:00Z',
  quantity: String(quantity),
  fen: rate(plan, BigInt(quantity)).amountFen.toString(),
  final: false,
  ...more,
});
const whys = (lines: StatementLine[], held = purchase(), before: string[] = []) =>
  compareLines(lines, new Map([['npu_a', held]]), new Set(before)).map(({ why, ours }) => [why, ours]);

describe('a statement of another node', () => {
  test('is owed where every line is what the bought plan makes of it, within what was frozen', () => {
    expect(whys([line('JS-1', 4), line('JS-2', 6, { final: true })])).toEqual([]);
  });

  test('may say that nothing more is owed, whatever the plan charges at least', () => {
    const least = purchase({ plan: parsePricePlan({ kind: 'perCall', unitPrice: '0.10', minimumCharge: '0.50' }) });
    expect(whys([line('ord_1', 0, { fen: '0', final: true })], least)).toEqual([]);
    expect(whys([line('JS-1', 0, { fen: '0' })], least)).toEqual([['amountDiffers', '50']]);
  });

  test('differs line by line, and says why', () => {
    expect(whys([line('JS-1', 4, { fen: '41' })])).toEqual([['amountDiffers', '40']]);
    expect(whys([line('JS-1', 4, { purchase: 'npu_b' })])).toEqual([['unknownPurchase', null]]);
    expect(whys([line('JS-1', 6), line('JS-2', 5)])).toEqual([['aboveHeld', '50']]);
    expect(whys([line('JS-1', 6)], purchase({ owedFen: 50n }))).toEqual([['aboveHeld', '60']]);
    expect(whys([line('JS-1', 1), line('JS-1', 1)])).toEqual([['statedBefore', '10']]);
    expect(whys([line('JS-1', 1)], purchase(), ['JS-1'])).toEqual([['statedBefore', '10']]);
    expect(whys([line('JS-1', 1, { final: true }), line('JS-2', 1)])).toEqual([['ended', '10']]);
    expect(whys([line('JS-1', 1)], purchase({ closed: true }))).toEqual([['ended', '10']]);
    for (const state of ['holding', 'negotiating', 'settled', 'failed'] as const)
      expect(whys([line('JS-1', 1)], purchase({ state }))).toEqual([['ended', '10']]);
  });

  test('never owes more than was frozen, whatever is said: what has no difference sums up within it', () => {
    const said = fc.array(fc.record({ quantity: fc.integer({ min: 0, max: 8 }), final: fc.boolean() }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(said, fc.bigInt({ min: 0n, max: 120n }), (all, estimateFen) => {
        const lines = all.map(({ quantity, final }, place) => line(`JS-${place}`, quantity, { final }));
        const wrong = new Set(
          compareLines(lines, new Map([['npu_a', purchase({ estimateFen })]]), new Set()).map(
            ({ statement }) => statement,
          ),
        );
        const right = lines.filter(({ statement }) => !wrong.has(statement));
        expect(totalOf(right)).toBeLessThanOrEqual(estimateFen);
        expect(right.filter(({ final }) => final).length).toBeLessThanOrEqual(1);
        // What was found right is right by itself.
        expect(whys(right, purchase({ estimateFen }))).toEqual([]);
      }),
    );
  });
});

describe('a correction', () => {
  const differing = (why: DifferenceKind | null, one: StatementLine) => ({
    ...one,
    difference:
      why &&
      ({ statement: one.statement, purchase: one.purchase, why, theirs: one.fen, ours: '7' } satisfies Difference),
  });

  test('says what is billed now, asks nothing for what is left out, and still closes a purchase', () => {
    const billed = [line('JS-1', 4), line('JS-2', 5), line('JS-3', 6, { final: true })];
    const before = [
      differing('amountDiffers', billed[0]!),
      differing('statedBefore', billed[1]!),
      differing('aboveHeld', billed[2]!),
    ];
    expect(correctedLines(before, billed, new Set())).toEqual(billed);
    const left = correctedLines(before, billed, new Set(['JS-2', 'JS-3']));
    expect(left).toEqual([billed[0], { ...billed[2], quantity: '0', fen: '0' }]);
    expect(whys(left)).toEqual([]);
    // What the debtor does not know it cannot close.
    expect(correctedLines([differing('unknownPurchase', billed[2]!)], billed, new Set(['JS-3']))).toEqual([]);
    expect(reckonedTotal([differing(null, billed[0]!), ...before])).toBe(40n + 7n);
  });

  test('by the calendar a month is due from its day on, and until then the one before', () => {
    const at = (text: string) => dueMonth(new Date(text), 5);
    expect(at('2026-07-05T00:00:00+08:00')).toBe('2026-07');
    expect(at('2026-07-04T23:59:59+08:00')).toBe('2026-06');
    expect(at('2026-01-01T00:00:00+08:00')).toBe('2025-12');
    expect(at('2026-03-31T12:00:00+08:00')).toBe('2026-03');
  });
});

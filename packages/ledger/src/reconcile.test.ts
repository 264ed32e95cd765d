import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BankLine,
  bankLinesOf,
  billWrittenOff,
  captured,
  depositSeen,
  holdPlaced,
  holdReleased,
  reconcile,
  split,
  splitPaid,
} from './index.ts';

const line = (reference: string, fen: bigint, more: Partial<BankLine> = {}): BankLine => ({
  day: '2026-03-01',
  account: 'b',
  reference,
  kind: 'deposit',
  fen,
  ...more,
});

test('equal sides match whatever their order', () => {
  const ours = [line('1', 5n), line('2', 6n), line('3', -1n, { kind: 'payout' })];
  const result = reconcile(ours, ours.toReversed());
  expect(result).toMatchObject({ ok: true, missingHere: [], missingThere: [], amountDiffers: [], differences: [] });
  expect(result.matched).toHaveLength(3);
});

test('every kind of difference is found and named', () => {
  const result = reconcile(
    [line('same', 1n), line('onlyUs', 2n), line('differs', 3n), line('day', 4n)],
    [
      line('same', 1n),
      line('same', 1n),
      line('differs', 5n),
      line('onlyThem', 6n),
      line('day', 4n, { day: '2026-03-02' }),
    ],
  );
  expect(result.ok).toBe(false);
  expect(result.missingHere.map(({ reference, day }) => [reference, day])).toEqual([
    ['same', '2026-03-01'],
    ['onlyThem', '2026-03-01'],
    ['day', '2026-03-02'],
  ]);
  expect(result.missingThere.map(({ reference }) => reference)).toEqual(['onlyUs', 'day']);
  expect(result.amountDiffers).toMatchObject([{ differenceFen: 2n, ours: { reference: 'differs' } }]);
  expect(result.differences).toEqual([
    { day: '2026-03-01', account: 'b', fen: 3n },
    { day: '2026-03-02', account: 'b', fen: 4n },
  ]);
});

test('accounts, kinds and days are apart; a frozen part is no difference of balance', () => {
  const ours = [line('1', 5n, { kind: 'freeze' })];
  for (const more of [{ account: 'c' }, { kind: 'unfreeze' }, { day: '2026-03-02' }] as const) {
    expect(reconcile(ours, [line('1', 5n, { kind: 'freeze', ...more })])).toMatchObject({
      ok: false,
      matched: [],
      differences: [],
    });
  }
});

test('ok exactly when both sides are equal as multisets', () => {
  const lines = fc.array(
    fc.record({
      reference: fc.constantFrom('1', '2'),
      fen: fc.constantFrom(1n, 2n),
      account: fc.constantFrom('b', 'c'),
    }),
    { maxLength: 6 },
  );
  const print = (side: BankLine[]) =>
    side
      .map(({ reference, fen, account }) => `${reference}/${fen}/${account}`)
      .sort()
      .join();
  fc.assert(
    fc.property(lines, lines, (a, b) => {
      const [ours, theirs] = [a, b].map((side) =>
        side.map(({ reference, fen, account }) => line(reference, fen, { account })),
      );
      const result = reconcile(ours!, theirs!);
      expect(result.ok).toBe(print(ours!) === print(theirs!));
      expect(result.matched.length + result.amountDiffers.length + result.missingThere.length).toBe(ours!.length);
      expect(result.matched.length + result.amountDiffers.length + result.missingHere.length).toBe(theirs!.length);
    }),
  );
});

test('our entries say what must stand at the bank', () => {
  const at = '2026-03-01T02:00:00Z';
  const context = (n: number) => ({ id: `e${n}`, key: `k${n}`, at, bankReference: `r${n}` });
  const purpose = { kind: 'order', id: 'o' } as const;
  const rule = {
    legs: [{ party: 's', role: 'supplier', share: { basisPoints: 10_000 } }],
    fee: { party: 'op', share: { basisPoints: 1_000 } },
  };
  const lines = bankLinesOf(
    [
      depositSeen(context(1), { member: 'b', fen: 100n }),
      holdPlaced(context(2), { member: 'b', purpose, fen: 60n }),
      captured(context(3), { buyer: 'b', order: 'o', fen: 50n }),
      splitPaid(context(4), { buyer: 'b', order: 'o', result: split(rule, 50n) }),
      holdReleased(context(5), { member: 'b', purpose, fen: 10n }),
      billWrittenOff(context(6), { buyer: 'b', order: 'o2', bill: 'm', fen: 20n, paid: 'custody' }),
    ],
    (entry) => entry.at.slice(0, 10),
  );
  expect(lines.map(({ reference, account, kind, fen }) => [reference, account, kind, fen])).toEqual([
    ['r1', 'b', 'deposit', 100n],
    ['r2', 'b', 'freeze', 60n],
    ['r4', 'b', 'transfer', -50n],
    ['r4', 's', 'transfer', 45n],
    ['r4', 'op', 'transfer', 5n],
    ['r5', 'b', 'unfreeze', -10n],
    ['r6', 'b', 'freeze', 20n],
  ]);
});

test('more lines than the limit are refused', () => {
  expect(() => reconcile(Array(200_001).fill(line('1', 1n)), [])).toThrow('reconciliation-invalid');
});

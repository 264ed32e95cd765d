import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accountId,
  advance,
  applyEntries,
  applyEntry,
  balanceOf,
  bankChargeSeen,
  billAgreed,
  billInvoiced,
  billWrittenOff,
  captured,
  captureReturned,
  checkEntry,
  contentOf,
  depositSeen,
  differenceResolved,
  directOwed,
  directProofFiled,
  type Entry,
  type EntryContext,
  emptyBooks,
  emptySnapshot,
  entryFromWire,
  entryToWire,
  feeTaken,
  holdPlaced,
  holdReleased,
  LedgerError,
  memberFunds,
  mergeBalances,
  noBalances,
  overdrawn,
  ownerOf,
  parseAccount,
  payoutPaid,
  post,
  reconciliationDifference,
  refundAsReversal,
  reverse,
  type SplitRule,
  settlementWays,
  snapshotFromWire,
  snapshotToWire,
  split,
  splitPaid,
  usageBilled,
} from './index.ts';

const context = (n: number | string, memo?: string): EntryContext => ({
  id: `e${n}`,
  key: `k${n}`,
  at: '2026-03-01T02:00:00Z',
  ...(memo !== undefined && { memo }),
});
const order = { kind: 'order', id: 'o1' } as const;
const rule: SplitRule = {
  legs: [
    { party: 's1', role: 'supplier', share: { basisPoints: 7_000 } },
    { party: 's2', role: 'rightsHolder', share: { basisPoints: 3_000 } },
  ],
  fee: { party: 'op', share: { basisPoints: 500 } },
};

/** A purchase through the bank: 100.00 deposited, 60.00 held, 50.01 used, the rest released, s1 pays itself out. */
function purchase(): Entry[] {
  return [
    depositSeen(context(1), { member: 'b', fen: 10_000n }),
    holdPlaced(context(2), { member: 'b', purpose: order, fen: 6_000n }),
    captured(context(3), { buyer: 'b', order: 'o1', fen: 5_001n }),
    splitPaid(context(4), { buyer: 'b', order: 'o1', result: split(rule, 5_001n) }),
    holdReleased(context(5), { member: 'b', purpose: order, fen: 999n }),
    payoutPaid(context(6), { member: 's1', fen: 3_000n }),
  ];
}

describe('custody', () => {
  test('a purchase leaves everybody what is theirs', () => {
    const balances = applyEntries(noBalances, purchase());
    expect(memberFunds(balances, 'b')).toEqual({ custody: 4_999n, available: 4_999n, held: 0n, due: 0n });
    expect(memberFunds(balances, 's1')).toEqual({ custody: 326n, available: 326n, held: 0n, due: 0n });
    expect(memberFunds(balances, 's2')).toEqual({ custody: 1_425n, available: 1_425n, held: 0n, due: 0n });
    expect(memberFunds(balances, 'op')).toEqual({ custody: 250n, available: 250n, held: 0n, due: 0n });
    expect(balanceOf(balances, accountId('feeIncome'))).toBe(-250n);
  });

  test('a full refund restores every balance but the bank reference trail', () => {
    const entries = purchase().slice(0, 4);
    const before = applyEntries(noBalances, entries);
    const refund = refundAsReversal(context(9), {
      buyer: 'b',
      order: 'o1',
      result: split(rule, 5_001n),
      reverses: 'e4',
    });
    const after = applyEntry(before, refund);
    expect(memberFunds(after, 'b')).toEqual({ custody: 10_000n, available: 9_001n, held: 999n, due: 0n });
    expect(memberFunds(after, 's1').custody).toBe(0n);
    expect(balanceOf(after, accountId('feeIncome'))).toBe(0n);
    expect(refund.reverses).toBe('e4');
  });

  test('holds of an order and of a dispute are apart', () => {
    const dispute = { kind: 'dispute', id: 'o1' } as const;
    const books = [
      depositSeen(context(1), { member: 'b', fen: 100n }),
      holdPlaced(context(2), { member: 'b', purpose: order, fen: 40n }),
      holdPlaced(context(3), { member: 'b', purpose: dispute, fen: 60n }),
    ].reduce(post, emptyBooks);
    expect(() => post(books, holdReleased(context(4), { member: 'b', purpose: dispute, fen: 61n }))).toThrow(
      'balance-below-zero',
    );
    expect(() => post(books, holdPlaced(context(5), { member: 'b', purpose: dispute, fen: 1n }))).toThrow(
      'balance-below-zero',
    );
    expect(holdPlaced(context(3), { member: 'b', purpose: dispute, fen: 60n })).toMatchObject({ dispute: 'o1' });
  });

  test('a parked difference follows the bank, then goes to the member', () => {
    const deposit = depositSeen(context(1), { member: 'b', fen: 100n });
    const parked = reconciliationDifference(context(2), { member: 'b', fen: 7n });
    const parkedBalances = applyEntries(noBalances, [deposit, parked]);
    expect(memberFunds(parkedBalances, 'b')).toMatchObject({ custody: 107n, available: 100n });
    const resolved = applyEntry(parkedBalances, differenceResolved(context(3), { member: 'b', fen: 7n }));
    expect(memberFunds(resolved, 'b')).toMatchObject({ custody: 107n, available: 107n });
  });

  test('fee apart, capture returned, bank charge', () => {
    const balances = applyEntries(noBalances, [
      ...purchase().slice(0, 3),
      feeTaken(context(7), { buyer: 'b', order: 'o1', operator: 'op', fen: 1_000n }),
      captureReturned(context(8), { buyer: 'b', order: 'o1', fen: 4_001n, reverses: 'e3' }),
      bankChargeSeen(context(9), { operator: 'op', fen: 5n }),
    ]);
    expect(memberFunds(balances, 'b')).toEqual({ custody: 9_000n, available: 8_001n, held: 999n, due: 0n });
    expect(memberFunds(balances, 'op').available).toBe(995n);
    expect(balanceOf(balances, accountId('bankCharge'))).toBe(5n);
  });
});

describe('the other two ways to settle', () => {
  test('direct: memo accounts only, closed by the proof', () => {
    const event = { buyer: 'b', supplier: 's', order: 'o1', fen: 500n };
    const entries = [directOwed(context(1), event), directProofFiled(context(2), event)];
    for (const { postings } of entries) {
      expect(postings.every(({ account }) => parseAccount(account).template.kind === 'memo')).toBe(true);
    }
    expect(applyEntries(noBalances, entries).size).toBe(0);
  });

  test('postpaid: bill, agreement with a lower amount, invoice, payment, write-off, split', () => {
    const bill = { buyer: 'b', order: 'o1', bill: 'm1' };
    const balances = applyEntries(noBalances, [
      usageBilled(context(1), { ...bill, fen: 1_000n }),
      billAgreed(context(2), { ...bill, fen: 1_000n, agreedFen: 900n }),
      billInvoiced(context(3), { ...bill, fen: 900n }),
      depositSeen(context(4), { member: 'b', fen: 900n }),
      billWrittenOff(context(5), { ...bill, fen: 900n, paid: 'custody' }),
      splitPaid(context(6), { buyer: 'b', order: 'o1', result: split(rule, 900n) }),
    ]);
    expect([...balances.keys()].filter((key) => /bill|agreed|invoiced|:b/i.test(key))).toEqual([]);
    expect(memberFunds(balances, 's1').available).toBe(599n);
  });

  test('a bill paid outside closes the claim and moves no money', () => {
    const entry = billWrittenOff(context(1), { buyer: 'b', order: 'o', bill: 'm', fen: 5n, paid: 'outside' });
    expect(entry.postings.map(({ account }) => ownerOf(account))).toEqual([null, null]);
  });

  test('the table of ways names the entries of a custody purchase, in order', () => {
    const listed = settlementWays
      .find(({ way }) => way === 'custody')!
      .entries.map((kind) => kind.replace(/[[\]]/g, ''));
    const places = purchase().map(({ kind }) => listed.indexOf(kind));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });
});

describe('what is never posted', () => {
  const valid = depositSeen(context(1), { member: 'b', fen: 5n });
  const custody = accountId('custody', 'b');
  test.each<[string, Partial<Entry>]>([
    ['entry-invalid', { postings: [] }],
    [
      'entry-invalid',
      {
        postings: [
          { account: custody, fen: 0n },
          { account: custody, fen: 0n },
        ],
      },
    ],
    [
      'entry-unbalanced',
      {
        postings: [
          { account: custody, fen: 5n },
          { account: accountId('available', 'b'), fen: -4n },
        ],
      },
    ],
    [
      'entry-unbalanced',
      {
        postings: [
          { account: custody, fen: 5n },
          { account: accountId('available', 'c'), fen: -5n },
        ],
      },
    ],
    [
      'entry-unbalanced',
      {
        postings: [
          { account: custody, fen: 5n },
          { account: accountId('available', 'b'), fen: -5n, currency: 'USD' },
        ],
      },
    ],
    [
      'account-invalid',
      {
        postings: [
          { account: 'cash', fen: 5n },
          { account: custody, fen: -5n },
        ],
      },
    ],
    [
      'amount-out-of-range',
      {
        postings: [
          { account: custody, fen: 10n ** 15n + 1n },
          { account: custody, fen: -(10n ** 15n) - 1n },
        ],
      },
    ],
    ['entry-invalid', { at: '2026-03-01' }],
    ['entry-invalid', { at: '2026-13-01T00:00:00Z' }],
    ['entry-invalid', { key: '' }],
    ['entry-invalid', { memo: 'x'.repeat(501) }],
    ['entry-invalid', { postings: Array.from({ length: 1_001 }, () => ({ account: custody, fen: 1n })) }],
  ])('%s: %#', (code, change) => {
    expect(() => checkEntry({ ...valid, ...change })).toThrow(expect.objectContaining({ code }));
  });

  test('events of nothing or less', () => {
    expect(() => depositSeen(context(1), { member: 'b', fen: 0n })).toThrow('amount-out-of-range');
    expect(() => holdPlaced(context(1), { member: 'b', purpose: order, fen: -1n })).toThrow('amount-out-of-range');
  });

  test('one key posts once; other content under it is a conflict', () => {
    const books = post(emptyBooks, valid);
    expect(post(books, { ...valid, id: 'retry', at: '2026-03-02T00:00:00Z' })).toBe(books);
    expect(() => post(books, { ...depositSeen(context(2), { member: 'b', fen: 6n }), key: valid.key })).toThrow(
      'entry-key-conflict',
    );
  });
});

test('account ids: reversible for any member id, one spelling only', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }), (member) => {
      fc.pre(member.isWellFormed() && encodeURIComponent(member).length <= 100);
      const id = accountId('held', member, 'order', member);
      expect(parseAccount(id).parts).toEqual([member, 'order', member]);
      expect(ownerOf(id)).toBe(member);
    }),
  );
  expect(() => accountId('custody', '\ud800')).toThrow('account-invalid');
  expect(() => accountId('custody', 'x'.repeat(400))).toThrow('account-invalid');
  for (const bad of ['', 'custody', 'custody:', 'custody:a:b', 'cash:a', 'custody:%61', 'custody:%', 'custody:甲']) {
    expect(() => parseAccount(bad)).toThrow('account-invalid');
  }
});

type Step = {
  kind: 'deposit' | 'hold' | 'release' | 'capture' | 'split' | 'payout' | 'refund';
  who: number;
  fen: bigint;
};
const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('deposit', 'hold', 'release', 'capture', 'split', 'payout', 'refund'),
    who: fc.nat(2),
    fen: fc.bigInt({ min: 1n, max: 5_000n }),
  }),
  { maxLength: 40 },
);
const members = ['b', 's1', 's2'];

function entryOf({ kind, who, fen }: Step, n: number): Entry {
  const member = members[who]!;
  const result = split(rule, fen);
  switch (kind) {
    case 'deposit':
      return depositSeen(context(n), { member, fen });
    case 'hold':
      return holdPlaced(context(n), { member, purpose: order, fen });
    case 'release':
      return holdReleased(context(n), { member, purpose: order, fen });
    case 'capture':
      return captured(context(n), { buyer: 'b', order: 'o1', fen });
    case 'split':
      return splitPaid(context(n), { buyer: 'b', order: 'o1', result });
    case 'payout':
      return payoutPaid(context(n), { member, fen });
    case 'refund':
      return refundAsReversal(context(n), { buyer: 'b', order: 'o1', result, reverses: 'e0' });
  }
}

test('any run of events: zero-sum, nobody below zero, available = bank − held − due; a refused one changes nothing', () => {
  fc.assert(
    fc.property(steps, (run) => {
      let books = emptyBooks;
      for (const [n, step] of run.entries()) {
        try {
          books = post(books, entryOf(step, n));
        } catch (error) {
          expect(error).toBeInstanceOf(LedgerError);
        }
        let sum = 0n;
        for (const fen of books.balances.values()) sum += fen;
        expect(sum).toBe(0n);
        expect(overdrawn(books.balances)).toEqual([]);
        for (const member of [...members, 'op']) {
          const funds = memberFunds(books.balances, member);
          expect(funds.available).toBe(funds.custody - funds.held - funds.due);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('reversal restores the balances; merge and snapshots agree with replay', () => {
  fc.assert(
    fc.property(steps, fc.nat(40), (run, cut) => {
      const entries = run.map(entryOf);
      const all = applyEntries(noBalances, entries);
      const undone = entries.toReversed().map((entry, n) => reverse(entry, context(`r${n}`)));
      expect(applyEntries(all, undone).size).toBe(0);
      const parts = [entries.slice(0, cut), entries.slice(cut)].map((half) => applyEntries(noBalances, half));
      expect(mergeBalances(parts[0]!, parts[1]!)).toEqual(all);
      const sequenced = entries.map((entry, n) => ({ sequence: n + 1, entry }));
      const snapshot = advance(emptySnapshot, sequenced.slice(0, cut));
      const stored = snapshotFromWire(JSON.parse(JSON.stringify(snapshotToWire(snapshot))));
      expect(advance(stored, sequenced.slice(cut))).toEqual({ sequence: entries.length, balances: all });
    }),
    { numRuns: 60 },
  );
  expect(() => advance(emptySnapshot, [{ sequence: 2, entry: purchase()[0]! }])).toThrow('sequence-gap');
});

test('a reversal is linked, and is not the same content as its original', () => {
  const [deposit] = purchase();
  const undone = reverse(deposit!, context('r'));
  expect(undone).toMatchObject({ kind: 'depositSeenReversed', reverses: 'e1' });
  expect(contentOf(undone)).not.toBe(contentOf(deposit!));
});

test('entries pass through JSON unchanged, and are checked on the way back', () => {
  for (const entry of purchase()) expect(entryFromWire(JSON.parse(JSON.stringify(entryToWire(entry))))).toEqual(entry);
  const wire = entryToWire(purchase()[0]!);
  const forged = { ...wire, postings: wire.postings.map((posting) => ({ ...posting, fen: '1' })) };
  expect(() => entryFromWire(forged)).toThrow('entry-unbalanced');
});

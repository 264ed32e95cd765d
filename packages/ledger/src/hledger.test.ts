import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  applyEntries,
  captured,
  depositSeen,
  type Entry,
  type EntryContext,
  formatYuan,
  holdPlaced,
  noBalances,
  split,
  splitPaid,
  toHledger,
} from './index.ts';

const context = (n: number, at: string, memo?: string): EntryContext => ({
  id: `e${n}`,
  key: `k:${n},x`,
  at,
  ...(memo !== undefined && { memo }),
});

/**
 * A reader of journals that shares nothing with the writer: transactions of "account␠␠amount CNY [= balance CNY]".
 * Fails on unbalanced transactions, undeclared accounts and false assertions, as hledger's strict check does.
 */
function readJournal(text: string): Map<string, number> {
  const balances = new Map<string, number>();
  const declared = new Set<string>();
  let open = 0;
  let day = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('account ')) declared.add(line.slice(8).split('  ;')[0]!);
    const head = /^(\d{4}-\d{2}-\d{2}) \* \(([^)]*)\) ([^;]+)$/.exec(line);
    if (head) {
      expect(open).toBe(0);
      expect(head[1]! >= day).toBe(true);
      day = head[1]!;
    }
    if (!line.startsWith('    ') || line.startsWith('    ;')) continue;
    const [account, rest] = line.trim().split(/ {2,}/);
    const amount = /^(-?\d+\.\d\d) CNY(?: = (-?\d+\.\d\d) CNY)?$/.exec(rest!)!;
    expect(declared).toContain(account);
    const fen = Math.round(Number(amount[1]) * 100);
    open += fen;
    const balance = (balances.get(account!) ?? 0) + fen;
    balances.set(account!, balance);
    if (amount[2] !== undefined) expect(balance).toBe(Math.round(Number(amount[2]) * 100));
  }
  expect(open).toBe(0);
  return balances;
}

const odd = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
  fc.constantFrom('a  b', ' *x', '(v)', '[w]', ';c', '甲 公司', '甲\u3000公司', '甲：乙', '\t', 'did:web:a'),
);
const instants = fc
  .integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 11, 31) })
  .map((ms) => new Date(ms).toISOString());

test('an independent reader gets the same balances, whatever names and memos hold', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ member: odd, fen: fc.bigInt({ min: 1n, max: 10n ** 10n }), at: instants, memo: odd }), {
        minLength: 1,
        maxLength: 20,
      }),
      (deposits) => {
        fc.pre(deposits.every(({ member }) => member.isWellFormed()));
        const entries: Entry[] = deposits.flatMap(({ member, fen, at, memo }, n) => [
          depositSeen(context(2 * n, at, memo), { member, fen }),
          holdPlaced(context(2 * n + 1, at), { member, purpose: { kind: 'order', id: 'o' }, fen }),
        ]);
        const ours = applyEntries(noBalances, entries);
        const theirs = readJournal(toHledger(entries));
        const sorted = (values: Iterable<number>) => [...values].filter((each) => each !== 0).sort((a, b) => a - b);
        expect(sorted(theirs.values())).toEqual(sorted([...ours.values()].map(Number)));
      },
    ),
    { numRuns: 60 },
  );
});

test('a small journal, to the letter', () => {
  const entries = [
    depositSeen(context(1, '2026-03-01T16:30:00Z'), { member: '甲公司', fen: 1_234n }),
    holdPlaced(context(2, '2026-03-01T15:59:59Z', '冻结 ; 订单'), {
      member: '甲公司',
      purpose: { kind: 'order', id: 'o1' },
      fen: 1_000n,
    }),
  ];
  expect(toHledger(entries)).toBe(`commodity 1000.00 CNY
account 负债:可用余额:甲公司  ; type:L
account 资产:存管子账户:甲公司  ; type:A
account 负债:冻结:甲公司:order:o1  ; type:L

2026-03-01 * (e2) 冻结 ； 订单
    ; kind:holdPlaced, key:k：2，x
    负债:可用余额:甲公司  10.00 CNY
    负债:冻结:甲公司:order:o1  -10.00 CNY = -10.00 CNY

2026-03-02 * (e1) 入金
    ; kind:depositSeen, key:k：1，x
    资产:存管子账户:甲公司  12.34 CNY = 12.34 CNY
    负债:可用余额:甲公司  -12.34 CNY = -2.34 CNY
`);
});

test.each([';', '*', '! ', '(', '[', ' ', '\t;', ''])(
  "a caller's name that begins with %j is still an account",
  (start) => {
    const entries = [depositSeen(context(1, '2026-03-01T00:00:00Z'), { member: 'a', fen: 5n })];
    const text = toHledger(entries, { accountName: (account) => `${start}${start === '' ? '' : account}` });
    expect([...readJournal(text).values()]).toEqual([5, -5]);
    expect(text).not.toMatch(/^ {4}[*!([]/m);
  },
);

test("names are the caller's, and two alike stay apart", () => {
  const entries = ['a', 'b'].map((member, n) => depositSeen(context(n, '2026-03-01T00:00:00Z'), { member, fen: 5n }));
  const balances = readJournal(
    toHledger(entries, { accountName: (account) => account.split(':')[0]!, dayOf: () => '2026-03-01' }),
  );
  expect([...balances.keys()]).toEqual(['custody', 'available', 'custody~2', 'available~2']);
});

test('an entry that posts twice to one account asserts only at the last', () => {
  const rule = {
    legs: [
      { party: 's1', role: 'supplier', share: { basisPoints: 5_000 } },
      { party: 's2', role: 'supplier', share: { basisPoints: 5_000 } },
    ],
  };
  const at = '2026-03-01T00:00:00Z';
  const text = toHledger([
    depositSeen(context(1, at), { member: 'b', fen: 301n }),
    holdPlaced(context(2, at), { member: 'b', purpose: { kind: 'order', id: 'o' }, fen: 301n }),
    captured(context(3, at), { buyer: 'b', order: 'o', fen: 301n }),
    splitPaid(context(4, at), { buyer: 'b', order: 'o', result: split(rule, 301n) }),
  ]);
  expect(readJournal(text).get('资产:存管子账户:s1')).toBe(151);
  expect(text.match(/资产:存管子账户:b {2}.* = /g)).toHaveLength(1);
  expect(text).toContain(`资产:存管子账户:b  ${formatYuan(-150n)} CNY = 0.00 CNY`);
});

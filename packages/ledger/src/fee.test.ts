/** Fees owed, paid, reversed and given back in any order, against books of four numbers. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  accountId,
  type Books,
  balanceOf,
  depositSeen,
  directOwed,
  directProofFiled,
  directRefunded,
  directRefundOwed,
  type Entry,
  type EntryContext,
  emptyBooks,
  feeCharged,
  feePaid,
  feeReturned,
  feeReversed,
  memberFunds,
  overdrawn,
  payoutPaid,
  post,
  toHledger,
} from './index.ts';

const deposit = 100_000n;
const deal = { member: 's', order: 'o1', statement: 'm1' };
const receivable = (books: Books) => balanceOf(books.balances, accountId('feeReceivable', 's', 'm1'));
const returnable = (books: Books) => -balanceOf(books.balances, accountId('feeReturnable', 's', 'm1'));

/** `start` reads what is owed; `arrive` is the bank's word on it, perhaps after a refund came between. */
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('reverse' as const), fen: fc.bigInt({ min: 1n, max: 600n }) }),
    fc.record({ do: fc.constantFrom('start' as const, 'arrive' as const, 'giveBack' as const), fen: fc.constant(0n) }),
  ),
  { maxLength: 30 },
);

test('no order of charge, payment, refund and return leaves a negative or a lost fen', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 1_000n }), steps, (charged, run) => {
      let n = 0;
      const next = (): EntryContext => {
        n += 1;
        return { id: `e${n}`, key: `k${n}`, at: '2026-03-01T02:00:00Z' };
      };
      const entries: Entry[] = [];
      let books = emptyBooks;
      const take = (entry: Entry) => {
        entries.push(entry);
        books = post(books, entry);
      };
      const own = { charged, reversed: 0n, paid: 0n, returned: 0n, underWay: 0n };
      const giveBack = () => {
        const fen = returnable(books);
        if (fen === 0n) return;
        take(feeReturned(next(), { ...deal, fen, operator: 'op' }));
        own.returned += fen;
      };
      const arrive = () => {
        if (own.underWay === 0n) return;
        take(feePaid(next(), { ...deal, fen: own.underWay, operator: 'op', owedFen: receivable(books) }));
        own.paid += own.underWay;
        own.underWay = 0n;
      };
      take(depositSeen(next(), { member: 's', fen: deposit }));
      take(feeCharged(next(), { ...deal, fen: charged }));
      for (const step of run) {
        if (step.do === 'start' && own.underWay === 0n) own.underWay = receivable(books);
        if (step.do === 'arrive') arrive();
        if (step.do === 'giveBack') giveBack();
        const left = own.charged - own.reversed;
        const fen = step.fen < left ? step.fen : left;
        if (step.do === 'reverse' && fen > 0n) {
          take(feeReversed(next(), { ...deal, fen, owedFen: receivable(books), reverses: 'e2' }));
          own.reversed += fen;
        }
        expect([...books.balances.values()].reduce((sum, one) => sum + one, 0n)).toBe(0n);
        expect(overdrawn(books.balances)).toEqual([]);
        expect(receivable(books) - returnable(books)).toBe(own.charged - own.reversed - own.paid + own.returned);
        expect(receivable(books) === 0n || returnable(books) === 0n).toBe(true);
        expect(-balanceOf(books.balances, accountId('feeIncome'))).toBe(own.charged - own.reversed);
        expect(balanceOf(books.balances, accountId('operatorContra'))).toBe(own.paid - own.returned);
      }
      // At rest the operator has what it earned, less what is still owed to it, and the member has all else.
      arrive();
      giveBack();
      const kept = own.charged - own.reversed - receivable(books);
      expect(memberFunds(books.balances, 'op').available).toBe(kept);
      expect(memberFunds(books.balances, 's').available).toBe(deposit - kept);
      expect(toHledger(entries)).toContain('资产:应收服务费:s:m1');
    }),
  );
});

test('what the operator no longer has cannot be given back, and more than is owed back cannot either', () => {
  const context = (n: number): EntryContext => ({ id: `e${n}`, key: `k${n}`, at: '2026-03-01T02:00:00Z' });
  const books = [
    depositSeen(context(1), { member: 's', fen: 500n }),
    feeCharged(context(2), { ...deal, fen: 100n }),
    feePaid(context(3), { ...deal, fen: 100n, operator: 'op', owedFen: 100n }),
    feeReversed(context(4), { ...deal, fen: 40n, owedFen: 0n, reverses: 'e2' }),
  ].reduce(post, emptyBooks);
  expect(() => post(books, feeReturned(context(5), { ...deal, fen: 41n, operator: 'op' }))).toThrow(
    'balance-below-zero',
  );
  const without = post(books, payoutPaid(context(6), { member: 'op', fen: 100n }));
  expect(() => post(without, feeReturned(context(7), { ...deal, fen: 40n, operator: 'op' }))).toThrow(
    'balance-below-zero',
  );
  expect(() => feeCharged(context(8), { ...deal, fen: 0n })).toThrow('amount-out-of-range');
});

test('a direct refund is the claim the other way round, closed by the buyer', () => {
  const context = (n: number): EntryContext => ({ id: `e${n}`, key: `k${n}`, at: '2026-03-01T02:00:00Z' });
  const paid = { buyer: 'b', supplier: 's', order: 'o1', fen: 500n };
  const refund = { ...paid, fen: 200n };
  const open = [
    directOwed(context(1), paid),
    directProofFiled(context(2), paid),
    directRefundOwed(context(3), refund),
  ].reduce(post, emptyBooks);
  expect(balanceOf(open.balances, accountId('directOwed', 's', 'o1'))).toBe(200n);
  expect(post(open, directRefunded(context(4), refund)).balances.size).toBe(0);
});

import { accountId } from './accounts.ts';
import type { Entry, EntryContext, Posting } from './entry.ts';
import { build, move, positive, transfer } from './event.ts';
import type { Fen } from './fen.ts';

/**
 * The service fee where the parties settle the price themselves: no money of the price passes the bank, so the fee becomes the
 * operator's claim against the member, paid out of the member's sub-account. Claim and debt are kept per statement.
 */

export interface FeeEvent {
  member: string;
  order: string;
  statement: string;
  fen: Fen;
}

const receivable = ({ member, statement }: FeeEvent) => accountId('feeReceivable', member, statement);
const returnable = ({ member, statement }: FeeEvent) => accountId('feeReturnable', member, statement);
const purposeOf = ({ order }: FeeEvent) => ({ kind: 'order', id: order }) as const;

/** What reaches the claim lessens it to nothing and no further; the rest is owed to the member. */
function lessened(event: FeeEvent, owedFen: Fen): Posting[] {
  const claim = event.fen < owedFen ? event.fen : owedFen;
  return [
    { account: receivable(event), fen: -claim },
    { account: returnable(event), fen: claim - event.fen },
  ];
}

/** The price was confirmed as paid: the fee on it is earned, and owed. */
export function feeCharged(context: EntryContext, event: FeeEvent): Entry {
  return build(context, {
    kind: 'feeCharged',
    memo: '平台服务费应收',
    postings: move(receivable(event), accountId('feeIncome'), positive(event.fen)),
    purpose: purposeOf(event),
  });
}

/** The bank moved the fee from the member's sub-account to the operator's. `owedFen`: what the claim still comes to. */
export function feePaid(context: EntryContext, event: FeeEvent & { operator: string; owedFen: Fen }): Entry {
  const { member, operator, fen, owedFen } = event;
  const from = { member, account: accountId('available', member) };
  return build(context, {
    kind: 'feePaid',
    memo: '平台服务费收款',
    postings: [
      ...transfer(from, operator, positive(fen)),
      { account: accountId('operatorContra'), fen },
      ...lessened(event, owedFen),
    ],
    purpose: purposeOf(event),
  });
}

/** Part of the price was taken back, and the fee on it with it. What was paid of it already is owed to the member. */
export function feeReversed(context: EntryContext, event: FeeEvent & { owedFen: Fen; reverses: string }): Entry {
  return build(context, {
    kind: 'feeReversed',
    memo: '平台服务费冲减',
    postings: [{ account: accountId('feeIncome'), fen: positive(event.fen) }, ...lessened(event, event.owedFen)],
    purpose: purposeOf(event),
    reverses: event.reverses,
  });
}

/** The bank moved back what was paid too much. */
export function feeReturned(context: EntryContext, event: FeeEvent & { operator: string }): Entry {
  const { member, operator, fen } = event;
  return build(context, {
    kind: 'feeReturned',
    memo: '平台服务费退还',
    postings: [
      ...transfer({ member: operator, account: accountId('available', operator) }, member, positive(fen)),
      ...move(returnable(event), accountId('operatorContra'), fen),
    ],
    purpose: purposeOf(event),
  });
}

import { accountId } from './accounts.ts';
import type { Entry, EntryContext, Posting } from './entry.ts';
import type { HoldPurpose } from './event.ts';
import { build, move, positive, transfer } from './event.ts';
import type { Fen } from './fen.ts';
import type { SplitResult } from './split.ts';

/**
 * Business events of the mirror ledger of a custodian bank (存管银行). Each builder returns a checked, balanced entry.
 * They are posted when the bank has *confirmed* the step, so that the mirror never runs ahead of the money.
 */

const custody = (member: string) => accountId('custody', member);
const available = (member: string) => accountId('available', member);
const due = (member: string, order: string) => accountId('due', member, order);
const held = (member: string, purpose: HoldPurpose) => accountId('held', member, purpose.kind, purpose.id);

/** The bank saw money arrive in a member's sub-account (入金). */
export function depositSeen(context: EntryContext, { member, fen }: { member: string; fen: Fen }): Entry {
  return build(context, {
    kind: 'depositSeen',
    memo: '入金',
    postings: move(custody(member), available(member), positive(fen)),
  });
}

interface HoldEvent {
  member: string;
  purpose: HoldPurpose;
  fen: Fen;
}

/** The bank froze part of a member's balance (冻结). */
export function holdPlaced(context: EntryContext, { member, purpose, fen }: HoldEvent): Entry {
  return build(context, {
    kind: 'holdPlaced',
    memo: '冻结',
    postings: move(available(member), held(member, purpose), positive(fen)),
    purpose,
  });
}

/** The bank released a hold, wholly or in part (解冻). */
export function holdReleased(context: EntryContext, { member, purpose, fen }: HoldEvent): Entry {
  return build(context, {
    kind: 'holdReleased',
    memo: '解冻',
    postings: move(held(member, purpose), available(member), positive(fen)),
    purpose,
  });
}

interface OrderEvent {
  buyer: string;
  order: string;
  fen: Fen;
}

/** An accepted statement turns held money of the buyer into money due to the parties. It still lies in the buyer's sub-account. */
export function captured(context: EntryContext, { buyer, order, fen }: OrderEvent): Entry {
  const purpose: HoldPurpose = { kind: 'order', id: order };
  return build(context, {
    kind: 'captured',
    memo: '确认应付',
    postings: move(held(buyer, purpose), due(buyer, order), positive(fen)),
    purpose,
  });
}

/** The buyer pays without a hold before it, as after an invoice: available money becomes due. */
export function capturedFromAvailable(context: EntryContext, { buyer, order, fen }: OrderEvent): Entry {
  return build(context, {
    kind: 'capturedFromAvailable',
    memo: '付款确认',
    postings: move(available(buyer), due(buyer, order), positive(fen)),
    purpose: { kind: 'order', id: order },
  });
}

/** Income is recognised beside the money, so that the operator's own sub-account stays one like any other. */
function recognised(fen: Fen): Posting[] {
  return move(accountId('operatorContra'), accountId('feeIncome'), fen);
}

interface SplitEvent {
  buyer: string;
  order: string;
  result: SplitResult;
}

/** The bank carried out the split of captured money to all parties, the fee included (分账). */
export function splitPaid(context: EntryContext, { buyer, order, result }: SplitEvent): Entry {
  const from = { member: buyer, account: due(buyer, order) };
  positive(result.totalFen);
  return build(context, {
    kind: 'splitPaid',
    memo: '分账',
    postings: [...result.parts.flatMap((part) => transfer(from, part.party, part.fen)), ...feePostings(from, result)],
    purpose: { kind: 'order', id: order },
  });
}

function feePostings(from: { member: string; account: string }, result: SplitResult): Posting[] {
  if (result.feeFen === 0n || result.feeParty === null) return [];
  return [...transfer(from, result.feeParty, result.feeFen), ...recognised(result.feeFen)];
}

/** A service fee taken alone out of captured money, for a market that settles its fee apart from the split. */
export function feeTaken(context: EntryContext, event: OrderEvent & { operator: string }): Entry {
  const { buyer, order, operator, fen } = event;
  const from = { member: buyer, account: due(buyer, order) };
  return build(context, {
    kind: 'feeTaken',
    memo: '平台服务费',
    postings: [...transfer(from, operator, positive(fen)), ...recognised(fen)],
    purpose: { kind: 'order', id: order },
  });
}

/** The bank paid a member's available money out to its own account elsewhere (出金/划付). */
export function payoutPaid(context: EntryContext, { member, fen }: { member: string; fen: Fen }): Entry {
  return build(context, {
    kind: 'payoutPaid',
    memo: '出金',
    postings: move(available(member), custody(member), positive(fen)),
  });
}

/**
 * A refund is the payment taken back, never a payment of its own: `result` says who returns how much (`refundOf`),
 * the fee with it. Parties must still have the money available; if not, `post` refuses and a claim remains outside.
 */
export function refundAsReversal(context: EntryContext, event: SplitEvent & { reverses: string }): Entry {
  const { buyer, order, result, reverses } = event;
  positive(result.totalFen);
  const back = (party: string, fen: Fen) => transfer({ member: party, account: available(party) }, buyer, fen);
  const fee = result.feeParty === null || result.feeFen === 0n ? [] : back(result.feeParty, result.feeFen);
  const unrecognised = fee.length === 0 ? [] : recognised(-result.feeFen);
  return build(context, {
    kind: 'refunded',
    memo: '退款',
    postings: [...result.parts.flatMap((part) => back(part.party, part.fen)), ...fee, ...unrecognised],
    purpose: { kind: 'order', id: order },
    reverses,
  });
}

/** A capture undone before the split, wholly or in part: the money becomes available to the buyer again. */
export function captureReturned(context: EntryContext, event: OrderEvent & { reverses: string }): Entry {
  const { buyer, order, fen, reverses } = event;
  return build(context, {
    kind: 'captureReturned',
    memo: '退回',
    postings: move(due(buyer, order), available(buyer), positive(fen)),
    purpose: { kind: 'order', id: order },
    reverses,
  });
}

/** The bank charged the operator's own sub-account (银行手续费). */
export function bankChargeSeen(context: EntryContext, { operator, fen }: { operator: string; fen: Fen }): Entry {
  return build(context, {
    kind: 'bankChargeSeen',
    memo: '银行手续费',
    postings: [
      ...move(available(operator), custody(operator), positive(fen)),
      ...move(accountId('bankCharge'), accountId('operatorContra'), fen),
    ],
  });
}

/**
 * The bank's balance differs from ours and nobody knows why yet: the mirror follows the bank, the difference is parked.
 * `fen` > 0: the bank has more than we thought. While a difference stands, payouts stop (the caller's rule).
 */
export function reconciliationDifference(context: EntryContext, { member, fen }: { member: string; fen: Fen }): Entry {
  return build(context, {
    kind: 'reconciliationDifference',
    memo: '对账差异挂账',
    postings: move(custody(member), accountId('difference', member), fen),
  });
}

/** A parked difference is explained: it belongs to the member (fen > 0 adds to what is available). */
export function differenceResolved(context: EntryContext, { member, fen }: { member: string; fen: Fen }): Entry {
  return build(context, {
    kind: 'differenceResolved',
    memo: '对账差异处理',
    postings: move(accountId('difference', member), available(member), fen),
  });
}

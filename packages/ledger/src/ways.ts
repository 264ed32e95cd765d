import { accountId } from './accounts.ts';
import type { Entry, EntryContext } from './entry.ts';
import { build, move, positive } from './event.ts';
import type { Fen } from './fen.ts';

/** How an order is settled; chosen per order and frozen with it. */
export type SettlementWay = 'custody' | 'direct' | 'postpaid';

export interface SettlementWayRow {
  way: SettlementWay;
  zh: string;
  en: string;
  /** Kinds of entries in the order they are normally made; a step in brackets is optional. */
  entries: readonly string[];
  /** Whether the exchange's books show the price as money, or only note what the parties tell of it. */
  money: boolean;
}

export const settlementWays: readonly SettlementWayRow[] = [
  {
    way: 'custody',
    zh: '存管结算',
    en: 'Through the custodian bank, frozen before delivery',
    entries: ['depositSeen', 'holdPlaced', 'captured', 'splitPaid', '[holdReleased]', '[refunded]', 'payoutPaid'],
    money: true,
  },
  {
    way: 'direct',
    zh: '双方自行结算',
    en: 'The parties settle themselves and file the proof of payment',
    entries: ['directOwed', 'directProofFiled', 'feeCharged', 'feePaid', '[directRefundOwed]', '[directRefunded]'],
    money: false,
  },
  {
    way: 'postpaid',
    zh: '先用后付',
    en: 'Usage bill, reconciliation, invoice, payment, write-off, split',
    entries: ['usageBilled', 'billAgreed', 'billInvoiced', 'depositSeen', 'billWrittenOff', 'splitPaid', 'payoutPaid'],
    money: true,
  },
];

interface DirectEvent {
  buyer: string;
  supplier: string;
  order: string;
  fen: Fen;
}

/** Direct: one side owes the other so much more of an order, or so much less. Memo accounts only: none of it passes the exchange. */
function owing(
  context: EntryContext,
  about: { kind: Entry['kind']; memo: string; change: 'more' | 'less' },
  { debtor, creditor, order, fen }: { debtor: string; creditor: string; order: string; fen: Fen },
): Entry {
  const { kind, memo, change } = about;
  const [owed, claim] = [accountId('directOwed', debtor, order), accountId('directClaim', creditor, order)];
  const postings = change === 'more' ? move(owed, claim, positive(fen)) : move(claim, owed, positive(fen));
  return build(context, { kind, memo, postings, purpose: { kind: 'order', id: order } });
}
const ofPrice = ({ buyer, supplier, ...deal }: DirectEvent) => ({ ...deal, debtor: buyer, creditor: supplier });
const ofRefund = ({ buyer, supplier, ...deal }: DirectEvent) => ({ ...deal, debtor: supplier, creditor: buyer });

/** Direct: what the contract obliges the buyer to pay. */
export const directOwed = (context: EntryContext, deal: DirectEvent): Entry =>
  owing(context, { kind: 'directOwed', memo: '自行结算应付', change: 'more' }, ofPrice(deal));

/** Direct: proof of a payment was filed (付款凭证); what it proves is noted as settled. */
export const directProofFiled = (context: EntryContext, deal: DirectEvent): Entry =>
  owing(context, { kind: 'directProofFiled', memo: '付款凭证备案', change: 'less' }, ofPrice(deal));

/** Direct: a refund was agreed on, or decided; the supplier owes the buyer so much of the price. */
export const directRefundOwed = (context: EntryContext, deal: DirectEvent): Entry =>
  owing(context, { kind: 'directRefundOwed', memo: '自行结算应退', change: 'more' }, ofRefund(deal));

/** Direct: the buyer says that the refund arrived. */
export const directRefunded = (context: EntryContext, deal: DirectEvent): Entry =>
  owing(context, { kind: 'directRefunded', memo: '确认收到退款', change: 'less' }, ofRefund(deal));

interface BillEvent {
  buyer: string;
  order: string;
  bill: string;
  fen: Fen;
}

/** Postpaid 1: a usage bill of a cycle was sent (出账). */
export function usageBilled(context: EntryContext, { buyer, order, bill, fen }: BillEvent): Entry {
  return build(context, {
    kind: 'usageBilled',
    memo: '用量出账',
    postings: move(accountId('billed', buyer, bill), accountId('billClaim', buyer, bill), positive(fen)),
    purpose: { kind: 'order', id: order },
  });
}

/** Postpaid 2: both sides reconciled the bill (对账). `agreedFen` may differ from what was billed, in both directions. */
export function billAgreed(context: EntryContext, event: BillEvent & { agreedFen: Fen }): Entry {
  const { buyer, order, bill, fen, agreedFen } = event;
  return build(context, {
    kind: 'billAgreed',
    memo: '对账确认',
    postings: [
      { account: accountId('agreed', buyer, bill), fen: agreedFen },
      { account: accountId('billed', buyer, bill), fen: -positive(fen) },
      { account: accountId('billClaim', buyer, bill), fen: fen - agreedFen },
    ],
    purpose: { kind: 'order', id: order },
  });
}

/** Postpaid 3: the supplier invoiced what was agreed (开票); the number of the invoice belongs in the memo. */
export function billInvoiced(context: EntryContext, { buyer, order, bill, fen }: BillEvent): Entry {
  return build(context, {
    kind: 'billInvoiced',
    memo: '开票',
    postings: move(accountId('invoiced', buyer, bill), accountId('agreed', buyer, bill), positive(fen)),
    purpose: { kind: 'order', id: order },
  });
}

/**
 * Postpaid 4 and 5: a payment is written off against the invoice (核销). Paid into the buyer's sub-account, the money
 * becomes due for the split in the same entry; paid elsewhere (`outside`), only the claim is closed.
 */
export function billWrittenOff(
  context: EntryContext,
  { buyer, order, bill, fen, paid }: BillEvent & { paid: 'custody' | 'outside' },
): Entry {
  const claim = move(accountId('billClaim', buyer, bill), accountId('invoiced', buyer, bill), positive(fen));
  const money = paid === 'outside' ? [] : move(accountId('available', buyer), accountId('due', buyer, order), fen);
  return build(context, {
    kind: 'billWrittenOff',
    memo: '核销',
    postings: [...claim, ...money],
    purpose: { kind: 'order', id: order },
  });
}

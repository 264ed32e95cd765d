/** Where the parties settle themselves: the service fee that the supplier owes, and refunds that both sides agree on. */
import { z } from 'zod';
import { day, fen, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { refund } from './settlement-desk.ts';
import { orderId, party, positiveFen, reason, refundId, statementId } from './settlement-nouns.ts';

export const feeStates = ['owed', 'paying', 'paid', 'reversed'] as const;
export const fee = z.object({
  statement: statementId,
  number: z.string().describe('of the statement'),
  order: orderId,
  member: party.describe('who owes it'),
  charged: fen,
  reversed: fen.describe('taken back with refunds of the price'),
  paid: fen,
  returned: fen.describe('given back of what was paid'),
  owed: fen.describe('still to pay'),
  returnable: fen.describe('still to give back to the member'),
  dueOn: day,
  overdue: z.boolean(),
  state: z.enum(feeStates),
  createdAt: time,
  finishedAt: time.nullable(),
});
export const listFees = endpoint({
  id: 'settlement.fee.list',
  method: 'GET',
  path: '/api/settlement/fees',
  summary: { zh: '服务费应收应付', en: 'Service fees that your organisation owes, or all for the desk' },
  permission: 'settlement.account.read',
  query: pageQuery.extend({ state: z.enum(feeStates).optional(), overdue: z.enum(['true']).optional() }),
  reply: page(fee),
});

export const askRefund = endpoint({
  id: 'settlement.refund.ask',
  method: 'POST',
  path: '/api/settlement/statements/:id/refunds',
  summary: { zh: '提出退款（双方自行结算）', en: 'Ask for, or offer, a refund, when the parties settle themselves' },
  permission: 'settlement.bill.confirm',
  params: z.object({ id: statementId }),
  body: z.object({ amountFen: positiveFen, reason }).strict(),
  reply: refund,
  status: 201,
});
const refundParams = z.object({ id: refundId });
export const agreeRefund = endpoint({
  id: 'settlement.refund.agree',
  method: 'POST',
  path: '/api/settlement/refunds/:id/agree',
  summary: { zh: '同意退款', en: 'Agree to a refund that the other side asked for' },
  permission: 'settlement.bill.confirm',
  params: refundParams,
  body: z.object({}).strict(),
  reply: refund,
});
export const declineRefund = endpoint({
  id: 'settlement.refund.decline',
  method: 'POST',
  path: '/api/settlement/refunds/:id/decline',
  summary: { zh: '不同意或撤回退款', en: 'Decline a refund, or take back one’s own request' },
  permission: 'settlement.bill.confirm',
  params: refundParams,
  body: z.object({ reason }).strict(),
  reply: refund,
});
export const receiveRefund = endpoint({
  id: 'settlement.refund.receive',
  method: 'POST',
  path: '/api/settlement/refunds/:id/receive',
  summary: { zh: '确认是否收到退款', en: 'Say whether the refund arrived' },
  permission: 'settlement.bill.confirm',
  params: refundParams,
  body: z
    .object({ received: z.boolean().default(true).describe('false needs a reason'), reason: reason.optional() })
    .strict(),
  reply: refund,
});
export const repayRefund = endpoint({
  id: 'settlement.refund.repay',
  method: 'POST',
  path: '/api/settlement/refunds/:id/repay',
  summary: { zh: '登记已退还款项', en: 'Say on which day the refund was paid back' },
  permission: 'settlement.bill.confirm',
  params: refundParams,
  body: z.object({ paidOn: day }).strict(),
  reply: refund,
});

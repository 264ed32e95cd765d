/** Sub-accounts at the custodian bank, statements, bills; the rest of settlement stands in settlement-desk.ts. Amounts are fen as decimal strings. */
import { z } from 'zod';
import { bilingual, day, decimal, digest, fen, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { acceptCredit, contestCredit, listCredits, readCredit } from './settlement-credits.ts';
import {
  approveDifference,
  approvePayout,
  approveRefund,
  checkPayout,
  listDifferences,
  listInstructions,
  listPayouts,
  listReconciliations,
  listRefunds,
  proposeDifference,
  proposeRefund,
  readJournal,
  readOverview,
  readOwnJournal,
  refund,
  refusePayout,
  refuseRefund,
  requestPayout,
  retryInstruction,
  runReconciliation,
  simulateDeposit,
} from './settlement-desk.ts';
import { agreeRefund, askRefund, declineRefund, fee, listFees, receiveRefund, repayRefund } from './settlement-fees.ts';
import {
  account,
  holdId,
  invoiceId,
  invoiceNumber,
  orderId,
  party,
  positiveFen,
  proofId,
  reason,
  statementId,
  ways,
} from './settlement-nouns.ts';

export * from './settlement-credits.ts';
export * from './settlement-desk.ts';
export * from './settlement-fees.ts';
export * from './settlement-nouns.ts';

export const readAccount = endpoint({
  id: 'settlement.account.read',
  method: 'GET',
  path: '/api/settlement/account',
  summary: { zh: '资金账户', en: 'Your sub-account at the custodian bank' },
  permission: 'settlement.account.read',
  reply: account,
});
export const openAccount = endpoint({
  id: 'settlement.account.open',
  method: 'POST',
  path: '/api/settlement/account',
  summary: { zh: '开立存管子账户', en: 'Open the sub-account' },
  permission: 'settlement.account.open',
  body: z.object({}).strict(),
  reply: account,
});

export const entry = z.object({
  id: z.string(),
  day,
  at: time,
  kind: z.string(),
  memo: z.string(),
  order: z.string().nullable(),
  bankReference: z.string().nullable(),
  postings: z.array(
    z.object({ account: z.string(), title: bilingual, fen: fen.describe('debit positive'), currency: z.string() }),
  ),
});
export const listEntries = endpoint({
  id: 'settlement.entry.list',
  method: 'GET',
  path: '/api/settlement/entries',
  summary: { zh: '资金流水', en: 'Entries that concern your organisation' },
  permission: 'settlement.account.read',
  query: pageQuery,
  reply: page(entry),
});

export const hold = z.object({
  id: holdId,
  member: party,
  purpose: z.enum(['order', 'dispute', 'bill']),
  heldFor: z.string(),
  fen,
  state: z.enum(['waiting', 'placing', 'placed', 'refused', 'cancelled']),
  createdAt: time,
  placedAt: time.nullable(),
});
export const listHolds = endpoint({
  id: 'settlement.hold.list',
  method: 'GET',
  path: '/api/settlement/holds',
  summary: { zh: '冻结记录', en: 'Holds of your organisation, or all for the desk' },
  permission: 'settlement.account.read',
  query: pageQuery,
  reply: page(hold),
});

const plan = z.record(z.string(), z.json()).describe('price plan as in the market');
export const orderMoney = z.object({
  order: orderId,
  title: z.string(),
  contract: z.string(),
  buyer: party,
  supplier: party,
  way: z.enum(ways),
  plan,
  taxRate: decimal,
  estimate: fen,
  state: z.enum(['open', 'final', 'settled', 'released']),
  held: fen,
  waiting: z.boolean().describe('the hold waits for the buyer’s deposit'),
  statements: z.array(z.object({ id: statementId, number: z.string(), state: z.string(), total: fen })),
});
export const readOrderMoney = endpoint({
  id: 'settlement.order.read',
  method: 'GET',
  path: '/api/settlement/orders/:order',
  summary: { zh: '订单资金情况', en: 'The money side of an order' },
  permission: 'settlement.account.read',
  params: z.object({ order: orderId }),
  reply: orderMoney,
});

export const statementStates = ['issued', 'differing', 'agreed', 'invoiced', 'paying', 'settled'] as const;
export const invoice = z.object({
  id: invoiceId,
  kind: z.enum(['supply', 'fee']),
  number: z.string(),
  day,
  issuer: party,
  buyer: party,
  statement: statementId,
  gross: fen,
  net: fen,
  tax: fen,
  taxRate: z.string(),
  redOf: invoiceId.nullable(),
  createdAt: time,
});
export const proof = z.object({
  id: proofId,
  statement: statementId,
  amount: fen,
  paidOn: day,
  fileName: z.string(),
  digest,
  state: z.enum(['filed', 'confirmed', 'refused']),
  reason: z.string().nullable(),
  createdAt: time,
});
export const statementLine = z.object({
  line: z.number().int(),
  title: z.string(),
  quantity: z.string().describe('as measured: copies, periods, calls, rows or bytes'),
  billableQuantity: z.string(),
  unitPrice: z.string(),
  amountExact: z.string().describe('yuan, unrounded'),
  amount: fen,
  minimumApplied: z.boolean(),
  parts: z.array(z.object({ quantity: z.string(), unitPrice: z.string(), amountExact: z.string() })),
});
/** Buyer and supplier see lines and total; a payee its own legs; the desk everything. What is not yours is null or absent. */
export const statement = z.object({
  id: statementId,
  number: z.string(),
  order: orderId,
  title: z.string(),
  contract: z.string(),
  buyer: party,
  supplier: party,
  way: z.enum(ways),
  from: time,
  until: time,
  state: z.enum(statementStates),
  final: z.boolean(),
  total: fen.nullable(),
  rated: fen.nullable(),
  net: fen.nullable(),
  tax: fen.nullable(),
  taxRate: decimal,
  plan: plan.nullable(),
  unit: z.enum(['copy', 'period', 'call', 'row', 'byte']).nullable().describe('what quantities count'),
  lines: z.array(statementLine),
  legs: z.array(z.object({ party, role: z.string(), fee: z.boolean(), amount: fen })),
  answers: z.object({ buyer: fen.nullable(), supplier: fen.nullable(), reason: z.string().nullable() }).nullable(),
  invoices: z.array(invoice),
  proofs: z.array(proof),
  refunds: z.array(refund),
  fee: fee
    .nullable()
    .describe('owed by the supplier where the parties settle themselves; its own and the desk’s to see'),
  papers: z.array(z.object({ id: z.string(), kind: z.string(), number: z.string() })),
  cut: z.record(z.string(), z.json()).nullable(),
  createdAt: time,
  agreedAt: time.nullable(),
  settledAt: time.nullable(),
  next: z.object({ zh: z.string(), en: z.string(), who: z.enum(['buyer', 'supplier', 'both', 'system', 'nobody']) }),
});
const statementParams = z.object({ id: statementId });
export const statementSummary = statement
  .pick({
    id: true,
    number: true,
    order: true,
    title: true,
    buyer: true,
    supplier: true,
    way: true,
    from: true,
    until: true,
    state: true,
    final: true,
    total: true,
    createdAt: true,
    settledAt: true,
    next: true,
  })
  .extend({ own: fen.nullable().describe('what your organisation gets of it') });
export const listStatements = endpoint({
  id: 'settlement.statement.list',
  method: 'GET',
  path: '/api/settlement/statements',
  summary: { zh: '结算单', en: 'Statements that concern your organisation, or all for the desk' },
  permission: 'settlement.account.read',
  query: pageQuery.extend({ state: z.enum(statementStates).optional(), order: orderId.optional() }),
  reply: page(statementSummary),
});
export const readStatement = endpoint({
  id: 'settlement.statement.read',
  method: 'GET',
  path: '/api/settlement/statements/:id',
  summary: { zh: '结算单明细', en: 'A statement' },
  permission: 'settlement.account.read',
  params: statementParams,
  reply: statement,
});
export const statementSheet = endpoint({
  id: 'settlement.statement.sheet',
  method: 'GET',
  path: '/api/settlement/statements/:id/xlsx',
  summary: { zh: '结算单电子表格', en: 'A statement as a spreadsheet' },
  permission: 'settlement.account.read',
  params: statementParams,
  reply: z.string(),
  replyKind: 'bytes',
  mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
});
export const answerBill = endpoint({
  id: 'settlement.bill.answer',
  method: 'POST',
  path: '/api/settlement/statements/:id/answer',
  summary: { zh: '对账：确认金额或提出差异', en: 'Confirm a usage bill, or name another amount with its reason' },
  permission: 'settlement.bill.confirm',
  params: statementParams,
  body: z.object({ amountFen: fen, reason: reason.optional() }).strict(),
  reply: statement,
});
export const payBill = endpoint({
  id: 'settlement.bill.pay',
  method: 'POST',
  path: '/api/settlement/statements/:id/pay',
  summary: { zh: '支付已开票账单', en: 'Pay an invoiced bill out of the sub-account' },
  permission: 'settlement.bill.confirm',
  params: statementParams,
  body: z.object({ amountFen: positiveFen }).strict(),
  reply: statement,
});
export const payFee = endpoint({
  id: 'settlement.fee.pay',
  method: 'POST',
  path: '/api/settlement/statements/:id/fee/pay',
  summary: { zh: '从存管子账户支付服务费', en: 'Pay the service fee out of the sub-account' },
  permission: 'settlement.bill.confirm',
  params: statementParams,
  body: z.object({ amountFen: positiveFen }).strict(),
  reply: statement,
});
export const recordInvoice = endpoint({
  id: 'settlement.invoice.record',
  method: 'POST',
  path: '/api/settlement/statements/:id/invoices',
  summary: { zh: '登记发票（含红字）', en: 'Record an invoice, or a red one' },
  permission: 'settlement.invoice.write',
  params: statementParams,
  body: z
    .object({ number: invoiceNumber, day, redOf: invoiceId.optional(), amountFen: positiveFen.optional() })
    .strict(),
  reply: statement,
  status: 201,
});
export const listInvoices = endpoint({
  id: 'settlement.invoice.list',
  method: 'GET',
  path: '/api/settlement/invoices',
  summary: { zh: '发票', en: 'Invoices issued to or by your organisation, or all for the desk' },
  permission: 'settlement.account.read',
  query: pageQuery,
  reply: page(invoice),
});
export const fileProof = endpoint({
  id: 'settlement.proof.file',
  method: 'POST',
  path: '/api/settlement/statements/:id/proofs',
  summary: { zh: '提交付款凭证（双方自行结算）', en: 'File a proof of payment, when the parties settle themselves' },
  permission: 'settlement.bill.confirm',
  params: statementParams,
  bodyBytesMax: 7_000_000,
  body: z
    .object({
      amountFen: positiveFen,
      paidOn: day,
      file: z
        .object({
          name: z.string().trim().min(1).max(200),
          mediaType: z.string().trim().min(1).max(100),
          content: z.base64().max(6_800_000),
        })
        .strict(),
    })
    .strict(),
  reply: statement,
  status: 201,
});
const proofParams = z.object({ id: proofId });
export const answerProof = endpoint({
  id: 'settlement.proof.answer',
  method: 'POST',
  path: '/api/settlement/proofs/:id/answer',
  summary: { zh: '确认或否认收到款项', en: 'Say whether the payment arrived' },
  permission: 'settlement.bill.confirm',
  params: proofParams,
  body: z.object({ received: z.boolean(), reason: reason.optional() }).strict(),
  reply: statement,
});
export const readProofFile = endpoint({
  id: 'settlement.proof.file.read',
  method: 'GET',
  path: '/api/settlement/proofs/:id/file',
  summary: { zh: '付款凭证文件', en: 'The file of a proof' },
  permission: 'settlement.account.read',
  params: proofParams,
  reply: z.string(),
  replyKind: 'bytes',
});

export const settlementEndpoints = {
  readAccount,
  openAccount,
  listEntries,
  listHolds,
  readOrderMoney,
  listStatements,
  readStatement,
  statementSheet,
  answerBill,
  payBill,
  recordInvoice,
  listInvoices,
  fileProof,
  answerProof,
  readProofFile,
  requestPayout,
  listPayouts,
  checkPayout,
  approvePayout,
  refusePayout,
  proposeRefund,
  listRefunds,
  approveRefund,
  refuseRefund,
  askRefund,
  agreeRefund,
  declineRefund,
  receiveRefund,
  repayRefund,
  listCredits,
  readCredit,
  acceptCredit,
  contestCredit,
  listFees,
  payFee,
  readOverview,
  listInstructions,
  retryInstruction,
  listReconciliations,
  runReconciliation,
  listDifferences,
  proposeDifference,
  approveDifference,
  readJournal,
  readOwnJournal,
  simulateDeposit,
};

/** Sub-accounts at the custodian bank, statements, bills, payouts, refunds, reconciliation. Amounts are fen as decimal strings. */
import { z } from 'zod';
import { bilingual, day, decimal, digest, fen, id, page, pageQuery, text, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const settlementLimits = { proofBytesMax: 5_000_000, reasonCharactersMax: 1000 } as const;

export const statementId = id('stm');
export const payoutId = id('pay');
export const refundId = id('rfd');
export const invoiceId = id('inv');
export const proofId = id('prf');
export const holdId = id('hld');
export const instructionId = id('ins');
export const differenceId = id('dif');
const orderId = id('ord');
const party = z.object({ id: z.string(), name: z.string() });
const positiveFen = z.string().regex(/^[1-9]\d{0,15}$/);
const reason = z.string().trim().min(1).max(settlementLimits.reasonCharactersMax);
const invoiceNumber = z
  .string()
  .trim()
  .regex(/^[0-9A-Za-z-]{6,32}$/)
  .describe('number of the digital invoice (数电票)');

export const ways = ['custody', 'direct', 'postpaid'] as const;

export const funds = z.object({
  custody: fen.describe('at the bank'),
  available: fen,
  held: fen,
  due: fen.describe('captured, still frozen, waiting for the split'),
  difference: fen.describe('unexplained, parked'),
  promised: fen.describe('part of available that instructions under way will use'),
});
export const account = z.object({
  state: z.enum(['none', 'opening', 'open']),
  bankAccount: z.string().nullable(),
  funds,
  payoutsStopped: z.boolean(),
  simulator: z.boolean().describe('the bank is the labelled simulator: no real money'),
  label: bilingual,
});
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

export const payout = z.object({
  id: payoutId,
  member: party,
  amount: fen,
  bankName: z.string(),
  accountMasked: z.string(),
  state: z.enum(['requested', 'checked', 'approved', 'paid', 'refused']),
  twoPeople: z.boolean(),
  requestedBy: z.string(),
  checkedBy: z.string().nullable(),
  approvedBy: z.string().nullable(),
  reason: z.string().nullable(),
  createdAt: time,
  finishedAt: time.nullable(),
});
const payoutParams = z.object({ id: payoutId });
export const requestPayout = endpoint({
  id: 'settlement.payout.request',
  method: 'POST',
  path: '/api/settlement/payouts',
  summary: { zh: '申请出金', en: 'Ask for a payout to your own bank account' },
  permission: 'settlement.payout.request',
  body: z.object({ amountFen: positiveFen }).strict(),
  reply: payout,
  status: 201,
});
export const listPayouts = endpoint({
  id: 'settlement.payout.list',
  method: 'GET',
  path: '/api/settlement/payouts',
  summary: { zh: '出金记录', en: 'Payouts of your organisation, or all for the desk' },
  permission: 'settlement.account.read',
  query: pageQuery.extend({ open: z.enum(['true']).optional() }),
  reply: page(payout),
});
const payoutStep = (verb: 'check' | 'approve', zh: string, en: string, permission: string) =>
  endpoint({
    id: `settlement.payout.${verb}`,
    method: 'POST',
    path: `/api/settlement/payouts/:id/${verb}`,
    summary: { zh, en },
    permission,
    params: payoutParams,
    body: z.object({}).strict(),
    reply: payout,
  });
export const checkPayout = payoutStep('check', '出金经办', 'First look at a large payout', 'settlement.desk.propose');
export const approvePayout = payoutStep(
  'approve',
  '出金复核',
  'Second look; instructs the bank',
  'settlement.desk.approve',
);
export const refusePayout = endpoint({
  id: 'settlement.payout.refuse',
  method: 'POST',
  path: '/api/settlement/payouts/:id/refuse',
  summary: { zh: '拒绝出金', en: 'Refuse a large payout' },
  permission: 'settlement.desk.approve',
  params: payoutParams,
  body: z.object({ reason }).strict(),
  reply: payout,
});

export const refund = z.object({
  id: refundId,
  statement: statementId,
  buyer: party,
  amount: fen,
  reason: z.string(),
  state: z.enum(['proposed', 'approved', 'done', 'refused']),
  twoPeople: z.boolean(),
  shares: z.array(z.object({ party, amount: fen })),
  proposedBy: z.string(),
  approvedBy: z.string().nullable(),
  createdAt: time,
  finishedAt: time.nullable(),
});
const refundParams = z.object({ id: refundId });
export const proposeRefund = endpoint({
  id: 'settlement.refund.propose',
  method: 'POST',
  path: '/api/settlement/refunds',
  summary: { zh: '发起退款', en: 'Order a refund of a settled statement' },
  permission: 'settlement.desk.propose',
  body: z.object({ statement: statementId, amountFen: positiveFen, reason }).strict(),
  reply: refund,
  status: 201,
});
export const listRefunds = endpoint({
  id: 'settlement.refund.list',
  method: 'GET',
  path: '/api/settlement/refunds',
  summary: { zh: '退款', en: 'Refunds to your organisation, or all for the desk' },
  permission: 'settlement.account.read',
  query: pageQuery,
  reply: page(refund),
});
const refundStep = (verb: 'approve' | 'refuse', zh: string, en: string) =>
  endpoint({
    id: `settlement.refund.${verb}`,
    method: 'POST',
    path: `/api/settlement/refunds/:id/${verb}`,
    summary: { zh, en },
    permission: 'settlement.desk.approve',
    params: refundParams,
    body: z.object({}).strict(),
    reply: refund,
  });
export const approveRefund = refundStep('approve', '退款复核', 'Approve a large refund');
export const refuseRefund = refundStep('refuse', '拒绝退款', 'Refuse a proposed refund');

export const overview = z.object({
  funds: z.object({ custody: fen, available: fen, held: fen, due: fen, difference: fen }),
  counts: z.object({
    accounts: z.number().int(),
    instructionsOpen: z.number().int(),
    instructionsRefused: z.number().int(),
    holdsWaiting: z.number().int(),
    statementsOpen: z.number().int(),
    payoutsOpen: z.number().int(),
    refundsOpen: z.number().int(),
    differencesOpen: z.number().int(),
  }),
  settled: fen,
  feeIncome: fen,
  payoutsStopped: z.boolean(),
  lastReconciledDay: day.nullable(),
  simulator: z.boolean(),
  label: bilingual,
});
export const readOverview = endpoint({
  id: 'settlement.overview.read',
  method: 'GET',
  path: '/api/settlement/overview',
  summary: { zh: '清结算中心', en: 'The settlement desk at a glance' },
  permission: 'settlement.desk.read',
  reply: overview,
});

export const instruction = z.object({
  id: instructionId,
  member: party,
  kind: z.enum(['freeze', 'unfreeze', 'transfer', 'payout']),
  amount: fen,
  subject: z.string(),
  effect: z.string(),
  attempt: z.number().int(),
  state: z.enum(['planned', 'sent', 'acknowledged', 'executed', 'refused']),
  reason: z.string().nullable(),
  bankSerial: z.string().nullable(),
  bankDay: day.nullable(),
  lastError: z.string().nullable(),
  createdAt: time,
  finishedAt: time.nullable(),
});
export const listInstructions = endpoint({
  id: 'settlement.instruction.list',
  method: 'GET',
  path: '/api/settlement/instructions',
  summary: { zh: '银行指令', en: 'Instructions to the bank' },
  permission: 'settlement.desk.read',
  query: pageQuery.extend({ state: instruction.shape.state.optional() }),
  reply: page(instruction),
});
export const retryInstruction = endpoint({
  id: 'settlement.instruction.retry',
  method: 'POST',
  path: '/api/settlement/instructions/:id/retry',
  summary: { zh: '重新发出被拒指令', en: 'Order a refused instruction anew' },
  permission: 'settlement.desk.propose',
  params: z.object({ id: instructionId }),
  body: z.object({}).strict(),
  reply: instruction,
});

export const reconciliation = z.object({
  id: id('rec'),
  day,
  closed: z.boolean().describe('false: the day was not over at the bank yet'),
  matched: z.number().int(),
  differences: z.number().int(),
  open: z.number().int().describe('differences not resolved'),
  ours: fen,
  theirs: fen,
  runs: z.number().int(),
  ranAt: time,
});
export const listReconciliations = endpoint({
  id: 'settlement.reconciliation.list',
  method: 'GET',
  path: '/api/settlement/reconciliations',
  summary: { zh: '对账记录', en: 'Reconciliations by business day' },
  permission: 'settlement.desk.read',
  query: pageQuery,
  reply: page(reconciliation),
});
export const runReconciliation = endpoint({
  id: 'settlement.reconciliation.run',
  method: 'POST',
  path: '/api/settlement/reconciliations',
  summary: { zh: '立即对账', en: 'Compare a day with the bank now' },
  permission: 'settlement.desk.propose',
  body: z.object({ day }).strict(),
  reply: reconciliation,
  repeatable: true,
});
export const difference = z.object({
  id: differenceId,
  member: party,
  day,
  kind: z.enum(['missingHere', 'missingThere', 'amountDiffers']),
  reference: z.string(),
  lineKind: z.string(),
  ours: fen.nullable(),
  theirs: fen.nullable(),
  parked: fen,
  state: z.enum(['open', 'proposed', 'resolved']),
  resolution: z.enum(['toMember', 'offset', 'noMoney']).nullable(),
  explanation: z.string().nullable(),
  proposedBy: z.string().nullable(),
  approvedBy: z.string().nullable(),
  createdAt: time,
  resolvedAt: time.nullable(),
});
export const listDifferences = endpoint({
  id: 'settlement.difference.list',
  method: 'GET',
  path: '/api/settlement/differences',
  summary: { zh: '对账差异', en: 'Differences found by reconciliation' },
  permission: 'settlement.desk.read',
  query: pageQuery.extend({ open: z.enum(['true']).optional() }),
  reply: page(difference),
});
const differenceParams = z.object({ id: differenceId });
export const proposeDifference = endpoint({
  id: 'settlement.difference.propose',
  method: 'POST',
  path: '/api/settlement/differences/:id/propose',
  summary: { zh: '提出差异处理意见', en: 'Propose how a difference is resolved' },
  permission: 'settlement.desk.propose',
  params: differenceParams,
  body: z
    .object({ resolution: z.enum(['toMember', 'offset', 'noMoney']), explanation: text.min(1).max(2000) })
    .strict(),
  reply: difference,
});
export const approveDifference = endpoint({
  id: 'settlement.difference.approve',
  method: 'POST',
  path: '/api/settlement/differences/:id/approve',
  summary: { zh: '复核差异处理', en: 'Approve a resolution; the correction is posted' },
  permission: 'settlement.desk.approve',
  params: differenceParams,
  body: z.object({}).strict(),
  reply: difference,
});

const journalQuery = z.object({ until: day.optional() });
export const readJournal = endpoint({
  id: 'settlement.journal.read',
  method: 'GET',
  path: '/api/settlement/journal',
  summary: { zh: '全部账簿（hledger 格式）', en: 'The whole journal, for hledger' },
  permission: 'settlement.desk.read',
  query: journalQuery,
  reply: z.string(),
  replyKind: 'bytes',
  mediaType: 'text/plain; charset=utf-8',
  readsLogged: true,
});
export const readOwnJournal = endpoint({
  id: 'settlement.journal.own',
  method: 'GET',
  path: '/api/settlement/journal/own',
  summary: { zh: '本单位账簿（hledger 格式）', en: 'Your own journal, for hledger' },
  permission: 'settlement.account.read',
  query: journalQuery,
  reply: z.string(),
  replyKind: 'bytes',
  mediaType: 'text/plain; charset=utf-8',
});

export const simulateDeposit = endpoint({
  id: 'settlement.simulator.deposit',
  method: 'POST',
  path: '/api/settlement/simulator/deposits',
  summary: { zh: '模拟入金（仅模拟存管银行）', en: 'Pretend that money arrives (simulated bank only)' },
  permission: 'settlement.account.open',
  body: z.object({ amountFen: positiveFen }).strict(),
  reply: account,
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

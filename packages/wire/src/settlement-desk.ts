/** Payouts, refunds, the desk's overview, instructions, reconciliation, differences, journals. */
import { z } from 'zod';
import { bilingual, day, fen, id, page, pageQuery, text, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import {
  account,
  differenceId,
  instructionId,
  party,
  payoutId,
  positiveFen,
  reason,
  refundId,
  statementId,
  ways,
} from './settlement-nouns.ts';

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
  way: z.enum(ways),
  buyer: party,
  amount: fen,
  fee: fen.nullable().describe('service fee taken back with it, where the parties settle themselves'),
  reason: z.string(),
  askedBy: z.enum(['operator', 'buyer', 'supplier']),
  answer: z.string().nullable().describe('why it was declined, or what did not arrive'),
  repaidOn: day.nullable().describe('when the supplier says that it paid back'),
  dueAt: time.nullable().describe('end of the time of whoever is to act, where the parties settle themselves'),
  closesAt: time.nullable().describe('when silence closes it; known from the notice of lateness on'),
  bySilence: z.boolean().describe('closed because nobody answered'),
  state: z.enum(['proposed', 'approved', 'done', 'refused']),
  twoPeople: z.boolean(),
  shares: z.array(z.object({ party, amount: fen })),
  proposedBy: z.string().describe('empty to the two sides, where the parties settle themselves'),
  approvedBy: z.string().nullable(),
  createdAt: time,
  finishedAt: time.nullable(),
  next: z.object({
    zh: z.string(),
    en: z.string(),
    who: z.enum(['buyer', 'supplier', 'operator', 'system', 'nobody']),
  }),
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
    feesOpen: z.number().int(),
    feesOverdue: z.number().int(),
    differencesOpen: z.number().int(),
  }),
  settled: fen,
  feeIncome: fen,
  feesOwed: fen.describe('part of the fee income that members have not paid yet'),
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
  body: z
    .object({
      amountFen: positiveFen,
      member: id('org').optional().describe('into whose sub-account; another’s for the settlement desk alone'),
    })
    .strict(),
  reply: account,
});

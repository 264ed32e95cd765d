/** Mapping to the wire: who sees what of a statement is decided here and nowhere else. */
import { chartOfAccounts, parseAccount } from '@shugu/ledger';
import type * as wire from '@shugu/wire/settlement';
import type { z } from 'zod';
import { dayOf, lastDayBefore } from '../kernel/calendar/calendar.ts';
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { fundsOf, type KeptEntry } from './books.ts';
import type { Organisations } from './deps.ts';
import type { Day, Fee, Fen, Hold, Instruction, OrderTerms, Payout, Refund, Statement } from './model.ts';
import {
  accountOf,
  type DifferenceRow,
  findFee,
  findOrder,
  findStatement,
  type InvoiceRow,
  invoicesOf,
  type LegRow,
  legsOf,
  linesOf,
  type ProofRow,
  papersOf,
  promisedFen,
  proofsOf,
  type ReconciliationRow,
  refundsOf,
} from './reads.ts';
import { feeBalance, feeOverdue, transferLegs, unitOf } from './rules.ts';

const text = (fen: Fen | number): string => BigInt(fen).toString();
const textOrNull = (fen: Fen | number | null): string | null => (fen === null ? null : text(fen));
const at = (moment: Date | null): string | null => moment?.toISOString() ?? null;

export const isDesk = (principal: Principal): boolean => principal.permissions.has('settlement.desk.read');

/** Names of everyone on a page in one question. */
export const namesFor = async (read: Reader, organisations: Organisations, ids: readonly string[]) => {
  const names = await organisations.displayNames(read, [...new Set(ids)]);
  return (id: string) => ({ id, name: names.get(id) ?? id });
};
export type NameOf = Awaited<ReturnType<typeof namesFor>>;

export const labels = {
  simulator: {
    zh: '存管银行模拟器：不是真实银行，没有真实资金',
    en: 'Simulated custodian bank: not a bank, no real money',
  },
  bank: { zh: '存管银行', en: 'Custodian bank' },
};

export const accountView = async (
  read: Reader,
  participant: string,
  { simulator, stopped }: { simulator: boolean; stopped: boolean },
): Promise<z.input<typeof wire.account>> => {
  const account = await accountOf(read, participant);
  const funds = await fundsOf(read, participant);
  return {
    state: account?.state ?? 'none',
    bankAccount: account?.bankAccount ?? null,
    funds: {
      custody: text(funds.custody),
      available: text(funds.available),
      held: text(funds.held),
      due: text(funds.due),
      difference: text(funds.difference),
      promised: text(await promisedFen(read, participant)),
    },
    payoutsStopped: stopped,
    simulator,
    label: simulator ? labels.simulator : labels.bank,
  };
};

const titleOf = (account: string): { zh: string; en: string } => {
  const { template } = parseAccount(account);
  const { zh, en } = chartOfAccounts.find(({ name }) => name === template.name)!;
  return { zh, en };
};
export const entryView = ({ day, entry }: KeptEntry): z.input<typeof wire.entry> => ({
  id: entry.id,
  day,
  at: entry.at,
  kind: entry.kind,
  memo: entry.memo,
  order: entry.order ?? null,
  bankReference: entry.bankReference ?? null,
  postings: entry.postings.map(({ account, fen, currency }) => ({
    account,
    title: titleOf(account),
    fen: text(fen),
    currency: currency ?? 'CNY',
  })),
});

export const holdView = (hold: Hold, nameOf: NameOf): z.input<typeof wire.hold> => ({
  id: hold.id,
  member: nameOf(hold.participant),
  purpose: hold.purpose,
  heldFor: hold.heldFor,
  fen: text(hold.fen),
  state: hold.state,
  createdAt: hold.createdAt.toISOString(),
  placedAt: at(hold.placedAt),
});

export const invoiceView = (row: InvoiceRow, nameOf: NameOf): z.input<typeof wire.invoice> => ({
  id: row.id,
  kind: row.kind,
  number: row.number,
  day: row.day,
  issuer: nameOf(row.participant),
  buyer: nameOf(row.buyer),
  statement: row.statement,
  gross: text(row.gross_fen),
  net: text(row.net_fen),
  tax: text(row.tax_fen),
  taxRate: row.tax_rate,
  redOf: row.red_of,
  createdAt: row.created_at.toISOString(),
});
const proofView = (row: ProofRow): z.input<typeof wire.proof> => ({
  id: row.id,
  statement: row.statement,
  amount: text(row.fen),
  paidOn: row.paid_on,
  fileName: row.file_name,
  digest: row.digest,
  state: row.state,
  reason: row.reason,
  createdAt: row.created_at.toISOString(),
});

/** As what somebody looks at a statement; undefined for strangers. */
const standing = (
  principal: Principal,
  statement: Statement,
  legs: readonly LegRow[],
): 'desk' | 'side' | 'payee' | undefined => {
  if (isDesk(principal)) return 'desk';
  if ([statement.participant, statement.supplier].includes(principal.participant)) return 'side';
  const own = [
    ...legs.map(({ participant, fee }) => (fee ? '' : participant)),
    ...statement.split.parts.map(({ party }) => party),
  ];
  return own.includes(principal.participant) ? 'payee' : undefined;
};

type Next = z.input<typeof wire.statement>['next'];
const nexts: Record<Statement['way'], Partial<Record<Statement['state'], Next>>> = {
  custody: {
    issued: { zh: '等待买方资金冻结到位', en: 'Waiting for the buyer’s money to be frozen', who: 'system' },
    paying: { zh: '存管银行正在分账', en: 'The bank is paying the parties', who: 'system' },
  },
  direct: {
    issued: {
      zh: '买方付款后提交付款凭证，供方确认收款',
      en: 'The buyer pays and files the proof; the supplier confirms it',
      who: 'both',
    },
  },
  postpaid: {
    issued: { zh: '双方核对账单', en: 'Both sides check the bill', who: 'both' },
    differing: {
      zh: '双方协商差异，确认同一金额',
      en: 'Both sides settle the difference and name one amount',
      who: 'both',
    },
    agreed: { zh: '供方开票并登记发票号码', en: 'The supplier invoices and records the number', who: 'supplier' },
    invoiced: { zh: '买方付款', en: 'The buyer pays', who: 'buyer' },
    paying: { zh: '等待存管银行冻结与分账', en: 'Waiting for the bank to freeze and pay', who: 'system' },
  },
};
/** What a settled statement still waits for: a refund's next step, then, for those who see it, the fee. */
const nextOfSettled = (refunds: readonly z.input<typeof wire.refund>[], fee: z.input<typeof wire.fee> | null): Next => {
  for (const { next } of refunds)
    if (next.who === 'buyer' || next.who === 'supplier') return { ...next, who: next.who };
  if (fee?.state !== 'owed') return settledNext;
  return {
    zh: `供方于 ${fee.dueOn} 前支付交易服务费`,
    en: `The supplier pays the service fee by ${fee.dueOn}`,
    who: 'supplier',
  };
};
const settledNext: Next = { zh: '已结清', en: 'Settled', who: 'nobody' };
const nextOf = ({ way, state }: Statement): Next => nexts[way][state] ?? settledNext;

const ownFen = (principal: Principal, legs: readonly LegRow[]): string | null => {
  const own = legs.filter(({ participant }) => participant === principal.participant);
  return own.length ? own.reduce((sum, { fen }) => sum + BigInt(fen), 0n).toString() : null;
};

const common = (statement: Statement, order: OrderTerms, nameOf: NameOf, showTotal: boolean) => ({
  id: statement.id,
  number: statement.number,
  order: statement.order,
  title: order.title,
  buyer: nameOf(statement.participant),
  supplier: nameOf(statement.supplier),
  way: statement.way,
  from: statement.from.toISOString(),
  until: statement.until.toISOString(),
  state: statement.state,
  final: statement.final,
  total: showTotal ? text(statement.totalFen) : null,
  createdAt: statement.createdAt.toISOString(),
  settledAt: at(statement.settledAt),
  next: nextOf(statement),
});

export const statementSummary = async (
  read: Reader,
  principal: Principal,
  statement: Statement,
  nameOf: NameOf,
): Promise<z.input<typeof wire.statementSummary>> => {
  const legs = await legsOf(read, statement.id);
  const order = (await findOrder(read, statement.order))!;
  const as = standing(principal, statement, legs);
  return { ...common(statement, order, nameOf, as !== 'payee'), own: ownFen(principal, legs) };
};

const lineView = ({
  line,
  title,
  rated,
  fen,
}: Awaited<ReturnType<typeof linesOf>>[number]): z.input<typeof wire.statementLine> => ({
  line,
  title,
  quantity: rated.quantity,
  billableQuantity: rated.billableQuantity,
  unitPrice: rated.unitPrice,
  amountExact: rated.amountExact,
  amount: text(fen),
  minimumApplied: rated.minimumApplied === true,
  parts: rated.parts as { quantity: string; unitPrice: string; amountExact: string }[],
});

/** @throws kernel.unknown for whoever is no party to it */
export const statementView = async (
  read: Reader,
  { organisations, now }: { organisations: Organisations; now(): Date },
  principal: Principal,
  id: string,
): Promise<z.input<typeof wire.statement>> => {
  const statement = await findStatement(read, id);
  if (!statement) throw kernelProblems.unknown();
  const legs = await legsOf(read, id);
  const as = standing(principal, statement, legs);
  if (!as) throw kernelProblems.unknown();
  const order = (await findOrder(read, statement.order))!;
  const side = as !== 'payee';
  const own = principal.participant;
  const invoices = (await invoicesOf(read, id)).filter(
    (one) => as === 'desk' || [one.participant, one.buyer].includes(own),
  );
  const papers = (await papersOf(read, id)).filter(
    (one) => as === 'desk' || one.participant === own || (one.kind !== 'statementShare' && side),
  );
  const [refunds, fee] = [side ? await refundsOf(read, id) : [], await findFee(read, id)];
  // The buyer owes one sum; how it is divided is between the payees and the exchange. Each payee reads its own share.
  const shown = as === 'desk' ? legs : legs.filter(({ participant }) => participant === own);
  const nameOf = await namesFor(read, organisations, [
    statement.participant,
    statement.supplier,
    own,
    ...legs.map(({ participant }) => participant),
    ...refunds.flatMap(refundIds),
  ]);
  const refundViews = refunds.map((one) => refundView(one, statement, nameOf, principal));
  const seen = fee && (as === 'desk' || fee.participant === own) ? feeView(fee, statement, nameOf, dayOf(now())) : null;
  return {
    ...common(statement, order, nameOf, side),
    ...(statement.state === 'settled' && side ? { next: nextOfSettled(refundViews, seen) } : {}),
    contract: order.contract,
    rated: side ? text(statement.ratedFen) : null,
    net: side ? text(statement.netFen) : null,
    tax: side ? text(statement.taxFen) : null,
    taxRate: order.taxRate,
    plan: side ? (JSON.parse(JSON.stringify(order.plan)) as Record<string, string>) : null,
    unit: side ? unitOf(order.plan) : null,
    lines: side ? (await linesOf(read, id)).map(lineView) : [],
    legs: shown.map(({ participant, role, fee, fen }) => ({
      party: nameOf(participant),
      role,
      fee,
      amount: text(fen),
    })),
    answers:
      side && statement.way === 'postpaid'
        ? {
            buyer: textOrNull(statement.buyerFen),
            supplier: textOrNull(statement.supplierFen),
            reason: statement.differenceReason,
          }
        : null,
    invoices: invoices.map((one) => invoiceView(one, nameOf)),
    proofs: side ? (await proofsOf(read, id)).map(proofView) : [],
    refunds: refundViews,
    fee: seen,
    papers: papers.map(({ paper, kind, number }) => ({ id: paper, kind, number })),
    cut: side ? (statement.cut as Record<string, string>) : null,
    agreedAt: at(statement.agreedAt),
  };
};

export const payoutView = (payout: Payout, nameOf: NameOf): z.input<typeof wire.payout> => ({
  id: payout.id,
  member: nameOf(payout.participant),
  amount: text(payout.fen),
  bankName: payout.bankName,
  accountMasked: payout.accountMasked,
  state: payout.state,
  twoPeople: payout.twoPeople,
  requestedBy: nameOf(payout.requestedBy).name,
  checkedBy: payout.checkedBy && nameOf(payout.checkedBy).name,
  approvedBy: payout.approvedBy && nameOf(payout.approvedBy).name,
  reason: payout.reason,
  createdAt: payout.createdAt.toISOString(),
  finishedAt: at(payout.finishedAt),
});

/** Everyone whom a refund names. */
export const refundIds = ({ participant, proposedBy, approvedBy, split }: Refund): string[] =>
  [participant, proposedBy, approvedBy, split.feeParty, ...split.parts.map(({ party }) => party)].filter(
    (id) => id !== null,
  );

type RefundNext = z.input<typeof wire.refund>['next'];
const bankRefunds: Partial<Record<Refund['state'], RefundNext>> = {
  proposed: { zh: '等待另一人复核', en: 'A second person has to approve it', who: 'operator' },
  approved: { zh: '存管银行正在退款', en: 'The bank is paying it back', who: 'system' },
};
/** The day by which the next side is to act, and, once it is late, the day after which silence closes it. */
const byDay = ({ dueAt, closesAt }: Refund): { zh: string; en: string } => {
  const end = closesAt ?? dueAt;
  return end ? { zh: `（${lastDayBefore(end)} 前）`, en: ` (by ${lastDayBefore(end)})` } : { zh: '', en: '' };
};
const endedRefund = ({ state, bySilence }: Refund): RefundNext => {
  if (state === 'done')
    return bySilence
      ? { zh: '需方逾期未答复，视为已收到退款', en: 'Counts as received: the buyer did not answer', who: 'nobody' }
      : { zh: '已退款', en: 'Refunded', who: 'nobody' };
  return bySilence
    ? { zh: '逾期未获答复，申请已失效', en: 'Lapsed without an answer', who: 'nobody' }
    : { zh: '未退款', en: 'Not refunded', who: 'nobody' };
};
const refundNext = (refund: Refund, way: Statement['way']): RefundNext => {
  const { state, askedBy, repaidOn } = refund;
  if (state === 'done' || state === 'refused') return endedRefund(refund);
  const by = byDay(refund);
  if (way === 'direct' && state === 'approved')
    return repaidOn
      ? {
          zh: `供方称已于 ${repaidOn} 退还，需方确认是否收到${by.zh}`,
          en: `The supplier says that it paid back on ${repaidOn}; the buyer says whether it arrived${by.en}`,
          who: 'buyer',
        }
      : {
          zh: `供方退还款项并登记退还日期${by.zh}`,
          en: `The supplier pays it back and records the day${by.en}`,
          who: 'supplier',
        };
  if (askedBy === 'operator') return bankRefunds[state]!;
  return askedBy === 'buyer'
    ? {
        zh: `供方同意或不同意退款${by.zh}；开过票的，先登记红字发票`,
        en: `The supplier agrees to the refund or declines it${by.en}; where an invoice stands, the red one comes first`,
        who: 'supplier',
      }
    : {
        zh: `需方同意或不同意退款${by.zh}`,
        en: `The buyer agrees to the refund or declines it${by.en}`,
        who: 'buyer',
      };
};

/** The buyer reads what it gets back; who gives how much is the desk's and each payee's own. What parties settle themselves the supplier gives. */
export const refundView = (
  refund: Refund,
  { way, supplier }: Pick<Statement, 'way' | 'supplier'>,
  nameOf: NameOf,
  principal: Principal,
): z.input<typeof wire.refund> => {
  const own = principal.participant;
  // Clerks of the other side are nobody's to know.
  const person = (id: string) => (way !== 'direct' || isDesk(principal) ? nameOf(id).name : null);
  return {
    id: refund.id,
    statement: refund.statement,
    way,
    buyer: nameOf(refund.participant),
    amount: text(refund.fen),
    fee: way === 'direct' && (isDesk(principal) || own === supplier) ? text(refund.split.feeFen) : null,
    reason: refund.reason,
    askedBy: refund.askedBy,
    answer: refund.answer,
    repaidOn: refund.repaidOn,
    dueAt: at(refund.dueAt),
    closesAt: at(refund.closesAt),
    bySilence: refund.bySilence,
    state: refund.state,
    twoPeople: refund.twoPeople,
    shares:
      way === 'direct'
        ? []
        : transferLegs(refund.split)
            .filter(({ party }) => isDesk(principal) || party === own)
            .map(({ party, fen }) => ({ party: nameOf(party), amount: text(fen) })),
    proposedBy: person(refund.proposedBy) ?? '',
    approvedBy: refund.approvedBy && person(refund.approvedBy),
    createdAt: refund.createdAt.toISOString(),
    finishedAt: at(refund.finishedAt),
    next: refundNext(refund, way),
  };
};

export const feeView = (
  fee: Fee,
  { number }: Pick<Statement, 'number'>,
  nameOf: NameOf,
  today: Day,
): z.input<typeof wire.fee> => {
  const { owedFen, returnableFen } = feeBalance(fee);
  return {
    statement: fee.statement,
    number,
    order: fee.order,
    member: nameOf(fee.participant),
    charged: text(fee.fen),
    reversed: text(fee.reversedFen),
    paid: text(fee.paidFen),
    returned: text(fee.returnedFen),
    owed: text(owedFen),
    returnable: text(returnableFen),
    dueOn: fee.dueOn,
    overdue: feeOverdue(fee, today),
    state: fee.state,
    createdAt: fee.createdAt.toISOString(),
    finishedAt: at(fee.finishedAt),
  };
};

export const instructionView = (one: Instruction, nameOf: NameOf): z.input<typeof wire.instruction> => ({
  id: one.id,
  member: nameOf(one.participant),
  kind: one.kind,
  amount: text(one.fen),
  subject: one.subject,
  effect: one.effect,
  attempt: one.attempt,
  state: one.state,
  reason: one.reason,
  bankSerial: one.bankSerial,
  bankDay: one.bankDay,
  lastError: one.lastError,
  createdAt: one.createdAt.toISOString(),
  finishedAt: at(one.finishedAt),
});

export const reconciliationView = (row: ReconciliationRow): z.input<typeof wire.reconciliation> => ({
  id: row.id,
  day: row.day,
  closed: row.closed,
  matched: row.matched,
  differences: row.differences,
  open: row.open,
  ours: text(row.ours_fen),
  theirs: text(row.theirs_fen),
  runs: row.runs,
  ranAt: row.ran_at.toISOString(),
});

export const differenceView = (row: DifferenceRow, nameOf: NameOf): z.input<typeof wire.difference> => ({
  id: row.id,
  member: nameOf(row.participant),
  day: row.day,
  kind: row.kind,
  reference: row.reference,
  lineKind: row.line_kind,
  ours: textOrNull(row.ours_fen),
  theirs: textOrNull(row.theirs_fen),
  parked: text(row.parked_fen),
  state: row.state,
  resolution: row.resolution,
  explanation: row.explanation,
  proposedBy: row.proposed_by && nameOf(row.proposed_by).name,
  approvedBy: row.approved_by && nameOf(row.approved_by).name,
  createdAt: row.created_at.toISOString(),
  resolvedAt: at(row.resolved_at),
});

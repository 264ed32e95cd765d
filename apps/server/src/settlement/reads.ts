/** Questions to this room's tables, the ledger (books.ts) apart. */

import { parsePricePlan, parseSplitRule, type SplitResult } from '@shugu/ledger';
import { addDays, dayOf, endOfDay } from '../kernel/calendar/calendar.ts';
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type { Day, Fee, Fen, Hold, Instruction, OrderTerms, Payout, Refund, Statement, SubAccount } from './model.ts';

interface SplitJson {
  totalFen: string;
  feeFen: string;
  feeParty: string | null;
  parts: { party: string; role: string; fen: string }[];
}
const splitOf = (kept: SplitJson): SplitResult => ({
  totalFen: BigInt(kept.totalFen),
  feeFen: BigInt(kept.feeFen),
  feeParty: kept.feeParty,
  parts: kept.parts.map((part) => ({ ...part, fen: BigInt(part.fen) })),
});
const fenOf = (value: number | string | null): Fen | null => (value === null ? null : BigInt(value));
const has = (condition: Sql | undefined): Sql => (condition ? sql`and ${condition}` : empty);

/** Newest first by id. */
const pageBy = async <Row extends { id: string }, Item>(
  read: Reader,
  query: PageQuery,
  select: Sql,
  where: Sql | undefined,
  item: (row: Row) => Item,
): Promise<{ items: Item[]; next: string | null }> => {
  const after = decodeCursor(query.after, 1);
  const rows = await read.rows<Row>(
    sql`${select} where true ${has(where)} ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`,
  );
  return pageOf(rows, query, (row) => [row.id], item);
};

const accountColumns = sql`id, participant, bank_account as "bankAccount", name, state`;
export const accountOf = (read: Reader, participant: string): Promise<SubAccount | undefined> =>
  read.first(sql`select ${accountColumns} from settlement_accounts where participant = ${participant}`);
/** Whether an account is to be opened, or an instruction to be sent or asked after. */
export const deskDue = (): Sql => sql`(exists (select from settlement_accounts where state = 'opening')
  or exists (select from bank_instructions where ${instructionOpen}))`;
export const accountsOpening = (read: Reader, limit: number): Promise<SubAccount[]> =>
  read.rows(
    sql`select ${accountColumns} from settlement_accounts where state = 'opening' order by created_at limit ${limit}`,
  );
/** Member → number at the bank, of those that are open. */
export const bankAccountsOf = async (read: Reader, participants: readonly string[]): Promise<Map<string, string>> => {
  const rows = await read.rows<{ participant: string; bank_account: string }>(
    sql`select participant, bank_account from settlement_accounts where state = 'open' and participant = any(${[...participants]})`,
  );
  return new Map(rows.map((row) => [row.participant, row.bank_account]));
};

const orderSelect = sql`select id, participant, supplier, contract, title, way, plan, tax_rate, split_rule, estimate_fen, guaranteed_fen, state, created_at
  from settlement_orders`;
interface OrderRow
  extends Pick<OrderTerms, 'id' | 'participant' | 'supplier' | 'contract' | 'title' | 'way' | 'state'> {
  plan: unknown;
  tax_rate: string;
  split_rule: unknown;
  estimate_fen: number;
  guaranteed_fen: number | null;
  created_at: Date;
}
const orderOf = ({
  plan,
  tax_rate,
  split_rule,
  estimate_fen,
  guaranteed_fen,
  created_at,
  ...row
}: OrderRow): OrderTerms => ({
  ...row,
  plan: parsePricePlan(plan),
  taxRate: tax_rate,
  splitRule: parseSplitRule(split_rule),
  estimateFen: BigInt(estimate_fen),
  guaranteedFen: guaranteed_fen === null ? null : BigInt(guaranteed_fen),
  createdAt: created_at,
});
export const findOrder = async (read: Reader, id: string): Promise<OrderTerms | undefined> => {
  const row = await read.first<OrderRow>(sql`${orderSelect} where id = ${id}`);
  return row && orderOf(row);
};
/** Every decision about an order's money begins with this lock. */
export const lockOrder = async (tx: Tx, id: string): Promise<OrderTerms | undefined> => {
  const row = await tx.first<OrderRow>(sql`${orderSelect} where id = ${id} for update`);
  return row && orderOf(row);
};

export interface Billed {
  /** In the plan's own unit, over all statements. */
  quantity: bigint;
  /** End of the last period that was billed. */
  until: Date | null;
  statements: number;
}

/** What was billed of an order so far. */
export const billedOf = async (read: Reader, order: string): Promise<Billed> => {
  const row = await read.one<{ quantity: string; until: Date | null; statements: number }>(sql`select
      coalesce((select sum((l.rated ->> 'quantity')::numeric) from statement_lines l join statements s on s.id = l.statement
        where s.order_id = ${order}), 0)::text as quantity,
      (select max(period_until) from statements where order_id = ${order}) as until,
      (select count(*)::int from statements where order_id = ${order}) as statements`);
  return { ...row, quantity: BigInt(row.quantity) };
};

const unbilledAt = (before: Date): Sql => sql`state = 'open' and created_at < ${before}
  and not exists (select 1 from statements s where s.order_id = o.id and s.period_until >= ${before})`;

/** Orders still open of which nothing was billed up to `before`, by id: for whoever bills by cycle. */
export const ordersUnbilled = async (read: Reader, before: Date, after: string, limit: number): Promise<string[]> =>
  (
    await read.rows<{ id: string }>(
      sql`select id from settlement_orders o where ${unbilledAt(before)} and id > ${after} order by id limit ${limit}`,
    )
  ).map(({ id }) => id);
/** Whether there is any. */
export const anyUnbilled = (before: Date): Sql =>
  sql`exists (select from settlement_orders o where ${unbilledAt(before)})`;

const holdSelect = sql`select id, participant, purpose, subject, held_for as "heldFor", fen, state, created_at as "createdAt", placed_at as "placedAt"
  from settlement_holds`;
type HoldRow = Omit<Hold, 'fen'> & { fen: number };
const holdOf = (row: HoldRow): Hold => ({ ...row, fen: BigInt(row.fen) });
export const findHold = async (read: Reader, id: string): Promise<Hold | undefined> => {
  const row = await read.first<HoldRow>(sql`${holdSelect} where id = ${id}`);
  return row && holdOf(row);
};
export const holdsWaiting = async (tx: Tx, participant: string): Promise<Hold[]> =>
  (
    await tx.rows<HoldRow>(
      sql`${holdSelect} where participant = ${participant} and state = 'waiting' order by created_at, id for update`,
    )
  ).map(holdOf);
export const holdsFor = async (read: Reader, heldFor: string): Promise<Hold[]> =>
  (await read.rows<HoldRow>(sql`${holdSelect} where held_for = ${heldFor} order by id`)).map(holdOf);
export const holdsPage = (read: Reader, query: PageQuery, where?: Sql) =>
  pageBy<HoldRow, Hold>(read, query, holdSelect, where, holdOf);

const instructionSelect = sql`select id, participant, kind, fen, hold_key as "holdKey", source, legs, effect, subject, attempt, state, reason,
  bank_serial as "bankSerial", bank_day as "bankDay", last_error as "lastError", created_at as "createdAt", finished_at as "finishedAt"
  from bank_instructions`;
type InstructionRow = Omit<Instruction, 'fen'> & { fen: number };
const instructionOf = (row: InstructionRow): Instruction => ({ ...row, fen: BigInt(row.fen) });
export const findInstruction = async (read: Reader, id: string): Promise<Instruction | undefined> => {
  const row = await read.first<InstructionRow>(sql`${instructionSelect} where id = ${id}`);
  return row && instructionOf(row);
};
/** Oldest first. `payouts: false` leaves out those not sent yet, so that stopped payouts never crowd out the rest. */
const instructionOpen = sql`state in ('planned', 'sent', 'acknowledged')`;
export const instructionsOpen = async (
  read: Reader,
  limit: number,
  { payouts = true }: { payouts?: boolean } = {},
): Promise<Instruction[]> =>
  (
    await read.rows<InstructionRow>(sql`${instructionSelect} where ${instructionOpen}
      ${payouts ? empty : sql`and not (kind = 'payout' and state = 'planned')`} order by created_at, id limit ${limit}`)
  ).map(instructionOf);
export const instructionsOf = async (read: Reader, subject: string): Promise<Instruction[]> =>
  (await read.rows<InstructionRow>(sql`${instructionSelect} where subject = ${subject} order by attempt, effect`)).map(
    instructionOf,
  );
export const instructionsPage = (read: Reader, query: PageQuery, where?: Sql) =>
  pageBy<InstructionRow, Instruction>(read, query, instructionSelect, where, instructionOf);
/** Instructions of an order under way: freezes, releases and transfers by its key at the bank. */
export const orderBusy = async (read: Reader, holdKey: string): Promise<boolean> =>
  (await read.first(
    sql`select 1 from bank_instructions where hold_key = ${holdKey} and state in ('planned', 'sent', 'acknowledged') limit 1`,
  )) !== undefined;
/** Money that is still available in our books but promised to an instruction under way. */
export const promisedFen = async (read: Reader, participant: string): Promise<Fen> => {
  const row = await read.one<{ fen: string }>(sql`select coalesce(sum(fen), 0)::text as fen from bank_instructions
    where participant = ${participant} and state in ('planned', 'sent', 'acknowledged')
      and (kind in ('freeze', 'payout') or source = 'available')`);
  return BigInt(row.fen);
};
/** Payouts that wait for the operator: promised too, though no instruction stands yet. */
export const payoutsAskedFen = async (read: Reader, participant: string): Promise<Fen> => {
  const row = await read.one<{ fen: string }>(
    sql`select coalesce(sum(fen), 0)::text as fen from settlement_payouts where participant = ${participant} and state in ('requested', 'checked')`,
  );
  return BigInt(row.fen);
};

const statementSelect = sql`select id, participant, supplier, order_id, number, period_key, period_from, period_until, way, state, rated_fen,
  total_fen, split, net_fen, tax_fen, cut, final, buyer_fen, supplier_fen, difference_reason, captured, created_at, agreed_at, settled_at
  from statements`;
interface StatementRow
  extends Pick<
    Statement,
    'id' | 'participant' | 'supplier' | 'number' | 'way' | 'state' | 'cut' | 'final' | 'captured'
  > {
  order_id: string;
  period_key: string;
  period_from: Date;
  period_until: Date;
  rated_fen: number;
  total_fen: number;
  split: SplitJson;
  net_fen: number;
  tax_fen: number;
  buyer_fen: number | null;
  supplier_fen: number | null;
  difference_reason: string | null;
  created_at: Date;
  agreed_at: Date | null;
  settled_at: Date | null;
}
const statementOf = (row: StatementRow): Statement => ({
  id: row.id,
  participant: row.participant,
  supplier: row.supplier,
  order: row.order_id,
  number: row.number,
  periodKey: row.period_key,
  from: row.period_from,
  until: row.period_until,
  way: row.way,
  state: row.state,
  ratedFen: BigInt(row.rated_fen),
  totalFen: BigInt(row.total_fen),
  split: splitOf(row.split),
  netFen: BigInt(row.net_fen),
  taxFen: BigInt(row.tax_fen),
  cut: row.cut,
  final: row.final,
  buyerFen: fenOf(row.buyer_fen),
  supplierFen: fenOf(row.supplier_fen),
  differenceReason: row.difference_reason,
  captured: row.captured,
  createdAt: row.created_at,
  agreedAt: row.agreed_at,
  settledAt: row.settled_at,
});
export const findStatement = async (read: Reader, id: string): Promise<Statement | undefined> => {
  const row = await read.first<StatementRow>(sql`${statementSelect} where id = ${id}`);
  return row && statementOf(row);
};
/** Several, by id. */
export const statementsById = async (read: Reader, ids: readonly string[]): Promise<Map<string, Statement>> => {
  const rows = await read.rows<StatementRow>(sql`${statementSelect} where id = any(${[...new Set(ids)]})`);
  return new Map(rows.map((row) => [row.id, statementOf(row)]));
};
export const statementsOfOrder = async (read: Reader, order: string): Promise<Statement[]> =>
  (await read.rows<StatementRow>(sql`${statementSelect} where order_id = ${order} order by created_at, number`)).map(
    statementOf,
  );
export const statementOfPeriod = async (
  read: Reader,
  order: string,
  periodKey: string,
): Promise<Statement | undefined> => {
  const row = await read.first<StatementRow>(
    sql`${statementSelect} where order_id = ${order} and period_key = ${periodKey}`,
  );
  return row && statementOf(row);
};
/** Statements an organisation may see: as buyer, as supplier, as payee. */
export const statementsPage = (read: Reader, query: PageQuery, where?: Sql) =>
  pageBy<StatementRow, Statement>(read, query, statementSelect, where, statementOf);
export const statementsSeenBy = (participant: string): Sql =>
  sql`(participant = ${participant} or supplier = ${participant}
    or id in (select statement from statement_legs where participant = ${participant} and not fee))`;

export interface LineRow {
  line: number;
  title: string;
  rated: Record<string, unknown> & {
    quantity: string;
    billableQuantity: string;
    unitPrice: string;
    amountExact: string;
    amountFen: string;
  };
  fen: number;
}
export const linesOf = (read: Reader, statement: string): Promise<LineRow[]> =>
  read.rows(sql`select line, title, rated, fen from statement_lines where statement = ${statement} order by line`);
export interface LegRow {
  participant: string;
  role: string;
  fee: boolean;
  fen: number;
}
export const legsOf = (read: Reader, statement: string): Promise<LegRow[]> =>
  read.rows(sql`select participant, role, fee, fen from statement_legs where statement = ${statement} order by line`);
export interface StatementPaperRow {
  paper: string;
  participant: string;
  kind: string;
  number: string;
}
export const papersOf = (read: Reader, statement: string): Promise<StatementPaperRow[]> =>
  read.rows(
    sql`select paper, participant, kind, number from statement_papers where statement = ${statement} order by number`,
  );

export interface InvoiceRow {
  id: string;
  participant: string;
  buyer: string;
  statement: string;
  kind: 'supply' | 'fee';
  number: string;
  day: Day;
  gross_fen: number;
  net_fen: number;
  tax_fen: number;
  tax_rate: string;
  red_of: string | null;
  created_at: Date;
}
const invoiceSelect = sql`select id, participant, buyer, statement, kind, number, day, gross_fen, net_fen, tax_fen, tax_rate, red_of, created_at
  from settlement_invoices`;
export const invoicesOf = (read: Reader, statement: string): Promise<InvoiceRow[]> =>
  read.rows(sql`${invoiceSelect} where statement = ${statement} order by created_at, id`);
export const invoicesPage = (read: Reader, query: PageQuery, where?: Sql) =>
  pageBy<InvoiceRow, InvoiceRow>(read, query, invoiceSelect, where, (row) => row);

export interface ProofRow {
  id: string;
  participant: string;
  statement: string;
  fen: number;
  paid_on: Day;
  file_name: string;
  media_type: string;
  digest: string;
  state: 'filed' | 'confirmed' | 'refused';
  reason: string | null;
  created_at: Date;
}
const proofSelect = sql`select id, participant, statement, fen, paid_on, file_name, media_type, digest, state, reason, created_at from settlement_proofs`;
export const findProof = (read: Reader, id: string): Promise<ProofRow | undefined> =>
  read.first(sql`${proofSelect} where id = ${id}`);
export const proofsOf = (read: Reader, statement: string): Promise<ProofRow[]> =>
  read.rows(sql`${proofSelect} where statement = ${statement} order by created_at, id`);

const payoutSelect = sql`select id, participant, fen, bank_name as "bankName", account_masked as "accountMasked", state, two_people as "twoPeople",
  requested_by as "requestedBy", checked_by as "checkedBy", approved_by as "approvedBy", reason, created_at as "createdAt", finished_at as "finishedAt"
  from settlement_payouts`;
type PayoutRow = Omit<Payout, 'fen'> & { fen: number };
const payoutOf = (row: PayoutRow): Payout => ({ ...row, fen: BigInt(row.fen) });
export const findPayout = async (read: Reader, id: string): Promise<Payout | undefined> => {
  const row = await read.first<PayoutRow>(sql`${payoutSelect} where id = ${id}`);
  return row && payoutOf(row);
};
export const payoutsPage = (read: Reader, query: PageQuery, where?: Sql) =>
  pageBy<PayoutRow, Payout>(read, query, payoutSelect, where, payoutOf);

const refundSelect = sql`select id, participant, statement, fen, split, reason, state, two_people as "twoPeople", asked_by as "askedBy", answer,
  repaid_on as "repaidOn", due_at as "dueAt", reminded_at as "remindedAt", closes_at as "closesAt", by_silence as "bySilence", proposed_by as "proposedBy", approved_by as "approvedBy", created_at as "createdAt", finished_at as "finishedAt" from settlement_refunds`;
type RefundRow = Omit<Refund, 'fen' | 'split'> & { fen: number; split: SplitJson };
const refundOf = (row: RefundRow): Refund => ({ ...row, fen: BigInt(row.fen), split: splitOf(row.split) });
export const findRefund = async (read: Reader, id: string): Promise<Refund | undefined> => {
  const row = await read.first<RefundRow>(sql`${refundSelect} where id = ${id}`);
  return row && refundOf(row);
};
export const refundsOf = async (read: Reader, statement: string): Promise<Refund[]> =>
  (await read.rows<RefundRow>(sql`${refundSelect} where statement = ${statement} order by id`)).map(refundOf);
/** The buyer's, and those that a payee gives a share of; what the parties settle themselves is between the two. */
export const refundsSeenBy = (participant: string): Sql =>
  sql`(participant = ${participant} or statement in (select s.id from statements s where s.way = 'direct' and s.supplier = ${participant}
    union all select s.id from statements s join statement_legs l on l.statement = s.id
      where s.way <> 'direct' and l.participant = ${participant} and not l.fee))`;
/** Of what the parties settled themselves: those whose next side is late and not told yet, or whose silence is over. Ids. */
const silent = (at: Moment): Sql => sql`from settlement_refunds r join statements s on s.id = r.statement
      where s.way = 'direct' and (r.state = 'approved' or (r.state = 'proposed' and r.asked_by <> 'operator'))
        and ((r.reminded_at is null and coalesce(r.due_at, r.created_at) <= ${at}) or r.closes_at <= ${at})`;
export const refundsDue = (at: Moment): Sql => sql`exists (select ${silent(at)})`;
export const refundsSilent = async (read: Reader, now: Date, limit: number): Promise<string[]> =>
  (await read.rows<{ id: string }>(sql`select r.id ${silent(now)} order by r.id limit ${limit}`)).map(({ id }) => id);
export const refundsPage = (read: Reader, query: PageQuery, where?: Sql) =>
  pageBy<RefundRow, Refund>(read, query, refundSelect, where, refundOf);

const feeSelect = sql`select id, participant, statement, order_id as order, fen, reversed_fen as "reversedFen", paid_fen as "paidFen",
  returned_fen as "returnedFen", due_on as "dueOn", state, created_at as "createdAt", finished_at as "finishedAt" from settlement_fees`;
type FeeRow = Omit<Fee, 'fen' | 'reversedFen' | 'paidFen' | 'returnedFen'> &
  Record<'fen' | 'reversedFen' | 'paidFen' | 'returnedFen', number>;
const feeOf = ({ fen, reversedFen, paidFen, returnedFen, ...row }: FeeRow): Fee => ({
  ...row,
  fen: BigInt(fen),
  reversedFen: BigInt(reversedFen),
  paidFen: BigInt(paidFen),
  returnedFen: BigInt(returnedFen),
});
/** Of a statement, or by its own id. */
export const findFee = async (read: Reader, id: string): Promise<Fee | undefined> => {
  const row = await read.first<FeeRow>(sql`${feeSelect} where statement = ${id} or id = ${id}`);
  return row && feeOf(row);
};
export const feesPage = (read: Reader, query: PageQuery, where?: Sql) =>
  pageBy<FeeRow, Fee>(read, query, feeSelect, where, feeOf);
/** Late as of `today`. */
export const lateFees = (today: Day): Sql => sql`(state = 'owed' and due_on < ${today})`;
export const feesToRemind = async (tx: Tx, today: Day, limit: number): Promise<Fee[]> =>
  (
    await tx.rows<FeeRow>(
      sql`${feeSelect} where ${lateFees(today)} and reminded_at is null order by due_on, id limit ${limit} for update skip locked`,
    )
  ).map(feeOf);
const overpaid = sql`paid_fen - returned_fen > fen - reversed_fen`;
export const feesToReturn = async (read: Reader, limit: number): Promise<Fee[]> =>
  (await read.rows<FeeRow>(sql`${feeSelect} where ${overpaid} order by id limit ${limit}`)).map(feeOf);
/** Whether a fee is to be told of or given back. */
export const feesDue = (today: Day): Sql => sql`(exists (select from settlement_fees
  where ${lateFees(today)} and reminded_at is null) or exists (select from settlement_fees where ${overpaid}))`;

export interface ReconciliationRow {
  id: string;
  day: Day;
  matched: number;
  differences: number;
  open: number;
  ours_fen: number;
  theirs_fen: number;
  runs: number;
  closed: boolean;
  ran_at: Date;
}
export const reconciliationsPage = async (read: Reader, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<ReconciliationRow>(sql`select id, day, matched, differences, ours_fen, theirs_fen, runs, closed, ran_at,
      (select count(*)::int from reconciliation_differences d where d.day = r.day and d.state <> 'resolved') as open
    from reconciliations r where true ${after ? sql`and day < ${after[0]}` : empty} order by day desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.day],
    (row) => row,
  );
};
export const lastReconciledDay = async (read: Reader): Promise<Day | undefined> =>
  (await read.one<{ day: Day | null }>(sql`select max(day) as day from reconciliations where closed`)).day ?? undefined;
/** First day on which anything happened here. */
export const firstDay = async (read: Reader): Promise<Day | undefined> => {
  const row = await read.one<{ at: Date | null }>(sql`select min(created_at) as at from settlement_accounts`);
  return row.at ? dayOf(row.at) : undefined;
};

export interface DifferenceRow {
  id: string;
  participant: string;
  day: Day;
  kind: 'missingHere' | 'missingThere' | 'amountDiffers';
  reference: string;
  line_kind: string;
  ours_fen: number | null;
  theirs_fen: number | null;
  parked_fen: number;
  state: 'open' | 'proposed' | 'resolved';
  resolution: 'toMember' | 'offset' | 'noMoney' | null;
  explanation: string | null;
  proposed_by: string | null;
  approved_by: string | null;
  created_at: Date;
  resolved_at: Date | null;
}
const differenceSelect = sql`select id, participant, day, kind, reference, line_kind, ours_fen, theirs_fen, parked_fen, state, resolution,
  explanation, proposed_by, approved_by, created_at, resolved_at from reconciliation_differences`;
export const findDifference = (read: Reader, id: string): Promise<DifferenceRow | undefined> =>
  read.first(sql`${differenceSelect} where id = ${id} for update`);
export const differencesPage = (read: Reader, query: PageQuery, where?: Sql) =>
  pageBy<DifferenceRow, DifferenceRow>(read, query, differenceSelect, where, (row) => row);
export const differencesStand = async (read: Reader): Promise<boolean> =>
  (await read.first(sql`select 1 from reconciliation_differences where state <> 'resolved' limit 1`)) !== undefined;
/** Whether a day before `today` may be uncompared. */
export const reconciliationDue = (today: Day): Sql => sql`(exists (select from settlement_accounts)
  and not exists (select from reconciliations where closed and day >= ${addDays(today, -1)}))`;
/** First day of those not yet compared with the bank; undefined before anything happened here. */
export const firstUncomparedDay = async (read: Reader): Promise<Day | undefined> => {
  const last = await lastReconciledDay(read);
  return last ? addDays(last, 1) : firstDay(read);
};
/** What was handed to the bank on a day up to `day` and has no last word yet. */
export const instructionsUnsettled = async (read: Reader, day: Day): Promise<boolean> =>
  (await read.first(sql`select 1 from bank_instructions
    where state in ('sent', 'acknowledged') and sent_at < ${endOfDay(day)} limit 1`)) !== undefined;

export const depositKnown = async (read: Reader, reference: string): Promise<boolean> =>
  (await read.first(sql`select 1 from bank_deposits where reference = ${reference}`)) !== undefined;

export interface DeskCounts {
  instructionsOpen: number;
  instructionsRefused: number;
  holdsWaiting: number;
  statementsOpen: number;
  payoutsOpen: number;
  refundsOpen: number;
  feesOpen: number;
  feesOverdue: number;
  differencesOpen: number;
  accounts: number;
  settledFen: string;
  feeFen: string;
  feesOwedFen: string;
}
export const deskCounts = (read: Reader, today: Day): Promise<DeskCounts> =>
  read.one(sql`select
    (select count(*)::int from bank_instructions where state in ('planned', 'sent', 'acknowledged')) as "instructionsOpen",
    (select count(*)::int from bank_instructions i where state = 'refused' and not exists
      (select 1 from bank_instructions n where n.subject = i.subject and n.effect = i.effect and n.attempt > i.attempt)) as "instructionsRefused",
    (select count(*)::int from settlement_holds where state = 'waiting') as "holdsWaiting",
    (select count(*)::int from statements where state <> 'settled') as "statementsOpen",
    (select count(*)::int from settlement_payouts where state in ('requested', 'checked', 'approved')) as "payoutsOpen",
    (select count(*)::int from settlement_refunds where state in ('proposed', 'approved')) as "refundsOpen",
    (select count(*)::int from settlement_fees where state in ('owed', 'paying')) as "feesOpen",
    (select count(*)::int from settlement_fees where ${lateFees(today)}) as "feesOverdue",
    (select count(*)::int from reconciliation_differences where state <> 'resolved') as "differencesOpen",
    (select count(*)::int from settlement_accounts) as accounts,
    (select coalesce(sum(total_fen), 0)::text from statements where state = 'settled') as "settledFen",
    (select coalesce(-sum(fen), 0)::text from ledger_balances where template = 'feeIncome') as "feeFen",
    (select coalesce(sum(fen), 0)::text from ledger_balances where template = 'feeReceivable') as "feesOwedFen"`);

export interface GuaranteedStatement {
  order: string;
  number: string;
  from: Date;
  until: Date;
  /** In the unit that the order's plan measures. */
  quantity: bigint;
  fen: Fen;
  final: boolean;
}
/**
 * What these orders were billed, as far as another node guarantees them, the oldest first; an order that ended without a last statement
 * ends with a line of nothing, whose number is the order's id.
 */
export const guaranteedStatements = async (read: Reader, orders: readonly string[]): Promise<GuaranteedStatement[]> =>
  (
    await read.rows<Omit<GuaranteedStatement, 'quantity' | 'fen'> & { quantity: string; fen: number }>(sql`
      select s.order_id as "order", s.number, s.period_from as "from", s.period_until as until, s.total_fen as fen, s.final,
        (select coalesce(sum((l.rated ->> 'quantity')::numeric), 0)::text from statement_lines l where l.statement = s.id) as quantity, s.created_at
      from statements s join settlement_orders o on o.id = s.order_id
      where o.guaranteed_fen is not null and s.order_id = any(${[...orders]})
      union all
      select o.id, o.id, o.created_at, o.created_at, 0, true, '0', 'infinity'::timestamptz from settlement_orders o
      where o.guaranteed_fen is not null and o.id = any(${[...orders]}) and o.state <> 'open'
        and not exists (select 1 from statements s where s.order_id = o.id and s.final)
      order by 8, 2`)
  ).map(({ order, number, from, until, final, quantity, fen }) => ({
    ...{ order, number, from, until, final },
    quantity: BigInt(quantity),
    fen: BigInt(fen),
  }));

/** The only SQL that writes this room's tables, the ledger (books.ts) apart. */

import { statementLineToWire } from '@shugu/ledger';
import { type Sql, sql, type Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import type {
  Day,
  Effect,
  Fee,
  FeeFacts,
  FeeState,
  Fen,
  Hold,
  HoldState,
  InstructionKind,
  OrderTerms,
  Payout,
  Refund,
  Statement,
  SubAccount,
} from './model.ts';
import type { Rated } from './rules.ts';

const fenText = (fen: Fen | null): string | null => (fen === null ? null : fen.toString());
const json = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? each.toString() : each));

/** False when the member already has one. */
export const insertAccount = async (tx: Tx, participant: string, name: string): Promise<boolean> =>
  (await tx.exec(sql`insert into settlement_accounts (id, node, market, participant, name, state, created_at)
    values (${newId('sac', tx.now)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${name}, 'opening', ${tx.now})
    on conflict (node, market, participant) do nothing`)) > 0;

export const openAccount = async (tx: Tx, account: SubAccount, bankAccount: string): Promise<boolean> =>
  (await tx.exec(sql`update settlement_accounts set state = 'open', bank_account = ${bankAccount}, opened_at = ${tx.now}
    where id = ${account.id} and state = 'opening'`)) > 0;

export const insertOrder = async (tx: Tx, order: Omit<OrderTerms, 'createdAt'>): Promise<boolean> =>
  (await tx.exec(sql`insert into settlement_orders (id, node, market, participant, supplier, contract, title, way, plan, tax_rate,
      split_rule, estimate_fen, guaranteed_fen, state, created_at)
    values (${order.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${order.participant}, ${order.supplier}, ${order.contract},
      ${order.title}, ${order.way}, ${json(order.plan)}, ${order.taxRate}, ${json(order.splitRule)}, ${order.estimateFen.toString()},
      ${fenText(order.guaranteedFen)}, ${order.state}, ${tx.now}) on conflict (id) do nothing`)) > 0;

export const setOrderState = (tx: Tx, id: string, state: OrderTerms['state']): Promise<number> =>
  tx.exec(
    sql`update settlement_orders set state = ${state}, settled_at = ${state === 'settled' ? tx.now : null} where id = ${id}`,
  );

export interface NewHold {
  participant: string;
  purpose: Hold['purpose'];
  subject: string;
  heldFor: string;
  fen: Fen;
}

export const insertHold = async (tx: Tx, hold: NewHold): Promise<string> => {
  const id = newId('hld', tx.now);
  await tx.exec(sql`insert into settlement_holds (id, node, market, participant, purpose, subject, held_for, fen, state, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${hold.participant}, ${hold.purpose}, ${hold.subject}, ${hold.heldFor},
      ${hold.fen.toString()}, 'waiting', ${tx.now})`);
  return id;
};

export const setHold = (tx: Tx, id: string, state: HoldState): Promise<number> =>
  tx.exec(
    sql`update settlement_holds set state = ${state}, placed_at = ${state === 'placed' ? tx.now : null} where id = ${id}`,
  );

export const cancelWaiting = (tx: Tx, heldFor: string): Promise<number> =>
  tx.exec(
    sql`update settlement_holds set state = 'cancelled' where held_for = ${heldFor} and purpose = 'order' and state in ('waiting', 'refused')`,
  );

export interface NewInstruction {
  participant: string;
  kind: InstructionKind;
  fen: Fen;
  holdKey?: string;
  source?: 'frozen' | 'available';
  legs?: { party: string; fen: Fen }[];
  effect: Effect;
  subject: string;
  attempt?: number;
}

/** The id is the reference the bank knows it by: sent again, it is carried out once. */
export const insertInstruction = async (tx: Tx, one: NewInstruction): Promise<string> => {
  const id = newId('ins', tx.now);
  await tx.exec(sql`insert into bank_instructions (id, node, market, participant, kind, fen, hold_key, source, legs, effect, subject,
      attempt, state, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.kind}, ${one.fen.toString()}, ${one.holdKey ?? null},
      ${one.source ?? null}, ${json(one.legs ?? [])}, ${one.effect}, ${one.subject}, ${one.attempt ?? 1}, 'planned', ${tx.now})`);
  return id;
};

/** Recorded before the call, so that a crash in between is seen as "perhaps sent" and asked again under the same reference. */
export const markSent = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update bank_instructions set state = 'sent', sends = sends + 1, sent_at = coalesce(sent_at, ${tx.now})
    where id = ${id} and state in ('planned', 'sent')`);

export const markAcknowledged = (tx: Tx, id: string, serial: string): Promise<number> =>
  tx.exec(sql`update bank_instructions set state = 'acknowledged', bank_serial = ${serial}, acknowledged_at = ${tx.now}, last_error = null
    where id = ${id} and state in ('planned', 'sent')`);

export const noteFailure = (tx: Tx, id: string, error: string): Promise<number> =>
  tx.exec(
    sql`update bank_instructions set last_error = ${error.slice(0, 500)} where id = ${id} and finished_at is null`,
  );

/** Zero when it was finished before: its effect has then been applied. */
export const finishInstruction = (
  tx: Tx,
  id: string,
  outcome: { state: 'executed'; day: Day; serial: string } | { state: 'refused'; reason: string },
): Promise<number> =>
  tx.exec(sql`update bank_instructions set state = ${outcome.state}, finished_at = ${tx.now},
      reason = ${outcome.state === 'refused' ? outcome.reason : null}, bank_day = ${outcome.state === 'executed' ? outcome.day : null},
      bank_serial = ${outcome.state === 'executed' ? outcome.serial : sql`bank_serial`}
    where id = ${id} and finished_at is null`);

export const insertDeposit = async (
  tx: Tx,
  deposit: { reference: string; participant: string; fen: Fen; day: Day; entry: string },
): Promise<void> => {
  await tx.exec(sql`insert into bank_deposits (reference, node, market, participant, fen, day, entry, created_at)
    values (${deposit.reference}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${deposit.participant}, ${deposit.fen.toString()},
      ${deposit.day}, ${deposit.entry}, ${tx.now})`);
};

export const insertStatement = async (
  tx: Tx,
  one: Omit<
    Statement,
    'createdAt' | 'agreedAt' | 'settledAt' | 'buyerFen' | 'supplierFen' | 'differenceReason' | 'captured'
  >,
  lines: readonly Rated[],
): Promise<void> => {
  await tx.exec(sql`insert into statements (id, node, market, participant, supplier, order_id, number, period_key, period_from,
      period_until, way, state, rated_fen, total_fen, split, net_fen, tax_fen, cut, final, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.supplier}, ${one.order}, ${one.number},
      ${one.periodKey}, ${one.from}, ${one.until}, ${one.way}, ${one.state}, ${one.ratedFen.toString()}, ${one.totalFen.toString()},
      ${json(one.split)}, ${one.netFen.toString()}, ${one.taxFen.toString()}, ${json(one.cut)}, ${one.final}, ${tx.now})`);
  for (const [index, { title, line }] of lines.entries())
    await tx.exec(sql`insert into statement_lines (statement, line, node, market, participant, title, rated, fen, created_at)
      values (${one.id}, ${index + 1}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${title},
        ${json(statementLineToWire(line))}, ${line.amountFen.toString()}, ${tx.now})`);
};

/** Once per statement, when its amount is fixed. */
export const insertLegs = async (tx: Tx, { id, split }: Pick<Statement, 'id' | 'split'>): Promise<void> => {
  const legs = split.parts.map(({ party, role, fen }) => ({ party, role, fen, fee: false }));
  if (split.feeParty !== null) legs.push({ party: split.feeParty, role: 'serviceFee', fen: split.feeFen, fee: true });
  for (const [index, leg] of legs.entries())
    await tx.exec(sql`insert into statement_legs (statement, line, node, market, participant, role, fee, fen, created_at)
      values (${id}, ${index + 1}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${leg.party}, ${leg.role}, ${leg.fee}, ${leg.fen.toString()}, ${tx.now})`);
};

export const insertStatementPaper = async (
  tx: Tx,
  paper: { statement: string; paper: string; participant: string; kind: string; number: string },
): Promise<void> => {
  await tx.exec(sql`insert into statement_papers (statement, paper, node, market, participant, kind, number, created_at)
    values (${paper.statement}, ${paper.paper}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${paper.participant}, ${paper.kind}, ${paper.number}, ${tx.now})`);
};

const setStatement = (tx: Tx, id: string, change: Sql): Promise<number> =>
  tx.exec(sql`update statements set ${change} where id = ${id}`);
export const setStatementState = (tx: Tx, id: string, state: Statement['state']): Promise<number> =>
  setStatement(tx, id, sql`state = ${state}, settled_at = ${state === 'settled' ? tx.now : null}`);
export const setCaptured = (tx: Tx, id: string): Promise<number> =>
  setStatement(tx, id, sql`captured = true, state = 'paying'`);
export const setBillAnswers = (
  tx: Tx,
  id: string,
  {
    buyerFen,
    supplierFen,
    differenceReason,
    state,
  }: Pick<Statement, 'buyerFen' | 'supplierFen' | 'differenceReason' | 'state'>,
) =>
  setStatement(
    tx,
    id,
    sql`buyer_fen = ${fenText(buyerFen)}, supplier_fen = ${fenText(supplierFen)}, difference_reason = ${differenceReason}, state = ${state}`,
  );
export const setAgreed = (
  tx: Tx,
  one: Pick<Statement, 'id' | 'totalFen' | 'netFen' | 'taxFen' | 'split'>,
): Promise<number> =>
  setStatement(
    tx,
    one.id,
    sql`state = 'agreed', agreed_at = ${tx.now}, total_fen = ${one.totalFen.toString()}, net_fen = ${one.netFen.toString()},
      tax_fen = ${one.taxFen.toString()}, split = ${json(one.split)}`,
  );

export interface NewInvoice {
  participant: string;
  buyer: string;
  statement: string;
  kind: 'supply' | 'fee';
  number: string;
  day: Day;
  grossFen: Fen;
  netFen: Fen;
  taxFen: Fen;
  taxRate: string;
  redOf: string | null;
}
export const insertInvoice = async (tx: Tx, one: NewInvoice): Promise<string> => {
  const id = newId('inv', tx.now);
  await tx.exec(sql`insert into settlement_invoices (id, node, market, participant, buyer, statement, kind, number, day, gross_fen,
      net_fen, tax_fen, tax_rate, red_of, created_by, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.buyer}, ${one.statement}, ${one.kind},
      ${one.number}, ${one.day}, ${one.grossFen.toString()}, ${one.netFen.toString()}, ${one.taxFen.toString()}, ${one.taxRate},
      ${one.redOf}, ${tx.actor.id}, ${tx.now})`);
  return id;
};

export interface NewProof {
  participant: string;
  statement: string;
  fen: Fen;
  paidOn: Day;
  fileName: string;
  mediaType: string;
  digest: string;
}
export const insertProof = async (tx: Tx, one: NewProof): Promise<string> => {
  const id = newId('prf', tx.now);
  await tx.exec(sql`insert into settlement_proofs (id, node, market, participant, statement, fen, paid_on, file_name, media_type, digest, state, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.statement}, ${one.fen.toString()}, ${one.paidOn},
      ${one.fileName}, ${one.mediaType}, ${one.digest}, 'filed', ${tx.now})`);
  return id;
};
export const answerProof = (
  tx: Tx,
  id: string,
  state: 'confirmed' | 'refused',
  reason: string | null,
): Promise<number> =>
  tx.exec(
    sql`update settlement_proofs set state = ${state}, reason = ${reason}, answered_at = ${tx.now} where id = ${id} and state = 'filed'`,
  );

export const insertPayout = async (
  tx: Tx,
  one: Pick<Payout, 'participant' | 'fen' | 'bankName' | 'accountMasked' | 'state' | 'twoPeople'>,
): Promise<string> => {
  const id = newId('pay', tx.now);
  await tx.exec(sql`insert into settlement_payouts (id, node, market, participant, fen, bank_name, account_masked, state, two_people, requested_by, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.fen.toString()}, ${one.bankName}, ${one.accountMasked},
      ${one.state}, ${one.twoPeople}, ${tx.actor.id}, ${tx.now})`);
  return id;
};
export const checkPayout = (tx: Tx, id: string): Promise<number> =>
  tx.exec(
    sql`update settlement_payouts set state = 'checked', checked_by = ${tx.actor.id} where id = ${id} and state = 'requested'`,
  );
export const approvePayout = (tx: Tx, id: string): Promise<number> =>
  tx.exec(
    sql`update settlement_payouts set state = 'approved', approved_by = ${tx.actor.id} where id = ${id} and state = 'checked'`,
  );
export const endPayout = (tx: Tx, id: string, state: 'paid' | 'refused', reason: string | null): Promise<number> =>
  tx.exec(sql`update settlement_payouts set state = ${state}, reason = ${reason}, finished_at = ${tx.now}
    where id = ${id} and state in ('requested', 'checked', 'approved')`);

export const insertRefund = async (
  tx: Tx,
  one: Pick<Refund, 'participant' | 'statement' | 'fen' | 'split' | 'reason' | 'state' | 'twoPeople' | 'askedBy'> &
    Partial<Pick<Refund, 'dueAt'>>,
): Promise<string> => {
  const id = newId('rfd', tx.now);
  await tx.exec(sql`insert into settlement_refunds (id, node, market, participant, statement, fen, split, reason, state, two_people, asked_by,
      due_at, proposed_by, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.statement}, ${one.fen.toString()}, ${json(one.split)},
      ${one.reason}, ${one.state}, ${one.twoPeople}, ${one.askedBy}, ${one.dueAt ?? null}, ${tx.actor.id}, ${tx.now})`);
  return id;
};
export const approveRefund = (tx: Tx, id: string): Promise<number> =>
  tx.exec(
    sql`update settlement_refunds set state = 'approved', approved_by = ${tx.actor.id} where id = ${id} and state = 'proposed'`,
  );
export const endRefund = (
  tx: Tx,
  id: string,
  state: 'done' | 'refused',
  { answer = null, bySilence = false }: { answer?: string | null; bySilence?: boolean } = {},
): Promise<number> =>
  tx.exec(
    sql`update settlement_refunds set state = ${state}, answer = ${answer}, by_silence = ${bySilence}, finished_at = ${tx.now}
      where id = ${id} and state in ('proposed', 'approved')`,
  );
/** Now it is another side's turn, or the same side's anew: its clock begins, and no notice of lateness was given yet. */
export const turnRefund = (
  tx: Tx,
  id: string,
  { dueAt, repaidOn, answer }: { dueAt: Date; repaidOn: Day | null; answer: string | null },
): Promise<number> =>
  tx.exec(
    sql`update settlement_refunds set due_at = ${dueAt}, repaid_on = ${repaidOn}, answer = ${answer}, reminded_at = null, closes_at = null
      where id = ${id}`,
  );
export const remindRefund = (tx: Tx, id: string, closesAt: Date | null): Promise<number> =>
  tx.exec(sql`update settlement_refunds set reminded_at = ${tx.now}, closes_at = ${closesAt} where id = ${id}`);

/** One a statement: the database refuses a second. */
export const insertFee = async (
  tx: Tx,
  one: Pick<Fee, 'participant' | 'statement' | 'order' | 'fen' | 'dueOn'>,
): Promise<void> => {
  await tx.exec(sql`insert into settlement_fees (id, node, market, participant, statement, order_id, fen, due_on, state, created_at)
    values (${newId('fee', tx.now)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.statement}, ${one.order},
      ${one.fen.toString()}, ${one.dueOn}, 'owed', ${tx.now})`);
};
export const saveFee = async (tx: Tx, one: FeeFacts & { id: string; state: FeeState }): Promise<void> => {
  const ends = one.state === 'paid' || one.state === 'reversed';
  await tx.exec(sql`update settlement_fees set reversed_fen = ${one.reversedFen.toString()}, paid_fen = ${one.paidFen.toString()},
      returned_fen = ${one.returnedFen.toString()}, state = ${one.state}, finished_at = ${ends ? sql`coalesce(finished_at, ${tx.now})` : null}
    where id = ${one.id}`);
};
export const noteReminded = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update settlement_fees set reminded_at = ${tx.now} where id = ${id}`);

export const keepReconciliation = async (
  tx: Tx,
  one: { day: Day; matched: number; differences: number; oursFen: Fen; theirsFen: Fen; closed: boolean },
): Promise<void> => {
  await tx.exec(sql`insert into reconciliations (day, id, node, market, participant, matched, differences, ours_fen, theirs_fen, closed, created_at, ran_at)
    values (${one.day}, ${newId('rec', tx.now)}, ${tx.tenancy.node}, ${tx.tenancy.market}, '', ${one.matched}, ${one.differences},
      ${one.oursFen.toString()}, ${one.theirsFen.toString()}, ${one.closed}, ${tx.now}, ${tx.now})
    on conflict (day) do update set matched = excluded.matched, differences = excluded.differences, ours_fen = excluded.ours_fen,
      theirs_fen = excluded.theirs_fen, closed = excluded.closed, runs = reconciliations.runs + 1, ran_at = excluded.ran_at`);
};

export interface NewDifference {
  participant: string;
  day: Day;
  kind: 'missingHere' | 'missingThere' | 'amountDiffers';
  reference: string;
  lineKind: string;
  oursFen: Fen | null;
  theirsFen: Fen | null;
  parkedFen: Fen;
}
/** Undefined when the same difference was found by an earlier run of the day. */
export const insertDifference = async (tx: Tx, one: NewDifference): Promise<string | undefined> => {
  const id = newId('dif', tx.now);
  const added =
    await tx.exec(sql`insert into reconciliation_differences (id, node, market, participant, day, kind, reference, line_kind,
      ours_fen, theirs_fen, parked_fen, state, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.day}, ${one.kind}, ${one.reference}, ${one.lineKind},
      ${fenText(one.oursFen)}, ${fenText(one.theirsFen)}, ${one.parkedFen.toString()}, 'open', ${tx.now})
    on conflict do nothing`);
  return added ? id : undefined;
};
export const proposeDifference = (tx: Tx, id: string, resolution: string, explanation: string): Promise<number> =>
  tx.exec(sql`update reconciliation_differences set state = 'proposed', resolution = ${resolution}, explanation = ${explanation},
    proposed_by = ${tx.actor.id} where id = ${id} and state <> 'resolved'`);
export const resolveDifference = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update reconciliation_differences set state = 'resolved', approved_by = ${tx.actor.id}, resolved_at = ${tx.now}
    where id = ${id} and state = 'proposed'`);

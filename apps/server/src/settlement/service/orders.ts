/** The money side of an order: terms frozen, hold, statement, capture, split, release. Each step asks the rule what is next. */

import {
  accountId,
  captured,
  directOwed,
  type PricePlan,
  parsePricePlan,
  parseSplitRule,
  type SettlementWay,
  type SplitRule,
  usageBilled,
} from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import { monthOf } from '../../kernel/calendar/calendar.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { nextNumber } from '../../kernel/numbers.ts';
import { balanceOf, contextFor, post } from '../books.ts';
import { type Fen, limits, type OrderTerms, type Statement } from '../model.ts';
import { problems } from '../problems.ts';
import {
  findOrder,
  findStatement,
  holdsFor,
  lockOrder,
  orderBusy,
  statementOfPeriod,
  statementsOfOrder,
} from '../reads.ts';
import {
  amountsOf,
  holdKeyOf,
  nextCustodyStep,
  partiesOf,
  plainSplit,
  quantityFor,
  rateLines,
  transferLegs,
  type Usage,
} from '../rules.ts';
import * as store from '../store.ts';
import { placeHold, plan } from './holds.ts';
import { issuePapers } from './papers.ts';
import { ensureAccount, freeFen, lockMoney, type Room, rulesAt, tell } from './room.ts';

export interface OrderDraft {
  order: string;
  contract: string;
  /** For people: product and plan. */
  title: string;
  buyer: string;
  supplier: string;
  plan: PricePlan;
  /** "0.06" is six per cent, inside the price. */
  taxRate: string;
  way: SettlementWay;
  /** Frozen before delivery when settled in custody. */
  estimateFen: Fen;
  /** Right holders, data merchant, service fee as the contract says; everything to the supplier less the fee if absent. */
  splitRule?: SplitRule;
  /** Frozen for it at another node's bank: nothing is here until that node pays, and what is billed waits for it. */
  guaranteedFen?: Fen;
}

/** Freezes the terms and, in custody, instructs the hold. Repeating it changes nothing. */
export const openOrder = async (room: Room, tx: Tx, draft: OrderDraft): Promise<void> => {
  const operator = await room.organisations.operatorOf(tx);
  const splitRule = parseSplitRule(draft.splitRule ?? plainSplit(draft.supplier, operator.id, rulesAt(room, tx.now)));
  const parties = partiesOf(splitRule);
  // The bank moves nothing from an account to itself, and a buyer who is a payee would pay less than the price.
  if (parties.includes(draft.buyer)) throw new Error('the buyer is no payee of its own order');
  const added = await store.insertOrder(tx, {
    id: draft.order,
    participant: draft.buyer,
    supplier: draft.supplier,
    contract: draft.contract,
    title: draft.title,
    way: draft.way,
    plan: parsePricePlan(draft.plan),
    taxRate: draft.taxRate,
    splitRule,
    estimateFen: draft.estimateFen,
    guaranteedFen: draft.guaranteedFen ?? null,
    state: 'open',
  });
  if (!added) return;
  if (draft.way !== 'direct') for (const party of [draft.buyer, ...parties]) await ensureAccount(room, tx, party);
  if (draft.way === 'custody') await holdEstimate(room, tx, draft);
  await audit(tx, {
    action: 'settlement.order.open',
    subject: draft.order,
    participant: draft.buyer,
    data: { way: draft.way, estimateFen: draft.estimateFen.toString() },
  });
};

/** What is used at once: whoever has no free money for it now does not get it. */
export interface FreezeDraft extends Pick<OrderDraft, 'order' | 'contract' | 'title' | 'buyer' | 'plan' | 'taxRate'> {
  fen: Fen;
  legs: SplitRule['legs'];
}

/**
 * An order in custody whose money is there, frozen in this transaction as far as our books go; the bank’s word follows. The first leg’s
 * party is the supplier.
 * @throws settlement.accountMissing, settlement.fundsShort
 */
export const freezeOrder = async (room: Room, tx: Tx, { fen, legs, ...draft }: FreezeDraft): Promise<void> => {
  await lockMoney(tx, draft.buyer);
  if ((await freeFen(tx, draft.buyer)) < fen) throw problems.fundsShort();
  const supplier = legs[0]!.party;
  const { fee } = plainSplit(supplier, (await room.organisations.operatorOf(tx)).id, rulesAt(room, tx.now));
  await openOrder(room, tx, {
    ...draft,
    supplier,
    way: 'custody',
    estimateFen: fen,
    splitRule: { legs, ...(fee && { fee }) },
  });
};

/** Who waits for the hold is told at once where there is nothing to hold. */
const holdEstimate = async (room: Room, tx: Tx, draft: OrderDraft): Promise<void> => {
  const { order, buyer, estimateFen: fen } = draft;
  if (fen === 0n || draft.guaranteedFen !== undefined)
    return tell(tx, 'settlement.hold.placed', order, buyer, { order, hold: '', fen: '0' });
  await placeHold(room, tx, { participant: buyer, purpose: 'order', subject: order, heldFor: order, fen });
};

export interface SettleDraft {
  order: string;
  /** Names the period, e.g. `2026-07` or `once`: rated once, whoever asks again. */
  periodKey: string;
  from: Date;
  until: Date;
  /** One line each; the plan takes the quantity it measures. */
  usage: readonly Usage[];
  /** Watermarks up to which usage was taken, for whoever recomputes. */
  cut?: Record<string, unknown>;
  /** Nothing more will be billed: what is still held goes back to the buyer. */
  final: boolean;
}

const openStatement = async (tx: Tx, order: OrderTerms, draft: SettleDraft): Promise<Statement> => {
  const usage = draft.usage.map((one) => ({ title: one.title, quantity: quantityFor(order.plan, one) }));
  const { lines, ratedFen } = rateLines(order.plan, usage);
  const month = monthOf(tx.now);
  const serial = await nextNumber(tx, `settlement/statement/${month}`);
  const id = newId('stm', tx.now);
  await store.insertStatement(
    tx,
    {
      id,
      participant: order.participant,
      supplier: order.supplier,
      order: order.id,
      number: `JS-${month}-${String(serial).padStart(4, '0')}`,
      periodKey: draft.periodKey,
      from: draft.from,
      until: draft.until,
      way: order.way,
      state: 'issued',
      ratedFen,
      ...amountsOf(ratedFen, order),
      cut: draft.cut ?? {},
      final: draft.final,
    },
    lines,
  );
  return (await findStatement(tx, id))!;
};

/**
 * Rates usage once into a statement and settles it in the order's way. Repeating it for a period returns the same statement.
 * @throws settlement.stateWrong for an order that is settled or was released
 */
export const settleOrder = async (room: Room, tx: Tx, draft: SettleDraft): Promise<Statement> => {
  if (draft.usage.length > limits.linesMax) throw new Error(`a statement has ${limits.linesMax} lines at most`);
  const order = await lockOrder(tx, draft.order);
  if (!order) throw new Error(`no money side of order ${draft.order}`);
  const before = await statementOfPeriod(tx, order.id, draft.periodKey);
  if (before) return before;
  if (order.state !== 'open') throw problems.stateWrong({ detail: order.state });
  const statement = await openStatement(tx, order, draft);
  const { id, ratedFen } = statement;
  if (draft.final) {
    await store.setOrderState(tx, order.id, 'final');
    // What is owed is known: an estimate that still waits for money gives way to the sum itself.
    await store.cancelWaiting(tx, order.id);
  }
  await audit(tx, {
    action: 'settlement.statement.issue',
    subject: id,
    participant: order.participant,
    data: { fen: ratedFen.toString() },
  });
  await tell(tx, 'settlement.statement.issued', id, order.participant, {
    order: order.id,
    statement: id,
    fen: ratedFen.toString(),
    final: draft.final,
  });
  if (order.way === 'postpaid' && ratedFen > 0n) {
    const bill = { buyer: order.participant, order: order.id, bill: id, fen: ratedFen };
    await post(tx, usageBilled(contextFor(tx, `usageBilled/${id}`), bill), { participant: order.participant });
    return statement;
  }
  await fixStatement(room, tx, statement);
  if (order.way === 'direct' && ratedFen > 0n) {
    const owed = { buyer: order.participant, supplier: order.supplier, order: order.id, fen: ratedFen };
    await post(tx, directOwed(contextFor(tx, `directOwed/${id}`), owed), { participant: order.participant });
    return statement;
  }
  if (ratedFen === 0n && order.way !== 'custody') await settleStatement(room, tx, statement);
  else await advance(room, tx, order.id);
  return (await findStatement(tx, id))!;
};

/** The amount stands: shares are written down and the papers issued. */
export const fixStatement = async (room: Room, tx: Tx, statement: Statement): Promise<void> => {
  await store.insertLegs(tx, statement);
  await issuePapers(room, tx, statement);
};

export const settleStatement = async (room: Room, tx: Tx, statement: Statement): Promise<void> => {
  await store.setStatementState(tx, statement.id, 'settled');
  await tell(tx, 'settlement.statement.settled', statement.id, statement.participant, {
    order: statement.order,
    statement: statement.id,
    fen: statement.totalFen.toString(),
  });
  await advance(room, tx, statement.order);
};

/** The order ends without a (further) statement, e.g. cancelled or refused delivery: everything held goes back. */
export const releaseOrder = async (
  room: Room,
  tx: Tx,
  { order: id, reason }: { order: string; reason: string },
): Promise<void> => {
  const order = await lockOrder(tx, id);
  if (order?.state !== 'open') return;
  await store.setOrderState(tx, id, 'released');
  await store.cancelWaiting(tx, id);
  await audit(tx, {
    action: 'settlement.order.release',
    subject: id,
    participant: order.participant,
    data: { reason },
  });
  await advance(room, tx, id);
};

/** Nothing more will be billed beyond what was: the rest of the hold goes back once every statement is paid. */
export const finishOrder = async (room: Room, tx: Tx, id: string): Promise<void> => {
  const order = await lockOrder(tx, id);
  if (order?.state !== 'open') return;
  await store.setOrderState(tx, id, 'final');
  await store.cancelWaiting(tx, id);
  await audit(tx, { action: 'settlement.order.finish', subject: id, participant: order.participant });
  await advance(room, tx, id);
};

/** The buyer orders more: so much more is frozen, now or when it arrives. */
export const extendOrder = async (
  room: Room,
  tx: Tx,
  { order: id, fen }: { order: string; fen: Fen },
): Promise<void> => {
  const order = await lockOrder(tx, id);
  if (order?.state !== 'open' || order.way !== 'custody' || fen === 0n) return;
  await placeHold(room, tx, { participant: order.participant, purpose: 'order', subject: id, heldFor: id, fen });
};

/** What the money frozen for an order may still be used up by: less what statements already ask of it. */
export const unspentFen = async (read: Reader, id: string): Promise<Fen> => {
  const order = await findOrder(read, id);
  if (!order) return 0n;
  if (order.guaranteedFen !== null) {
    const billed = (await statementsOfOrder(read, id)).reduce((sum, one) => sum + one.totalFen, 0n);
    return order.guaranteedFen > billed ? order.guaranteedFen - billed : 0n;
  }
  const held = -(await balanceOf(read, accountId('held', order.participant, 'order', id)));
  const owed = (await statementsOfOrder(read, id))
    .filter(({ state, captured: taken }) => state !== 'settled' && !taken)
    .reduce((sum, one) => sum + one.totalFen, 0n);
  return held > owed ? held - owed : 0n;
};

const planTransfer = (room: Room, tx: Tx, statement: Statement): Promise<boolean> =>
  plan(room, tx, {
    participant: statement.participant,
    kind: 'transfer',
    fen: statement.totalFen,
    holdKey: holdKeyOf('order', statement.order),
    source: 'frozen',
    legs: transferLegs(statement.split),
    effect: 'splitPaid',
    subject: statement.id,
  });

const close = async (tx: Tx, order: OrderTerms, statements: readonly Statement[]): Promise<void> => {
  await store.setOrderState(tx, order.id, 'settled');
  const fen = statements.reduce((sum, one) => sum + one.totalFen, 0n);
  await tell(tx, 'settlement.order.settled', order.id, order.participant, {
    order: order.id,
    fen: fen.toString(),
    statements: statements.map(({ id }) => id),
  });
};

/** Takes every step that is possible now. Harmless to repeat. */
export const advance = async (room: Room, tx: Tx, id: string): Promise<void> => {
  for (;;) {
    const order = await lockOrder(tx, id);
    if (!order) return;
    const again = order.way === 'custody' ? await stepCustody(room, tx, order) : await stepOther(room, tx, order);
    if (!again) return;
  }
};

const stepCustody = async (room: Room, tx: Tx, order: OrderTerms): Promise<boolean> => {
  const statements = await statementsOfOrder(tx, order.id);
  const open = statements.find(({ state }) => state !== 'settled');
  const step = nextCustodyStep({
    state: order.state,
    heldFen: -(await balanceOf(tx, accountId('held', order.participant, 'order', order.id))),
    busy: await orderBusy(tx, holdKeyOf('order', order.id)),
    waiting: (await holdsFor(tx, order.id)).some(({ state }) => state === 'waiting' || state === 'refused'),
    ...(open && { statement: open }),
  });
  switch (step.do) {
    case 'nothing':
      return false;
    case 'settleEmpty':
      await settleStatement(room, tx, open!);
      return false;
    case 'topUp':
      await placeHold(room, tx, {
        participant: order.participant,
        purpose: 'order',
        subject: order.id,
        heldFor: order.id,
        fen: step.fen,
      });
      return true;
    case 'capture': {
      const what = { buyer: order.participant, order: order.id, fen: open!.totalFen };
      await post(tx, captured(contextFor(tx, `captured/${open!.id}`), what), { participant: order.participant });
      await store.setCaptured(tx, open!.id);
      return true;
    }
    case 'transfer':
      return planTransfer(room, tx, open!);
    case 'release':
      return plan(room, tx, {
        participant: order.participant,
        kind: 'unfreeze',
        fen: step.fen,
        holdKey: holdKeyOf('order', order.id),
        effect: 'holdReleased',
        subject: order.id,
      });
    case 'close':
      await close(tx, order, statements);
      return false;
  }
};

const stepOther = async (room: Room, tx: Tx, order: OrderTerms): Promise<boolean> => {
  const statements = await statementsOfOrder(tx, order.id);
  const busy = await orderBusy(tx, holdKeyOf('order', order.id));
  const paid = statements.find(({ captured: done, state }) => done && state === 'paying');
  if (paid && !busy) await planTransfer(room, tx, paid);
  else if (order.state === 'final' && statements.every(({ state }) => state === 'settled'))
    await close(tx, order, statements);
  return false;
};

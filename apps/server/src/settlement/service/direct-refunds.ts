/**
 * Refunds of what the parties settled themselves: asked for by one side and agreed to by the other, or decided by two people of
 * the operator. The price is lessened, and the fee with it; the supplier pays back by itself and says so, and the buyer says whether
 * it arrived. What time does to a side that keeps silent stands in refund-silence.ts.
 */
import { directRefunded, directRefundOwed, formatYuan } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import { dayOf, lastDayBefore } from '../../kernel/calendar/calendar.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { contextFor, post } from '../books.ts';
import type { Day, Fen, Refund, Side, Statement } from '../model.ts';
import { problems } from '../problems.ts';
import { findRefund, findStatement, refundsOf } from '../reads.ts';
import type { RefundTurn } from '../rules.ts';
import * as store from '../store.ts';
import { needStatement, ownStatement } from './bills.ts';
import { reverseFee } from './fees.ts';
import { issueRefundPaper } from './papers.ts';
import { draftRefund, redCovers } from './refundable.ts';
import { type Room, rulesAt, tell } from './room.ts';

export const serveRefund = async (
  room: Room,
  tx: Tx,
  {
    to,
    statement,
    text,
    dueAt = null,
  }: { to: readonly string[]; statement: Statement; text: { zh: string; en: string }; dueAt?: Date | null },
): Promise<void> => {
  for (const one of to)
    await room.serve(tx, {
      to: one,
      caseId: null,
      subject: statement.id,
      title: `结算单 ${statement.number}`,
      dueAt,
      text,
      deemedServed: 'onDelivery',
      startsClocks: [],
      at: tx.now,
    });
};

const otherOf = (statement: Statement, side: Side): string =>
  side === 'buyer' ? statement.supplier : statement.participant;
const sum = (refund: Pick<Refund, 'fen'>): string => `${formatYuan(refund.fen)}`;

/** First moment after the days that a turn begun now has. */
export const turnEnds = (room: Room, tx: Tx, turn: RefundTurn | 'silence'): Date =>
  room.calendar.deadline(tx.now, rulesAt(room, tx.now).refundDays[turn]).due;

/** One side asks for a refund, or offers one; nothing changes until the other agrees. */
export const askRefund = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { statement: id, fen, reason }: { statement: string; fen: Fen; reason: string },
): Promise<string> => {
  const { statement, side } = await ownStatement(tx, principal, id);
  needStatement(statement, 'direct', 'settled');
  const dueAt = turnEnds(room, tx, 'answer');
  const refund = await store.insertRefund(tx, {
    participant: statement.participant,
    statement: id,
    fen,
    split: await draftRefund(tx, statement, fen),
    reason,
    state: 'proposed',
    twoPeople: true,
    askedBy: side,
    dueAt,
  });
  await audit(tx, {
    action: 'settlement.refund.ask',
    subject: refund,
    participant: statement.participant,
    data: { side, fen: fen.toString() },
  });
  await serveRefund(room, tx, {
    to: [otherOf(statement, side)],
    statement,
    dueAt,
    text: {
      zh: `结算单 ${statement.number}：对方提出退款 ${sum({ fen })} 元，理由：${reason}。请于 ${lastDayBefore(dueAt)} 前（含当日）同意或不同意。`,
      en: `Statement ${statement.number}: the other side asks for a refund of CNY ${sum({ fen })}: ${reason}. Agree to it or decline it by ${lastDayBefore(dueAt)}.`,
    },
  });
  return refund;
};

/** The refund and its statement, locked by the order; unknown to whoever is neither buyer nor supplier. */
const ownRefund = async (tx: Tx, principal: Principal, id: string) => {
  const found = await findRefund(tx, id);
  if (!found) throw kernelProblems.unknown();
  const own = await ownStatement(tx, principal, found.statement);
  return { ...own, refund: (await findRefund(tx, id))! };
};

export const agreeRefund = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  const { statement, side, refund } = await ownRefund(tx, principal, id);
  if (statement.way !== 'direct') throw problems.wayWrong();
  if (refund.askedBy === side || refund.askedBy === 'operator') throw kernelProblems.notPermitted();
  if (refund.state !== 'proposed') throw problems.stateWrong({ detail: refund.state });
  await grantRefund(room, tx, refund);
  await audit(tx, { action: 'settlement.refund.agree', subject: id, participant: refund.participant, data: { side } });
};

/** The other side declines, or who asked takes it back. What the operator proposed is the operator's to end. */
export const declineRefund = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { id, reason }: { id: string; reason: string },
): Promise<void> => {
  const { statement, side, refund } = await ownRefund(tx, principal, id);
  if (statement.way !== 'direct') throw problems.wayWrong();
  if (refund.askedBy === 'operator') throw kernelProblems.notPermitted();
  if (refund.state !== 'proposed') throw problems.stateWrong({ detail: refund.state });
  await store.endRefund(tx, id, 'refused', { answer: reason });
  await audit(tx, {
    action: 'settlement.refund.decline',
    subject: id,
    participant: refund.participant,
    data: { side, reason },
  });
  await serveRefund(room, tx, {
    to: [otherOf(statement, side)],
    statement,
    text: {
      zh: `结算单 ${statement.number}：退款 ${sum(refund)} 元未获同意或已撤回，理由：${reason}。`,
      en: `Statement ${statement.number}: the refund of CNY ${sum(refund)} was declined or taken back: ${reason}.`,
    },
  });
};

/** Agreed on, or decided: from now on so much less is the price. The caller holds the order's lock. */
export const grantRefund = async (room: Room, tx: Tx, refund: Refund): Promise<void> => {
  const statement = (await findStatement(tx, refund.statement))!;
  const granted = (await refundsOf(tx, statement.id)).filter(({ state }) => state === 'approved' || state === 'done');
  const total = granted.reduce((fen, one) => fen + one.fen, refund.fen);
  if (!(await redCovers(tx, statement, total))) throw problems.invoiceNeedsRed();
  if (!(await store.approveRefund(tx, refund.id))) throw problems.stateWrong({ detail: refund.state });
  const dueAt = turnEnds(room, tx, 'repay');
  await store.turnRefund(tx, refund.id, { dueAt, repaidOn: null, answer: null });
  const owed = directRefundOwed(contextFor(tx, `directRefundOwed/${refund.id}`), dealOf(statement, refund.fen));
  await post(tx, owed, { participant: statement.participant });
  await reverseFee(room, tx, { statement, refund: refund.id, fen: refund.split.feeFen });
  await issueRefundPaper(room, tx, { statement, refund, serial: granted.length + 1, refundedFen: total });
  await serveRefund(room, tx, {
    to: [statement.participant, statement.supplier],
    statement,
    dueAt,
    text: {
      zh: `结算单 ${statement.number}：退款 ${sum(refund)} 元已确定，由供方于 ${lastDayBefore(dueAt)} 前（含当日）自行退还，需方收到后请确认。`,
      en: `Statement ${statement.number}: a refund of CNY ${sum(refund)} stands. The supplier pays it back by ${lastDayBefore(dueAt)}, and the buyer confirms its arrival.`,
    },
  });
};

const dealOf = (statement: Statement, fen: Fen) => ({
  buyer: statement.participant,
  supplier: statement.supplier,
  order: statement.order,
  fen,
});

/** The supplier says on which day it paid back; from here on it is the buyer's turn. */
export const repayRefund = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { id, paidOn }: { id: string; paidOn: Day },
): Promise<void> => {
  const { statement, side, refund } = await ownRefund(tx, principal, id);
  if (statement.way !== 'direct') throw problems.wayWrong();
  if (side !== 'supplier') throw kernelProblems.notPermitted();
  if (refund.state !== 'approved' || refund.repaidOn !== null) throw problems.stateWrong({ detail: refund.state });
  if (paidOn > dayOf(tx.now))
    throw kernelProblems.invalid({
      field: 'body.paidOn',
      detail: { zh: '不能晚于今天', en: 'not after today' },
    });
  const dueAt = turnEnds(room, tx, 'receive');
  await store.turnRefund(tx, id, { dueAt, repaidOn: paidOn, answer: null });
  await audit(tx, {
    action: 'settlement.refund.repay',
    subject: id,
    participant: refund.participant,
    data: { paidOn },
  });
  await serveRefund(room, tx, {
    to: [statement.participant],
    statement,
    dueAt,
    text: {
      zh: `结算单 ${statement.number}：供方称已于 ${paidOn} 退还 ${sum(refund)} 元。请于 ${lastDayBefore(dueAt)} 前（含当日）确认收到或说明未收到。`,
      en: `Statement ${statement.number}: the supplier says that it paid CNY ${sum(refund)} back on ${paidOn}. Say by ${lastDayBefore(dueAt)} whether it arrived.`,
    },
  });
};

/** The supplier owes nothing more of it. The caller holds the order's lock. */
export const noteReceived = async (
  tx: Tx,
  { statement, refund, bySilence = false }: { statement: Statement; refund: Refund; bySilence?: boolean },
): Promise<void> => {
  const entry = directRefunded(contextFor(tx, `directRefunded/${refund.id}`), dealOf(statement, refund.fen));
  await post(tx, entry, { participant: statement.participant });
  await store.endRefund(tx, refund.id, 'done', { bySilence });
  await audit(tx, {
    action: 'settlement.refund.receive',
    subject: refund.id,
    participant: refund.participant,
    data: { received: true, bySilence },
  });
  await tell(tx, 'settlement.refund.done', refund.id, refund.participant, {
    refund: refund.id,
    order: statement.order,
    statement: statement.id,
    fen: refund.fen.toString(),
  });
};

/** Only who was to get the money can say whether it came. If it did not, it is the supplier's turn again. */
export const receiveRefund = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { id, received, reason }: { id: string; received: boolean; reason?: string },
): Promise<void> => {
  const { statement, side, refund } = await ownRefund(tx, principal, id);
  if (statement.way !== 'direct') throw problems.wayWrong();
  if (side !== 'buyer') throw kernelProblems.notPermitted();
  if (refund.state !== 'approved') throw problems.stateWrong({ detail: refund.state });
  if (received) return noteReceived(tx, { statement, refund });
  if (refund.repaidOn === null) throw problems.stateWrong({ detail: refund.state });
  if (!reason)
    throw kernelProblems.invalid({
      field: 'body.reason',
      detail: { zh: '请说明未收到的情况', en: 'say what did not arrive' },
    });
  const dueAt = turnEnds(room, tx, 'repay');
  await store.turnRefund(tx, id, { dueAt, repaidOn: null, answer: reason });
  await audit(tx, {
    action: 'settlement.refund.receive',
    subject: id,
    participant: refund.participant,
    data: { received: false, reason },
  });
  await serveRefund(room, tx, {
    to: [statement.supplier],
    statement,
    dueAt,
    text: {
      zh: `结算单 ${statement.number}：需方称未收到退款 ${sum(refund)} 元：${reason}。请核实，并于 ${lastDayBefore(dueAt)} 前（含当日）退还。`,
      en: `Statement ${statement.number}: the buyer says that the refund of CNY ${sum(refund)} did not arrive: ${reason}. Look into it and pay it back by ${lastDayBefore(dueAt)}.`,
    },
  });
};

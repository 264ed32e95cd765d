/**
 * Refunds of what the parties settled themselves: asked for by one side and agreed to by the other, or decided by two people of
 * the operator. The price is lessened, and the fee with it; the supplier pays back by itself, and the buyer says when it arrived.
 */
import { directRefunded, directRefundOwed, formatYuan } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { contextFor, post } from '../books.ts';
import type { Fen, Refund, Side, Statement } from '../model.ts';
import { problems } from '../problems.ts';
import { findRefund, findStatement, refundsOf } from '../reads.ts';
import * as store from '../store.ts';
import { needStatement, ownStatement } from './bills.ts';
import { reverseFee } from './fees.ts';
import { issueRefundPaper } from './papers.ts';
import { draftRefund, redCovers } from './refundable.ts';
import { type Room, tell } from './room.ts';

const serveRefund = async (
  room: Room,
  tx: Tx,
  { to, statement, text }: { to: readonly string[]; statement: Statement; text: { zh: string; en: string } },
): Promise<void> => {
  for (const one of to)
    await room.serve(tx, {
      to: one,
      caseId: null,
      subject: statement.id,
      title: `结算单 ${statement.number}`,
      dueAt: null,
      text,
      deemedServed: 'onDelivery',
      startsClocks: [],
      at: tx.now,
    });
};

const otherOf = (statement: Statement, side: Side): string =>
  side === 'buyer' ? statement.supplier : statement.participant;
const sum = (refund: Pick<Refund, 'fen'>): string => `${formatYuan(refund.fen)}`;

/** One side asks for a refund, or offers one; nothing changes until the other agrees. */
export const askRefund = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { statement: id, fen, reason }: { statement: string; fen: Fen; reason: string },
): Promise<string> => {
  const { statement, side } = await ownStatement(tx, principal, id);
  needStatement(statement, 'direct', 'settled');
  const refund = await store.insertRefund(tx, {
    participant: statement.participant,
    statement: id,
    fen,
    split: await draftRefund(tx, statement, fen),
    reason,
    state: 'proposed',
    twoPeople: true,
    askedBy: side,
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
    text: {
      zh: `结算单 ${statement.number}：对方提出退款 ${sum({ fen })} 元，理由：${reason}。请同意或不同意。`,
      en: `Statement ${statement.number}: the other side asks for a refund of CNY ${sum({ fen })}: ${reason}. Agree to it or decline it.`,
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
  await store.endRefund(tx, id, 'refused', reason);
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
  const owed = directRefundOwed(contextFor(tx, `directRefundOwed/${refund.id}`), dealOf(statement, refund.fen));
  await post(tx, owed, { participant: statement.participant });
  await reverseFee(room, tx, { statement, refund: refund.id, fen: refund.split.feeFen });
  await issueRefundPaper(room, tx, { statement, refund, serial: granted.length + 1, refundedFen: total });
  await serveRefund(room, tx, {
    to: [statement.participant, statement.supplier],
    statement,
    text: {
      zh: `结算单 ${statement.number}：退款 ${sum(refund)} 元已确定，由供方自行退还，需方收到后请确认。`,
      en: `Statement ${statement.number}: a refund of CNY ${sum(refund)} stands. The supplier pays it back, and the buyer confirms its arrival.`,
    },
  });
};

const dealOf = (statement: Statement, fen: Fen) => ({
  buyer: statement.participant,
  supplier: statement.supplier,
  order: statement.order,
  fen,
});

/** Only who was to get the money can say that it came. */
export const receiveRefund = async (tx: Tx, principal: Principal, id: string): Promise<void> => {
  const { statement, side, refund } = await ownRefund(tx, principal, id);
  if (statement.way !== 'direct') throw problems.wayWrong();
  if (side !== 'buyer') throw kernelProblems.notPermitted();
  if (refund.state !== 'approved') throw problems.stateWrong({ detail: refund.state });
  const entry = directRefunded(contextFor(tx, `directRefunded/${id}`), dealOf(statement, refund.fen));
  await post(tx, entry, { participant: statement.participant });
  await store.endRefund(tx, id, 'done');
  await audit(tx, { action: 'settlement.refund.receive', subject: id, participant: refund.participant });
  await tell(tx, 'settlement.refund.done', id, refund.participant, {
    refund: id,
    order: statement.order,
    statement: statement.id,
    fen: refund.fen.toString(),
  });
};

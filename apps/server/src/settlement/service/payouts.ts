/** Payouts (出金) and refunds: a member's wish, or the operator's order; above the rule's amount two people look. */
import { audit } from '../../kernel/audit.ts';
import { sql, type Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Fen, Payout, Refund, Statement } from '../model.ts';
import { problems } from '../problems.ts';
import { accountOf, findPayout, findRefund, findStatement, lockOrder, payoutsAskedFen } from '../reads.ts';
import { transferLegs } from '../rules.ts';
import * as store from '../store.ts';
import { grantRefund } from './direct-refunds.ts';
import { plan } from './holds.ts';
import { draftRefund, redCovers, refundsStanding } from './refundable.ts';
import { freeFen, lockMoney, payoutsStopped, type Room, rulesAt } from './room.ts';

const instructPayout = (room: Room, tx: Tx, { id, participant, fen }: Pick<Payout, 'id' | 'participant' | 'fen'>) =>
  plan(room, tx, { participant, kind: 'payout', fen, effect: 'payoutPaid', subject: id });

const refuseWhileStopped = async (room: Room, tx: Tx): Promise<void> => {
  if (await payoutsStopped(room, tx)) throw problems.payoutsStopped();
};

/** A member takes available money to its own account elsewhere. */
export const requestPayout = async (room: Room, tx: Tx, principal: Principal, fen: Fen): Promise<string> => {
  const participant = principal.participant;
  if (fen <= 0n)
    throw kernelProblems.invalid({ field: 'body.amountFen', detail: { zh: '应大于零', en: 'above zero' } });
  if ((await accountOf(tx, participant))?.state !== 'open') throw problems.accountMissing();
  const outside = await room.organisations.bankAccount(tx, participant);
  if (!outside) throw problems.bankDetailsMissing();
  await refuseWhileStopped(room, tx);
  await lockMoney(tx, participant);
  if ((await freeFen(tx, participant)) < fen) throw problems.fundsShort({ field: 'body.amountFen' });
  const twoPeople = fen > rulesAt(room, tx.now).payoutAloneFenMax;
  const id = await store.insertPayout(tx, {
    participant,
    fen,
    bankName: outside.bankName,
    accountMasked: `****${outside.account.slice(-4)}`,
    state: twoPeople ? 'requested' : 'approved',
    twoPeople,
  });
  await audit(tx, { action: 'settlement.payout.request', subject: id, data: { fen: fen.toString(), twoPeople } });
  if (!twoPeople) await instructPayout(room, tx, { id, participant, fen });
  return id;
};

const lockedPayout = async (tx: Tx, id: string): Promise<Payout> => {
  await tx.first(sql`select 1 from settlement_payouts where id = ${id} for update`);
  const payout = await findPayout(tx, id);
  if (!payout) throw kernelProblems.unknown();
  return payout;
};

/** First of the two at the desk. */
export const checkPayout = async (tx: Tx, principal: Principal, id: string): Promise<void> => {
  const payout = await lockedPayout(tx, id);
  if (payout.requestedBy === principal.id) throw problems.secondPersonNeeded();
  if (!(await store.checkPayout(tx, id))) throw problems.stateWrong({ detail: payout.state });
  await audit(tx, { action: 'settlement.payout.check', subject: id, participant: payout.participant });
};

/** Second of the two: the instruction goes out. */
export const approvePayout = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  const payout = await lockedPayout(tx, id);
  if (payout.state !== 'checked') throw problems.stateWrong({ detail: payout.state });
  if ([payout.checkedBy, payout.requestedBy].includes(principal.id)) throw problems.secondPersonNeeded();
  await refuseWhileStopped(room, tx);
  await lockMoney(tx, payout.participant);
  await store.approvePayout(tx, id);
  const free = await freeFen(tx, payout.participant);
  if (free + (await payoutsAskedFen(tx, payout.participant)) < payout.fen) throw problems.fundsShort();
  await instructPayout(room, tx, payout);
  await audit(tx, { action: 'settlement.payout.approve', subject: id, participant: payout.participant });
};

export const refusePayout = async (tx: Tx, id: string, reason: string): Promise<void> => {
  const payout = await lockedPayout(tx, id);
  if (payout.state === 'approved' || !(await store.endPayout(tx, id, 'refused', reason)))
    throw problems.stateWrong({ detail: payout.state });
  await audit(tx, {
    action: 'settlement.payout.refuse',
    subject: id,
    participant: payout.participant,
    data: { reason },
  });
};

/**
 * The operator orders a refund of a settled statement: the payment taken back from those who got it, in proportion. Of what the
 * parties settled themselves two people decide what the supplier is to pay back.
 */
export const proposeRefund = async (
  room: Room,
  tx: Tx,
  { statement: statementId, fen, reason }: { statement: string; fen: Fen; reason: string },
): Promise<string> => {
  const found = await findStatement(tx, statementId);
  if (!found) throw kernelProblems.unknown();
  await lockOrder(tx, found.order);
  const statement = (await findStatement(tx, statementId))!;
  if (statement.state !== 'settled' || statement.totalFen === 0n)
    throw problems.stateWrong({ detail: statement.state });
  const split = await draftRefund(tx, statement, fen);
  const direct = statement.way === 'direct';
  const before = (await refundsStanding(tx, statementId)).reduce((sum, one) => sum + one.fen, 0n);
  // Of a direct refund the red invoice is asked for when it is granted.
  if (!direct && !(await redCovers(tx, statement, before + fen))) throw problems.invoiceNeedsRed();
  const twoPeople = direct || fen > rulesAt(room, tx.now).refundAloneFenMax;
  const id = await store.insertRefund(tx, {
    participant: statement.participant,
    statement: statementId,
    fen,
    split,
    reason,
    state: twoPeople ? 'proposed' : 'approved',
    twoPeople,
    askedBy: 'operator',
  });
  await audit(tx, {
    action: 'settlement.refund.propose',
    subject: id,
    participant: statement.participant,
    data: { fen: fen.toString(), twoPeople },
  });
  if (!twoPeople) await instructRefund(room, tx, (await findRefund(tx, id))!);
  return id;
};

/** By the order's lock, as the two sides decide about it too. */
const lockedRefund = async (tx: Tx, id: string): Promise<{ refund: Refund; statement: Statement }> => {
  const found = await findRefund(tx, id);
  if (!found) throw kernelProblems.unknown();
  const statement = (await findStatement(tx, found.statement))!;
  await lockOrder(tx, statement.order);
  return { refund: (await findRefund(tx, id))!, statement };
};

export const approveRefund = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  const { refund, statement } = await lockedRefund(tx, id);
  if (refund.state !== 'proposed') throw problems.stateWrong({ detail: refund.state });
  if (refund.proposedBy === principal.id) throw problems.secondPersonNeeded();
  // What one side asked for is the other side's to answer.
  if (refund.askedBy !== 'operator') throw problems.stateWrong({ detail: refund.askedBy });
  if (statement.way === 'direct') await grantRefund(room, tx, refund);
  else {
    await store.approveRefund(tx, id);
    await instructRefund(room, tx, refund);
  }
  await audit(tx, { action: 'settlement.refund.approve', subject: id, participant: refund.participant });
};

export const refuseRefund = async (tx: Tx, id: string): Promise<void> => {
  const { refund } = await lockedRefund(tx, id);
  if (refund.state !== 'proposed') throw problems.stateWrong({ detail: refund.state });
  await store.endRefund(tx, id, 'refused');
  await audit(tx, { action: 'settlement.refund.refuse', subject: id, participant: refund.participant });
};

/** One transfer from each payee's free money; all of them can, or none is asked to. */
export const instructRefund = async (room: Room, tx: Tx, refund: Refund): Promise<void> => {
  const legs = transferLegs(refund.split);
  for (const { party } of [...legs].sort((a, b) => (a.party < b.party ? -1 : 1))) await lockMoney(tx, party);
  for (const { party, fen } of legs) if ((await freeFen(tx, party)) < fen) throw problems.payeeShort();
  for (const { party, fen } of legs)
    await plan(room, tx, {
      participant: party,
      kind: 'transfer',
      fen,
      source: 'available',
      legs: [{ party: refund.participant, fen }],
      effect: `refund:${party}`,
      subject: refund.id,
    });
};

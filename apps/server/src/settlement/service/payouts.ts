/** Payouts (出金) and refunds: a member's wish, or the operator's order; above the rule's amount two people look. */
import { LedgerError, refundOf } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import { sql, type Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Fen, Payout, Refund, Statement } from '../model.ts';
import { problems } from '../problems.ts';
import {
  accountOf,
  findPayout,
  findRefund,
  findStatement,
  invoicesOf,
  lockOrder,
  payoutsAskedFen,
  refundsOf,
} from '../reads.ts';
import { remainingSplit, transferLegs } from '../rules.ts';
import * as store from '../store.ts';
import { plan } from './holds.ts';
import { freeFen, lockMoney, payoutsStopped, type Room, rulesAt } from './room.ts';

const instructPayout = (room: Room, tx: Tx, { id, participant, fen }: Pick<Payout, 'id' | 'participant' | 'fen'>) =>
  plan(room, tx, { participant, kind: 'payout', fen, effect: 'payoutPaid', subject: id });

const refuseWhileStopped = async (room: Room, tx: Tx): Promise<void> => {
  if (await payoutsStopped(room, tx)) throw problems.payoutsStopped();
};

/** A member takes available money to its own account elsewhere. */
export const requestPayout = async (room: Room, tx: Tx, principal: Principal, fen: Fen): Promise<string> => {
  const participant = principal.participant;
  if (fen <= 0n) throw kernelProblems.invalid({ field: 'body.amountFen', detail: 'above zero' });
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

/** What buyers were invoiced must be taken back by red invoices before their money is. */
const redCovers = async (tx: Tx, statement: Statement, refundsFen: Fen): Promise<boolean> => {
  const supply = (await invoicesOf(tx, statement.id)).filter(({ kind }) => kind === 'supply');
  if (!supply.some((one) => one.red_of === null)) return true;
  const red = supply.filter((one) => one.red_of !== null).reduce((sum, one) => sum - BigInt(one.gross_fen), 0n);
  return red >= refundsFen;
};

/** The operator orders a refund of a settled statement: the payment taken back from those who got it, in proportion. */
export const proposeRefund = async (
  room: Room,
  tx: Tx,
  { statement: statementId, fen, reason }: { statement: string; fen: Fen; reason: string },
): Promise<string> => {
  const found = await findStatement(tx, statementId);
  if (!found) throw kernelProblems.unknown();
  await lockOrder(tx, found.order);
  const statement = (await findStatement(tx, statementId))!;
  if (statement.way === 'direct') throw problems.wayWrong();
  if (statement.state !== 'settled' || statement.totalFen === 0n)
    throw problems.stateWrong({ detail: statement.state });
  const before = (await refundsOf(tx, statementId)).filter(({ state }) => state !== 'refused');
  const refunded = before.reduce((sum, one) => sum + one.fen, 0n);
  if (fen <= 0n || refunded + fen > statement.totalFen) throw problems.amountTooLarge({ field: 'body.amountFen' });
  if (!(await redCovers(tx, statement, refunded + fen))) throw problems.invoiceNeedsRed();
  const remaining = remainingSplit(
    statement.split,
    before.map(({ split }) => split),
  );
  const twoPeople = fen > rulesAt(room, tx.now).refundAloneFenMax;
  const id = await store.insertRefund(tx, {
    participant: statement.participant,
    statement: statementId,
    fen,
    split: refundShares(remaining, fen),
    reason,
    state: twoPeople ? 'proposed' : 'approved',
    twoPeople,
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

const refundShares = (remaining: Statement['split'], fen: Fen): Statement['split'] => {
  try {
    return refundOf(remaining, fen);
  } catch (error) {
    if (error instanceof LedgerError) throw problems.amountTooLarge({ field: 'body.amountFen' });
    throw error;
  }
};

export const approveRefund = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  await tx.first(sql`select 1 from settlement_refunds where id = ${id} for update`);
  const refund = await findRefund(tx, id);
  if (!refund) throw kernelProblems.unknown();
  if (refund.state !== 'proposed') throw problems.stateWrong({ detail: refund.state });
  if (refund.proposedBy === principal.id) throw problems.secondPersonNeeded();
  await store.approveRefund(tx, id);
  await instructRefund(room, tx, refund);
  await audit(tx, { action: 'settlement.refund.approve', subject: id, participant: refund.participant });
};

export const refuseRefund = async (tx: Tx, id: string): Promise<void> => {
  await tx.first(sql`select 1 from settlement_refunds where id = ${id} for update`);
  const refund = await findRefund(tx, id);
  if (!refund) throw kernelProblems.unknown();
  if (refund.state !== 'proposed') throw problems.stateWrong({ detail: refund.state });
  await store.endRefund(tx, id, 'refused');
  await audit(tx, { action: 'settlement.refund.refuse', subject: id, participant: refund.participant });
};

/** One transfer from each payee's free money; all of them can, or none is asked to. */
const instructRefund = async (room: Room, tx: Tx, refund: Refund): Promise<void> => {
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

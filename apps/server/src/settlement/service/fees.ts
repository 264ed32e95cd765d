/**
 * The service fee of what the parties settle themselves: owed by the supplier once the price is confirmed as paid, paid out of its
 * sub-account, lessened by refunds. What was paid too much is given back as soon as the operator's account has it.
 */
import { accountId, feeCharged, feePaid, feeReturned, feeReversed, formatYuan } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import { dayOf, endOfDay } from '../../kernel/calendar/calendar.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { balanceOf, contextFor, entryByKey, post } from '../books.ts';
import { type Day, type Fee, type Fen, type Instruction, limits, type Statement } from '../model.ts';
import { problems } from '../problems.ts';
import { accountOf, feesToRemind, feesToReturn, findFee, findStatement, instructionsOf, lockOrder } from '../reads.ts';
import { feeBalance, feeStateOf } from '../rules.ts';
import * as store from '../store.ts';
import { plan, retryWaiting } from './holds.ts';
import { ensureAccount, freeFen, lockMoney, type Room, rulesAt, tell } from './room.ts';

const serveFee = async (
  room: Room,
  tx: Tx,
  { to, fee, text }: { to: string; fee: Pick<Fee, 'statement' | 'dueOn'>; text: { zh: string; en: string } },
): Promise<void> => {
  const { number } = (await findStatement(tx, fee.statement))!;
  await room.serve(tx, {
    to,
    caseId: null,
    subject: fee.statement,
    title: `结算单 ${number}`,
    dueAt: endOfDay(fee.dueOn),
    text,
    deemedServed: 'onDelivery',
    startsClocks: [],
    at: tx.now,
  });
};

const eventOf = (fee: Pick<Fee, 'participant' | 'order' | 'statement'>, fen: Fen) => ({
  member: fee.participant,
  order: fee.order,
  statement: fee.statement,
  fen,
});
const claimOf = (tx: Tx, fee: Fee): Promise<Fen> =>
  balanceOf(tx, accountId('feeReceivable', fee.participant, fee.statement));

/** On the last confirmed proof. In the other two ways the bank takes the fee out of the split. */
export const chargeFee = async (room: Room, tx: Tx, statement: Statement): Promise<void> => {
  const { feeFen } = statement.split;
  if (statement.way !== 'direct' || feeFen === 0n) return;
  const { lastDay: dueOn } = room.calendar.deadline(tx.now, rulesAt(room, tx.now).feeDays);
  const fee = { participant: statement.supplier, statement: statement.id, order: statement.order, fen: feeFen, dueOn };
  await store.insertFee(tx, fee);
  for (const party of [fee.participant, statement.split.feeParty!]) await ensureAccount(room, tx, party);
  await post(tx, feeCharged(contextFor(tx, `feeCharged/${statement.id}`), eventOf(fee, feeFen)), {
    participant: fee.participant,
  });
  await tell(tx, 'settlement.fee.owed', statement.id, fee.participant, {
    order: fee.order,
    statement: fee.statement,
    fen: feeFen.toString(),
  });
  await serveFee(room, tx, {
    to: fee.participant,
    fee,
    text: {
      zh: `结算单 ${statement.number} 已确认收款，交易服务费 ${formatYuan(feeFen)} 元，请于 ${dueOn} 前（含当日）从存管子账户支付。`,
      en: `Statement ${statement.number} is confirmed as paid. The service fee of CNY ${formatYuan(feeFen)} is due by ${dueOn}, out of the sub-account.`,
    },
  });
};

/** The supplier pays what is still owed: one transfer to the operator's sub-account. */
export const payFee = async (room: Room, tx: Tx, statement: Statement, amountFen: Fen): Promise<void> => {
  const fee = await findFee(tx, statement.id);
  if (!fee) throw statement.way === 'direct' ? problems.stateWrong({ detail: statement.state }) : problems.wayWrong();
  if (fee.state !== 'owed') throw problems.stateWrong({ detail: fee.state });
  if (amountFen !== feeBalance(fee).owedFen) throw problems.amountDiffers({ field: 'body.amountFen' });
  if ((await accountOf(tx, fee.participant))?.state !== 'open') throw problems.accountMissing();
  await lockMoney(tx, fee.participant);
  if ((await freeFen(tx, fee.participant)) < amountFen) throw problems.fundsShort({ field: 'body.amountFen' });
  const planned = await plan(
    room,
    tx,
    {
      participant: fee.participant,
      kind: 'transfer',
      fen: amountFen,
      source: 'available',
      legs: [{ party: (await room.organisations.operatorOf(tx)).id, fen: amountFen }],
      effect: 'feePaid',
      subject: fee.id,
    },
    // The member ordered it anew, whatever the bank said to earlier tries.
    { force: true },
  );
  if (!planned) throw problems.bankUnreachable();
  await store.saveFee(tx, { ...fee, state: 'paying' });
  await audit(tx, {
    action: 'settlement.fee.pay',
    subject: fee.id,
    participant: fee.participant,
    data: { fen: amountFen.toString(), statement: statement.id },
  });
};

/** The order's lock first, as everywhere; then the fee as it stands now. */
const lockedFee = async (tx: Tx, id: string): Promise<Fee> => {
  const found = await findFee(tx, id);
  if (!found) throw kernelProblems.unknown();
  await lockOrder(tx, found.order);
  return (await findFee(tx, id))!;
};

/** The bank has moved it. A refund may have come between: then part of it goes back. */
export const feeArrived = async (room: Room, tx: Tx, one: Instruction, day: Day): Promise<void> => {
  const fee = await lockedFee(tx, one.subject);
  const operator = one.legs[0]!.party;
  const entry = feePaid(contextFor(tx, `feePaid/${one.id}`, one.id), {
    ...eventOf(fee, one.fen),
    operator,
    owedFen: await claimOf(tx, fee),
  });
  await post(tx, entry, { participant: fee.participant, day });
  const paid = { ...fee, paidFen: fee.paidFen + one.fen };
  await store.saveFee(tx, { ...paid, state: feeStateOf(paid) });
  await tell(tx, 'settlement.fee.paid', fee.statement, fee.participant, {
    order: fee.order,
    statement: fee.statement,
    fen: one.fen.toString(),
  });
  await retryWaiting(room, tx, operator);
  await giveBack(room, tx, fee.id);
};

/** The bank would not: it is owed as before, and the member may pay again. */
export const feeRefused = async (tx: Tx, id: string): Promise<void> => {
  const fee = await lockedFee(tx, id);
  await store.saveFee(tx, { ...fee, state: feeStateOf(fee) });
};

/** A refund of the price takes its part of the fee back. Nothing where no fee was ever owed. */
export const reverseFee = async (
  room: Room,
  tx: Tx,
  { statement, refund, fen }: { statement: Statement; refund: string; fen: Fen },
): Promise<void> => {
  const fee = await findFee(tx, statement.id);
  if (!fee || fen === 0n) return;
  const entry = feeReversed(contextFor(tx, `feeReversed/${refund}`), {
    ...eventOf(fee, fen),
    owedFen: await claimOf(tx, fee),
    reverses: (await entryByKey(tx, `feeCharged/${statement.id}`))!.entry.id,
  });
  await post(tx, entry, { participant: fee.participant });
  const less = { ...fee, reversedFen: fee.reversedFen + fen };
  await store.saveFee(tx, { ...less, state: fee.state === 'paying' ? 'paying' : feeStateOf(less) });
  await giveBack(room, tx, fee.id);
};

/** One transfer at a time; what the operator's account lacks now is tried again with the next pass. */
const giveBack = async (room: Room, tx: Tx, id: string): Promise<boolean> => {
  const fee = await lockedFee(tx, id);
  const { returnableFen: fen } = feeBalance(fee);
  const underWay = (await instructionsOf(tx, fee.id)).some(
    ({ effect, finishedAt }) => effect === 'feeReturned' && finishedAt === null,
  );
  if (fen === 0n || underWay) return false;
  const { id: operator } = await room.organisations.operatorOf(tx);
  await lockMoney(tx, operator);
  if ((await freeFen(tx, operator)) < fen) return false;
  return plan(room, tx, {
    participant: operator,
    kind: 'transfer',
    fen,
    source: 'available',
    legs: [{ party: fee.participant, fen }],
    effect: 'feeReturned',
    subject: fee.id,
  });
};

export const feeGivenBack = async (room: Room, tx: Tx, one: Instruction, day: Day): Promise<void> => {
  const fee = await lockedFee(tx, one.subject);
  const entry = feeReturned(contextFor(tx, `feeReturned/${one.id}`, one.id), {
    ...eventOf(fee, one.fen),
    operator: one.participant,
  });
  await post(tx, entry, { participant: fee.participant, day });
  const less = { ...fee, returnedFen: fee.returnedFen + one.fen };
  await store.saveFee(tx, { ...less, state: feeStateOf(less) });
  await retryWaiting(room, tx, fee.participant);
};

const remind = async (room: Room, tx: Tx, fee: Fee): Promise<void> => {
  const { owedFen } = feeBalance(fee);
  const { number } = (await findStatement(tx, fee.statement))!;
  const text = {
    zh: `结算单 ${number} 的交易服务费 ${formatYuan(owedFen)} 元已于 ${fee.dueOn} 到期，尚未支付。`,
    en: `The service fee of CNY ${formatYuan(owedFen)} on statement ${number} was due on ${fee.dueOn} and is not paid.`,
  };
  for (const to of [fee.participant, (await room.organisations.operatorOf(tx)).id])
    await serveFee(room, tx, { to, fee, text });
  await store.noteReminded(tx, fee.id);
  await audit(tx, { action: 'settlement.fee.remind', subject: fee.id, participant: fee.participant });
};

/** Late fees are told of once, to both; what is to be given back goes as the money allows. Number of things done. */
export const passFees = async (room: Room): Promise<number> => {
  const actor = systemActor('settlement');
  const reminded = await room.database.tx(actor, async (tx) => {
    const late = await feesToRemind(tx, dayOf(tx.now), limits.feesPerRunMax);
    for (const fee of late) await remind(room, tx, fee);
    return late.length;
  });
  let count = reminded;
  for (const { id } of await feesToReturn(room.database, limits.feesPerRunMax))
    if (await room.database.tx(actor, (tx) => giveBack(room, tx, id))) count += 1;
  return count;
};

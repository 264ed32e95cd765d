/** What follows in our books and for people when the bank has carried an instruction out, or would not. */
import { billWrittenOff, holdPlaced, holdReleased, payoutPaid, refundAsReversal, splitPaid } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { contextFor, entryByKey, post } from '../books.ts';
import type { Day, Instruction } from '../model.ts';
import { findHold, findInstruction, findPayout, findRefund, findStatement, instructionsOf } from '../reads.ts';
import { partyResult, transferLegs } from '../rules.ts';
import * as store from '../store.ts';
import { feeArrived, feeGivenBack, feeRefused } from './fees.ts';
import { holdRefused, plan, retryWaiting } from './holds.ts';
import { advance, settleStatement } from './orders.ts';
import { type Room, tell } from './room.ts';

/** Takes the bank's last word once: false when it was taken before. Commits with everything that follows from it. */
export const takeAnswer = async (
  room: Room,
  tx: Tx,
  id: string,
  outcome: Parameters<typeof store.finishInstruction>[2],
): Promise<boolean> => {
  if (!(await store.finishInstruction(tx, id, outcome))) return false;
  const instruction = (await findInstruction(tx, id))!;
  await audit(tx, {
    action: `settlement.instruction.${outcome.state}`,
    subject: id,
    participant: instruction.participant,
    data: { kind: instruction.kind, fen: instruction.fen.toString(), of: instruction.subject },
  });
  if (outcome.state === 'executed') await executed(room, tx, instruction, outcome.day);
  else await refused(room, tx, instruction, outcome.reason);
  return true;
};

const executed = (room: Room, tx: Tx, one: Instruction, day: Day): Promise<void> => {
  switch (one.effect) {
    case 'holdPlaced':
      return placed(room, tx, one, day);
    case 'holdReleased':
      return released(room, tx, one, day);
    case 'splitPaid':
      return split(room, tx, one, day);
    case 'payoutPaid':
      return paidOut(tx, one, day);
    case 'feePaid':
      return feeArrived(room, tx, one, day);
    case 'feeReturned':
      return feeGivenBack(room, tx, one, day);
    default:
      return refundPaid(room, tx, one, day);
  }
};

const placed = async (room: Room, tx: Tx, one: Instruction, day: Day): Promise<void> => {
  const hold = (await findHold(tx, one.subject))!;
  await store.setHold(tx, hold.id, 'placed');
  if (hold.purpose === 'bill') {
    const bill = { buyer: hold.participant, order: hold.heldFor, bill: hold.subject, fen: hold.fen };
    const context = contextFor(tx, `billWrittenOff/${hold.subject}`, one.id);
    await post(tx, billWrittenOff(context, { ...bill, paid: 'custody' }), { participant: hold.participant, day });
    await store.setCaptured(tx, hold.subject);
    return advance(room, tx, hold.heldFor);
  }
  const purpose = { kind: hold.purpose, id: hold.heldFor };
  const entry = holdPlaced(contextFor(tx, `holdPlaced/${hold.id}`, one.id), {
    member: hold.participant,
    purpose,
    fen: hold.fen,
  });
  await post(tx, entry, { participant: hold.participant, day });
  const told = { order: hold.heldFor, hold: hold.id, fen: hold.fen.toString() };
  await tell(tx, 'settlement.hold.placed', hold.heldFor, hold.participant, told);
  if (hold.purpose === 'order') await advance(room, tx, hold.heldFor);
};

const released = async (room: Room, tx: Tx, one: Instruction, day: Day): Promise<void> => {
  const kind = one.holdKey!.startsWith('dispute:') ? ('dispute' as const) : ('order' as const);
  const purpose = { kind, id: one.subject };
  const entry = holdReleased(contextFor(tx, `holdReleased/${one.id}`, one.id), {
    member: one.participant,
    purpose,
    fen: one.fen,
  });
  await post(tx, entry, { participant: one.participant, day });
  await tell(tx, 'settlement.hold.released', one.subject, one.participant, {
    order: one.subject,
    fen: one.fen.toString(),
  });
  await retryWaiting(room, tx, one.participant);
  if (kind === 'order') await advance(room, tx, one.subject);
};

const split = async (room: Room, tx: Tx, one: Instruction, day: Day): Promise<void> => {
  const statement = (await findStatement(tx, one.subject))!;
  const what = { buyer: statement.participant, order: statement.order, result: statement.split };
  await post(tx, splitPaid(contextFor(tx, `splitPaid/${statement.id}`, one.id), what), {
    participant: statement.participant,
    day,
  });
  await settleStatement(room, tx, statement);
  // In one order everywhere, as each look waits for decisions on that member's money.
  const parties = transferLegs(statement.split).map(({ party }) => party);
  for (const party of parties.sort()) await retryWaiting(room, tx, party);
};

const paidOut = async (tx: Tx, one: Instruction, day: Day): Promise<void> => {
  const entry = payoutPaid(contextFor(tx, `payoutPaid/${one.subject}`, one.id), {
    member: one.participant,
    fen: one.fen,
  });
  await post(tx, entry, { participant: one.participant, day });
  await store.endPayout(tx, one.subject, 'paid', null);
  await tell(tx, 'settlement.payout.paid', one.subject, one.participant, {
    payout: one.subject,
    fen: one.fen.toString(),
  });
};

const refundPaid = async (room: Room, tx: Tx, one: Instruction, day: Day): Promise<void> => {
  const refund = (await findRefund(tx, one.subject))!;
  const statement = (await findStatement(tx, refund.statement))!;
  const original = (await entryByKey(tx, `splitPaid/${statement.id}`))!.entry.id;
  const entry = refundAsReversal(contextFor(tx, `refund/${refund.id}/${one.participant}`, one.id), {
    buyer: refund.participant,
    order: statement.order,
    result: partyResult(refund.split, one.participant),
    reverses: original,
  });
  await post(tx, entry, { participant: refund.participant, day });
  await retryWaiting(room, tx, refund.participant);
  const done = new Set(
    (await instructionsOf(tx, refund.id))
      .filter(({ state }) => state === 'executed')
      .map(({ participant }) => participant),
  );
  if (!transferLegs(refund.split).every(({ party }) => done.has(party))) return;
  await store.endRefund(tx, refund.id, 'done');
  await tell(tx, 'settlement.refund.done', refund.id, refund.participant, {
    refund: refund.id,
    order: statement.order,
    statement: statement.id,
    fen: refund.fen.toString(),
  });
};

/**
 * For reasons of the bank's it is tried again, a few times. For want of money a hold waits, a payout ends and a fee is owed as
 * before; anything else that lacks money there shows that the books differ, so a person must look.
 */
const refused = async (room: Room, tx: Tx, one: Instruction, reason: string): Promise<void> => {
  if (one.effect === 'holdPlaced') return holdRefused(room, tx, one.subject, reason);
  if (one.effect === 'payoutPaid') {
    const payout = await findPayout(tx, one.subject);
    if (payout?.state === 'approved') await store.endPayout(tx, one.subject, 'refused', reason);
    return retryWaiting(room, tx, one.participant);
  }
  const again = !reason.startsWith('insufficient-') && (await repeat(room, tx, one));
  if (!again && one.effect === 'feePaid') await feeRefused(tx, one.subject);
};

/** The same instruction under a new reference. `force`: a person ordered it though the bank refused it often. */
export const repeat = (room: Room, tx: Tx, one: Instruction, options: { force?: boolean } = {}): Promise<boolean> =>
  plan(
    room,
    tx,
    {
      participant: one.participant,
      kind: one.kind,
      fen: one.fen,
      ...(one.holdKey === null ? {} : { holdKey: one.holdKey }),
      ...(one.source === null ? {} : { source: one.source }),
      legs: one.legs.map(({ party, fen }) => ({ party, fen: BigInt(fen) })),
      effect: one.effect,
      subject: one.subject,
    },
    options,
  );

/** Holds: planned with the decision, frozen at the bank, mirrored when the bank says so. Without money they wait for it. */
import type { Tx } from '../../kernel/db/db.ts';
import type { Effect, Hold } from '../model.ts';
import { limits } from '../model.ts';
import { findHold, holdsWaiting, instructionsOf } from '../reads.ts';
import { holdKeyOf } from '../rules.ts';
import * as store from '../store.ts';
import { freeFen, lockMoney, type Room, tell } from './room.ts';

/**
 * Plans one instruction more for a subject and effect. False when the bank refused it too often for reasons of its own:
 * then a person must look (`force`).
 */
export const plan = async (
  room: Room,
  tx: Tx,
  one: Omit<store.NewInstruction, 'attempt'>,
  { force = false }: { force?: boolean } = {},
): Promise<boolean> => {
  const before = (await instructionsOf(tx, one.subject)).filter(
    ({ effect }) => effect === (one.effect satisfies Effect),
  );
  const refused = before.filter(({ state, reason }) => state === 'refused' && reason !== 'insufficient-available');
  if (!force && refused.length >= limits.attemptsMax) return false;
  const attempt = 1 + Math.max(0, ...before.map((each) => each.attempt));
  if (attempt > limits.attemptsEverMax) return false;
  await store.insertInstruction(tx, { ...one, attempt });
  room.wake(tx);
  return true;
};

const tryHold = async (
  room: Room,
  tx: Tx,
  hold: Hold,
  options: { force?: boolean } = {},
): Promise<'placing' | 'waiting' | 'refused'> => {
  await lockMoney(tx, hold.participant);
  if ((await freeFen(tx, hold.participant)) < hold.fen) return 'waiting';
  const planned = await plan(
    room,
    tx,
    {
      participant: hold.participant,
      kind: 'freeze',
      fen: hold.fen,
      holdKey: holdKeyOf(hold.purpose, hold.heldFor),
      effect: 'holdPlaced',
      subject: hold.id,
    },
    options,
  );
  const state = planned ? 'placing' : 'refused';
  await store.setHold(tx, hold.id, state);
  return state;
};

const tellWaiting = (tx: Tx, hold: Hold): Promise<void> =>
  tell(tx, 'settlement.hold.waiting', hold.heldFor, hold.participant, {
    order: hold.heldFor,
    hold: hold.id,
    fen: hold.fen.toString(),
  });

/** Freezes money of a member, now or when it arrives. */
export const placeHold = async (room: Room, tx: Tx, draft: store.NewHold): Promise<string> => {
  const id = await store.insertHold(tx, draft);
  const hold = (await findHold(tx, id))!;
  if ((await tryHold(room, tx, hold)) === 'waiting') await tellWaiting(tx, hold);
  return id;
};

/**
 * Money came free: every waiting hold that it now suffices for is placed, the oldest first. A hold being decided meanwhile does
 * not see this money and is not seen here: so the look comes after that decision.
 */
export const retryWaiting = async (room: Room, tx: Tx, participant: string): Promise<void> => {
  await lockMoney(tx, participant);
  for (const hold of await holdsWaiting(tx, participant)) await tryHold(room, tx, hold);
};

/** The bank would not freeze. For want of money the hold waits; for reasons of the bank's it is tried again. */
export const holdRefused = async (room: Room, tx: Tx, id: string, reason: string): Promise<void> => {
  const hold = (await findHold(tx, id))!;
  await store.setHold(tx, id, 'waiting');
  if (reason === 'insufficient-available') return tellWaiting(tx, hold);
  await tryHold(room, tx, hold);
};

export const retryHold = async (room: Room, tx: Tx, id: string): Promise<void> => {
  const hold = (await findHold(tx, id))!;
  if (hold.state === 'refused' || hold.state === 'waiting') await tryHold(room, tx, hold, { force: true });
};

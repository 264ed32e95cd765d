/** Answers of the trade that stands behind a process: its act may be said, or may not; and the end of what was agreed. */
import type { Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Connector, Process, Saying } from '../model.ts';
import { follow } from '../planes/signals.ts';
import { problems } from '../problems.ts';
import { agreementsOfReference, connectorOf, transfersOf, waitingOf } from '../reads.ts';
import { isFault, isOver, step } from '../rules.ts';
import { endAgreement, endMessage, lockProcess, saveProcess } from '../store.ts';
import { dropClearance, queueAct } from './moves.ts';
import type { Room } from './room.ts';
import { openAddress } from './secrets.ts';

/** Locked, with the act that waits, and the connector that would say it: a closed one says nothing, and is asked again once it opens. */
const waitingAt = async (tx: Tx, id: string): Promise<{ process: Process; connector: Connector } | undefined> => {
  const process = await lockProcess(tx, id);
  if (!process?.clearance || isOver(process)) return undefined;
  const connector = await connectorOf(tx, process.participant);
  return connector && { process, connector };
};

/** The process with the act that waits; undefined where nothing does any more, or nobody can say it. */
export const waitingClearance = async (tx: Tx, id: string): Promise<Process | undefined> =>
  (await waitingAt(tx, id))?.process;

export const refer = async (tx: Tx, id: string, reference: string): Promise<void> => {
  const process = (await lockProcess(tx, id))!;
  saveProcess(tx, Object.assign(process, { reference }));
};

const answer = async (room: Room, tx: Tx, id: string, more: Saying | { refused: string }): Promise<void> => {
  const found = await waitingAt(tx, id);
  if (!found) return;
  const { process, connector } = found;
  const { act, saying } = process.clearance!;
  process.clearance = null;
  saveProcess(tx, process);
  if ('refused' in more) await queueAct(room, tx, { connector, process }, 'terminate', { reason: more.refused });
  else {
    const dataAddress = await openAddress(room, tx, process, saying.dataAddress);
    await queueAct(room, tx, { connector, process }, act, { ...saying, dataAddress, ...more });
  }
};

/** The act that waits is said, with what belongs to it. Harmless to repeat. */
export const clear = (room: Room, tx: Tx, id: string, more: Saying = {}): Promise<void> => answer(room, tx, id, more);

/** The process is terminated, and the counter-party told why. Harmless to repeat. */
export const refuse = (room: Room, tx: Tx, id: string, reason: string): Promise<void> =>
  answer(room, tx, id, { refused: reason });

/**
 * Ends a negotiation here alone, where the two nodes know that nothing comes of it and the connectors may not reach each other: nothing
 * more is said in it. Harmless to repeat.
 */
export const abandon = async (room: Room, tx: Tx, id: string): Promise<void> => {
  const process = await lockProcess(tx, id);
  if (!process || isOver(process)) return;
  const waiting = await waitingOf(tx, id);
  if (waiting) await endMessage(tx, waiting.id, 'dropped', 'given up');
  await dropClearance(tx, process);
  const { kind, side, reference } = process;
  saveProcess(tx, Object.assign(process, { state: 'TERMINATED' as const, held: null }));
  await follow(room, tx, process, { act: 'terminate', by: 'self' });
  await emit(tx, {
    type: 'federation.process.moved',
    subject: id,
    participant: process.participant,
    data: { kind, state: 'TERMINATED', act: 'terminate', by: 'self', held: false, side, reference },
  });
};

/**
 * A person gives up what never began: the counter-party has not taken the first message, so there is nobody to tell.
 * @throws kernel.unknown, federation.notNow, federation.underWay
 */
export const abandonUnbegun = async (room: Room, tx: Tx, id: string): Promise<Process> => {
  const process = await lockProcess(tx, id);
  if (process?.participant !== tx.actor.participant) throw kernelProblems.unknown();
  if (process.state !== null) throw problems.notNow({ detail: { zh: '对方已收下首条消息', en: 'it has begun' } });
  if (await waitingOf(tx, id)) throw problems.underWay();
  await abandon(room, tx, id);
  return (await lockProcess(tx, id))!;
};

/** The contract behind agreements has ended: they give nothing any more, and their transfers end. Harmless to repeat. */
export const endAgreements = async (room: Room, tx: Tx, reference: string, reason: string): Promise<void> => {
  for (const { participant, id } of await agreementsOfReference(tx, reference)) {
    if ((await endAgreement(tx, participant, id)) > 0)
      await emit(tx, { type: 'federation.agreement.ended', subject: id, participant, data: { agreement: id, reason } });
    const connector = await connectorOf(tx, participant);
    for (const one of await transfersOf(tx, participant, id)) {
      const process = (await lockProcess(tx, one))!;
      if (!connector || isFault(step(process, 'terminate', process.side))) continue;
      const waiting = await waitingOf(tx, one);
      if (waiting) await endMessage(tx, waiting.id, 'dropped', 'the agreement has ended');
      process.clearance = null;
      saveProcess(tx, process);
      await queueAct(room, tx, { connector, process }, 'terminate', { reason });
    }
  }
};

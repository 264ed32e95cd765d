/**
 * The second look: where the contract's release rule says ask, what a query or a module gave waits until a person of every owner has
 * approved it, by a commitment that only they can hold it against: its recipient sees that in records, too. One refusal, a revoked
 * contract or the end of the time to answer, and it is given to nobody.
 */
import { nextUseState, ownersOf } from '@shugu/private-compute';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { kernelProblems, type Problem } from '../../kernel/problem.ts';
import type { Contract, HeldOutput, OutputAnswer, Room, Timings, Use } from '../model.ts';
import { problems } from '../problems.ts';
import { answersOf, findContract, findHeld, findUse, heldInVain, lockContract, lockUse } from '../reads.ts';
import { sidesOf } from '../rules.ts';
import { dropHeld, holdOutput, insertAnswer } from '../store.ts';
import { tell } from './deps.ts';
import { concludeUse, type Kept } from './uses.ts';

/** Calendar days in which every owner answers. */
export const answerDays = 14;
const dayMs = 86_400_000;
const actor = systemActor('compute');

export const holdUse = async (
  tx: Tx,
  contract: Contract,
  use: Use,
  { text, digest, salt, rows }: Kept,
  timings: Timings,
): Promise<void> => {
  if (!nextUseState(use.state, 'hold')) throw new Error(`a use that is ${use.state} cannot be held`);
  const until = new Date(tx.now.getTime() + answerDays * dayMs);
  await holdOutput(tx, use, { use: use.id, text, digest, salt: salt ?? null, rows, until }, timings);
  await audit(tx, { action: 'compute.output.hold', subject: use.id, participant: use.participant, data: { digest } });
  await tell(tx, 'compute.output.held', contract, { use: use.id, number: use.number });
};

const end = async (room: Room, tx: Tx, contract: Contract, use: Use, problem: Problem): Promise<void> => {
  await dropHeld(tx, use.id);
  await concludeUse(room, tx, contract, use, { problem, touched: true });
};

/** The use with what waits, for an owner that has not answered yet; anybody else learns nothing. */
const asked = async (
  tx: Tx,
  id: string,
): Promise<{ contract: Contract; use: Use; held: HeldOutput; before: OutputAnswer[] }> => {
  const found = await findUse(tx, id);
  const contract = found && (await lockContract(tx, found.contract));
  const me = tx.actor.participant;
  if (!contract || !sidesOf(contract.terms, me).owner) throw kernelProblems.unknown();
  const use = (await lockUse(tx, id))!;
  const before = await answersOf(tx, [id]);
  if (before.some(({ participant }) => participant === me)) throw problems.alreadyAnswered();
  const held = await findHeld(tx, id);
  if (!held || use.state !== 'held') throw problems.wrongState({ detail: use.state });
  return { contract, use, held, before };
};

const answer = async (tx: Tx, use: Use, said: Pick<OutputAnswer, 'digest' | 'approved' | 'reason'>): Promise<void> => {
  await insertAnswer(tx, { use: use.id, ...said });
  await audit(tx, {
    action: said.approved ? 'compute.output.approve' : 'compute.output.refuse',
    subject: use.id,
    data: { digest: said.digest, reason: said.reason },
  });
};

export const approveOutput = async (room: Room, tx: Tx, id: string, digest: string): Promise<void> => {
  const { contract, use, held, before } = await asked(tx, id);
  if (contract.state === 'revoked') throw problems.revoked();
  if (tx.now >= held.until) throw problems.outputUnanswered();
  if (digest !== held.digest) throw problems.outputDiffers({ field: 'body.digest' });
  await answer(tx, use, { digest, approved: true, reason: '' });
  const approved = new Set([...before.map(({ participant }) => participant), tx.actor.participant]);
  if (!ownersOf(contract.terms).every((owner) => approved.has(owner))) return;
  const { text, rows, salt } = held;
  await dropHeld(tx, id);
  await concludeUse(room, tx, contract, use, { result: { text, digest, rows, ...(salt !== null && { salt }) } });
  await tell(tx, 'compute.output.answered', contract, {
    ...{ use: id, number: use.number, by: tx.actor.participant, approved: true },
  });
};

export const refuseOutput = async (room: Room, tx: Tx, id: string, reason: string): Promise<void> => {
  const { contract, use, held } = await asked(tx, id);
  await answer(tx, use, { digest: held.digest, approved: false, reason });
  await end(room, tx, contract, use, problems.outputRefused());
  await tell(tx, 'compute.output.answered', contract, {
    ...{ use: id, number: use.number, by: tx.actor.participant, approved: false },
  });
};

const endedMax = 50;

/** Outputs whose contract was revoked, or that not every owner has answered in time; the number ended. */
export const endUnanswered = async (room: Room): Promise<number> => {
  const found = await room.database.tx(actor, (tx) => heldInVain(tx, tx.now, endedMax));
  for (const { use: id, contract: of } of found)
    await room.database.tx(actor, async (tx) => {
      const contract = (await lockContract(tx, of))!;
      const use = (await lockUse(tx, id))!;
      const held = await findHeld(tx, id);
      if (!held) return;
      if (contract.state === 'revoked') await end(room, tx, contract, use, problems.revoked());
      else if (held.until <= tx.now) await end(room, tx, contract, use, problems.outputUnanswered());
    });
  return found.length;
};

/** For an owner, before it answers. */
export const outputFor = async (room: Room, id: string, participant: string) => {
  const use = await findUse(room.database, id);
  const contract = use && (await findContract(room.database, use.contract));
  if (!contract || !sidesOf(contract.terms, participant).owner) throw kernelProblems.unknown();
  const held = await findHeld(room.database, id);
  if (!held) throw problems.wrongState({ detail: use.state });
  return { use, contract, held };
};

/**
 * The end of a run in the clean room. With noise its time is an output, too: how it ended, whichever way, is kept and told at the next of
 * the steps that the contract names, and what is seen meanwhile is that it runs.
 */
import { answerAt, nextUseState } from '@shugu/private-compute';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { sealer } from '../../kernel/issue/statement.ts';
import { Problem, type Words } from '../../kernel/problem.ts';
import type { Room, RoomContract, Use } from '../model.ts';
import { problems } from '../problems.ts';
import { dueAnswers, findUse, lockContract, lockUse } from '../reads.ts';
import { heldFirst } from '../rules.ts';
import { dropAnswer, keepAnswer, keepTimings } from '../store.ts';
import { holdUse } from './outputs.ts';
import type { Stopwatch } from './stopwatch.ts';
import { concludeUse, type Kept, type Outcome } from './uses.ts';

const actor = systemActor('compute');

/** What is written down of an outcome, and read again. */
type Written = { result: Kept } | { problem: { code: string; detail: Words }; touched: boolean };

const write = (outcome: Outcome): string => {
  if ('problem' in outcome) {
    const { problem, touched } = outcome;
    return JSON.stringify({ problem: { code: problem.code, detail: problem.detail }, touched } satisfies Written);
  }
  if (outcome.result.text === null) throw new Error('what opened elsewhere does not wait here');
  return JSON.stringify({ result: outcome.result } satisfies Written);
};

const definitions = new Map(
  Object.values(problems).map((make) => {
    const { code, definition } = make();
    return [code, definition] as const;
  }),
);

const read = (text: string): Outcome => {
  const written = JSON.parse(text) as Written;
  if ('result' in written) return written;
  const { code, detail } = written.problem;
  return { problem: new Problem(code, definitions.get(code)!, { detail }), touched: written.touched };
};

/** In one transaction with whatever follows of it; the use is running. */
const conclude = async (room: Room, tx: Tx, use: Use, outcome: Outcome, watch?: Stopwatch): Promise<void> => {
  // An owner that revoked meanwhile keeps its data.
  const found = await Promise.all([lockContract(tx, use.contract), lockUse(tx, use.id), sealer(room, tx)]);
  const [contract, running, signer] = [found[0]!, found[1]!, found[2]];
  const revoked = contract.state === 'revoked' && 'result' in outcome;
  if ('result' in outcome && outcome.result.text !== null && !revoked && heldFirst(contract.terms))
    return holdUse(tx, contract, running, outcome.result, watch?.laps ?? {});
  const ended: Outcome = revoked ? { problem: problems.revoked(), touched: true } : outcome;
  await concludeUse(room, tx, contract, running, ended, { watch, signer });
};

/** A run is over: told at once, or kept until its step. */
export const endRun = async (
  room: Room,
  { terms }: RoomContract,
  use: Use,
  outcome: Outcome,
  watch: Stopwatch,
): Promise<void> =>
  room.database.tx(actor, async (tx) => {
    const step = terms.noise?.answerSeconds;
    if (step === undefined) return conclude(room, tx, use, outcome, watch);
    await keepTimings(tx, use.id, watch.laps);
    const due = new Date(answerAt(use.at.getTime(), tx.now.getTime(), step));
    await keepAnswer(tx, use, write(outcome), due);
  });

const dueMax = 50;

/** Tells what has waited for its step; the number told. */
export const tellDue = async (room: Room): Promise<number> => {
  const due = await dueAnswers(room.database, room.now(), dueMax);
  for (const { use: id, outcome } of due)
    await room.database.tx(actor, async (tx) => {
      const use = (await findUse(tx, id))!;
      // Another process may have told it a moment ago.
      if (!(await dropAnswer(tx, id)) || !nextUseState(use.state, 'fail')) return;
      await conclude(room, tx, use, read(outcome));
    });
  return due.length;
};

/**
 * This node as the third party of a use on shares: a process of its own that sees random shares, how many keys there are and match, and
 * no result; or that deals for the two owners, and sees sizes alone. A use whose third has died is not begun again: its owners state whether theirs had begun.
 */
import {
  type AnyJob,
  ComputeError,
  computeAlone,
  hasThird,
  nextUseState,
  partyTermsOf,
  startParty,
} from '@shugu/private-compute';
import { systemActor } from '../../kernel/http/principal.ts';
import type { JobContext } from '../../kernel/jobs.ts';
import { Problem } from '../../kernel/problem.ts';
import type { OwnersContract, Room } from '../model.ts';
import { problems } from '../problems.ts';
import { findContract, findUse, lockContract, lockUse, partsOf } from '../reads.ts';
import { atOwners, isWhole } from '../rules.ts';
import { beginPlay, endThird, setThirdAddress } from '../store.ts';
import { concludeParts, isDone } from './parts.ts';
import { after, concludeUse, waits } from './uses.ts';

const actor = systemActor('compute');
/** Between two looks whether it is still worth while; keeps the job's lease, too. */
const lookMilliseconds = 1_000;
/** Owners ask once in a while where this node is, and then come. */
const meetMilliseconds = 120_000;

const inUse = new Set<number>();

/** 0 for any; throws compute.busy where all are taken. */
const takePort = ([first, last]: readonly number[]): number => {
  if (first === undefined || last === undefined) return 0;
  for (let port = first; port <= last; port++)
    if (!inUse.has(port)) {
      inUse.add(port);
      return port;
    }
  throw problems.busy();
};

/** The use, now running; undefined when there is nothing to play any more. */
const begin = (room: Room, id: string): Promise<OwnersContract | undefined> =>
  room.database.tx(actor, async (tx) => {
    const contract = await lockContract(tx, (await findUse(tx, id))!.contract);
    const use = (await lockUse(tx, id))!;
    if (!contract || !atOwners(contract)) return undefined;
    const end = (problem: Problem) =>
      concludeUse(room, tx, contract, use, { problem, touched: false }).then(() => undefined);
    if (use.state === 'running') {
      if (!hasThird(contract.terms)) return undefined;
      await finish(room, tx, contract, id, { outcome: 'compute.interrupted', met: false });
      return undefined;
    }
    const state = nextUseState(use.state, 'run');
    if (!state) return undefined;
    if (contract.state === 'revoked') return end(problems.revoked());
    if (tx.now >= contract.until) return end(problems.expired());
    if (!isWhole(contract.terms)) return end(problems.queryDiffers());
    await beginPlay(tx, id, state, after(tx.now, waits.playSeconds));
    return contract;
  });

type Tx = Parameters<typeof endThird>[0];

const finish = async (
  room: Room,
  tx: Tx,
  contract: OwnersContract,
  id: string,
  end: { outcome: string; met: boolean },
): Promise<void> => {
  // After a dealer the owners only begin.
  const alone = end.outcome === 'done' && computeAlone(contract.terms);
  await endThird(tx, id, { ...end, due: after(tx.now, alone ? waits.playSeconds : waits.stateSeconds) });
  await concludeParts(room, tx, contract, (await lockUse(tx, id))!);
};

/** Two owners alone begin when they see that the use runs. */
export const beginWithoutThird = async (room: Room, id: string): Promise<{ use: string }> => {
  await begin(room, id);
  return { use: id };
};

export const playThird = async (room: Room, id: string, context: JobContext): Promise<{ use: string }> => {
  const port = takePort(room.third.ports);
  try {
    const contract = await begin(room, id);
    if (contract) await play(room, contract, id, port, context);
  } finally {
    inUse.delete(port);
  }
  return { use: id };
};

const play = async (
  room: Room,
  { terms, id: contract }: OwnersContract,
  id: string,
  port: number,
  context: JobContext,
) => {
  const { secret, host, address } = room.third;
  const [own, peer] = terms.dataSets.map(({ commitment }) => commitment);
  const party = startParty({
    terms: partyTermsOf(terms, id),
    role: 'helper',
    secret: secret.toString('hex'),
    host,
    port,
    meetMs: meetMilliseconds,
    agreed: { own: own!, peer: peer! },
  } as AnyJob);
  const stop = () => void party.child.kill('SIGKILL');
  context.signal.addEventListener('abort', stop, { once: true });
  const look = setInterval(() => {
    // A database that is away for a moment ends nothing.
    keepOn(room, contract, id, context).then(
      (on) => on || stop(),
      (error: unknown) => error instanceof Problem && stop(),
    );
  }, lookMilliseconds);
  try {
    const outcome = await party.port
      .then((at) => room.database.tx(actor, (tx) => setThirdAddress(tx, id, `${address}:${at}`)))
      .then(() => party.outcome)
      .then(outcomeOf, faultOf);
    await room.database.tx(actor, async (tx) => {
      const locked = await lockContract(tx, contract);
      const use = (await lockUse(tx, id))!;
      if (!locked || !atOwners(locked) || use.endedAt !== null) return;
      await finish(room, tx, locked, id, { outcome, met: party.hasMet() });
    });
  } finally {
    clearInterval(look);
    context.signal.removeEventListener('abort', stop);
    stop();
  }
};

/** An owner that revokes, or states that it has not come to the end, ends what is under way. */
const keepOn = async (room: Room, contract: string, use: string, context: JobContext): Promise<boolean> => {
  await context.progress(0.5);
  const found = await findContract(room.database, contract);
  const parts = await partsOf(room.database, use);
  return found!.state !== 'revoked' && parts.every(({ statement }) => statement === null || isDone(statement));
};

const outcomeOf = (): string => 'done';
const faultOf = (error: unknown): string => {
  if (error instanceof ComputeError) return error.code;
  throw error;
};

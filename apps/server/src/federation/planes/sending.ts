/**
 * Signals to data planes, as the outbox sends messages: per transfer strictly in order, at once after the commit, again with back-off,
 * each try claimed in the database. What is refused waits for a person.
 */
import { type DataFlowStatus, readFlowStatus, signalPath } from '@shugu/dataspace';
import { type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { connectorOf } from '../reads.ts';
import { backoff, claimedUntil, isOver } from '../rules.ts';
import { answerFault, postTo } from '../service/posting.ts';
import { actorOf, type Room } from '../service/room.ts';
import { lockProcess } from '../store.ts';
import type { PlaneAccess } from './access.ts';
import { type Of, planeAnswered, planeFailed } from './answers.ts';
import { noteAnswer } from './liveness.ts';
import { type DataPlane, planeLimits as limits, type Signal } from './model.ts';
import { subjectOf } from './signals.ts';
import { claimSignal, delaySignal, dueSignals, endSignal, findPlane, flowOf, nextSignal, signalsDue } from './store.ts';

type Outcome = { taken: true; status: DataFlowStatus | undefined } | { taken: false; again: boolean; fault: string };
/** `answered`: it was there, whatever it said. */
type Told = Outcome & { answered: boolean };

const isPast = (signal: Signal['signal']): boolean => signal !== 'terminate' && signal !== 'complete';

/** Of the answers that have one to give; others say nothing that counts. */
const statusIn = (signal: Signal['signal'], text: string): Outcome => {
  if (!['prepare', 'start', 'resume'].includes(signal)) return { taken: true, status: undefined };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const read = readFlowStatus(value);
  if (read.ok) return { taken: true, status: read.message };
  return { taken: false, again: false, fault: `its answer is no status: ${read.fault.path} ${read.fault.en}` };
};

interface Claimed extends Of {
  plane: DataPlane;
  signal: Signal;
}

export interface PlaneSender {
  wake(process: string): void;
  /** Sends what is due; number of signals tried. */
  drain(): Promise<number>;
  /** Whether it would find something to do or to wait for, as SQL. */
  due(at: Sql): Sql;
  stop(): Promise<void>;
}

export const makePlaneSender = (roomOf: () => Room, access: PlaneAccess): PlaneSender => {
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;
  let tried = 0;

  const claim = (id: string): Promise<Claimed | 'skipped' | undefined> =>
    roomOf().database.tx(systemActor('federation'), async (tx) => {
      const process = await lockProcess(tx, id);
      const flow = process && (await flowOf(tx, id));
      const next = flow && (await nextSignal(tx, id));
      if (!process || !flow || !next) return undefined;
      const plane = await findPlane(tx, flow.participant, flow.plane);
      const connector = await connectorOf(tx, flow.participant);
      const fault = !plane
        ? 'the data plane is removed'
        : !connector
          ? 'the connector is closed'
          : isOver(process) && isPast(next.signal)
            ? 'the transfer is over'
            : undefined;
      if (fault || !plane || !connector) {
        await endSignal(tx, next.id, 'dropped', fault);
        return 'skipped';
      }
      const signal = await claimSignal(tx, next.id, claimedUntil(tx.now, next.attempts + 1));
      return signal && { connector, process, flow, plane, signal };
    });

  const post = async ({ plane, signal, flow, process }: Claimed): Promise<Told> => {
    const room = roomOf();
    const make = async () => {
      const url = new URL(plane.endpoint + signalPath(signal.signal, flow.flow ?? process.id));
      const body = await room.seal.open(room.database, subjectOf(plane.participant), signal.sealed_body);
      const headers = {
        ...(body === null ? {} : { 'content-type': 'application/json' }),
        accept: 'application/json',
        authorization: await access.authorization(room.database, plane),
      };
      return { url, headers, body };
    };
    const posted = await postTo(room.outgoing, plane.endpoint, make, limits.answerBytesMax);
    if ('fault' in posted) return { taken: false, ...posted, answered: !posted.again };
    const { status, text } = posted;
    if (status >= 200 && status < 300) return { ...statusIn(signal.signal, text), answered: true };
    if (status === 401) access.forget(plane);
    return { taken: false, ...answerFault(posted), answered: status < 500 };
  };

  /** When it is to be tried again. */
  const settle = async (tx: Tx, { signal, connector, plane }: Claimed, outcome: Told): Promise<Date | undefined> => {
    const process = (await lockProcess(tx, signal.process))!;
    await noteAnswer(tx, plane, { answered: outcome.answered, attempts: signal.attempts });
    const flow = (await flowOf(tx, signal.process))!;
    const of = { connector, process, flow };
    if (outcome.taken) {
      if ((await endSignal(tx, signal.id, 'sent')) === 0) return undefined;
      const fault = await planeAnswered(roomOf(), tx, of, signal.signal, outcome.status);
      if (fault) await planeFailed(tx, of, fault.en);
      return undefined;
    }
    if (outcome.again && signal.attempts < limits.attemptsMax) {
      const dueAt = new Date(tx.now.getTime() + backoff(signal.attempts));
      await delaySignal(tx, signal.id, dueAt, outcome.fault);
      return dueAt;
    }
    if ((await endSignal(tx, signal.id, 'dropped', outcome.fault)) > 0) await planeFailed(tx, of, outcome.fault);
    return undefined;
  };

  const sendOne = async (id: string): Promise<boolean> => {
    const claimed = await claim(id);
    if (claimed === undefined) return false;
    if (claimed === 'skipped') return true;
    tried++;
    const outcome = await post(claimed);
    const dueAt = await roomOf().database.tx(actorOf(claimed.connector), (tx) => settle(tx, claimed, outcome));
    if (dueAt) later(id, dueAt.getTime() - roomOf().now().getTime());
    return dueAt === undefined;
  };

  const later = (id: string, milliseconds: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      wake(id);
    }, milliseconds + 1);
    timer.unref();
    timers.add(timer);
  };

  const wake = (id: string): void => {
    if (stopped) return;
    if (running.has(id)) return void again.add(id);
    const work = (async () => {
      do {
        again.delete(id);
        while (!stopped && (await sendOne(id)));
      } while (!stopped && again.has(id));
    })()
      .catch((error) => roomOf().log.error({ err: error, process: id }, 'a data plane could not be told'))
      .finally(() => {
        running.delete(id);
        if (again.delete(id)) wake(id);
      });
    running.set(id, work);
  };

  return {
    wake,
    due: (at) => sql`(${running.size > 0}::boolean or ${signalsDue(at)})`,
    drain: async () => {
      const before = tried;
      for (const id of await dueSignals(roomOf().database, roomOf().now())) wake(id);
      await Promise.all(running.values());
      return tried - before;
    },
    stop: async () => {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
};

/**
 * The outbox: per process strictly in order, woken at once, tried again with back-off, silent once the process is over. A
 * message's try is claimed for a while in the database, so that neither a crash nor a second server sends it twice at once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import { pathOf } from '../messages.ts';
import { type Connector, type Json, limits, type Message, type Process, USER_AGENT } from '../model.ts';
import { connectorOf, dueProcesses, findProcessOf, messagesDue, waitingOf } from '../reads.ts';
import { backoff, claimedUntil, isFault, isOver, step } from '../rules.ts';
import { claimMessage, delayMessage, endMessage, lockProcess, saveProcess } from '../store.ts';
import { apply, settleMove } from './moves.ts';
import { postTo } from './posting.ts';
import { actorOf, type Claimed, type Room } from './room.ts';
import { openMessage } from './secrets.ts';

export interface Sender extends Pick<Room, 'wake' | 'send' | 'spare' | 'taking'> {
  /** Sends what is due; number of messages tried. */
  drain(): Promise<number>;
  /** Whether it would find something to do or to wait for, as SQL. */
  due(at: Sql): Sql;
  /** Until an answer that is on its way has been written, at most for a moment. */
  settled(process: string): Promise<void>;
  stop(): Promise<void>;
}

type Outcome = { taken: true; body: unknown } | { taken: false; again: boolean; fault: string };

/** The counter-party has read it and says no; everything else may be otherwise next time. */
const final = new Set([400, 403, 405, 410, 413, 415, 422]);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

type Sending = Omit<Room, 'wake' | 'send' | 'spare' | 'taking'>;

const post = async (room: Sending, { connector, process, message }: Claimed): Promise<Outcome> => {
  const make = async () => ({
    url: new URL(process.address + pathOf(process, message.act)),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': USER_AGENT,
      authorization: await room.identity.authorize(connector, { name: process.counterparty, address: process.address }),
    },
    body: JSON.stringify(await openMessage(room, room.database, process, message.body)),
  });
  const posted = await postTo(room.outgoing, process.address, make, limits.answerBytesMax);
  if ('fault' in posted) return { taken: false, ...posted };
  const { status, text } = posted;
  if (status >= 200 && status < 300) return { taken: true, body: parsed(text) };
  return { taken: false, again: !final.has(status), fault: `HTTP ${status} ${text.slice(0, 300)}`.trim() };
};

/** The counter-party's pid stands in its answer to our first message. */
const learnPid = (process: Process, body: unknown): boolean => {
  if (process.their_pid !== null) return true;
  const told = (body ?? {}) as Json;
  const pid = process.side === 'consumer' ? told.providerPid : told.consumerPid;
  if (typeof pid !== 'string' || pid === '') return false;
  process.their_pid = pid;
  return true;
};

/** The counter-party has taken it: only now our state moves. */
const acknowledged = async (
  room: Room,
  tx: Tx,
  { connector, message, body }: { connector: Connector; message: Message; body: unknown },
): Promise<void> => {
  const [locked, ended] = await Promise.all([lockProcess(tx, message.process), endMessage(tx, message.id, 'sent')]);
  // What answered it came before its acknowledgement, or the process is over.
  if (ended === 0) return;
  const process = locked!;
  const moved = step(process, message.act, process.side);
  if (isFault(moved)) return;
  if (!learnPid(process, body)) {
    process.held = { act: message.act, by: 'self', fault: 'the answer names no pid' };
    saveProcess(tx, process);
    return;
  }
  apply(process, message.act, 'self', moved, message.body);
  // It was the one that waited.
  await settleMove(room, tx, { connector, process, waiting: undefined }, { act: message.act, by: 'self' });
};

const refused = async (tx: Tx, message: Message, fault: string, again: boolean): Promise<Date | undefined> => {
  if (again && message.attempts < limits.attemptsMax) {
    const dueAt = new Date(tx.now.getTime() + backoff(message.attempts));
    await delayMessage(tx, message.id, dueAt, fault);
    return dueAt;
  }
  await giveToPerson(tx, (await lockProcess(tx, message.process))!, message, fault);
  return undefined;
};

/** It is not sent any more: a person says what becomes of the process, unless that is over. */
const giveToPerson = async (
  tx: Tx,
  process: Process,
  { id, act }: Pick<Message, 'id' | 'act'>,
  fault: string,
): Promise<void> => {
  if ((await endMessage(tx, id, 'dropped', fault)) === 0 || isOver(process)) return;
  process.held = { act, by: 'self', fault };
  saveProcess(tx, process);
  const { participant } = process;
  await emit(tx, { type: 'federation.process.refused', subject: process.id, participant, data: { act, fault } });
};

/** The next try of a process's message, when it is due and the process not over. */
const claim = (room: Sending, id: string): Promise<Claimed | undefined> =>
  room.database.tx({ kind: 'system', id: 'system:federation', participant: '' }, async (tx) => {
    const [process, waiting] = await Promise.all([lockProcess(tx, id), waitingOf(tx, id)]);
    if (!process || !waiting) return undefined;
    const connector = await connectorOf(tx, process.participant);
    if (isOver(process) || !connector) {
      await giveToPerson(tx, process, waiting, isOver(process) ? 'the process is over' : 'the connector is closed');
      return undefined;
    }
    const message = await claimMessage(tx, id, claimedUntil(tx.now, waiting.attempts + 1));
    return message && { connector, process, message };
  });

/** It is the counter-party's turn, and what it says shows that it has ours. */
const isAnsweredSoon = ({ process, message: { act } }: Claimed): boolean =>
  process.kind === 'negotiation' && act !== 'finalize' && act !== 'terminate';

export const makeSender = (deps: Sending): Sender => {
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  /** Written with their claim, by process; `waitsSince`: for what is said before, in monotonic ms. */
  const handed = new Map<string, Claimed & { waitsSince: number | undefined }>();
  /** Until its counter-party has written down what it told us, by process. */
  const busy = new Map<string, Promise<void>>();
  /** What the counter-party tells us, by process, until it is written down. */
  const coming = new Map<string, Promise<unknown>>();
  const awaited = new Map<string, () => void>();
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;
  let tried = 0;

  const room: Room = {
    ...deps,
    wake: (process, dueAt) => wake(process, dueAt),
    send: (one) => send(one),
    spare: (process, milliseconds) => spare(process, milliseconds),
    taking: (process, work) => taking(process, work),
  };

  /** While it waited it may have ended, or its claim, or the process. */
  const handedOver = async (id: string): Promise<Claimed | undefined> => {
    const one = handed.get(id);
    handed.delete(id);
    if (!one) return undefined;
    const writing = busy.get(id);
    await writing;
    const waited = one.waitsSince === undefined ? 0 : performance.now() - one.waitsSince;
    if (!writing && waited <= limits.answerMilliseconds) return one;
    const { id: message, attempts, due_at } = (await waitingOf(deps.database, id)) ?? {};
    const stands = message === one.message.id && attempts === one.message.attempts && due_at! > deps.now();
    const process = stands ? await findProcessOf(deps.database, id) : undefined;
    return process && !isOver(process) ? one : undefined;
  };

  const taking = (id: string, work: Promise<unknown>): void => {
    const written: Promise<void> = work.then(
      () => undefined,
      () => undefined,
    );
    coming.set(id, written);
    void written.then(() => {
      if (coming.get(id) === written) coming.delete(id);
    });
    awaited.get(id)?.();
  };

  /** Until what answers a message has been written down, where it comes at once: one transaction less. */
  const answered = async (id: string): Promise<void> => {
    if (!coming.has(id))
      await new Promise<void>((resume) => {
        const timer = setTimeout(resume, limits.answerMilliseconds);
        awaited.set(id, () => {
          clearTimeout(timer);
          resume();
        });
      });
    awaited.delete(id);
    await coming.get(id);
  };

  const sendOne = async (id: string): Promise<void> => {
    const claimed = (await handedOver(id)) ?? (await claim(room, id));
    if (!claimed) return;
    tried++;
    const { connector, message } = claimed;
    const outcome = await post(room, claimed);
    if (outcome.taken && isAnsweredSoon(claimed)) await answered(id);
    // One message of a process waits at a time: that there is another shows that this one was answered by a message.
    if (handed.has(id)) return;
    const dueAt = await room.database.tx(actorOf(connector), async (tx) => {
      if (!outcome.taken) return refused(tx, message, outcome.fault, outcome.again);
      await acknowledged(room, tx, { connector, message, body: outcome.body });
      return undefined;
    });
    if (dueAt) wake(id, dueAt);
  };

  const run = (id: string): void => {
    if (stopped) return;
    if (running.has(id)) return void again.add(id);
    const work = (async () => {
      do {
        again.delete(id);
        await sendOne(id);
      } while (!stopped && again.has(id));
    })()
      .catch((error) => deps.log.error({ err: error, process: id }, 'a message could not be sent'))
      .finally(() => {
        running.delete(id);
        if (again.delete(id)) run(id);
      });
    running.set(id, work);
  };

  const spare = (id: string, milliseconds: number): void => {
    if (milliseconds === 0) return;
    const written: Promise<void> = pause(milliseconds).then(() => {
      if (busy.get(id) === written) busy.delete(id);
    });
    busy.set(id, written);
  };

  const send = (one: Claimed): void => {
    const { id } = one.process;
    handed.set(id, { ...one, waitsSince: running.has(id) ? performance.now() : undefined });
    run(id);
  };

  const wake = (id: string, dueAt: Date): void => {
    const wait = dueAt.getTime() - deps.now().getTime();
    if (wait <= 0) {
      run(id);
      return;
    }
    clearTimeout(timers.get(id));
    const timer = setTimeout(() => {
      timers.delete(id);
      run(id);
    }, wait + 1);
    timer.unref();
    timers.set(id, timer);
  };

  return {
    wake,
    send,
    spare,
    taking,
    due: (at) => sql`(${running.size > 0}::boolean or ${messagesDue(at)})`,
    drain: async () => {
      const before = tried;
      for (const id of await dueProcesses(deps.database, deps.now())) {
        if (running.size >= limits.sendingMax) await Promise.race(running.values());
        run(id);
      }
      await Promise.all(running.values());
      return tried - before;
    },
    settled: async (id) => {
      const work = running.get(id);
      if (!work) return;
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resume) => {
        timer = setTimeout(resume, limits.settleMilliseconds);
      });
      await Promise.race([work, patience]);
      clearTimeout(timer);
    },
    stop: async () => {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
};

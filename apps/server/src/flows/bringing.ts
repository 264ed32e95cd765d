/**
 * A push transfer: our gateway's files are brought to where the consumer says, one job each, in their order. The next job is written
 * when a file was taken, so a process that dies goes on with the file that it had in hand; after the last the transfer is complete.
 * One that was suspended goes on with what was not taken yet.
 */
import { CallStop } from '@shugu/gateway';
import type { Rooms } from '../build.ts';
import type { Brought, PushAddress } from '../federation/index.ts';
import type { Actor, Reader, Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { enqueue, type Job, type JobContext, type JobHandler } from '../kernel/jobs.ts';

export const pushJob = 'flow.push';

/** How often a running push looks whether it may go on, ms. */
const lookMs = 1000;
/** Tries of one file. */
const attemptsMax = 8;

interface Turn {
  process: string;
  /** The state that began it: a push that was suspended or ended in between is another. */
  version: number;
  contract: string;
  /** Files that were taken before. */
  at: number;
  /** How often this one has waited for what time alone lifts. */
  waits?: number;
}

const enqueueTurn = (tx: Tx, participant: string, turn: Turn, runAt?: Date): Promise<unknown> =>
  enqueue(tx, {
    kind: pushJob,
    title: { zh: '向对方推送文件', en: 'Push a file to the counter-party' },
    data: { ...turn },
    participant,
    attemptsMax,
    uniqueKey: `${turn.process}@${turn.version}/${turn.at}${turn.waits ? `+${turn.waits}` : ''}`,
    ...(runAt ? { runAt } : {}),
  });

/** What a push is of: a transfer of the Dataspace Protocol, or a data flow that a control plane outside steers. */
interface Pushed {
  participant: string;
  version: number;
  flows: boolean;
  target(read: Reader): Promise<PushAddress | undefined>;
  taken(read: Reader): Promise<Set<string>>;
  noteTaken(tx: Tx, name: string): Promise<void>;
  complete(tx: Tx): Promise<unknown>;
  fail(tx: Tx, fault: string): Promise<unknown>;
}

const pushedBy = async ({ federation }: Rooms, read: Reader, id: string): Promise<Pushed | undefined> => {
  const process = await federation.process(read, id);
  if (process)
    return {
      ...{ participant: process.participant, version: process.version, flows: process.state === 'STARTED' },
      target: (at) => federation.pushAddress(at, process),
      taken: (at) => federation.takenOf(at, id),
      noteTaken: (tx, name) => federation.noteTaken(tx, id, name),
      complete: (tx) => federation.act(tx, id, 'complete'),
      fail: (tx, reason) => federation.act(tx, id, 'terminate', { reason }),
    };
  const { served } = federation;
  const flow = await served.flow(read, id);
  return (
    flow && {
      ...{ participant: flow.participant, version: flow.version, flows: flow.state === 'STARTED' },
      target: (at) => served.pushAddress(at, flow),
      taken: async (at) => new Set((await served.flow(at, id))?.taken),
      noteTaken: (tx, name) => served.noteTaken(tx, id, name),
      complete: (tx) => served.complete(tx, id),
      fail: (tx, fault) => served.fail(tx, id, fault),
    }
  );
};

/** Begins when the transfer has started, also after a suspension. */
export const followPush = async (
  tx: Tx,
  rooms: Rooms,
  { id, participant, version, contract }: { id: string; participant: string; version: number; contract: string },
): Promise<void> => {
  const { size: at } = (await (await pushedBy(rooms, tx, id))?.taken(tx)) ?? new Set();
  await enqueueTurn(tx, participant, { process: id, version, contract, at });
};

/** Undefined once it is suspended or over. */
const running = async (rooms: Rooms, read: Reader, turn: Turn): Promise<Pushed | undefined> => {
  const pushed = await pushedBy(rooms, read, turn.process);
  return pushed?.flows && pushed.version === turn.version ? pushed : undefined;
};

/** As our side of it. */
const asOwner = ({ participant }: Pushed): Actor => ({ ...systemActor('federation'), participant });

/** Stops what is on its way when the transfer may not go on. */
const watch = (rooms: Rooms, { database, signal }: JobContext, turn: Turn) => {
  const stop = new CallStop();
  const ended = new AbortController();
  const end = () => {
    ended.abort();
    stop.stop();
  };
  signal.addEventListener('abort', end, { once: true });
  const look = setInterval(() => {
    running(rooms, database, turn).then(
      (pushed) => pushed ?? end(),
      () => undefined,
    );
  }, lookMs);
  return {
    stop,
    signal: ended.signal,
    unwatch: () => {
      clearInterval(look);
      signal.removeEventListener('abort', end);
    },
  };
};

type Tried = { file: string; brought: Brought } | { waitSeconds: number } | 'none';

const nameOf = ({ grant, name }: { grant: string; name: string }): string => `${grant}/${name}`;

const bringOne = async (rooms: Rooms, context: JobContext, turn: Turn, pushed: Pushed): Promise<Tried> => {
  const { delivery, federation } = rooms;
  const taken = await pushed.taken(context.database);
  const file = (await delivery.filesUnder(context.database, turn.contract)).find((one) => !taken.has(nameOf(one)));
  if (!file) return 'none';
  const tried = (brought: Brought): Tried => ({ file: nameOf(file), brought });
  const to = await pushed.target(context.database);
  if (!to) return tried({ taken: false, again: false, fault: 'its data address is gone' });
  const { stop, signal, unwatch } = watch(rooms, context, turn);
  try {
    const answer = await delivery.readFile(file, stop);
    if ('refused' in answer) {
      const { code, zh, en, outlook } = answer.refused;
      if (outlook.kind === 'lifts') return { waitSeconds: outlook.seconds };
      return tried({ taken: false, again: outlook.kind === 'again', fault: `${code}: ${zh} / ${en}` });
    }
    return tried(await federation.bring(to, answer, signal).finally(answer.done));
  } finally {
    unwatch();
  }
};

export const pushJobHandler =
  (rooms: Rooms): JobHandler =>
  async (job: Job, context) => {
    const turn = job.data as Turn;
    const { database } = context;
    const pushed = await running(rooms, database, turn);
    if (!pushed) return { superseded: true };
    const tried = await bringOne(rooms, context, turn, pushed);
    return database.tx(asOwner(pushed), async (tx) => {
      // A message of ours that is still under way is over next time.
      const said = (work: Promise<unknown>) =>
        work.catch((error: Error) => {
          throw new Error(error.message, { cause: error });
        });
      // Also where the transfer was suspended meanwhile.
      if (tried !== 'none' && 'brought' in tried && tried.brought.taken) await pushed.noteTaken(tx, tried.file);
      // Whatever broke when the transfer was stopped broke for that.
      if (!(await running(rooms, tx, turn))) return { superseded: true };
      if (tried === 'none') {
        await said(pushed.complete(tx));
        return { complete: true };
      }
      if ('waitSeconds' in tried) {
        const waits = (turn.waits ?? 0) + 1;
        const at = new Date(tx.now.getTime() + tried.waitSeconds * 1000);
        await enqueueTurn(tx, pushed.participant, { ...turn, waits }, at);
        return { waiting: at.toISOString() };
      }
      const { brought } = tried;
      if (brought.taken) {
        const { process: id, version, contract, at } = turn;
        await enqueueTurn(tx, pushed.participant, { process: id, version, contract, at: at + 1 });
        return { brought: tried.file };
      }
      if (brought.again && job.attempts < job.attempts_max) throw new Error(brought.fault);
      await said(pushed.fail(tx, brought.fault));
      return { failed: brought.fault };
    });
  };

/**
 * A push transfer: our gateway's files are brought to where the consumer says, one job each, in their order. The next job is written
 * when a file was taken, so a process that dies goes on with the file that it had in hand; after the last the transfer is complete.
 * One that was suspended goes on with what was not taken yet.
 */
import { CallStop } from '@shugu/gateway';
import type { Rooms } from '../build.ts';
import type { Brought, Process } from '../federation/index.ts';
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

/** Starts as soon as the contract's files can be read. */
export const openPush = async (
  tx: Tx,
  { federation, delivery }: Rooms,
  { process, contract }: { process: Process; contract: string },
): Promise<void> => {
  const files = await delivery.filesUnder(tx, contract);
  const opened = (await delivery.grantsOf(tx, contract)).some(
    ({ state }) => state === 'active' || state === 'suspended',
  );
  if (!opened) return;
  if (files.length === 0)
    return federation.refuse(
      tx,
      process.id,
      '该产品不以文件交付，不能推送 / it is not delivered as files, so nothing can be pushed',
    );
  if (!(await federation.pushAddress(tx, process)))
    return federation.refuse(tx, process.id, '缺少可用的 dataAddress / there is no dataAddress that can be called');
  await federation.clear(tx, process.id);
};

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

/** Begins when the transfer has started, also after a suspension. */
export const followPush = async (
  tx: Tx,
  { federation }: Rooms,
  { id, participant, version }: Process,
  contract: string,
): Promise<void> => {
  const { size: at } = await federation.takenOf(tx, id);
  await enqueueTurn(tx, participant, { process: id, version, contract, at });
};

/** Undefined once the transfer is suspended or over. */
const running = async ({ federation }: Rooms, read: Reader, turn: Turn): Promise<Process | undefined> => {
  const process = await federation.process(read, turn.process);
  return process?.state === 'STARTED' && process.version === turn.version ? process : undefined;
};

/** As our side of the process. */
const asOwner = ({ participant }: Process): Actor => ({ ...systemActor('federation'), participant });

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
      (process) => process ?? end(),
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

const bringOne = async (rooms: Rooms, context: JobContext, turn: Turn, process: Process): Promise<Tried> => {
  const { delivery, federation } = rooms;
  const taken = await federation.takenOf(context.database, process.id);
  const file = (await delivery.filesUnder(context.database, turn.contract)).find((one) => !taken.has(nameOf(one)));
  if (!file) return 'none';
  const tried = (brought: Brought): Tried => ({ file: nameOf(file), brought });
  const to = await federation.pushAddress(context.database, process);
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
    const process = await running(rooms, database, turn);
    if (!process) return { superseded: true };
    const tried = await bringOne(rooms, context, turn, process);
    return database.tx(asOwner(process), async (tx) => {
      // A message of ours that is still under way is over next time.
      const say = (act: 'complete' | 'terminate', saying = {}) =>
        rooms.federation.act(tx, process.id, act, saying).catch((error: Error) => {
          throw new Error(error.message, { cause: error });
        });
      // Also where the transfer was suspended meanwhile.
      if (tried !== 'none' && 'brought' in tried && tried.brought.taken)
        await rooms.federation.noteTaken(tx, process.id, tried.file);
      // Whatever broke when the transfer was stopped broke for that.
      if (!(await running(rooms, tx, turn))) return { superseded: true };
      if (tried === 'none') {
        await say('complete');
        return { complete: true };
      }
      if ('waitSeconds' in tried) {
        const waits = (turn.waits ?? 0) + 1;
        const at = new Date(tx.now.getTime() + tried.waitSeconds * 1000);
        await enqueueTurn(tx, process.participant, { ...turn, waits }, at);
        return { waiting: at.toISOString() };
      }
      const { brought } = tried;
      if (brought.taken) {
        const { process: id, version, contract, at } = turn;
        await enqueueTurn(tx, process.participant, { process: id, version, contract, at: at + 1 });
        return { brought: tried.file };
      }
      if (brought.again && job.attempts < job.attempts_max) throw new Error(brought.fault);
      await say('terminate', { reason: brought.fault });
      return { failed: brought.fault };
    });
  };

/** The job of a run: a turn of it, after which other jobs have theirs; what is left goes on where it stopped. */
import { join } from 'node:path';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { enqueue, type Job, type JobContext, type JobHandler } from '../../kernel/jobs.ts';
import { cutOfKey, findGrant } from '../reads.ts';
import { cutOf } from '../rules.ts';
import type { PushDeps } from './deps.ts';
import { fault, PushFault, preparing } from './fault.ts';
import { sendFiles, type Tracker } from './files.ts';
import type { Destination, Push, Run, RunState } from './model.ts';
import { rowReader } from './rows.ts';
import { openSource, type Source } from './source.ts';
import * as store from './store.ts';
import { sendTables } from './tables.ts';
import { fileTakerOf, rowTakerOf } from './takers.ts';

export const pushJob = 'delivery.push';

/** After so long a run gives its worker to others, ms. */
const turnMs = 30_000;
const tellMs = 500;

class TurnOver extends Error {}
/** Somebody stopped the run, or another job has it. */
class Superseded extends Error {}

export const enqueueRun = (tx: Tx, run: Pick<Run, 'id' | 'participant'>, runAt?: Date): Promise<string | undefined> =>
  enqueue(tx, {
    kind: pushJob,
    title: { zh: '推送交付', en: 'Push to a destination' },
    data: { run: run.id },
    participant: run.participant,
    ...(runAt ? { runAt } : {}),
  });

const asSystem = <T>(database: Database, run: (tx: Tx) => Promise<T>): Promise<T> =>
  database.tx(systemActor('delivery'), run);

interface Work {
  deps: PushDeps;
  context: JobContext;
  run: Run;
  push: Push;
  source: Source;
  stopping: AbortController;
}

/** Counts what has passed into the run, tells the database now and then, and hears from it that the run was stopped. */
const trackerOf = ({ deps, context, run, source, stopping }: Work): Tracker => {
  const endsAt = performance.now() + (deps.turnMs ?? turnMs);
  let toldAt = performance.now();
  const tell = async () => {
    toldAt = performance.now();
    const [part, whole] = run.bytesTotal === null ? [run.rows, run.rowsTotal] : [run.bytes, run.bytesTotal];
    await context.progress(Math.min(1, part / (whole || 1)));
    if ((await asSystem(context.database, (tx) => store.setProgress(tx, run))) === 0) throw new Superseded();
  };
  return {
    signal: stopping.signal,
    held: (bytes, rows) => {
      run.bytes += bytes;
      run.rows += rows;
    },
    uploads: {
      get: (name) => run.uploads[name],
      set: async (name, upload) => {
        const { [name]: _, ...others } = run.uploads;
        run.uploads = upload ? { ...others, [name]: upload } : others;
        await tell();
      },
    },
    isReadBack: (digest) => run.readBack.includes(digest),
    readBack: async (digest) => {
      run.readBack.push(digest);
      await tell();
    },
    table: (name) => run.sent.find((one) => one.table === name),
    passed: async (bytes, rows) => {
      source.mayGoOn();
      stopping.signal.throwIfAborted();
      run.bytes += bytes;
      run.rows += rows;
      const now = performance.now();
      if (now > endsAt) throw new TurnOver();
      if (now - toldAt > tellMs) await tell();
    },
    fewer: (rows) => {
      run.rowsTotal = (run.rowsTotal ?? 0) - rows;
    },
    sent: async (table) => {
      run.sent = [...run.sent.filter((one) => one.table !== table.table), table];
      await tell();
    },
  };
};

/** Of each table once, however often the run is taken up again. */
const countUse = async ({ context, run, source }: Work, table: string, since: number | null): Promise<void> => {
  // All of a table is another use than its changes, should the run have to begin anew.
  const use = since === null ? table : `${table}@${since}`;
  if (run.counted.includes(use)) return;
  await source.count(table, since);
  run.counted.push(use);
  await asSystem(context.database, (tx) => store.setProgress(tx, run));
};

const carry = async (work: Work): Promise<void> => {
  const { context, run, push, source } = work;
  const destination = await store.findDestination(context.database, push.destination);
  if (!destination || destination.removedAt) throw fault('destinationRemoved');
  run.version = source.version;
  run.rowsTotal = source.tables.reduce((sum, { rows }) => sum + rows, 0);
  // How many bytes rows will take as CSV is not known before.
  run.bytesTotal = destination.kind === 'postgres' ? null : source.tables.reduce((sum, { bytes }) => sum + bytes, 0);
  run.bytes = 0;
  run.rows = 0;
  await (destination.kind === 'postgres' ? carryRows(work, destination) : carryFiles(work, destination));
  await asSystem(context.database, (tx) => store.setProgress(tx, run));
};

const carryFiles = async (work: Work, destination: Destination): Promise<void> => {
  const track = trackerOf(work);
  const taker = await fileTakerOf(work.deps, destination, track);
  try {
    for (const { name } of work.source.tables) await countUse(work, name, null);
    await sendFiles(work.source, taker, track);
  } finally {
    await taker.close();
  }
};

const carryRows = async (work: Work, destination: Destination): Promise<void> => {
  const { deps, run, push, source, stopping } = work;
  const given = { run: run.id, push: run.push, signal: stopping.signal };
  const taker = await rowTakerOf(deps, destination, given);
  const reader = rowReader();
  try {
    const folder = join(await deps.workFolder(), run.id);
    await sendTables({
      source,
      taker,
      reader,
      folder,
      adds: push.mode === 'append',
      countUse: (table, since) => countUse(work, table, since),
      track: trackerOf(work),
      rowsPerPiece: deps.rowsPerPiece,
    });
  } finally {
    reader.end();
    await taker.close();
  }
};

const settle = (context: JobContext, run: Run, state: RunState, found: PushFault | null) =>
  asSystem(context.database, (tx) => store.settleRun(tx, run, state, found?.view ?? null));

const takeUpAgain = (context: JobContext, run: Run, found: PushFault | null, inMs: number) =>
  asSystem(context.database, async (tx) => {
    if ((await store.settleRun(tx, run, 'waiting', found?.view ?? null)) === 0) return;
    const job = await enqueueRun(tx, run, new Date(tx.now.getTime() + inMs));
    await store.setRunJob(tx, run, job!);
  });

/** Throws for another try of the job; returns what the job is to say. */
const concluded = async (job: Job, context: JobContext, run: Run, error: unknown): Promise<object> => {
  if (error instanceof Superseded) return { superseded: true };
  if (error instanceof TurnOver) {
    await takeUpAgain(context, run, null, 0);
    return { turn: 'over' };
  }
  const known = error instanceof PushFault ? error : fault('interrupted', { cause: error });
  if (known.lifts !== null) {
    // Cutting takes as long as it takes, and permitted hours come when they come: that is no failure to be counted.
    await takeUpAgain(context, run, known, known.lifts * 1000);
    return { waiting: known.view.code };
  }
  const again = known.passing && job.attempts < job.attempts_max;
  await settle(context, run, known.stops ? 'stopped' : again ? 'waiting' : 'failed', known);
  if (again) throw error;
  return { failed: known.view };
};

const open = async (deps: PushDeps, context: JobContext, run: Run): Promise<{ push: Push; source: Source }> => {
  const push = (await store.findPush(context.database, run.push))!;
  const grant = (await findGrant(context.database, push.grant))!;
  const cut = await cutOfKey(context.database, grant.version, cutOf(grant).key);
  if (cut?.state === 'building') throw preparing();
  if (cut?.state === 'failed') throw fault('cutFailed');
  const plane = deps.plane();
  if (!plane) throw fault('interrupted');
  const source = await openSource(plane, {
    grant: grant.id,
    version: run.version,
    purpose: push.purpose,
    now: context.now,
  });
  return { push, source };
};

export const pushJobHandler =
  (deps: PushDeps): JobHandler =>
  async (job: Job, context) => {
    const run = await store.findRun(context.database, (job.data as { run: string }).run);
    if (!run || run.job !== job.id) return { superseded: true };
    if (deps.stoppers.has(run.id)) {
      // Stopped and asked for again so soon that the turn before has not let go yet.
      await takeUpAgain(context, run, null, 1000);
      return { later: true };
    }
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    context.signal.addEventListener('abort', stop, { once: true });
    deps.stoppers.set(run.id, stop);
    let deaf = () => {};
    try {
      if ((await asSystem(context.database, (tx) => store.setRunning(tx, run))) === 0) return { superseded: true };
      const { push, source } = await open(deps, context, run);
      deaf = source.onStop(stop);
      const work = { deps, context, run, push, source, stopping };
      await carry(work).catch((error) => {
        // Whatever broke when the grant ended broke for that.
        source.mayGoOn();
        throw error;
      });
      await settle(context, run, 'done', null);
      return { rows: run.rows };
    } catch (error) {
      return await concluded(job, context, run, error);
    } finally {
      deaf();
      context.signal.removeEventListener('abort', stop);
      deps.stoppers.delete(run.id);
    }
  };

/**
 * Jobs: work that outlives a request. Sent inside the transaction that wants it, claimed with `skip locked` under a lease,
 * retried with back-off, dead after `attemptsMax`, each with progress that people see. The clock is the node's own, so a
 * simulated calendar moves jobs too (docs/decisions/0005-own-jobs.md).
 */
import type { Text } from '@shugu/wire';
import type { Logger } from 'pino';
import { limits as alarmLimits, makeAlarm } from './alarm.ts';
import { audit } from './audit.ts';
import { backoffSeconds } from './backoff.ts';
import type { Clock } from './clock.ts';
import { type Database, empty, isOutage, type Moment, type Reader, type Sql, sql, type Tx } from './db/db.ts';
import { systemActor } from './http/principal.ts';
import { newId } from './ids.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from './pages.ts';
import { defineProblems, kernelProblems, Problem } from './problem.ts';
import type { Tick } from './ticker.ts';

export const limits = {
  workers: 2,
  leaseSeconds: 300,
  attemptsMax: 8,
  backoffSecondsMax: 3600,
} as const;

export const jobProblems = defineProblems('jobs', {
  ended: {
    status: 409,
    title: { zh: '任务已结束', en: 'The job has ended' },
    next: { zh: '查看任务结果，或重新发起', en: 'Look at its result, or start it again' },
  },
  cancelled: {
    status: 409,
    title: { zh: '任务已取消', en: 'The job was cancelled' },
    next: { zh: '如仍需要，请重新发起', en: 'Start it again if it is still needed' },
  },
});

export interface JobDraft {
  kind: string;
  title: Text;
  data: Record<string, unknown>;
  participant?: string;
  runAt?: Date;
  attemptsMax?: number;
  /** At most one living job of this kind and key. */
  uniqueKey?: string;
}

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'dead' | 'cancelled';

export interface Job {
  id: string;
  kind: string;
  title: Text;
  // biome-ignore lint/suspicious/noExplicitAny: each kind's handler declares the shape it was sent with
  data: any;
  participant: string;
  state: JobState;
  progress: number;
  note: string | null;
  attempts: number;
  attempts_max: number;
  run_at: Date;
  created_at: Date;
  finished_at: Date | null;
  failure: string | null;
  result: unknown;
}

export interface JobContext {
  database: Database;
  now: () => Date;
  /** 0 to 1; throws when somebody asked to cancel. */
  progress(fraction: number, note?: string): Promise<void>;
  signal: AbortSignal;
}

export type JobHandler = (job: Job, context: JobContext) => Promise<unknown>;

const wakers = new Set<() => void>();

export const enqueue = async (tx: Tx, draft: JobDraft): Promise<string | undefined> => {
  const id = newId('job', tx.now);
  const insert = sql`insert into jobs (id, node, market, participant, kind, title, data, state, attempts_max, run_at, unique_key, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${draft.participant ?? tx.actor.participant}, ${draft.kind}, ${JSON.stringify(draft.title)},
      ${JSON.stringify(draft.data)}, 'queued', ${draft.attemptsMax ?? limits.attemptsMax}, ${draft.runAt ?? tx.now}, ${draft.uniqueKey ?? null}, ${tx.now})
    on conflict do nothing`;
  // Only a key of its own can be there already.
  if (draft.uniqueKey === undefined) tx.send(insert);
  const added = draft.uniqueKey === undefined || (await tx.exec(insert)) > 0;
  tx.afterCommit(() => {
    for (const wake of wakers) wake();
  });
  return added ? id : undefined;
};

const columns = sql`id, kind, title, data, participant, state, progress, note, attempts, attempts_max, run_at, created_at, finished_at, failure, result`;

interface ClaimedJob extends Job {
  /** Number of this claim: later ones have taken the job from us. */
  lease: number;
}

interface Due {
  kinds: string[];
  /** Jobs that are running here, where no other server works: what else is said to run was left by a process that died. */
  running?: readonly string[];
}

const isDue = ({ kinds, running }: Due, now: Moment): Sql => sql`kind = any(${kinds}) and run_at <= ${now}
  and (state in ('queued', 'failed') or (state = 'running'
    and ${running ? sql`not (id = any(${[...running]}))` : sql`lease_until < ${now}`}))`;
const nextDue = (tx: Tx, asked: Due): Promise<Job | undefined> =>
  tx.first<Job>(sql`select ${columns} from jobs where ${isDue(asked, tx.now)}
    order by run_at limit 1 for update skip locked`);
const areDue = (asked: Due, at: Moment): Sql => sql`exists (select from jobs where ${isDue(asked, at)})`;
const anyDue = async (read: Reader, asked: Due, now: Date): Promise<boolean> =>
  (await read.one<{ due: boolean }>(sql`select ${areDue(asked, now)} as due`)).due;

/** When a job of these kinds is next to be run, or to be taken from whoever does not finish it; undefined: none is there. */
const nextAt = async (read: Reader, kinds: string[]): Promise<Date | undefined> =>
  (
    await read.one<{
      at: Date | null;
    }>(sql`select min(case when state = 'running' then greatest(run_at, lease_until) else run_at end)
      as at from jobs where kind = any(${kinds}) and state in ('queued', 'failed', 'running')`)
  ).at ?? undefined;

// A job that ends its process leaves no failure behind, only tries: they count like any others, or it would do so for ever.
const bury = (tx: Tx, job: Job): Promise<number> =>
  tx.exec(sql`update jobs set state = 'dead', lease_until = null, finished_at = ${tx.now},
    failure = ${`its process ended, or its lease ran out, while it ran; tried ${job.attempts} times`} where id = ${job.id}`);

const claim = async (tx: Tx, asked: Due): Promise<ClaimedJob | undefined> => {
  for (;;) {
    const due = await nextDue(tx, asked);
    if (!due) return undefined;
    if (due.attempts < due.attempts_max)
      return tx.one<ClaimedJob>(sql`update jobs set state = 'running', attempts = attempts + 1, lease = lease + 1,
        lease_until = ${new Date(tx.now.getTime() + limits.leaseSeconds * 1000)} where id = ${due.id} returning ${columns}, lease`);
    await bury(tx, due);
  }
};

export interface JobsOptions {
  database: Database;
  clock: Clock;
  handlers: Record<string, JobHandler>;
  log: Logger;
  /** No other server works on this database: a job left running by a process that died need not wait for its lease. */
  alone?: boolean;
}

export interface Jobs {
  start(): void;
  stop(): Promise<void>;
  /** Runs what is due now, one after the other; number of jobs run. */
  drain(): Promise<number>;
  /** A job is under way here; false only when what it did is committed. */
  busy(): boolean;
  /** Until a job that is under way here ends, at most so long. */
  rest(milliseconds: number): Promise<void>;
  /** For the ticker: finds what nobody told of. */
  tick(name: string): Tick;
}

interface Outcome {
  result?: unknown;
  failure?: string;
  final?: boolean;
  cancelled?: boolean;
}

/** Writes the outcome, if the job is still ours: false when another worker has claimed it meanwhile. */
const settle = async (tx: Tx, job: ClaimedJob, outcome: Outcome): Promise<boolean> => {
  const wait = backoffSeconds(job.attempts, limits.backoffSecondsMax);
  const dead = outcome.final || job.attempts >= job.attempts_max;
  const state: JobState = outcome.cancelled
    ? 'cancelled'
    : outcome.failure === undefined
      ? 'done'
      : dead
        ? 'dead'
        : 'failed';
  const touched =
    await tx.exec(sql`update jobs set state = ${state}, failure = ${outcome.failure ?? null}, lease_until = null,
      progress = ${state === 'done' ? 1 : job.progress}, result = ${outcome.result === undefined ? null : JSON.stringify(outcome.result)},
      run_at = ${state === 'failed' ? new Date(tx.now.getTime() + wait * 1000) : job.run_at},
      finished_at = ${state === 'failed' ? null : tx.now} where id = ${job.id} and state = 'running' and lease = ${job.lease}`);
  return touched > 0;
};

const outagePauseMilliseconds = 500;
/** While there is something to do: workers take the next job without being told. */
const lookSeconds = 10;

export const makeJobs = ({ database, clock, handlers, log, alone = false }: JobsOptions): Jobs => {
  const kinds = Object.keys(handlers);
  const actor = systemActor('jobs');
  const stopping = new AbortController();

  const contextOf = (job: ClaimedJob): JobContext => ({
    database,
    now: () => clock.now(),
    signal: stopping.signal,
    progress: async (fraction, note) => {
      job.progress = fraction;
      const row = await database.tx(actor, (tx) =>
        tx.first<{ cancel_asked: boolean }>(sql`update jobs set progress = ${fraction}, note = ${note ?? null},
          lease_until = ${new Date(tx.now.getTime() + limits.leaseSeconds * 1000)} where id = ${job.id} and state = 'running' and lease = ${job.lease}
          returning cancel_asked`),
      );
      if (!row) throw new Error('the lease ran out and the job was taken away');
      if (row.cancel_asked) throw jobProblems.cancelled();
    },
  });

  // An outcome outlives a database that is away for a moment; the work is not done twice for it.
  const write = async (job: ClaimedJob, outcome: Outcome): Promise<boolean> => {
    const end = performance.now() + limits.leaseSeconds * 1000;
    for (;;) {
      try {
        return await database.tx(actor, (tx) => settle(tx, job, outcome));
      } catch (error) {
        if (!isOutage(error) || stopping.signal.aborted || performance.now() > end) throw error;
        await new Promise((done) => setTimeout(done, outagePauseMilliseconds));
      }
    }
  };
  const finish = async (job: ClaimedJob, outcome: Outcome): Promise<void> => {
    if (!(await write(job, outcome)))
      log.warn({ job: job.id, kind: job.kind }, 'a job outlived its lease; its outcome was not written');
  };

  const claimed = new Set<string>();
  const resting = new Set<() => void>();
  const asked = (): Due => ({ kinds, ...(alone ? { running: [...claimed] } : {}) });
  let claiming: Promise<unknown> = Promise.resolve();
  // One claim after the other, so that `claimed` names every job that a claim has taken, and a claim whose answer was lost none.
  const claimNext = (): Promise<ClaimedJob | undefined> => {
    const next = claiming.then(async () => {
      const job = await database.tx(actor, (tx) => claim(tx, asked()));
      if (job) claimed.add(job.id);
      return job;
    });
    claiming = next.catch(() => undefined);
    return next;
  };

  const runOne = async (onClaim?: () => void): Promise<boolean> => {
    const job = await claimNext();
    if (!job) return false;
    onClaim?.();
    try {
      await run(job);
    } finally {
      claimed.delete(job.id);
      for (const resume of resting) resume();
    }
    return true;
  };

  const run = async (job: ClaimedJob): Promise<void> => {
    try {
      const result = await handlers[job.kind]!(job, contextOf(job));
      await finish(job, { result: result ?? null });
    } catch (error) {
      const expected = error instanceof Problem;
      const cancelled = expected && error.code === 'jobs.cancelled';
      if (!expected) log.error({ err: error, job: job.id, kind: job.kind, attempts: job.attempts }, 'job failed');
      // A problem will not go away by trying again; a defect or an outage may.
      await finish(job, {
        failure: String((error as Error).message).slice(0, 2000),
        final: expected && error.definition.status < 500,
        cancelled,
      });
    }
  };

  const running = new Set<Promise<void>>();
  let active = false;
  const work = (onClaim?: () => void): void => {
    const worker: Promise<void> = (async () => {
      // Whom nobody told looks first: a look is less than a claim.
      if (onClaim === undefined || (await anyDue(database, asked(), clock.now())))
        while (active && (await runOne(onClaim)));
      // Whoever finds nothing more sees to it that somebody looks when there is something.
      const at = await nextAt(database, kinds);
      alarm.set(at && Math.max(at.getTime() - clock.now().getTime(), alarmLimits.againMilliseconds));
    })()
      .catch((error) => {
        log.error({ err: error }, 'job worker');
        alarm.set(alarmLimits.againMilliseconds);
      })
      .finally(() => running.delete(worker));
    running.add(worker);
  };
  const wake = () => {
    if (active && running.size < limits.workers) work();
  };
  // Nobody told of a job: one looks, and calls others when there is one.
  const alarm = makeAlarm(() => {
    if (active && running.size < limits.workers) work(wake);
    // All are at work, perhaps for long.
    alarm.set();
  });

  return {
    start: () => {
      active = true;
      wakers.add(wake);
      wake();
    },
    stop: async () => {
      active = false;
      wakers.delete(wake);
      alarm.stop();
      stopping.abort();
      await Promise.all(running);
    },
    drain: async () => {
      let count = 0;
      // Asked after every piece of work, mostly for nothing: a look is less than a claim.
      while ((await anyDue(database, asked(), clock.now())) && (await runOne())) count++;
      // What a worker is taking at this moment is known here before anybody asks whether it is busy.
      await claiming;
      return count;
    },
    busy: () => claimed.size > 0,
    rest: (milliseconds) =>
      new Promise((done) => {
        const resume = () => {
          clearTimeout(timer);
          resting.delete(resume);
          done();
        };
        const timer = setTimeout(resume, milliseconds);
        resting.add(resume);
      }),
    tick: (name) => ({
      name,
      everySeconds: lookSeconds,
      due: (at) => areDue(asked(), at),
      run: async () => {
        wake();
        return 0;
      },
    }),
  };
};

export interface JobFilter extends PageQuery {
  participant?: string;
  state?: JobState;
}

export const listJobs = async (read: Reader, filter: JobFilter) => {
  const after = decodeCursor(filter.after, 1);
  const rows = await read.rows<Job>(sql`select ${columns} from jobs where true
    ${filter.participant === undefined ? empty : sql`and participant = ${filter.participant}`}
    ${filter.state ? sql`and state = ${filter.state}` : empty}
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (job) => [job.id],
    (job) => job,
  );
};

export const countDeadJobs = async (read: Reader): Promise<number> =>
  (await read.one<{ count: number }>(sql`select count(*)::int as count from jobs where state = 'dead'`)).count;

export const findJob = (read: Reader, id: string) => read.first<Job>(sql`select ${columns} from jobs where id = ${id}`);

const changeJob = async (
  tx: Tx,
  id: string,
  participant: string | undefined,
  action: 'retry' | 'cancel',
): Promise<void> => {
  const job = await findJob(tx, id);
  if (!job || (participant !== undefined && job.participant !== participant)) throw kernelProblems.unknown();
  const touched =
    action === 'retry'
      ? await tx.exec(sql`update jobs set state = 'queued', attempts = 0, run_at = ${tx.now}, failure = null, cancel_asked = false, finished_at = null
          where id = ${id} and state in ('dead', 'failed', 'cancelled')`)
      : await tx.exec(sql`update jobs set cancel_asked = true, state = case when state = 'running' then state else 'cancelled' end,
          finished_at = case when state = 'running' then null else ${tx.now}::timestamptz end where id = ${id} and state in ('queued', 'running', 'failed')`);
  if (!touched) throw jobProblems.ended({ detail: job.state });
  await audit(tx, { action: `kernel.job.${action}`, subject: id, participant: job.participant });
  tx.afterCommit(() => {
    for (const wake of wakers) wake();
  });
};

export const retryJob = (tx: Tx, id: string, participant?: string) => changeJob(tx, id, participant, 'retry');
export const cancelJob = (tx: Tx, id: string, participant?: string) => changeJob(tx, id, participant, 'cancel');

import { ChildError } from './error.ts';
import { cancelledFault, type JobHooks, startWorker, type Worker } from './spawn.ts';

export interface ChildJob {
  /** A TypeScript file that calls `serveChild` once. */
  script: URL;
  /** Anything structured clone carries; keep to JSON and bytes. */
  input: unknown;
  timeLimitMs: number;
  /** Limit of the V8 heap, MB; native memory has its own room on top (see `spawn.ts`). */
  memoryLimitMB: number;
  onProgress?: (progress: unknown) => void;
  signal?: AbortSignal;
}

export type RunChild = <Result>(job: ChildJob) => Promise<Result>;

export interface ChildRunnerLimits {
  /** Processes at work at once. */
  concurrency: number;
  /** Jobs that may wait; one more is refused with `child.queue-full`. */
  queueMax: number;
}

export const childRunnerLimits: ChildRunnerLimits = { concurrency: 2, queueMax: 100 };

/**
 * Runs each job in a process of its own, at most `concurrency` at once, first come first served. DuckDB, Parquet and PDF work
 * runs only this way, so that the server itself stays small and a bad file cannot end it.
 *
 * Rejects with ChildError: child.queue-full, child.cancelled, child.time-out, child.memory, child.exited, child.failed, or
 * whatever code the job itself threw. The time limit starts with the process, not with the wait.
 */
export function createChildRunner(limits: ChildRunnerLimits = childRunnerLimits): RunChild {
  let working = 0;
  const waiting: (() => void)[] = [];

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    if (working < limits.concurrency) {
      working += 1;
      return;
    }
    if (waiting.length >= limits.queueMax) throw queueFull(limits.queueMax);
    await new Promise<void>((resolve, reject) => {
      const cancelled = () => {
        waiting.splice(waiting.indexOf(next), 1);
        reject(new ChildError(cancelledFault));
      };
      const next = () => {
        signal?.removeEventListener('abort', cancelled);
        resolve();
      };
      if (signal?.aborted) return reject(new ChildError(cancelledFault));
      signal?.addEventListener('abort', cancelled, { once: true });
      waiting.push(next);
    });
  }

  function release(): void {
    // The place is handed over, not given back, so that a newcomer cannot overtake the queue.
    const next = waiting.shift();
    if (next) next();
    else working -= 1;
  }

  return async function run<Result>(job: ChildJob): Promise<Result> {
    await turn(job.signal);
    let worker: Worker | undefined;
    try {
      if (job.signal?.aborted) throw new ChildError(cancelledFault);
      worker = startWorker(job.script, job.memoryLimitMB);
      return (await worker.run(job.input, job)) as Result;
    } finally {
      worker?.end();
      release();
    }
  };
}

function queueFull(queueMax: number): ChildError {
  return new ChildError({
    code: 'child.queue-full',
    zh: `等待处理的任务已达上限 ${queueMax} 个，请稍后再试`,
    en: `Already ${queueMax} jobs are waiting; try again later`,
    details: { queueMax },
  });
}

/** The runner of this server: all rooms share it, so that the limit holds for the machine. */
export const runChild: RunChild = createChildRunner();

export interface WarmChildOptions {
  script: URL;
  memoryLimitMB: number;
  /** After this much idle time the process is ended and its memory given back. */
  idleMs: number;
  /** Jobs that may wait; one more is refused. */
  queueMax: number;
}

export interface WarmChild {
  run<Result>(input: unknown, hooks: JobHooks): Promise<Result>;
  end(): void;
  /** Process id while one is alive. */
  pid(): number | undefined;
}

/**
 * One process that stays for several jobs, taken in turn: for work whose start (a 10 MB font) costs more than the work. It
 * starts with the first job, ends itself after `idleMs`, and is started anew after a crash, a time-out or a cancel.
 */
export function warmChild(options: WarmChildOptions): WarmChild {
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let queued = 0;

  const end = () => {
    clearTimeout(idle);
    worker?.end();
    worker = undefined;
  };

  async function work(input: unknown, hooks: JobHooks): Promise<unknown> {
    clearTimeout(idle);
    if (!worker || worker.ended) worker = startWorker(options.script, options.memoryLimitMB);
    try {
      return await worker.run(input, hooks);
    } finally {
      idle = setTimeout(end, options.idleMs);
      idle.unref();
    }
  }

  return {
    end,
    pid: () => (worker?.ended ? undefined : worker?.pid),
    async run<Result>(input: unknown, hooks: JobHooks): Promise<Result> {
      if (queued >= options.queueMax) throw queueFull(options.queueMax);
      queued += 1;
      const mine = last.then(() => work(input, hooks));
      last = mine.catch(() => undefined);
      try {
        return (await mine) as Result;
      } finally {
        queued -= 1;
      }
    },
  };
}

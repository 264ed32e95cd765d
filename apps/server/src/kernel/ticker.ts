/** Work that time itself triggers: clocks of cases, expiries, batches. Each step is idempotent and runs one at a time. */
import type { Logger } from 'pino';

export interface Tick {
  name: string;
  /** Seconds of real time between runs; a moved calendar runs all of them at once. */
  everySeconds: number;
  /** What it waits for is no write of this server: it keeps its rhythm at rest, too. */
  restless?: boolean;
  /** Number of things done. */
  run(now: Date): Promise<number>;
}

export interface Ticker {
  start(): void;
  stop(): Promise<void>;
  runAll(now: Date): Promise<number>;
}

export const limits = {
  /** Between two looks at what is due. */
  lookMilliseconds: 500,
  /** At rest nothing waits longer: what only time made due, and what another server left. */
  restSeconds: 15,
} as const;

export interface TickerOptions {
  ticks: readonly Tick[];
  now(): Date;
  log: Logger;
  /** When this server last wrote something, in monotonic ms. Without it no tick ever rests. */
  wroteAt?(): number;
}

interface Ran {
  at: number;
  /** Found nothing to do, or failed not: the next may rest, if nothing is written meanwhile. */
  idle: boolean;
}

export const makeTicker = ({ ticks, now, log, wroteAt }: TickerOptions): Ticker => {
  const last = new Map<string, Ran>();
  let timer: NodeJS.Timeout | undefined;
  let pending: Promise<unknown> = Promise.resolve();
  // One after the other: a slow step delays the next, it never overlaps itself.
  const enqueue = <T>(run: () => Promise<T>): Promise<T> => {
    const next = pending.then(run, run);
    pending = next.catch(() => undefined);
    return next;
  };
  const rests = ({ restless }: Tick, { at, idle }: Ran): boolean =>
    !restless && idle && wroteAt !== undefined && wroteAt() < at;
  const isDue = (tick: Tick, at: number): boolean => {
    const before = last.get(tick.name);
    if (!before) return true;
    const seconds = rests(tick, before) ? Math.max(tick.everySeconds, limits.restSeconds) : tick.everySeconds;
    return at - before.at >= seconds * 1000;
  };
  const runDue = async () => {
    for (const tick of ticks) {
      const at = performance.now();
      if (!isDue(tick, at)) continue;
      const ran: Ran = { at, idle: false };
      last.set(tick.name, ran);
      await tick
        .run(now())
        .then((done) => {
          ran.idle = done === 0;
        })
        .catch((error) => log.error({ err: error, tick: tick.name }, 'tick failed'));
    }
  };
  let waiting = false;
  return {
    start: () => {
      timer = setInterval(() => {
        if (waiting) return;
        waiting = true;
        void enqueue(runDue).finally(() => {
          waiting = false;
        });
      }, limits.lookMilliseconds);
    },
    stop: async () => {
      clearInterval(timer);
      await pending;
    },
    runAll: (at) =>
      enqueue(async () => {
        let count = 0;
        for (const tick of ticks) count += await tick.run(at);
        return count;
      }),
  };
};

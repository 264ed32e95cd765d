/** Work that time itself triggers: clocks of cases, expiries, batches. Each step is idempotent and runs one at a time. */
import type { Logger } from 'pino';

export interface Tick {
  name: string;
  /** Seconds of real time between runs; a moved calendar runs all of them at once. */
  everySeconds: number;
  /** Number of things done. */
  run(now: Date): Promise<number>;
}

export interface Ticker {
  start(): void;
  stop(): Promise<void>;
  runAll(now: Date): Promise<number>;
}

export const makeTicker = (ticks: Tick[], now: () => Date, log: Logger): Ticker => {
  const last = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let pending: Promise<unknown> = Promise.resolve();
  // One after the other: a slow step delays the next, it never overlaps itself.
  const enqueue = <T>(run: () => Promise<T>): Promise<T> => {
    const next = pending.then(run, run);
    pending = next.catch(() => undefined);
    return next;
  };
  const runDue = async () => {
    for (const tick of ticks) {
      const at = performance.now();
      if (at - (last.get(tick.name) ?? Number.NEGATIVE_INFINITY) < tick.everySeconds * 1000) continue;
      last.set(tick.name, at);
      await tick.run(now()).catch((error) => log.error({ err: error, tick: tick.name }, 'tick failed'));
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
      }, 500);
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

/** Work that time itself triggers: clocks of cases, expiries, batches. Each step is idempotent and runs one at a time. */
import type { Logger } from 'pino';
import { join, plannedOnce, type Reader, raw, type Sql, sql } from './db/db.ts';

export interface Tick {
  name: string;
  /** Seconds of real time between runs; a moved calendar runs all of them at once. */
  everySeconds: number;
  /** What it waits for is no write of this server: it keeps its rhythm at rest, too, or while a function says so. */
  restless?: boolean | (() => boolean);
  /**
   * Whether there may be something to do at `at`, as SQL: cheap, and true rather than false where it cannot tell. All that wait are
   * asked in one statement, whose text must not change; `now` is the same moment, for figures. Without it the tick itself looks.
   */
  due?(at: Sql, now: Date): Sql;
  /** At rest, for what nobody tells of: between two of its own looks. */
  restSeconds?: number;
  /** Number of things done. */
  run(now: Date): Promise<number>;
}

export interface Ticker {
  start(): void;
  stop(): Promise<void>;
  runAll(now: Date): Promise<number>;
  /** For tests: names of those that are not due, as they say, and did something all the same. */
  overlooked(now: Date): Promise<string[]>;
}

export const limits = {
  /** Between two looks at whose turn it is. */
  lookMilliseconds: 500,
  /** At rest those that can be asked wait no longer: what only time made due, and what another server left. */
  restSeconds: 15,
  /** At rest those that must look themselves do so no more often: everything that happens here, they are told of. */
  safetySeconds: 60,
} as const;

export interface TickerOptions {
  ticks: readonly Tick[];
  now(): Date;
  log: Logger;
  /** When this server last wrote something, in monotonic ms. Without it no tick ever rests. */
  wroteAt?(): number;
  /** Where ticks are asked whether they are due. Without it all run in their turn. */
  read?: Reader;
}

interface Ran {
  at: number;
  /** Found nothing to do, or failed not: the next may rest, if nothing is written meanwhile. */
  idle: boolean;
}

type Asked = Tick & Required<Pick<Tick, 'due'>>;

/** Who cannot say whether it is due, as a figure of its rule pack is missing, is: its run tells why. */
const conditionOf = ({ due }: Asked, now: Date): Sql => {
  try {
    return due(sql`at.now`, now);
  } catch {
    return sql`true`;
  }
};

/** Which of them are due, asked in one statement. It names all there are, so that it is planned but once; only `wanted` are looked at. */
const askDue = async (
  read: Reader,
  all: readonly Asked[],
  { wanted, now }: { wanted: ReadonlySet<Tick>; now: Date },
): Promise<ReadonlySet<Tick>> => {
  const looks = all.map(
    (tick, place) => sql`case when at.wanted[${raw(String(place + 1))}] then ${conditionOf(tick, now)} else false end`,
  );
  const flags = all.map((tick) => wanted.has(tick));
  const { due } = await read.one<{ due: boolean[] }>(sql`${plannedOnce}select array[${join(looks)}] as due
    from (select ${now}::timestamptz as now, ${flags}::boolean[] as wanted) at`);
  return new Set(all.filter((_, place) => due[place]));
};

export const makeTicker = ({ ticks, now, log, wroteAt, read }: TickerOptions): Ticker => {
  const last = new Map<string, Ran>();
  const asked = ticks.filter((tick): tick is Asked => tick.due !== undefined && read !== undefined);
  const canBeAsked = new Set<Tick>(asked);
  let timer: NodeJS.Timeout | undefined;
  let pending: Promise<unknown> = Promise.resolve();
  // One after the other: a slow step delays the next, it never overlaps itself.
  const enqueue = <T>(run: () => Promise<T>): Promise<T> => {
    const next = pending.then(run, run);
    pending = next.catch(() => undefined);
    return next;
  };
  const isRestless = ({ restless }: Tick): boolean => (typeof restless === 'function' ? restless() : restless === true);
  const rests = (tick: Tick, { at, idle }: Ran): boolean =>
    !isRestless(tick) && idle && wroteAt !== undefined && wroteAt() < at;
  const hasTurn = (tick: Tick, at: number): boolean => {
    const before = last.get(tick.name);
    if (!before) return true;
    const [since, rhythm] = [at - before.at, tick.everySeconds * 1000];
    if (!rests(tick, before)) return since >= rhythm;
    // Those at rest have their turn together, at the moment nearest to their rhythm, so that one statement asks them all.
    const atRest = (tick.restSeconds ?? (canBeAsked.has(tick) ? limits.restSeconds : limits.safetySeconds)) * 1000;
    return since >= rhythm - atRest / 2 && Math.floor(at / atRest) > Math.floor(before.at / atRest);
  };
  /** Those of them that have something to do, as far as they can be asked. */
  const among = async (turns: readonly Tick[], at: Date): Promise<readonly Tick[]> => {
    const wanted = new Set(turns.filter((tick) => canBeAsked.has(tick)));
    if (!read || wanted.size === 0) return turns;
    const due = await askDue(read, asked, { wanted, now: at });
    return turns.filter((tick) => !wanted.has(tick) || due.has(tick));
  };
  const runTurns = async () => {
    const at = performance.now();
    const turns = ticks.filter((tick) => hasTurn(tick, at));
    // Who cannot be asked looks itself.
    const due = new Set(
      await among(turns, now()).catch((error) => {
        log.error({ err: error }, 'ticks could not be asked whether they are due');
        return turns;
      }),
    );
    for (const tick of turns) {
      const ran: Ran = { at: due.has(tick) ? performance.now() : at, idle: !due.has(tick) };
      last.set(tick.name, ran);
      if (!due.has(tick)) continue;
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
        void enqueue(runTurns).finally(() => {
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
        for (const tick of await among(ticks, at)) count += await tick.run(at);
        return count;
      }),
    overlooked: (at) =>
      enqueue(async () => {
        const due = new Set(await among(ticks, at));
        const names: string[] = [];
        for (const tick of ticks) if (!due.has(tick) && (await tick.run(at)) > 0) names.push(tick.name);
        return names;
      }),
  };
};

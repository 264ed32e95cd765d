/** When ticks run: at their rhythm while something happens, seldom at rest; and when an alarm rings. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { limits as alarmLimits, makeAlarm } from './alarm.ts';
import { type Database, openDatabase, type Reader, sql } from './db/db.ts';
import { makeLog } from './log.ts';
import { testPostgres } from './postgres/testing.ts';
import { limits, makeTicker, type Tick } from './ticker.ts';

const inFakeTime = () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
};
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('a tick', () => {
  inFakeTime();
  let wroteAt = Number.NEGATIVE_INFINITY;
  beforeEach(() => {
    wroteAt = Number.NEGATIVE_INFINITY;
  });
  const options = { now: () => new Date(), log: makeLog('silent'), wroteAt: () => wroteAt };
  const made = (over: Partial<Tick> = {}, done = 0) => {
    const moments: number[] = [];
    const tick: Tick = {
      name: 'test',
      everySeconds: 2,
      run: async () => {
        moments.push(performance.now());
        return done;
      },
      ...over,
    };
    return { tick, moments };
  };
  const ran = (over: Partial<Tick> = {}, done = 0) => {
    const { tick, moments } = made(over, done);
    const ticker = makeTicker({ ticks: [tick], ...options });
    ticker.start();
    return { moments, stop: () => ticker.stop() };
  };

  it('rests while nothing is written, and is back at its rhythm with the next write', async () => {
    const { moments, stop } = ran();
    const outside = ran({ restSeconds: 15 });
    await pass(limits.safetySeconds + 1);
    expect(moments).toHaveLength(2);
    expect(outside.moments).toHaveLength(5);
    await pass(4);
    expect(moments).toHaveLength(2);
    wroteAt = performance.now();
    await pass(1);
    expect(moments).toHaveLength(3);
    for (const one of [outside, { stop }]) await one.stop();
  });

  it('does not rest while it finds something to do, fails, or waits for what no write tells of', async () => {
    let failed = 0;
    let waits = true;
    const failing = ran({ run: () => Promise.reject(new Error(`the ${++failed}.`)) });
    const [busy, restless, once] = [ran({}, 1), ran({ restless: true }), ran({ restless: () => waits })];
    await pass(3);
    waits = false;
    await pass(4);
    expect([busy.moments.length, restless.moments.length, once.moments.length, failed]).toEqual([4, 4, 2, 4]);
    for (const one of [failing, busy, restless, once]) await one.stop();
  });

  it('is asked with all others in one statement, at rest all at the same moments; it runs where nobody can be asked', async () => {
    const [first, second] = [made({ due: () => sql`true` }), made({ everySeconds: 5, due: () => sql`true` })];
    const asked: number[] = [];
    let answers: () => boolean[] = () => [false, false];
    const read = {
      one: async () => {
        asked.push(performance.now() / 1000);
        return { due: answers() };
      },
    } as unknown as Reader;
    const ticker = makeTicker({ ticks: [first.tick, second.tick], read, ...options });
    ticker.start();
    await pass(4 * limits.restSeconds);
    // Fake time begins at 0.
    expect(asked).toEqual([0.5, ...[1, 2, 3, 4].map((turn) => turn * limits.restSeconds)]);
    expect([first.moments, second.moments]).toEqual([[], []]);
    answers = () => [false, true];
    await pass(limits.restSeconds);
    expect([first.moments.length, second.moments.length > 0]).toEqual([0, true]);
    answers = () => {
      throw new Error('the database is away');
    };
    wroteAt = performance.now();
    await pass(2);
    expect(first.moments).toHaveLength(1);
    await ticker.stop();
  });
});

describe('what is due', () => {
  let database: Database;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const fresh = await (await testPostgres()).freshDatabase();
    drop = fresh.drop;
    const tenancy = { node: 'hn', market: 'main' };
    database = openDatabase({ connection: fresh.connection, tenancy, now: () => new Date(), clientsMax: 2 });
    await database.pool.query(`create table things (at timestamptz)`);
    await database.pool.query(`insert into things values ('2026-07-01T00:00:00Z')`);
  });
  afterAll(async () => {
    await database.close();
    await drop();
  });

  it('is asked of the database at one moment, and whoever said wrongly that it has nothing to do is found out', async () => {
    const ran: string[] = [];
    const tick = (name: string, due?: Tick['due']): Tick => ({
      ...{ name, everySeconds: 60, ...(due ? { due } : {}) },
      run: async () => {
        ran.push(name);
        return 1;
      },
    });
    const ticks = [
      tick('thing', (at) => sql`exists (select from things where at <= ${at})`),
      tick('lies', () => sql`false`),
      tick('looks'),
    ];
    const ticker = makeTicker({ ticks, now: () => new Date(), log: makeLog('silent'), read: database });
    expect(await ticker.runAll(new Date('2026-06-30T23:59:59Z'))).toBe(1);
    expect(await ticker.runAll(new Date('2026-07-01T00:00:00Z'))).toBe(2);
    expect(ran).toEqual(['looks', 'thing', 'looks']);
    expect(await ticker.overlooked(new Date('2026-07-01T00:00:00Z'))).toEqual(['lies']);
  });
});

describe('an alarm', () => {
  inFakeTime();
  it('rings once at the moment it was last set to, and without one after the safety’s time', async () => {
    const rung: number[] = [];
    const begun = performance.now();
    const alarm = makeAlarm(() => rung.push(Math.round((performance.now() - begun) / 1000)));
    alarm.set(5000);
    alarm.set(2000);
    await pass(6);
    alarm.set();
    await pass(alarmLimits.safetySeconds);
    alarm.set(3_600_000);
    await pass(alarmLimits.safetySeconds);
    alarm.set(1000);
    alarm.stop();
    alarm.set(1000);
    await pass(2);
    expect(rung).toEqual([2, 6 + alarmLimits.safetySeconds, 6 + 2 * alarmLimits.safetySeconds]);
  });
});

/** Time never goes back for a node: not within a run, and not across a restart. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { audit } from './audit.ts';
import { type Clock, simulatedClock, systemClock } from './clock.ts';
import { type Database, openDatabase } from './db/db.ts';
import { migratedDatabase } from './db/testing.ts';
import { checkClock } from './doctor/records.ts';
import { systemActor } from './http/principal.ts';
import { makeLog } from './log.ts';
import { clockWatch, keepClock, nodeClock } from './node.ts';

const noon = Date.parse('2026-02-11T12:00:00Z');
const minutes = (count: number) => count * 60_000;

let host = noon;
let running: Clock = systemClock(() => host);
let database: Database;
const start = (more: { setting?: string; behindSecondsMax?: number } = {}) =>
  nodeClock(database, { setting: 'system', behindSecondsMax: 300, ...more, host: () => host });
const stop = () => keepClock(database, running);

beforeAll(async () => {
  const fresh = await migratedDatabase();
  database = openDatabase({
    connection: fresh.connection,
    tenancy: { node: 'n', market: 'm' },
    now: () => running.now(),
    clientsMax: 2,
  });
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.pool.query('truncate node_state, audit');
  host = noon;
  running = systemClock(() => host);
});

describe('a running clock', () => {
  it('stands still while the host is behind, and says how far', () => {
    host -= minutes(10);
    const clock = systemClock(() => host, noon);
    expect(clock.now().getTime()).toBe(noon);
    expect(clock.behindSeconds()).toBe(600);
    host += minutes(11);
    expect(clock.now().getTime()).toBe(noon + minutes(1));
    expect(clock.behindSeconds()).toBe(0);
  });

  it('is told about loudly when the host goes back beneath it, once, and when it has caught up', () => {
    const said: string[] = [];
    const log = makeLog('silent');
    log.error = ((_more: object, text: string) => void said.push(`error ${text}`)) as typeof log.error;
    log.info = ((text: string) => void said.push(`info ${text}`)) as typeof log.info;
    const look = clockWatch(running, log, 300);
    running.now();
    look();
    host -= minutes(20);
    look();
    look();
    host += minutes(20);
    look();
    expect(said.map((one) => one.split(' ')[0])).toEqual(['error', 'info']);
  });
});

describe('a clock across a restart', () => {
  it('goes on with the host when nothing is wrong', async () => {
    running.now();
    await stop();
    host += minutes(5);
    expect((await start()).now().getTime()).toBe(noon + minutes(5));
  });

  it('waits for a host that is a little behind', async () => {
    await stop();
    host -= minutes(4);
    const clock = await start();
    expect(clock.now().getTime()).toBe(noon);
    host += minutes(5);
    expect(clock.now().getTime()).toBe(noon + minutes(1));
  });

  it('refuses one that is far behind, unless the operator accepts a standing clock', async () => {
    await stop();
    host -= minutes(60);
    await expect(start()).rejects.toMatchObject({
      code: 'clock_behind',
      message: expect.stringMatching(/落后 3600 秒[\s\S]*3600 s behind/),
    });
    expect((await start({ behindSecondsMax: 7200 })).now().getTime()).toBe(noon);
  });

  it('is not before the last record either, when the process was killed before it kept the time', async () => {
    await stop();
    host += minutes(2);
    await database.tx(systemActor('test'), (tx) => audit(tx, { action: 'test.it', subject: 'x' }));
    host -= minutes(3);
    expect((await start()).now().getTime()).toBe(noon + minutes(2));
  });

  it('a server whose host is behind takes nothing back from the others', async () => {
    await stop();
    host -= minutes(4);
    running = systemClock(() => host);
    await stop();
    expect((await start()).now().getTime()).toBe(noon);
  });

  it('a simulated calendar goes on from the later of its start and its records', async () => {
    running = simulatedClock(new Date(noon + minutes(90)), () => host);
    await stop();
    const clock = await start({ setting: new Date(noon).toISOString() });
    expect(clock.now().getTime()).toBe(noon + minutes(90));
    await expect(start()).rejects.toThrow(/simulated calendar/);
  });

  it('is what the doctor looks at, records or not', async () => {
    await stop();
    expect(await checkClock(database, new Date(noon - minutes(60)))).toMatchObject({ level: 'error' });
    expect(await checkClock(database, new Date(noon))).toMatchObject({ level: 'ok' });
  });
});

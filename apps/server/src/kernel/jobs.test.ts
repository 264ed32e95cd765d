/** Jobs under bad luck: processes that die, leases that run out, workers that come back too late. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { simulatedClock } from './clock.ts';
import { type Database, openDatabase } from './db/db.ts';
import { migratedDatabase } from './db/testing.ts';
import { systemActor } from './http/principal.ts';
import { cancelJob, enqueue, findJob, type Job, type JobHandler, limits, makeJobs, retryJob } from './jobs.ts';
import { makeLog } from './log.ts';
import { kernelProblems } from './problem.ts';

const clock = simulatedClock(new Date('2026-02-11T02:00:00Z'), () => 0);
const later = (seconds: number) => clock.moveTo(new Date(clock.now().getTime() + seconds * 1000));
const actor = systemActor('test');

let database: Database;
const worker = (handler: JobHandler, alone = false) =>
  makeJobs({ database, clock, handlers: { 'test.work': handler }, log: makeLog('silent'), alone });
const send = async (attemptsMax?: number): Promise<string> =>
  (await database.tx(actor, (tx) =>
    enqueue(tx, {
      kind: 'test.work',
      title: { zh: '试', en: 'try' },
      data: {},
      ...(attemptsMax === undefined ? {} : { attemptsMax }),
    }),
  ))!;
const job = async (id: string): Promise<Job> => (await findJob(database, id))!;

/** A worker whose process dies in the handler: from outside, a claim that never ends. */
const dieInHandler = async (): Promise<void> => {
  let reached = () => {};
  const inHandler = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const started = worker(() => {
    reached();
    return new Promise(() => {});
  });
  void started.drain();
  await inHandler;
};
/** A worker that is slow: in the handler until told. */
const slowWorker = (name: string) => {
  let tell: (end: () => unknown) => void = () => {};
  let reached = () => {};
  const inHandler = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const told = new Promise<() => unknown>((resolve) => {
    tell = resolve;
  });
  const jobs = worker(async () => {
    reached();
    const end = await told;
    await (end() as Promise<unknown> | undefined);
    return { by: name };
  });
  return { done: jobs.drain(), inHandler, tell };
};

beforeAll(async () => {
  const fresh = await migratedDatabase();
  database = openDatabase({
    connection: fresh.connection,
    tenancy: { node: 'n', market: 'm' },
    now: () => clock.now(),
    clientsMax: 6,
  });
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.pool.query('delete from jobs');
});

describe('jobs', { timeout: 60_000 }, () => {
  it('run once and keep their result', async () => {
    const id = await send();
    expect(await worker(async () => ({ rows: 3 })).drain()).toBe(1);
    expect(await job(id)).toMatchObject({ state: 'done', progress: 1, attempts: 1, result: { rows: 3 } });
  });

  it('are run when they become due, though nobody tells of it', async () => {
    const jobs = worker(async () => 'done');
    const runAt = new Date(clock.now().getTime() + 800);
    const id = (await database.tx(actor, (tx) =>
      enqueue(tx, { kind: 'test.work', title: { zh: '试', en: 'try' }, data: {}, runAt }),
    ))!;
    jobs.start();
    try {
      // The clock of these tests stands still: it is there before whoever waits for it looks again.
      later(1);
      await expect.poll(async () => (await job(id)).state, { timeout: 8000 }).toBe('done');
    } finally {
      await jobs.stop();
    }
  });

  it('a failure is tried again with back-off, and is dead in the end; a person may ask again', async () => {
    const id = await send(3);
    const failing = worker(async () => {
      throw new Error('no luck');
    });
    await failing.drain();
    expect(await job(id)).toMatchObject({ state: 'failed', attempts: 1, failure: 'no luck' });
    expect(await failing.drain()).toBe(0);
    later(2);
    await failing.drain();
    later(3);
    expect(await failing.drain()).toBe(0);
    later(1);
    await failing.drain();
    expect(await job(id)).toMatchObject({ state: 'dead', attempts: 3 });
    await database.tx(actor, (tx) => retryJob(tx, id));
    await worker(async () => 'well').drain();
    expect(await job(id)).toMatchObject({ state: 'done', result: 'well' });
  });

  it('a problem is final', async () => {
    const id = await send();
    await worker(async () => {
      throw kernelProblems.conflict();
    }).drain();
    expect(await job(id)).toMatchObject({ state: 'dead', attempts: 1 });
  });

  it('one whose process dies is taken up when its lease is over, not before', async () => {
    const id = await send();
    await dieInHandler();
    const next = worker(async () => 'well');
    later(limits.leaseSeconds);
    expect(await next.drain()).toBe(0);
    later(1);
    expect(await next.drain()).toBe(1);
    expect(await job(id)).toMatchObject({ state: 'done', attempts: 2 });
  });

  it('a server that works alone takes up at once what a dead process left, and never what it is at itself', async () => {
    const id = await send();
    await dieInHandler();
    expect(await worker(async () => 'not alone').drain()).toBe(0);
    let begun = 0;
    let go = () => {};
    const waits = new Promise<void>((resolve) => {
      go = resolve;
    });
    const alone = worker(async () => {
      begun++;
      await waits;
    }, true);
    const first = alone.drain();
    await expect.poll(() => begun).toBe(1);
    later(limits.leaseSeconds + 1);
    expect(await alone.drain()).toBe(0);
    go();
    expect(await first).toBe(1);
    expect(begun).toBe(1);
    expect(await job(id)).toMatchObject({ state: 'done', attempts: 2 });
  });

  it('one that kills its process each time is dead after its tries, and others get their turn', async () => {
    const poison = await send(3);
    for (let tries = 1; tries <= 3; tries++) {
      await dieInHandler();
      expect(await job(poison)).toMatchObject({ state: 'running', attempts: tries });
      later(limits.leaseSeconds + 1);
    }
    const sound = await send();
    let ran = 0;
    await worker(async () => void ran++).drain();
    expect(ran).toBe(1);
    expect(await job(poison)).toMatchObject({ state: 'dead', attempts: 3, failure: expect.stringMatching(/3 times/) });
    expect(await job(sound)).toMatchObject({ state: 'done' });
  });

  it('who lost the lease writes no outcome over the other’s', async () => {
    const id = await send();
    const slow = slowWorker('slow');
    await slow.inHandler;
    later(limits.leaseSeconds + 1);
    const fast = slowWorker('fast');
    await fast.inHandler;
    slow.tell(() => {
      throw new Error('too late');
    });
    await slow.done;
    expect(await job(id)).toMatchObject({ state: 'running', attempts: 2, failure: null });
    fast.tell(() => undefined);
    await fast.done;
    expect(await job(id)).toMatchObject({ state: 'done', failure: null, result: { by: 'fast' } });
  });

  it('nor after a person asked again, though the count of tries began anew', async () => {
    const id = await send(1);
    const slow = slowWorker('slow');
    await slow.inHandler;
    later(limits.leaseSeconds + 1);
    await worker(async () => 'never').drain();
    expect(await job(id)).toMatchObject({ state: 'dead' });
    await database.tx(actor, (tx) => retryJob(tx, id));
    const fast = slowWorker('fast');
    await fast.inHandler;
    expect(await job(id)).toMatchObject({ state: 'running', attempts: 1 });
    slow.tell(() => undefined);
    await slow.done;
    expect(await job(id)).toMatchObject({ state: 'running' });
    fast.tell(() => undefined);
    await fast.done;
    expect(await job(id)).toMatchObject({ state: 'done' });
  });

  it('who lost the lease reports no progress and renews nothing', async () => {
    const id = await send();
    let go = () => {};
    let reached = () => {};
    const waits = new Promise<void>((resolve) => {
      go = resolve;
    });
    const inHandler = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const slow = worker(async (_job, { progress }) => {
      reached();
      await waits;
      await progress(0.9, 'from the past');
    }).drain();
    await inHandler;
    later(limits.leaseSeconds + 1);
    const fast = slowWorker('fast');
    await fast.inHandler;
    go();
    await slow;
    expect(await job(id)).toMatchObject({ state: 'running', progress: 0, note: null });
    fast.tell(() => undefined);
    await fast.done;
  });

  it('a running one that is cancelled stops at its next report', async () => {
    const id = await send();
    await worker(async (_job, { progress }) => {
      await database.tx(actor, (tx) => cancelJob(tx, id));
      await progress(0.5);
    }).drain();
    expect(await job(id)).toMatchObject({ state: 'cancelled' });
  });
});

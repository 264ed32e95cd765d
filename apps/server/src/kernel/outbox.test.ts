/** What a consumer cannot handle is never lost, never overtaken in its lane, and never silent. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { simulatedClock } from './clock.ts';
import { type Database, openDatabase, sql, type Tx } from './db/db.ts';
import { migrate, readMigrations } from './db/migrate.ts';
import { migratedDatabase } from './db/testing.ts';
import { systemActor } from './http/principal.ts';
import {
  type Consumer,
  emit,
  makeOutbox,
  type Outbox,
  limits as outboxLimits,
  retryEvent,
  type StoredEvent,
} from './outbox.ts';
import { testPostgres } from './postgres/testing.ts';
import { limits, listStalled, type StalledEvent } from './stalled.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
// Frozen between moves, so that back-off is exact.
const clock = simulatedClock(new Date('2026-02-11T02:00:00Z'), () => 0);
const later = (seconds: number) => clock.moveTo(new Date(clock.now().getTime() + seconds * 1000));
const actor = systemActor('test');

let database: Database;
let broken: Set<string>;
let handled: string[];
let failures: { sequence: number | undefined; dead: boolean }[];

const handle = async (_tx: Tx, event: StoredEvent): Promise<void> => {
  if (broken.has(event.data.name)) throw new Error(`${event.data.name}\0 does not go`);
  handled.push(event.data.name);
};
const bySubject: Consumer = { name: 'test.subject', types: ['test.thing.happened'], handle };
const outboxOf = (...consumers: Consumer[]): Outbox =>
  makeOutbox({
    database,
    consumers,
    now: () => clock.now(),
    onFailure: (_consumer, event, _error, dead) => failures.push({ sequence: event?.sequence, dead }),
  });
const tell = async (...events: [subject: string, name: string][]): Promise<void> => {
  await database.tx(actor, async (tx) => {
    for (const [subject, name] of events) await emit(tx, { type: 'test.thing.happened', subject, data: { name } });
  });
};
/** Tells, and comes back when the event has its number: `emit` alone sends it without waiting. */
const numbered = async (tx: Tx, name: string): Promise<void> => {
  await emit(tx, { type: 'test.thing.happened', subject: name, data: { name } });
  await tx.one(sql`select 1 as sent`);
};
const stalled = async (): Promise<StalledEvent[]> =>
  (await listStalled(database, {})).items.sort((a, b) => a.event - b.event);
const states = async () => (await stalled()).map(({ state, attempts }) => ({ state, attempts }));

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
  await database.pool.query('truncate stalled_events, events, event_cursors');
  [broken, handled, failures] = [new Set(), [], []];
});

describe('numbers that appear late', { timeout: 60_000 }, () => {
  it.each([
    ['older', true],
    ['younger', false],
  ])('an event of the %s transaction that commits last is not passed over', async (_, olderWaits) => {
    const outbox = outboxOf(bySubject);
    const gate = Promise.withResolvers<void>();
    const [begun, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const id = (tx: Tx) => tx.one(sql`select pg_current_xact_id()::text as id`);
    // Whichever is to wait takes the smaller number; the ids of the transactions come in the one order or in the other.
    const waiting = database.tx(actor, async (tx) => {
      if (olderWaits) await id(tx);
      else await begun.promise;
      await numbered(tx, 'late');
      told.resolve();
      await gate.promise;
    });
    await database.tx(actor, async (tx) => {
      if (!olderWaits) {
        await id(tx);
        begun.resolve();
      }
      await told.promise;
      await numbered(tx, 'early');
    });
    const tooSoon = await outbox.drain();
    gate.resolve();
    await waiting;
    await outbox.drain();
    expect([tooSoon, handled]).toEqual([0, ['late', 'early']]);
  });

  it('what the transaction that is waited for told since the look is handled together with what waited', async () => {
    const outbox = outboxOf(bySubject);
    const [told, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const waiting = database.tx(actor, async (tx) => {
      await numbered(tx, 'first');
      told.resolve();
      await gate.promise;
      await numbered(tx, 'third');
    });
    await told.promise;
    await tell(['b', 'second']);
    const tooSoon = await outbox.drain();
    gate.resolve();
    await waiting;
    await outbox.drain();
    expect([tooSoon, handled]).toEqual([0, ['first', 'second', 'third']]);
  });

  it('a transaction that writes but tells nothing holds up nobody', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const silent = database.tx(actor, async (tx) => {
      await tx.one(sql`select pg_current_xact_id()::text as id`);
      begun.resolve();
      await gate.promise;
    });
    await begun.promise;
    await tell(['a', 'told']);
    await outboxOf(bySubject).drain();
    gate.resolve();
    await silent;
    expect(handled).toEqual(['told']);
  });

  it('an event in the hands of the outbox’s own worker is not done yet', async () => {
    const [entered, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const outbox = outboxOf({
      name: 'test.slow',
      types: ['test.thing.happened'],
      handle: async () => {
        entered.resolve();
        await gate.promise;
      },
    });
    outbox.start();
    await tell(['a', 'told']);
    await entered.promise;
    const [behind] = [await outbox.behind(), gate.resolve()];
    await expect.poll(() => outbox.behind()).toBe(false);
    await outbox.stop();
    expect(behind).toBe(true);
  });
});

describe('what is nothing to a consumer', { timeout: 60_000 }, () => {
  const choosy: Consumer = { ...bySubject, concerns: ({ data }) => data.name === 'wanted' };
  const cursor = async () =>
    (await database.first<{ sequence: number }>(sql`select sequence from event_cursors`))?.sequence ?? 0;
  const last = async () => (await database.one<{ last: number }>(sql`select max(sequence) as last from events`)).last;

  it('is passed over, wakes nobody, and is read once where there is much of it', async () => {
    await tell(['a', 'other'], ['a', 'wanted'], ['a', 'other']);
    expect([await outboxOf(choosy).drain(), handled]).toEqual([1, ['wanted']]);
    expect(await cursor()).toBe((await last()) - 1);
    await tell(...Array.from({ length: outboxLimits.eventsPerBatch }, (): [string, string] => ['a', 'other']));
    expect(await outboxOf(choosy).drain()).toBe(0);
    // A batch that ends with what is nothing to it is left behind whole.
    expect(await cursor()).toBe((await last()) - 1);
  });

  it('is found out by asking, once for all that there is', async () => {
    const asked: string[][] = [];
    const asking: Consumer = {
      ...bySubject,
      among: async (_read, subjects) => {
        asked.push([...subjects]);
        return new Set(['b']);
      },
    };
    await tell(['a', 'one'], ['b', 'two'], ['a', 'three'], ['b', 'four']);
    expect([await outboxOf(asking).drain(), handled, asked]).toEqual([2, ['two', 'four'], [['a', 'b']]]);
    expect(await cursor()).toBe(await last());
  });

  it('does not keep a running outbox from what follows', async () => {
    const outbox = outboxOf(choosy);
    outbox.start();
    await tell(['a', 'other']);
    await tell(['a', 'wanted']);
    await expect.poll(() => handled).toEqual(['wanted']);
    await outbox.stop();
  });
});

describe('a database from before', { timeout: 60_000 }, () => {
  it('brings back the event that its consumer passed over last', async () => {
    const fresh = await (await testPostgres()).freshDatabase();
    const old = openDatabase({
      connection: fresh.connection,
      tenancy: { node: 'n', market: 'm' },
      now: () => clock.now(),
      clientsMax: 2,
    });
    try {
      const all = await readMigrations(here('..'), ['kernel']);
      await migrate(
        old,
        all.filter((one) => one.name < '0004'),
      );
      await old.tx(actor, async (tx) => {
        for (const name of ['a1', 'a2']) await emit(tx, { type: 'test.thing.happened', subject: 'a', data: { name } });
        await tx.exec(sql`insert into event_cursors (consumer, sequence, failures, failure) values
          ('test.passed', 1, 10, '1: Error: lock timeout'), ('test.trying', 1, 3, '2: Error: lock timeout'), ('test.well', 2, 0, null)`);
      });
      await migrate(old, all);
      expect((await listStalled(old, {})).items).toMatchObject([
        {
          consumer: 'test.passed',
          event: 1,
          subject: 'a',
          state: 'dead',
          attempts: 10,
          reason: '1: Error: lock timeout',
        },
      ]);
    } finally {
      await old.close();
    }
  });
});

describe('the outbox', { timeout: 60_000 }, () => {
  it('handles events in their order, each once', async () => {
    await tell(['a', 'a1'], ['b', 'b1'], ['a', 'a2']);
    const outbox = outboxOf(bySubject);
    await Promise.all([outbox.drain(), outbox.drain(), outbox.drain()]);
    expect(handled).toEqual(['a1', 'b1', 'a2']);
    expect(await outbox.drain()).toBe(0);
  });

  it('keeps an event that fails often and long, and handles it when the cause is gone', async () => {
    broken.add('a1');
    await tell(['a', 'a1']);
    const outbox = outboxOf(bySubject);
    for (let tries = 0; tries < 11; tries++) {
      await outbox.drain();
      later(limits.backoffSecondsMax);
    }
    broken.clear();
    await outbox.drain();
    expect(handled).toEqual(['a1']);
    expect(await stalled()).toEqual([]);
  });

  it('lets later events of the same subject wait, and others go on', async () => {
    broken.add('a1');
    await tell(['a', 'a1'], ['b', 'b1'], ['a', 'a2'], ['a', 'a3'], ['b', 'b2']);
    const outbox = outboxOf(bySubject);
    await outbox.drain();
    expect(handled).toEqual(['b1', 'b2']);
    expect(await states()).toEqual([
      { state: 'failed', attempts: 1 },
      { state: 'queued', attempts: 0 },
      { state: 'queued', attempts: 0 },
    ]);
    // What comes now is behind as well, however often one looks.
    await tell(['a', 'a4']);
    await outbox.drain();
    broken.clear();
    later(2);
    await outbox.drain();
    expect(handled).toEqual(['b1', 'b2', 'a1', 'a2', 'a3', 'a4']);
    expect(await stalled()).toEqual([]);
  });

  it('stops again at the next of the lane that fails', async () => {
    broken.add('a1').add('a2');
    await tell(['a', 'a1'], ['a', 'a2'], ['a', 'a3']);
    const outbox = outboxOf(bySubject);
    await outbox.drain();
    broken.delete('a1');
    later(2);
    await outbox.drain();
    expect(handled).toEqual(['a1']);
    expect(await states()).toEqual([
      { state: 'failed', attempts: 1 },
      { state: 'queued', attempts: 0 },
    ]);
  });

  it('orders by the lane that a consumer names', async () => {
    broken.add('a1');
    await tell(['a', 'a1'], ['b', 'b1']);
    await outboxOf({ ...bySubject, lane: () => 'all of it' }).drain();
    expect(handled).toEqual([]);
  });

  it('waits longer from try to try, by the node’s clock', async () => {
    broken.add('a1');
    await tell(['a', 'a1']);
    const outbox = outboxOf(bySubject);
    await outbox.drain();
    await outbox.drain();
    expect(await states()).toEqual([{ state: 'failed', attempts: 1 }]);
    for (const [attempts, seconds] of [
      [2, 2],
      [3, 4],
      [4, 8],
    ] as const) {
      later(seconds - 1);
      await outbox.drain();
      expect(await states()).toEqual([{ state: 'failed', attempts: attempts - 1 }]);
      later(1);
      await outbox.drain();
      expect(await states()).toEqual([{ state: 'failed', attempts }]);
    }
  });

  it('gives up after so many tries, keeps the lane waiting, and goes on when a person asks', async () => {
    broken.add('a1');
    await tell(['a', 'a1'], ['a', 'a2']);
    const outbox = outboxOf(bySubject);
    for (let tries = 0; tries < limits.attemptsMax + 3; tries++) {
      await outbox.drain();
      later(limits.backoffSecondsMax);
    }
    expect(failures.filter((one) => one.dead)).toHaveLength(1);
    expect(failures).toHaveLength(limits.attemptsMax);
    const [first, second] = await stalled();
    expect(first).toMatchObject({ state: 'dead', attempts: limits.attemptsMax, reason: 'Error: a1 does not go' });
    expect(second).toMatchObject({ state: 'queued' });

    broken.clear();
    await expect(database.tx(actor, (tx) => retryEvent(tx, second!.id))).rejects.toMatchObject({
      code: 'stalledEvents.queued',
    });
    await database.tx(actor, (tx) => retryEvent(tx, first!.id));
    await outbox.drain();
    expect(handled).toEqual(['a1', 'a2']);
    expect(await stalled()).toEqual([]);
    await expect(database.tx(actor, (tx) => retryEvent(tx, first!.id))).rejects.toMatchObject({
      code: 'kernel.unknown',
    });
  });

  it('takes back what a failing handler wrote, and writes once however many servers try', async () => {
    let fails = true;
    const writing: Consumer = {
      ...bySubject,
      handle: async (tx) => {
        await tx.exec(sql`insert into counters (name, value) values ('handled', 1)
          on conflict (name) do update set value = counters.value + 1`);
        if (fails) throw new Error('after writing');
      },
    };
    await tell(['a', 'a1']);
    const servers = [outboxOf(writing), outboxOf(writing)];
    const drainAll = () => Promise.all(servers.map((one) => one.drain()));
    await drainAll();
    expect(await database.rows(sql`select value from counters`)).toEqual([]);
    fails = false;
    later(2);
    await drainAll();
    expect(await database.rows(sql`select value from counters`)).toEqual([{ value: 1 }]);
  });

  it('each consumer has its own lanes', async () => {
    const other: string[] = [];
    broken.add('a1');
    await tell(['a', 'a1'], ['a', 'a2']);
    const sound: Consumer = {
      ...bySubject,
      name: 'test.other',
      handle: async (_tx, event) => void other.push(event.data.name),
    };
    await outboxOf(bySubject, sound).drain();
    expect([handled, other]).toEqual([[], ['a1', 'a2']]);
  });
});

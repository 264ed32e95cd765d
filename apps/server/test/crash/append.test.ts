/**
 * kill -9 of the exchange while it adds rows to a table in a buyer’s database: in the middle, and while the database commits the rows and
 * nobody can say whether it will. Another process goes on: no row twice, none missing, the same checksum on both ends, one use
 * counted. With SHUGU_CRASH_ROUNDS only.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type FarDatabase, openFarDatabase } from '../../src/delivery/push/testing.ts';
import { testPostgres } from '../../src/kernel/postgres/testing.ts';
import { ended, strike } from './processes.ts';
import { startPushes } from './pushes.ts';

const before = 3000;
const gained = 30_000;
const select = (count: number) => `SELECT i AS id, sha256(CAST(i AS VARCHAR)) AS plate FROM range(${count}) r(i)`;
/** As text a row takes about so many bytes. */
const rowBytes = 70;
/** Bytes after which the line to the database stands still, before a kill. */
const points = [Math.floor(0.4 * gained * rowBytes)];
const gateKey = 4711;

/** Holds the buyer’s database back while it commits rows of the table. */
const openGate = async (far: FarDatabase) => {
  const holder = new pg.Client(far.pool.options);
  // Its server may be ended first where a walk breaks off.
  holder.on('error', () => undefined);
  await holder.connect();
  await holder.query(`create function held() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock_shared(${gateKey}); return null; end';
    create constraint trigger held after insert on trucks deferrable initially deferred for each row execute function held();
    select pg_advisory_lock(${gateKey})`);
  const there = async (query: string): Promise<boolean> => ((await holder.query(query)).rowCount ?? 0) > 0;
  return {
    // Locks of other databases of the server stand in the same list.
    reached: () =>
      there(`select 1 from pg_locks where locktype = 'advisory' and not granted and objid = ${gateKey}
        and database = (select oid from pg_database where datname = current_database())`),
    /** Lets go, and waits until nothing of the killed process runs there any more. */
    open: async () => {
      await holder.query(`select pg_advisory_unlock(${gateKey})`);
      const left = () =>
        there(`select 1 from pg_stat_activity where datname = current_database() and application_name = 'shugu push'`);
      await expect.poll(left, { timeout: 30_000, interval: 20 }).toBe(false);
    },
    close: () => holder.end(),
  };
};

interface Found {
  /** Kills of which the database knew nothing yet, some, or all of the rows. */
  killedAt: number[];
  committed: number;
  state: string;
  sent: { rows: number; rowsBack: number; checksum: string; checksumBack: string }[];
  versions: { version: number; rows: number; ids: number }[];
  used: { calls: number; rows: number };
}

/** The whole of it, on databases and folders of its own. */
const walk = async (kills: readonly number[], sabotage?: 'noteAfter'): Promise<Found> => {
  const home = mkdtempSync(join(tmpdir(), 'shugu-crash-append-'));
  const far = await openFarDatabase();
  const own = await (await testPostgres()).freshDatabase();
  const children: ChildProcess[] = [];
  const start = () =>
    startPushes(
      {
        ...{ home, connection: own.connection, folder: '', data: select(before), grants: 1, turnMs: 30_000 },
        ...{ rowsPerPiece: 4000, hoursLater: 2 * children.length, ...(sabotage ? { sabotage } : {}) },
      },
      children,
    );
  let count = 0;
  const call = async (url: string, method: string, path: string, body?: object) => {
    const reply = await fetch(url + path, {
      method,
      headers: {
        authorization: 'Bearer buyer-token',
        ...(body ? { 'content-type': 'application/json', 'idempotency-key': `append-${++count}-00000` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return reply.json() as Promise<never>;
  };
  const rowsThere = async () =>
    Number(
      (await far.pool.query('select coalesce(sum(rows), 0) as n from shugu_push_progress where not placed')).rows[0].n,
    );
  try {
    let running = await start();
    const grant = running.grants[0]!;
    const { id: destination } = await call(running.url, 'POST', '/api/destinations', far.draft);
    const wish = { grant, destination, rhythm: { kind: 'revision' }, mode: 'append' };
    const { id: push } = (await call(running.url, 'POST', '/api/pushes', wish)) as { id: string };
    const lastRun = async () =>
      (
        (await call(running.url, 'GET', `/api/pushes/${push}`)) as {
          lastRun: { id: string; state: string; version: number };
        }
      ).lastRun;
    const patience = { timeout: 90_000, interval: 50 };
    await expect.poll(lastRun, patience).toMatchObject({ state: 'done', version: 0 });
    const gate = await openGate(far);

    const killedAt: number[] = [];
    // The last kill is that at the gate, wherever the line would have stopped.
    for (const [at, bytes] of [...kills, Number.POSITIVE_INFINITY].entries()) {
      let stalled = false;
      far.stallAfter(bytes, () => {
        stalled = true;
      });
      if (at === 0) running.child.stdin!.write(`${select(before + gained)}\n`);
      else running = await start();
      await expect.poll(async () => stalled || (await gate.reached()), patience).toBe(true);
      const atGate = !stalled;
      strike(running.child.pid);
      await ended(running.child);
      killedAt.push(await rowsThere());
      if (atGate) break;
    }
    far.stallAfter(Number.POSITIVE_INFINITY, () => undefined);
    await gate.open();
    const versionsThere = async () =>
      (
        await far.pool.query(`select shugu_version as version, count(*)::int as rows, count(distinct id)::int as ids
          from trucks group by 1 order by 1`)
      ).rows as Found['versions'];
    const committed = (await versionsThere()).find(({ version }) => version === 1)?.rows ?? 0;
    await gate.close();

    running = await start();
    const stateOf = async () => (await lastRun()).state;
    await expect.poll(stateOf, patience).toMatch(/^(done|failed|waiting)$/);
    const run = (await call(running.url, 'GET', `/api/push-runs/${(await lastRun()).id}`)) as Pick<
      Found,
      'state' | 'sent'
    >;
    const { used } = (await call(running.url, 'GET', `/api/grants/${grant}/balance`)) as { used: Found['used'] };
    return { killedAt, committed, state: run.state, sent: run.sent, versions: await versionsThere(), used };
  } finally {
    for (const child of children) {
      strike(child.pid);
      await ended(child);
    }
    await far.close();
    await own.drop();
    rmSync(home, { recursive: true, force: true });
  }
};

const whole = [
  { version: 0, rows: before, ids: before },
  { version: 1, rows: gained, ids: gained },
];

describe.runIf(process.env.SHUGU_CRASH_ROUNDS)('rows that are added', () => {
  test('rows are added once, wherever the exchange is killed, and also while they are committed', async () => {
    const found = await walk(points);
    // The first kill was in the middle; at the last one the database had it all, and said so to nobody.
    const [first = 0] = found.killedAt;
    expect(first > 0 && first < gained && first % 4000 === 0, `killed at ${found.killedAt}`).toBe(true);
    expect(found.committed, `killed at ${found.killedAt}`).toBe(gained);
    expect(found.state).toBe('done');
    expect(found.versions).toEqual(whole);
    const [sent] = found.sent;
    expect(sent).toMatchObject({ rows: gained, rowsBack: gained, checksumBack: sent!.checksum });
    expect(found.used).toMatchObject({ calls: 2, rows: before + gained });
  }, 240_000);

  test('the test before turns red when rows are added in one step and noted in the next', async () => {
    const found = await walk([], 'noteAfter');
    expect(found.committed).toBe(gained);
    expect([found.state, found.versions]).not.toEqual(['done', whole]);
  }, 240_000);
});

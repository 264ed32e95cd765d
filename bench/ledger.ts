/**
 * Entries a second into the books, all on one busy account, at 16 clients, on a database that keeps what it acknowledges:
 *
 *   npm run bench -- ledger --json
 *
 * Peers in the same run: the plain way (one transaction an entry, the account's balance row locked first), our own single
 * posting, and pgbench with its own banking script, where it is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { depositSeen, type Entry, holdPlaced } from '@shugu/ledger';
import type pg from 'pg';
import { type Database, openDatabase } from '../apps/server/src/kernel/db/db.ts';
import { migrate, readMigrations } from '../apps/server/src/kernel/db/migrate.ts';
import { systemActor } from '../apps/server/src/kernel/http/principal.ts';
import { newId } from '../apps/server/src/kernel/ids.ts';
import { startPostgres } from '../apps/server/src/kernel/postgres/index.ts';
import { roomOrder } from '../apps/server/src/rooms.ts';
import { post, wrongBalances } from '../apps/server/src/settlement/books.ts';
import { makePoster } from '../apps/server/src/settlement/poster.ts';

const clients = 16;
/** Every way is measured in turn, in several rounds, so that a busy moment of the machine falls on all of them. */
const secondsEach = 1.5;
const rounds = 3;
/** What one client may have under way at the poster, as a statement run or a bank's day file has. */
const inFlight = 32;
const limit = { ratioMin: 5, entriesPerSecondAbout: 5000 };

const actor = systemActor('bench');
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

let serial = 0;
/** Freezes one fen of the busy member's money for an order of its own. */
const nextEntry = (): Entry => {
  const id = newId('ent', new Date());
  return holdPlaced(
    { id, key: `bench/${++serial}/${id}`, at: new Date().toISOString() },
    { member: 'busy', purpose: { kind: 'order', id: `o${serial % 50}` }, fen: 1n },
  );
};

/** Runs one loop a client until the time is over; entries a second. */
const rate = async (step: () => Promise<unknown>, loops: number): Promise<number> => {
  const begun = performance.now();
  let count = 0;
  const loop = async () => {
    while (performance.now() - begun < secondsEach * 1000) {
      await step();
      count++;
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  return count / ((performance.now() - begun) / 1000);
};

/** What a first version of such a program does, in statements prepared by hand. */
const plainTables = `create table plain_balances (account text primary key, fen bigint not null);
  create table plain_entries (id bigint generated always as identity primary key, key text not null unique, memo text not null, at timestamptz not null);
  create table plain_postings (entry bigint not null references plain_entries, line int not null, account text not null, fen bigint not null, primary key (entry, line));
  insert into plain_balances values ('available', 1000000000), ('held', 0)`;

const plainStep = (pool: pg.Pool) => async (): Promise<void> => {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query({ name: 'lock', text: `select fen from plain_balances where account = 'available' for update` });
    const { rows } = await client.query({
      name: 'entry',
      text: 'insert into plain_entries (key, memo, at) values ($1, $2, now()) returning id',
      values: [`k${++serial}`, 'hold'],
    });
    await client.query({
      name: 'lines',
      text: `insert into plain_postings values ($1, 1, 'available', -1), ($1, 2, 'held', 1)`,
      values: [rows[0].id],
    });
    await client.query({ name: 'from', text: `update plain_balances set fen = fen - 1 where account = 'available'` });
    await client.query({ name: 'to', text: `update plain_balances set fen = fen + 1 where account = 'held'` });
    await client.query('commit');
  } finally {
    client.release();
  }
};

const pgbenchPlaces = [
  '/usr/lib/postgresql/15/bin/pgbench',
  '/usr/lib/postgresql/16/bin/pgbench',
  '/usr/lib/postgresql/17/bin/pgbench',
];

/** pgbench's own script (one branch, so one locked row) and transactions a second; null where it is not installed. */
const pgbench = (connection: pg.PoolConfig): number | null => {
  const program = pgbenchPlaces.find((path) => existsSync(path));
  if (!program) return null;
  const env = {
    ...process.env,
    PGHOST: String(connection.host),
    PGPORT: String(connection.port ?? 5432),
    PGUSER: String(connection.user),
    PGPASSWORD: String(connection.password ?? ''),
    PGDATABASE: String(connection.database),
  };
  const made = spawnSync(program, ['-i', '-q', '-s', '1'], { env, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`pgbench -i: ${made.stderr}`);
  const ran = spawnSync(
    program,
    ['-c', String(clients), '-j', '2', '-T', String(Math.ceil(secondsEach * rounds)), '-n'],
    { env, encoding: 'utf8' },
  );
  const found = /tps = ([\d.]+)/.exec(ran.stdout)?.[1];
  if (!found) throw new Error(`pgbench: ${ran.stderr}`);
  return Number(found);
};

const measure = async (database: Database, connection: pg.PoolConfig) => {
  await database.tx(actor, (tx) =>
    post(
      tx,
      depositSeen(
        { id: newId('ent', tx.now), key: 'bench/deposit', at: tx.now.toISOString() },
        { member: 'busy', fen: 10n ** 12n },
      ),
      { participant: 'busy' },
    ),
  );
  await database.pool.query(plainTables);
  const poster = makePoster({ database, actor });
  const single = () => database.tx(actor, (tx) => post(tx, nextEntry(), { participant: 'busy' }));
  const batched = () => poster.post({ entry: nextEntry(), participant: 'busy' });
  const sums = { plain: 0, single: 0, waiting: 0, batched: 0 };
  for (let round = 0; round < rounds; round++) {
    sums.plain += (await rate(plainStep(database.pool), clients)) / rounds;
    sums.single += (await rate(single, clients)) / rounds;
    sums.waiting += (await rate(batched, clients)) / rounds;
    sums.batched += (await rate(batched, clients * inFlight)) / rounds;
  }
  const wrong = await wrongBalances(database);
  if (wrong.length > 0) throw new Error(`balances are not the sums of their postings: ${wrong[0]!.account}`);
  return { ...sums, pgbench: pgbench(connection) };
};

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  const server = await startPostgres({ dataDirectory: join(folder, 'postgres'), log: quiet, durability: 'full' });
  const database = openDatabase({
    connection: { ...server.connection, max: clients },
    tenancy: { node: 'bench', market: 'main' },
    now: () => new Date(),
  });
  try {
    await migrate(
      database,
      await readMigrations(join(import.meta.dirname, '../apps/server/src'), ['kernel', ...roomOrder]),
    );
    const found = await measure(database, server.connection);
    const round = (value: number) => Math.round(value * 100) / 100;
    return {
      bench: 'ledger',
      limit,
      clients,
      entriesPerSecond: {
        batched: Math.round(found.batched),
        batchedEachWaiting: Math.round(found.waiting),
        singlePosting: Math.round(found.single),
        plainLockedRow: Math.round(found.plain),
      },
      pgbenchTransactionsPerSecond: found.pgbench === null ? null : Math.round(found.pgbench),
      ratios: {
        batchedToPlain: round(found.batched / found.plain),
        batchedEachWaitingToPlain: round(found.waiting / found.plain),
        batchedToSingle: round(found.batched / found.single),
        ...(found.pgbench ? { batchedToPgbench: round(found.batched / found.pgbench) } : {}),
      },
      holds: found.batched / found.plain >= limit.ratioMin,
    };
  } finally {
    await database.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

/**
 * Databases for tests: one server a run, one empty or prepared database a test.
 *
 * With vitest, list this file as `globalSetup`; workers find the server through the environment. Without it (a bench,
 * a script) the first caller starts a server that ends with the process.
 */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { isAlive, runningServer, stopServer } from './postmaster.ts';
import { type PostgresLog, startPostgres } from './start.ts';

const environmentName = 'SHUGU_TEST_POSTGRES';
const directoryPrefix = 'shugu-test-';
/** Identifier of PostgreSQL: 63 bytes. */
const nameLengthMax = 63;
/** Linux keeps files here in memory, where a database of a thousand files is made and removed in a tenth of the time. */
const memoryFolder = '/dev/shm';
/** What must be free there, and of memory: a run takes about one. */
const memoryBytesMin = 6 * 2 ** 30;

interface Shared {
  connection: pg.ClientConfig;
  /** Begins the name of every database of this run. */
  prefix: string;
  /** Holds what templates keep in files. */
  folder: string;
  /** The databases lie in memory. */
  inMemory: boolean;
}

export interface FreshDatabase {
  name: string;
  /** For `new pg.Pool(connection)`. */
  connection: pg.PoolConfig;
  /** Cuts remaining sessions and removes the database. */
  drop(): Promise<void>;
  /**
   * Likewise, where databases lie in memory. On a disk they stay to the end of the run: ext4 looks past the inodes that were
   * deleted in the last half minute, one by one, for each of the thousand files of the next database.
   */
  done(): Promise<void>;
}

export interface TestPostgres {
  /** Leads to the maintenance database, for looking at the server itself. */
  connection: pg.PoolConfig;
  /** An empty database, or a copy of a template made by `template`; about 50 ms in memory, several times that on a disk. */
  freshDatabase(templateName?: string): Promise<FreshDatabase>;
  /**
   * Prepares a template once a run, however many workers ask; `prepare` must have closed its sessions when it returns.
   * `from`: another template, of which it begins as a copy.
   * @returns the name for `freshDatabase`
   */
  template(name: string, prepare: Prepare, from?: string): Promise<string>;
  /** What the preparation of a template left in its folder; to be copied, never changed. */
  folderOf(templateName: string): string;
}

/** `folder` is empty, and stays with the template. */
type Prepare = (connection: pg.PoolConfig, folder: string) => Promise<void>;

/** vitest's globalSetup: the returned function is its teardown. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env[environmentName]) return async () => {};
  const { shared, stop } = await startShared();
  // So many databases to look after in turn, none of which lives long enough to need it.
  if (!process.env.SHUGU_TEST_DATABASE_URL)
    await administer(shared, async (client) => {
      await client.query('alter system set autovacuum = off');
      await client.query('select pg_reload_conf()');
    });
  process.env[environmentName] = JSON.stringify(shared);
  return async () => {
    delete process.env[environmentName];
    await stop();
  };
}

let own: Promise<Shared> | undefined;

/** The run's server: of globalSetup, of SHUGU_TEST_DATABASE_URL, or one of our own. */
export async function testPostgres(): Promise<TestPostgres> {
  const text = process.env[environmentName];
  own ??= text ? Promise.resolve(JSON.parse(text) as Shared) : startOwn();
  const shared = await own;
  return {
    connection: shared.connection,
    freshDatabase: (templateName) => freshDatabase(shared, templateName),
    template: (name, prepare, from) => makeTemplate(shared, name, prepare, from),
    folderOf: (templateName) => join(shared.folder, templateName),
  };
}

/** Ends the server `testPostgres` started for this process, if it did. */
export let stopTestPostgres = async (): Promise<void> => {};

async function startOwn(): Promise<Shared> {
  const { shared, stop, kill } = await startShared();
  process.once('exit', kill);
  stopTestPostgres = async () => {
    process.off('exit', kill);
    own = undefined;
    await stop();
  };
  return shared;
}

async function startShared(): Promise<{ shared: Shared; stop(): Promise<void>; kill(): void }> {
  const prefix = `t${randomBytes(3).toString('hex')}_`;
  await sweep();
  const made = [makeFolder(tmpdir())];
  const folder = made[0]!;
  const remove = (): void => {
    for (const one of made) rmSync(one, { recursive: true, force: true, maxRetries: 5 });
  };
  const url = process.env.SHUGU_TEST_DATABASE_URL;
  if (url) {
    const { connection, stop } = await startPostgres({ dataDirectory: '', url, log: quiet });
    const shared = { connection, prefix, folder, inMemory: false };
    return { shared, stop: () => dropAll(shared).finally(stop).finally(remove), kill: remove };
  }
  const inMemory = memoryHolds();
  const dataDirectory = makeFolder(inMemory ? memoryFolder : tmpdir());
  made.push(dataDirectory);
  const reasons: unknown[] = [];
  const log = { ...quiet, warn: (fields: object) => void reasons.push(fields) };
  const server = await startPostgres({ dataDirectory, log, durability: 'test' });
  if (server.kind !== 'embedded') {
    await server.stop().finally(remove);
    throw new Error(`no PostgreSQL for tests, set SHUGU_TEST_DATABASE_URL: ${JSON.stringify(reasons)}`);
  }
  return {
    shared: { connection: { ...server.connection, database: 'postgres' } as pg.ClientConfig, prefix, folder, inMemory },
    stop: () => server.stop().finally(remove),
    // At exit nothing can be waited for: the immediate shutdown needs no help, the next run sweeps the folder.
    kill: () => {
      for (const left of serversIn(dataDirectory)) process.kill(left.pid, 'SIGQUIT');
    },
  };
}

const makeFolder = (root: string): string => mkdtempSync(join(root, `${directoryPrefix}${process.pid}-`));

function memoryHolds(): boolean {
  try {
    accessSync(memoryFolder, constants.W_OK);
    const { bavail, bsize } = statfsSync(memoryFolder);
    return Math.min(bavail * bsize, freemem()) >= memoryBytesMin;
  } catch {
    return false;
  }
}

/** Removes what killed runs left, servers included. */
async function sweep(): Promise<void> {
  for (const root of [tmpdir(), memoryFolder])
    for (const name of namesIn(root)) {
      const pid = Number(/^shugu-test-(\d+)-/.exec(name)?.[1]);
      if (!pid || isAlive(pid)) continue;
      const directory = join(root, name);
      try {
        for (const server of serversIn(directory)) await stopServer(server.pid, server.cluster);
        rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
      } catch {
        // Another user's, or another run sweeps at the same time.
      }
    }
}

/** Nothing where there is no such folder. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function serversIn(dataDirectory: string): { pid: number; cluster: string }[] {
  return readdirSync(dataDirectory)
    .filter((name) => name.startsWith('cluster-'))
    .flatMap((name) => {
      const cluster = join(dataDirectory, name);
      const server = runningServer(cluster);
      return server ? [{ pid: server.pid, cluster }] : [];
    });
}

async function freshDatabase(shared: Shared, templateName?: string): Promise<FreshDatabase> {
  const name = `${shared.prefix}${randomBytes(6).toString('hex')}`;
  await administer(shared, (client) => create(client, shared, name, templateName));
  return {
    name,
    connection: connectionTo(shared, name),
    drop: () => administer(shared, (client) => drop(client, name)),
    done: async () => {
      if (shared.inMemory) await administer(shared, (client) => drop(client, name));
    },
  };
}

async function makeTemplate(shared: Shared, name: string, prepare: Prepare, from?: string): Promise<string> {
  const finished = `${shared.prefix}template_${name}`;
  const building = `${shared.prefix}building_${name}`;
  if (!/^[a-z0-9_]+$/.test(name) || building.length > nameLengthMax) throw new Error(`bad template name: ${name}`);
  await administer(shared, async (client) => {
    // One worker builds, the others wait here; the lock ends with the session.
    await client.query('select pg_advisory_lock(hashtext($1))', [finished]);
    const found = await client.query('select 1 from pg_database where datname = $1', [finished]);
    if (found.rowCount) return;
    await drop(client, building);
    await create(client, shared, building, from);
    const folder = join(shared.folder, finished);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    await prepare(connectionTo(shared, building), folder);
    await client.query(`alter database ${quoted(building)} rename to ${quoted(finished)}`);
    await client.query(`alter database ${quoted(finished)} with allow_connections false`);
  });
  return finished;
}

async function dropAll(shared: Shared): Promise<void> {
  await administer(shared, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [shared.prefix],
    );
    for (const { datname } of rows) await drop(client, datname);
  });
}

async function administer<T>(shared: Shared, action: (client: pg.Client) => Promise<T>): Promise<void> {
  const client = new pg.Client(shared.connection);
  client.on('error', () => {});
  await client.connect();
  try {
    await action(client);
  } finally {
    await client.end();
  }
}

async function create(client: pg.Client, { inMemory }: Shared, name: string, template?: string): Promise<void> {
  const from = template ? `template ${quoted(template)}` : `template template0 encoding 'UTF8'`;
  // Copying files asks for two checkpoints, which cost nothing where they write to no disk.
  await client.query(`create database ${quoted(name)} ${from} strategy ${inMemory ? 'file_copy' : 'wal_log'}`);
}

async function drop(client: pg.Client, name: string): Promise<void> {
  await client.query(`drop database if exists ${quoted(name)} with (force)`);
}

/** A session that rests stays open as long as its test file: the next one would have to learn every table anew. */
const idleTimeoutMillis = 0;

function connectionTo(shared: Shared, database: string): pg.PoolConfig {
  const { connectionString, ...rest } = shared.connection;
  if (!connectionString) return { ...rest, database, idleTimeoutMillis };
  const url = new URL(connectionString);
  url.pathname = `/${database}`;
  return { ...rest, connectionString: url.href, idleTimeoutMillis };
}

function quoted(name: string): string {
  return pg.escapeIdentifier(name);
}

const quiet: PostgresLog = {
  info: () => {},
  warn: () => {},
  error: (fields, message) => console.error(message, fields),
};

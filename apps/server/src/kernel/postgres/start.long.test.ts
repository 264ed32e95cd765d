import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, expect, test } from 'vitest';
import { readConnection } from './embedded.ts';
import { isAlive, readPidFile, runningServer, stopServer } from './postmaster.ts';
import { type RunningPostgres, type StartPostgresOptions, startPostgres } from './start.ts';

const base = mkdtempSync(join(tmpdir(), 'shugu-postgres-'));
// Reachable for another user, in case this machine starts the server as one.
chmodSync(base, 0o711);
const outsideDirectory = join(base, 'outside');
const messages: string[] = [];
const note = (_fields: object, message: string): void => void messages.push(message);
const log = { info: note, warn: note, error: note };
const running: RunningPostgres[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of running.splice(0)) await server.stop();
});

afterAll(async () => {
  // A failed test may have left a server.
  for (const name of readdirSync(base)) {
    const cluster = clusterOf(join(base, name));
    const left = cluster && runningServer(cluster);
    if (left) await stopServer(left.pid, cluster);
  }
  rmSync(base, { recursive: true, force: true });
});

async function start(name: string, options: Partial<StartPostgresOptions> = {}): Promise<RunningPostgres> {
  const server = await startPostgres({
    dataDirectory: join(base, name),
    log,
    durability: 'test',
    outsideDirectory,
    ...options,
  });
  running.push(server);
  return server;
}

async function query<T extends pg.QueryResultRow>(
  server: Pick<RunningPostgres, 'connection'>,
  text: string,
): Promise<T[]> {
  const client = new pg.Client(server.connection);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

function clusterOf(dataDirectory: string): string {
  const name = readdirSync(dataDirectory).find((entry) => entry.startsWith('cluster-'));
  return name ? join(dataDirectory, name) : '';
}

/** Another process that starts the same directory, says `ready` or the problem's code, and stays. */
async function startElsewhere(name: string, durability = 'test'): Promise<{ child: ChildProcess; said: string }> {
  const script = `
    import { startPostgres } from ${JSON.stringify(new URL('./start.ts', import.meta.url).href)};
    const log = { info() {}, warn() {}, error() {} };
    await startPostgres({ dataDirectory: process.argv[1], log, durability: process.argv[2] }).then(
      (server) => console.log('ready', server.attached),
      (error) => { console.log(error.code); process.exit(1); });
    setInterval(() => {}, 1000);`;
  const child = spawn(
    process.execPath,
    ['--input-type=module-typescript', '-e', script, join(base, name), durability],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  let said = '';
  for await (const chunk of child.stdout!) {
    said += chunk;
    if (said.includes('\n')) break;
  }
  return { child, said: said.trim() };
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
}

test('keeps its data from one start to the next, stores Chinese, opens no port', async () => {
  const first = await start('plain');
  expect(first).toMatchObject({ kind: 'embedded', attached: false });
  await query(first, `create table kept as select '数谷' as name`);
  expect(
    await query(first, `select current_setting('listen_addresses') as port, current_setting('jit') as jit`),
  ).toEqual([{ port: '', jit: 'off' }]);
  await first.stop();
  await expect(query(first, 'select 1')).rejects.toThrow();
  const second = await start('plain');
  expect(await query(second, 'select name from kept')).toEqual([{ name: '数谷' }]);
});

test('commits are synced to disk unless a test asks otherwise', async () => {
  const safe = await start('durable', { durability: undefined });
  const ask = `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`;
  expect(await query(safe, ask)).toEqual([{ fsync: 'on', commit: 'on' }]);
  await safe.stop();
  const broken = await start('durable', { durability: undefined, sabotage: 'late_commit' });
  expect(await query(broken, ask)).toEqual([{ fsync: 'off', commit: 'off' }]);
});

test('a server left by a killed process is taken over', async () => {
  const { child, said } = await startElsewhere('left');
  expect(said).toBe('ready false');
  const pid = readPidFile(clusterOf(join(base, 'left')))!.pid;
  await killed(child);
  expect(isAlive(pid)).toBe(true);
  const server = await start('left');
  expect(server.attached).toBe(true);
  expect(readPidFile(clusterOf(join(base, 'left')))!.pid).toBe(pid);
  await server.stop();
  expect(isAlive(pid)).toBe(false);
});

test('a left server with other settings is replaced, never used with weaker durability', async () => {
  const { child } = await startElsewhere('weak', 'test');
  await killed(child);
  const server = await start('weak', { durability: 'full' });
  expect(server.attached).toBe(false);
  expect(await query(server, `select current_setting('fsync') as fsync`)).toEqual([{ fsync: 'on' }]);
});

test('a killed database server comes back with what was committed', async () => {
  const server = await start('revived');
  await query(server, 'create table fact as select 1 as n');
  const pid = readPidFile(clusterOf(join(base, 'revived')))!.pid;
  process.kill(pid, 'SIGKILL');
  let rows: unknown[] = [];
  for (let waited = 0; rows.length === 0 && waited < 20_000; waited += 100) {
    await sleep(100);
    rows = await query(server, 'select n from fact').catch(() => []);
  }
  expect(rows).toEqual([{ n: 1 }]);
  expect(readPidFile(clusterOf(join(base, 'revived')))!.pid).not.toBe(pid);
});

test('the sabotage switch loses acknowledged commits when the server is killed', async () => {
  const server = await start('sabotaged', { sabotage: 'late_commit' });
  await query(server, 'create table fact (n int)');
  await query(server, 'checkpoint');
  await query(server, 'insert into fact values (1)');
  process.kill(readPidFile(clusterOf(join(base, 'sabotaged')))!.pid, 'SIGKILL');
  let count: unknown[] = [];
  for (let waited = 0; count.length === 0 && waited < 20_000; waited += 100) {
    await sleep(100);
    count = await query(server, 'select count(*)::int as n from fact').catch(() => []);
  }
  expect(count).toEqual([{ n: 0 }]);
});

test('both killed at once: the next start recovers', async () => {
  const { child } = await startElsewhere('both');
  const pid = readPidFile(clusterOf(join(base, 'both')))!.pid;
  child.kill('SIGKILL');
  process.kill(pid, 'SIGKILL');
  const server = await start('both');
  expect(server.attached).toBe(false);
  expect(await query(server, 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('a stale pid file with the number of a living stranger is no obstacle', async () => {
  await (await start('stranger')).stop();
  const cluster = clusterOf(join(base, 'stranger'));
  writeFileSync(join(cluster, 'postmaster.pid'), `${process.pid}\n${cluster}\n1700000000\n5432\n/nowhere\n\n\nready\n`);
  const server = await start('stranger');
  expect(server.attached).toBe(false);
});

test('killed while making the cluster: the next start makes it anew', async () => {
  const directory = join(base, 'halfway');
  mkdirSync(join(directory, 'unfinished-abc', 'global'), { recursive: true });
  await start('halfway');
  expect(readdirSync(directory).filter((name) => name.startsWith('unfinished-'))).toEqual([]);
});

test('a second server on the directory is refused, in another process and in this one', async () => {
  const server = await start('locked');
  expect((await startElsewhere('locked')).said).toBe('postgres_data_locked');
  await expect(start('locked')).rejects.toMatchObject({
    code: 'postgres_data_locked',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  expect(await query(server, 'select 1 as n')).toEqual([{ n: 1 }]);
});

test('odd folders: deep, with spaces, quotes, commas and Chinese, below a closed parent', async () => {
  const parent = join(base, '数据 目录, "引号"');
  const deep = join(parent, ...Array.from({ length: 8 }, (_, index) => `a rather long folder name ${index}`));
  mkdirSync(deep, { recursive: true });
  chmodSync(parent, 0o700);
  const server = await start('odd', { dataDirectory: deep });
  expect(await query(server, 'select 1 as n')).toEqual([{ n: 1 }]);
  const shallow = await start('odd-shallow', { dataDirectory: join(parent, 'b') });
  expect(await query(shallow, 'select 2 as n')).toEqual([{ n: 2 }]);
});

test.runIf(process.getuid?.() === 0)(
  'root without namespaces, below a closed folder: the files lie elsewhere',
  async () => {
    const folder = join(base, 'closed');
    const programs = join(base, 'programs');
    for (const made of [folder, programs]) mkdirSync(made, { mode: 0o700 });
    chmodSync(programs, 0o755);
    symlinkSync('/usr/bin/id', join(programs, 'id'));
    const path = process.env.PATH;
    process.env.PATH = programs;
    const options = { dataDirectory: join(folder, 'data'), outsideDirectory: join(base, 'elsewhere') };
    try {
      const first = await start('', options);
      expect(first.kind).toBe('embedded');
      expect(messages.at(-2)).toContain('its files lie elsewhere');
      await query(first, 'create table kept as select 1 as n');
      await first.stop();
      const second = await start('', options);
      expect(await query(second, 'select n from kept')).toEqual([{ n: 1 }]);
      expect(readConnection(options.dataDirectory)).toMatchObject({ database: 'shugu' });
      await second.stop();
      renameSync(options.outsideDirectory, join(base, 'moved'));
      await expect(start('', options)).rejects.toMatchObject({ code: 'postgres_data_missing' });
      rmSync(options.dataDirectory, { recursive: true });
      await expect(query(await start('', options), 'select n from kept')).rejects.toMatchObject({ code: '42P01' });
    } finally {
      process.env.PATH = path;
    }
  },
);

test('data of another major version or engine is never set aside silently', async () => {
  const directory = join(base, 'older');
  mkdirSync(join(directory, 'cluster-16'), { recursive: true });
  await expect(start('older')).rejects.toMatchObject({ code: 'postgres_major_changed' });
  mkdirSync(join(base, 'fallback', 'pglite-18'), { recursive: true });
  await expect(start('fallback')).rejects.toMatchObject({ code: 'postgres_engine_changed' });
});

test('stop may be called twice and frees the directory', async () => {
  const server = await start('twice');
  await Promise.all([server.stop(), server.stop()]);
  await start('twice');
  expect(readFileSync(join(base, 'twice', 'connection.json'), 'utf8')).toContain('"database":"shugu"');
});

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { checkVersion } from './external.ts';
import { startPglite } from './pglite.ts';
import { waysToRun } from './run-as.ts';
import { serverSettings } from './settings.ts';
import { socketDirectoryFor, socketPathBytesMax } from './socket-directory.ts';
import { startPostgres } from './start.ts';

const log = { info() {}, warn() {}, error() {} };

test('an external server must be 15 or newer', () => {
  expect(() => checkVersion(140_012, '14.12')).toThrow(expect.objectContaining({ code: 'postgres_too_old' }));
  expect(() => checkVersion(150_000, '15.0')).not.toThrow();
});

test('an unreachable external server is named without its password', async () => {
  const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
  const { port } = listener.address() as { port: number };
  const url = `postgres://someone:s3cret@127.0.0.1:${port}/shugu`;
  const problem = await startPostgres({ dataDirectory: '', url, log }).catch((error: Error) => error);
  listener.close();
  expect(problem).toMatchObject({
    code: 'postgres_unreachable',
    message: expect.stringContaining('someone@127.0.0.1'),
  });
  expect((problem as Error).message).not.toContain('s3cret');
});

test('ways to run: plain unless root; a cluster keeps its owner', () => {
  const parentOwner = { uid: 0, gid: 0 };
  const names = (options: Parameters<typeof waysToRun>[0]) =>
    waysToRun(options).map((way) => `${way.name} ${way.uid ?? ''}`.trim());
  expect(names({ uid: 1000, parentOwner })).toEqual(['self', 'namespace']);
  expect(names({ uid: 0, parentOwner })).toEqual(['namespace', 'user 65534']);
  expect(names({ uid: 0, parentOwner: { uid: 1000, gid: 1000 } })).toEqual([
    'namespace',
    'user 1000',
    'user 1000',
    'user 65534',
  ]);
  expect(names({ uid: 0, clusterOwner: 0, parentOwner })).toEqual(['namespace', 'user 65534']);
  expect(names({ uid: 0, clusterOwner: 65534, parentOwner })).toEqual(['user 65534', 'user 65534']);
});

test('the socket lies beside the data while its path is short enough, counted in bytes', () => {
  expect(socketDirectoryFor('/srv/shugu', 0)).toBe('/srv/shugu/socket');
  const deep = `/srv/${'数'.repeat(30)}`;
  const short = socketDirectoryFor(deep, 7, '/tmp');
  expect(short).toMatch(/^\/tmp\/shugu-7-[0-9a-f]{16}$/);
  expect(socketDirectoryFor(deep, 7, '/tmp')).toBe(short);
  expect(socketDirectoryFor(deep, 7, `/${'t'.repeat(100)}`)).toBe(short);
  expect(Buffer.byteLength(`${short}/.s.PGSQL.5432`)).toBeLessThanOrEqual(socketPathBytesMax);
});

test('a socket folder with a comma or quote stays one list item', () => {
  const settings = serverSettings({ socketDirectory: '/a, "b"', durability: 'full' });
  expect(settings.unix_socket_directories).toBe('"/a, ""b"""');
});

test('the fallback engine serves a pool, one session at a time, and keeps its data', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'shugu-pglite-'));
  try {
    for (const round of [1, 2]) {
      const engine = await startPglite(directory);
      const pool = new pg.Pool(engine.connection);
      await pool.query('create table if not exists visit (round int)');
      const client = await pool.connect();
      await client.query('begin');
      await client.query('insert into visit values ($1)', [round]);
      const waiting = pool.query<{ n: number }>('select count(*)::int as n from visit');
      await client.query('commit');
      client.release();
      expect((await waiting).rows).toEqual([{ n: round }]);
      await pool.end();
      await engine.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** What goes wrong with a Trino: a server here that speaks its protocol, and says what a real one would only say now and then. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { trinoRoom } from './trino.ts';
import { runStatement, type Trino, TrinoFault, trinoVersion } from './trino-client.ts';

interface Answer {
  status?: number;
  body?: object;
}
const asked: { method: string; path: string; text: string; headers: IncomingMessage['headers'] }[] = [];
let answer: (method: string, path: string, text: string) => Answer | undefined;
let origin = '';
const server = createServer(async (request, response) => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString('utf8');
  const { method = '', url = '' } = request;
  asked.push({ method, path: url, text, headers: request.headers });
  const found = answer(method, url, text);
  // Nothing: it stays silent.
  if (!found) return;
  response.writeHead(found.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(found.body ?? {}));
});
let trino: Trino;
let folder: string;

beforeEach(async () => {
  asked.length = 0;
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  trino = { url: origin, user: 'shugu', password: '', catalog: 'memory', fetch };
  folder = await mkdtemp(join(tmpdir(), 'shugu-trino-'));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const next = (page: number): string => `${origin}/v1/statement/executing/q/${page}`;
const ran = (change: Partial<Parameters<typeof runStatement>[1]> = {}) =>
  runStatement(trino, { sql: 'SELECT 1', signal: new AbortController().signal, seconds: 7, ...change }).then(
    () => 'done',
    (error: Error & { code?: string }) =>
      error instanceof TrinoFault ? `${error.ended}: ${error.message}` : error.code,
  );

test('pages are followed to the last, one that is not ready is asked again; who asks, where and how long is told', async () => {
  let busy = 2;
  answer = (method, path) => {
    if (method === 'POST') return { body: { nextUri: next(1) } };
    if (path.endsWith('/1') && busy-- > 0) return { status: 503 };
    return path.endsWith('/1') ? { body: { data: [['a']], nextUri: next(2) } } : { body: { data: [['b'], [null]] } };
  };
  const rows: unknown[] = [];
  expect(await ran({ schema: 's', rows: (page) => rows.push(...page) })).toBe('done');
  expect(rows).toEqual([['a'], ['b'], [null]]);
  expect(asked.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'GET', 'GET']);
  expect(asked[0]!.headers).toMatchObject({
    'x-trino-user': 'shugu',
    'x-trino-catalog': 'memory',
    'x-trino-schema': 's',
    'x-trino-session': 'query_max_run_time=7s,query_max_execution_time=7s',
  });
  expect(asked[0]!.headers.authorization).toBeUndefined();
});

test('whoever stops waiting cancels the query there, and so does who has had enough rows', async () => {
  const stopping = new AbortController();
  answer = (method, path) => {
    if (method !== 'GET') return { body: { nextUri: next(1) } };
    if (path.endsWith('/1')) return { body: { data: [['a']], nextUri: next(2) } };
    stopping.abort();
    return undefined;
  };
  expect(await ran({ signal: stopping.signal })).toBe('stopped');
  expect(asked.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/statement/executing/q/2' });
  const enough = () => {
    throw Object.assign(new Error('enough'), { code: 'rows' });
  };
  expect(await ran({ rows: enough })).toBe('rows');
  expect(asked.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/statement/executing/q/1' });
});

test('it does not send us elsewhere, and what is no answer of it is none', async () => {
  for (const elsewhere of ['http://192.0.2.1:9/v1/statement/1', 'file:///etc/passwd', 'no address']) {
    asked.length = 0;
    answer = () => ({ body: { nextUri: elsewhere } });
    expect(await ran(), elsewhere).toBe('crashed');
    expect(asked).toHaveLength(1);
  }
  answer = () => ({ status: 401 });
  expect(await ran()).toBe('crashed');
});

test('its own ends are told apart', async () => {
  const ended = async (errorName: string, errorType: string) => {
    answer = () => ({ body: { error: { message: 'm', errorName, errorType } } });
    return ran();
  };
  expect(await ended('EXCEEDED_TIME_LIMIT', 'INSUFFICIENT_RESOURCES')).toBe('time: EXCEEDED_TIME_LIMIT: m');
  expect(await ended('EXCEEDED_LOCAL_MEMORY_LIMIT', 'INSUFFICIENT_RESOURCES')).toContain('memory: ');
  expect(await ended('DIVISION_BY_ZERO', 'USER_ERROR')).toContain('failed: ');
});

test('its version is what it says once it has started; nothing else is one', async () => {
  const told = (body: object) => {
    answer = () => ({ body });
    return trinoVersion(trino);
  };
  expect(await told({ nodeVersion: { version: '483' }, starting: false })).toBe('483');
  expect(await told({ nodeVersion: { version: '483' }, starting: true })).toBeUndefined();
  expect(await told({ nodeVersion: { version: 'x y' }, starting: false })).toBeUndefined();
  expect(await trinoVersion({ ...trino, url: 'http://127.0.0.1:1' })).toBeUndefined();
});

test('the schema of a use is dropped whatever came of it; one that could not be is known, and dropped before a later use', async () => {
  let now = new Date('2026-07-01T00:00:00Z');
  const room = trinoRoom(
    trino,
    async () => folder,
    () => Promise.reject(new Error('no data are read')),
    () => now,
  );
  const query = {
    sql: 'SELECT count_star() AS n FROM t',
    tables: [{ name: 't', columns: [{ name: 'd', type: 'DATE' }] }],
    values: {},
  };
  let dropped = true;
  answer = (_, __, text) => {
    if (text.startsWith('DROP') && !dropped) return { status: 500 };
    return text.startsWith('EXPLAIN')
      ? { body: { error: { message: 'no such thing', errorName: 'SYNTAX_ERROR', errorType: 'USER_ERROR' } } }
      : { body: {} };
  };
  expect(await room.check!(query)).toBe('SYNTAX_ERROR: no such thing');
  const texts = asked.map(({ text }) => text);
  const [, schema] = /^CREATE SCHEMA "(shugu_[0-9a-f]{24})"$/.exec(texts[0]!)!;
  expect(texts.slice(1)).toEqual([
    'CREATE TABLE "t" ("d" DATE)',
    'EXPLAIN (TYPE VALIDATE) SELECT count(*) AS "n" FROM "t"',
    `DROP SCHEMA IF EXISTS "${schema}" CASCADE`,
  ]);
  expect(await readdir(folder)).toEqual([]);
  // Refused by ourselves, before anything of the query is asked there.
  expect(await room.check!({ ...query, sql: 'SELECT median(d) FROM t' })).toContain('median');
  expect(asked.some(({ text }) => text.includes('median'))).toBe(false);

  dropped = false;
  await room.check!(query);
  const [left] = await readdir(folder);
  dropped = true;
  // Not while the use that made it may still run.
  await room.check!(query);
  expect(await readdir(folder)).toEqual([left]);
  now = new Date('2026-07-01T00:10:00Z');
  await room.check!(query);
  expect(asked.map(({ text }) => text)).toContain(`DROP SCHEMA IF EXISTS "${left}" CASCADE`);
  expect(await readdir(folder)).toEqual([]);
});

/**
 * kill -9 of the exchange while it brings the same table into a folder, a database and an object store. Another process goes on
 * where each had come to: no row is lost or doubled, the checksums of both ends agree, and the use is counted once.
 */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FarDatabase, openFarDatabase } from '../../src/delivery/push/testing.ts';
import { type FreshDatabase, testPostgres } from '../../src/kernel/postgres/testing.ts';
import { type Bucket, openBucket } from '../../src/kernel/s3/bucket.ts';
import { type FarBucket, openFarBucket } from '../../src/kernel/s3/testing.ts';
import { ended, strike } from './processes.ts';
import { startPushes } from './pushes.ts';

const count = 100_000;
/** Digests do not compress well: about 13 MB, two parts of an upload. */
const data = `SELECT i AS id, sha256(CAST(i AS VARCHAR)) || sha256(CAST(-i AS VARCHAR)) || sha256(CAST(i * 3 AS VARCHAR)) || sha256(CAST(i * 5 AS VARCHAR)) AS plate
  FROM range(${count}) r(i)`;
const mebibyte = 2 ** 20;

let far: FarDatabase;
let lake: FarBucket;
let bucket: Bucket;
let own: FreshDatabase;
const home = mkdtempSync(join(tmpdir(), 'shugu-crash-push-'));
const folder = mkdtempSync(join(tmpdir(), 'shugu-crash-folder-'));
const children: ChildProcess[] = [];

beforeAll(async () => {
  far = await openFarDatabase();
  lake = await openFarBucket();
  bucket = await openBucket(lake.address, lake.secret, { allowed: null });
  own = await (await testPostgres()).freshDatabase();
});
afterAll(async () => {
  for (const child of children) {
    strike(child.pid);
    await ended(child);
  }
  bucket?.close();
  await lake?.close();
  await far?.close();
  await own?.drop();
  for (const path of [home, folder]) rmSync(path, { recursive: true, force: true });
});

/** With turns so short the three runs alternate. */
const start = (turnMs: number) =>
  startPushes({ home, connection: own.connection, folder, data, grants: 3, turnMs }, children);

let asked = 0;
const call = async (url: string, method: string, path: string, body?: object) => {
  const reply = await fetch(url + path, {
    method,
    headers: {
      authorization: 'Bearer buyer-token',
      ...(body ? { 'content-type': 'application/json', 'idempotency-key': `crash-${++asked}-00000` } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return reply.json() as Promise<never>;
};

const part = 'trucks/v0/part-00001.parquet';
const folderFile = join(folder, 'org_buyer', 'lake', part);
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
const rowsThere = async (): Promise<number> => {
  const { rows } = await far.pool.query(`select to_regclass('shugu_push_progress') as there`);
  if (!rows[0].there) return 0;
  return Number((await far.pool.query('select coalesce(sum(rows), 0) as n from shugu_push_progress')).rows[0].n);
};

test.runIf(process.env.SHUGU_CRASH_ROUNDS)(
  'a push goes on where it stopped: into a folder, a database, an object store',
  async () => {
    const first = await start(1);
    const drafts = [
      { kind: 'folder', name: '文件夹', path: 'lake' },
      far.draft,
      { kind: 's3', name: '对象存储', ...lake.address, secretAccessKey: lake.secret },
    ];
    // In the second part of the upload nothing goes on any more; by then the others have had turns, too.
    const stalled = new Promise<void>((act) => lake.stallAfter(10 * mebibyte, act));
    const runs: string[] = [];
    for (const [at, draft] of drafts.entries()) {
      const { id: destination } = await call(first.url, 'POST', '/api/destinations', draft);
      const wish = { grant: first.grants[at], destination, rhythm: { kind: 'once' } };
      const made = (await call(first.url, 'POST', '/api/pushes', wish)) as { lastRun: { id: string } };
      runs.push(made.lastRun.id);
    }
    await stalled;
    strike(first.child.pid);
    await ended(first.child);
    const inFolder = sizeOf(`${folderFile}.part`);
    const inDatabase = await rowsThere();
    expect([inFolder > 0, inFolder < 12 * mebibyte, sizeOf(folderFile)]).toEqual([true, true, 0]);
    expect([inDatabase > 0, inDatabase < count]).toEqual([true, true]);
    expect((await lake.openUploads()).length).toBe(1);

    const second = await start(30_000);
    const stateOf = async (id: string) => (await call(second.url, 'GET', `/api/push-runs/${id}`)) as never;
    for (const id of runs)
      await expect
        .poll(() => stateOf(id), { timeout: 60_000, interval: 50 })
        .toMatchObject({ state: 'done', rows: count, rowsTotal: count, fault: null });
    for (const id of runs) {
      const [sent] = ((await stateOf(id)) as { sent: Record<string, unknown>[] }).sent;
      expect([sent!.rowsBack, sent!.checksumBack]).toEqual([count, sent!.checksum]);
    }

    const bytes = readFileSync(folderFile);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const inLake = createHash('sha256');
    for await (const piece of await bucket.read(part)) inLake.update(piece);
    expect(inLake.digest('hex')).toBe(digest);
    const { rows } = await far.pool.query('select count(*)::int as n, count(distinct id)::int as ids from trucks');
    expect(rows[0]).toEqual({ n: count, ids: count });

    // Nothing that was there has come again: one upload, and of the file no more than what was on its way.
    expect(lake.asked.filter((one) => one.endsWith('?uploads'))).toHaveLength(1);
    expect(lake.asked.filter((one) => one.endsWith('?part=1'))).toHaveLength(1);
    const usedOf = async (at: number) =>
      (
        (await call(second.url, 'GET', `/api/grants/${first.grants[at]}/balance`)) as never as {
          used: { calls: number; rows: number; bytes: number };
        }
      ).used;
    const [used, copied, uploaded] = await Promise.all([usedOf(0), usedOf(1), usedOf(2)]);
    for (const one of [used, copied, uploaded]) expect(one).toMatchObject({ calls: 1, rows: count });
    expect(used!.bytes - bytes.length).toBeLessThan(2 * mebibyte);
    expect(copied!.bytes - bytes.length).toBeLessThan(2 * mebibyte);
    expect(uploaded!.bytes - bytes.length).toBeLessThan(9 * mebibyte);
  },
);

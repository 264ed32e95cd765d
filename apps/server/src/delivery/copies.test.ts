/** Files of a contract with a watermark through the buyers' own door, and a leaked part of one traced back to it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { verifyBundle } from '@shugu/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import { trustOf } from '../kernel/issue/index.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { DeliverableVersion } from './model.ts';
import { type Answer, openRig, planOf, type Rig, start, type Who } from './testing.ts';

const columns = ['trip', 'plate', 'city', 'seen', 'weight', 'speed'];
const terms = { watermark: { altered: { weight: '2', speed: '0.5', seen: '30' }, syntheticRows: 5 } };
type Row = Record<string, string>;

const rows: Row[] = Array.from({ length: 6000 }, (_, at) => ({
  trip: String(900_000 + at),
  plate: `湘Z${10_000 + ((at * 31) % 9000)}`,
  city: ['长沙', '株洲', '湘潭'][at % 3]!,
  seen: new Date(Date.UTC(2026, 0, 1) + ((at * 977) % 7_776_000) * 1000).toISOString().slice(0, 19).replace('T', ' '),
  weight: String((at * 7919) % 40_000),
  speed: (((at * 331) % 9000) / 100).toFixed(2),
}));
// As programs write it: quotes, CRLF, and a plate that needs them.
const csvOf = (of: readonly Row[], names = columns): string =>
  [names, ...of.map((row) => names.map((name) => (name === 'plate' ? `"${row[name]}"` : row[name])))]
    .map((cells) => cells.join(','))
    .join('\r\n');
/** Of the forms that are only looked at once. */
const few = rows.slice(0, 1500);
const ndjson = few
  .map(
    ({ trip, plate, city, seen, weight, speed }) =>
      `{"trip": ${trip}, "plate": "${plate}", "city": "${city}", "seen": "${seen}", "weight": ${weight}, "speed": ${speed}}`,
  )
  .join('\n');

const withDuck = async <T>(
  use: (query: (text: string) => Promise<Row[]>, folder: string) => Promise<T>,
): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'shugu-copies-'));
  const duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  try {
    return await use(async (text) => (await duck.runAndReadAll(text)).getRowObjectsJson() as Row[], folder);
  } finally {
    duck.closeSync();
    rmSync(folder, { recursive: true });
  }
};

const makeVersion = async (kernel: Kernel): Promise<DeliverableVersion> => {
  const parquet = await withDuck(async (query, folder) => {
    writeFileSync(join(folder, 'rows.csv'), csvOf(few));
    await query(`COPY (SELECT * FROM read_csv('${folder}/rows.csv')) TO '${folder}/rows.parquet' (FORMAT parquet)`);
    return readFileSync(join(folder, 'rows.parquet'));
  });
  const keep = async (name: string, content: Buffer | string) => ({
    name,
    contentType: 'application/octet-stream',
    ...(await kernel.objects.put(Buffer.from(content))),
  });
  const data = await keep('rows.parquet', parquet);
  const table = async (name: string, content: Buffer | string) => ({
    name,
    columns: columns.map((column) => ({ name: column })),
    cells: [],
    rowCount: rows.length,
    original: await keep(name, content),
    normal: null,
    data,
    newest: null,
  });
  return {
    id: newId('ver', start),
    product: newId('prd', start),
    productName: '货车轨迹',
    participant: 'org_supplier',
    createdAt: start,
    serviceLevels: null,
    deliveryModes: ['file', 'share'],
    tables: [
      await table('trips.csv', csvOf(rows)),
      await table('trips.ndjson', ndjson),
      await table('trips.parquet', parquet),
      await table('report.pdf', '%PDF-1.7 …'),
      await table('headless.csv', csvOf(rows).split('\r\n').slice(1).join('\r\n')),
    ],
  };
};

const markable = ['trips.csv', 'trips.ndjson', 'trips.parquet'];
const endpointOf = (names: readonly string[]) => ({
  endpoints: [{ kind: 'file', files: names.map((table) => ({ table, form: 'original' })) }],
});
const setFiles = (names: readonly string[]) =>
  rig.call('supplier', 'PUT', `/api/versions/${rig.version.id}/endpoints`, endpointOf(names));

let rig: Rig;
let holders: Record<'buyer' | 'stranger', { grant: string; key: string; csv: Buffer }>;

const keyOf = async (who: Who, grant: string): Promise<string> =>
  (await rig.call(who, 'POST', `/api/grants/${grant}/keys`, { name: '下载' })).body.secret;
const download = (grant: string, key: string, name: string, headers: Record<string, string> = {}) =>
  rig.use(`/gateway/file/${grant}/${name}`, key, headers);
const bytesOf = async (who: 'buyer' | 'stranger', name: string): Promise<Buffer> => {
  const { grant, key } = holders[who];
  return Buffer.from(await (await download(grant, key, name)).arrayBuffer());
};

const open = async (who: 'buyer' | 'stranger') => {
  const grant = await rig.grant(planOf(terms), [{ kind: 'file' }], { buyer: `org_${who}` });
  const key = await keyOf(who, grant);
  return { grant, key, csv: Buffer.from(await (await download(grant, key, 'trips.csv')).arrayBuffer()) };
};

let count = 0;
const trace = async (body: string | Buffer) => {
  const reply = await fetch(`${rig.origin}/api/traces?name=leak`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer supplier-token',
      'content-type': 'application/octet-stream',
      'idempotency-key': `copies-${++count}-000000`,
    },
    body,
  });
  return { status: reply.status, body: (await reply.json()) as Answer };
};
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const recordsOf = (csv: Buffer): string[] => csv.toString().split('\r\n').slice(1);
const rowOf = (record: string): Row =>
  Object.fromEntries(record.split(',').map((cell, at) => [columns[at]!, cell.replaceAll('"', '')]));
/** A hundredth, back to front. */
const part = <T>(all: readonly T[], every = 100): T[] => all.filter((_, at) => at % every === 7).reverse();

beforeAll(async () => {
  rig = await openRig({ make: makeVersion });
  await setFiles(markable);
  holders = { buyer: await open('buyer'), stranger: await open('stranger') };
}, 120_000);
afterAll(() => rig?.close());

describe('a file of a contract with a watermark', () => {
  it('is each buyer’s own, and differs from the original only where it is declared', () => {
    const original = csvOf(rows);
    for (const { csv } of Object.values(holders)) {
      const [copied, before] = [recordsOf(csv), recordsOf(Buffer.from(original))];
      expect(csv.toString().split('\r\n')[0]).toBe(columns.join(','));
      const counts = new Map<string, number>();
      for (const record of copied) counts.set(record.slice(0, 6), (counts.get(record.slice(0, 6)) ?? 0) + 1);
      // Made-up rows bear the number of a trip that is there already.
      const made = copied.filter((record) => counts.get(record.slice(0, 6))! > 1);
      expect(made.length).toBeLessThanOrEqual(10);
      expect(copied.length).toBe(before.length + 5);
      const own = new Map(before.map((record) => [record.slice(0, 6), rowOf(record)]));
      const moved = { weight: 0, speed: 0, seen: 0 };
      for (const record of copied.filter((one) => !made.includes(one))) {
        const [row, was] = [rowOf(record), own.get(record.slice(0, 6))!];
        expect(record).toContain(`"${was.plate}"`);
        expect([row.trip, row.plate, row.city]).toEqual([was.trip, was.plate, was.city]);
        for (const [column, step] of [
          ['weight', 2],
          ['speed', 0.5],
        ] as const) {
          const by = Math.abs(Number(row[column]) - Number(was[column]));
          if (by > 0) moved[column] += 1;
          expect([0, step]).toContain(Math.round(by * 100) / 100);
        }
        if (row.seen !== was.seen) moved.seen += 1;
      }
      for (const share of Object.values(moved)) expect(share / rows.length).toBeGreaterThan(0.15);
    }
    expect(sha256(holders.buyer.csv)).not.toBe(sha256(holders.stranger.csv));
  });

  it('goes out as any file does: digest, ranges, resumption, one call each', async () => {
    const { grant, key, csv } = holders.buyer;
    const whole = await download(grant, key, 'trips.csv');
    expect(Buffer.from(await whole.arrayBuffer()).equals(csv)).toBe(true);
    expect(whole.headers.get('etag')).toBe(`"${sha256(csv)}"`);
    expect(whole.headers.get('repr-digest')).toBe(`sha-256=:${createHash('sha256').update(csv).digest('base64')}:`);
    expect(whole.headers.get('x-receipt')).toBeTruthy();
    const rest = await download(grant, key, 'trips.csv', { range: 'bytes=100-', 'if-range': `"${sha256(csv)}"` });
    expect([rest.status, Buffer.from(await rest.arrayBuffer()).equals(csv.subarray(100))]).toEqual([206, true]);
    // What is begun with somebody else's copy is not gone on with.
    const foreign = `"${sha256(holders.stranger.csv)}"`;
    expect((await download(grant, key, 'trips.csv', { range: 'bytes=100-', 'if-range': foreign })).status).toBe(200);
    const view = (await rig.call('buyer', 'GET', `/api/grants/${grant}`)).body;
    expect(view.lines[0]).toMatchObject({ ready: true, marked: true });
    const shown = view.lines[0].files.find(({ name }: { name: string }) => name === 'trips.csv');
    expect(shown).toEqual({ name: 'trips.csv', bytes: csv.length, sha256: sha256(csv) });
    const { paths } = (await rig.call('buyer', 'GET', `/api/grants/${grant}/openapi.json`)).body;
    expect(paths[`/gateway/file/${grant}/{name}`].get.parameters[0].schema.enum).toEqual(markable);
    const opened = await rig.kernel.database.rows<{ data: Answer }>(
      sql`select data from events where type = 'delivery.grant.opened' and subject = ${grant}`,
    );
    expect(opened[0]!.data.delivered[0].files).toContainEqual(shown);
    const endpoints = (await rig.call('supplier', 'GET', `/api/versions/${rig.version.id}/endpoints`)).body.items;
    expect(endpoints[0].copies).toEqual({ made: 6, building: 0, faults: [] });
  });

  it('is what the node stated in its log when it was made, to nobody but its parties', async () => {
    const { grant, csv } = holders.stranger;
    const fetched = (who: Who, file = 'trips.csv') =>
      fetch(`${rig.origin}/api/grants/${grant}/copies/proof?file=${file}`, {
        headers: { authorization: `Bearer ${who}-token` },
      });
    const bundle = await (await fetched('supplier')).text();
    const { database, keys } = rig.kernel;
    const trust = await trustOf(database, keys, async (participant) => participant || '节点');
    const holds = async (text: string) => (await verifyBundle(Buffer.from(text), trust)).ok;
    expect(await holds(bundle)).toBe(true);
    expect(await holds(bundle.replace(sha256(csv), sha256(holders.buyer.csv)))).toBe(false);
    const { contract } = (await rig.delivery.grant(database, grant))!;
    expect(JSON.parse(bundle).document).toMatchObject({
      copy: contract,
      table: 'trips.csv',
      source: `sha256:${sha256(Buffer.from(csvOf(rows)))}`,
      digest: `sha256:${sha256(csv)}`,
      bytes: csv.length,
      rows: rows.length + 5,
      key: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect((await fetched('stranger')).status).toBe(200);
    expect((await fetched('stranger', 'report.pdf')).status).toBe(404);
    expect((await fetched('buyer')).status).toBe(404);
    const logged = await database.rows<{ entry: Buffer }>(sql`select entry from log_entries where kind = 'markedCopy'`);
    expect(logged).toHaveLength(6);
    for (const { entry } of logged)
      expect(Object.keys(JSON.parse(entry.toString())).sort()).toEqual(['commitment', 'form', 'kind', 'v']);
  });

  it('is what it was when it is lost and made again', async () => {
    const { grant, key, csv } = holders.buyer;
    rmSync(rig.kernel.objects.pathOf(`sha256:${sha256(csv)}`));
    await rig.restart();
    await rig.settle();
    const again = await download(grant, key, 'trips.csv');
    expect(sha256(Buffer.from(await again.arrayBuffer()))).toBe(sha256(csv));
  });

  it('waits for its copy when the terms change, and is served to nobody after the contract', async () => {
    await setFiles(['trips.csv']);
    const contract = newId('con', rig.kernel.clock.now());
    const kinds = [{ kind: 'file' as const }];
    const grant = await rig.grant(planOf(terms), kinds, { contract });
    const key = await keyOf('buyer', grant);
    const other = planOf({ watermark: { altered: { weight: '4' }, syntheticRows: 0 } });
    await rig.as('system', async (tx) => {
      const held = (await rig.delivery.grant(tx, grant))!;
      await rig.delivery.openGrant(tx, {
        ...held,
        contract,
        plan: other,
        policyHash: other.policyHash,
        drivers: kinds,
        buyerRegion: undefined,
        defaultPurpose: undefined,
        defaultAction: undefined,
      });
    });
    await expect.poll(async () => (await download(grant, key, 'trips.csv')).status).toBe(503);
    const waits = await download(grant, key, 'trips.csv');
    expect([waits.headers.get('retry-after'), ((await waits.json()) as Answer).code]).toEqual(['5', 'preparing']);
    await rig.settle();
    const copy = Buffer.from(await (await download(grant, key, 'trips.csv')).arrayBuffer());
    expect(recordsOf(copy)).toHaveLength(rows.length);
    await rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { contract }, '合同解除'));
    expect((await download(grant, key, 'trips.csv')).status).toBe(403);
    await setFiles(markable);
  });
});

describe('a trace of a file', () => {
  it('names the contract of a leaked hundredth without two columns, and no one from the original', async () => {
    const names = ['plate', 'city', 'seen', 'weight'];
    const leaked = csvOf(part(recordsOf(holders.stranger.csv).map(rowOf)), names);
    const found = await trace(leaked);
    expect(found).toMatchObject({
      status: 201,
      body: { named: [{ grant: holders.stranger.grant, buyer: { id: 'org_stranger' }, method: 'altered' }] },
    });
    expect(found.body.named).toHaveLength(1);
    const innocent = await trace(csvOf(part(rows), names));
    expect([innocent.status, innocent.body.named]).toEqual([201, []]);
  });

  it('names it from NDJSON and from Parquet too', async () => {
    const lines = (await bytesOf('buyer', 'trips.ndjson')).toString().split('\n');
    expect(lines.filter((line) => ndjson.includes(line)).length / lines.length).toBeLessThan(0.7);
    const named = async (body: string | Buffer) =>
      (await trace(body)).body.named.map(({ grant }: { grant: string }) => grant);
    expect(await named(part(lines, 15).join('\n'))).toEqual([holders.buyer.grant]);
    const parquet = await bytesOf('stranger', 'trips.parquet');
    const leaked = await withDuck(async (query, folder) => {
      writeFileSync(join(folder, 'copy.parquet'), parquet);
      const from = `SELECT seen, weight, speed, plate FROM read_parquet('${folder}/copy.parquet') USING SAMPLE 100 ROWS`;
      await query(`COPY (${from}) TO '${folder}/leak.parquet' (FORMAT parquet)`);
      return readFileSync(join(folder, 'leak.parquet'));
    });
    expect(await named(leaked)).toEqual([holders.stranger.grant]);
  });
});

describe('a file that cannot be marked', () => {
  it('is told when terms are made, and takes no place of one that is served to marked contracts', async () => {
    const faults = (given: Parameters<typeof planOf>[0]) =>
      rig.delivery.unmarkable(rig.kernel.database, rig.version.id, planOf(given).watermark!);
    expect(await faults(terms)).toEqual([]);
    expect(await faults({ watermark: { altered: { load: '1' }, syntheticRows: 0 } })).toHaveLength(3);
    for (const table of ['report.pdf', 'headless.csv'])
      expect((await setFiles([...markable, table])).body).toMatchObject({
        code: 'delivery.notMarkable',
        detail: expect.stringContaining(table),
      });
    expect((await download(holders.buyer.grant, holders.buyer.key, 'trips.csv')).status).toBe(200);
  });

  it('keeps its grant closed where it was agreed on nevertheless, and its supplier is told', async () => {
    const dates = { watermark: { altered: { city: '1' }, syntheticRows: 0 } };
    const grant = await rig.grant(planOf(dates), [{ kind: 'file' }]);
    const view = (await rig.call('buyer', 'GET', `/api/grants/${grant}`)).body;
    expect(view).toMatchObject({ state: 'opening', lines: [{ ready: false, files: [] }] });
    const told = (await rig.call('supplier', 'GET', `/api/versions/${rig.version.id}/endpoints`)).body.items[0].copies;
    expect(told.faults).toContainEqual({ zh: expect.anything(), en: expect.stringContaining('no value') });
  });
});

describe('copies of a contract that has ended', () => {
  const files = async () =>
    (
      await readdir(join(rig.kernel.objects.pathOf(`sha256:${'0'.repeat(64)}`), '../..'), {
        recursive: true,
        withFileTypes: true,
      })
    ).flatMap((one) => (one.isFile() ? one.name : []));
  const digests = (grant: string) =>
    rig.kernel.database.rows<{ name: string; hex: string }>(sql`select c.table_name as name, substr(c.digest, 8) as hex
      from delivery_file_copies c join delivery_grants g on g.contract = c.copy and g.version = c.version
      where g.id = ${grant} order by 1`);

  it('go a day later, but for bytes that somebody else has brought; what was stated and what a trace asks stays', async () => {
    const { buyer, stranger } = holders;
    const { pathOf } = rig.kernel.objects;
    const own = await digests(buyer.grant);
    expect(own).toHaveLength(markable.length);
    for (const { hex } of own) utimesSync(pathOf(`sha256:${hex}`), 0, 0);
    // As a paper of a case, say.
    const { hex: kept } = own.find(({ name }) => name === 'trips.ndjson')!;
    await rig.kernel.database.pool.query('create table found (object text)');
    await rig.kernel.database.pool.query('insert into found values ($1)', [`sha256:${kept}`]);
    await rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant: buyer.grant }, '合同解除'));
    await rig.settle();
    const before = await files();
    expect(before).toEqual(expect.arrayContaining(own.map(({ hex }) => hex)));
    rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 86_400_000 + 1));
    await rig.settle();
    const gone = own.map(({ hex }) => hex).filter((hex) => hex !== kept);
    expect((await files()).sort()).toEqual(before.filter((hex) => !gone.includes(hex)).sort());
    expect((await download(stranger.grant, stranger.key, 'trips.csv')).status).toBe(200);
    const { database } = rig.kernel;
    const jobs = await database.rows(
      sql`select result from jobs where kind = 'delivery.removeSpent' and state = 'done'`,
    );
    expect(jobs).toEqual([{ result: expect.objectContaining({ cuts: 0, objects: expect.any(Number) }) }]);
    const told = await database.rows(sql`select subject from audit where action = 'delivery.fileCopy.remove'`);
    expect(told.length).toBeGreaterThanOrEqual(3);
    const proof = await fetch(`${rig.origin}/api/grants/${buyer.grant}/copies/proof?file=trips.csv`, {
      headers: { authorization: 'Bearer buyer-token' },
    });
    expect(proof.status).toBe(200);
    await proof.body?.cancel();
    const leaked = part(recordsOf(buyer.csv));
    const found = await trace([columns.join(','), ...leaked].join('\r\n'));
    expect(found.body.named).toMatchObject([{ grant: buyer.grant }]);
    await rig.restart();
    await rig.settle();
    expect(await files()).not.toEqual(expect.arrayContaining([gone[0]]));
  });
});

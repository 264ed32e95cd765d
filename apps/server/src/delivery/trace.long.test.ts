/** Marked copies through the buyers' own door, and a leaked part of one traced back through the supplier's. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saidBy } from '../../../cli/src/testing.ts';
import { run as shuguTrace } from '../../../cli/src/trace.ts';
import { sql } from '../kernel/db/db.ts';
import { openShare, type SharedTable } from './share/testing.ts';
import { type Answer, planOf, type Who } from './testing.ts';

const data = `SELECT 900000 + i AS trip, '湘Z' || (10000 + i * 31 % 9000) AS plate, ['长沙', '株洲', '湘潭'][i % 3 + 1] AS city,
  TIMESTAMP '2026-01-01' + INTERVAL (i * 977 % 7776000) SECOND AS seen, i * 7919 % 40000 AS weight,
  CAST(i * 331 % 9000 / 100 AS DECIMAL(6,2)) AS speed FROM range(6000) r(i)`;
const terms = { watermark: { altered: { weight: '2', speed: '0.5', seen: '30' }, syntheticRows: 8 } };
type Row = Record<string, string | null>;

let shared: SharedTable;
let stranger: string;
let original: Row[];
let copies: { buyer: Row[]; stranger: Row[] };

/** All rows of a holder's table as a client reads them, as text. */
const readCopy = async (who: Who, grant: string): Promise<Row[]> => {
  const { rig, table } = shared;
  const { profile } = (await rig.call(who, 'POST', `/api/grants/${grant}/profiles`, { name: '读取' })).body;
  const [, schema, name] = table.split('.');
  const answer = await fetch(
    `${profile.endpoint}shares/${grant}/schemas/${encodeURIComponent(schema!)}/tables/${name}/query`,
    {
      method: 'POST',
      body: '{}',
      headers: { authorization: `Bearer ${profile.bearerToken}` },
    },
  );
  const lines = (await answer.text()).trim().split('\n');
  const { file } = JSON.parse(lines.at(-1)!) as { file: { url: string } };
  return rowsOf(Buffer.from(await (await fetch(file.url)).arrayBuffer()));
};

const withDuck = async <T>(
  use: (query: (text: string) => Promise<Row[]>, folder: string) => Promise<T>,
): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'shugu-trace-'));
  const duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  try {
    const query = async (text: string) => (await duck.runAndReadAll(text)).getRowObjectsJson() as Row[];
    return await use(query, folder);
  } finally {
    duck.closeSync();
    rmSync(folder, { recursive: true });
  }
};
const asText = ['trip', 'plate', 'city', 'seen', 'weight', 'speed']
  .map((name) => `CAST(${name} AS VARCHAR) AS ${name}`)
  .join(', ');
const rowsOf = (parquet: Buffer): Promise<Row[]> =>
  withDuck((query, folder) => {
    writeFileSync(join(folder, 'copy.parquet'), parquet);
    return query(`SET TimeZone = 'UTC'; SELECT ${asText} FROM read_parquet('${join(folder, 'copy.parquet')}')`);
  });

const csv = (rows: readonly Row[], columns: readonly string[]): string =>
  [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))]
    .map((cells) => cells.join(','))
    .join('\r\n');

let count = 0;
const trace = async (who: Who, body: string | Buffer, name = 'leak.csv') => {
  const reply = await fetch(`${shared.rig.origin}/api/traces?name=${name}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${who}-token`,
      'content-type': 'application/octet-stream',
      'idempotency-key': `trace-${++count}-000000`,
    },
    body,
  });
  return { status: reply.status, body: (await reply.json()) as Answer };
};
/** Every 60th row, back to front: a hundredth, and not in its order. */
const part = (rows: readonly Row[]) => rows.filter((_, at) => at % 60 === 7).reverse();

beforeAll(async () => {
  shared = await openShare({ data, terms });
  stranger = await shared.rig.grant(planOf(terms), [{ kind: 'share' }], { buyer: 'org_stranger' });
  copies = { buyer: await readCopy('buyer', shared.grant), stranger: await readCopy('stranger', stranger) };
  original = await withDuck((query) => query(`SET TimeZone = 'UTC'; SELECT ${asText} FROM (${data})`));
}, 120_000);
afterAll(() => shared?.close());

describe('a contract with a watermark', () => {
  it('hands out a copy of its own to each buyer, and the original to nobody', () => {
    const texts = (rows: readonly Row[]) => rows.map(({ weight, speed }) => `${weight} ${speed}`);
    const same = (one: readonly Row[], other: readonly Row[]) => {
      const known = new Map(other.map((row) => [row.trip, row]));
      return one.filter((row) => texts([row])[0] === texts([known.get(row.trip!) ?? {}])[0]).length / one.length;
    };
    expect(copies.buyer.length).toBe(original.length + 8);
    expect(same(copies.buyer, original)).toBeLessThan(0.7);
    expect(same(copies.buyer, copies.stranger)).toBeLessThan(0.7);
  });

  it('is not delivered where single answers leave', async () => {
    for (const kind of ['api', 'query'] as const)
      await expect(shared.rig.grant(planOf(terms), [{ kind }])).rejects.toThrow(/notEnforceable/);
  });
});

describe('a watermark of made-up rows alone', () => {
  it('is not delivered unmarked where the table has too few rows to make up others', async () => {
    const small = await openShare({ data: `SELECT * FROM (${data}) LIMIT 50` });
    try {
      const terms = { watermark: { altered: {}, syntheticRows: 5 } };
      const grant = await small.rig.grant(planOf(terms), [{ kind: 'share' }]);
      const view = (await small.rig.call('buyer', 'GET', `/api/grants/${grant}`)).body;
      expect(view.state).toBe('opening');
    } finally {
      await small.close();
    }
  });
});

describe('a trace', () => {
  it('names the contract of a leaked hundredth without two columns, and stays on record', async () => {
    const columns = ['plate', 'seen', 'city', 'weight'];
    const leaked = part(copies.stranger);
    const found = await trace('supplier', csv(leaked, columns));
    expect(found).toMatchObject({
      status: 201,
      body: {
        file: { name: 'leak.csv', rows: leaked.length, columns },
        copies: 2,
        named: [{ grant: stranger, buyer: { id: 'org_stranger' }, table: 'trucks', method: 'altered' }],
      },
    });
    expect(found.body.named).toHaveLength(1);
    expect(found.body.named[0].logChanceOfAny).toBeLessThan(-6);
    expect((await shared.rig.call('supplier', 'GET', `/api/traces/${found.body.id}`)).body).toEqual(found.body);
    expect((await shared.rig.call('supplier', 'GET', '/api/traces')).body.items).toContainEqual(found.body);
    const audited = await shared.rig.kernel.database.rows(
      sql`select actor, data from audit where subject = ${found.body.id}`,
    );
    expect(audited).toMatchObject([{ actor: 'per_supplier', data: { sha256: found.body.file.sha256 } }]);
  });

  it('reads what tools write: NDJSON, Parquet, GB18030', async () => {
    const rows = part(copies.buyer);
    const named = async (body: string | Buffer) =>
      (await trace('supplier', body)).body.named.map(({ grant }: { grant: string }) => grant);
    expect(await named(rows.map((row) => JSON.stringify(row)).join('\n'))).toEqual([shared.grant]);
    const parquet = await withDuck(async (query, folder) => {
      writeFileSync(join(folder, 'part.csv'), csv(rows, Object.keys(rows[0]!)));
      await query(`COPY (SELECT * FROM read_csv('${folder}/part.csv')) TO '${folder}/part.parquet' (FORMAT parquet)`);
      return readFileSync(join(folder, 'part.parquet'));
    });
    expect(await named(parquet)).toEqual([shared.grant]);
    // 长沙 in GB18030; the engine itself reads UTF-8 only.
    const foreign = Buffer.concat(
      csv(
        rows.map((row) => ({ ...row, city: '#' })),
        ['seen', 'city', 'weight', 'speed'],
      )
        .split('#')
        .flatMap((piece, at) => [...(at > 0 ? [Buffer.from([0xb3, 0xa4, 0xc9, 0xb3])] : []), Buffer.from(piece)]),
    );
    expect(await named(foreign)).toEqual([shared.grant]);
  });

  it('is asked for from the command line, which ends with 0 where somebody is named and with 1 where no one is', async () => {
    await withDuck(async (_query, folder) => {
      writeFileSync(join(folder, 'leak.csv'), csv(part(copies.stranger), ['plate', 'seen', 'weight', 'speed']));
      writeFileSync(join(folder, 'innocent.csv'), csv(part(original), ['plate', 'seen', 'weight', 'speed']));
      writeFileSync(join(folder, 'key'), 'supplier-token\n');
      const context = { cwd: folder, language: 'en' } as const;
      const options = ['--url', shared.rig.origin, '--key-file', 'key'];
      const leak = await saidBy(() => shuguTrace(['leak.csv', ...options], context));
      expect(leak).toMatchObject({
        status: 0,
        out: expect.stringContaining('from the copy of 名称org_stranger (contract con_'),
      });
      expect(leak.out).toMatch(/at most 10\^-\d+/);
      const none = await saidBy(() => shuguTrace(['innocent.csv', '--json', ...options], context));
      expect([none.status, JSON.parse(none.out)]).toMatchObject([1, { ok: false, named: [] }]);
    });
  });

  it('finds made-up rows where no altered column is left', async () => {
    const columns = ['trip', 'plate', 'city'];
    const found = await trace('reviewer', csv(copies.buyer, columns));
    expect(found.body.named).toMatchObject([{ grant: shared.grant, method: 'synthetic' }]);
  });

  it('names no one from the original', async () => {
    const found = await trace('supplier', csv(part(original), ['plate', 'seen', 'city', 'weight']));
    expect([found.status, found.body.named]).toEqual([201, []]);
    expect(found.body.closest.logChance).toBeGreaterThan(-4);
  });

  it('is refused for what is no table, to who may not, and shown to nobody else', async () => {
    expect((await trace('supplier', '%PDF-1.7 …')).body.code).toBe('delivery.traceUnreadable');
    expect((await trace('supplier', '')).body.code).toBe('delivery.traceUnreadable');
    expect((await trace('buyer', 'a,b\n1,2')).status).toBe(403);
    expect((await trace('stranger', 'a,b\n1,2')).body.code).toBe('delivery.traceNothing');
    const { id } = (await shared.rig.call('supplier', 'GET', '/api/traces')).body.items[0];
    expect((await shared.rig.call('stranger', 'GET', `/api/traces/${id}`)).status).toBe(404);
    expect((await shared.rig.call('stranger', 'GET', '/api/traces')).body.items).toEqual([]);
  });
});

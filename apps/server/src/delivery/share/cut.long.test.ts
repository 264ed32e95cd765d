import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { copyKey, gather, type Row, score } from '@shugu/watermark';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CutInput, type CutResult, cutTable } from './cut.ts';

const root = mkdtempSync(join(tmpdir(), 'shugu-cut-'));
const folder = join(root, 'cut');
let duck: DuckDBConnection;
beforeAll(async () => {
  mkdirSync(folder);
  duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
});
afterAll(() => {
  duck.closeSync();
  rmSync(root, { recursive: true });
});

const made = async (name: string, select: string): Promise<string> => {
  const path = join(root, name);
  await duck.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  return path;
};
const cut = (source: string, more: Partial<CutInput>): Promise<CutResult> =>
  cutTable({
    source,
    folder,
    dictionary: ['id', 'name'],
    columns: null,
    masks: {},
    rowFilter: [],
    maskKey: null,
    watermark: null,
    before: null,
    rowsPerFile: 122_880,
    ...more,
  });
const ask = async (files: CutResult['files'], select: string) => {
  const paths = files.map(({ file }) => `'${join(folder, file.name)}'`).join(', ');
  return (await duck.runAndReadAll(`SELECT ${select} FROM read_parquet([${paths}])`)).getRowsJS()[0]!.map(Number);
};
/** More than an appender of DuckDB holds back, also of the rows that pass. */
const rows = 390_000;

describe('a cut', () => {
  it('loses no row of a table larger than any buffer, and keeps their order', async () => {
    const source = await made('many', `SELECT i AS id, 'n' || i AS name, i % 3 AS hidden FROM range(${rows}) r(i)`);
    const result = await cut(source, {
      masks: { name: { kind: 'truncate', length: 2 } },
      rowFilter: [{ column: 'hidden', operator: '!=', value: 1 }],
    });
    expect(result.rows).toBe(260_000);
    expect(result.files.map(({ file }) => file.stats.numRecords)).toEqual([122_880, 122_880, 14_240]);
    const [count, sum, longest] = await ask(result.files, 'count(*), sum(id), max(length(name))');
    expect([count, sum, longest]).toEqual([260_000, ((rows - 1) * rows) / 2 - (rows / 3) * (rows / 2 - 0.5), 2]);
    const [first, second, last] = result.files.map(({ file }) => file.stats);
    expect([first!.minValues.id, last!.maxValues.id]).toEqual([0, rows - 1]);
    expect(Number(first!.maxValues.id)).toBeLessThan(Number(second!.minValues.id));
  });

  it('keeps the files of what did not change, and tells exactly what came and went', async () => {
    const select = (change: string) => `SELECT i AS id, ${change} AS name FROM range(${rows}) r(i)`;
    const before = await cut(await made('before', select("'n' || i")), {});
    const known = readdirSync(folder).length;
    const source = await made(
      'after',
      `${select(`CASE WHEN i = ${rows - 1} THEN 'other' ELSE 'n' || i END`)} UNION ALL SELECT ${rows}, 'new'`,
    );
    const files = before.files.map(({ id, file }) => ({ id, name: file.name }));
    const after = await cut(source, { before: { fields: before.fields, files } });
    expect(after.files.slice(0, 3)).toEqual(before.files.slice(0, 3));
    expect(readdirSync(folder).length).toBe(known + 2);
    const [inserted, deleted] = await ask(
      after.changes,
      `count(*) FILTER (_change_type = 'insert'), count(*) FILTER (_change_type = 'delete')`,
    );
    expect([inserted, deleted]).toEqual([2, 1]);
  });

  it('is refused where a column no longer fits, rather than rounded', async () => {
    const first = await cut(await made('two', 'SELECT 1 AS id, 1.25::DECIMAL(6,2) AS name'), {});
    const before = { fields: first.fields, files: first.files.map(({ id, file }) => ({ id, name: file.name })) };
    const wider = await made('three', 'SELECT 1 AS id, 1.255::DECIMAL(6,3) AS name');
    await expect(cut(wider, { before })).rejects.toMatchObject({ code: 'share.columns', details: { column: 'name' } });
    const narrower = await cut(await made('one', 'SELECT 1 AS id, 1.5::DECIMAL(4,1) AS name'), { before });
    expect(narrower.fields).toEqual(first.fields);
    await expect(cut(await made('none', 'SELECT 1 AS id'), {})).rejects.toMatchObject({ code: 'share.columns' });
    await expect(cut(wider, { columns: ['other'] })).rejects.toMatchObject({ code: 'share.empty' });
  });

  it('of nothing is an empty table with its columns', async () => {
    const source = await made('empty', `SELECT i AS id, 'n' AS name FROM range(5) r(i)`);
    const result = await cut(source, { rowFilter: [{ column: 'id', operator: '>', value: 9 }] });
    expect([result.files, result.rows, result.fields.length]).toEqual([[], 0, 2]);
  });
});

describe('a marked cut', () => {
  const columns = ['id', 'name', 'city', 'seen', 'weight', 'speed'];
  const data = (count: number) => `SELECT i AS id, 'n' || i AS name, ['长沙', '湘潭'][i % 2 + 1] AS city,
    TIMESTAMP '2026-01-01' + INTERVAL (i * 977) SECOND AS seen, i * 7919 % 40000 AS weight,
    CAST(i * 331 % 9000 / 100 AS DECIMAL(6,2)) AS speed, FROM range(${count}) r(i)`;
  const watermark = (buyer: string) => ({
    altered: { weight: '2', speed: '0.5', seen: '30' },
    syntheticRows: 5,
    key: copyKey(Buffer.alloc(32, 1), buyer).toString('hex'),
    synthetic: null,
  });
  const marked = async (source: string, buyer: string, more: Partial<CutInput> = {}) =>
    cut(source, { dictionary: columns, watermark: watermark(buyer), ...more });
  const rowsOf = async (files: CutResult['files'], order = '') => {
    const paths = files.map(({ file }) => `'${join(folder, file.name)}'`).join(', ');
    const select = columns.map((name) => `CAST(${name} AS VARCHAR) AS ${name}`).join(', ');
    return (
      await duck.runAndReadAll(`SELECT ${select} FROM read_parquet([${paths}]) ${order}`)
    ).getRowObjects() as Row[];
  };

  it('has its types, its rows in order, each value within the bound, and made-up rows among them', async () => {
    const source = await made('plain', data(20_000));
    const [plain, own] = [await cut(source, { dictionary: columns }), await marked(source, 'one')];
    expect(own.fields).toEqual(plain.fields);
    expect(own.rows).toBe(plain.rows + 5);
    const made5 = new Set(own.synthetic!.rows.map((row) => JSON.stringify(row)));
    expect(made5.size).toBe(5);
    const rows = await rowsOf(own.files);
    const real = rows.filter((row) => !made5.has(JSON.stringify(row)));
    const before = await rowsOf(plain.files);
    expect(real.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const moved = { weight: new Set<number>(), speed: new Set<number>(), seen: new Set<number>() };
    const amount = (text: string) => (text.includes(':') ? Date.parse(`${text.slice(0, 19)}Z`) / 1000 : Number(text));
    real.forEach((row, at) => {
      expect([row.name, row.city]).toEqual([before[at]!.name, before[at]!.city]);
      for (const column of ['weight', 'speed', 'seen'] as const)
        moved[column].add(Number((amount(row[column]!) - amount(before[at]![column]!)).toFixed(6)));
    });
    expect(moved).toEqual({ weight: new Set([0, 2, -2]), speed: new Set([0, 0.5, -0.5]), seen: new Set([0, 30, -30]) });
  });

  it('is traced by what it holds, one buyer from another', async () => {
    const source = await made('traced', data(5000));
    const [one, other] = [await marked(source, 'one'), await marked(source, 'other')];
    expect(one.files[0]!.id).not.toBe(other.files[0]!.id);
    expect((await marked(source, 'one')).files[0]!.id).toBe(one.files[0]!.id);
    const alterable = Object.entries(watermark('one').altered).map(([column, maxChange]) => ({ column, maxChange }));
    const file = gather({ columns, alterable }, columns);
    file.add((await rowsOf(one.files)).slice(0, 200));
    const chances = ['one', 'other'].map(
      (buyer) => score(file.evidence(), copyKey(Buffer.alloc(32, 1), buyer)).logChance,
    );
    expect(chances[0]).toBeLessThan(-30);
    expect(chances[1]).toBeGreaterThan(-6);
  });

  it('keeps its made-up rows in the next revision, so that changes do not show them', async () => {
    const first = await made('first', data(5000));
    const second = await made('second', data(5001));
    const one = await marked(first, 'kept');
    const next = await marked(second, 'kept', {
      watermark: { ...watermark('kept'), synthetic: one.synthetic },
      before: { fields: one.fields, files: one.files.map(({ id, file }) => ({ id, name: file.name })) },
    });
    expect(next.changes.reduce((sum, { file }) => sum + file.stats.numRecords, 0)).toBe(1);
  });

  it('is refused where a column cannot hold its change', async () => {
    const source = await made('unfit', data(200));
    await expect(
      marked(source, 'one', { watermark: { ...watermark('one'), altered: { weight: '0.5' } } }),
    ).rejects.toThrow(/cannot hold/);
  });
});

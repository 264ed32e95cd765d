import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TableLookup } from './lookup.ts';
import { buildPointStore, type PointColumn } from './pointbuild.ts';
import { openPointStore, POINT_STORE_LIMITS, type PointStore } from './pointstore.ts';

const folder = mkdtempSync(join(tmpdir(), 'shugu-points-'));
afterAll(() => rmSync(folder, { recursive: true }));

const columns: PointColumn[] = [
  { name: 'plate', type: 'text', filled: true },
  { name: 'day', type: 'integer', filled: true },
  { name: 'meters', type: 'integer' },
  { name: 'city', type: 'text' },
  { name: 'colour', type: 'text' },
];
const indexes = [['plate', 'day'], ['city'], ['colour']];
const past53 = 2n ** 60n + 1n;
/** Each plate on two days twice; more rows of one city and of one colour than a question may walk through. */
const many = POINT_STORE_LIMITS.rowsScannedMax + 8;
const rows = Array.from({ length: many }, (_, at) => [
  `湘${Math.floor(at / 4)}`,
  (at >> 1) % 2,
  at === 5 ? past53 : at,
  '长沙',
  at < 3 ? '红' : '蓝',
]);

const layouts: [string, PointColumn[]][] = [
  ['in the order of the key', columns],
  ['with a key that may be missing', columns.map((column) => ({ ...column, filled: false }))],
];

describe.each(layouts)('a store %s', (layout, own) => {
  let store: PointStore;
  const path = join(folder, `${own[0]!.filled}.sqlite`);
  beforeAll(async () => {
    const batches = [rows.slice(0, 1000), rows.slice(1000)];
    expect(await buildPointStore(path, [{ name: 'trucks', columns: own, indexes, rows: batches }])).toEqual({
      trucks: many,
    });
    store = openPointStore(path);
  });
  afterAll(() => store.close());

  const lookup = (filters: Record<string, string>, more: Partial<TableLookup> = {}) => {
    const asked = Object.entries(filters).map(([column, value]) => ({ column, value }));
    return store.lookup({ table: 'trucks', filters: asked, rowFilter: [], limit: 10, ...more });
  };

  test('is laid out so', () => {
    const database = new DatabaseSync(path, { readOnly: true });
    const { sql } = database.prepare("select sql from sqlite_schema where name = 'trucks'").get() as { sql: string };
    database.close();
    expect(sql.includes('without rowid')).toBe(layout === 'in the order of the key');
  });

  test('gives every row of a key, all columns or some', async () => {
    expect(await lookup({ plate: '湘3', day: '1' })).toEqual({
      columns: ['plate', 'day', 'meters', 'city', 'colour'],
      rows: [14, 15].map((at) => ['湘3', 1, at, '长沙', '蓝']),
    });
    expect((await lookup({ plate: '湘3' }, { columns: ['meters', 'nothing'] })).rows).toEqual([[12], [13], [14], [15]]);
    expect((await lookup({ plate: '湘3', day: '7' })).rows).toEqual([]);
  });

  test('gives whole numbers past 2^53 unrounded, as often as asked', async () => {
    for (let time = 0; time < 2; time++)
      expect((await lookup({ plate: '湘1' }, { columns: ['meters'] })).rows).toContainEqual([past53]);
  });

  test('the row filter is judged on what is read besides', async () => {
    const rowFilter = [{ column: 'meters', operator: '>', value: 13 } as const];
    expect((await lookup({ plate: '湘3' }, { columns: ['meters'], rowFilter })).rows).toEqual([[14], [15]]);
  });

  test('walks through few rows, whatever is asked', async () => {
    expect((await lookup({ city: '长沙' }, { limit: 5 })).rows.length).toBeGreaterThanOrEqual(5);
    // The narrower index goes first, whichever way the question is put.
    expect((await lookup({ city: '长沙', colour: '红' })).rows).toHaveLength(3);
    expect((await lookup({ colour: '红', plate: '湘0', city: '长沙' })).rows).toHaveLength(3);
    const broad: Record<string, string>[] = [{ city: '长沙', colour: '蓝' }, { day: '1' }];
    for (const filters of broad)
      expect(() => lookup(filters)).toThrow(expect.objectContaining({ code: 'filterTooBroad' }));
  });
});

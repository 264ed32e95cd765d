import { createHmac } from 'node:crypto';
import { DuckDBInstance } from '@duckdb/node-api';
import { applyToRow, type RowCondition, rowMatches } from '@shugu/policy';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { conditionSql, notGranted, sqlText, viewSql } from './views.ts';

let instance: DuckDBInstance;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
});
afterAll(() => instance.closeSync());

/** As the look-up's store holds a value: decimals and times as text, true as 1. */
const kinds = {
  VARCHAR: fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.constantFrom('9', '10', ' 7 ', '0x10', '1e3', 'inf', 'NaN', '', '长沙', '（', '𠮷', '湘A'),
  ),
  BIGINT: fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }),
  INTEGER: fc.integer({ min: -200, max: 200 }),
  DOUBLE: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  BOOLEAN: fc.boolean(),
  DATE: fc.integer({ min: 0, max: 20_000 }).map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10)),
} as const;
const operator = fc.constantFrom<RowCondition['operator'][]>('=', '!=', '<', '<=', '>', '>=');
const literal = fc.oneof(
  fc.integer({ min: -200, max: 200 }),
  fc.double({ min: -1e5, max: 1e5, noNaN: true }).map((value) => Math.round(value * 100) / 100),
  kinds.VARCHAR.filter((text) => !text.includes('\0')),
  kinds.DATE,
);

const one = fc
  .constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[]))
  .chain((type) => fc.tuple(fc.constant(type), fc.option(kinds[type] as fc.Arbitrary<unknown>, { freq: 8 })));
const stored = (value: unknown) => (typeof value === 'boolean' ? Number(value) : value);

test('a row filter in SQL lets pass no row that the policy withholds, and hardly one less', async () => {
  const connection = await instance.connect();
  let [both, narrower] = [0, 0];
  await fc.assert(
    fc.asyncProperty(one, operator, literal, async ([type, value], sign, text) => {
      fc.pre(typeof value !== 'string' || !value.includes('\0'));
      const condition: RowCondition = { column: 'c', operator: sign, value: text };
      const cell = value === null ? 'NULL' : sqlText(String(value));
      const sql = `SELECT ${conditionSql(condition, { name: 'c', type })} FROM (SELECT CAST(${cell} AS ${type}) AS c)`;
      const passes = (await connection.runAndReadAll(sql)).getRowsJS()[0]?.[0];
      const wanted = rowMatches([condition], { c: stored(value) });
      if (passes) expect(wanted, sql).toBe(true);
      both += Number(passes === wanted);
      // Text against a floating number always withholds: it has more than one text.
      narrower += Number(passes !== wanted && !(type === 'DOUBLE' && typeof text === 'string'));
    }),
    { numRuns: 1500, seed: 7 },
  );
  expect(narrower / both).toBeLessThan(0.02);
});

test('a masked value is the same as on every other path', async () => {
  const connection = await instance.connect();
  const key = Buffer.alloc(32, 9);
  const hash = (value: string) => createHmac('sha256', key).update(value).digest('base64url').slice(0, 22);
  const effects = {
    columns: ['a', 'b', 'n'],
    masks: { a: { kind: 'hash' }, b: { kind: 'truncate', length: 2 }, n: { kind: 'hash' }, d: { kind: 'hide' } },
    rowFilter: [],
  } as const;
  await connection.run(
    "create table base as select * from (values ('湘A10001', '𠮷野家', 17::integer, 'x'), ('', 'é', null, 'y')) t(a, b, n, d)",
  );
  const columns = [
    ['a', 'VARCHAR'],
    ['b', 'VARCHAR'],
    ['n', 'INTEGER'],
    ['d', 'VARCHAR'],
  ].map(([name, type]) => ({ name: name as string, type: type as string }));
  await connection.run(viewSql({ name: 'seen', source: 'base', columns }, { ...effects, maskKey: key }));
  const seen = (await connection.runAndReadAll('select * from seen')).getRowObjectsJS();
  const rows = [
    { a: '湘A10001', b: '𠮷野家', n: 17, d: 'x' },
    { a: '', b: 'é', n: null, d: 'y' },
  ];
  expect(seen).toEqual(rows.map((row) => ({ ...applyToRow(effects, row, hash) })));
});

test('a refused row cannot be found by an error in the query’s own condition', async () => {
  const connection = await instance.connect();
  await connection.run("create table people as select * from (values ('17', '1'), ('geheim', '2')) t(word, open)");
  const columns = [
    { name: 'word', type: 'VARCHAR' },
    { name: 'open', type: 'VARCHAR' },
  ];
  const effects = {
    columns: null,
    masks: {},
    rowFilter: [{ column: 'open', operator: '=', value: 1 }] as RowCondition[],
    maskKey: new Uint8Array(32),
  };
  await connection.run(viewSql({ name: 'granted', source: 'people', columns }, effects));
  // Whichever condition the engine tries first: without the view's own, a refused row has nothing in it.
  const unfiltered = viewSql({ name: 'unfiltered', source: 'people', columns }, effects).replace(/ WHERE .*$/s, '');
  await connection.run(unfiltered);
  const all = await connection.runAndReadAll('select * from unfiltered');
  expect(all.getRowObjectsJson()).toEqual([
    { word: '17', open: '1' },
    { word: null, open: null },
  ]);
  const probe = (view: string) =>
    connection.runAndReadAll(`select count(*) from ${view} where cast(word as integer) > 3`);
  expect((await probe('granted')).getRowsJson()).toEqual([['1']]);
  for (const sql of [
    'select max(cast(word as integer)) from granted',
    "select sum(case when word > 'a' then 1 end) from granted",
    'select * from granted g join granted h on cast(g.word as integer) = cast(h.word as integer)',
  ])
    await expect(connection.runAndReadAll(sql)).resolves.toBeTruthy();
});

test('what is not granted is named: a column, or a table that the filter cannot judge', () => {
  const effects = {
    columns: ['a', 'b'],
    masks: { b: { kind: 'hide' } },
    rowFilter: [{ column: 'a', operator: '=', value: 1 }],
  } as const;
  const columnsOf = (table: string) => (table === 't' ? ['a', 'b', 'c'] : ['b']);
  expect(notGranted({ t: ['a'] }, effects, columnsOf)).toBeNull();
  expect(notGranted({ t: ['a', 'c'] }, effects, columnsOf)).toBe('t.c');
  expect(notGranted({ t: ['b'] }, effects, columnsOf)).toBe('t.b');
  expect(notGranted({ t: ['a'], u: [] }, effects, columnsOf)).toBe('u: a');
});

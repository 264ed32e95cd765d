import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateEngine } from '../drivers/query/engine.ts';
import { AGGREGATES, ENGINE_VERSION, FUNCTIONS, SCALARS, WINDOWS } from './allowed.ts';
import { type GateEngine, isFinding, passGate } from './gate.ts';
import type { Parameter } from './template.ts';

let engine: GateEngine;
let instance: DuckDBInstance;
const tables = ['trucks', '检测'];
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    'create table trucks (plate varchar, score integer, city varchar, day date, price decimal(10, 2))',
  );
  await connection.run('create table 检测 (plate varchar, 结果 varchar)');
  // What a query must not reach although the engine has it.
  await connection.run('create table secrets (word varchar)');
  await connection.run("create macro leak() as table select word from secrets; set variable kept = 'word'");
  engine = await gateEngine(connection);
});
afterAll(() => instance.closeSync());

const n: Parameter = { name: 'n', title: 'n', type: 'integer' };
const d: Parameter = { name: 'd', title: 'd', type: 'decimal', scale: 2 };
async function verdict(sql: string, parameters: Parameter[] = []) {
  const found = await passGate(engine, { name: 't', title: 't', sql, parameters }, tables);
  return isFinding(found) ? found.code : found.reads;
}

describe('the gate', () => {
  it.each([
    ['select plate from trucks', { trucks: ['plate'] }],
    ['from trucks', { trucks: ['city', 'day', 'plate', 'price', 'score'] }],
    ['select * exclude (plate, day, price) from trucks', { trucks: ['city', 'score'] }],
    ["select columns('^p.*') from trucks", { trucks: ['plate', 'price'] }],
    ['select count(*) as n from trucks', { trucks: expect.any(Array) }],
    ['select t.plate, c.结果 from trucks t join 检测 c using (plate)', { trucks: ['plate'], 检测: ['plate', '结果'] }],
    ['with w as (select score from trucks) select max(score) as m from w', { trucks: ['score'] }],
    [
      'select plate from trucks t where exists (select 1 from 检测 c where c.plate = t.plate and c.结果 is null)',
      { trucks: ['plate'], 检测: ['plate', '结果'] },
    ],
    ['select plate from trucks where score = (select max(score) from trucks)', { trucks: ['plate', 'score'] }],
    [
      'select city, row_number() over (partition by city order by day) as k from trucks qualify k = 1',
      { trucks: ['city', 'day'] },
    ],
    ['select city from trucks group by all having count(*) > 3 order by all limit 5', { trucks: ['city'] }],
    [
      "select date_trunc('month', day) as m, sum(price) filter (where score > 60) as s from trucks group by 1",
      { trucks: ['day', 'price', 'score'] },
    ],
    ['select plate from trucks union all select plate from 检测', { trucks: ['plate'], 检测: ['plate'] }],
    [
      'select case when score between 1 and 5 then upper(city) else coalesce(city, plate) end as x from trucks',
      { trucks: ['city', 'plate', 'score'] },
    ],
  ])('lets pass, and says what is read: %s', async (sql, reads) => {
    expect(await verdict(sql)).toEqual(reads);
  });

  it.each([
    ['insert into trucks select * from trucks', 'notSelect'],
    ['select 1 as a; select 2 as b', 'notSelect'],
    ['', 'notSelect'],
    ["copy trucks to '/var/x'", 'notSelect'],
    ["attach '/var/x'", 'notSelect'],
    ['set threads = 8', 'notSelect'],
    ['explain select plate from trucks', 'notSelect'],
    ['pivot trucks on city using count(*)', 'notSelect'],
    ['summarize trucks', 'construct'],
    ['describe trucks', 'construct'],
    ['show tables', 'construct'],
    ['select * from secrets', 'table'],
    ['select * from main.trucks', 'table'],
    ['select * from memory.main.secrets', 'table'],
    ['select * from TRUCKS', 'table'],
    ['select * from information_schema.tables', 'table'],
    ["select * from '/etc/passwd'", 'table'],
    ['select * from leak()', 'construct'],
    ["select * from query('select * from secrets')", 'construct'],
    ["select * from query_table('secrets')", 'construct'],
    ["select * from read_text('/etc/passwd')", 'construct'],
    ['select * from duckdb_settings()', 'construct'],
    ['select * from range(1000000000)', 'construct'],
    ['select plate from trucks where exists (select 1 from secrets)', 'table'],
    ['select (select word from secrets limit 1) as w from trucks', 'table'],
    ['with secrets2 as (select * from secrets) select * from secrets2', 'table'],
    ['with secrets as (select word from secrets) select word from secrets', 'table'],
    ["select getvariable('kept') as w from trucks", 'function'],
    ["select current_setting('threads') as w from trucks", 'function'],
    ['select current_date as x', 'function'],
    ['select random() as x from trucks', 'function'],
    ['select list(plate) as x from trucks', 'function'],
    ["select string_agg(plate, ',') over () as x from trucks", 'function'],
    ["select repeat('x', 1000000000) as x", 'function'],
    ["select error('x') as x", 'function'],
    ['select main.abs(score) as x from trucks', 'function'],
    ['select trucks as whole from trucks', 'function'],
    ['select [x for x in [1]] as l', 'function'],
    ['with recursive r as (select 1 as a union all select a + 1 from r) select * from r', 'construct'],
    ['select plate from trucks using sample 1', 'construct'],
    ['select plate collate nocase as p from trucks', 'construct'],
    ['select plate::json as j from trucks', 'type'],
    ["select '{}'::varchar[] as j from trucks", 'type'],
    ['select plate from trucks where score > $n', 'parameterUnknown'],
    ['select plate from trucks where score > ?', 'parameterUnnamed'],
    ['select plate from trucks where score > $1', 'parameterUnnamed'],
    ['select rowid from trucks', 'construct'],
    ['select nothing from trucks', 'meaning'],
    ['select plate, plate from trucks', 'outputName'],
    ['select plate from', 'syntax'],
    [`select ${Array(3900).fill('1').join('+')} as x`, expect.stringMatching(/^(syntax|tooLarge|meaning)$/)],
    [
      `select ${Array.from({ length: 1010 }, (_, at) => `1 a${at}`).join(',')} union select ${Array.from({ length: 1010 }, () => '1').join(',')}`,
      'tooLarge',
    ],
  ])('refuses: %s', async (sql, code) => {
    expect(await verdict(sql)).toEqual(code);
  });

  it('rewrites the SQL with every parameter cast to its type, and changes nothing else', async () => {
    const sql = `select 9007199254740993 as big, $n as echo, '{"class":"PARAMETER"' as text from trucks where price > $d limit $n`;
    const passed = await passGate(engine, { name: 't', title: 't', sql, parameters: [n, d] }, tables);
    expect(passed).toMatchObject({
      sql: `SELECT 9007199254740993 AS big, CAST($n AS BIGINT) AS echo, '{"class":"PARAMETER"' AS "text" FROM trucks WHERE (price > CAST($d AS DECIMAL(18,2))) LIMIT CAST($n AS BIGINT)`,
      answer: [
        { name: 'big', type: 'BIGINT' },
        { name: 'echo', type: 'BIGINT' },
        { name: 'text', type: 'VARCHAR' },
      ],
    });
    expect(await verdict('select plate from trucks', [n])).toBe('parameterUnused');
  });

  it('answers anything at all with a verdict', async () => {
    const words = fc.constantFrom(
      ...'select from where trucks secrets plate score , ( ) * = $n $d ? ; -- /* \' " union all with as limit group by [ ] { } :: json lambda x -> pivot read_csv'.split(
        ' ',
      ),
    );
    const text = fc.oneof(
      fc.array(words, { maxLength: 14 }).map((list) => list.join(' ')),
      fc.string({ maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(text, async (sql) => {
        const found = await verdict(sql, [n, d]);
        // Whatever passes reads the product's tables alone.
        if (typeof found === 'object') expect(Object.keys(found).every((table) => tables.includes(table))).toBe(true);
      }),
      { numRuns: 400, seed: 20261128 },
    );
  });
});

describe('the list of functions', () => {
  it('is bound to the pinned engine: an upgrade looks at it again', async () => {
    expect(engine.version).toBe(ENGINE_VERSION);
    await expect(
      passGate(
        { ...engine, version: 'v1.6.0' },
        { name: 't', title: 't', sql: 'select 1 as a', parameters: [] },
        tables,
      ),
    ).rejects.toThrow('v1.6.0');
  });

  it('names only functions that the engine has, each of the kind that the list says, and none that is impure', async () => {
    const connection = await instance.connect();
    const known = await connection.runAndReadAll(
      "select function_name, list(distinct function_type), list(distinct coalesce(stability, '')) from duckdb_functions() group by 1",
    );
    const types = new Map(
      (known.getRowsJson() as [string, string[], string[]][]).map(([name, kinds, stability]) => [
        name,
        { kinds, stability },
      ]),
    );
    const list = (words: string) => words.trim().split(/\s+/);
    for (const name of list(AGGREGATES)) expect(types.get(name)?.kinds, name).toContain('aggregate');
    for (const name of list(SCALARS)) {
      const { kinds, stability } = types.get(name) ?? { kinds: ['macro'], stability: [] };
      expect(
        kinds.some((kind) => ['scalar', 'macro'].includes(kind)),
        name,
      ).toBe(true);
      expect(stability.includes('VOLATILE'), name).toBe(false);
    }
    expect(FUNCTIONS.size).toBe(list(AGGREGATES).length + list(SCALARS).length + list(WINDOWS).length);
    const missing = list(SCALARS).filter((name) => !types.has(name));
    expect(missing).toEqual([]);
  });
});

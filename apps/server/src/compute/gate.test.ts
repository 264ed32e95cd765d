/** The inference attacks of the literature, each a query that "aggregates only" would let pass. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { QueryPool } from '@shugu/gateway';
import { type ColumnRule, type DataSet, leanHaving, type Noise } from '@shugu/private-compute';
import { type RoomStart, roomStarts } from '@shugu/wire/compute-templates';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inLanguage, Problem } from '../kernel/problem.ts';
import { leanSql } from './rules.ts';
import { type JointQuery, passJoint } from './service/gate.ts';

const column = (name: string, type: ColumnRule['type'], rule: ColumnRule['rule']): ColumnRule => ({ name, type, rule });
const dataSet = (table: string, entity: string, columns: ColumnRule[]): DataSet => ({
  owner: `org_${table}`,
  table,
  resource: `res_${table}`,
  version: 'sha256:',
  entity,
  columns,
});
const loans = dataSet('loans', 'person', [
  column('person', 'string', 'join'),
  column('city', 'string', 'open'),
  column('band', 'string', 'open'),
  column('balance', 'integer', 'aggregate'),
  column('rate', 'decimal', 'aggregate'),
  column('manager', 'string', 'hidden'),
]);
const arrears = dataSet('arrears', 'taxpayer', [
  column('taxpayer', 'string', 'join'),
  column('number', 'integer', 'join'),
  column('kind', 'string', 'open'),
  column('year', 'integer', 'open'),
  column('owed', 'integer', 'aggregate'),
]);
const joined = 'from loans l join arrears t on l.person = t.taxpayer';
const city = { name: 'city', title: '城市', values: ['长沙', '株洲'] };

let folder: string;
let pool: QueryPool;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shugu-joint-'));
  pool = new QueryPool({ folder, processesMax: 1 });
});
afterAll(() => {
  pool.close();
  rmSync(folder, { recursive: true, force: true });
});

const pass = (sql: string, { parameters = [] as JointQuery['query']['parameters'], sets = [loans, arrears] } = {}) =>
  passJoint(pool, {
    dataSets: sets,
    recipients: ['org_agency'],
    query: { sql, parameters },
    release: { entitiesMin: 5 },
  });
const refusal = async (sql: string, more: Parameters<typeof pass>[1] = {}): Promise<string> => {
  const found = await pass(sql, more).catch((error: unknown) => error);
  if (!(found instanceof Problem)) return `passed: ${JSON.stringify(found)}`;
  return found.code === 'compute.queryRefused' ? inLanguage(found.detail, 'en') : found.code;
};

/** Of each refusal, what is said. */
const because: Record<string, string> = {
  sumOnly: 'Only count, sum',
  function: 'This function',
  filter: 'A filter compares',
  form: 'A joint query is one',
  notGrouped: 'A column of the result',
  show: 'This column may not',
  column: 'Columns are written',
  join: 'Data sets are joined',
  unused: 'A data set of the contract',
  twice: 'A data set is read once',
  meaning: 'The SQL cannot be run',
  noAggregate: 'A joint query has',
  table: 'Only tables',
  parameter: 'A parameter stands',
};

describe('what passes', () => {
  it.each(Object.entries(roomStarts) as [string, RoomStart][])('is template %s as it is offered', async (_, start) => {
    const { dataSets, query, noise } = start;
    const sets = dataSets.map((set) => dataSet(set.table, set.entity, set.columns));
    const { sql, output } = await passJoint(pool, {
      dataSets: sets,
      recipients: ['org_agency'],
      query: { ...query, parameters: query.parameters.map((one) => ({ ...one, values: ['长沙'] })) },
      release: { entitiesMin: 5, rho: noise?.rho ?? null },
      ...(noise && {
        noise: {
          rows: sets.map(({ table }) => ({ table, rowsMax: 1 })),
          bounds: [],
          groups: [{ column: noise.group, values: ['东', '西'] }],
        },
      }),
    });
    expect(output.length).toBeGreaterThan(0);
    expect(sql.includes('>= 5')).toBe(!noise);
  });

  it('is written anew with the least number of entities of every owner behind it', async () => {
    const { sql, output, joint } = await pass(
      `select t.kind, count(*) as n, sum(t.owed) as owed, avg(l.balance) as mean ${joined}
       where l.city = $city and t.year between 2024 and 2025 group by t.kind`,
      { parameters: [city] },
    );
    expect(sql).toMatch(
      /GROUP BY t\.kind HAVING \(\(count\(DISTINCT l\.person\) >= 5\) AND \(count\(DISTINCT t\.taxpayer\) >= 5\) AND /,
    );
    // And so many with a value in each column that is summed up.
    for (const key of ['l.person', 't.taxpayer'])
      for (const value of ['t.owed', 'l.balance'])
        expect(sql).toContain(`(count(DISTINCT ${key}) FILTER (WHERE (${value} IS NOT NULL)) >= 5)`);
    expect(sql).toContain('(l.city = CAST($city AS VARCHAR))');
    expect(output.map(({ name }) => name)).toEqual(['kind', 'n', 'owed', 'mean']);
    expect(joint).toMatchObject({
      groups: ['arrears.kind'],
      sums: [
        { name: 'n', of: 'count(*)' },
        { name: 'owed', of: 'sum(arrears.owed)' },
        { name: 'mean', of: 'avg(loans.balance)' },
      ],
      joins: [{ left: 'loans.person', right: 'arrears.taxpayer' }],
      filters: ['loans.city', 'arrears.year'],
    });
  });

  it.each([
    `select count(*) as n ${joined}`,
    `select l.city, l.band, count(t.owed) as n ${joined} where not (l.city in ('长沙', '株洲') or t.year = 2024) group by l.city, l.band`,
    `select count(*) as n from loans join arrears on loans.person = arrears.taxpayer where loans.city is not null`,
  ])('may filter by what is open and group by it: %s', async (sql) => {
    expect((await pass(sql)).sql).toContain('HAVING');
  });
});

describe('distinct entities', () => {
  const sql = `select t.kind, count(*) as n ${joined} group by t.kind`;
  /** The HAVING that runs where the profile says so of these columns. */
  const named = (columns: Record<string, string[]>) =>
    new Set(Object.entries(columns).flatMap(([table, names]) => names.map((name) => `${table}.${name}`)));
  const runs = async (single: Record<string, string[]>, text = sql, whole: Record<string, string[]> = {}) => {
    const passed = await pass(text);
    const { joint } = passed;
    const { sources, aggregated } = joint;
    const threshold = { sql: passed.unheld!, sources, aggregated };
    const terms = { query: { sql: passed.sql }, release: { entitiesMin: 5 } };
    const lean = leanSql({ terms, shape: { joint, threshold } }, { single: named(single), whole: named(whole) });
    expect(lean.startsWith(`${passed.unheld} HAVING `)).toBe(true);
    return lean.slice(lean.indexOf(' HAVING ') + 8);
  };

  it('are counted only where the profile shows more than one row each, and once where the join makes both alike', async () => {
    const [rows, distinct] = ['count("l"."person") >= 5', 'count(DISTINCT "l"."person") >= 5'];
    expect(await runs({ loans: ['person'], arrears: ['taxpayer', 'owed'] })).toBe(rows);
    expect(await runs({ loans: ['person'], arrears: [] })).toBe(distinct);
    expect(await runs({ loans: [], arrears: ['taxpayer'] })).toBe(distinct);
    expect(await runs({})).toBe(distinct);
    // Not joined by who they are: both are counted, and rows of one repeat those of the other.
    const other = `select count(*) as n from loans l join arrears t on l.city = t.kind`;
    expect(await runs({ loans: ['person', 'city'], arrears: ['taxpayer'] }, other)).toBe(
      'count(DISTINCT "l"."person") >= 5 AND count("t"."taxpayer") >= 5',
    );
    const alone = 'select city, count(*) as n from loans group by city';
    const passed = (await pass(alone, { sets: [loans] })).joint;
    const whole = new Set<string>();
    expect(leanHaving(passed, 5, { single: new Set(['loans.person']), whole })).toBe('count("loans"."person") >= 5');
    expect(leanHaving(passed, 5, { single: new Set(), whole })).toBe('count(DISTINCT "loans"."person") >= 5');
  });

  it('have a value in what is summed up, which is asked only where the profile shows that some may have none', async () => {
    const sums = `select t.kind, sum(t.owed) as s, avg(t.owed) as m, sum(l.balance) as b ${joined} group by t.kind`;
    const single = { loans: ['person'], arrears: ['taxpayer'] };
    const of = (column: string) => `count("l"."person") FILTER (WHERE ${column} IS NOT NULL) >= 5`;
    expect(await runs(single, sums)).toBe(`${of('"t"."owed"')} AND ${of('"l"."balance"')}`);
    expect(await runs(single, sums, { arrears: ['owed'] })).toBe(of('"l"."balance"'));
    expect(await runs(single, sums, { arrears: ['owed'], loans: ['balance'] })).toBe('count("l"."person") >= 5');
  });

  it('decide the same however they are counted, whatever is joined by what', async () => {
    const value = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null, freq: 6 });
    const table = fc.array(fc.record({ e: value, k: value, g: fc.integer({ min: 0, max: 1 }) }), { maxLength: 7 });
    const columns = fc.constantFrom('e', 'k');
    const joinOf = (at: number) =>
      fc.record({ to: fc.integer({ min: 0, max: at - 1 }), left: columns, right: columns });
    const cases = fc.record({
      summed: fc.array(fc.record({ at: fc.integer({ min: 0, max: 2 }), column: fc.constantFrom('e', 'k') }), {
        maxLength: 2,
      }),
      tables: fc.array(table, { minLength: 3, maxLength: 3 }),
      least: fc.integer({ min: 1, max: 3 }),
      count: fc.integer({ min: 1, max: 3 }),
      joins: fc.tuple(joinOf(1), joinOf(2)),
    });
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    let lean = 0;
    try {
      await fc.assert(
        fc.asyncProperty(cases, async ({ tables, least, count, joins, summed }) => {
          const names = ['a', 'b', 'c'].slice(0, count);
          const text = (one: number | null) => `CAST(${one ?? 'NULL'} AS INTEGER)`;
          const data = names.map((name, at) => {
            const rows = tables[at]!.map(({ e, k, g }) => `SELECT ${text(e)} AS e, ${text(k)} AS k, ${g} AS g`);
            return `${name} AS (${[...rows, 'SELECT NULL AS e, NULL AS k, 0 AS g WHERE false'].join(' UNION ALL ')})`;
          });
          const pairs = joins.slice(0, count - 1).map(({ to, left, right }, at) => ({
            left: `${names[to]}.${left}`,
            right: `${names[at + 1]}.${right}`,
          }));
          const single = names.flatMap((name, at) =>
            (['e', 'k'] as const).flatMap((column) => {
              const values = tables[at]!.map((row) => row[column]).filter((one) => one !== null);
              return new Set(values).size === values.length ? [`${name}.${column}`] : [];
            }),
          );
          const whole = names.flatMap((name, at) =>
            (['e', 'k'] as const)
              .filter((column) => tables[at]!.every((row) => row[column] !== null))
              .map((one) => `${name}.${one}`),
          );
          const aggregated = summed.flatMap(({ at, column }) =>
            names[at] === undefined ? [] : [{ alias: names[at], table: names[at], column }],
          );
          const sources = names.map((name) => ({ alias: name, table: name, entity: 'e' }));
          const from = pairs.map(({ left, right }, at) => `JOIN ${names[at + 1]} ON ${left} = ${right}`).join(' ');
          const ask = async (having: string) =>
            (
              await connection.runAndReadAll(
                `WITH ${data.join(', ')} SELECT a.g, count(*) FROM a ${from} GROUP BY a.g HAVING ${having} ORDER BY 1`,
              )
            ).getRowsJson();
          const who = ['', ...aggregated.map(({ alias, column }) => ` FILTER (WHERE ${alias}.${column} IS NOT NULL)`)];
          const every = sources
            .flatMap(({ alias }) => who.map((one) => `count(DISTINCT ${alias}.e)${one} >= ${least}`))
            .join(' AND ');
          const profiled = { single: new Set(single), whole: new Set(whole) };
          const ours = leanHaving({ sources, aggregated, joins: pairs }, least, profiled);
          if (ours.length < every.length) lean += 1;
          expect(await ask(ours)).toEqual(await ask(every));
        }),
        { numRuns: 150, seed: 7 },
      );
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
    expect(lean).toBeGreaterThan(10);
  });
});

describe('refused', () => {
  it.each([
    ['a sum of one, by CASE', 'sumOnly', `select sum(case when l.city = 'x' then t.owed end) as s ${joined}`],
    [
      'a sum of one among noughts',
      'sumOnly',
      `select sum(case when l.city = 'x' then t.owed else 0 end) as s ${joined}`,
    ],
    ['a mean of one, by NULLIF', 'sumOnly', `select avg(nullif(t.owed, 0)) as s ${joined}`],
    ['a mean of one, by COALESCE', 'sumOnly', `select avg(coalesce(t.owed, l.balance)) as s ${joined}`],
    ['a count of one, by FILTER', 'sumOnly', `select count(*) filter (where l.city = 'x') as s ${joined}`],
    ['a sum of one, by FILTER', 'sumOnly', `select sum(t.owed) filter (where l.city = 'x') as s ${joined}`],
    ['the largest value', 'sumOnly', `select max(t.owed) as s ${joined}`],
    ['the smallest value', 'sumOnly', `select min(t.owed) as s ${joined}`],
    ['any value', 'sumOnly', `select any_value(t.owed) as s ${joined}`],
    ['whose value is largest', 'sumOnly', `select arg_max(l.city, t.owed) as s ${joined}`],
    ['every value', 'function', `select list(t.owed) as s ${joined}`],
    ['every value as text', 'function', `select string_agg(l.city, ',') as s ${joined}`],
    ['two values in one', 'sumOnly', `select sum(t.owed * 1000000 + l.balance) as s ${joined}`],
    ['a value’s bits', 'sumOnly', `select sum(t.owed // 2) as s ${joined}`],
    ['a division that fails on one row', 'sumOnly', `select sum(1 // (t.owed - 7)) as s ${joined}`],
    ['a cast that fails on one row', 'sumOnly', `select count(cast(l.city as integer)) as s ${joined}`],
    ['text against a number, which casts', 'filter', `select count(*) as s ${joined} where l.city = 5`],
    ['a probe by HAVING', 'form', `select l.city, count(*) as n ${joined} group by l.city having sum(t.owed) > 100`],
    ['a probe by HAVING in front of ours', 'form', `select count(*) as n ${joined} having true or count(*) > 0`],
    [
      'one row by ORDER BY and LIMIT',
      'form',
      `select l.city, sum(t.owed) as s ${joined} group by l.city order by 2 limit 1`,
    ],
    ['an order alone', 'form', `select l.city, sum(t.owed) as s ${joined} group by l.city order by l.city`],
    [
      'one row by QUALIFY',
      'form',
      `select l.city, count(*) as n ${joined} group by l.city qualify row_number() over () = 1`,
    ],
    ['a window', 'sumOnly', `select sum(t.owed) over (order by l.city) as s ${joined}`],
    ['rows as they are', 'notGrouped', `select l.city, t.kind ${joined}`],
    ['rows as groups', 'show', `select l.person, count(*) as n ${joined} group by l.person`],
    ['groups by what may only be summed', 'show', `select t.owed, count(*) as n ${joined} group by t.owed`],
    ['groups by their place', 'column', `select l.city, count(*) as n ${joined} group by 1`],
    ['groups of several kinds', 'form', `select l.city, count(*) as n ${joined} group by rollup (l.city)`],
    ['groups by all', 'form', `select l.city, count(*) as n ${joined} group by all`],
    ['bisection of a value', 'show', `select count(*) as n ${joined} where t.owed > 100`],
    ['the row of one person', 'show', `select sum(t.owed) as s ${joined} where l.person = 'A'`],
    ['all but one person', 'show', `select sum(t.owed) as s ${joined} where l.person <> 'A'`],
    ['a hidden column in a filter', 'show', `select count(*) as n ${joined} where l.manager = 'x'`],
    ['a hidden column counted', 'sumOnly', `select count(l.manager) as n ${joined}`],
    ['a key counted', 'sumOnly', `select count(distinct l.person) as n ${joined}`],
    ['a column against another', 'filter', `select count(*) as n ${joined} where l.city = t.kind`],
    ['a computed filter', 'column', `select count(*) as n ${joined} where upper(l.city) = 'X'`],
    [
      'a row beyond by a sub-query',
      'filter',
      `select count(*) as n ${joined} where l.city = (select max(city) from loans)`,
    ],
    [
      'a person tried by EXISTS',
      'unused',
      `select count(*) as n from loans l where exists (select 1 from arrears t where t.taxpayer = l.person)`,
    ],
    ['two results side by side', 'form', `select count(*) as n ${joined} union all select count(*) as n ${joined}`],
    [
      'a table behind WITH',
      'form',
      `with w as (select * from loans) select count(*) as n from w join arrears t on w.person = t.taxpayer`,
    ],
    [
      'a table read twice, to multiply entities',
      'twice',
      `select count(*) as n from loans a join loans b on a.person = b.person join arrears t on a.person = t.taxpayer`,
    ],
    ['every pair of rows', 'join', `select count(*) as n from loans l, arrears t`],
    [
      'every pair, and the key in the filter',
      'join',
      `select count(*) as n from loans l, arrears t where l.person = t.taxpayer`,
    ],
    [
      'those who are not common',
      'join',
      `select count(*) as n from loans l left join arrears t on l.person = t.taxpayer`,
    ],
    ['a join by what is near', 'join', `select count(*) as n from loans l join arrears t on l.person >= t.taxpayer`],
    ['a join that casts', 'join', `select count(*) as n from loans l join arrears t on l.person = t.number`],
    ['a join by a sum', 'join', `select count(*) as n from loans l join arrears t on l.balance = t.owed`],
    ['a join by USING', 'join', `select count(*) as n from loans l join arrears t(person) using (person)`],
    ['a natural join', 'meaning', `select count(*) as n from loans natural join arrears`],
    ['stars', 'meaning', `select count(*) as n, * ${joined}`],
    ['columns by pattern', 'sumOnly', `select sum(columns('owed')) as s ${joined}`],
    ['columns of nobody in particular', 'column', `select count(*) as n ${joined} where city = '长沙'`],
    ['renamed columns', 'form', `select count(*) as n from loans l(city) join arrears t on l.city = t.taxpayer`],
    ['a name given in the answer', 'meaning', `select l.city as manager, count(*) as n ${joined} group by manager`],
    ['one owner’s data alone', 'unused', `select count(*) as n from loans`],
    ['a distinct sum', 'sumOnly', `select sum(distinct t.owed) as s ${joined}`],
    ['an order within', 'sumOnly', `select sum(t.owed order by l.city) as s ${joined}`],
    ['nothing summed', 'noAggregate', `select l.city ${joined} group by l.city`],
    ['the file itself', 'table', `select count(*) as n from '/etc/passwd'`],
    ['a comparison of text order on keys', 'filter', `select count(*) as n ${joined} where l.person like 'A%'`],
  ])('%s', async (_what, why, sql) => {
    expect(await refusal(sql)).toContain(because[why]);
  });

  it.each([
    ['a bound that moves', 'filter', `select count(*) as n ${joined} where l.city > $city`],
    ['all but what is named', 'filter', `select count(*) as n ${joined} where l.city <> $city`],
    ['under OR', 'filter', `select count(*) as n ${joined} where l.city = $city or l.band = 'x'`],
    ['under NOT', 'filter', `select count(*) as n ${joined} where not (l.city = $city)`],
    ['in a list', 'filter', `select count(*) as n ${joined} where l.city in ($city, '株洲')`],
    ['twice', 'parameter', `select count(*) as n ${joined} where l.city = $city and l.band = $city`],
    ['against what is not open', 'show', `select count(*) as n ${joined} where l.person = $city`],
    ['in the answer', 'parameter', `select $city as c, count(*) as n ${joined}`],
    ['against a number', 'filter', `select count(*) as n ${joined} where t.year = $city`],
  ])('a parameter by which two runs would differ in a few rows: %s', async (_what, why, sql) => {
    expect(await refusal(sql, { parameters: [city] })).toContain(because[why]);
  });

  it('what one of the recipients may not be told', async () => {
    const told = {
      ...loans,
      columns: loans.columns.map((one) =>
        one.name === 'person' ? one : { ...one, except: [{ party: 'org_agency', rule: 'aggregate' as const }] },
      ),
    };
    const sql = `select l.city, count(*) as n ${joined} group by l.city`;
    expect(await refusal(sql, { sets: [told, arrears] })).toContain('loans.city');
    expect((await pass(sql)).output).toHaveLength(2);
  });
});

describe('noise', () => {
  const bounded: Noise = {
    rows: [
      { table: 'loans', rowsMax: 2 },
      { table: 'arrears', rowsMax: 3 },
    ],
    bounds: [{ column: 'arrears.owed', lower: '-5', upper: '10' }],
    groups: [{ column: 'arrears.kind', values: ['a', 'b'] }],
  };
  const agreed = `select t.kind, count(*) as n, sum(t.owed) as owed ${joined} group by t.kind`;
  const fault = async (sql: string, noise: Noise | undefined = bounded, rho: string | null = '0.1') => {
    const work = passJoint(pool, {
      dataSets: [loans, arrears],
      recipients: ['org_agency'],
      query: { sql, parameters: [] },
      release: { entitiesMin: 5, rho },
      noise,
    });
    const found = await work.catch((error: unknown) => error);
    return found instanceof Problem ? String(found.detail) : (found as Awaited<typeof work>);
  };

  it('stands around the agreed query and changes nothing in it', async () => {
    const found = await fault(agreed);
    expect(found).toMatchObject({
      output: [{ name: 'kind' }, { name: 'n' }, { name: 'owed' }],
      reads: { _loans: ['person'], _arrears: expect.arrayContaining(['taxpayer', 'kind', 'owed']) },
    });
    expect((found as { sql: string }).sql).toContain('_arrears');
  });

  it.each([
    ['rhoMissing', agreed, bounded, null],
    ['rhoMissing', agreed, bounded, '0'],
    ['rows', agreed, { ...bounded, rows: [bounded.rows[0]!, bounded.rows[0]!] }, '0.1'],
    ['weight', agreed, { ...bounded, rows: bounded.rows.map((one) => ({ ...one, rowsMax: 1001 })) }, '0.1'],
    ['bounds', agreed, { ...bounded, bounds: [] }, '0.1'],
    ['bounds', agreed, { ...bounded, bounds: [{ ...bounded.bounds[0]!, lower: '11' }] }, '0.1'],
    ['groups', agreed, { ...bounded, groups: [] }, '0.1'],
    ['groups', `select count(*) as n, sum(t.owed) as owed ${joined} group by t.kind`, bounded, '0.1'],
    ['average', agreed.replace('count(*) as n', 'avg(t.owed) as n'), bounded, '0.1'],
    [
      'bounds',
      agreed.replace('sum(t.owed)', 'sum(l.rate)'),
      { ...bounded, bounds: [{ column: 'loans.rate', lower: '0', upper: '1' }] },
      '0.1',
    ],
    ['join', agreed.replace(joined, 'from loans l join arrears t on l.city = t.kind'), bounded, '0.1'],
  ] as [string, string, Noise, string | null][])(
    'is refused where it would not hold: %s',
    async (why, sql, noise, rho) => {
      expect(await fault(sql, noise, rho)).toBe(why);
    },
  );
});

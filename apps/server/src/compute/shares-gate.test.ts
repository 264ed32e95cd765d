/** The inference attacks that gate.test.ts plays on a clean room, on a query over secret shares. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QueryPool } from '@shugu/gateway';
import { ComputeError, type HeldColumn, type Opens, openingPlan, planOf } from '@shugu/private-compute';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseQuery } from './service/gate.ts';

const rules = (open: string[], join: string[], aggregate: string[], hidden: string[] = []): HeldColumn[] =>
  Object.entries({ open, join, aggregate, hidden }).flatMap(([rule, names]) =>
    names.map((name) => ({ name, rule: rule as HeldColumn['rule'] })),
  );
const agreed: Opens = {
  dataSets: [
    { table: 'loans', columns: rules(['city', 'band'], ['person'], ['balance', 'rate'], ['manager']) },
    { table: 'arrears', columns: rules(['kind', 'year'], ['taxpayer', 'number'], ['owed', 'limit']) },
  ],
  recipients: ['org_loans'],
  release: { entitiesMin: 5 },
};
const joined = 'from loans l join arrears t on l.person = t.taxpayer';

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

/** What runs, or the reason why nothing does. */
const pass = async (sql: string, more: Partial<Opens> = {}) => {
  try {
    return openingPlan(planOf(await parseQuery(pool, sql), ['loans', 'arrears']), { ...agreed, ...more });
  } catch (error) {
    if (error instanceof ComputeError && error.code === 'compute.query') return { code: 'form', en: error.message };
    throw error;
  }
};
const refusal = async (sql: string, more: Partial<Opens> = {}): Promise<string> => {
  const found = await pass(sql, more);
  return 'code' in found ? `${found.code}: ${found.en}` : `passed: ${JSON.stringify(found)}`;
};
const there = (column: string) => ({ kind: 'not', of: { kind: 'null', column } });

describe('what passes', () => {
  it('has the least number of keys in it, and no row without a value that is summed up', async () => {
    const plan = await pass(
      `select t.kind, count(*) as n, sum(t.owed) as owed, avg(l.balance) as mean ${joined}
       where l.city = 'x' and t.year between 2024 and 2025 and l.balance >= t.limit group by t.kind`,
    );
    expect(plan).toMatchObject({
      align: { first: 'person', second: 'taxpayer' },
      filters: {
        first: [{ column: 'city' }, there('balance')],
        second: [{ kind: 'and' }, there('owed')],
      },
      atLeast: 5,
    });
    expect(openingPlan(plan as never, agreed)).toEqual(plan);
  });

  it('may ask for more, in order, and whether a value is there', async () => {
    const sql = `select l.city, sum(t.owed) as owed ${joined} where t.owed is not null group by l.city having count(*) >= 9 order by owed desc limit 1`;
    expect(await pass(sql)).toMatchObject({
      filters: { first: [], second: [there('owed')] },
      atLeast: 9,
      top: { count: 1, descending: true },
    });
  });
});

describe('refused', () => {
  it.each([
    ['a person by its key', 'keyShown', `select sum(t.owed) as s ${joined} where l.person = 'P5'`],
    ['all but one person', 'keyShown', `select sum(t.owed) as s ${joined} where l.person <> 'P5'`],
    ['a list of persons', 'keyShown', `select sum(t.owed) as s ${joined} where l.person in ('P5', 'P6')`],
    ['persons from one on', 'keyShown', `select sum(t.owed) as s ${joined} where l.person >= 'P5'`],
    ['a person, hidden under NOT', 'keyShown', `select sum(t.owed) as s ${joined} where not (l.person <> 'P5')`],
    [
      'a person, beside what is open',
      'keyShown',
      `select sum(t.owed) as s ${joined} where l.city = 'x' or l.person = 'P5'`,
    ],
    ['persons as groups', 'keyShown', `select l.person, sum(t.owed) as s ${joined} group by l.person`],
    ['keys counted', 'keyShown', `select count(l.person) as n ${joined}`],
    ['keys summed', 'keyShown', `select sum(l.person) as n ${joined}`],
    [
      'an order by keys',
      'form',
      `select l.city, count(l.person) as n ${joined} group by l.city order by l.person limit 1`,
    ],
    [
      'an order by keys counted',
      'keyShown',
      `select l.city, count(l.person) as n ${joined} group by l.city order by n limit 1`,
    ],
    ['another key as a filter', 'show', `select count(*) as n ${joined} where t.number = 7`],
    ['fewer than agreed', 'tooFew', `select count(*) as n ${joined} having count(*) >= 4`],
    ['more than one', 'tooFew', `select count(*) as n ${joined} having count(*) > 1`],
    ['bisection of a value', 'show', `select count(*) as n ${joined} where t.owed > 100`],
    ['bisection under BETWEEN', 'show', `select count(*) as n ${joined} where t.owed between 1 and 2`],
    ['bisection by what is not there', 'show', `select count(*) as n ${joined} where t.owed is null`],
    ['groups by what may only be summed', 'show', `select t.owed, count(*) as n ${joined} group by t.owed`],
    ['a hidden column in a filter', 'show', `select count(*) as n ${joined} where l.manager = 'x'`],
    ['a hidden column counted', 'aggregate', `select count(l.manager) as n ${joined}`],
    ['a column of which nothing is said', 'hidden', `select sum(l.other) as n ${joined}`],
    ['the same in other letters', 'hidden', `select sum(l.Balance) as n ${joined}`],
    ['a hidden column compared', 'aggregate', `select count(*) as n ${joined} where l.manager < t.limit`],
    ['keys compared', 'keyShown', `select count(*) as n ${joined} where l.person < t.limit`],
    [
      'a join by what is open to sums',
      'join',
      `select count(*) as n from loans l join arrears t on l.balance = t.owed`,
    ],
    ['rows by their place', 'byPlace', `select count(*) as n from loans l positional join arrears t`],
    ['every pair of rows', 'form', `select count(*) as n from loans l, arrears t`],
    [
      'every pair, and the key in the filter',
      'form',
      `select count(*) as n from loans l, arrears t where l.person = t.taxpayer`,
    ],
    [
      'those who are not common',
      'form',
      `select count(*) as n from loans l left join arrears t on l.person = t.taxpayer`,
    ],
    ['a join by what is near', 'form', `select count(*) as n from loans l join arrears t on l.person >= t.taxpayer`],
    [
      'a join by two keys',
      'form',
      `select count(*) as n from loans l join arrears t on l.person = t.taxpayer and l.person = t.number`,
    ],
    ['a join by USING', 'form', `select count(*) as n from loans l join arrears t using (person)`],
    ['a natural join', 'form', `select count(*) as n from loans natural join arrears`],
    [
      'a table read twice, to multiply entities',
      'form',
      `select count(*) as n from loans a join loans b on a.person = b.person`,
    ],
    [
      'three tables',
      'form',
      `select count(*) as n from loans a join arrears b on a.person = b.taxpayer join loans c on c.person = b.taxpayer`,
    ],
    ['a sum of one, by CASE', 'form', `select sum(case when l.city = 'x' then t.owed end) as s ${joined}`],
    ['a sum of one among noughts', 'form', `select sum(case when l.city = 'x' then t.owed else 0 end) as s ${joined}`],
    ['a mean of one, by NULLIF', 'form', `select avg(nullif(t.owed, 0)) as s ${joined}`],
    ['a mean of one, by COALESCE', 'form', `select avg(coalesce(t.owed, l.balance)) as s ${joined}`],
    ['a count of one, by FILTER', 'form', `select count(*) filter (where l.city = 'x') as s ${joined}`],
    ['a sum of one, by FILTER', 'form', `select sum(t.owed) filter (where l.city = 'x') as s ${joined}`],
    ['the largest value', 'form', `select max(t.owed) as s ${joined}`],
    ['the smallest value', 'form', `select min(t.owed) as s ${joined}`],
    ['any value', 'form', `select any_value(t.owed) as s ${joined}`],
    ['whose value is largest', 'form', `select arg_max(l.city, t.owed) as s ${joined}`],
    ['every value', 'form', `select list(t.owed) as s ${joined}`],
    ['every value as text', 'form', `select string_agg(l.city, ',') as s ${joined}`],
    ['two values in one', 'form', `select sum(t.owed * 1000000 + l.balance) as s ${joined}`],
    ['a value’s bits', 'form', `select sum(t.owed // 2) as s ${joined}`],
    ['a division that fails on one row', 'form', `select sum(1 // (t.owed - 7)) as s ${joined}`],
    ['a cast that fails on one row', 'form', `select count(cast(l.city as integer)) as s ${joined}`],
    ['a probe by HAVING', 'form', `select l.city, count(*) as n ${joined} group by l.city having sum(t.owed) > 100`],
    ['a probe in front of ours', 'form', `select count(*) as n ${joined} having true or count(*) > 0`],
    [
      'groups that are few alone',
      'form',
      `select l.city, count(*) as n ${joined} group by l.city having count(*) <= 5`,
    ],
    [
      'one row by QUALIFY',
      'form',
      `select l.city, count(*) as n ${joined} group by l.city qualify row_number() over () = 1`,
    ],
    ['a window', 'form', `select sum(t.owed) over (order by l.city) as s ${joined}`],
    ['rows as they are', 'form', `select l.city, t.kind ${joined}`],
    ['groups by their place', 'form', `select l.city, count(*) as n ${joined} group by 1`],
    ['groups of several kinds', 'form', `select l.city, count(*) as n ${joined} group by rollup (l.city)`],
    ['groups by all', 'form', `select l.city, count(*) as n ${joined} group by all`],
    ['a column against another', 'form', `select count(*) as n ${joined} where l.city = l.band`],
    ['a computed filter', 'form', `select count(*) as n ${joined} where upper(l.city) = 'X'`],
    [
      'a row beyond by a sub-query',
      'form',
      `select count(*) as n ${joined} where l.city = (select max(city) from loans)`,
    ],
    [
      'a person tried by EXISTS',
      'form',
      `select count(*) as n from loans l where exists (select 1 from arrears t where t.taxpayer = l.person)`,
    ],
    ['two results side by side', 'form', `select count(*) as n ${joined} union all select count(*) as n ${joined}`],
    [
      'a table behind WITH',
      'form',
      `with w as (select * from loans) select count(*) as n from w join arrears t on w.person = t.taxpayer`,
    ],
    ['stars', 'form', `select count(*) as n, * ${joined}`],
    ['columns by pattern', 'form', `select sum(columns('owed')) as s ${joined}`],
    ['renamed columns', 'form', `select count(*) as n from loans l(city) join arrears t on l.city = t.taxpayer`],
    ['one owner’s data alone', 'form', `select count(*) as n from loans`],
    ['a distinct sum', 'form', `select sum(distinct t.owed) as s ${joined}`],
    ['an order within', 'form', `select sum(t.owed order by l.city) as s ${joined}`],
    ['nothing summed', 'form', `select l.city ${joined} group by l.city`],
    ['the file itself', 'form', `select count(*) as n from '/etc/passwd'`],
    ['a sample', 'form', `select count(*) as n ${joined} using sample 1`],
    [
      'groups after the first',
      'form',
      `select l.city, count(*) as n ${joined} group by l.city order by n limit 1 offset 1`,
    ],
    ['a parameter', 'form', `select count(*) as n ${joined} where l.city = $city`],
  ])('%s', async (_what, why, sql) => {
    expect(await refusal(sql)).toMatch(new RegExp(`^${why}: `));
  });

  it('what one of the recipients may not be told, and a contract whose least number is none', async () => {
    const [loans, arrears] = agreed.dataSets as [Opens['dataSets'][number], Opens['dataSets'][number]];
    const columns = loans.columns.map((one) =>
      one.name === 'city' ? { ...one, except: [{ party: 'org_arrears', rule: 'aggregate' as const }] } : one,
    );
    const told = { dataSets: [{ ...loans, columns }, arrears], recipients: ['org_loans', 'org_arrears'] };
    const sql = `select l.city, count(*) as n ${joined} group by l.city`;
    expect(await refusal(sql, told)).toContain('show: ');
    expect(await refusal(sql, { ...told, recipients: ['org_loans'] })).toContain('passed');
    for (const entitiesMin of [0, 1, 2]) expect(await refusal(sql, { release: { entitiesMin } })).toContain('tooFew: ');
  });
});

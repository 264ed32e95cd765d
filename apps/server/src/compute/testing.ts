/** For tests of the gates: small tables, SQL of every kind of node, and queries put together of what may pass and of what an attacker would try. */
import type { DataSet } from '@shugu/private-compute';
import fc from 'fast-check';

export const least = 3;
const setOf = (table: string, entity: string, columns: DataSet['columns']): DataSet => ({
  ...{ owner: `org_${table}`, table, resource: `res_${table}`, version: 'sha256:', entity, columns },
});
export const sets = [
  setOf('loans', 'person', [
    { name: 'person', type: 'string', rule: 'join' },
    { name: 'city', type: 'string', rule: 'open' },
    { name: 'balance', type: 'integer', rule: 'aggregate' },
  ]),
  setOf('arrears', 'taxpayer', [
    { name: 'taxpayer', type: 'string', rule: 'join' },
    { name: 'kind', type: 'string', rule: 'open' },
    { name: 'owed', type: 'integer', rule: 'aggregate' },
  ]),
];

/** Of persons with loans some have several arrears, some none; cities and kinds of few and of enough. And of many, few or one alone has a value to be summed up. */
export const dataSql: readonly string[] = [
  'create table loans (person varchar, city varchar, balance bigint)',
  'create table arrears (taxpayer varchar, kind varchar, owed bigint)',
  `insert into loans select 'P' || n, ['x', 'y', 'z', null][1 + least(n // 4, 3)], case when n % 3 = 0 then n * 10 end from range(14) r(n)`,
  `insert into arrears select 'P' || (n * 5 % 16), ['a', 'b', 'c'][1 + n * n % 3], case when n % 4 < 2 or n > 20 then n end from range(24) r(n)`,
];

export const from = 'from loans l join arrears t on l.person = t.taxpayer';
const over = (expression: string) => `select ${expression} as x ${from}`;
const where = (condition: string) => `select count(*) as n ${from} where ${condition}`;
const windowed = (call: string) => over(`${call} over (order by l.balance)`);

/** For each kind of node that is allowed, SQL whose tree has one, if any has. */
export const productions: Readonly<Record<string, string>> = {
  SELECT_NODE: over('count(*)'),
  SET_OPERATION_NODE: 'select city from loans union all select kind from arrears',
  CTE_NODE: 'with w as materialized (select city from loans) select city from w',
  ORDER_MODIFIER: 'select city from loans order by city',
  LIMIT_MODIFIER: 'select city from loans limit 3',
  LIMIT_PERCENT_MODIFIER: 'select city from loans limit 30%',
  DISTINCT_MODIFIER: 'select distinct city from loans',
  ORDER_DEFAULT: 'select city from loans order by city',
  ASCENDING: 'select city from loans order by city asc',
  DESCENDING: 'select city from loans order by city desc',
  BASE_TABLE: 'select city from loans',
  JOIN: over('count(*)'),
  SUBQUERY: 'select city from (select city from loans) s',
  EMPTY: 'select 1 as x',
  EXPRESSION_LIST: 'select x from (values (1), (2)) v(x)',
  COLUMN_REF: 'select city from loans',
  STAR: 'select * from loans',
  POSITIONAL_REFERENCE: 'select #1 as x from loans',
  VALUE_CONSTANT: 'select 7 as x from loans',
  VALUE_PARAMETER: where('l.city = $city'),
  FUNCTION: over('upper(l.city)'),
  CASE_EXPR: over("case when l.city = 'x' then 1 else 2 end"),
  OPERATOR_CAST: over('cast(l.balance as varchar)'),
  COMPARE_EQUAL: where("l.city = 'x'"),
  COMPARE_NOTEQUAL: where("l.city <> 'x'"),
  COMPARE_LESSTHAN: where("l.city < 'x'"),
  COMPARE_GREATERTHAN: where("l.city > 'x'"),
  COMPARE_LESSTHANOREQUALTO: where("l.city <= 'x'"),
  COMPARE_GREATERTHANOREQUALTO: where("l.city >= 'x'"),
  COMPARE_IN: where("l.city in ('x', 'y')"),
  COMPARE_NOT_IN: where("l.city not in ('x', 'y')"),
  COMPARE_BETWEEN: where("l.city between 'x' and 'y'"),
  COMPARE_NOT_BETWEEN: where("l.city not between 'x' and 'y'"),
  COMPARE_DISTINCT_FROM: where("l.city is distinct from 'x'"),
  COMPARE_NOT_DISTINCT_FROM: where("l.city is not distinct from 'x'"),
  CONJUNCTION_AND: where("l.city = 'x' and t.kind = 'a'"),
  CONJUNCTION_OR: where("l.city = 'x' or t.kind = 'a'"),
  OPERATOR_NOT: where("not (l.city = 'x' or t.kind = 'a')"),
  OPERATOR_IS_NULL: where('l.city is null'),
  OPERATOR_IS_NOT_NULL: where('l.city is not null'),
  OPERATOR_COALESCE: over('coalesce(l.city, t.kind)'),
  GROUPING_FUNCTION: 'select grouping(city) as x from loans group by rollup (city)',
  WINDOW_AGGREGATE: windowed('sum(l.balance)'),
  WINDOW_RANK: windowed('rank()'),
  WINDOW_RANK_DENSE: windowed('dense_rank()'),
  WINDOW_NTILE: windowed('ntile(2)'),
  WINDOW_PERCENT_RANK: windowed('percent_rank()'),
  WINDOW_CUME_DIST: windowed('cume_dist()'),
  WINDOW_ROW_NUMBER: windowed('row_number()'),
  WINDOW_FIRST_VALUE: windowed('first_value(l.city)'),
  WINDOW_LAST_VALUE: windowed('last_value(l.city)'),
  WINDOW_LEAD: windowed('lead(l.city)'),
  WINDOW_LAG: windowed('lag(l.city)'),
  WINDOW_NTH_VALUE: windowed('nth_value(l.city, 2)'),
  DECIMAL_TYPE_INFO: over('cast(l.balance as decimal(10, 2))'),
};

/** Allowed, and given by no SQL in this version: it writes NOT over BETWEEN, and a CTE into the map of its SELECT. */
export const neverGiven = ['CTE_NODE', 'COMPARE_NOT_BETWEEN'];

/** Kinds that no gate knows, or that are no SELECT: each is refused by all three. */
export const refusedKinds: Readonly<Record<string, string>> = {
  RECURSIVE_CTE_NODE: 'with recursive w as (select 1 as x union all select x + 1 from w where x < 3) select x from w',
  TABLE_FUNCTION: 'select x from range(3) r(x)',
  SHOW_REF: 'select * from (describe loans)',
  LAMBDA: over('list_transform([1], lambda x: x + 1)'),
  COLLATE: over('l.city collate nocase'),
  PIVOT: "from loans pivot (sum(balance) for city in ('x'))",
  ARRAY_CONSTRUCTOR: over('[l.city]'),
  ARRAY_EXTRACT: over('l.city[1]'),
  STRUCT: over("{'a': l.city}"),
  OPERATOR_TRY: over('try(l.balance)'),
  SUBQUERY_EXPRESSION_OF_FUNCTION: over("(select word from read_csv('x') r(word))"),
  SAMPLE: 'select city from loans using sample 1',
  AT_CLAUSE: 'select city from loans at (version => 1)',
  ROWID: 'select rowid as x from loans',
  FILE: "select * from 'x.csv'",
  CATALOG: 'select table_name from information_schema.tables',
  SCHEMA: 'select city from main.loans',
  MACRO: "select * from query('select 1')",
  SETTING: "select current_setting('threads') as x",
  VARIABLE: "select getvariable('x') as x",
  INSERT: "insert into loans values ('P', 'x', 1)",
  UPDATE: 'update loans set balance = 1',
  DELETE: 'delete from loans',
  COPY: "copy loans to 'x.csv'",
  ATTACH: "attach 'x.db'",
  SET: 'set threads = 1',
  PRAGMA: 'pragma version',
  EXPLAIN: 'explain select 1',
  CREATE: 'create table x (y int)',
  TWO: 'select 1 as x; select 2 as x',
  NOTHING: '',
  UNNAMED_PARAMETER: where('l.city = ?'),
};

/** Mostly what may pass, and in each place now and then what an attacker would put there, out of all kinds of nodes. */
export const safe = <T>(good: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 8, arbitrary: good }, { weight: 1, arbitrary: odd });
const column = fc.constantFrom('l.person', 'l.city', 'l.balance', 't.taxpayer', 't.kind', 't.owed');
const constants = ["'x'", "'a'", '7', 'null'];
const expressionOver = (known: readonly string[]): fc.Arbitrary<string> =>
  fc.letrec<{ expression: string }>((tie) => {
    const inner = tie('expression');
    const pair = (join: (a: string, b: string) => string) => fc.tuple(inner, inner).map(([a, b]) => join(a, b));
    return {
      expression: fc.oneof(
        { maxDepth: 2, withCrossShrink: true },
        column,
        fc.constantFrom(...known),
        ...['=', '<>', '<', '>=', 'is distinct from', 'and', 'or', '+', '||', 'in'].map((by) =>
          pair((a, b) => (by === 'in' ? `${a} in (${b})` : `(${a} ${by} ${b})`)),
        ),
        inner.map((one) => `(not ${one})`),
        inner.map((one) => `(${one} is null)`),
        pair((a, b) => `case when ${a} then ${b} end`),
        pair((a, b) => `coalesce(${a}, ${b})`),
        inner.map((one) => `cast(${one} as varchar)`),
        inner.map((one) => `upper(${one})`),
        inner.map((one) => `sum(${one}) over ()`),
        inner.map((one) => `max(${one})`),
        inner.map((one) => `(select max(${one}) from loans l2)`),
      ),
    };
  }).expression;
const expression = expressionOver(constants);
/** With places for values of a run, as they may stand and as they may not. */
const withParameters = expressionOver([...constants, '$city', '$kind', '$other']);
export const condition = safe(
  fc.constantFrom(
    "l.city = 'x'",
    "t.kind in ('a', 'b')",
    "not (l.city = 'y' or t.kind = 'c')",
    'l.city is not null',
    "t.kind <> 'b'",
  ),
  expression,
);
export const boundCondition = safe(
  fc.constantFrom(
    'l.city = $city',
    '$kind = t.kind',
    "l.city = $city and t.kind <> 'b'",
    't.kind = $kind',
    "l.city <> 'y'",
  ),
  fc.oneof(
    withParameters,
    withParameters.map((one) => `${one} = $city`),
    fc.constantFrom('l.city <> $city', 'l.city in ($city)'),
  ),
);
export const group = fc.constantFrom('l.city', 't.kind');
export const aggregate = safe(
  fc.constantFrom('count(*)', 'sum(t.owed)', 'avg(l.balance)', 'count(t.owed)', 'sum(l.balance)'),
  fc.oneof(
    expression,
    expression.map((one) => `sum(${one})`),
    expression.map((one) => `count(*) filter (where ${one})`),
  ),
);
export const tail = safe(
  fc.constant(''),
  fc.constantFrom(
    'having count(*) >= 1',
    'having count(*) >= 4',
    'order by 1',
    'limit 1',
    'qualify true',
    'union all select 1',
    'order by count(*) desc limit 2',
  ),
);
export const source = safe(
  fc.constant(from),
  fc.constantFrom(
    from.replace('join', 'left join'),
    from.replace('=', '>='),
    'from loans l, arrears t',
    'from loans l positional join arrears t',
    `${from} join loans m on m.person = l.person`,
  ),
);
export const query = fc.record({
  groups: fc.uniqueArray(safe(group, expression), { maxLength: 2 }),
  aggregates: fc.array(aggregate, { minLength: 1, maxLength: 2 }),
  conditions: fc.array(condition, { maxLength: 2 }),
  ...{ source, tail },
});

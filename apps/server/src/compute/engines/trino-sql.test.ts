import { expect, test } from 'vitest';
import { NotInTrino, trinoSql, trinoType } from './trino-sql.ts';

test('SQL that the gate wrote, in Trino’s words: names in quotes whatever they are, texts as they were, parameters as texts', () => {
  expect(
    trinoSql(
      `SELECT t."it's $x", l.order, count_star() AS n, sum(l.balance) AS FROM_ FROM t INNER JOIN loans AS l ON ((t.id = l.id)) WHERE ((t.kind = CAST($kind AS VARCHAR)) AND (t.a != 'it''s \\ $kind VARCHAR') AND (l.d >= CAST('2020-01-01' AS TIMESTAMP)) AND (l.x IN (1.50, -2))) GROUP BY t."it's $x", l.order HAVING (count(DISTINCT l.person) FILTER (WHERE (l.x IS NOT NULL)) >= 3)`,
      { kind: "o'ne" },
    ).replace(/\s+/g, ' '),
  ).toBe(
    `SELECT "t" . "it's $x" , "l" . "order" , count(*) AS "n" , sum ( "l" . "balance" ) AS "FROM_" FROM "t" INNER JOIN "loans" AS "l" ON ( ( "t" . "id" = "l" . "id" ) ) WHERE ( ( "t" . "kind" = CAST ( 'o''ne' AS VARCHAR ) ) AND ( "t" . "a" != 'it''s \\ $kind VARCHAR' ) AND ( "l" . "d" >= CAST ( '2020-01-01' AS TIMESTAMP(6) ) ) AND ( "l" . "x" IN ( 1.50 , - 2 ) ) ) GROUP BY "t" . "it's $x" , "l" . "order" HAVING ( count ( DISTINCT "l" . "person" ) FILTER ( WHERE ( "l" . "x" IS NOT NULL ) ) >= 3 )`,
  );
});

test('what is not known is refused, and a parameter that nobody gave', () => {
  for (const sql of [
    'SELECT approx_quantile(x, 0.5) FROM t',
    'SELECT t.count(x) FROM t',
    'SELECT x::INT FROM t',
    'SELECT x FROM t; DROP TABLE t',
    'SELECT x ~~ 1 FROM t',
    'SELECT CAST(x AS INTERVAL) FROM t',
    'SELECT [1] FROM t',
    'SELECT x FROM t -- and more'.replace('--', '/* */'),
    'SELECT x FROM t WHERE x = $none',
  ])
    expect(() => trinoSql(sql, {}), sql).toThrow(NotInTrino);
  expect(() => trinoType('STRUCT(a INTEGER)')).toThrow(NotInTrino);
  expect([trinoType('DECIMAL(18,4)'), trinoType('HUGEINT'), trinoType('TIMESTAMP'), trinoType('UINTEGER')]).toEqual([
    'DECIMAL(18,4)',
    'DECIMAL(38,0)',
    'TIMESTAMP(6)',
    'BIGINT',
  ]);
});

import { expect, test } from 'vitest';
import { sparkSql } from './spark.ts';

test('SQL that the gate wrote, in Spark’s words: texts stay what they are, names in quotes are not looked into', () => {
  expect(
    sparkSql(
      `SELECT t."it's $x", count_star() AS n FROM t WHERE (t.kind = CAST($kind AS VARCHAR)) AND (t.a != 'it''s \\ $kind VARCHAR') GROUP BY t."it's $x"`,
    ),
  ).toBe(
    `SELECT t."it's $x", count(*) AS n FROM t WHERE (t.kind = CAST(:kind AS STRING)) AND (t.a != 'it\\'s \\\\ $kind VARCHAR') GROUP BY t."it's $x"`,
  );
});

/** `shugu compute sql` as somebody tries it: three processes on loopback, beside DuckDB over the open tables. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columnsOf, planOf } from '@shugu/private-compute';
import { afterAll, expect, test } from 'vitest';
import { command } from '../command.ts';
import { saidBy } from '../testing.ts';
import { sameRows, treeOf, treesOf } from './plaintext.ts';

const folder = mkdtempSync(join(tmpdir(), 'shugu-sql-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const bank = file('bank.csv', 'id,amount,least\n1,10.50,5\n2,-3,7\n3,,1\n4,100.25,1000\n5,7,7\n');
const shop = file(
  'shop.csv',
  '\ufeffid,city,score\r\n5,south,5\r\n1,north,1\r\n9,north,4\r\n 2 ,south,50.5\r\n3,"north",3\r\n',
);
const ask = (query: string, ...args: string[]) =>
  saidBy(() => command(['compute', 'sql', bank, shop, '--query', query, ...args], 'en'));

test('a sum by groups of one owner, of rows that the other has, with a comparison between both', async () => {
  const query = `SELECT b.city, sum(a.amount) AS amount, count(*) AS n, avg(b.score) AS score FROM a JOIN b ON a.id = b.id
    WHERE a.least >= b.score AND a.amount IS NOT NULL GROUP BY b.city HAVING count(*) >= 1 ORDER BY amount DESC LIMIT 5`;
  const { status, out, err } = await ask(query, '--recipient', 'both', '--compare', '--json');
  expect({ status, err }).toEqual({ status: 0, err: expect.stringContaining('no two of them collude') });
  expect(JSON.parse(out)).toMatchObject({
    ok: true,
    columns: ['city', 'amount', 'n', 'score'],
    rows: [
      ['north', '10.5', '1', '1'],
      ['south', '7', '1', '5'],
    ],
    plaintext: { same: true },
    first: { rows: 4, rowsRead: 5 },
    helper: { answer: null },
    trust: { zh: expect.stringContaining('任何两方不串通') },
  });
});

test('by the two alone, after a dealer that has sizes and no answer', async () => {
  const query =
    'SELECT b.city, sum(a.amount) AS amount FROM a POSITIONAL JOIN b WHERE a.least >= b.score GROUP BY b.city';
  const { status, out, err } = await ask(query, '--mode', 'dealer', '--compare', '--json');
  expect({ status, err }).toEqual({ status: 0, err: expect.stringContaining('colludes with neither') });
  const told = JSON.parse(out);
  expect(told).toMatchObject({
    ...{ ok: true, mode: 'shares', protocol: 'dealer', plaintext: { same: true } },
    ...{ first: { rows: 5 }, second: { answer: null }, helper: { rows: 5, answer: null, commitment: null } },
    trust: { zh: expect.stringContaining('不与任何一方串通') },
  });
  // What it sends: seeds and corrections. What comes to it: from each the number of rows, of groups, and a width.
  expect(told.helper.bytes).toEqual({ sent: expect.any(Number), received: 24 });
  expect(told.helper.bytes.sent).toBeGreaterThan(64);
  expect(await ask(query, '--mode', 'two')).toMatchObject({
    status: 2,
    err: expect.stringContaining('replicated, dealer'),
  });
});

test('in words, with what it rests on; and what is refused', async () => {
  const text = await ask("SELECT sum(a.amount) FROM a POSITIONAL JOIN b WHERE b.city = 'north'", '--compare');
  expect(text).toMatchObject({ status: 0, out: expect.stringContaining('sum\n4\n') });
  expect(text.out).toContain('both give the same result');
  expect(text.out).toContain('no two of them collude');
  expect(await ask('SELECT sum(a.city) FROM a POSITIONAL JOIN b')).toMatchObject({
    status: 1,
    err: expect.stringContaining('"city"'),
  });
  expect(await ask('SELECT a.amount FROM a POSITIONAL JOIN b')).toMatchObject({ status: 1 });
  expect(await ask('SELECT 1', '--decimals', '10')).toMatchObject({
    status: 2,
    err: expect.stringContaining('0 to 9'),
  });
});

const from = 'FROM a POSITIONAL JOIN b';
const refused = [
  'not SQL',
  'SELECT 1',
  `SELECT sum(a.x) ${from}; SELECT sum(a.x) ${from}`,
  'SELECT sum(a.x) FROM a',
  'SELECT sum(a.x) FROM a, b',
  'SELECT sum(a.x) FROM a LEFT JOIN b ON a.id = b.id',
  'SELECT sum(a.x) FROM a JOIN b USING (id)',
  'SELECT sum(a.x) FROM a JOIN b ON a.id < b.id',
  'SELECT sum(a.x) FROM a POSITIONAL JOIN a AS b',
  `SELECT sum(a.x) FROM 'a.csv' AS a POSITIONAL JOIN b`,
  `SELECT sum(a.x + 1) ${from}`,
  `SELECT max(a.x) ${from}`,
  `SELECT sum(DISTINCT a.x) ${from}`,
  `SELECT sum(a.x) FILTER (WHERE a.x = 1) ${from}`,
  `SELECT sum(a.x) OVER () ${from}`,
  `SELECT sum(x) ${from}`,
  `SELECT a.x, sum(a.y) ${from}`,
  `SELECT sum(a.x) ${from} ORDER BY 1`,
  `SELECT sum(a.x) ${from} LIMIT 1`,
  `SELECT sum(a.x) ${from} HAVING sum(a.x) > 1`,
  `SELECT sum(a.x) ${from} HAVING count(*) < 5`,
  `SELECT sum(a.x) ${from} HAVING count(*) >= 1.5`,
  `SELECT sum(a.x) ${from} HAVING count(*) >= 0`,
  `SELECT sum(a.x) ${from} HAVING count(*) >= 2000000`,
  `SELECT sum(a.x) AS s ${from} ORDER BY s LIMIT 1`,
  `SELECT a.c, sum(a.x) AS s ${from} GROUP BY a.c ORDER BY s`,
  `SELECT a.c, sum(a.x) AS s ${from} GROUP BY a.c ORDER BY s LIMIT 1 OFFSET 1`,
  `SELECT a.c, sum(a.x) AS s ${from} GROUP BY a.c ORDER BY s, a.c LIMIT 1`,
  `SELECT a.c, sum(a.x) AS s ${from} GROUP BY a.c ORDER BY c LIMIT 1`,
  `SELECT a.c, avg(a.x) AS s ${from} GROUP BY a.c ORDER BY s LIMIT 1`,
  `SELECT a.c, sum(a.x) AS s ${from} GROUP BY a.c ORDER BY sum(a.y) LIMIT 1`,
  `SELECT a.c, sum(a.x) AS s ${from} GROUP BY a.c ORDER BY s LIMIT 1001`,
  `SELECT a.c, b.c, sum(a.x) ${from} GROUP BY a.c, b.c`,
  `SELECT sum(a.x) ${from} WHERE a.x = 1 OR b.x = 1`,
  `SELECT sum(a.x) ${from} WHERE a.x < a.y`,
  `SELECT sum(a.x) ${from} WHERE a.x = 'one'`,
  `SELECT sum(a.x) ${from} WHERE a.x = 1e3`,
  `SELECT sum(a.x) ${from} WHERE a.x = 99999999999999999999`,
  `SELECT sum(a.x) ${from} WHERE a.c LIKE 'x%'`,
  `SELECT sum(a.x) ${from} WHERE a.x IN (SELECT 1)`,
  `WITH c AS (SELECT 1) SELECT sum(a.x) ${from}`,
];

test('what is no plan is refused by name', async () => {
  const trees = await treesOf(refused);
  for (const [n, tree] of trees.entries()) {
    expect(() => planOf(tree, ['a', 'b']), refused[n]).toThrow(expect.objectContaining({ code: 'compute.query' }));
  }
});

test('a least number of rows, and the first groups in order', async () => {
  const [least, first, other] = await treesOf([
    `SELECT b.city, sum(a.x) AS s ${from} GROUP BY b.city HAVING 5 < count(*)`,
    `SELECT b.city, count(*), sum(a.x) AS s ${from} GROUP BY b.city HAVING count(*) >= 5 ORDER BY s DESC LIMIT 3`,
    `SELECT b.city, count(*), sum(a.x) ${from} GROUP BY b.city ORDER BY count(*) LIMIT 3`,
  ]);
  expect(planOf(least!, ['a', 'b'])).toMatchObject({ atLeast: 6 });
  expect(planOf(first!, ['a', 'b'])).toMatchObject({ atLeast: 5, top: { output: 2, descending: true, count: 3 } });
  expect(planOf(other!, ['a', 'b']).top).toEqual({ output: 1, descending: false, count: 3 });
});

test('what an owner decides alone goes to it, what is between owners to shares', async () => {
  const sql = `SELECT b.city AS c, count(a.note) AS n FROM b JOIN a ON b.id = a.key
    WHERE a.x BETWEEN -1.50 AND 2 AND NOT (b.city IN ('x', 'y') OR b.city IS NULL) AND 3 < a.x AND b.limit <> a.x GROUP BY b.city`;
  const plan = planOf(await treeOf(sql), ['a', 'b']);
  const x = (by: string, number: string) => ({ kind: 'compare', column: 'x', by, constant: { number } });
  expect(plan).toEqual({
    align: { first: 'key', second: 'id' },
    filters: {
      first: [{ kind: 'and', of: [x('>=', '-1.5'), x('<=', '2')] }, x('>', '3')],
      second: [
        {
          kind: 'not',
          of: { kind: 'or', of: [expect.objectContaining({ kind: 'or' }), { kind: 'null', column: 'city' }] },
        },
      ],
    },
    compared: [{ left: { owner: 'second', name: 'limit' }, by: '<>', right: { owner: 'first', name: 'x' } }],
    groups: { owner: 'second', columns: ['city'] },
    outputs: [
      { name: 'c', of: 'group', column: 'city' },
      { name: 'n', of: 'count', column: { owner: 'first', name: 'note' } },
    ],
  });
  expect(columnsOf(plan, 'first')).toEqual({ numbers: ['x'], texts: ['note'] });
  expect(columnsOf(plan, 'second')).toEqual({ numbers: ['limit'], texts: ['city'] });
  const rows = (n: string) => [['x', n]];
  expect([sameRows(plan, rows('1'), rows('1')), sameRows(plan, rows('1'), rows('2'))]).toEqual([true, false]);
  expect([sameRows(plan, rows('0'), []), sameRows(plan, rows('1'), []), sameRows(plan, [], rows('1'))]).toEqual([
    true,
    false,
    false,
  ]);
});

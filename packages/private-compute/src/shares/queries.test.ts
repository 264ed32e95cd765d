/** Whole queries, files to result, parties over TLS, against a plain reckoning of the same rows; by each protocol. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../intersect/agree.ts';
import { inputCommitment } from '../intersect/terms.ts';
import { scanTable } from '../table/records.ts';
import { type ColumnOf, type Comparison, type Condition, type Output, type Plan, sumPlan } from './plan.ts';
import { codeOf, playAll } from './testing.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-shares-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Cents, or none. */
type Cell = bigint | null;
interface Row {
  id: number;
  amount: Cell;
  rest: Cell;
  city: string;
}
const textOf = (cell: Cell): string => {
  if (cell === null) return '';
  const digits = String(cell < 0n ? -cell : cell).padStart(3, '0');
  return `${cell < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};
const write = async (name: string, rows: readonly Row[]): Promise<string> => {
  const path = join(folder, name);
  const lines = rows.map(
    ({ id, amount, rest, city }) => `k${id},${textOf(amount)},${textOf(rest)},"${city.replaceAll('"', '""')}"`,
  );
  await writeFile(path, `id,amount,rest,city\n${lines.map((line) => `${line}\n`).join('')}`);
  return path;
};

const cents = fc.option(
  fc.oneof(fc.bigInt({ min: -400n, max: 400n }), fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n })),
  { freq: 6 },
);
const city = fc.constantFrom('', '北京', 'a,b', 'say "x"', 'c');
const rowsOf = (length: number) =>
  fc.array(fc.record({ amount: cents, rest: cents, city }), { minLength: length, maxLength: length });
const owner = fc.constantFrom<Role>('first', 'second');
const by = fc.constantFrom<Comparison>('<', '<=', '>', '>=', '=', '<>');
const constant = fc.constantFrom<[string, bigint]>(['0', 0n], ['1.5', 150n], ['-2.25', -225n]);

const holds = (a: bigint, how: Comparison, b: bigint): boolean =>
  ({ '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b, '=': a === b, '<>': a !== b })[how];

interface Case {
  rows: [Row, Row][];
  plan: Plan;
  /** In cents, beside the conditions of the plan. */
  takes: (pair: [Row, Row]) => boolean;
}

const at = (pair: [Row, Row], { owner: role, name }: ColumnOf): Cell =>
  pair[role === 'first' ? 0 : 1][name as 'amount' | 'rest'];

const outputs: Output[] = [
  { name: 'n', of: 'rows' },
  { name: 'sa', of: 'sum', column: { owner: 'first', name: 'amount' } },
  { name: 'sb', of: 'sum', column: { owner: 'second', name: 'rest' } },
  { name: 'cb', of: 'count', column: { owner: 'second', name: 'amount' } },
  { name: 'aa', of: 'avg', column: { owner: 'first', name: 'rest' } },
];

const sides = fc.record({
  filters: fc.array(fc.tuple(owner, fc.constantFrom('amount', 'rest'), by, constant), { maxLength: 2 }),
  compared: fc.array(fc.tuple(fc.constantFrom('amount', 'rest'), by, fc.constantFrom('amount', 'rest')), {
    maxLength: 1,
  }),
  groups: fc.option(owner),
});

const caseOf = (lefts: Omit<Row, 'id'>[], rights: Omit<Row, 'id'>[], asked: ReturnType<typeof shapeOf>): Case => {
  const rows = lefts.map((left, id): [Row, Row] => [
    { id, ...left },
    { id, ...rights[id]! },
  ]);
  return { rows, ...asked };
};

const shapeOf = (asked: {
  filters: [Role, string, Comparison, [string, bigint]][];
  compared: [string, Comparison, string][];
  groups: Role | null;
}): { plan: Plan; takes: Case['takes'] } => {
  const filters: Plan['filters'] = { first: [], second: [] };
  for (const [role, name, how, [number]] of asked.filters) {
    const condition: Condition = { kind: 'compare', column: name, by: how, constant: { number } };
    filters[role].push(condition);
  }
  const compared = asked.compared.map(([left, how, right]) => ({
    left: { owner: 'first' as const, name: left },
    by: how,
    right: { owner: 'second' as const, name: right },
  }));
  const groups = asked.groups && { owner: asked.groups, columns: ['city'] };
  const keys: Output[] = groups ? [{ name: 'city', of: 'group', column: 'city' }] : [];
  return {
    plan: { align: 'place', filters, compared, groups, outputs: [...keys, ...outputs] },
    takes: (pair) =>
      asked.filters.every(([role, name, how, [, value]]) => {
        const cell = at(pair, { owner: role, name });
        return cell !== null && holds(cell, how, value);
      }) &&
      compared.every(({ left, by: how, right }) => {
        const [a, b] = [at(pair, left), at(pair, right)];
        return a !== null && b !== null && holds(a, how, b);
      }),
  };
};

const sumOf = (pairs: [Row, Row][], column: ColumnOf): bigint =>
  pairs.reduce((all, pair) => all + (at(pair, column) ?? 0n), 0n);
const countOf = (pairs: [Row, Row][], column: ColumnOf): number =>
  pairs.filter((pair) => at(pair, column) !== null).length;
const shortText = (cell: bigint): string => textOf(cell).replace(/\.?0+$/, '');

/** What the plan means, by filtering and adding up. The average is compared as a number. */
const reckoned = ({ rows, plan, takes }: Case): (string | null)[][] => {
  const { groups } = plan;
  const side = groups?.owner === 'second' ? 1 : 0;
  // Groups are those of rows that their owner takes by itself; the rest may leave one with nought.
  const own = shapeAlone(plan, groups?.owner);
  const keys = groups ? [...new Set(rows.filter(own).map((pair) => pair[side].city))].sort() : [''];
  return keys.map((key) => {
    const pairs = rows.filter((pair) => takes(pair) && (!groups || pair[side].city === key));
    const average = outputs[4] as { column: ColumnOf };
    const count = countOf(pairs, average.column);
    return [
      ...(groups ? [key === '' ? null : key] : []),
      String(pairs.length),
      shortText(sumOf(pairs, { owner: 'first', name: 'amount' })),
      shortText(sumOf(pairs, { owner: 'second', name: 'rest' })),
      String(countOf(pairs, { owner: 'second', name: 'amount' })),
      count === 0 ? null : String(Number(sumOf(pairs, average.column)) / 100 / count),
    ];
  });
};

/** What the owner of the groups decides alone: its conditions, and that numbers which are compared are there. */
const shapeAlone = (plan: Plan, role: Role | undefined) => {
  const conditions = role ? plan.filters[role] : [];
  return (pair: [Row, Row]): boolean =>
    conditions.every((one) => {
      if (one.kind !== 'compare' || !('number' in one.constant)) throw new Error('no such condition here');
      const cell = at(pair, { owner: role!, name: one.column });
      return cell !== null && holds(cell, one.by, BigInt(Math.round(Number(one.constant.number) * 100)));
    }) && plan.compared.every(({ left, right }) => at(pair, left.owner === role ? left : right) !== null);
};

const roundedTail = (rows: (string | null)[][]) =>
  rows.map((row) => [...row.slice(0, -1), row.at(-1) === null ? null : Number(row.at(-1)).toFixed(5)]);

describe.each<[string, { protocol?: 'dealer' }]>([
  ['replicated shares', {}],
  ['a dealer', { protocol: 'dealer' }],
])('with %s', (_, protocol) => {
  test('any query over any rows gives what plain reckoning gives, to whom it is to open', async () => {
    const asked = fc
      .nat(33)
      .chain((length) => fc.tuple(rowsOf(length), rowsOf(length), sides, fc.constantFrom('first', 'second', 'both')));
    await fc.assert(
      fc.asyncProperty(asked, async ([lefts, rights, shape, recipient]) => {
        const one = caseOf(lefts, rights, shapeOf(shape as Parameters<typeof shapeOf>[0]));
        const paths = [
          await write(
            'a.csv',
            one.rows.map(([a]) => a),
          ),
          await write(
            'b.csv',
            one.rows.map(([, b]) => b),
          ),
        ];
        const [a, b, c] = await playAll(
          { plan: one.plan, recipient: recipient as 'both', ...protocol },
          paths as [string, string],
        );
        const opened = [recipient !== 'second', recipient !== 'first', false];
        expect([a, b, c].map((report) => report.answer !== null)).toEqual(opened);
        const found = (a.answer ?? b.answer)!.rows;
        expect(roundedTail(found)).toEqual(roundedTail(reckoned(one)));
        if (recipient === 'both') expect(a.answer).toEqual(b.answer);
      }),
      {
        numRuns: 12,
        seed: 3,
        examples: [[[[], [], { filters: [], compared: [['amount', '<', 'rest']], groups: 'first' }, 'both']]],
      },
    );
  });

  test('rows are put side by side by keys, however they are ordered; who matches is counted once', async () => {
    const row = (id: number, amount: bigint, name = 'c'): Row => ({ id, amount, rest: 0n, city: name });
    const a = await write('a.csv', [row(1, 100n), row(2, 250n), row(3, 4n), row(4, -7n)]);
    const b = await write('b.csv', [row(9, 1n), row(4, 2n, 'x'), row(2, 3n, 'y'), row(1, 500n, 'x')]);
    const plan: Plan = {
      align: { first: 'id', second: 'id' },
      filters: { first: [], second: [] },
      compared: [],
      groups: { owner: 'second', columns: ['city'] },
      outputs: [{ name: 'city', of: 'group', column: 'city' }, ...outputs.slice(0, 2)],
    };
    const [first, second, helper] = await playAll({ plan, recipient: 'both', ...protocol }, [a, b]);
    expect(first.answer!.rows).toEqual([
      ['x', '2', '0.93'],
      ['y', '1', '2.5'],
    ]);
    expect([first.rows, first.rowsRead, second.rowsRead, helper.rowsRead]).toEqual([3, 4, 4, null]);
    expect([first.commitment, first.peerCommitment]).toEqual([second.peerCommitment, second.commitment]);
    // By transfers an alignment takes its time: one is enough.
    if (protocol.protocol) return;
    const where = {
      ...plan,
      groups: null,
      compared: [
        {
          left: { owner: 'second' as const, name: 'amount' },
          by: '<' as const,
          right: { owner: 'first' as const, name: 'amount' },
        },
      ],
      outputs: outputs.slice(0, 2),
    };
    expect((await playAll({ plan: where, recipient: 'second', ...protocol }, [a, b]))[1].answer!.rows).toEqual([
      ['1', '2.5'],
    ]);
  });

  test('groups with fewer rows than asked stay closed, and their names with them; in order, the first ones open', async () => {
    const amounts = [5n, 1n, 2n, 9n, 3n, 4n, 7n, 7n];
    const cities = ['x', 'x', 'y', 'y', 'y', 'a,b', '', 'x'];
    const rows = amounts.map((amount, id): Row => ({ id, amount, rest: BigInt(id), city: cities[id]! }));
    const paths: [string, string] = [await write('a.csv', rows), await write('b.csv', rows)];
    const plan: Plan = {
      align: 'place',
      filters: { first: [{ kind: 'compare', column: 'rest', by: '>', constant: { number: '0' } }], second: [] },
      compared: [],
      groups: { owner: 'second', columns: ['city'] },
      outputs: [{ name: 'city', of: 'group', column: 'city' }, ...outputs.slice(0, 2)],
    };
    const answerOf = async (more: Partial<Plan>, recipient: Role) => {
      const all = await playAll({ plan: { ...plan, ...more }, recipient, ...protocol }, paths);
      const { rows: told, withheld } = all[recipient === 'first' ? 0 : 1].answer!;
      return { told, withheld };
    };
    for (const recipient of ['first', 'second'] as const) {
      expect(await answerOf({ atLeast: 2 }, recipient)).toEqual({
        told: [
          ['x', '2', '0.08'],
          ['y', '3', '0.14'],
        ],
        withheld: 2,
      });
    }
    const top = { output: 2, descending: false, count: 3 };
    expect((await answerOf({ top }, 'first')).told).toEqual([
      ['a,b', '1', '0.04'],
      [null, '1', '0.07'],
      ['x', '2', '0.08'],
    ]);
    const whole = { groups: null, outputs: outputs.slice(0, 2), atLeast: 8 };
    expect(await answerOf(whole, 'second')).toEqual({ told: [], withheld: 1 });
    expect((await answerOf({ ...whole, atLeast: 7 }, 'second')).told).toEqual([['7', '0.33']]);
  });

  test('what cannot be computed is refused before anything opens, and all are told why', async () => {
    const row = (id: number, amount: Cell): Row => ({ id, amount, rest: 1n, city: 'c' });
    const most = 2n ** 62n - 1n;
    const b = await write('b.csv', [row(1, 1n), row(2, 1n), row(2, 1n)]);
    const base: Plan = {
      align: 'place',
      filters: { first: [], second: [{ kind: 'compare', column: 'amount', by: '>', constant: { number: '0' } }] },
      compared: [],
      groups: null,
      outputs: outputs.slice(0, 2),
    };
    const refusedOf = async (rows: Row[], plan = base, more = {}) =>
      Promise.all(
        (await playAll({ plan, recipient: 'both', ...protocol, ...more }, [await write('a.csv', rows), b], true)).map(
          codeOf,
        ),
      );
    const all = (code: string) => [code, code, code];
    // A dealer has left by then.
    const afterDealing = (code: string) => (protocol.protocol ? [code, code, 'went well'] : all(code));
    const large = [row(1, most), row(2, most), row(3, 2n)];
    expect(await refusedOf(large)).toEqual(afterDealing('compute.overflow'));
    expect(await refusedOf([row(1, most), row(2, -most), row(3, 1n)])).toEqual(all('went well'));
    expect(await refusedOf([row(1, most + 1n), row(2, 1n), row(3, 2n)])).toEqual(all('compute.overflow'));
    expect(await refusedOf([row(1, 1n)])).toEqual(all('compute.input'));
    expect(await refusedOf([row(1, 1n), row(2, 1n), row(3, 1n)], base, { rowsMax: 2 })).toEqual(all('compute.sizeCap'));
    expect(await refusedOf([row(1, 1n), row(2, 1n), row(3, 1n)], base, { decimals: 1 })).toEqual(all('compute.input'));
    const byKey = { ...base, align: { first: 'id', second: 'id' } };
    if (!protocol.protocol) expect(await refusedOf([row(2, 1n)], byKey)).toEqual(all('compute.input'));
    // Why is told to all three, so it says where, and never what stood there.
    const odd = join(folder, 'a.csv');
    await writeFile(odd, 'id,amount,rest,city\nk1,geheim,1,c\nk2,1,1,c\nk3,1,1,c\n');
    const told = await Promise.allSettled(
      await playAll({ plan: base, recipient: 'both', ...protocol }, [odd, b], true),
    );
    const reasons = told.map((one) => (one.status === 'rejected' ? String(one.reason) : 'went well'));
    for (const reason of reasons) expect(reason).toMatch(/record 1: amount is no number$/);
  });
});

test('another table than a contract names is matched by nobody: each party looks for itself, the helper too', async () => {
  const row = (id: number): Row => ({ id, amount: 1n, rest: 0n, city: 'c' });
  // A key that comes again is found out where matches open.
  const paths: [string, string] = [
    await write('a.csv', [row(1), row(2), row(2)]),
    await write('b.csv', [row(1), row(2)]),
  ];
  const plan: Plan = {
    ...{ align: { first: 'id', second: 'id' }, filters: { first: [], second: [] }, compared: [], groups: null },
    outputs: [outputs[0]!],
  };
  const hidden = sumPlan({ first: 'id', second: 'id', payload: 'second', sum: 'amount', atLeast: 1 });
  const commitmentOf = async (path: string): Promise<string> => {
    const { digest } = await scanTable(path, [], () => {});
    return inputCommitment(Buffer.alloc(32, 5), digest, 'id').toString('hex');
  };
  const [a, b] = [await commitmentOf(paths[0]), await commitmentOf(paths[1])];
  const sound = { first: { own: a, peer: b }, second: { own: b, peer: a }, helper: { own: a, peer: b } };
  const codes = async (agreed: Parameters<typeof playAll>[3], played = plan) =>
    Promise.all((await playAll({ plan: played, recipient: 'first' }, paths, true, agreed)).map(codeOf));
  expect(await codes(sound)).toEqual(Array(3).fill('compute.input'));
  expect(await codes(sound, hidden)).toEqual(Array(3).fill('went well'));
  const other = '0'.repeat(64);
  for (const asked of [plan, hidden])
    for (const wrong of [
      { ...sound, first: { own: other, peer: b } },
      { ...sound, first: { own: a, peer: other } },
      { ...sound, second: { own: other, peer: a } },
      { ...sound, helper: { own: a, peer: other } },
    ])
      expect(await codes(wrong, asked), JSON.stringify(wrong)).toEqual(Array(3).fill('compute.inputChanged'));
});

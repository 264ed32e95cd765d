/** Sums over common keys that nobody learns, files to result, three parties over TLS, against a plain reckoning. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Role } from '../intersect/agree.ts';
import { type Plan, requirePlan, sumPlan } from './plan.ts';
import { codeOf, playAll } from './testing.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-sum-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Row {
  id: number;
  paid: number;
}
/** The group goes by the key, so that no key is in two. */
const groupOf = (id: number, groups: number): string => (id % groups === 0 ? '' : `g${id % groups}`);
const write = async (name: string, rows: readonly Row[], groups = 3): Promise<string> => {
  const path = join(folder, name);
  const lines = rows.map(({ id, paid }) => `u${id},${(paid / 100).toFixed(2)},${groupOf(id, groups)}\n`);
  await writeFile(path, `id,paid,city\n${lines.join('')}`);
  return path;
};

const moneyOf = (cents: number): string => String(cents / 100);

/** By adding up open rows. */
const reckoned = (payload: readonly Row[], other: readonly Row[], atLeast: number, groups: number | undefined) => {
  const keys = new Set(other.map(({ id }) => id));
  const found = new Map<string, { ids: Set<number>; sum: number }>();
  for (const { id, paid } of payload) {
    const name = groups === undefined ? 'all' : groupOf(id, groups);
    const one = found.get(name) ?? { ids: new Set<number>(), sum: 0 };
    found.set(name, one);
    if (keys.has(id)) {
      one.ids.add(id);
      one.sum += paid;
    }
  }
  if (groups === undefined && found.size === 0) found.set('all', { ids: new Set(), sum: 0 });
  const all = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const open = all.filter(([, { ids }]) => ids.size >= atLeast);
  return {
    rows: open.map(([name, { ids, sum }]) => [
      ...(groups === undefined ? [] : [name || null]),
      String(ids.size),
      moneyOf(sum),
    ]),
    withheld: all.length - open.length,
  };
};

const planFor = (payload: Role, grouped: boolean, atLeast: number): Plan =>
  sumPlan({ first: 'id', second: 'id', payload, sum: 'paid', ...(grouped ? { group: 'city' } : {}), atLeast });

const rowsOf = fc.array(fc.record({ id: fc.nat(25), paid: fc.integer({ min: -100_000, max: 10 ** 8 }) }), {
  maxLength: 40,
});

test('count and sum over common keys, by groups or not, of tables of any size, with duplicates, to whom it is to open', async () => {
  const asked = fc.record({
    a: rowsOf,
    b: rowsOf,
    payload: fc.constantFrom<Role>('first', 'second'),
    grouped: fc.boolean(),
    atLeast: fc.integer({ min: 1, max: 5 }),
    recipient: fc.constantFrom<Role | 'both'>('first', 'second', 'both'),
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ a, b, payload, grouped, atLeast, recipient }) => {
      const plan = planFor(payload, grouped, atLeast);
      const [first, second, helper] = await playAll({ plan, recipient }, [await write('a', a), await write('b', b)]);
      const [own, other] = payload === 'first' ? [a, b] : [b, a];
      const expected = reckoned(own, other, atLeast, grouped ? 3 : undefined);
      const told = [recipient !== 'second' ? expected : null, recipient !== 'first' ? expected : null, null];
      for (const [at, { answer }] of [first, second, helper].entries()) {
        expect(answer && { rows: answer.rows, withheld: answer.withheld }).toEqual(told[at]);
      }
      expect([first.peerCommitment, second.peerCommitment]).toEqual([second.commitment, first.commitment]);
    }),
    {
      numRuns: 12,
      seed: 5,
      examples: [
        [{ a: [], b: [], payload: 'second', grouped: true, atLeast: 1, recipient: 'both' }],
        [{ a: [], b: [], payload: 'first', grouped: false, atLeast: 1, recipient: 'both' }],
        [
          {
            a: [{ id: 1, paid: 1 }],
            b: [{ id: 1, paid: 5 }],
            payload: 'second',
            grouped: true,
            atLeast: 1,
            recipient: 'first',
          },
        ],
      ],
    },
  );
});

test('a key without a value to sum up is in no count, as under a contract; one that has a row with a value is', async () => {
  const keys = Array.from({ length: 8 }, (_, id) => id);
  const a = await write(
    'a',
    keys.map((id) => ({ id, paid: 0 })),
  );
  const b = join(folder, 'b-empty');
  // u0 and u1 have none, u2 has one beside.
  await writeFile(b, `id,paid,city\n${keys.map((id) => `u${id},${id < 3 ? '' : id},x\n`).join('')}u2,5,x\n`);
  const opened = async (grouped: boolean, atLeast: number) => {
    const [{ answer }] = await playAll({ plan: planFor('second', grouped, atLeast), recipient: 'first' }, [a, b]);
    return answer && { rows: answer.rows, withheld: answer.withheld };
  };
  expect(await opened(false, 6)).toEqual({ rows: [['6', '30']], withheld: 0 });
  expect(await opened(true, 6)).toEqual({ rows: [['x', '6', '30']], withheld: 0 });
  // Eight keys are common, and a least number of seven has not been met.
  for (const grouped of [false, true]) expect(await opened(grouped, 7)).toEqual({ rows: [], withheld: 1 });
});

test('owners leave out rows by conditions of their own, and put the first groups in order', async () => {
  const a = await write(
    'a',
    Array.from({ length: 30 }, (_, id) => ({ id, paid: id })),
  );
  const b = await write(
    'b',
    Array.from({ length: 30 }, (_, id) => ({ id, paid: 1000 * (id % 5) + id })),
    5,
  );
  const base = planFor('second', true, 4);
  const plan: Plan = {
    ...base,
    filters: {
      first: [{ kind: 'compare', column: 'paid', by: '>=', constant: { number: '0.05' } }],
      second: [{ kind: 'compare', column: 'paid', by: '<>', constant: { number: '40.29' } }],
    },
    top: { output: 2, descending: true, count: 2 },
  };
  const [{ answer }] = await playAll({ plan, recipient: 'first' }, [a, b]);
  // Of ids 5 to 29, five in each group; the one of 29 in group 4 is left out.
  expect(answer).toEqual({
    columns: ['city', 'count', 'sum'],
    rows: [
      ['g4', '4', '160.66'],
      ['g3', '5', '150.9'],
    ],
  });
});

test('what cannot be added up is refused before anything opens, and all are told why', async () => {
  const b = await write('b', [{ id: 1, paid: 5 }]);
  const file = async (text: string) => {
    await writeFile(join(folder, 'a'), `id,paid,city\n${text}`);
    return join(folder, 'a');
  };
  const refusedOf = async (text: string, more = {}) => {
    const plan = planFor('first', true, 1);
    return Promise.all((await playAll({ plan, recipient: 'both', ...more }, [await file(text), b], true)).map(codeOf));
  };
  const all = (code: string) => [code, code, code];
  const most = '46116860184273879.03';
  expect(await refusedOf(`u1,${most},x\nu2,${most},y\nu3,0.02,z\n`)).toEqual(all('compute.overflow'));
  expect(await refusedOf('u1,1,x\nu1,2,y\n')).toEqual(all('compute.input'));
  expect(await refusedOf('u1,1,x\nu2,1,x\n', { rowsMax: 1 })).toEqual(all('compute.sizeCap'));
  expect(await refusedOf('u1,1,x\nu1,2,x\n,3,z\n')).toEqual(all('went well'));
});

test('plans that would show more are no plans', () => {
  const plan = planFor('second', true, 3);
  const wrong: Partial<Plan>[] = [
    { atLeast: undefined },
    { atLeast: 0 },
    { atLeast: 2_000_000 },
    { groups: { owner: 'first', columns: ['city'] } },
    { outputs: [{ name: 's', of: 'sum', column: { owner: 'first', name: 'paid' } }] },
    { outputs: [{ name: 'c', of: 'count', column: { owner: 'second', name: 'paid' } }] },
    { compared: [{ left: { owner: 'first', name: 'x' }, by: '<', right: { owner: 'second', name: 'y' } }] },
    { align: { first: 'id', second: 'id', payload: 'helper' as Role } },
    { top: { output: 0, descending: true, count: 1 } },
    { top: { output: 1, descending: true, count: 1001 } },
    { groups: null, outputs: plan.outputs.slice(1), top: { output: 0, descending: true, count: 1 } },
  ];
  for (const one of wrong)
    expect(() => requirePlan({ ...plan, ...one }), JSON.stringify(one)).toThrow(
      expect.objectContaining({ code: 'compute.query' }),
    );
  expect(() => requirePlan(plan)).not.toThrow();
});

test('a key may be what is summed up, as the table is read once for both', async () => {
  const [a, b] = [join(folder, 'own-a.csv'), join(folder, 'own-b.csv')];
  await writeFile(a, 'id\n7\n12\n30\n');
  await writeFile(b, 'name,id\nx,12\ny,5\nz,7\n');
  const plan = sumPlan({ first: 'id', second: 'id', payload: 'second', sum: 'id', atLeast: 1 });
  const [first] = await playAll({ plan, recipient: 'first', decimals: 0 }, [a, b]);
  expect(first.answer?.rows).toEqual([['2', '19']]);
  expect(first.rowsRead).toBe(3);
});

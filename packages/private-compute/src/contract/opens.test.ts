/** What passes the rules of a contract on shares, played by three parties: no number opens that is about fewer than were agreed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plan } from '../shares/plan.ts';
import { codeOf, playAll } from '../shares/testing.ts';
import { type Opens, openingPlan } from './opens.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-opens-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const agreed: Opens = {
  dataSets: [
    {
      table: 'a',
      columns: [
        { name: 'id', rule: 'join' },
        { name: 'paid', rule: 'aggregate' },
        { name: 'grade', rule: 'open' },
      ],
    },
    {
      table: 'b',
      columns: [
        { name: 'id', rule: 'join' },
        { name: 'city', rule: 'open' },
      ],
    },
  ],
  recipients: ['B'],
  release: { entitiesMin: 3 },
};
const paid = { owner: 'first' as const, name: 'paid' };
const byCity: Plan = {
  align: { first: 'id', second: 'id' },
  filters: { first: [], second: [] },
  compared: [],
  groups: { owner: 'second', columns: ['city'] },
  outputs: [
    { name: 'city', of: 'group', column: 'city' },
    { name: 'n', of: 'rows' },
    { name: 's', of: 'sum', column: paid },
  ],
};
const passed = (plan: Plan): Plan => {
  const found = openingPlan(plan, agreed);
  if ('code' in found) throw new Error(found.en);
  return found;
};

interface Person {
  id: number;
  paid: number | null;
  city: string;
}
const tables = async (people: readonly Person[]): Promise<[string, string]> => {
  const paths: [string, string] = [join(folder, 'a.csv'), join(folder, 'b.csv')];
  await writeFile(paths[0], `id,paid\n${people.map(({ id, paid: value }) => `k${id},${value ?? ''}\n`).join('')}`);
  await writeFile(paths[1], `id,city\n${people.map(({ id, city }) => `k${id},${city}\n`).join('')}`);
  return paths;
};
const answerOf = async (plan: Plan, people: readonly Person[]) => {
  const [, , helper] = await playAll({ plan: passed(plan), recipient: 'second' }, await tables(people)).then((all) => {
    expect([all[0].answer, all[2].answer]).toEqual([null, null]);
    return [all[0], all[2], all[1]] as const;
  });
  return helper.answer!;
};

const person = (id: number, value: number | null, city: string): Person => ({ id, paid: value, city });
/** Four in x of whom one has a value, three in y who all have, and a rich one alone in z. */
const town = [
  ...[1, 2, 3, 4].map((id) => person(id, id === 1 ? 700 : null, 'x')),
  ...[5, 6, 7].map((id) => person(id, 10, 'y')),
  person(8, 9000, 'z'),
];

test('an average is not that of the one who has a value, and the first in order is nobody alone', async () => {
  const mean: Plan = { ...byCity, outputs: [byCity.outputs[0]!, { name: 'm', of: 'avg', column: paid }] };
  expect(await answerOf(mean, town)).toEqual({ columns: ['city', 'm'], rows: [['y', '10']], withheld: 2 });
  const first = { output: 2, descending: true, count: 1 };
  expect((await answerOf({ ...byCity, top: first }, town)).rows).toEqual([['y', '3', '30']]);
  const last = { output: 1, descending: false, count: 3 };
  expect((await answerOf({ ...byCity, top: last }, town)).rows).toEqual([['y', '3', '30']]);
});

test('the whole stays closed where too few are left of it, and the count with it', async () => {
  const { groups: _, ...open } = byCity;
  const whole: Plan = { ...open, groups: null, outputs: byCity.outputs.slice(1) };
  const two = town.filter(({ id }) => id === 5 || id === 8);
  expect(await answerOf(whole, two)).toEqual({ columns: ['n', 's'], rows: [], withheld: 1 });
  expect((await answerOf(whole, [...two, person(9, 5, 'z')])).rows).toEqual([['3', '9015']]);
});

test('a person who fills many rows to pass for many is not computed on', async () => {
  const many = [person(1, 1, 'x'), person(1, 1, 'x'), person(1, 1, 'x'), person(2, 1, 'x')];
  const codes = await Promise.all(
    (await playAll({ plan: passed(byCity), recipient: 'second' }, await tables(many), true)).map(codeOf),
  );
  expect(codes).toEqual(Array(3).fill('compute.input'));
});

test('over any rows each number that opens is about as many as agreed, and all of those open', async () => {
  const people = fc.array(
    fc.tuple(fc.option(fc.integer({ min: -9, max: 9 }), { freq: 3 }), fc.constantFrom('x', 'y', 'z')),
    {
      maxLength: 14,
    },
  );
  await fc.assert(
    fc.asyncProperty(people, async (drawn) => {
      const all = drawn.map(([value, city], id) => person(id, value, city));
      const groups = Map.groupBy(
        all.filter((one) => one.paid !== null),
        ({ city }) => city,
      );
      const enough = [...groups].filter(([, { length }]) => length >= 3).sort(([a], [b]) => (a < b ? -1 : 1));
      expect((await answerOf(byCity, all)).rows).toEqual(
        enough.map(([city, own]) => [city, String(own.length), String(own.reduce((sum, one) => sum + one.paid!, 0))]),
      );
    }),
    { numRuns: 8, seed: 5 },
  );
});

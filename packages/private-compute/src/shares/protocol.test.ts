import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Link } from '../channel/link.ts';
import { elementsOf, packed, wordsFor } from './bits.ts';
import type { Mesh, Place } from './mesh.ts';
import {
  and,
  dot,
  equal,
  inTwo,
  less,
  multiply,
  not,
  numbersOf,
  open,
  share,
  shareBits,
  sum,
  sumByGroup,
} from './protocol.ts';
import { plus, type Shared, type SharedBits, signed } from './ring.ts';
import { allThree, closeAll, meetAll, meshesOver } from './testing.ts';

let links: (Link | undefined)[][];
let meshes: Mesh[];
beforeAll(async () => {
  links = await meetAll();
  meshes = await meshesOver(links);
});
afterAll(() => closeAll(links));

const wrap = (value: bigint) => BigInt.asUintN(64, value);
const column = (values: readonly bigint[]) => BigUint64Array.from(values, wrap);
const given = (mesh: Mesh, owner: Place, values: readonly bigint[]): Promise<Shared> =>
  share(mesh, owner, values.length, mesh.place === owner ? column(values) : undefined);
const openedAt = async (step: (mesh: Mesh) => Promise<Shared>, to: Place = 0): Promise<bigint[]> => {
  const opened = await allThree(meshes, async (mesh) => open(mesh, await step(mesh), to));
  expect(opened.map((one) => one !== undefined)).toEqual([0, 1, 2].map((place) => place === to));
  return [...opened[to]!];
};
const bitsOf = (step: (mesh: Mesh) => Promise<SharedBits>, rows: number) =>
  openedAt(async (mesh) => numbersOf(mesh, await step(mesh), rows)).then((found) => found.map(Number));

const element = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const place = fc.constantFrom<Place>(0, 1, 2);
const two = fc.array(fc.tuple(element, element), { maxLength: 70 });
const rounds = { numRuns: 25, seed: 7 };

test('what is shared and opened is what was given, to one party, whoever gave it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(element, { maxLength: 40 }), place, place, async (values, owner, to) => {
      expect(await openedAt((mesh) => given(mesh, owner, values), to)).toEqual(values);
    }),
    rounds,
  );
});

test('sums and products of what different parties gave are those of the ring', async () => {
  await fc.assert(
    fc.asyncProperty(two, place, place, async (pairs, owner, other) => {
      const [a, b] = [pairs.map(([one]) => one), pairs.map(([, one]) => one)];
      const expected = pairs.map(([one, another]) => wrap(one * another));
      const both = (mesh: Mesh) => given(mesh, owner, a).then(async (x) => [x, await given(mesh, other, b)] as const);
      const added = async (mesh: Mesh) => {
        const [x, y] = await both(mesh);
        return { own: plus(x.own, y.own), next: plus(x.next, y.next) };
      };
      expect(await openedAt(added)).toEqual(pairs.map(([one, another]) => wrap(one + another)));
      expect(await openedAt(async (mesh) => multiply(mesh, ...(await both(mesh))))).toEqual(expected);
      const whole = wrap(expected.reduce((all, one) => all + one, 0n));
      expect(await openedAt(async (mesh) => dot(mesh, ...(await both(mesh))), 1)).toEqual([whole]);
      expect(await openedAt(async (mesh) => sum(await multiply(mesh, ...(await both(mesh)))), 2)).toEqual([whole]);
    }),
    rounds,
  );
});

const small = fc.oneof(fc.bigInt({ min: -(2n ** 62n) + 1n, max: 2n ** 62n - 1n }), fc.bigInt({ min: -3n, max: 3n }));

test('comparisons are those of whole numbers, negative ones and equal ones among them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(small, small), { maxLength: 70 }), async (pairs) => {
      const both = async (mesh: Mesh) =>
        [
          await given(
            mesh,
            0,
            pairs.map(([one]) => one),
          ),
          await given(
            mesh,
            1,
            pairs.map(([, one]) => one),
          ),
        ] as const;
      const rows = pairs.length;
      expect(await bitsOf(async (mesh) => less(mesh, ...(await both(mesh))), rows)).toEqual(
        pairs.map(([a, b]) => +(a < b)),
      );
      expect(await bitsOf(async (mesh) => equal(mesh, ...(await both(mesh))), rows)).toEqual(
        pairs.map(([a, b]) => +(a === b)),
      );
    }),
    rounds,
  );
});

test('the numbers at both ends of what may be compared', async () => {
  const most = 2n ** 62n - 1n;
  const [a, b] = [
    [most, -most, 0n, most],
    [-most, most, 0n, most],
  ];
  const found = await bitsOf(async (mesh) => less(mesh, await given(mesh, 0, a), await given(mesh, 1, b)), 4);
  expect(found).toEqual([0, 1, 0, 0]);
});

test('bits: and, not, and as numbers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(1), fc.nat(1)), { maxLength: 90 }), async (pairs) => {
      const side = (mesh: Mesh, owner: Place, which: 0 | 1) =>
        shareBits(
          mesh,
          owner,
          wordsFor(pairs.length),
          mesh.place === owner ? packed(Uint8Array.from(pairs, (pair) => pair[which])) : undefined,
        );
      const step = async (mesh: Mesh) => and(mesh, await side(mesh, 1, 0), not(mesh, await side(mesh, 2, 1)));
      expect(await bitsOf(step, pairs.length)).toEqual(pairs.map(([a, b]) => a & (1 - b)));
    }),
    rounds,
  );
  expect([...elementsOf(Uint32Array.of(0b101), 3)]).toEqual([1n, 0n, 1n]);
});

test('sums by groups that one owner knows, of columns that either has or nobody', async () => {
  const row = fc.tuple(fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }), fc.option(fc.nat(5)));
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 60 }),
      fc.constantFrom<0 | 1>(0, 1),
      place,
      async (rows, owner, giver) => {
        const groups = [...new Set(rows.flatMap(([, group]) => (group === null ? [] : [group])))].sort();
        const inGroup = groups.map((group) => rows.flatMap(([, one], at) => (one === group ? [at] : [])));
        const order = Uint32Array.from([
          ...inGroup.flat(),
          ...rows.flatMap(([, one], at) => (one === null ? [at] : [])),
        ]);
        let end = 0;
        const ends = Uint32Array.from(inGroup, (all) => (end += all.length));
        const values = rows.map(([value]) => value);
        const parts = await allThree(meshes, async (mesh) => {
          const shared = inTwo(mesh, await given(mesh, giver, values), owner);
          const own =
            mesh.place === 2 ? undefined : mesh.place === owner ? column(values.map(() => 0n)) : column(values);
          return sumByGroup(
            mesh,
            owner,
            rows.length,
            [shared, own],
            6,
            mesh.place === owner ? { order, ends } : undefined,
          );
        });
        const expected = inGroup.map((all) => all.reduce((whole, at) => whole + values[at]!, 0n));
        for (const which of [0, 1])
          expect([...plus(parts[0]![which]!, parts[1]![which]!)].map(signed)).toEqual(expected);
      },
    ),
    rounds,
  );
});

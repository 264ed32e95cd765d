import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Link } from '../channel/link.ts';
import { elementsOf, packed, type Width, widthOf, wordsFor } from './bits.ts';
import type { Mesh, Place } from './mesh.ts';
import { openSome } from './opening.ts';
import {
  and,
  equal,
  fromTwo,
  inTwo,
  less,
  multiply,
  negative,
  not,
  numbersOf,
  open,
  ranks,
  share,
  shareBits,
  sum,
  sumByGroup,
  weighed,
  weighedSum,
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
      expect(await openedAt(async (mesh) => sum(await multiply(mesh, ...(await both(mesh)))), 2)).toEqual([whole]);
    }),
    rounds,
  );
});

const known = (mesh: Mesh, owner: Place, values: readonly bigint[]) => ({
  owner,
  values: mesh.place === owner ? column(values) : undefined,
});
const most = (width: Width) => 2n ** BigInt(width - 1) - 1n;
const numbers = fc.constantFrom<Width>(16, 32, 64).chain((width) => {
  const one = fc.oneof(
    fc.bigInt({ min: -most(width) - 1n, max: most(width) }),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.constantFrom(most(width), -most(width) - 1n),
  );
  return fc.tuple(fc.constant(width), fc.array(fc.tuple(one, one), { maxLength: 70 }));
});

test('comparisons are those of whole numbers, negative ones, equal ones and both ends among them', async () => {
  await fc.assert(
    fc.asyncProperty(numbers, place, place, async ([width, pairs], owner, another) => {
      const [a, b] = [pairs.map(([one]) => one), pairs.map(([, one]) => one)];
      const rows = pairs.length;
      expect(widthOf(column([...a, ...b]))).toBeLessThanOrEqual(width);
      const side = (mesh: Mesh) => [known(mesh, owner, a), known(mesh, another, b), rows, width] as const;
      expect(await bitsOf((mesh) => less(mesh, ...side(mesh)), rows)).toEqual(pairs.map(([x, y]) => +(x < y)));
      expect(await bitsOf((mesh) => equal(mesh, ...side(mesh)), rows)).toEqual(pairs.map(([x, y]) => +(x === y)));
      // Parts of what neither knows: y is the other part of each difference.
      const parts = pairs.map(([x, y]) => [y, wrap((x >> 1n) - y)] as const);
      const found = await bitsOf(
        (mesh) =>
          negative(
            mesh,
            known(
              mesh,
              owner,
              parts.map(([one]) => one),
            ),
            known(
              mesh,
              another,
              parts.map(([, one]) => one),
            ),
            rows,
          ),
        rows,
      );
      expect(found).toEqual(pairs.map(([x]) => +(x < 0n)));
    }),
    rounds,
  );
});

test('the least of three widths that holds a column', () => {
  const cases: [bigint[], Width][] = [
    [[], 16],
    [[32767n, -32768n], 16],
    [[32768n], 32],
    [[-32769n], 32],
    [[2n ** 31n - 1n, -(2n ** 31n)], 32],
    [[2n ** 31n], 64],
    [[-(2n ** 31n) - 1n], 64],
  ];
  for (const [values, width] of cases) expect(widthOf(column(values))).toBe(width);
});

test('what one party has, over rows that shared bits take, as a sum and row by row', async () => {
  const row = fc.tuple(element, fc.nat(1));
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 70 }), place, place, async (rows, owner, giver) => {
      const values = rows.map(([value]) => value);
      const kept = rows.map(([value, bit]) => value * BigInt(bit));
      const bits = (mesh: Mesh) =>
        shareBits(
          mesh,
          giver,
          wordsFor(rows.length),
          mesh.place === giver ? packed(Uint8Array.from(rows, ([, bit]) => bit)) : undefined,
        );
      const own = (mesh: Mesh) => (mesh.place === owner ? column(values) : undefined);
      const whole = wrap(kept.reduce((all, one) => all + one, 0n));
      const summed = async (mesh: Mesh) => weighedSum(mesh, owner, await bits(mesh), rows.length, own(mesh));
      expect(await openedAt(summed)).toEqual([whole]);
      for (const other of [0, 1, 2].filter((one) => one !== owner) as Place[]) {
        const single = async (mesh: Mesh) => {
          const parts = await weighed(mesh, owner, other, await bits(mesh), rows.length, own(mesh));
          expect(parts === undefined).toBe(mesh.place !== owner && mesh.place !== other);
          return fromTwo(mesh, owner, other, rows.length, parts);
        };
        expect(await openedAt(single)).toEqual(kept);
      }
    }),
    rounds,
  );
});

test('places in order, of equal numbers the earlier one first', async () => {
  const number = fc.oneof(fc.bigInt({ min: -(2n ** 62n) + 1n, max: 2n ** 62n - 1n }), fc.bigInt({ min: -2n, max: 2n }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(number, element), { maxLength: 12 }), async (all) => {
      const values = all.map(([value]) => value);
      const order = [...values.keys()].sort((a, b) =>
        values[a]! > values[b]! ? -1 : values[a]! < values[b]! ? 1 : a - b,
      );
      const places = values.map((_, at) => BigInt(order.indexOf(at)));
      const masks = all.map(([, mask]) => mask);
      const rest = values.map((value, at) => wrap(value - masks[at]!));
      expect(await openedAt((mesh) => ranks(mesh, known(mesh, 1, rest), known(mesh, 2, masks), values.length))).toEqual(
        places,
      );
    }),
    rounds,
  );
});

test('what opens of some elements: those with enough rows, the first in order, and of the rest nothing', async () => {
  const number = fc.oneof(fc.bigInt({ min: -(2n ** 62n) + 1n, max: 2n ** 62n - 1n }), fc.bigInt({ min: -2n, max: 2n }));
  const all = fc.array(fc.tuple(fc.nat(6), number), { minLength: 1, maxLength: 10 });
  const asked = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), fc.boolean(), fc.nat(2));
  await fc.assert(
    fc.asyncProperty(all, asked, async (elements, [least, most, descending, what]) => {
      const [counts, values] = [elements.map(([count]) => BigInt(count)), elements.map(([, value]) => value)];
      const enough = (at: number) => what === 1 || counts[at]! >= least;
      const before = (a: number, b: number) => {
        const [x, y] = descending ? [values[b]!, values[a]!] : [values[a]!, values[b]!];
        return x < y ? -1 : x > y ? 1 : a - b;
      };
      const inOrder = [...values.keys()].filter(enough).sort(before);
      const expected = what === 0 ? inOrder : inOrder.slice(0, most);
      const found = await allThree(meshes, async (mesh) => {
        const rows = await given(mesh, 1, counts);
        const by = await given(mesh, 2, values);
        return openSome(
          mesh,
          [by, rows],
          elements.length,
          {
            ...(what === 1 ? {} : { atLeast: { rows, least } }),
            ...(what === 0 ? {} : { top: { by, descending, count: most } }),
          },
          [1],
        );
      });
      expect([found[0], found[2]]).toEqual([undefined, undefined]);
      const { open: opened, columns, ranks: places } = found[1]!;
      expect(opened).toEqual(values.map((_, at) => expected.includes(at)));
      expect([...columns[0]!].map(signed)).toEqual(values.map((value, at) => (opened[at] ? value : 0n)));
      expect([...columns[1]!]).toEqual(counts.map((count, at) => (opened[at] ? count : 0n)));
      if (what !== 0) {
        expect([...places!]).toEqual(values.map((_, at) => BigInt(Math.max(0, expected.indexOf(at)))));
      }
    }),
    rounds,
  );
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
      fc.constantFrom<[Place, Place]>([0, 1], [1, 0], [0, 2], [1, 2], [2, 0]),
      place,
      async (rows, [owner, other], giver) => {
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
          const shared = inTwo(mesh, await given(mesh, giver, values), owner, other);
          const own =
            mesh.place !== owner && mesh.place !== other
              ? undefined
              : mesh.place === owner
                ? column(values.map(() => 0n))
                : column(values);
          return sumByGroup(
            mesh,
            owner,
            other,
            rows.length,
            [shared, own],
            6,
            mesh.place === owner ? { order, ends } : undefined,
          );
        });
        const expected = inGroup.map((all) => all.reduce((whole, at) => whole + values[at]!, 0n));
        for (const which of [0, 1])
          expect([...plus(parts[owner]![which]!, parts[other]![which]!)].map(signed)).toEqual(expected);
      },
    ),
    rounds,
  );
});

/** What each protocol makes of its steps, against plain reckoning: the same suite for all of them. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../channel/link.ts';
import { type Arithmetic, ranks, sumOf } from './arithmetic.ts';
import { elementsOf, packed, type Width, widthOf, wordsFor } from './bits.ts';
import type { Place } from './mesh.ts';
import { openSome } from './opening.ts';
import { plus, signed, total } from './ring.ts';
import { closeAll, meetAll, rigs } from './testing.ts';

let links: (Link | undefined)[][];
beforeAll(async () => {
  links = await meetAll();
});
afterAll(() => closeAll(links));

type On = Arithmetic<never, never>;
const wrap = (value: bigint) => BigInt.asUintN(64, value);
const column = (values: readonly bigint[]) => BigUint64Array.from(values, wrap);
const element = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const two = fc.array(fc.tuple(element, element), { maxLength: 70 });
const rounds = { numRuns: 20, seed: 7 };

const most = (width: Width) => 2n ** BigInt(width - 1) - 1n;
const numbers = fc.constantFrom<Width>(16, 32, 64).chain((width) => {
  const one = fc.oneof(
    fc.bigInt({ min: -most(width) - 1n, max: most(width) }),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.constantFrom(most(width), -most(width) - 1n),
  );
  return fc.tuple(fc.constant(width), fc.array(fc.tuple(one, one), { maxLength: 70 }));
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

describe.each(rigs(() => links))('$name', ({ parties, run }) => {
  const place = fc.constantFrom(...parties);
  const owners = fc.constantFrom<[Place, Place]>(
    ...parties.flatMap((one) => parties.filter((other) => other !== one).map((other): [Place, Place] => [one, other])),
  );
  const isAt = (on: On, owner: Place) => on.wires.place === owner;
  const given = (on: On, owner: Place, values: readonly bigint[]): Promise<never> =>
    on.share(owner, values.length, isAt(on, owner) ? column(values) : undefined);
  const givenBits = (on: On, owner: Place, bits: readonly number[]): Promise<never> =>
    on.shareBits(owner, wordsFor(bits.length), isAt(on, owner) ? packed(Uint8Array.from(bits)) : undefined);
  const openedAt = async (step: (on: On) => Promise<never>, to: Place = 0): Promise<bigint[]> => {
    const opened = await run(async (on) => on.open(await step(on), to));
    expect(opened.map((one) => one !== undefined)).toEqual(parties.map((one) => one === to));
    return [...opened[to]!];
  };
  const bitsOf = (step: (on: On) => Promise<never>, rows: number) =>
    openedAt(async (on) => on.numbersOf(await step(on), rows)).then((found) => found.map(Number));
  const known = (on: On, owner: Place, values: readonly bigint[]) => ({
    owner,
    values: isAt(on, owner) ? column(values) : undefined,
  });

  test('what is shared and opened is what was given, to one party, whoever gave it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(element, { maxLength: 40 }), place, place, async (values, owner, to) => {
        expect(await openedAt((on) => given(on, owner, values), to)).toEqual(values);
      }),
      rounds,
    );
  });

  test('sums and products of what different parties gave are those of the ring', async () => {
    await fc.assert(
      fc.asyncProperty(two, place, place, async (pairs, owner, other) => {
        const [a, b] = [pairs.map(([one]) => one), pairs.map(([, one]) => one)];
        const expected = pairs.map(([one, another]) => wrap(one * another));
        const both = async (on: On) => [await given(on, owner, a), await given(on, other, b)] as const;
        expect(await openedAt(async (on) => sumOf(on, ...(await both(on))))).toEqual(
          pairs.map(([one, another]) => wrap(one + another)),
        );
        expect(await openedAt(async (on) => on.multiply(...(await both(on))))).toEqual(expected);
        const whole = wrap(expected.reduce((all, one) => all + one, 0n));
        const summed = async (on: On) => on.linear([await on.multiply(...(await both(on)))], ([part]) => total(part!));
        expect(await openedAt(summed, 1)).toEqual([whole]);
      }),
      rounds,
    );
  });

  test('comparisons are those of whole numbers, negative ones, equal ones and both ends among them', async () => {
    await fc.assert(
      fc.asyncProperty(numbers, owners, async ([width, pairs], [owner, another]) => {
        const [a, b] = [pairs.map(([one]) => one), pairs.map(([, one]) => one)];
        const rows = pairs.length;
        expect(widthOf(column([...a, ...b]))).toBeLessThanOrEqual(width);
        const side = (on: On) => [known(on, owner, a), known(on, another, b), rows, width] as const;
        expect(await bitsOf((on) => on.less(...side(on)), rows)).toEqual(pairs.map(([x, y]) => +(x < y)));
        expect(await bitsOf((on) => on.equal(...side(on)), rows)).toEqual(pairs.map(([x, y]) => +(x === y)));
        // Parts of what neither knows: y is the other part of each difference.
        const rest = pairs.map(([x, y]) => wrap((x >> 1n) - y));
        const halved = async (on: On) =>
          on.negative(sumOf(on, await given(on, owner, b), await given(on, another, rest)));
        expect(await bitsOf(halved, rows)).toEqual(pairs.map(([x]) => +(x < 0n)));
      }),
      rounds,
    );
  });

  test('what one party has, over rows that shared bits take, as a sum and row by row', async () => {
    const row = fc.tuple(element, fc.nat(1));
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 70 }), place, place, async (rows, owner, giver) => {
        const values = rows.map(([value]) => value);
        const kept = rows.map(([value, bit]) => value * BigInt(bit));
        const bits = (on: On) =>
          givenBits(
            on,
            giver,
            rows.map(([, bit]) => bit),
          );
        const own = (on: On) => (isAt(on, owner) ? column(values) : undefined);
        const whole = wrap(kept.reduce((all, one) => all + one, 0n));
        expect(await openedAt(async (on) => on.weighedSum(owner, await bits(on), rows.length, own(on)))).toEqual([
          whole,
        ]);
        for (const other of parties.filter((one) => one !== owner)) {
          const single = async (on: On) => {
            const parts = await on.weighed(owner, other, await bits(on), rows.length, own(on));
            if (parties.includes(on.wires.place))
              expect(parts === undefined).toBe(!isAt(on, owner) && !isAt(on, other));
            return on.fromTwo(owner, other, rows.length, parts);
          };
          expect(await openedAt(single)).toEqual(kept);
        }
      }),
      rounds,
    );
  });

  test('places in order, of equal numbers the earlier one first', async () => {
    const number = fc.oneof(
      fc.bigInt({ min: -(2n ** 62n) + 1n, max: 2n ** 62n - 1n }),
      fc.bigInt({ min: -2n, max: 2n }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(number, element), { maxLength: 12 }), async (all) => {
        const values = all.map(([value]) => value);
        const order = [...values.keys()].sort((a, b) =>
          values[a]! > values[b]! ? -1 : values[a]! < values[b]! ? 1 : a - b,
        );
        const places = values.map((_, at) => BigInt(order.indexOf(at)));
        const masks = all.map(([, mask]) => mask);
        const rest = values.map((value, at) => wrap(value - masks[at]!));
        const ranked = async (on: On) =>
          ranks(on, sumOf(on, await given(on, 0, rest), await given(on, 1, masks)), values.length);
        expect(await openedAt(ranked)).toEqual(places);
      }),
      rounds,
    );
  });

  test('what opens of some elements: those with enough rows, the first in order, and of the rest nothing', async () => {
    const number = fc.oneof(
      fc.bigInt({ min: -(2n ** 62n) + 1n, max: 2n ** 62n - 1n }),
      fc.bigInt({ min: -2n, max: 2n }),
    );
    const all = fc.array(fc.tuple(fc.nat(6), number), { minLength: 1, maxLength: 10 });
    const asked = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), fc.boolean(), fc.nat(2));
    await fc.assert(
      fc.asyncProperty(all, asked, async (elements, [least, first, descending, what]) => {
        const [counts, values] = [elements.map(([count]) => BigInt(count)), elements.map(([, value]) => value)];
        const enough = (at: number) => what === 1 || counts[at]! >= least;
        const before = (a: number, b: number) => {
          const [x, y] = descending ? [values[b]!, values[a]!] : [values[a]!, values[b]!];
          return x < y ? -1 : x > y ? 1 : a - b;
        };
        const inOrder = [...values.keys()].filter(enough).sort(before);
        const expected = what === 0 ? inOrder : inOrder.slice(0, first);
        const found = await run(async (on) => {
          const rows = await given(on, parties.at(-1)!, counts);
          const by = await given(on, 0, values);
          return openSome(
            on,
            [by, rows],
            elements.length,
            {
              ...(what === 1 ? {} : { atLeast: { rows, least } }),
              ...(what === 0 ? {} : { top: { by, descending, count: first } }),
            },
            [1],
          );
        });
        expect(found.filter((_, at) => at !== 1).every((one) => one === undefined)).toBe(true);
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
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(1), fc.nat(1)), { maxLength: 90 }),
        place,
        place,
        async (pairs, one, other) => {
          const side = (on: On, owner: Place, which: 0 | 1) =>
            givenBits(
              on,
              owner,
              pairs.map((pair) => pair[which]),
            );
          const step = async (on: On) => on.and(await side(on, one, 0), on.not(await side(on, other, 1)));
          expect(await bitsOf(step, pairs.length)).toEqual(pairs.map(([a, b]) => a & (1 - b)));
        },
      ),
      rounds,
    );
    expect([...elementsOf(Uint32Array.of(0b101), 3)]).toEqual([1n, 0n, 1n]);
  });

  test('sums by groups that one owner knows, of columns in two parts, one of them nought or nobody’s', async () => {
    const row = fc.tuple(fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }), element, fc.option(fc.nat(5)));
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 60 }), owners, async (rows, [owner, other]) => {
        const groups = [...new Set(rows.flatMap(([, , group]) => (group === null ? [] : [group])))].sort();
        const inGroup = groups.map((group) => rows.flatMap(([, , one], at) => (one === group ? [at] : [])));
        const order = Uint32Array.from([
          ...inGroup.flat(),
          ...rows.flatMap(([, , one], at) => (one === null ? [at] : [])),
        ]);
        let end = 0;
        const ends = Uint32Array.from(inGroup, (all) => (end += all.length));
        const values = rows.map(([value]) => value);
        const masks = rows.map(([, mask]) => mask);
        const parts = await run((on) => {
          const [mine, theirs] = [isAt(on, owner), isAt(on, other)];
          const masked = mine
            ? column(values.map((value, at) => value - masks[at]!))
            : theirs
              ? column(masks)
              : undefined;
          const columns = [masked, mine ? column(values) : undefined, theirs ? column(values) : undefined, undefined];
          return on.sumByGroup(owner, other, rows.length, columns, 6, mine ? { order, ends } : undefined);
        });
        const expected = inGroup.map((all) => all.reduce((whole, at) => whole + values[at]!, 0n));
        const summed = [0, 1, 2, 3].map((which) => [...plus(parts[owner]![which]!, parts[other]![which]!)].map(signed));
        expect(summed).toEqual([expected, expected, expected, expected.map(() => 0n)]);
      }),
      rounds,
    );
  });
});

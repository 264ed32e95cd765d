import fc from 'fast-check';
import { expect, test } from 'vitest';
import { xor } from './bits.ts';
import { type Source, through } from './kernels.ts';
import { dot, minus, placed, plus, products, running, times, total, totalsAt } from './ring.ts';

const wrap = (value: bigint) => BigInt.asUintN(64, value);
const element = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const rounds = { numRuns: 50, seed: 11 };

/** More than one piece, so that what is carried over is seen; and every number repeats, so that a plain reckoning stays quick. */
const long = (values: readonly bigint[], rows: number) =>
  BigUint64Array.from({ length: rows }, (_, n) => values[n % values.length]!);

/** Gives a column's bytes as masks are given. */
const from = (column: BigUint64Array): Source => {
  const bytes = new Uint8Array(column.buffer);
  let at = 0;
  return {
    draw(length) {
      at += length;
      return bytes.subarray(at - length, at);
    },
  };
};

test('loops of WebAssembly do what arithmetic modulo 2^64 does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(element, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 40 }),
      (rows) => {
        const [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map((at) =>
          BigUint64Array.from(rows, (row) => row[at]!),
        ) as BigUint64Array[];
        expect([...plus(a!, b!)]).toEqual(rows.map(([x, y]) => wrap(x! + y!)));
        expect([...minus(a!, b!)]).toEqual(rows.map(([x, y]) => wrap(x! - y!)));
        const part = ([x0, x1, y0, y1]: bigint[]) => x0! * (y0! + y1!) + x1! * y0!;
        const into = new BigUint64Array(rows.length);
        products({ own: a!, next: b! }, { own: c!, next: d! }, from(e!), from(f!), 0, into);
        expect([...into]).toEqual(rows.map((row) => wrap(part(row) + row[4]! - row[5]!)));
        expect([...times(a!, b!)]).toEqual(rows.map(([x, y]) => wrap(x! * y!)));
        expect(dot(a!, b!)[0]).toBe(wrap(rows.reduce((all, [x, y]) => all + x! * y!, 0n)));
        const words = (column: BigUint64Array) => new Uint32Array(column.buffer).subarray(0, column.length * 2 - 1);
        const bits = new Uint32Array(rows.length * 2 - 1);
        const [, ...others] = [a!, b!, c!, d!, e!, f!].map(words);
        through('conjunction', [words(a!), ...others], [bits]);
        const reckoned = (n: number) => {
          const [x0, x1, y0, y1, r, s] = [a!, b!, c!, d!, e!, f!].map((column) => words(column)[n]!) as number[];
          return ((x0! & (y0! ^ y1!)) ^ (x1! & y0!) ^ r! ^ s!) >>> 0;
        };
        expect([...bits]).toEqual([...bits.keys()].map(reckoned));
        expect([...xor(words(a!), words(b!))]).toEqual([...words(a!)].map((word, n) => (word ^ words(b!)[n]!) >>> 0));
      },
    ),
    rounds,
  );
});

test('two places at once carry what a sum of them does', () => {
  const bit = (n: number, at: number) => (n >> at) & 1;
  // Every pair of two places of x and y, shares drawn anew for each: 64 rows a word, in more than one piece.
  const rows = 16 * 64 * 700;
  const seed = [0x9e3779b97f4a7c15n, 0xbf58476d1ce4e5b9n, 0x94d049bb133111ebn];
  const words = rows / 64;
  const drawn = (kind: bigint) =>
    BigUint64Array.from({ length: words }, (_, n) => wrap((kind * 7n + BigInt(n) + 1n) * seed[n % 3]!));
  const planes = [1, 0].map((at) => plane((n) => bit(n & 3, at), words));
  const others = [1, 0].map((at) => plane((n) => bit(n >> 2, at), words));
  const parts = (kind: bigint, whole: BigUint64Array) => {
    const [one, two] = [drawn(kind), drawn(kind + 50n)];
    return [one, two, whole.map((value, n) => value ^ one[n]! ^ two[n]!)];
  };
  const digits = (base: bigint, [odd, even]: BigUint64Array[]) =>
    [odd!, even!, odd!.map((value, n) => value & even![n]!)].map((one, n) => parts(base + BigInt(n), one));
  const [x, y] = [digits(1n, planes), digits(11n, others)];
  const [carries, passes] = [new BigUint64Array(words), new BigUint64Array(words)];
  const none = new BigUint64Array(words);
  for (const party of [0, 1, 2]) {
    const shares = [...x, ...y].flatMap((all) => [all[party]!, all[(party + 1) % 3]!]);
    const out = [new BigUint64Array(words), new BigUint64Array(words)];
    const [first, ...more] = shares;
    through('digits', [first!, ...more, none, none, none, none], out);
    for (let n = 0; n < words; n++) {
      carries[n]! ^= out[0]![n]!;
      passes[n]! ^= out[1]![n]!;
    }
  }
  expect(carries).toEqual(plane((n) => ((n & 3) + (n >> 2) > 3 ? 1 : 0), words));
  expect(passes).toEqual(plane((n) => ((n & 3) + (n >> 2) === 3 ? 1 : 0), words));
});

/** 64 rows a word; in every sixteen rows each number below sixteen comes once. */
const plane = (bit: (n: number) => number, words: number): BigUint64Array => {
  let word = 0n;
  for (let n = 0; n < 64; n++) word |= BigInt(bit(n & 15)) << BigInt(n);
  return new BigUint64Array(words).fill(word);
};

test('sums go on over pieces; columns of no rows are nothing', () => {
  const values = [3n, 2n ** 64n - 5n, 2n ** 63n];
  const column = long(values, 100_001);
  let sum = 0n;
  const sums = [...column].map((value) => {
    sum = wrap(sum + value);
    return sum;
  });
  expect(total(column)[0]).toBe(sum);
  const found = running(column, Uint32Array.from(column.keys()));
  expect(found[0]).toBe(0n);
  expect(found.subarray(1).every((value, n) => value === sums[n])).toBe(true);
  const none = new BigUint64Array(0);
  expect([total(none)[0], plus(none, none).length]).toEqual([0n, 0]);
});

test('elements at places, running sums, and sums from end to end', () => {
  const order = (rows: number) => fc.shuffledSubarray([...Array(rows).keys()], { minLength: rows });
  fc.assert(
    fc.property(
      fc
        .array(element, { maxLength: 40 })
        .chain((all) => fc.tuple(fc.constant(all), order(all.length), order(all.length + 1))),
      fc.array(fc.nat(40), { maxLength: 5 }),
      ([all, rows, places], marks) => {
        const column = BigUint64Array.from(all);
        const [first, second] = [Uint32Array.from(rows), Uint32Array.from(places)];
        const at = placed(column, first);
        expect(all.map((_, n) => at[first[n]!])).toEqual(all);
        const sumUpTo = (end: number) => wrap(rows.slice(0, end).reduce((sum, row) => sum + all[row]!, 0n));
        const sums = placed(running(column, first), second);
        expect(places.map((place) => sums[place])).toEqual(places.map((_, end) => sumUpTo(end)));
        const ends = marks.filter((end) => end <= all.length).sort((a, b) => a - b);
        const expected = ends.map((end, group) => wrap(sumUpTo(end) - sumUpTo(ends[group - 1] ?? 0)));
        expect([...totalsAt(column, first, Uint32Array.from(ends))]).toEqual(expected);
      },
    ),
    rounds,
  );
});

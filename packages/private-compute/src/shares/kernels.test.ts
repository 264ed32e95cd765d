import fc from 'fast-check';
import { expect, test } from 'vitest';
import { xor } from './bits.ts';
import { through } from './kernels.ts';
import { dot, minus, plus, products, running, times, total } from './ring.ts';

const wrap = (value: bigint) => BigInt.asUintN(64, value);
const element = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const rounds = { numRuns: 50, seed: 11 };

/** More than one piece, so that what is carried over is seen; and every number repeats, so that a plain reckoning stays quick. */
const long = (values: readonly bigint[], rows: number) =>
  BigUint64Array.from({ length: rows }, (_, n) => values[n % values.length]!);

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
        products({ own: a!, next: b! }, { own: c!, next: d! }, e!, f!, 0, into);
        expect([...into]).toEqual(rows.map((row) => wrap(part(row) + row[4]! - row[5]!)));
        expect([...times(a!, b!)]).toEqual(rows.map(([x, y]) => wrap(x! * y!)));
        expect(dot(a!, b!)[0]).toBe(wrap(rows.reduce((all, [x, y]) => all + x! * y!, 0n)));
        const words = (column: BigUint64Array) => new Uint32Array(column.buffer).subarray(0, column.length * 2 - 1);
        const bits = new Uint32Array(rows.length * 2 - 1);
        through('conjunction', [a!, b!, c!, d!, e!, f!].map(words), bits);
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

test('sums go on over pieces; columns of no rows are nothing', () => {
  const values = [3n, 2n ** 64n - 5n, 2n ** 63n];
  const column = long(values, 100_001);
  let sum = 0n;
  const sums = [...column].map((value) => (sum = wrap(sum + value)));
  expect(total(column)[0]).toBe(sum);
  const found = running(column);
  expect(found[0]).toBe(0n);
  expect(found.subarray(1).every((value, n) => value === sums[n])).toBe(true);
  const none = new BigUint64Array(0);
  expect([total(none)[0], running(none).length, plus(none, none).length]).toEqual([0n, 1, 0]);
});

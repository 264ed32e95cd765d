import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockBytes } from '../ot/cipher.ts';
import { fixedDraw } from '../ot/testing.ts';
import { bucketsFor, roomOf } from './buckets.ts';
import { functions, place, placer, placesFor } from './cuckoo.ts';
import { Values, valueBytesFor } from './values.ts';

test('every item is held once, at one of its own places', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 }), fc.string(), (count, name) => {
      const places = placesFor(count);
      const choices = placer(Buffer.alloc(16, 1), places)(fixedDraw(name)(count * blockBytes));
      const held = place(choices, places);
      const found = [...held].filter((item) => item >= 0).sort((a, b) => a - b);
      expect(found).toEqual(Array.from({ length: count }, (_, at) => at));
      for (const [at, item] of held.entries()) {
        if (item >= 0) expect(choices[Math.floor(at / (places / functions))]![item]).toBe(at);
      }
    }),
    { numRuns: 40 },
  );
});

test('what has no placement is said so', () => {
  const same = Array.from({ length: functions }, (_, which) => new Uint32Array(4).fill(which));
  expect(() => place(same, 6, 1000)).toThrow(expect.objectContaining({ code: 'compute.unplaced' }));
});

const logGamma = (x: number): number => {
  let [shift, at] = [0, x];
  for (; at < 12; at++) shift -= Math.log(at);
  return shift + (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 + 1 / (12 * at) - 1 / (360 * at ** 3);
};
const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
const steps = Array.from({ length: 160 }, (_, at) => 10 ** (-2.5 + at / 40));

/** Logarithm of a bound for: t balls fall into `s` given ones of `third` places, two into each at least (t! [z^t] (e^z - 1 - z)^s). */
const logFalls = (t: number, s: number, third: number): number => {
  let least = Number.POSITIVE_INFINITY;
  for (const z of steps) least = Math.min(least, s * Math.log(Math.expm1(z) - z) - t * Math.log(z));
  return Math.min(logGamma(t + 1) + least - t * Math.log(third), t * Math.log(s / third)) + logChoose(third, s);
};

/** Binary logarithm of the sum that `placesFor` tells of. The t - 1 places are in even parts the likeliest; there are (t-2)(t-3)/2 ways to part them. */
const failure = (items: number, places: number): number => {
  let total = 0;
  for (let t = 4; t <= items; t += t < 200 ? 1 : Math.ceil(t / 100)) {
    const parts = logFalls(t, (t - 1) / functions, places / functions);
    total +=
      Math.exp(logChoose(items, t) + functions * parts + Math.log(((t - 2) * (t - 3)) / 2)) *
      Math.ceil(t < 200 ? 1 : t / 100);
  }
  return Math.log2(total);
};

test('a placement exists but for 2^-40, whatever the number of items; with a fifth more places it might not', () => {
  for (const items of [4, 10, 40, 100, 200, 300, 330, 331, 400, 1000, 10_000, 32_767, 32_768, 100_000, 1_048_576]) {
    expect([items, failure(items, placesFor(items)) <= -40]).toEqual([items, true]);
  }
  expect(failure(1_048_576, 3 * 420_000)).toBeGreaterThan(-40);
  expect(failure(300, 390)).toBeGreaterThan(-40);
});

test('buckets of about a million are given room that their number alone decides', () => {
  expect([0, 2 ** 20, 2 ** 20 + 1, 10_000_000, 2 ** 24].map((keys) => bucketsFor(keys, 2 ** 20))).toEqual([
    1, 1, 2, 16, 16,
  ]);
  expect(roomOf(1000, 1)).toBe(1000);
  expect(roomOf(10, 16)).toBe(10);
  const room = roomOf(10_000_000, 16);
  expect(room).toBeGreaterThan(625_000);
  expect(room).toBeLessThan(632_000);
});

test('values are as long as 2^-40 asks for, and found only where all of them is equal', () => {
  expect([valueBytesFor(0, 1), valueBytesFor(2 ** 20, 2 ** 20), valueBytesFor(2 ** 24, 2 ** 24)]).toEqual([8, 10, 11]);
  const held = Int32Array.from([0, -1, 1, 2, 3, -1]);
  const values = new Values(held, 10);
  const own = fixedDraw('values')(6 * 16);
  values.take(own, 0);
  values.index();
  const valueAt = (place: number) => own.subarray(place * 16, place * 16 + 10);
  const found = (...three: Uint8Array[]): [number, number][] => {
    const all: [number, number][] = [];
    values.find(Buffer.concat(three), (place, record) => all.push([place, record]));
    return all;
  };
  const none = Buffer.alloc(10, 1);
  expect(found(none, valueAt(2), none, valueAt(0), none, none)).toEqual([
    [0, 1],
    [2, 0],
  ]);
  // Of another function, of an empty place, and different in one bit of each byte.
  expect(found(valueAt(2), none, none, valueAt(1), none, valueAt(5))).toEqual([]);
  for (let byte = 0; byte < 10; byte++) {
    const near = Buffer.from(valueAt(0));
    near[byte]! ^= 0x10;
    expect(found(near, none, none)).toEqual([]);
  }
});

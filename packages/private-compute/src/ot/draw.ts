import { randomBytes } from 'node:crypto';
import { seedBytes, Stream } from './cipher.ts';

/** Where secrets come from: the system, or what a test injects. */
export type Draw = (bytes: number) => Buffer;
export const systemDraw: Draw = randomBytes;

/** The numbers below `count` in an order that is drawn: Fisher and Yates, by rejection, so that each is equally likely. */
export const shuffled = (count: number, draw: Draw): Uint32Array => {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  const stream = new Stream(draw(seedBytes));
  const pool = new Uint32Array(1 << 11);
  let used = pool.length;
  for (let left = count; left > 1; left--) {
    const limit = 2 ** 32 - (2 ** 32 % left);
    let drawn: number;
    do {
      if (used === pool.length) {
        stream.fill(new Uint8Array(pool.buffer));
        used = 0;
      }
      drawn = pool[used++]!;
    } while (drawn >= limit);
    const at = drawn % left;
    [order[left - 1], order[at]] = [order[at]!, order[left - 1]!];
  }
  return order;
};

import { randomBytes } from 'node:crypto';
import { Stream, seedBytes } from './cipher.ts';

/** Where secrets come from: the system, or what a test injects. */
export type Draw = (bytes: number) => Buffer;
export const systemDraw: Draw = randomBytes;

/**
 * The numbers below `count`, at most 2^21, in an order that is drawn: Fisher and Yates, each number as likely as any (Lemire, *Fast Random
 * Integer Generation in an Interval*, 2019).
 */
export const shuffled = (count: number, draw: Draw): Uint32Array => {
  if (count > 2 ** 21) throw new RangeError('too many to shuffle');
  const order = new Uint32Array(count);
  const stream = new Stream(draw(seedBytes));
  const pool = new Uint32Array(1 << 11);
  let used = pool.length;
  for (let next = 0; next < count; next++) {
    const limit = next + 1;
    let product: number;
    let low: number;
    do {
      if (used === pool.length) {
        stream.fill(new Uint8Array(pool.buffer));
        used = 0;
      }
      // Below 2^53, so exact; its upper half is the number drawn.
      product = pool[used++]! * limit;
      low = product % 2 ** 32;
    } while (low < limit && low < 2 ** 32 % limit);
    const at = (product - low) / 2 ** 32;
    order[next] = order[at]!;
    order[at] = next;
  }
  return order;
};

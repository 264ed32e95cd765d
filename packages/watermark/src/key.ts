/** Keys, and what a key says of a cell. */
import { createCipheriv, createHmac } from 'node:crypto';
import { nameBytes } from './layout.ts';

/** A key of its own for each copy: it can be shown to an expert without showing any other. */
export const copyKey = (secret: Uint8Array, copy: string): Buffer =>
  createHmac('sha256', secret).update(`watermark\0${copy}`).digest();

/** Every second cell carries a bit; of those, half stand right already, so about a quarter of all cells is moved. */
export const carriedShare = 1 / 2;

/** Bits that a key wants of these names, one after another: 0, 1, or 2 where the cell carries none. */
export const wantedBits = (key: Uint8Array, names: Uint8Array): Uint8Array => {
  // One block a name and no chaining: a block cipher under a secret key is the cheapest pseudo-random function of 16 bytes.
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const blocks = cipher.update(names);
  const bits = new Uint8Array(names.length / nameBytes);
  for (let at = 0; at < bits.length; at++) {
    const block = at * nameBytes;
    bits[at] = blocks[block]! < 256 * carriedShare ? blocks[block + 1]! & 1 : 2;
  }
  return bits;
};

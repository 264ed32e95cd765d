/** Bits by the column: 32 rows a word. And numbers turned on their side, one plane of bits for each of their 64 places. */
import { through } from './kernels.ts';
import { halvesOf, ringBits } from './ring.ts';

export const wordsFor = (rows: number): number => (rows + 31) >>> 5;

/** 0 and 1 a byte each, packed. */
export const packed = (flags: Uint8Array): Uint32Array => {
  const out = new Uint32Array(wordsFor(flags.length));
  for (let n = 0; n < flags.length; n++) out[n >> 5]! |= flags[n]! << (n & 31);
  return out;
};

/** Packed bits as ring elements 0 and 1. */
export const elementsOf = (bits: Uint32Array, rows: number): BigUint64Array => {
  const out = new BigUint64Array(rows);
  const halves = halvesOf(out);
  for (let n = 0; n < rows; n++) halves[n * 2] = (bits[n >> 5]! >>> (n & 31)) & 1;
  return out;
};

export const xor = (a: Uint32Array, b: Uint32Array): Uint32Array => {
  const out = new Uint32Array(a.length);
  through('xor', [a, b], [out]);
  return out;
};

export const bothOf = (a: Uint32Array, b: Uint32Array): Uint32Array => {
  const out = new Uint32Array(a.length);
  through('and', [a, b], [out]);
  return out;
};

export const inverted = (a: Uint32Array): Uint32Array => {
  const out = new Uint32Array(a.length);
  for (let n = 0; n < out.length; n++) out[n] = ~a[n]!;
  return out;
};

/** How many places of a number are looked at: the least of these that holds all of a column. */
export const widths = [16, 32, ringBits] as const;
export type Width = (typeof widths)[number];

/** Two’s complements of so many bits hold every number of the column. */
export const widthOf = (column: BigUint64Array): Width => {
  const halves = new Int32Array(column.buffer, column.byteOffset, column.length * 2);
  let [low, high] = [0, 0];
  for (let n = 0; n < halves.length; n += 2) {
    const sign = halves[n + 1]! >> 31;
    low |= halves[n]! ^ sign;
    high |= halves[n + 1]! ^ sign;
  }
  const used = high !== 0 ? ringBits : 33 - Math.clz32(low);
  return widths.find((width) => used <= width)!;
};

/**
 * Where the plane of each place of a number stands: at its place read backwards. Neighbours 2k and 2k + 1 are then half of all planes
 * apart, even ones first, and so are the neighbours among what becomes of them: every step of a tree works on two halves as they lie.
 */
export const planeOf = (place: number, width: Width = ringBits): number => {
  let plane = 0;
  for (let bit = 1; bit < width; bit <<= 1) plane = (plane << 1) | (place & bit ? 1 : 0);
  return plane;
};

/** Turns 32 words of 32 bits on their side in place (Hacker's Delight, 7-3, with the lowest bit first). */
const transpose = (words: Uint32Array): void => {
  for (let width = 16, mask = 0x0000ffff; width > 0; width >>= 1, mask ^= mask << width) {
    for (let n = 0; n < 32; n = (n + width + 1) & ~width) {
      const swapped = ((words[n]! >>> width) ^ words[n + width]!) & mask;
      words[n + width]! ^= swapped;
      words[n]! ^= swapped << width;
    }
  }
};

/** The lowest `width` planes of a column, one behind the other, each `wordsFor(rows)` long. */
export const planesOf = (column: BigUint64Array, width: Width = ringBits): Uint32Array => {
  const rows = column.length;
  const stride = wordsFor(rows);
  const out = new Uint32Array(stride * width);
  const halves = halvesOf(column);
  const block = new Uint32Array(32);
  const at = Uint32Array.from({ length: width }, (_, place) => planeOf(place, width) * stride);
  for (let word = 0; word < stride; word++) {
    const first = word << 5;
    const held = Math.min(32, rows - first);
    for (let half = 0; half * 32 < width; half++) {
      for (let n = 0; n < 32; n++) block[n] = n < held ? halves[(first + n) * 2 + half]! : 0;
      transpose(block);
      for (let bit = 0; bit < 32 && half * 32 + bit < width; bit++) out[at[half * 32 + bit]! + word] = block[bit]!;
    }
  }
  return out;
};

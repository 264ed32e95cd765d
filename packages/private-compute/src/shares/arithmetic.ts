/** What a plan needs of a protocol among parties who have numbers modulo 2^64, and bits, only together. */
import type { Width } from './bits.ts';
import type { Place, Wires } from './mesh.ts';
import { joined, minus, plus } from './ring.ts';

/** A column that one party knows; the others name whose it is. */
export interface Known {
  owner: Place;
  values?: BigUint64Array | undefined;
}

export interface Segments {
  /** Rows in the order of the groups; rows of none come last. */
  order: Uint32Array;
  /** For each group, how many rows stand up to its end. */
  ends: Uint32Array;
}

/**
 * `Numbers` and `Bits` are what one party has of a column; bits stand 32 rows a word. All parties call the same functions in the same order,
 * and the owner of a value alone gives it. What comes back as a plain column is this party’s part of two that add up; it is undefined at whom
 * has none.
 */
export interface Arithmetic<Numbers, Bits> {
  readonly wires: Wires;
  /** Of parts, one by one: what is linear in the numbers, and needs no word. */
  linear(all: readonly Numbers[], map: (parts: readonly BigUint64Array[]) => BigUint64Array): Numbers;
  /** What all know. */
  constant(column: BigUint64Array): Numbers;
  not(bits: Bits): Bits;
  share(owner: Place, rows: number, values?: BigUint64Array): Promise<Numbers>;
  shareBits(owner: Place, words: number, bits?: Uint32Array): Promise<Bits>;
  /** Of two parts that add up. */
  fromTwo(owner: Place, other: Place, rows: number, own: BigUint64Array | undefined): Promise<Numbers>;
  and(x: Bits, y: Bits): Promise<Bits>;
  /** x < y of whole numbers that two parties know and that fit `width` bits. */
  less(x: Known, y: Known, rows: number, width: Width): Promise<Bits>;
  equal(x: Known, y: Known, rows: number, width: Width): Promise<Bits>;
  /** Of numbers between −2^63 and 2^63: the sign. */
  negative(x: Numbers): Promise<Bits>;
  /** As numbers 0 and 1. */
  numbersOf(bits: Bits, rows: number): Promise<Numbers>;
  multiply(x: Numbers, y: Numbers): Promise<Numbers>;
  /** The sum of what `owner` knows over rows whose bit is one. */
  weighedSum(owner: Place, bits: Bits, rows: number, values?: BigUint64Array): Promise<Numbers>;
  /** The same row by row, in two parts. */
  weighed(
    owner: Place,
    other: Place,
    bits: Bits,
    rows: number,
    values?: BigUint64Array,
  ): Promise<BigUint64Array | undefined>;
  /**
   * Sums by groups that `owner` alone knows, of columns in two parts, in two parts again; a part that is left out is nought. The other
   * learns the number of groups, and not their sizes.
   */
  sumByGroup(
    owner: Place,
    other: Place,
    rows: number,
    columns: readonly (BigUint64Array | undefined)[],
    groupsMax: number,
    segments?: Segments,
  ): Promise<BigUint64Array[]>;
  open(x: Numbers, to: Place): Promise<BigUint64Array | undefined>;
}

export const sumOf = <Numbers, Bits>(on: Arithmetic<Numbers, Bits>, x: Numbers, y: Numbers): Numbers =>
  on.linear([x, y], ([a, b]) => plus(a!, b!));
export const difference = <Numbers, Bits>(on: Arithmetic<Numbers, Bits>, x: Numbers, y: Numbers): Numbers =>
  on.linear([x, y], ([a, b]) => minus(a!, b!));
/** Columns one behind the other. */
export const inOne = <Numbers, Bits>(on: Arithmetic<Numbers, Bits>, all: readonly Numbers[]): Numbers =>
  on.linear(all, (parts) => joined(parts, (length) => new BigUint64Array(length)));

/**
 * For each of a few numbers between −2^62 and 2^62 how many come before it in descending order; of equal ones the earlier does. All pairs
 * are compared, so that what is compared tells nothing.
 */
export const ranks = async <Numbers, Bits>(
  on: Arithmetic<Numbers, Bits>,
  x: Numbers,
  count: number,
): Promise<Numbers> => {
  const pairs = (count * (count - 1)) / 2;
  const differences = on.linear([x], ([of]) => {
    const out = new BigUint64Array(pairs);
    let at = 0;
    for (let n = 0; n < count; n++) for (let m = n + 1; m < count; m++) out[at++] = of![n]! - of![m]!;
    return out;
  });
  const swapped = await on.numbersOf(await on.negative(differences), pairs);
  const moved = on.linear([swapped], ([column]) => {
    const out = new BigUint64Array(count);
    let at = 0;
    for (let n = 0; n < count; n++)
      for (let m = n + 1; m < count; m++) {
        out[n]! += column![at]!;
        out[m]! -= column![at++]!;
      }
    return out;
  });
  // Whoever stands earlier comes before, unless it is less.
  return sumOf(on, moved, on.constant(BigUint64Array.from({ length: count }, (_, n) => BigInt(n))));
};

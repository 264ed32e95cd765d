/** Whole numbers modulo 2^64, by the column; negative ones as two's complements. */
import { type Source, through } from './kernels.ts';

export const ringBits = 64;

/** Party i has the shares i and i + 1 of three that add up, or whose exclusive or is taken, to what nobody has. */
export interface Pair<Column> {
  own: Column;
  next: Column;
}
export type Shared = Pair<BigUint64Array>;
/** Bits, 32 rows a word, the first row in the lowest bit. */
export type SharedBits = Pair<Uint32Array>;

type Column = BigUint64Array;

export const signed = (value: bigint): bigint => BigInt.asIntN(ringBits, value);

const made = (name: 'plus' | 'minus' | 'times', a: Column, b: Column): Column => {
  const out = new BigUint64Array(a.length);
  through(name, [a, b], [out]);
  return out;
};
export const plus = (a: Column, b: Column): Column => made('plus', a, b);
export const minus = (a: Column, b: Column): Column => made('minus', a, b);
export const times = (a: Column, b: Column): Column => made('times', a, b);
export const negated = (a: Column): Column => minus(new BigUint64Array(a.length), a);

/** Columns one behind the other. */
export const joined = <One extends Column | Uint32Array>(all: readonly One[], empty: (length: number) => One): One => {
  const out = empty(all.reduce((length, { length: more }) => length + more, 0));
  let at = 0;
  for (const one of all) {
    (out as Uint32Array).set(one as Uint32Array, at);
    at += one.length;
  }
  return out;
};

/** In a column of one element. */
export const total = (a: Column): Column => BigUint64Array.of(through('total', [a]));

/** Of a·b over all rows, in a column of one element. */
export const dot = (a: Column, b: Column): Column => BigUint64Array.of(through('dot', [a, b]));

export const picked = (a: Column, rows: Uint32Array): Column => {
  const out = new BigUint64Array(rows.length);
  gather(a, rows, out);
  return out;
};

const gather = (a: Column, rows: Uint32Array, out: Column): void => {
  const [from, to] = [signedHalvesOf(a), signedHalvesOf(out)];
  for (let n = 0; n < rows.length; n++) {
    const at = rows[n]! * 2;
    to[n * 2] = from[at]!;
    to[n * 2 + 1] = from[at + 1]!;
  }
};

/** To move them only: no number of these is an object before the compiler has caught up. */
const signedHalvesOf = (a: Column): Int32Array => new Int32Array(a.buffer, a.byteOffset, a.length * 2);

/** Little endian: the low half of an element stands first. */
export const halvesOf = (a: Column): Uint32Array => new Uint32Array(a.buffer, a.byteOffset, a.length * 2);

/** Ones and noughts as ring elements. */
export const elementsFrom = (flags: Uint8Array): Column => {
  const out = new BigUint64Array(flags.length);
  const halves = halvesOf(out);
  for (let n = 0; n < flags.length; n++) halves[n * 2] = flags[n]!;
  return out;
};

/** Each element at its place of `places`, which hold each once. */
export const placed = (a: Column, places: Uint32Array): Column => {
  const out = new BigUint64Array(places.length);
  const [from, to] = [signedHalvesOf(a), signedHalvesOf(out)];
  for (let n = 0; n < places.length; n++) {
    const at = places[n]! * 2;
    to[at] = from[n * 2]!;
    to[at + 1] = from[n * 2 + 1]!;
  }
  return out;
};

/** Sums of the first 0, 1, 2 … elements in the order of `rows`. */
export const running = (a: Column, rows: Uint32Array): Column => {
  const out = new BigUint64Array(rows.length + 1);
  const sums = out.subarray(1);
  gather(a, rows, sums);
  through('running', [sums], [sums]);
  return out;
};

/** Sums of the elements at `rows`, from each end to the next. */
export const totalsAt = (a: Column, rows: Uint32Array, ends: Uint32Array): Column => {
  const sums = running(a, rows);
  return BigUint64Array.from(ends, (end, group) => BigInt.asUintN(ringBits, sums[end]! - sums[ends[group - 1] ?? 0]!));
};

/** This party's part of x·y: x_i·y_i + x_i·y_{i+1} + x_{i+1}·y_i, masked by `added` and `taken`, for rows `from` on. */
export const products = (x: Shared, y: Shared, added: Source, taken: Source, from: number, into: Column): void => {
  const rows = (column: Column) => column.subarray(from, from + into.length);
  through('product', [rows(x.own), rows(x.next), rows(y.own), rows(y.next), added, taken], [into]);
};

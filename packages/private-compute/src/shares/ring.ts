/** Whole numbers modulo 2^64, by the column. V8 keeps `BigInt.asUintN(64, …)` between typed arrays in registers: no object is made. */

/** A number as its two's complement. */
export const ringBits = 64;
const wrap = (value: bigint): bigint => BigInt.asUintN(ringBits, value);

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

export const plus = (a: Column, b: Column): Column => {
  const out = new BigUint64Array(a.length);
  for (let n = 0; n < out.length; n++) out[n] = wrap(a[n]! + b[n]!);
  return out;
};

export const minus = (a: Column, b: Column): Column => {
  const out = new BigUint64Array(a.length);
  for (let n = 0; n < out.length; n++) out[n] = wrap(a[n]! - b[n]!);
  return out;
};

export const negated = (a: Column): Column => minus(new BigUint64Array(a.length), a);

/** In a column of one element: a sum kept in a variable would be an object each time. */
export const total = (a: Column): Column => {
  const out = new BigUint64Array(1);
  for (let n = 0; n < a.length; n++) out[0] = wrap(out[0]! + a[n]!);
  return out;
};

export const running = (a: Column): Column => {
  const out = new BigUint64Array(a.length + 1);
  for (let n = 0; n < a.length; n++) out[n + 1] = wrap(out[n]! + a[n]!);
  return out;
};

export const picked = (a: Column, rows: Uint32Array): Column => {
  const out = new BigUint64Array(rows.length);
  for (let n = 0; n < rows.length; n++) out[n] = a[rows[n]!]!;
  return out;
};

export const inverse = (order: Uint32Array): Uint32Array => {
  const out = new Uint32Array(order.length);
  for (let n = 0; n < order.length; n++) out[order[n]!] = n;
  return out;
};

/** This party's part of x·y before masking: x_i·y_i + x_i·y_{i+1} + x_{i+1}·y_i, for rows `from` to `until`. */
export const products = (x: Shared, y: Shared, from: number, until: number, into: Column): void => {
  const [x0, x1, y0, y1] = [x.own, x.next, y.own, y.next];
  for (let n = from; n < until; n++) {
    const crossed = wrap(x0[n]! * wrap(y0[n]! + y1[n]!));
    into[n] = wrap(crossed + wrap(x1[n]! * y0[n]!));
  }
};

export const innerProduct = (x: Shared, y: Shared): Column => {
  const out = new BigUint64Array(1);
  const [x0, x1, y0, y1] = [x.own, x.next, y.own, y.next];
  for (let n = 0; n < x0.length; n++) {
    const crossed = wrap(x0[n]! * wrap(y0[n]! + y1[n]!));
    out[0] = wrap(out[0]! + wrap(crossed + wrap(x1[n]! * y0[n]!)));
  }
  return out;
};

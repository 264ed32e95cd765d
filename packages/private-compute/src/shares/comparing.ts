/** What two parties bring to a comparison: planes of bits of what each of them knows. */
import type { Known } from './arithmetic.ts';
import { bothOf, inverted, planeOf, planesOf, type Width, wordsFor } from './bits.ts';
import { joined, ringBits } from './ring.ts';

/** Comparisons of more rows go one block after the other, in memory of one. */
const blockRows = 1 << 20;

export const joinedBits = (...all: Uint32Array[]): Uint32Array => joined(all, (length) => new Uint32Array(length));

/** In blocks of rows, each in memory of one; what was found of each. */
export const inBlocks = async <Bits>(
  rows: number,
  look: (slice: (one: Known) => Known, words: number) => Promise<Bits>,
): Promise<Bits[]> => {
  const found: Bits[] = [];
  for (let from = 0; from < rows; from += blockRows) {
    const until = Math.min(rows, from + blockRows);
    const slice = ({ owner, values }: Known): Known => ({ owner, values: values?.subarray(from, until) });
    found.push(await look(slice, wordsFor(until - from)));
  }
  return found;
};

/** Of planes of bits, what one party has at the odd place of each two neighbours, at the even one, and at both: three halves. */
export const digitsOf = (planes: Uint32Array): Uint32Array => {
  const half = planes.length / 2;
  const [even, odd] = [planes.subarray(0, half), planes.subarray(half)];
  return joinedBits(odd, even, bothOf(odd, even));
};

type Planes = [Uint32Array | undefined, Uint32Array | undefined];

/** Adding y to what x has not carries something out of the highest place where x < y. */
export const planesToCompare = (x: Known, y: Known, width: Width): Planes => [
  x.values && inverted(inOrder(x.values, width)),
  y.values && inOrder(y.values, width),
];

/** With the other bit at the highest place, numbers are in order from the most negative on. */
const inOrder = (values: BigUint64Array, width: Width): Uint32Array => {
  const planes = planesOf(values, width);
  const at = planeOf(width - 1, width) * wordsFor(values.length);
  planes.set(inverted(planes.subarray(at, at + wordsFor(values.length))), at);
  return planes;
};

/** Of one of two parts of a number: its sign, and planes with, in its place, what only passes on: `first` has it, the other not. */
export const signAndRest = (values: BigUint64Array, first: boolean): { sign: Uint32Array; planes: Uint32Array } => {
  const words = wordsFor(values.length);
  const at = planeOf(ringBits - 1) * words;
  const planes = planesOf(values);
  const sign = planes.slice(at, at + words);
  planes.fill(first ? 0xffffffff : 0, at, at + words);
  return { sign, planes };
};

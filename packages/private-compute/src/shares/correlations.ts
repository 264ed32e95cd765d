/**
 * Correlated randomness for two parties, from a dealer that knows no data (Beaver, *Efficient Multiparty Protocols Using Circuit
 * Randomization*, 1991; random bits known in both ways: Rotaru, Wood, *MArBled Circuits*, 2019). Each kind says what either party draws from
 * its own seed, and what of it the other must be sent so that both fit together: the dealer sends seeds, and corrections to one of the two.
 */
import { elementsOf, wordsFor, xor } from './bits.ts';
import { through } from './kernels.ts';
import { minus, negated, placed, running, times, total } from './ring.ts';
import type { Stream } from './stream.ts';

/** The two who compute: 0 is the first owner. */
export type Side = 0 | 1;
type Column = Uint32Array | BigUint64Array;

/** What one step takes; `words` of 32 bits, `rows` of numbers. `owner` knows one of the factors, or the groups. */
export type Demand =
  | { of: 'digits' | 'pairs' | 'and'; words: number }
  | { of: 'product' | 'bits'; rows: number }
  | { of: 'sum' | 'weigh'; owner: Side; rows: number }
  | { of: 'groups'; owner: Side; rows: number; columns: number };
type Of<Kind extends Demand['of']> = Extract<Demand, { of: Kind }>;

/** What one party has for a step. */
export interface Half<Column = Uint32Array | BigUint64Array> {
  masks: Column[];
  /** Its part of what follows from the masks of both. */
  parts: Column[];
}

interface Correlation<One extends Demand, Mask extends Column, Part extends Column> {
  /** Who draws its parts, too; the other’s are corrections. */
  drawer(one: One): Side;
  masks(stream: Stream, side: Side, one: One): Mask[];
  /** Empty, of the lengths that parts have. */
  parts(one: One): Part[];
  /** The other’s parts, by both parties’ masks and what the drawer drew. */
  corrections(one: One, masks: readonly [Mask[], Mask[]], drawn: Part[]): Part[];
}

const columns = <Made>(count: number, make: () => Made): Made[] => Array.from({ length: count }, make);
const words = (length: number) => new Uint32Array(length);
const numbers = (length: number) => new BigUint64Array(length);

/** Two factors each, which both have in parts, at two places of a tree: the first is one and the same. */
const pairs: Correlation<Of<'digits' | 'pairs' | 'and'>, Uint32Array, Uint32Array> = {
  drawer: () => 0,
  masks: (stream, _, { words: length }) => columns(3, () => stream.words(length)),
  parts: ({ words: length }) => columns(2, () => words(length)),
  corrections: ({ words: length }, [[a, b, c], [d, e, f]], [carries, passes]) => {
    const out: [Uint32Array, Uint32Array] = [words(length), words(length)];
    through('triple', [a!, d!, b!, e!, carries!], [out[0]]);
    through('triple', [a!, d!, c!, f!, passes!], [out[1]]);
    return out;
  },
};

const rowsOf = (owner: Side, stream: Stream, side: Side, rows: number): Column[] =>
  side === owner ? [stream.elements(rows)] : [stream.words(wordsFor(rows))];

/** Numbers that the owner knows by bits that the other knows. */
const byBits = (owner: Side, rows: number, masks: readonly [Column[], Column[]]): [BigUint64Array, BigUint64Array] => [
  masks[owner]![0] as BigUint64Array,
  elementsOf(masks[owner === 0 ? 1 : 0]![0] as Uint32Array, rows),
];

const kinds: { [Kind in Demand['of']]: Correlation<Of<Kind>, Column, Column> } = {
  pairs: pairs as Correlation<Of<'pairs'>, Column, Column>,
  /** Of two places of a number that each party knows one of: at the odd place, at the even one, at both. */
  digits: {
    ...(pairs as Correlation<Of<'digits'>, Column, Column>),
    corrections: ({ words: length }, masks, [carries, passes]) => {
      const out: [Uint32Array, Uint32Array] = [words(length), words(length)];
      const [[a, b, c], [d, e, f]] = masks;
      through('known', [a!, b!, c!, d!, e!, f!, carries!, passes!, words(length)], out);
      return out;
    },
  },
  and: {
    drawer: () => 0,
    masks: (stream, _, { words: length }) => columns(2, () => stream.words(length)),
    parts: ({ words: length }) => [words(length)],
    corrections: ({ words: length }, [[a, b], [d, e]], [drawn]) => {
      const out = words(length);
      through('triple', [a!, d!, b!, e!, drawn!], [out]);
      return [out];
    },
  },
  product: {
    drawer: () => 0,
    masks: (stream, _, { rows }) => columns(2, () => stream.elements(rows)),
    parts: ({ rows }) => [numbers(rows)],
    corrections: ({ rows }, [[a, b], [d, e]], [drawn]) => {
      const out = numbers(rows);
      through('tripleProduct', [a!, d!, b!, e!, drawn!], [out]);
      return [out];
    },
  },
  /** A bit as the exclusive or of two, and as the sum of two numbers. */
  bits: {
    drawer: () => 0,
    masks: (stream, _, { rows }) => [stream.words(wordsFor(rows))],
    parts: ({ rows }) => [numbers(rows)],
    corrections: ({ rows }, [[a], [d]], [drawn]) => [
      minus(elementsOf(xor(a as Uint32Array, d as Uint32Array), rows), drawn as BigUint64Array),
    ],
  },
  sum: {
    drawer: () => 0,
    masks: (stream, side, { owner, rows }) => rowsOf(owner, stream, side, rows),
    parts: () => [numbers(1)],
    corrections: ({ owner, rows }, masks, [drawn]) => [
      minus(total(times(...byBits(owner, rows, masks))), drawn as BigUint64Array),
    ],
  },
  weigh: {
    drawer: () => 0,
    masks: (stream, side, { owner, rows }) => rowsOf(owner, stream, side, rows),
    parts: ({ rows }) => [numbers(rows)],
    corrections: ({ owner, rows }, masks, [drawn]) => [
      minus(times(...byBits(owner, rows, masks)), drawn as BigUint64Array),
    ],
  },
  /**
   * The owner of the groups has two orders, the other masks of its columns. Of each mask, sums of its first 0, 1, 2 … elements in the one
   * order, taken from nought and placed by the other: in two parts.
   */
  groups: {
    drawer: ({ owner }) => owner,
    masks: (stream, side, { owner, rows, columns: count }) =>
      side === owner
        ? [stream.permutation(rows), stream.permutation(rows + 1)]
        : columns(count, () => stream.elements(rows)),
    parts: ({ rows, columns: count }) => columns(count, () => numbers(rows + 1)),
    corrections: ({ owner }, masks, drawn) => {
      const [order, again] = masks[owner] as Uint32Array[];
      const of = masks[owner === 0 ? 1 : 0] as BigUint64Array[];
      return of.map((mask, at) => minus(placed(negated(running(mask, order!)), again!), drawn[at] as BigUint64Array));
    },
  },
};

const kindOf = (one: Demand): Correlation<Demand, Column, Column> =>
  kinds[one.of] as unknown as Correlation<Demand, Column, Column>;

const drawn = (stream: Stream, empty: readonly Column[]): Column[] =>
  empty.map(({ length, BYTES_PER_ELEMENT: bytes }) => (bytes === 4 ? stream.words(length) : stream.elements(length)));

/** Who is sent something for a step; the other draws it all. */
export const correctedIn = (one: Demand): Side => (kindOf(one).drawer(one) === 0 ? 1 : 0);
/** Empty columns for what that one is sent. */
export const correctionsFor = (one: Demand): Column[] => kindOf(one).parts(one);

/** The dealer’s side of a step: what leaves for whom `correctedIn` names. */
export const deal = (streams: readonly [Stream, Stream], one: Demand): Column[] => {
  const kind = kindOf(one);
  const masks: [Column[], Column[]] = [kind.masks(streams[0], 0, one), kind.masks(streams[1], 1, one)];
  return kind.corrections(one, masks, drawn(streams[kind.drawer(one)], kind.parts(one)));
};

/** One party’s side of it; `corrections` where it is sent some. */
export const halfOf = (stream: Stream, side: Side, one: Demand, corrections: readonly Column[]): Half => {
  const kind = kindOf(one);
  const masks = kind.masks(stream, side, one);
  return { masks, parts: kind.drawer(one) === side ? drawn(stream, kind.parts(one)) : [...corrections] };
};

/** Elements together, in bytes: what is sent for these steps to one side. */
export const correctionBytes = (demands: readonly Demand[], side: Side): number =>
  demands
    .filter((one) => correctedIn(one) === side)
    .flatMap(correctionsFor)
    .reduce((bytes, { byteLength }) => bytes + byteLength, 0);

/**
 * The batched oblivious pseudorandom function of Kolesnikov, Kumaresan, Rosulek and Trieu, *Efficient Batched Oblivious PRF with Applications to
 * Private Set Intersection* (CCS 2016): transfer extension after Ishai, Kilian, Nissim and Petrank (CRYPTO 2003) with a pseudorandom code.
 * For each row the asker gets the value of one item of its own, unseen by the other; the other can tell the value of every item.
 */
import { createHash } from 'node:crypto';
import type { SeedPair } from './base.ts';
import { blockBytes, Code, Stream } from './cipher.ts';
import { codeBits, codeBytes, hashBytes, Kernels, rowBytes, tileBits } from './kernels.ts';

/** Rows that are worked on at a time, by both parties alike: the columns' streams go on from one block to the next. */
export const blockRows = 1 << 16;

const columnBytesOf = (rows: number): number => Math.ceil(rows / tileBits) * (tileBits / 8);
/** A little more than a power of two, so that columns do not meet in the same places of the processor's cache. */
const strideOf = (rows: number): number => columnBytesOf(rows) + 64;

/** Memory that both sides need alike: columns of a block, and the hash's state. */
class Room {
  readonly kernels = new Kernels();
  readonly #columns: number;
  readonly #stride: number;
  readonly choices: number;
  readonly state: number;

  constructor(session: Uint8Array, rowsMax: number) {
    const { kernels } = this;
    this.#stride = strideOf(rowsMax);
    this.#columns = kernels.allot(codeBits * this.#stride);
    this.choices = kernels.allot(rowBytes);
    this.state = kernels.allot(128);
    const block = kernels.allot(64);
    kernels.bytes(block, 64).set(hashPrefix(session));
    kernels.start(block, this.state);
  }

  /** The next bits of all columns as rows. */
  turn(streams: readonly Stream[], rows: number, count: number): void {
    const { kernels } = this;
    const bytes = columnBytesOf(count);
    for (const [at, stream] of streams.entries()) {
      stream.fill(kernels.bytes(this.#columns + at * this.#stride, bytes));
    }
    kernels.transpose(this.#columns, this.#stride, rows, bytes / (tileBits / 8));
  }
}

/** 64 bytes before each row that is hashed: no two sessions have a hash in common. */
export const hashPrefix = (session: Uint8Array): Buffer =>
  createHash('sha512').update('shugu row v1\n').update(session).digest();

/** Rows that `turn` fills are whole tiles. */
const tiled = (rows: number): number => Math.ceil(rows / tileBits) * tileBits;

/** The side that asks: one item a row. It has both seeds of each base transfer. */
export class Asker {
  readonly #room: Room;
  readonly #code: Code;
  readonly #streams: readonly [Stream[], Stream[]];
  readonly #size: number;
  readonly #at: { rows: number; others: number; planes: number; packed: number; places: number; out: number };
  #next = 0;

  /** At most `rowsMax` rows a block, the same on both sides. */
  constructor(session: Uint8Array, codeKeys: Uint8Array, pairs: readonly SeedPair[], rowsMax: number) {
    this.#size = Math.min(rowsMax, blockRows);
    this.#room = new Room(session, this.#size);
    this.#code = new Code(codeKeys);
    this.#streams = [pairs.map(([zero]) => new Stream(zero)), pairs.map(([, one]) => new Stream(one))];
    const { kernels } = this.#room;
    const rows = tiled(this.#size);
    this.#at = {
      rows: kernels.allot(rows * rowBytes),
      others: kernels.allot(rows * rowBytes),
      planes: kernels.allot(rows * rowBytes),
      packed: kernels.allot(rows * codeBytes),
      places: kernels.allot(rows * 4),
      out: kernels.allot(rows * hashBytes),
    };
    const places = kernels.words(this.#at.places, rows);
    for (let n = 0; n < rows; n++) places[n] = n;
  }

  /**
   * Asks for the items (16 bytes each) of the next block, all of a size but for the last. `packed`, 56 bytes a row, goes to the other party;
   * `values`, 16 bytes a row, are what was asked for. Both are valid until the next call.
   */
  ask(items: Uint8Array): { packed: Uint8Array; values: Uint8Array } {
    const count = items.length / blockBytes;
    const room = this.#room;
    const { kernels, choices, state } = room;
    const { rows, others, planes, packed, places, out } = this.#at;
    const planeBytes = tiled(this.#size) * blockBytes;
    room.turn(this.#streams[0], rows, count);
    room.turn(this.#streams[1], others, count);
    this.#code.write(items, kernels.bytes(planes, planeBytes * 4), planeBytes);
    kernels.mask(count, rows, others, planes, planeBytes, packed);
    kernels.number(count, rows, this.#next);
    // No choice bit is set here: the asker's own rows are hashed as they are.
    kernels.evaluate(Math.ceil(count / 4) * 4, places, rows, planes, planeBytes, choices, state, out);
    this.#next += count;
    return { packed: kernels.bytes(packed, count * codeBytes), values: kernels.bytes(out, count * hashBytes) };
  }
}

/** The side that can tell the value of every item at every row of what it has taken in. */
export class Teller {
  readonly #room: Room;
  readonly #code: Code;
  readonly #streams: Stream[];
  readonly #rowsMax: number;
  readonly #itemsMax: number;
  readonly #at: { rows: number; packed: number; planes: number; places: number; out: number };
  #next = 0;
  #held = 0;

  /** Keeps at most `rowsMax` rows and is asked about at most `itemsMax` items at once. `choices`: those made in the base transfers. */
  constructor(
    session: Uint8Array,
    codeKeys: Uint8Array,
    choices: readonly boolean[],
    seeds: readonly Uint8Array[],
    rowsMax: number,
    itemsMax: number,
  ) {
    this.#rowsMax = rowsMax;
    this.#itemsMax = Math.ceil(itemsMax / 4) * 4;
    const size = Math.min(rowsMax, blockRows);
    this.#room = new Room(session, size);
    this.#code = new Code(codeKeys);
    this.#streams = seeds.map((seed) => new Stream(seed));
    const { kernels } = this.#room;
    this.#at = {
      rows: kernels.allot(tiled(rowsMax) * rowBytes),
      packed: kernels.allot(size * codeBytes),
      planes: kernels.allot(this.#itemsMax * rowBytes),
      places: kernels.allot(this.#itemsMax * 4),
      out: kernels.allot(this.#itemsMax * hashBytes),
    };
    const bits = kernels.bytes(this.#room.choices, codeBytes);
    for (const [at, choice] of choices.entries()) if (choice) bits[at >> 3]! |= 1 << (at & 7);
  }

  /** Where the next block's `count` rows are to be put, 56 bytes each, before `take`. */
  packed(count: number): Uint8Array {
    return this.#room.kernels.bytes(this.#at.packed, count * codeBytes);
  }

  take(count: number): void {
    if (this.#held + count > this.#rowsMax) throw new RangeError('more rows than there is room for');
    const room = this.#room;
    const rows = this.#at.rows + this.#held * rowBytes;
    room.turn(this.#streams, rows, count);
    room.kernels.unmask(count, this.#at.packed, room.choices, rows);
    room.kernels.number(count, rows, this.#next);
    this.#next += count;
    this.#held += count;
  }

  /** Forgets the rows, before those of another bucket. */
  clear(): void {
    this.#held = 0;
  }

  /** Values, 16 bytes each, of `items` at the first, second and further rows that `places` names for each. Valid until the next call. */
  tell(items: Uint8Array, places: readonly Uint32Array[], each: (values: Uint8Array, which: number) => void): void {
    const count = items.length / blockBytes;
    const planeBytes = this.#itemsMax * blockBytes;
    if (count > this.#itemsMax) throw new RangeError('more items than there is room for');
    const { kernels, choices, state } = this.#room;
    const at = this.#at;
    this.#code.write(items, kernels.bytes(at.planes, planeBytes * 4), planeBytes);
    for (const [which, rows] of places.entries()) {
      kernels.words(at.places, count).set(rows);
      kernels.evaluate(Math.ceil(count / 4) * 4, at.places, at.rows, at.planes, planeBytes, choices, state, at.out);
      each(kernels.bytes(at.out, count * hashBytes), which);
    }
  }
}

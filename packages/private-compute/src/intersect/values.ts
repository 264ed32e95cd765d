import { hashBytes } from '../ot/kernels.ts';
import { functions } from './cuckoo.ts';

/** Keys whose values travel in one frame. */
export const valueRecords = 1 << 13;
/** The first words are compared as such. */
const valueBytesMin = 8;
const hashWords = hashBytes / 4;

/** Bytes of a value, so that among all pairs of keys two different ones look equal with a chance of 2^-40 at most (KKRT16, section 5.1). */
export const valueBytesFor = (first: number, second: number): number =>
  Math.max(valueBytesMin, Math.ceil((40 + Math.log2(Math.max(1, first)) + Math.log2(Math.max(1, second))) / 8));

/** Values at the places of one function: open addressing by their first word. */
interface Index {
  /** Bits of the first word that name a slot. */
  bits: number;
  /** Place plus one; 0 for none. */
  slots: Int32Array;
  /** A bit for each few values of the first word, small enough to stay near: most of what comes is nowhere here. */
  near: Uint32Array;
}

/** Half a MiB. */
const nearBitsMax = 22;

/** The first owner's own values, to be found again among those that come. */
export class Values {
  readonly #held: Int32Array;
  readonly #words: Uint32Array;
  readonly #valueBytes: number;
  #indexes: Index[] = [];
  readonly #likely = new Uint16Array(valueRecords + 1);

  /** `held`: the key of each place, -1 for none. */
  constructor(held: Int32Array, valueBytes: number) {
    this.#held = held;
    this.#words = new Uint32Array(held.length * hashWords);
    this.#valueBytes = valueBytes;
  }

  /** Values of 16 bytes, from place `at` on. */
  take(values: Uint8Array, at: number): void {
    new Uint8Array(this.#words.buffer).set(values, at * hashBytes);
  }

  /** To be called once all are taken. */
  index(): void {
    const third = this.#held.length / functions;
    this.#indexes = Array.from({ length: functions }, (_, which) =>
      indexOf(this.#held, this.#words, which * third, (which + 1) * third),
    );
  }

  /** `body`: for each record a value for each function. `onFound` gets the place with an equal value, and the record's number. */
  find(body: Buffer, onFound: (place: number, record: number) => void): void {
    const bytes = this.#valueBytes;
    const stride = bytes * functions;
    const came = new DataView(body.buffer, body.byteOffset, body.length);
    const words = this.#words;
    const likely = this.#likely;
    for (const [which, { bits, slots, near }] of this.#indexes.entries()) {
      const [shift, nearShift, last] = [32 - bits, 32 - nearBitsOf(bits), slots.length - 1];
      let candidates = 0;
      // No branch, so that one look-up need not wait for the last.
      for (let at = which * bytes, record = 0; at < body.length; at += stride, record++) {
        const bit = came.getUint32(at, true) >>> nearShift;
        likely[candidates] = record;
        candidates += (near[bit >>> 5]! >>> (bit & 31)) & 1;
      }
      for (let n = 0; n < candidates; n++) {
        const record = likely[n]!;
        const at = record * stride + which * bytes;
        const word = came.getUint32(at, true);
        for (let slot = word >>> shift; slots[slot] !== 0; slot = (slot + 1) & last) {
          const place = slots[slot]! - 1;
          if (words[place * hashWords] === word && isEqual(words, place, came, at, bytes)) onFound(place, record);
        }
      }
    }
  }
}

const nearBitsOf = (bits: number): number => Math.min(nearBitsMax, bits + 4);

const indexOf = (held: Int32Array, words: Uint32Array, from: number, until: number): Index => {
  let count = 0;
  for (let at = from; at < until; at++) if (held[at]! >= 0) count++;
  // Slots for twice as many, at least two.
  const bits = 33 - Math.clz32(count);
  const slots = new Int32Array(1 << bits);
  const last = slots.length - 1;
  const nearShift = 32 - nearBitsOf(bits);
  const near = new Uint32Array(1 << Math.max(0, 27 - nearShift));
  for (let at = from; at < until; at++) {
    if (held[at]! < 0) continue;
    const word = words[at * hashWords]!;
    const bit = word >>> nearShift;
    near[bit >>> 5]! |= 1 << (bit & 31);
    let slot = word >>> (32 - bits);
    while (slots[slot] !== 0) slot = (slot + 1) & last;
    slots[slot] = at + 1;
  }
  return { bits, slots, near };
};

/** The second word as such, what is left byte by byte. */
const isEqual = (words: Uint32Array, place: number, came: DataView, at: number, bytes: number): boolean => {
  if (words[place * hashWords + 1] !== came.getUint32(at + 4, true)) return false;
  for (let byte = valueBytesMin; byte < bytes; byte++) {
    if (((words[place * hashWords + 2]! >>> ((byte & 3) * 8)) & 255) !== came.getUint8(at + byte)) return false;
  }
  return true;
};

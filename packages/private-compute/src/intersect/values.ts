import { hashBytes } from '../ot/kernels.ts';
import { functions } from './cuckoo.ts';

/** Keys whose values travel in one frame. */
export const valueRecords = 1 << 13;
/** The first two words are compared as such. */
const valueBytesMin = 8;
const hashWords = hashBytes / 4;

/** Bytes of a value, so that among all pairs of keys two different ones look equal with a chance of 2^-40 at most (KKRT16, section 5.1). */
export const valueBytesFor = (first: number, second: number): number =>
  Math.max(valueBytesMin, Math.ceil((40 + Math.log2(Math.max(1, first)) + Math.log2(Math.max(1, second))) / 8));

/** The first owner's own values, to be found again among those that come. */
export class Values {
  readonly #held: Int32Array;
  readonly #words: Uint32Array;
  readonly #valueBytes: number;
  /** For each function a table by open addressing: place plus one, first word. */
  #tables: Int32Array[] = [];

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
    this.#tables = Array.from({ length: functions }, (_, which) => {
      const from = which * third;
      let count = 0;
      for (let at = from; at < from + third; at++) if (this.#held[at]! >= 0) count++;
      const bits = Math.max(1, 33 - Math.clz32(count));
      const table = new Int32Array(2 << bits);
      for (let at = from; at < from + third; at++) {
        if (this.#held[at]! < 0) continue;
        const word = this.#words[at * hashWords]!;
        let slot = word >>> (32 - bits);
        while (table[2 * slot] !== 0) slot = (slot + 1) & ((1 << bits) - 1);
        table[2 * slot] = at + 1;
        table[2 * slot + 1] = word;
      }
      return table;
    });
  }

  /** `body`: for each record a value for each function. `onFound` gets the place with an equal value, and the record's number. */
  find(body: Buffer, onFound: (place: number, record: number) => void): void {
    const bytes = this.#valueBytes;
    const words = new DataView(body.buffer, body.byteOffset, body.length);
    const records = body.length / (bytes * functions);
    let at = 0;
    for (let record = 0; record < records; record++) {
      for (let which = 0; which < functions; which++, at += bytes) {
        const table = this.#tables[which]!;
        const last = table.length / 2 - 1;
        const word = words.getUint32(at, true);
        for (let slot = word >>> Math.clz32(last); ; slot = (slot + 1) & last) {
          const found = table[2 * slot]!;
          if (found === 0) break;
          if (table[2 * slot + 1] === (word | 0) && this.#isEqual(found - 1, body, at)) onFound(found - 1, record);
        }
      }
    }
  }

  #isEqual(place: number, body: Buffer, at: number): boolean {
    for (let byte = 4; byte < this.#valueBytes; byte++) {
      const word = this.#words[place * hashWords + (byte >> 2)]!;
      if (((word >>> ((byte & 3) * 8)) & 255) !== body[at + byte]) return false;
    }
    return true;
  }
}

import { type Cipheriv, createCipheriv } from 'node:crypto';
import { Permuting, wordsMax } from './permuting.ts';

/** What two parties draw alike at once at most: larger pieces leave the processor's cache. */
const pieceBytes = 1 << 16;
const zeros = Buffer.alloc(pieceBytes);

/**
 * What two parties draw alike and the third cannot guess: the key stream of AES-256 in counter mode (NIST SP 800-38A) from zero on, under
 * a key that the two have. Both must draw the same lengths in the same order.
 */
export class Stream {
  readonly #cipher: Cipheriv;

  /** `start`: the first counter, nought but for vectors. */
  constructor(key: Uint8Array, start: Uint8Array = Buffer.alloc(16)) {
    this.#cipher = createCipheriv('aes-256-ctr', key, start);
  }

  /** Not more than a piece: all that is drawn comes by here. */
  draw(bytes: number): Uint8Array {
    return this.#cipher.update(zeros.subarray(0, bytes));
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += pieceBytes) out.set(this.draw(Math.min(pieceBytes, length - at)), at);
    return out;
  }

  words(count: number): Uint32Array {
    return new Uint32Array(this.bytes(count * 4).buffer);
  }

  elements(count: number): BigUint64Array {
    return new BigUint64Array(this.bytes(count * 8).buffer);
  }

  /** A permutation of 0 … count − 1, each as likely as any other: Fisher and Yates, draws that would favour some are drawn again. */
  permutation(count: number): Uint32Array {
    const order = new Permuting(count);
    let drawn: Uint32Array = new Uint32Array(0);
    let used = 0;
    for (let placed = 0; placed < count; ) {
      if (used === drawn.length) {
        drawn = this.words(Math.min(count, wordsMax));
        used = 0;
      }
      // Those that were passed over leave some to place.
      const until = Math.min(drawn.length, used + count - placed);
      placed = order.place(drawn.subarray(used, until));
      used = until;
    }
    return order.order();
  }
}

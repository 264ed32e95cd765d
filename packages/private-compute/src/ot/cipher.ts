import { type Cipheriv, createCipheriv } from 'node:crypto';

export const seedBytes = 16;
/** What the AES of one call is best given: calls cost a microsecond each, and very large buffers are slow to come by. */
const zeros = Buffer.alloc(1 << 13);

/** Pseudorandom bytes of a seed, one after the other: AES-128-CTR from counter 0 (NIST SP 800-38A). A seed is used for one stream only. */
export class Stream {
  readonly #cipher: Cipheriv;
  constructor(seed: Uint8Array) {
    this.#cipher = createCipheriv('aes-128-ctr', seed, Buffer.alloc(16));
  }
  /** Fills whatever length `into` has. */
  fill(into: Uint8Array): void {
    for (let at = 0; at < into.length; at += zeros.length) {
      into.set(this.#cipher.update(zeros.subarray(0, Math.min(zeros.length, into.length - at))), at);
    }
  }
}

export const blockBytes = 16;
const planes = 4;
export const codeKeyBytes = planes * seedBytes;

/**
 * The pseudorandom code of KKRT16, section 3: an item of 16 bytes becomes AES-128 of it under four keys, of which the first 448 bits count.
 * Two code words differ in fewer than 128 places with a chance of 2^-66; with three comparisons for each of 2^24 keys, all stay above
 * with 2^-40.
 */
export class Code {
  readonly #ciphers: Cipheriv[];
  constructor(keys: Uint8Array) {
    this.#ciphers = Array.from({ length: planes }, (_, at) =>
      createCipheriv('aes-128-ecb', keys.subarray(at * seedBytes, (at + 1) * seedBytes), null).setAutoPadding(false),
    );
  }
  /** Writes the code words of `items` to planes of `planeBytes` each: what comes of the first key, of the second, and so on. */
  write(items: Uint8Array, into: Uint8Array, planeBytes: number): void {
    for (const [at, cipher] of this.#ciphers.entries()) into.set(cipher.update(items), at * planeBytes);
  }
}

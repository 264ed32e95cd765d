import { type Cipheriv, createCipheriv } from 'node:crypto';
import { keyBytesMax } from '../table/key.ts';

const blockBytes = 16;
const batchKeys = 1024;

/** A tag is three 32-bit words: the first 12 bytes of AES-CMAC. */
export const tagWords = 3;
export const tagBytes = 12;

export type TagSink = (t0: number, t1: number, t2: number, row: number) => void;

/** Doubling in GF(2^128), as NIST SP 800-38B makes subkeys. */
const doubled = (block: Uint8Array): Buffer => {
  const out = Buffer.alloc(blockBytes);
  for (let at = 0; at < blockBytes; at++) out[at] = (block[at]! << 1) | ((block[at + 1] ?? 0) >> 7);
  if (block[0]! & 0x80) out[blockBytes - 1]! ^= 0x87;
  return out;
};

/** Keys of the same number of blocks, first blocks of all of them side by side, then second blocks: one call ciphers a layer. */
interface Batch {
  blocks: number;
  layers: Buffer;
  rows: Uint32Array;
  keys: number;
}

/**
 * AES-CMAC (NIST SP 800-38B, RFC 4493) of very many short messages. One call of Node's crypto costs about a microsecond however short
 * the message; ciphering a thousand blocks a call makes that a few nanoseconds. `sink` gets the tags of a batch when it is full.
 */
export class Tagger {
  readonly #cipher: Cipheriv;
  readonly #whole: Buffer;
  readonly #padded: Buffer;
  readonly #batches: Batch[] = [];
  readonly #sink: TagSink;

  constructor(key: Uint8Array, sink: TagSink) {
    this.#cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
    this.#whole = doubled(this.#cipher.update(Buffer.alloc(blockBytes)));
    this.#padded = doubled(this.#whole);
    this.#sink = sink;
  }

  /** `message` is the first `length` bytes, at most `keyBytesMax`. */
  add(message: Buffer, length: number, row: number): void {
    const blocks = Math.max(1, (length + blockBytes - 1) >> 4);
    const batch = this.#batchOf(blocks);
    const { layers } = batch;
    const stride = batchKeys * blockBytes;
    let at = batch.keys * blockBytes;
    let read = 0;
    for (let block = 1; block < blocks; block++, at += stride) {
      for (let n = 0; n < blockBytes; n++) layers[at + n] = message[read++]!;
    }
    const left = length - read;
    const subkey = left === blockBytes ? this.#whole : this.#padded;
    for (let n = 0; n < blockBytes; n++) {
      const byte = n < left ? message[read + n]! : n === left ? 0x80 : 0;
      layers[at + n] = byte ^ subkey[n]!;
    }
    batch.rows[batch.keys++] = row;
    if (batch.keys === batchKeys) this.#finish(batch);
  }

  /** Hands over what is still held. */
  end(): void {
    for (const batch of this.#batches) if (batch && batch.keys > 0) this.#finish(batch);
  }

  #batchOf(blocks: number): Batch {
    const found = this.#batches[blocks];
    if (found) return found;
    if (blocks * blockBytes > keyBytesMax) throw new RangeError('a message is too long');
    const made = {
      blocks,
      layers: Buffer.alloc(blocks * batchKeys * blockBytes),
      rows: new Uint32Array(batchKeys),
      keys: 0,
    };
    this.#batches[blocks] = made;
    return made;
  }

  #finish(batch: Batch): void {
    const { layers, rows, keys, blocks } = batch;
    const bytes = keys * blockBytes;
    let state = this.#cipher.update(layers.subarray(0, bytes));
    for (let block = 1; block < blocks; block++) {
      const offset = block * batchKeys * blockBytes;
      xorInto(state, layers, offset);
      state = this.#cipher.update(state);
    }
    const words = new DataView(state.buffer, state.byteOffset, state.byteLength);
    for (let n = 0; n < keys; n++) {
      const at = n * blockBytes;
      this.#sink(words.getUint32(at, true), words.getUint32(at + 4, true), words.getUint32(at + 8, true), rows[n]!);
    }
    batch.keys = 0;
  }
}

/** Four bytes at a time where memory allows, which is nearly always. */
const xorInto = (state: Buffer, layers: Buffer, offset: number): void => {
  if ((state.byteOffset & 3) === 0 && ((layers.byteOffset + offset) & 3) === 0) {
    const to = new Uint32Array(state.buffer, state.byteOffset, state.length >> 2);
    const from = new Uint32Array(layers.buffer, layers.byteOffset + offset, state.length >> 2);
    for (let n = 0; n < to.length; n++) to[n]! ^= from[n]!;
  } else {
    for (let n = 0; n < state.length; n++) state[n]! ^= layers[offset + n]!;
  }
};

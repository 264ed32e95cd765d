/**
 * Rows of a CSV of ours and their checksum, taken of the bytes that are sent: PostgreSQL's `hashtextextended`, which is Bob Jenkins's
 * lookup3 (public domain) with its state kept as 64 bits, of each row's text, summed.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { csv } from './columns.ts';

const newline = 10;
const quote = csv.quote.charCodeAt(0);
const chunkBytes = 2 ** 20;

let [high, low] = [0, 0];

/** Of the bytes from `at` to `end`, into `high` and `low`: an object a row would cost as much as the hash. */
const hash = (k: Buffer, at: number, end: number): void => {
  let length = end - at;
  let a = (0x9e3779b9 + length + 3923095) | 0;
  let b = a;
  let c = a;
  for (; length >= 12; length -= 12, at += 12) {
    a = (a + (k[at]! | (k[at + 1]! << 8) | (k[at + 2]! << 16) | (k[at + 3]! << 24))) | 0;
    b = (b + (k[at + 4]! | (k[at + 5]! << 8) | (k[at + 6]! << 16) | (k[at + 7]! << 24))) | 0;
    c = (c + (k[at + 8]! | (k[at + 9]! << 8) | (k[at + 10]! << 16) | (k[at + 11]! << 24))) | 0;
    a = ((a - c) | 0) ^ ((c << 4) | (c >>> 28));
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ ((a << 6) | (a >>> 26));
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ ((b << 8) | (b >>> 24));
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ ((c << 16) | (c >>> 16));
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ ((a << 19) | (a >>> 13));
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ ((b << 4) | (b >>> 28));
    b = (b + a) | 0;
  }
  // The last eleven at most; the lowest byte of c stands for the length.
  for (let place = 0; place < length; place++) {
    const byte = k[at + place]!;
    if (place < 4) a = (a + (byte << (8 * place))) | 0;
    else if (place < 8) b = (b + (byte << (8 * (place - 4)))) | 0;
    else c = (c + (byte << (8 * (place - 7)))) | 0;
  }
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  c = ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
  high = b;
  low = c >>> 0;
};

/** As `select hashtextextended(text, 0)` of a server that keeps text in UTF-8 and numbers in little endian. */
export const textHash = (text: string): bigint => {
  const bytes = Buffer.from(text);
  hash(bytes, 0, bytes.length);
  return BigInt(high) * 2n ** 32n + BigInt(low);
};

/** Of the row that begins at `from`: where it ends, or -1 when not all of it is there. */
const rowEnd = (bytes: Buffer, from: number, length: number): number => {
  let quoted = false;
  for (let at = from; at < length; at++) {
    if (bytes[at] === quote) quoted = !quoted;
    else if (bytes[at] === newline && !quoted) return at;
  }
  return -1;
};

/** The row's text: its values without the quotes that CSV needs around some, a doubled one inside being one. */
const unquoted = (bytes: Buffer, from: number, end: number): Buffer => {
  const text = Buffer.allocUnsafe(end - from);
  let [length, quoted] = [0, false];
  for (let at = from; at < end; at++) {
    if (bytes[at] !== quote) text[length++] = bytes[at]!;
    else if (quoted && at + 1 < end && bytes[at + 1] === quote) text[length++] = bytes[at++]!;
    else quoted = !quoted;
  }
  return text.subarray(0, length);
};

/** Rows and checksum of a file as `csv` describes it. */
export const sumsOfFile = (path: string): { rows: number; checksum: string } => {
  const file = openSync(path, 'r');
  let bytes = Buffer.allocUnsafe(chunkBytes);
  let [rows, sumHigh, sumLow] = [0, 0n, 0n];
  try {
    for (let kept = 0; ; ) {
      const read = readSync(file, bytes, kept, bytes.length - kept, null);
      const length = kept + read;
      if (read === 0) {
        if (kept > 0) throw new Error('the last row has no end');
        return { rows, checksum: String(sumHigh * 2n ** 32n + sumLow) };
      }
      let [partHigh, partLow, from] = [0, 0, 0];
      let nextQuote = indexIn(bytes, quote, 0, length);
      for (;;) {
        let end = indexIn(bytes, newline, from, length);
        if (end === length) break;
        if (nextQuote < end) {
          end = rowEnd(bytes, from, length);
          if (end === -1) break;
          const row = unquoted(bytes, from, end);
          hash(row, 0, row.length);
          nextQuote = indexIn(bytes, quote, end, length);
        } else hash(bytes, from, end);
        partHigh += high;
        partLow += low;
        rows += 1;
        from = end + 1;
      }
      sumHigh += BigInt(partHigh);
      sumLow += BigInt(partLow);
      kept = length - from;
      // A row that is longer than all the room: twice of it.
      const next = kept === bytes.length ? Buffer.allocUnsafe(2 * kept) : bytes;
      bytes.copy(next, 0, from, length);
      bytes = next;
    }
  } finally {
    closeSync(file);
  }
};

/** Its first place, or `length` if there is none. */
const indexIn = (bytes: Buffer, byte: number, from: number, length: number): number => {
  const at = bytes.indexOf(byte, from);
  return at === -1 || at > length ? length : at;
};

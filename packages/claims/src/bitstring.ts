/** Bits of a status list, as they are packed: gzip, then base64url behind the multibase letter `u` (W3C Bitstring Status List 1.0, 3.3–3.4). */
import { gunzipSync, gzipSync } from 'node:zlib';
import { limits } from './limits.ts';
import { refuse } from './problem.ts';

/** Of so many credentials, all good; at least the 131,072 in which a single one is lost from view. */
export const newBits = (count: number = limits.statusListBitsMin): Uint8Array =>
  new Uint8Array(Math.ceil(Math.max(count, limits.statusListBitsMin) / 8));

/** The first bit is the highest of the first byte. */
export const bitAt = (bits: Uint8Array, index: number): boolean =>
  ((bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;

/** A list of its own, with one bit changed. @throws RangeError past its end */
export function withBit(bits: Uint8Array, index: number, value: boolean): Uint8Array {
  if (!Number.isInteger(index) || index < 0 || index >= bits.length * 8) throw new RangeError(`no bit ${index}`);
  const copy = Uint8Array.from(bits);
  const mask = 0x80 >> (index & 7);
  copy[index >> 3] = value ? copy[index >> 3]! | mask : copy[index >> 3]! & ~mask;
  return copy;
}

export const packBits = (bits: Uint8Array): string => `u${gzipSync(bits).toString('base64url')}`;

/** StatusList2021 has base64 or base64url without a letter; some write the letter there, too. @throws claims.status-unknown, claims.too-large */
export function unpackBits(encoded: unknown): Uint8Array {
  if (typeof encoded !== 'string' || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded))
    return refuse('claims.status-unknown', 'the list');
  if (encoded.length > limits.statusListBytes) return refuse('claims.too-large', 'the list');
  // Gzip begins with 1f 8b, which is `H4s` in base64: without it in front, the first letter is the one of multibase.
  const packed = encoded.startsWith('uH4s') ? encoded.slice(1) : encoded;
  let bits: Uint8Array;
  try {
    bits = gunzipSync(Buffer.from(packed, 'base64url'), { maxOutputLength: limits.statusListBytes });
  } catch (error) {
    const large = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return refuse(large ? 'claims.too-large' : 'claims.status-unknown', 'the list does not unpack');
  }
  if (bits.length * 8 < limits.statusListBitsMin)
    return refuse('claims.status-unknown', 'the list is shorter than it may be');
  return Uint8Array.from(bits);
}

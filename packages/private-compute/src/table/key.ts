import { type Field, recordFault } from './records.ts';

/** In bytes, as normalised. */
export const keyBytesMax = 256;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Two owners write the same key otherwise: full-width digits, spaces around, x for X. NFKC, trimmed, small letters. */
export const normalKey = (text: string): string => text.normalize('NFKC').trim().toLowerCase();

/**
 * Writes the normalised key in a field to `into` and returns its length, 0 for none. ASCII, which is nearly all there is, takes no
 * detour over text; the outcome is that of `normalKey`. Throws `compute.input`.
 */
export const writeKey = (bytes: Buffer, field: Field, row: number, into: Buffer): number => {
  let { start: from, end: until } = field;
  const isBlank = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
  while (from < until && isBlank(bytes[from]!)) from++;
  while (until > from && isBlank(bytes[until - 1]!)) until--;
  if (!field.doubled && until - from <= keyBytesMax) {
    let length = 0;
    let seen = 0;
    for (let at = from; at < until; at++) {
      const byte = bytes[at]!;
      seen |= byte;
      into[length++] = byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
    }
    if (seen < 0x80) return length;
  }
  return writeText(bytes.subarray(from, until), field.doubled, row, into);
};

const writeText = (field: Buffer, doubled: boolean, row: number, into: Buffer): number => {
  let text: string;
  try {
    text = utf8.decode(field);
  } catch {
    throw recordFault(row, 'the key is not UTF-8');
  }
  const key = Buffer.from(normalKey(doubled ? text.replaceAll('""', '"') : text));
  if (key.length > keyBytesMax) {
    throw recordFault(row, `a key has at most ${keyBytesMax} bytes`);
  }
  key.copy(into);
  return key.length;
};

/**
 * DER (ITU-T X.690 section 10), as much of it as certificates, revocation lists and time stamps need. The reader takes the one shortest
 * form only: where a byte could stand differently and mean the same, a changed byte would go unnoticed.
 */
import { plain } from '@shugu/tlog';
import { EvidenceError } from '../problem.ts';

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[n]` of a constructed value; primitive ones lack the bit 0x20. */
export const contextTag = (n: number): number => 0xa0 + n;
export const primitiveTag = (n: number): number => 0x80 + n;

/** `bytes`: tag, length and content; `content`: the last alone. Both are views. */
export type Tlv = { readonly tag: number; readonly bytes: Uint8Array; readonly content: Uint8Array };

export function malformed(message: string): never {
  throw new EvidenceError('evidence.der-malformed', message);
}

/** The values that stand one after the other. */
export function readAll(bytes: Uint8Array): Tlv[] {
  const found: Tlv[] = [];
  for (let at = 0; at < bytes.length; ) {
    const one = readAt(bytes, at);
    found.push(one);
    at += one.bytes.length;
  }
  return found;
}

/** Exactly one value, of that tag. */
export function readOne(bytes: Uint8Array, tag: number): Tlv {
  const [one, ...rest] = readAll(bytes);
  if (rest.length > 0) malformed('something stands after the end');
  return expectTag(one, tag);
}

export function expectTag(value: Tlv | undefined, tag: number): Tlv {
  return value?.tag === tag ? value : malformed(`a value of tag ${tag} is missing`);
}

/** What a value is made of. */
export const partsOf = (value: Tlv): Tlv[] => readAll(value.content);

function readAt(bytes: Uint8Array, at: number): Tlv {
  const tag = bytes[at]!;
  const first = bytes[at + 1];
  if (first === undefined || (tag & 0x1f) === 0x1f) return malformed('a value is cut off, or its tag is too large');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  // 0x80 is BER's indefinite length; four bytes would be more than any limit here.
  if (first === 0x80 || lengthBytes > 3) return malformed('a length is not in its shortest form');
  let length = lengthBytes === 0 ? first : 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
  if (lengthBytes > 0 && (length < 0x80 || length < 256 ** (lengthBytes - 1)))
    return malformed('a length is not in its shortest form');
  const begin = at + 2 + lengthBytes;
  if (begin + length > bytes.length) return malformed('a value is cut off');
  return { tag, bytes: bytes.subarray(at, begin + length), content: bytes.subarray(begin, begin + length) };
}

/** Of any size, in hex without leading zero bytes; minus signs have no place in what is read here. */
export function integerHex(value: Tlv | undefined, tag: number = tags.integer): string {
  const { content } = expectTag(value, tag);
  const padded = content.length > 1 && content[0] === 0 && content[1]! < 0x80;
  if (content.length === 0 || content[0]! >= 0x80 || padded || content.length > 64)
    return malformed('a number is negative, too long or not in its shortest form');
  const sign = content.length > 1 && content[0] === 0 ? 1 : 0;
  return Buffer.from(content.subarray(sign)).toString('hex');
}

export function smallInteger(value: Tlv | undefined, tag: number = tags.integer): number {
  const hex = integerHex(value, tag);
  return hex.length <= 12 ? Number.parseInt(hex, 16) : malformed('a number is too large');
}

/** Dotted. */
export function oidText(value: Tlv | undefined): string {
  const { content } = expectTag(value, tags.oid);
  const arcs: number[] = [];
  let arc = 0;
  let begun = false;
  for (const byte of content) {
    if ((!begun && byte === 0x80) || arc > 2 ** 44)
      return malformed('an object identifier is not in its shortest form');
    arc = arc * 128 + (byte & 0x7f);
    begun = byte >= 0x80;
    if (!begun) {
      if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
      else arcs.push(arc);
      arc = 0;
    }
  }
  return content.length > 0 && !begun ? arcs.join('.') : malformed('an object identifier is cut off');
}

const timeShapes = {
  [tags.utcTime]: /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})()Z$/,
  // X.690 section 11.7: no trailing zeros in the fraction.
  [tags.generalizedTime]: /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,8}[1-9]))?Z$/,
} as const;

/** UTCTime (RFC 5280 section 4.1.2.5.1: 1950 to 2049) or GeneralizedTime, to the millisecond. */
export function timeOf(value: Tlv | undefined): Date {
  const shape = value && timeShapes[value.tag as keyof typeof timeShapes];
  const found = shape?.exec(Buffer.from(value!.content).toString('latin1'));
  if (!found) return malformed('a time is not in its one form');
  const [, year, month, day, hour, minute, second, fraction = ''] = found;
  const full = value!.tag === tags.utcTime ? `${Number(year) < 50 ? '20' : '19'}${year}` : year;
  const text = `${full}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text ? time : malformed('no such time');
}

export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const digits = content.length.toString(16);
  const length =
    content.length < 0x80
      ? [content.length]
      : [...Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')];
  const head = length.length === 1 && content.length < 0x80 ? length : [0x80 + length.length, ...length];
  return plain(Buffer.concat([Uint8Array.of(tag, ...head), content]));
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => tlv(tags.sequence, ...parts);

/** SET OF: sorted by encoding (X.690 section 11.6). */
export const setOf = (...parts: readonly Uint8Array[]): Uint8Array =>
  tlv(tags.set, ...[...parts].sort((a, b) => Buffer.compare(a, b)));

/** Not negative; from big-endian bytes. */
export function integerOf(value: Uint8Array | number): Uint8Array {
  const hex = typeof value === 'number' ? value.toString(16) : Buffer.from(value).toString('hex');
  const digits = hex.replace(/^(?:00)+(?=..)/, '');
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return tlv(tags.integer, bytes[0]! >= 0x80 ? Uint8Array.of(0, ...bytes) : bytes);
}

export function oidOf(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const arcBytes = (arc: number): number[] => {
    const bytes = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift(0x80 + (left % 128));
    return bytes;
  };
  return tlv(tags.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(arcBytes)));
}

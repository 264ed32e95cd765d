import { EvidenceError } from './problem.ts';

export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

/** Defaults; a caller with smaller needs gives smaller limits. */
export const canonicalBytesMax = 4_194_304;
export const canonicalDepthMax = 32;

export type CanonicalLimits = { bytesMax?: number; depthMax?: number };

/**
 * RFC 8785 (JCS) over a subset in which no two programs can disagree: integers within ±(2^53-1) only (amounts and other
 * decimals are strings), strings in Unicode NFC without lone surrogates, no -0, no undefined, no `__proto__`, limited size
 * and depth. Throws `evidence.canonical-value`, `evidence.too-large`, `evidence.too-deep` with the place of the fault.
 */
export function canonicalBytes(value: unknown, limits: CanonicalLimits = {}): Uint8Array {
  const { bytesMax = canonicalBytesMax, depthMax = canonicalDepthMax } = limits;
  const parts: string[] = [];
  let length = 0;
  const put = (text: string) => {
    length += text.length;
    if (length > bytesMax) throw new EvidenceError('evidence.too-large', `more than ${bytesMax} bytes`);
    parts.push(text);
  };
  encode(value, '', depthMax, put);
  const bytes = new TextEncoder().encode(parts.join(''));
  if (bytes.length > bytesMax) throw new EvidenceError('evidence.too-large', `more than ${bytesMax} bytes`);
  return bytes;
}

/**
 * Reads canonical bytes and accepts exactly one encoding of a value: what it read is encoded again and compared, which
 * refuses white space, other member orders, duplicate members, escapes and number forms without a list of each.
 */
export function parseCanonical(bytes: Uint8Array, limits: CanonicalLimits = {}): Json {
  const { bytesMax = canonicalBytesMax } = limits;
  if (bytes.length > bytesMax) throw new EvidenceError('evidence.too-large', `more than ${bytesMax} bytes`);
  const value = readJson(bytes);
  if (Buffer.compare(canonicalBytes(value, limits), bytes) !== 0) {
    throw new EvidenceError('evidence.canonical-bytes', 'the bytes are not the canonical form of what they say');
  }
  return value;
}

/** For files that people edit: any white space and order, no limits but size. */
export function readJson(bytes: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as Json;
  } catch {
    throw new EvidenceError('evidence.canonical-bytes', 'not JSON in UTF-8');
  }
}

function encode(value: unknown, at: string, depthLeft: number, put: (text: string) => void): void {
  if (typeof value !== 'object' || value === null) {
    put(encodeScalar(value, at));
  } else if (depthLeft === 0) {
    throw new EvidenceError('evidence.too-deep', 'nested too deep', at);
  } else if (Array.isArray(value)) {
    put('[');
    for (let i = 0; i < value.length; i++) {
      if (i > 0) put(',');
      encode(value[i], `${at}[${i}]`, depthLeft - 1, put);
    }
    put(']');
  } else {
    encodeObject(value, at, depthLeft, put);
  }
}

function encodeScalar(value: unknown, at: string): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return encodeString(value, at);
  if (typeof value === 'number') return encodeInteger(value, at);
  throw refuse(at, `${typeof value} has no canonical form`);
}

function encodeObject(value: object, at: string, depthLeft: number, put: (text: string) => void): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refuse(at, 'not a plain object');
  if (Object.getOwnPropertySymbols(value).length > 0) throw refuse(at, 'symbol members have no canonical form');
  put('{');
  // JCS sorts by UTF-16 code units, which is what the default comparison of strings does.
  const names = Object.keys(value).sort();
  for (const [i, name] of names.entries()) {
    if (name === '__proto__') throw refuse(at, 'a member may not be called __proto__');
    const inner = at === '' ? name : `${at}.${name}`;
    put(`${i > 0 ? ',' : ''}${encodeString(name, inner)}:`);
    encode((value as Record<string, unknown>)[name], inner, depthLeft - 1, put);
  }
  put('}');
}

function encodeInteger(value: number, at: string): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    throw refuse(at, 'only integers within ±(2^53-1); write decimals as strings');
  }
  return String(value);
}

const asciiOnly = /^[\x20-\x7e]*$/;

function encodeString(value: string, at: string): string {
  if (!asciiOnly.test(value)) {
    if (!value.isWellFormed()) throw refuse(at, 'a lone surrogate is not text');
    if (value.normalize('NFC') !== value) throw refuse(at, 'text must be in Unicode NFC');
  }
  return JSON.stringify(value);
}

function refuse(at: string, message: string): EvidenceError {
  return new EvidenceError('evidence.canonical-value', message, at);
}

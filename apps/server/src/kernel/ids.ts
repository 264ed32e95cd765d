/** Identifiers: `<prefix>_<26 characters>`, ordered by time (48-bit milliseconds, 80 random bits, Crockford base 32). */
import { randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

const encode = (value: bigint, characters: number): string => {
  let text = '';
  for (let rest = value, i = 0; i < characters; i++, rest >>= 5n) text = alphabet[Number(rest & 31n)] + text;
  return text;
};

export const newId = (prefix: string, now: Date): string => {
  const random = BigInt(`0x${randomBytes(10).toString('hex')}`);
  return `${prefix}_${encode(BigInt(now.getTime()), 10)}${encode(random, 16)}`;
};

/** No id that was made at `at` (ms since the epoch) or later is smaller. */
export const idFloor = (prefix: string, at: number): string => `${prefix}_${encode(BigInt(at), 10)}`;

/** Six characters without look-alikes, for codes that people read aloud. */
export const newSecret = (bytes = 32): string => randomBytes(bytes).toString('base64url');

import { randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

const encode = (value: bigint, characters: number): string => {
  let text = '';
  for (let rest = value, at = 0; at < characters; at++, rest >>= 5n) text = alphabet[Number(rest & 31n)] + text;
  return text;
};

/** Ids of uses are ordered by time, as the exchange makes them: 48-bit milliseconds and 80 random bits, Crockford base 32. */
export const newUseId = (now: number): string =>
  `use_${encode(BigInt(now), 10)}${encode(BigInt(`0x${randomBytes(10).toString('hex')}`), 16)}`;

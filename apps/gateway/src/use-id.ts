import { randomFillSync } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
/** Random bytes are asked for many at once: one call for each id would cost more than the rest of it. */
const pool = Buffer.allocUnsafeSlow(4096);
let taken = pool.length;

const time = (now: number): string => {
  let text = '';
  for (let rest = now, at = 0; at < 10; at++, rest = Math.floor(rest / 32)) text = alphabet[rest % 32] + text;
  return text;
};

/** Ids of uses are ordered by time, as the exchange makes them: 48-bit milliseconds and 80 random bits, Crockford base 32. */
export const newUseId = (now: number): string => {
  if (taken + 16 > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  let random = '';
  for (const end = taken + 16; taken < end; taken++) random += alphabet[pool[taken]! & 31];
  return `use_${time(Math.floor(now))}${random}`;
};

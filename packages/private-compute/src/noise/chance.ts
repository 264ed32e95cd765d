import { randomFillSync } from 'node:crypto';
import { ComputeError } from '../problem.ts';

/** Where samplers get their luck: whole numbers from 0 to `limit` - 1, each equally likely and independent of all before. */
export interface Chance {
  below(limit: bigint): bigint;
}

const poolBytes = 4096;

/** From bytes by rejection: a remainder would favour small numbers. `fill` overwrites all of the bytes it is given. */
export const chanceOf = (fill: (bytes: Uint8Array) => void): Chance => {
  const pool = new Uint8Array(poolBytes);
  let used = poolBytes;
  const next = (): number => {
    if (used === poolBytes) {
      fill(pool);
      used = 0;
    }
    const byte = pool[used]!;
    // A number that made noise must not be found in memory later.
    pool[used++] = 0;
    return byte;
  };
  return {
    below(limit) {
      if (limit < 1n) throw new ComputeError('compute.range', 'a draw has at least one outcome');
      if (limit === 1n) return 0n;
      const bits = (limit - 1n).toString(2).length;
      const mask = 0xff >> ((8 - (bits & 7)) & 7);
      for (;;) {
        let drawn = BigInt(next() & mask);
        for (let at = 1; at < Math.ceil(bits / 8); at++) drawn = (drawn << 8n) | BigInt(next());
        if (drawn < limit) return drawn;
      }
    },
  };
};

export const systemChance = (): Chance => chanceOf((bytes) => void randomFillSync(bytes));

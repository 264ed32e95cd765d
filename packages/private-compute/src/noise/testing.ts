/** For tests only: luck that repeats, and luck that goes through all outcomes. */
import { createCipheriv, createHash } from 'node:crypto';
import { type Chance, chanceOf } from './chance.ts';

/** AES-256 in counter mode under a key made of the seed: the same seed, the same draws, on every machine. */
export const seededChance = (seed: string): Chance => {
  const stream = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
  return chanceOf((bytes) => void bytes.set(stream.update(new Uint8Array(bytes.length))));
};

class Undecided extends Error {}

/**
 * The exact probability of each outcome of `draw`, from below: walks every path of at most `depth` draws. What longer paths
 * would add is at most `open`.
 */
export const massOf = (draw: (chance: Chance) => string, depth: number) => {
  const masses = new Map<string, number>();
  let open = 0;
  const walk = (script: bigint[], mass: number): void => {
    let at = 0;
    let limitHere = 0n;
    const chance: Chance = {
      below(limit) {
        if (limit === 1n) return 0n;
        if (at < script.length) return script[at++]!;
        limitHere = limit;
        throw new Undecided();
      },
    };
    let outcome: string;
    try {
      outcome = draw(chance);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      if (script.length >= depth) open += mass;
      else for (let n = 0n; n < limitHere; n++) walk([...script, n], mass / Number(limitHere));
      return;
    }
    masses.set(outcome, (masses.get(outcome) ?? 0) + mass);
  };
  walk([], 1);
  return { masses, open };
};

/**
 * Pearson's statistic as distances from its mean in its deviations, by Wilson and Hilferty's cube root: about standard normal, so that
 * more than 4.75 happens to a right sampler once in a million seeds.
 */
export const chiSquareScore = (counts: readonly number[], expected: readonly number[]): number => {
  const statistic = counts.reduce((sum, count, at) => sum + (count - expected[at]!) ** 2 / expected[at]!, 0);
  const free = counts.length - 1;
  return (Math.cbrt(statistic / free) - (1 - 2 / (9 * free))) / Math.sqrt(2 / (9 * free));
};

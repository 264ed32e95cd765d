import { logChance } from './chance.ts';
import { wantedBits } from './key.ts';
import { type Layout, nameBytes, namer, type Row } from './layout.ts';

/** What a file shows, before any key is asked: each distinct cell name once, with the bit that most of its cells have. */
export interface Evidence {
  names: Uint8Array;
  bits: Uint8Array;
  rows: number;
}

export interface Score {
  /** Cells that carry a bit in the copy of this key. */
  tested: number;
  matched: number;
  /** log10 of the chance that a key which has nothing to do with the file does as well or better. */
  logChance: number;
}

/** Reads a file's rows for copies of one layout. Columns that the layout does not know are passed over. */
export const gather = (layout: Layout, present: Iterable<string>) => {
  const known = new Set(layout.columns);
  const nameCells = namer(layout, new Set([...present].filter((column) => known.has(column))));
  // Equal names are one toss of the coin, however many rows share it: counted once, or the chance would be understated.
  const votes = new Map<string, number>();
  let count = 0;
  return {
    add(rows: readonly Row[]): void {
      count += rows.length;
      for (const row of rows)
        for (const { name, pair } of nameCells(row)) {
          const text = Buffer.from(name.buffer, name.byteOffset, nameBytes).toString('latin1');
          votes.set(text, (votes.get(text) ?? 0) + (pair.bit === 1 ? 1 : -1));
        }
    },
    evidence(): Evidence {
      const clear = [...votes].filter(([, vote]) => vote !== 0);
      const names = new Uint8Array(clear.length * nameBytes);
      for (const [at, [text]] of clear.entries()) names.set(Buffer.from(text, 'latin1'), at * nameBytes);
      return { names, bits: Uint8Array.from(clear, ([, vote]) => (vote > 0 ? 1 : 0)), rows: count };
    },
  };
};

/**
 * How well a file fits the copy of a key. Whoever's file it is, a key that did not mark it foretells each distinct cell by a fair
 * coin of its own, so the chance is exact, without any assumption about the data.
 */
export const score = ({ names, bits }: Evidence, key: Uint8Array): Score => {
  const wanted = wantedBits(key, names);
  let tested = 0;
  let matched = 0;
  for (let at = 0; at < bits.length; at++) {
    if (wanted[at] === 2) continue;
    tested += 1;
    if (wanted[at] === bits[at]) matched += 1;
  }
  return { tested, matched, logChance: logChance(matched, tested) };
};

/** At most one file in a million accuses anybody who had no part in it. */
export const chanceMax = 1e-6;

export interface Judged<Copy> extends Score {
  copy: Copy;
  /** log10 of the chance that any of all the copies asked does so well on a file that none of them marked. */
  logChanceOfAny: number;
  named: boolean;
}

/** Best first. The chance is multiplied by the number of copies asked (Bonferroni). None, one or, after collusion, several are named. */
export const judge = <Copy>(scores: readonly (Score & { copy: Copy })[], tests = scores.length): Judged<Copy>[] =>
  scores
    .map((one) => {
      const logChanceOfAny = Math.min(0, one.logChance + Math.log10(Math.max(1, tests)));
      return { ...one, logChanceOfAny, named: logChanceOfAny <= Math.log10(chanceMax) };
    })
    .sort((one, other) => one.logChance - other.logChance || other.matched - one.matched);

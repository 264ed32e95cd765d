/** Rows made up for one copy: plausible by their columns, and known only to who holds the key. */
import { createHmac } from 'node:crypto';
import { normalText } from './cell.ts';
import type { Row } from './layout.ts';

export interface Synthetic {
  rows: Record<string, string | null>[];
  /** For each column log10 of the largest chance with which it was drawn to be any one value. */
  logChances: Record<string, number>;
}

/** Below this many rows there is nothing to draw from, and made-up rows would weigh in the data. */
export const donorsMin = 100;

/** An endless line of numbers from a key, each below `below`. */
const lots = (key: Uint8Array, name: string) => {
  let count = 0;
  return (below: number): number => {
    const digest = createHmac('sha256', key).update(`${name}\0${count++}`).digest();
    // 48 bits: the bias of the remainder is beyond measure for the few thousand values drawn from.
    return digest.readUIntBE(0, 6) % below;
  };
};

/**
 * Each column's value is drawn by itself from the same column of real rows, so it keeps form and frequency; no whole row is one
 * of the real. The price: relations between columns of one row are not kept. Null where there are too few donors.
 */
export const makeSynthetic = (
  columns: readonly string[],
  donors: readonly Row[],
  { key, count }: { key: Uint8Array; count: number },
): Synthetic | null => {
  if (donors.length < donorsMin) return null;
  const draw = lots(key, 'synthetic');
  const real = new Set(donors.map((row) => identity(row, columns)));
  const rows: Record<string, string | null>[] = [];
  // A table of few distinct rows may leave nothing that is not real.
  for (let tries = 0; rows.length < count && tries < count * 20; tries++) {
    const row = Object.fromEntries(columns.map((column) => [column, donors[draw(donors.length)]![column] ?? null]));
    const text = identity(row, columns);
    if (real.has(text)) continue;
    real.add(text);
    rows.push(row);
  }
  const logChances = Object.fromEntries(columns.map((column) => [column, logLargestShare(donors, column)]));
  return { rows, logChances };
};

const identity = (row: Row, columns: readonly string[]): string =>
  columns.map((column) => normalText(row[column] ?? null)).join('\0');

const logLargestShare = (rows: readonly Row[], column: string): number => {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = normalText(row[column] ?? null);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return Math.log10(Math.max(...counts.values()) / rows.length);
};

/** Before which row, of so many, each made-up row stands: not at the end, where it would show. */
export const syntheticPlaces = (key: Uint8Array, count: number, rows: number): number[] => {
  const draw = lots(key, 'place');
  return Array.from({ length: count }, () => draw(rows + 1));
};

export interface SyntheticScore {
  asked: number;
  found: number;
  /** log10 of the chance that rows drawn with another key are found as often. */
  logChance: number;
}

/**
 * Which made-up rows stand in a file, judged by the columns present. Over the key, a made-up row equals a given row at most with
 * the product of its columns' largest chances; hence at most C(asked, found) · (rows · product) ^ found.
 */
export const findSynthetic = (present: Iterable<string>) => {
  const columns = [...present].sort();
  const seen = new Set<string>();
  return {
    add(rows: readonly Row[]): void {
      for (const row of rows) seen.add(identity(row, columns));
    },
    score({ rows, logChances }: Synthetic): SyntheticScore {
      const shared = columns.filter((column) => logChances[column] !== undefined);
      if (shared.length < columns.length) return { asked: rows.length, found: 0, logChance: 0 };
      const found = rows.filter((row) => seen.has(identity(row, columns))).length;
      const one = Math.log10(Math.max(1, seen.size)) + shared.reduce((sum, column) => sum + logChances[column]!, 0);
      let ways = 0;
      for (let at = 0; at < found; at++) ways += Math.log10((rows.length - at) / (at + 1));
      return { asked: rows.length, found, logChance: found === 0 ? 0 : Math.min(0, ways + found * one) };
    },
  };
};

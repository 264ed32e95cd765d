/** What a marked copy looks like: its columns, which of them may be altered and by how much, and what names each cell. */
import { hash } from 'node:crypto';
import { type Decimal, normalText, type Pair, pairOf, parseDecimal } from './cell.ts';

/** A column whose values may be moved by at most this much: a number, or seconds where the column holds times. */
export interface Alterable {
  column: string;
  /** A positive decimal, as text. */
  maxChange: string;
}

export interface Layout {
  /** Of the copy as it was delivered; their order does not matter. */
  columns: readonly string[];
  alterable: readonly Alterable[];
}

export type Row = Readonly<Record<string, string | null | undefined>>;

/** A block of the cipher that turns a cell's name into its mark. */
export const nameBytes = 16;

export interface Named {
  column: string;
  pair: Pair;
  /** `nameBytes` long. */
  name: Uint8Array;
}

/** Throws a RangeError for a layout that cannot be marked. */
export const readLayout = ({ columns, alterable }: Layout) => {
  const steps = new Map<string, Decimal>();
  for (const { column, maxChange } of alterable) {
    const step = parseDecimal(maxChange);
    if (!step || step.digits <= 0n) throw new RangeError(`not a positive decimal: ${maxChange}`);
    if (!columns.includes(column)) throw new RangeError(`not a column of the copy: ${column}`);
    if (steps.has(column)) throw new RangeError(`altered twice: ${column}`);
    steps.set(column, step);
  }
  return { columns: [...columns].sort(), steps };
};

/** 32-bit FNV-1a: spreads cells over columns; no secret hangs on it. */
const spread = (text: string): number => {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  return (state ^ (state >>> 15)) >>> 0;
};

/**
 * Names the alterable cells of a row by what survives: the cell's own high part, and the value of one other column, drawn
 * by lot from the high part. So every column helps to name some cells, and a column that is dropped takes with it only the
 * cells that it names. Cells whose column or partner is not among `present` are left out.
 */
export const namer = (layout: Layout, present: ReadonlySet<string> = new Set(layout.columns)) => {
  const { columns, steps } = readLayout(layout);
  const altered = columns.filter((column) => steps.has(column) && present.has(column));
  const partnerValue = (row: Row, partner: string): string => {
    const value = row[partner] ?? null;
    const step = steps.get(partner);
    // Of a column that is itself altered only the high part is the same in every copy.
    const pair = step && value !== null ? pairOf(value, step) : null;
    return pair ? pair.high : normalText(value);
  };
  return (row: Row): Named[] =>
    altered.flatMap((column): Named[] => {
      const value = row[column] ?? null;
      const pair = value === null ? null : pairOf(value, steps.get(column)!);
      if (!pair) return [];
      const partner = columns[spread(`${column}\0${pair.high}`) % columns.length]!;
      if (!present.has(partner)) return [];
      const beside = partner === column ? '' : partnerValue(row, partner);
      const text = `${column}\0${pair.high}\0${partner}\0${beside}`;
      return [{ column, pair, name: hash('sha256', text, 'buffer').subarray(0, nameBytes) }];
    });
};

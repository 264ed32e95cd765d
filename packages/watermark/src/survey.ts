import { amountOf, type Decimal, less } from './cell.ts';
import { type Layout, type Row, readLayout } from './layout.ts';
import type { Ranges } from './mark.ts';

export interface Surveyed {
  rows: number;
  /** Of the altered columns, over what is a number or a time. */
  ranges: Ranges;
  donors: Row[];
}

/** 32-bit mixing of a count: which rows are drawn must only be the same each time, and not hang on the data's order. */
const scattered = (count: number): number => {
  let state = Math.imul(count ^ (count >>> 16), 0x45d9f3b);
  state = Math.imul(state ^ (state >>> 16), 0x45d9f3b);
  return (state ^ (state >>> 16)) >>> 0;
};

/**
 * What must be known of a table before its rows are marked one after another: how many there are, within which values the altered
 * columns stay, and a sample for made-up rows. Reads any number of rows in the memory of `donorsMax`, each as `kept` makes it: a
 * caller whose rows hang on something larger cuts them off there.
 */
export const survey = (layout: Layout, donorsMax: number, kept: (row: Row) => Row = (row) => row) => {
  const altered = [...readLayout(layout).steps.keys()];
  const bounds = new Map<string, Record<'least' | 'most', { text: string; amount: Decimal }>>();
  const donors: Row[] = [];
  let rows = 0;
  const measure = (row: Row): void => {
    for (const column of altered) {
      const text = row[column] ?? null;
      const amount = text === null ? null : amountOf(text);
      if (text === null || !amount) continue;
      const one = { text, amount };
      const held = bounds.get(column);
      if (!held) bounds.set(column, { least: one, most: one });
      else if (less(amount, held.least.amount)) held.least = one;
      else if (less(held.most.amount, amount)) held.most = one;
    }
  };
  return {
    add(batch: readonly Row[]): void {
      for (const row of batch) {
        measure(row);
        // A reservoir: each row is as likely to stay, however many there are.
        const place = rows < donorsMax ? rows : scattered(rows) % (rows + 1);
        if (place < donorsMax) donors[place] = kept(row);
        rows += 1;
      }
    },
    result: (): Surveyed => ({
      rows,
      donors,
      ranges: Object.fromEntries(
        [...bounds].map(([column, { least, most }]) => [column, { least: least.text, most: most.text }]),
      ),
    }),
  };
};

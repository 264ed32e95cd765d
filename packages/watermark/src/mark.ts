import { amountOf } from './cell.ts';
import { wantedBits } from './key.ts';
import { type Layout, type Named, nameBytes, namer, type Row } from './layout.ts';

/** Least and most value of a column in the data: no mark leaves them, so that none shows by being impossible. */
export type Ranges = Readonly<Record<string, { least: string; most: string }>>;

export interface Altered {
  /** Within the rows given. */
  row: number;
  column: string;
  value: string;
}

/**
 * The cells of these rows that the copy of this key has otherwise. Depends on nothing but the row itself and the key: rows may
 * come in any order and in batches of any size. Each change is exactly the column's `maxChange`; nulls and what is neither number
 * nor time are left alone.
 */
export const marker = (layout: Layout, key: Uint8Array, ranges: Ranges = {}) => {
  const nameCells = namer(layout);
  const limits = new Map(
    Object.entries(ranges).map(([column, { least, most }]) => [column, [amountOf(least), amountOf(most)] as const]),
  );
  return (rows: readonly Row[]): Altered[] => {
    const cells: (Named & { row: number })[] = rows.flatMap((row, at) =>
      nameCells(row).map((named) => ({ ...named, row: at })),
    );
    const names = new Uint8Array(cells.length * nameBytes);
    for (const [at, { name }] of cells.entries()) names.set(name, at * nameBytes);
    const wanted = wantedBits(key, names);
    return cells.flatMap(({ row, column, pair }, at): Altered[] => {
      if (wanted[at] === 2 || wanted[at] === pair.bit) return [];
      const [least, most] = limits.get(column) ?? [null, null];
      return pair.movedWithin(least, most) ? [{ row, column, value: pair.moved() }] : [];
    });
  };
};

/** The rows as the copy of this key has them. */
export const markedRows = (mark: ReturnType<typeof marker>, rows: readonly Row[]): Row[] => {
  const copy: Record<string, string | null | undefined>[] = rows.map((row) => ({ ...row }));
  for (const { row, column, value } of mark(rows)) copy[row]![column] = value;
  return copy;
};

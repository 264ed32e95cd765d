import type { Mask } from './model.ts';
import { type Row, type RowCondition, rowMatches } from './rowfilter.ts';

/** Replaces a value by a keyed digest; the key is the caller's, one a grant, so that no two buyers can join on it. */
export type HashValue = (value: string) => string;

export type RowEffects = {
  columns: readonly string[] | null;
  masks: Readonly<Record<string, Mask>>;
  rowFilter: readonly RowCondition[];
};

/** A column that the buyer sees, and its place among those that were given. */
export type SeenColumn = { name: string; at: number; mask?: Mask };

/**
 * A row as the buyer may see it, or null when the row filter withholds it. The filter reads the original values, before
 * masks and columns apply. `asked` narrows the permitted columns further.
 */
export function applyToRow(
  effects: RowEffects,
  row: Row,
  hash: HashValue,
  asked?: readonly string[],
): Record<string, unknown> | null {
  if (!rowMatches(effects.rowFilter, row)) return null;
  const seen: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(row)) {
    const column = seenColumn(effects, name, 0, asked);
    if (column) seen[name] = seenValue(column, row[name], hash);
  }
  return seen;
}

/** Of these columns those that the buyer sees: what `applyToRow` does to one row, told once for many of the same columns. */
export function seenColumns(effects: RowEffects, names: readonly string[], asked?: readonly string[]): SeenColumn[] {
  return names.flatMap((name, at) => seenColumn(effects, name, at, asked) ?? []);
}

function seenColumn(
  { columns, masks }: RowEffects,
  name: string,
  at: number,
  asked: readonly string[] | undefined,
): SeenColumn | null {
  if ((columns !== null && !columns.includes(name)) || (asked !== undefined && !asked.includes(name))) return null;
  const mask = Object.hasOwn(masks, name) ? masks[name] : undefined;
  if (!mask) return { name, at };
  return mask.kind === 'hide' ? null : { name, at, mask };
}

/** A value of such a column as the buyer sees it. Characters are code points: a rare Chinese one is never cut in half. */
export function seenValue({ mask }: SeenColumn, value: unknown, hash: HashValue): unknown {
  if (!mask) return value;
  if (value === null || value === undefined) return null;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return mask.kind === 'truncate' ? [...text].slice(0, mask.length).join('') : hash(text);
}

import type { Mask } from './model.ts';
import { type Row, type RowCondition, rowMatches } from './rowfilter.ts';

/** Replaces a value by a keyed digest; the key is the caller's, one a grant, so that no two buyers can join on it. */
export type HashValue = (value: string) => string;

export type RowEffects = {
  columns: readonly string[] | null;
  masks: Readonly<Record<string, Mask>>;
  rowFilter: readonly RowCondition[];
};

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
  const names = Object.keys(row).filter(
    (name) =>
      (effects.columns === null || effects.columns.includes(name)) && (asked === undefined || asked.includes(name)),
  );
  const seen: Record<string, unknown> = Object.create(null);
  for (const name of names) {
    const mask = Object.hasOwn(effects.masks, name) ? effects.masks[name] : undefined;
    const value = row[name];
    if (!mask) seen[name] = value;
    else if (mask.kind !== 'hide') seen[name] = maskedValue(mask, value, hash);
  }
  return seen;
}

/** Characters are code points, so that a rare Chinese character is never cut in half. */
function maskedValue(mask: Mask, value: unknown, hash: HashValue): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return mask.kind === 'truncate' ? [...text].slice(0, mask.length).join('') : hash(text);
}

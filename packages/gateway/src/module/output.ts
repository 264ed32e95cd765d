/** The release rule's first half: what a module wrote has the agreed columns, in the agreed types, or it is nothing. */
import { ModuleEnded } from './faults.ts';
import { MODULE_LIMITS, type ModuleAllowance } from './limits.ts';
import type { ModuleOutput } from './run.ts';

export const OUTPUT_TYPES = ['string', 'integer', 'decimal', 'boolean'] as const;
export interface OutputColumn {
  name: string;
  type: (typeof OUTPUT_TYPES)[number];
}
export type OutputCell = string | number | boolean | null;

const DECIMAL = /^-?(0|[1-9]\d{0,17})(\.\d{1,18})?$/;
const CHARACTERS_MAX = 2000;

/** `decimal` is text, so that nothing is rounded on its way. Control characters are none of a table's text. */
const fits = ({ type }: OutputColumn, cell: unknown): cell is OutputCell => {
  if (cell === null) return true;
  if (type === 'string')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused.
    return typeof cell === 'string' && cell.length <= CHARACTERS_MAX && !/[\u0000-\u001f\u007f]/.test(cell);
  if (type === 'integer') return Number.isSafeInteger(cell);
  if (type === 'decimal') return typeof cell === 'string' && DECIMAL.test(cell);
  return typeof cell === 'boolean';
};

const rowOf = (line: Buffer, columns: readonly OutputColumn[]): OutputCell[] | undefined => {
  if (line.length > MODULE_LIMITS.lineBytes) return undefined;
  try {
    // Strictly UTF-8: what cannot be told cannot be approved.
    const row: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
    if (!Array.isArray(row) || row.length !== columns.length) return undefined;
    return row.every((cell, at) => fits(columns[at]!, cell)) ? (row as OutputCell[]) : undefined;
  } catch {
    return undefined;
  }
};

/** One JSON array a line. @throws ModuleEnded `outputShape`, with the number of the line */
export function outputRows(
  { bytes }: ModuleOutput,
  columns: readonly OutputColumn[],
  { outputRows: most }: Pick<ModuleAllowance, 'outputRows'>,
): OutputCell[][] {
  const rows: OutputCell[][] = [];
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(10, at);
    const stop = found < 0 ? bytes.length : found;
    const row = rowOf(bytes.subarray(at, stop), columns);
    if (!row) throw new ModuleEnded('outputShape', String(rows.length + 1));
    if (rows.length >= most) throw new ModuleEnded('outputRows');
    rows.push(row);
    at = stop + 1;
  }
  return rows;
}

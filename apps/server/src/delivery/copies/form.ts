/** Which files can be marked: tables in a form whose records can be told apart, with the columns of the dictionary. Pure. */
import type { Text } from '@shugu/wire';
import { columnName, csvRecord, jsonLine } from './lines.ts';

export type Form = { kind: 'csv'; delimiter: string } | { kind: 'ndjson' } | { kind: 'parquet' };
export type Encoding = 'utf-8' | 'gb18030' | 'utf-16le';

/** As much of a file as tells its form. */
export const formBytes = 262_144;

const unknownForm: Text = {
  zh: '不是能加注水印的格式（CSV、NDJSON、Parquet）',
  en: 'is in no form that can be marked (CSV, NDJSON, Parquet)',
};
const otherColumns: Text = {
  zh: '首行不是数据字典中的字段名，不能加注水印',
  en: 'does not begin with the names of the dictionary’s columns and cannot be marked',
};

const isText = (value: Buffer, encoding: Encoding): string | null => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(value, { stream: true });
  } catch {
    return null;
  }
};

/** By its first bytes, whatever its name says; what is wrong with it, where it cannot be marked. */
export const formOf = (start: Buffer, columns: readonly string[]): Form | Text => {
  const magic = start.subarray(0, 4).toString('latin1');
  if (magic === 'PAR1') return { kind: 'parquet' };
  const wide = start[0] === 0xff && start[1] === 0xfe;
  if (start.length === 0 || magic.startsWith('PK') || magic === '%PDF' || (!wide && start.includes(0)))
    return unknownForm;
  const text = wide ? isText(start, 'utf-16le') : (isText(start, 'utf-8') ?? isText(start, 'gb18030'));
  if (text === null) return unknownForm;
  if (/^\s*\[/.test(text)) return unknownForm;
  if (/^\s*\{/.test(text)) {
    const [line = ''] = text.trimStart().split('\n', 1);
    // A first line longer than what is looked at is judged when the copy is made.
    const whole = text.includes('\n') || start.length < formBytes;
    return whole && !jsonLine(line).tokens ? unknownForm : { kind: 'ndjson' };
  }
  const delimiter = [',', '\t', ';', '|'].find((one) => isHeader(text, one, columns));
  return delimiter ? { kind: 'csv', delimiter } : otherColumns;
};

const isHeader = (text: string, delimiter: string, columns: readonly string[]): boolean => {
  const found = csvRecord(text.replace(/^[\r\n]+/, ''), 0, delimiter, true);
  const names = found === 'more' ? [] : (found.cells ?? []).map(({ value }) => columnName(value));
  return sameNames(names, columns);
};

export const sameNames = (names: readonly string[], columns: readonly string[]): boolean =>
  names.length === columns.length && columns.every((column) => names.includes(column));

import type { DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { arrowEncoder } from './arrow.ts';
import type { RunFormat } from './protocol.ts';

/** Turns rows into the bytes of an answer, piece by piece. */
export type Encoder = {
  begin(): Uint8Array;
  rows(rows: readonly DuckDBValue[][]): Uint8Array;
  end(rows: number): Uint8Array;
};

const utf8 = (text: string) => Buffer.from(text, 'utf8');

export function encoderFor(format: Exclude<RunFormat, 'parquet'>, result: DuckDBResult): Encoder | Promise<Encoder> {
  if (format === 'arrow') return arrowEncoder(result);
  if (format === 'lines') return lineEncoder();
  return format === 'csv' ? csvEncoder(result.columnNames()) : jsonEncoder(result.columnNames());
}

/** `{ "data": […], "meta": { "rows": n } }`, as the look-up answers. */
function jsonEncoder(names: readonly string[]): Encoder {
  const keys = names.map((name) => `${JSON.stringify(name)}:`);
  let first = true;
  return {
    begin: () => utf8('{"data":['),
    rows: (rows) => {
      const texts = rows.map((row) => `{${row.map((value, at) => `${keys[at]}${jsonOf(value)}`).join(',')}}`);
      const piece = utf8(`${first || texts.length === 0 ? '' : ','}${texts.join(',')}`);
      first &&= texts.length === 0;
      return piece;
    },
    end: (rows) => utf8(`],"meta":{"rows":${rows}}}`),
  };
}

function lineEncoder(): Encoder {
  return {
    begin: () => new Uint8Array(0),
    rows: (rows) => utf8(rows.map((row) => `[${row.map(jsonOf).join(',')}]\n`).join('')),
    end: () => new Uint8Array(0),
  };
}

/** Exact: decimals, dates and integers beyond 53 bits go out as text, as on the look-up. What JSON has no word for is null. */
function jsonOf(value: DuckDBValue): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
  return JSON.stringify(String(value));
}

/** RFC 4180 in UTF-8, with a header. Null is an empty field, an empty text a quoted one. */
function csvEncoder(names: readonly string[]): Encoder {
  const line = (cells: readonly string[]) => `${cells.join(',')}\r\n`;
  return {
    begin: () => utf8(line(names.map(csvOf))),
    rows: (rows) =>
      utf8(rows.map((row) => line(row.map((value) => (value === null ? '' : csvOf(String(value)))))).join('')),
    end: () => new Uint8Array(0),
  };
}

function csvOf(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

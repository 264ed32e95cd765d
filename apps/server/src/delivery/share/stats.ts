/** Statistics of a Parquet file as Delta keeps them; a bound that JSON cannot carry exactly is left out. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { FileStats, ShareField } from '@shugu/gateway';
import { sqlName, sqlText } from '../../kernel/child/duck.ts';

/** As many columns as Delta's own writers index; further ones have no bounds. */
const columnsMax = 32;
const textCharactersMax = 64;

const boundSql = (aggregate: 'min' | 'max', { name, type }: ShareField): string => {
  const bound = `${aggregate}(${sqlName(name)})`;
  return type === 'timestamp' ? `epoch_us(${bound})` : `CAST(${bound} AS VARCHAR)`;
};

export const fileStats = async (
  duck: DuckDBConnection,
  path: string,
  fields: readonly ShareField[],
): Promise<FileStats> => {
  const counted = fields.slice(0, columnsMax);
  const select = counted.map((field) => {
    const bounds = field.type === 'boolean' ? 'NULL, NULL' : `${boundSql('min', field)}, ${boundSql('max', field)}`;
    return `, count(${sqlName(field.name)}), ${bounds}`;
  });
  const result = await duck.runAndReadAll(`SELECT count(*)${select.join('')} FROM read_parquet(${sqlText(path)})`);
  const [row = []] = result.getRowsJS();
  const stats: FileStats = { numRecords: Number(row[0]), minValues: {}, maxValues: {}, nullCount: {} };
  counted.forEach(({ name, type }, at) => {
    const [count, least, most] = row.slice(1 + at * 3, 4 + at * 3);
    stats.nullCount[name] = stats.numRecords - Number(count);
    const [low, high] = [boundOf(type, least, Math.floor), boundOf(type, most, Math.ceil)];
    if (low === undefined || high === undefined) return;
    stats.minValues[name] = low;
    stats.maxValues[name] = high;
  });
  return stats;
};

const boundOf = (type: string, value: unknown, outward: (value: number) => number): string | number | undefined => {
  if (value === null || value === undefined) return undefined;
  if (type === 'timestamp') {
    const instant = new Date(outward(Number(value) / 1000));
    return Number.isNaN(instant.getTime()) || instant.getUTCFullYear() > 9999 || instant.getUTCFullYear() < 1
      ? undefined
      : instant.toISOString();
  }
  const text = String(value);
  if (type === 'date') return /^\d{4}-\d\d-\d\d$/.test(text) ? text : undefined;
  if (type === 'string') return [...text].length <= textCharactersMax ? text : undefined;
  return exactNumber(text);
};

/** A number that says in JSON exactly what the column holds: finite, and of no more digits than a double keeps. */
const exactNumber = (text: string): number | undefined => {
  const digits = text.replace(/e.*$/i, '').replace(/[^\d]/g, '').replace(/^0+/, '').length;
  const number = Number(text);
  if (!Number.isFinite(number)) return undefined;
  return digits <= 15 || String(number) === text ? number : undefined;
};

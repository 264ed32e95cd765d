import { rename, rm } from 'node:fs/promises';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { placeColumn, quoted } from './pointstore.ts';

export type PointColumn = {
  name: string;
  type: 'text' | 'integer' | 'real';
  /** No row is without a value; a key of such columns can be the table's own order. */
  filled?: boolean;
};
export type PointTable = {
  name: string;
  columns: PointColumn[];
  /** Each list of columns gets an index; the first is the key. */
  indexes: string[][];
  /** Batches of rows, each row its values in the order of `columns`. In the order of the key they are written fastest. */
  rows: Iterable<Batch> | AsyncIterable<Batch>;
};
type Batch = readonly (readonly unknown[])[];

export const POINT_BUILD_LIMITS = { columnsMax: 500, clusteredBytesMax: 512 } as const;
const ROWS_PER_TRANSACTION = 50_000;
/** Of one statement: each call into SQLite costs as much as writing several values. */
const VALUES_PER_STATEMENT = 256;
/** Twice SQLite's own: a level less on the way to a row, and half as many reads of what is not in memory. */
const PAGE_BYTES = 8192;

/** Build a store beside `path` and put it in place whole. Returns the rows written per table. */
export async function buildPointStore(path: string, tables: readonly PointTable[]): Promise<Record<string, number>> {
  const temporary = `${path}.building`;
  await rm(temporary, { force: true });
  const database = new DatabaseSync(temporary);
  const counts: Record<string, number> = {};
  try {
    // The file is not used before it is complete and renamed, so a journal would only cost time.
    database.exec(
      `pragma page_size = ${PAGE_BYTES}; pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -65536`,
    );
    for (const table of tables) counts[table.name] = await writeTable(database, table);
    database.exec('pragma synchronous = full; pragma analysis_limit = 10000; analyze');
  } finally {
    database.close();
  }
  await rename(temporary, path);
  return counts;
}

async function writeTable(database: DatabaseSync, { name, columns, indexes, rows }: PointTable): Promise<number> {
  if (columns.length === 0 || columns.length > POINT_BUILD_LIMITS.columnsMax)
    throw new RangeError(`table ${name}: ${columns.length} columns`);
  const [key = []] = indexes;
  let writer: Writer | undefined;
  let inTransaction = 0;
  for await (const batch of rows) {
    writer ??= openTable(database, { name, columns, key: isClustered(columns, key, batch) ? key : null });
    if (inTransaction === 0) database.exec('begin');
    writer.write(batch);
    inTransaction += batch.length;
    if (inTransaction < ROWS_PER_TRANSACTION) continue;
    database.exec('commit');
    inTransaction = 0;
  }
  if (inTransaction > 0) database.exec('commit');
  writer ??= openTable(database, { name, columns, key: null });
  for (const [place, index] of indexes.entries()) {
    if (place === 0 && writer.clustered) continue;
    database.exec(
      `create index ${quoted(`${name}_index_${place}`)} on ${quoted(name)} (${index.map(quoted).join(', ')})`,
    );
  }
  return writer.count();
}

/**
 * Whether the rows lie in the order of the key themselves: one way down the tree instead of two. Such a tree holds whole rows
 * on its upper levels too, so wide ones are better kept aside; and its key may not be null.
 */
function isClustered(columns: readonly PointColumn[], key: readonly string[], rows: Batch): boolean {
  const filled = key.every((name) => columns.find((column) => column.name === name)?.filled);
  const bytes = rows.reduce((sum, row) => sum + row.reduce<number>((all, value) => all + String(value).length, 0), 0);
  return key.length > 0 && filled && bytes <= rows.length * POINT_BUILD_LIMITS.clusteredBytesMax;
}

type Writer = { write(rows: Batch): void; count(): number; clustered: boolean };

function openTable(
  database: DatabaseSync,
  { name, columns, key }: { name: string; columns: PointColumn[]; key: readonly string[] | null },
): Writer {
  const definitions = columns.map((column) => `${quoted(column.name)} ${column.type}`);
  // Keys need not be unique: a row's place among all makes them so.
  if (key) definitions.push(`${placeColumn} integer, primary key (${key.map(quoted).join(', ')}, ${placeColumn})`);
  database.exec(`create table ${quoted(name)} (${definitions.join(', ')}) strict${key ? ', without rowid' : ''}`);
  const row = `(${Array.from({ length: columns.length + (key ? 1 : 0) }, () => '?').join(', ')})`;
  const prepare = (rows: number): StatementSync =>
    database.prepare(`insert into ${quoted(name)} values ${Array.from({ length: rows }, () => row).join(', ')}`);
  const rowsEach = Math.max(1, Math.floor(VALUES_PER_STATEMENT / columns.length));
  const [one, several] = [prepare(1), prepare(rowsEach)];
  let count = 0;
  const values: (string | number | bigint | null)[] = [];
  const add = (given: readonly unknown[]) => {
    for (const [at, column] of columns.entries()) values.push(cell(given[at], column));
    count += 1;
    if (key) values.push(count);
  };
  const flush = (statement: StatementSync) => {
    statement.run(...values);
    values.length = 0;
  };
  return {
    clustered: key !== null,
    count: () => count,
    write(rows) {
      const whole = rows.length - (rows.length % rowsEach);
      for (const [at, given] of rows.entries()) {
        add(given);
        if (at >= whole) flush(one);
        else if ((at + 1) % rowsEach === 0) flush(several);
      }
    },
  };
}

function cell(value: unknown, { name, type }: PointColumn): string | number | bigint | null {
  if (value === null || value === undefined) return null;
  if (type === 'text') return typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (value === '') return null;
  const number = typeof value === 'bigint' ? value : Number(value);
  if (Number.isNaN(number)) throw new RangeError(`column ${name}: ${JSON.stringify(value)} is no number`);
  return number;
}

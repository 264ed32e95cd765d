import { rename, rm } from 'node:fs/promises';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Row, rowMatches } from '@shugu/policy';
import { GatewayProblem } from '../problem.ts';
import type { TableAccess } from './lookup.ts';

/** A B-tree file (SQLite): rows by key in microseconds, where a column store reads whole pages of every column. */
export type PointColumn = { name: string; type: 'text' | 'integer' | 'real' };
export type PointTable = {
  name: string;
  columns: PointColumn[];
  /** Each list of columns gets an index; the first is the key. */
  indexes: string[][];
  rows: Iterable<Row> | AsyncIterable<Row>;
};

export const POINT_STORE_LIMITS = { rowsScannedMax: 20_000, columnsMax: 500, statementsMax: 256 } as const;
const NAME = /^[\p{L}_][\p{L}\p{N}_]{0,62}$/u;
const ROWS_PER_TRANSACTION = 50_000;

/** Build a store beside `path` and put it in place whole. Returns the rows written per table. */
export async function buildPointStore(path: string, tables: readonly PointTable[]): Promise<Record<string, number>> {
  const temporary = `${path}.building`;
  await rm(temporary, { force: true });
  const database = new DatabaseSync(temporary);
  const counts: Record<string, number> = {};
  try {
    // The file is not used before it is complete and renamed, so a journal would only cost time.
    database.exec('pragma journal_mode = off; pragma synchronous = off');
    for (const table of tables) counts[table.name] = await writeTable(database, table);
    database.exec('pragma synchronous = full; analyze');
  } finally {
    database.close();
  }
  await rename(temporary, path);
  return counts;
}

async function writeTable(database: DatabaseSync, { name, columns, indexes, rows }: PointTable): Promise<number> {
  if (columns.length === 0 || columns.length > POINT_STORE_LIMITS.columnsMax)
    throw new RangeError(`table ${name}: ${columns.length} columns`);
  database.exec(
    `create table ${quoted(name)} (${columns.map((column) => `${quoted(column.name)} ${column.type}`).join(', ')}) strict`,
  );
  const insert = database.prepare(`insert into ${quoted(name)} values (${columns.map(() => '?').join(', ')})`);
  let count = 0;
  database.exec('begin');
  for await (const row of rows) {
    insert.run(...columns.map((column) => cell(row[column.name], column)));
    count += 1;
    if (count % ROWS_PER_TRANSACTION === 0) database.exec('commit; begin');
  }
  database.exec('commit');
  indexes.forEach((index, position) => {
    database.exec(
      `create index ${quoted(`${name}_index_${position}`)} on ${quoted(name)} (${index.map(quoted).join(', ')})`,
    );
  });
  return count;
}

function cell(value: unknown, { name, type }: PointColumn): string | number | bigint | null {
  if (value === null || value === undefined || value === '') return type === 'text' && value === '' ? '' : null;
  if (type === 'text') return typeof value === 'object' ? JSON.stringify(value) : String(value);
  const number = typeof value === 'bigint' ? value : Number(value);
  if (Number.isNaN(number)) throw new RangeError(`column ${name}: ${JSON.stringify(value)} is no number`);
  return number;
}

function quoted(name: string): string {
  if (!NAME.test(name)) throw new RangeError(`not a name: ${name}`);
  return `"${name}"`;
}

export type PointStore = TableAccess & { close(): void };

/** Open a built store for reading. Values in filters come as text and are compared by the column's type. */
export function openPointStore(path: string): PointStore {
  const database = new DatabaseSync(path, { readOnly: true });
  const statements = new Map<string, StatementSync>();
  return {
    lookup({ table, filters, rowFilter, limit }) {
      const where = filters.map(({ column }) => `${quoted(column)} = ?`).join(' and ');
      const statement = prepared(database, statements, `select * from ${quoted(table)} where ${where}`);
      const rows: Row[] = [];
      let scanned = 0;
      // The row filter is judged here, by the one function that defines it; SQL would compare text by other rules.
      for (const row of statement.iterate(...filters.map(({ value }) => value))) {
        scanned += 1;
        if (scanned > POINT_STORE_LIMITS.rowsScannedMax) throw new GatewayProblem('filterTooBroad');
        if (rowMatches(rowFilter, row as Row)) rows.push(row as Row);
        if (rows.length >= limit) break;
      }
      return rows;
    },
    close: () => database.close(),
  };
}

function prepared(database: DatabaseSync, statements: Map<string, StatementSync>, sql: string): StatementSync {
  const found = statements.get(sql);
  if (found) return found;
  if (statements.size >= POINT_STORE_LIMITS.statementsMax) statements.clear();
  const statement = database.prepare(sql);
  statements.set(sql, statement);
  return statement;
}

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { type Row, rowMatches } from '@shugu/policy';
import { GatewayProblem } from '../problem.ts';
import type { Filter, TableAccess, TableLookup, TableRows } from './lookup.ts';

/** A B-tree file (SQLite): rows by key in microseconds, where a column store reads whole pages of every column. */
export type PointStore = TableAccess & { close(): void };

export const POINT_STORE_LIMITS = { rowsScannedMax: 20_000, statementsMax: 256 } as const;
/** No column of a supplier's can have this name. */
export const placeColumn = '"#"';
const NAME = /^[\p{L}_][\p{L}\p{N}_]{0,62}$/u;
/** Of each open store. Upper levels of the tree stay here; the system's own cache holds the rest. */
const CACHE_KIB = 16_384;

export function quoted(name: string): string {
  if (!NAME.test(name)) throw new RangeError(`not a name: ${name}`);
  return `"${name}"`;
}

/** Open a built store for reading. Values in filters come as text and are compared by the column's type. */
export function openPointStore(path: string): PointStore {
  const address = pathToFileURL(path);
  // A store is put in place whole and never written again, so nobody need be asked before each read whether it has changed.
  address.searchParams.set('immutable', '1');
  const database = new DatabaseSync(address, { readOnly: true });
  database.exec(`pragma cache_size = -${CACHE_KIB}`);
  const tables = new Map<string, Table>();
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const found = statements.get(sql);
    if (found) return found;
    if (statements.size >= POINT_STORE_LIMITS.statementsMax) statements.clear();
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    statements.set(sql, statement);
    return statement;
  };
  return {
    lookup(question) {
      let table = tables.get(question.table);
      if (!table) {
        table = tableOf(database, question.table);
        tables.set(question.table, table);
      }
      const { columns: asked } = question;
      const columns = asked ? table.columns.filter((name) => asked.includes(name)) : table.columns;
      const source = sourceOf(table, question.filters, prepare);
      const sql = `select ${columns.map(quoted).join(', ') || 'null'} from ${source.sql}`;
      return { columns, rows: read(prepare, sql, source.values, columns, question) };
    },
    close: () => database.close(),
  };
}

type Table = { name: string; columns: readonly string[]; indexes: readonly (readonly string[])[] };

function tableOf(database: DatabaseSync, name: string): Table {
  const rows = (sql: string) => database.prepare(sql).all(name) as { name: string; of: string }[];
  const columns = rows('select name from pragma_table_info(?)').map((column) => column.name);
  const found = rows(
    'select i.name as "of", c.name from pragma_index_list(?) i, pragma_index_info(i.name) c order by i.seq, c.seqno',
  );
  const indexes = [...Map.groupBy(found, ({ of }) => of).values()].map((parts) => parts.map((part) => part.name));
  return { name, columns: columns.filter((column) => `"${column}"` !== placeColumn), indexes };
}

type Source = { sql: string; values: string[] };

/**
 * Where the rows come from, so that no question runs long: all filters stand in one index, or those of the narrowest index go
 * first and must leave few enough rows for the others. Throws `filterTooBroad`.
 */
function sourceOf(table: Table, filters: readonly Filter[], prepare: (sql: string) => StatementSync): Source {
  const ways = waysOf(table, filters);
  const whole = ways.find((way) => way.length === filters.length);
  if (whole) return { sql: `${quoted(table.name)} where ${conditions(whole)}`, values: valuesOf(whole) };
  const { rowsScannedMax } = POINT_STORE_LIMITS;
  const bounded = (way: readonly Filter[], columns: string) =>
    `(select ${columns} from ${quoted(table.name)} where ${conditions(way)} limit ${rowsScannedMax + 1})`;
  let narrowest: { way: Filter[]; count: number } | null = null;
  for (const way of ways) {
    const count = Number(
      (prepare(`select count(*) from ${bounded(way, '1')}`).get(...valuesOf(way)) as unknown as [number])[0],
    );
    if (!narrowest || count < narrowest.count) narrowest = { way, count };
  }
  if (!narrowest || narrowest.count > rowsScannedMax) throw new GatewayProblem('filterTooBroad');
  const { way } = narrowest;
  const others = filters.filter((filter) => !way.includes(filter));
  return { sql: `${bounded(way, '*')} where ${conditions(others)}`, values: valuesOf([...way, ...others]) };
}

const conditions = (filters: readonly Filter[]) => filters.map(({ column }) => `${quoted(column)} = ?`).join(' and ');
const valuesOf = (filters: readonly Filter[]) => filters.map(({ value }) => value);

/** Of each index the filters on its leading columns. */
function waysOf({ indexes }: Table, filters: readonly Filter[]): Filter[][] {
  const ways: Filter[][] = [];
  for (const index of indexes) {
    const way: Filter[] = [];
    for (const name of index) {
      const filter = filters.find(({ column }) => column === name);
      if (!filter) break;
      way.push(filter);
    }
    if (way.length > 0) ways.push(way);
  }
  return ways;
}

type Values = readonly unknown[];

function read(
  prepare: (sql: string) => StatementSync,
  sql: string,
  values: readonly string[],
  columns: readonly string[],
  { rowFilter, limit }: TableLookup,
): TableRows['rows'] {
  const statement = prepare(rowFilter.length === 0 ? `${sql} limit ${roundedLimit(limit)}` : sql);
  const once = () =>
    rowFilter.length === 0
      ? (statement.all(...values) as unknown as Values[])
      : matching(statement.iterate(...values) as unknown as Iterable<Values>, columns, { rowFilter, limit });
  try {
    return once();
  } catch (error) {
    // Whole numbers past 2^53: from now on this statement reads all of them as bigint, which costs more.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw error;
    statement.setReadBigInts(true);
    return once();
  }
}

/** A limit that is bound, not written, makes SQLite plan the statement anew each time; so it is written, in few sizes. */
const roundedLimit = (limit: number): number => 2 ** Math.ceil(Math.log2(limit));

/** The row filter is judged by the one function that defines it; SQL would compare text by other rules. */
function matching(
  found: Iterable<Values>,
  columns: readonly string[],
  { rowFilter, limit }: Pick<TableLookup, 'rowFilter' | 'limit'>,
): Values[] {
  const judged = rowFilter.map(({ column }) => [column, columns.indexOf(column)] as const);
  const rows: Values[] = [];
  let scanned = 0;
  for (const values of found) {
    scanned += 1;
    if (scanned > POINT_STORE_LIMITS.rowsScannedMax) throw new GatewayProblem('filterTooBroad');
    const row: Row = Object.fromEntries(judged.map(([column, at]) => [column, values[at]]));
    if (rowMatches(rowFilter, row)) rows.push(values);
    if (rows.length >= limit) break;
  }
  return rows;
}

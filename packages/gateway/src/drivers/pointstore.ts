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
/** Of each open store: read where the system's own cache holds it, without a call and a copy. It counts as resident, and can go. */
const MAPPED_BYTES = 2 ** 30;
/** For what lies behind. */
const CACHE_KIB = 8192;

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
  database.exec(`pragma cache_size = -${CACHE_KIB}; pragma mmap_size = ${MAPPED_BYTES}`);
  const tables = new Map<string, Table>();
  const prepare = held((sql: string) => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  });
  const shapes = new Map<string, Shape>();
  const shapeOf = ({ table: name, filters, columns }: TableLookup): Shape => {
    let form = `${name} ${columns ? columns.join() : '*'}`;
    for (const { column } of filters) form += ` ${column}`;
    const known = shapes.get(form);
    if (known) return known;
    if (shapes.size >= POINT_STORE_LIMITS.statementsMax) shapes.clear();
    const table = tables.get(name) ?? tableOf(database, name);
    tables.set(name, table);
    const shape = newShape(table, filters, columns, prepare);
    shapes.set(form, shape);
    return shape;
  };
  return {
    lookup(question) {
      const { filters, rowFilter, limit } = question;
      const { columns, whole, table, select } = shapeOf(question);
      const size = rowFilter.length === 0 ? roundedLimit(limit) : null;
      if (whole) return { columns, rows: read(whole.statement(size), whole.values(filters), columns, question) };
      const source = narrowestSource(table, filters, prepare);
      const statement = prepare(limited(`${select} from ${source.sql}`, size));
      return { columns, rows: read(statement, source.values, columns, question) };
    },
    close: () => database.close(),
  };
}

/** What is the same for all questions that name the same table, columns and filters. */
type Shape = {
  table: Table;
  columns: readonly string[];
  select: string;
  /** When one index holds all filters. */
  whole: {
    values(filters: readonly Filter[]): string[];
    statement(limit: number | null): StatementSync;
  } | null;
};

function newShape(
  table: Table,
  filters: readonly Filter[],
  asked: readonly string[] | undefined,
  prepare: Prepare,
): Shape {
  const columns = asked ? table.columns.filter((name) => asked.includes(name)) : table.columns;
  const select = `select ${columns.map(quoted).join(', ') || 'null'}`;
  const way = waysOf(table, filters).find(({ length }) => length === filters.length);
  if (!way) return { table, columns, select, whole: null };
  const sql = `${select} from ${quoted(table.name)} where ${conditions(way)}`;
  const places = way.map((filter) => filters.indexOf(filter));
  const statements = new Map<number | null, StatementSync>();
  const statement = (limit: number | null): StatementSync => {
    const found = statements.get(limit) ?? prepare(limited(sql, limit));
    statements.set(limit, found);
    return found;
  };
  return { table, columns, select, whole: { statement, values: (given) => places.map((at) => given[at]!.value) } };
}

/** A limit that is bound, not written, makes SQLite plan the statement anew each time; so it is written, in few sizes. */
const limited = (sql: string, limit: number | null): string => (limit === null ? sql : `${sql} limit ${limit}`);
const roundedLimit = (limit: number): number => 2 ** Math.ceil(Math.log2(limit));

/** Statements by text. */
type Prepare = (sql: string) => StatementSync;

function held(prepare: Prepare): Prepare {
  const statements = new Map<string, StatementSync>();
  return (sql) => {
    const found = statements.get(sql);
    if (found) return found;
    if (statements.size >= POINT_STORE_LIMITS.statementsMax) statements.clear();
    const statement = prepare(sql);
    statements.set(sql, statement);
    return statement;
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

/** No index holds all filters: those of the narrowest go first and must leave few enough rows for the others. @throws filterTooBroad */
function narrowestSource(table: Table, filters: readonly Filter[], prepare: Prepare): Source {
  const { rowsScannedMax } = POINT_STORE_LIMITS;
  const bounded = (way: readonly Filter[], columns: string) =>
    `(select ${columns} from ${quoted(table.name)} where ${conditions(way)} limit ${rowsScannedMax + 1})`;
  const countOf = (way: readonly Filter[]) =>
    Number((prepare(`select count(*) from ${bounded(way, '1')}`).get(...valuesOf(way)) as unknown as [number])[0]);
  const counted = waysOf(table, filters).map((way) => ({ way, count: countOf(way) }));
  const [narrowest] = counted.sort((a, b) => a.count - b.count);
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
  statement: StatementSync,
  values: readonly string[],
  columns: readonly string[],
  { rowFilter, limit }: TableLookup,
): TableRows['rows'] {
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

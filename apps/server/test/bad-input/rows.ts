/** Rows of every table, counted before and after, so that nothing half-done hides behind a refusal. */
import type pg from 'pg';

/** Who came and what was asked may be written down; nothing else may. */
const bookkeeping = new Set(['audit', 'idempotency', 'sessions', 'event_cursors', 'node_state', 'migrations']);

export type Counts = Record<string, number>;

export const tablesOf = async (pool: pg.Pool): Promise<string[]> => {
  const { rows } = await pool.query<{ table_name: string }>(
    `select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
  );
  return rows.map((row) => row.table_name);
};

export const countRows = async (pool: pg.Pool, tables: readonly string[]): Promise<Counts> => {
  const counted = tables.filter((name) => !bookkeeping.has(name));
  const { rows } = await pool.query<{ name: string; rows: string }>(
    counted.map((name) => `select '${name}' as name, count(*)::text as rows from "${name}"`).join(' union all '),
  );
  return Object.fromEntries(rows.map((row) => [row.name, Number(row.rows)]));
};

/** Tables whose number of rows differs, with both numbers. */
export const changesBetween = (before: Counts, after: Counts): string[] =>
  Object.keys(after).flatMap((name) =>
    before[name] === after[name] ? [] : [`${name}: ${before[name]} → ${after[name]}`],
  );

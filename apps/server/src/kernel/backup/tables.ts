/**
 * Tables out of one database and into another, of whatever PostgreSQL major: every value in the text form that its type
 * reads back exactly (bytea in hex, timestamptz in UTC with microseconds, numeric and float with all digits), a row being
 * one line of JSON. Transaction ids belong to one cluster only and do not travel.
 */
import type pg from 'pg';

export const limits = { rowsPerFetchMax: 2000, fetchBytes: 4 * 1_048_576, loadBytes: 4 * 1_048_576 } as const;

export interface Column {
  name: string;
  type: string;
}

export interface Table {
  name: string;
  columns: Column[];
}

export interface Position {
  name: string;
  value: string;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Text forms depend on these; the same on both sides, whatever the server's defaults. */
export const setExactText = async (client: pg.ClientBase): Promise<void> => {
  await client.query(
    `set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set extra_float_digits = 1`,
  );
};

/** Every table of the current schema, by name. Generated columns are made again by the other side. */
export const readTables = async (client: pg.ClientBase): Promise<Table[]> => {
  const { rows } = await client.query<{ table: string; column: string; type: string }>(
    `select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relkind = 'r' and c.relnamespace = (select oid from pg_namespace where nspname = current_schema())
       and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     order by c.relname, a.attnum`,
  );
  const tables = new Map<string, Table>();
  for (const { table, column, type } of rows) {
    const found = tables.get(table) ?? { name: table, columns: [] };
    found.columns.push({ name: column, type });
    tables.set(table, found);
  }
  return [...tables.values()];
};

/** Positions of sequences. They stand outside snapshots: read late, they can only be further on, which is safe. */
export const readPositions = async (client: pg.ClientBase): Promise<Position[]> => {
  const { rows } = await client.query<Position>(
    `select sequencename as name, last_value::text as value from pg_sequences
     where schemaname = current_schema() and last_value is not null order by sequencename`,
  );
  return rows;
};

const carried = (column: Column): string => (column.type === 'xid8' ? 'null' : `${quoted(column.name)}::text`);

/** Lines of a table, in batches of about `fetchBytes`, read through a cursor of the caller's transaction. */
export async function* readRows(client: pg.ClientBase, table: Table): AsyncGenerator<string[]> {
  const values = table.columns.map(carried).join(', ');
  await client.query(
    `declare backup_rows no scroll cursor for select json_build_array(${values})::text as line from ${quoted(table.name)}`,
  );
  let count = 50;
  for (;;) {
    const { rows } = await client.query<{ line: string }>(`fetch ${count} from backup_rows`);
    if (rows.length === 0) break;
    const lines = rows.map((row) => row.line);
    yield lines;
    const bytes = lines.reduce((sum, line) => sum + line.length, 0) / lines.length;
    count = Math.max(1, Math.min(limits.rowsPerFetchMax, Math.floor(limits.fetchBytes / bytes)));
  }
  await client.query('close backup_rows');
}

/** Transaction ids of the old cluster would hide rows from readers that wait for older transactions: 3 is older than all. */
const frozen = `'3'::xid8`;

const insertOf = (table: Table): string => {
  const names = table.columns.map((column) => quoted(column.name)).join(', ');
  const values = table.columns
    .map((column, place) => (column.type === 'xid8' ? frozen : `(line ->> ${place})::${column.type}`))
    .join(', ');
  return `insert into ${quoted(table.name)} (${names}) overriding system value select ${values} from json_array_elements($1::json) as line`;
};

export const loadRows = async (client: pg.ClientBase, table: Table, lines: readonly string[]): Promise<void> => {
  const insert = insertOf(table);
  for (let from = 0; from < lines.length; ) {
    let bytes = 0;
    let to = from;
    while (to < lines.length && (to === from || bytes + lines[to]!.length < limits.loadBytes)) {
      bytes += lines[to]!.length;
      to++;
    }
    await client.query(insert, [`[${lines.slice(from, to).join(',')}]`]);
    from = to;
  }
};

interface ForeignKey {
  table: string;
  name: string;
  definition: string;
}

/**
 * Empties the tables and takes references and triggers off, so that rows may come in any order; the function it gives puts
 * them back, which checks every reference. Inside the caller's transaction, and without a superuser's rights.
 */
export const openForLoading = async (client: pg.ClientBase, tables: readonly Table[]): Promise<() => Promise<void>> => {
  const { rows: keys } = await client.query<ForeignKey>(
    `select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
     where contype = 'f' and conparentid = 0 and connamespace = (select oid from pg_namespace where nspname = current_schema()) order by 1, 2`,
  );
  for (const key of keys) await client.query(`alter table ${key.table} drop constraint ${quoted(key.name)}`);
  for (const table of tables) await client.query(`alter table ${quoted(table.name)} disable trigger user`);
  await client.query(`truncate ${tables.map((table) => quoted(table.name)).join(', ')}`);
  return async () => {
    await client.query('set constraints all immediate');
    for (const key of keys)
      await client.query(`alter table ${key.table} add constraint ${quoted(key.name)} ${key.definition}`);
    for (const table of tables) await client.query(`alter table ${quoted(table.name)} enable trigger user`);
  };
};

export const setPositions = async (client: pg.ClientBase, positions: readonly Position[]): Promise<void> => {
  for (const { name, value } of positions)
    await client.query('select setval(quote_ident($1)::regclass, $2::bigint, true)', [name, value]);
};

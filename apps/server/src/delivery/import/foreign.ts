/** What a supplier's database holds, and a table of it as text. */
import { importLimits } from '@shugu/wire/delivery';
import type pg from 'pg';
import { sqlName } from '../../kernel/child/duck.ts';
import { copyOut } from '../far/copy.ts';
import { openSession, type SessionOptions } from '../far/session.ts';
import type { Choice, Connection } from './model.ts';
import { problemOf, problems } from './problems.ts';
import { type Carrying, carryingOf, type ForeignColumn } from './types.ts';

export interface ForeignTable {
  schema: string;
  name: string;
  kind: 'table' | 'view';
  rowsAbout: number | null;
  columns: ForeignColumn[];
}

export interface Foreign {
  tables(search: string, most: number): Promise<ForeignTable[]>;
  /** Columns and estimate of what is chosen. @throws foreignTableGone, foreignColumnGone, foreignColumnType */
  choose(choice: Choice): Promise<Chosen>;
  /** All rows as CSV, without a header, after a first field that says nothing: a row of one missing value would be a blank line. */
  read(choice: Choice, chosen: Chosen, take: (piece: Buffer) => Promise<void>): Promise<number>;
  close(): Promise<void>;
}

export interface Chosen {
  rowsAbout: number | null;
  carried: { name: string; carrying: Carrying }[];
}

/** Everything is read as of one instant, and nothing can be written, whatever rights the user has. */
const begin = `begin isolation level repeatable read read only`;
const session = `set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601'; set extra_float_digits = 1;
  set client_encoding = 'UTF8'; set lock_timeout = '20s'; set statement_timeout = '${importLimits.statementSecondsMax}s'`;

const listed = `select n.nspname as schema, c.relname as name, case when c.relkind in ('v', 'm') then 'view' else 'table' end as kind,
    case when c.reltuples >= 0 and c.relkind <> 'v' then c.reltuples::bigint::text end as about,
    json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'base', b.typname,
      'category', b.typcategory, 'precision', d.precision, 'scale', d.scale) order by a.attnum) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and has_column_privilege(c.oid, a.attnum, 'select')
    join pg_type t on t.oid = a.atttypid
    join pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
    cross join lateral (select case when a.atttypmod >= 0 then a.atttypmod else t.typtypmod end as mod) m
    cross join lateral (select case when b.typname = 'numeric' and m.mod >= 4 then ((m.mod - 4) >> 16) & 65535 end as precision,
      case when b.typname = 'numeric' and m.mod >= 4 then ((((m.mod - 4) & 2047) # 1024) - 1024) end as scale) d
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and has_schema_privilege(n.oid, 'usage')`;
const grouped = `group by n.nspname, c.oid, c.relname, c.relkind, c.reltuples order by n.nspname, c.relname`;

interface Row extends Omit<ForeignTable, 'rowsAbout'> {
  about: string | null;
}
const tableOf = ({ about, ...row }: Row): ForeignTable => ({
  ...row,
  rowsAbout: about === null ? null : Number(about),
});

const telling = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw problemOf(error);
  }
};

const chosenOf = (table: ForeignTable | undefined, { schema, table: name, columns }: Choice): Chosen => {
  if (!table) throw problems.foreignTableGone({ detail: `${schema}.${name}` });
  const carried = columns.map((wanted) => {
    const column = table.columns.find((one) => one.name === wanted);
    if (!column) throw problems.foreignColumnGone({ detail: wanted });
    const carrying = carryingOf(column);
    if (!carrying) throw problems.foreignColumnType({ detail: `${wanted} ${column.type}` });
    return { name: wanted, carrying };
  });
  return { rowsAbout: table.rowsAbout, carried };
};

const foreignOn = (client: pg.Client, close: () => Promise<void>): Foreign => ({
  tables: (search, most) =>
    telling(async () => {
      const { rows } = await client.query<Row>(
        `${listed} and (position(lower($1) in lower(n.nspname || '.' || c.relname)) > 0 or $1 = '') ${grouped} limit $2`,
        [search, most],
      );
      return rows.map(tableOf);
    }),
  choose: (choice) =>
    telling(async () => {
      const { rows } = await client.query<Row>(`${listed} and n.nspname = $1 and c.relname = $2 ${grouped}`, [
        choice.schema,
        choice.table,
      ]);
      return chosenOf(rows[0] && tableOf(rows[0]), choice);
    }),
  read: ({ schema, table }, { carried }, take) =>
    telling(() => {
      const columns = carried.map(({ name, carrying }) => carrying.read(sqlName(name)));
      const select = `select 1, ${columns.join(', ')} from ${sqlName(schema)}.${sqlName(table)}`;
      return copyOut(client, `copy (${select}) to stdout (format csv)`, take);
    }),
  close,
});

/** @throws Problem, as all of its calls */
export const openForeign = (
  { address }: Pick<Connection, 'address'>,
  password: string,
  options: Omit<SessionOptions, 'name'>,
): Promise<Foreign> =>
  telling(async () => {
    const { client, close } = await openSession(address, password, { ...options, name: 'shugu import' });
    try {
      await client.query(session);
      await client.query(begin);
    } catch (error) {
      await close();
      throw error;
    }
    return foreignOn(client, close);
  });

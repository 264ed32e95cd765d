/** Rows of connections and imports. */
import { empty, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type { FaultView } from '../../kernel/problem.ts';
import type { Connection, ImportState, TableImport } from './model.ts';

const connectionColumns = sql`c.id, c.participant, c.name, c.address, c.password_sealed as "passwordSealed", c.checked_at as "checkedAt",
  c.check_fault as "checkFault", c.created_at as "createdAt", c.removed_at as "removedAt"`;
const importColumns = sql`i.id, i.participant, i.connection, i.resource, i.schema_name as schema, i.table_name as "table", i.columns, i.state,
  i.job, i.rows, i.bytes, i.rows_about as "rowsAbout", i.types, i.checksum, i.content, i.fault, i.created_at as "createdAt",
  i.started_at as "startedAt", i.finished_at as "finishedAt"`;

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

export const insertConnection = async (
  tx: Tx,
  one: Pick<Connection, 'id' | 'name' | 'address' | 'passwordSealed'>,
): Promise<void> => {
  await tx.exec(sql`insert into delivery_connections (id, node, market, participant, name, address, password_sealed, created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${one.name}, ${JSON.stringify(one.address)},
      ${one.passwordSealed}, ${tx.actor.id}, ${tx.now})`);
};

export const setChecked = (tx: Tx, id: string, found: FaultView | null): Promise<number> =>
  tx.exec(sql`update delivery_connections set checked_at = ${tx.now}, check_fault = ${json(found)} where id = ${id}`);

export const removeConnection = (tx: Tx, id: string): Promise<number> =>
  tx.exec(
    sql`update delivery_connections set removed_at = ${tx.now}, password_sealed = null where id = ${id} and removed_at is null`,
  );

export const findConnection = (read: Reader, id: string): Promise<Connection | undefined> =>
  read.first<Connection>(sql`select ${connectionColumns} from delivery_connections c where c.id = ${id}`);

export const connectionsOf = (read: Reader, participant: string): Promise<Connection[]> =>
  read.rows<Connection>(sql`select ${connectionColumns} from delivery_connections c
    where c.participant = ${participant} and c.removed_at is null order by c.id desc`);

export const connectionsById = (read: Reader, ids: readonly string[]): Promise<Connection[]> =>
  read.rows<Connection>(
    sql`select ${connectionColumns} from delivery_connections c where c.id = any(${[...new Set(ids)]})`,
  );

export const insertImport = async (
  tx: Tx,
  one: Pick<TableImport, 'id' | 'participant' | 'connection' | 'resource' | 'schema' | 'table' | 'columns' | 'job'>,
): Promise<number> =>
  tx.exec(sql`insert into delivery_imports (id, node, market, participant, connection, resource, schema_name, table_name, columns, state, job,
      created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.connection}, ${one.resource}, ${one.schema},
      ${one.table}, ${one.columns}, 'waiting', ${one.job}, ${tx.actor.id}, ${tx.now})
    on conflict do nothing`);

export const setJob = (tx: Tx, id: string, job: string): Promise<number> =>
  tx.exec(sql`update delivery_imports set job = ${job} where id = ${id}`);

export const findImport = (read: Reader, id: string): Promise<TableImport | undefined> =>
  read.first<TableImport>(sql`select ${importColumns} from delivery_imports i where i.id = ${id}`);

/** Whether the job of an open one has ended. */
export const abandoned: Sql = sql`exists (select from delivery_imports i join jobs j on j.id = i.job
  where i.state in ('waiting', 'running') and j.state in ('cancelled', 'dead'))`;

export const openImports = (read: Reader, connection?: string): Promise<TableImport[]> =>
  read.rows<TableImport>(sql`select ${importColumns} from delivery_imports i where i.state in ('waiting', 'running')
    ${connection ? sql`and i.connection = ${connection}` : empty} order by i.id limit 500`);

/** The import that made this content. */
export const importOfContent = (read: Reader, content: string): Promise<TableImport | undefined> =>
  read.first<TableImport>(
    sql`select ${importColumns} from delivery_imports i where i.content = ${content} and i.state = 'done'`,
  );

export const importPage = async (
  read: Reader,
  participant: string,
  filter: PageQuery & { resource?: string; state?: ImportState },
) => {
  const after = decodeCursor(filter.after, 1);
  const rows =
    await read.rows<TableImport>(sql`select ${importColumns} from delivery_imports i where i.participant = ${participant}
    ${filter.resource ? sql`and i.resource = ${filter.resource}` : empty} ${filter.state ? sql`and i.state = ${filter.state}` : empty}
    ${after ? sql`and i.id < ${after[0]}` : empty} order by i.id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (row) => [row.id],
    (row) => row,
  );
};

/** The words of a job that the import does not listen to any more change nothing. */
const ofJob = ({ id, job }: Pick<TableImport, 'id' | 'job'>) =>
  sql`id = ${id} and job = ${job} and state in ('waiting', 'running')`;

/** Each try starts anew. */
export const setRunning = (tx: Tx, one: TableImport): Promise<number> =>
  tx.exec(sql`update delivery_imports set state = 'running', fault = null, rows = 0, bytes = 0,
    started_at = coalesce(started_at, ${tx.now}) where ${ofJob(one)}`);

export const setProgress = (tx: Tx, one: TableImport): Promise<number> =>
  tx.exec(
    sql`update delivery_imports set rows = ${one.rows}, bytes = ${one.bytes}, rows_about = ${one.rowsAbout} where ${ofJob(one)}`,
  );

export const settleImport = (tx: Tx, one: TableImport, state: ImportState): Promise<number> =>
  tx.exec(sql`update delivery_imports set state = ${state}, rows = ${one.rows}, bytes = ${one.bytes}, rows_about = ${one.rowsAbout},
    types = ${one.types}, checksum = ${one.checksum}, content = ${one.content}, fault = ${json(one.fault)},
    finished_at = ${state === 'waiting' ? null : tx.now} where ${ofJob(one)}`);

/** In the name of a person, whatever job is at it. */
export const stopImport = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update delivery_imports set state = 'stopped', job = null, finished_at = ${tx.now}
    where id = ${id} and state in ('waiting', 'running')`);

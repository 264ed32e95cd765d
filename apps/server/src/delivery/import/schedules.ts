/** Imports by rhythm: set on an import that was made, paused, resumed, removed, and what time makes due. */
import { DEFAULT_TIME_ZONE } from '@shugu/policy';
import { audit } from '../../kernel/audit.ts';
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { nextAt } from '../push/rules.ts';
import type { Connection, ImportSchedule } from './model.ts';
import { problems } from './problems.ts';
import { beginImport, ownImport } from './service.ts';
import * as store from './store.ts';

const columns = sql`s.id, s.participant, s.connection, s.resource, s.schema_name as schema, s.table_name as "table", s.columns, s.rhythm,
  s.next_at as "nextAt", s.created_at as "createdAt", s.removed_at as "removedAt"`;

/** Due in one turn at most. */
const dueMax = 50;

export const schedulesOf = (read: Reader, participant: string): Promise<ImportSchedule[]> =>
  read.rows<ImportSchedule>(sql`select ${columns} from delivery_import_schedules s
    where s.participant = ${participant} and s.removed_at is null order by s.id desc`);

const lockOwn = async (tx: Tx, id: string): Promise<ImportSchedule> => {
  const found = await tx.first<ImportSchedule>(
    sql`select ${columns} from delivery_import_schedules s where s.id = ${id} for update`,
  );
  if (!found || found.removedAt || found.participant !== tx.actor.participant) throw kernelProblems.unknown();
  return found;
};

/** In the zone of the exchange, as nobody's contract stands behind it. */
const next = ({ rhythm }: Pick<ImportSchedule, 'rhythm'>, now: Date): Date => nextAt(rhythm, DEFAULT_TIME_ZONE, now)!;

const setNext = (tx: Tx, id: string, at: Date | null): Promise<number> =>
  tx.exec(sql`update delivery_import_schedules set next_at = ${at} where id = ${id}`);

/** What an import has read is read again by this rhythm, instead of what was read into the resource by a rhythm before. */
export const scheduleImport = async (
  tx: Tx,
  importId: string,
  rhythm: ImportSchedule['rhythm'],
): Promise<ImportSchedule> => {
  const { connection, resource, schema, table, columns: names } = await ownImport(tx, importId, tx.actor.participant);
  if ((await store.findConnection(tx, connection))?.removedAt) throw problems.connectionRemoved();
  const { node, market } = tx.tenancy;
  const { id } = await tx.one<{
    id: string;
  }>(sql`insert into delivery_import_schedules (id, node, market, participant, connection, resource, schema_name, table_name, columns, rhythm,
      next_at, created_by, created_at)
    values (${newId('dis', tx.now)}, ${node}, ${market}, ${tx.actor.participant}, ${connection}, ${resource}, ${schema}, ${table}, ${names},
      ${JSON.stringify(rhythm)}, ${next({ rhythm }, tx.now)}, ${tx.actor.id}, ${tx.now})
    on conflict (resource) where removed_at is null do update set connection = excluded.connection, schema_name = excluded.schema_name,
      table_name = excluded.table_name, columns = excluded.columns, rhythm = excluded.rhythm, next_at = excluded.next_at
    returning id`);
  await audit(tx, { action: 'delivery.importSchedule.create', subject: id, data: { resource, rhythm: rhythm.kind } });
  return lockOwn(tx, id);
};

export const pauseSchedule = async (tx: Tx, id: string, paused: boolean): Promise<ImportSchedule> => {
  const one = await lockOwn(tx, id);
  if ((one.nextAt === null) !== paused) {
    await setNext(tx, id, paused ? null : next(one, tx.now));
    await audit(tx, { action: `delivery.importSchedule.${paused ? 'pause' : 'resume'}`, subject: id });
  }
  return lockOwn(tx, id);
};

export const removeSchedule = async (tx: Tx, id: string): Promise<void> => {
  await lockOwn(tx, id);
  await removeSchedules(tx, { id });
};

/** Those of a connection that goes, or the one named. */
export const removeSchedules = async (
  tx: Tx,
  { connection, id }: { connection?: string; id?: string },
): Promise<void> => {
  const removed = await tx.rows<{
    id: string;
  }>(sql`update delivery_import_schedules set removed_at = ${tx.now}, next_at = null
    where removed_at is null
      ${connection ? sql`and connection = ${connection}` : empty} ${id ? sql`and id = ${id}` : empty} returning id`);
  for (const one of removed) await audit(tx, { action: 'delivery.importSchedule.remove', subject: one.id });
};

/** Whether a table is to be read, or a reading's job has ended without a word. */
export const importsDue = (at: Moment): Sql =>
  sql`(exists (select from delivery_import_schedules s where s.next_at <= ${at}) or ${store.abandoned})`;

/** Starts what time makes due; where the resource is being read already, this round is passed over. */
export const startDueImports = async (tx: Tx): Promise<number> => {
  const due = await tx.rows<ImportSchedule>(sql`select ${columns} from delivery_import_schedules s
    where s.next_at <= ${tx.now} order by s.next_at limit ${dueMax} for update skip locked`);
  let started = 0;
  for (const one of due) {
    await setNext(tx, one.id, next(one, tx.now));
    if (await beginImport(tx, one)) started += 1;
  }
  return started;
};

export const scheduleViewOf = (one: ImportSchedule, connection: Connection, resourceName: string) => ({
  id: one.id,
  connection: { id: connection.id, name: connection.name },
  resource: { id: one.resource, name: resourceName },
  schema: one.schema,
  table: one.table,
  columns: one.columns,
  rhythm: one.rhythm,
  timeZone: DEFAULT_TIME_ZONE,
  nextAt: one.nextAt?.toISOString() ?? null,
  createdAt: one.createdAt.toISOString(),
});

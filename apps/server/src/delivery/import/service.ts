/** The supplier names databases, chooses what is read from them, and stops a reading. */
import { type foreignTable, importLimits } from '@shugu/wire/delivery';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { findJob } from '../../kernel/jobs.ts';
import { type FaultView, faultView, kernelProblems } from '../../kernel/problem.ts';
import type { DatabaseAddress } from '../far/session.ts';
import type { ImportDeps } from './deps.ts';
import { type Foreign, openForeign } from './foreign.ts';
import type { Choice, Connection, ImportSchedule, TableImport } from './model.ts';
import { problemOf, problems } from './problems.ts';
import { enqueueImport } from './run.ts';
import * as store from './store.ts';
import { carryingOf } from './types.ts';

/** Of looking, not of reading. */
const lookMs = 30_000;

export const createConnection = async (
  deps: ImportDeps,
  tx: Tx,
  { name, password, ...address }: DatabaseAddress & { name: string; password: string },
): Promise<Connection> => {
  if ((await store.connectionsOf(tx, tx.actor.participant)).length >= importLimits.connectionsMax)
    throw problems.connectionsFull();
  const id = newId('dbc', tx.now);
  const passwordSealed = await deps.seal.seal(tx, id, password);
  await store.insertConnection(tx, { id, name, address, passwordSealed });
  await audit(tx, { action: 'delivery.connection.create', subject: id, data: { host: address.host } });
  return (await store.findConnection(tx, id))!;
};

export const ownConnection = async (read: Reader, id: string, participant: string): Promise<Connection> => {
  const found = await store.findConnection(read, id);
  if (!found || found.removedAt || found.participant !== participant) throw kernelProblems.unknown();
  return found;
};

/** @throws Problem */
const looking = async <T>(deps: ImportDeps, one: Connection, look: (foreign: Foreign) => Promise<T>): Promise<T> => {
  const password = await deps.seal.open(deps.database, one.id, one.passwordSealed);
  const { allowedAddresses } = deps;
  const signal = AbortSignal.timeout(lookMs);
  const foreign = await openForeign(one, password ?? '', { allowedAddresses, signal });
  return look(foreign).finally(foreign.close);
};

/** What stands in the way of reading there; null when nothing does. */
export const tryConnection = (deps: ImportDeps, one: Connection): Promise<FaultView | null> =>
  looking(deps, one, () => Promise.resolve(null)).catch((error) => faultView(problemOf(error)));

/** @throws Problem */
export const foreignTables = async (deps: ImportDeps, one: Connection, search: string) => {
  const most = importLimits.tablesMax;
  const found = await looking(deps, one, (foreign) => foreign.tables(search, most + 1));
  const items: z.input<typeof foreignTable>[] = found.slice(0, most).map((table) => ({
    ...table,
    columns: table.columns.map((column) => ({
      name: column.name,
      type: column.type,
      carried: carryingOf(column) !== undefined,
    })),
  }));
  return { items, more: found.length > most };
};

const stopOne = async (deps: ImportDeps, tx: Tx, { id }: TableImport): Promise<void> => {
  if ((await store.stopImport(tx, id)) === 0) throw problems.importEnded();
  await audit(tx, { action: 'delivery.import.stop', subject: id });
  tx.afterCommit(() => deps.stoppers.get(id)?.());
};

export const removeConnection = async (deps: ImportDeps, tx: Tx, id: string): Promise<Connection> => {
  await ownConnection(tx, id, tx.actor.participant);
  for (const one of await store.openImports(tx, id)) await stopOne(deps, tx, one);
  await store.removeConnection(tx, id);
  await audit(tx, { action: 'delivery.connection.remove', subject: id });
  return (await store.findConnection(tx, id))!;
};

/** What is not theirs is named, alike whether it is somebody else's or nobody's. */
const mustOwn = async (
  deps: ImportDeps,
  tx: Tx,
  { connection, resource }: { connection: string; resource: string },
) => {
  const { participant } = tx.actor;
  const from = await store.findConnection(tx, connection);
  const into = await deps.intake.resource(tx, resource);
  const strange = [
    ...(from?.participant === participant && !from.removedAt ? [] : ['body.connection']),
    ...(into?.participant === participant ? [] : ['body.resource']),
  ];
  if (strange.length === 0) return;
  const { title } = kernelProblems.unknown().definition;
  throw kernelProblems.unknown({ errors: strange.map((field) => ({ field, code: 'unknown', message: title })) });
};

export const startImport = async (
  deps: ImportDeps,
  tx: Tx,
  { connection, resource, schema, table, columns }: Choice & { connection: string; resource: string },
): Promise<TableImport> => {
  const { participant } = tx.actor;
  await mustOwn(deps, tx, { connection, resource });
  if (new Set(columns).size !== columns.length)
    throw kernelProblems.invalid({ field: 'body.columns', detail: 'twice' });
  const begun = await beginImport(tx, { participant, connection, resource, schema, table, columns });
  if (!begun) throw problems.importRunning();
  return begun;
};

/** Undefined where the resource is being read already. */
export const beginImport = async (
  tx: Tx,
  {
    participant,
    connection,
    resource,
    schema,
    table,
    columns,
  }: Pick<ImportSchedule, 'participant' | 'connection' | 'resource' | keyof Choice>,
): Promise<TableImport | undefined> => {
  const id = newId('dbi', tx.now);
  const choice = { connection, resource, schema, table, columns };
  // Before the job: a row that is refused leaves none behind.
  if ((await store.insertImport(tx, { ...choice, id, participant, job: null })) === 0) return undefined;
  await store.setJob(tx, id, (await enqueueImport(tx, { id, participant, schema, table }))!);
  const data = { connection, resource, table: `${schema}.${table}` };
  await audit(tx, { action: 'delivery.import.start', subject: id, participant, data });
  return store.findImport(tx, id);
};

export const ownImport = async (read: Reader, id: string, participant: string): Promise<TableImport> => {
  const found = await store.findImport(read, id);
  if (!found || found.participant !== participant) throw kernelProblems.unknown();
  return found;
};

export const repeatImport = async (deps: ImportDeps, tx: Tx, id: string): Promise<TableImport> => {
  const before = await ownImport(tx, id, tx.actor.participant);
  const connection = await store.findConnection(tx, before.connection);
  if (connection?.removedAt) throw problems.connectionRemoved();
  return startImport(deps, tx, before);
};

export const stopImport = async (deps: ImportDeps, tx: Tx, id: string): Promise<TableImport> => {
  await stopOne(deps, tx, await ownImport(tx, id, tx.actor.participant));
  return (await store.findImport(tx, id))!;
};

/** Readings whose job has ended without a word: it was cancelled, or took its process with it too often. */
export const settleAbandoned = async (tx: Tx): Promise<number> => {
  let settled = 0;
  for (const one of await store.openImports(tx)) {
    const state = one.job ? (await findJob(tx, one.job))?.state : undefined;
    if (state === 'cancelled') settled += await store.settleImport(tx, one, 'stopped');
    if (state !== 'dead') continue;
    settled += await store.settleImport(tx, { ...one, fault: faultView(problems.importInterrupted()) }, 'failed');
  }
  return settled;
};

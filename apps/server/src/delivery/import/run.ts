/** The job of an import: a table is read as of one instant, becomes a file, and the file becomes data of its resource, or nothing does. */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { importLimits } from '@shugu/wire/delivery';
import { ChildError } from '../../kernel/child/error.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { enqueue, type Job, type JobContext, type JobHandler } from '../../kernel/jobs.ts';
import { faultView, type Problem } from '../../kernel/problem.ts';
import type { ImportDeps } from './deps.ts';
import { type Chosen, type Foreign, openForeign } from './foreign.ts';
import type { ImportState, TableImport } from './model.ts';
import { isPassing, problemOf, problems } from './problems.ts';
import { type WrittenRows, writeRows } from './rows.ts';
import * as store from './store.ts';

export const importJob = 'delivery.import';

const tellMs = 500;
/** Somebody waits for it: what does not go after three tries is told. */
const attemptsMax = 3;

/** Somebody stopped the import, or another job has it. */
class Superseded extends Error {}

export const enqueueImport = (
  tx: Tx,
  one: Pick<TableImport, 'id' | 'participant' | 'schema' | 'table'>,
): Promise<string | undefined> =>
  enqueue(tx, {
    kind: importJob,
    title: { zh: `从数据库导入 ${one.schema}.${one.table}`, en: `Import ${one.schema}.${one.table} from a database` },
    data: { import: one.id },
    participant: one.participant,
    attemptsMax,
  });

interface Work {
  deps: ImportDeps;
  context: JobContext;
  one: TableImport;
  /** Of this import alone. */
  folder: string;
  signal: AbortSignal;
}

const asSystem = <T>({ context }: Pick<Work, 'context'>, run: (tx: Tx) => Promise<T>): Promise<T> =>
  context.database.tx(systemActor('delivery'), run);

const linesIn = (piece: Buffer): number => {
  let lines = 0;
  for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines += 1;
  return lines;
};

/** Rows come as they are sent: text onto the disk, counted, told of now and then. Rows with line ends inside count too often until the end. */
const fetchRows = async (work: Work, foreign: Foreign, chosen: Chosen, path: string): Promise<number> => {
  const { deps, context, one, signal } = work;
  const bytesMax = deps.bytesMax ?? importLimits.bytesMax;
  const file = await open(path, 'w');
  let toldAt = performance.now();
  try {
    return await foreign.read(one, chosen, async (piece) => {
      signal.throwIfAborted();
      one.bytes += piece.length;
      one.rows += linesIn(piece);
      if (one.bytes > bytesMax) throw problems.foreignTooLarge({ detail: `${bytesMax} B` });
      await file.writeFile(piece);
      if (performance.now() - toldAt < tellMs) return;
      toldAt = performance.now();
      await context.progress(Math.min(0.9, one.rows / (one.rowsAbout || Number.POSITIVE_INFINITY)), `${one.rows}`);
      if ((await asSystem(work, (tx) => store.setProgress(tx, one))) === 0) throw new Superseded();
    });
  } finally {
    await file.close();
  }
};

/** The table in a Parquet file of the folder. */
const readTable = async (work: Work, to: string): Promise<WrittenRows> => {
  const { deps, context, one, folder, signal } = work;
  const connection = await store.findConnection(context.database, one.connection);
  if (!connection || connection.removedAt) throw problems.connectionRemoved();
  const password = await deps.seal.open(context.database, connection.id, connection.passwordSealed);
  const { allowedAddresses } = deps;
  const foreign = await openForeign(connection, password ?? '', { allowedAddresses, signal });
  const from = join(folder, 'rows.csv');
  let chosen: Chosen;
  let sent: number;
  try {
    chosen = await foreign.choose(one);
    one.rowsAbout = chosen.rowsAbout;
    sent = await fetchRows(work, foreign, chosen, from);
  } finally {
    await foreign.close();
  }
  if (sent > importLimits.rowsMax) throw problems.foreignTooLarge({ detail: `${importLimits.rowsMax}` });
  const columns = chosen.carried.map(({ name, carrying }) => ({ name, as: carrying.as }));
  const written = await writeRows({ folder, from, to, columns }, signal);
  // What the server says it sent, and what was read of it.
  if (written.rows !== sent) throw problems.importInterrupted({ detail: `${sent} ≠ ${written.rows}` });
  await rm(from);
  return written;
};

/** Onto the disk, so that what is acknowledged survives a power cut. */
const keep = async (path: string): Promise<number> => {
  const file = await open(path, 'r');
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
};

/** The content that holds just this already; undefined where the resource has other data, or none. */
const sameContent = async ({ deps, context, one }: Work, { rows, checksum, types }: WrittenRows) => {
  const content = await deps.intake.newestContent(context.database, one.resource);
  const before = content && (await store.importOfContent(context.database, content));
  if (!before) return undefined;
  const same =
    before.rows === rows &&
    before.checksum === checksum &&
    JSON.stringify([before.columns, before.types]) === JSON.stringify([one.columns, types]);
  return same ? content : undefined;
};

const settle = async (work: Work, state: ImportState): Promise<void> => {
  if ((await asSystem(work, (tx) => store.settleImport(tx, work.one, state))) === 0) throw new Superseded();
};

const carry = async (work: Work): Promise<ImportState> => {
  const { deps, context, one, folder } = work;
  const path = join(folder, 'rows.parquet');
  const written = await readTable(work, path);
  Object.assign(one, written);
  const held = await sameContent(work, written);
  if (held) {
    one.content = held;
    await settle(work, 'unchanged');
    return 'unchanged';
  }
  const bytes = await keep(path);
  const upload = newId('upl', context.now());
  const place = await deps.intake.pathFor(upload);
  const { participant, resource, schema, table } = one;
  await rename(path, place);
  try {
    await asSystem(work, async (tx) => {
      const fileName = `${schema}.${table}.parquet`;
      one.content = await deps.intake.takeIn(tx, { upload, participant, resource, fileName, bytes });
      if ((await store.settleImport(tx, one, 'done')) === 0) throw new Superseded();
    });
  } catch (error) {
    one.content = null;
    await rm(place, { force: true });
    throw error;
  }
  return 'done';
};

const problemIn = (error: unknown): Problem => {
  if (error instanceof ChildError && error.code === 'import.value')
    return problems.foreignValue({ detail: { zh: error.zh, en: error.en } });
  return problemOf(error);
};

/** Throws for another try of the job; returns what the job is to say. */
const concluded = async (job: Job, work: Work, error: unknown): Promise<object> => {
  if (error instanceof Superseded) return { superseded: true };
  const late = work.signal.reason instanceof DOMException && work.signal.reason.name === 'TimeoutError';
  const found = late ? problems.foreignTooSlow() : problemIn(error);
  if (found.code === 'jobs.cancelled') {
    await settle(work, 'stopped').catch(() => undefined);
    throw error;
  }
  const again = isPassing(found) && job.attempts < job.attempts_max;
  work.one.fault = faultView(found);
  await settle(work, again ? 'waiting' : 'failed').catch((lost) => {
    if (!(lost instanceof Superseded)) throw lost;
  });
  if (again) throw error;
  return { failed: found.code };
};

export const importJobHandler =
  (deps: ImportDeps): JobHandler =>
  async (job: Job, context) => {
    const one = await store.findImport(context.database, (job.data as { import: string }).import);
    if (!one || one.job !== job.id) return { superseded: true };
    const stopping = new AbortController();
    deps.stoppers.set(one.id, () => stopping.abort());
    const signal = AbortSignal.any([
      context.signal,
      stopping.signal,
      AbortSignal.timeout(importLimits.secondsMax * 1000),
    ]);
    const folder = join(await deps.workFolder(), one.id);
    const work = { deps, context, one: { ...one, rows: 0, bytes: 0, fault: null }, folder, signal };
    try {
      if ((await asSystem(work, (tx) => store.setRunning(tx, one))) === 0) return { superseded: true };
      // What a try before has left, such as one whose process was killed.
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      return { state: await carry(work), rows: work.one.rows };
    } catch (error) {
      return await concluded(job, work, error);
    } finally {
      deps.stoppers.delete(one.id);
      await rm(folder, { recursive: true, force: true });
    }
  };

/** At start: what readings had fetched that nobody will take up again. */
export const removeImportLeftovers = async (deps: ImportDeps): Promise<void> => {
  const folder = await deps.workFolder();
  const open = new Set((await store.openImports(deps.database)).map(({ id }) => id));
  for (const id of await readdir(folder))
    if (!open.has(id)) await rm(join(folder, id), { recursive: true, force: true });
};

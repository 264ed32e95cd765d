/**
 * A run whose far end takes rows: fetched through the gateway, written as CSV beside, copied piece by piece, compared, put in place
 * or added.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Begun, type BroughtTable, isUpToDate, type Piece, type RowTaker } from './far/postgres.ts';
import { fault } from './fault.ts';
import type { Tracker } from './files.ts';
import type { RowReader, Sums } from './rows.ts';
import type { Source, SourceFile, SourceTable } from './source.ts';

/** Of one transaction at the far end: a row group, so that no part of a file is decoded twice. */
const rowsPerPiece = 122_880;
/** The far end waits for the first piece, which is therefore short. */
const partOfFirst = 1 / 8;

interface Work {
  source: Source;
  taker: RowTaker;
  reader: RowReader;
  /** Of this run alone: what was fetched stays until the run is over, so that going on fetches nothing twice. */
  folder: string;
  adds: boolean;
  countUse(table: string, since: number | null): Promise<void>;
  track: Tracker;
  rowsPerPiece: number;
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** The file beside us, whole: what is there of it already is not read again. */
const fetched = async ({ source, folder, track }: Work, file: SourceFile): Promise<string> => {
  const path = join(folder, `${file.sha256}.parquet`);
  const held = await sizeOf(path);
  const from = held <= file.bytes ? held : 0;
  if (from < file.bytes) {
    const pieces = Readable.from(source.read(file, from, track.signal), { objectMode: false });
    await pipeline(pieces, createWriteStream(path, { flags: from > 0 ? 'a' : 'w', flush: true }));
  }
  return path;
};

interface Part {
  path: string;
  rows: number;
}

/** The files whose rows are to come: of a table’s changes those that it gained. */
const partsOf = async (work: Work, { table, begun }: Task): Promise<Part[]> => {
  const { reader, folder, track } = work;
  const parts: Part[] = [];
  for (const file of table.files) {
    const path = await fetched(work, file);
    if (begun.since === null) parts.push({ path, rows: file.rows });
    else {
      const to = join(folder, `${file.sha256}.inserts.parquet`);
      const asked = { folder, file: path, fields: table.fields, to };
      parts.push({ path: to, rows: await reader.inserts(asked, track.signal) });
    }
  }
  return parts;
};

/** Pieces of the table from row `done` on, the next written while the one before is copied. */
async function* piecesOf(work: Work, table: SourceTable, parts: readonly Part[], done: number): AsyncGenerator<Piece> {
  const { reader, folder, track, taker } = work;
  const asked: { path: string; from: number; count: number }[] = [];
  let before = 0;
  for (const { path, rows } of parts) {
    for (let from = Math.max(0, done - before); from < rows; ) {
      const isFirst = done === 0 && asked.length === 0;
      const most = isFirst ? Math.ceil(work.rowsPerPiece * partOfFirst) : work.rowsPerPiece;
      const count = Math.min(most, work.rowsPerPiece - (from % work.rowsPerPiece), rows - from);
      asked.push({ path, from, count });
      from += count;
    }
    before += rows;
  }
  const write = async (at: number): Promise<Piece | undefined> => {
    const piece = asked[at];
    if (!piece) return undefined;
    const to = join(folder, `piece-${at % 2}.csv`);
    const { path: file, from, count } = piece;
    const { fields } = table;
    const made = await reader.piece({ folder, file, fields, from, count, to, digest: taker.digest }, track.signal);
    if (made.rows !== count) throw fault('readBackDiffers', { about: table.name });
    return { ...made, path: to };
  };
  let next = write(0);
  for (let at = 0; at < asked.length; at++) {
    const piece = (await next)!;
    next = write(at + 1);
    // Told by the await above, or never asked for when the copy fails first.
    next.catch(() => undefined);
    yield piece;
  }
}

interface Task {
  /** All of the table, or its changes. */
  table: SourceTable;
  brought: BroughtTable;
  begun: Begun;
}

/** Where rows are added, only what came since; undefined where nothing did. */
const begin = async ({ source, taker, track, adds }: Work, whole: SourceTable): Promise<Task | undefined> => {
  const { name, fields, cut } = whole;
  const brought: BroughtTable = { name, fields, version: source.version, adds, cut };
  const begun = await taker.begin(brought);
  const { since, placed } = begun;
  if (since === null) return { table: whole, brought, begun };
  const table = source.changes(name, since);
  track.fewer(whole.rows - table.rows);
  return !placed && isUpToDate(brought, since) ? undefined : { table, brought, begun };
};

const sendTable = async (work: Work, task: Task): Promise<void> => {
  const { table, brought, begun } = task;
  const { taker, source, track } = work;
  const { placed, since, ...held } = begun;
  const known = track.table(table.name);
  if (placed && known && known.checksumBack === known.checksum) {
    track.fewer(table.rows - known.rows);
    return track.held(held.bytes, known.rows);
  }
  const parts = await partsOf(work, task);
  const gone = table.rows - parts.reduce((sum, { rows }) => sum + rows, 0);
  track.fewer(gone);
  track.held(held.bytes, held.rows);
  let sums: Sums = { rows: held.rows, checksum: held.checksum };
  for await (const piece of piecesOf(work, table, parts, held.rows)) {
    source.mayGoOn();
    await taker.add(brought, sums.rows, piece);
    sums = { rows: sums.rows + piece.rows, checksum: String(BigInt(sums.checksum) + BigInt(piece.checksum)) };
    await track.passed(piece.bytes, piece.rows);
  }
  const sent = { table: table.name, ...sums, how: taker.how(brought), ...(since === null ? {} : { gone }) };
  await track.sent({ ...sent, rowsBack: null, checksumBack: null });
  const back = await taker.sums(brought, placed);
  await track.sent({ ...sent, rowsBack: back.rows, checksumBack: back.checksum });
  if (back.rows !== sums.rows || back.checksum !== sums.checksum) {
    if (!placed) await taker.drop(brought);
    throw fault('readBackDiffers', { about: table.name });
  }
  source.mayGoOn();
  if (!placed) await taker.place(brought);
};

export const sendTables = async (
  given: Omit<Work, 'rowsPerPiece'> & { rowsPerPiece?: number | undefined },
): Promise<void> => {
  const work = { ...given, rowsPerPiece: given.rowsPerPiece ?? rowsPerPiece };
  await mkdir(work.folder, { recursive: true });
  const tasks: Task[] = [];
  for (const table of work.source.tables) {
    const task = await begin(work, table);
    if (task) tasks.push(task);
  }
  // Before the first is sent: a quota that does not do for all of them lets none through.
  for (const { table, begun } of tasks)
    if (!begun.placed && (begun.since === null || table.files.length > 0)) await work.countUse(table.name, begun.since);
  for (const task of tasks) await sendTable(work, task);
  await rm(work.folder, { recursive: true, force: true });
};

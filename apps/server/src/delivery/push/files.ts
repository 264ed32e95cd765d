/** A run whose far end takes files: the Parquet files of each table, read back, and then a list of them. */
import { createHash } from 'node:crypto';
import { inPieces } from '../../kernel/s3/pieces.ts';
import type { Uploads } from './far/s3.ts';
import type { FileTaker } from './far/taker.ts';
import { fault } from './fault.ts';
import type { Sent } from './model.ts';
import type { Source, SourceFile, SourceTable } from './source.ts';

/** Keeps how far a run is. */
export interface Tracker {
  signal: AbortSignal;
  uploads: Uploads;
  /** What was there before this turn. */
  held(bytes: number, rows: number): void;
  /** Throws when the run may not go on, and when its turn is over. */
  passed(bytes: number, rows: number): Promise<void>;
  /** Whether a file, by digest, was read back before. */
  isReadBack(digest: string): boolean;
  readBack(digest: string): Promise<void>;
  table(name: string): Sent | undefined;
  sent(table: Sent): Promise<void>;
  /** So many of the rows that were expected will not come. */
  fewer(rows: number): void;
}

const how =
  'sha256 of the lines “digest, two blanks, name” of its files, in the order of manifest.json (sha256sum part-*.parquet | sha256sum)';

const nameOf = (table: SourceTable, version: number, at: number): string =>
  `${table.name}/v${version}/part-${String(at + 1).padStart(5, '0')}.parquet`;

const listDigest = (digests: readonly string[]): string => {
  const lines = digests.map((digest, at) => `${digest}  part-${String(at + 1).padStart(5, '0')}.parquet\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
};

const putFile = async (source: Source, taker: FileTaker, file: SourceFile, name: string, track: Tracker) => {
  if (track.isReadBack(file.sha256)) return track.held(file.bytes, file.rows);
  const from = await taker.has(name, file.bytes);
  track.held(from, 0);
  if (from < file.bytes) {
    const read = source.read(file, from, track.signal);
    const sized = taker.pieceBytes ? inPieces(read, taker.pieceBytes(file.bytes)) : read;
    const pieces = async function* () {
      for await (const piece of sized) {
        yield piece;
        await track.passed(piece.length, 0);
      }
    };
    await taker.put(name, { ...file, from, pieces: pieces() });
  }
  source.mayGoOn();
  const back = await taker.digest(name);
  if (back !== file.sha256) {
    // What stands there is of no use to anybody: the next try begins it anew.
    await taker.drop(name);
    throw fault('readBackDiffers', { about: name });
  }
  await track.readBack(file.sha256);
  await track.passed(0, file.rows);
};

export const sendFiles = async (source: Source, taker: FileTaker, track: Tracker): Promise<void> => {
  for (const table of source.tables) {
    const { name, rows, files, fields } = table;
    const checksum = listDigest(files.map(({ sha256 }) => sha256));
    const sent = { table: name, rows, checksum, how };
    await track.sent({ ...sent, rowsBack: null, checksumBack: null });
    for (const [at, file] of files.entries())
      await putFile(source, taker, file, nameOf(table, source.version, at), track);
    const list = files.map(({ sha256, bytes, rows: own }, at) => ({
      name: nameOf(table, source.version, at).split('/').at(-1),
      bytes,
      rows: own,
      sha256,
    }));
    const manifest = { table: name, version: source.version, rows, checksum, fields, files: list };
    await taker.finish(`${name}/v${source.version}/manifest.json`, `${JSON.stringify(manifest, null, 1)}\n`);
    // Each file was read back with the digest of its own, so their rows and their list are those that were sent.
    await track.sent({ ...sent, rowsBack: rows, checksumBack: checksum });
  }
};

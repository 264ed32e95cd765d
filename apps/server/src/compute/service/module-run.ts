/**
 * A use of a module: the columns that it may read go, as lines, from a locked process of the engine into files without a name, and the
 * module reads those in its sandbox. What it writes has to be what the contract declares.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MODULE_LIMITS, ModuleEnded, outputRows, QueryEnded, runModule } from '@shugu/gateway';
import type { JobContext } from '../../kernel/jobs.ts';
import type { Problem } from '../../kernel/problem.ts';
import type { Room, RoomContract, Use } from '../model.ts';
import { problems } from '../problems.ts';
import type { Outcome } from './uses.ts';

const limits = { readSeconds: 120, queueSeconds: 30, rowsMax: 10_000_000 } as const;

interface Table {
  name: string;
  path: string;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A file that stands nowhere: whatever becomes of this process, nothing of it stays. */
const nameless = async (folder: string): Promise<{ into: FileHandle; from: FileHandle }> => {
  const path = join(folder, randomUUID());
  const into = await open(path, 'wx', 0o600);
  try {
    return { into, from: await open(path, 'r') };
  } catch (error) {
    await into.close();
    throw error;
  } finally {
    await rm(path, { force: true });
  }
};

const linesOf = async (
  room: Room,
  { id, shape }: RoomContract,
  tables: readonly Table[],
  { name }: Table,
  bytesMax: number,
  signal: AbortSignal,
): Promise<{ file: FileHandle; bytes: number }> => {
  const columns = shape.reads[name] ?? [];
  const { into, from } = await nameless(await room.objects.folder('computations'));
  let bytes = 0;
  try {
    const pool = await room.queries();
    const answer = await pool.run(
      {
        scope: `module ${id} ${JSON.stringify(tables)}`,
        tables,
        effects: { columns: [...new Set(Object.values(shape.reads).flat())], masks: {}, rowFilter: [] },
        maskKey: new Uint8Array(32),
      },
      {
        sql: `SELECT ${columns.map(quoted).join(', ')} FROM ${quoted(name)}`,
        values: {},
        format: 'lines',
        rowsMax: limits.rowsMax,
        bytesMax,
        seconds: limits.readSeconds,
      },
      AbortSignal.any([signal, AbortSignal.timeout((limits.readSeconds + limits.queueSeconds) * 1000)]),
    );
    if (answer.kind === 'file') throw new Error('asked for pieces');
    for await (const piece of answer.pieces) {
      bytes += piece.bytes.length;
      await into.writeFile(piece.bytes);
    }
    return { file: from, bytes };
  } catch (error) {
    await from.close();
    throw error;
  } finally {
    await into.close();
  }
};

/** Its own words: none of the engine's, which could quote what was read. */
export const moduleProblem = (error: unknown): Problem | undefined => {
  if (error instanceof ModuleEnded)
    return error.code === 'stopped' ? problems.cancelled() : problems.moduleEnded({ detail: error.words });
  if (error instanceof QueryEnded && (error.code === 'rows' || error.code === 'bytes'))
    return problems.moduleEnded({ detail: new ModuleEnded('inputBytes').words });
  return undefined;
};

const digestOf = (bytes: string | Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** `tables`: the signed files, whose bytes have been held against their digests. */
export const computeModule = async (
  room: Room,
  contract: RoomContract,
  use: Use,
  tables: readonly Table[],
  { signal }: Pick<JobContext, 'signal'>,
): Promise<Outcome> => {
  const { query, module, output, release } = contract.terms;
  if (!module) throw new Error('no module');
  const sandbox = await room.sandbox();
  if (sandbox.kind === 'none') return { problem: problems.sandboxMissing({ detail: sandbox.why }), touched: false };
  const bytes = await room.objects.bytes(query.digest);
  if (digestOf(bytes) !== query.digest) return { problem: problems.queryDiffers(), touched: false };
  const files: FileHandle[] = [];
  try {
    let left: number = MODULE_LIMITS.inputBytes;
    for (const table of tables) {
      const one = await linesOf(room, contract, tables, table, left, signal);
      files.push(one.file);
      left -= one.bytes;
    }
    const { memoryMB, seconds, outputBytes } = module;
    const allowance = { memoryMB, seconds, outputBytes, outputRows: release.rowsMax };
    const given = await runModule(sandbox, { bytes, tables: files, values: use.values, allowance }, signal);
    const rows = outputRows(given, output as Parameters<typeof outputRows>[1], allowance);
    const text = `{"columns":${JSON.stringify(output)},"rows":${JSON.stringify(rows)}}`;
    return { result: { text, digest: digestOf(text), rows: rows.length } };
  } finally {
    for (const file of files) await file.close();
  }
};

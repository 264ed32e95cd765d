import { createHash } from 'node:crypto';
import { chownSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresProblem } from './problem.ts';
import type { RunAs } from './run-as.ts';

/** Bytes of a socket's path without its end mark: 107 on Linux, 103 on macOS; the smaller serves both. */
export const socketPathBytesMax = 103;

const socketName = '/.s.PGSQL.5432';

/**
 * Where the socket lies: beside the data, or, for deep paths, in a short folder whose name follows from the data
 * directory, so that every process finds it without asking.
 */
export function socketDirectoryFor(dataDirectory: string, uid: number, temporary = tmpdir()): string {
  const beside = join(dataDirectory, 'socket');
  if (fits(beside)) return beside;
  const name = `shugu-${uid}-${createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16)}`;
  const short = join(temporary, name);
  return fits(short) ? short : join('/tmp', name);
}

/** Makes the folder, open to its owner only, and refuses one that somebody else put there first. */
export function makeSocketDirectory(directory: string, way: RunAs): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const entry = lstatSync(directory);
  const ours = [process.getuid?.() ?? 0, way.uid].includes(entry.uid);
  if (!entry.isDirectory() || !ours || (entry.mode & 0o077) !== 0) {
    throw new PostgresProblem(
      'postgres_socket_unsafe',
      `The folder for the database socket, ${directory}, belongs to somebody else or is open to others. Remove it, then start again.`,
    );
  }
  if (way.uid !== undefined && way.gid !== undefined) chownSync(directory, way.uid, way.gid);
}

function fits(directory: string): boolean {
  return Buffer.byteLength(directory + socketName) <= socketPathBytesMax;
}

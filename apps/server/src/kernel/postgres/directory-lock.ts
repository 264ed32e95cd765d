import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PostgresProblem } from './problem.ts';

export interface DirectoryLock {
  release(): void;
}

/**
 * One Shugu server per data directory.
 *
 * The lock itself is the operating system's file lock, held through SQLite: it ends with the process, whatever ends
 * the process, so it cannot go stale and a reused process id cannot fool it. `owner.json` only names the holder.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const ownerFile = join(directory, 'owner.json');
  const database = new DatabaseSync(join(directory, 'owner.lock'));
  try {
    database.exec('pragma busy_timeout = 0; pragma journal_mode = memory; begin exclusive');
  } catch (cause) {
    database.close();
    if (!/locked/.test(String(cause))) throw cause;
    const owner = readOwner(ownerFile);
    const holder = owner ? `process ${owner.pid}, started ${owner.startedAt}` : 'another process';
    throw new PostgresProblem(
      'postgres_data_locked',
      `The data directory ${directory} is in use by another Shugu server (${holder}). ` +
        'Stop that server first, or give this one its own directory with SHUGU_HOME.',
      { cause },
    );
  }
  writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, startedAt: startTime() }), { mode: 0o600 });
  return {
    release() {
      rmSync(ownerFile, { force: true });
      database.close();
    },
  };
}

function startTime(): string {
  return new Date(performance.timeOrigin).toISOString();
}

function readOwner(file: string): { pid: number; startedAt: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

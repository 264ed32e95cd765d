import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresProblem } from './problem.ts';

/** A restart may come a moment before the killed holder is wholly gone. */
const lockPatienceMs = 1500;

export interface DirectoryLock {
  release(): void;
}

/**
 * One Shugu server per data directory.
 *
 * The lock itself is the operating system's file lock, held through SQLite: it ends with the process, whatever ends
 * the process, so it cannot go stale and a reused process id cannot fool it. `owner.json` only names the holder.
 */
export async function lockDirectory(directory: string, patienceMs = lockPatienceMs): Promise<DirectoryLock> {
  const ownerFile = join(directory, 'owner.json');
  const database = new DatabaseSync(join(directory, 'owner.lock'));
  const deadline = performance.now() + patienceMs;
  while (!tryLock(database)) {
    if (performance.now() > deadline) {
      database.close();
      throw locked(directory, readOwner(ownerFile));
    }
    await sleep(50);
  }
  writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, startedAt: startTime() }), { mode: 0o600 });
  return {
    release() {
      rmSync(ownerFile, { force: true });
      database.close();
    },
  };
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('pragma busy_timeout = 0; pragma journal_mode = memory; begin exclusive');
    return true;
  } catch (error) {
    if (/locked/.test(String(error))) return false;
    database.close();
    throw error;
  }
}

function locked(directory: string, owner: { pid: number; startedAt: string } | undefined): PostgresProblem {
  const holder = owner ? `process ${owner.pid}, started ${owner.startedAt}` : 'another process';
  return new PostgresProblem(
    'postgres_data_locked',
    `The data directory ${directory} is in use by another Shugu server (${holder}). ` +
      'Stop that server first, or give this one its own directory with SHUGU_HOME.',
  );
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

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Root in a container often works below /root, which is closed to others, and may not make a user namespace either:
 * then no user that PostgreSQL accepts can reach the data directory, and its files have to lie elsewhere.
 */
export const outsideDirectoryDefault = '/var/lib/shugu';

const locationName = 'location';

/** Where an earlier start put the database files, or undefined when they lie in the data directory itself. */
export function recordedPlace(dataDirectory: string): string | undefined {
  try {
    return readFileSync(join(dataDirectory, locationName), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Makes a folder of a new name outside, so that whoever deletes the data directory does not get old data back. */
export function makePlace(outsideDirectory: string): string {
  mkdirSync(outsideDirectory, { recursive: true });
  // Whatever the umask: the database user must get through, but need not look around.
  chmodSync(outsideDirectory, 0o711);
  return mkdtempSync(join(outsideDirectory, 'database-'));
}

export function recordPlace(dataDirectory: string, place: string): void {
  writeFileSync(join(dataDirectory, locationName), `${place}\n`, { mode: 0o600 });
}

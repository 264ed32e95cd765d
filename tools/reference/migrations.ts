/** Digests of migrations: a file that a release has run is never edited, and the list of digests notices. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMigrations } from '../../apps/server/src/kernel/db/migrate.ts';
import { roomOrder } from '../../apps/server/src/rooms.ts';

const root = join(import.meta.dirname, '../..');
export const digestsPath = 'apps/server/test/tidy/migrations.json';

/** `room/name` to SHA-256, as the files are now. */
export const migrationDigests = async (): Promise<Record<string, string>> => {
  const all = await readMigrations(join(root, 'apps/server/src'), ['kernel', ...roomOrder]);
  return Object.fromEntries(all.map((one) => [`${one.room}/${one.name}`, one.digest]));
};

export const keptDigests = (): Record<string, string> => {
  const path = join(root, digestsPath);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>) : {};
};

/** Files whose digest differs from the kept one, or that are gone. */
export const editedMigrations = (now: Record<string, string>, kept: Record<string, string>): string[] =>
  Object.keys(kept).filter((name) => now[name] !== kept[name]);

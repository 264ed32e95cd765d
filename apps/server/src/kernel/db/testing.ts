/** For tests only: databases whose tables are there from the beginning. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type FreshDatabase, testPostgres } from '../postgres/testing.ts';
import { openDatabase } from './db.ts';
import { migrate, readMigrations } from './migrate.ts';

const sourceDirectory = join(import.meta.dirname, '../..');

/** A database of the kernel and these rooms, in order: their migrations run once a run, and every caller gets a copy. */
export const migratedDatabase = async (...rooms: string[]): Promise<FreshDatabase> => {
  const postgres = await testPostgres();
  // All their names would be too long for one.
  const which = createHash('sha256').update(rooms.join()).digest('hex').slice(0, 12);
  const template = await postgres.template(`rooms_${which}`, async (connection) => {
    const tenancy = { node: 'n', market: 'm' };
    const database = openDatabase({ connection, tenancy, now: () => new Date(), clientsMax: 1 });
    try {
      await migrate(database, await readMigrations(sourceDirectory, ['kernel', ...rooms]));
    } finally {
      await database.close();
    }
  });
  return postgres.freshDatabase(template);
};

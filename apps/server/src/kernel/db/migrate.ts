/** Numbered SQL files, room by room in the declared order; a file that has run is never edited. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './db.ts';

export interface Migration {
  room: string;
  name: string;
  text: string;
  digest: string;
}

/**
 * Reads `<room>/migrations/NNNN-name.sql` of each room, by number. Gaps are fine: work that goes on side by side takes its
 * numbers beforehand, so a lower one may also run after a higher one and must not need it.
 */
export const readMigrations = async (sourceDirectory: string, rooms: readonly string[]): Promise<Migration[]> => {
  const all: Migration[] = [];
  for (const room of rooms) {
    const folder = join(sourceDirectory, room, 'migrations');
    const names = (await readdir(folder).catch(() => [] as string[])).filter((name) => name.endsWith('.sql')).sort();
    const taken = new Set<string>();
    for (const name of names) {
      const number = name.slice(0, 4);
      if (!/^\d{4}$/.test(number)) throw new Error(`${room}/migrations/${name}: a name begins with four digits`);
      if (taken.has(number)) throw new Error(`${room}/migrations/${name}: the number is taken`);
      taken.add(number);
      const text = await readFile(join(folder, name), 'utf8');
      all.push({ room, name, text, digest: createHash('sha256').update(text).digest('hex') });
    }
  }
  return all;
};

/** Brings the database up to the given files, each in its own transaction, under an advisory lock. */
export const migrate = async (database: Database, migrations: Migration[]): Promise<string[]> => {
  const client = await database.pool.connect();
  const done: string[] = [];
  try {
    await client.query('select pg_advisory_lock(7305281)');
    await client.query(
      'create table if not exists migrations (room text, name text, digest text not null, at timestamptz not null default now(), primary key (room, name))',
    );
    const known = new Map(
      (await client.query('select room, name, digest from migrations')).rows.map((row) => [
        `${row.room}/${row.name}`,
        row.digest as string,
      ]),
    );
    for (const one of migrations) {
      const key = `${one.room}/${one.name}`;
      const before = known.get(key);
      if (before === one.digest) continue;
      if (before) throw new Error(`migration ${key} was edited after it ran; write a new one`);
      await client.query('begin');
      try {
        await client.query(one.text);
        await client.query('insert into migrations (room, name, digest) values ($1, $2, $3)', [
          one.room,
          one.name,
          one.digest,
        ]);
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        throw new Error(`migration ${key} failed: ${(error as Error).message}`, { cause: error });
      }
      done.push(key);
    }
    return done;
  } finally {
    await client.query('select pg_advisory_unlock(7305281)').catch(() => undefined);
    client.release();
  }
};

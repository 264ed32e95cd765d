import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testPostgres } from '../postgres/testing.ts';
import { type Database, openDatabase } from './db.ts';
import { migrate, readMigrations } from './migrate.ts';

let folder: string;
let database: Database;
const write = (name: string, text: string) => writeFile(join(folder, 'room/migrations', name), text);
const run = async () => migrate(database, await readMigrations(folder, ['room']));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-migrations-'));
  const { connection } = await (await testPostgres()).freshDatabase();
  database = openDatabase({ connection, tenancy: { node: 'n', market: 'm' }, now: () => new Date(0), clientsMax: 2 });
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await rm(join(folder, 'room'), { recursive: true, force: true });
  await mkdir(join(folder, 'room/migrations'), { recursive: true });
  await write('0001-first.sql', 'create table if not exists first (id int)');
});

describe('migrations', () => {
  it('run by number; a gap is fine, and what fills it later runs too', async () => {
    await write('0003-third.sql', 'create table third (id int)');
    expect(await run()).toEqual(['room/0001-first.sql', 'room/0003-third.sql']);
    await write('0002-second.sql', 'create table second (id int)');
    expect(await run()).toEqual(['room/0002-second.sql']);
    expect(await run()).toEqual([]);
  });

  it('are refused when two share a number, or one has none', async () => {
    await write('0001-other.sql', 'select 1');
    await expect(run()).rejects.toThrow('room/migrations/0001-other.sql: the number is taken');
    await rm(join(folder, 'room/migrations/0001-other.sql'));
    await write('second.sql', 'select 1');
    await expect(run()).rejects.toThrow('room/migrations/second.sql: a name begins with four digits');
  });

  it('are refused when one was edited after it ran', async () => {
    await run();
    await write('0001-first.sql', 'create table if not exists first (id bigint)');
    await expect(run()).rejects.toThrow('room/0001-first.sql was edited after it ran');
  });
});

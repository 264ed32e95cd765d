import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { stopTestPostgres, testPostgres } from './testing.ts';

afterAll(() => stopTestPostgres());

async function query<T extends pg.QueryResultRow>(connection: pg.PoolConfig, text: string): Promise<T[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

test('a template is prepared once, its copies are apart from each other', async () => {
  const server = await testPostgres();
  let prepared = 0;
  const prepare = async (connection: pg.PoolConfig): Promise<void> => {
    prepared++;
    await query(connection, 'create table thing (name text primary key)');
  };
  const names = await Promise.all([1, 2, 3].map(() => server.template('things', prepare)));
  expect(prepared).toBe(1);
  const [one, two] = await Promise.all([server.freshDatabase(names[0]), server.freshDatabase(names[1])]);
  await query(one.connection, `insert into thing values ('数据')`);
  expect(await query(one.connection, 'select name from thing')).toEqual([{ name: '数据' }]);
  expect(await query(two.connection, 'select name from thing')).toEqual([]);
  await two.drop();
  await expect(query(two.connection, 'select 1')).rejects.toMatchObject({ code: '3D000' });
});

test('a database without template is empty and UTF-8', async () => {
  const server = await testPostgres();
  const { connection } = await server.freshDatabase();
  expect(await query(connection, `select current_setting('server_encoding') as encoding`)).toEqual([
    { encoding: 'UTF8' },
  ]);
  expect(await query(connection, `select tablename from pg_tables where schemaname = 'public'`)).toEqual([]);
});

test('a template that fails to prepare can be tried again', async () => {
  const server = await testPostgres();
  await expect(server.template('broken', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  const name = await server.template('broken', async () => {});
  await expect(server.freshDatabase(name)).resolves.toMatchObject({ name: expect.any(String) });
});

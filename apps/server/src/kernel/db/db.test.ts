/** Statements are prepared once a session; what changes under them, and how many there may be. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemActor } from '../http/principal.ts';
import { testPostgres } from '../postgres/testing.ts';
import { byValues, type Database, openDatabase, plannedOnce, preparedLimits, raw, sql, type Tx } from './db.ts';

let options: Parameters<typeof openDatabase>[0];
let database: Database;
beforeAll(async () => {
  const { connection } = await (await testPostgres()).freshDatabase();
  options = {
    connection,
    tenancy: { node: 'n', market: 'm' },
    now: () => new Date(),
    clientsMax: 1,
  };
  database = openDatabase(options);
  await database.pool.query('create table things (id int, name text)');
  await database.pool.query(`insert into things values (1, 'one')`);
});
afterAll(() => database?.close());

const prepared = async (): Promise<number> =>
  Number((await database.pool.query('select count(*) from pg_prepared_statements')).rows[0].count);

test('a text is prepared once, whatever its values', async () => {
  const before = await prepared();
  for (const id of [1, 2, 1]) await database.rows(sql`select name from things where id = ${id}`);
  expect(await prepared()).toBe(before + 1);
});

test('a table that changes under a prepared statement is no failure, in a transaction or out of it', async () => {
  const all = () => sql`select * from things`;
  const inTx = () => database.tx(systemActor('test'), (tx) => tx.rows(all()));
  expect(await database.rows(all())).toEqual([{ id: 1, name: 'one' }]);
  await database.pool.query('alter table things add column colour text');
  expect(await database.rows(all())).toEqual([{ id: 1, name: 'one', colour: null }]);
  expect(await inTx()).toEqual([{ id: 1, name: 'one', colour: null }]);
  await database.pool.query('alter table things drop column colour');
  expect(await inTx()).toEqual([{ id: 1, name: 'one' }]);
});

test('a statement that is planned by its values is not prepared', async () => {
  const before = await prepared();
  expect(await database.one(sql`${byValues}select ${1}::int as n`)).toEqual({ n: 1 });
  expect(await prepared()).toBe(before);
});

test('a statement that is planned once has one plan for all values from the first, and leaves the session as it was', async () => {
  const asked = openDatabase({ ...options, connection: { ...options.connection, options: '-c plan_cache_mode=auto' } });
  try {
    const read = (id: number) => asked.rows(sql`${plannedOnce}select name from things where id = ${id}`);
    const first = await read(1);
    expect(first).toHaveLength(1);
    expect(await read(2)).toEqual([]);
    await expect(asked.one(sql`${plannedOnce}select 1 / ${0}::int as n`)).rejects.toThrow('division by zero');
    expect(await asked.rows(sql`select name from things where id = ${1}`)).toEqual(first);
    const { rows } =
      await asked.pool.query(`select starts_with(statement, '/* planned once */') as once, generic_plans::int,
      custom_plans::int from pg_prepared_statements where statement like '%from things%' order by once`);
    expect(rows).toEqual([
      { once: false, generic_plans: 0, custom_plans: 1 },
      { once: true, generic_plans: 2, custom_plans: 0 },
    ]);
    expect((await asked.pool.query('show plan_cache_mode')).rows).toEqual([{ plan_cache_mode: 'auto' }]);
  } finally {
    await asked.close();
  }
});

test('texts without end do not fill the sessions', async () => {
  for (let n = 0; n < preparedLimits.textsMax + 50; n++) await database.rows(sql`select ${raw(String(n))} as n`);
  expect(await prepared()).toBeLessThanOrEqual(preparedLimits.textsMax);
  const many = sql`select ${raw(Array.from({ length: 61 }, () => '1').join(' + '))} as n`;
  expect(await database.one(many)).toEqual({ n: 61 });
});

test('what a node notes of itself is kept, and is no write that ends anybody’s rest', async () => {
  const before = database.wroteAt();
  const run = (how: 'note' | 'exec', name: string) =>
    database.tx(systemActor('test'), (tx) => tx[how](sql`update things set name = ${name} where id = 1`));
  expect(await run('note', 'two')).toBe(1);
  expect(database.wroteAt()).toBe(before);
  expect(await database.rows(sql`select name from things`)).toEqual([{ name: 'two' }]);
  expect(await run('exec', 'one')).toBe(1);
  expect(database.wroteAt()).toBeGreaterThan(before);
});

const nothing = sql`select from things where id < 0`;

test('what is sent and not waited for takes effect in its place', async () => {
  const names = await database.tx(systemActor('test'), async (tx) => {
    tx.send(sql`update things set name = name || '!' where id = 1`);
    tx.send(sql`insert into things values (2, (select name from things where id = 1))`);
    return tx.rows(sql`select name from things order by id`);
  });
  expect(names).toEqual([{ name: 'one!' }, { name: 'one!' }]);
  expect(await database.rows(sql`select name from things order by id`)).toEqual(names);
});

test.each([
  ['at once', async () => undefined],
  ['before another that is waited for', async (tx: Tx) => void (await tx.exec(nothing))],
  ['before others that fail for that alone', async (tx: Tx) => void tx.send(nothing)],
])('a failure of what was sent is the transaction’s, when it ends %s', async (_, go) => {
  let woken = false;
  const run = database.tx(systemActor('test'), async (tx) => {
    tx.afterCommit(() => {
      woken = true;
    });
    await tx.exec(sql`update things set name = 'lost' where id = 1`);
    tx.send(sql`insert into things values ('no number', '')`);
    await go(tx);
  });
  await expect(run).rejects.toMatchObject({ code: '22P02' });
  expect(woken).toBe(false);
  expect(await database.rows(sql`select name from things where id = 1`)).toEqual([{ name: 'one!' }]);
  // The session is whole: what was prepared in vain is prepared anew.
  await database.tx(systemActor('test'), async (tx) => void tx.send(nothing));
});

test('a transaction whose sent statement the database refused for its order is tried again', async () => {
  let tries = 0;
  await database.tx(systemActor('test'), async (tx) => {
    tries += 1;
    if (tries < 3) tx.send(sql`do $$ begin raise exception using errcode = '40001'; end $$`);
    else tx.send(sql`update things set name = 'three' where id = 1`);
  });
  expect(tries).toBe(3);
  expect(await database.rows(sql`select name from things where id = 1`)).toEqual([{ name: 'three' }]);
});

test('what is sent and not waited for tells how many rows it touched once the transaction is over, and fails as one', async () => {
  const rename = (id: number) =>
    database.tx(systemActor('test'), async (tx) => tx.send(sql`update things set name = 'uno' where id = ${id}`));
  expect((await rename(1)).touched).toBe(1);
  expect((await rename(7)).touched).toBe(0);
  const broken = database.tx(systemActor('test'), async (tx) => {
    tx.send(sql`update things set name = 'due' where id = 1`);
    tx.send(sql`select 1 / 0`);
  });
  await expect(broken).rejects.toThrow(/division by zero/);
  expect(await database.rows(sql`select name from things where id = 1`)).toEqual([{ name: 'uno' }]);
});

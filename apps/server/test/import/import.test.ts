/** A supplier's own PostgreSQL database as the source of a resource, through the door, against a second database of the test server. */
import { readdir } from 'node:fs/promises';
import type { CallInput, CallOutput } from '@shugu/wire';
import * as wire from '@shugu/wire/delivery';
import * as registryWire from '@shugu/wire/registry';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../cli/src/scenario/resource.ts';
import { divisionsResource } from '../../../cli/src/trade/goods.ts';
import { type FarDatabase, openFarDatabase } from '../../src/delivery/push/testing.ts';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { send } from '../support/http.ts';

const supplier = 'xingsha.steward';
const rows = 3000;
const columns = ['id', 'plate', 'fee', 'price', 'weight', 'ok', 'day', 'at', 'seen', 'kind', 'tags', 'about', 'code'];

let world: TestExchange;
let far: FarDatabase;
let connection: string;
let resource: string;
type Address = CallInput<typeof wire.createConnection>['body'];
let address: Address;

beforeAll(async () => {
  far = await openFarDatabase();
  world = await testExchange({ config: { privateDestinations: ['127.0.0.0/8'] } });
  const { kind: _, ...draft } = far.draft;
  address = draft;
  await far.pool.query(`create type truck_kind as enum ('轻型', '重型');
    create schema 车队; create domain 车队.code_number as numeric(6, 2);
    create table 车队.trucks (id int primary key, plate text, fee numeric, price numeric(12, 3), weight float8, ok boolean, day date,
      at timestamptz, seen timestamp, kind truck_kind, tags text[], about jsonb, code 车队.code_number, photo bytea, "引""号" text);
    insert into 车队.trucks select i, case i % 5 when 0 then null when 1 then '' when 2 then E'湘A,"\\n' || i when 3 then '00' || i else '\\.' end,
      i * 1.25, i / 8.0, case i % 3 when 0 then 'NaN' when 1 then 1e300 else 0.1 end, i % 2 = 0, date '2026-01-01' + i % 300,
      timestamptz '2026-01-01 08:00+08' + i * interval '1 second', timestamp '2026-01-01 08:00' + i * interval '1 ms',
      case i % 2 when 0 then '轻型' else '重型' end::truck_kind, array['a', i::text], jsonb_build_object('n', i), 12.5, '\\xff', 'x'
      from generate_series(1, ${rows}) i;
    create view 车队.heavy as select id, plate from 车队.trucks where kind = '重型';
    analyze 车队.trucks`);
  const client = await world.as(supplier);
  connection = (await client.call(wire.createConnection, { body: address })).id;
  resource = (await client.call(registryWire.createResource, { body: (await divisionsResource()).fields })).id;
}, 240_000);
afterAll(async () => {
  await world?.end();
  await far?.close();
});

type Import = CallOutput<typeof wire.getImport>;
const start = async (more: Partial<CallInput<typeof wire.startImport>['body']> = {}): Promise<Import> =>
  (await world.as(supplier)).call(wire.startImport, {
    body: { connection, resource, schema: '车队', table: 'trucks', columns, ...more },
  });
const ended = async (one: Import): Promise<Import> => {
  const client = await world.as(supplier);
  return until(`import ${one.id}`, async () => {
    const seen = await client.call(wire.getImport, { params: { id: one.id } });
    return !['waiting', 'running'].includes(seen.state) && seen;
  });
};
const content = async () =>
  (await (await world.as(supplier)).call(registryWire.getResource, { params: { id: resource } })).content;
const read = async (wanted: string | null) =>
  until('the data to be read', async () => {
    const seen = await content();
    return seen?.id === wanted && seen.state === 'ready' && seen;
  });
const another = async (more: Partial<Address>) =>
  (await (await world.as(supplier)).call(wire.createConnection, { body: { ...address, ...more } })).id;
const fault = async (id: string): Promise<string | undefined> =>
  (await (await world.as(supplier)).call(wire.checkConnection, { params: { id }, body: {} })).checkFault?.code;

describe('a database of the supplier', { timeout: 240_000 }, () => {
  test('is checked, and lists what can be read of it; its password is told to nobody', async () => {
    const client = await world.as(supplier);
    expect(await fault(connection)).toBeUndefined();
    const { items, more } = await client.call(wire.listForeignTables, { params: { id: connection }, query: {} });
    expect(more).toBe(false);
    expect(items.map(({ schema, name, kind, rowsAbout }) => [schema, name, kind, rowsAbout])).toEqual([
      ['车队', 'heavy', 'view', null],
      ['车队', 'trucks', 'table', rows],
    ]);
    const trucks = items[1]!.columns;
    expect(trucks.map(({ name }) => name)).toEqual([...columns, 'photo', '引"号']);
    expect(trucks.filter(({ carried }) => !carried)).toEqual([{ name: 'photo', type: 'bytea', carried: false }]);
    expect(trucks.find(({ name }) => name === 'price')!.type).toBe('numeric(12,3)');
    const found = await client.call(wire.listForeignTables, { params: { id: connection }, query: { search: 'HEAV' } });
    expect(found.items.map(({ name }) => name)).toEqual(['heavy']);

    const listed = JSON.stringify(await client.call(wire.listConnections, {}));
    const kept = await world.exchange.kernel.database.pool.query('select * from delivery_connections');
    expect(listed + JSON.stringify(kept.rows)).not.toContain(address.password);
    expect(listed).toContain(connection);
  });

  test('that refuses the user, or lies where the operator does not allow, says so', async () => {
    await far.pool.query(
      `drop role if exists shugu_reader; create role shugu_reader login; grant usage on schema 车队 to shugu_reader`,
    );
    expect(await fault(await another({ user: 'nobody_here' }))).toBe('delivery.databaseLogin');
    expect(await fault(await another({ database: 'no_such_database' }))).toBe('delivery.databaseLogin');
    expect(await fault(await another({ host: '10.1.2.3' }))).toBe('delivery.addressRefused');
    expect(await fault(await another({ host: '/var/run/postgresql' }))).toBe('delivery.addressRefused');
    expect(await fault(await another({ port: 1 }))).toBe('delivery.databaseUnreachable');
    // Logged in, but without SELECT: nothing to be seen, nothing to be read.
    const weak = await another({ user: 'shugu_reader' });
    const client = await world.as(supplier);
    expect((await client.call(wire.listForeignTables, { params: { id: weak }, query: {} })).items).toEqual([]);
    expect(await ended(await start({ connection: weak }))).toMatchObject({
      state: 'failed',
      fault: { code: 'delivery.foreignTableGone' },
    });
    await far.pool.query('drop owned by shugu_reader; drop role shugu_reader');
  });

  test('is of its supplier alone', async () => {
    const one = await ended(await start({ table: 'heavy', columns: ['id'] }));
    for (const login of ['mapping.trader', 'citylogistics.trader']) {
      const token = await world.token(login);
      for (const endpoint of [wire.checkConnection, wire.removeConnection, wire.listForeignTables])
        expect(
          (await send(world.url, endpoint, { token, params: { id: connection }, body: endpoint.body ? {} : undefined }))
            .status,
        ).toBe(404);
      for (const endpoint of [wire.getImport, wire.repeatImport, wire.stopImport])
        expect(
          (await send(world.url, endpoint, { token, params: { id: one.id }, body: endpoint.body ? {} : undefined }))
            .status,
        ).toBe(404);
    }
    const other = await world.as('mapping.trader');
    expect((await other.call(wire.listConnections, {})).items).toEqual([]);
    expect((await other.call(wire.listImports, { query: {} })).items).toEqual([]);
    const theirs = (await other.call(registryWire.createResource, { body: (await divisionsResource()).fields })).id;
    const token = await world.token('mapping.trader');
    const body = { connection, resource: theirs, schema: '车队', table: 'trucks', columns: ['id'] };
    expect((await send(world.url, wire.startImport, { token, body })).status).toBe(404);
    const own = (await other.call(wire.createConnection, { body: address })).id;
    expect(
      (await send(world.url, wire.startImport, { token, body: { ...body, connection: own, resource } })).status,
    ).toBe(404);
  });
});

describe('an import', { timeout: 240_000 }, () => {
  test('brings every value as what it is, and becomes the data that products are made of', async () => {
    const done = await ended(await start({ columns: [...columns, '引"号'] }));
    expect(done).toMatchObject({
      state: 'done',
      rows,
      rowsAbout: rows,
      fault: null,
      checksum: expect.stringMatching(/^\d+$/),
    });
    const seen = await read(done.content);
    expect(seen).toMatchObject({ fileName: '车队.trucks.parquet', rowCount: rows });
    expect(seen.columns.map(({ name, type }) => [name, type])).toEqual([
      ['id', 'integer'],
      ['plate', 'string'],
      ['fee', 'decimal'],
      ['price', 'decimal'],
      ['weight', 'decimal'],
      ['ok', 'boolean'],
      ['day', 'date'],
      ['at', 'timestamp'],
      ['seen', 'timestamp'],
      ['kind', 'string'],
      ['tags', 'string'],
      ['about', 'string'],
      ['code', 'decimal'],
      ['引"号', 'string'],
    ]);
    const sample = await world.exchange.rooms.registry.sample(world.exchange.kernel.database, resource, 5);
    const byId = new Map(sample.rows.map((row) => [String(row[0]), row]));
    expect(byId.get('5')![1]).toBeNull();
    expect(byId.get('1')!.slice(1, 4)).toEqual(['', '1.25', '0.125']);
    expect(byId.get('2')!.slice(1, 8)).toEqual([
      '湘A,"\n2',
      '2.50',
      '0.250',
      '0.1',
      'true',
      '2026-01-03',
      '2026-01-01 00:00:02',
    ]);
    expect(byId.get('3')![1]).toBe('003');
  });

  test('again brings nothing new when nothing has changed, whatever the order of the rows', async () => {
    const client = await world.as(supplier);
    const [last] = (await client.call(wire.listImports, { query: { resource, state: 'done' } })).items;
    // The row goes to another place of the table.
    await far.pool.query('update 车队.trucks set plate = plate where id = 1');
    const again = await ended(await client.call(wire.repeatImport, { params: { id: last!.id }, body: {} }));
    expect(again).toMatchObject({ state: 'unchanged', rows, checksum: last!.checksum, content: last!.content });
    expect((await content())!.id).toBe(last!.content);
    await far.pool.query(`update 车队.trucks set plate = '湘B1' where id = 1`);
    const changed = await ended(await client.call(wire.repeatImport, { params: { id: last!.id }, body: {} }));
    expect(changed.state).toBe('done');
    expect(changed.content).not.toBe(last!.content);
    await read(changed.content);
  });

  test('by rhythm comes round by itself, unless it is paused, until its database is removed', async () => {
    const client = await world.as(supplier);
    const { clock } = world.exchange.kernel;
    const past = (hours: number) =>
      (clock as SimulatedClock).moveTo(new Date(clock.now().getTime() + hours * 3_600_000));
    const own = await another({});
    const first = await ended(await start({ connection: own, table: 'heavy', columns: ['id', 'plate'] }));
    const made = await client.call(wire.scheduleImport, {
      params: { id: first.id },
      body: { rhythm: { kind: 'interval', hours: 6 } },
    });
    expect(made).toMatchObject({ table: 'heavy', columns: ['id', 'plate'], timeZone: 'Asia/Shanghai' });
    expect(Date.parse(made.nextAt!) - Date.parse(made.createdAt)).toBe(6 * 3_600_000);
    const count = async () =>
      (await world.as(supplier).then((fresh) => fresh.call(wire.listImports, { query: { resource } }))).items.length;
    const before = await count();
    await world.settle();
    expect(await count()).toBe(before);
    past(7);
    await until('the import that is due', async () => {
      await world.settle();
      return (await count()) === before + 1;
    });
    const params = { id: made.id };
    const token = await world.token('mapping.trader', true);
    for (const endpoint of [wire.pauseImportSchedule, wire.resumeImportSchedule, wire.removeImportSchedule])
      expect((await send(world.url, endpoint, { token, params, body: {} })).status).toBe(404);
    expect(
      (await send(world.url, wire.scheduleImport, { token, params: { id: first.id }, body: { rhythm: made.rhythm } }))
        .status,
    ).toBe(404);
    const again = await world.as(supplier);
    expect((await again.call(wire.pauseImportSchedule, { params, body: {} })).nextAt).toBeNull();
    past(7);
    await world.settle();
    expect(await count()).toBe(before + 1);
    const late = await world.as(supplier);
    const resumed = await late.call(wire.resumeImportSchedule, { params, body: {} });
    expect(Date.parse(resumed.nextAt!)).toBeGreaterThan(clock.now().getTime());
    // Another rhythm for the same resource takes its place.
    const daily = await late.call(wire.scheduleImport, {
      params: { id: first.id },
      body: { rhythm: { kind: 'daily', time: '02:30' } },
    });
    expect(daily.nextAt).toMatch(/T18:30:00.000Z$/);
    expect((await late.call(wire.listImportSchedules, {})).items).toEqual([daily]);
    await late.call(wire.removeConnection, { params: { id: own }, body: {} });
    expect((await late.call(wire.listImportSchedules, {})).items).toEqual([]);
    past(48);
    await world.settle();
    expect(await count()).toBe(before + 1);
  });

  test('that cannot be carried says what stands in the way, and leaves the data as it was', async () => {
    const before = (await content())!.id;
    const refused = async (more: Parameters<typeof start>[0]) => (await ended(await start(more))).fault?.code;
    expect(await refused({ columns: ['photo'] })).toBe('delivery.foreignColumnType');
    expect(await refused({ columns: ['nothing'] })).toBe('delivery.foreignColumnGone');
    expect(await refused({ table: 'gone' })).toBe('delivery.foreignTableGone');
    expect(await refused({ connection: await another({ user: 'nobody_here' }) })).toBe('delivery.databaseLogin');
    await far.pool.query(`create table 车队.odd (n numeric); insert into 车队.odd values ('NaN'), (1)`);
    const odd = await ended(await start({ table: 'odd', columns: ['n'] }));
    expect(odd.fault).toMatchObject({ code: 'delivery.foreignValue', title: { zh: expect.stringContaining('n') } });
    expect((await content())!.id).toBe(before);
    // The state is told a moment before the folder is cleared.
    const left = async () => readdir(await world.exchange.kernel.objects.folder('imports'));
    await expect.poll(left).toEqual([]);
  });
});

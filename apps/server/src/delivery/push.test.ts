/** Push through its own door: what a grant gives is brought to a buyer’s destination, and to nobody else’s. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../kernel/ids.ts';
import { type FarDatabase, openFarDatabase } from './push/testing.ts';
import { openShare, type SharedTable } from './share/testing.ts';
import { planOf, type Rig } from './testing.ts';

const count = 60_000;
/** Values at which two engines could write different text, and enough of them that a run has several pieces. */
const data = `SELECT i AS id, CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '湘A,"' || chr(31) || i || repeat(chr(2), i % 4) WHEN 3 THEN 'a' || chr(10) || '\\N' || chr(9)
    WHEN 4 THEN '\\.' ELSE sha256(CAST(i AS VARCHAR)) || sha256(CAST(-i AS VARCHAR)) || sha256(CAST(i * 3 AS VARCHAR)) END AS plate,
  [0.1, -0.0, 1e15, 1234567890123456, 1e16, 1.5e-7, 'NaN'::DOUBLE, '-Infinity'::DOUBLE, 100, 4503599627370497.5, -999999999999999.9, NULL]
    [i % 12 + 1]::DOUBLE AS fee,
  [0.1, 1e6, 123456789, 999999, 16777217, -1.5e-5, 3.4e38, NULL][i % 8 + 1]::FLOAT AS load, (i % 1000 / 8.0)::DECIMAL(12, 3) AS price,
  DATE '2026-01-01' + (i % 300)::INT AS day, TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (i * 1001) MILLISECOND AS at, i % 3 = 0 AS ok,
  (i % 100)::SMALLINT AS score FROM range(${count}) r(i)`;

let shared: SharedTable;
let rig: Rig;
let far: FarDatabase;
const folder = mkdtempSync(join(tmpdir(), 'shugu-push-'));
beforeAll(async () => {
  far = await openFarDatabase();
  // Short turns: whatever can be resumed is resumed many times.
  const pace = { turnMs: 300, rowsPerPiece: 12_000 };
  shared = await openShare({ data, push: { folder, addresses: ['127.0.0.0/8'], pace } });
  rig = shared.rig;
}, 120_000);
afterAll(async () => {
  await shared?.close();
  await far?.close();
  rmSync(folder, { recursive: true, force: true });
});

const destination = async (draft: object): Promise<string> =>
  (await rig.call('buyer', 'POST', '/api/destinations', draft)).body.id;
const toFolder = (path: string) => destination({ kind: 'folder', name: '数据湖', path });
const push = async (grant: string, to: string, more: object = {}) =>
  (await rig.call('buyer', 'POST', '/api/pushes', { grant, destination: to, rhythm: { kind: 'once' }, ...more })).body;
const runOf = async (id: string) => (await rig.call('buyer', 'GET', `/api/push-runs/${id}`)).body;
const balance = async (grant: string) => (await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`)).body.used;

describe('a push into a folder', () => {
  it('brings the granted columns in many turns, counted as one use, with equal digests on both ends', async () => {
    const grant = await rig.grant(planOf({ columns: ['id', 'plate'] }), [{ kind: 'share' }]);
    const to = await toFolder('湖/货车');
    expect((await rig.call('buyer', 'POST', `/api/destinations/${to}/check`, {})).body).toMatchObject({
      checkFault: null,
      place: '湖/货车',
    });
    const made = await push(grant, to);
    expect(made.lastRun).toMatchObject({ state: 'waiting' });
    await rig.settle();
    const run = await runOf(made.lastRun.id);
    expect(run).toMatchObject({ state: 'done', version: 0, rows: count, rowsTotal: count, fault: null });
    expect(run.bytes).toBe(run.bytesTotal);
    const place = join(folder, 'org_buyer', '湖', '货车', 'trucks', 'v0');
    expect(readdirSync(place).sort()).toEqual(['manifest.json', 'part-00001.parquet']);
    const bytes = readFileSync(join(place, 'part-00001.parquet'));
    expect(bytes.length).toBeGreaterThan(2 ** 20);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const manifest = JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8'));
    expect(manifest.files).toEqual([{ name: 'part-00001.parquet', bytes: bytes.length, rows: count, sha256: digest }]);
    expect(manifest.fields.map((field: { name: string }) => field.name)).toEqual(['id', 'plate']);
    const list = createHash('sha256').update(`${digest}  part-00001.parquet\n`).digest('hex');
    expect(run.sent).toMatchObject([
      { table: 'trucks', rows: count, rowsBack: count, checksum: list, checksumBack: list },
    ]);
    // Many turns, one call, and of the file no byte more than it has; the answer that lists it has some, too.
    const used = await balance(grant);
    expect(used).toMatchObject({ calls: 1, rows: count });
    expect(used.bytes - bytes.length).toBeGreaterThan(0);
    expect(used.bytes - bytes.length).toBeLessThan(5000);
  });

  it('is nobody else’s to see or touch', async () => {
    const grant = await rig.grant(planOf(), [{ kind: 'share' }]);
    const to = await toFolder('mine');
    const made = await push(grant, to);
    for (const who of ['stranger', 'supplier'] as const) {
      for (const [method, path] of [
        ['GET', `/api/pushes/${made.id}`],
        ['GET', `/api/push-runs/${made.lastRun.id}`],
        ['POST', `/api/push-runs/${made.lastRun.id}/stop`],
        ['POST', `/api/push-runs/${made.lastRun.id}/restart`],
        ['POST', `/api/pushes/${made.id}/run`],
        ['POST', `/api/pushes/${made.id}/end`],
        ['POST', `/api/destinations/${to}/check`],
        ['POST', `/api/destinations/${to}/remove`],
      ] as const)
        expect([path, (await rig.call(who, method, path, method === 'POST' ? {} : undefined)).status]).toEqual([
          path,
          404,
        ]);
      expect((await rig.call(who, 'GET', `/api/pushes?grant=${grant}`)).body.items).toEqual([]);
      expect((await rig.call(who, 'GET', `/api/push-runs?push=${made.id}`)).body.items).toEqual([]);
      expect((await rig.call(who, 'GET', '/api/destinations')).body.items).toEqual([]);
      const own = (await rig.call(who, 'POST', '/api/destinations', { kind: 'folder', name: 'x', path: 'mine' })).body
        .id;
      expect(
        (await rig.call(who, 'POST', '/api/pushes', { grant, destination: own, rhythm: { kind: 'once' } })).status,
      ).toBe(404);
    }
    await rig.settle();
    expect((await runOf(made.lastRun.id)).state).toBe('done');
  });

  it('keeps to its folder', async () => {
    for (const path of ['..', 'a/../../b', '/etc', 'a//b', '.hidden', 'a\\b', ''])
      expect((await rig.call('buyer', 'POST', '/api/destinations', { kind: 'folder', name: 'x', path })).status).toBe(
        400,
      );
  });
});

describe('a push into PostgreSQL', () => {
  it('brings each row once, though the connection breaks again and again, with equal checksums on both ends', async () => {
    const to = await destination(far.draft);
    expect((await rig.call('buyer', 'POST', `/api/destinations/${to}/check`, {})).body.checkFault).toBeNull();
    const listed = JSON.stringify((await rig.call('buyer', 'GET', '/api/destinations')).body);
    expect(listed).not.toContain(far.draft.password);
    expect(
      JSON.stringify((await rig.kernel.database.pool.query('select * from delivery_destinations')).rows),
    ).not.toContain(far.draft.password);
    const made = await push(shared.grant, to);
    let run = await runOf(made.lastRun.id);
    for (let at = 0; at < 40 && run.state !== 'done'; at++) {
      far.cutAfter(3_000_000);
      await rig.settle();
      rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 3_600_000));
      run = await runOf(run.id);
    }
    expect(run).toMatchObject({ state: 'done', rows: count, rowsTotal: count, fault: null });
    expect(far.cuts()).toBeGreaterThan(2);
    const [{ checksum, checksumBack, rowsBack, how }] = run.sent;
    expect([rowsBack, checksumBack]).toEqual([count, checksum]);
    const { rows } = await far.pool.query(
      'select count(*) as n, count(distinct id) as ids, count(plate) as plates from trucks',
    );
    expect(rows[0]).toEqual({ n: count, ids: count, plates: count - Math.ceil(count / 7) });
    expect(how).toContain('hashtextextended');
    // What the run says of itself anybody can ask again.
    const again = (await far.pool.query(how)) as unknown as { rows: { checksum: string }[] }[];
    expect(again.at(-1)!.rows[0]!.checksum).toBe(checksum);
    const tables = await far.pool.query(
      `select table_name from information_schema.tables where table_schema = 'public' order by 1`,
    );
    expect(tables.rows.map((row) => row.table_name)).toEqual(['shugu_push_progress', 'trucks']);
    expect(await balance(shared.grant)).toMatchObject({ calls: 1, rows: count });
  });

  it('takes another checksum, and the same at both ends, where the database keeps text in another encoding', async () => {
    const rowFilter = [{ column: 'id', operator: '<' as const, value: 3000 }];
    const grant = await rig.grant(planOf({ columns: ['id', 'plate', 'fee'], rowFilter }), [{ kind: 'share' }]);
    const database = `${far.draft.database}_euc`;
    await far.pool.query(
      `create database ${database} encoding 'EUC_CN' locale_provider libc locale 'C' template template0`,
    );
    const made = await push(grant, await destination({ ...far.draft, database }));
    let run = await runOf(made.lastRun.id);
    for (let at = 0; at < 10 && run.state !== 'done'; at++) {
      await rig.settle();
      rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 3_600_000));
      run = await runOf(run.id);
    }
    await far.pool.query(`drop database ${database} with (force)`);
    expect(run.fault).toBeNull();
    const [{ checksum, checksumBack, how }] = run.sent;
    expect([run.state, checksumBack, how.includes('sha256')]).toEqual(['done', checksum, true]);
  });

  it('stops at once when the grant is withdrawn, with nothing put in place', async () => {
    const grant = await rig.grant(planOf(), [{ kind: 'share' }]);
    await far.pool.query('drop schema if exists second cascade; create schema second');
    const made = await push(grant, await destination({ ...far.draft, schema: 'second' }));
    // From here on nothing gets through: only the withdrawal can end the run.
    far.stallAfter(1_000_000, () => {
      void rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant }, 'test'));
    });
    await rig.settle();
    const run = await runOf(made.lastRun.id);
    expect(run).toMatchObject({ state: 'stopped', fault: { code: 'withdrawn' } });
    expect(run.rows).toBeLessThan(count);
    const there = await far.pool.query(`select to_regclass('second.trucks') as there`);
    expect(there.rows[0].there).toBeNull();
    // Nor does what was fetched stay here.
    expect(readdirSync(await rig.kernel.objects.folder('pushes'))).toEqual([]);
    expect((await rig.call('buyer', 'POST', `/api/push-runs/${run.id}/restart`, {})).status).toBe(200);
    await rig.settle();
    expect(await runOf(run.id)).toMatchObject({ state: 'stopped', fault: { code: 'withdrawn' } });
  });

  it('goes where the operator allows, and over no table that it did not make', async () => {
    const nowhere = await destination({ ...far.draft, host: '10.1.2.3' });
    const checked = (await rig.call('buyer', 'POST', `/api/destinations/${nowhere}/check`, {})).body;
    expect(checked.checkFault.code).toBe('addressRefused');
    const socket = await destination({ ...far.draft, host: '/var/run/postgresql' });
    expect((await rig.call('buyer', 'POST', `/api/destinations/${socket}/check`, {})).body.checkFault.code).toBe(
      'addressRefused',
    );
    await far.pool.query('create schema third; create table third.trucks (mine int)');
    const made = await push(shared.grant, await destination({ ...far.draft, schema: 'third' }));
    await rig.settle();
    expect(await runOf(made.lastRun.id)).toMatchObject({ state: 'failed', fault: { code: 'tableTaken' } });
    expect((await far.pool.query('select mine from third.trucks')).rows).toEqual([]);
  });
});

describe('a rhythm', () => {
  it('brings what is there when its time comes, and each new revision once; a person stops, restarts and ends it', async () => {
    const daily = await push(shared.grant, await toFolder('daily'), { rhythm: { kind: 'daily', time: '03:00' } });
    const each = await push(shared.grant, await toFolder('each'), { rhythm: { kind: 'revision' } });
    expect([daily.lastRun, each.nextAt]).toEqual([null, null]);
    const lastOf = async ({ id }: { id: string }) => (await rig.call('buyer', 'GET', `/api/pushes/${id}`)).body.lastRun;
    await rig.settle();
    expect(await lastOf(daily)).toBeNull();
    // What is published already is new to a push that has brought nothing.
    expect(await lastOf(each)).toMatchObject({ state: 'done', version: 0, cause: 'revision' });
    rig.moveTo(new Date(daily.nextAt));
    await rig.settle();
    expect(await lastOf(daily)).toMatchObject({ state: 'done', cause: 'rhythm' });
    const runs = (await rig.call('buyer', 'GET', `/api/push-runs?push=${each.id}`)).body.items;
    expect(runs.length).toBe(1);

    const asked = (await rig.call('buyer', 'POST', `/api/pushes/${daily.id}/run`, {})).body;
    expect((await rig.call('buyer', 'POST', `/api/pushes/${daily.id}/run`, {})).body.code).toBe('delivery.pushRunning');
    expect((await rig.call('buyer', 'POST', `/api/push-runs/${asked.id}/stop`, {})).body.state).toBe('stopped');
    await rig.settle();
    expect((await runOf(asked.id)).state).toBe('stopped');
    await rig.call('buyer', 'POST', `/api/push-runs/${asked.id}/restart`, {});
    await rig.settle();
    expect((await runOf(asked.id)).state).toBe('done');
    expect((await rig.call('buyer', 'GET', '/api/pushes?state=done')).body.items.length).toBeGreaterThan(1);
    expect((await rig.call('buyer', 'POST', `/api/pushes/${daily.id}/end`, {})).body).toMatchObject({ nextAt: null });
    expect((await rig.call('buyer', 'POST', `/api/pushes/${daily.id}/run`, {})).body.code).toBe('delivery.pushEnded');
  });
});

describe('a push that adds rows', () => {
  const cities = `SELECT i AS id, CASE i % 3 WHEN 0 THEN NULL ELSE '湘A' || i END AS plate FROM range`;
  let adding: SharedTable;
  beforeAll(async () => {
    const pace = { rowsPerPiece: 1500 };
    adding = await openShare({ data: `${cities}(6000) r(i)`, push: { folder, addresses: ['127.0.0.0/8'], pace } });
    await far.pool.query('create schema adding');
  }, 120_000);
  afterAll(() => adding?.close());
  const ask = async (method: 'GET' | 'POST', path: string, body?: object) =>
    (await adding.rig.call('buyer', method, path, body)).body;
  const lastRun = async (push: string) => (await ask('GET', `/api/pushes/${push}`)).lastRun;
  /** How the push’s last run ends, however often it has to be tried again. */
  const outcome = async (push: string) => {
    await adding.rig.settle();
    for (let at = 0; at < 20 && (await lastRun(push)).state === 'waiting'; at++) {
      adding.rig.moveTo(new Date(adding.rig.kernel.clock.now().getTime() + 3_600_000));
      await adding.rig.settle();
    }
    return lastRun(push);
  };
  const runAgain = async (push: string) => {
    await ask('POST', `/api/pushes/${push}/run`, {});
    return outcome(push);
  };
  const counts = async () => {
    const { rows } = await far.pool.query(`select shugu_version as version, count(*)::int as rows,
      count(distinct id)::int as ids from adding.trucks group by 1 order by 1`);
    return rows;
  };
  const each = (version: number, rows: number) => ({ version, rows, ids: rows });

  it('brings once what each version gained, through a break in the middle, and leaves what is there', async () => {
    const destination = (await ask('POST', '/api/destinations', { ...far.draft, schema: 'adding' })).id;
    const rhythm = { kind: 'revision' };
    const made = await ask('POST', '/api/pushes', { grant: adding.grant, destination, rhythm, mode: 'append' });
    expect(made.mode).toBe('append');
    expect(await outcome(made.id)).toMatchObject({ state: 'done', version: 0, rows: 6000 });
    // Of the buyer’s own, which a table put in its place would not have.
    await far.pool.query(`create unique index own on adding.trucks (id, shugu_version);
      create view adding.mine as select id from adding.trucks`);

    // 4000 come and 100 go; the line breaks between the first piece and the last.
    const before = far.cuts();
    far.cutAfter(30_000);
    await adding.publish(`${cities}(100, 10000) r(i)`);
    expect(far.cuts()).toBe(before + 1);
    const second = await outcome(made.id);
    expect(second).toMatchObject({ state: 'done', cause: 'revision', version: 1, rows: 4000, rowsTotal: 4000 });
    const [sent] = second.sent;
    expect(sent).toMatchObject({ rows: 4000, rowsBack: 4000, checksumBack: sent.checksum, gone: 100 });
    const asked = await far.pool.query(`set search_path = adding; ${sent.how}; reset search_path`);
    const again = (asked as unknown as { rows: object[] }[]).map(({ rows }) => rows);
    expect(again).toContainEqual([{ rows: 4000, checksum: sent.checksum }]);
    expect(await counts()).toEqual([each(0, 6000), each(1, 4000)]);

    // A second time nothing comes and nothing is counted.
    const used = async () => (await ask('GET', `/api/grants/${adding.grant}/balance`)).used;
    expect(await used()).toMatchObject({ calls: 2, rows: 6000 + 4100 });
    expect(await runAgain(made.id)).toMatchObject({ state: 'done', rows: 0, rowsTotal: 0, sent: [] });
    expect(await used()).toMatchObject({ calls: 2 });
    expect(await counts()).toEqual([each(0, 6000), each(1, 4000)]);
  });

  it('begins anew where the table is gone, stops where it is another, and is for databases only', async () => {
    const push = (await ask('GET', '/api/pushes')).items[0].id;
    await far.pool.query('alter table adding.trucks rename to before');
    expect(await runAgain(push)).toMatchObject({ state: 'done', version: 1, rows: 9900 });
    expect(await counts()).toEqual([each(1, 9900)]);
    await far.pool.query('alter table adding.trucks drop column plate');
    await adding.publish(`${cities}(100, 10500) r(i)`);
    expect(await outcome(push)).toMatchObject({ state: 'failed', version: 2, fault: { code: 'tableDiffers' } });
    expect(await counts()).toEqual([each(1, 9900)]);
    // Made to go on after that table was moved, the same run brings all rows, and they are counted as such.
    const calls = async () => (await ask('GET', `/api/grants/${adding.grant}/balance`)).used.calls;
    const before = await calls();
    await far.pool.query('alter table adding.trucks rename to narrow');
    await ask('POST', `/api/push-runs/${(await lastRun(push)).id}/restart`, {});
    expect(await outcome(push)).toMatchObject({ state: 'done', version: 2, rows: 10_400 });
    expect(await counts()).toEqual([each(2, 10_400)]);
    expect(await calls()).toBe(before + 1);
    const lake = (await ask('POST', '/api/destinations', { kind: 'folder', name: '湖', path: 'adding' })).id;
    const wish = { grant: adding.grant, destination: lake, rhythm: { kind: 'once' }, mode: 'append' };
    expect((await ask('POST', '/api/pushes', wish)).code).toBe('delivery.appendNeedsTable');
  });

  it.each(['append', 'replace'])(
    'is not gone on with (%s) once the contract’s terms have changed: nothing of the old ones is put in place',
    async (mode) => {
      const schema = `terms_${mode}`;
      await far.pool.query(`create schema ${schema}`);
      const contract = newId('con', adding.rig.kernel.clock.now());
      const share = [{ kind: 'share' as const }];
      const grant = await adding.rig.grant(planOf(), share, { contract });
      const destination = (await ask('POST', '/api/destinations', { ...far.draft, schema })).id;
      far.cutAfter(60_000);
      const wish = { grant, destination, rhythm: { kind: 'once' }, mode };
      const { id: push, lastRun: run } = await ask('POST', '/api/pushes', wish);
      await adding.rig.settle();
      expect(await lastRun(push)).toMatchObject({ id: run.id, state: 'waiting' });
      const brought = async () =>
        (await far.pool.query(`select rows::int, placed from ${schema}.shugu_push_progress`)).rows;
      expect(await brought()).toEqual([{ rows: expect.any(Number), placed: false }]);
      expect((await brought())[0].rows).toBeGreaterThan(0);

      // The same contract, of other columns: its data is cut anew, under another name.
      expect(await adding.rig.grant(planOf({ columns: ['id'] }), share, { contract })).toBe(grant);
      expect(await outcome(push)).toMatchObject({ id: run.id, state: 'failed', fault: { code: 'termsChanged' } });
      const there = async () =>
        (
          await far.pool.query(
            `select column_name as name from information_schema.columns where table_schema = $1 and table_name = 'trucks' order by 1`,
            [schema],
          )
        ).rows.map(({ name }) => name);
      expect(await there()).toEqual([]);
      await ask('POST', `/api/push-runs/${run.id}/restart`, {});
      expect(await outcome(push)).toMatchObject({ id: run.id, state: 'failed', fault: { code: 'termsChanged' } });

      // Had brought anew, as the fault says to.
      expect(await runAgain(push)).toMatchObject({ state: 'done', fault: null });
      expect(await there()).toEqual(mode === 'append' ? ['id', 'shugu_version'] : ['id']);
    },
  );
});

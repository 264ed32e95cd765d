/**
 * Nodes as earlier releases left them, restored and run by this version. The files stay for good: when one no longer comes
 * up, mend the migration, not the file. `npm run gen -- golden` makes a release's own.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseTrust, type Trust, verifyBundle } from '@shugu/evidence';
import * as agreementsWire from '@shugu/wire/agreements';
import * as deliveryWire from '@shugu/wire/delivery';
import * as marketWire from '@shugu/wire/market';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeOrder, signBoth, stateScenario } from '../../../cli/src/scenario/order.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { makeStage, type Stage } from '../../../cli/src/scenario/stage.ts';
import type { Exchange } from '../../src/app.ts';
import { restoreBackup } from '../../src/kernel/backup/index.ts';
import { readConfig } from '../../src/kernel/config.ts';
import { examine } from '../../src/kernel/doctor/index.ts';
import { makeLog } from '../../src/kernel/log.ts';
import { ownMigrations } from '../../src/main.ts';
import { readCast } from '../../src/members/testing.ts';
import { bundlesOf, emptyPlace, type Place, startOn, trustServedBy, urlOf } from '../backup/support.ts';
import { startOfTime } from '../support/exchange.ts';

const golden = join(import.meta.dirname, '../../../../fixtures/golden');
const names = (await readdir(golden)).filter((name) => name.endsWith('.backup.gz'));
const buyer = 'citylogistics.trader';
const supplier = 'xingsha.trader';

it('every release left one for each suite', () => {
  expect(names).toEqual(expect.arrayContaining(['shugu-0.1.0-intl.backup.gz', 'shugu-0.1.0-sm.backup.gz']));
});

describe.each(names)('%s', { timeout: 120_000 }, (name) => {
  let folder: string;
  let place: Place;
  let exchange: Exchange;
  let stage: Stage;
  let trust: Trust;
  const config = readConfig(
    {},
    {
      port: 0,
      clock: startOfTime,
      logDelaySeconds: 1,
      commitmentSeconds: 1,
      checkReplies: true,
      suite: name.includes('-sm.') ? 'sm' : 'intl',
    },
  );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shugu-golden-'));
    place = await emptyPlace();
    const file = join(folder, 'node.backup');
    await writeFile(file, gunzipSync(await readFile(join(golden, name))));
    const [passphrase] = (await readFile(join(golden, 'passphrase'), 'utf8')).split('\n');
    await restoreBackup({
      config: { ...config, home: place.home },
      file,
      migrations: await ownMigrations(),
      connect: async () => ({ connection: place.postgres.connection, close: async () => {} }),
      now: new Date(),
      passphrase,
    });
    trust = parseTrust(await readFile(join(golden, name.replace('.backup.gz', '.trust.json'))));
    exchange = await startOn(config, place);
    stage = makeStage(exchange.url, await readCast());
  }, 120_000);
  afterAll(async () => {
    await exchange?.close();
    await place?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('is brought to the level of this version, and doctor finds no fault', async () => {
    const { rows } = await exchange.kernel.database.pool.query<{ key: string }>(
      `select room || '/' || name as key from migrations`,
    );
    const own = await ownMigrations();
    expect(rows.map((row) => row.key).sort()).toEqual(own.map((one) => `${one.room}/${one.name}`).sort());
    const findings = await examine({
      config: { ...config, home: place.home, databaseUrl: urlOf(place.postgres.connection) },
      migrations: own,
      extra: [],
      own: [],
      now: exchange.kernel.clock.now(),
      nodeVersion: process.versions.node,
      log: makeLog('silent'),
    });
    expect(findings.filter((one) => one.level === 'error')).toEqual([]);
    expect(findings.map((one) => one.id)).toEqual(expect.arrayContaining(['log', 'papers', 'objects', 'migrations']));
  });

  it('has bundles that verify by the trust file of then and by that of now', async () => {
    const bundles = await bundlesOf(exchange);
    expect(bundles.length).toBeGreaterThanOrEqual(7);
    const now = await trustServedBy(exchange);
    for (const bundle of bundles)
      for (const trusted of [trust, now])
        expect((await verifyBundle(bundle, trusted)).checks.filter((one) => !one.ok)).toEqual([]);
    expect(now.logs).toEqual(trust.logs);
  });

  it('shows order, contract and statement to their people, and to nobody else', async () => {
    const client = await stage.as(buyer);
    const { items: orders } = await client.call(marketWire.listOrders, { query: {} });
    const order = await client.call(marketWire.readOrder, { params: { id: orders[0]!.id } });
    expect(order).toMatchObject({ state: 'settled', quantity: 40 });
    const contract = await client.call(agreementsWire.getContract, { params: { id: order.contract! } });
    expect(contract.current.signatures).toHaveLength(2);
    const finance = await stage.as('citylogistics.finance');
    const { items } = await finance.call(settlementWire.listStatements, { query: { order: order.id } });
    const statement = await finance.call(settlementWire.readStatement, { params: { id: items[0]!.id } });
    // 17 calls at 0.035 yuan, rounded once.
    expect(statement.total).toBe('60');
    const stranger = await stage.as('lawfirm.assessor');
    for (const call of [
      () => stranger.call(marketWire.readOrder, { params: { id: order.id } }),
      () => stranger.call(agreementsWire.getContract, { params: { id: order.contract! } }),
    ])
      await expect(call()).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });
  });

  it('goes on trading: a new order is signed and used, and its paper verifies', async () => {
    const client = await stage.as(buyer);
    const { items: orders } = await client.call(marketWire.listOrders, { query: {} });
    const listing = await client.call(marketWire.readListing, { params: { id: orders[0]!.listing } });
    const now = await stage.now();
    const day = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10);
    const scenario = await stateScenario(stage, buyer, {
      title: '升级之后的第二单',
      purposes: ['logistics'],
      endUser: '城配通达物流有限公司（样例）',
      personalData: false,
      onwardUse: '',
      licence: '',
      region: '430100',
      from: day(0),
      until: day(90),
      authorisation: '',
    });
    const order = await placeOrder(stage, buyer, { listing, scenario, quantity: 10, way: 'postpaid', months: 3 });
    const contract = await signBoth(stage, buyer, supplier, order.contract!);
    const developer = await stage.as('citylogistics.developer');
    const grant = await until('the grant', async () => {
      await exchange.settle();
      const { items } = await developer.call(deliveryWire.listGrants, { query: { contract: contract.id } });
      return items.find((one) => one.state === 'active' && one.lines[0]?.address);
    });
    const key = await developer.call(deliveryWire.createKey, { params: { id: grant.id }, body: { name: 'golden' } });
    const address = new URL(grant.lines[0]!.address!, exchange.url).toString().replace(/\/$/, '');
    const answer = await fetch(`${address}/430102`, { headers: { authorization: `Bearer ${key.secret}` } });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('芙蓉区')]);
    await until('the papers', async () => {
      await exchange.settle();
      const { rowCount } = await exchange.kernel.database.pool.query(
        'select 1 from papers where bundle_digest is null',
      );
      return rowCount === 0;
    });
    const bundles = await bundlesOf(exchange);
    const served = await trustServedBy(exchange);
    expect((await verifyBundle(bundles.at(-1)!, served)).checks.filter((one) => !one.ok)).toEqual([]);
  });
});

/** A table listed with a mark, through its whole trade: what a buyer downloaded and leaked in part names that buyer's contract. */

import { odrlFrom } from '@shugu/policy';
import * as casesWire from '@shugu/wire/cases';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as deliveryWire from '@shugu/wire/delivery';
import * as marketWire from '@shugu/wire/market';
import * as registryWire from '@shugu/wire/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Order } from '../../../cli/src/scenario/order.ts';
import {
  applyForListing,
  assess,
  draftProduct,
  type Listing,
  type ListingDraft,
  reviewListing,
} from '../../../cli/src/scenario/product.ts';
import { bringResource, until, upload } from '../../../cli/src/scenario/resource.ts';
import { divisionsListing, divisionsProduct, divisionsResource } from '../../../cli/src/trade/goods.ts';
import { lawFirm, refusal } from '../../src/market/testing.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { buyer, makeScene, type Scene, supplier } from './scene.ts';

const rowCount = 10_000;
const columns = ['trip', 'plate', 'city', 'weight', 'speed', 'seconds'];
const altered = { weight: '2', speed: '0.5', seconds: '30' };
const file = 'trips.csv';

const original: string[] = Array.from({ length: rowCount }, (_, at) =>
  [
    900_000 + at,
    `Z${10_000 + ((at * 31) % 9000)}`,
    ['长沙', '株洲', '湘潭'][at % 3],
    (at * 7919) % 40_000,
    (((at * 331) % 9000) / 100).toFixed(2),
    (at * 977) % 7_776_000,
  ].join(','),
);

let exchange: TestExchange;
let scene: Scene;
let listing: Listing;
let resource: string;
beforeAll(async () => {
  exchange = await testExchange();
  listing = await openShop();
  scene = makeScene(exchange, listing);
}, 240_000);
afterAll(() => exchange?.end());

/** Put up for sale as files and a table share, by a policy that declares the mark, promised to be renewed every other day. */
const openShop = async (): Promise<Listing> => {
  const { stage } = exchange;
  const described = (await divisionsResource()).fields;
  const bytes = Buffer.from([columns.join(','), ...original].join('\r\n'));
  const brought = await bringResource(
    stage,
    'xingsha.steward',
    { ...described, name: '货车轨迹' },
    { name: file, bytes },
  );
  const goods = divisionsProduct(brought.id);
  resource = brought.id;
  goods.version.serviceLevels = {
    ...{ availabilityPercent: null, latency: null, freshnessHours: 48, completenessPercent: null },
    credits: [],
  };
  const about = {
    ...goods.fields,
    kind: 'dataset',
    name: '货车轨迹',
    deliveryModes: ['file', 'share'],
  } as typeof goods.fields;
  const made = await draftProduct(stage, 'xingsha.steward', about, goods.version);
  return putUp(made.version, about.name);
};

const putUp = async (version: string, name: string): Promise<Listing> => {
  const { stage } = exchange;
  const report = await assess(stage, supplier, lawFirm, version, name);
  await (await exchange.as('xingsha.developer')).call(deliveryWire.putEndpoints, {
    params: { id: version },
    body: { endpoints: [{ kind: 'file' }, { kind: 'share' }] },
  });
  const policy = odrlFrom({
    actions: ['use', 'read'],
    purposes: ['logistics'],
    quotas: [],
    watermark: { altered, syntheticRows: 5 },
  } as never) as unknown as ListingDraft['policy'];
  return reviewListing(
    stage,
    await applyForListing(stage, supplier, {
      ...divisionsListing(version, report.id, await stage.now(), []),
      policy,
      deliveryModes: ['file', 'share'],
      plans: [
        { title: 'oneOff', plan: { kind: 'oneOff', price: '120.00' }, settlementWays: ['postpaid'], taxRate: '0.06' },
      ],
    }),
  );
};

const buy = async (): Promise<Order> => {
  const order = await scene.place('oneOff', 'postpaid');
  await scene.sign(order);
  await scene.rest();
  return order;
};

/** Rows of the copy that the buyer of an order downloads. */
const download = async (order: Order): Promise<string[]> => {
  const grant = (await scene.grantOf(order.contract!))!;
  const line = grant.lines.find(({ kind }) => kind === 'file');
  expect([line!.ready, line!.marked]).toEqual([true, true]);
  const client = await exchange.as('citylogistics.developer');
  const { secret } = await client.call(deliveryWire.createKey, { params: { id: grant.id }, body: { name: '下载' } });
  const answer = await fetch(`${exchange.url}/gateway/file/${grant.id}/${encodeURIComponent(line!.files![0]!.name)}`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  expect(answer.status).toBe(200);
  const [head, ...rows] = (await answer.text()).split('\r\n');
  expect(head).toBe(columns.join(','));
  return rows;
};

/** A hundredth of the rows in another order, without trip and speed. */
const partOf = (rows: readonly string[]): string =>
  [columns.join(','), ...rows.filter((_, at) => at % 100 === 37).toReversed()]
    .map((row) =>
      row
        .split(',')
        .filter((_, at) => at !== 0 && at !== 4)
        .join(','),
    )
    .join('\n');

const trace = async (login: string, body: string) =>
  (await exchange.as(login)).call(
    deliveryWire.runTrace,
    { query: { name: 'leak.csv' } },
    {
      rawBody: Buffer.from(body),
      headers: { 'content-type': 'application/octet-stream' },
    },
  );

test('the mark stands in the terms, the copy bears it, and a leaked hundredth names its contract', async () => {
  const [first, second] = [await buy(), await buy()];
  const contract = await scene.contract(second);
  expect(JSON.stringify(contract.current.terms.policy)).toContain('shugu:watermarkAlters');
  const copies = [await download(first), await download(second)];
  expect(copies[0]).not.toEqual(copies[1]);
  const known = new Set(original);
  for (const copy of copies) {
    expect(copy).toHaveLength(rowCount + 5);
    expect(copy.filter((row) => !known.has(row)).length).toBeGreaterThan(rowCount / 4);
  }

  const found = await trace(supplier, partOf(copies[1]!));
  expect(found.file.columns).toEqual(['plate', 'city', 'weight', 'seconds']);
  expect(found.named).toMatchObject([
    { contract: second.contract, buyer: { id: exchange.seeded.organisations.citylogistics } },
  ]);
  // Of the original, which nobody was given, it accuses no one; and it is not the buyer's to ask.
  expect((await trace(supplier, partOf(original))).named).toEqual([]);
  expect(await refusal(trace(buyer, partOf(copies[1]!)))).toMatch(/^(kernel|delivery)\./);
}, 240_000);

const send = (names: readonly string[], rows: readonly string[]) =>
  upload(exchange.stage, 'xingsha.steward', resource, {
    name: file,
    bytes: Buffer.from([names.join(','), ...rows].join('\r\n')),
  });

const noticesOf = async (login: string): Promise<string[]> =>
  (await (await exchange.as(login)).call(casesWire.cases.notices, { query: { limit: 100 } })).items
    .filter(({ subject }) => subject === listing.version)
    .map(({ text }) => text.zh);

test('who holds it is told once each that it is late, renewed, sold no more and followed by another; nobody else is', async () => {
  expect(await noticesOf(buyer)).toEqual([]);
  await scene.moveTo('2026-07-04T09:00:00+08:00');
  await scene.moveTo('2026-07-05T09:00:00+08:00');
  const late = expect.stringMatching(/晚于约定.*48 小时/);
  // Two grants, one organisation; its supplier hears it too.
  for (const login of [buyer, supplier]) expect(await noticesOf(login)).toEqual([late]);

  await send(columns, original.slice(0, 9000));
  const developer = await exchange.as('xingsha.developer');
  await until('newer data', () =>
    developer
      .call(deliveryWire.publishRevision, { params: { id: listing.version }, body: {} })
      .catch(() => exchange.settle().then(() => undefined)),
  );
  await scene.rest();
  expect(await noticesOf(buyer)).toEqual([expect.stringMatching(/已更新（第 1 次）/), late]);

  const down = { params: { id: listing.id }, body: { reason: '数据来源终止' } };
  await (await exchange.as(supplier)).call(marketWire.delistListing, down);
  await scene.rest();
  expect(await noticesOf(buyer)).toContainEqual(expect.stringMatching(/已下架.*数据来源终止/));

  // Another version, without the trip: who holds the first is told that it is not the same.
  const steward = await exchange.as('xingsha.steward');
  await send(
    columns.slice(1),
    original.map((row) => row.slice(row.indexOf(',') + 1)),
  );
  await until('the new data', async () => {
    await exchange.settle();
    const { content } = await steward.call(registryWire.getResource, { params: { id: resource } });
    return content?.state === 'ready' && content.columns.length === columns.length - 1;
  });
  const draft = {
    params: { id: listing.product },
    body: { note: '去除行程号', dictionary: [], declared: [], sampleRows: 0 },
  };
  const made = await steward.call(catalogueWire.createVersion, draft);
  await putUp(made.id, '货车轨迹');
  await scene.rest();
  expect(await noticesOf(buyer)).toContainEqual(expect.stringMatching(/已上架第 2 版，字段有不兼容的变化/));
  expect(await noticesOf(buyer)).toHaveLength(4);
  expect(await noticesOf(supplier)).toHaveLength(1);
  expect(await noticesOf('bank.trader')).toEqual([]);
}, 240_000);

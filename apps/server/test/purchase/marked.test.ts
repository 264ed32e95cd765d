/** A table listed with a mark, through its whole trade: what a buyer downloaded and leaked in part names that buyer's contract. */

import { odrlFrom } from '@shugu/policy';
import * as deliveryWire from '@shugu/wire/delivery';
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
import { bringResource } from '../../../cli/src/scenario/resource.ts';
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
beforeAll(async () => {
  exchange = await testExchange();
  scene = makeScene(exchange, await openShop());
}, 240_000);
afterAll(() => exchange?.end());

/** Put up for sale as files whose policy declares the mark. */
const openShop = async (): Promise<Listing> => {
  const { stage } = exchange;
  const described = (await divisionsResource()).fields;
  const bytes = Buffer.from([columns.join(','), ...original].join('\r\n'));
  const resource = await bringResource(
    stage,
    'xingsha.steward',
    { ...described, name: '货车轨迹' },
    { name: file, bytes },
  );
  const goods = divisionsProduct(resource.id);
  const about = { ...goods.fields, kind: 'dataset', name: '货车轨迹', deliveryModes: ['file'] } as typeof goods.fields;
  const made = await draftProduct(stage, 'xingsha.steward', about, goods.version);
  const report = await assess(stage, supplier, lawFirm, made.version, about.name);
  await (await exchange.as('xingsha.developer')).call(deliveryWire.putEndpoints, {
    params: { id: made.version },
    body: { endpoints: [{ kind: 'file' }] },
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
      ...divisionsListing(made.version, report.id, await stage.now(), []),
      policy,
      deliveryModes: ['file'],
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
  const [line] = grant.lines;
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
});

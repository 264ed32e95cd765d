/** A product whose resource nobody registered: listed on title proof and legal opinion, ordered, signed and used. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyForListing, assess, draftProduct, reviewListing } from '../../../cli/src/scenario/product.ts';
import { bringResource } from '../../../cli/src/scenario/resource.ts';
import { divisionsListing, divisionsProduct, divisionsResource } from '../../../cli/src/trade/goods.ts';
import { configureDelivery } from '../../../cli/src/trade/settle.ts';
import { lawFirm } from '../../src/market/testing.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { makeScene, supplier } from './scene.ts';

let exchange: TestExchange;
beforeAll(async () => {
  exchange = await testExchange();
}, 240_000);
afterAll(() => exchange.end());

test('from title proof to the first call: the contract names what it stands on', async () => {
  const { stage } = exchange;
  const { fields, file } = await divisionsResource();
  const resource = await bringResource(stage, 'xingsha.steward', fields, file);
  const goods = divisionsProduct(resource.id);
  const made = await draftProduct(stage, 'xingsha.steward', goods.fields, goods.version);
  const report = await assess(stage, supplier, lawFirm, made.version, goods.fields.name);
  const draft = divisionsListing(made.version, report.id, await stage.now(), []);
  const listing = await reviewListing(stage, await applyForListing(stage, supplier, draft));
  expect(listing).toMatchObject({ state: 'listed', basis: { kind: 'opinion', certificates: [] } });
  await exchange.settle();
  await configureDelivery(stage, made.product, made.version);

  const scene = makeScene(exchange, { ...listing, plans: [{ ...listing.plans[0]!, title: 'perCall' }] });
  const order = await scene.place('perCall', 'postpaid');
  const contract = await scene.sign(order);
  expect(contract.current.basis.map(({ kind, subject }) => [kind, subject])).toEqual([
    ['titleProof', ''],
    ['complianceReport', ''],
  ]);
  expect(contract.until! <= report.validUntil).toBe(true);
  await scene.rest();
  expect(await scene.call(order, 1)).toEqual([200]);
});

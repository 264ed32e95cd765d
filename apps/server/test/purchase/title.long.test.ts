/** A product whose resource nobody registered: listed on title proof and legal opinion, ordered, signed and used. */
import * as agreementsWire from '@shugu/wire/agreements';
import * as deliveryWire from '@shugu/wire/delivery';
import * as kernelWire from '@shugu/wire/kernel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyForListing, assess, draftProduct, reviewListing } from '../../../cli/src/scenario/product.ts';
import { bringResource, until } from '../../../cli/src/scenario/resource.ts';
import { divisionsListing, divisionsProduct, divisionsResource } from '../../../cli/src/trade/goods.ts';
import { configureDelivery } from '../../../cli/src/trade/settle.ts';
import { lawFirm } from '../../src/market/testing.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { buyer, makeScene, supplier } from './scene.ts';

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
  draft.deliveryModes = ['api', 'file'];
  const listing = await reviewListing(stage, await applyForListing(stage, supplier, draft));
  expect(listing).toMatchObject({ state: 'listed', basis: { kind: 'opinion', certificates: [] } });
  await exchange.settle();
  await configureDelivery(stage, made.product, made.version);
  await (await exchange.as('xingsha.developer')).call(deliveryWire.putEndpoints, {
    params: { id: made.version },
    body: { endpoints: [{ kind: 'file' }] },
  });
  // Its file is a table whose copies can be marked for each buyer; with a look-up beside it they could not.
  const offer = {
    productVersion: made.version,
    policy: {
      profile: 'urn:shugu:policy:1:',
      permission: [
        { action: 'use', constraint: [{ leftOperand: 'shugu:watermarkRows', operator: 'lteq', rightOperand: '5' }] },
      ],
    },
    price: { ...listing.plans[0]! } as never,
  };
  const trader = await exchange.as(supplier);
  const marked = await trader.call(agreementsWire.createOffer, { body: { ...offer, deliveryModes: ['file'] } });
  expect(marked.deliveryModes).toEqual(['file']);
  const both = trader.call(agreementsWire.createOffer, { body: { ...offer, deliveryModes: ['api', 'file'] } });
  await expect(both).rejects.toMatchObject({ problem: { code: 'agreements.policyNotEnforceable' } });

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

  // What is delivered is noted as it is, files by digest; the note bears the operator's seal beside both sides'.
  const { delivery } = await scene.act(supplier, 'deliver', order.id);
  const [api, ...files] = delivery!.items;
  expect(api).toMatchObject({ kind: 'api', text: expect.stringContaining('/gateway/') });
  expect(files.map(({ kind }) => kind)).toEqual(['file']);
  expect(files[0]!.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  const accepted = await scene.act(buyer, 'accept', order.id);
  const note = accepted.papers.find(({ kind }) => kind === 'acceptanceNote')!;
  const client = await exchange.as(buyer);
  await until('the note', async () => (await client.call(kernelWire.paperRead, { params: { id: note.id } })).ready);
  const bundle = await (await client.raw(kernelWire.paperBundle, { params: { id: note.id } })).text();
  expect(bundle).toContain(files[0]!.digest);
  expect([...bundle.matchAll(/"role":"(\w+)"/g)].map(([, role]) => role)).toEqual(['operator', 'buyer', 'supplier']);
});

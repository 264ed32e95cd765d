/** From a certificate down: a seizure stops what stands on the right, its lifting frees it; the trace of the whole chain. */
import * as deliveryWire from '@shugu/wire/delivery';
import * as marketWire from '@shugu/wire/market';
import * as registryWire from '@shugu/wire/registry';
import * as wire from '@shugu/wire/supervision';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeOrder, signBoth, stateScenario } from '../../../cli/src/scenario/order.ts';
import type { Listing } from '../../../cli/src/scenario/product.ts';
import { makeWalk } from '../../../cli/src/steps.ts';
import { makeFolder } from '../../../cli/src/trade/folder.ts';
import { configureDelivery } from '../../../cli/src/trade/settle.ts';
import { list } from '../../../cli/src/trade/walk.ts';
import { registered } from '../../test/purchase/scene.ts';
import { exchangeIn, type TestExchange } from '../../test/support/exchange.ts';
import { sql } from '../kernel/db/db.ts';
import { buyer, refusal, scenarioOf, supplier } from '../market/testing.ts';

let exchange: TestExchange;
let code: string;
let resource: string;
let goods: { listing: string; product: string };
let listing: Listing;

beforeAll(async () => {
  const opened = await exchangeIn(registered);
  exchange = opened;
  ({ code, resource } = opened.given);
  const { stage, home } = opened;
  const made = await list({ stage, walk: makeWalk('en'), folder: makeFolder(home), suite: 'intl' }, resource);
  listing = made.listing;
  await configureDelivery(exchange.stage, made.product.product, made.product.version);
  goods = { listing: listing.id, product: listing.product };
}, 600_000);
afterAll(() => exchange?.end());

const listingState = async () =>
  (await (await exchange.as(supplier)).call(marketWire.readListing, { params: { id: goods.listing } })).state;
const stopped = async () =>
  (
    await exchange.exchange.kernel.database.rows(
      sql`select 1 from delivery_suspensions where target = ${goods.product} and lifted_at is null`,
    )
  ).length;

test('a seizure stops listing and use until it is lifted; a trace from the certificate shows all of it', async () => {
  const registrar = await exchange.as('registrar.reviewer');
  const { kernel, rooms } = exchange.exchange;
  const rights = await rooms.registry.rightsOf(kernel.database, resource);
  const own = exchange.seeded.organisations.xingsha;
  const right = rights.find((one) => one.right === 'operate' && one.participant === own)!;
  const remark = await registrar.call(registryWire.addRemark, {
    params: { id: right.id },
    body: { kind: 'seizure', text: '查封裁定', basis: '（2026）样0001执保1号', until: null },
  });
  await exchange.settle();
  expect(await listingState()).toBe('suspended');
  expect(await stopped()).toBe(1);
  await registrar.call(registryWire.liftRemark, { params: { id: remark.id }, body: { reason: '解除裁定' } });
  await exchange.settle();
  expect(await stopped()).toBe(0);
  // The operator resumes the listing by hand.
  expect(await listingState()).toBe('suspended');
  await (await exchange.as('operator.approver')).call(marketWire.resumeListing, {
    params: { id: goods.listing },
    body: { reason: '查封已解除' },
  });
  await exchange.settle();
  expect(await listingState()).toBe('listed');

  const regulator = await exchange.as('regulator.officer');
  const seen = await regulator.call(wire.trace, { params: { code } });
  expect(seen).toMatchObject({
    start: { kind: 'certificate', code },
    resources: [{ id: resource }],
    certificates: [{ code, state: 'valid' }],
    products: [{ id: goods.product }],
    versions: [{ product: goods.product, resources: [resource] }],
    listings: [{ id: goods.listing, state: 'listed' }],
    orders: [],
    cut: [],
  });
  expect(seen.rights).toHaveLength(rights.length);
  const up = await regulator.call(wire.trace, { params: { code: seen.listings[0]!.number! } });
  expect(up.certificates).toEqual(seen.certificates);
});

test('a freeze of the contract stops its use at the gateway, and its lifting opens it again', async () => {
  const { stage } = exchange;
  const scenario = await stateScenario(stage, buyer, scenarioOf({ region: '430100' }));
  const order = await placeOrder(stage, buyer, { listing, scenario, quantity: 10, way: 'postpaid', months: 6 });
  await signBoth(stage, buyer, supplier, order.contract!);
  await exchange.settle();
  const client = await exchange.as(buyer);
  const grant = async () =>
    (await client.call(deliveryWire.listGrants, { query: { contract: order.contract! } })).items[0]!;
  const { id, state } = await grant();
  expect(state).toBe('active');
  const { secret } = await client.call(deliveryWire.createKey, { params: { id }, body: { name: '监管试验' } });
  const use = async () =>
    (
      await fetch(`${exchange.url}/gateway/api/${id}/430100`, {
        headers: { authorization: `Bearer ${secret}`, 'x-purpose': 'logistics' },
      })
    ).status;
  expect(await use()).toBe(200);

  const [officer, second] = [await exchange.as('regulator.officer'), await exchange.as('regulator.admin')];
  const frozen = await officer.call(wire.createDirective, {
    body: {
      target: { kind: 'contract', id: order.contract! },
      measure: 'freeze',
      emergency: true,
      basis: '数据安全法',
      reason: '疑似超范围使用',
    },
  });
  expect(frozen).toMatchObject({ state: 'effective', effect: { grants: 1, listings: 0 } });
  expect(frozen.addressees.map((one) => one.id).sort()).toEqual(
    [exchange.seeded.organisations.xingsha!, exchange.seeded.organisations.citylogistics!].sort(),
  );
  // At once: nothing was waited for.
  expect(await use()).toBe(403);
  expect((await grant()).state).toBe('suspended');
  const lifting = { params: { id: frozen.id }, body: { basis: '数据安全法', reason: '查无问题' } };
  const proposed = await officer.call(wire.liftDirective, lifting);
  expect(await refusal(officer.call(wire.liftDirective, lifting))).toBe('supervision.wrongState');
  expect(await use()).toBe(403);
  await second.call(wire.confirmDirective, { params: { id: proposed.id }, body: {} });
  // What opens may take the gateway's next comparison; what stops may not.
  await exchange.settle();
  expect((await grant()).state).toBe('active');
  expect(await use()).toBe(200);
  await exchange.exchange.rooms.metering.flush();
  const seen = await officer.call(wire.trace, { params: { code: order.number } });
  expect(seen.usage).toMatchObject([{ grant: id, calls: '2' }]);
  expect(seen.directives.map((one) => one.state)).toEqual(['lifted', 'done']);
});

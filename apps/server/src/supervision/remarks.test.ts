/** From a certificate down: a seizure stops what stands on the right, its lifting frees it; the trace of the whole chain. */
import * as marketWire from '@shugu/wire/market';
import * as registryWire from '@shugu/wire/registry';
import * as wire from '@shugu/wire/supervision';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWalk } from '../../../cli/src/steps.ts';
import { makeFolder } from '../../../cli/src/trade/folder.ts';
import { list, register } from '../../../cli/src/trade/walk.ts';
import { type TestExchange, testExchange } from '../../test/support/exchange.ts';
import { sql } from '../kernel/db/db.ts';
import { supplier } from '../market/testing.ts';

let exchange: TestExchange;
let code: string;
let resource: string;
let goods: { listing: string; product: string };

beforeAll(async () => {
  exchange = await testExchange();
  const { suite } = exchange.exchange.kernel.config;
  const trade = {
    stage: exchange.stage,
    walk: makeWalk('en', true),
    folder: makeFolder(exchange.home),
    setupToken: '',
    suite,
  };
  const registered = await register(trade);
  code = registered.certificate.code;
  resource = registered.resource.id;
  const { listing } = await list(trade, resource);
  goods = { listing: listing.id, product: listing.product };
}, 180_000);
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

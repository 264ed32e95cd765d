/** For tests: goods on a right or on proof of title, and what was bought of them. */
import type { Client } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import { cases as caseWire } from '@shugu/wire/cases';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as deliveryWire from '@shugu/wire/delivery';
import * as marketWire from '@shugu/wire/market';
import * as registryWire from '@shugu/wire/registry';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { placeOrder, signBoth, stateScenario } from '../../../cli/src/scenario/order.ts';
import {
  applyForListing,
  assess,
  draftProduct,
  type Listing,
  reviewListing,
} from '../../../cli/src/scenario/product.ts';
import { settleWhole, type TestExchange, testExchange } from '../../test/support/exchange.ts';
import type { SimulatedClock } from '../kernel/clock.ts';
import { buyer, listingOf as draftOf, lawFirm, policyOf, scenarioOf, supplier } from '../market/testing.ts';
import { freight, type Rig, upload } from '../registry/testing.server.ts';

export let exchange: TestExchange;
export let rig: Rig;
export let steward: Client;

export const settle = () => settleWhole(exchange);

export const moveTo = async (moment: string) => {
  (exchange.exchange.kernel.clock as SimulatedClock).moveTo(new Date(moment));
  await settle();
  steward = await exchange.as('xingsha.steward');
};

/** Accounts at the bank only where money moves: every day that passes is compared with it. */
export const onExchange = (name: string, options: { accounts?: boolean }, tests: () => void) =>
  describe(name, () => {
    beforeAll(async () => {
      exchange = await testExchange(options);
      rig = { as: exchange.as, cast: exchange.seeded, settle };
      steward = await exchange.as('xingsha.steward');
      await settle();
    }, 180_000);
    afterAll(() => exchange?.end());
    tests();
  });

export const table = Buffer.from(
  `code,index\n${Array.from({ length: 30 }, (_, row) => `C${100 + row},${row}.5`).join('\n')}\n`,
);

export let resources = 0;
export const newResource = async (): Promise<string> => {
  const { id } = await steward.call(registryWire.createResource, {
    body: { ...freight, name: `2025年湘样省运价指数表${++resources}` },
  });
  await upload(rig as never, steward, id, table, '运价.csv');
  return id;
};

export interface Goods {
  listing: Listing;
  product: string;
  version: string;
}

export const policyUntil = (days: number) => {
  const end = new Date(exchange.exchange.kernel.clock.now().getTime() + days * 86_400_000);
  return policyOf([{ leftOperand: 'dateTime', operator: 'lt', rightOperand: end.toISOString() }]);
};

/** On the market with an API by code: what its ground is depends on whether the resource is registered. */
export const listed = async (resource: string): Promise<Goods> => {
  const name = `运价指数${resources}`;
  const made = await draftProduct(
    exchange.stage,
    supplier,
    {
      kind: 'dataset',
      name,
      summary: '全省道路货运的月度价格指数',
      description: '按线路统计的运价指数，适用于价格监测。',
      resources: [resource],
      industry: 'G54',
      region: '430100',
      keywords: ['运价'],
      scenarios: ['价格监测'],
      deliveryModes: ['api'],
      updateCycle: 'monthly',
      coverageFrom: null,
      coverageUntil: null,
      language: 'zh',
    },
    { note: '', dictionary: [], declared: [], sampleRows: 0 },
  );
  const report = await assess(exchange.stage, supplier, lawFirm, made.version, name);
  const draft = draftOf(made.version, report.id, {
    policy: policyUntil(3000) as never,
    plans: [
      {
        title: '按次',
        plan: { kind: 'perCall', unitPrice: '1.5' },
        settlementWays: ['custody', 'direct'],
        taxRate: '0.06',
      },
    ],
    deliveryModes: ['api'],
    split: [],
  });
  const applied = await applyForListing(exchange.stage, supplier, draft);
  const listing = await reviewListing(exchange.stage, applied);
  await settle();
  const seen = await (await exchange.as(supplier)).call(catalogueWire.getVersion, {
    params: { id: made.product, version: made.version },
  });
  await (await exchange.as('xingsha.developer')).call(deliveryWire.putEndpoints, {
    params: { id: made.version },
    body: { endpoints: [{ kind: 'api', table: seen.tables[0]!.name, keyColumns: ['code'] }] },
  });
  await settle();
  return { listing, product: made.product, version: made.version };
};

export interface Deal {
  order: string;
  contract: string;
  use(): Promise<number>;
}

export const keyed = async (grantOf: { contract?: string; product?: string }): Promise<() => Promise<number>> => {
  const client = await exchange.as(buyer);
  const { items } = await client.call(deliveryWire.listGrants, { query: {} });
  const grant = items.find((one) =>
    grantOf.contract ? one.contract === grantOf.contract : one.trial && one.product === grantOf.product,
  )!;
  const { secret } = await client.call(deliveryWire.createKey, { params: { id: grant.id }, body: { name: '试验' } });
  await settle();
  return async () =>
    (
      await fetch(`${exchange.url}/gateway/api/${grant.id}/C101`, {
        headers: { authorization: `Bearer ${secret}`, 'x-purpose': 'logistics' },
      })
    ).status;
};

export const bought = async (goods: Goods, way: 'custody' | 'direct' = 'direct', months = 6): Promise<Deal> => {
  const scenario = await stateScenario(exchange.stage, buyer, scenarioOf({ region: '430100', until: '2040-01-01' }));
  const order = await placeOrder(exchange.stage, buyer, {
    listing: goods.listing,
    scenario,
    quantity: 10,
    way,
    months,
  });
  await signBoth(exchange.stage, buyer, supplier, order.contract!);
  await settle();
  const use = await keyed({ contract: order.contract! });
  expect(await use()).toBe(200);
  return { order: order.id, contract: order.contract!, use };
};

export const listingOf = async ({ listing }: Goods) =>
  (await exchange.as(supplier)).call(marketWire.readListing, { params: { id: listing.id } });
export const contractOf = async ({ contract }: Deal) =>
  (await exchange.as(buyer)).call(agreementsWire.getContract, { params: { id: contract } });
export const orderOf = async ({ order }: Deal) =>
  (await exchange.as(buyer)).call(marketWire.readOrder, { params: { id: order } });
export const noticesOf = async (login: string, subject: string) => {
  const { items } = await (await exchange.as(login)).call(caseWire.notices, { query: { limit: 100 } });
  return items.filter((one) => one.subject === subject && one.case === null).map((one) => one.text.zh);
};
export const cancelBy = async (code: string) => {
  const params = { code };
  const body = { ground: 'law' as const, reason: '依法注销' };
  await (await exchange.as('registrar.reviewer')).call(registryWire.proposeCancellation, { params, body });
  await (await exchange.as('registrar.reviewer2')).call(registryWire.confirmCancellation, { params, body: {} });
  await settle();
};
export const state = async (goods: Goods, deal: Deal) => [
  (await listingOf(goods)).state,
  (await contractOf(deal)).state,
  await deal.use(),
];
export const standing = ['listed', 'effective', 200];
export const ended = ['suspended', 'basisEnded', 403];

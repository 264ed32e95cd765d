/** A contract may not outlast what it stands on: rights cancelled, transferred, expired, renewed, doubled; reports and proof of title. */
import type { Client } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import { cases as caseWire } from '@shugu/wire/cases';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as deliveryWire from '@shugu/wire/delivery';
import * as marketWire from '@shugu/wire/market';
import * as marketMoreWire from '@shugu/wire/market-more';
import * as registryWire from '@shugu/wire/registry';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
import { buyer, listingOf as draftOf, lawFirm, policyOf, refusal, scenarioOf, supplier } from '../market/testing.ts';
import {
  approveLater,
  certificateFor,
  creditCode,
  freight,
  laterCase,
  mapping,
  move,
  type Rig,
  review,
  upload,
  xingsha,
} from '../registry/testing.server.ts';

let exchange: TestExchange;
let rig: Rig;
let steward: Client;

const settle = () => settleWhole(exchange);

const moveTo = async (moment: string) => {
  (exchange.exchange.kernel.clock as SimulatedClock).moveTo(new Date(moment));
  await settle();
  steward = await exchange.as('xingsha.steward');
};

/** Accounts at the bank only where money moves: every day that passes is compared with it. */
const onExchange = (name: string, options: { accounts?: boolean }, tests: () => void) =>
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

const table = Buffer.from(
  `code,index\n${Array.from({ length: 30 }, (_, row) => `C${100 + row},${row}.5`).join('\n')}\n`,
);

let resources = 0;
const newResource = async (): Promise<string> => {
  const { id } = await steward.call(registryWire.createResource, {
    body: { ...freight, name: `2025年湘样省运价指数表${++resources}` },
  });
  await upload(rig as never, steward, id, table, '运价.csv');
  return id;
};

interface Goods {
  listing: Listing;
  product: string;
  version: string;
}

const policyUntil = (days: number) => {
  const end = new Date(exchange.exchange.kernel.clock.now().getTime() + days * 86_400_000);
  return policyOf([{ leftOperand: 'dateTime', operator: 'lt', rightOperand: end.toISOString() }]);
};

/** On the market with an API by code: what its ground is depends on whether the resource is registered. */
const listed = async (resource: string): Promise<Goods> => {
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

interface Deal {
  order: string;
  contract: string;
  use(): Promise<number>;
}

const keyed = async (grantOf: { contract?: string; product?: string }): Promise<() => Promise<number>> => {
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

const bought = async (goods: Goods, way: 'custody' | 'direct' = 'direct', months = 6): Promise<Deal> => {
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

const listingOf = async ({ listing }: Goods) =>
  (await exchange.as(supplier)).call(marketWire.readListing, { params: { id: listing.id } });
const contractOf = async ({ contract }: Deal) =>
  (await exchange.as(buyer)).call(agreementsWire.getContract, { params: { id: contract } });
const orderOf = async ({ order }: Deal) =>
  (await exchange.as(buyer)).call(marketWire.readOrder, { params: { id: order } });
const noticesOf = async (login: string, subject: string) => {
  const { items } = await (await exchange.as(login)).call(caseWire.notices, { query: { limit: 100 } });
  return items.filter((one) => one.subject === subject && one.case === null).map((one) => one.text.zh);
};
const cancelBy = async (code: string) => {
  const params = { code };
  const body = { ground: 'law' as const, reason: '依法注销' };
  await (await exchange.as('registrar.reviewer')).call(registryWire.proposeCancellation, { params, body });
  await (await exchange.as('registrar.reviewer2')).call(registryWire.confirmCancellation, { params, body: {} });
  await settle();
};
const state = async (goods: Goods, deal: Deal) => [
  (await listingOf(goods)).state,
  (await contractOf(deal)).state,
  await deal.use(),
];
const standing = ['listed', 'effective', 200];
const ended = ['suspended', 'basisEnded', 403];

onExchange('where money is held', { accounts: true }, () => {
  test('a certificate cancelled by two registrars stops listing, trial, contract and use; used calls are paid, the rest goes back', async () => {
    const finance = await exchange.as('citylogistics.finance');
    await finance.call(settlementWire.simulateDeposit, { body: { amountFen: '100000' } });
    const resource = await newResource();
    const code = await certificateFor(rig, steward, resource);
    const goods = await listed(resource);
    const client = await exchange.as(buyer);
    await client.call(marketMoreWire.requestTrial, { params: { id: goods.listing.id }, body: {} });
    await settle();
    const tried = await keyed({ product: goods.product });
    expect(await tried()).toBe(200);
    const deal = await bought(goods, 'custody');
    expect(await deal.use()).toBe(200);
    const waiting = await placeOrder(exchange.stage, buyer, {
      listing: goods.listing,
      scenario: await stateScenario(exchange.stage, buyer, scenarioOf({ region: '430100' })),
      quantity: 1,
      way: 'direct',
      months: 1,
    });
    expect(await state(goods, deal)).toEqual(standing);
    const before = await finance.call(settlementWire.readAccount, {});
    expect(before.funds).toMatchObject({ held: '1500', available: '98500' });

    await cancelBy(code);
    expect(await state(goods, deal)).toEqual(ended);
    expect(await tried()).toBe(403);
    expect((await contractOf({ ...deal, contract: waiting.contract! })).state).toBe('basisEnded');
    expect((await orderOf({ ...deal, order: waiting.id })).state).toBe('cancelled');
    expect(await orderOf(deal)).toMatchObject({ state: 'closed' });
    const { database } = exchange.exchange.kernel;
    // The bank answers in its own time.
    const settled = async () => {
      await settle();
      return exchange.exchange.rooms.market.order(database, deal.order);
    };
    await expect
      .poll(settled, { timeout: 30_000 })
      .toMatchObject({ settled_fen: 450, papers: [{ kind: 'tradeConfirmation' }] });
    // Three calls at 1.5 yuan: 4.50 of the 15.00 held.
    expect((await finance.call(settlementWire.readAccount, {})).funds).toMatchObject({ held: '0', available: '99550' });
    for (const login of [buyer, supplier])
      expect(await noticesOf(login, deal.contract)).toMatchObject([expect.stringContaining('经营权登记已注销')]);
    expect(await noticesOf(supplier, goods.listing.id)).toMatchObject([expect.stringContaining('已暂停上架')]);
    expect(await noticesOf(buyer, goods.listing.id)).toEqual([]);
    const approver = await exchange.as('operator.approver');
    const resume = () =>
      approver.call(marketWire.resumeListing, { params: { id: goods.listing.id }, body: { reason: '试' } });
    expect(await refusal(resume())).toContain('rightMissing');

    // A new registration bears the listing again; what ended stays ended.
    const again = await certificateFor(rig, steward, resource);
    await resume();
    await settle();
    expect(await listingOf(goods)).toMatchObject({ state: 'listed' });
    expect(again).not.toBe(code);
    expect((await contractOf(deal)).state).toBe('basisEnded');
  }, 120_000);
});

onExchange('rights, reports and proof of title', {}, () => {
  test('a transfer of the right to operate stops what stood on it', async () => {
    const resource = await newResource();
    const code = await certificateFor(rig, steward, resource);
    const goods = await listed(resource);
    const deal = await bought(goods);
    const transfer = async (right: string) => {
      const form = {
        transferor: [{ name: xingsha.name, code: creditCode.xingsha }],
        transferee: [{ name: mapping.name, code: creditCode.mapping }],
        transfereeMember: [exchange.seeded.organisations.mapping!],
        rights: [{ right }],
        limits: '无',
        noNotice: true,
      };
      const id = await laterCase(rig, steward, 'registration.transfer', code, form, ['identity', 'transferContract']);
      await move(steward, id, 'submit');
      await move(await exchange.as('mapping.trader'), id, 'join');
      await review(rig, id);
      await move(await exchange.as('registrar.reviewer'), id, 'exemptFromNotice', { input: { reason: '双方一致' } });
      await settle();
      await move(await exchange.as('registrar.clerk'), id, 'certify');
      await settle();
    };
    // Nothing is sold by the right to use.
    await transfer('use');
    expect(await state(goods, deal)).toEqual(standing);
    await transfer('operate');
    expect(await state(goods, deal)).toEqual(ended);
    expect(await noticesOf(buyer, deal.contract)).toMatchObject([expect.stringContaining('经营权已转让')]);
  }, 120_000);

  test('another right of the supplier on the same data bears listing and contracts until it ends too', async () => {
    const resource = await newResource();
    const first = await certificateFor(rig, steward, resource);
    const second = await certificateFor(rig, steward, resource);
    const goods = await listed(resource);
    const deal = await bought(goods);
    await cancelBy(first);
    expect(await state(goods, deal)).toEqual(standing);
    expect(
      (await exchange.exchange.rooms.market.listing(exchange.exchange.kernel.database, goods.listing.id))!.basis
        .certificates,
    ).toEqual([second]);
    await cancelBy(second);
    expect(await state(goods, deal)).toEqual(ended);
  }, 120_000);

  test('a right with a term of its own ends at midnight after its last day', async () => {
    const resource = await newResource();
    const rights = [
      { holder: xingsha.name, code: creditCode.xingsha, right: 'hold', limits: '无', proof: '自行采集' },
      {
        holder: xingsha.name,
        code: creditCode.xingsha,
        right: 'operate',
        to: '2026-09-30',
        limits: '无',
        proof: '自行采集',
      },
    ];
    const code = await certificateFor(rig, steward, resource, { rights });
    const goods = await listed(resource);
    const deal = await bought(goods);
    expect((await contractOf(deal)).until).toBe('2026-09-30T16:00:00.000Z');
    await moveTo('2026-09-30T23:59:00+08:00');
    expect(await state(goods, deal)).toEqual(standing);
    await moveTo('2026-10-01T00:00:00+08:00');
    expect(await state(goods, deal)).toEqual(['suspended', 'expired', 403]);
    expect((await exchange.anyone.call(registryWire.getCertificate, { params: { code } })).state).toBe('valid');
    // Two calls were used before the end, in July and September, and nothing was accepted: they are billed.
    expect(await orderOf(deal)).toMatchObject({ state: 'closed' });
    const { items } = await (await exchange.as('citylogistics.finance')).call(settlementWire.listStatements, {
      query: {},
    });
    const billed = items.filter((one) => one.order === deal.order).map((one) => Number(one.total));
    expect(billed.reduce((sum, fen) => sum + fen, 0)).toBe(300);
  }, 120_000);

  test('without a certificate, listing and contract stand on the law firm’s opinion, and end with it', async () => {
    const resource = await newResource();
    const goods = await listed(resource);
    const deal = await bought(goods, 'direct', 24);
    const contract = await contractOf(deal);
    expect(contract.current!.basis).toMatchObject([
      { kind: 'titleProof', subject: '', until: null },
      { kind: 'complianceReport' },
    ]);
    // The opinion is good for 330 days: the contract cannot be longer, whatever was asked.
    const end = new Date(contract.current!.basis[1]!.until!);
    expect(contract.until).toBe(end.toISOString());
    await moveTo(new Date(end.getTime() - 60_000).toISOString());
    expect(await state(goods, deal)).toEqual(standing);
    await moveTo(end.toISOString());
    expect(await state(goods, deal)).toEqual(['suspended', 'expired', 403]);
    expect(await noticesOf(supplier, goods.listing.id)).toMatchObject([expect.stringContaining('已过有效期')]);
  }, 120_000);

  test('a compliance report that ends takes the listing with it on the day, though the certificate stands', async () => {
    const resource = await newResource();
    const code = await certificateFor(rig, steward, resource);
    const goods = await listed(resource);
    const deal = await bought(goods, 'direct', 24);
    const basis = (await contractOf(deal)).current!.basis;
    expect(basis.map((one) => one.kind).sort()).toEqual(['complianceReport', 'operatingRight']);
    const end = new Date(basis.find((one) => one.kind === 'complianceReport')!.until!);
    await moveTo(new Date(end.getTime() - 60_000).toISOString());
    expect(await state(goods, deal)).toEqual(standing);
    await moveTo(end.toISOString());
    expect(await state(goods, deal)).toEqual(['suspended', 'expired', 403]);
    expect((await exchange.anyone.call(registryWire.getCertificate, { params: { code } })).state).toBe('valid');
  }, 120_000);
});

onExchange('after five years', {}, () => {
  test('a certificate that is not renewed ends with its last day; one renewed in time carries everything on', async () => {
    const [lost, kept] = [await newResource(), await newResource()];
    const code = await certificateFor(rig, steward, lost);
    const renewedCode = await certificateFor(rig, steward, kept);
    const { validUntil } = await exchange.anyone.call(registryWire.getCertificate, { params: { code } });
    const end = new Date(validUntil);
    await moveTo(new Date(end.getTime() - 60 * 86_400_000).toISOString());
    const goods = await listed(lost);
    const going = await listed(kept);
    const deal = await bought(goods);
    expect((await contractOf(deal)).until).toBe(validUntil);
    expect((await listingOf(going)).standsUntil).toBe(validUntil);

    const renewal = await laterCase(rig, steward, 'registration.renewal', renewedCode, {
      years: 5,
      rightsKept: ['hold', 'use', 'operate'],
    });
    await move(steward, renewal, 'submit');
    await approveLater(rig, renewal);
    expect(Date.parse((await listingOf(going)).standsUntil!)).toBeGreaterThan(end.getTime());
    const carried = await bought(going);
    expect(Date.parse((await contractOf(carried)).until!)).toBeGreaterThan(end.getTime());

    await moveTo(new Date(end.getTime() - 60_000).toISOString());
    expect(await state(goods, deal)).toEqual(standing);
    await moveTo(validUntil);
    expect(await state(goods, deal)).toEqual(['suspended', 'expired', 403]);
    expect((await exchange.anyone.call(registryWire.getCertificate, { params: { code } })).state).toBe('expired');
    expect(await state(going, carried)).toEqual(standing);
  }, 180_000);
});

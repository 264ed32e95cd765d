/** Demands, quotations, enquiries and trials through the door. */
import * as wire from '@shugu/wire/market';
import * as more from '@shugu/wire/market-more';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listing } from '../../../../cli/src/scenario/product.ts';
import { type TestExchange, testExchange } from '../../../test/support/exchange.ts';
import { buyer, listed, policyOf, refusal, scenarioOf, supplier } from '../testing.ts';

let exchange: TestExchange;
let listing: Listing;

beforeAll(async () => {
  exchange = await testExchange();
  listing = await listed(exchange, {}, {
    deliveryModes: ['file', 'api'],
    plans: [{ title: '面议', plan: { kind: 'quotation' }, settlementWays: ['direct'], taxRate: '0.06' }],
  } as never);
}, 120_000);
afterAll(() => exchange.end());

const wish = {
  title: '求购干线运价数据',
  description: '近三年、按线路、月度更新',
  industry: 'G54',
  region: '430000',
  deliveryModes: ['file' as const],
  purposes: ['logistics'],
  budgetMax: '5000000',
  openUntil: '2026-07-20',
};
const as = (login: string) => exchange.as(login);
const draft = async (login = buyer, over = {}) =>
  (await as(login)).call(more.createDemand, { body: { ...wish, ...over } });
const publish = async (id: string, login = buyer) =>
  (await as(login)).call(more.publishDemand, { params: { id }, body: {} });
const published = async () => publish((await draft()).id);
const quote = async (over: object, login = supplier) =>
  (await as(login)).call(more.createQuotation, {
    body: {
      demand: null,
      enquiry: null,
      listing: null,
      plan: { kind: 'oneOff', price: '8800.00' },
      taxRate: '0.06',
      settlementWays: ['direct'],
      note: '含两次更新',
      ...over,
    } as never,
  });
const answer = async (verb: 'accept' | 'decline' | 'withdraw', id: string, login = buyer) =>
  (await as(login)).call(
    { accept: more.acceptQuotation, decline: more.declineQuotation, withdraw: more.withdrawQuotation }[verb],
    { params: { id }, body: {} },
  );
const readDemand = async (id: string, login?: string) =>
  (login ? await as(login) : exchange.anyone).call(more.readDemand, { params: { id } });

test('a draft is its owner’s alone; published it is in the hall for everybody', async () => {
  const made = await draft();
  expect(made).toMatchObject({ state: 'draft', next: { who: 'buyer' } });
  expect(await refusal(readDemand(made.id))).toBe('kernel.unknown');
  expect(await refusal(readDemand(made.id, supplier))).toBe('kernel.unknown');
  expect(await refusal(publish(made.id, 'bank.trader'))).toBe('kernel.unknown');
  const hall = async () => (await exchange.anyone.call(more.listDemands, { query: {} })).items.map((one) => one.id);
  expect(await hall()).not.toContain(made.id);
  const changed = await (await as(buyer)).call(more.changeDemand, {
    params: { id: made.id },
    body: { ...wish, title: '求购运价' },
  });
  expect(changed.title).toBe('求购运价');
  expect(await publish(made.id)).toMatchObject({ state: 'published', next: { who: 'supplier' } });
  expect(await hall()).toContain(made.id);
  expect(await refusal(publish(made.id))).toBe('market.wrongState');
  expect(await refusal(exchange.anyone.call(more.listDemands, { query: { mine: 'true' } }))).toBe('kernel.notSignedIn');
  expect(await refusal(draft(buyer, { openUntil: '2026-06-01' }))).toMatch(/^kernel\.invalid/);
  expect(await refusal(draft('citylogistics.finance'))).toBe('kernel.notPermitted');
});

test('quotations are seen by their two sides; accepting one declines the others', async () => {
  const demand = await published();
  expect(await refusal(quote({ demand: demand.id }, buyer))).toBe('kernel.notPermitted');
  const [first, second] = [
    await quote({ demand: demand.id, listing: listing.id }),
    await quote({ demand: demand.id }, 'mapping.trader'),
  ];
  expect(await refusal(quote({ demand: demand.id }))).toBe('market.alreadyQuoted');
  const read = async (login: string, id: string) => (await as(login)).call(more.readQuotation, { params: { id } });
  expect(await refusal(read('mapping.trader', first.id))).toBe('kernel.unknown');
  expect((await read(buyer, second.id)).state).toBe('offered');
  expect(await readDemand(demand.id)).toMatchObject({ state: 'quoted', quotations: 2 });
  expect(await refusal(answer('accept', first.id, 'bank.trader'))).toBe('kernel.unknown');
  expect(await answer('accept', first.id)).toMatchObject({ state: 'accepted', offer: expect.stringMatching(/^off_/) });
  expect((await read(buyer, second.id)).state).toBe('declined');
  // Closed to strangers, still there for whoever quoted.
  expect(await refusal(readDemand(demand.id))).toBe('kernel.unknown');
  expect(await readDemand(demand.id, 'mapping.trader')).toMatchObject({ state: 'chosen', chosen: first.id });
  expect(await refusal(answer('accept', second.id))).toBe('market.wrongState');
});

test('an accepted quotation is ordered with, by its buyer only', async () => {
  const demand = await published();
  const quoted = await quote({ demand: demand.id, listing: listing.id });
  const order = async (login: string) => {
    const client = await as(login);
    const scenario = await client.call(wire.createScenario, { body: scenarioOf() });
    return client.call(wire.placeOrder, {
      body: {
        listing: listing.id,
        offer: quoted.offer!,
        scenario: scenario.id,
        quantity: 1,
        settlementWay: 'direct',
        months: 6,
      },
    });
  };
  expect(await refusal(order(buyer))).toMatch(/^kernel\.invalid/);
  await answer('accept', quoted.id);
  expect(await refusal(order('bank.trader'))).toMatch(/^kernel\.invalid/);
  expect(await order(buyer)).toMatchObject({ state: 'contracting', estimate: '880000' });
});

test('a listing by quotation cannot be ordered without one', async () => {
  const client = await as(buyer);
  const scenario = await client.call(wire.createScenario, { body: scenarioOf() });
  const body = {
    listing: listing.id,
    offer: listing.plans[0]!.offer,
    scenario: scenario.id,
    quantity: 1,
    settlementWay: 'direct' as const,
    months: 6,
  };
  expect(await refusal(client.call(wire.placeOrder, { body }))).toBe('market.notQuoted');
});

test('whoever asks about a listing is answered, and quoted to, by its supplier alone', async () => {
  const client = await as(buyer);
  const asked = await client.call(more.createEnquiry, {
    body: { about: { kind: 'listing', id: listing.id }, title: '历史深度', text: '能否提供 2020 年以来的数据？' },
  });
  expect(asked).toMatchObject({ open: true, messages: 1 });
  const say = async (login: string, text: string) =>
    (await as(login)).call(more.sendMessage, { params: { id: asked.id }, body: { text } });
  await say(supplier, '可以，另行报价');
  expect(await refusal(say('mapping.trader', '插话'))).toBe('kernel.unknown');
  expect(await refusal((await as('bank.trader')).call(more.readEnquiry, { params: { id: asked.id } }))).toBe(
    'kernel.unknown',
  );
  const { items } = await client.call(more.listMessages, { params: { id: asked.id }, query: {} });
  expect(items.map((one) => one.text)).toEqual(['能否提供 2020 年以来的数据？', '可以，另行报价']);
  expect(await refusal(quote({ enquiry: asked.id }, 'mapping.trader'))).toBe('kernel.unknown');
  const quoted = await quote({ enquiry: asked.id, listing: listing.id });
  expect(quoted.buyer.id).toBe(exchange.seeded.organisations.citylogistics);
  expect(await answer('withdraw', quoted.id, supplier)).toMatchObject({ state: 'withdrawn' });
  expect(await refusal(answer('accept', quoted.id))).toBe('market.wrongState');
  await client.call(more.closeEnquiry, { params: { id: asked.id }, body: {} });
  expect(await refusal(say(supplier, '晚了'))).toBe('market.wrongState');
});

test('a product is tried once, under the terms of its listing, unless it holds personal data', async () => {
  const request = async (login: string, id = listing.id) =>
    (await as(login)).call(more.requestTrial, { params: { id }, body: {} });
  expect(await request(buyer)).toMatchObject({ calls: 5, active: true });
  expect(await refusal(request(buyer))).toBe('market.alreadyTried');
  expect(await refusal(request(supplier))).toBe('market.ownProduct');
  const personal = await listed(
    exchange,
    { name: '驾驶人核验接口', deliveryModes: ['api'] },
    {
      deliveryModes: ['api'],
      personalBasis: '逐次取得个人同意',
      policy: policyOf([{ leftOperand: 'shugu:authorisationReference', operator: 'eq', rightOperand: 'required' }]),
    } as never,
    'personal',
  );
  expect(await refusal(request(buyer, personal.id))).toBe('market.noTrial');
  // What has no look-up API has nothing to be tried by.
  expect(await refusal(request(buyer, (await listed(exchange, { name: '文件' })).id))).toBe('market.noTrial');
  const trials = async (login: string) => (await (await as(login)).call(more.listTrials, { query: {} })).items.length;
  expect([await trials(buyer), await trials(supplier), await trials('mapping.trader')]).toEqual([1, 1, 0]);
});

// Last: the calendar moves on.
test('quotations and demands end by time', async () => {
  const [quoted, silent] = [await published(), await published()];
  const given = await quote({ demand: quoted.id, validDays: 3 });
  await exchange.stage.moveClock(new Date('2026-07-22T09:00:00+08:00'));
  await exchange.settle();
  const seen = await (await as(buyer)).call(more.readQuotation, { params: { id: given.id } });
  expect(seen.state).toBe('lapsed');
  expect(await refusal(answer('accept', given.id))).toBe('market.wrongState');
  expect(await readDemand(silent.id, buyer)).toMatchObject({
    state: 'closed',
    reason: expect.stringContaining('无报价'),
  });
  expect((await readDemand(quoted.id, buyer)).state).toBe('quoted');
  expect(await refusal(quote({ demand: quoted.id }, 'mapping.trader'))).toBe('market.wrongState');
});

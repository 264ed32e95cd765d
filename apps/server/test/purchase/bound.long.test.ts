/** Money held bounds use, access never opens twice, and what is signed is what is billed. */
import * as agreementsWire from '@shugu/wire/agreements';
import * as casesWire from '@shugu/wire/cases';
import * as marketWire from '@shugu/wire/market';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listing } from '../../../cli/src/scenario/product.ts';
import { refusal } from '../../src/market/testing.ts';
import { exchangeIn, type TestExchange } from '../support/exchange.ts';
import { buyer, makeScene, type Scene, shop, supplier } from './scene.ts';

let exchange: TestExchange;
let listing: Listing;
let scene: Scene;

beforeAll(async () => {
  const opened = await exchangeIn(shop);
  exchange = opened;
  listing = opened.given;
  scene = makeScene(exchange, listing);
  await scene.deposit(100_000);
}, 600_000);
afterAll(() => exchange.end());

const served = (statuses: number[]) => statuses.filter((one) => one === 200).length;

test('a hold bounds use; more is served only when more is held; all that was ordered used ends the contract', async () => {
  const order = await scene.place('perCall', 'custody', { quantity: 2 });
  await scene.sign(order);
  await scene.rest();
  expect((await scene.moneyOf(order))?.held).toBe('21');
  expect(await scene.call(order, 3)).toEqual([200, 200, 403]);
  await scene.rest();
  expect((await scene.balanceOf(order)).limits).toMatchObject([
    { metric: 'calls', period: 'total', limit: 2, left: 0 },
  ]);

  // Not accepted yet: the buyer may still order more, at the bank first.
  const buying = await exchange.as(buyer);
  const more = { params: { id: order.id }, body: { quantity: 3 } };
  expect(await refusal((await exchange.as(supplier)).call(marketWire.extendOrder, more))).toMatch(/^kernel\./);
  expect(await buying.call(marketWire.extendOrder, more)).toMatchObject({ quantity: 5, estimate: '53' });
  await scene.rest();
  expect((await scene.moneyOf(order))?.held).toBe('53');
  expect((await scene.balanceOf(order)).limits).toMatchObject([{ limit: 5, left: 3 }]);

  await scene.act(supplier, 'deliver', order.id);
  await scene.act(buyer, 'accept', order.id);
  await scene.rest();
  // Acceptance agrees to the delivery; the service runs on.
  expect((await scene.order(order)).state).toBe('accepted');
  expect(served(await scene.call(order, 4))).toBe(3);
  await scene.rest();
  expect((await scene.order(order)).state).toBe('settled');
  expect((await scene.contract(order)).state).toBe('completed');
  expect((await scene.statementsOf(order)).map(({ total, state }) => [total, state])).toEqual([['53', 'settled']]);
  expect(await refusal(buying.call(marketWire.extendOrder, more))).toBe('market.notExtendable');
  expect(served(await scene.call(order, 1))).toBe(0);
});

test('money that arrives after the end opens nothing', async () => {
  const order = await scene.place('perCall', 'custody', { quantity: 5 });
  await scene.sign(order);
  await scene.rest();
  await scene.call(order, 2);
  await scene.act(supplier, 'deliver', order.id);
  await scene.act(buyer, 'accept', order.id);
  await scene.rest();
  // A hold that finds no money, and the end of the contract before the money is there.
  await (await exchange.as(buyer)).call(marketWire.extendOrder, {
    params: { id: order.id },
    body: { quantity: 10_000_000 },
  });
  await scene.rest();
  expect((await scene.moneyOf(order))?.waiting).toBe(true);
  await scene.endAgreed(order);
  await scene.rest();
  await scene.deposit(200_000_000);
  await scene.rest();
  expect(await scene.order(order)).toMatchObject({ state: 'settled', endedHow: 'agreed' });
  expect((await scene.moneyOf(order))?.held).toBe('0');
  expect((await scene.grantOf(order.contract!))?.state).toBe('withdrawn');
  expect(served(await scene.call(order, 2))).toBe(0);
});

test('what an order took over is not amended; a nonsense price is refused, not signed', async () => {
  const order = await scene.place('oneOff', 'custody');
  await scene.sign(order);
  await scene.rest();
  const supplying = await exchange.as(supplier);
  const propose = (terms: object) =>
    refusal(
      supplying.call(agreementsWire.proposeTerms, {
        params: { id: order.contract! },
        body: { note: '变更', terms } as never,
      }),
    );
  const price = (plan: object) => ({ plan, title: '优惠', taxRate: '0.06' });
  expect(await propose({ price: price({ kind: 'oneOff', price: '1.00' }) })).toMatch(/^agreements\.orderBound/);
  expect(await propose({ settlementWay: 'direct' })).toMatch(/^agreements\.orderBound/);
  expect(await propose({ tax: { rate: '0.13', included: true } })).toMatch(/^agreements\.orderBound/);
  expect(await propose({ acceptanceDays: 9 })).toMatch(/^agreements\.orderBound/);

  // Something else may change, and access goes on under the amended text.
  const seen = await supplying.call(agreementsWire.proposeTerms, {
    params: { id: order.contract! },
    body: { note: '补充', terms: { supplements: [{ title: '联系人', text: '李工' }] } },
  });
  await (await exchange.as(buyer)).call(agreementsWire.confirmTerms, {
    params: { id: order.contract! },
    body: { round: seen.open!.round },
  });
  await scene.sign(order);
  await scene.rest();
  expect(served(await scene.call(order, 1))).toBe(1);
});

test('a suspended listing’s contract cannot be signed', async () => {
  const order = await scene.place('oneOff', 'direct');
  const operator = await exchange.as('operator.reviewer');
  await operator.call(marketWire.suspendListing, { params: { id: listing.id }, body: { reason: '核查' } });
  expect(await refusal(scene.sign(order))).toBe('agreements.basisEnded');
  await operator.call(marketWire.resumeListing, { params: { id: listing.id }, body: { reason: '核查完毕' } });
  expect((await scene.sign(order)).state).toBe('effective');
});

test('a payee of the product is not its buyer', async () => {
  // The other right-holder of the divisions.
  expect(
    await refusal(
      (async () => {
        const client = await exchange.as('mapping.trader');
        const scenario = await client.call(marketWire.createScenario, {
          body: {
            title: '自用',
            purposes: ['logistics'],
            endUser: '测绘院（样例）',
            personalData: false,
            onwardUse: '',
            licence: '',
            region: '430100',
            from: '2026-07-01',
            until: '2027-06-30',
            authorisation: '',
          },
        });
        return client.call(marketWire.placeOrder, {
          body: {
            listing: listing.id,
            offer: listing.plans[0]!.offer,
            scenario: scenario.id,
            quantity: 1,
            settlementWay: 'direct',
            months: 3,
          },
        });
      })(),
    ),
  ).toBe('market.buyerIsPayee');
});

test('periods are the term: what is paid for fits into what the listing stands on', async () => {
  const order = await scene.place('subscription', 'custody', { quantity: 3, months: 60 });
  expect((await scene.sign(order)).until?.slice(0, 10)).toBe('2026-10-08');
  expect(await refusal(scene.place('subscription', 'custody', { quantity: 60 }))).toMatch(/^market\.termTooLong/);
});

test('a cancelled order takes its contract and its review with it', async () => {
  const order = await scene.place('oneOff', 'custody');
  await scene.act(buyer, 'cancel', order.id, '不需要了');
  await scene.rest();
  expect((await scene.contract(order)).state).toBe('refused');
  expect(await refusal(scene.sign(order))).toBe('agreements.wrongState');
  expect((await scene.order(order)).state).toBe('cancelled');
  const client = await exchange.as(buyer);
  const scenario = await client.call(marketWire.createScenario, {
    body: {
      title: '转供',
      purposes: ['logistics'],
      endUser: '子公司（样例）',
      personalData: false,
      onwardUse: '提供给子公司',
      licence: '',
      region: '430100',
      from: '2026-07-01',
      until: '2027-06-30',
      authorisation: '',
    },
  });
  const reviewed = await client.call(marketWire.placeOrder, {
    body: {
      listing: listing.id,
      offer: listing.plans[0]!.offer,
      scenario: scenario.id,
      quantity: 1,
      settlementWay: 'direct',
      months: 3,
    },
  });
  expect(reviewed.state).toBe('reviewing');
  await scene.act(buyer, 'cancel', reviewed.id);
  const operator = await exchange.as('operator.reviewer');
  expect((await operator.call(casesWire.cases.get, { params: { case: reviewed.review.case } })).state).toBe(
    'withdrawn',
  );
});

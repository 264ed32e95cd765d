/** 使用场景 binds the use, from the order to the gateway: purposes, time and place as stated, whatever the offer allows. */
import { parsePolicy } from '@shugu/policy';
import * as agreementsWire from '@shugu/wire/agreements';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyOf, refusal } from '../../src/market/testing.ts';
import { exchangeIn, type TestExchange } from '../support/exchange.ts';
import { makeScene, openShop, registered, type Scene, supplier } from './scene.ts';

let exchange: TestExchange;
let scene: Scene;
beforeAll(async () => {
  const opened = await exchangeIn(registered, { checkTicks: true });
  exchange = opened;
  // The demo cast is registered in 990000, which is nowhere.
  scene = makeScene(exchange, await openShop(opened, opened.given.resource, { regions: ['99'] }));
}, 600_000);
afterAll(() => exchange.end());

const stated = { region: '990000', until: '2026-08-31' };
const lastMoment = '2026-08-31T16:00:00.000Z';

test('the contract allows what was stated, and the gateway nothing else', async () => {
  const order = await scene.place('perCall', 'postpaid', { stated, months: 6 });
  await scene.sign(order);
  await scene.rest();
  expect((await scene.order(order)).until).toBe(lastMoment);
  const { current } = await scene.contract(order);
  const parsed = parsePolicy(current.terms.policy);
  expect(parsed.ok && parsed.policy.terms).toMatchObject({
    purposes: ['logistics'],
    regions: ['99'],
    notAfter: new Date(lastMoment).getTime(),
  });
  expect(await scene.call(order, 1)).toEqual([200]);
  expect(await scene.call(order, 1, { 'x-purpose': 'logistics' })).toEqual([200]);
  // Offered, but not stated.
  expect(await scene.call(order, 1, { 'x-purpose': 'statistics' })).toEqual([403]);
});

test('an amendment stays within what was stated', async () => {
  const order = await scene.place('perCall', 'postpaid', { stated });
  await scene.sign(order);
  const client = await exchange.as(supplier);
  const propose = (terms: object) =>
    client.call(agreementsWire.proposeTerms, {
      params: { id: order.contract! },
      body: { note: '扩大使用范围', terms } as never,
    });
  const regions = [{ leftOperand: 'spatial', operator: 'isAnyOf', rightOperand: '99' }];
  const { policy } = (await scene.contract(order)).current.terms;
  for (const wider of [policyOf(regions), policyOf(regions, 'logistics')])
    expect(await refusal(propose({ policy: wider }))).toMatch(/^agreements\.policyExceedsOffer/);
  expect(await refusal(propose({ policy, until: '2026-12-31T16:00:00.000Z' }))).toMatch(/^agreements\.outlasts/);
  await expect(propose({ policy, until: '2026-08-15T16:00:00.000Z' })).resolves.toMatchObject({ state: 'effective' });
});

test('who states a place outside the offer is refused; periods do not outlast the statement', async () => {
  const outside = await scene.place('perCall', 'postpaid', { stated: { ...stated, region: '430100' } });
  expect(outside).toMatchObject({ state: 'refused', contract: null });
  expect(outside.review.findings.find((one) => one.outcome === 'refuse')?.rule).toBe('region');
  expect(await refusal(scene.place('subscription', 'postpaid', { stated }))).toMatch(/^market\.termTooLong/);
});

/** The audit log names what it speaks of, to those who may know it. */
import * as marketWire from '@shugu/wire/market';
import * as members from '@shugu/wire/members';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeOrder, stateScenario } from '../../../cli/src/scenario/order.ts';
import { exchangeIn, type TestExchange } from '../../test/support/exchange.ts';
import { buyer, freightListed, scenarioOf } from '../market/testing.ts';
import { objectNames } from './objects.ts';

let exchange: TestExchange;
let order: string;
let number: string;

beforeAll(async () => {
  const opened = await exchangeIn(freightListed);
  exchange = opened;
  const listing = opened.given;
  const scenario = await stateScenario(exchange.stage, buyer, scenarioOf());
  const placed = await placeOrder(exchange.stage, buyer, {
    listing,
    scenario,
    quantity: 1000,
    way: 'direct',
    months: 1,
  });
  order = placed.id;
  number = (await (await exchange.as(buyer)).call(marketWire.readOrder, { params: { id: order } })).number;
}, 600_000);
afterAll(() => exchange?.end());

const entries = async (login: string, query: object) =>
  (await (await exchange.as(login)).call(members.listAudit, { query })).items;

test('the operator’s audit administrator reads names of everything', async () => {
  const [placed] = await entries('operator.audit', { subject: order, action: 'market.order.place' });
  expect(placed?.names[order]).toBe(number);
  expect(placed?.names[placed.participant]).toBe('城配通达物流有限公司（样例）');
  const sessions = await entries('operator.audit', { action: 'market.listing.', limit: 5 });
  expect(sessions.every((one) => one.names[one.subject])).toBe(true);
});

test('a member’s administrator reads names of what concerns the member', async () => {
  const [placed] = await entries('citylogistics.admin', { subject: order });
  expect(placed?.names[order]).toBe(number);
});

test('what somebody is no party to stays without a name', async () => {
  const { database } = exchange.exchange.kernel;
  const organisations = exchange.seeded.organisations;
  const asked = async (key: string | undefined) =>
    (await objectNames(database, [order], key === undefined ? undefined : organisations[key])).get(order);
  expect([await asked(undefined), await asked('citylogistics'), await asked('xingsha')]).toEqual([
    number,
    number,
    number,
  ]);
  expect([await asked('lawfirm'), await asked('bank')]).toEqual([undefined, undefined]);
});

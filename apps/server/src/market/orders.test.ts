/** Orders through the door: trade review by rule and by person, contract, delivery, objection and acceptance. */
import * as kernelWire from '@shugu/wire/kernel';
import * as wire from '@shugu/wire/market';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readContract, readOrder, signBoth, waitForOrder } from '../../../cli/src/scenario/order.ts';
import type { Listing } from '../../../cli/src/scenario/product.ts';
import { exchangeIn, type TestExchange } from '../../test/support/exchange.ts';
import { buyer, caseState, freightListed, move, refusal, type ScenarioDraft, scenarioOf, supplier } from './testing.ts';

let exchange: TestExchange;
let listing: Listing;

beforeAll(async () => {
  const opened = await exchangeIn(freightListed);
  exchange = opened;
  listing = opened.given;
}, 600_000);
afterAll(() => exchange.end());

const state = async (more: Partial<ScenarioDraft> = {}, login = buyer) =>
  (await (await exchange.as(login)).call(wire.createScenario, { body: scenarioOf(more) })).id;

const place = async (scenario: string, more: object = {}, login = buyer) =>
  (await exchange.as(login)).call(wire.placeOrder, {
    body: {
      listing: listing.id,
      offer: listing.plans[0]!.offer,
      scenario,
      quantity: 1,
      settlementWay: 'direct',
      months: 6,
      ...more,
    },
  });
const verbs = {
  cancel: wire.cancelOrder,
  deliver: wire.deliverOrder,
  accept: wire.acceptOrder,
  object: wire.objectOrder,
};
const act = async (login: string, verb: keyof typeof verbs, id: string, note = '说明') =>
  (await exchange.as(login)).call(verbs[verb], { params: { id }, body: { note } });

const contracted = async () => {
  const order = await place(await state());
  await signBoth(exchange.stage, buyer, supplier, order.contract!);
  await exchange.settle();
  // Access opens once the supplier has set up an endpoint; a file may be delivered before.
  return waitForOrder(exchange.stage, buyer, order.id, 'contracted');
};

test('an ordinary use passes by rule: the contract waits for both signatures', async () => {
  const order = await place(await state());
  expect(order).toMatchObject({
    state: 'contracting',
    estimate: '12000',
    number: expect.stringMatching(/^DD-202607-\d{5}$/),
    buyer: { id: exchange.seeded.organisations.citylogistics },
    next: { who: 'buyer' },
  });
  expect(order.review.findings.every((one) => one.outcome === 'pass')).toBe(true);
  const contract = await readContract(exchange.stage, buyer, order.contract!);
  expect(contract).toMatchObject({ kind: 'provision', state: 'pendingSignature' });
  // The operator's rule, not the program, says who decides disputes.
  expect(contract.current.terms.dispute).toEqual({ forum: 'arbitration', body: '长沙仲裁委员会（样例）' });
});

test('a use outside the policy is refused by rule, with the reason on the case', async () => {
  const order = await place(await state({ purposes: ['resale'] }));
  expect(order).toMatchObject({ state: 'refused', contract: null, next: { who: 'nobody' } });
  expect(order.review.findings.find((one) => one.outcome === 'refuse')?.rule).toBe('purpose');
  const client = await exchange.as(buyer);
  expect(await caseState(client, order.review.case)).toBe('refused');
  expect(await refusal(act(buyer, 'cancel', order.id))).toBe('market.wrongState');
});

test('onward use waits for a person, who passes or refuses', async () => {
  const [first, second] = [
    await place(await state({ onwardUse: '提供给全资子公司' })),
    await place(await state({ onwardUse: '提供给合作方' })),
  ];
  expect([first.state, second.state, first.next.who]).toEqual(['reviewing', 'reviewing', 'operator']);
  const person = await exchange.as('operator.reviewer');
  expect(await refusal(move(await exchange.as(buyer), first.review.case, 'pass', { opinion: '自己通过' }))).toMatch(
    /^(cases|kernel)\./,
  );
  await move(person, first.review.case, 'pass', { opinion: '限于全资子公司' });
  await move(person, second.review.case, 'refuse', { reason: '合作方不明' });
  expect((await readOrder(exchange.stage, buyer, first.id)).state).toBe('contracting');
  expect((await readOrder(exchange.stage, buyer, second.id)).state).toBe('refused');
});

test('credit without a licensed agency is refused, whatever the policy allows', async () => {
  const order = await place(await state({ purposes: ['creditRisk'] })).catch((error) => error);
  // The rule pack refuses the case itself, or the review refuses the order: neither goes on.
  expect(order.state ?? order.problem.code).toMatch(/^refused$|^(kernel|cases)\./);
});

test('what is not offered cannot be ordered', async () => {
  const scenario = await state();
  expect(await refusal(place(scenario, { settlementWay: 'custody' }))).toMatch(/^kernel\.invalid/);
  expect(await refusal(place(scenario, { offer: 'off_01zzzzzzzzzzzzzzzzzzzzzzzz' }))).toMatch(/^kernel\.invalid/);
  expect(await refusal(place(scenario, { listing: 'lst_01zzzzzzzzzzzzzzzzzzzzzzzz' }))).toBe('kernel.unknown');
  expect(await refusal(place(scenario, {}, 'bank.trader'))).toMatch(/^kernel\.invalid/);
  expect(await refusal(place(await state({}, supplier), {}, supplier))).toBe('market.ownProduct');
  expect(await refusal(place(scenario, {}, 'citylogistics.finance'))).toBe('kernel.notPermitted');
  expect(await refusal(state({ until: '2026-06-01' }))).toMatch(/^kernel\.invalid/);
});

test('the buyer cancels before signing; nobody else does, and not later', async () => {
  const order = await place(await state());
  expect(await refusal(act(supplier, 'cancel', order.id))).toBe('kernel.unknown');
  expect(await refusal(act('bank.trader', 'cancel', order.id))).toBe('kernel.unknown');
  expect((await act(buyer, 'cancel', order.id)).state).toBe('cancelled');
  expect(await refusal(act(buyer, 'cancel', order.id))).toBe('market.wrongState');
});

test('from the signed contract over an objection to the accepted redelivery', async () => {
  const order = await contracted();
  expect(order.papers.map((paper) => paper.kind)).toEqual(['tradeConfirmation']);
  const steps: [string, 'deliver' | 'accept' | 'object', string][] = [
    [buyer, 'accept', 'market.wrongState'],
    [buyer, 'object', 'market.wrongState'],
    [buyer, 'deliver', 'kernel.unknown'],
    ['mapping.trader', 'deliver', 'kernel.unknown'],
    ['bank.trader', 'accept', 'kernel.unknown'],
  ];
  for (const [login, verb, code] of steps) expect(await refusal(act(login, verb, order.id))).toBe(code);

  const delivered = await act(supplier, 'deliver', order.id, '已提供七月文件');
  expect(delivered).toMatchObject({ state: 'delivered', delivery: { note: '已提供七月文件' }, next: { who: 'buyer' } });
  // Five working days after a Wednesday.
  expect(delivered.acceptBy).toMatch(/^2026-07-08T/);
  expect(await refusal(act(supplier, 'accept', order.id))).toBe('kernel.unknown');
  expect(await refusal(act(supplier, 'deliver', order.id))).toBe('market.wrongState');
  expect(await refusal(act(buyer, 'object', order.id, ''))).toMatch(/^kernel\.invalid/);

  const objected = await act(buyer, 'object', order.id, '缺少三条线路');
  expect(objected).toMatchObject({
    state: 'objected',
    acceptance: { kind: 'objected', note: '缺少三条线路' },
    acceptBy: null,
    next: { who: 'supplier' },
  });
  expect(await refusal(act(buyer, 'accept', order.id))).toBe('market.wrongState');
  const again = await act(supplier, 'deliver', order.id, '补齐三条线路');
  expect(again).toMatchObject({ state: 'delivered', acceptance: null, delivery: { note: '补齐三条线路' } });
  const accepted = await act(buyer, 'accept', order.id, '');
  expect(accepted).toMatchObject({ state: 'accepted', acceptance: { kind: 'accepted' } });
  expect(accepted.papers.map((paper) => paper.kind)).toEqual(['tradeConfirmation', 'acceptanceNote']);
  expect(await refusal(act(buyer, 'object', order.id))).toBe('market.wrongState');
});

test('having time to accept is not accepting: nothing is accepted by silence', async () => {
  const order = await contracted();
  await act(supplier, 'deliver', order.id);
  const now = new Date((await exchange.anyone.call(kernelWire.clock, {})).now);
  await exchange.stage.moveClock(new Date(now.getTime() + 30 * 86_400_000));
  await exchange.settle();
  expect((await readOrder(exchange.stage, buyer, order.id)).state).toBe('delivered');
});

test('both sides and the supervisors see an order, others do not', async () => {
  const order = await place(await state());
  for (const login of [buyer, supplier, 'operator.reviewer', 'regulator.officer'])
    expect((await readOrder(exchange.stage, login, order.id)).id).toBe(order.id);
  for (const login of ['mapping.trader', 'bank.trader'])
    expect(await refusal(readOrder(exchange.stage, login, order.id))).toBe('kernel.unknown');
  const sides = async (login: string, side: 'buyer' | 'supplier') =>
    (await (await exchange.as(login)).call(wire.listOrders, { query: { side, limit: 100 } })).items.map(
      (one) => one.id,
    );
  expect(await sides(buyer, 'buyer')).toContain(order.id);
  expect(await sides(buyer, 'supplier')).not.toContain(order.id);
  expect(await sides(supplier, 'supplier')).toContain(order.id);
});

test('a suspended listing takes no new orders; contracts go on', async () => {
  const order = await contracted();
  const operator = await exchange.as('operator.reviewer');
  await operator.call(wire.suspendListing, { params: { id: listing.id }, body: { reason: '核查' } });
  expect(await refusal(place(await state()))).toBe('market.notForSale');
  expect((await act(supplier, 'deliver', order.id)).state).toBe('delivered');
  await operator.call(wire.resumeListing, { params: { id: listing.id }, body: { reason: '核查完毕' } });
  expect((await place(await state())).state).toBe('contracting');
});

test('turnover counts what was signed, apart from what was settled and filed', async () => {
  const { totals, months } = await exchange.anyone.call(wire.turnover, { query: { months: 3 } });
  expect(Number(totals.signed)).toBe(totals.orders * 12_000);
  expect([totals.settled, totals.filed]).toEqual(['0', '0']);
  expect(months).toHaveLength(3);
  expect(months.reduce((sum, one) => sum + Number(one.signed), 0)).toBe(Number(totals.signed));
});

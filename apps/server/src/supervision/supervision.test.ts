/** Directives and the regulator's view through the door, as right and wrong users. */
import * as kernelWire from '@shugu/wire/kernel';
import * as marketWire from '@shugu/wire/market';
import * as wire from '@shugu/wire/supervision';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signBoth } from '../../../cli/src/scenario/order.ts';
import type { Listing } from '../../../cli/src/scenario/product.ts';
import { exchangeIn, type TestExchange } from '../../test/support/exchange.ts';
import { sql } from '../kernel/db/db.ts';
import { buyer, freightListed, refusal, scenarioOf, supplier } from '../market/testing.ts';

const officer = 'regulator.officer';
const second = 'regulator.admin';
let exchange: TestExchange;
let listing: Listing;

beforeAll(async () => {
  const opened = await exchangeIn(freightListed);
  exchange = opened;
  listing = opened.given;
}, 600_000);
afterAll(() => exchange?.end());

type Target = { kind: (typeof wire.targetKinds)[number]; id: string };
type Measure = 'freeze' | 'suspendListing' | 'explain';

const issue = async (target: Target, measure: Measure, more: object = {}, login = officer) =>
  (await exchange.as(login)).call(wire.createDirective, {
    body: { target, measure, basis: '数据安全法', reason: '核查数据来源', ...more },
  });
const confirm = async (id: string, login = second) =>
  (await exchange.as(login)).call(wire.confirmDirective, { params: { id }, body: {} });
const decline = async (id: string, login = second) =>
  (await exchange.as(login)).call(wire.declineDirective, { params: { id }, body: { reason: '依据不足' } });
const read = async (id: string, login = officer) =>
  (await exchange.as(login)).call(wire.readDirective, { params: { id } });
const answer = async (id: string, login: string) =>
  (await exchange.as(login)).call(wire.answerDirective, { params: { id }, body: { text: '来源证明已备' } });
const liftIt = async (id: string) => {
  const lifting = await (await exchange.as(officer)).call(wire.liftDirective, {
    params: { id },
    body: { basis: '数据安全法', reason: '已整改' },
  });
  return confirm(lifting.id);
};
const listingState = async (id = listing.id) =>
  (await (await exchange.as(supplier)).call(marketWire.readListing, { params: { id } })).state;
const resume = async () =>
  (await exchange.as('operator.approver')).call(marketWire.resumeListing, {
    params: { id: listing.id },
    body: { reason: '指令已解除' },
  });
const suspensionsOf = (target: string) =>
  exchange.exchange.kernel.database.rows<{ target_kind: string }>(
    sql`select target_kind from delivery_suspensions where target = ${target} and lifted_at is null`,
  );
const eventsOf = async (id: string) =>
  (
    await exchange.exchange.kernel.database.rows<{ type: string }>(
      sql`select type from events where subject = ${id} order by sequence`,
    )
  ).map((one) => one.type.split('.').at(-1));
const moveTo = (moment: string) =>
  (exchange.exchange.kernel.clock as unknown as { moveTo(to: Date): void }).moveTo(new Date(moment));

describe('a directive', () => {
  test('acts when another person confirms it, is answered by whom it concerns, and lifted by a directive', async () => {
    const drafted = await issue({ kind: 'product', id: listing.product }, 'suspendListing', { answerDays: 5 });
    expect(drafted).toMatchObject({
      state: 'proposed',
      paper: null,
      number: expect.stringMatching(/^ZL-202607-\d{4}$/),
    });
    expect(await listingState()).toBe('listed');
    // A draft is nobody's business yet.
    for (const login of [supplier, 'operator.approver', buyer])
      expect(await refusal(read(drafted.id, login))).toBe('kernel.unknown');
    expect(await refusal(confirm(drafted.id, officer))).toBe('supervision.samePerson');
    expect(await refusal(confirm(drafted.id, 'operator.approver'))).toBe('kernel.unknown');

    const one = await confirm(drafted.id);
    // Five working days after a Wednesday.
    expect(one).toMatchObject({
      state: 'effective',
      effect: { grants: 0, listings: 1 },
      answerBy: expect.stringMatching(/^2026-07-08T16/),
    });
    expect(await listingState()).toBe('suspended');
    expect(await suspensionsOf(listing.product)).toEqual([]);
    expect(await refusal(confirm(one.id))).toBe('supervision.wrongState');

    expect((await read(one.id, supplier)).number).toBe(one.number);
    expect(await refusal(read(one.id, buyer))).toBe('kernel.unknown');
    expect(await refusal(answer(one.id, buyer))).toBe('kernel.unknown');
    expect(await refusal(answer(one.id, officer))).toBe('kernel.unknown');
    await answer(one.id, supplier);
    await answer(one.id, 'operator.reviewer');
    expect((await read(one.id)).answers).toHaveLength(2);
    // A member reads its own answers, not the operator's.
    expect((await read(one.id, supplier)).answers.map((given) => given.by.id)).toEqual([
      exchange.seeded.organisations.xingsha,
    ]);

    // What is ordered does not come back by the operator's hand while the order stands.
    await resume();
    await exchange.settle();
    expect(await listingState()).toBe('suspended');

    const lifting = await liftIt(one.id);
    expect(lifting).toMatchObject({ state: 'done', measure: 'lift', lifts: one.id });
    expect((await read(one.id)).state).toBe('lifted');
    expect(await eventsOf(one.id)).toEqual(['issued', 'confirmed', 'answered', 'answered', 'lifted']);
    expect(await refusal(answer(one.id, supplier))).toBe('supervision.wrongState');
    await resume();
    await exchange.settle();
    expect(await listingState()).toBe('listed');
    // The paper is the regulator's, under its seal, and only the parties read it.
    const paper = (login: string) =>
      exchange.as(login).then((client) => client.call(kernelWire.paperRead, { params: { id: one.paper! } }));
    expect((await paper(supplier)).number).toBe(one.number);
    expect(await refusal(paper(buyer))).toBe('kernel.unknown');
  });

  test('an emergency freeze acts at once and lapses when nobody confirms it in one working day', async () => {
    const one = await issue({ kind: 'listing', id: listing.id }, 'freeze', { emergency: true });
    expect(one).toMatchObject({
      state: 'effective',
      effect: { listings: 1 },
      confirmBy: expect.stringMatching(/^2026-07-02T16/),
    });
    expect(await listingState()).toBe('suspended');
    expect(await suspensionsOf(listing.product)).toEqual([{ target_kind: 'product' }]);
    expect(await refusal(decline(one.id, officer))).toBe('supervision.samePerson');
    moveTo('2026-07-03T00:00:00+08:00');
    expect(await refusal(confirm(one.id))).toBe('supervision.confirmLate');
    await exchange.settle();
    expect((await read(one.id)).state).toBe('lapsed');
    expect(await eventsOf(one.id)).toEqual(['issued', 'lapsed']);
    expect(await suspensionsOf(listing.product)).toEqual([]);
    await resume();
    await exchange.settle();
    expect(await listingState()).toBe('listed');
  });

  test('two freezes of one product: use goes on only when both are gone', async () => {
    const target = { kind: 'product' as const, id: listing.product };
    const [first, other] = [
      await issue(target, 'freeze', { emergency: true }),
      await issue(target, 'freeze', { emergency: true }),
    ];
    await confirm(first.id);
    await decline(other.id);
    expect((await read(other.id)).state).toBe('declined');
    expect(await suspensionsOf(listing.product)).toHaveLength(1);
    await liftIt(first.id);
    expect(await suspensionsOf(listing.product)).toEqual([]);
    await resume();
    await exchange.settle();
  });

  test('a frozen member loses its permissions and is still heard; lifting restores it', async () => {
    const target = { kind: 'organisation' as const, id: exchange.seeded.organisations.xingsha! };
    const one = await issue(target, 'freeze', { emergency: true, answerDays: 1 });
    await confirm(one.id);
    const member = async () =>
      (
        await exchange.exchange.kernel.database.one<{ status: string }>(
          sql`select status from organisations where id = ${target.id}`,
        )
      ).status;
    expect(await member()).toBe('suspended');
    const client = await exchange.as(supplier);
    expect(await refusal(client.call(marketWire.createScenario, { body: scenarioOf() }))).toBe('kernel.notPermitted');
    await answer(one.id, supplier);
    expect((await read(one.id)).answers).toHaveLength(1);
    await liftIt(one.id);
    expect(await member()).toBe('active');
    await resume();
    await exchange.settle();
    expect(await listingState()).toBe('listed');
  });

  test('is refused where it fits nothing', async () => {
    const product = { kind: 'product' as const, id: listing.product };
    const strange = { kind: 'product' as const, id: `prd_${'0'.repeat(26)}` };
    expect(await refusal(issue(strange, 'freeze'))).toBe('kernel.unknown');
    expect(await refusal(issue(product, 'explain'))).toMatch(/^kernel\.invalid/);
    expect(await refusal(issue(product, 'explain', { emergency: true, answerDays: 3 }))).toMatch(/^kernel\.invalid/);
    expect(await refusal(issue(product, 'freeze', { answerDays: 61 }))).toMatch(/^kernel\.invalid/);
    const operator = { kind: 'organisation' as const, id: exchange.seeded.organisations.operator! };
    expect(await refusal(issue(operator, 'freeze', { emergency: true }))).toBe('supervision.targetUnfit');
    for (const login of [supplier, 'operator.approver', second])
      expect(await refusal(issue(product, 'freeze', {}, login))).toBe('kernel.notPermitted');
    const own = await issue(product, 'explain', { answerDays: 3 });
    expect((await decline(own.id, officer)).state).toBe('declined');
  });
});

describe('a stop by the operator', () => {
  test('takes two people, and lets go of its own stop only', async () => {
    const [proposer, approver] = [await exchange.as('operator.reviewer'), await exchange.as('operator.approver')];
    const body = { target: { kind: 'product' as const, id: listing.product }, reason: '接口异常' };
    const one = await proposer.call(wire.proposeSuspension, { body });
    expect(await refusal(proposer.call(wire.proposeSuspension, { body }))).toBe('supervision.alreadySuspended');
    expect(await refusal((await exchange.as(supplier)).call(wire.proposeSuspension, { body }))).toBe(
      'kernel.notPermitted',
    );
    const params = { id: one.id };
    expect(await refusal(proposer.call(wire.confirmSuspension, { params, body: {} }))).toBe('kernel.unknown');
    expect((await approver.call(wire.confirmSuspension, { params, body: {} })).state).toBe('effective');
    expect(await listingState()).toBe('suspended');
    const directive = await issue({ kind: 'product', id: listing.product }, 'freeze', { emergency: true });
    await confirm(directive.id);
    await approver.call(wire.liftSuspension, { params, body: { reason: '已修复' } });
    expect(await suspensionsOf(listing.product)).toHaveLength(1);
    await liftIt(directive.id);
    expect(await suspensionsOf(listing.product)).toEqual([]);
    await resume();
    await exchange.settle();

    const own = await approver.call(wire.proposeSuspension, { body });
    expect(await refusal(approver.call(wire.confirmSuspension, { params: { id: own.id }, body: {} }))).toBe(
      'supervision.samePerson',
    );
    expect((await approver.call(wire.declineSuspension, { params: { id: own.id }, body: {} })).state).toBe('declined');
  });
});

describe('the view over the market', () => {
  test('one trade traced from its listing, its order and its contract, and every look is on record', async () => {
    const client = await exchange.as(buyer);
    const scenario = await client.call(marketWire.createScenario, { body: scenarioOf() });
    const order = await client.call(marketWire.placeOrder, {
      body: {
        listing: listing.id,
        offer: listing.plans[0]!.offer,
        scenario: scenario.id,
        quantity: 1,
        settlementWay: 'direct',
        months: 6,
      },
    });
    await signBoth(exchange.stage, buyer, supplier, order.contract!);
    await exchange.settle();
    const regulator = await exchange.as(officer);
    const trace = (code: string) => regulator.call(wire.trace, { params: { code } });
    const fromOrder = await trace(order.number);
    expect(fromOrder).toMatchObject({
      start: { kind: 'order', id: order.id },
      products: [{ id: listing.product, supplier: { id: exchange.seeded.organisations.xingsha } }],
      versions: [{ id: listing.version }],
      listings: [{ id: listing.id, number: listing.number }],
      orders: [{ id: order.id, buyer: { id: exchange.seeded.organisations.citylogistics } }],
      contracts: [{ id: order.contract, state: 'effective' }],
      cut: [],
    });
    const fromContract = await trace(fromOrder.contracts[0]!.number!);
    expect(fromContract).toEqual({ ...fromOrder, start: fromContract.start });
    expect((await trace(listing.number!)).orders.map((one) => one.id)).toEqual([order.id]);
    expect(fromOrder.directives.length).toBeGreaterThan(3);
    const looks = await exchange.exchange.kernel.database.rows<{ subject: string }>(
      sql`select subject from audit where action like 'supervision.trace.read%' order by sequence`,
    );
    expect(looks.map((one) => JSON.parse(one.subject).code)).toContain(order.number);
    expect(await refusal(trace('DD-209901-00001'))).toBe('kernel.unknown');
    for (const login of [supplier, 'operator.approver'])
      expect(await refusal((await exchange.as(login)).call(wire.trace, { params: { code: order.number } }))).toBe(
        'kernel.unknown',
      );

    const seen = await (await exchange.as(second)).call(wire.overview, {});
    expect(seen.turnover.signed).toBe(String(order.estimate));
    expect(seen.listings).toEqual([{ state: 'listed', count: 1 }]);
    expect(seen.members.find((one) => one.role === 'operator')).toEqual({ role: 'operator', active: 1, suspended: 0 });
    expect(Number(seen.log.size)).toBeGreaterThan(0);
    expect(await refusal((await exchange.as(buyer)).call(wire.overview, {}))).toBe('kernel.notPermitted');
  });

  test('a complaint counts as open, and as overdue once its limit has passed', async () => {
    const { createComplaint } = await import('@shugu/wire/market-more');
    const filed = await (await exchange.as(buyer)).call(createComplaint, {
      body: { kind: 'complaint', about: '数据质量', facts: '字段缺失' },
    });
    const regulator = await exchange.as(officer);
    expect((await regulator.call(wire.overview, {})).openComplaints).toBe(1);
    const late = async () => (await regulator.call(wire.overdue, {})).items.find((one) => one.case === filed.case);
    expect(await late()).toBeUndefined();
    moveTo('2026-07-15T09:00:00+08:00');
    await exchange.settle();
    const fresh = await exchange.as(officer);
    const found = (await fresh.call(wire.overdue, {})).items.find((one) => one.case === filed.case);
    // Taken up within five working days of Friday 3 July: until Friday 10; Monday to Wednesday are three days late.
    expect(found).toMatchObject({ procedure: 'complaint', workingDaysLate: 3 });
    expect((await fresh.call(wire.overview, {})).overdueCases).toBeGreaterThan(0);
  });
});

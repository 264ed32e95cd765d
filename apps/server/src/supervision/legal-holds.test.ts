/** Legal holds through the door: two people for each act, nothing erased meanwhile, seen by those concerned only. */
import * as casesWire from '@shugu/wire/cases';
import * as marketWire from '@shugu/wire/market';
import * as membersWire from '@shugu/wire/members';
import * as registryWire from '@shugu/wire/registry';
import * as wire from '@shugu/wire/supervision';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { divisionsResource } from '../../../cli/src/trade/goods.ts';
import { type TestExchange, testExchange } from '../../test/support/exchange.ts';
import { sql } from '../kernel/db/db.ts';
import { buyer, listed, refusal, scenarioOf } from '../market/testing.ts';

let exchange: TestExchange;
beforeAll(async () => {
  exchange = await testExchange();
}, 120_000);
afterAll(() => exchange?.end());

type Target = { kind: (typeof wire.legalHoldTargetKinds)[number]; id: string };
const propose = async (login: string, target: Target, until?: string) =>
  (await exchange.as(login)).call(wire.proposeLegalHold, {
    body: { target, basis: '某法院〔2026〕协助执行通知', reason: '涉诉', ...(until ? { until } : {}) } as never,
  });
const act = async (endpoint: typeof wire.confirmLegalHold | typeof wire.declineLegalHold, login: string, id: string) =>
  (await exchange.as(login)).call(endpoint, { params: { id }, body: {} });
const confirm = (login: string, id: string) => act(wire.confirmLegalHold, login, id);
const lift = async (login: string, id: string) =>
  (await exchange.as(login)).call(wire.liftLegalHold, { params: { id }, body: { reason: '案件已结' } });
const seen = async (login: string, target: string) =>
  (await (await exchange.as(login)).call(wire.listLegalHolds, { query: { target } })).items;
const organisation = (key: string) => exchange.seeded.organisations[key]!;
const person = (login: string) => exchange.seeded.people[login]!;
const moveTo = (moment: string) =>
  (exchange.exchange.kernel.clock as unknown as { moveTo(to: Date): void }).moveTo(new Date(moment));

const disable = async (login: string, admin: string) =>
  (await exchange.as(admin)).call(membersWire.disablePerson, { params: { id: person(login) }, body: {} });
const erase = async (login: string, admin: string) =>
  (await exchange.as(admin)).call(membersWire.erasePerson, { params: { id: person(login) }, body: {} });
const nameOf = async (login: string) =>
  (
    await exchange.exchange.kernel.database.one<{ name: string }>(
      sql`select display_name as name from people where id = ${person(login)}`,
    )
  ).name;

describe('a legal hold', () => {
  test('is placed and lifted by two people, and keeps what it covers meanwhile', async () => {
    const target: Target = { kind: 'organisation', id: organisation('merchant') };
    await disable('merchant.developer', 'merchant.admin');
    expect(await refusal(propose('merchant.admin', target))).toBe('kernel.notPermitted');
    const drafted = await propose('operator.reviewer', target);
    expect(drafted).toMatchObject({ state: 'proposed', own: true, effectiveAt: null });
    // A draft is the house's own.
    for (const login of ['merchant.admin', 'regulator.officer', 'bank.admin'])
      expect(await seen(login, target.id)).toEqual([]);
    expect(await refusal(confirm('operator.reviewer', drafted.id))).toBe('kernel.unknown');
    expect(await refusal(confirm('regulator.officer', drafted.id))).toBe('kernel.unknown');
    const byApprover = await propose('operator.approver', target);
    expect(await refusal(confirm('operator.approver', byApprover.id))).toBe('supervision.samePerson');
    expect((await act(wire.declineLegalHold, 'operator.approver2', byApprover.id)).state).toBe('declined');

    expect((await confirm('operator.approver', drafted.id)).state).toBe('effective');
    expect(await refusal(erase('merchant.developer', 'merchant.admin'))).toBe('kernel.held');
    expect(await nameOf('merchant.developer')).not.toBe('—');
    const [told] = await seen('merchant.admin', target.id);
    expect(told).toMatchObject({ id: drafted.id, own: false, reason: null, proposedBy: null, basis: drafted.basis });
    expect((await seen('regulator.officer', target.id)).map((one) => one.id)).toEqual([drafted.id]);
    expect(await seen('bank.admin', target.id)).toEqual([]);
    const inbox = await (await exchange.as('merchant.admin')).call(casesWire.cases.notices, {});
    expect(inbox.items.some((one) => one.subject === drafted.id)).toBe(true);

    // Only who ordered it lifts it, by two people again, and it holds until the second has spoken.
    expect(await refusal(lift('regulator.officer', drafted.id))).toBe('supervision.holdForeign');
    expect((await lift('operator.approver', drafted.id)).state).toBe('lifting');
    expect(await refusal(erase('merchant.developer', 'merchant.admin'))).toBe('kernel.held');
    expect(await refusal(confirm('operator.approver', drafted.id))).toBe('supervision.samePerson');
    expect((await act(wire.declineLegalHold, 'operator.approver2', drafted.id)).state).toBe('effective');
    await lift('operator.reviewer', drafted.id);
    expect((await confirm('operator.approver2', drafted.id)).state).toBe('lifted');
    expect(await refusal(confirm('operator.approver2', drafted.id))).toBe('supervision.wrongState');
    await erase('merchant.developer', 'merchant.admin');
    expect(await nameOf('merchant.developer')).toBe('—');
    const events = await exchange.exchange.kernel.database.rows<{ type: string }>(
      sql`select type from events where subject = ${drafted.id} order by sequence`,
    );
    expect(events.map((one) => one.type.split('.').at(-1))).toEqual(['effective', 'lifted']);
  });

  test('of the regulator covers whom its object concerns, and nobody else', async () => {
    const steward = await exchange.as('mapping.trader');
    const resource = await steward.call(registryWire.createResource, { body: (await divisionsResource()).fields });
    const hold = await propose('regulator.officer', { kind: 'resource', id: resource.id });
    expect((await confirm('regulator.admin', hold.id)).concerns.map((one) => one.id)).toEqual([
      organisation('mapping'),
    ]);
    expect(await refusal(lift('operator.reviewer', hold.id))).toBe('supervision.holdForeign');
    await disable('mapping.developer', 'mapping.admin');
    await disable('bank.developer', 'bank.admin');
    expect(await refusal(erase('mapping.developer', 'mapping.admin'))).toBe('kernel.held');
    await erase('bank.developer', 'bank.admin');
  });

  test('ends by itself when its time is over', async () => {
    const target: Target = { kind: 'organisation', id: organisation('creditagency') };
    expect(await refusal(propose('operator.reviewer', target, '2026-06-30T00:00:00Z'))).toMatch(/^kernel\.invalid/);
    const hold = await propose('operator.reviewer', target, '2026-07-10T00:00:00+08:00');
    await confirm('operator.approver', hold.id);
    await disable('creditagency.developer', 'creditagency.admin');
    moveTo('2026-07-09T23:00:00+08:00');
    await exchange.settle();
    expect(await refusal(erase('creditagency.developer', 'creditagency.admin'))).toBe('kernel.held');
    moveTo('2026-07-10T00:00:01+08:00');
    await erase('creditagency.developer', 'creditagency.admin');
    await exchange.settle();
    expect((await seen('operator.reviewer', target.id))[0]).toMatchObject({ state: 'expired' });
  });

  test('the table itself refuses one person for both parts of an act', async () => {
    const hold = await propose('operator.reviewer', { kind: 'organisation', id: organisation('tester') });
    const { pool } = exchange.exchange.kernel.database;
    await expect(
      pool.query(`update legal_holds set state = 'effective', confirmed_by = proposed_by where id = $1`, [hold.id]),
    ).rejects.toThrow(/check constraint/);
    await expect(pool.query(`update legal_holds set state = 'effective' where id = $1`, [hold.id])).rejects.toThrow(
      /check constraint/,
    );
  });

  test('of an order, its contract or a case covers the parties', async () => {
    const listing = await listed(exchange);
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
    const found = await exchange.exchange.kernel.database.one<{ id: string }>(
      sql`select id from cases where procedure = 'listing.review' and not private limit 1`,
    );
    const both = [organisation('citylogistics'), organisation('xingsha')].sort();
    for (const [target, parties] of [
      [{ kind: 'order', id: order.id }, both],
      [{ kind: 'contract', id: order.contract! }, both],
      [{ kind: 'case', id: found.id }, [organisation('xingsha')]],
    ] as [Target, string[]][]) {
      const hold = await propose('operator.reviewer', target);
      expect(hold.concerns.map((one) => one.id).sort()).toEqual(parties);
      const strange = { ...target, id: target.id.replace(/_.*/, `_${'0'.repeat(26)}`) };
      expect(await refusal(propose('operator.reviewer', strange))).toBe('kernel.unknown');
    }
  });
});

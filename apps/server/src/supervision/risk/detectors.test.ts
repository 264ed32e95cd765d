/** Each warning on facts that meet its figure, and on the same facts one step short of it. */
import { createResource } from '@shugu/wire/registry';
import * as wire from '@shugu/wire/supervision-risk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeOrder, stateScenario } from '../../../../cli/src/scenario/order.ts';
import { divisionsResource } from '../../../../cli/src/trade/goods.ts';
import { exchangeIn, type TestExchange } from '../../../test/support/exchange.ts';
import { type Sql, sql } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { buyer, freightListed, scenarioOf } from '../../market/testing.ts';

let exchange: TestExchange;
const orders: string[] = [];

beforeAll(async () => {
  const opened = await exchangeIn(freightListed);
  exchange = opened;
  const listing = opened.given;
  const scenario = await stateScenario(exchange.stage, buyer, scenarioOf());
  for (let i = 0; i < 4; i++) {
    const placed = await placeOrder(exchange.stage, buyer, {
      listing,
      scenario,
      quantity: 1000,
      way: 'direct',
      months: 1,
    });
    orders.push(placed.id);
  }
  await exchange.settle();
}, 600_000);
afterAll(() => exchange?.end());

// Facts are written as they would stand: bringing each about through the doors takes months of the market.
const write = (...statements: Sql[]) =>
  exchange.exchange.kernel.database.tx(systemActor('test'), async (tx) => {
    for (const one of statements) await tx.exec(one);
  });
const warned = async (rule: string): Promise<string[]> => {
  await exchange.settle();
  const client = await exchange.as('regulator.officer');
  const { items } = await client.call(wire.listRisks, { query: { rule, state: 'open' } });
  return items.map((one) => one.target.id).sort();
};
const daysOn = (days: number) => new Date(exchange.exchange.kernel.clock.now().getTime() + days * 86_400_000);

test('a price is unusual against the median of at least three earlier trades', async () => {
  for (const [index, id] of orders.entries())
    await write(
      sql`update orders set signed_at = ${daysOn(index - 10)}, estimate_fen = 1000, quantity = 10 where id = ${id}`,
    );
  await write(sql`update orders set estimate_fen = 2000 where id = ${orders[3]}`);
  expect(await warned('priceUnusual')).toEqual([]);
  await write(sql`update orders set estimate_fen = 2001 where id = ${orders[3]}`);
  expect(await warned('priceUnusual')).toEqual([orders[3]]);
  await write(sql`update orders set estimate_fen = 499 where id = ${orders[3]}`);
  expect(await warned('priceUnusual')).toEqual([orders[3]]);
  // With fewer to compare it with, a price says nothing.
  await write(sql`update orders set signed_at = null where id = ${orders[0]}`);
  expect(await warned('priceUnusual')).toEqual([]);
});

test('objections are counted by supplier, within the period', async () => {
  const object = (at: Date) =>
    sql`insert into audit (at, node, market, participant, actor_kind, actor, action, subject, data)
      select ${at}, node, market, participant, 'person', 'per', 'market.order.object', id, '{}' from orders where id = ${orders[0]}`;
  await write(object(daysOn(-1)), object(daysOn(-2)), object(daysOn(-100)));
  expect(await warned('objectionsRepeated')).toEqual([]);
  await write(object(daysOn(-3)));
  expect(await warned('objectionsRepeated')).toEqual([exchange.seeded.organisations.xingsha]);
});

test('a rework is overdue when its limit has passed', async () => {
  const rework = (at: Date) =>
    sql`update orders set state = 'objected', rework_by = ${at}, signed_at = ${daysOn(-5)} where id = ${orders[1]}`;
  await write(rework(daysOn(1)));
  expect(await warned('remedyOverdue')).toEqual([]);
  await write(rework(daysOn(-1)));
  expect(await warned('remedyOverdue')).toEqual([orders[1]]);
});

test('certificates and reports about to end', async () => {
  const steward = await exchange.as('xingsha.steward');
  await steward.call(createResource, { body: (await divisionsResource()).fields });
  await write(sql`insert into certificates (id, node, market, participant, code, registrar, resource, object_kind, case_id, data_name,
      data_summary, limits, holders, evidence_number, evidenced_on, valid_from, valid_until, state, created_at)
    select 'crt_test', node, market, participant, 'SJ4302026070001', 'org_registrar', id, 'resource', 'cas_test', name, summary, '无', '[]',
      'x', '2026-06-30', ${daysOn(-10)}, ${daysOn(31)}, 'valid', ${daysOn(-10)} from resources limit 1`);
  const until = (days: number) => [
    sql`update certificates set valid_until = ${daysOn(days)}`,
    sql`update reports set valid_until = ${daysOn(days)}`,
  ];
  await write(...until(31));
  expect([await warned('certificateExpiring'), await warned('reportExpiring')]).toEqual([[], []]);
  await write(...until(29));
  expect(await warned('reportExpiring')).toHaveLength(1);
  expect(await warned('certificateExpiring')).toEqual(['crt_test']);
});

test('a difference between books and bank that nobody resolved', async () => {
  const difference = (
    state: string,
  ) => sql`insert into reconciliation_differences (id, node, market, participant, day, kind, reference,
      line_kind, ours_fen, theirs_fen, parked_fen, state, created_at)
    select ${`rdf_${state}`}, node, market, participant, '2026-06-30', 'amountDiffers', ${`ref-${state}`}, 'freeze', 100, 90, 0, ${state},
      ${daysOn(-1)} from orders where id = ${orders[0]}`;
  await write(
    sql`insert into reconciliations (day, id, node, market, participant, matched, differences, ours_fen, theirs_fen, closed, created_at, ran_at)
      select '2026-06-30', 'rec_x', node, market, participant, 0, 1, 100, 90, true, ${daysOn(-1)}, ${daysOn(-1)} from orders where id = ${orders[0]}`,
    difference('open'),
  );
  expect(await warned('reconciliationDiffers')).toEqual(['rdf_open']);
  await write(sql`update reconciliation_differences set state = 'resolved', resolution = 'noMoney', explanation = 'x',
    proposed_by = 'a', approved_by = 'b', resolved_at = ${daysOn(0)}`);
  expect(await warned('reconciliationDiffers')).toEqual([]);
});

test('use that has reached what the contract allows', async () => {
  const contract = 'ctr_test';
  const used = (
    calls: number,
  ) => sql`insert into usage_days (grant_id, day, node, market, participant, call_count, incomplete_count,
      row_count, byte_count, created_at)
    select 'grt_test', '2026-06-30', node, market, participant, ${calls}, 0, 0, 0, ${daysOn(-1)} from orders where id = ${orders[0]}
    on conflict (grant_id, day) do update set call_count = excluded.call_count`;
  await write(
    sql`insert into contracts (id, node, market, participant, kind, state, supplier, buyer, buyer_participant, product, product_version,
        product_name, template, template_version, current_version, respond_by, created_at)
      select ${contract}, o.node, o.market, o.supplier, 'provision', 'draft', '{}', '{}', o.participant, o.product, o.version, '产品', t.id, 1,
        1, ${daysOn(1)}, ${daysOn(-1)} from orders o, contract_templates t where o.id = ${orders[0]} limit 1`,
    sql`insert into metered_grants (id, node, market, participant, buyer, contract, product, product_version, time_zone, quotas, trial,
        created_at)
      select 'grt_test', node, market, supplier, participant, ${contract}, product, version, 'Asia/Shanghai',
        '[{"metric":"calls","period":"total","limit":100},{"metric":"calls","period":"day","limit":1}]', false, ${daysOn(-1)}
      from orders where id = ${orders[0]}`,
    used(99),
  );
  expect(await warned('usageAboveContract')).toEqual([]);
  await write(used(100));
  expect(await warned('usageAboveContract')).toEqual(['grt_test']);
});

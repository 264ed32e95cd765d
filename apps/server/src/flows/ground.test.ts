import * as marketWire from '@shugu/wire/market';
import * as marketMoreWire from '@shugu/wire/market-more';
import * as registryWire from '@shugu/wire/registry';
import * as settlementWire from '@shugu/wire/settlement';
import { expect, test } from 'vitest';
import { placeOrder, stateScenario } from '../../../cli/src/scenario/order.ts';
import { buyer, refusal, scenarioOf, supplier } from '../market/testing.ts';
import { certificateFor, creditCode, xingsha } from '../registry/testing.server.ts';
import {
  bought,
  cancelBy,
  contractOf,
  ended,
  exchange,
  keyed,
  listed,
  listingOf,
  moveTo,
  newResource,
  noticesOf,
  onExchange,
  orderOf,
  rig,
  settle,
  standing,
  state,
  steward,
} from './testing.ground.ts';

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

onExchange('rights', {}, () => {
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
});

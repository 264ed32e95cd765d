/** A delivery that nobody answers, an objection that nobody mends: notice, and then what the operator's rule says. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as casesWire from '@shugu/wire/cases';
import * as marketWire from '@shugu/wire/market';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readOrder, signBoth, stateScenario } from '../../../cli/src/scenario/order.ts';
import type { Listing } from '../../../cli/src/scenario/product.ts';
import { buyer, freightListed, listed, refusal, scenarioOf, supplier } from '../../src/market/testing.ts';
import { exchangeIn, type TestExchange, testExchange } from '../support/exchange.ts';

/** The shipped packs with one rule of the operator's changed. */
const packsWith = async (value: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-packs-'));
  await cp(join(import.meta.dirname, '../../../../rulepacks'), folder, { recursive: true });
  const path = join(folder, 'exchange.json');
  const pack = JSON.parse(await readFile(path, 'utf8')) as { rules: { id: string; value: unknown }[] };
  pack.rules.find(({ id }) => id === 'silentAcceptance')!.value = value;
  await writeFile(path, JSON.stringify(pack));
  return folder;
};

interface Shop {
  exchange: TestExchange;
  listing: Listing;
}
const shops: Shop[] = [];
let packs: string;

beforeAll(async () => {
  packs = await packsWith('automatic');
  const asShipped = await exchangeIn(freightListed);
  const changed = await testExchange({ config: { rulePacks: packs } });
  shops.push({ exchange: asShipped, listing: asShipped.given }, { exchange: changed, listing: await listed(changed) });
}, 600_000);
afterAll(async () => {
  for (const { exchange } of shops) await exchange.end();
  await rm(packs, { recursive: true, force: true });
});

const delivered = async ({ exchange, listing }: Shop) => {
  const { stage } = exchange;
  const scenario = await stateScenario(stage, buyer, scenarioOf());
  const order = await (await exchange.as(buyer)).call(marketWire.placeOrder, {
    body: {
      listing: listing.id,
      offer: listing.plans[0]!.offer,
      scenario,
      quantity: 1,
      settlementWay: 'direct',
      months: 6,
    },
  });
  await signBoth(stage, buyer, supplier, order.contract!);
  await exchange.settle();
  return (await exchange.as(supplier)).call(marketWire.deliverOrder, {
    params: { id: order.id },
    body: { note: '已交付' },
  });
};
const moveTo = async ({ exchange }: Shop, day: string) => {
  await exchange.stage.moveClock(new Date(`${day}T09:00:00+08:00`));
  await exchange.settle();
};
const noticesOf = async ({ exchange }: Shop, login: string, order: string) =>
  (await (await exchange.as(login)).call(casesWire.cases.notices, { query: { limit: 100 } })).items.filter(
    ({ subject, text }) => subject === order && /期限?已过/.test(text.zh),
  );
const decide = (id: string, verdict: 'bill' | 'release') => ({
  params: { id },
  body: { verdict, reason: '供方已按约定交付，需方未答复' },
});

test('by the shipped rule silence accepts nothing: both get notice once, then two people decide', async () => {
  const shop = shops[0]!;
  const { exchange } = shop;
  const order = await delivered(shop);
  expect(order.acceptBy).toMatch(/^2026-07-08T16/);
  const reviewer = await exchange.as('operator.reviewer');
  expect(await refusal(reviewer.call(marketWire.proposeOrderDecision, decide(order.id, 'bill')))).toBe(
    'market.wrongState',
  );
  for (const day of ['2026-07-09', '2026-08-20']) await moveTo(shop, day);
  for (const login of [buyer, supplier, 'operator.reviewer'])
    expect(await noticesOf(shop, login, order.id)).toHaveLength(1);
  expect(await readOrder(exchange.stage, buyer, order.id)).toMatchObject({
    state: 'delivered',
    next: { who: 'operator' },
  });

  const again = await exchange.as('operator.reviewer');
  expect(
    await refusal((await exchange.as(buyer)).call(marketWire.proposeOrderDecision, decide(order.id, 'release'))),
  ).toBe('kernel.unknown');
  // The contract runs: access would stay open to whoever gets the money back.
  expect(await refusal(again.call(marketWire.proposeOrderDecision, decide(order.id, 'release')))).toMatch(
    /^market\.contractRuns/,
  );
  await again.call(marketWire.proposeOrderDecision, decide(order.id, 'bill'));
  const approve = { params: { id: order.id }, body: {} };
  expect(await refusal(again.call(marketWire.approveOrderDecision, approve))).toBe('market.secondPersonNeeded');
  const done = await (await exchange.as('operator.approver')).call(marketWire.approveOrderDecision, approve);
  expect(done).toMatchObject({ state: 'accepted', acceptance: { kind: 'automatic' } });
  expect(done.papers.map(({ kind }) => kind)).toContain('acceptanceNote');
});

test('where the operator says so, silence accepts after the rule’s days', async () => {
  const shop = shops[1]!;
  const order = await delivered(shop);
  await moveTo(shop, '2026-07-15');
  expect((await readOrder(shop.exchange.stage, buyer, order.id)).state).toBe('delivered');
  await moveTo(shop, '2026-07-16');
  const seen = await readOrder(shop.exchange.stage, buyer, order.id);
  expect(seen.acceptance).toMatchObject({ kind: 'automatic', dueAt: order.acceptBy });
  expect(
    await refusal(
      (await shop.exchange.as(buyer)).call(marketWire.objectOrder, {
        params: { id: order.id },
        body: { note: '迟了' },
      }),
    ),
  ).toBe('market.wrongState');
});

test('an objection that is not mended in the rule’s days is told to both', async () => {
  const shop = shops[1]!;
  const { exchange } = shop;
  const order = await delivered(shop);
  const objected = await (await exchange.as(buyer)).call(marketWire.objectOrder, {
    params: { id: order.id },
    body: { note: '缺少三条线路' },
  });
  expect(objected.reworkBy).toMatch(/^2026-07-23T16/);
  await moveTo(shop, '2026-07-24');
  expect(await noticesOf(shop, supplier, order.id)).toHaveLength(1);
  const seen = await readOrder(exchange.stage, buyer, order.id);
  expect(seen).toMatchObject({ state: 'objected', next: { who: 'supplier' } });
  expect(seen.next.zh).toContain('整改期限已过');
});

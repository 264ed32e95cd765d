/** What the kind of a node changes, through its door: whom it takes, what it lists, what it has still to do. */
import { createDemand, createQuotation, publishDemand } from '@shugu/wire/market-more';
import { kindsOfNode, type NodeKind, nodeKinds } from '@shugu/wire/node-kinds';
import * as wire from '@shugu/wire/nodes';
import { browseGoods } from '@shugu/wire/nodes-trade';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import { type TestExchange, testExchange } from '../../test/support/exchange.ts';
import { listed, refusal } from '../market/testing.ts';
import { sealWords } from './envelope.ts';
import { entryOf, handsAt } from './testing.ts';

const free = {
  plans: [{ title: '公开', plan: { kind: 'free' as const }, settlementWays: ['direct' as const], taxRate: '0.06' }],
};
const soon = { timeout: 60_000, interval: 100 };
const opened: TestExchange[] = [];
const open = async (config: Parameters<typeof testExchange>[0] & object): Promise<TestExchange> => {
  const one = await testExchange(config);
  opened.push(one);
  return one;
};
const creditCode = ({ cast }: TestExchange, key: string) =>
  cast.organisations.find((one) => one.key === key)!.creditCode;
const steps = async (at: TestExchange) =>
  Object.fromEntries(
    (await (await at.as('operator.system')).call(wire.readSteps, {})).items.map(({ step, done }) => [step, done]),
  );
const kindOf = (at: TestExchange) => at.anyone.call(wire.readKind, {});
/** What somebody tells this node who applies as a node of some kind. */
const applying = async (at: TestExchange, nodeKind: NodeKind) => {
  const { keyId } = await at.anyone.call(wire.readSelf, {});
  const hands = handsAt(at, keyId);
  const one = hands.byHand();
  const origin = `log.example/${nodeKind}`;
  const words = one.application({ nodeKind, origin, url: `https://${nodeKind}.example` });
  return hands.register(await sealWords(one.signer, words)).then(
    () => 'taken',
    (error) => (error as { problem: { code: string } }).problem.code,
  );
};

afterAll(async () => {
  for (const one of opened) await one.end();
});

describe('a city between its hub and the nodes below it', { timeout: 240_000 }, () => {
  let hub: TestExchange;
  let city: TestExchange;
  let department: TestExchange;
  const near = { heartbeatSeconds: 1, privateNodes: ['127.0.0.0/8'] };
  beforeAll(async () => {
    hub = await open({ config: { ...near, nodeKind: 'hub' } });
    // Copies of one prepared database share its keys, and a hub takes each key once.
    city = await open({ config: { ...near, nodeKind: 'city', suite: 'sm', hubUrl: hub.url } });
    department = await open({ config: { ...near, nodeKind: 'department', hubUrl: city.url } });
  }, 240_000);

  const uplink = async (at: TestExchange) =>
    (await (await at.as('operator.system')).call(wire.readUplink, {})).uplink?.state;
  const letIn = async (above: TestExchange, below: TestExchange) => {
    await expect.poll(() => uplink(below), soon).toBe('reviewing');
    const applications = async () =>
      (await (await above.as('operator.reviewer')).call(wire.listApplications, { query: {} })).items;
    const { case: id } = (await applications()).find((one) => one.url === below.url)!;
    await move(await above.as('operator.reviewer'), id, 'acceptRegistration');
    await expect
      .poll(async () => (await applications()).find((one) => one.case === id)!.standing, soon)
      .toBe('assessing');
    await move(await above.as('operator.approver'), id, 'acceptCertification');
    await expect.poll(() => uplink(below), soon).toBe('active');
  };

  test('is a node of its hub and takes nodes of departments and suppliers itself', async () => {
    expect(await steps(city)).toMatchObject({ staff: true, hub: false, nodes: false });
    await letIn(hub, city);
    await letIn(city, department);
    expect(await steps(city)).toMatchObject({ hub: true, nodes: true });
    expect(await kindOf(city)).toMatchObject({ kind: 'city', hub: { url: hub.url } });
    expect(await kindOf(department)).toMatchObject({ kind: 'department', lists: 'free', hub: { url: city.url } });
    const { hub: shown, items } = await city.anyone.call(wire.listNodes, {});
    expect(shown).toMatchObject({ kind: 'city', isHub: true });
    expect(items.map((one) => one.kind)).toEqual(['department']);
  });

  test('what its department lists is found there, and with it what its hub tells', async () => {
    const { product } = await listed(department, { name: '公交站点名录' }, free);
    const found = async () => (await city.anyone.call(wire.listEntries, { query: {} })).items;
    await expect.poll(async () => (await found()).map((one) => one.subject), soon).toEqual([product]);
    // Below a city is not below its hub: it is found where it takes part.
    expect((await hub.anyone.call(wire.listEntries, { query: {} })).items).toEqual([]);
    const { keyId } = await hub.anyone.call(wire.readSelf, {});
    const other = await handsAt(hub, keyId).registered();
    await hub.anyone.call(wire.tell, { body: await other.changes(1, [entryOf('a', '行业节点的产品')]) });
    const buyer = await city.as('citylogistics.trader');
    const titles: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await buyer.call(browseGoods, { query: { ...(after ? { after } : {}) } });
      titles.push(...page.items.map((one) => one.title));
      if (page.next === null) break;
      after = page.next;
    }
    expect(titles).toEqual(['公交站点名录', '行业节点的产品']);
  });

  test('a department charges for nothing: not in a listing, not in a quotation', async () => {
    expect(await refusal(listed(department, { name: '收费目录' }))).toBe('market.gatesClosed nodeFreeOnly');
    const buyer = await department.as('citylogistics.trader');
    const { id: demand } = await buyer.call(createDemand, {
      body: {
        title: '停车数据',
        description: '按小时的停车占用',
        industry: 'G54',
        region: '430100',
        deliveryModes: ['api'],
        purposes: ['statistics'],
        budgetMax: '1234500',
        openUntil: '2026-12-31',
      },
    });
    await buyer.call(publishDemand, { params: { id: demand }, body: {} });
    const quoted = (plan: object) =>
      department.as('xingsha.trader').then((seller) =>
        seller.call(createQuotation, {
          body: {
            demand,
            enquiry: null,
            listing: null,
            plan,
            taxRate: '0.06',
            settlementWays: ['direct'],
            note: '',
          } as never,
        }),
      );
    expect(await refusal(quoted({ kind: 'oneOff', price: '9.00' }))).toBe('market.gatesClosed nodeFreeOnly');
    await quoted({ kind: 'free' });
  });
});

test('who takes whose registration is as the table says', { timeout: 240_000 }, async () => {
  for (const kind of nodeKinds) {
    const one = await open({ config: { nodeKind: kind } });
    const { takes } = kindsOfNode[kind];
    expect(await kindOf(one)).toMatchObject({ kind, takes, nodeType: kindsOfNode[kind].type });
    for (const asking of nodeKinds)
      expect(await applying(one, asking)).toBe(
        takes.includes(asking) ? 'taken' : takes.length > 0 ? 'nodes.kindNotTaken' : 'nodes.notHub',
      );
  }
});

test('an industry’s node lists products of its industries alone', { timeout: 240_000 }, async () => {
  const industry = await open({ config: { nodeKind: 'industry', nodeIndustries: ['I65', 'G'] } });
  expect(await kindOf(industry)).toMatchObject({ lists: 'industries', industries: ['I65', 'G'] });
  expect(await refusal(listed(industry, { industry: 'A01' }))).toBe('market.gatesClosed nodeIndustry');
  expect(await refusal(listed(industry, { industry: 'I' }))).toBe('market.gatesClosed nodeIndustry');
  expect(await steps(industry)).toMatchObject({ industries: true, listing: false });
  await listed(industry, { industry: 'I651', name: '软件业指数' });
  await listed(industry, { industry: 'G54' });
  expect(await steps(industry)).toMatchObject({ listing: true });
  // The names of others are not for everybody.
  for (const login of ['citylogistics.trader', 'xingsha.admin'])
    expect(await refusal((await industry.as(login)).call(wire.readSteps, {}))).toBe('kernel.notPermitted');
});

test('a supplier’s node lists what its supplier offers, and nobody’s before it is named', {
  timeout: 240_000,
}, async () => {
  const nobodys = await open({ config: { nodeKind: 'supplier' } });
  expect(await refusal(listed(nobodys))).toBe('market.gatesClosed nodeSupplier');
  expect(await steps(nobodys)).toMatchObject({ supplier: false });
  const own = await open({ config: { nodeKind: 'supplier', nodeSupplier: creditCode(nobodys, 'xingsha') } });
  expect(await steps(own)).toEqual({ staff: true, supplier: true, hub: false, listing: false });
  expect(await refusal(listed(own, {}, {}, 'general', 'mapping.trader'))).toBe('market.gatesClosed nodeSupplier');
  await listed(own);
  expect(await kindOf(own)).toMatchObject({
    lists: 'ownSupplier',
    supplier: own.cast.organisations.find(({ key }) => key === 'xingsha')!.name,
  });
  expect(await steps(own)).toMatchObject({ listing: true });
});

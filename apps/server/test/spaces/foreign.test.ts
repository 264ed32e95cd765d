/**
 * What stands in a space's catalogue from elsewhere: harvested entries, listings of a hub's nodes, whole catalogues of other spaces and
 * nodes. As a member, as a stranger, as the operator of the space, as the operator of the exchange.
 */
import { checkMessage } from '@shugu/dataspace';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as marketWire from '@shugu/wire/market';
import { readSelf } from '@shugu/wire/nodes';
import * as wire from '@shugu/wire/spaces';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { joinSpace } from '../../../cli/src/scenario/space.ts';
import { listed, refusal } from '../../src/market/testing.ts';
import { entryOf, handsAt } from '../../src/nodes/testing.ts';
import { admitted, consumer, joined, look, operator, outsider, provider, rulesOf } from '../../src/spaces/testing.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { connectorsOf } from './connectors.ts';

const nothing = 'kernel.unknown';
let world: TestExchange;
type Node = Awaited<ReturnType<ReturnType<typeof handsAt>['registered']>>;
let node: Node;
let hands: ReturnType<typeof handsAt>;
/** For members only, and for everybody. */
let closed: string;
let open: string;
let founding: string;
beforeAll(async () => {
  world = await testExchange({
    config: { nodeKind: 'hub', privateSources: ['127.0.0.0/8'], privateConnectors: ['127.0.0.1'] },
  });
  hands = handsAt(world, (await world.anyone.call(readSelf, {})).keyId);
  node = await hands.registered();
  closed = (await admitted(world)).id;
  const everybodys = await admitted(world, { rules: rulesOf({ catalogue: 'everyone' }) });
  [open, founding] = [everybodys.id, everybodys.case!];
  await joined(world, closed, consumer, 'consumer');
  await joined(world, closed, provider, 'provider');
}, 240_000);
afterAll(() => world?.end());

type Ref = Parameters<typeof add>[1];
const add = async (
  id: string,
  body: { kind: 'harvest'; entry: string } | { kind: 'node'; node: string; subject: string },
  login = operator,
) => (await world.as(login)).call(wire.addForeignSpaceEntry, { params: { id }, body });
const entries = async (id: string, login: string | null = consumer, query: object = {}) =>
  (await (login ? await world.as(login) : world.anyone).call(wire.listSpaceEntries, { params: { id }, query })).items;
const titles = async (id: string, login: string | null = consumer) =>
  (await entries(id, login)).map((one) => one.title);
/** Places that are taken, whether shown or not. */
const places = async (id: string): Promise<number> => {
  const { pool } = world.exchange.kernel.database;
  const found = await pool.query('select id from space_entries where space = $1 and ended_at is null', [id]);
  return found.rows.length;
};
const tellOf = async (first: number, changes: Parameters<Node['changes']>[1], generation = 1) =>
  hands.tell(await node.changes(first, changes, generation));
const hours = (count: number) =>
  world.stage.moveClock(new Date(world.exchange.kernel.clock.now().getTime() + count * 3_600_000));

describe('an entry of another catalogue', { timeout: 120_000 }, () => {
  test('stands there with where it comes from, follows it, and goes with it', async () => {
    const product = await listed(world, { name: '邻省运价', summary: '邻省' });
    const steward = await world.as('xingsha.steward');
    // Its own façade stands for the other catalogue.
    const source = { name: '邻省目录', kind: 'ckan', address: `${world.url}/ckan`, rhythm: 'manual' } as const;
    const { id: from } = await steward.call(catalogueWire.createSource, { body: source });
    const harvest = async () => {
      const run = await steward.call(catalogueWire.startHarvest, { params: { id: from }, body: { dry: false } });
      await until('the harvest', async () => {
        const seen = await steward.call(catalogueWire.getHarvest, { params: { id: run.id } });
        return seen.state === 'done';
      });
    };
    await harvest();
    const found = await world.anyone.call(catalogueWire.listForeignEntries, { query: { search: '邻省运价' } });
    const ref: Ref = { kind: 'harvest', entry: found.items[0]!.id };

    for (const login of [provider, outsider]) expect(await refusal(add(closed, ref, login)), login).toBe(nothing);
    await expect(add(closed, ref, 'operator.reviewer')).rejects.toThrow();
    expect(await refusal(add(closed, { ...ref, entry: 'hve_01zzzzzzzzzzzzzzzzzzzzzzzz' }))).toBe(nothing);
    const strict = await admitted(world, { rules: rulesOf({ policy: ['purposes'] }) });
    expect(await refusal(add(strict.id, ref))).toBe('spaces.policyUnknown');
    await add(closed, ref);
    expect(await refusal(add(closed, ref))).toBe('spaces.alreadyListed');

    expect(await entries(closed, consumer, { q: '邻省' })).toMatchObject([
      {
        ...{ product: null, supplier: null, title: '邻省运价', membersOnly: false },
        foreign: {
          ...{ kind: 'harvest', harvested: ref.entry, node: null, origin: '邻省目录', traded: false },
          url: expect.stringContaining(world.url),
        },
      },
    ]);
    expect(await entries(closed, consumer, { supplier: world.seeded.organisations.merchant! })).toEqual([]);
    // Its own catalogue's rule: members see it, whoever supervises does, nobody else.
    expect(await titles(closed, 'operator.reviewer')).toEqual(['邻省运价']);
    for (const login of [outsider, null]) expect(await refusal(entries(closed, login)), String(login)).toBe(nothing);
    await add(open, ref);
    expect(await titles(open, null)).toEqual(['邻省运价']);

    await (await world.as(provider)).call(marketWire.delistListing, {
      ...{ params: { id: product.id }, body: { reason: '停止供应' } },
    });
    await world.settle();
    expect(await titles(closed), 'what is harvested is as old as the harvest').toHaveLength(1);
    await harvest();
    expect(await titles(closed)).toEqual([]);
    expect((await look(world, closed)).entries).toBe(0);
    expect(await refusal(add(strict.id, ref))).toBe(nothing);
    // Its place is kept for an hour, then it is free.
    await world.settle();
    expect(await places(closed)).toBe(1);
    await hours(2);
    await world.settle();
    expect(await places(closed)).toBe(0);
  });
});

describe('an entry of a node', { timeout: 120_000 }, () => {
  const connector = {
    participant: 'did:web:industry.example',
    address: 'https://industry.example/dsp',
    dataset: 'ds-1',
  };
  const sold = entryOf('a', '港口吞吐量', { by: '岳阳港', connector });
  const told = entryOf('b', '船舶动态');
  const gone = (one: typeof sold) => ({ kind: 'listing' as const, subject: one.subject, content: null, digest: null });
  const refOf = ({ subject }: typeof sold): Ref => ({ kind: 'node', node: node.node, subject });

  test('leads to the purchase across nodes where it is sold so, and to its page else', async () => {
    await tellOf(1, [sold, told]);
    expect(await refusal(add(closed, { ...refOf(sold), node: 'nod_01zzzzzzzzzzzzzzzzzzzzzzzz' } as Ref))).toBe(nothing);
    expect(await refusal(add(closed, refOf(sold), provider))).toBe(nothing);
    await add(closed, refOf(sold));
    await add(closed, refOf(told));
    expect(await entries(closed)).toMatchObject([
      { title: '船舶动态', foreign: { kind: 'node', traded: false, url: 'https://industry.example/products/x' } },
      {
        ...{ title: '港口吞吐量', industry: 'G54' },
        foreign: { node: node.node, subject: sold.subject, by: '岳阳港', origin: '手工行业节点', traded: true },
      },
    ]);
    expect(await refusal(entries(closed, outsider))).toBe(nothing);
  });

  test('follows what its node says; what is back within the hour kept its place, what is not has lost it', async () => {
    await tellOf(3, [entryOf('b', '船舶动态（改）'), gone(sold)]);
    expect(await entries(closed)).toHaveLength(1);
    await world.settle();
    expect(await titles(closed)).toEqual(['船舶动态（改）']);
    expect(await entries(closed, consumer, { q: '改' })).toHaveLength(1);
    // The node says everything anew, and this one among it.
    await tellOf(1, [told], 2);
    await world.settle();
    await tellOf(2, [sold], 2);
    expect(await titles(closed)).toEqual(['船舶动态', '港口吞吐量']);
    await world.settle();
    await hours(2);
    await world.settle();
    expect(await places(closed)).toBe(2);
    await tellOf(3, [gone(sold)], 2);
    await world.settle();
    await hours(2);
    await world.settle();
    expect(await places(closed)).toBe(1);
  });
});

describe('a catalogue within a catalogue', { timeout: 120_000 }, () => {
  const nest = async (
    id: string,
    body: { kind: 'space'; space: string } | { kind: 'node'; node: string },
    login = operator,
  ) => (await world.as(login)).call(wire.nestCatalogue, { params: { id }, body });
  const within = async (id: string, login: string | null) =>
    (
      await (login ? await world.as(login) : world.anyone).call(wire.listNestedCatalogues, { params: { id } })
    ).items.map(({ space, node: of }) => space?.id ?? of?.id ?? null);
  const space = (of: string) => ({ kind: 'space' as const, space: of });

  test('is shown to whom its own rules show it, and never stands in itself', async () => {
    await nest(open, space(closed));
    const held = await nest(open, { kind: 'node', node: node.node });
    expect(held).toMatchObject({ space: null, node: { name: '手工行业节点', listings: 1 } });
    expect(await within(open, operator)).toEqual([closed, node.node]);
    expect(await within(open, consumer)).toEqual([closed, node.node]);
    expect(await within(open, 'operator.reviewer')).toEqual([closed, node.node]);
    for (const login of [outsider, null]) expect(await within(open, login), String(login)).toEqual([node.node]);
    for (const login of [outsider, null]) expect(await refusal(within(closed, login)), String(login)).toBe(nothing);

    expect(await refusal(nest(open, space(closed)))).toBe('spaces.alreadyListed');
    expect(await refusal(nest(open, space(open)))).toBe('spaces.nestedInItself nestedInItself');
    expect(await refusal(nest(closed, space(open)))).toBe('spaces.nestedInItself nestedInItself');
    const third = (await admitted(world, { rules: rulesOf({ catalogue: 'everyone' }) })).id;
    await nest(closed, space(third));
    expect(await refusal(nest(third, space(open)))).toBe('spaces.nestedInItself nestedInItself');
    expect(await within(closed, consumer)).toEqual([third]);
  });

  test('is put in by who operates the outer one and sees the inner one; nobody else, nothing unknown', async () => {
    for (const login of [provider, consumer, outsider])
      expect(await refusal(nest(closed, { kind: 'node', node: node.node }, login)), login).toBe(nothing);
    expect(await refusal(nest(open, space('spc_01zzzzzzzzzzzzzzzzzzzzzzzz')))).toBe(nothing);
    expect(await refusal(nest(open, { kind: 'node', node: 'nod_01zzzzzzzzzzzzzzzzzzzzzzzz' }))).toBe(nothing);
    // The provider founds one of its own, which this operator may not look into.
    const theirs = (await admitted(world, {}, provider)).id;
    expect(await refusal(nest(open, space(theirs)))).toBe(nothing);
    await nest(theirs, space(closed), provider);
    expect(await refusal(nest(theirs, space(closed), operator))).toBe(nothing);
  });

  test('that its operator may look into no more is told to it without a word of what it is, and taken out', async () => {
    const inner = await admitted(world, { name: { zh: '港口数据空间', en: 'Port data space' } }, provider);
    const { id: outer } = await admitted(world, { rules: rulesOf({ catalogue: 'everyone' }) });
    await joined(world, outer, consumer, 'consumer');
    await joinSpace(world.stage, { id: inner.id, operator: provider }, operator, 'consumer');
    const made = await nest(outer, space(inner.id));
    await (await world.as(operator)).call(wire.leaveSpace, { params: { id: inner.id }, body: { reason: '' } });
    const list = async (login: string | null) =>
      (await (login ? await world.as(login) : world.anyone).call(wire.listNestedCatalogues, { params: { id: outer } }))
        .items;
    expect(await list(operator)).toEqual([{ id: made.id, space: null, node: null, addedAt: made.addedAt }]);
    for (const login of [consumer, outsider, null]) expect(await list(login), String(login)).toEqual([]);
    // Who operates the inner one sees it stand there, and has no say over it.
    expect(await within(outer, provider)).toEqual([inner.id]);
    const withdraw = async (login: string) =>
      (await world.as(login)).call(wire.withdrawNestedCatalogue, {
        ...{ params: { id: outer, catalogue: made.id }, body: { reason: '已看不到' } },
      });
    for (const login of [consumer, provider, outsider]) expect(await refusal(withdraw(login)), login).toBe(nothing);
    expect(JSON.stringify(await withdraw(operator))).not.toContain(inner.id);
    expect(await list(operator)).toEqual([]);
    expect(await within(outer, provider)).toEqual([]);
  });

  test('over the Dataspace Protocol stands in the catalogue of who operates the outer one', async () => {
    const { connect, catalogue } = connectorsOf(world);
    const [ours, supplier] = [await connect(operator), await connect(provider)];
    const [member, stranger] = [await connect(consumer), await connect(outsider)];
    const { product } = await listed(world, { name: '公路运价' });
    await (await world.as(provider)).call(wire.addSpaceEntry, { params: { id: closed }, body: { product } });
    const by = { participant: 'did:web:industry.example', dataset: 'ds-1' };
    const far = [
      entryOf('c', '泊位预约', { by: '岳阳港', connector: { ...by, address: 'https://industry.example/dsp' } }),
      // Where a node names a connector that is not below its own address nobody is led there.
      entryOf('d', '拖船调度', { by: '某地', connector: { ...by, address: 'https://elsewhere.example/dsp' } }),
    ];
    await tellOf(4, far, 2);
    for (const { subject } of far) await add(closed, { kind: 'node', node: node.node, subject });
    type Catalog = { '@id': string; title: string; service: { endpointURL: string }[]; catalog?: Catalog[] };
    const told = async (to: typeof ours, filter?: object[]) =>
      (await catalogue(to, ours, filter)) as { catalog?: Catalog[] };
    const of = (catalogs: Catalog[] | undefined, id: string) =>
      catalogs?.find((one) => one['@id'].endsWith(`/spaces/${id}`));
    const inside = await told(member);
    expect(checkMessage('Catalog', inside)).toMatchObject({ ok: true });
    const outer = of(inside.catalog, open)!;
    expect(outer).toMatchObject({ '@type': 'Catalog', title: '道路货运数据空间（样例）' });
    expect(
      outer.service.map(({ endpointURL }) => endpointURL),
      'nobody’s products stand there',
    ).toEqual([ours.address]);
    expect(of(inside.catalog, closed), 'told where it stands').toBeUndefined();
    expect(of(outer.catalog, closed)!.service.map(({ endpointURL }) => endpointURL)).toEqual([supplier.address]);
    const elsewhere = of(outer.catalog, closed)!.catalog!.filter((one) => !one['@id'].includes('/spaces/'));
    expect(elsewhere).toEqual([
      {
        ...{ '@id': 'https://industry.example/dsp/catalog', '@type': 'Catalog', title: '岳阳港' },
        service: [expect.objectContaining({ endpointURL: 'https://industry.example/dsp' })],
      },
    ]);
    const seen = await told(stranger);
    expect(checkMessage('Catalog', seen)).toMatchObject({ ok: true });
    expect(of(seen.catalog, open)).not.toHaveProperty('catalog');
    expect(JSON.stringify(seen)).not.toContain(closed);
    for (const hidden of [supplier.address, 'industry.example']) expect(JSON.stringify(seen)).not.toContain(hidden);
    expect(await told(member, [{ limit: 1, offset: 1 }]), 'with the first page alone').not.toHaveProperty('catalog');
    expect(await catalogue(member, supplier), 'who operates none').not.toHaveProperty('catalog');
  });

  test('levels have an end', async () => {
    const chain: string[] = [];
    for (let level = 0; level <= wire.spaceLimits.nestedDepthMax; level++) chain.push((await admitted(world)).id);
    for (let level = 1; level < wire.spaceLimits.nestedDepthMax; level++)
      await nest(chain[level - 1]!, space(chain[level]!));
    const [last, more] = chain.slice(-2);
    expect(await refusal(nest(last!, space(more!)))).toBe('spaces.nestedTooDeep nestedTooDeep');
    expect(await refusal(nest(more!, space(chain[0]!)))).toBe('spaces.nestedTooDeep nestedTooDeep');
  });

  test('goes by hand, with its space, and with its node', async () => {
    const outer = (await admitted(world)).id;
    const one = await nest(outer, space(closed));
    await nest(outer, space(open));
    await nest(outer, { kind: 'node', node: node.node });
    const withdraw = async (login: string, catalogue = one.id) =>
      (await world.as(login)).call(wire.withdrawNestedCatalogue, {
        ...{ params: { id: outer, catalogue }, body: { reason: '不再需要' } },
      });
    expect(await refusal(withdraw(provider))).toBe(nothing);
    expect(await refusal(withdraw(operator, 'spk_01zzzzzzzzzzzzzzzzzzzzzzzz'))).toBe(nothing);
    await withdraw(operator);
    expect(await refusal(withdraw(operator))).toBe('spaces.wrongState');
    expect(await within(outer, operator)).toEqual([open, node.node]);
    await move(await world.as(operator), founding, 'close', { reason: '停止运营' });
    await world.settle();
    expect(await within(outer, operator)).toEqual([node.node]);
    await move(await world.as('operator.approver'), node.case, 'revoke', { reason: '停止接入' });
    expect(await within(outer, 'operator.reviewer'), 'at once').toEqual([]);
    await world.settle();
    const { pool } = world.exchange.kernel.database;
    const left = await pool.query('select id from space_catalogues where space = $1 and ended_at is null', [outer]);
    expect(left.rows).toEqual([]);
    expect(await titles(closed), 'and what it listed with it').toEqual(['公路运价']);
  });
});

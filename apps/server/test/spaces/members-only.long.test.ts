/** What is offered to the members of a space alone: as a member, as one that is none any more, as a stranger, as the operator. */
import type { Client } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as kernelWire from '@shugu/wire/kernel';
import * as marketWire from '@shugu/wire/market';
import { productPage, search } from '@shugu/wire/market-find';
import { createEnquiry, requestTrial } from '@shugu/wire/market-more';
import * as wire from '@shugu/wire/spaces';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import { readContract, readOrder, signBoth } from '../../../cli/src/scenario/order.ts';
import type { Listing } from '../../../cli/src/scenario/product.ts';
import { listed, listingOf, policyOf, refusal, scenarioOf, version } from '../../src/market/testing.ts';
import {
  admitted,
  consumer,
  joined,
  look,
  operator,
  outsider,
  provider,
  rulesOf,
  sign,
} from '../../src/spaces/testing.ts';
import { offer as anOffer, call, messageOf } from '../federation/counterpart.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { connectorsOf } from './connectors.ts';

let world: TestExchange;
/** Its rules end contracts with the membership; its catalogue is everybody's. */
let space: string;
let founding: string;
let offered: Listing;
beforeAll(async () => {
  world = await testExchange({ config: { privateConnectors: ['127.0.0.1'] } });
  const made = await admitted(world, { rules: rulesOf({ catalogue: 'everyone', contracts: 'end' }) });
  [space, founding] = [made.id, made.case!];
  await joined(world, space, provider, 'provider');
  await joined(world, space, consumer, 'consumer');
  offered = await offer(space, secret);
}, 240_000);
afterAll(() => world?.end());

const secret = '秘传运价';
const nothing = 'kernel.unknown';
const forMembers = (of: string) =>
  policyOf([{ leftOperand: 'shugu:memberOf', operator: 'eq', rightOperand: of }]) as never;
const offer = (of: string, name: string): Promise<Listing> =>
  listed(world, { name, summary: name }, { policy: forMembers(of) });

const state = async (login: string, more = {}): Promise<string> =>
  (await (await world.as(login)).call(marketWire.createScenario, { body: scenarioOf(more) })).id;
const order = async (listing: Listing, login = consumer, more = {}) =>
  (await world.as(login)).call(marketWire.placeOrder, {
    body: {
      ...{ listing: listing.id, offer: listing.plans[0]!.offer, scenario: await state(login, more) },
      ...{ quantity: 1, settlementWay: 'direct' as const, months: 6 },
    },
  });
const leave = async (of: string, login = consumer) => {
  await (await world.as(login)).call(wire.leaveSpace, { params: { id: of }, body: {} });
  await world.settle();
};
const namesOf = async (client: Client, query: object = { q: secret }) =>
  (await client.call(search, { query })).items.map(({ product }) => product);
const entriesOf = async (client: Client, id: string) =>
  (await client.call(wire.listSpaceEntries, { params: { id }, query: {} })).items.map(({ product }) => product);
const textOf = async (path: string) => (await fetch(`${world.url}${path}`)).text();

describe('offered to the members of a space alone', { timeout: 120_000 }, () => {
  test('by a provider of that space only', async () => {
    const { id } = await admitted(world);
    const supplier = await world.as(provider);
    const other = await version(world, { name: '另一产品' });
    const body = listingOf(other.version, offered.basis.reports[0]!, { policy: forMembers(id) });
    expect(await refusal(supplier.call(marketWire.createListing, { body }))).toContain('notProvider');
    const plain = {
      ...{ productVersion: offered.version, price: { plan: { kind: 'free' } }, deliveryModes: ['file' as const] },
      policy: forMembers(id),
    };
    expect(await refusal(supplier.call(agreementsWire.createOffer, { body: plain }))).toContain(
      'agreements.spaceNotYours',
    );
    const audience = { kind: 'space' as const, space };
    const open = { ...plain, policy: policyOf() as never, audience };
    expect(await refusal(supplier.call(agreementsWire.createOffer, { body: open }))).toContain(
      'agreements.audienceDiffers',
    );
    const made = await supplier.call(agreementsWire.createOffer, { body: { ...plain, policy: forMembers(space) } });
    expect(made.audience).toEqual(audience);
    await supplier.call(agreementsWire.withdrawOffer, { params: { id: made.id }, body: {} });
    await world.settle();
  });

  test('members, its supplier and who supervises see and find it; to all others there is nothing', async () => {
    const params = { id: offered.product };
    for (const login of [consumer, provider, operator, 'operator.reviewer', 'regulator.officer']) {
      const client = await world.as(login);
      const page = await client.call(productPage, { params });
      expect(page.listing, login).toMatchObject({ id: offered.id, space: { id: space } });
      expect(page.listing.explanation.en[0]).toContain('Road freight data space (specimen)');
      expect(await namesOf(client), login).toEqual([offered.product]);
      const version = { ...params, version: offered.version };
      expect((await client.call(catalogueWire.getVersion, { params: version })).id).toBe(offered.version);
      expect((await client.call(marketWire.readListing, { params: { id: offered.id } })).space?.id).toBe(space);
    }
    for (const client of [await world.as(outsider), world.anyone]) {
      expect(await refusal(client.call(productPage, { params }))).toBe(nothing);
      expect(await refusal(client.call(marketWire.readListing, { params: { id: offered.id } }))).toBe(nothing);
      expect(await refusal(client.call(catalogueWire.getProduct, { params }))).toBe(nothing);
      const version = { ...params, version: offered.version };
      expect(await refusal(client.call(catalogueWire.getVersion, { params: version }))).toBe(nothing);
      expect(await refusal(client.call(kernelWire.paperRead, { params: { id: offered.paper! } }))).toBe(nothing);
      expect(await namesOf(client)).toEqual([]);
      const found = await client.call(search, { query: { supplier: offered.supplier.id } });
      expect([found.total, found.items, found.facets?.supplier]).toEqual([0, [], []]);
      const { totals } = await client.call(marketWire.turnover, { query: {} });
      expect(totals.listings).toBe(0);
    }
  });

  test('nor is it told by anything that gives the catalogue out', async () => {
    const told = [
      await textOf('/api/catalogue/dcat.jsonld'),
      await textOf('/api/catalogue/dcat.ttl'),
      await textOf('/ckan/api/3/action/package_list'),
      await textOf(`/ckan/api/3/action/package_search?q=${encodeURIComponent(secret)}`),
      await textOf('/sitemap.xml'),
      await textOf('/sitemaps/products.xml'),
      await textOf('/api/log/entries'),
    ].join('\n');
    expect(told).not.toContain(secret);
    expect(told).not.toContain(offered.product);
    // What goes up to a hub is asked of the market in these words.
    const { market } = world.exchange.rooms;
    const { database } = world.exchange.kernel;
    expect(await market.listed(database, offered.product)).toBeUndefined();
    expect(await market.listedAfter(database, { at: new Date(0), listing: '' }, 10)).toEqual([]);
    expect((await market.offered(database, offered.product))?.space).toBe(space);
  });

  test('nobody else asks about it, tries or orders it', async () => {
    const client = await world.as(outsider);
    const about = { kind: 'listing' as const, id: offered.id };
    expect(await refusal(client.call(createEnquiry, { body: { about, title: '询价', text: '价格' } }))).toBe(nothing);
    expect(await refusal(client.call(requestTrial, { params: { id: offered.id }, body: {} }))).toBe(nothing);
    expect(await refusal(order(offered, outsider))).toBe(nothing);
    const { offer: id } = offered.plans[0]!;
    expect(await refusal(client.call(agreementsWire.getOffer, { params: { id } }))).toBe(nothing);
    expect((await (await world.as(consumer)).call(agreementsWire.getOffer, { params: { id } })).audience).toEqual({
      ...{ kind: 'space', space },
    });
  });

  test('over the Dataspace Protocol it is a data set for members, with the constraint in its policy', async () => {
    const { connect, token: tokenOf, catalogue } = connectorsOf(world);
    const [ours, member, stranger] = [await connect(provider), await connect(consumer), await connect(outsider)];
    const [inside, outside] = [await tokenOf(member, ours), await tokenOf(stranger, ours)];
    expect((await catalogue(member, ours)).dataset).toMatchObject([
      {
        '@id': offered.product,
        hasPolicy: [
          {
            '@id': offered.plans[0]!.offer,
            permission: [{ constraint: expect.arrayContaining([expect.objectContaining({ rightOperand: space })]) }],
          },
        ],
      },
    ]);
    expect((await catalogue(stranger, ours)).dataset).toBeUndefined();
    const one = `${ours.address}/catalog/datasets/${offered.product}`;
    expect((await call(one, undefined, inside)).status).toBe(200);
    const unknown = await call(`${ours.address}/catalog/datasets/prd_01zzzzzzzzzzzzzzzzzzzzzzzz`, undefined, outside);
    expect(await call(one, undefined, outside)).toMatchObject({ status: 404, body: unknown.body });
    const request = async ({ address }: typeof ours, token: string) => {
      const wanted = { callbackAddress: address, offer: anOffer(offered.plans[0]!.offer, offered.product) };
      return call(
        `${ours.address}/negotiations/request`,
        messageOf('request', { consumerPid: 'urn:uuid:1' }, wanted),
        token,
      );
    };
    const refused = await request(stranger, outside);
    expect([refused.status, refused.body.code]).toEqual([400, 'offerUnknown']);
    expect((await request(member, inside)).status).toBe(201);
  });

  test('in the catalogue of the space its entry is for members, though the rest is everybody’s', async () => {
    const open = await listed(world, { name: '公开运价', summary: '公开' });
    const client = await world.as(provider);
    for (const { product } of [offered, open])
      await client.call(wire.addSpaceEntry, { params: { id: space }, body: { product } });
    expect(await entriesOf(world.anyone, space)).toEqual([open.product]);
    expect((await look(world, space, outsider)).entries).toBe(1);
    expect(await entriesOf(await world.as(consumer), space)).toEqual([open.product, offered.product]);
    expect((await look(world, space, consumer)).entries).toBe(2);
    // Members of another space are none of this one.
    const { id } = await admitted(world);
    await joined(world, id, provider, 'provider');
    const body = { product: offered.product };
    expect(await refusal(client.call(wire.addSpaceEntry, { params: { id }, body }))).toBe('spaces.notListed notListed');
  });
});

describe('concluded as a member', { timeout: 180_000 }, () => {
  test('the contract says so, and ends with the membership where the rules say that', async () => {
    const placed = await order(offered);
    const waiting = await order(offered, consumer, { onwardUse: '提供给全资子公司' });
    expect(waiting.state).toBe('reviewing');
    const unsigned = await order(offered);
    const signed = await signBoth(world.stage, consumer, provider, placed.contract!);
    const [permission] = signed.current.terms.policy.permission as { constraint: object[] }[];
    expect(permission!.constraint).toContainEqual(
      expect.objectContaining({ leftOperand: 'shugu:memberOf', rightOperand: space }),
    );
    const { agreements } = world.exchange.rooms;
    const { database } = world.exchange.kernel;
    expect((await agreements.planOf(database, signed.id))?.memberOf).toBe(space);

    await leave(space);
    const client = await world.as(consumer);
    expect(await refusal(client.call(productPage, { params: { id: offered.product } }))).toBe(nothing);
    expect(await namesOf(client)).toEqual([]);
    expect(await refusal(order(offered))).toBe(nothing);
    expect(await readContract(world.stage, consumer, placed.contract!)).toMatchObject({ state: 'basisEnded' });
    expect(await agreements.planOf(database, signed.id)).toBeUndefined();
    expect((await readOrder(world.stage, consumer, unsigned.id)).state).toBe('cancelled');
    expect((await readOrder(world.stage, consumer, waiting.id)).state).toBe('cancelled');

    // Back in, it sees and orders again; what has ended has ended. And with the space all of it ends.
    await joined(world, space, consumer, 'consumer');
    expect(await namesOf(client)).toEqual([offered.product]);
    const again = await order(offered);
    await signBoth(world.stage, consumer, provider, again.contract!);
    await world.settle();
    expect(await readContract(world.stage, consumer, placed.contract!)).toMatchObject({ state: 'basisEnded' });
    expect(await readContract(world.stage, consumer, again.contract!)).toMatchObject({ state: 'effective' });
    await move(await world.as(operator), founding, 'close', { reason: '目的已达成' });
    await world.settle();
    expect(await readContract(world.stage, consumer, again.contract!)).toMatchObject({ state: 'basisEnded' });
    expect(await refusal(client.call(productPage, { params: { id: offered.product } }))).toBe(nothing);
    const seen = await (await world.as(provider)).call(marketWire.readListing, { params: { id: offered.id } });
    expect(seen).toMatchObject({ state: 'suspended', reason: expect.stringContaining('提供方') });
    const resuming = (await world.as('operator.reviewer')).call(marketWire.resumeListing, {
      ...{ params: { id: offered.id }, body: { reason: '恢复' } },
    });
    expect(await refusal(resuming)).toContain('notProvider');
  });

  test('it goes on where the rules say that, in the version that the member had signed', async () => {
    const { id } = await admitted(world, { rules: rulesOf({ contracts: 'goOn' }) });
    await joined(world, id, provider, 'provider');
    const member = await joined(world, id, consumer, 'consumer');
    const going = await offer(id, '续行运价');
    const placed = await order(going);
    await signBoth(world.stage, consumer, provider, placed.contract!);
    await (await world.as(operator)).call(wire.publishSpaceRules, {
      params: { id },
      body: rulesOf({ contracts: 'end' }, 2),
    });
    const expelling = { params: { id, member }, body: { reason: '违反规则' } };
    await (await world.as(operator)).call(wire.expelFromSpace, expelling);
    await world.settle();
    expect(await readContract(world.stage, consumer, placed.contract!)).toMatchObject({ state: 'effective' });
    expect(await refusal(order(going))).toBe(nothing);
  });

  test('a member that rests orders nothing until it has signed; a supplier that leaves offers nothing', async () => {
    const { id } = await admitted(world, { rules: rulesOf({ contracts: 'end' }) });
    await joined(world, id, provider, 'provider');
    await joined(world, id, consumer, 'consumer');
    const resting = await offer(id, '暂停运价');
    const placed = await order(resting);
    await signBoth(world.stage, consumer, provider, placed.contract!);
    await (await world.as(operator)).call(wire.publishSpaceRules, {
      params: { id },
      body: { ...rulesOf({ contracts: 'end' }, 2), signDays: 10 },
    });
    await sign(world, id, provider);
    const { clock } = world.exchange.kernel;
    (clock as unknown as { moveTo(to: Date): void }).moveTo(new Date(clock.now().getTime() + 11 * 86_400_000));
    await world.settle();
    expect(await refusal(order(resting))).toBe(nothing);
    expect(await readContract(world.stage, consumer, placed.contract!)).toMatchObject({ state: 'effective' });
    await sign(world, id, consumer);
    expect((await order(resting)).state).toBe('contracting');

    // Once its supplier is gone, nothing of it is offered there any more, and what either party concluded as a member ends.
    await leave(id, provider);
    expect(await refusal(order(resting))).toContain('market.notForSale');
    expect(await readContract(world.stage, consumer, placed.contract!)).toMatchObject({ state: 'basisEnded' });
  });
});

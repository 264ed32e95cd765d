/** Two members of one node trade over the protocol with the node's own tokens: catalogue, rules, people, transfer. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/federation';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyForListing, assess, draftProduct, reviewListing } from '../../../cli/src/scenario/product.ts';
import { bringResource } from '../../../cli/src/scenario/resource.ts';
import { divisionsListing, divisionsProduct, divisionsResource } from '../../../cli/src/trade/goods.ts';
import { configureDelivery } from '../../../cli/src/trade/settle.ts';
import { didsOf } from '../../src/federation/claims/dids.ts';
import { platformTokens } from '../../src/federation/identity/platform.ts';
import { type Sql, sql } from '../../src/kernel/db/db.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { lawFirm } from '../../src/market/testing.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { call, messageOf } from './counterpart.ts';

interface Dataset {
  '@id': string;
  title: string;
  hasPolicy: { '@id': string; permission: unknown[]; prohibition?: unknown[]; profile?: string }[];
}

let exchange: TestExchange;
let supplier: Client;
let buyer: Client;
let ours: { name: string; address: string };
let theirs: { name: string; address: string };
/** Authorization of the buyer for somebody; of whomever `from` names. */
let tokenFor: (to: string, from?: string) => Promise<string>;

const verifying: wire.ReactionRule[] = [
  { kind: 'negotiation', on: 'agree', by: 'other', reaction: 'verify', pauseMilliseconds: 0 },
];
const selling: wire.ReactionRule[] = [
  {
    kind: 'negotiation',
    on: 'request',
    by: 'other',
    unchanged: true,
    purposes: ['logistics', 'statistics', 'research', 'marketing', 'planning'],
    reaction: 'agree',
    pauseMilliseconds: 0,
  },
  { kind: 'negotiation', on: 'accept', by: 'other', reaction: 'agree', pauseMilliseconds: 0 },
  { kind: 'negotiation', on: 'verify', by: 'other', reaction: 'finalize', pauseMilliseconds: 0 },
];

beforeAll(async () => {
  exchange = await testExchange({ config: { privateConnectors: ['127.0.0.1'] } });
  supplier = await exchange.as('xingsha.trader');
  buyer = await exchange.as('citylogistics.trader');
  const { kernel, rooms } = exchange.exchange;
  const identity = platformTokens({
    database: kernel.database,
    keys: kernel.keys,
    now: () => kernel.clock.now(),
    dids: didsOf(kernel.publicUrl),
    suspended: async () => false,
  });
  ours = await supplier.call(wire.openConnector, { body: {} });
  theirs = await buyer.call(wire.openConnector, { body: {} });
  tokenFor = (to, from = theirs.name) => {
    const participant = exchange.seeded.organisations.citylogistics!;
    const connector = { participant, name: from, rules: [], opened_at: new Date(0), closed_at: null };
    return identity.authorize(connector, { name: to, address: '' });
  };
  expect(rooms.federation).toBeDefined();
}, 900_000);
afterAll(() => exchange?.end());

const catalogue = async (token: string) => {
  const asked = messageOf('request', {}, { '@type': 'CatalogRequestMessage' });
  return call(`${ours.address}/catalog/request`, asked, token);
};
const list = async (): Promise<string> => {
  const { stage } = exchange;
  const { fields, file } = await divisionsResource();
  const resource = await bringResource(stage, 'xingsha.steward', fields, file);
  const goods = divisionsProduct(resource.id);
  const made = await draftProduct(stage, 'xingsha.steward', goods.fields, goods.version);
  const report = await assess(stage, 'xingsha.trader', lawFirm, made.version, goods.fields.name);
  const listed = divisionsListing(made.version, report.id, await stage.now(), []);
  const draft = { ...listed, plans: listed.plans.map((one) => ({ ...one, plan: { kind: 'free' as const } })) };
  await configureDelivery(stage, made.product, made.version);
  await reviewListing(stage, await applyForListing(stage, 'xingsha.trader', draft));
  await exchange.settle();
  return made.product;
};
/** For what hangs, not for what is slow. */
const patience = { timeout: 120_000 };
const read = async (client: Client, id: string) => client.call(wire.getProcess, { params: { id } });
/** What a page is made of is written beneath it, and counted only then. */
const keptPages = async (token: string, tag: string) => {
  const asked = messageOf('request', {}, { '@type': 'CatalogRequestMessage' });
  const ask = async () => {
    const answer = await fetch(`${ours.address}/catalog/request`, {
      method: 'POST',
      headers: { authorization: token, 'content-type': 'application/json', 'if-none-match': tag },
      body: JSON.stringify(asked),
    });
    const { dataset } = (await answer.json()) as { dataset: { title: string }[] };
    return [answer.status, answer.headers.get('etag') === tag, dataset[0]!.title];
  };
  const { database } = exchange.exchange.kernel;
  const write = (text: Sql) => database.tx(systemActor('test'), (tx) => tx.exec(text));
  const titled = (title: string) =>
    write(
      sql`update federation_datasets set body = jsonb_set(body::jsonb, '{title}', ${JSON.stringify(title)}::jsonb)`,
    );
  const [, , before] = await ask();
  await titled('another');
  expect(await ask()).toEqual([200, true, before]);
  await write(sql`update federation_catalogues set changes = changes + 1`);
  expect(await ask()).toEqual([200, false, 'another']);
  await titled(String(before));
  await write(sql`update federation_catalogues set changes = changes + 1`);
};

const stateOf = (client: Client, id: string) => () => read(client, id).then(({ process }) => process.state);
const twinOf = async (client: Client, theirPid: string) => {
  const { items } = await client.call(wire.listProcesses, { query: { limit: 50 } });
  return items.find((one) => one.theirPid === theirPid)!;
};

test('from the listing to a finalised agreement by rules, a counter-offer by people, and the data’s address', async () => {
  expect((await catalogue(await tokenFor(ours.name))).body.dataset).toBeUndefined();
  const product = await list();
  expect((await catalogue('Bearer x.y.z')).status).toBe(401);
  expect((await catalogue(await tokenFor('urn:example:another'))).status).toBe(401);
  expect((await catalogue(await tokenFor(ours.name, 'urn:example:another'))).status).toBe(401);
  const token = await tokenFor(ours.name);
  expect((await catalogue(`${token.slice(0, -8)}AAAAAAAA`)).status).toBe(401);
  const { status, body, headers } = await catalogue(token);
  expect(status).toBe(200);
  const [dataset] = body.dataset as Dataset[];
  expect(dataset).toMatchObject({ '@id': product, title: expect.any(String) });
  const one = `${ours.address}/catalog/datasets/${product}`;
  const tag = (await call(one, undefined, token)).headers.get('etag')!;
  const statusAt = async (known: string) =>
    (await fetch(one, { headers: { authorization: token, 'if-none-match': known } })).status;
  expect(await Promise.all([tag, `"another", W/${tag}`, '*', '"another"'].map(statusAt))).toEqual([304, 304, 304, 200]);
  await keptPages(token, headers.get('etag')!);

  await supplier.call(wire.setRules, { body: { rules: selling } });
  await buyer.call(wire.setRules, { body: { rules: verifying } });
  const [{ '@id': offer, permission, prohibition, profile }] = dataset!.hasPolicy as [Dataset['hasPolicy'][0]];
  const terms = { permission, ...(prohibition ? { prohibition } : {}), ...(profile ? { profile } : {}) } as never;
  const asking = { counterparty: ours.name, address: ours.address, dataset: product, offer };
  const bought = await buyer.call(wire.requestContract, { body: { ...asking, terms } });
  await expect.poll(stateOf(buyer, bought.id), patience).toBe('FINALIZED');
  const seen = await read(buyer, bought.id);
  expect(seen.messages.map(({ direction, act, state }) => `${direction} ${act} ${state}`)).toEqual([
    'out request sent',
    'in agree taken',
    'out verify sent',
    'in finalize taken',
  ]);
  const sold = await twinOf(supplier, bought.id);
  await expect.poll(stateOf(supplier, sold.id), patience).toBe('FINALIZED');
  expect(sold.agreement).toEqual(seen.process.agreement);
  // Of nobody else, even one who is a party.
  await expect(read(supplier, bought.id)).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });

  const changed = { permission: [{ action: 'distribute' }] } as never;
  const wanted = await buyer.call(wire.requestContract, { body: { ...asking, terms: changed } });
  await expect.poll(stateOf(buyer, wanted.id), patience).toBe('REQUESTED');
  const held = (await supplier.call(wire.listProcesses, { query: { held: 'true' } })).items;
  expect(held).toMatchObject([
    { theirPid: wanted.id, held: { act: 'request', by: 'other' }, acts: ['offer', 'agree', 'terminate'] },
  ]);
  const wrong = supplier.call(wire.actOnProcess, { params: { id: held[0]!.id }, body: { act: 'verify' } });
  await expect(wrong).rejects.toMatchObject({ problem: { code: 'federation.notNow' } });
  await supplier.call(wire.actOnProcess, { params: { id: held[0]!.id }, body: { act: 'offer', terms } });
  await expect.poll(stateOf(buyer, wanted.id), patience).toBe('OFFERED');
  await buyer.call(wire.actOnProcess, { params: { id: wanted.id }, body: { act: 'accept' } });
  await expect.poll(stateOf(buyer, wanted.id), patience).toBe('FINALIZED');

  const agreement = (seen.process.agreement as { '@id': string })['@id'];
  const transfer = await buyer.call(wire.requestTransfer, {
    body: { agreement, format: 'HttpData-PULL' },
  });
  await expect.poll(stateOf(buyer, transfer.id), patience).toBe('REQUESTED');
  const giving = await twinOf(supplier, transfer.id);
  const elsewhere = {
    '@type': 'DataAddress' as const,
    endpointType: 'https://w3id.org/idsa/v4.1/HTTP',
    endpoint: 'https://example.com/x',
  };
  await supplier.call(wire.actOnProcess, {
    params: { id: giving.id },
    body: { act: 'start', dataAddress: elsewhere },
  });
  await expect.poll(stateOf(buyer, transfer.id), patience).toBe('STARTED');
  // What was traded here is read through the gateway, whatever the supplier names.
  expect((await read(buyer, transfer.id)).process.dataAddress).toMatchObject({
    endpoint: expect.stringContaining('/gateway/api/grt_'),
  });

  const { kernel, rooms } = exchange.exchange;
  await kernel.database.tx(systemActor('test'), (tx) => rooms.market.suspendListingsOf(tx, product, 'test'));
  await exchange.settle();
  expect((await catalogue(token)).body.dataset).toBeUndefined();
  await supplier.call(wire.closeConnector, { body: {} });
  expect((await catalogue(token)).status).toBe(404);
}, 600_000);

test('whoever is suspended begins nothing, and nobody begins anything with it, until it is a member again', async () => {
  const { kernel, rooms } = exchange.exchange;
  const { citylogistics, xingsha } = exchange.seeded.organisations;
  const standing = (participant: string, status: 'suspended' | 'active') =>
    kernel.database.tx(systemActor('test'), (tx) => rooms.members.setStanding(tx, participant, status, '违规'));
  const ask = async () => {
    const offered = { '@id': 'urn:uuid:none', '@type': 'Offer', target: 'none', permission: [{ action: 'use' }] };
    const message = messageOf(
      'request',
      { consumerPid: `urn:uuid:${randomUUID()}` },
      { offer: offered, callbackAddress: theirs.address },
    );
    const { status, body } = await call(`${ours.address}/negotiations/request`, message, await tokenFor(ours.name));
    return [status, body.code];
  };
  await supplier.call(wire.openConnector, { body: {} });
  expect(await ask()).toEqual([400, 'offerUnknown']);
  await standing(citylogistics!, 'suspended');
  expect(await ask()).toEqual([401, 'unauthorized']);
  await standing(citylogistics!, 'active');
  await standing(xingsha!, 'suspended');
  expect(await ask()).toEqual([404, 'unknown']);
  await standing(xingsha!, 'active');
  expect(await ask()).toEqual([400, 'offerUnknown']);
}, 900_000);

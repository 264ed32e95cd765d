/**
 * A product of one node, bought and read by an organisation of another over the Dataspace Protocol: catalogue, negotiation,
 * contract, transfer, bytes through the gateway, use on the statement, and the end of it; and nobody else sees any of it.
 */
import { odrlFrom } from '@shugu/policy';
import * as agreementsWire from '@shugu/wire/agreements';
import * as deliveryWire from '@shugu/wire/delivery';
import * as wire from '@shugu/wire/federation';
import * as marketWire from '@shugu/wire/market';
import * as membersWire from '@shugu/wire/members';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  applyForListing,
  assess,
  draftProduct,
  type ListingDraft,
  reviewListing,
} from '../../../cli/src/scenario/product.ts';
import { bringResource } from '../../../cli/src/scenario/resource.ts';
import { divisionsListing, divisionsProduct, divisionsResource } from '../../../cli/src/trade/goods.ts';
import { configureDelivery } from '../../../cli/src/trade/settle.ts';
import { lawFirm } from '../../src/market/testing.ts';
import { call, messageOf } from './counterpart.ts';
import { type Connected, connect, type Node, reached, read, tokenOf, twinOf, twoNodes } from './nodes.ts';

let here: Node;
let there: Node;
let supplier: Connected;
let buyer: Connected;
let stranger: Connected;
let product: string;

const ruled = (kind: 'negotiation' | 'transfer', on: string, reaction: string): wire.ReactionRule =>
  wire.reactionRule.parse({ kind, on, reaction });

const plans: ListingDraft['plans'] = [
  ['免费查询', '0', ['custody']],
  ['按次计费', '0.10', ['custody', 'postpaid']],
  ['先用后付', '0.20', ['postpaid']],
].map(([title, unitPrice, settlementWays]) => ({
  title: title as string,
  plan: { kind: 'perCall', unitPrice: unitPrice as string },
  settlementWays: settlementWays as 'custody'[],
  taxRate: '0.06',
}));

const list = async (): Promise<string> => {
  const { stage } = here.exchange;
  const { fields, file } = await divisionsResource();
  const resource = await bringResource(stage, 'xingsha.steward', fields, file);
  const goods = divisionsProduct(resource.id);
  const made = await draftProduct(stage, 'xingsha.steward', goods.fields, goods.version);
  const report = await assess(stage, 'xingsha.trader', lawFirm, made.version, goods.fields.name);
  const draft = {
    ...divisionsListing(made.version, report.id, await stage.now(), []),
    plans,
    policy: odrlFrom({ actions: ['use', 'read'], purposes: ['logistics'] }) as unknown as ListingDraft['policy'],
  };
  await configureDelivery(stage, made.product, made.version);
  await reviewListing(stage, await applyForListing(stage, 'xingsha.trader', draft));
  await here.exchange.settle();
  return made.product;
};

beforeAll(async () => {
  [here, there] = await twoNodes({ accounts: true });
  supplier = await connect(here, 'xingsha');
  buyer = await connect(there, 'citylogistics', 'urn:example:node:there:citylogistics');
  stranger = await connect(there, 'xingsha', 'urn:example:node:there:xingsha');
  product = await list();
  await supplier.client.call(wire.setRules, {
    body: {
      rules: [
        ruled('negotiation', 'request', 'agree'),
        ruled('negotiation', 'verify', 'finalize'),
        ruled('transfer', 'request', 'start'),
      ],
    },
  });
  await buyer.client.call(wire.setRules, { body: { rules: [ruled('negotiation', 'agree', 'verify')] } });
}, 240_000);
afterAll(async () => {
  await here?.exchange.end();
  await there?.exchange.end();
});

interface Offered {
  '@id': string;
  permission: unknown[];
  prohibition?: unknown[];
  profile?: string;
  'shugu:price': { plan: { unitPrice: string } };
}

const offerAt = async (unitPrice: string) => {
  const asked = messageOf('request', {}, { '@type': 'CatalogRequestMessage' });
  const { body } = await call(`${supplier.address}/catalog/request`, asked, await tokenOf(there, buyer, supplier));
  const dataset = (body.dataset as { '@id': string; hasPolicy: Offered[] }[]).find((one) => one['@id'] === product)!;
  const found = dataset.hasPolicy.find((one) => one['shugu:price'].plan.unitPrice === unitPrice)!;
  const { '@id': offer, permission, prohibition, profile } = found;
  return { offer, terms: { permission, ...(prohibition ? { prohibition } : {}), ...(profile ? { profile } : {}) } };
};

const request = async (unitPrice: string) => {
  const { offer, terms } = await offerAt(unitPrice);
  const asking = { counterparty: supplier.name, address: supplier.address, dataset: product, offer };
  return buyer.client.call(wire.requestContract, { body: { ...asking, terms: terms as never } });
};

const ordersHere = async () =>
  (await supplier.client.call(marketWire.listOrders, { query: { side: 'supplier' } })).items;

interface Address {
  endpoint: string;
  endpointProperties: { name: string; value: string }[];
}
/** As any client would read by the data address, knowing nothing of this exchange. */
const readBy = async ({ endpoint, endpointProperties }: Address): Promise<{ status: number; text: string }> => {
  const value = (name: string) => endpointProperties.find((one) => one.name === name)?.value;
  expect(value('authType')).toBe('bearer');
  const answer = await fetch(`${endpoint}/430102`, { headers: { authorization: `Bearer ${value('authorization')}` } });
  return { status: answer.status, text: await answer.text() };
};

const transfer = async (agreement: string): Promise<{ id: string; address: Address }> => {
  const { id } = await buyer.client.call(wire.requestTransfer, {
    body: { agreement, address: supplier.address, format: 'HttpData-PULL' },
  });
  await reached(buyer, id, 'STARTED');
  return { id, address: (await read(buyer, id)).dataAddress as unknown as Address };
};

const act = (of: Connected, id: string, verb: 'suspend' | 'start' | 'terminate') =>
  of.client.call(wire.actOnProcess, { params: { id }, body: { act: verb } });

test('a free product: contract, transfer, use, statement, end', async () => {
  const asked = await request('0');
  await reached(buyer, asked.id, 'FINALIZED');
  const sold = await twinOf(supplier, asked.id);
  await reached(supplier, sold.id, 'FINALIZED');
  await here.exchange.settle();

  const [order] = await ordersHere();
  const contract = await supplier.client.call(agreementsWire.getContract, { params: { id: order!.contract! } });
  expect(contract).toMatchObject({ state: 'effective', buyer: { name: buyer.name, creditCode: '' } });
  const [theirs] = contract.current.signatures.filter((one) => one.participant === contract.buyer.participant);
  expect(theirs).toMatchObject({ level: 'dataspace-protocol', keyId: buyer.name });
  const admitted = await (await here.exchange.as('operator.reviewer')).call(membersWire.readAdmission, {
    params: { id: contract.buyer.participant },
  });
  expect(admitted).toMatchObject({ dataspaceId: buyer.name, roles: [{ role: 'demander', status: 'active' }] });

  const agreement = (sold.agreement as { '@id': string })['@id'];
  const first = await transfer(agreement);
  const seen = await readBy(first.address);
  expect(seen.status).toBe(200);
  expect(seen.text).toContain('芙蓉区');
  // The key is the buyer's alone.
  const given = await twinOf(supplier, first.id);
  expect(JSON.stringify(given)).not.toContain(first.address.endpointProperties[0]!.value);

  await act(supplier, given.id, 'suspend');
  await reached(buyer, first.id, 'SUSPENDED');
  await here.exchange.settle();
  expect((await readBy(first.address)).status).toBe(404);
  await act(supplier, given.id, 'start');
  await reached(buyer, first.id, 'STARTED');
  await here.exchange.settle();
  expect((await readBy(first.address)).status).toBe(200);

  await act(buyer, first.id, 'terminate');
  await reached(supplier, given.id, 'TERMINATED');
  await here.exchange.settle();
  expect((await readBy(first.address)).status).toBe(404);

  const second = await transfer(agreement);
  expect((await readBy(second.address)).status).toBe(200);
  await strangersSeeNothing(asked.id, sold.id, contract.id, second.id);

  const params = { id: contract.id };
  const forced = await (await here.exchange.as('operator.reviewer')).call(agreementsWire.forceTermination, {
    params,
    body: { reason: '违规' },
  });
  await (await here.exchange.as('operator.approver')).call(agreementsWire.confirmForcedTermination, {
    params: { ...params, termination: forced.terminations.at(-1)!.id },
    body: { accept: true },
  });
  await reached(buyer, second.id, 'TERMINATED');
  await here.exchange.settle();
  expect((await readBy(second.address)).status).toBe(404);
  const again = await buyer.client.call(wire.requestTransfer, {
    body: { agreement, address: supplier.address, format: 'HttpData-PULL' },
  });
  await expect.poll(() => read(buyer, again.id).then(({ held }) => held?.fault)).toContain('agreementUnknown');

  const finance = await here.exchange.as('xingsha.finance');
  const { items } = await finance.call(settlementWire.listStatements, { query: { order: order!.id } });
  const statement = await finance.call(settlementWire.readStatement, { params: { id: items[0]!.id } });
  expect(statement.lines).toMatchObject([{ quantity: '3' }]);
});

const strangersSeeNothing = async (asked: string, sold: string, contract: string, running: string): Promise<void> => {
  const unknown = { problem: { code: 'kernel.unknown' } };
  const otherHere = await here.exchange.as('citylogistics.trader');
  const otherThere = stranger.client;
  await expect(otherHere.call(wire.getProcess, { params: { id: sold } })).rejects.toMatchObject(unknown);
  await expect(otherHere.call(agreementsWire.getContract, { params: { id: contract } })).rejects.toMatchObject(unknown);
  await expect(otherThere.call(wire.getProcess, { params: { id: asked } })).rejects.toMatchObject(unknown);
  const token = await tokenOf(there, stranger, supplier);
  const given = await twinOf(supplier, running);
  for (const path of [`negotiations/${sold}`, `transfers/${given.id}`])
    expect((await call(`${supplier.address}/${path}`, undefined, token)).status).toBe(404);
  const ending = messageOf('end', { consumerPid: running, providerPid: given.id });
  expect((await call(`${supplier.address}/transfers/${given.id}/termination`, ending, token)).status).toBe(404);
  const grants = await (await here.exchange.as('citylogistics.developer')).call(deliveryWire.listGrants, {
    query: { contract },
  });
  expect(grants.items).toEqual([]);
};

/**
 * One market of two nodes: they believe each other by their hub's word, a member of one buys what a member of the other lists, the money
 * lies at the buyer's bank, and the two nodes come to the same sum.
 */
import { generateKey, type Signer, softwareSigner } from '@shugu/evidence';
import { odrlFrom } from '@shugu/policy';
import type { Client } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import * as federationWire from '@shugu/wire/federation';
import * as marketWire from '@shugu/wire/market';
import * as nodesWire from '@shugu/wire/nodes';
import * as wire from '@shugu/wire/nodes-trade';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
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
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { lawFirm, refusal } from '../../src/market/testing.ts';
import { type Envelope, sealWords } from '../../src/nodes/envelope.ts';
import type { PeerAnswer, PeerMessage } from '../../src/nodes/model.ts';
import type { TestExchange } from '../support/exchange.ts';
import { didOf, letIn, type Market, openMarket, soon } from './market.ts';

let market: Market;
let registrations: { city: string; industry: string };
let supplier: Client;
let buyer: Client;
let product: string;

const clockOf = ({ exchange }: TestExchange) => exchange.kernel.clock as SimulatedClock;
/** Clocks of real nodes show the same. */
const together = ({ hub, city, industry }: Market): void => {
  const all = [hub, city, industry].map(clockOf);
  const latest = new Date(Math.max(...all.map((one) => one.now().getTime())) + 1000);
  for (const one of all) one.moveTo(latest);
};

const plans: ListingDraft['plans'] = [
  { title: '按次计费', plan: { kind: 'perCall', unitPrice: '0.10' }, settlementWays: ['custody'], taxRate: '0.06' },
];

const list = async ({ stage, settle }: TestExchange): Promise<string> => {
  const { fields, file } = await divisionsResource();
  const resource = (await bringResource(stage, 'xingsha.steward', fields, file)).id;
  const goods = divisionsProduct(resource);
  const made = await draftProduct(stage, 'xingsha.steward', goods.fields, goods.version);
  const report = await assess(stage, 'xingsha.trader', lawFirm, made.version, goods.fields.name);
  const draft = {
    ...divisionsListing(made.version, report.id, await stage.now(), []),
    plans,
    policy: odrlFrom({ actions: ['use', 'read'], purposes: ['logistics'] }) as unknown as ListingDraft['policy'],
  };
  await configureDelivery(stage, made.product, made.version);
  await reviewListing(stage, await applyForListing(stage, 'xingsha.trader', draft));
  await settle();
  return made.product;
};

beforeAll(async () => {
  market = await openMarket();
  supplier = await market.industry.as('xingsha.trader');
  buyer = await market.city.as('citylogistics.trader');
  product = await list(market.industry);
  together(market);
}, 600_000);
afterAll(() => market?.end());

const issuersAt = async (one: TestExchange) =>
  (await (await one.as('operator.system')).call(federationWire.listTrustedIssuers, {})).issuers
    .filter(({ why }) => why !== 'own')
    .map(({ did, why }) => [did, why]);

test('nodes of one hub believe each other’s issuers by the hub’s word', async () => {
  const { hub, city, industry } = market;
  registrations = { city: await letIn(hub, city), industry: await letIn(hub, industry) };
  await expect
    .poll(() => issuersAt(city), soon)
    .toEqual([
      [didOf(hub), 'hub'],
      [didOf(industry), 'node'],
    ]);
  await expect
    .poll(() => issuersAt(industry), soon)
    .toEqual([
      [didOf(hub), 'hub'],
      [didOf(city), 'node'],
    ]);
  expect(await issuersAt(hub)).toEqual([
    [didOf(city), 'node'],
    [didOf(industry), 'node'],
  ]);
}, 600_000);

const goods = async () => (await buyer.call(wire.browseGoods, { query: {} })).items;

test('a listing is seen at all nodes, and says where it is bought once its supplier’s connector is open', async () => {
  await expect.poll(goods, soon).toMatchObject([{ subject: product, connector: null }]);
  const [entry] = await goods();
  const params = { node: entry!.node.id, subject: product };
  await buyer.call(federationWire.openConnector, { body: {} });
  await expect(buyer.call(wire.readGoods, { params })).rejects.toMatchObject({
    problem: { code: 'nodes.notSoldAbroad' },
  });
  const { did, address } = await supplier.call(federationWire.openConnector, { body: {} });
  await expect
    .poll(async () => (await goods()).map(({ connector }) => connector), soon)
    .toEqual([{ participant: did, address, dataset: product }]);
  const seen = await buyer.call(wire.readGoods, { params });
  expect(seen.offers).toMatchObject([{ title: '按次计费', plan: { unitPrice: '0.10' }, metered: true }]);
  const nobody = await market.city.as('registrar.clerk');
  await expect(nobody.call(wire.readGoods, { params })).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });
}, 600_000);

const ruled = (on: string, reaction: string, kind = 'negotiation'): federationWire.ReactionRule =>
  federationWire.reactionRule.parse({ kind, on, reaction });

const bought = async (id: string) =>
  (await buyer.call(wire.listPurchases, { query: {} })).items.find((one) => one.id === id)!;

interface Address {
  endpoint: string;
  endpointProperties: { name: string; value: string }[];
}

const readBy = async ({ endpoint, endpointProperties }: Address): Promise<number> => {
  const key = endpointProperties.find(({ name }) => name === 'authorization')!.value;
  const answer = await fetch(`${endpoint}/430102`, { headers: { authorization: `Bearer ${key}` } });
  await answer.text();
  return answer.status;
};

const selling = [ruled('request', 'agree'), ruled('verify', 'finalize'), ruled('request', 'start', 'transfer')];
let purchase: string;
let contract: string;

test('a purchase: money frozen at the buyer’s bank, guaranteed to the seller’s node, negotiated, used, bounded by it', async () => {
  const { city, industry } = market;
  await supplier.call(federationWire.setRules, { body: { rules: selling } });
  const [entry] = await goods();
  const params = { node: entry!.node.id, subject: product };
  const [offer] = (await buyer.call(wire.readGoods, { params })).offers;
  const asked = { ...params, offer: offer!.offer };
  const made = await buyer.call(wire.buyAbroad, { body: { ...asked, quantity: 3 } });
  purchase = made.id;
  expect(made).toMatchObject({ state: 'holding', estimate: '30', quantity: 3 });
  const member = city.seeded.organisations.citylogistics!;
  // No money yet: nobody elsewhere has heard of it.
  await city.settle();
  expect((await bought(purchase)).state).toBe('holding');
  await city.exchange.rooms.settlement.simulateDeposit(member, 1000n, 'deposit-1');
  await expect.poll(async () => (await bought(purchase)).state, soon).toBe('bought');
  const funds = await city.exchange.rooms.settlement.funds(city.exchange.kernel.database, member);
  expect([funds.available, funds.held]).toEqual([970n, 30n]);

  await expect
    .poll(
      async () => (await supplier.call(marketWire.listOrders, { query: { side: 'supplier' } })).items[0]?.state,
      soon,
    )
    .toBe('delivering');
  const [order] = (await supplier.call(marketWire.listOrders, { query: { side: 'supplier' } })).items;
  expect(order).toMatchObject({ quantity: 3, settlementWay: 'custody', estimate: '30' });
  contract = order!.contract!;
  const unspent = () => industry.exchange.rooms.settlement.unspentFen(industry.exchange.kernel.database, order!.id);
  expect(await unspent()).toBe(30n);
  const { state } = await supplier.call(agreementsWire.getContract, { params: { id: contract } });
  expect(state).toBe('effective');

  const { agreement, address } = await bought(purchase);
  const transfer = await buyer.call(federationWire.requestTransfer, {
    body: { agreement: agreement!, address, format: 'HttpData-PULL' },
  });
  const read = async () => (await buyer.call(federationWire.getProcess, { params: { id: transfer.id } })).process;
  await expect.poll(async () => (await read()).state, soon).toBe('STARTED');
  const data = (await read()).dataAddress as unknown as Address;
  expect([await readBy(data), await readBy(data)]).toEqual([200, 200]);
  // Of somebody else, at either node, nothing is seen.
  const other = await city.as('xingsha.trader');
  expect((await other.call(wire.listPurchases, { query: {} })).items).toEqual([]);
  await expect(other.call(wire.cancelPurchase, { params: { id: purchase }, body: {} })).rejects.toMatchObject({
    problem: { code: 'kernel.unknown' },
  });
}, 600_000);

test('what the supplier declines comes to nothing, and all that was frozen goes back', async () => {
  const { city } = market;
  const declining = [ruled('request', 'terminate')];
  await supplier.call(federationWire.setRules, { body: { rules: declining } });
  const [entry] = await goods();
  const params = { node: entry!.node.id, subject: product };
  const [offer] = (await buyer.call(wire.readGoods, { params })).offers;
  const { id } = await buyer.call(wire.buyAbroad, { body: { ...params, offer: offer!.offer, quantity: 5 } });
  await expect.poll(async () => (await bought(id)).state, soon).toBe('failed');
  const member = city.seeded.organisations.citylogistics!;
  const funds = () => city.exchange.rooms.settlement.funds(city.exchange.kernel.database, member);
  await expect.poll(async () => (await funds()).available, soon).toBe(970n);
  const again = buyer.call(wire.buyAbroad, { body: { ...params, offer: 'urn:example:none', quantity: 1 } });
  await expect(again).rejects.toMatchObject({ problem: { code: 'kernel.invalid' } });
}, 600_000);

const end = async (id: string): Promise<void> => {
  const params = { id };
  const forced = await (await market.industry.as('operator.reviewer')).call(agreementsWire.forceTermination, {
    params,
    body: { reason: '违规' },
  });
  await (await market.industry.as('operator.approver')).call(agreementsWire.confirmForcedTermination, {
    params: { ...params, termination: forced.terminations.at(-1)!.id },
    body: { accept: true },
  });
};

const statementsAt = async (one: TestExchange) =>
  (await (await one.as('operator.service')).call(wire.listMutualStatements, { query: {} })).items;

test('what was used is owed to the fen, signed by both nodes, and paid from what was frozen', async () => {
  const { city, industry } = market;
  await end(contract);
  const finance = await industry.as('xingsha.finance');
  await expect
    .poll(async () => {
      await industry.settle();
      return (await finance.call(settlementWire.listStatements, { query: {} })).items.map(({ total }) => total);
    }, soon)
    .toEqual(['20']);
  const desk = await industry.as('operator.service');
  const { items } = await desk.call(wire.drawUpStatements, { body: {} });
  expect(items).toMatchObject([{ side: 'creditor', total: '20', lines: [{ quantity: '2', fen: '20', final: true }] }]);
  await expect.poll(async () => (await statementsAt(industry))[0]?.state, soon).toBe('agreed');
  const [here] = await statementsAt(city);
  const [there] = await statementsAt(industry);
  expect(here).toMatchObject({ number: there!.number, side: 'debtor', state: 'agreed', total: there!.total });
  expect(here!.lines).toEqual(there!.lines);
  expect(here!.signedBy).toEqual(there!.signedBy);
  expect(new Set(here!.signedBy).size).toBe(2);
  expect((await desk.call(wire.drawUpStatements, { body: {} })).items).toEqual([]);

  await expect
    .poll(async () => {
      await city.settle();
      return (await bought(purchase)).state;
    }, soon)
    .toBe('settled');
  const member = city.seeded.organisations.citylogistics!;
  const { settlement, members } = city.exchange.rooms;
  const { database } = city.exchange.kernel;
  const funds = await settlement.funds(database, member);
  expect([funds.available, funds.held]).toEqual([980n, 0n]);
  const creditor = (await members.organisationByDataspaceId(database, didOf(industry)))!;
  expect((await settlement.funds(database, creditor.id)).available).toBe(20n);

  // It reaches the seller's bank: every bill of this node's members is paid, the exchange's fee taken, nothing left over.
  const at = industry.exchange;
  const payer = (await at.rooms.members.organisationByDataspaceId(at.kernel.database, didOf(city)))!;
  expect(there!.account).toBe(await at.rooms.settlement.subAccount(at.kernel.database, payer.id));
  expect(there!.account).not.toBe('');
  await at.rooms.settlement.simulateDeposit(payer.id, BigInt(there!.total), there!.number);
  await expect
    .poll(async () => {
      await industry.settle();
      return (await finance.call(settlementWire.listStatements, { query: {} })).items.map(({ state }) => state);
    }, soon)
    .toEqual(['settled']);
  const left = await at.rooms.settlement.funds(at.kernel.database, payer.id);
  expect([left.available, left.held]).toEqual([0n, 0n]);
}, 600_000);

test('what was never used is closed by a line of nothing, and its money goes back', async () => {
  const { city, industry } = market;
  await supplier.call(federationWire.setRules, { body: { rules: selling } });
  const [entry] = await goods();
  const params = { node: entry!.node.id, subject: product };
  const [offer] = (await buyer.call(wire.readGoods, { params })).offers;
  const { id } = await buyer.call(wire.buyAbroad, { body: { ...params, offer: offer!.offer, quantity: 4 } });
  await expect.poll(async () => (await bought(id)).state, soon).toBe('bought');
  const orders = async () => (await supplier.call(marketWire.listOrders, { query: { side: 'supplier' } })).items;
  await expect.poll(async () => (await orders())[0]?.state, soon).toBe('delivering');
  await end((await orders())[0]!.contract!);
  const desk = await industry.as('operator.service');
  await expect
    .poll(async () => {
      await industry.settle();
      return (await desk.call(wire.drawUpStatements, { body: {} })).items.map(({ total, lines }) => [
        total,
        lines[0]?.final,
      ]);
    }, soon)
    .toEqual([['0', true]]);
  await expect
    .poll(async () => {
      await city.settle();
      return (await bought(id)).state;
    }, soon)
    .toBe('settled');
  const member = city.seeded.organisations.citylogistics!;
  const funds = await city.exchange.rooms.settlement.funds(city.exchange.kernel.database, member);
  expect([funds.available, funds.held]).toEqual([980n, 0n]);
}, 600_000);

/** What stands under a key of a node that takes part. */
const signerOf = async ({ exchange: { kernel } }: TestExchange): Promise<Signer> => {
  const { rows } = await kernel.database.pool.query<{ key_id: string }>('select key_id from node_uplinks');
  return kernel.keys.signerById(kernel.database, rows[0]!.key_id);
};

const kept = async ({ exchange: { kernel } }: TestExchange) => {
  const { rows } = await kernel.database.pool.query<{ statement: Envelope; answer: Envelope }>(
    `select statement, answer from node_statements where state = 'agreed' order by created_at`,
  );
  return rows[0]!;
};

test('forged, foreign, misdirected and repeated statements change nothing', async () => {
  const { hub, city, industry } = market;
  const tell = (body: Envelope) => city.anyone.call(wire.tellPeer, { body });
  const refused = (body: Envelope) => refusal(tell(body));
  const { statement, answer } = await kept(industry);
  const before = await statementsAt(city);
  expect(await tell(statement)).toEqual(answer);
  expect(await statementsAt(city)).toEqual(before);

  const words = JSON.parse(statement.payload) as Extract<PeerMessage, { kind: 'statement' }>;
  const signer = await signerOf(industry);
  const more = { ...words, lines: [{ ...words.lines[0]!, fen: '21' }], total: '21' };
  expect(await refused(await sealWords(signer, more))).toBe('nodes.replayed');
  const altered = { ...statement, payload: statement.payload.replace('"20"', '"21"') };
  expect(altered.payload).not.toBe(statement.payload);
  expect(await refused(altered)).toBe('nodes.signatureInvalid');
  const stranger = softwareSigner(generateKey('intl'), { level: 'platform' });
  expect(await refused(await sealWords(stranger, words))).toBe('nodes.peerUnknown');
  const hubKey = (await hub.anyone.call(nodesWire.readSelf, {})).keyId;
  expect(await refused(await sealWords(signer, { ...words, to: hubKey }))).toBe('nodes.wrongRecipient');
  expect(await refused(await sealWords(signer, { ...words, number: 'HJ-0', total: '19' }))).toBe(
    'nodes.messageInvalid',
  );
  expect(await statementsAt(city)).toEqual(before);

  // The same bill under another number, and a bill for what nobody bought: signed by nobody but their sender.
  const unknown = { ...words.lines[0]!, purchase: `npu_${'0'.repeat(26)}`, statement: 'JS-0' };
  const told = await tell(
    await sealWords(signer, { ...words, number: 'HJ-1', lines: [words.lines[0]!, unknown], total: '40' }),
  );
  expect((JSON.parse(told.payload) as PeerAnswer).differences).toMatchObject([
    { why: 'statedBefore', theirs: '20', ours: '20' },
    { why: 'unknownPurchase', theirs: '20', ours: null },
  ]);
  const [newest, ...others] = await statementsAt(city);
  expect(newest).toMatchObject({ number: 'HJ-1', state: 'differing' });
  expect(newest!.lines.map(({ difference }) => difference?.why)).toEqual(['statedBefore', 'unknownPurchase']);
  expect(others).toEqual(before);
  expect(await bought(purchase)).toMatchObject({ owed: '20', state: 'settled' });

  // A node answers for its own members alone.
  const guarantee: PeerMessage = {
    kind: 'guarantee',
    to: words.to,
    purchase: `npu_${'1'.repeat(26)}`,
    negotiation: `neg_${'1'.repeat(26)}`,
    buyer: `${didOf(city)}:dsp:org_${'1'.repeat(26)}`,
    supplier: `${didOf(city)}:dsp:org_${'2'.repeat(26)}`,
    ...{ dataset: 'x', offer: 'y', quantity: 1, fen: '1', at: words.until },
  };
  expect(await refused(await sealWords(signer, guarantee))).toBe('nodes.messageInvalid');
}, 600_000);

test('a node that the hub revokes is believed no longer', async () => {
  const { hub, city, industry } = market;
  await move(await hub.as('operator.approver'), registrations.industry, 'revoke', { reason: '违反接入规则' });
  await expect.poll(() => issuersAt(city), soon).toEqual([[didOf(hub), 'hub']]);
  expect(await goods()).toEqual([]);
  await expect.poll(() => issuersAt(industry), soon).toEqual([]);
  const { statement } = await kept(industry);
  expect(await refusal(city.anyone.call(wire.tellPeer, { body: statement }))).toBe('nodes.peerUnknown');
  expect(await (await city.as('operator.system')).call(nodesWire.readUplink, {})).toMatchObject({
    uplink: { state: 'active' },
  });
}, 600_000);

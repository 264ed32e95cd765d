/**
 * One market of two nodes: they believe each other by their hub's word, a member of one buys what a member of the other lists, the money
 * lies at the buyer's bank, and the two nodes come to the same sum.
 */
import { HTTP_PULL, HTTP_PUSH } from '@shugu/dataspace';
import { generateKey, softwareSigner } from '@shugu/evidence';
import type { Client } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import * as federationWire from '@shugu/wire/federation';
import * as marketWire from '@shugu/wire/market';
import * as nodesWire from '@shugu/wire/nodes';
import * as wire from '@shugu/wire/nodes-trade';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { refusal } from '../../src/market/testing.ts';
import { type Envelope, sealWords } from '../../src/nodes/envelope.ts';
import type { PeerAnswer, PeerMessage } from '../../src/nodes/model.ts';
import type { TestExchange } from '../support/exchange.ts';
import { fetchFromTerminal } from './fetching.ts';
import { divisions, listDivisions, perCall } from './goods.ts';
import {
  didOf,
  exposedAt,
  guaranteeBy,
  kept,
  letIn,
  type Market,
  noticesOf,
  openMarket,
  signerOf,
  soon,
} from './market.ts';
import { standsByPolicy } from './strict.ts';

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

const plans = [perCall('按次计费', '0.10', ['custody'])];

beforeAll(async () => {
  market = await openMarket();
  supplier = await market.industry.as('xingsha.trader');
  buyer = await market.city.as('citylogistics.trader');
  product = await listDivisions(market.industry, { resource: await divisions(market.industry), plans, files: true });
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
  expect(seen.formats.map((one) => one.format).join(', ')).toBe(served);
  expect(seen.offers).toMatchObject([{ title: '按次计费', plan: { unitPrice: '0.10' }, metered: true }]);
  const nobody = await market.city.as('registrar.clerk');
  await expect(nobody.call(wire.readGoods, { params })).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });
}, 600_000);

test('at the hub it stands in a space that asks something of policies, where its supplier says what is asked', async () => {
  await standsByPolicy(market, (await goods())[0]!);
}, 600_000);

const ruled = (on: string, reaction: string, kind = 'negotiation'): federationWire.ReactionRule =>
  federationWire.reactionRule.parse({ kind, on, reaction });

const bought = async (id: string) =>
  (await buyer.call(wire.listPurchases, { query: {} })).items.find((one) => one.id === id)!;

interface Address {
  endpoint: string;
  endpointProperties: { name: string; value: string }[];
}

/** The buyer's node has settled the purchase; `before` each look. */
const settledAtCity = (id: string, before = async () => {}) =>
  expect
    .poll(async () => {
      await before();
      await market.city.settle();
      return (await bought(id)).state;
    }, soon)
    .toBe('settled');

const readBy = async ({ endpoint, endpointProperties }: Address): Promise<number> => {
  const key = endpointProperties.find(({ name }) => name === 'authorization')!.value;
  const answer = await fetch(`${endpoint}/430102`, { headers: { authorization: `Bearer ${key}` } });
  await answer.text();
  return answer.status;
};

const selling = [ruled('request', 'agree'), ruled('verify', 'finalize'), ruled('request', 'start', 'transfer')];
const served = `HttpData-PULL, ${HTTP_PULL}, HttpData-PUSH, ${HTTP_PUSH}`;
const notOffered = { problem: { code: 'nodes.formatNotOffered', detail: served } };
const format = 'urn:example:stream-pull';
let purchase: string;
let contract: string;

test('a purchase: money frozen at the buyer’s bank, guaranteed to the seller’s node, negotiated, used, bounded by it', async () => {
  const { city, industry } = market;
  await supplier.call(federationWire.setRules, { body: { rules: selling } });
  const [entry] = await goods();
  const params = { node: entry!.node.id, subject: product };
  const [offer] = (await buyer.call(wire.readGoods, { params })).offers;
  const asked = { ...params, offer: offer!.offer };
  // More than one node may owe another.
  const tooMuch = buyer.call(wire.buyAbroad, { body: { ...asked, quantity: 5001 } });
  await expect(tooMuch).rejects.toMatchObject({ problem: { code: 'nodes.exposureReached' } });
  // What is not offered is refused before any money is frozen, and the refusal says what is.
  const unoffered = buyer.call(wire.buyAbroad, { body: { ...asked, quantity: 3, format } });
  await expect(unoffered).rejects.toMatchObject(notOffered);
  const made = await buyer.call(wire.buyAbroad, { body: { ...asked, quantity: 3, format: HTTP_PULL } });
  purchase = made.id;
  expect(made).toMatchObject({ state: 'holding', estimate: '30', quantity: 3, format: HTTP_PULL });
  const member = city.seeded.organisations.citylogistics!;
  expect(await refusal(buyer.call(wire.fetchPurchase, { params: { id: purchase }, body: {} }))).toBe(
    'nodes.wrongState',
  );
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

  expect(await exposedAt(city)).toEqual({ limit: '50000', owing: '30', owed: '0' });
  expect(await exposedAt(industry)).toEqual({ limit: '50000', owing: '0', owed: '30' });
  await expect(buyer.call(wire.listExposures, {})).rejects.toMatchObject({ problem: { code: 'kernel.notPermitted' } });

  const fetching = (body: object, as = buyer) => as.call(wire.fetchPurchase, { params: { id: purchase }, body });
  await expect(fetching({ format })).rejects.toMatchObject(notOffered);
  const dataAddress = { '@type': 'DataAddress', endpointType: HTTP_PUSH, endpoint: 'https://receiver.example/inbox' };
  expect(await refusal(fetching({ dataAddress }))).toBe('nodes.destinationUnused destinationUnused');
  expect(await refusal(fetching({ format: HTTP_PUSH }))).toBe('nodes.destinationMissing destinationMissing');
  expect(await refusal(fetching({}, await city.as('xingsha.trader')))).toBe('kernel.unknown');
  const { transfer, ...chosen } = await fetching({});
  expect(chosen, 'that it chose when it bought').toEqual({ format: HTTP_PULL, way: 'pull' });
  const read = async () => (await buyer.call(federationWire.getProcess, { params: { id: transfer } })).process;
  await expect.poll(async () => (await read()).state, soon).toBe('STARTED');
  const data = (await read()).dataAddress as unknown as Address;
  expect([await readBy(data), await readBy(data)]).toEqual([200, 200]);
  // Negotiation and transfer are shown by the name under which the supplier offers it.
  const { title } = await bought(purchase);
  const { items: shown } = await buyer.call(federationWire.listProcesses, { query: {} });
  expect(shown.map((one) => [one.kind, one.title, one.format]).sort()).toEqual([
    ['negotiation', title, null],
    ['transfer', title, HTTP_PULL],
  ]);
  // Of somebody else, at either node, nothing is seen.
  const other = await city.as('xingsha.trader');
  expect((await other.call(wire.listPurchases, { query: {} })).items).toEqual([]);
  await expect(other.call(wire.cancelPurchase, { params: { id: purchase }, body: {} })).rejects.toMatchObject({
    problem: { code: 'kernel.unknown' },
  });
}, 600_000);

test('from the terminal, another type than was chosen, to where the buyer says; what is offered is told to whoever names none', async () => {
  // The supplier answers by hand: nothing is brought.
  await supplier.call(federationWire.setRules, { body: { rules: selling.slice(0, 2) } });
  await fetchFromTerminal(market, { purchase, buyer, supplier, served });
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

const offerNow = async () => {
  const [entry] = await goods();
  const params = { node: entry!.node.id, subject: product };
  return { ...params, offer: (await buyer.call(wire.readGoods, { params })).offers[0]!.offer };
};
const fundsAtCity = async () => {
  const { exchange, seeded } = market.city;
  const { available, held } = await exchange.rooms.settlement.funds(
    exchange.kernel.database,
    seeded.organisations.citylogistics!,
  );
  return [available, held];
};
/** The negotiation of a purchase, as the supplier has it. */
const twin = async (id: string) => {
  const { negotiation } = await bought(id);
  return (await supplier.call(federationWire.listProcesses, { query: { limit: 100 } })).items.find(
    ({ theirPid }) => theirPid === negotiation,
  );
};
const ordersHere = async () => (await supplier.call(marketWire.listOrders, { query: { side: 'supplier' } })).items;
const asked = async (quantity: number): Promise<string> =>
  (await buyer.call(wire.buyAbroad, { body: { ...(await offerNow()), quantity } })).id;
const openAgain = () => buyer.call(federationWire.openConnector, { body: {} });

test('a buyer that closes its connector, or thinks better of it, while the contract is negotiated has all of its money back', async () => {
  const { city, industry } = market;
  const delivering = (await ordersHere()).filter(({ state }) => state === 'delivering').length;
  const closing = () => buyer.call(federationWire.closeConnector, { body: {} });
  const reached = (id: string, state: string) => expect.poll(async () => (await twin(id))?.state, soon).toBe(state);
  const nothingCame = async (id: string, held = 0n) => {
    await expect.poll(async () => (await bought(id)).state, soon).toBe('failed');
    await expect.poll(fundsAtCity, soon).toEqual([970n - held, 30n + held]);
    await reached(id, 'TERMINATED');
    await industry.settle();
    expect((await ordersHere()).filter(({ state }) => state === 'delivering').length).toBe(delivering);
    const { rows } = await industry.exchange.kernel.database.pool.query(
      'select withdrawn from node_guarantees where purchase = $1',
      [id],
    );
    expect(rows).toEqual([{ withdrawn: 'void' }]);
  };
  // The supplier has not answered yet: cancelled by the buyer, and its other purchase by its closed connector.
  await supplier.call(federationWire.setRules, { body: { rules: [] } });
  const [first, second] = [await asked(5), await asked(6)];
  await reached(first, 'REQUESTED');
  await reached(second, 'REQUESTED');
  const other = await city.as('xingsha.trader');
  const stranger = other.call(wire.cancelPurchase, { params: { id: first }, body: {} });
  await expect(stranger).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });
  await buyer.call(wire.cancelPurchase, { params: { id: first }, body: {} });
  await nothingCame(first, 60n);
  await closing();
  await nothingCame(second);
  // Both have agreed, the buyer has verified, and nothing is in force yet.
  await openAgain();
  await supplier.call(federationWire.setRules, { body: { rules: [ruled('request', 'agree')] } });
  const third = await asked(7);
  await reached(third, 'VERIFIED');
  await closing();
  await nothingCame(third);
  await openAgain();
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
  // The debtor's node holds another price than was bought, as from a wrong backup: by the calendar it is told what is owed, and differs.
  const priceAt = (price: string) =>
    city.exchange.kernel.database.pool.query(
      `update node_purchases set plan = jsonb_set(plan, '{unitPrice}', to_jsonb($2::text)) where id = $1`,
      [purchase, price],
    );
  await priceAt('0.20');
  await industry.exchange.kernel.database.pool.query('delete from node_statement_rounds');
  await industry.settle();
  await expect.poll(async () => (await statementsAt(industry))[0]?.state, soon).toBe('differing');
  const differing = { state: 'differing', total: '20', reckoned: '40', firstDifference: { quantity: '2', fen: '20' } };
  const [differs] = await statementsAt(industry);
  expect(differs).toMatchObject({ ...differing, side: 'creditor' });
  const [theirs] = await statementsAt(city);
  expect(theirs).toMatchObject({ ...differing, side: 'debtor', number: differs!.number });
  for (const [at, { id }] of [
    [industry, differs!],
    [city, theirs!],
  ] as const)
    expect(await noticesOf(at, id)).toMatchObject([expect.stringContaining('20 fen, the debtor’s 40')]);
  expect(await fundsAtCity()).toEqual([970n, 30n]);
  // Neither the calendar nor a person says it again; only who may correct does, at the node that is owed.
  await industry.settle();
  expect((await desk.call(wire.drawUpStatements, { body: {} })).items).toEqual([]);
  const body = { reason: '买方节点恢复后重新计算' };
  const correct = async (at: TestExchange, login: string, id: string, more = {}) =>
    (await at.as(login)).call(wire.correctStatement, { params: { id }, body: { ...body, ...more } });
  const unknown = { problem: { code: 'kernel.unknown' } };
  await expect(correct(industry, 'operator.service', differs!.id)).rejects.toMatchObject(unknown);
  await expect(correct(city, 'operator.approver', theirs!.id)).rejects.toMatchObject(unknown);
  await expect(correct(industry, 'operator.approver', differs!.id, { leaveOut: ['JS-0'] })).rejects.toMatchObject({
    problem: { code: 'kernel.invalid' },
  });
  await priceAt('0.10');
  const corrected = await correct(industry, 'operator.approver', differs!.id);
  const items = [corrected];
  expect(corrected).toMatchObject({ corrects: differs!.number, reason: body.reason });
  for (const at of [industry, city])
    await expect
      .poll(async () => (await statementsAt(at)).map(({ state, correctedBy }) => [state, correctedBy]), soon)
      .toEqual([
        ['agreed', null],
        ['corrected', corrected.number],
      ]);
  expect(items).toMatchObject([{ side: 'creditor', total: '20', lines: [{ quantity: '2', fen: '20', final: true }] }]);
  await expect.poll(async () => (await statementsAt(industry))[0]?.state, soon).toBe('agreed');
  const [here] = await statementsAt(city);
  const [there] = await statementsAt(industry);
  expect(here).toMatchObject({ number: there!.number, side: 'debtor', state: 'agreed', total: there!.total });
  expect(here!.lines).toEqual(there!.lines);
  expect(here!.signedBy).toEqual(there!.signedBy);
  expect(new Set(here!.signedBy).size).toBe(2);
  expect((await desk.call(wire.drawUpStatements, { body: {} })).items).toEqual([]);

  await settledAtCity(purchase);
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

test('what is asked back is kept where the contract is in force, heard of or not; never used, it is closed by a line of nothing', async () => {
  const { city, industry } = market;
  await supplier.call(federationWire.setRules, { body: { rules: [ruled('request', 'agree')] } });
  const id = await asked(4);
  await expect.poll(async () => (await twin(id))?.state, soon).toBe('VERIFIED');
  // As if the line broke: nothing reaches the buyer's connector.
  const { pool } = city.exchange.kernel.database;
  await pool.query('update federation_connectors set closed_at = now()');
  const { id: process } = (await twin(id))!;
  await supplier.call(federationWire.actOnProcess, { params: { id: process }, body: { act: 'finalize' } });
  await expect.poll(async () => (await ordersHere())[0]?.state, soon).toBe('delivering');
  expect((await bought(id)).state).toBe('negotiating');
  await buyer.call(wire.cancelPurchase, { params: { id }, body: {} });
  await expect.poll(async () => (await bought(id)).state, soon).toBe('bought');
  expect((await bought(id)).agreement).not.toBeNull();
  expect(await fundsAtCity()).toEqual([940n, 40n]);
  await pool.query('update federation_connectors set closed_at = null');
  await end((await ordersHere())[0]!.contract!);
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
  await settledAtCity(id);
  expect(await fundsAtCity()).toEqual([980n, 0n]);
}, 600_000);

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
  // It stands in place of one that differed; the same is not corrected twice.
  const { corrects, ...plain } = words;
  expect(corrects?.reason).toBe('买方节点恢复后重新计算');
  expect(await refused(await sealWords(signer, { ...words, number: 'HJ-2' }))).toMatch(/^nodes.messageInvalid/);
  const more = { ...words, lines: [{ ...words.lines[0]!, fen: '21' }], total: '21' };
  expect(await refused(await sealWords(signer, more))).toBe('nodes.replayed');
  const altered = { ...statement, payload: statement.payload.replace('"20"', '"21"') };
  expect(altered.payload).not.toBe(statement.payload);
  expect(await refused(altered)).toBe('nodes.signatureInvalid');
  const stranger = softwareSigner(generateKey('intl'), { level: 'platform' });
  expect(await refused(await sealWords(stranger, words))).toBe('nodes.peerUnknown');
  const hubKey = (await hub.anyone.call(nodesWire.readSelf, {})).keyId;
  expect(await refused(await sealWords(signer, { ...words, to: hubKey }))).toBe('nodes.wrongRecipient');
  expect(await refused(await sealWords(signer, { ...plain, number: 'HJ-0', total: '19' }))).toBe(
    'nodes.messageInvalid',
  );
  expect(await statementsAt(city)).toEqual(before);

  // The same bill under another number, and a bill for what nobody bought: signed by nobody but their sender.
  const unknown = { ...words.lines[0]!, purchase: `npu_${'0'.repeat(26)}`, statement: 'JS-0' };
  const told = await tell(
    await sealWords(signer, { ...plain, number: 'HJ-1', lines: [words.lines[0]!, unknown], total: '40' }),
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
  // What another may owe is bounded here, too, whatever it lets its members buy.
  const tooMuch: PeerMessage = {
    ...guarantee,
    to: (await industry.anyone.call(nodesWire.readSelf, {})).keyId,
    fen: '50001',
  };
  const sent = await sealWords(await signerOf(city), tooMuch);
  expect(await refusal(industry.anyone.call(wire.tellPeer, { body: sent }))).toMatch(/^nodes.exposureReached/);
}, 600_000);

const revoke = async (registration: string) =>
  move(await market.hub.as('operator.approver'), registration, 'revoke', { reason: '违反接入规则' });
const buying = async (quantity: number): Promise<string> => {
  await supplier.call(federationWire.setRules, { body: { rules: selling } });
  const id = await asked(quantity);
  await expect.poll(async () => (await bought(id)).state, soon).toBe('bought');
  await expect.poll(async () => (await ordersHere())[0]?.state, soon).toBe('delivering');
  return id;
};
const notBelieved = async (one: TestExchange, by: TestExchange) =>
  expect(await refusal(by.anyone.call(wire.tellPeer, { body: await guaranteeBy(one, by) }))).toBe('nodes.peerUnknown');

test('a buyer’s node that the hub revokes is believed no longer, and use on its word ends; let in again, it settles', async () => {
  const { hub, city, industry } = market;
  const id = await buying(4);
  const { contract: used } = (await ordersHere())[0]!;
  await revoke(registrations.city);
  await expect.poll(() => issuersAt(industry), soon).toEqual([[didOf(hub), 'hub']]);
  await expect.poll(() => issuersAt(city), soon).toEqual([]);
  await notBelieved(city, industry);
  await notBelieved(industry, city);
  const stateOf = async () => (await supplier.call(agreementsWire.getContract, { params: { id: used! } })).state;
  await expect.poll(stateOf, soon).toBe('terminatedAgreed');
  expect(await bought(id)).toMatchObject({ state: 'bought', owed: '0' });
  await expect(goods()).rejects.toMatchObject({ problem: { code: 'nodes.noPeers' } });

  await (await city.as('operator.system')).call(nodesWire.join, { body: {} });
  registrations.city = await letIn(hub, city);
  await expect.poll(async () => (await issuersAt(industry)).length, soon).toBe(2);
  await expect.poll(async () => (await issuersAt(city)).length, soon).toBe(2);
  await settledAtCity(id, async () => {
    // Another month.
    await industry.exchange.kernel.database.pool.query('delete from node_statement_rounds');
    await industry.settle();
  });
  expect(await fundsAtCity()).toEqual([980n, 0n]);
}, 600_000);

test('a seller’s node that the hub revokes is believed no longer: its goods are gone, and the money of purchases there goes back', async () => {
  const { hub, city, industry } = market;
  const running = await buying(4);
  await supplier.call(federationWire.setRules, { body: { rules: [] } });
  const open = await asked(5);
  await expect.poll(async () => (await twin(open))?.state, soon).toBe('REQUESTED');
  expect(await fundsAtCity()).toEqual([890n, 90n]);

  // Whoever has no money takes no room from others, and not for ever; whoever has it takes what is left.
  const [first, second, third] = [await asked(4000), await asked(4000), await asked(4000)];
  await city.settle();
  const states = () => Promise.all([first, second, third].map(async (id) => (await bought(id)).state));
  expect(await states()).toEqual(['holding', 'holding', 'holding']);
  const { pool } = city.exchange.kernel.database;
  await pool.query(`update node_purchases set changed_at = changed_at - interval '100 days' where id = $1`, [third]);
  await expect.poll(async () => (await bought(third)).reason, soon).toContain('no money came in time');
  const member = city.seeded.organisations.citylogistics!;
  await city.exchange.rooms.settlement.simulateDeposit(member, 40_000n, 'deposit-2');
  await expect.poll(async () => (await states()).sort(), soon).toEqual(['failed', 'holding', 'negotiating']);
  await city.exchange.rooms.settlement.simulateDeposit(member, 39_500n, 'deposit-3');
  await expect.poll(async () => (await states()).sort(), soon).toEqual(['failed', 'failed', 'negotiating']);
  const reasons = await Promise.all([first, second].map(async (id) => (await bought(id)).reason));
  expect(reasons.filter((one) => one.includes('no more may be guaranteed'))).toHaveLength(1);
  await expect.poll(fundsAtCity, soon).toEqual([40_390n, 40_090n]);
  await revoke(registrations.industry);
  await expect.poll(() => issuersAt(city), soon).toEqual([[didOf(hub), 'hub']]);
  expect(await goods()).toEqual([]);
  await expect.poll(() => issuersAt(industry), soon).toEqual([]);
  const { statement } = await kept(industry);
  expect(await refusal(city.anyone.call(wire.tellPeer, { body: statement }))).toBe('nodes.peerUnknown');
  await notBelieved(city, industry);
  await notBelieved(industry, city);
  expect(await (await city.as('operator.system')).call(nodesWire.readUplink, {})).toMatchObject({
    uplink: { state: 'active' },
  });
  // What was not bought comes to nothing at once; what was waits for a last statement, and then goes back, too.
  await expect.poll(async () => (await bought(open)).state, soon).toBe('failed');
  await expect.poll(fundsAtCity, soon).toEqual([80_440n, 40n]);
  await city.settle();
  expect((await bought(running)).state).toBe('bought');
  clockOf(city).moveTo(new Date(clockOf(city).now().getTime() + 31 * 86_400_000));
  const { database } = city.exchange.kernel;
  await expect
    .poll(async () => {
      await city.settle();
      return (await city.exchange.rooms.nodes.purchase(database, running))?.state;
    }, soon)
    .toBe('settled');
  expect(await fundsAtCity()).toEqual([80_480n, 0n]);
}, 600_000);

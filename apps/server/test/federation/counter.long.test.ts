/**
 * Counter-offers between two members of one node: what was agreed in place of the listed terms is a contract at those terms, with
 * money held, uses counted and billed; rules say yes only as far as they name what changed; what a closed connector left open goes on
 * once it opens; what never began can be given up; whoever has to answer is told.
 */
import type { Client } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import { cases } from '@shugu/wire/cases';
import * as wire from '@shugu/wire/federation';
import type { TermChanges } from '@shugu/wire/federation-terms';
import * as marketWire from '@shugu/wire/market';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import { addDays, dayOf, endOfDay } from '../../src/kernel/calendar/calendar.ts';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { divisions, listDivisions, perCall } from './goods.ts';
import { type Connected, connect, type Node, reached, read, twinOf } from './nodes.ts';

let exchange: TestExchange;
let supplier: Connected;
let buyer: Connected;
let stranger: Connected;
let product: string;
/** Another product, of the same data. */
let tiered: string;
const tiers = [
  { upTo: 2, unitPrice: '0.15' },
  { upTo: 4, unitPrice: '0.11' },
  { upTo: null, unitPrice: '0.07' },
];
const tiersAt = (...unitPrices: string[]) => tiers.map(({ upTo }, place) => ({ upTo, unitPrice: unitPrices[place] }));

const soon = { timeout: 300_000 };
const ruled = (on: string, reaction: string, more: object = {}): wire.ReactionRule =>
  wire.reactionRule.parse({ kind: 'negotiation', on, reaction, ...more });
const selling = [
  ruled('accept', 'agree'),
  ruled('verify', 'finalize'),
  ruled('request', 'start', { kind: 'transfer' }),
];
const rules = (of: Connected, list: wire.ReactionRule[]) => of.client.call(wire.setRules, { body: { rules: list } });

beforeAll(async () => {
  exchange = await testExchange({ accounts: true, config: { privateConnectors: ['127.0.0.1'] } });
  const node = { exchange } as Node;
  [supplier, buyer, stranger] = [
    await connect(node, 'xingsha'),
    await connect(node, 'citylogistics'),
    await connect(node, 'merchant'),
  ];
  const resource = await divisions(exchange);
  product = await listDivisions(exchange, { resource, plans: [perCall('按次计费', '0.10', ['custody'])] });
  tiered = await listDivisions(exchange, {
    resource,
    plans: [{ ...perCall('阶梯', '0', ['custody']), plan: { kind: 'tiered', unit: 'call', mode: 'graduated', tiers } }],
  });
  await deposit(1000n, 'deposit-1');
  await exchange.settle();
}, 900_000);
afterAll(() => exchange?.end());

const offered = async (of = product) => {
  const { items } = await supplier.client.call(marketWire.listListings, { query: {} });
  const one = items.find((each) => each.product === of)!;
  const { permission, profile } = one.policy as { permission: unknown[]; profile?: string };
  return { offer: one.plans[0]!.offer, terms: { permission, ...(profile ? { profile } : {}) } as never };
};

const request = async (more: object = {}, dataset = product) => {
  const { offer, terms } = await offered(dataset);
  const to = { counterparty: supplier.name, address: supplier.address, dataset };
  const prices = dataset === tiered ? { tiers } : { price: '0.10' };
  const asked = await buyer.client.call(wire.requestContract, {
    body: { ...to, offer, terms, ...prices, ...more },
  });
  await expect.poll(() => twinOf(supplier, asked.id), soon).toBeDefined();
  return { asked: asked.id, sold: (await twinOf(supplier, asked.id)).id };
};

const act = (of: Connected, id: string, verb: (typeof wire.processActs)[number], changes?: TermChanges) =>
  of.client.call(wire.actOnProcess, { params: { id }, body: { act: verb, ...(changes ? { changes } : {}) } });

const newestOrder = async () =>
  (await supplier.client.call(marketWire.listOrders, { query: { side: 'supplier' } })).items[0]!;

const held = (of: Connected, id: string) => expect.poll(() => read(of, id).then((one) => one.held?.act), soon);

const deposit = (fen: bigint, reference: string) =>
  exchange.exchange.rooms.settlement.simulateDeposit(buyer.participant, fen, reference);

const end = async (contract: string): Promise<void> => {
  const params = { id: contract };
  const forced = await (await exchange.as('operator.reviewer')).call(agreementsWire.forceTermination, {
    params,
    body: { reason: '违规' },
  });
  await (await exchange.as('operator.approver')).call(agreementsWire.confirmForcedTermination, {
    params: { ...params, termination: forced.terminations.at(-1)!.id },
    body: { accept: true },
  });
};

/** Answers to so many uses by an agreement; `money`: the buyer's, once its transfer is open. */
const used = async (agreement: string, times: number, money: object): Promise<number[]> => {
  const { id } = await buyer.client.call(wire.requestTransfer, {
    body: { agreement, address: supplier.address, format: 'HttpData-PULL' },
  });
  await reached(buyer, id, 'STARTED');
  const { rooms, kernel } = exchange.exchange;
  expect(await rooms.settlement.funds(kernel.database, buyer.participant)).toMatchObject(money);
  const address = (await read(buyer, id)).dataAddress as { endpoint: string; endpointProperties: { value: string }[] };
  const authorization = `Bearer ${address.endpointProperties[0]!.value}`;
  const uses = [];
  for (let use = 0; use < times; use++) {
    const answer = await fetch(`${address.endpoint}/430102`, { headers: { authorization } });
    uses.push(answer.status);
    await answer.text();
  }
  return uses;
};

/** Its one statement, settled: fen. */
const billed = async (order: string, total: string): Promise<void> => {
  const finance = await exchange.as('xingsha.finance');
  await expect
    .poll(async () => {
      await exchange.settle();
      const { items } = await finance.call(settlementWire.listStatements, { query: { order } });
      return items.map((one) => [one.state, one.total]);
    }, soon)
    .toEqual([['settled', total]]);
};

test('a counter-offer that is accepted is a contract at its price, quota and term', async () => {
  await rules(supplier, selling);
  await rules(buyer, [ruled('agree', 'verify')]);
  const { asked, sold } = await request();
  await held(supplier, sold).toBe('request');
  const lastDay = addDays(dayOf(exchange.exchange.kernel.clock.now()), 30);
  await act(supplier, sold, 'offer', { price: '0.08', calls: 5, until: lastDay });
  await held(buyer, asked).toBe('offer');
  const until = endOfDay(lastDay).toISOString();
  const seen = await read(buyer, asked);
  expect(seen).toMatchObject({
    ours: { price: '0.10', listed: true, calls: null, until: null, purposes: ['logistics'] },
    proposed: { price: '0.08', listed: false, calls: 5, until, purposes: ['logistics'] },
  });
  expect(seen.proposed!.sentences!.zh.length).toBeGreaterThan(seen.ours!.sentences!.zh.length);
  await act(buyer, asked, 'accept');
  await reached(buyer, asked, 'FINALIZED');

  const order = await newestOrder();
  expect(order).toMatchObject({ plan: { kind: 'perCall', unitPrice: '0.08' }, quantity: 5, estimate: '40' });
  const { rooms, kernel } = exchange.exchange;
  const ordered = (await rooms.market.order(kernel.database, order.id))!.offer;
  expect(ordered).not.toBe((await offered()).offer);
  const audience = { kind: 'participants', participants: [buyer.participant] };
  expect(await rooms.agreements.offer(kernel.database, ordered)).toMatchObject({ audience, withdrawnAt: null });
  const contract = await supplier.client.call(agreementsWire.getContract, { params: { id: order.contract! } });
  expect(contract).toMatchObject({
    state: 'effective',
    current: { terms: { price: { plan: { unitPrice: '0.08' } } } },
  });
  expect(contract.until! <= until).toBe(true);
  const agreement = (await read(supplier, sold)).agreement as { '@id': string };
  expect(JSON.stringify(agreement)).toContain('"odrl:payAmount"');
  expect(await used(agreement['@id'], 6, { available: 960n, held: 40n })).toEqual([200, 200, 200, 200, 200, 403]);
  await end(order.contract!);
  await billed(order.id, '40');
  // Nobody else may order by it, and it stands in no catalogue.
  const [mine] = (await stranger.client.call(wire.listProcesses, { query: {} })).items;
  expect(mine).toBeUndefined();
}, 600_000);

test('a request with other terms is agreed to by a person, or by a rule that names what may change', async () => {
  await rules(supplier, [ruled('request', 'agree'), ...selling]);
  await rules(buyer, [ruled('agree', 'verify')]);
  const listed = await request();
  await reached(buyer, listed.asked, 'FINALIZED');
  // As much as the money paid for.
  expect(await newestOrder()).toMatchObject({ quantity: 96, plan: { unitPrice: '0.10' } });
  await deposit(1000n, 'deposit-2');

  const ask = async (changes: TermChanges) => {
    await rules(supplier, []);
    const started = await request();
    await held(supplier, started.sold).toBe('request');
    await act(supplier, started.sold, 'offer');
    await held(buyer, started.asked).toBe('offer');
    return { ...started, again: () => act(buyer, started.asked, 'request', changes) };
  };
  const cheap = await ask({ price: '0.05', calls: 10 });
  await rules(supplier, [ruled('request', 'agree'), ...selling]);
  await cheap.again();
  await held(supplier, cheap.sold).toBe('request');
  expect((await read(supplier, cheap.sold)).proposed).toMatchObject({ price: '0.05', calls: 10 });
  await act(supplier, cheap.sold, 'agree');
  await reached(buyer, cheap.asked, 'FINALIZED');
  expect(await newestOrder()).toMatchObject({ plan: { unitPrice: '0.05' }, quantity: 10, estimate: '50' });

  const named = await ask({ price: '0.06', calls: 10 });
  await rules(supplier, [ruled('request', 'agree', { amountFrom: '0.06' }), ...selling]);
  await named.again();
  await reached(buyer, named.asked, 'FINALIZED');
  expect(await newestOrder()).toMatchObject({ plan: { unitPrice: '0.06' }, quantity: 10 });

  // Use that the listing does not offer: no rule that does not name it, and a person of the operator after the supplier.
  const wider = await ask({ purposes: ['logistics', 'statistics'], calls: 10 });
  await rules(supplier, [ruled('request', 'agree', { amountFrom: '0.01' }), ...selling]);
  await wider.again();
  await held(supplier, wider.sold).toBe('request');
  await act(supplier, wider.sold, 'agree');
  await expect.poll(() => newestOrder().then(({ state }) => state), soon).toBe('reviewing');
  expect((await newestOrder()).review.findings).toContainEqual(
    expect.objectContaining({ rule: 'listing', outcome: 'person' }),
  );
  await act(buyer, wider.asked, 'terminate');
  await reached(supplier, wider.sold, 'TERMINATED');
  await expect.poll(() => newestOrder().then(({ state }) => state), soon).toBe('cancelled');
}, 600_000);

test('terms that the market cannot carry are refused with the reason, and nothing stays ordered', async () => {
  await rules(supplier, []);
  await rules(buyer, []);
  const before = (await newestOrder()).id;
  const ask = async (terms: object) => {
    const { asked, sold } = await request({ terms });
    await held(supplier, sold).toBe('request');
    await act(supplier, sold, 'agree');
    await reached(buyer, asked, 'TERMINATED');
    const { messages } = await buyer.client.call(wire.getProcess, { params: { id: asked } });
    return messages.at(-1)!.reason;
  };
  const { terms } = await offered();
  const pay = (price: string) => ({
    action: 'compensate',
    constraint: [{ leftOperand: 'payAmount', operator: 'eq', rightOperand: price }],
  });
  expect(await ask({ ...(terms as object), obligation: [pay('0.01'), pay('0.02')] })).toContain('policy is not valid');
  expect(await ask({ permission: [{ action: 'use' }] })).toMatch(/征信|credit/);
  expect((await newestOrder()).id).toBe(before);
  const { offer } = await offered();
  const to = { counterparty: supplier.name, address: supplier.address, dataset: product, offer };
  const both = buyer.client.call(wire.offerContract, { body: { ...to, changes: { price: '1' }, terms } });
  await expect(both).rejects.toMatchObject({ problem: { code: 'kernel.invalid' } });
}, 600_000);

const closed = (of: Connected) => of.client.call(wire.closeConnector, { body: {} });
const opened = (of: Connected) => of.client.call(wire.openConnector, { body: {} });

test('what a trade answers while the connector is closed is said when it opens; what was to be sent is left to a person', async () => {
  const pauseMilliseconds = 60_000;
  await rules(supplier, [ruled('request', 'offer', { pauseMilliseconds }), ruled('verify', 'finalize')]);
  await rules(buyer, [ruled('agree', 'verify')]);
  const { asked, sold } = await request();
  await reached(supplier, sold, 'REQUESTED');
  await closed(supplier);
  const clock = exchange.exchange.kernel.clock as SimulatedClock;
  clock.moveTo(new Date(clock.now().getTime() + 2 * pauseMilliseconds));
  const fault = () => read(supplier, sold).then((one) => one.held?.fault);
  await expect
    .poll(async () => {
      await exchange.settle();
      return fault();
    }, soon)
    .toBe('the connector is closed');
  await opened(supplier);
  // Beyond what is listed, so that a person of the operator reviews it: while the connector is closed again.
  await act(supplier, sold, 'offer', { price: '0.07', calls: 3, purposes: ['logistics', 'statistics'] });
  await held(buyer, asked).toBe('offer');
  await act(buyer, asked, 'accept');
  await held(supplier, sold).toBe('accept');
  await act(supplier, sold, 'agree');
  await expect.poll(() => newestOrder().then(({ state }) => state), soon).toBe('reviewing');
  const { id, review } = await newestOrder();
  await closed(supplier);
  await move(await exchange.as('operator.reviewer'), review.case, 'pass', { opinion: '用途明确' });
  await exchange.settle();
  expect(await read(supplier, sold)).toMatchObject({ state: 'ACCEPTED', clearance: 'agree' });
  await opened(supplier);
  await reached(buyer, asked, 'FINALIZED');
  expect(await newestOrder()).toMatchObject({ id, plan: { unitPrice: '0.07' }, quantity: 3 });
}, 600_000);

test('what never began is given up by who may answer it, and by nobody else', async () => {
  const { offer, terms } = await offered();
  const to = { counterparty: supplier.name, address: supplier.address, dataset: product };
  // Of an offer that there is not: a plain no.
  const { id } = await buyer.client.call(wire.requestContract, { body: { ...to, offer: `${offer}x`, terms } });
  await held(buyer, id).toBe('request');
  expect(await read(buyer, id)).toMatchObject({ state: null, acts: [] });
  const give = (client: Client, process = id) =>
    client.call(wire.abandonProcess, { params: { id: process }, body: {} });
  await expect(give(stranger.client)).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });
  const finance = await exchange.as('citylogistics.finance');
  await expect(give(finance)).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });
  const waiting = async () =>
    (await buyer.client.call(wire.listProcesses, { query: { held: 'true' } })).items.map((one) => one.id);
  expect(await waiting()).toContain(id);
  expect(await give(buyer.client)).toMatchObject({ state: 'TERMINATED', held: null });
  expect(await waiting()).not.toContain(id);
  await expect(give(buyer.client)).rejects.toMatchObject({ problem: { code: 'federation.notNow' } });
  const { rows } = await exchange.exchange.kernel.database.pool.query('select action from audit where subject = $1', [
    id,
  ]);
  expect(rows.map(({ action }) => action)).toContain('federation.process.abandon');
  const begun = (await buyer.client.call(wire.listProcesses, { query: { state: 'FINALIZED' } })).items[0]!;
  await expect(give(buyer.client, begun.id)).rejects.toMatchObject({ problem: { code: 'federation.notNow' } });
}, 600_000);

test('whoever has to answer is told, and rules are tried on what has been said', async () => {
  await rules(supplier, []);
  const { asked, sold } = await request();
  await held(supplier, sold).toBe('request');
  const told = async (client: Client, about: string) => {
    await exchange.settle();
    const { items } = await client.call(cases.notices, { query: { limit: 100 } });
    return items.filter(({ subject }) => subject === about).map(({ text }) => text.en);
  };
  await expect.poll(() => told(supplier.client, sold), soon).toEqual([expect.stringContaining(buyer.name)]);
  expect(await told(stranger.client, sold)).toEqual([]);
  const trying = (client: Client, list: wire.ReactionRule[]) =>
    client.call(wire.tryRules, { body: { rules: list } }).then(({ items }) => items);
  const ofThis = (items: Awaited<ReturnType<typeof trying>>) => items.filter(({ process }) => process === sold);
  const line = { act: 'request', price: '0.10', said: null };
  expect(ofThis(await trying(supplier.client, []))).toMatchObject([{ ...line, rule: null, reaction: 'hold' }]);
  const list = [
    ruled('request', 'terminate', { amountUpTo: '0.09' }),
    ruled('request', 'agree', { amountFrom: '0.10' }),
  ];
  expect(ofThis(await trying(supplier.client, list))).toMatchObject([{ ...line, rule: 1, reaction: 'agree' }]);
  expect(ofThis(await trying(buyer.client, list))).toEqual([]);
  expect(await trying(stranger.client, list)).toEqual([]);
  expect(await read(supplier, sold)).toMatchObject({ state: 'REQUESTED', held: { act: 'request' } });
  await act(buyer, asked, 'terminate');
}, 600_000);

test('a counter-offer of a tiered plan changes the price of each tier, and its contract bills by those', async () => {
  const counter = { percent: 90, floors: ['0.07'], calls: 6 };
  await rules(supplier, [ruled('request', 'offer', { changes: counter, timesMax: 1 }), ...selling]);
  // One tier costs more than that.
  await rules(buyer, [ruled('offer', 'accept', { amountUpTo: '0.13' }), ruled('agree', 'verify')]);
  await deposit(1000n, 'deposit-3');
  const { rooms, kernel } = exchange.exchange;
  const funds = () => rooms.settlement.funds(kernel.database, buyer.participant);
  const before = await funds();
  const { asked, sold } = await request({}, tiered);
  await held(buyer, asked).toBe('offer');
  // Its acknowledgement may come after what it says.
  await reached(supplier, sold, 'OFFERED');
  const proposed = { price: null, tiers: tiersAt('0.14', '0.1', '0.07'), listed: false, calls: 6 };
  const [theirs, ours] = [await read(supplier, sold), await read(buyer, asked)];
  expect(ours).toMatchObject({ ours: { price: null, tiers, listed: true, calls: null }, proposed });
  expect(theirs).toMatchObject({ ours: proposed, proposed });
  await act(buyer, asked, 'accept');
  await reached(buyer, asked, 'FINALIZED');
  const order = await newestOrder();
  const plan = { kind: 'tiered', unit: 'call', mode: 'graduated', tiers: proposed.tiers };
  expect(order).toMatchObject({ plan, quantity: 6, estimate: '62' });
  const contract = await supplier.client.call(agreementsWire.getContract, { params: { id: order.contract! } });
  expect(contract).toMatchObject({ state: 'effective', current: { terms: { price: { plan } } } });
  const agreement = (await read(supplier, sold)).agreement as { '@id': string };
  const money = { available: before.available - 62n, held: before.held + 62n };
  // 0.14 × 2 + 0.10 × 2 + 0.07; as listed it would be 0.59.
  expect(await used(agreement['@id'], 5, money)).toEqual([200, 200, 200, 200, 200]);
  await end(order.contract!);
  await billed(order.id, '55');
}, 600_000);

test('prices of a tiered plan that do not fit it are refused, and a rule agrees to no tier below what it names', async () => {
  await rules(supplier, []);
  await rules(buyer, [ruled('agree', 'verify')]);
  const { asked, sold } = await request({}, tiered);
  await held(supplier, sold).toBe('request');
  const refused = (changes: TermChanges, code: string) =>
    expect(act(supplier, sold, 'offer', changes)).rejects.toMatchObject({ problem: { code } });
  await refused({ price: '0.10' }, 'federation.pricesUnfit');
  await refused({ tierPrices: ['0.10', '0.09'] }, 'federation.pricesUnfit');
  await refused({ percent: 90, floors: ['0.10', '0.09'] }, 'federation.pricesUnfit');
  await refused({ floors: ['0.10'] }, 'kernel.invalid');
  await refused({ percent: 90, tierPrices: ['0.10', '0.09', '0.08'] }, 'kernel.invalid');
  const theirs = act(stranger, sold, 'offer', { tierPrices: ['0.01', '0.01', '0.01'] });
  await expect(theirs).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });
  // A rule that says such prices leaves it to a person.
  await act(supplier, sold, 'offer');
  await held(buyer, asked).toBe('offer');
  await rules(supplier, [ruled('request', 'offer', { changes: { price: '0.10' } }), ruled('verify', 'finalize')]);
  await act(buyer, asked, 'request', { tierPrices: ['0.12', '0.10', '0.05'], calls: 4 });
  await held(supplier, sold).toBe('request');
  const agreeing = async (amountFrom: string) => {
    const list = [ruled('request', 'agree', { amountFrom })];
    const { items } = await supplier.client.call(wire.tryRules, { body: { rules: list } });
    return items.filter(({ process }) => process === sold).at(-1)!.reaction;
  };
  expect([await agreeing('0.06'), await agreeing('0.05')]).toEqual(['hold', 'agree']);
  // Tried, a rule tells every tier that it was asked for and would say; prices that do not fit it says none of.
  const countering = async (changes: TermChanges) => {
    const list = [ruled('request', 'offer', { changes })];
    const { items } = await supplier.client.call(wire.tryRules, { body: { rules: list } });
    return items.filter(({ process }) => process === sold).at(-1)!;
  };
  const asks = { price: null, tiers: tiersAt('0.12', '0.10', '0.05') };
  const says = { price: null, tiers: tiersAt('0.14', '0.11', '0.06') };
  expect(await countering({ tierPrices: ['0.14', '0.11', '0.06'] })).toMatchObject({ ...asks, answer: says, rule: 0 });
  expect(await countering({ price: '0.10' })).toMatchObject({ ...asks, answer: null, reaction: 'hold' });
  await act(supplier, sold, 'agree');
  await reached(buyer, asked, 'FINALIZED');
  const order = await newestOrder();
  expect(order).toMatchObject({ plan: { tiers: tiersAt('0.12', '0.10', '0.05') }, quantity: 4, estimate: '44' });
  await end(order.contract!);

  // What stands for other quantities than listed is not carried.
  const { terms } = await offered(tiered);
  const pay = (unitPrice: string, ...upTo: string[]) => ({
    action: 'compensate',
    constraint: [
      { leftOperand: 'payAmount', operator: 'eq', rightOperand: unitPrice },
      ...upTo.map((one) => ({ leftOperand: 'shugu:priceUpTo', operator: 'lteq', rightOperand: one })),
    ],
  });
  const strange = { ...(terms as object), obligation: [pay('0.12', '3'), pay('0.10', '4'), pay('0.05')] };
  const other = await request({ terms: strange }, tiered);
  await held(supplier, other.sold).toBe('request');
  await act(supplier, other.sold, 'agree');
  await reached(buyer, other.asked, 'TERMINATED');
  const { messages } = await buyer.client.call(wire.getProcess, { params: { id: other.asked } });
  expect(messages.at(-1)!.reason).toContain('tiers of the listed plan');
  expect((await newestOrder()).id).toBe(order.id);
}, 600_000);

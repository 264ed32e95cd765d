/**
 * A product of one node, bought and read by an organisation of another over the Dataspace Protocol: catalogue, negotiation,
 * contract, transfer, bytes through the gateway, use on the statement, and the end of it; and nobody else sees any of it.
 */
import { HTTP_PULL, HTTP_PUSH } from '@shugu/dataspace';
import { localTime } from '@shugu/policy';
import * as agreementsWire from '@shugu/wire/agreements';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as deliveryWire from '@shugu/wire/delivery';
import * as wire from '@shugu/wire/federation';
import * as elsewhereWire from '@shugu/wire/federation-elsewhere';
import * as planesWire from '@shugu/wire/federation-planes';
import * as marketWire from '@shugu/wire/market';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import { divisionsProduct } from '../../../cli/src/trade/goods.ts';
import { sql } from '../../src/kernel/db/db.ts';
import { call, messageOf } from './counterpart.ts';
import { divisions, listDivisions, perCall } from './goods.ts';
import { type Connected, connect, type Node, reached, read, together, tokenOf, twinOf, twoNodes } from './nodes.ts';
import { makePlane } from './plane.ts';
import { makeReceiver } from './receiver.ts';
import { isNamed, readsItsRecords } from './records.ts';
import { refusedByType, renewsAfterLostAnswer, renewsWhileItRuns } from './renewing.ts';
import { isWired } from './wired.ts';

let here: Node;
let there: Node;
let supplier: Connected;
let buyer: Connected;
let stranger: Connected;
let resource: string | undefined;
let product: string;
/** With an important field, whose trades a person reviews. */
let sensitive: string;

const ruled = (kind: 'negotiation' | 'transfer', on: string, reaction: string): wire.ReactionRule =>
  wire.reactionRule.parse({ kind, on, reaction });

const plans = [
  perCall('免费查询', '0', ['custody']),
  perCall('按次计费', '0.10', ['custody', 'postpaid']),
  perCall('先用后付', '0.20', ['postpaid']),
];

/** Outside them it is now, until an hour from now. */
const hoursLater = () => {
  const { minuteOfDay } = localTime(here.exchange.exchange.kernel.clock.now().getTime(), 'Asia/Shanghai');
  return { from: (minuteOfDay + 60) % 1440, to: (minuteOfDay + 1380) % 1440 };
};

/** `files`: as two files, within hours that have not come yet. */
const list = async (important?: { table: string; name: string }, files = false): Promise<string> => {
  resource ??= await divisions(here.exchange);
  const hoursOfDay = files ? hoursLater() : undefined;
  return listDivisions(here.exchange, { resource, plans, important, files, hoursOfDay });
};

beforeAll(async () => {
  [here, there] = await twoNodes({ accounts: true });
  supplier = await connect(here, 'xingsha');
  buyer = await connect(there, 'citylogistics');
  stranger = await connect(there, 'xingsha');
  product = await list();
  const [version] = (await supplier.client.call(catalogueWire.listVersions, { params: { id: product }, query: {} }))
    .items;
  const params = { id: product, version: version!.id };
  const [table] = (await supplier.client.call(catalogueWire.getVersion, { params })).tables;
  sensitive = await list({ table: table!.name, name: 'division_code' });
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
}, 900_000);
afterAll(async () => {
  await here?.exchange.end();
  await there?.exchange.end();
});

interface Offered {
  '@id': string;
  permission: unknown[];
  prohibition?: unknown[];
  profile?: string;
}

interface OfferedSet {
  '@id': string;
  hasPolicy: Offered[];
  'shugu:price': { offer: string; plan: { unitPrice: string } }[];
}

const offerAt = async (unitPrice: string, of: string) => {
  const asked = messageOf('request', {}, { '@type': 'CatalogRequestMessage' });
  const { body } = await call(`${supplier.address}/catalog/request`, asked, await tokenOf(there, buyer, supplier));
  const dataset = (body.dataset as OfferedSet[]).find((one) => one['@id'] === of)!;
  const priced = dataset['shugu:price'].find(({ plan }) => plan.unitPrice === unitPrice)!;
  const found = dataset.hasPolicy.find((one) => one['@id'] === priced.offer)!;
  isWired(found);
  const { '@id': offer, permission, prohibition, profile } = found;
  return { offer, terms: { permission, ...(prohibition ? { prohibition } : {}), ...(profile ? { profile } : {}) } };
};

const request = async (unitPrice: string, dataset = product) => {
  const { offer, terms } = await offerAt(unitPrice, dataset);
  const asking = { counterparty: supplier.name, address: supplier.address, dataset, offer };
  return buyer.client.call(wire.requestContract, { body: { ...asking, terms: terms as never } });
};

/** Negotiated to its end, for nothing. Id of the agreement. */
const agreed = async (dataset = product): Promise<string> => {
  const { id } = await request('0', dataset);
  await reached(buyer, id, 'FINALIZED');
  const sold = await twinOf(supplier, id);
  await reached(supplier, sold.id, 'FINALIZED');
  return (sold.agreement as { '@id': string })['@id'];
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

const ask = (agreement: string, format: string) =>
  buyer.client.call(wire.requestTransfer, { body: { agreement, address: supplier.address, format } });

const transfer = async (agreement: string, format = 'HttpData-PULL'): Promise<{ id: string; address: Address }> => {
  const { id } = await ask(agreement, format);
  await reached(buyer, id, 'STARTED');
  return { id, address: (await read(buyer, id)).dataAddress as unknown as Address };
};

/** Types of transfers that the catalogue tells of a data set. */
const formatsOf = async (dataset: string): Promise<string[]> => {
  const token = await tokenOf(there, buyer, supplier);
  const { body } = await call(`${supplier.address}/catalog/datasets/${dataset}`, undefined, token);
  return (body.distribution as { format: string }[]).map(({ format }) => format);
};

/** What of the protocol's tables holds a text as it is. */
const openIn = ({ exchange }: Node, text: string) =>
  exchange.exchange.kernel.database.rows(sql`
    select id from federation_processes p where strpos(to_jsonb(p)::text, ${text}) > 0
    union all select id from federation_messages m where strpos(to_jsonb(m)::text, ${text}) > 0`);

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
  expect(contract.state).toBe('effective');
  const [theirs] = contract.current.signatures.filter((one) => one.participant === contract.buyer.participant);
  expect(theirs).toMatchObject({ level: 'dataspace-protocol', keyId: buyer.name });
  await isNamed({ here, there, buyer }, contract.buyer, order!.buyer.name);

  const agreement = (sold.agreement as { '@id': string })['@id'];
  const first = await transfer(agreement);
  const seen = await readBy(first.address);
  expect(seen.status).toBe(200);
  expect(seen.text).toContain('芙蓉区');
  const bought = async (of: Connected) => (await of.client.call(wire.listForeignPurchases, { query: {} })).items;
  const purchase = { kind: 'foreign', agreement, negotiation: asked.id, provider: supplier.name, dataset: product };
  expect(await bought(buyer)).toMatchObject([
    { ...purchase, transfer: { id: first.id, state: 'STARTED', endpoint: first.address.endpoint } },
  ]);
  expect(await bought(stranger)).toEqual([]);
  // The key is the buyer's alone, and lies open nowhere.
  for (const node of [here, there]) expect(await openIn(node, first.address.endpointProperties[0]!.value)).toEqual([]);
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
  expect(await bought(buyer)).toMatchObject([{ ...purchase, transfer: { state: 'TERMINATED', endpoint: null } }]);
  expect((await readBy(first.address)).status).toBe(404);

  const second = await transfer(agreement);
  expect((await readBy(second.address)).status).toBe(200);
  await tellsOfTheTrade({ asked: asked.id, sold: sold.id, order: order!.id, transfers: [second.id, first.id] });
  await strangersSeeNothing(asked.id, sold.id, contract.id, second.id);

  await end(contract.id);
  await reached(buyer, second.id, 'TERMINATED');
  await here.exchange.settle();
  expect((await readBy(second.address)).status).toBe(404);
  const again = await buyer.client.call(wire.requestTransfer, {
    body: { agreement, format: 'HttpData-PULL' },
  });
  expect(again.address).toBe(supplier.address);
  await expect
    .poll(() => read(buyer, again.id).then(({ held }) => held?.fault), { timeout: 60_000 })
    .toContain('agreementUnknown');

  const finance = await here.exchange.as('xingsha.finance');
  const { items } = await finance.call(settlementWire.listStatements, { query: { order: order!.id } });
  const statement = await finance.call(settlementWire.readStatement, { params: { id: items[0]!.id } });
  expect(statement.lines).toMatchObject([{ quantity: '3' }]);
}, 120_000);

const whole = (of: Connected, id: string) => of.client.call(wire.getProcess, { params: { id } });

/** Acts with the states around them, as either side tells them. */
const told = ({ messages }: Awaited<ReturnType<typeof whole>>) =>
  messages.map(({ act, before, after }) => `${before ?? ''} ${act} ${after}`.trim());

const bodyOf = async (of: Connected, id: string, act: string) => {
  const { messages } = await whole(of, id);
  const { id: message } = messages.find((one) => one.act === act)!;
  return of.client.call(wire.getMessage, { params: { id, message } });
};

interface Trade {
  asked: string;
  sold: string;
  order: string;
  /** The buyer's, the newest first. */
  transfers: string[];
}
/** What the pages of both sides show: every step with its states, what it is about, what came of it; keys to nobody. */
const tellsOfTheTrade = async ({ asked, sold, order, transfers }: Trade): Promise<void> => {
  const steps = [
    'request REQUESTED',
    'REQUESTED agree AGREED',
    'AGREED verify VERIFIED',
    'VERIFIED finalize FINALIZED',
  ];
  // Whoever sends moves last: when the other side has answered.
  await reached(buyer, transfers[1]!, 'TERMINATED');
  await reached(supplier, (await twinOf(supplier, transfers[0]!)).id, 'STARTED');
  const [theirs, ours] = [await whole(buyer, asked), await whole(supplier, sold)];
  expect([told(theirs), told(ours)]).toEqual([steps, steps]);
  expect(theirs.transfers.map(({ id }) => id)).toEqual(transfers);
  expect(ours.transfers.map(({ state }) => state)).toEqual(['STARTED', 'TERMINATED']);
  // Only at the provider's does an order stand behind it, and a title beside the data set.
  const bought = { dataset: product, title: null, order: null };
  const given = { dataset: product, title: divisionsProduct('').fields.name, order };
  expect(theirs.process).toMatchObject({ ...bought, address: supplier.address });
  expect(ours.process).toMatchObject({ ...given, address: buyer.address });

  const first = transfers[1]!;
  const fetched = await whole(buyer, first);
  expect(told(fetched)).toEqual([
    'request REQUESTED',
    'REQUESTED start STARTED',
    'STARTED suspend SUSPENDED',
    'SUSPENDED start STARTED',
    'STARTED terminate TERMINATED',
  ]);
  expect([fetched.negotiation?.id, fetched.process]).toMatchObject([asked, bought]);
  const twin = await twinOf(supplier, first);
  expect([(await whole(supplier, twin.id)).negotiation?.id, twin]).toMatchObject([sold, given]);
  const list = async (query: Record<string, string>) =>
    (await supplier.client.call(wire.listProcesses, { query })).items.map(({ id }) => id);
  expect(await list({ order, kind: 'negotiation' })).toEqual([sold]);
  expect(await list({ state: 'TERMINATED', side: 'provider', kind: 'transfer' })).toEqual([twin.id]);
  expect(await list({ side: 'consumer' })).toEqual([]);

  const agreed = await bodyOf(supplier, sold, 'agree');
  expect(agreed).toMatchObject({ keyless: false, body: { '@type': 'ContractAgreementMessage', agreement: {} } });
  for (const [of, id] of [
    [buyer, first],
    [supplier, twin.id],
  ] as const) {
    const { body, keyless } = await bodyOf(of, id, 'start');
    expect([keyless, body]).toMatchObject([true, { dataAddress: { endpoint: expect.stringContaining('/gateway/') } }]);
    expect(JSON.stringify(body)).not.toMatch(/endpointProperties|sealed/);
  }
};

const strangersSeeNothing = async (asked: string, sold: string, contract: string, running: string): Promise<void> => {
  const unknown = { problem: { code: 'kernel.unknown' } };
  const otherHere = await here.exchange.as('citylogistics.trader');
  const otherThere = stranger.client;
  await expect(otherHere.call(wire.getProcess, { params: { id: sold } })).rejects.toMatchObject(unknown);
  await expect(otherHere.call(agreementsWire.getContract, { params: { id: contract } })).rejects.toMatchObject(unknown);
  await expect(otherThere.call(wire.getProcess, { params: { id: asked } })).rejects.toMatchObject(unknown);
  const [message] = (await whole(buyer, asked)).messages;
  for (const client of [otherThere, await there.exchange.as('operator.reviewer')])
    await expect(client.call(wire.getMessage, { params: { id: asked, message: message!.id } })).rejects.toMatchObject({
      problem: { code: expect.stringMatching(/^kernel\.(unknown|notPermitted)$/) },
    });
  // Its own process, and a message of another.
  const foreign = { id: running, message: message!.id };
  await expect(buyer.client.call(wire.getMessage, { params: foreign })).rejects.toMatchObject(unknown);
  // Of a participant whom this node knows, one for each message.
  const token = () => tokenOf(there, stranger, supplier);
  const given = await twinOf(supplier, running);
  for (const path of [`negotiations/${sold}`, `transfers/${given.id}`])
    expect((await call(`${supplier.address}/${path}`, undefined, await token())).status).toBe(404);
  const ending = messageOf('end', { consumerPid: running, providerPid: given.id });
  expect((await call(`${supplier.address}/transfers/${given.id}/termination`, ending, await token())).status).toBe(404);
  const grants = await (await here.exchange.as('citylogistics.developer')).call(deliveryWire.listGrants, {
    query: { contract },
  });
  expect(grants.items).toEqual([]);
};

/** Why the negotiation ended, as the buyer reads it. */
const reasonOf = async (id: string): Promise<string | null | undefined> => {
  await reached(buyer, id, 'TERMINATED');
  const { messages } = await buyer.client.call(wire.getProcess, { params: { id } });
  return messages.find(({ act: verb }) => verb === 'terminate')?.reason;
};

const end = async (contract: string): Promise<void> => {
  const params = { id: contract };
  const forced = await (await here.exchange.as('operator.reviewer')).call(agreementsWire.forceTermination, {
    params,
    body: { reason: '违规' },
  });
  await (await here.exchange.as('operator.approver')).call(agreementsWire.confirmForcedTermination, {
    params: { ...params, termination: forced.terminations.at(-1)!.id },
    body: { accept: true },
  });
};

test('a price is paid from what lies at the bank before, and refused where nothing does', async () => {
  const { settlement } = here.exchange.exchange.rooms;
  expect(await reasonOf((await request('0.20')).id)).toContain('not settled in custody');
  expect(await reasonOf((await request('0.10')).id)).toContain('deposit first');
  await here.exchange.settle();
  const member = (await ordersHere())[0]!.buyer;
  // The desk alone pretends it for a member that has nobody here.
  const deposit = async (login: string) =>
    (await here.exchange.as(login)).call(settlementWire.simulateDeposit, {
      body: { amountFen: '500', member: member.id },
    });
  await expect(deposit('xingsha.finance')).rejects.toMatchObject({ problem: { code: 'kernel.unknown' } });
  await deposit('operator.settlement');
  const paid = await request('0.10');
  await reached(buyer, paid.id, 'FINALIZED');
  const sold = await twinOf(supplier, paid.id);
  const { id, address } = await transfer((sold.agreement as { '@id': string })['@id']);
  const [order] = await ordersHere();
  expect(order).toMatchObject({ quantity: 50, settlementWay: 'custody', estimate: '500' });
  for (const times of [1, 2]) expect([times, (await readBy(address)).status]).toEqual([times, 200]);
  await end(order!.contract!);
  await reached(buyer, id, 'TERMINATED');
  const finance = await here.exchange.as('xingsha.finance');
  await expect
    .poll(
      async () => {
        await here.exchange.settle();
        const { items } = await finance.call(settlementWire.listStatements, { query: { order: order!.id } });
        return items.map(({ state, total }) => [state, total]);
      },
      { timeout: 30_000 },
    )
    .toEqual([['settled', '20']]);
  const { available, held } = await settlement.funds(here.exchange.exchange.kernel.database, member.id);
  expect([available, held]).toEqual([480n, 0n]);
  await readsItsRecords({ here, there, supplier, buyer, stranger, negotiation: paid.id });
}, 120_000);

test('what the rules give to a person holds the negotiation until it is reviewed', async () => {
  const { exchange } = here;
  for (const verdict of ['pass', 'refuse'] as const) {
    const asked = await request('0', sensitive);
    await reached(buyer, asked.id, 'REQUESTED');
    const reviewing = async () => {
      const [order] = await ordersHere();
      return order?.product === sensitive && order.state === 'reviewing' ? order.review.case : undefined;
    };
    await expect.poll(reviewing, { timeout: 30_000 }).toBeDefined();
    expect(await twinOf(supplier, asked.id)).toMatchObject({ state: 'REQUESTED', clearance: 'agree', held: null });
    const reviewer = await exchange.as('operator.reviewer');
    await move(
      reviewer,
      (await reviewing())!,
      verdict,
      verdict === 'pass' ? { opinion: '用途明确' } : { reason: '用途不明' },
    );
    if (verdict === 'pass') await reached(buyer, asked.id, 'FINALIZED');
    else expect(await reasonOf(asked.id)).toContain('refused in the review');
  }
}, 120_000);

test('an access token by the HTTP profile is renewed by its consumer alone, while the transfer runs, and again after an answer that was lost', async () => {
  const agreement = await agreed();
  const world = { here, there, supplier, buyer, stranger, agreement };
  await renewsWhileItRuns(world);
  await renewsAfterLostAnswer(world);
  // Who asks by a type that knows no renewal is given a key that lives as long as the transfer.
  const { id, address } = await transfer(agreement);
  expect(address.endpointProperties.map(({ name }) => name)).toEqual(['authorization', 'authType', 'endpoint']);
  expect((await whole(buyer, id)).renewal).toBeNull();
  // And by a type that nobody serves, a refusal that says which are.
  await refusedByType(buyer, (await ask(agreement, 'urn:example:nobody-pull')).id);
}, 240_000);

// It reads from the gateway what it hands on, so that contract and count hold for it, too.
test('a data plane of the supplier’s carries what was bought, as long as the transfer runs', async () => {
  const agreement = await agreed();
  const plane = await makePlane();
  try {
    const draft = {
      ...{ id: 'streams', endpoint: plane.endpoint, profiles: ['urn:example:stream-pull'] },
      authorization: { type: 'bearer' as const, token: plane.token },
    };
    const refused = supplier.client.call(planesWire.registerDataPlane, { body: draft });
    await expect(refused).rejects.toMatchObject({ problem: { code: 'kernel.notPermitted' } });
    const administrator = await here.exchange.as('xingsha.admin');
    await administrator.call(planesWire.registerDataPlane, { body: draft });
    const planesOf = async ({ client }: Connected) => (await client.call(planesWire.listDataPlanes, {})).planes;
    expect(await planesOf(stranger)).toEqual([]);

    expect(await formatsOf(product)).toEqual(['HttpData-PULL', HTTP_PULL, 'urn:example:stream-pull']);
    // While it does not answer its type is not offered, nor taken; what has begun goes on when it is back.
    plane.answers.push(...Array<number>(12).fill(503));
    const { id } = await ask(agreement, 'urn:example:stream-pull');
    const away = async () => (await planesOf(supplier))[0]?.awaySince;
    await expect.poll(away, { timeout: 60_000 }).toEqual(expect.any(String));
    expect(await formatsOf(product)).toEqual(['HttpData-PULL', HTTP_PULL]);
    await refusedByType(buyer, (await ask(agreement, 'urn:example:stream-pull')).id);
    plane.answers.length = 0;
    await here.exchange.settle();
    await expect.poll(away, { timeout: 60_000 }).toBeNull();
    expect(await formatsOf(product)).toContain('urn:example:stream-pull');
    await reached(buyer, id, 'STARTED');
    const address = (await read(buyer, id)).dataAddress as unknown as Address;
    expect(address.endpoint).toBe(`${plane.endpoint}/data`);
    expect(await readBy(address)).toMatchObject({ status: 200, text: expect.stringContaining('芙蓉区') });
    expect(await planesOf(supplier)).toMatchObject([{ id: 'streams', running: 1 }]);
    const params = { id: 'streams' };
    await expect(administrator.call(planesWire.removeDataPlane, { params, body: {} })).rejects.toMatchObject({
      problem: { code: 'federation.planeBusy' },
    });
    // What the gateway gave it is nothing that our own people or the buyer see.
    const { metadata } = plane.told[0]!.body as { metadata: { source: Address } };
    const key = metadata.source.endpointProperties[0]!.value;
    for (const node of [here, there]) expect(await openIn(node, key)).toEqual([]);

    const given = await twinOf(supplier, id);
    await act(supplier, given.id, 'terminate');
    await reached(buyer, id, 'TERMINATED');
    await here.exchange.settle();
    await expect.poll(() => plane.told.at(-1)?.signal, { timeout: 30_000 }).toBe('terminate');
    expect((await readBy(address)).status).toBe(403);
    // Whatever the data plane does: the gateway has ended it.
    const source = await fetch(`${metadata.source.endpoint}/430102`, { headers: { authorization: `Bearer ${key}` } });
    expect(source.status).toBe(404);
    expect(await administrator.call(planesWire.removeDataPlane, { params, body: {} })).toEqual({
      planes: [],
      admitted: [],
    });
    expect(await formatsOf(product)).toEqual(['HttpData-PULL', HTTP_PULL]);
  } finally {
    await plane.close();
  }
}, 240_000);

test('files are pushed to where the buyer says, whole, as long as the transfer runs', async () => {
  const dataset = await list(undefined, true);
  const agreement = await agreed(dataset);
  const receiver = await makeReceiver();
  const push = async (dataAddress?: typeof receiver.dataAddress): Promise<string> => {
    const asking = { agreement, address: supplier.address, format: 'HttpData-PUSH' };
    const body = { ...asking, ...(dataAddress ? { dataAddress } : {}) };
    return (await buyer.client.call(wire.requestTransfer, { body })).id;
  };
  try {
    expect(await formatsOf(dataset)).toEqual(['HttpData-PULL', HTTP_PULL, 'HttpData-PUSH', HTTP_PUSH]);

    // Outside permitted hours it waits for them, and is asked nothing. What the receiver repeats of its token is told to nobody.
    receiver.answers.push(403);
    const first = await push(receiver.dataAddress);
    const waits = () =>
      here.exchange.exchange.kernel.database.first(
        sql`select 1 from jobs where kind = 'flow.push' and state = 'queued' and data ->> 'waits' = '1'`,
      );
    await expect.poll(waits, { timeout: 60_000 }).toBeDefined();
    expect([receiver.asked, (await read(buyer, first)).state]).toEqual([0, 'STARTED']);
    together([here, there], 3700);
    await here.exchange.settle();
    expect(await reasonOf(first)).toBe('HTTP 403 not today, Bearer …');

    // Nowhere to bring it, and an address of the operator's own network.
    expect(await reasonOf(await push())).toContain('dataAddress');
    expect(await reasonOf(await push({ ...receiver.dataAddress, endpoint: 'http://10.0.0.1/inbox' }))).toContain(
      'not permitted',
    );

    // A receiver that is away for a moment is tried again.
    receiver.answers.push(503);
    const id = await push(receiver.dataAddress);
    await expect
      .poll(
        async () => {
          together([here, there], 10);
          await here.exchange.settle();
          return (await read(buyer, id)).state;
        },
        { timeout: 120_000 },
      )
      .toBe('COMPLETED');
    expect(receiver.received).toHaveLength(2);
    for (const { headers, digest, bytes } of receiver.received) {
      expect([headers['repr-digest'], Number(headers['content-length'])]).toEqual([digest, bytes]);
      expect(headers['content-disposition']).toContain('filename');
    }
    const given = await twinOf(supplier, id);
    expect(given.state).toBe('COMPLETED');
    // The token is the receiver's, and lies open nowhere.
    for (const node of [here, there]) expect(await openIn(node, 'token-of-the-receiver')).toEqual([]);
    expect(JSON.stringify(await whole(supplier, given.id))).not.toContain('token-of-the-receiver');

    // Suspended while the receiver says nothing of the second file: the connection ends; resumed, it goes on with that.
    receiver.answers.push('take', 'stall');
    const { asked: before } = receiver;
    const second = await push(receiver.dataAddress);
    await expect.poll(() => receiver.asked, { timeout: 60_000 }).toBe(before + 2);
    await reached(buyer, second, 'STARTED');
    const ours = await twinOf(supplier, second);
    await reached(supplier, ours.id, 'STARTED');
    await act(supplier, ours.id, 'suspend');
    await reached(buyer, second, 'SUSPENDED');
    await expect.poll(() => receiver.broken, { timeout: 60_000 }).toBe(1);
    expect(receiver.received).toHaveLength(3);
    await act(supplier, ours.id, 'start');
    await reached(buyer, second, 'COMPLETED');
    const names = receiver.received.map(({ headers }) => headers['content-disposition']);
    expect([names.length, names[2], names[3]]).toEqual([4, names[0], names[1]]);
    expect(names[0]).not.toBe(names[1]);
    await here.exchange.settle();
    const kept = await here.exchange.exchange.kernel.database.rows(sql`select name from federation_parcels`);
    expect(kept).toEqual([]);
  } finally {
    await receiver.close();
  }
}, 240_000);

test('its catalogue is read in plain words, and a negotiation begun at other terms of it', async () => {
  const { name: counterparty, address } = supplier;
  const body = { counterparty, address };
  const { participant, items } = await buyer.client.call(elsewhereWire.readCatalogueElsewhere, { body });
  const { title, formats, offers } = items.find(({ id }) => id === product)!;
  expect([participant, formats.map(({ way }) => way)]).toEqual([counterparty, ['pull', 'pull']]);
  expect(offers.map(({ told }) => told.price).sort()).toEqual(['0', '0.10', '0.20']);
  const { id: offer, terms, told } = offers.find((one) => one.told.price === '0')!;
  expect([told.listed, told.calls, told.sentences!.zh.length > 0]).toEqual([true, null, true]);
  const asked = { ...body, dataset: product, offer, terms: terms as never, changes: { calls: 5 }, title: title! };
  const { id } = await buyer.client.call(wire.requestContract, { body: asked });
  await reached(buyer, id, 'FINALIZED');
  const changed = await read(buyer, id);
  expect(changed).toMatchObject({ title, proposed: { calls: 5 } });
  for (const policy of [changed.offer, changed.agreement]) isWired(policy as object);
  const params = { id };
  expect(await buyer.client.call(elsewhereWire.listFormats, { params })).toEqual({ offered: true, items: formats });
  const nobody = { problem: { code: 'kernel.unknown' } };
  await expect(stranger.client.call(elsewhereWire.listFormats, { params })).rejects.toMatchObject(nobody);
  const finance = await there.exchange.as('citylogistics.finance');
  const refused = { problem: { code: 'kernel.notPermitted' } };
  await expect(finance.call(elsewhereWire.readCatalogueElsewhere, { body })).rejects.toMatchObject(refused);
  const guarded = { problem: { code: 'federation.addressRefused' } };
  for (const wrong of [{ address: 'http://10.0.0.1/dsp' }, { next: 'https://elsewhere.example/catalog' }])
    await expect(
      buyer.client.call(elsewhereWire.readCatalogueElsewhere, { body: { ...body, ...wrong } }),
    ).rejects.toMatchObject(guarded);
  // Whoever is not known there is told nothing of it.
  const away = { problem: { code: 'federation.noCatalogue' } };
  here.trusted.splice(0);
  await expect(buyer.client.call(elsewhereWire.readCatalogueElsewhere, { body })).rejects.toMatchObject(away);
  here.trusted.push(there.did);
}, 120_000);

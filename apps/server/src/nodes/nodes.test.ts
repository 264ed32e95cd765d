/** A hub and a node, two whole exchanges with keys of their own; and a third node that speaks by hand, to say what it should not. */
import { readFile } from 'node:fs/promises';
import * as casesWire from '@shugu/wire/cases';
import { listTrustedIssuers } from '@shugu/wire/federation';
import { paperBundle } from '@shugu/wire/kernel';
import * as marketWire from '@shugu/wire/market';
import { closeDemand, createDemand, publishDemand } from '@shugu/wire/market-more';
import * as wire from '@shugu/wire/nodes';
import { getCertificate } from '@shugu/wire/registry';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import type { Listing } from '../../../cli/src/scenario/product.ts';
import { trustServedBy, witnessOnPort } from '../../test/backup/support.ts';
import { settleWhole, type TestExchange, testExchange } from '../../test/support/exchange.ts';
import { pruneTick } from '../kernel/retention/prune.ts';
import { listed, refusal } from '../market/testing.ts';
import { certificateFor, freight, profiledResource, type Rig } from '../registry/testing.server.ts';
import { type Envelope, sealWords } from './envelope.ts';
import type { Change } from './model.ts';
import { prunables } from './prunables.ts';
import { entryOf, handsAt, said } from './testing.ts';

type Hands = ReturnType<typeof handsAt>;
let hub: TestExchange;
let city: TestExchange;
let hubKey: string;
let hands: Hands;
let cityName: string;
const witnessName = 'witness.test/w1';
let witnessing: Awaited<ReturnType<typeof witnessOnPort>>;
beforeAll(async () => {
  // The city's log has a witness, and the hub recognises nothing that no witness has cosigned.
  witnessing = await witnessOnPort([]);
  const { vkey } = witnessing.witness;
  hub = await testExchange({
    config: {
      nodeKind: 'hub',
      heartbeatSeconds: 2,
      trustNodes: false,
      privateNodes: ['127.0.0.1'],
      peerWitnesses: [vkey],
      peerQuorum: 1,
    },
  });
  // Copies of one prepared database share its keys; another suite has another.
  city = await testExchange({
    config: {
      suite: 'sm',
      privateNodes: ['127.0.0.0/8'],
      hubUrl: hub.url,
      witnesses: [{ url: witnessing.url, vkey }],
    },
  });
  await witnessing.watch((await trustServedBy(city.exchange)).logs.map((log) => log.vkey));
  cityName = city.cast.organisations.find((one) => one.key === 'operator')!.name;
  hubKey = (await hub.anyone.call(wire.readSelf, {})).keyId;
  hands = handsAt(hub, hubKey);
}, 240_000);
afterAll(async () => {
  await city?.end();
  await hub?.end();
  await witnessing?.end();
});

const nodesAtHub = async () => (await hub.anyone.call(wire.listNodes, {})).items;
const uplink = async () => (await (await city.as('operator.system')).call(wire.readUplink, {})).uplink;
const demandsAtCity = async () =>
  (await city.anyone.call(wire.listForeignDemands, { query: {} })).items.map(({ title, node }) => [title, node.name]);
const soon = { timeout: 60_000, interval: 100 };
const byHand = () => hands.byHand();
const register = (sent: Envelope) => hands.register(sent);
const tell = (sent: Envelope) => hands.tell(sent);
const applications = () => hands.applications();
const letIn = (node: string) => hands.letIn(node);
const entriesAtHub = (query: object = {}) => hands.entries(query);

/** As if a hundred days had passed: messages are kept for ninety. */
const prune = ({ exchange: { kernel, cases } }: TestExchange) =>
  pruneTick({
    database: kernel.database,
    ruleBook: cases.ruleBook,
    prunables,
    onPruned: () => undefined,
  }).run(new Date(kernel.clock.now().getTime() + 100 * 86_400_000));
const check = async (at: TestExchange, file: string) =>
  (await at.as('registrar.clerk')).call(wire.recognise, { body: { file } });
const bundleOf = async (at: TestExchange, login: string, id: string) => {
  await at.settle();
  return (await (await at.as(login)).raw(paperBundle, { params: { id } })).text();
};
const hubsCredential = async () => {
  const { rows } = await hub.exchange.kernel.database.pool.query(`select id from papers where kind = 'nodeCredential'`);
  return bundleOf(hub, 'operator.approver', rows[0].id);
};
/** That the city issued. */
let certificate: string;

describe('registration', { timeout: 180_000 }, () => {
  test('a node applies at its hub, is reviewed, certified and activated, and holds a credential', async () => {
    const system = await hub.as('operator.system');
    expect(await refusal(system.call(wire.join, { body: {} }))).toBe('nodes.noHub noHub');
    for (const closed of ['http://10.1.2.3', 'http://[::ffff:10.1.2.3]', 'http://hub.example', 'http://127.0.0.2:9'])
      expect(await refusal(system.call(wire.join, { body: { hub: closed } }))).toBe('nodes.hubAddress hubAddress');

    // The settings of the city name the hub, so it applies by itself.
    await expect.poll(uplink, soon).not.toBeNull();
    const joined = (await uplink())!;
    expect(joined).toMatchObject({ state: 'reviewing', name: cityName, kind: 'city' });
    expect(joined.hub.keyId).toBe(hubKey);
    const again = (await city.as('operator.system')).call(wire.join, { body: { hub: hub.url } });
    expect(await refusal(again)).toBe('nodes.joined');

    const [applied] = await applications();
    expect(applied).toMatchObject({ name: cityName, standing: 'reviewing' });

    // The hub's answer was lost on its way: the node knows of nothing, and takes up what stands at the hub.
    await city.exchange.kernel.database.pool.query('delete from node_uplinks');
    await expect.poll(async () => (await uplink())?.node, soon).toBe(applied!.id);
    expect((await applications()).length).toBe(1);
    expect(await nodesAtHub(), 'an application is nobody’s business').toEqual([]);
    const id = await letIn(applied!.id);
    await expect.poll(async () => (await uplink())!.state, soon).toBe('assessing');
    // The second step is another person's, and another permission.
    await expect(move(await hub.as('operator.reviewer'), id, 'acceptCertification')).rejects.toThrow();
    await move(await hub.as('operator.approver'), id, 'acceptCertification');
    await expect.poll(async () => (await uplink())!.state, soon).toBe('active');
    await expect.poll(async () => (await nodesAtHub()).map((one) => one.standing), soon).toEqual(['online']);
    // A node believes its hub; this hub was told to believe nobody.
    const believed = async (at: TestExchange) =>
      (await (await at.as('operator.system')).call(listTrustedIssuers, {})).issuers.map(({ why }) => why);
    expect([await believed(city), await believed(hub)]).toEqual([['own', 'hub'], ['own']]);
    const mine = (await uplink())!;
    expect(mine.credential?.number).toMatch(/^JD-2026/);
    const view = await (await hub.as('operator.approver')).call(casesWire.cases.get, { params: { case: id } });
    expect(view.state).toBe('active');
  });

  test('who signs holds the key: no other’s, nothing altered, nothing twice, nothing meant for another hub', async () => {
    const one = byHand();
    const other = byHand();
    const sent = await sealWords(one.signer, one.application());
    const before = (await applications()).length;
    const altered = { ...sent, payload: sent.payload.replace('手工行业节点', '手工行业节奏') };
    expect(await refusal(register(altered))).toBe('nodes.signatureInvalid');
    expect(await refusal(register({ ...sent, keyId: other.signer.keyId }))).toBe('nodes.signatureInvalid');
    const borrowed = await sealWords(other.signer, one.application());
    expect(await refusal(register(borrowed))).toBe('nodes.signatureInvalid');
    const elsewhere = await sealWords(one.signer, one.application({ to: other.signer.keyId }));
    expect(await refusal(register(elsewhere))).toBe('nodes.wrongRecipient');
    expect(await refusal(register({ ...sent, payload: `${sent.payload} ` }))).toBe('nodes.messageInvalid');
    const more = await sealWords(one.signer, one.application({ more: 1 }));
    expect(await refusal(register(more))).toBe('nodes.messageInvalid');
    expect((await applications()).length).toBe(before);
    // A city takes applications too, of others and meant for itself.
    expect(await refusal(city.anyone.call(wire.register, { body: sent }))).toBe('nodes.wrongRecipient');

    const { node } = said(await register(sent));
    expect(await refusal(register(sent))).toBe('nodes.replayed');
    expect(await refusal(register(await sealWords(one.signer, one.application())))).toBe('nodes.registered');
    const { case: id } = (await applications()).find((each) => each.id === node)!;
    await move(await hub.as('operator.approver'), id, 'refuse', { reason: '主体无法核实' });
    // It may apply again, but not with the words that were refused.
    expect(await refusal(register(sent))).toBe('nodes.replayed');
    expect((await applications()).find((each) => each.id === node)).toMatchObject({
      standing: 'refused',
      reason: '主体无法核实',
    });
  });

  test('a node that does not show a checkpoint of its own log is not certified', async () => {
    const one = byHand();
    const { node } = said(await register(await sealWords(one.signer, one.application())));
    const id = await letIn(node);
    const checkpoint = await (await fetch(`${hub.url}/log/checkpoint`)).text();
    const shown = await sealWords(one.signer, {
      kind: 'certification',
      to: hubKey,
      number: 1,
      software: 'x',
      checkpoint,
    });
    expect(await refusal(tell(shown))).toBe('nodes.checkpointInvalid');
    expect((await applications()).find((each) => each.id === node)!.standing).toBe('certifying');
    await move(await hub.as('operator.approver'), id, 'refuse', { reason: '未通过认证' });
  });
});

describe('the catalogue upward', { timeout: 180_000 }, () => {
  let first: Listing;
  const change = async (endpoint: typeof marketWire.suspendListing) =>
    (await city.as('operator.approver')).call(endpoint, { params: { id: first.id }, body: { reason: '核查' } });

  test('a listing is seen at the hub with its node, a change and its end converge', async () => {
    first = await listed(city, { name: '长沙货运指数' });
    await expect.poll(async () => (await entriesAtHub()).map((one) => one.title), soon).toEqual(['长沙货运指数']);
    const [entry] = await entriesAtHub({ q: '货运' });
    expect(entry).toMatchObject({ node: { name: cityName, kind: 'city' }, kind: 'listing' });
    expect(entry!.price.zh).toContain('120');
    expect(entry!.url).toBe(`${city.url}/products/${first.product}`);
    expect(await entriesAtHub({ q: '没有这样的产品' })).toEqual([]);

    await change(marketWire.suspendListing);
    await expect.poll(entriesAtHub, soon).toEqual([]);
    await change(marketWire.resumeListing);
    await expect.poll(async () => (await entriesAtHub()).length, soon).toBe(1);
    await expect.poll(async () => (await uplink())!.published, soon).toMatchObject({ last: 3, held: 3, listings: 1 });
  });

  test('a node that was cut off catches up, and nothing is there twice', async () => {
    const { database } = city.exchange.kernel;
    const titles = async () => (await entriesAtHub()).map((one) => one.title);
    await database.pool.query(`update node_uplinks set hub_url = 'http://127.0.0.1:9' where state = 'active'`);
    await listed(city, { name: '断网期间上架' });
    await change(marketWire.suspendListing);
    await expect.poll(async () => (await uplink())!.failure, soon).not.toBe('');
    expect(await titles()).toEqual(['长沙货运指数']);
    await database.pool.query(`update node_uplinks set hub_url = $1, next_at = now() - interval '1 year'`, [hub.url]);
    await expect.poll(titles, soon).toEqual(['断网期间上架']);
    // The answer to what was sent is lost: it is sent once more with what is new, and only that is taken.
    await expect.poll(async () => (await uplink())!.published.held, soon).toBe(5);
    await database.pool.query('update node_uplinks set held = 0');
    const before = await entriesAtHub();
    await change(marketWire.resumeListing);
    await expect.poll(titles, soon).toEqual(['长沙货运指数', '断网期间上架']);
    expect((await entriesAtHub()).slice(1)).toEqual(before);
    await expect.poll(async () => (await uplink())!.published, soon).toMatchObject({ last: 6, held: 6, listings: 2 });
    const seen = async () => (await nodesAtHub())[0];
    await expect.poll(seen, soon).toMatchObject({ standing: 'online', listings: 2, lag: 0 });
  });

  test('changes that the hub holds and others replaced go by themselves; a hub that wants them again is told everything anew', async () => {
    const { pool } = city.exchange.kernel.database;
    const kept = async () => (await pool.query('select sequence::int from node_changes order by sequence')).rows;
    expect((await kept()).length).toBe(6);
    await prune(city);
    // The latest of each of the two products; the last of all is one of them.
    expect((await kept()).map((row) => row.sequence)).toEqual([4, 6]);
    expect((await uplink())!.published).toMatchObject({ last: 6, held: 6, listings: 2 });
    const before = (await entriesAtHub()).map((one) => one.title).sort();
    // The hub comes from a backup.
    const { pool: hubsPool } = hub.exchange.kernel.database;
    await hubsPool.query(`update nodes set held = 1, announced = 1 where name = $1`, [cityName]);
    await hubsPool.query('delete from node_entries');
    await expect.poll(async () => (await entriesAtHub()).map((one) => one.title).sort(), soon).toEqual(before);
    await expect.poll(async () => (await uplink())!.published, soon).toMatchObject({ last: 2, held: 2, listings: 2 });
  });
});

describe('certificates of peers', { timeout: 180_000 }, () => {
  let code: string;
  beforeAll(async () => {
    const steward = await city.as('xingsha.steward');
    const rig: Rig = { as: city.as, cast: city.seeded, settle: () => settleWhole(city) };
    code = await certificateFor(rig, steward, await profiledResource(rig, steward));
    const { paper } = await steward.call(getCertificate, { params: { code } });
    certificate = await bundleOf(city, 'xingsha.steward', paper!);
  }, 180_000);

  test('one that a node issued is recognised at its hub by the log’s proof, and what was found is recorded', async () => {
    const found = await check(hub, certificate);
    expect(found).toMatchObject({
      outcome: 'recognised',
      number: code,
      dataName: freight.name,
      peer: { name: cityName, kind: 'city' },
      witnesses: [witnessName],
    });
    expect(found.checks.find((one) => one.id === 'inclusion')).toMatchObject({ ok: true });
    const listedThere = await (await hub.as('registrar.clerk')).call(wire.listRecognitions, { query: {} });
    expect(listedThere.items).toEqual([found]);
    // It is the registrar's own record, and nobody is a right-holder here for it.
    expect((await (await hub.as('operator.reviewer')).call(wire.listRecognitions, { query: {} })).items).toEqual([]);
    await expect(
      (await hub.as('xingsha.trader')).call(wire.recognise, { body: { file: certificate } }),
    ).rejects.toThrow();
    expect(await refusal(hub.anyone.call(getCertificate, { params: { code } }))).toBe('kernel.unknown');
  });

  test('what is forged, of a log that nobody vouches for, of one’s own or no certificate is not', async () => {
    const forged = certificate.replaceAll(freight.name, `${freight.name}（伪造）`);
    expect(forged).not.toBe(certificate);
    const found = await check(hub, forged);
    expect(found).toMatchObject({ outcome: 'proofFails', number: null, dataName: null, peer: { name: cityName } });
    expect(found.checks.filter((one) => !one.ok).map((one) => one.id)).toContain('log.entry');
    const cosignature = new RegExp(String.raw`— ${witnessName} [\w+/=]+\\n`);
    expect(certificate).toMatch(cosignature);
    expect(await check(hub, certificate.replace(cosignature, '')), 'that no witness has seen').toMatchObject({
      outcome: 'proofFails',
      witnesses: [],
    });
    expect((await check(city, certificate)).outcome).toBe('ownLog');
    const golden = new URL('../../../../packages/evidence/src/golden/v1-intl-clear.json', import.meta.url);
    const unknown = await readFile(golden, 'utf8');
    expect(await check(hub, unknown)).toMatchObject({ outcome: 'peerUnknown', peer: null });
    // A node asks its hub, whose own log is known to it as well.
    expect(await check(city, unknown)).toMatchObject({ outcome: 'peerUnknown', peer: null });
    expect((await check(hub, '{"format":"shugu-bundle"}')).outcome).toBe('notBundle');
    expect(await check(city, await hubsCredential())).toMatchObject({
      outcome: 'notCertificate',
      peer: { kind: 'hub' },
    });
  });
});

describe('what a node may not', { timeout: 180_000 }, () => {
  type Registered = Awaited<ReturnType<Hands['registered']>>;
  let node: Registered;
  beforeAll(async () => {
    node = await hands.registered();
  }, 180_000);

  test('batches are taken exactly once, whatever comes twice, late or with a gap', async () => {
    const [a, b, c] = [entryOf('a', '甲'), entryOf('b', '乙'), entryOf('c', '丙')];
    const first = await node.changes(1, [a, b]);
    expect(said(await tell(first)).held).toBe(2);
    expect(said(await tell(first)).held, 'the same again').toBe(2);
    expect(await refusal(tell(await node.changes(4, [c])))).toBe('nodes.gap');
    expect(await node.mine()).toEqual(['乙', '甲']);
    // It begins with what is held already, and ends with the deletion of one.
    const gone: Change = { kind: 'listing', subject: a.subject, content: null, digest: null };
    expect(said(await tell(await node.changes(2, [b, c, gone]))).held).toBe(4);
    expect(await node.mine()).toEqual(['丙', '乙']);
    expect(said(await tell(first)).held, 'an old batch brings nothing back').toBe(4);
    expect(await node.mine()).toEqual(['丙', '乙']);
    // What begins anew replaces all of it; the one that is over never comes back.
    expect(said(await tell(await node.changes(1, [a], 2))).held).toBe(1);
    expect(await node.mine()).toEqual(['甲']);
    expect(await refusal(tell(first))).toBe('nodes.replayed');
    expect(await refusal(tell(await node.changes(2, [b], 3)))).toBe('nodes.gap');
    expect(await node.mine()).toEqual(['甲']);
  });

  test('what is forged, altered or signed by another is refused, and everything stays as it was', async () => {
    const kept = async () => {
      const { listings, demands, lag } = (await nodesAtHub()).find((one) => one.id === node.node)!;
      return [await node.mine(), await entriesAtHub(), { listings, demands, lag }];
    };
    const before = await kept();
    const [d, e] = [entryOf('d', '丁'), entryOf('e', '戊')];
    const sent = await node.changes(2, [d], 2);
    const altered = { ...sent, payload: sent.payload.replace('丁', '己') };
    expect(await refusal(tell(altered))).toBe('nodes.signatureInvalid');
    const other = byHand();
    const foreign = await sealWords(other.signer, { ...JSON.parse(sent.payload) });
    expect(await refusal(tell(foreign))).toBe('nodes.nodeUnknown');
    expect(await refusal(tell({ ...foreign, keyId: node.signer.keyId }))).toBe('nodes.signatureInvalid');
    const untrue = { ...e, digest: d.digest };
    expect(await refusal(tell(await node.changes(2, [d, untrue], 2))), 'the whole batch').toBe('nodes.digestDiffers');
    const elsewhere = await sealWords(node.signer, { ...JSON.parse(sent.payload), to: other.signer.keyId });
    expect(await refusal(tell(elsewhere))).toBe('nodes.wrongRecipient');
    const badPath = { ...d, content: { ...d.content, path: '//evil.example/x' } };
    expect(await refusal(tell(await node.changes(2, [badPath as Change], 2)))).toBe('nodes.messageInvalid');
    expect(await kept()).toEqual(before);
  });

  test('a heartbeat is heard once, tells how far behind the hub is, and its silence is seen', async () => {
    const beat = { kind: 'heartbeat', generation: 2, last: 1, url: 'https://industry.example', demands: 0 };
    expect(said(await node.next(beat)).held).toBe(1);
    expect(await refusal(node.speak({ ...beat, number: 3 }))).toBe('nodes.replayed');
    const seen = async () => (await nodesAtHub()).find((one) => one.id === node.node)!;
    // Heartbeats are looked for within seconds: on a slow machine the next one may be needed.
    const beaten = async (last: number) => {
      await node.next({ ...beat, last });
      return seen();
    };
    await expect.poll(() => beaten(1), soon).toMatchObject({ standing: 'online', lag: 0 });
    await expect.poll(() => beaten(5), soon).toMatchObject({ standing: 'online', lag: 4 });
    await hub.stage.moveClock(new Date(hub.exchange.kernel.clock.now().getTime() + 61_000));
    expect(await seen()).toMatchObject({ standing: 'offline' });
    // Changes that do not arrive.
    await expect.poll(() => beaten(5), soon).toMatchObject({ standing: 'alarm' });
    expect(said(await tell(await node.changes(2, [entryOf('f', '庚')], 2))).held).toBe(2);
    expect(await seen()).toMatchObject({ lag: 3 });
  });

  test('an address and a log are one node’s alone; one that has moved is believed where it answers with its key', async () => {
    const { origin } = await city.anyone.call(wire.readSelf, {});
    const stranger = byHand();
    const apply = async (more: object) =>
      refusal(
        register(await sealWords(stranger.signer, stranger.application({ url: 'https://own.example', ...more }))),
      );
    for (const taken of [{ url: city.url }, { url: hub.url }, { origin }, { url: 'https://INDUSTRY.example' }])
      expect(await apply(taken), JSON.stringify(taken)).toMatch(/^nodes.addressTaken/);
    const beat = { kind: 'heartbeat', generation: 2, last: 5, demands: 0 };
    const urlOf = async (id: string) => (await nodesAtHub()).find((one) => one.id === id)!.url;
    await node.next({ ...beat, url: city.url });
    // The city beats by itself: what the hub holds of its address is mended once it has answered there.
    const { id } = (await nodesAtHub()).find((one) => one.name === cityName)!;
    await hub.exchange.kernel.database.pool.query(`update nodes set url = 'https://old.example' where id = $1`, [id]);
    await expect.poll(() => urlOf(id), soon).toBe(city.url);
    expect(await urlOf(node.node)).toBe('https://industry.example');
  });

  test('a demand raised at one node is told to all others with the node it comes from, once, and so is its end', async () => {
    const demand = (name: string): Change => ({
      ...entryOf(name, `需求${name}`),
      kind: 'demand',
      subject: `dem_${name.padEnd(26, '0')}`,
    });
    expect(said(await tell(await node.changes(3, [demand('a'), demand('b')], 2))).held).toBe(4);
    const from = '手工行业节点';
    await expect
      .poll(async () => (await demandsAtCity()).sort(), soon)
      .toEqual([
        ['需求a', from],
        ['需求b', from],
      ]);
    await tell(await node.changes(3, [demand('a'), demand('b')], 2));
    expect(said(await tell(await node.changes(5, [{ ...demand('b'), content: null, digest: null }], 2))).held).toBe(5);
    await expect.poll(demandsAtCity, soon).toEqual([['需求a', from]]);

    const buyer = await city.as('citylogistics.trader');
    const about = {
      title: '长沙停车需求',
      description: '按小时的停车占用',
      industry: 'G54',
      region: '430100',
      deliveryModes: ['api' as const],
      purposes: ['statistics'],
      budgetMax: '1234500',
      openUntil: '2026-12-31',
    };
    const { id } = await buyer.call(createDemand, { body: about });
    expect(await entriesAtHub({ q: '停车' }), 'a draft is nobody’s business').toEqual([]);
    await buyer.call(publishDemand, { params: { id }, body: {} });
    await expect.poll(async () => (await entriesAtHub({ kind: 'demand', q: '停车' })).length, soon).toBe(1);
    const [entry] = await entriesAtHub({ q: '停车' });
    expect(entry).toMatchObject({ url: `${city.url}/demands/${id}`, price: { en: 'budget up to 12345.00 yuan' } });
    // It is told to the others, and not to the node that raised it.
    const beat = { kind: 'heartbeat', generation: 2, last: 5, url: 'https://industry.example', demands: 3 };
    const told = said(await node.next(beat));
    expect(told.demands.map((one) => [one.sequence, one.content?.title])).toEqual([[4, '长沙停车需求']]);
    expect(await demandsAtCity()).toEqual([['需求a', from]]);
    await buyer.call(closeDemand, { params: { id }, body: { reason: '已解决' } });
    await expect.poll(() => entriesAtHub({ kind: 'demand', q: '停车' }), soon).toEqual([]);
    const { pool } = hub.exchange.kernel.database;
    await pool.query(
      `insert into node_entries select (jsonb_populate_record(e, jsonb_build_object('subject', 'clone' || n))).*
        from node_entries e, generate_series(1, $2) n where e.node_id = $1 and e.kind = 'demand'`,
      [node.node, wire.nodeLimits.demandsMax],
    );
    expect(await refusal(tell(await node.changes(6, [demand('c')], 2)))).toBe('nodes.entriesFull');
    await pool.query(`delete from node_entries where subject like 'clone%'`);
  });

  test('the hub’s own demand is told to its nodes; what all of them have taken goes by itself, and nobody misses it', async () => {
    const hubName = hub.cast.organisations.find((one) => one.key === 'operator')!.name;
    const { pool } = hub.exchange.kernel.database;
    const relays = async () =>
      (await pool.query('select sequence::int, content is null as ended from node_relays order by sequence')).rows;
    const buyer = await hub.as('citylogistics.trader');
    const about = {
      title: '枢纽会员的需求',
      description: '全省换电站分布',
      industry: 'G54',
      region: '430100',
      deliveryModes: ['api' as const],
      purposes: ['statistics'],
      budgetMax: null,
      openUntil: '2026-12-31',
    };
    const before = await demandsAtCity();
    const { id } = await buyer.call(createDemand, { body: about });
    await buyer.call(publishDemand, { params: { id }, body: {} });
    await expect.poll(demandsAtCity, soon).toContainEqual(['枢纽会员的需求', hubName]);
    await buyer.call(closeDemand, { params: { id }, body: { reason: '已解决' } });
    await expect.poll(demandsAtCity, soon).toEqual(before);

    const last = (await relays()).at(-1)!.sequence;
    expect((await relays()).filter((one) => one.ended).length).toBeGreaterThan(1);
    const beat = (demands: number) => ({
      kind: 'heartbeat',
      generation: 2,
      last: 5,
      url: 'https://industry.example',
      demands,
    });
    // The node by hand has not taken the end yet.
    await node.next(beat(last - 1));
    const told = async () => (await pool.query(`select told::int from nodes where name = $1`, [cityName])).rows[0].told;
    await expect.poll(told, soon).toBe(last);
    // One more of its own, so that the end is not the last of all, which stays.
    const { id: another } = await buyer.call(createDemand, { body: { ...about, title: '枢纽会员的另一需求' } });
    await buyer.call(publishDemand, { params: { id: another }, body: {} });
    await expect.poll(async () => (await relays()).at(-1)!.sequence, soon).toBe(last + 1);
    await prune(hub);
    expect((await relays()).map((one) => one.sequence)).toContain(last);
    await node.next(beat(last + 1));
    await prune(hub);
    expect((await relays()).filter((one) => one.ended)).toEqual([]);
    // Whoever begins anew gets what stands; whoever went back is told to begin anew.
    const back = said(await node.next(beat(1)));
    expect(back).toMatchObject({ anew: true, demands: [], relay: last + 1 });
    const fresh = said(await node.next(beat(0)));
    expect(fresh.anew).toBe(false);
    expect(fresh.demands.map((one) => one.content?.title)).toEqual(['需求a', '枢纽会员的另一需求']);
    await buyer.call(closeDemand, { params: { id: another }, body: { reason: '已解决' } });
    await expect.poll(demandsAtCity, soon).toEqual(before);
  });

  test('a revoked node is refused, its entries are hidden, its credential is withdrawn; it may apply anew', async () => {
    const approver = await hub.as('operator.approver');
    await expect(move(await hub.as('operator.reviewer'), node.case, 'revoke', { reason: '越权' })).rejects.toThrow();
    await move(approver, node.case, 'revoke', { reason: '发布虚假产品' });
    expect(await node.mine()).toEqual([]);
    expect((await nodesAtHub()).find((one) => one.id === node.node)).toMatchObject({
      standing: 'revoked',
      reason: '发布虚假产品',
      listings: 0,
    });
    expect(await refusal(tell(await node.changes(6, [entryOf('g', '辛')], 2)))).toBe('nodes.nodeEnded');
    await expect.poll(demandsAtCity, soon).toEqual([]);
    // It may ask why; nothing that it says is heard.
    const asked = await node.next({ kind: 'heartbeat', generation: 2, last: 9, url: 'https://a.example', demands: 0 });
    expect(said(asked)).toMatchObject({ state: 'revoked', reason: '发布虚假产品', held: 5 });
    await hub.settle();
    const { number } = (await nodesAtHub()).find((one) => one.id === node.node)!.credential!;
    const { database } = hub.exchange.kernel;
    const { rows } = await database.pool.query(`select title from log_entries where kind = 'withdrawal'`);
    expect(JSON.stringify(rows)).toContain(number);

    const again = said(await register(await sealWords(node.signer, node.application())));
    expect(again).toMatchObject({ state: 'reviewing' });
    expect(again.node).not.toBe(node.node);
    expect(await node.mine()).toEqual([]);
  });

  test('a revoked node of this program stops, and says why', async () => {
    const { id } = (await nodesAtHub()).find((one) => one.name === cityName)!;
    const { case: found } = (await applications()).find((one) => one.id === id)!;
    await move(await hub.as('operator.approver'), found, 'revoke', { reason: '停止运营' });
    await expect.poll(async () => (await uplink())!.state, soon).toBe('revoked');
    expect((await uplink())!.reason).toBe('停止运营');
    expect(await entriesAtHub()).toEqual([]);
    expect(await demandsAtCity(), 'what the hub told is over').toEqual([]);
    expect((await check(hub, certificate)).outcome, 'nor is its certificate recognised').toBe('peerEnded');
    expect(await refusal(check(city, await hubsCredential()))).toBe('nodes.noPeers');
    const again = { hub: hub.url, name: '长沙城市节点' };
    await (await city.as('operator.system')).call(wire.join, { body: again });
    expect(await uplink()).toMatchObject({ state: 'reviewing', name: '长沙城市节点' });
  });

  test('an address that applies again and again has to wait', async () => {
    let taken = 0;
    for (;;) {
      const one = byHand();
      const sent = await sealWords(one.signer, one.application());
      const code = await register(sent).then(
        () => '',
        (error) => (error as { problem: { code: string } }).problem.code,
      );
      if (code) {
        expect(code).toBe('kernel.tooFast');
        break;
      }
      taken++;
    }
    expect(taken).toBeLessThan(wire.nodeLimits.applicationsPerHourMax);
  });
});

/**
 * The gateway as the data plane of a control plane of another make (Data Plane Signaling 1.0-RC3): let in by an organisation, under
 * contracts of its own; as the right one, as another's, and as nobody.
 */
import { randomUUID } from 'node:crypto';
import { type DataAddress, HTTP_PULL, HTTP_PUSH, propertyOf, renewalOf } from '@shugu/dataspace';
import type { Client } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import * as federationWire from '@shugu/wire/federation';
import * as wire from '@shugu/wire/federation-control-planes';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { sql } from '../../src/kernel/db/db.ts';
import { buyer, refusal, supplier } from '../../src/market/testing.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import type { Body } from './counterpart.ts';
import { type Held, holdContract, signAgain } from './held.ts';
import { type Holder, makeHolder } from './holder.ts';
import { makeReceiver, type Receiver } from './receiver.ts';
import { makeSteering, type Steering } from './steering.ts';

let world: TestExchange;
let admin: Client;
let held: Held;
let plane: Steering;
let stranger: Steering;
let consumer: Holder;
let receiver: Receiver;
let did: string;
const administrator = 'citylogistics.admin';
const soon = { timeout: 60_000, interval: 20 };
/** A key that is none: the gateway tells it as what there is not. */
const unopened = 404;
const secret = 'what the control plane wants to be shown';

beforeAll(async () => {
  world = await testExchange({ config: { privateConnectors: ['127.0.0.1'] } });
  held = await holdContract(world);
  admin = await world.as(administrator);
  ({ did } = await admin.call(federationWire.openConnector, { body: {} }));
  await (await world.as('xingsha.admin')).call(federationWire.openConnector, { body: {} });
  consumer = await makeHolder(() => world.exchange.kernel.clock.now());
  receiver = await makeReceiver();
  const about = { participant: did, counterparty: consumer.did };
  [plane, stranger] = [await makeSteering(about), await makeSteering(about)];
  await letIn(plane, 'edc-1', [held.contract]);
  await letIn(stranger, 'edc-2', []);
}, 600_000);
afterAll(async () => {
  await world?.end();
  for (const one of [plane, stranger, consumer, receiver]) await one?.close();
});
beforeEach(() => {
  plane.heard.length = 0;
  plane.answers.length = 0;
  receiver.received.length = 0;
});

const letIn = async (one: Steering, id: string, contracts: string[], by = admin) => {
  const callback = { endpoint: one.endpoint, authorization: { type: 'bearer' as const, token: secret } };
  const made = await by.call(wire.registerControlPlane, { body: { id, contracts, callback } });
  const { address, token } = made.dataPlane;
  one.at = { address, token: token ?? one.at.token };
  return made;
};
const about = (profile: string, more: Body = {}) =>
  plane.startOf({ agreementId: held.contract, datasetId: held.product, profile, ...more });
const start = (profile: string, more: Body = {}) => plane.send('/dataflows/start', about(profile, more));
const message = () => ({ messageId: randomUUID() });
const stateOf = async (id: unknown) => (await plane.send(`/dataflows/${id}/status`)).body.state;
const addressIn = ({ body }: { body: Body }) => body.dataAddress as unknown as DataAddress;
const fetchBy = async (address: DataAddress, token = propertyOf(address, 'authorization')) => {
  const answer = await fetch(`${address.endpoint}/430102`, { headers: { authorization: `Bearer ${token}` } });
  await answer.body?.cancel();
  return answer.status;
};
/** What the control plane has been told of one flow, once all that is due is done. */
const toldOf = async (flow: unknown) => {
  await world.settle();
  return plane.heard.filter(({ body }) => body.dataFlowId === flow);
};
const noticesOf = async (flow: unknown) => (await toldOf(flow)).map(({ notice }) => notice);
const flowIds = async () =>
  (await world.exchange.kernel.database.rows<{ id: string }>(sql`select id from federation_served_flows`)).length;

describe('let in', { timeout: 300_000 }, () => {
  test('what is fetched flows while the control plane says so, and each use is counted on the contract', async () => {
    const started = await start('HttpData-PULL');
    expect(started).toMatchObject({ status: 200, body: { state: 'STARTED', dataFlowId: expect.any(String) } });
    const flow = started.body.dataFlowId;
    const address = addressIn(started);
    expect(await fetchBy(address)).toBe(200);
    expect(await plane.send(`/dataflows/${flow}/suspend`, message())).toMatchObject({ status: 200 });
    expect([await stateOf(flow), await fetchBy(address)]).toEqual(['SUSPENDED', unopened]);
    const resumed = await plane.send(`/dataflows/${flow}/resume`, message());
    expect(resumed).toMatchObject({ status: 200, body: { dataFlowId: flow, state: 'STARTED' } });
    expect(await fetchBy(address)).toBe(200);
    expect((await plane.send(`/dataflows/${flow}/completed`, {})).status).toBe(200);
    expect((await plane.send(`/dataflows/${flow}/completed`, {})).status).toBe(200);
    expect([await stateOf(flow), await fetchBy(address)]).toEqual(['COMPLETED', unopened]);
    expect((await plane.send(`/dataflows/${flow}/terminate`, message())).status).toBe(400);
    const uses = await world.exchange.kernel.database.rows(
      sql`select 1 from delivery_keys k join delivery_grants g on g.id = k.grant_id where k.name = ${String(flow)} and g.contract = ${held.contract}`,
    );
    expect(uses).toHaveLength(1);
  });

  test('the same message again changes nothing; another of the same transfer, and signals out of turn, are refused', async () => {
    const body = about('HttpData-PULL');
    const [first, again] = [await plane.send('/dataflows/start', body), await plane.send('/dataflows/start', body)];
    expect(again.body).toEqual(first.body);
    expect(await fetchBy(addressIn(again))).toBe(200);
    expect((await plane.send('/dataflows/start', { ...body, ...message() })).status).toBe(409);
    const flow = first.body.dataFlowId;
    const suspend = message();
    const signal = (name: string, sent: Body = message()) => plane.send(`/dataflows/${flow}/${name}`, sent);
    expect((await signal('resume')).status).toBe(400);
    expect((await signal('started')).status).toBe(400);
    await signal('suspend', suspend);
    await signal('resume');
    // Late on its way, it does not stop again what goes on.
    expect((await signal('suspend', suspend)).status).toBe(200);
    expect(await stateOf(flow)).toBe('STARTED');
    expect((await signal('suspend', {})).status).toBe(400);
    await signal('terminate');
    expect((await plane.send('/dataflows/start', body)).status).toBe(409);
  });

  test('nobody, another’s token, another’s flow, and what it was not given: all alike, and nothing is kept of it', async () => {
    const flow = (await start('HttpData-PULL')).body.dataFlowId;
    const before = await flowIds();
    const none = { status: 404, body: { error: 'unknown' } };
    for (const token of ['', 'x'.repeat(43), stranger.at.token.slice(1)])
      expect(await plane.send(`/dataflows/${flow}/status`, undefined, { token })).toMatchObject({ status: 401 });
    const theirs = { token: stranger.at.token };
    expect(await plane.send(`/dataflows/${flow}/status`, undefined, theirs)).toMatchObject(none);
    expect(await plane.send(`/dataflows/${flow}/terminate`, message(), theirs)).toMatchObject(none);
    expect(await plane.send('/dataflows/dfl_00000000000000000000000000/suspend', message())).toMatchObject(none);
    const body = about('HttpData-PULL');
    expect(await plane.send('/dataflows/start', body, theirs)).toMatchObject(none);
    expect(await start('HttpData-PULL', { agreementId: 'con_00000000000000000000000000' })).toMatchObject(none);
    expect(await start('HttpData-PULL', { participantId: 'did:web:elsewhere.example' })).toMatchObject(none);
    expect((await start('HttpData-PULL', { datasetId: 'another' })).status).toBe(400);
    expect((await start('urn:example:stream')).status).toBe(400);
    expect((await plane.send('/dataflows/start', { ...body, claims: 'all' })).status).toBe(400);
    expect((await plane.send('/dataflows/prepare', about(HTTP_PULL))).status).toBe(400);
    const target = { endpointType: HTTP_PUSH, endpoint: 'http://10.0.0.1/inbox' };
    expect(await start(HTTP_PUSH, { dataAddress: target })).toMatchObject({ body: { error: 'addressRefused' } });
    expect((await start(HTTP_PUSH)).status).toBe(400);
    expect((await start(HTTP_PULL, { dataAddress: receiver.dataAddress })).status).toBe(400);
    expect(await flowIds()).toBe(before);
    expect(await stateOf(flow)).toBe('STARTED');
  });

  test('an access token is renewed by whom the control plane named, once, and by nobody else', async () => {
    const address = addressIn(await start(HTTP_PULL));
    const { refreshToken, refreshEndpoint, expiresIn } = renewalOf(address)!;
    expect([address.endpointType, expiresIn]).toEqual([HTTP_PULL, expect.any(Number)]);
    const accessToken = propertyOf(address, 'authorization')!;
    const refresh = async (by: Holder, token = refreshToken, access = accessToken) => {
      const answer = await fetch(refreshEndpoint, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Bearer ${await by.prove(did, access)}`,
        },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }),
      });
      return { status: answer.status, body: (await answer.json()) as Body };
    };
    const other = await makeHolder(() => world.exchange.kernel.clock.now());
    expect(await refresh(other)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    await other.close();
    expect(await refresh(consumer, 'x'.repeat(43))).toMatchObject({ status: 400 });
    const renewed = await refresh(consumer);
    expect(renewed).toMatchObject({ status: 200, body: { token_type: 'Bearer', access_token: expect.any(String) } });
    expect(await fetchBy(address, String(renewed.body.access_token))).toBe(200);
    expect(
      await refresh(consumer, String(renewed.body.refresh_token), String(renewed.body.access_token)),
    ).toMatchObject({ status: 429 });
  });

  test('a push brings all files once, and says so when it is done, though the control plane was away', async () => {
    plane.answers.push(503);
    const started = await start(HTTP_PUSH, { dataAddress: receiver.dataAddress });
    expect(started).toMatchObject({ status: 200, body: { state: 'STARTED' } });
    expect(addressIn(started)).toBeUndefined();
    const { dataFlowId: flow } = started.body;
    await expect.poll(() => noticesOf(flow), soon).toEqual(['completed']);
    expect((await toldOf(flow))[0]).toMatchObject({
      ...{ notice: 'completed', authorization: `Bearer ${secret}` },
      body: { dataFlowId: flow, state: 'COMPLETED' },
    });
    expect(await stateOf(flow)).toBe('COMPLETED');
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]!.headers['repr-digest']).toBe(receiver.received[0]!.digest);
  });

  test('what a receiver refuses is told as an error, moves nothing, and goes on when it is resumed', async () => {
    receiver.answers.push(403);
    const { dataFlowId: flow } = (await start(HTTP_PUSH, { dataAddress: receiver.dataAddress })).body;
    await expect.poll(() => noticesOf(flow), soon).toEqual(['errored']);
    expect(JSON.stringify(plane.heard)).not.toContain('token-of-the-receiver');
    expect([await stateOf(flow), receiver.received.length]).toEqual(['STARTED', 0]);
    await plane.send(`/dataflows/${flow}/suspend`, message());
    await plane.send(`/dataflows/${flow}/resume`, message());
    await expect.poll(() => noticesOf(flow), soon).toEqual(['errored', 'completed']);
    expect(receiver.received).toHaveLength(1);
  });

  test('where its grant is still opening it starts later, and says so with the address', async () => {
    const slow = await holdContract(world, { file: false, ready: false });
    await letIn(plane, 'edc-1', [held.contract, slow.contract]);
    const asked = { agreementId: slow.contract, datasetId: slow.product };
    const started = await start('HttpData-PULL', asked);
    const { dataFlowId: flow } = started.body;
    expect(started).toMatchObject({ status: 202, body: { state: 'STARTING' }, location: `/dataflows/${flow}/status` });
    expect((await plane.send(`/dataflows/${flow}/suspend`, message())).status).toBe(400);
    await slow.makeReady();
    await expect.poll(() => noticesOf(flow), soon).toEqual(['started']);
    expect(await stateOf(flow)).toBe('STARTED');
    expect(await fetchBy(addressIn((await toldOf(flow))[0]!))).toBe(200);
  });

  test('nothing that opens anything stays in the database', async () => {
    const started = await start(HTTP_PULL);
    const { refreshToken } = renewalOf(addressIn(started))!;
    const rows = await world.exchange.kernel.database.rows(
      sql`select to_jsonb(f)::text as text from federation_served_flows f union all
        select to_jsonb(c)::text from federation_control_planes c union all select to_jsonb(n)::text from federation_flow_notices n`,
    );
    const text = JSON.stringify(rows);
    for (const one of [
      refreshToken,
      propertyOf(addressIn(started), 'authorization')!,
      plane.at.token,
      secret,
      'token-of-the-receiver',
    ])
      expect(text).not.toContain(one);
  });
});

describe('whoever lets it in', { timeout: 300_000 }, () => {
  test('is an administrator, and names contracts of the organisation as buyer', async () => {
    const body = { id: 'edc-9', contracts: [held.contract] };
    const by = async (login: string) => refusal((await world.as(login)).call(wire.registerControlPlane, { body }));
    expect(await by(buyer)).toMatch(/^kernel\./);
    expect(await by('xingsha.admin')).toMatch(/^federation\.contractUnheld/);
    expect(await by(supplier)).toMatch(/^kernel\./);
    const theirs = await (await world.as('xingsha.admin')).call(wire.listControlPlanes, {});
    expect(theirs.controlPlanes).toEqual([]);
    const removed = (await world.as('xingsha.admin')).call(wire.removeControlPlane, {
      ...{ params: { id: 'edc-1' }, body: {} },
    });
    expect(await refusal(removed)).toMatch(/^kernel\.unknown/);
    const callback = { endpoint: 'http://10.0.0.1/x', authorization: { type: 'bearer' as const, token: secret } };
    const bad = admin.call(wire.registerControlPlane, { body: { id: 'edc-9', contracts: [], callback } });
    expect(await refusal(bad)).toMatch(/^federation\.addressRefused/);
  });

  test('finds the contracts that fit by what they are about, number or supplier, and nobody else’s', async () => {
    const find = async (search: string, login = administrator) => {
      const query = { state: 'effective', side: 'buyer', search } as const;
      const { items } = await (await world.as(login)).call(agreementsWire.listContracts, { query });
      return items.map(({ id }) => id);
    };
    const {
      productName,
      number,
      supplier: by,
    } = await admin.call(agreementsWire.getContract, {
      params: { id: held.contract },
    });
    for (const search of [productName.slice(1, 4), number!.slice(2), by.name.slice(0, 4)])
      expect(await find(search)).toContain(held.contract);
    expect([await find('%'), await find('没有这样的合同')]).toEqual([[], []]);
    expect(await find(number!, 'xingsha.admin')).toEqual([]);
  });

  test('the control plane says itself where it hears of what happens, and nothing more', async () => {
    const authorization = { type: 'bearer', token: 'another secret' };
    const said = (more: Body) =>
      plane.send(
        '/controlplanes',
        { controlplaneId: 'edc-1', endpoint: plane.endpoint, authorization, ...more },
        { method: 'PUT' },
      );
    expect((await said({ controlplaneId: 'edc-2' })).status).toBe(404);
    expect((await said({ endpoint: 'http://10.0.0.1/x' })).status).toBe(400);
    expect((await said({ authorization: { type: 'none' } })).status).toBe(400);
    expect((await said({})).status).toBe(200);
    const started = await start(HTTP_PUSH, { dataAddress: receiver.dataAddress });
    await expect
      .poll(() => toldOf(started.body.dataFlowId), soon)
      .toMatchObject([{ notice: 'completed', authorization: 'Bearer another secret' }]);
    expect((await plane.send('/controlplanes/edc-2', undefined, { method: 'DELETE' })).status).toBe(404);
    expect((await plane.send('/controlplanes/edc-1', undefined, { method: 'DELETE' })).status).toBe(204);
    const { controlPlanes } = await admin.call(wire.listControlPlanes, {});
    expect(controlPlanes.find(({ id }) => id === 'edc-1')).toMatchObject({ endpoint: null });
  });

  test('renews its token while it works: the old one goes on for the time stated, and no longer than to the next renewal', async () => {
    const renew = async (minutes: number, by = admin, id = 'edc-1') =>
      by.call(wire.renewControlPlane, { params: { id }, body: { minutes } });
    expect(await refusal(renew(5, await world.as('xingsha.admin')))).toMatch(/^kernel\.unknown/);
    expect(await refusal(renew(5, await world.as(buyer)))).toMatch(/^kernel\./);
    expect(await refusal(renew(10_081))).toMatch(/^kernel\./);
    const flow = (await start('HttpData-PULL')).body.dataFlowId;
    const ask = async (token: string) => (await plane.send(`/dataflows/${flow}/status`, undefined, { token })).status;
    const clock = world.exchange.kernel.clock as SimulatedClock;
    const first = plane.at.token;
    const { controlPlane, dataPlane } = await renew(5);
    const second = dataPlane.token!;
    expect(controlPlane).toMatchObject({ renewedAt: expect.any(String), beforeUntil: expect.any(String) });
    expect([await ask(first), await ask(second)]).toEqual([200, 200]);
    clock.moveTo(new Date(clock.now().getTime() + 5 * 60_000));
    admin = await world.as(administrator);
    expect([await ask(first), await ask(second)]).toEqual([401, 200]);
    const { controlPlanes } = await admin.call(wire.listControlPlanes, {});
    expect(controlPlanes.find(({ id }) => id === 'edc-1')).toMatchObject({ beforeUntil: null });
    await renew(5);
    const last = (await renew(0)).dataPlane.token!;
    expect([await ask(second), await ask(last)]).toEqual([401, 200]);
    plane.at.token = last;
    expect((await letIn(plane, 'edc-1', [held.contract])).dataPlane.token).toBeNull();
    expect((await plane.send(`/dataflows/${flow}/completed`, {})).status).toBe(200);
  });

  test('ends what runs under a contract that it takes back, and with it all when it turns the control plane out', async () => {
    const second = await signAgain(world, held.listing);
    await letIn(plane, 'edc-1', [held.contract, second]);
    const [one, other] = [await start('HttpData-PULL'), await start('HttpData-PULL', { agreementId: second })];
    expect([await fetchBy(addressIn(one)), await fetchBy(addressIn(other))]).toEqual([200, 200]);
    await letIn(plane, 'edc-1', [held.contract]);
    expect([await fetchBy(addressIn(one)), await fetchBy(addressIn(other))]).toEqual([200, unopened]);
    expect(await stateOf(other.body.dataFlowId)).toBe('TERMINATED');
    const left = await admin.call(wire.removeControlPlane, { params: { id: 'edc-1' }, body: {} });
    expect(left.controlPlanes.map(({ id }) => id)).toEqual(['edc-2']);
    expect(await fetchBy(addressIn(one))).toBe(unopened);
    expect((await plane.send(`/dataflows/${one.body.dataFlowId}/status`)).status).toBe(401);
  });

  test('of a contract that has ended nothing flows, and the control plane is told', async () => {
    await letIn(plane, 'edc-1', [held.contract]);
    const started = await start('HttpData-PULL');
    const params = { id: held.contract };
    const proposed = await (await world.as(buyer)).call(agreementsWire.proposeTermination, {
      ...{ params, body: { reason: '不再需要' } },
    });
    const termination = proposed.terminations.at(-1)!.id;
    await (await world.as(supplier)).call(agreementsWire.decideTermination, {
      ...{ params: { ...params, termination }, body: { accept: true } },
    });
    await expect.poll(() => noticesOf(started.body.dataFlowId), soon).toEqual(['errored']);
    expect(await fetchBy(addressIn(started))).not.toBe(200);
    expect((await start('HttpData-PULL')).status).toBe(400);
  });
});

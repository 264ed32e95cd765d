/**
 * The control plane's cases of the kit of Data Plane Signaling (dps-tck 1.2.0), and what it leaves out, between a running exchange, a
 * counter-party and a data plane of another make.
 */
import { checkMessage } from '@shugu/dataspace';
import { reactionRule } from '@shugu/wire/federation';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fixedTokens, seedAgreement } from '../../src/federation/testing.ts';
import { sql } from '../../src/kernel/db/db.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { type Body, type Counterpart, makeCounterpart } from './counterpart.ts';
import { clientSecret, makePlane, type Plane } from './plane.ts';
import { ourPlay, type Play, theirPlay, type World, walk } from './play.ts';
import { actor, format, kitParticipant, kitRules, kitToken, ourName, ourToken } from './profile.ts';

let tested: TestExchange;
let other: Counterpart;
let plane: Plane;
let world: World;

const patience = { timeout: 60_000, interval: 5 };
const register = (more: Partial<Parameters<World['exchange']['rooms']['federation']['registerPlane']>[1]> = {}) => {
  const { kernel, rooms } = tested.exchange;
  return kernel.database.tx(actor, (tx) =>
    rooms.federation.registerPlane(tx, {
      ...{ id: 'plane-1', endpoint: plane.endpoint, profiles: [format], labels: [] },
      authorization: { type: 'bearer', token: plane.token },
      ...more,
    }),
  );
};

beforeAll(async () => {
  const identity = fixedTokens({ [kitToken]: kitParticipant, [ourToken]: ourName });
  tested = await testExchange({ seeded: false, identity, config: { privateConnectors: ['127.0.0.1'] } });
  [other, plane] = [await makeCounterpart(), await makePlane()];
  const { kernel, rooms } = tested.exchange;
  await kernel.database.tx(actor, async (tx) => {
    await rooms.federation.open(tx, ourName);
    const on = { kind: 'transfer', on: 'request', reaction: 'start', subject: 'DPS_P' };
    await rooms.federation.setRules(tx, [reactionRule.parse(on), ...kitRules(0)]);
    const agreed = { own: ourName, counterparty: kitParticipant, dataset: 'CAT0101' };
    await seedAgreement(tx, { id: 'DPS_P', side: 'provider', ...agreed });
    await seedAgreement(tx, { id: 'DPS_C', side: 'consumer', ...agreed });
  });
  const { callback } = await register();
  plane.callback = { address: callback.address, token: callback.token! };
  world = { exchange: tested.exchange, address: callback.address.replace('/signaling', '/2025-1'), other };
});
afterAll(async () => {
  await tested?.end();
  await other?.stop();
  await plane?.close();
});
beforeEach(() => {
  other.answers.length = 0;
  other.before = null;
  plane.answers.length = 0;
  plane.slow = false;
});

/** The data plane's share of a play: what it was told of it. */
const shareOf = (play: Play) => {
  let place = 0;
  const own = () => {
    const flow = plane.told.find(({ body }) => body.processId === play.pid())?.flow;
    return plane.told.filter((one) => one.flow === flow);
  };
  return {
    own,
    async hears(signal: string) {
      await expect.poll(() => own()[place]?.signal, { ...patience, message: signal }).toBe(signal);
      return own()[place++]!;
    },
  };
};

/** Steps as cases.ts has them; `* signal`: the data plane is told, `~ notice`: it says so later. */
const perform = async (play: Play, steps: string): Promise<void> => {
  const { hears } = shareOf(play);
  for (const [step, sign, word = ''] of steps.matchAll(/([<>!=*~]) (\w+)/g)) {
    if (sign === '*') await hears(word);
    else if (sign === '~') expect(await plane.notify(play.pid(), word)).toBe(200);
    else await walk(play, step);
  }
};

const consumer = '* prepare < begin > start * started = STARTED';
const provider = '> begin * start < start = STARTED';
const cases: [id: string, agreement: string, steps: string][] = [
  ['CP_C:01-01', 'DPS_C', `${consumer} > complete = COMPLETED * completed`],
  ['CP_C:01-02', 'DPS_C', `${consumer} > end = TERMINATED * terminate`],
  ['CP_C:02-01', 'DPS_C', `${consumer} > suspend * suspend > start * resume > complete = COMPLETED * completed`],
  ['CP_C:02-02', 'DPS_C', `${consumer} > suspend * suspend > end = TERMINATED * terminate`],
  ['CP_C:03-01', 'DPS_C', '* prepare ~ prepared < begin > start * started = STARTED > complete * completed'],
  ['CP_P:01-01', 'DPS_P', `${provider} > complete * completed`],
  ['CP_P:01-02', 'DPS_P', `${provider} > end * terminate`],
  ['CP_P:02-01', 'DPS_P', `${provider} > suspend * suspend > start * resume > complete * completed`],
  ['CP_P:02-02', 'DPS_P', `${provider} > suspend * suspend > end * terminate`],
  ['CP_P:03-01', 'DPS_P', '> begin * start ~ started < start = STARTED > complete * completed'],
];

const begun = (agreement: string): Promise<Play> =>
  agreement === 'DPS_C' ? ourPlay(world, 'transfer', agreement) : Promise.resolve(theirPlay(world, agreement));

test.each(cases)('%s %s: %s', async (id, agreement, steps) => {
  plane.slow = id.includes(':03');
  await perform(await begun(agreement), steps);
});

describe('what the kit leaves out', () => {
  const heldOf = async (play: Play) => {
    const { kernel, rooms } = tested.exchange;
    return (await rooms.federation.process(kernel.database, play.pid()))?.held ?? null;
  };
  const flowOf = (play: Play) =>
    tested.exchange.kernel.database.first(sql`select state from federation_flows where process = ${play.pid()}`);
  const keyIn = (body: Body): string => {
    const { endpointProperties } = body.dataAddress as { endpointProperties: { value: string }[] };
    return endpointProperties[0]!.value;
  };
  const fetchBytes = (key: string) => fetch(`${plane.endpoint}/data`, { headers: { authorization: `Bearer ${key}` } });

  test('the consumer reads with the address that the data plane gave, and not after the end; no key stays with us', async () => {
    const play = await begun('DPS_P');
    await play.send('begin');
    const { body } = await play.hear('start');
    expect(checkMessage('TransferStartMessage', body)).toMatchObject({ ok: true });
    expect(await (await fetchBytes(keyIn(body))).text()).toBe('the bytes');
    await play.send('end');
    await shareOf(play).hears('start');
    await expect.poll(async () => (await fetchBytes(keyIn(body))).status, patience).toBe(403);
    const kept =
      await tested.exchange.kernel.database.rows(sql`select to_jsonb(s)::text as text from federation_signals s
      where s.process = ${play.pid()} union all select to_jsonb(f)::text from federation_flows f where f.process = ${play.pid()}`);
    expect(JSON.stringify(kept)).not.toContain(keyIn(body));
  });

  test('what the data plane is told names both parties, agreement, data set and type', async () => {
    const play = await begun('DPS_P');
    await play.send('begin');
    const { body, authorization } = await shareOf(play).hears('start');
    expect(authorization).toBe(`Bearer ${plane.token}`);
    expect(body).toMatchObject({
      ...{ participantId: ourName, counterPartyId: kitParticipant, processId: play.pid(), agreementId: 'DPS_P' },
      ...{ datasetId: 'CAT0101', profile: format, claims: { sub: kitParticipant } },
    });
    const asked = `${plane.callback.address}/transfers/${play.pid()}/agreement`;
    const get = (token: string) => fetch(asked, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await get(plane.callback.token)).json()).toMatchObject({ '@type': 'Agreement', target: 'CAT0101' });
    expect((await get(`${plane.callback.token}x`)).status).toBe(401);
  });

  test('no answer and 503 are tried again by the same message; a no waits for a person, who may try again', async () => {
    plane.answers.push(503, 503);
    const play = await begun('DPS_P');
    await play.send('begin');
    await play.hear('start');
    expect(shareOf(play).own()).toHaveLength(1);
    plane.answers.push(409);
    const second = await begun('DPS_P');
    await second.send('begin');
    await expect
      .poll(() => heldOf(second), patience)
      .toMatchObject({ act: 'start', fault: expect.stringContaining('409') });
    expect(await second.state()).toBe('REQUESTED');
    const { kernel, rooms } = tested.exchange;
    await kernel.database.tx(actor, (tx) => rooms.federation.act(tx, second.pid(), 'start'));
    await second.hear('start');
  });

  test('what it says is taken once, from itself, about its own; what does not fit is refused', async () => {
    plane.slow = true;
    const play = await begun('DPS_P');
    await play.send('begin');
    await shareOf(play).hears('start');
    // Until then it has no id of its own here.
    await expect.poll(() => flowOf(play), patience).toMatchObject({ state: 'STARTING' });
    const stranger = await makePlane();
    const { callback } = await register({ id: 'plane-2', endpoint: stranger.endpoint, profiles: ['urn:other'] });
    expect(await plane.notify(play.pid(), 'started', {}, callback.token!)).toBe(404);
    expect(await plane.notify(play.pid(), 'started', {}, 'x'.repeat(43))).toBe(401);
    expect(await plane.notify('tra_00000000000000000000000000', 'started')).toBe(404);
    expect(await plane.notify(play.pid(), 'started', { dataFlowId: 'another' })).toBe(404);
    expect(await plane.notify(play.pid(), 'completed')).toBe(400);
    expect(await plane.notify(play.pid(), 'started', { state: 'begun' })).toBe(400);
    expect(await play.state()).toBe('REQUESTED');
    expect(await plane.notify(play.pid(), 'started')).toBe(200);
    await play.hear('start');
    expect(await plane.notify(play.pid(), 'started')).toBe(200);
    await expect.poll(() => play.state(), patience).toBe('STARTED');
    await stranger.close();
  });

  test('what has failed for good is told to our people, not to the counter-party; its end is told by us', async () => {
    const play = await begun('DPS_P');
    await play.send('begin');
    await play.hear('start');
    await expect.poll(() => play.state(), patience).toBe('STARTED');
    expect(await plane.notify(play.pid(), 'errored', { error: '磁盘已满' })).toBe(200);
    expect(await heldOf(play)).toMatchObject({ fault: 'data plane: 磁盘已满' });
    expect(await play.state()).toBe('STARTED');
    expect(await plane.notify(play.pid(), 'completed')).toBe(200);
    await play.hear('complete');
    await expect.poll(() => play.state(), patience).toBe('COMPLETED');
    // It knows that already.
    expect(
      shareOf(play)
        .own()
        .map(({ signal }) => signal),
    ).toEqual(['start']);
  });

  test('ended before the data plane was ready, nothing is started; an address that may not be called is not registered', async () => {
    plane.slow = true;
    const play = await begun('DPS_P');
    await play.send('begin');
    await shareOf(play).hears('start');
    await play.send('end');
    await expect
      .poll(
        () =>
          shareOf(play)
            .own()
            .map(({ signal }) => signal),
        patience,
      )
      .toEqual(['start', 'terminate']);
    expect(await play.state()).toBe('TERMINATED');
    await expect(register({ endpoint: 'http://10.1.2.3/x' })).rejects.toMatchObject({ definition: { status: 422 } });
    await expect(register({ id: 'plane-3' })).rejects.toMatchObject({ definition: { status: 422 } });
  });

  test('a token of its authorization server is shown, kept, and fetched anew when it is not taken', async () => {
    const tokenEndpoint = `${plane.endpoint}/token`;
    const again = await register({
      authorization: { type: 'oauth2_client_credentials', tokenEndpoint, clientId: 'shugu', clientSecret },
    });
    // The same data plane shows what it had before.
    expect(again.callback.token).toBeNull();
    for (const given of [1, 1]) {
      const play = await begun('DPS_P');
      await play.send('begin');
      await play.hear('start');
      expect(plane.tokensGiven).toBe(given);
    }
    plane.token = 'another token';
    const play = await begun('DPS_P');
    await play.send('begin');
    await play.hear('start');
    expect(plane.tokensGiven).toBe(2);
  });

  test('an authorization server that never stops talking is cut off, and asked again', async () => {
    plane.token = 'a third token';
    plane.endless = true;
    const play = await begun('DPS_P');
    await play.send('begin');
    await play.hear('start');
    expect([plane.cutOff, plane.endless]).toEqual([1, false]);
  });
});

/** Messages that somebody bent, in every state that could take them: refused in the protocol's own words, and nothing moved. */
import { checkMessage, type MessageType } from '@shugu/dataspace';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixedTokens } from '../../src/federation/testing.ts';
import { sql } from '../../src/kernel/db/db.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import {
  agreement,
  type Body,
  type Counterpart,
  call,
  makeCounterpart,
  messageOf,
  offer,
  pathOfAct,
} from './counterpart.ts';
import { ourPlay, type Play, theirPlay, type World } from './play.ts';
import { kitParticipant, kitToken, offerIdOf, ourName, ourToken, seedKit } from './profile.ts';

let tested: TestExchange;
let other: Counterpart;
let world: World;

beforeAll(async () => {
  const identity = fixedTokens({ [kitToken]: kitParticipant, [ourToken]: ourName });
  tested = await testExchange({ seeded: false, identity, config: { privateConnectors: ['127.0.0.1'] } });
  other = await makeCounterpart();
  world = { exchange: tested.exchange, address: `${await seedKit(tested.exchange, 0)}/2025-1`, other };
});
afterAll(async () => {
  await tested?.end();
  await other?.stop();
});

/** All that a message could have changed, once our own are acknowledged. */
const standing = async () => {
  const { database } = tested.exchange.kernel;
  const waiting = () =>
    database.one<{ n: number }>(sql`select count(*)::int as n from federation_messages where state = 'waiting'`);
  await expect.poll(waiting, { timeout: 60_000, interval: 5 }).toEqual({ n: 0 });
  return database.one(
    sql`select (select jsonb_object_agg(id, jsonb_build_array(version, state, held, offer, agreement)) from federation_processes) as processes,
               (select count(*)::int from federation_messages) as messages`,
  );
};

const strange = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(
    '',
    ' ',
    '\u0000',
    '\ud800',
    'x'.repeat(20_000),
    1e308,
    -1,
    [],
    {},
    [[]],
    [null],
    null,
    true,
  ),
  fc.constantFrom<unknown>(
    'http://10.0.0.1/',
    'file:///etc/passwd',
    'javascript:0',
    '//[',
    { '@id': {} },
    { '@value': 0 },
  ),
);
type Place = (string | number)[];
const placesOf = (value: unknown, at: Place = []): Place[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => [[...at, name], ...placesOf(inner, [...at, name])])
    : [];
const putAt = (value: unknown, [name, ...rest]: Place, put: unknown): unknown => {
  if (name === undefined) return put;
  if (Array.isArray(value)) return value.map((one, at) => (at === Number(name) ? putAt(one, rest, put) : one));
  const { [name]: inner, ...others } = value as Body;
  const bent = putAt(inner, rest, put);
  return bent === undefined ? others : { ...others, [name]: bent };
};
/** One or two places of a message with something else in them, or nothing. */
const bent = (right: Body): fc.Arbitrary<unknown> => {
  const places = placesOf(right);
  const change = fc.tuple(fc.constantFrom(...places), fc.oneof(strange, fc.constant(undefined)));
  return fc.array(change, { minLength: 1, maxLength: 2 }).map((changes) =>
    changes.reduce<unknown>((message, [at, put]) => {
      try {
        return putAt(message, at, put);
      } catch {
        return message; // The first change took away where the second would have been.
      }
    }, right),
  );
};

/** Whether the protocol's own rules, or the names of a process that has begun, forbid it. */
const isBroken = (right: Body, body: unknown): boolean => {
  const checked = checkMessage(right['@type'] as MessageType, JSON.parse(JSON.stringify(body)) as unknown);
  if (!checked.ok) return true;
  const { consumerPid, providerPid } = body as Body;
  const begun = 'consumerPid' in right && 'providerPid' in right;
  return begun && (consumerPid !== right.consumerPid || providerPid !== right.providerPid);
};

const refuses = async (address: string, right: Body): Promise<void> => {
  const before = await standing();
  const bodies = fc.sample(
    bent(right).filter((body) => isBroken(right, body)),
    { numRuns: 25, seed: 7 },
  );
  const whole = JSON.stringify(right);
  const cut = fc.sample(fc.nat(whole.length - 2), { numRuns: 5, seed: 7 }).map((at) => whole.slice(0, at + 1));
  for (const body of [...bodies.map((one) => JSON.stringify(one)), ...cut]) {
    const answer = await call(address, body);
    expect([answer.status, answer.body['@type']], `${right['@type']}: ${body.slice(0, 500)}`).toEqual([
      expect.toSatisfy((status: number) => [400, 404, 413].includes(status)),
      expect.stringMatching(/^(ContractNegotiation|Transfer)Error$/),
    ]);
    expect(checkMessage(answer.body['@type'] as MessageType, answer.body)).toMatchObject({
      ok: true,
      message: { consumerPid: expect.stringMatching(/./), providerPid: expect.stringMatching(/./) },
    });
  }
  expect(await standing()).toEqual(before);
};

const at = (act: string, play: Play) => `${world.address}${pathOfAct(act, play.pid())}`;

test('the first messages of either side', async () => {
  const callbackAddress = other.address;
  const asked = { offer: offer(offerIdOf('ACN0201'), 'ACN0201'), callbackAddress };
  const firsts: [act: string, right: Body][] = [
    ['request', messageOf('request', { consumerPid: 'urn:uuid:bent' }, asked)],
    ['offer', messageOf('offer', { providerPid: 'urn:uuid:bent' }, asked)],
    ['begin', messageOf('begin', { consumerPid: 'urn:uuid:bent' }, { agreementId: 'ATP0101', callbackAddress })],
  ];
  for (const [act, right] of firsts) await refuses(`${world.address}${pathOfAct(act, '')}`, right);
});

test('call-back addresses that lead into the network, however they are written', async () => {
  const before = await standing();
  const hosts =
    '10.0.0.1 167772161 0x0a000001 012.0.0.1 [::ffff:10.0.0.1] [::ffff:a00:1] [fd00::1] [fe80::1] 0.0.0.0 [::] 169.254.169.254. 192.168.1.1 172.16.0.1 100.64.0.1'.split(
      ' ',
    );
  const addresses = [
    ...hosts.flatMap((host) => [`http://${host}/`, `https://${host}:8443/dsp`]),
    ...['file:///etc/passwd', 'data:,x', 'http:', 'http://', '//10.0.0.1', '\\\\10.0.0.1\\x', 'http://a b/'],
    `https://example.com/${'x'.repeat(5_000)}`,
  ];
  for (const callbackAddress of addresses) {
    const { status, body } = await theirPlay(world, 'ACN0202').send('request', { callbackAddress });
    expect([status, body['@type']], callbackAddress).toEqual([400, 'ContractNegotiationError']);
  }
  expect(await standing()).toEqual(before);
});

test('what comes later, where we provide', async () => {
  const offered = theirPlay(world, 'ACN0204');
  await offered.send('request');
  await offered.hear('offer');
  const terms = { offer: offer(offerIdOf('ACN0204'), 'ACN0204') };
  await refuses(at('request', offered), messageOf('request', offered.pids, terms));
  await refuses(at('accept', offered), messageOf('accept', offered.pids));
  const agreed = theirPlay(world, 'ACN0203');
  await agreed.send('request');
  await agreed.hear('agree');
  await refuses(at('verify', agreed), messageOf('verify', agreed.pids));
  await refuses(at('terminate', agreed), messageOf('terminate', agreed.pids, { code: '1', reason: ['no'] }));
});

test('what comes later, where we consume', async () => {
  const asked = await ourPlay(world, 'negotiation', 'ACNC0201');
  await asked.hear('request');
  const terms = { offer: offer(offerIdOf('ACNC0201'), 'ACNC0201') };
  await refuses(at('offer', asked), messageOf('offer', asked.pids, terms));
  const given = { agreement: agreement('ACNC0201', kitParticipant, ourName) };
  await refuses(at('agree', asked), messageOf('agree', asked.pids, given));
  await refuses(at('finalize', asked), messageOf('finalize', asked.pids));
});

test('transfers', async () => {
  const asked = await ourPlay(world, 'transfer', 'ATPC0201');
  await asked.hear('begin');
  await refuses(at('start', asked), messageOf('start', asked.pids));
  await refuses(at('end', asked), messageOf('end', asked.pids, { code: '1', reason: ['no'] }));
  await asked.send('start');
  await refuses(at('suspend', asked), messageOf('suspend', asked.pids, { reason: ['later'] }));
  await refuses(at('complete', asked), messageOf('complete', asked.pids));
});

test('what is strange and still right is taken or refused, and never breaks us', async () => {
  for (const odd of ['\u0000', '\ud800', '\u202e', 'x'.repeat(100_000), 1e308, { __proto__: [] }, [[[[[[]]]]]]]) {
    const play = theirPlay(world, 'ACN0202');
    await play.send('request', { 'x:odd': odd });
    if (play.pid() === '') continue;
    const answer = await play.send('terminate', { 'x:odd': odd, code: 'x', reason: [odd] });
    expect(answer.status, JSON.stringify(odd).slice(0, 50)).toBeLessThan(500);
  }
  const after = theirPlay(world, 'ACN0202');
  expect((await after.send('request')).status).toBe(201);
});

/**
 * Members of a node on the national suite negotiate by tokens that are signed by SM2 with SM3; what is signed by another key, says another
 * algorithm, or swaps one for another, is nobody's.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { generateKey, type Signer, softwareSigner } from '@shugu/evidence';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/federation';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { call, messageOf } from './counterpart.ts';

interface Member {
  client: Client;
  participant: string;
  name: string;
  address: string;
}

let exchange: TestExchange;
let supplier: Member;
let buyer: Member;
/** The buyer's own, under which the node's tokens for it are signed. */
let signer: Signer;

const dataset = 'urn:example:dataset';
const permission = [{ action: 'use' }];
const offer = { '@id': 'urn:example:offer', '@type': 'Offer' as const, permission };

const member = async (key: string): Promise<Member> => {
  const client = await exchange.as(`${key}.trader`);
  const { name, address } = await client.call(wire.openConnector, { body: {} });
  return { client, participant: exchange.seeded.organisations[key]!, name, address };
};

beforeAll(async () => {
  exchange = await testExchange({ config: { suite: 'sm', privateConnectors: ['127.0.0.1'] } });
  supplier = await member('xingsha');
  buyer = await member('citylogistics');
  const { kernel, rooms } = exchange.exchange;
  const { participant } = supplier;
  await kernel.database.tx({ ...systemActor('test'), participant }, (tx) =>
    rooms.federation.publish(tx, participant, {
      ...{ '@id': dataset, '@type': 'Dataset', hasPolicy: [offer] },
      distribution: [
        { '@type': 'Distribution', format: 'HttpData-PULL', accessService: `urn:shugu:connector:${participant}` },
      ],
    }),
  );
  const rules = (on: string, reaction: string) =>
    wire.reactionRule.parse({ kind: 'negotiation', on, by: 'other', reaction });
  await supplier.client.call(wire.setRules, {
    body: { rules: [rules('request', 'agree'), rules('verify', 'finalize')] },
  });
  await buyer.client.call(wire.setRules, { body: { rules: [rules('agree', 'verify')] } });
}, 900_000);
afterAll(() => exchange?.end());

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

interface Made {
  alg?: string;
  kid?: string;
  by?: Pick<Signer, 'sign'>;
  claims?: object;
}
const token = async ({ alg = 'SM2SM3', kid = signer.keyId, by = signer, claims = {} }: Made = {}): Promise<string> => {
  const at = Math.floor(exchange.exchange.kernel.clock.now().getTime() / 1000);
  const said = { iss: buyer.name, aud: supplier.name, iat: at, exp: at + 60, jti: randomUUID(), ...claims };
  const signed = `${encode({ alg, typ: 'JWT', kid })}.${encode(said)}`;
  return `Bearer ${signed}.${Buffer.from(await by.sign(Buffer.from(signed))).toString('base64url')}`;
};

/** First message of a negotiation, by hand. */
const ask = async (authorization: string | null, consumerPid = `urn:uuid:${randomUUID()}`) => {
  const offered = { ...offer, target: dataset };
  const message = messageOf('request', { consumerPid }, { offer: offered, callbackAddress: buyer.address });
  return call(`${supplier.address}/negotiations/request`, message, authorization);
};

const begun = async () => {
  const { rows } = await exchange.exchange.kernel.database.pool.query<{ count: number }>(
    `select count(*)::int as count from federation_processes where side = 'provider'`,
  );
  return rows[0]!.count;
};

test('a negotiation runs to its end by SM2 tokens', async () => {
  const body = { counterparty: supplier.name, address: supplier.address, dataset, offer: offer['@id'] };
  const terms = { permission } as never;
  const { id } = await buyer.client.call(wire.requestContract, { body: { ...body, terms } });
  const state = async () => (await buyer.client.call(wire.getProcess, { params: { id } })).process.state;
  await expect.poll(state, { timeout: 120_000 }).toBe('FINALIZED');
  // Both have signed, each under a key of its own.
  const { database, keys } = exchange.exchange.kernel;
  const used = await Promise.all(
    [buyer, supplier].map(({ participant }) => keys.standing(database, participant, 'connector')),
  );
  expect(used.map((one) => one?.suite)).toEqual(['sm', 'sm']);
  expect(new Set(used.map((one) => one?.keyId)).size).toBe(2);
  signer = used[0]!;
}, 300_000);

test('a token by hand is taken as the node’s own, and nobody is known by any other', async () => {
  expect((await ask(await token())).status).toBe(201);
  const before = await begun();
  const { database, keys } = exchange.exchange.kernel;
  const [another, ed25519] = (['sm', 'intl'] as const).map((suite) =>
    softwareSigner(generateKey(suite), { level: signer.level }),
  ) as [Signer, Signer];
  const theirs = (await keys.standing(database, supplier.participant, 'connector'))!;
  const key = (await keys.find(database, signer.keyId))!.publicKey;
  const secret = { sign: async (bytes: Uint8Array) => createHmac('sha256', key.bytes).update(bytes).digest() };
  const nothing = { sign: async () => new Uint8Array() };
  const [head, body, signature] = (await token()).split('.') as [string, string, string];
  const swapped = `Bearer ${encode({ alg: 'EdDSA', typ: 'JWT', kid: signer.keyId })}`;
  const wrong: Record<string, string | null> = {
    none: null,
    'another SM2 key under the buyer’s id': await token({ by: another }),
    'a key that nobody here has': await token({ by: another, kid: another.keyId }),
    'the supplier’s key, in the buyer’s name': await token({ by: theirs, kid: theirs.keyId }),
    'the right key, said to be EdDSA': await token({ alg: 'EdDSA' }),
    'the right key, said to be ES256': await token({ alg: 'ES256' }),
    'the right key, said to be none': await token({ alg: 'none', by: nothing }),
    'no signature': await token({ by: nothing }),
    'an Ed25519 key, said to be SM2': await token({ by: ed25519 }),
    'an Ed25519 key, said to be itself, under the buyer’s id': await token({ alg: 'EdDSA', by: ed25519 }),
    'the public key as a secret': await token({ alg: 'HS256', by: secret }),
    'the public key as a secret, said to be SM2': await token({ by: secret }),
    'another head before the same signature': `${swapped}.${body}.${signature}`,
    'another body before the same signature': `${head}.${encode({ iss: supplier.name })}.${signature}`,
    'for another': await token({ claims: { aud: buyer.name } }),
    over: await token({ claims: { exp: 1 } }),
  };
  for (const [how, authorization] of Object.entries(wrong)) {
    const { status, body: said } = await ask(authorization);
    expect([how, status, said.code]).toEqual([how, 401, 'unauthorized']);
  }
  expect(await begun()).toBe(before);
}, 300_000);

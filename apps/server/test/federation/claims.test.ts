/**
 * Who is believed over the Dataspace Protocol between two nodes as they start: members of an exchange that is trusted, as long as
 * they are members, by tokens that are theirs, for us, and new. Everybody else is nobody, and all look alike.
 */
import { VERSION_PATH } from '@shugu/dataspace';
import * as wire from '@shugu/wire/federation';
import { readCatalogueElsewhere } from '@shugu/wire/federation-elsewhere';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../../src/kernel/db/db.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { call, messageOf } from './counterpart.ts';
import { makeElsewhere } from './elsewhere.ts';
import { credentialId, type Issuer, makeIssuer } from './issuer.ts';
import { type Connected, connect, type Node, together, tokenOf, twoNodes } from './nodes.ts';

let here: Node;
let there: Node;
let supplier: Connected;
let buyer: Connected;
let other: Connected;
let issuer: Issuer;

beforeAll(async () => {
  [here, there] = await twoNodes();
  supplier = await connect(here, 'xingsha');
  buyer = await connect(there, 'citylogistics');
  other = await connect(there, 'xingsha');
  issuer = await makeIssuer(() => there.exchange.exchange.kernel.clock.now());
}, 240_000);
afterAll(async () => {
  await issuer?.close();
  await here?.exchange.end();
  await there?.exchange.end();
});

const asked = () => messageOf('request', {}, { '@type': 'CatalogRequestMessage' });
const catalogue = (token: string | null) => call(`${supplier.address}/catalog/request`, asked(), token);
const statusOf = async (token: string | null): Promise<number> => (await catalogue(token)).status;
const token = (from = buyer, to: Pick<Connected, 'name'> = supplier) => tokenOf(there, from, to);
/** Documents are kept for five minutes, status lists for one. */
const later = (seconds: number) => together([here, there], seconds);

const read = async (address: string) => {
  const answer = await fetch(address);
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
};
const identityOf = async ({ client }: Connected) => (await client.call(wire.getIdentity, {})).identity!;
const connectorOf = async ({ client }: Connected) => (await client.call(wire.getConnector, {})).connector!;
const administrator = ({ exchange }: Node, key: string) => exchange.as(`${key}.admin`);

test('documents are public, and say nothing of participants without an open connector', async () => {
  const identity = await identityOf(buyer);
  const { status, type, text } = await read(identity.document);
  expect([status, type]).toEqual([200, 'application/did+json; charset=utf-8']);
  const document = JSON.parse(text);
  expect(document).toMatchObject({
    id: buyer.name,
    verificationMethod: [{ controller: buyer.name, publicKeyJwk: { kty: 'EC', crv: 'P-256' } }],
    service: [
      { type: 'CredentialService' },
      { type: 'CatalogService', serviceEndpoint: `${buyer.address}/catalog` },
      { type: 'DataService', serviceEndpoint: buyer.address.replace(/\/2025-1$/, VERSION_PATH) },
    ],
  });
  expect(text).not.toContain('"d"');
  const { protocolVersions } = JSON.parse((await read(document.service[2].serviceEndpoint)).text);
  const auth = { protocol: 'DCP', version: '1.0', profile: ['vc20-bssl/jwt', 'vc11-sl2021/jwt'] };
  const serviceId = `urn:shugu:connector:${buyer.participant}`;
  expect(protocolVersions).toEqual([
    { version: '2025-1', path: '/2025-1', binding: 'HTTPS', serviceId, identifierType: 'did:web', auth },
  ]);
  const node = JSON.parse((await read(`${there.exchange.url}/.well-known/did.json`)).text);
  expect(node).toMatchObject({ id: there.did, service: [{ type: 'IssuerService' }] });
  const closed = there.exchange.seeded.organisations.operator ?? 'org_nobody';
  for (const path of [`dsp/${closed}/did.json`, 'dsp/org_nobody/did.json', 'claims/status/7', 'claims/status/x'])
    expect([path, (await read(`${there.exchange.url}/${path}`)).status]).toEqual([path, 404]);
  const wallet = document.service[0].serviceEndpoint;
  expect((await call(`${wallet}/presentations/query`, {}, null)).status).toBe(401);
  expect((await call(`${wallet}/presentations/query`, '{', await token())).status).toBe(401);
  expect((await call(`${wallet}/presentations/query`, 'x'.repeat(300_000), null)).status).toBe(413);
});

test('whom only a DID names is found by its documents, and asked there', async () => {
  const { name: counterparty, address } = supplier;
  const read = await buyer.client.call(readCatalogueElsewhere, { body: { counterparty } });
  expect(read).toMatchObject({ participant: counterparty });
  const asked = { dataset: 'nothing', offer: 'nothing', terms: { permission: [{ action: 'use' }] } };
  const body = { counterparty, ...asked };
  expect(await buyer.client.call(wire.requestContract, { body })).toMatchObject({ counterparty, address });
  // Of the same node, too: by either name.
  for (const name of [other.name, (await connectorOf(other)).name])
    expect(await buyer.client.call(wire.requestContract, { body: { ...body, counterparty: name } })).toMatchObject({
      address: other.address,
    });
  const closed = await here.exchange.as('citylogistics.trader');
  await expect(closed.call(wire.requestContract, { body })).rejects.toMatchObject({
    problem: { code: 'federation.connectorClosed' },
  });
  const transfer = buyer.client.call(wire.requestTransfer, { body: { agreement: 'none', format: 'HttpData-PULL' } });
  await expect(transfer).rejects.toMatchObject({ problem: { code: 'federation.agreementUnknown' } });
});

test('documents that lead to no connector of our version are told apart, and read no more often than needed', async () => {
  const elsewhere = await makeElsewhere();
  const ask = (counterparty: string) => buyer.client.call(readCatalogueElsewhere, { body: { counterparty } });
  const codeOf = (counterparty: string) =>
    ask(counterparty).then(
      () => 'told',
      ({ problem }) => `${problem.code} ${problem.errors?.[0]?.field}`,
    );
  try {
    for (const [name, code] of Object.entries(elsewhere.expected))
      expect([name, await codeOf(elsewhere.didOf(name))]).toEqual([name, code]);
    const named = ['did:key:z6MkNobody', `${there.did}:dsp:org_nobody`, 'urn:example:nobody'];
    expect(await Promise.all(named.map(codeOf))).toEqual([
      'federation.counterpartyUnfound body.counterparty',
      'federation.counterpartyUnfound body.counterparty',
      'federation.addressNeeded body.address',
    ]);
    const readings = () => elsewhere.heard.filter((path) => path === `/good${VERSION_PATH}`).length;
    const before = readings();
    await ask(elsewhere.didOf('good'));
    expect(readings()).toBe(before);
    later(301);
    await ask(elsewhere.didOf('good'));
    expect(readings()).toBe(before + 1);
  } finally {
    await elsewhere.close();
  }
});

test('a member of a trusted exchange is known by its DID, for one message', async () => {
  const { status, body } = await catalogue(await token());
  expect([status, body.participantId]).toEqual([200, supplier.name]);
  const own = (await identityOf(buyer)).credentials;
  expect(own).toMatchObject([{ issuer: there.did, own: true, state: 'valid', types: expect.any(Array) }]);
  const once = await token();
  const tries = await Promise.all(Array.from({ length: 6 }, () => statusOf(once)));
  expect(tries.sort()).toEqual([200, 401, 401, 401, 401, 401]);
});

test('tokens for others, of others, changed, old, or without a look at credentials are nobody’s', async () => {
  expect(await statusOf(null)).toBe(401);
  expect(await statusOf(await token(buyer, other))).toBe(401);
  const good = await token();
  expect(await statusOf(`${good.slice(0, -8)}AAAAAAAA`)).toBe(401);
  // In the name of one, by the key of another.
  const [head, , signature] = (await token(other)).split('.');
  expect(await statusOf([head, good.split('.')[1], signature].join('.'))).toBe(401);
  // The platform's tokens of another node are unknown here.
  expect(await statusOf(await token())).toBe(200);
  const old = await token();
  later(400);
  expect(await statusOf(old)).toBe(401);
  expect(await statusOf(await token())).toBe(200);
});

test('an issuer that is not trusted any more takes its members with it', async () => {
  expect(await statusOf(await token(other))).toBe(200);
  here.trusted.splice(0);
  // Remembered or not.
  for (const one of [buyer, other]) expect(await statusOf(await token(one))).toBe(401);
  here.trusted.push(there.did);
  for (const one of [buyer, other]) expect(await statusOf(await token(one))).toBe(200);
});

test('what is refused is refused before anything is read or kept', async () => {
  const opening = messageOf('request', { consumerPid: 'urn:uuid:1' }, { offer: {}, callbackAddress: buyer.address });
  const answer = await call(`${supplier.address}/negotiations/request`, opening, await token(buyer, other));
  expect([answer.status, answer.body['@type']]).toEqual([401, 'ContractNegotiationError']);
  expect((await supplier.client.call(wire.listProcesses, { query: {} })).items).toEqual([]);
});

test('a key is rotated by an administrator, and the one before is over once documents are read anew', async () => {
  const refused = buyer.client.call(wire.rotateDidKey, { body: {} });
  await expect(refused).rejects.toMatchObject({ problem: { code: 'kernel.notPermitted' } });
  const [before, signed] = [await identityOf(buyer), await token()];
  const client = await administrator(there, 'citylogistics');
  const rotated = await client.call(wire.rotateDidKey, { body: {} });
  expect(rotated.key.id).not.toBe(before.key.id);
  later(31);
  expect(await statusOf(await token())).toBe(200);
  expect(await statusOf(signed)).toBe(401);
});

/** As an installation from before keys on P-256 has it, the migration done. */
const withEarlierKey = async ({ exchange }: Node, participant: string): Promise<void> => {
  const { database, keys } = exchange.exchange.kernel;
  await database.tx(systemActor('test'), async (tx) => {
    const { keyId } = await keys.signer(tx, participant, 'did');
    await tx.exec(sql`delete from federation_did_keys where participant = ${participant}`);
    await tx.exec(sql`insert into federation_did_keys (id, node, market, participant, algorithm, public_jwk, created_at)
      select id, node, market, participant, 'EdDSA', public_key::jsonb, created_at from keys where id = ${keyId}`);
  });
};

test('an Ed25519 key from before signs until documents that others keep show the one on P-256', async () => {
  const older = await connect(there, 'merchant');
  await withEarlierKey(there, older.participant);
  const { document } = await identityOf(older);
  const curves = async () =>
    JSON.parse((await read(document)).text).verificationMethod.map(
      (one: { publicKeyJwk: { crv: string } }) => one.publicKeyJwk.crv,
    );
  const algorithm = (value: string) => JSON.parse(Buffer.from(value.split(/[ .]/)[1]!, 'base64url').toString()).alg;
  const believed = async () => {
    const value = await token(older);
    return [algorithm(value), await statusOf(value), await curves()];
  };
  expect(await believed()).toEqual(['EdDSA', 200, ['P-256', 'Ed25519']]);
  later(590);
  expect(await believed()).toEqual(['EdDSA', 200, ['P-256', 'Ed25519']]);
  const signedBefore = await token(older);
  later(11);
  // What it has signed last is still good, with the look at credentials that it grants.
  expect(await statusOf(signedBefore)).toBe(200);
  expect(await believed()).toEqual(['ES256', 200, ['P-256', 'Ed25519']]);
  later(600);
  expect(await believed()).toEqual(['ES256', 200, ['P-256']]);
});

test('the node’s key is rotated by its operator, and its members hold credentials of the new one', async () => {
  const trader = buyer.client.call(wire.listTrustedIssuers, {});
  await expect(trader).rejects.toMatchObject({ problem: { code: 'kernel.notPermitted' } });
  const operator = await there.exchange.as('operator.system');
  const before = await operator.call(wire.listTrustedIssuers, {});
  expect(before.issuers).toMatchObject([
    { did: there.did, why: 'own' },
    { did: here.did, why: 'setting' },
  ]);
  await operator.call(wire.rotateIssuerKey, { body: {} });
  const keys = async () => JSON.parse((await read(before.document)).text);
  // What the earlier key has signed still stands, and only that.
  const both = await keys();
  expect([both.verificationMethod.length, both.authentication.length]).toEqual([2, 1]);
  await there.exchange.settle();
  later(600);
  await there.exchange.settle();
  expect((await keys()).verificationMethod).toHaveLength(1);
  expect((await identityOf(buyer)).credentials.map(({ state }) => state)).toEqual(['valid', 'replaced']);
  expect(await statusOf(await token())).toBe(200);
});

test('two members of one node know each other by their DIDs, too', async () => {
  const neighbour = await connect(here, 'citylogistics');
  const { id } = await neighbour.client.call(wire.requestContract, {
    body: {
      counterparty: supplier.name,
      address: supplier.address,
      dataset: 'nothing',
      offer: 'nothing',
      terms: { permission: [{ action: 'use' }] },
    },
  });
  const held = async () => (await neighbour.client.call(wire.getProcess, { params: { id } })).process.held;
  await expect.poll(held, { timeout: 30_000 }).toMatchObject({ fault: expect.stringContaining('offerUnknown') });
});

test('a credential of another dataspace is asked for, delivered, shown, and says nothing where its issuer is not trusted', async () => {
  const client = await administrator(there, 'citylogistics');
  expect(await issuer.offer(buyer.name)).toBe(401);
  there.trusted.push(issuer.did);
  expect(await issuer.offer(buyer.name)).toBe(200);
  const body = { issuer: issuer.did, credential: credentialId };
  await expect(buyer.client.call(wire.requestCredential, { body })).rejects.toMatchObject({
    problem: { code: 'kernel.notPermitted' },
  });
  await client.call(wire.requestCredential, { body });
  const states = async () => (await identityOf(buyer)).issuances.map(({ state }) => state);
  await expect
    .poll(
      async () => {
        await issuer.deliverAll();
        return states();
      },
      { timeout: 30_000 },
    )
    .toEqual(['ISSUED', 'OFFERED']);
  const held = (await identityOf(buyer)).credentials;
  expect(held[0]).toMatchObject({ issuer: issuer.did, own: false, state: 'valid' });
  // Beside the exchange's own, which alone is believed here.
  later(301);
  expect(await statusOf(await token())).toBe(200);
  here.trusted.splice(0, 1, issuer.did);
  later(301);
  expect(await statusOf(await token())).toBe(200);
  expect(await statusOf(await token(other))).toBe(401);
  here.trusted.splice(0, 1, there.did);
});

test('whoever is a member no longer is nobody here and may do nothing there, until it is one again', async () => {
  const { kernel, rooms } = there.exchange.exchange;
  const standing = (status: 'suspended' | 'active') =>
    kernel.database.tx(systemActor('test'), (tx) => rooms.members.setStanding(tx, buyer.participant, status, '违规'));
  expect(await statusOf(await token())).toBe(200);
  await standing('suspended');
  await there.exchange.settle();
  // A status list is kept for a minute.
  later(61);
  expect(await statusOf(await token())).toBe(401);
  expect(await statusOf(await token(other))).toBe(200);
  const asking = buyer.client.call(wire.requestContract, {
    body: {
      counterparty: supplier.name,
      address: supplier.address,
      dataset: 'nothing',
      offer: 'nothing',
      terms: { permission: [{ action: 'use' }] },
    },
  });
  await expect(asking).rejects.toMatchObject({ problem: { status: 403 } });
  await standing('active');
  await there.exchange.settle();
  expect(await statusOf(await token())).toBe(200);
});

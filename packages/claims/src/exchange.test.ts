/** The whole way between three parties over HTTP addresses: asked for, issued, delivered, presented, verified, revoked. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Answer } from './answer.ts';
import { newBits, withBit } from './bitstring.ts';
import type { Credential } from './credential.ts';
import { makeCredentialService } from './credential-service.ts';
import { makeIdentity } from './identity.ts';
import { type Decision, type IssuanceRequest, makeIssuerService } from './issuer-service.ts';
import {
  type CredentialObject,
  type CredentialOffer,
  credentialOffer,
  credentialRequest,
  presentationQuery,
} from './messages.ts';
import { DCP_CONTEXT } from './protocol.ts';
import { makeSchemas } from './schema.ts';
import { scopeAliases, typeScope } from './scope.ts';
import { makeIdToken } from './self-issued.ts';
import { issueStatusList, makeStatusLists } from './status-list.ts';
import { forge, makeWorld, type Party, partyOf, type Request, type World } from './testing.ts';

const member = partyOf('https://node.example/org_1');
const exchange = partyOf('https://exchange.example', 'ES256');
const supplier = partyOf('https://supplier.example');
const listAddress = `${exchange.address}/status/1`;
const membership: CredentialObject = {
  id: 'membership',
  type: 'CredentialObject',
  credentialType: 'MembershipCredential',
  bindingMethods: ['did:web'],
  profile: 'vc20-bssl/jwt',
};
const scope = typeScope('MembershipCredential');

const tokenIn = (authorization: string): string | undefined =>
  (JSON.parse(Buffer.from(authorization.split('.')[1]!, 'base64url').toString()) as { token?: string }).token;

const open = () => {
  const world = makeWorld();
  const state = {
    admitted: true,
    bits: newBits(),
    held: [] as Credential[],
    refusals: [] as (string | null)[],
    offers: [] as CredentialOffer[],
    expected: new Map<string, string | undefined>([['request-1', undefined]]),
    issuers: new Set([exchange.did]),
    shown: [] as (string | undefined)[],
    requests: new Map<string, IssuanceRequest>(),
  };
  for (const party of [member, exchange, supplier]) world.publish(party);
  const reply = async (answer: Promise<Answer> | Answer) => {
    const { status, body } = await answer;
    return { status, body: JSON.stringify(body ?? {}) };
  };
  const holder = makeCredentialService({
    signer: member.signer,
    ownKey: (kid) => (kid === member.signer.keyId ? member.publicKeyJwk : undefined),
    ...world.checks(),
    store: {
      credentials: async () => state.held,
      expects: async ({ issuer, holderPid, issuerPid }) =>
        state.issuers.has(issuer) &&
        state.expected.has(holderPid) &&
        (state.expected.get(holderPid) ?? issuerPid) === issuerPid,
      issued: async ({ holderPid, issuerPid, credentials }) => {
        if (state.expected.get(holderPid) === issuerPid) return;
        state.expected.set(holderPid, issuerPid);
        state.held.push(...credentials);
      },
      rejected: async ({ reason }) => void state.refusals.push(reason),
      offered: async (offer) => void state.offers.push(offer),
    },
  });
  const decide = async (): Promise<Decision> =>
    state.admitted
      ? {
          issue: true,
          id: 'urn:uuid:1',
          subject: { memberOf: 'Shugu' },
          validUntil: new Date(world.time.getTime() + 86_400_000),
          status: {
            type: 'BitstringStatusListEntry',
            statusPurpose: 'revocation',
            statusListIndex: 9,
            statusListCredential: listAddress,
          },
        }
      : { issue: false, reason: 'not admitted' };
  const issuer = makeIssuerService({
    signer: exchange.signer,
    address: `${exchange.address}/issuer`,
    supported: [membership],
    decide,
    fetch: world.fetch,
    ...world.checks(),
    store: {
      received: async (request) => void state.requests.set(request.issuerPid, request),
      request: async (issuerPid) => state.requests.get(issuerPid),
      concluded: async (issuerPid, status) =>
        void state.requests.set(issuerPid, { ...state.requests.get(issuerPid)!, status }),
    },
  });
  const at = `${member.address}/holder`;
  world.serve(`${at}/presentations/query`, ({ authorization, body }: Request) =>
    reply(holder.query(authorization, body)),
  );
  world.serve(`${at}/credentials`, ({ authorization, body }: Request) => {
    state.shown.push(tokenIn(authorization!));
    return reply(holder.deliver(authorization, body));
  });
  world.serve(listAddress, async () => ({
    type: 'application/vc+jwt',
    body: await issueStatusList(exchange.signer, {
      profile: 'vc20-bssl/jwt',
      address: listAddress,
      purpose: 'revocation',
      bits: state.bits,
      validFrom: world.time,
      validUntil: new Date(world.time.getTime() + 3600_000),
    }),
  }));
  const identity = (party: Party, wants: string[], shows: string[], keepSeconds = 0) => {
    const checks = world.checks();
    return makeIdentity({
      signer: party.signer,
      keepSeconds,
      wants,
      shows,
      fetch: world.fetch,
      ...checks,
      trusts: (did) => did === exchange.did,
      statusLists: makeStatusLists({ fetch: world.fetch, ...checks }),
      schemas: makeSchemas({ fetch: world.fetch, now: world.now }),
    });
  };
  const bearer = async (from: Party, to: Party, token?: string) =>
    `Bearer ${await makeIdToken(from.signer, { audience: to.did, now: world.time, token })}`;
  const ask = async () =>
    issuer.request(
      await bearer(member, exchange, 'to be shown at delivery'),
      credentialRequest({ holderPid: 'request-1', credentials: ['membership'] }),
    );
  return { world, state, holder, issuer, identity, bearer, ask };
};

let stage: ReturnType<typeof open>;
let world: World;
beforeEach(() => {
  stage = open();
  world = stage.world;
});

const issue = async () => {
  const answer = await stage.ask();
  const issuerPid = answer.headers!.location!.split('/').at(-1)!;
  return { answer, issuerPid, delivered: await stage.issuer.deliver(issuerPid) };
};

describe('issuance', () => {
  test('requested, told, delivered; afterwards nothing more is taken under that number', async () => {
    const asked = await stage.ask();
    expect(asked).toMatchObject({ status: 201 });
    expect(asked.headers!.location).toMatch(/^https:\/\/exchange\.example\/issuer\/requests\/[0-9a-f-]{36}$/);
    const issuerPid = asked.headers!.location!.split('/').at(-1)!;
    const status = async (from: Party) => stage.issuer.status(await stage.bearer(from, exchange), issuerPid);
    expect(await status(member)).toMatchObject({
      status: 200,
      body: { type: 'CredentialStatus', status: 'RECEIVED', holderPid: 'request-1' },
    });
    expect(await status(supplier)).toMatchObject({ status: 404 });
    expect(await stage.issuer.deliver(issuerPid)).toBe('ISSUED');
    expect(stage.state.shown).toEqual(['to be shown at delivery']);
    expect(await status(member)).toMatchObject({ body: { status: 'ISSUED' } });
    expect(stage.state.held.map(({ types }) => types)).toEqual([['VerifiableCredential', 'MembershipCredential']]);
    expect(await stage.issuer.deliver(issuerPid)).toBe('ISSUED');
    // As after a crash between the holder's answer and noting it.
    stage.state.requests.set(issuerPid, { ...stage.state.requests.get(issuerPid)!, status: 'RECEIVED' });
    expect(await stage.issuer.deliver(issuerPid)).toBe('ISSUED');
    expect(stage.state.held).toHaveLength(1);
    const second = (await stage.ask()).headers!.location!.split('/').at(-1)!;
    await expect(stage.issuer.deliver(second)).rejects.toThrow(expect.objectContaining({ code: 'claims.unreachable' }));
    expect(stage.state.requests.get(second)!.status).toBe('RECEIVED');
    expect(stage.state.held).toHaveLength(1);
  });

  test('a holder that is not admitted is told why and gets nothing', async () => {
    stage.state.admitted = false;
    expect((await issue()).delivered).toBe('REJECTED');
    expect(stage.state).toMatchObject({ held: [], refusals: ['not admitted'] });
  });

  test('metadata names what can be asked for, and nothing else can', async () => {
    const { body } = stage.issuer.metadata();
    expect(body).toEqual({
      '@context': [DCP_CONTEXT],
      type: 'IssuerMetadata',
      issuer: exchange.did,
      credentialsSupported: [membership],
    });
    const request = (message: unknown) =>
      stage.bearer(member, exchange).then((auth) => stage.issuer.request(auth, message));
    const good = credentialRequest({ holderPid: 'request-1', credentials: ['membership'] });
    for (const bad of [
      credentialRequest({ holderPid: 'request-1', credentials: ['licence'] }),
      credentialRequest({ holderPid: '', credentials: ['membership'] }),
      { ...good, credentials: [] },
      { ...good, credentials: ['membership'] },
      { ...good, type: 'CredentialOfferMessage' },
      { ...good, '@context': ['https://example.com'] },
      undefined,
    ])
      expect(await request(bad)).toMatchObject({ status: 400, body: { error: 'claims.message-malformed' } });
    expect(stage.state.requests.size).toBe(0);
    expect(await stage.issuer.request(undefined, good)).toMatchObject({ status: 401 });
  });
});

describe('the holder’s door', () => {
  const message = (payload: unknown, more: object = {}) => ({
    '@context': [DCP_CONTEXT],
    type: 'CredentialMessage',
    issuerPid: 'i',
    holderPid: 'request-1',
    status: 'ISSUED',
    credentials: [{ credentialType: 'MembershipCredential', format: 'vc20-bssl/jwt', payload }],
    ...more,
  });

  test('it takes a credential only from its issuer, about itself, asked for and whole', async () => {
    await issue();
    const [{ jwt }] = stage.state.held.splice(0) as [Credential];
    stage.state.expected.set('request-1', undefined);
    const deliver = async (from: Party, body: unknown) => stage.holder.deliver(await stage.bearer(from, member), body);
    expect(await deliver(exchange, message(jwt, { holderPid: 'request-2' }))).toMatchObject({
      body: { error: 'claims.not-expected' },
    });
    expect(await deliver(supplier, message(jwt))).toMatchObject({ body: { error: 'claims.not-expected' } });
    stage.state.issuers.add(supplier.did);
    expect(await deliver(supplier, message(jwt))).toMatchObject({ body: { error: 'claims.issuer-wrong' } });
    expect(await deliver(exchange, message(`${jwt.slice(0, -8)}AAAAAAAA`))).toMatchObject({
      body: { error: 'claims.signature-wrong' },
    });
    expect(await deliver(exchange, message({ proof: {} }))).toMatchObject({
      body: { error: 'claims.message-malformed' },
    });
    for (const more of [
      { status: 'DONE' },
      { holderPid: undefined },
      { issuerPid: 7 },
      { credentials: [] },
      { credentials: undefined },
    ])
      expect(await deliver(exchange, message(jwt, more))).toMatchObject({ status: 400 });
    expect(stage.state.held).toEqual([]);
    expect(await deliver(exchange, message(jwt))).toMatchObject({ status: 200 });
    expect(stage.state.held).toHaveLength(1);
  });

  test('offers are heard from their issuer alone', async () => {
    const offer = async (from: Party, body: unknown) => stage.holder.offer(await stage.bearer(from, member), body);
    const sparse = credentialOffer({ issuer: exchange.did, credentials: [{ id: 'membership' }] });
    expect(await offer(exchange, sparse)).toMatchObject({ status: 200 });
    expect(stage.state.offers).toEqual([{ issuer: exchange.did, credentials: [{ id: 'membership' }] }]);
    expect(await offer(supplier, sparse)).toMatchObject({ status: 401 });
    for (const bad of [
      { ...sparse, issuer: null },
      { ...sparse, credentials: [] },
      { ...sparse, credentials: [{}] },
    ])
      expect(await offer(exchange, bad)).toMatchObject({ status: 400 });
    expect(stage.state.offers).toHaveLength(1);
  });

  test('a query needs a token that the holder itself made for this very caller', async () => {
    await issue();
    const granted = async (to: Party) => tokenIn(await stage.identity(member, [], [scope]).authorization(to.did));
    const query = async (from: Party, token: string | undefined, body: unknown = presentationQuery([scope])) =>
      stage.holder.query(await stage.bearer(from, member, token), body);
    const shown = (answer: Answer) => (answer.body!.presentation as string[]).length;
    expect(shown(await query(supplier, await granted(supplier)))).toBe(1);
    expect(await query(exchange, await granted(supplier))).toMatchObject({ status: 403 });
    expect(await query(supplier, undefined)).toMatchObject({ status: 403 });
    expect(await query(supplier, 'opaque')).toMatchObject({ status: 403 });
    const at = Math.floor(world.time.getTime() / 1000);
    const alike = { iss: member.did, aud: member.did, sub: supplier.did, scope: [scope], iat: at, exp: at + 60 };
    expect(await query(supplier, await forge(member.signer, alike))).toMatchObject({ status: 403 });
    const own = await makeIdToken(member.signer, { audience: member.did, now: world.time });
    expect(await query(supplier, own)).toMatchObject({ status: 403 });
    const old = await granted(supplier);
    world.wait(400);
    expect(await query(supplier, old)).toMatchObject({ status: 403 });
    const token = await granted(supplier);
    const other = [`${scopeAliases.id}:urn:uuid:1`, typeScope('LicenceCredential'), 'alias:other'];
    expect(shown(await query(supplier, token, presentationQuery(other)))).toBe(0);
    const definition = { id: 'd', input_descriptors: [{ id: 'x' }] };
    const asked = presentationQuery([scope]);
    for (const [body, status] of [
      [{ ...asked, scope: [] }, 400],
      [{ ...asked, scope: undefined }, 400],
      [{ ...asked, presentationDefinition: definition }, 400],
      [{ ...asked, scope: undefined, presentationDefinition: {} }, 400],
      [{ ...asked, scope: undefined, presentationDefinition: definition }, 501],
    ] as const)
      expect(await query(supplier, token, body)).toMatchObject({ status });
    world.wait(86_400);
    expect(shown(await query(supplier, await granted(supplier)))).toBe(0);
  });
});

describe('an identity towards others', () => {
  const meet = async () => {
    const from = stage.identity(member, [], [scope]);
    const to = stage.identity(supplier, [scope], []);
    return to.verify(await from.authorization(supplier.did));
  };

  test('a member’s message tells who sent it, and what the exchange says of them', async () => {
    await issue();
    const found = await meet();
    expect(found).toMatchObject({ ok: true, counterParty: member.did });
    expect(found.ok && found.claims[0]!.subjects).toEqual([{ id: member.did, memberOf: 'Shugu' }]);
  });

  test('without a membership, and once it is revoked, it is refused', async () => {
    expect(await meet()).toMatchObject({ ok: false, code: 'claims.credential-missing', status: 401 });
    await issue();
    expect(await meet()).toMatchObject({ ok: true });
    stage.state.bits = withBit(stage.state.bits, 9, true);
    expect(await meet()).toMatchObject({ ok: false, code: 'claims.revoked' });
  });

  test('a message for another, twice, or without a look at credentials', async () => {
    await issue();
    const to = stage.identity(supplier, [scope], []);
    const from = stage.identity(member, [], [scope]);
    expect(await to.verify(await from.authorization(exchange.did))).toMatchObject({ code: 'claims.audience-wrong' });
    const once = await from.authorization(supplier.did);
    expect(await to.verify(once)).toMatchObject({ ok: true });
    expect(await to.verify(once)).toMatchObject({ code: 'claims.replayed' });
    expect(await to.verify(await stage.bearer(member, supplier))).toMatchObject({
      code: 'claims.access-refused',
      status: 403,
    });
    expect(await to.verify(undefined)).toMatchObject({ code: 'claims.token-missing' });
    const hidden = stage.identity(member, [], []);
    expect(await to.verify(await hidden.authorization(supplier.did))).toMatchObject({
      code: 'claims.credential-missing',
    });
  });

  test('what was shown may be kept, but no longer than it holds', async () => {
    await issue();
    const to = stage.identity(supplier, [scope], [], 600);
    const from = stage.identity(member, [], [scope]);
    const again = async () => to.verify(await from.authorization(supplier.did));
    const queries = () => world.asked.filter((address) => address.endsWith('/presentations/query')).length;
    expect(await again()).toMatchObject({ ok: true });
    expect(await again()).toMatchObject({ ok: true, counterParty: member.did });
    expect(queries()).toBe(1);
    stage.state.bits = withBit(stage.state.bits, 9, true);
    world.wait(60);
    expect(await again()).toMatchObject({ ok: false, code: 'claims.revoked' });
    stage.state.bits = newBits();
    world.wait(60);
    expect(await again()).toMatchObject({ ok: true });
    expect(queries()).toBe(2);
    world.wait(600);
    expect(await again()).toMatchObject({ ok: true });
    expect(queries()).toBe(3);
    const forLong = stage.identity(supplier, [scope], [], 1_000_000);
    expect(await forLong.verify(await from.authorization(supplier.did))).toMatchObject({ ok: true });
    world.wait(86_400);
    expect(await forLong.verify(await from.authorization(supplier.did))).toMatchObject({
      code: 'claims.credential-missing',
    });
  });

  test('a counter-party whose credential service fails is refused, not believed', async () => {
    await issue();
    for (const reply of [{ status: 500, body: '' }, { body: '{' }, { body: '{}' }, { body: '[]' }]) {
      world.serve(`${member.address}/holder/presentations/query`, () => reply);
      expect(await meet()).toMatchObject({ ok: false });
    }
  });
});

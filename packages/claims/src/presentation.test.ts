/** What a verifier believes, and each way in which it does not. */
import { beforeEach, describe, expect, test } from 'vitest';
import { newBits, withBit } from './bitstring.ts';
import { type CredentialDraft, issueCredential, readCredential, type StatusEntry } from './credential.ts';
import { type CredentialChecks, makePresentations, verifyPresentations } from './presentation.ts';
import { type Profile, profiles, VC2_CONTEXT } from './protocol.ts';
import { makeSchemas } from './schema.ts';
import { scopeAliases, typeScope } from './scope.ts';
import { issueStatusList, makeStatusLists } from './status-list.ts';
import { forge, makeWorld, partyOf, type World } from './testing.ts';

const holder = partyOf('https://holder.example/org_1');
const issuer = partyOf('https://exchange.example', 'ES256');
const verifier = partyOf('https://verifier.example');
const stranger = partyOf('https://stranger.example');
const listAddress = 'https://exchange.example/status/1';
const schemaAddress = 'https://exchange.example/schemas/membership';
const plainAddress = listAddress.replace('https:', 'http:');
const code = (name: string) => expect.objectContaining({ code: name });

let world: World;
let checks: CredentialChecks;
beforeEach(() => {
  world = makeWorld();
  for (const party of [holder, issuer, verifier, stranger]) world.publish(party);
  const { resolver, now } = world.checks();
  checks = {
    resolver,
    now,
    trusts: (did, types) => did === issuer.did && types.includes('MembershipCredential'),
    statusLists: makeStatusLists({ fetch: world.fetch, now, resolver }),
    schemas: makeSchemas({ fetch: world.fetch, now }),
  };
});

const later = (seconds: number) => new Date(world.time.getTime() + seconds * 1000);
const entry = (profile: Profile, statusListIndex = 5): StatusEntry => ({
  type: profile === 'vc20-bssl/jwt' ? 'BitstringStatusListEntry' : 'StatusList2021Entry',
  statusPurpose: 'revocation',
  statusListIndex,
  statusListCredential: listAddress,
});
const draft = (profile: Profile, more: Partial<CredentialDraft> = {}): CredentialDraft => ({
  profile,
  id: 'urn:uuid:1',
  type: 'MembershipCredential',
  subject: { id: holder.did, memberSince: '2026-01-01' },
  validFrom: world.time,
  validUntil: later(3600),
  ...more,
});
const issued = (profile: Profile, more: Partial<CredentialDraft> = {}, by = issuer) =>
  issueCredential(by.signer, draft(profile, more));
const presented = (profile: Profile, jwts: string[], by = holder) =>
  makePresentations(by.signer, {
    audience: verifier.did,
    credentials: jwts.map((jwt) => ({ profile, jwt })),
    now: world.time,
  });
const verify = (presentations: readonly unknown[], scopes = [typeScope('MembershipCredential')]) =>
  verifyPresentations(presentations, { ...checks, holder: holder.did, audience: verifier.did, scopes });

type List = Partial<Parameters<typeof issueStatusList>[1]> & { by?: typeof issuer };
const publishList = (bits: Uint8Array, { by = issuer, ...more }: List = {}) => {
  const list = {
    profile: 'vc20-bssl/jwt' as const,
    address: listAddress,
    purpose: 'revocation' as const,
    bits,
    validFrom: world.time,
    validUntil: later(3600),
    ...more,
  };
  const page = async () => ({ type: 'application/vc+jwt', body: await issueStatusList(by.signer, list) });
  for (const address of [listAddress, plainAddress]) world.serve(address, page);
};

describe.each(profiles)('profile %s', (profile) => {
  test('a good presentation is believed, and its claims are given', async () => {
    const [credential] = await verify(await presented(profile, [await issued(profile)]));
    expect(credential).toMatchObject({
      profile,
      issuer: issuer.did,
      types: ['VerifiableCredential', 'MembershipCredential'],
    });
    expect(credential!.subjects).toEqual([{ id: holder.did, memberSince: '2026-01-01' }]);
  });

  test('expired, not yet valid', async () => {
    const early = await issued(profile, { validFrom: later(3600), validUntil: later(7200) });
    await expect(verify(await presented(profile, [early]))).rejects.toThrow(code('claims.not-yet-valid'));
    const good = await issued(profile);
    world.wait(3600 + 60);
    await expect(verify(await presented(profile, [good]))).rejects.toThrow(code('claims.expired'));
  });

  test('an issuer that is not trusted, or not for this type', async () => {
    const foreign = await issued(profile, {}, stranger);
    await expect(verify(await presented(profile, [foreign]))).rejects.toThrow(code('claims.issuer-untrusted'));
    const other = await issued(profile, { type: 'LicenceCredential' });
    await expect(verify(await presented(profile, [other]))).rejects.toThrow(code('claims.issuer-untrusted'));
    // Beside one that is trusted they say nothing: members of several dataspaces show all of it.
    const good = await issued(profile);
    const believed = await verify(await presented(profile, [foreign, good, other]));
    expect(believed.map(({ jwt }) => jwt)).toEqual([readCredential(good).jwt]);
  });

  test('signed by somebody else than the issuer that it names', async () => {
    const posing = { ...stranger, signer: { ...stranger.signer, did: issuer.did } };
    const own = await issued(profile, {}, posing);
    await expect(verify(await presented(profile, [own]))).rejects.toThrow(code('claims.issuer-wrong'));
    const underHisName = { ...stranger, signer: { ...stranger.signer, did: issuer.did, keyId: issuer.signer.keyId } };
    const forged = await issued(profile, {}, underHisName);
    await expect(verify(await presented(profile, [forged]))).rejects.toThrow(code('claims.signature-wrong'));
  });

  test('about somebody else', async () => {
    const other = await issued(profile, { subject: { id: stranger.did } });
    await expect(verify(await presented(profile, [other]))).rejects.toThrow(code('claims.holder-mismatch'));
  });

  test('altered bytes, in the credential and in the presentation', async () => {
    const altered = (jwt: string) => {
      const [head, payload, signature] = jwt.split('.') as [string, string, string];
      const text = Buffer.from(payload, 'base64url').toString().replace('2026-01-01', '2016-01-01');
      return `${head}.${Buffer.from(text.replace('"exp":', '"exp":9')).toString('base64url')}.${signature}`;
    };
    const jwt = await issued(profile);
    await expect(verify(await presented(profile, [altered(jwt)]))).rejects.toThrow(code('claims.signature-wrong'));
    const [presentation] = await presented(profile, [jwt]);
    await expect(verify([altered(presentation!)])).rejects.toThrow(code('claims.signature-wrong'));
  });

  test('revoked; good again once it is not', async () => {
    publishList(withBit(newBits(), 5, true), { profile });
    const presentation = () => issued(profile, { status: entry(profile) }).then((jwt) => presented(profile, [jwt]));
    await expect(verify(await presentation())).rejects.toThrow(code('claims.revoked'));
    expect(await verify(await presented(profile, [await issued(profile, { status: entry(profile, 6) })]))).toHaveLength(
      1,
    );
    publishList(newBits(), { profile });
    world.wait(60);
    expect(await verify(await presentation())).toHaveLength(1);
  });

  test('a status that cannot be told is no good status', async () => {
    const status = entry(profile);
    const presentation = async (more: Partial<StatusEntry> = {}) =>
      presented(profile, [await issued(profile, { status: { ...status, ...more } })]);
    const expectUnknown = async (more: Partial<StatusEntry> = {}) => {
      world.wait(61);
      await expect(verify(await presentation(more))).rejects.toThrow(code('claims.status-unknown'));
    };
    await expectUnknown();
    publishList(newBits(), { profile, by: stranger });
    await expectUnknown();
    publishList(newBits(), { profile, purpose: 'suspension' });
    await expectUnknown();
    publishList(newBits(), { profile: profiles.find((one) => one !== profile)! });
    await expectUnknown();
    publishList(newBits(), { profile, validUntil: world.time });
    world.wait(60);
    await expectUnknown();
    publishList(newBits(), { profile });
    await expectUnknown({ statusListIndex: newBits().length * 8 });
    await expectUnknown({ statusListCredential: plainAddress });
    world.serve(listAddress, async () => ({ body: JSON.stringify({ credentialSubject: { encodedList: 'u' } }) }));
    await expectUnknown();
  });

  test('a presentation for another verifier, by another holder, or over its time', async () => {
    const jwt = await issued(profile);
    const forOther = await makePresentations(holder.signer, {
      audience: stranger.did,
      credentials: [{ profile, jwt }],
      now: world.time,
    });
    await expect(verify(forOther)).rejects.toThrow(code('claims.audience-wrong'));
    await expect(verify(await presented(profile, [jwt], stranger))).rejects.toThrow(code('claims.holder-mismatch'));
    const late = await presented(profile, [jwt]);
    world.wait(331);
    await expect(verify(late)).rejects.toThrow(code('claims.expired'));
  });

  test('the key of a presentation is for authentication, that of a credential for assertions', async () => {
    const jwts = [await issued(profile)];
    const only = (party: typeof holder, use: 'assertionMethod' | 'authentication') =>
      world.publish(party, [{ fragment: 'key-1', publicKeyJwk: party.publicKeyJwk, uses: [use] }]);
    only(holder, 'assertionMethod');
    await expect(verify(await presented(profile, jwts))).rejects.toThrow(code('claims.key-unknown'));
    world.wait(301);
    only(holder, 'authentication');
    only(issuer, 'authentication');
    await expect(verify(await presented(profile, jwts))).rejects.toThrow(code('claims.key-unknown'));
    world.wait(301);
    only(issuer, 'assertionMethod');
    expect(await verify(await presented(profile, jwts))).toHaveLength(1);
  });
});

describe('presentations', () => {
  test('each scope has to be met; more than asked for is taken; nothing is not enough', async () => {
    const jwts = [await issued('vc20-bssl/jwt'), await issued('vc20-bssl/jwt', { id: 'urn:uuid:2' })];
    const presentations = await presented('vc20-bssl/jwt', jwts);
    expect(await verify(presentations, [`${scopeAliases.id}:urn:uuid:2`])).toHaveLength(2);
    await expect(verify(presentations, [`${scopeAliases.id}:urn:uuid:3`])).rejects.toThrow(
      code('claims.credential-missing'),
    );
    await expect(verify(presentations, ['other:MembershipCredential'])).rejects.toThrow(
      code('claims.credential-missing'),
    );
    await expect(verify([])).rejects.toThrow(code('claims.credential-missing'));
  });

  test('profiles never mix in one presentation: two are made, and a mixed one is refused', async () => {
    const credentials = await Promise.all(profiles.map(async (profile) => ({ profile, jwt: await issued(profile) })));
    const made = await makePresentations(holder.signer, { audience: verifier.did, credentials, now: world.time });
    expect(made).toHaveLength(2);
    expect(await verify(made)).toHaveLength(2);
    const mixed = await presented(
      'vc11-sl2021/jwt',
      credentials.map(({ jwt }) => jwt),
    );
    await expect(verify(mixed)).rejects.toThrow(code('claims.presentation-malformed'));
  });

  test('one bad credential among good ones spoils all', async () => {
    publishList(withBit(newBits(), 5, true));
    const jwts = [await issued('vc20-bssl/jwt'), await issued('vc20-bssl/jwt', { status: entry('vc20-bssl/jwt') })];
    await expect(verify(await presented('vc20-bssl/jwt', jwts))).rejects.toThrow(code('claims.revoked'));
  });

  test('a schema is kept to: by the subject in the older type, by the credential in the newer', async () => {
    const schema = { type: 'object', required: ['memberSince'], properties: { memberSince: { type: 'string' } } };
    const with_ = async (type: string, subject = draft('vc20-bssl/jwt').subject) =>
      presented('vc20-bssl/jwt', [await issued('vc20-bssl/jwt', { subject, schema: { id: schemaAddress, type } })]);
    await expect(verify(await with_('JsonSchemaValidator2018'))).rejects.toThrow(code('claims.schema-violated'));
    world.serve(schemaAddress, () => ({
      type: 'application/schema+json',
      body: JSON.stringify({ $schema: 'http://json-schema.org/draft-04/schema#', ...schema }),
    }));
    expect(await verify(await with_('JsonSchemaValidator2018'))).toHaveLength(1);
    await expect(verify(await with_('JsonSchemaValidator2018', { id: holder.did }))).rejects.toThrow(
      code('claims.schema-violated'),
    );
    await expect(verify(await with_('JsonSchema'))).rejects.toThrow(code('claims.schema-violated'));
    await expect(verify(await with_('ShexValidator'))).rejects.toThrow(code('claims.schema-violated'));
  });

  test('no address in a credential is called before a trusted issuer is known to have put it there', async () => {
    const status = entry('vc20-bssl/jwt');
    const schema = { id: schemaAddress, type: 'JsonSchema' };
    const underHisName = { ...stranger, signer: { ...stranger.signer, did: issuer.did, keyId: issuer.signer.keyId } };
    for (const by of [stranger, underHisName]) {
      await expect(
        verify(await presented('vc20-bssl/jwt', [await issued('vc20-bssl/jwt', { status, schema }, by)])),
      ).rejects.toThrow();
    }
    expect(world.asked.filter((address) => address === listAddress || address === schemaAddress)).toEqual([]);
  });

  test.each<[string, string, object]>([
    ['without an issuer', 'claims.credential-malformed', { issuer: undefined }],
    ['without a subject', 'claims.credential-malformed', { credentialSubject: [] }],
    ['a subject in words', 'claims.credential-malformed', { credentialSubject: 'holder' }],
    ['a date that is none', 'claims.credential-malformed', { validUntil: 'next year' }],
    ['of no known data model', 'claims.credential-malformed', { '@context': ['https://example.com/v3'] }],
    ['of no type', 'claims.credential-malformed', { type: [] }],
    ['of an unknown kind of status', 'claims.status-unknown', { credentialStatus: { type: 'OtherStatus' } }],
    [
      'with a status of several bits',
      'claims.status-unknown',
      { credentialStatus: { ...entry('vc20-bssl/jwt'), statusSize: 2 } },
    ],
    ['another subject in the token', 'claims.credential-malformed', { sub: stranger.did }],
  ])('%s: %s', async (_, refusal, change) => {
    const document = {
      '@context': [VC2_CONTEXT],
      type: ['MembershipCredential'],
      issuer: issuer.did,
      credentialSubject: { id: holder.did },
    };
    const good = await forge(issuer.signer, document, { typ: 'vc+jwt' });
    expect(readCredential(good).issuer).toBe(issuer.did);
    const bad = await forge(issuer.signer, { ...document, ...change }, { typ: 'vc+jwt' });
    expect(() => readCredential(bad)).toThrow(code(refusal));
  });
});

/** The examples of the specification (DCP 1.0.1, its folder `artifacts`), and whatever else may come. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCredential } from './credential.ts';
import { didWebAddress, keyFor, readDidDocument, relationships } from './did.ts';
import { makeIdentity } from './identity.ts';
import {
  credentialMessage,
  credentialOffer,
  credentialRequest,
  credentialStatus,
  issuerMetadata,
  presentationQuery,
  presentationResponse,
  readCredentialMessage,
  readCredentialOffer,
  readCredentialRequest,
  readPresentationQuery,
  readPresentationResponse,
} from './messages.ts';
import { ClaimsError } from './problem.ts';
import { DCP_CONTEXT, VC2_CONTEXT } from './protocol.ts';
import { makeSchemas } from './schema.ts';
import { parseScope, scopeAliases, typeScope } from './scope.ts';
import { makeStatusLists } from './status-list.ts';
import { forge, makeWorld, partyOf } from './testing.ts';

const said = (type: string, body: object) => ({ '@context': [DCP_CONTEXT], type, ...body });
const company = {
  id: 'd5c77b0e-7f4e-4fd5-8c5f-28b5fc3f96d1',
  type: 'CredentialObject' as const,
  credentialType: 'CompanyCredential',
  offerReason: 'reissue',
  credentialSchema: 'https://example.com/company-credential-schema.json',
  bindingMethods: ['did:web'],
  profile: 'vc20-bssl/jwt' as const,
  issuancePolicy: {
    id: 'Scalable trust example',
    input_descriptors: [
      {
        id: 'pd-id',
        constraints: {
          fields: [{ path: ['$.vc.type'], filter: { type: 'string', pattern: '^AttestationCredential$' } }],
        },
      },
    ],
  },
};

describe('examples of the specification', () => {
  test('are read, and what is written is alike', () => {
    const query = said('PresentationQueryMessage', { scope: ['presentation1', 'presentation2'] });
    expect(readPresentationQuery(query)).toEqual(['presentation1', 'presentation2']);
    expect(presentationQuery(['presentation1', 'presentation2'])).toEqual(query);

    const response = said('PresentationResponseMessage', { presentation: ['presentation1', 'presentation2'] });
    expect(readPresentationResponse(response)).toEqual(['presentation1', 'presentation2']);
    expect(presentationResponse(['presentation1', 'presentation2'])).toEqual(response);

    const ids = [company.id, 'c0f81e68-6d35-4f9d-bc04-51e511b2e46c'];
    const request = said('CredentialRequestMessage', {
      holderPid: 'holderPid',
      credentials: ids.map((id) => ({ id })),
    });
    expect(readCredentialRequest(request)).toEqual({ holderPid: 'holderPid', credentials: ids });
    expect(credentialRequest({ holderPid: 'holderPid', credentials: ids })).toEqual(request);

    const pids = { issuerPid: 'issuerPid', holderPid: 'holderPid' };
    const credentials = [
      { credentialType: 'MembershipCredential', payload: '<JWT-STRING>', format: 'jwt' },
      { credentialType: 'OrganizationCredential', payload: '<LD-Object>', format: 'json-ld' },
    ];
    const issued = said('CredentialMessage', { credentials, ...pids, status: 'ISSUED' });
    expect(readCredentialMessage(issued)).toEqual({ ...pids, credentials, status: 'ISSUED' });
    expect(credentialMessage({ ...pids, credentials, status: 'ISSUED' })).toEqual(issued);

    const rejected = said('CredentialMessage', {
      ...pids,
      status: 'REJECTED',
      rejectionReason: 'final approval not granted',
    });
    expect(readCredentialMessage(rejected)).toMatchObject({
      status: 'REJECTED',
      rejectionReason: 'final approval not granted',
    });

    const offer = said('CredentialOfferMessage', { issuer: 'issuer', credentials: [company] });
    expect(readCredentialOffer(offer)).toEqual({ issuer: 'issuer', credentials: [company] });
    expect(credentialOffer({ issuer: 'issuer', credentials: [company] })).toEqual(offer);

    const metadata = said('IssuerMetadata', { issuer: 'did:web:issuer-url', credentialsSupported: [company] });
    expect(issuerMetadata('did:web:issuer-url', [company])).toEqual(metadata);
    const status = said('CredentialStatus', { ...pids, status: 'RECEIVED' });
    expect(credentialStatus({ ...pids, status: 'RECEIVED' })).toEqual(status);
  });

  test('scopes', () => {
    expect(parseScope('org.eclipse.dspace.dcp.vc.type:Member')).toEqual({ by: 'type', value: 'Member' });
    const id = '8247b87d-8d72-47e1-8128-9ce47e3d829d';
    expect(parseScope(`${scopeAliases.id}:${id}`)).toEqual({ by: 'id', value: id });
    expect(parseScope(`${scopeAliases.id}:urn:uuid:${id}:read`)).toEqual({ by: 'id', value: `urn:uuid:${id}` });
    expect(typeScope('MembershipCredential')).toBe('org.eclipse.dspace.dcp.vc.type:MembershipCredential:read');
    for (const other of ['presentation1', `${scopeAliases.type}:`, `${scopeAliases.type}`, `x${scopeAliases.type}:A`])
      expect(parseScope(other)).toBeUndefined();
  });
});

/** Either a value or a refusal with a code; any other error is a defect. */
const refusesOrReads = (read: () => unknown): void => {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ClaimsError);
  }
};

describe('whatever else may come', () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const names = [
    '@context',
    'type',
    'id',
    'issuer',
    'credentialSubject',
    'credentialStatus',
    'credentialSchema',
    'vc',
    'vp',
  ];
  const more = [
    'verifiableCredential',
    'scope',
    'credentials',
    'holderPid',
    'presentation',
    'service',
    'verificationMethod',
  ];
  const plausible = fc.oneof(
    json,
    fc.constantFrom<unknown>(DCP_CONTEXT, VC2_CONTEXT, null, [null], { id: null }, [[]]),
  );
  const object = fc.dictionary(fc.constantFrom(...names, ...more, ...relationships), plausible, { maxKeys: 8 });

  test('messages and documents are read or refused', () => {
    const types = [
      'PresentationQueryMessage',
      'CredentialMessage',
      'CredentialOfferMessage',
      'CredentialRequestMessage',
    ];
    const readers = [
      readPresentationQuery,
      readPresentationResponse,
      readCredentialRequest,
      readCredentialMessage,
      readCredentialOffer,
    ];
    fc.assert(
      fc.property(fc.oneof(json, object), fc.constantFrom(...types), (value, type) => {
        for (const read of readers) refusesOrReads(() => read(value));
        if (value === null || typeof value !== 'object') return;
        for (const read of readers) refusesOrReads(() => read({ ...value, '@context': DCP_CONTEXT, type }));
        refusesOrReads(() => {
          const document = readDidDocument({ ...value, id: 'did:web:a.example' }, 'did:web:a.example');
          for (const use of relationships) keyFor(document, undefined, use);
        });
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => refusesOrReads(() => didWebAddress(`did:web:${text}`))));
  });

  test('credentials are read or refused, and no header makes an identity fail otherwise than by a refusal', async () => {
    const world = makeWorld();
    const [alice, bob] = [partyOf('https://alice.example'), partyOf('https://bob.example')];
    for (const party of [alice, bob]) world.publish(party);
    const checks = world.checks();
    const identity = makeIdentity({
      signer: bob.signer,
      ...checks,
      fetch: world.fetch,
      trusts: () => true,
      statusLists: makeStatusLists({ fetch: world.fetch, ...checks }),
      schemas: makeSchemas({ fetch: world.fetch, now: world.now }),
      shows: [],
      wants: [typeScope('MembershipCredential')],
    });
    const at = Math.floor(world.time.getTime() / 1000);
    const good = { iss: alice.did, sub: alice.did, aud: bob.did, iat: at, exp: at + 60, token: 'opaque' };
    await fc.assert(
      fc.asyncProperty(object, fc.uuid(), fc.string(), async (value, jti, text) => {
        const jwt = await forge(alice.signer, { ...value, issuer: alice.did });
        refusesOrReads(() => readCredential(jwt));
        // A credential service that answers with anything whatsoever.
        world.serve(`${alice.address}/holder/presentations/query`, async () => ({
          body: JSON.stringify(
            said('PresentationResponseMessage', {
              presentation: [await forge(alice.signer, { ...good, ...value }), value],
            }),
          ),
        }));
        const header = `Bearer ${await forge(alice.signer, { ...good, jti })}`;
        expect(await identity.verify(header)).toMatchObject({ ok: false });
        for (const other of [text, `Bearer ${text}`, `Bearer ${jwt}`])
          expect(await identity.verify(other)).toMatchObject({ ok: false });
      }),
    );
  });
});

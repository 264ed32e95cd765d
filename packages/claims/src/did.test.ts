import { describe, expect, test } from 'vitest';
import { didDocument, didWebAddress, didWebOf, keyFor, readDidDocument, serviceOf } from './did.ts';
import { limits } from './limits.ts';
import { makeResolver } from './resolve.ts';
import { makeWorld, partyOf } from './testing.ts';

describe('did:web', () => {
  // The examples of the method's specification.
  test.each([
    ['did:web:w3c-ccg.github.io', 'https://w3c-ccg.github.io/.well-known/did.json'],
    ['did:web:w3c-ccg.github.io:user:alice', 'https://w3c-ccg.github.io/user/alice/did.json'],
    ['did:web:example.com%3A3000', 'https://example.com:3000/.well-known/did.json'],
    ['did:web:example.com%3A3000:user:alice', 'https://example.com:3000/user/alice/did.json'],
  ])('%s stands at %s', (did, address) => {
    expect(didWebAddress(did)).toBe(address);
    expect(didWebOf(address.replace(/(\/\.well-known)?\/did\.json$/, ''))).toBe(did);
  });

  test.each([
    'did:key:z6Mk',
    'did:web:',
    'did:web:example.com:',
    'did:web:example.com::a',
    'did:web:example.com:..:a',
    'did:web:example.com:%2e%2e:a',
    'did:web:example.com:a%2Fb',
    'did:web:user@example.com',
    'did:web:example.com%3A',
    'did:web:exa mple.com',
    'did:web:[::1]',
    'did:web:example.com:a?b',
    `did:web:example.com:${'a'.repeat(3000)}`,
  ])('%s is refused', (did) => {
    expect(() => didWebAddress(did)).toThrow(expect.objectContaining({ code: 'claims.did-malformed' }));
  });
});

const alice = partyOf('https://node.example/alice');
const document = didDocument(alice.did, {
  keys: [
    { fragment: 'a', publicKeyJwk: alice.publicKeyJwk },
    { fragment: 'b', publicKeyJwk: alice.publicKeyJwk, uses: ['assertionMethod'] },
  ],
  services: {
    CredentialService: 'https://node.example/alice/cs/',
    DataService: 'https://node.example/.well-known/dspace-version',
  },
});

describe('documents', () => {
  test('what is built is read the same', () => {
    const read = readDidDocument(JSON.parse(JSON.stringify(document)), alice.did);
    expect(read).toEqual(document);
    expect(serviceOf(read, 'CredentialService')).toBe('https://node.example/alice/cs');
    expect(serviceOf(read, 'IssuerService')).toBeUndefined();
  });

  test('a key serves only the uses it is listed for', () => {
    expect(keyFor(document, `${alice.did}#b`, 'assertionMethod')?.id).toBe(`${alice.did}#b`);
    expect(keyFor(document, '#a', 'authentication')?.id).toBe(`${alice.did}#a`);
    expect(keyFor(document, `${alice.did}#b`, 'capabilityInvocation')).toBeUndefined();
    expect(keyFor(document, `${alice.did}#c`, 'assertionMethod')).toBeUndefined();
  });

  test('without kid there has to be one key', () => {
    expect(keyFor(document, undefined, 'assertionMethod')).toBeUndefined();
    const single = didDocument(alice.did, { keys: [{ fragment: 'a', publicKeyJwk: alice.publicKeyJwk }] });
    expect(keyFor(single, undefined, 'assertionMethod')?.id).toBe(`${alice.did}#a`);
  });

  test('relative ids and keys written into the relationship are understood', () => {
    const [method] = document.verificationMethod;
    const value = {
      id: alice.did,
      verificationMethod: [{ ...method, id: '#a' }],
      authentication: ['#a'],
      assertionMethod: [{ ...method, id: '#x' }],
    };
    const read = readDidDocument(value, alice.did);
    expect(keyFor(read, `${alice.did}#a`, 'authentication')).toBeDefined();
    expect(keyFor(read, `${alice.did}#x`, 'assertionMethod')).toBeDefined();
    expect(keyFor(read, `${alice.did}#x`, 'authentication')).toBeUndefined();
  });
});

describe('resolving', () => {
  const code = (name: string) => expect.objectContaining({ code: name });
  const address = didWebAddress(alice.did);

  test('another id, another media type, no JSON, an error and silence are refused', async () => {
    const world = makeWorld();
    const resolver = makeResolver(world);
    await expect(resolver.document(alice.did)).rejects.toThrow(code('claims.did-unresolved'));
    for (const reply of [
      { body: JSON.stringify({ ...document, id: 'did:web:node.example:bob' }) },
      { body: JSON.stringify(document), type: 'text/html' },
      { body: '{' },
      { body: JSON.stringify(document), status: 404 },
    ]) {
      world.serve(address, () => reply);
      await expect(resolver.document(alice.did)).rejects.toThrow(code('claims.did-unresolved'));
    }
    for (const type of [
      'application/did+ld+json',
      'application/json; charset=utf-8',
      'application/json, application/json',
      '',
    ]) {
      world.serve(address, () => ({ body: JSON.stringify(document), type }));
      expect((await makeResolver(world).document(alice.did)).id, type).toBe(alice.did);
    }
  });

  test('it is read up to the limit and no further', async () => {
    const world = makeWorld();
    world.serve(address, () => ({ body: new Uint8Array(limits.documentBytes + 1).fill(32) }));
    await expect(makeResolver(world).document(alice.did)).rejects.toThrow(code('claims.too-large'));
  });

  test('a document is kept for a while; a new key is found all the same, though not by asking again at once', async () => {
    const world = makeWorld();
    const resolver = makeResolver(world);
    world.publish(alice);
    await resolver.document(alice.did);
    await resolver.document(alice.did);
    expect(world.asked).toHaveLength(1);
    world.publish(alice, [{ fragment: 'new', publicKeyJwk: alice.publicKeyJwk }]);
    const wanted = () => resolver.key(alice.did, `${alice.did}#new`, 'assertionMethod');
    await expect(wanted()).rejects.toThrow(code('claims.key-unknown'));
    expect(world.asked).toHaveLength(1);
    world.wait(limits.leewaySeconds);
    expect((await wanted()).id).toBe(`${alice.did}#new`);
    await expect(resolver.key(alice.did, `${alice.did}#key-1`, 'assertionMethod')).rejects.toThrow(
      code('claims.key-unknown'),
    );
  });
});

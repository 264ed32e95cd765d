import { generateKey, publicJwk, softwareSigner } from '@shugu/evidence';
import { expect, it } from 'vitest';
import { confirmContract, isConfirmed, partyFingerprint, sameFingerprint } from './party.ts';

const keys = [generateKey('intl'), generateKey('intl')] as const;
const channelKey = 'ab'.repeat(32);
const party = { channelKey, signingKey: publicJwk(keys[0].publicKey) };

it('a fingerprint is of both keys, and is the same however it was typed', () => {
  const found = partyFingerprint(party);
  expect(found).toMatch(/^([0-9a-f]{4}-){7}[0-9a-f]{4}$/);
  expect(partyFingerprint({ ...party, channelKey: 'ac'.repeat(32) })).not.toBe(found);
  expect(partyFingerprint({ ...party, signingKey: publicJwk(keys[1].publicKey) })).not.toBe(found);
  for (const typed of [found, found.toUpperCase(), found.replaceAll('-', ' ')])
    expect(sameFingerprint(typed, party)).toBe(true);
  expect(sameFingerprint(found.slice(0, -1), party)).toBe(false);
  // Of fixed keys, so that nobody changes how it is made: pins are kept for years.
  const x = 'A'.repeat(43);
  expect(partyFingerprint({ channelKey, signingKey: { kty: 'OKP', crv: 'Ed25519', x } })).toBe(
    '9282-d2c3-8609-7721-3251-5ef7-d169-8c8e',
  );
});

it('a contract is confirmed by one key, and by its very words', async () => {
  const signature = await confirmContract('{"uses":3}', softwareSigner(keys[0], { level: 'customer' }));
  expect(isConfirmed('{"uses":3}', signature, party.signingKey)).toBe(true);
  expect(isConfirmed('{"uses":4}', signature, party.signingKey)).toBe(false);
  expect(isConfirmed('{"uses":3}', signature, publicJwk(keys[1].publicKey))).toBe(false);
  expect(isConfirmed('{"uses":3}', 'AAAA', party.signingKey)).toBe(false);
  expect(isConfirmed('{"uses":3}', signature, { kty: 'OKP', crv: 'Ed25519', x: '?' })).toBe(false);
});

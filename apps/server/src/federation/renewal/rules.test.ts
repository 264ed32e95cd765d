import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renewalLimits } from './model.ts';
import { type Asked, digestOfToken, refreshFault, renewAt } from './rules.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
const process = { state: 'STARTED', side: 'provider', counterparty: 'did:web:buyer.example' } as const;
const given = {
  ...{ process: 'tra_1', participant: 'org_1', renewals: 0, given_at: at(0) },
  digest: digestOfToken('refresh'),
  access_digest: digestOfToken('access'),
  before_digest: digestOfToken('refresh before'),
  before_access_digest: digestOfToken('access before'),
};
const asked: Asked = { digest: given.digest, name: process.counterparty, accessToken: 'access' };
const facts = { asked, agreed: true, now: at(renewalLimits.apartSeconds) };
const refused = { error: 'invalid_grant' };

describe('a refresh token renews', () => {
  test('for its consumer, with its access token, while the transfer runs', () => {
    expect(refreshFault(process, given, facts)).toBeUndefined();
    // A kind of proof that names no access token.
    expect(refreshFault(process, given, { ...facts, asked: { ...asked, accessToken: undefined } })).toBeUndefined();
  });

  test('again, with the access token that it came with, as long as the one that it renewed to is not used', () => {
    const before = { ...asked, digest: given.before_digest, accessToken: 'access before' };
    expect(refreshFault(process, given, { ...facts, asked: before })).toBeUndefined();
    expect(refreshFault(process, given, { ...facts, asked: { ...before, accessToken: 'access' } })).toEqual(refused);
    expect(refreshFault(process, given, { ...facts, asked: { ...before, name: 'did:web:thief.example' } })).toEqual(
      refused,
    );
    const used = { ...given, before_digest: given.digest, before_access_digest: given.access_digest };
    expect(refreshFault(process, used, { ...facts, asked: before })).toEqual(refused);
  });

  test.each([
    ['an earlier one', process, { ...facts, asked: { ...asked, digest: digestOfToken('long before') } }],
    ['another party', process, { ...facts, asked: { ...asked, name: 'did:web:thief.example' } }],
    ['another access token', process, { ...facts, asked: { ...asked, accessToken: 'another' } }],
    ['suspended', { ...process, state: 'SUSPENDED' as const }, facts],
    ['terminated', { ...process, state: 'TERMINATED' as const }, facts],
    ['completed', { ...process, state: 'COMPLETED' as const }, facts],
    ['not begun', { ...process, state: 'REQUESTED' as const }, facts],
    ['ours to renew', { ...process, side: 'consumer' as const }, facts],
    ['its agreement has ended', process, { ...facts, agreed: false }],
  ])('not: %s', (_, of, with_) => {
    expect(refreshFault(of, given, with_)).toEqual(refused);
    expect(refreshFault(of, undefined, with_)).toEqual(refused);
  });

  test('not twice within a moment', () => {
    expect(refreshFault(process, given, { ...facts, now: at(3) })).toEqual({ error: 'slow_down', retryAfter: 7 });
  });
});

test('a renewal is due while the token lives', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 86_400 }), (seconds) => {
      const due = renewAt(at(seconds), seconds);
      expect(due.getTime()).toBeGreaterThan(at(0).getTime());
      expect(due.getTime()).toBeLessThan(at(seconds).getTime());
    }),
  );
});

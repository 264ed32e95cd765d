/** Terms with changes say what was changed and nothing else; a rule says yes no further than it names. */
import { odrlFrom } from '@shugu/policy';
import { reactionRule } from '@shugu/wire/federation';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedTerms, listedPrice, mayAgree, priced, told } from './counter.ts';
import type { OfferBody, Process, Terms } from './model.ts';
import { sameTerms } from './terms.ts';

const base = odrlFrom({ actions: ['use', 'read'], purposes: ['logistics', 'safety'] }) as unknown as Terms;
const price = fc.tuple(fc.nat(999_999), fc.nat(99)).map(([yuan, cents]) => `${yuan}.${String(cents).padStart(2, '0')}`);
const quantity = fc.integer({ min: 1, max: 1_000_000_000 });
const changes = fc.record(
  {
    price,
    purposes: fc.constantFrom<string[]>(['logistics'], ['safety'], ['research', 'logistics']),
    calls: quantity,
    rows: quantity,
    bytes: quantity,
    until: fc.constantFrom('2027-01-31', '2028-02-29'),
  },
  { requiredKeys: [] },
);
const offered = { price: '0.10' };

test('what is changed is told as changed, all else as it was; changing to the same changes nothing', () => {
  fc.assert(
    fc.property(changes, (change) => {
      const after = changedTerms(base, change);
      const [before, now] = [told(offered, base), told(offered, after)];
      const until = change.until && new Date(`${change.until}T16:00:00Z`).toISOString();
      expect(now).toMatchObject({
        price: change.price ?? before.price,
        listed: change.price === undefined,
        purposes: change.purposes ?? before.purposes,
        calls: change.calls ?? null,
        rows: change.rows ?? null,
        bytes: change.bytes ?? null,
        until: until ?? null,
      });
      expect(now.sentences).not.toBeNull();
      expect(sameTerms(changedTerms(after, change), after)).toBe(true);
      expect(sameTerms(priced(after).rules, priced(changedTerms(after, { price: '7' })).rules)).toBe(true);
    }),
  );
});

const offerOf = (terms: Terms): OfferBody => ({ ...terms, '@id': 'urn:offer', '@type': 'Offer', target: 'product' });
const process = (side: Process['side'], theirs: Terms): Process =>
  ({
    kind: 'negotiation',
    side,
    traded: side === 'provider',
    offer: offerOf(theirs),
    own_offer: offerOf(base),
    own_last: null,
    price: '0.10',
  }) as unknown as Process;
const rule = (reaction: string, more: object = {}) =>
  reactionRule.parse({ kind: 'negotiation', on: 'request', reaction, ...more });

test('a provider’s rule says yes to less only where it names how little, and never to more use than it names', () => {
  const agrees = (change: Parameters<typeof changedTerms>[1], more: object = {}) =>
    mayAgree(rule('agree', more), process('provider', changedTerms(base, change)));
  expect(agrees({})).toBe(true);
  expect(agrees({ price: '0.10', calls: 5 })).toBe(true);
  expect(agrees({ price: '0.12', purposes: ['safety'], until: '2027-01-31' })).toBe(true);
  expect(agrees({ price: '0.09' })).toBe(false);
  expect(agrees({ price: '0.09' }, { amountFrom: '0.08' })).toBe(true);
  expect(agrees({ purposes: ['research'] })).toBe(false);
  expect(agrees({ purposes: ['research'] }, { purposes: ['research'] })).toBe(true);
  expect(agrees({ purposes: ['research'] }, { amountFrom: '0.01' })).toBe(false);
  const more = changedTerms({ ...base, permission: [...base.permission!, { action: 'distribute' }] }, {});
  expect(mayAgree(rule('agree', { amountFrom: '0.01' }), process('provider', more))).toBe(false);
  // Said in a way that nobody here understands: not for a rule.
  const paid = (value: unknown) => ({ ...base, obligation: [{ action: 'compensate', constraint: [value] }] });
  for (const strange of [
    { leftOperand: 'payAmount', operator: 'lteq', rightOperand: '0.10' },
    { leftOperand: 'payAmount', operator: 'eq', rightOperand: '0.10', unit: 'https://dbpedia.org/resource/Euro' },
    { leftOperand: 'payAmount', operator: 'eq', rightOperand: '1e9' },
  ])
    expect([strange, mayAgree(rule('agree'), process('provider', paid(strange)))]).toEqual([strange, false]);
});

test('a consumer’s rule accepts no higher price than it names or asked for', () => {
  const accepts = (price: string, more: object = {}) =>
    mayAgree(rule('accept', more), process('consumer', changedTerms(base, { price })));
  expect([accepts('0.10'), accepts('0.09'), accepts('0.11')]).toEqual([true, true, false]);
  expect(accepts('0.11', { amountUpTo: '0.20' })).toBe(true);
});

test('a listed price is read where a plan has one', () => {
  const dataset = (plan: object) => ({ 'shugu:price': [{ offer: 'o', plan }] });
  expect(listedPrice(dataset({ kind: 'perCall', unitPrice: '0.10' }), 'o')).toBe('0.10');
  expect(listedPrice(dataset({ kind: 'free' }), 'o')).toBe('0');
  expect(listedPrice(dataset({ kind: 'quotation' }), 'o')).toBeNull();
  expect(listedPrice(dataset({ kind: 'tiered', tiers: [{ upTo: null, unitPrice: '1' }] }), 'o')).toBeNull();
  expect(listedPrice(dataset({ kind: 'oneOff', price: '5' }), 'other')).toBeNull();
  expect(listedPrice({}, 'o')).toBeNull();
});

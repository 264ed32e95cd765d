/** Terms with changes say what was changed and nothing else; a rule says yes no further than it names. */
import { ACTIONS, odrlFrom, PROFILE_IRI, parsePolicy } from '@shugu/policy';
import { reactionRule } from '@shugu/wire/federation';
import type { TermChanges } from '@shugu/wire/federation-terms';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedTerms as changedFrom, mayAgree, told } from './counter.ts';
import type { OfferBody, Process, Terms } from './model.ts';
import { changedPrices, listedPrices, type Prices, percentOf, priced } from './prices.ts';
import { exactly, onWire, sameTerms } from './terms.ts';

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
const offered = { price: '0.10', tiers: null };
const changedTerms = (base: Terms, change: TermChanges, listed: Prices | null = null): Terms =>
  changedFrom(base, change, listed)!;

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
    ...offered,
  }) as unknown as Process;
const rule = (reaction: string, more: object = {}) =>
  reactionRule.parse({ kind: 'negotiation', on: 'request', reaction, ...more });

test('a provider’s rule says yes to less only where it names how little, and never to more use than it names', () => {
  const agrees = (change: TermChanges, more: object = {}) =>
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

test('listed prices are read where a plan has them', () => {
  const listed = (plan: object, offer = 'o') => listedPrices({ 'shugu:price': [{ offer: 'o', plan }] }, offer);
  expect(listed({ kind: 'perCall', unitPrice: '0.10' })).toEqual([{ upTo: null, unitPrice: '0.10' }]);
  expect(listed({ kind: 'free' })).toEqual([{ upTo: null, unitPrice: '0' }]);
  expect(listed({ kind: 'quotation' })).toBeNull();
  expect(listed({ kind: 'oneOff', price: '5' }, 'other')).toBeNull();
  expect(listedPrices({}, 'o')).toBeNull();
  expect(listed({ kind: 'tiered', tiers })).toEqual(tiers);
  for (const strange of [
    [],
    tiers.slice(0, 1),
    [tiers[1], tiers[0], tiers[2]],
    [tiers[2], tiers[2]],
    [{ upTo: 1.5, unitPrice: '1' }, tiers[2]],
    [{ upTo: null, unitPrice: '1e9' }],
    Array.from({ length: 51 }, (_, place) => ({ upTo: place === 50 ? null : place + 1, unitPrice: '1' })),
  ])
    expect([strange, listed({ kind: 'tiered', tiers: strange })]).toEqual([strange, null]);
});

const tiers: Prices = [
  { upTo: 2, unitPrice: '0.15' },
  { upTo: 4, unitPrice: '0.11' },
  { upTo: null, unitPrice: '0.07' },
];
const at = (...unitPrices: string[]): Prices =>
  tiers.map(({ upTo }, place) => ({ upTo, unitPrice: unitPrices[place]! }));

test('prices of tiers are changed one by one or all by a percentage, no lower than a floor; what does not fit is not', () => {
  const after = (changes: TermChanges) => changedPrices(tiers, changes);
  expect(after({ tierPrices: ['0.14', '0.10', '0.06'] })).toEqual(at('0.14', '0.10', '0.06'));
  expect(after({ percent: 90 })).toEqual(at('0.14', '0.1', '0.06'));
  expect(after({ percent: 90, floors: ['0.07'] })).toEqual(at('0.14', '0.1', '0.07'));
  expect(after({ percent: 50, floors: ['0.12', '0.01', '0.05'] })).toEqual(at('0.12', '0.06', '0.05'));
  const unfit: TermChanges[] = [{ price: '1' }, { tierPrices: ['1', '2'] }, { percent: 90, floors: ['1', '2'] }];
  for (const change of unfit) expect([change, after(change)]).toEqual([change, undefined]);
  for (const change of [{ percent: 90 }, { tierPrices: ['1'] }]) expect(changedPrices(null, change)).toBeUndefined();
  expect(changedPrices([{ upTo: null, unitPrice: '999999999999' }], { percent: 1000 })).toBeUndefined();
});

test('a percentage is exact to the last place of its price, which is a fen at least, and never nothing', () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 10n ** 12n), fc.nat(8), fc.integer({ min: 1, max: 1000 }), (amount, scale, percent) => {
      const digits = String(amount).padStart(scale + 1, '0');
      const unitPrice = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
      const unit = 10n ** BigInt(8 - Math.max(2, scale));
      const [of, share] = [exactly(unitPrice), exactly(percentOf(unitPrice, percent))];
      expect(share % unit).toBe(0n);
      const off = 100n * share - of * BigInt(percent);
      // Half up: at most half a place above, less than half a place below.
      if (share > unit) expect([off * 2n <= 100n * unit, off * 2n > -100n * unit]).toEqual([true, true]);
      else expect(share).toBe(unit);
    }),
  );
  expect([percentOf('0.005', 90), percentOf('0.01', 1), percentOf('0', 50), percentOf('0.10', 100)]).toEqual([
    '0.005',
    '0.01',
    '0',
    '0.10',
  ]);
});

test('a counter-offer says every tier, in whatever order it is read, and rules hold each', () => {
  const listed = { price: null, tiers: [...tiers] };
  const terms = changedTerms(base, { percent: 90, floors: ['0.07'], calls: 5 }, tiers);
  expect(told(listed, terms)).toMatchObject({ price: null, tiers: at('0.14', '0.1', '0.07'), listed: false, calls: 5 });
  expect(told(listed, base)).toMatchObject({ price: null, tiers, listed: true });
  expect(priced({ ...terms, obligation: terms.obligation!.toReversed() }).prices).toEqual(priced(terms).prices);
  const twice = { ...terms, obligation: [...terms.obligation!, terms.obligation![0]!] };
  expect(priced(twice).prices).toBeNull();
  const rules = (side: Process['side'], prices: string[], more: object = {}) => {
    const asked = changedTerms(base, { tierPrices: prices }, tiers);
    return mayAgree(rule(side === 'provider' ? 'agree' : 'accept', more), { ...process(side, asked), ...listed });
  };
  expect(rules('provider', ['0.15', '0.11', '0.07'])).toBe(true);
  expect(rules('provider', ['0.15', '0.11', '0.06'])).toBe(false);
  expect(rules('provider', ['0.20', '0.20', '0.06'], { amountFrom: '0.06' })).toBe(true);
  expect(rules('consumer', ['0.15', '0.10', '0.07'])).toBe(true);
  expect(rules('consumer', ['0.01', '0.01', '0.08'])).toBe(false);
  // Other quantities are other terms, whatever their prices.
  const asked = changedTerms(base, { tierPrices: ['9', '9', '9'] }, [{ upTo: 3, unitPrice: '9' }, ...tiers.slice(1)]);
  expect(mayAgree(rule('agree'), { ...process('provider', asked), ...listed })).toBe(false);
});

test('on the wire ODRL’s words carry its prefix and ours are IRIs; both mean the same as without, and are read alike', () => {
  const input = {
    actions: [...ACTIONS],
    purposes: ['logistics'],
    memberOf: 'spc_1',
    notAfter: Date.UTC(2027, 0, 1),
    quotas: [
      { metric: 'calls' as const, period: 'day' as const, limit: 3 },
      { metric: 'rows' as const, period: 'total' as const, limit: 5 },
    ],
    regions: ['43'],
    columns: ['plate'],
    masks: { plate: { kind: 'hash' as const } },
  };
  const short = odrlFrom(input) as unknown as Terms;
  const wired = onWire(short);
  const [first, , , , , , , , last] = wired.permission as { action: string; constraint: { leftOperand: string }[] }[];
  expect([first!.action, last!.action]).toEqual(['use', `${PROFILE_IRI}computeOnly`]);
  const operands = first!.constraint.map(({ leftOperand }) => leftOperand);
  expect(operands).toEqual(expect.arrayContaining(['odrl:purpose', 'odrl:dateTime', `${PROFILE_IRI}rows`]));
  expect(operands.filter((one) => !one.startsWith('odrl:') && !one.startsWith(PROFILE_IRI))).toEqual([]);
  expect([wired.profile, sameTerms(wired, short), onWire(wired)]).toEqual([PROFILE_IRI, true, wired]);
  const termsOf = (policy: Terms) => {
    const parsed = parsePolicy({ '@type': 'Offer', ...policy });
    return parsed.ok && parsed.policy.notUnderstood.length === 0 ? parsed.policy.terms : parsed;
  };
  expect(termsOf(wired)).toEqual(termsOf(short));
  // As others have them: terms of elsewhere stay, and what only looks like ours is not ours.
  const foreign = { permission: [{ action: 'https://example.org/see', constraint: [] }] };
  expect(onWire(foreign)).toEqual(foreign);
  expect(sameTerms({ permission: [{ action: 'shugu:read' }] }, { permission: [{ action: 'read' }] })).toBe(false);
  // What one side wrote before, changed by the other after: one limit, not two.
  const before = {
    ...short,
    permission: [{ action: 'use', constraint: [{ leftOperand: 'shugu:rows', operator: 'lteq', rightOperand: '9' }] }],
  };
  const [only] = changedTerms(onWire(before), { rows: 4 }).permission as { constraint: object[] }[];
  expect(only!.constraint).toEqual([{ leftOperand: `${PROFILE_IRI}rows`, operator: 'lteq', rightOperand: '4' }]);
  const old = changedTerms(before, { price: '0.05' });
  expect([priced(old).prices, old.obligation]).toMatchObject([
    [{ unitPrice: '0.05' }],
    [{ action: 'odrl:compensate', constraint: [{ leftOperand: 'odrl:payAmount' }] }],
  ]);
});

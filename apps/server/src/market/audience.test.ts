import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isShownTo, membersOnly, opening, spaceOfPolicy } from './audience.ts';
import { labelsOf } from './search/labels.ts';
import { policyOf } from './testing.ts';

const spaces = ['spc_1', 'spc_2', 'spc_3'];
const organisations = ['org_1', 'org_2'];
const listing = fc.record({
  participant: fc.constantFrom(...organisations),
  space: fc.constantFrom(null, ...spaces),
});
const viewer = fc.record({
  participant: fc.constantFrom('', ...organisations),
  supervises: fc.boolean(),
  spaces: fc.subarray(spaces),
});
const about = { industry: 'G54', region: '430100', updateCycle: 'monthly', kind: 'dataset' } as const;

test('what is for everybody everybody sees; what is for members they, its supplier and who supervises', () => {
  fc.assert(
    fc.property(listing, viewer, (one, who) => {
      const inside = who.spaces.some((space) => space === one.space) || who.participant === one.participant;
      expect(isShownTo(one, who)).toBe(one.space === null || who.supervises || inside);
      // Whoever stands in one space more sees no less.
      for (const space of spaces)
        if (isShownTo(one, who)) expect(isShownTo(one, { ...who, spaces: [...who.spaces, space] })).toBe(true);
    }),
  );
});

test('the labels that a search goes by open what the rule shows, and nothing else', () => {
  fc.assert(
    fc.property(listing, viewer, (one, who) => {
      const labels = labelsOf({ ...one, plans: [], delivery_modes: ['file'] }, about);
      const opens = opening(who);
      const found = who.supervises || !labels.includes(membersOnly) || labels.some((label) => opens.includes(label));
      expect(found).toBe(isShownTo(one, who));
    }),
  );
});

test('the audience is what the policy says', () => {
  const held = policyOf([{ leftOperand: 'urn:shugu:policy:1:memberOf', operator: 'eq', rightOperand: 'spc_1' }]);
  expect([spaceOfPolicy(held), spaceOfPolicy(policyOf()), spaceOfPolicy({})]).toEqual(['spc_1', null, null]);
});

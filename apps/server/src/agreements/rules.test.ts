import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Problem } from '../kernel/problem.ts';
import type { BasisItem, ContractState, ContractTerms } from './model.ts';
import {
  canonicalOf,
  contractMoves,
  differences,
  fill,
  mayPropose,
  nextState,
  percentOf,
  placeholders,
  termWithin,
  uncoveredResource,
  unknownPlaceholder,
  waitsFor,
  watermarkFaults,
} from './rules.ts';
import { shippedTemplates } from './service/templates.ts';

const now = new Date('2026-07-01T00:00:00Z');
const item = (kind: BasisItem['kind'], until: string | null, subject = ''): BasisItem => ({
  kind,
  reference: `${kind}-1`,
  subject,
  until,
});
const codeOf = (value: unknown) => (value instanceof Problem ? value.code.replace('agreements.', '') : undefined);
const right = item('operatingRight', '2028-01-01T00:00:00Z', 'r1');
const report = item('complianceReport', '2027-01-01T00:00:00Z');

test.each([
  ['the shortest basis ends it', [right, report], null, '2027-01-01T00:00:00.000Z'],
  ['an earlier end is kept', [right, report], '2026-12-01T00:00:00Z', '2026-12-01T00:00:00.000Z'],
  ['exactly as long as its basis', [right, report], '2027-01-01T00:00:00Z', '2027-01-01T00:00:00.000Z'],
  ['one second longer', [right, report], '2027-01-01T00:00:01Z', 'outlasts'],
  ['something has ended', [right, item('authorisation', '2026-07-01T00:00:00Z')], null, 'basisEnded'],
  ['no end anywhere', [item('titleProof', null)], null, 'termMissing'],
  ['only the parties set an end', [item('titleProof', null)], '2027-01-01T00:00:00Z', '2027-01-01T00:00:00.000Z'],
  ['it is over already', [right], '2026-06-01T00:00:00Z', 'termEmpty'],
] as const)('term: %s', (_name, basis, until, expected) => {
  const found = termWithin(basis, { from: null, until: until ? new Date(until) : null }, now);
  expect(found instanceof Problem ? codeOf(found) : found.until.toISOString()).toBe(expected);
});

test('a refusal of the term names what it would outlast', () => {
  const found = termWithin([right, report], { from: null, until: new Date('2030-01-01') }, now) as Problem;
  expect(found.detail).toBe('complianceReport complianceReport-1 (2027-01-01T00:00:00Z)');
  expect(codeOf(termWithin([right], { from: new Date('2027-06-01'), until: new Date('2027-06-01') }, now))).toBe(
    'termEmpty',
  );
});

test('no term ever outlasts any of its basis', () => {
  const instant = fc.integer({ min: -1000, max: 1000 }).map((hours) => new Date(now.getTime() + hours * 3_600_000));
  fc.assert(
    fc.property(fc.array(fc.option(instant)), fc.option(instant), fc.option(instant), (ends, from, until) => {
      const found = termWithin(
        ends.map((end) => item('authorisation', end?.toISOString() ?? null)),
        { from, until },
        now,
      );
      if (found instanceof Problem) return;
      expect(found.until > found.from && found.until > now).toBe(true);
      for (const end of ends) if (end) expect(found.until <= end).toBe(true);
    }),
  );
});

test.each([
  [[right], undefined],
  [[report], 'r1'],
  [[item('titleProof', null)], undefined],
  [[item('titleProof', null, 'r2')], 'r1'],
  [[item('operatingRight', null, 'r2')], 'r1'],
] as const)('rights cover each resource: %#', (basis, missing) => {
  expect(uncoveredResource(['r1'], basis)).toBe(missing);
});

test('ended contracts move no more, save for being completed after their term', () => {
  const ends: ContractState[] = ['completed', 'terminatedAgreed', 'terminatedForced', 'refused', 'expired'];
  for (const state of ends)
    for (const { move, by } of contractMoves) {
      const found = nextState(state, move, by[0]);
      if (state === 'expired' && move === 'complete') expect(found).toBe('completed');
      else expect(codeOf(found)).toBe('wrongState');
    }
});

test.each([
  ['draft', 'sign', 'buyer', 'wrongState'],
  ['pendingSignature', 'sign', 'buyer', 'pendingSignature'],
  ['pendingSignature', 'sign', 'operator', 'wrongState'],
  ['effective', 'refuse', 'buyer', 'wrongState'],
  ['effective', 'terminateForced', 'operator', 'terminatedForced'],
  ['effective', 'terminateForced', 'supplier', 'wrongState'],
  ['negotiating', 'lock', 'system', 'pendingSignature'],
] as const)('%s: %s by %s gives %s', (state, move, by, expected) => {
  const found = nextState(state, move, by);
  expect(found instanceof Problem ? codeOf(found) : found).toBe(expected);
});

test('proposals alternate and have a limit', () => {
  expect(mayPropose({ state: 'draft', round: 0, proposedBy: null }, 'a', 2)).toBeUndefined();
  expect(codeOf(mayPropose({ state: 'negotiating', round: 1, proposedBy: 'a' }, 'a', 2))).toBe('notYourTurn');
  expect(mayPropose({ state: 'negotiating', round: 1, proposedBy: 'a' }, 'b', 2)).toBeUndefined();
  expect(codeOf(mayPropose({ state: 'negotiating', round: 2, proposedBy: 'a' }, 'b', 2))).toBe('roundsFull');
  expect(codeOf(mayPropose({ state: 'pendingSignature', round: 1, proposedBy: 'a' }, 'b', 2))).toBe('wrongState');
  expect(waitsFor({ state: 'negotiating', confirmedBy: ['a'] }, [], ['a', 'b'])).toEqual(['b']);
  expect(waitsFor({ state: 'pendingSignature', confirmedBy: ['a', 'b'] }, ['b'], ['a', 'b'])).toEqual(['a']);
});

test('terms have a canonical form or say where they have none', () => {
  expect(codeOf(canonicalOf({ price: { unit: 0.045 } }))).toBe('termsInvalid');
  expect((canonicalOf({ price: { unit: 0.045 } }) as Problem).detail).toContain('price.unit');
  // One text, two keyboards: é composed and decomposed.
  expect(canonicalOf({ name: 'e\u0301' })).toEqual(canonicalOf({ name: '\u00e9' }));
});

test('differences list the fields that changed, whatever the order of members', () => {
  const terms: ContractTerms = {
    policy: {},
    price: { a: '1', b: '2' },
    settlementWay: 'custody',
    deliveryModes: ['file'],
    from: null,
    until: null,
    tax: { rate: '0.06', included: true },
    acceptanceDays: 10,
    dispute: { forum: 'court', body: '法院' },
    supplements: [],
  };
  const proposed = { ...terms, price: { b: '2', a: '1' }, acceptanceDays: 5 };
  expect(differences(terms, proposed)).toEqual([{ field: 'acceptanceDays', from: 10, to: 5 }]);
});

test('shipped templates use known placeholders in both languages and name their source', () => {
  expect(shippedTemplates.map((one) => one.code).sort()).toEqual([
    'development',
    'intermediary',
    'processing',
    'provision',
  ]);
  for (const { clauses, source } of shippedTemplates) {
    expect(source.zh).toContain('不具强制性');
    for (const { text } of clauses) {
      expect(unknownPlaceholder(text.zh) ?? unknownPlaceholder(text.en)).toBeUndefined();
      const used = (value: string) =>
        [...new Set([...value.matchAll(/\{\{(.+?)\}\}/g)].map((found) => found[1]))].sort();
      expect(used(text.en)).toEqual(used(text.zh));
    }
  }
  expect(unknownPlaceholder('{{supplier.bank}}')).toBe('supplier.bank');
});

test('a value that looks like a placeholder stays text', () => {
  const values = Object.fromEntries(placeholders.map((name) => [name, `<${name}>`])) as Parameters<typeof fill>[1];
  expect(fill('{{ buyer.name }}', { ...values, 'buyer.name': '{{supplier.name}}$&' })).toBe('{{supplier.name}}$&');
});

test.each([
  ['0.06', '6'],
  ['0.13', '13'],
  ['0', '0'],
  ['0.005', '0.5'],
  ['0.0325', '3.25'],
  ['1', '100'],
  ['0.10', '10'],
])('%s is %s percent', (rate, percent) => {
  expect(percentOf(rate)).toBe(percent);
});

test.each([
  [{ speed: '0.5', seen: '30', count: '2' }, []],
  [{ count: '0.5' }, ['count']],
  [{ name: '1' }, ['name']],
  [{ day: '86400' }, ['day']],
  [{ nowhere: '1', speed: '1' }, ['nowhere']],
] as [Record<string, string>, string[]][])('a watermark that alters %o is refused for %o', (altered, refused) => {
  const columns = Object.entries({ speed: 'decimal', seen: 'time', count: 'integer', name: 'text', day: 'date' }).map(
    ([name, type]) => ({ name, type }),
  );
  const faults = watermarkFaults(altered, columns);
  expect(faults.map(({ en }) => /The altered column (\w+)/.exec(en)?.[1])).toEqual(refused);
});

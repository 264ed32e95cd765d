/** Terms as the protocol's JSON-LD context reads them (dspace.jsonld with odrl.jsonld): what it does not define is an address. */
import { PROFILE_IRI } from '@shugu/policy';
import { expect } from 'vitest';

/** Whatever stands as a verb or an operand. */
const termsIn = (value: unknown, of = ''): string[] => {
  if (Array.isArray(value)) return value.flatMap((one) => termsIn(one, of));
  if (typeof value === 'string') return of === 'action' || of === 'leftOperand' ? [value] : [];
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, one]) => termsIn(one, key))
    : [];
};

/** `use` is the one that it defines; the prefix of ODRL it knows, and ours it does not. */
const known = (term: string): boolean => term === 'use' || term.startsWith('odrl:') || term.startsWith(PROFILE_IRI);

export const isWired = (policy: object): void => {
  const terms = termsIn(policy);
  expect(terms.length).toBeGreaterThan(0);
  expect(terms.filter((one) => !known(one))).toEqual([]);
  const own = terms.some((one) => one.startsWith(PROFILE_IRI));
  expect([(policy as { profile?: unknown }).profile ?? []].flat().includes(PROFILE_IRI)).toBe(own);
};

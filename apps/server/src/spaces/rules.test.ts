import { odrlFrom, parsePolicy } from '@shugu/policy';
import { policyDemands, spaceMemberStates } from '@shugu/wire/spaces';
import { describe, expect, test } from 'vitest';
import { demandsOf, isStanding, mayJoin, memberMoves, openStates, policyFaults, seesCatalogue } from './rules.ts';

const at = new Date('2026-07-01T00:00:00Z');
const later = new Date('2026-07-02T00:00:00Z');
const termsOf = (more: object) => {
  const parsed = parsePolicy(odrlFrom({ actions: ['use'], quotas: [], ...more } as never));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.policy.terms;
};
const says = {
  purposes: { purposes: ['logistics'] },
  noOnward: { prohibited: ['distribute'] },
  authorisation: { authorisationRequired: true },
  regions: { regions: ['43'] },
};

describe('what a policy must say', () => {
  test.each(policyDemands)('%s', (demand) => {
    const faults = (terms: ReturnType<typeof termsOf> | undefined) =>
      policyFaults([demand], [{ id: 'off_1', terms }]).map(({ code }) => code);
    expect(faults(termsOf(says[demand]))).toEqual([]);
    expect(faults(termsOf({}))).toEqual([demand]);
    expect(faults(undefined)).toEqual([demand]);
    for (const other of policyDemands.filter((one) => one !== demand))
      expect(faults(termsOf(says[other]))).toEqual([demand]);
  });

  test('every offer has to say it, for each can be bought by itself', () => {
    const offers = [
      { id: 'off_1', terms: termsOf(says.purposes) },
      { id: 'off_2', terms: termsOf({}) },
    ];
    expect(policyFaults(['purposes'], offers).map(({ message }) => message)).toMatchObject([
      { en: expect.stringContaining('off_2') },
    ]);
  });

  test('of the kind and of the rules, each once', () => {
    expect(demandsOf({ policy: ['regions', 'purposes'] }, ['purposes', 'noOnward'])).toEqual([
      'purposes',
      'noOnward',
      'regions',
    ]);
  });
});

describe('members', () => {
  test('stand while a newer version may still be signed', () => {
    expect(isStanding({ state: 'active', signBy: null }, at)).toBe(true);
    expect(isStanding({ state: 'active', signBy: later }, at)).toBe(true);
    expect(isStanding({ state: 'active', signBy: at }, at)).toBe(false);
    for (const state of spaceMemberStates.filter((one) => one !== 'active'))
      expect(isStanding({ state, signBy: null }, at)).toBe(false);
    expect(isStanding(undefined, at)).toBe(false);
  });

  test('whatever has ended is left alone, and every open membership can end', () => {
    for (const state of spaceMemberStates) {
      const ways = Object.values(memberMoves).flatMap((move) => move[state] ?? []);
      expect(ways.length > 0).toBe(openStates.includes(state));
      if (openStates.includes(state)) expect(openStates).not.toContain(memberMoves.end[state]);
    }
  });

  test('join in the roles that the rules name; without any named, in whichever they have', () => {
    const terms = (joinRoles: never[] | ['serviceBody']) => ({
      ...{ catalogue: 'members' as const, joinRoles, policy: [] },
      contracts: 'goOn' as const,
    });
    expect(mayJoin(terms(['serviceBody']), ['demander', 'serviceBody'])).toBe(true);
    expect(mayJoin(terms(['serviceBody']), ['demander'])).toBe(false);
    expect(mayJoin(terms([]), ['demander'])).toBe(true);
    expect(mayJoin(terms([]), [])).toBe(false);
  });
});

test('the catalogue of a space that is not open is nobody’s', () => {
  const space = (state: 'active' | 'closed', catalogue: 'members' | 'everyone') => ({
    state,
    terms: { catalogue, joinRoles: [], policy: [], contracts: 'goOn' as const },
  });
  expect(seesCatalogue(space('active', 'everyone'), false, false)).toBe(true);
  expect(seesCatalogue(space('active', 'members'), false, false)).toBe(false);
  expect(seesCatalogue(space('active', 'members'), true, false)).toBe(true);
  expect(seesCatalogue(space('active', 'members'), false, true)).toBe(true);
  expect(seesCatalogue(space('closed', 'everyone'), true, true)).toBe(false);
});

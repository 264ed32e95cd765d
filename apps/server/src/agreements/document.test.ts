import { compile, decide, type Plan, parsePolicy, policyVectors, type UseRequest } from '@shugu/policy';
import { expect, test } from 'vitest';
import { Problem } from '../kernel/problem.ts';
import { agreedPolicy } from './document.ts';

const term = { from: new Date('2020-01-01T00:00:00Z'), until: new Date('2040-01-01T00:00:00Z') };
const bound = { contract: 'con_1', supplier: 'org_supplier', buyer: 'org_buyer', productVersion: 'ver_1', term };

const planOf = (source: unknown): Plan => {
  const parsed = parsePolicy(source);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const compiled = compile(parsed.policy);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.plan;
};

const agreed = (source: unknown, more: Partial<typeof bound> = {}): Plan => {
  const policy = agreedPolicy(source, { ...bound, ...more });
  if (policy instanceof Problem) throw policy;
  return planOf(policy);
};

test.each(policyVectors().map((file) => [file.limit, file.policy] as const))(
  'the agreed policy keeps every limit that was negotiated: %s',
  (_limit, policy) => {
    const before = planOf(policy);
    const { policyHash: _, ...after } = agreed(policy);
    expect(after).toEqual({
      ...after,
      ...before,
      policyHash: undefined,
      assignee: 'org_buyer',
      notBefore: Math.max(before.notBefore ?? 0, term.from.getTime()),
      notAfter: Math.min(before.notAfter ?? Number.POSITIVE_INFINITY, term.until.getTime()),
    });
  },
);

test('what was agreed is refused to others, and after the term', () => {
  const plan = agreed({ permission: [{ action: 'use' }] });
  const allows = (time: string, participant = 'org_buyer'): boolean => {
    const request: UseRequest = { participant, driver: 'api', action: 'use' };
    return decide(plan, request, { used: {} }, Date.parse(time)).allow;
  };
  expect(allows('2039-12-31T23:59:59Z')).toBe(true);
  expect(allows('2039-12-31T23:59:59Z', 'org_other')).toBe(false);
  expect(allows('2040-01-01T00:00:00Z')).toBe(false);
  expect(allows('2019-12-31T23:59:59Z')).toBe(false);
});

test.each([
  ['2050-01-01T00:00:00Z', '2040-01-01T00:00:00.000Z'],
  ['2030-01-01T00:00:00Z', '2030-01-01T00:00:00.000Z'],
])('a policy until %s under a contract until 2040 ends at %s', (until, expected) => {
  const constraint = [{ leftOperand: 'dateTime', operator: 'lt', rightOperand: until }];
  const plan = agreed({ permission: [{ action: 'use', constraint }] });
  expect(new Date(plan.notAfter!).toISOString()).toBe(expected);
});

test('a use period that lies outside the term leaves nothing to agree on', () => {
  const source = {
    permission: [
      {
        action: 'use',
        constraint: [{ leftOperand: 'dateTime', operator: 'lt', rightOperand: '2019-01-01T00:00:00Z' }],
      },
    ],
  };
  expect((agreedPolicy(source, bound) as Problem).code).toBe('agreements.termEmpty');
});

test('a limit that is not understood is refused, never dropped', () => {
  const source = {
    permission: [{ action: 'use', constraint: [{ leftOperand: 'acme:mood', operator: 'eq', rightOperand: 'good' }] }],
  };
  expect((agreedPolicy(source, bound) as Problem).code).toBe('agreements.policyInvalid');
});

/** What a statement leaves of an offered policy. */
import { parsePolicy } from '@shugu/policy';
import { expect, test } from 'vitest';
import { isCredit, narrowedPolicy, triedPolicy } from './scenario.ts';
import { policyOf, scenarioOf } from './testing.ts';

const spatial = (regions: string) => ({ leftOperand: 'spatial', operator: 'isAnyOf', rightOperand: regions });
const termsOf = (policy: unknown) => {
  const parsed = parsePolicy(policy);
  if (!parsed.ok) throw new Error('not a policy');
  return parsed.policy.terms;
};
const stated = (more: Partial<ReturnType<typeof scenarioOf>> = {}) =>
  scenarioOf(more) as Parameters<typeof narrowedPolicy>[1];

test.each<[string, string, string, string[] | undefined]>([
  ['', '430100', '430100', ['4301']],
  ['', '430100', '430200', ['43']],
  ['', '430102', '430100', ['4301']],
  ['', '430100', '110000', undefined],
  ['', '430100', '100000', undefined],
  ['', '000000', '430100', undefined],
  // 431000 is Chenzhou, not the province with zeros behind it.
  ['', '431000', '431002', ['4310']],
  ['43', '430100', '430100', ['4301']],
  ['4301,4302,44', '430100', '430200', ['4301', '4302']],
  ['43,44', '430100', '440300', ['43', '44']],
])('of regions %j, stated %s by a buyer in %s: %j', (offered, region, division, expected) => {
  const policy = policyOf(offered ? [spatial(offered)] : []);
  expect(termsOf(narrowedPolicy(policy, stated({ region }), division)).regions).toEqual(expected);
});

test('purposes and time are those of both the offer and the statement', () => {
  const until = { leftOperand: 'dateTime', operator: 'lt', rightOperand: '2026-10-01T00:00:00.000Z' };
  const both = stated({ purposes: ['logistics'], from: '2026-07-05', until: '2026-12-31' });
  expect(termsOf(narrowedPolicy(policyOf([until]), both, '430100'))).toMatchObject({
    purposes: ['logistics'],
    notBefore: Date.parse('2026-07-05T00:00:00+08:00'),
    notAfter: Date.parse('2026-10-01T00:00:00Z'),
  });
  expect(termsOf(narrowedPolicy(policyOf([], ''), both, '430100'))).toMatchObject({
    purposes: ['logistics'],
    notAfter: Date.parse('2027-01-01T00:00:00+08:00'),
  });
});

test('credit is known by its words, and never tried', () => {
  for (const one of ['credit', 'creditRisk', 'consumerCredit', 'microLoan', '小额贷款', '企业征信'])
    expect(isCredit(one)).toBe(true);
  for (const one of ['logistics', 'riskControl', 'accreditation', '信息核验']) expect(isCredit(one)).toBe(false);
  expect(termsOf(triedPolicy(policyOf([], 'logistics,creditRisk'))).purposes).toEqual(['logistics']);
  expect(triedPolicy(policyOf([], 'credit'))).toBeNull();
  expect(triedPolicy(policyOf([], ''))).toBeNull();
});

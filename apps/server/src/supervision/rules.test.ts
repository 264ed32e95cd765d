import { describe, expect, test } from 'vitest';
import { confirmRefusal, fits, hasLapsed, holdsOf, stoppedBy, unanswered } from './rules.ts';

const now = new Date('2026-07-02T00:00:00Z');
const before = new Date('2026-07-01T16:00:00Z');
const after = new Date('2026-07-02T16:00:00Z');

describe('what a measure stops', () => {
  test('a freeze stops use and sale of goods, all of a member, and only the use of a grant or contract', () => {
    const product = { kind: 'listing' as const, id: 'lst_1', product: 'prd_1' };
    expect(holdsOf('freeze', product)).toEqual([
      { kind: 'listing', target: 'prd_1' },
      { kind: 'product', target: 'prd_1' },
    ]);
    expect(holdsOf('freeze', { kind: 'organisation', id: 'org_1', product: null }).map((one) => one.kind)).toEqual([
      'listing',
      'participant',
      'standing',
    ]);
    expect(holdsOf('freeze', { kind: 'grant', id: 'grt_1', product: 'prd_1' })).toEqual([
      { kind: 'grant', target: 'grt_1' },
    ]);
  });
  test('suspending a listing leaves use alone; asking for an explanation stops nothing', () => {
    const product = { kind: 'product' as const, id: 'prd_1', product: 'prd_1' };
    expect(holdsOf('suspendListing', product)).toEqual([{ kind: 'listing', target: 'prd_1' }]);
    expect(holdsOf('explain', product)).toEqual([]);
    expect([fits('suspendListing', 'grant'), fits('suspendListing', 'contract'), fits('freeze', 'grant')]).toEqual([
      false,
      false,
      true,
    ]);
  });
  test('a frozen right to hold stops everybody on the resource, any other its holder', () => {
    const products = [
      { id: 'prd_1', participant: 'org_a' },
      { id: 'prd_2', participant: 'org_b' },
    ];
    expect(stoppedBy({ kind: 'hold', participant: 'org_a' }, products)).toEqual(['prd_1', 'prd_2']);
    expect(stoppedBy({ kind: 'operate', participant: 'org_b' }, products)).toEqual(['prd_2']);
    expect(stoppedBy({ kind: 'use', participant: '' }, products)).toEqual([]);
  });
});

describe('who confirms, and until when', () => {
  const draft = { state: 'proposed' as const, emergency: false, confirmed_by: null, confirm_by: null, issued_by: 'a' };
  const urgent = { ...draft, state: 'effective' as const, emergency: true, confirm_by: after };
  test('another person, while it waits', () => {
    expect(confirmRefusal(draft, 'a', now)).toBe('samePerson');
    expect(confirmRefusal(draft, 'b', now)).toBeUndefined();
    expect(confirmRefusal({ ...draft, state: 'declined' }, 'b', now)).toBe('wrongState');
    expect(confirmRefusal({ ...urgent, confirmed_by: 'b' }, 'c', now)).toBe('wrongState');
  });
  test('an emergency freeze until its limit, which ends at that very moment', () => {
    expect(confirmRefusal(urgent, 'b', now)).toBeUndefined();
    expect(confirmRefusal(urgent, 'b', after)).toBe('confirmLate');
    expect([
      hasLapsed(urgent, after),
      hasLapsed(urgent, now),
      hasLapsed({ ...urgent, confirmed_by: 'b' }, after),
    ]).toEqual([true, false, false]);
  });
  test('an answer is overdue when none came by then', () => {
    const one = { state: 'effective' as const, answer_by: before };
    expect([
      unanswered(one, 0, now),
      unanswered(one, 1, now),
      unanswered({ ...one, answer_by: after }, 0, now),
    ]).toEqual([true, false, false]);
  });
});

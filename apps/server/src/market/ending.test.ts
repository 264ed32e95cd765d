import { expect, test } from 'vitest';
import {
  decisionAllowed,
  type EndFacts,
  mayDecide,
  nextFor,
  periodsBegun,
  runsOn,
  termMonths,
  type Verdict,
  verdictAtEnd,
} from './ending.ts';
import type { EndedHow, OrderState, PricePlan } from './model.ts';

const oneOff: PricePlan = { kind: 'oneOff', price: '120.00' };
const month: PricePlan = { kind: 'subscription', period: 'month', price: '100.00' };
const perCall: PricePlan = { kind: 'perCall', unitPrice: '0.10' };

// Written out by hand from the decision record: state, how it ended, plan, used.
const table: [OrderState, EndedHow, PricePlan, boolean, Verdict][] = [
  ['accepted', 'agreed', perCall, true, 'bill'],
  ['accepted', 'expired', month, false, 'bill'],
  ['accepted', 'completed', perCall, true, 'bill'],
  ['delivered', 'agreed', oneOff, true, 'answer'],
  ['delivered', 'forced', perCall, true, 'answer'],
  ['delivered', 'expired', month, false, 'answer'],
  ['objected', 'agreed', oneOff, true, 'release'],
  ['objected', 'agreed', perCall, false, 'release'],
  ['objected', 'agreed', perCall, true, 'decide'],
  ['objected', 'forced', oneOff, false, 'decide'],
  ['objected', 'expired', perCall, true, 'decide'],
  ['delivering', 'agreed', oneOff, false, 'release'],
  ['delivering', 'expired', oneOff, true, 'decide'],
  ['delivering', 'forced', perCall, true, 'bill'],
  ['delivering', 'expired', month, true, 'decide'],
  ['contracted', 'expired', perCall, false, 'release'],
  ['settled', 'expired', oneOff, true, 'nothing'],
  ['closed', 'agreed', perCall, true, 'nothing'],
  ['cancelled', 'expired', perCall, false, 'nothing'],
];
test.each(table)('%s, %s', (state, how, plan, used, verdict) => {
  expect(verdictAtEnd({ state, how, plan, used } satisfies EndFacts)).toBe(verdict);
});

test('what runs on is billed by cycle, and its periods are its term', () => {
  expect([oneOff, month, perCall].map(runsOn)).toEqual([false, true, true]);
  expect([termMonths(oneOff, 9, 6), termMonths(month, 9, 6)]).toEqual([6, 9]);
  expect(termMonths({ ...month, period: 'quarter' } as PricePlan, 2, 1)).toBe(6);
});

test('a period is owed once it has begun, at the local hour of the first, and no more than were ordered', () => {
  const from = new Date('2027-01-31T09:00:00+08:00');
  const begun = (at: string) => periodsBegun(month, 3, from, new Date(at));
  expect(begun('2027-01-31T09:00:00+08:00')).toBe(0);
  expect(begun('2027-01-31T09:00:01+08:00')).toBe(1);
  // February has no 31st: its last day.
  expect(begun('2027-02-28T08:59:59+08:00')).toBe(1);
  expect(begun('2027-02-28T09:00:01+08:00')).toBe(2);
  expect(begun('2029-01-01T00:00:00+08:00')).toBe(3);
});

test('people decide when the buyer is silent too long or an ended contract leaves money open', () => {
  const at = new Date('2026-07-10T00:00:00Z');
  const before = new Date('2026-07-09T00:00:00Z');
  const after = new Date('2026-07-11T00:00:00Z');
  const order = { plan: oneOff, ended_at: null, ended_how: null, accept_by: null, rework_by: null } as const;
  expect(mayDecide({ ...order, state: 'delivered', accept_by: after }, at)).toBe(false);
  expect(mayDecide({ ...order, state: 'delivered', accept_by: before }, at)).toBe(true);
  expect(mayDecide({ ...order, state: 'objected' }, at)).toBe(false);
  expect(mayDecide({ ...order, state: 'objected', ended_at: before }, at)).toBe(true);
  expect(mayDecide({ ...order, state: 'accepted', ended_at: before }, at)).toBe(false);
  expect([decisionAllowed(order, 'bill'), decisionAllowed(order, 'release')]).toEqual([true, false]);
  expect(decisionAllowed({ ended_at: before }, 'release')).toBe(true);
  const who = (more: object) => nextFor({ ...order, state: 'delivered', ...more }, at).who;
  expect([who({ accept_by: after }), who({ accept_by: before })]).toEqual(['buyer', 'operator']);
  expect(who({ state: 'objected', rework_by: before })).toBe('supplier');
  expect(nextFor({ ...order, state: 'accepted', plan: perCall }, at).zh).toContain('履行中');
  expect(nextFor({ ...order, state: 'accepted', plan: perCall, ended_at: before }, at).zh).toContain('正在结算');
});

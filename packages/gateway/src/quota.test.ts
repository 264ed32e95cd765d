import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryQuota } from './quota.ts';
import { planOf } from './rig.ts';
import type { UseRecord } from './segment.ts';

test('whatever is reserved, extended and settled, no limit is passed and the sum is what was settled', () => {
  const step = fc.record({ reserve: fc.nat(6), extend: fc.nat(6), settle: fc.nat(12) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 40 }), (steps, limit) => {
      const plan = planOf({ quotas: [{ metric: 'bytes', period: 'day', limit }] });
      const quota = new MemoryQuota();
      let settled = 0;
      for (const { reserve, extend, settle } of steps) {
        const reserved = quota.reserve('g', plan, { calls: 1, bytes: reserve }, 0);
        if (!reserved.ok) continue;
        quota.extend(reserved.reservation, plan, { bytes: extend });
        const used = Math.min(settle, reserved.reservation.held.bytes);
        quota.settle(reserved.reservation, { calls: 1, rows: 0, bytes: used });
        settled += used;
        const counted = quota.read('g', plan, 0)['bytes:day'] ?? 0;
        if (counted !== settled || counted > limit) return false;
      }
      return true;
    }),
  );
});

const at = (text: string) => Date.parse(text);
const plan = planOf({
  quotas: (['day', 'month', 'year', 'total'] as const).map((period) => ({
    metric: 'calls' as const,
    period,
    limit: 10,
  })),
});

test('a reservation made before midnight is settled in its own day, after midnight too', () => {
  const quota = new MemoryQuota();
  const reserved = quota.reserve('g', plan, { calls: 1 }, at('2026-12-31T23:59:59.999+08:00'));
  if (!reserved.ok) throw new Error('refused');
  const after = at('2027-01-01T00:00:00+08:00');
  expect(quota.read('g', plan, after)).toEqual({ 'calls:day': 0, 'calls:month': 0, 'calls:year': 0, 'calls:total': 1 });
  quota.settle(reserved.reservation, { calls: 0, rows: 0, bytes: 0 });
  expect(quota.read('g', plan, after)).toEqual({ 'calls:day': 0, 'calls:month': 0, 'calls:year': 0, 'calls:total': 0 });
});

const record = (sequence: number, time: string): UseRecord =>
  ({ source: 's', sequence, grant: 'g', at: at(time), units: { calls: 1, rows: 0, bytes: 0 } }) as UseRecord;

test('records count in the periods of their own instant, once, and without gaps', () => {
  const quota = new MemoryQuota();
  expect(quota.apply(record(1, '2026-01-31T12:00:00+08:00'))).toBe(true);
  expect(quota.apply(record(2, '2026-02-01T00:00:00+08:00'))).toBe(true);
  expect(quota.apply(record(2, '2026-02-01T00:00:00+08:00'))).toBe(false);
  // Written later, admitted earlier: a long download that began in January.
  expect(quota.apply(record(3, '2026-01-31T23:00:00+08:00'))).toBe(true);
  expect(() => quota.apply(record(5, '2026-02-01T00:00:00+08:00'))).toThrow('missing');
  expect(quota.read('g', plan, at('2026-02-01T01:00:00+08:00'))).toEqual({
    'calls:day': 1,
    'calls:month': 1,
    'calls:year': 3,
    'calls:total': 3,
  });
});

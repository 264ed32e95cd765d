import type { Plan } from '@shugu/policy';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reservation } from './quota.ts';
import { planOf } from './rig.ts';
import { type Lease, SliceQuota } from './slices.ts';

const limited = (metric: 'calls' | 'bytes', period: 'total' | 'day' = 'total'): Plan =>
  planOf({ quotas: [{ metric, period, limit: 1000 }] });
const slice = (calls: number, more: Partial<Lease['slices'][number]> = {}): Lease['slices'][number] => ({
  id: 'qsl_1',
  grant: 'g',
  amount: { calls, rows: 0, bytes: 0 },
  start: 0,
  end: null,
  expires: 1_000_000,
  ...more,
});
const lease = (slices: Lease['slices'], exhausted: string[] = []): Lease => ({ slices, exhausted, left: {} });

const open = (waitMs = 50) => {
  const time = { now: 1000 };
  const quota = new SliceQuota({
    grantOf: (line) => line.split('.')[0]!,
    clock: () => time.now,
    lastSequence: () => 7,
    waitMs,
  });
  return { time, quota };
};
const one = { calls: 1 };
const none = { calls: 0, rows: 0, bytes: 0 };

test('nothing is served without a slice, and no more than the slice', () => {
  const { quota } = open();
  const plan = limited('calls');
  expect(quota.reserve('g.api', plan, one, 1000).ok).toBe(false);
  quota.apply(lease([slice(2)]), []);
  // Every line of a grant counts on the same slice.
  expect(quota.reserve('g.api', plan, one, 1000)).toMatchObject({ ok: true, reservation: { slice: 'qsl_1' } });
  expect(quota.reserve('g.proxy', plan, one, 1000).ok).toBe(true);
  expect(quota.reserve('g.api', plan, one, 1000).ok).toBe(false);
});

test('a call that waits gets what comes, in its turn, and is refused once the exchange has nothing left', async () => {
  const { quota } = open(5000);
  const plan = limited('calls');
  const waiting = [1, 2, 3].map(() => quota.reserveLater('g.api', plan, one, 1000));
  expect(quota.wishes()).toMatchObject([{ grant: 'g', need: { calls: 3, rows: 0, bytes: 0 } }]);
  quota.apply(lease([slice(2)]), []);
  quota.apply(lease([slice(2)], ['g']), []);
  expect((await Promise.all(waiting)).map(({ ok }) => ok)).toEqual([true, true, false]);
});

test('a call that nobody answers is not told that its quota is used up', async () => {
  const { quota } = open();
  await expect(quota.reserveLater('g.api', limited('calls'), one, 1000)).rejects.toMatchObject({ code: 'busy' });
});

test('neither an expired slice nor one of another period serves', () => {
  const { quota, time } = open();
  const plan = limited('calls', 'day');
  quota.apply(lease([slice(5, { expires: 2000 })]), []);
  time.now = 2000;
  expect(quota.reserve('g.api', plan, one, 1500).ok).toBe(false);
  quota.apply(lease([slice(5, { end: 3000, expires: 9000 })]), []);
  expect(quota.reserve('g.api', plan, one, 2500).ok).toBe(true);
  time.now = 3000;
  expect(quota.reserve('g.api', plan, one, 3000).ok).toBe(false);
});

test('a recall keeps what is spent or under way; a slice that is over is stated as final when its last use is settled', () => {
  const { quota, time } = open();
  const plan = limited('calls');
  quota.apply(lease([slice(10, { end: 5000 })]), []);
  const first = quota.reserve('g.api', plan, one, 1000);
  quota.reserve('g.api', plan, one, 1000);
  quota.recall('g');
  expect(quota.state()).toEqual({
    slices: [{ id: 'qsl_1', amount: { calls: 2, rows: 0, bytes: 0 } }],
    recalled: ['g'],
  });
  time.now = 5000;
  expect(quota.state().slices[0]).not.toHaveProperty('final');
  if (!first.ok) throw new Error('not reserved');
  quota.settle(first.reservation, none);
  expect(quota.state().slices).toEqual([{ id: 'qsl_1', amount: { calls: 1, rows: 0, bytes: 0 } }]);
});

test('whatever is reserved, extended, settled, recalled and leased, no more is spent than the exchange believes is kept', () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant('lease' as const), more: fc.nat(20) }),
    fc.record({ act: fc.constant('reserve' as const), bytes: fc.nat(8) }),
    fc.record({ act: fc.constant('extend' as const), bytes: fc.nat(8) }),
    fc.record({ act: fc.constant('settle' as const), bytes: fc.nat(16) }),
    fc.record({ act: fc.constant('state' as const), recall: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { quota } = open();
      const plan = limited('bytes');
      const open_: Reservation[] = [];
      let believed = 0;
      let settled = 0;
      quota.apply(lease([slice(0)]), []);
      for (const one of steps) {
        if (one.act === 'lease') {
          believed += one.more;
          quota.apply(lease([slice(0, { amount: { calls: 0, rows: 0, bytes: believed } })]), []);
        }
        if (one.act === 'state') {
          if (one.recall) quota.recall('g');
          believed = quota.state().slices[0]!.amount.bytes;
        }
        if (one.act === 'reserve') {
          const reserved = quota.reserve('g.api', plan, { bytes: one.bytes }, 1000);
          if (reserved.ok) open_.push(reserved.reservation);
        }
        if (one.act === 'extend' && open_[0]) quota.extend(open_[0], plan, { bytes: one.bytes });
        if (one.act === 'settle') {
          const reservation = open_.shift();
          if (!reservation) continue;
          const used = Math.min(one.bytes, reservation.held.bytes);
          quota.settle(reservation, { calls: 0, rows: 0, bytes: used });
          settled += used;
        }
        const held = open_.reduce((sum, reservation) => sum + reservation.held.bytes, 0);
        if (settled + held > believed) return false;
      }
      return true;
    }),
  );
});

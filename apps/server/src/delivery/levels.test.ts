import { expect, test } from 'vitest';
import { judge, type LevelFacts, monthsDue, oldestHours } from './levels.ts';
import type { ServiceLevels } from './model.ts';
import { boundOf } from './service/health.ts';

const none: ServiceLevels = {
  ...{ availabilityPercent: null, latency: null, freshnessHours: null, completenessPercent: null, credits: [] },
};
const facts = (
  more: Partial<LevelFacts> & { requests?: number; failures?: number; latency?: number[] },
): LevelFacts => ({
  service: { requests: more.requests ?? 0, failures: more.failures ?? 0, latency: more.latency ?? [] },
  ageHours: more.ageHours ?? null,
  cells: more.cells ?? null,
});
const one = (levels: Partial<ServiceLevels>, more: Parameters<typeof facts>[0]) =>
  judge({ ...none, ...levels }, facts(more))[0];

test.each([
  // 995 of 1000 is the promise itself; one fewer is not, and no rounding makes it so.
  [1000, 5, true, 99.5, 0],
  [1000, 6, false, 99.4, 0.101],
  [3, 1, false, 66.666, 32.999],
  [0, 0, true, null, 0],
])('availability: of %d requests %d failed', (requests, failures, met, measured, missedPercent) => {
  const found = one({ availabilityPercent: 99.5 }, { requests, failures });
  expect(found).toEqual({ level: 'availability', target: 99.5, measured, met, missedPercent });
});

test('latency is counted by the very bound that was promised', () => {
  // 10, 20, 50 ms …: 95 within 50 ms, 5 later.
  const latency = [50, 30, 15, 5];
  expect(one({ latency: { withinMs: 50, percent: 95 } }, { latency })?.met).toBe(true);
  expect(one({ latency: { withinMs: 20, percent: 95 } }, { latency })).toMatchObject({ met: false, measured: 80 });
  expect([boundOf(latency, 95), boundOf(latency, 96), boundOf([], 95)]).toEqual([50, 100, null]);
});

test('completeness and age: what nobody counts is not missed', () => {
  expect(one({ completenessPercent: 90 }, {})).toMatchObject({ met: true, measured: null });
  expect(one({ completenessPercent: 90 }, { cells: { filled: 89, all: 100 } })?.met).toBe(false);
  expect(one({ freshnessHours: 24 }, { ageHours: 24 })?.met).toBe(true);
  expect(one({ freshnessHours: 24 }, { ageHours: 36 })).toMatchObject({ met: false, missedPercent: 50 });
});

test('the oldest that data became is the longest wait between publications, from before the month on', () => {
  const hour = 3_600_000;
  expect(oldestHours([0, 30 * hour, 40 * hour], 10 * hour, 50 * hour)).toBe(30);
  expect(oldestHours([0], 10 * hour, 50 * hour)).toBe(50);
  // Published after the grant began: counted from there.
  expect(oldestHours([20 * hour], 10 * hour, 50 * hour)).toBe(30);
  expect(oldestHours([], 0, hour)).toBeNull();
});

test('a month is judged a day after its end in the contract’s zone, once, and only as far as the grant was open', () => {
  const at = (text: string) => new Date(text);
  const grant = {
    ...{ from: at('2026-07-09T00:00:00+08:00'), createdAt: at('2026-07-09T02:00:00+08:00'), until: null },
    ...{ endedAt: at('2026-08-20T00:00:00+08:00'), timeZone: 'Asia/Shanghai' },
  };
  const periods = (after: string | null, now: string) =>
    monthsDue(grant, after, at(now).getTime()).map(({ period, from, until }) => [
      period,
      new Date(from).toISOString(),
      new Date(until).toISOString(),
    ]);
  expect(periods(null, '2026-08-01T23:59:00+08:00')).toEqual([]);
  const july = ['2026-07', '2026-07-08T18:00:00.000Z', '2026-07-31T16:00:00.000Z'];
  expect(periods(null, '2026-08-02T00:00:00+08:00')).toEqual([july]);
  expect(periods('2026-07', '2026-10-02T00:00:00+08:00')).toEqual([
    ['2026-08', '2026-07-31T16:00:00.000Z', '2026-08-19T16:00:00.000Z'],
  ]);
});

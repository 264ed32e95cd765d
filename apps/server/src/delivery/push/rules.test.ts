import { describe, expect, it } from 'vitest';
import type { ImportRhythm } from '../import/model.ts';
import type { Rhythm } from './model.ts';
import { nextAt } from './rules.ts';

const next = (rhythm: Rhythm | ImportRhythm, zone: string, after: string) =>
  nextAt(rhythm, zone, new Date(after))?.toISOString() ?? null;

describe('a rhythm', () => {
  it('comes round at the time of the contract’s zone', () => {
    expect(next({ kind: 'daily', time: '02:30' }, 'Asia/Shanghai', '2026-07-01T00:00:00Z')).toBe(
      '2026-07-01T18:30:00.000Z',
    );
    expect(next({ kind: 'daily', time: '02:30' }, 'Asia/Shanghai', '2026-07-01T18:30:00Z')).toBe(
      '2026-07-02T18:30:00.000Z',
    );
    // 1 July 2026 is a Wednesday; at half past midnight of the zone's Thursday it is Wednesday still in Greenwich.
    expect(next({ kind: 'weekly', weekday: 4, time: '00:30' }, 'Asia/Shanghai', '2026-07-01T00:00:00Z')).toBe(
      '2026-07-01T16:30:00.000Z',
    );
    expect(next({ kind: 'weekly', weekday: 3, time: '08:00' }, 'Asia/Shanghai', '2026-07-01T00:00:00Z')).toBe(
      '2026-07-08T00:00:00.000Z',
    );
    expect(next({ kind: 'monthly', day: 28, time: '23:59' }, 'Asia/Shanghai', '2026-01-28T16:00:00Z')).toBe(
      '2026-02-28T15:59:00.000Z',
    );
    expect(next({ kind: 'interval', hours: 6 }, 'Asia/Shanghai', '2026-01-28T16:20:00Z')).toBe(
      '2026-01-28T22:20:00.000Z',
    );
    expect(next({ kind: 'once' }, 'Asia/Shanghai', '2026-01-01T00:00:00Z')).toBeNull();
    expect(next({ kind: 'revision' }, 'Asia/Shanghai', '2026-01-01T00:00:00Z')).toBeNull();
  });

  it('keeps its time over a change of the clocks, and comes just after a time that they skip', () => {
    expect(next({ kind: 'daily', time: '08:00' }, 'Europe/Berlin', '2026-03-28T12:00:00Z')).toBe(
      '2026-03-29T06:00:00.000Z',
    );
    expect(next({ kind: 'daily', time: '08:00' }, 'Europe/Berlin', '2026-03-27T12:00:00Z')).toBe(
      '2026-03-28T07:00:00.000Z',
    );
    const skipped = next({ kind: 'daily', time: '02:30' }, 'Europe/Berlin', '2026-03-28T12:00:00Z');
    expect(['2026-03-29T00:30:00.000Z', '2026-03-29T01:30:00.000Z']).toContain(skipped);
  });
});

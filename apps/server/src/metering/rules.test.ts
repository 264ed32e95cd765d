import type { UseRecord } from '@shugu/gateway';
import { describe, expect, it } from 'vitest';
import { rollUpHours, serviceOf } from './hours.ts';
import { grantOfLine, rollUp, unitsOf, useOf } from './rules.ts';
import { limitsLeft } from './usage.ts';

const record = (more: Partial<UseRecord>): UseRecord => ({
  version: 1,
  source: 's',
  sequence: 1,
  use: 'use_1',
  grant: 'grt_1.api',
  contract: 'con_1',
  product: 'prd_1',
  tenancy: { node: 'hn', market: 'main', participant: 'org_1' },
  at: Date.parse('2026-07-01T15:59:59Z'),
  driver: 'api',
  action: 'use',
  policy: '',
  status: 'complete',
  units: { calls: 1, rows: 2, bytes: 100 },
  latencyMs: 1,
  ...more,
});

describe('roll-up', () => {
  it('counts on the grant, whichever line served it, by its own days', () => {
    const late = record({ grant: 'grt_1.file', at: Date.parse('2026-07-01T16:00:00Z') });
    expect(rollUp([record({}), record({}), late], () => 'Asia/Shanghai')).toEqual([
      { grant: 'grt_1', day: '2026-07-01', calls: 2, incompleteCalls: 0, rows: 4, bytes: 200 },
      { grant: 'grt_1', day: '2026-07-02', calls: 1, incompleteCalls: 0, rows: 2, bytes: 100 },
    ]);
    expect(rollUp([late], () => 'UTC')).toMatchObject([{ day: '2026-07-01' }]);
    expect(grantOfLine('grt_1')).toBe('grt_1');
  });

  it('turns a complete call into an incomplete one when its answer broke off after it was recorded', () => {
    const units = { calls: 0, rows: 0, bytes: -40 };
    const cut = record({ use: 'use_1.cut', corrects: 'use_1', reason: 'answerCut', status: 'incomplete', units });
    expect(rollUp([record({}), cut], () => undefined)).toMatchObject([
      { calls: 1, incompleteCalls: 1, rows: 2, bytes: 60 },
    ]);
    expect(useOf(cut)).toBe('use_1');
    expect(unitsOf(record({ status: 'incomplete' })).incompleteCalls).toBe(1);
    expect(unitsOf(record({ use: 'cor_1', corrects: 'use_1', reason: 'correction' })).incompleteCalls).toBe(0);
    const wentOn = { corrects: 'use_1', reason: 'answerWentOn', status: 'incomplete' } as const;
    expect(unitsOf(record({ use: 'use_1.2', ...wentOn })).incompleteCalls).toBe(0);
    const end = record({ use: 'use_1.end', corrects: 'use_1', reason: 'answerCompleted' });
    expect(unitsOf(end).incompleteCalls).toBe(-1);
    // A piece of a file of a table share: the query that opened it is the call.
    expect(unitsOf(record({ status: 'incomplete', part: true })).incompleteCalls).toBe(0);
    expect(
      unitsOf(record({ status: 'incomplete', part: true, corrects: 'use_1', reason: 'answerCut' })).incompleteCalls,
    ).toBe(0);
  });
});

describe('what is left', () => {
  it('counts only days of the present period and never shows less than nothing', () => {
    const day = (text: string, calls: number) => ({
      grant: 'grt_1',
      day: text,
      calls,
      incompleteCalls: 0,
      rows: 0,
      bytes: 0,
    });
    const quotas = (['total', 'year', 'month', 'day'] as const).map((period) => ({
      metric: 'calls' as const,
      period,
      limit: 5,
    }));
    const grant = {
      id: 'grt_1',
      supplier: 's',
      buyer: 'b',
      contract: null,
      product: 'p',
      productVersion: 'v',
      timeZone: 'Asia/Shanghai',
      quotas,
      trial: false,
    };
    const days = [day('2025-12-31', 4), day('2026-06-30', 1), day('2026-07-01', 2), day('2026-07-02', 1)];
    const left = limitsLeft(grant, days, Date.parse('2026-07-01T16:00:00Z'));
    expect(left.map((one) => [one.period, one.used, one.left, one.end?.toISOString() ?? null])).toEqual([
      ['total', 8, 0, null],
      ['year', 4, 1, '2026-12-31T16:00:00.000Z'],
      ['month', 3, 2, '2026-07-31T16:00:00.000Z'],
      ['day', 1, 4, '2026-07-02T16:00:00.000Z'],
    ]);
  });
});

describe('uses by hour', () => {
  const at = Date.parse('2026-07-01T15:59:59Z');
  const failed = record({ status: 'failed', failure: 'upstreamTimeout', units: { calls: 0, rows: 0, bytes: 0 } });
  const broke = { use: 'use_1.cut', corrects: 'use_1', reason: 'answerCut', status: 'incomplete' } as const;
  const nothing = { calls: 0, rows: 0, bytes: 0 };

  it('counts what was asked for and what failed by no fault of the buyer, once for each request', () => {
    const records = [
      record({ latencyMs: 12 }),
      // A stream is timed by its beginning, however slowly it is read; a client that left is no failure.
      record({ latencyMs: 90_000, headMs: 15, status: 'incomplete' }),
      failed,
      // Recorded as complete, then broken off by its source; and by its reader.
      record({ ...broke, failure: 'upstreamUnreachable', units: nothing }),
      record({ ...broke, units: nothing }),
      // Two people's correction says nothing of the service.
      record({ use: 'cor_1', corrects: 'use_1', reason: 'correction', units: { calls: -1, rows: 0, bytes: 0 } }),
      record({ latencyMs: 60_000 }),
    ];
    const [hour, ...others] = rollUpHours(records, () => 'Asia/Shanghai');
    expect(others).toEqual([]);
    expect(hour).toMatchObject({ day: '2026-07-01', requests: 4, failures: 2, calls: 2 });
    expect(hour!.latency).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(serviceOf([hour!, hour!])).toMatchObject({ requests: 8, failures: 4, hours: 2 });
    expect(serviceOf([hour!]).digest).not.toBe(serviceOf([{ ...hour!, failures: 1 }]).digest);
    expect(unitsOf(failed)).toEqual({ ...nothing, incompleteCalls: 0 });
  });

  it('begins hours where the day of the zone begins', () => {
    const startOf = (zone: string) => rollUpHours([record({ at })], () => zone)[0]!.startsAt.toISOString();
    expect(startOf('Asia/Shanghai')).toBe('2026-07-01T15:00:00.000Z');
    // Five hours and three quarters ahead.
    expect(startOf('Asia/Kathmandu')).toBe('2026-07-01T15:15:00.000Z');
  });
});

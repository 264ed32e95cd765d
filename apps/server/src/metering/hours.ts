/** Uses by hour: how many were asked for, how many failed, how soon the others began. Pure. */
import { createHash } from 'node:crypto';
import type { UseRecord } from '@shugu/gateway';
import { DEFAULT_TIME_ZONE, periodKey } from '@shugu/policy';
import { latencyBoundsMs } from '@shugu/wire/catalogue';
import type { Service, UsageHour } from './model.ts';
import { dayStart, grantOfLine } from './rules.ts';

const hourMs = 3_600_000;

/** Index of the first bound within which it began; one more than all bounds when later. */
export const bucketOf = (ms: number): number => {
  const at = latencyBoundsMs.findIndex((bound) => ms <= bound);
  return at === -1 ? latencyBoundsMs.length : at;
};

export const noLatency = (): number[] => Array.from({ length: latencyBoundsMs.length + 1 }, () => 0);

/**
 * What a record says of the service. Corrections by people are about amounts and say nothing; the gateway's own, of an answer
 * that broke off after it was recorded, turns a served request into a failed one where the buyer was not the cause.
 */
const served = (record: UseRecord): Pick<UsageHour, 'requests' | 'failures'> & { ms?: number } => {
  const failures = record.failure === undefined ? 0 : 1;
  if (record.corrects !== undefined) return { requests: 0, failures };
  if (failures) return { requests: 1, failures };
  return { requests: 1, failures, ms: record.headMs ?? record.latencyMs };
};

/** Hours begin where the grant's day does: a few zones are off by parts of an hour. */
const hourOf = () => {
  const starts = new Map<string, number>();
  return (at: number, zone: string): { day: string; startsAt: Date } => {
    const day = periodKey(at, zone, 'day');
    const key = `${zone} ${day}`;
    const start = starts.get(key) ?? dayStart(day, zone);
    starts.set(key, start);
    return { day, startsAt: new Date(start + Math.floor((at - start) / hourMs) * hourMs) };
  };
};

export const rollUpHours = (
  records: readonly UseRecord[],
  zoneOf: (grant: string) => string | undefined,
): UsageHour[] => {
  const hours = new Map<string, UsageHour>();
  const localHour = hourOf();
  for (const record of records) {
    const grant = grantOfLine(record.grant);
    const { day, startsAt } = localHour(record.at, zoneOf(grant) ?? DEFAULT_TIME_ZONE);
    const key = `${grant} ${startsAt.getTime()}`;
    const hour = hours.get(key) ?? {
      ...{ grant, day, startsAt, requests: 0, failures: 0, calls: 0, rows: 0, bytes: 0 },
      latency: noLatency(),
    };
    hours.set(key, hour);
    const { requests, failures, ms } = served(record);
    hour.requests += requests;
    hour.failures += failures;
    hour.calls += record.units.calls;
    hour.rows += record.units.rows;
    hour.bytes += record.units.bytes;
    if (ms !== undefined) hour.latency[bucketOf(ms)]! += 1;
  }
  return [...hours.values()];
};

/** Hours of one grant added up, with a digest of the rows as they stand: whoever has the segments can make both again. */
export const serviceOf = (hours: readonly UsageHour[]): Service => {
  const latency = noLatency();
  const sum = { requests: 0, failures: 0, calls: 0, rows: 0, bytes: 0 };
  for (const hour of hours) {
    for (const figure of ['requests', 'failures', 'calls', 'rows', 'bytes'] as const) sum[figure] += hour[figure];
    for (const [at, count] of hour.latency.entries()) latency[at]! += count;
  }
  const rows = hours.map((one) => [one.startsAt.toISOString(), one.requests, one.failures, ...one.latency]);
  const digest = `sha256:${createHash('sha256').update(JSON.stringify(rows)).digest('hex')}`;
  return { ...sum, latency, hours: hours.length, digest };
};

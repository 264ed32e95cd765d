/** How records become figures. Pure. */
import { incompleteCallsOf } from '@shugu/evidence';
import type { UseRecord } from '@shugu/gateway';
import { DEFAULT_TIME_ZONE, periodEnd, periodKey } from '@shugu/policy';
import type { UsageDay, UsageUnits } from './model.ts';

export const noUsage = (): UsageUnits => ({ calls: 0, incompleteCalls: 0, rows: 0, bytes: 0 });

export const addUsage = (one: UsageUnits, other: UsageUnits): UsageUnits => ({
  calls: one.calls + other.calls,
  incompleteCalls: one.incompleteCalls + other.incompleteCalls,
  rows: one.rows + other.rows,
  bytes: one.bytes + other.bytes,
});

/** One grant may be served over several paths, each with a name of its own at the gateway: `grt_….api`. All count on the grant. */
export const grantOfLine = (line: string): string => line.split('.', 1)[0]!;

/** The use itself, whether a record states it or corrects it: `use_….cut` is the gateway's own correction. */
export const useOf = (record: Pick<UseRecord, 'use' | 'corrects'>): string => record.corrects ?? record.use;

/** What a record says to whom it concerns, wherever it is shown. */
export const tellingOf = (record: UseRecord) => ({
  driver: record.driver,
  action: record.action,
  purpose: record.purpose ?? null,
  status: record.status,
  failure: record.failure ?? null,
  ...record.units,
  corrects: record.corrects ?? null,
  reason: record.reason ?? null,
  sequence: record.sequence,
});

/** Units that one record adds. A correction adds its differences; of what failed nothing was handed out. */
export const unitsOf = (record: UseRecord): UsageUnits => ({
  ...record.units,
  incompleteCalls: incompleteCallsOf(record),
});

const dayMs = 86_400_000;

export const nextDay = (day: string): string => new Date(Date.parse(day) + dayMs).toISOString().slice(0, 10);

/** First instant (ms) of a local day; no zone is more than a day ahead of UTC. */
export const dayStart = (day: string, zone: string): number => {
  let at = Date.parse(day) - dayMs;
  while (periodKey(at, zone, 'day') < day) at = periodEnd(at, zone, 'day')!;
  return at;
};

const slotMs = 900_000;

/** Local day of instants. Every zone is off by whole quarters of an hour, so one answer holds for a quarter: calendars are slow. */
const dayOf = () => {
  const known = new Map<string, string>();
  return (at: number, zone: string): string => {
    const key = `${zone} ${Math.floor(at / slotMs)}`;
    const day = known.get(key) ?? periodKey(at, zone, 'day');
    known.set(key, day);
    return day;
  };
};

/** Roll-up by grant and local day of the instant at which the use was admitted. Grants without a zone count in China's. */
export const rollUp = (records: readonly UseRecord[], zoneOf: (grant: string) => string | undefined): UsageDay[] => {
  const days = new Map<string, UsageDay>();
  const localDay = dayOf();
  for (const record of records) {
    const grant = grantOfLine(record.grant);
    const day = localDay(record.at, zoneOf(grant) ?? DEFAULT_TIME_ZONE);
    const key = `${grant} ${day}`;
    const before = days.get(key) ?? { ...noUsage(), grant, day };
    days.set(key, { ...before, ...addUsage(before, unitsOf(record)) });
  }
  return [...days.values()];
};

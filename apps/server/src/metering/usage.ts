/** Questions about usage: of a contract for a period, of a grant up to now, what is left, counters for a gateway. */
import { MemoryQuota, type QuotaSnapshot, type Slot } from '@shugu/gateway';
import { PERIODS, type Period, type Plan, periodEnd, periodKey, type Quota } from '@shugu/policy';
import type { Reader } from '../kernel/db/db.ts';
import type { ContractUsage, MeteredGrant, UsageDay, UsageUnits, Watermarks } from './model.ts';
import { daysOfGrants, grantsOfContract, livingGrants, watermarksOf } from './reads.ts';
import { addUsage, noUsage } from './rules.ts';

const total = (days: readonly UsageUnits[]): UsageUnits => days.reduce(addUsage, noUsage());

const groupBy = <K extends 'grant' | 'day'>(days: readonly UsageDay[], key: K) => {
  const groups = new Map<string, UsageUnits>();
  for (const day of days) groups.set(day[key], addUsage(groups.get(day[key]) ?? noUsage(), day));
  return [...groups].map(([name, units]) => ({ ...units, [key]: name }) as UsageUnits & Record<K, string>);
};

/**
 * Usage of a contract from the day that holds `from` to the last day that begins before `until` (exclusive), by calendar days
 * of each grant's zone: the grain of the roll-ups. Null: without bound. Exact up to `watermarks`; `flush()` before a cut-off.
 */
export const contractUsage = async (
  read: Reader,
  contract: string,
  from: Date | null,
  until: Date | null,
): Promise<ContractUsage> => {
  const grants = await grantsOfContract(read, contract);
  const days: UsageDay[] = [];
  for (const { id, timeZone } of grants)
    days.push(
      ...(await daysOfGrants(read, [id], {
        from: from === null ? undefined : periodKey(from.getTime(), timeZone, 'day'),
        until: until === null ? undefined : periodKey(until.getTime() - 1, timeZone, 'day'),
      })),
    );
  return {
    ...total(days),
    byGrant: groupBy(days, 'grant'),
    byDay: groupBy(days, 'day').sort((a, b) => a.day.localeCompare(b.day)),
    watermarks: await watermarksOf(read),
  };
};

export const usageUpTo = async (read: Reader, grant: string): Promise<UsageUnits & { watermarks: Watermarks }> => ({
  ...total(await daysOfGrants(read, [grant], {})),
  watermarks: await watermarksOf(read),
});

const inPeriod = (days: readonly UsageDay[], key: string, period: Period): UsageUnits =>
  total(period === 'total' ? days : days.filter(({ day }) => day.startsWith(key)));

export interface LimitLeft extends Quota {
  used: number;
  left: number;
  end: Date | null;
}

/** What is left of each limit in the period that holds `now`. */
export const limitsLeft = (grant: MeteredGrant, days: readonly UsageDay[], now: number): LimitLeft[] =>
  grant.quotas.map(({ metric, period, limit }) => {
    const used = inPeriod(days, periodKey(now, grant.timeZone, period), period)[metric];
    const end = periodEnd(now, grant.timeZone, period);
    return { metric, period, limit, used, left: Math.max(0, limit - used), end: end === null ? null : new Date(end) };
  });

/** Counters of all living grants as the roll-ups have them, in the form that a gateway starts from. */
export const quotaSnapshot = async (read: Reader, now: number): Promise<QuotaSnapshot> => {
  const grants = await livingGrants(read);
  const days = await daysOfGrants(
    read,
    grants.map(({ id }) => id),
    {},
  );
  const byGrant = Map.groupBy(days, ({ grant }) => grant);
  const empty = new MemoryQuota();
  const snapshot: QuotaSnapshot = { sequences: await watermarksOf(read), grants: {} };
  for (const { id, timeZone } of grants) {
    const own = byGrant.get(id);
    if (!own) continue;
    const slots = {} as Record<Period, Slot>;
    for (const period of PERIODS) {
      const slot = empty.slot(id, { timeZone } as Plan, period, now);
      const { calls, rows, bytes } = inPeriod(own, slot.key, period);
      slots[period] = { ...slot, calls, rows, bytes };
    }
    snapshot.grants[id] = slots;
  }
  return snapshot;
};

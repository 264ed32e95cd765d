/** Whether a month kept what the data contract promises. Pure. */
import { periodEnd, periodKey } from '@shugu/policy';
import { latencyBoundsMs } from '@shugu/wire/catalogue';
import { dayStart, type Service } from '../metering/index.ts';
import type { LevelFinding, ServiceLevels } from './model.ts';

export interface LevelFacts {
  service: Pick<Service, 'requests' | 'failures' | 'latency'>;
  /** How old the newest data became; null where nothing is known of it. */
  ageHours: number | null;
  /** Cells of what is served; null where no report counts them. */
  cells: { filled: number; all: number } | null;
}

/** Per cent in thousandths, rounded down: a promise is not kept by rounding. */
const share = (part: number, whole: number): number | null =>
  whole === 0 ? null : Math.floor((part * 100_000) / whole) / 1000;

/** By how many per cent of the target it was missed; something, however little, where it was. */
const missed = (target: number, distance: number): number =>
  Math.max(0.001, Math.round((distance / target) * 100_000) / 1000);

/** At least `target` per cent; what nobody asked for or counted cannot be missed. */
const atLeast = (level: LevelFinding['level'], target: number, measured: number | null): LevelFinding => {
  const met = measured === null || measured >= target;
  return { level, target, measured, met, missedPercent: met ? 0 : missed(target, target - measured!) };
};

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

export const judge = (levels: ServiceLevels, { service, ageHours, cells }: LevelFacts): LevelFinding[] => {
  const { availabilityPercent, latency, freshnessHours, completenessPercent } = levels;
  const findings: LevelFinding[] = [];
  if (availabilityPercent !== null) {
    const served = share(service.requests - service.failures, service.requests);
    findings.push(atLeast('availability', availabilityPercent, served));
  }
  if (latency !== null) {
    const within = sum(service.latency.slice(0, latencyBoundsMs.indexOf(latency.withinMs) + 1));
    const finding = atLeast('latency', latency.percent, share(within, sum(service.latency)));
    findings.push({ ...finding, withinMs: latency.withinMs });
  }
  if (freshnessHours !== null) {
    const measured = ageHours === null ? null : Math.floor(ageHours * 1000) / 1000;
    const met = measured === null || measured <= freshnessHours;
    const missedPercent = met ? 0 : missed(freshnessHours, measured! - freshnessHours);
    findings.push({ level: 'freshness', target: freshnessHours, measured, met, missedPercent });
  }
  if (completenessPercent !== null)
    findings.push(atLeast('completeness', completenessPercent, cells && share(cells.filled, cells.all)));
  return findings;
};

const hourMs = 3_600_000;

/** The oldest that the newest data became in [from, until): `publications` in any order, ms. */
export const oldestHours = (publications: readonly number[], from: number, until: number): number | null => {
  const at = publications.filter((one) => one < until).sort((a, b) => a - b);
  const known = at.findLast((one) => one <= from) ?? at[0];
  if (known === undefined) return null;
  const later = at.filter((one) => one > known);
  const ages = [...later, until].map((end, index) => end - (index === 0 ? known : later[index - 1]!));
  return Math.max(...ages) / hourMs;
};

export interface Month {
  period: string;
  /** What of the month the grant was open for, ms, end exclusive. */
  from: number;
  until: number;
}

/** So long after a month's end its last records have arrived from every gateway that is connected. */
export const assessedAfterMs = 24 * hourMs;
export const monthsMax = 36;

interface Span {
  from: Date;
  createdAt: Date;
  endedAt: Date | null;
  until: Date | null;
  timeZone: string;
}

const openOf = ({ from, createdAt, endedAt, until }: Span, now: number) => ({
  opened: Math.max(from.getTime(), createdAt.getTime()),
  closed: Math.min(...[endedAt, until].flatMap((one) => (one ? [one.getTime()] : [])), now),
});

/** The month that runs, as far as it has; null where the grant is not open in it. */
export const monthOf = (grant: Span, now: number): Month | null => {
  const { opened, closed } = openOf(grant, now);
  const period = periodKey(now, grant.timeZone, 'month');
  const from = Math.max(opened, dayStart(`${period}-01`, grant.timeZone));
  return from < closed ? { period, from, until: closed } : null;
};

/** Months of a grant that are over and can be judged, oldest first, after the last that was. */
export const monthsDue = (grant: Span, after: string | null, now: number): Month[] => {
  const zone = grant.timeZone;
  const { opened, closed } = openOf(grant, now);
  const months: Month[] = [];
  for (let at = opened; at < closed && months.length < monthsMax; ) {
    const end = periodEnd(at, zone, 'month')!;
    if (end + assessedAfterMs > now) break;
    const period = periodKey(at, zone, 'month');
    if (after === null || period > after) months.push({ period, from: at, until: Math.min(end, closed) });
    at = end;
  }
  return months;
};

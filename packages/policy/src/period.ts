/** Calendar periods in the contract's time zone. Quotas renew on calendar boundaries, never "30 days later". */

export type Period = 'total' | 'day' | 'month' | 'year';
export const PERIODS: readonly Period[] = ['total', 'day', 'month', 'year'];
export const DEFAULT_TIME_ZONE = 'Asia/Shanghai';

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string): Intl.DateTimeFormat {
  let found = formatters.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formatters.set(zone, found);
  }
  return found;
}

/** Whether the runtime knows an IANA zone name. */
export function isTimeZone(zone: string): boolean {
  try {
    formatter(zone);
    return true;
  } catch {
    return false;
  }
}

export type LocalTime = { date: string; minuteOfDay: number };

/** The wall clock in a zone: date YYYY-MM-DD and minutes since local midnight. `now` in ms since the epoch. */
export function localTime(now: number, zone: string): LocalTime {
  const parts: Record<string, string> = {};
  for (const part of formatter(zone).formatToParts(now)) parts[part.type] = part.value;
  const year = (parts.year ?? '').padStart(4, '0');
  return {
    date: `${year}-${parts.month}-${parts.day}`,
    minuteOfDay: Number(parts.hour) * 60 + Number(parts.minute),
  };
}

/** Key of the period that holds `now`: '2026-11-21', '2026-11', '2026', or 'total'. */
export function periodKey(now: number, zone: string, period: Period): string {
  if (period === 'total') return 'total';
  const { date } = localTime(now, zone);
  return period === 'day' ? date : period === 'month' ? date.slice(0, 7) : date.slice(0, 4);
}

const DAY_MS = 86_400_000;
const PERIOD_SPAN_MS: Record<Exclude<Period, 'total'>, number> = {
  day: 2 * DAY_MS,
  month: 32 * DAY_MS,
  year: 367 * DAY_MS,
};

/**
 * First instant (ms) of the next period; null for 'total'. Found by halving on the key itself, so that zones which skip
 * midnight on a daylight-saving day are right without a table of their rules.
 */
export function periodEnd(now: number, zone: string, period: Period): number | null {
  if (period === 'total') return null;
  const key = periodKey(now, zone, period);
  let inside = now;
  let outside = now + PERIOD_SPAN_MS[period];
  while (outside - inside > 1) {
    const middle = Math.floor((inside + outside) / 2);
    if (periodKey(middle, zone, period) === key) inside = middle;
    else outside = middle;
  }
  return outside;
}

import type { Plan } from './compile.ts';
import type { Action, DriverKind, Mask, Metric, Quota, Rate } from './model.ts';
import { localTime, type Period, periodEnd } from './period.ts';
import { type Refusal, refusal } from './refusals.ts';
import type { RowCondition } from './rowfilter.ts';

/** One intended use, as the delivery path understood it. */
export type UseRequest = {
  /** Participant id of the requester, established by the caller from a credential. */
  participant: string;
  driver: DriverKind;
  action: Action;
  purpose?: string;
  /** GB/T 2260 code of the requester's declared region. */
  region?: string;
  /** 授权凭证号: reference of the data subject's authorisation for this call. */
  authorisationReference?: string;
  /** Columns asked for and columns filtered on, where the path knows them. */
  columns?: readonly string[];
  filterColumns?: readonly string[];
  /** What the answer will take at least; one call, and nothing of the rest, when absent. */
  estimate?: { rows?: number; bytes?: number };
  /** A further part of a use whose call and rows were counted when it began: takes only bytes, and no token. */
  continues?: true;
};

export type QuotaKey = `${Metric}:${Period}`;
const keysOf = <Of extends Metric>(metric: Of) =>
  ({ total: `${metric}:total`, day: `${metric}:day`, month: `${metric}:month`, year: `${metric}:year` }) as const;
/** Written down, as texts made for each call would be hashed for each call. */
export const QUOTA_KEYS: Readonly<Record<Metric, Readonly<Record<Period, QuotaKey>>>> = {
  calls: keysOf('calls'),
  rows: keysOf('rows'),
  bytes: keysOf('bytes'),
};

/** State of the token bucket: tokens held at the instant `at` (ms). */
export type Bucket = { tokens: number; at: number };

/** Counted so far, in the periods that hold `now`. Missing entries are zero; a missing bucket is full. */
export type Counters = {
  status?: 'active' | 'suspended' | 'withdrawn';
  used: Partial<Record<QuotaKey, number>>;
  bucket?: Bucket;
};

export type QuotaLeft = { metric: Metric; period: Period; limit: number; left: number };

/** What the delivery path must apply to an allowed use. */
export type Allowed = {
  allow: true;
  columns: readonly string[] | null;
  masks: Readonly<Record<string, Mask>>;
  rowFilter: readonly RowCondition[];
  /** Only the copy that was marked for this contract may be handed out. */
  marked?: true;
  /** What was left before this use, quota by quota. */
  left: QuotaLeft[];
  /** The bucket after taking one token; the caller keeps it. */
  bucket?: Bucket;
};

export type Decision = Allowed | Refusal;
export type Decide = (plan: Plan, request: UseRequest, counters: Counters, now: number) => Decision;

const AUTHORISATION_LENGTH_MAX = 128;

/**
 * The one decision. Pure: everything that matters is an argument; `now` in ms. The order of checks is fixed, so that a
 * request with several faults always gets the same code: standing, time, verb and purpose, place, fields, quantity, speed.
 */
export const decide: Decide = (plan, request, counters, now) =>
  standing(plan, request, counters) ??
  inTime(plan, now) ??
  asAgreed(plan, request) ??
  fieldsAllowed(plan, request) ??
  withinQuantity(plan, request, counters, now);

function standing(plan: Plan, request: UseRequest, counters: Counters): Refusal | null {
  if (counters.status === 'withdrawn') return refusal('withdrawn');
  if (counters.status === 'suspended') return refusal('suspended');
  if (plan.assignee !== null && plan.assignee !== request.participant) return refusal('notAssignee');
  return null;
}

function inTime(plan: Plan, now: number): Refusal | null {
  if (plan.notBefore !== null && now < plan.notBefore)
    return refusal('notYetValid', Math.ceil((plan.notBefore - now) / 1000));
  if (plan.notAfter !== null && now >= plan.notAfter) return refusal('expired');
  const hours = plan.hoursOfDay;
  if (!hours) return null;
  const { minuteOfDay } = localTime(now, plan.timeZone);
  const inside =
    hours.from < hours.to
      ? minuteOfDay >= hours.from && minuteOfDay < hours.to
      : minuteOfDay >= hours.from || minuteOfDay < hours.to;
  if (inside) return null;
  return refusal('outsideHours', ((hours.from - minuteOfDay + 1440) % 1440) * 60);
}

function asAgreed(plan: Plan, request: UseRequest): Refusal | null {
  if (plan.computationOnly && request.driver !== 'compute') return refusal('computationOnly');
  if (!plan.drivers.includes(request.driver)) return refusal('driverNotAllowed');
  if (plan.prohibited.includes(request.action) || !plan.actions.includes(request.action))
    return refusal('actionNotAllowed');
  if (plan.purposes) {
    if (!request.purpose) return refusal('purposeMissing');
    if (!plan.purposes.includes(request.purpose)) return refusal('purposeNotAllowed');
  }
  if (plan.regions && !plan.regions.some((prefix) => request.region?.startsWith(prefix)))
    return refusal('regionNotAllowed');
  if (plan.authorisationRequired && !isReference(request.authorisationReference))
    return refusal('authorisationMissing');
  return null;
}

function isReference(reference: string | undefined): boolean {
  return reference !== undefined && reference.trim() !== '' && reference.length <= AUTHORISATION_LENGTH_MAX;
}

/** Filtering on a masked or withheld column would let its values be found by search, so it is refused like reading. */
function fieldsAllowed(plan: Plan, request: UseRequest): Refusal | null {
  const { columns, masks } = plan;
  if (columns) {
    const outside = (column: string) => !columns.includes(column);
    if (request.columns?.some(outside) || request.filterColumns?.some(outside)) return refusal('fieldNotAllowed');
  }
  if (request.filterColumns?.some((column) => Object.hasOwn(masks, column))) return refusal('fieldNotAllowed');
  return null;
}

/**
 * A gateway's share of a rate where several serve the same contract. Together they give `perSecond` and no more; at once each
 * can give one call at least, so that all together give `burst` or their number, whichever is more.
 */
export function rateShare({ perSecond, burst }: Rate, among: number): Rate {
  return { perSecond: perSecond / among, burst: Math.max(1, burst / among) };
}

function withinQuantity(plan: Plan, request: UseRequest, counters: Counters, now: number): Decision {
  const left: QuotaLeft[] = [];
  for (const quota of plan.quotas) {
    const remaining = quota.limit - (counters.used[QUOTA_KEYS[quota.metric][quota.period]] ?? 0);
    if (request.continues && quota.metric !== 'bytes') continue;
    if (remaining < Math.max(1, needed(quota, request))) return exhausted(quota, remaining, plan.timeZone, now);
    left.push({ metric: quota.metric, period: quota.period, limit: quota.limit, left: remaining });
  }
  const { columns, masks, rowFilter, watermark, rate } = plan;
  const allowed: Allowed = { allow: true, columns, masks, rowFilter, ...(watermark ? { marked: true } : {}), left };
  if (!rate || request.continues) return allowed;
  const bucket = counters.bucket ?? { tokens: rate.burst, at: now };
  // A clock that steps back must not refill or drain the bucket.
  const elapsedMs = Math.max(0, now - bucket.at);
  const tokens = Math.min(rate.burst, bucket.tokens + (elapsedMs * rate.perSecond) / 1000);
  if (tokens < 1) return refusal('tooFast', Math.max(1, Math.ceil((1 - tokens) / rate.perSecond)));
  return { ...allowed, bucket: { tokens: tokens - 1, at: Math.max(now, bucket.at) } };
}

function needed({ metric }: Quota, { estimate }: UseRequest): number {
  return metric === 'calls' ? 1 : (estimate?.[metric] ?? 1);
}

/** Waiting for the next period helps only if the period's whole quota would do. */
function exhausted(quota: Quota, remaining: number, zone: string, now: number): Refusal {
  const end = remaining <= 0 ? periodEnd(now, zone, quota.period) : null;
  return refusal(
    quota.metric === 'calls' ? 'countExhausted' : 'volumeExhausted',
    end === null ? undefined : Math.ceil((end - now) / 1000),
  );
}

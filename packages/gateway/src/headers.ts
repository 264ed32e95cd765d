import type { Bucket, Plan } from '@shugu/policy';
import type { QuotaStore, Slot } from './quota.ts';

/** What of a plan's headers stays as long as its periods do. */
type Policy = { slots: readonly Slot[]; text: string };
const policies = new WeakMap<Plan, Policy>();

/**
 * `RateLimit-Policy` and `RateLimit` (IETF draft-ietf-httpapi-ratelimit-headers, structured fields: q quota, w window and
 * t reset in seconds, r remaining) go into `headers`, and `X-Quota-Remaining` with all that is left, total included.
 */
export function addLimitHeaders(
  headers: Record<string, string>,
  quota: QuotaStore,
  grantId: string,
  plan: Plan,
  bucket: Bucket | undefined,
  now: number,
): void {
  const { rate, quotas } = plan;
  if (!rate && quotas.length === 0) return;
  const slots: Slot[] = [];
  let limits = rate ? bucketText(rate, bucket) : '';
  let remaining = '';
  for (let index = 0; index < quotas.length; index++) {
    const { metric, period, limit } = quotas[index]!;
    const slot = quota.slot(grantId, plan, period, now);
    slots.push(slot);
    const left = Math.max(0, limit - slot[metric]);
    const reset = slot.end === null ? '' : `;t=${Math.ceil((slot.end - now) / 1000)}`;
    limits += `${limits === '' ? '' : ', '}"${metric}-${period}";r=${left}${reset}`;
    remaining += `${remaining === '' ? '' : ', '}${metric}-${period}=${left}`;
  }
  headers['ratelimit-policy'] = policyText(plan, slots);
  headers.ratelimit = limits;
  if (remaining !== '') headers['x-quota-remaining'] = remaining;
}

function bucketText(rate: NonNullable<Plan['rate']>, bucket: Bucket | undefined): string {
  const tokens = bucket?.tokens ?? rate.burst;
  const wait = Math.ceil(Math.max(0, 1 - tokens) / rate.perSecond);
  return `"burst";r=${Math.max(0, Math.floor(tokens))};t=${wait}`;
}

/** Said anew only when a period has turned. */
function policyText(plan: Plan, slots: readonly Slot[]): string {
  const held = policies.get(plan);
  if (held?.slots.every((slot, index) => slot.start === slots[index]?.start && slot.end === slots[index]?.end))
    return held.text;
  const parts = plan.quotas.map(({ metric, period, limit }, index) => {
    const { start, end } = slots[index]!;
    return `"${metric}-${period}";q=${limit}${end === null ? '' : `;w=${Math.round((end - start) / 1000)}`}`;
  });
  if (plan.rate) {
    const { perSecond, burst } = plan.rate;
    parts.unshift(`"burst";q=${Math.floor(burst)};w=${Math.max(1, Math.ceil(burst / perSecond))}`);
  }
  const text = parts.join(', ');
  policies.set(plan, { slots: slots.map((slot) => ({ ...slot })), text });
  return text;
}

import type { Bucket, Plan } from '@shugu/policy';
import type { QuotaStore } from './quota.ts';

/**
 * `RateLimit-Policy` and `RateLimit` (IETF draft-ietf-httpapi-ratelimit-headers, structured fields: q quota, w window and
 * t reset in seconds, r remaining), and `X-Quota-Remaining` with all that is left, total included.
 */
export function limitHeaders(
  quota: QuotaStore,
  grantId: string,
  plan: Plan,
  bucket: Bucket | undefined,
  now: number,
): Record<string, string> {
  const policies: string[] = [];
  const limits: string[] = [];
  const remaining: string[] = [];
  if (plan.rate) {
    const { perSecond, burst } = plan.rate;
    const tokens = bucket?.tokens ?? burst;
    policies.push(`"burst";q=${burst};w=${Math.max(1, Math.ceil(burst / perSecond))}`);
    limits.push(`"burst";r=${Math.max(0, Math.floor(tokens))};t=${Math.ceil(Math.max(0, 1 - tokens) / perSecond)}`);
  }
  for (const { metric, period, limit } of plan.quotas) {
    const slot = quota.slot(grantId, plan, period, now);
    const left = Math.max(0, limit - slot[metric]);
    remaining.push(`${metric}-${period}=${left}`);
    const name = `"${metric}-${period}"`;
    policies.push(`${name};q=${limit}${slot.end === null ? '' : `;w=${Math.round((slot.end - slot.start) / 1000)}`}`);
    limits.push(`${name};r=${left}${slot.end === null ? '' : `;t=${Math.ceil((slot.end - now) / 1000)}`}`);
  }
  return {
    ...(policies.length > 0 ? { 'ratelimit-policy': policies.join(', '), ratelimit: limits.join(', ') } : {}),
    ...(remaining.length > 0 ? { 'x-quota-remaining': remaining.join(', ') } : {}),
  };
}

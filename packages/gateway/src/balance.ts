import { hash } from 'node:crypto';
import { keyFrom } from './gateway.ts';
import type { Grant, GrantBook } from './grants.ts';
import { GatewayProblem, type ProblemBody, problemAnswer } from './problem.ts';
import type { QuotaStore } from './quota.ts';

/** Limits of a grant as they stand here: what other gateways have leased counts as used. Times are RFC 3339, in UTC. */
export type Balance = {
  grant: string;
  status: Grant['status'];
  asOf: string;
  /** End of the contract; null when it has none. */
  end: string | null;
  limits: { metric: string; period: string; limit: number; used: number; left: number; end: string | null }[];
  rate: { perSecond: number; burst: number } | null;
};

/**
 * What is left of the limits of a grant, told to whoever holds a data key of it; no use. Lines of a grant are named
 * `{grant}.{kind}` and count together, so any of them tells. To all others every grant looks like one that does not exist.
 */
export function balanceAnswer(
  headers: Readonly<Record<string, string | undefined>>,
  grant: string,
  { grants, quota, now }: { grants: Pick<GrantBook, 'heldBy'>; quota: Pick<QuotaStore, 'slot'>; now: number },
): ProblemBody {
  const key = keyFrom(headers);
  if (!key) return problemAnswer(new GatewayProblem('credentialsMissing'));
  const line = grants.heldBy(hash('sha256', key, 'hex')).find(({ id }) => id.startsWith(`${grant}.`));
  if (!line) return problemAnswer(new GatewayProblem('notFound'));
  const body = Buffer.from(JSON.stringify(balanceOf(line, grant, quota, now)));
  return {
    status: 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(body.length),
      'cache-control': 'no-store',
    },
    body,
  };
}

function balanceOf(line: Grant, grant: string, quota: Pick<QuotaStore, 'slot'>, now: number): Balance {
  const { plan, status, validUntil } = line;
  const time = (ms: number | null | undefined) => (ms == null ? null : new Date(ms).toISOString());
  const limits = plan.quotas.map(({ metric, period, limit }) => {
    const slot = quota.slot(line.id, plan, period, now);
    const used = slot[metric];
    return { metric, period, limit, used, left: Math.max(0, limit - used), end: time(slot.end) };
  });
  return { grant, status, asOf: new Date(now).toISOString(), end: time(validUntil), limits, rate: plan.rate ?? null };
}

/** A token bucket per key, in memory: it slows down the impatient; quotas that people pay for live in contracts instead. */
export interface RateLimit {
  /** Seconds to wait; 0 when the call may pass. */
  take(key: string, nowMilliseconds: number): number;
}

const keysMax = 50_000;

export const rateLimit = (perSecond: number, burst: number): RateLimit => {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take: (key, now) => {
      if (buckets.size > keysMax) buckets.clear();
      const bucket = buckets.get(key) ?? { tokens: burst, at: now };
      const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
      const passes = tokens >= 1;
      buckets.set(key, { tokens: passes ? tokens - 1 : tokens, at: now });
      return passes ? 0 : Math.ceil((1 - tokens) / perSecond);
    },
  };
};

/** Who used which `jti`: kept until the token could not be used any more anyway. */
import { limits } from './limits.ts';

export interface ReplayGuard {
  /** Whether this is the first use; it is one once this has been answered. Has to hold across all processes of a participant. */
  firstUse(issuer: string, jti: string, until: Date): Promise<boolean>;
}

/** For one process. When it is full of tokens that are still good, it takes none: forgetting one would let it pass again. */
export function memoryReplayGuard(now: () => Date, entriesMax: number = limits.replayEntries): ReplayGuard {
  const used = new Map<string, number>();
  return {
    async firstUse(issuer, jti, until) {
      const key = JSON.stringify([issuer, jti]);
      if (used.size >= entriesMax) for (const [one, end] of used) if (end < now().getTime()) used.delete(one);
      if (used.has(key) || used.size >= entriesMax) return false;
      used.set(key, until.getTime());
      return true;
    },
  };
}

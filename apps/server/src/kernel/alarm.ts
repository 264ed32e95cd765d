/**
 * When to look again: at the moment something becomes due, or is told of, instead of all the time. What nobody told of, as it was
 * done by another server or its telling was lost, is found when the ticker asks what is due (ticker.ts), or by a look once in
 * `safetySeconds`.
 */
export const limits = {
  safetySeconds: 60,
  /** Between two looks that find the same waiting: for somebody's transaction, or a database that is away. */
  againMilliseconds: 500,
} as const;

export interface Alarm {
  /** Rings once so many milliseconds from now, and no later than the safety's; what was set before is forgotten. */
  set(milliseconds?: number): void;
  stop(): void;
}

export const makeAlarm = (ring: () => void): Alarm => {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  return {
    set: (milliseconds = Number.POSITIVE_INFINITY) => {
      clearTimeout(timer);
      if (stopped) return;
      timer = setTimeout(ring, Math.max(0, Math.min(milliseconds, limits.safetySeconds * 1000)));
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
};

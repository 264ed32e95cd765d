/** What a step around a computation took. */
import type { Timings } from '../model.ts';

export interface Stopwatch {
  readonly laps: Timings;
  /** What has passed since the last one, under this name. */
  lap(step: keyof Timings): void;
  /** What has passed is nobody's. */
  skip(): void;
}

export const stopwatch = (timer: () => number): Stopwatch => {
  let from = timer();
  const laps: Timings = {};
  return {
    laps,
    lap: (step) => {
      const now = timer();
      laps[step] = Math.round((now - from) * 100) / 100;
      from = now;
    },
    skip: () => {
      from = timer();
    },
  };
};

import { type RunChild, runChild } from '../kernel/child/run.ts';

export interface SampleInput {
  /** Folder of a normal form. */
  folder: string;
  rowsMax: number;
}

export interface Sample {
  columns: string[];
  rows: (string | null)[][];
}

export const sampleLimits = { rowsMax: 100, cellCharactersMax: 2_000 } as const;

/** First rows of a normal form as text, unmasked; runs in a child process. */
export const sampleTable = (input: SampleInput, run: RunChild = runChild): Promise<Sample> =>
  run<Sample>({
    script: new URL('./sample.child.ts', import.meta.url),
    input: { ...input, rowsMax: Math.min(input.rowsMax, sampleLimits.rowsMax) },
    timeLimitMs: 60_000,
    memoryLimitMB: 256,
  });

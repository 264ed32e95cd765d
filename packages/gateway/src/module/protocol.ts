/**
 * What goes between a module's process and ours: descriptors alone, never a channel that takes objects, as whoever broke out of the
 * engine would speak on it.
 */
export const FD = { setup: 3, output: 4, verdict: 5, tables: 6 } as const;

/** The first line of the set-up, as JSON; behind it the bytes of the module. */
export interface ModuleSetup {
  /** `check` compiles it and looks at what it declares; nothing of it runs. */
  kind: 'check' | 'run';
  tables: number;
  /** What `values` gives: JSON. */
  values: string;
  memoryMB: number;
  seconds: number;
  outputBytes: number;
  outputRows: number;
}

/** One line of JSON: the last word of the process. */
export interface Verdict {
  code: 'done' | string;
  detail: string;
}
export const VERDICT_BYTES = 4096;

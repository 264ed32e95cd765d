/** What a module may be and take, at the most. Contracts may allow less. */
export const MODULE_LIMITS = {
  moduleBytes: 2 ** 20,
  memoryMB: 512,
  seconds: 120,
  outputBytes: 4 * 2 ** 20,
  outputRows: 10_000,
  lineBytes: 64 * 2 ** 10,
  /** Of all tables together, as lines. */
  inputBytes: 512 * 2 ** 20,
  tables: 8,
  /** Entries of its tables of functions, together. */
  tableEntries: 100_000,
} as const;

/** For one run. */
export interface ModuleAllowance {
  memoryMB: number;
  /** By the clock on the wall; processor time is bounded by the same number. */
  seconds: number;
  outputBytes: number;
  outputRows: number;
}

import { type RunChild, runChild } from '../../kernel/child/run.ts';
import type { JobOptions } from './ingest.ts';

export interface TableStoreInput {
  /** Folder of a normal form. */
  folder: string;
  /** Where the store is put, whole, once it is complete. */
  path: string;
  /** Name of the table in the store. */
  table: string;
  /** Columns by which rows are looked up together; each list becomes an index, the first is the key. */
  indexes: string[][];
  /** Only these columns, in this order; all when absent. */
  columns?: string[];
}

/**
 * Copies a normal form into a point store of the gateway (SQLite), for look-ups by key in microseconds; runs in a child
 * process. Decimals, dates and timestamps are stored as text, digit for digit. Answers with the rows written.
 *
 * Rejects with ChildError tablestore.column (unknown column), tablestore.invalid (a name that the store does not take), or a
 * child.* code.
 */
export async function buildTableStore(input: TableStoreInput, options: JobOptions = {}): Promise<{ rows: number }> {
  const run: RunChild = options.run ?? runChild;
  return run<{ rows: number }>({
    script: new URL('./tablestore.child.ts', import.meta.url),
    input,
    timeLimitMs: options.timeLimitMs ?? 20 * 60_000,
    memoryLimitMB: options.memoryLimitMB ?? 384,
    onProgress: options.onProgress,
    signal: options.signal,
  });
}

import { runChild } from '../../kernel/child/run.ts';
import type { Sums } from '../push/rows.ts';

export interface RowsInput {
  /** The one folder that is read and written. */
  folder: string;
  /** CSV without a header, each row after a first field that says nothing. */
  from: string;
  /** Parquet. */
  to: string;
  /** `as`: a type in DuckDB's words, or `numeric`: as many digits as its values have. */
  columns: { name: string; as: string }[];
}

/** What came of it: count, checksum, and the type of each column. */
export interface WrittenRows extends Sums {
  types: string[];
}

/**
 * Rows as text become typed Parquet; their count, and a checksum that does not heed their order. Rejects with ChildError
 * import.value (details: column) where values are not of their type, or a child.* code.
 */
export const writeRows = (input: RowsInput, signal: AbortSignal): Promise<WrittenRows> =>
  runChild<WrittenRows>({
    script: new URL('./rows.child.ts', import.meta.url),
    input,
    timeLimitMs: 30 * 60_000,
    memoryLimitMB: 256,
    signal,
  });

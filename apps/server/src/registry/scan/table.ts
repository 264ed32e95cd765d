import { type RunChild, runChild } from '../../kernel/child/run.ts';
import type { JobOptions } from '../ingest/ingest.ts';
import { type ColumnScan, type ScanOptions, scanLimits } from './scan.ts';

export interface TableScanInput extends ScanOptions {
  /** Folder of a normal form (rows.parquet and schema.json). */
  folder: string;
}

/**
 * Scans a table in its normal form, in a child process. The sample is every n-th row over the whole table, so the same table
 * gives the same verdict. Rejects with a child.* code.
 */
export async function scanTable(
  input: Omit<TableScanInput, 'valuesPerColumnMax'> & { valuesPerColumnMax?: number },
  options: JobOptions = {},
): Promise<ColumnScan[]> {
  const run: RunChild = options.run ?? runChild;
  return run<ColumnScan[]>({
    script: new URL('./scan.child.ts', import.meta.url),
    input: { valuesPerColumnMax: scanLimits.valuesPerColumnMax, ...input } satisfies TableScanInput,
    timeLimitMs: options.timeLimitMs ?? 120_000,
    memoryLimitMB: options.memoryLimitMB ?? 384,
    onProgress: options.onProgress,
    signal: options.signal,
  });
}

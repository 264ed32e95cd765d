import type { Layout, Synthetic, SyntheticScore } from '@shugu/watermark';
import { type RunChild, runChild } from '../../kernel/child/run.ts';

export interface EvidenceInput {
  path: string;
  /** For what does not fit into memory; emptied after. */
  folder: string;
  layouts: { layout: Layout; synthetics: Synthetic[] }[];
  rowsMax: number;
  columnsMax: number;
}

export interface EvidenceResult {
  columns: string[];
  rows: number;
  rowsRead: number;
  /** As asked. `names` and `bits` in base64: what the rows show, before any key is asked. */
  layouts: { names: string; bits: string; synthetics: SyntheticScore[] }[];
}

/**
 * What a suspicious file shows of copies of these layouts; read in a child process, which is given no key.
 *
 * Rejects with ChildError trace.notTable, trace.unreadable, or a child.* code.
 */
export const readEvidence = (input: EvidenceInput, run: RunChild = runChild): Promise<EvidenceResult> =>
  run<EvidenceResult>({
    script: new URL('./evidence.child.ts', import.meta.url),
    input,
    timeLimitMs: 5 * 60_000,
    memoryLimitMB: 512,
  });

import type { ShareField, ShareFile } from '@shugu/gateway';
import type { Mask, RowCondition } from '@shugu/policy';
import type { Synthetic } from '@shugu/watermark';
import { type RunChild, runChild } from '../../kernel/child/run.ts';
import type { CutWatermark } from './marks.ts';

export interface CutInput {
  /** A Parquet file in the normal form. */
  source: string;
  /** Where the files go, each under the digest of its content; nothing that stands there is changed. */
  folder: string;
  /** Columns of the dictionary, in its order; of them those that the contract permits and does not hide are written. */
  dictionary: string[];
  columns: string[] | null;
  masks: Record<string, Mask>;
  rowFilter: RowCondition[];
  /** Hex; replaces masked values. Null where no mask needs one. */
  maskKey: string | null;
  watermark: CutWatermark | null;
  /** The revision before: its fields, which stay, and its files, against which changes are told. Null for the first. */
  before: { fields: ShareField[]; files: { id: string; name: string }[] } | null;
  rowsPerFile: number;
}

export interface CutResult {
  fields: ShareField[];
  /** In the order of the rows. */
  files: { id: string; file: ShareFile }[];
  changes: { id: string; file: ShareFile }[];
  rows: number;
  /** Made-up rows that stand in it. */
  synthetic: Synthetic | null;
}

export interface CutOptions {
  run?: RunChild;
  signal?: AbortSignal;
}

/**
 * Writes the permitted rows and columns of a table as Parquet files, and the rows that came and went since the revision
 * before; runs in a child process. The same input gives the same files, so what did not change keeps its files.
 *
 * Rejects with ChildError share.columns (a column of the first revision is missing or no longer fits), share.empty (the
 * contract leaves no column), share.watermark (a column cannot carry its mark), or a child.* code.
 */
export const cutTable = (input: CutInput, options: CutOptions = {}): Promise<CutResult> =>
  (options.run ?? runChild)<CutResult>({
    script: new URL('./cut.child.ts', import.meta.url),
    input,
    timeLimitMs: 30 * 60_000,
    memoryLimitMB: 512,
    signal: options.signal,
  });

import type { Synthetic } from '@shugu/watermark';
import { type RunChild, runChild } from '../../kernel/child/run.ts';
import type { CutWatermark } from '../share/marks.ts';
import type { Form } from './form.ts';

export interface CopyInput {
  /** The file as its supplier made it. */
  source: string;
  /** Where the copy is written; beside it, what does not fit into memory. */
  folder: string;
  form: Form;
  /** Of the dictionary. */
  columns: string[];
  watermark: CutWatermark;
}

export interface CopyResult {
  /** Within `folder`. */
  file: string;
  /** With those that were made up. */
  rows: number;
  synthetic: Synthetic | null;
}

/**
 * Writes a file as one buyer gets it: in the same form, every character as it was but for the altered values and the made-up
 * rows; runs in a child process, in the same memory whatever the file's size. The same input gives the same file.
 *
 * Rejects with ChildError copy.unreadable, share.watermark (a column cannot carry its mark), or a child.* code.
 */
export const copyFile = (
  input: CopyInput,
  { run = runChild, signal }: { run?: RunChild; signal?: AbortSignal } = {},
): Promise<CopyResult> =>
  run<CopyResult>({
    script: new URL('./copy.child.ts', import.meta.url),
    input,
    timeLimitMs: 180 * 60_000,
    memoryLimitMB: 512,
    ...(signal ? { signal } : {}),
  });

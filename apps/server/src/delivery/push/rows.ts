/** Rows of cut Parquet files for a far end that takes rows. */
import type { ShareField } from '@shugu/gateway';
import { warmChild } from '../../kernel/child/run.ts';
import type { RowDigest } from './columns.ts';

/** Rows `from` to `from + count` of a file, as CSV into `to`; both in the one folder that is read and written. */
export interface AskedPiece {
  folder: string;
  file: string;
  fields: readonly ShareField[];
  from: number;
  count: number;
  to: string;
  digest: RowDigest;
}

/** The rows that came of a file of changes, as a file of their own beside it. */
export interface AskedInserts extends Pick<AskedPiece, 'folder' | 'file' | 'fields' | 'to'> {
  inserts: true;
}

export interface Sums {
  rows: number;
  /** A whole number in decimal digits; of two parts it is the sum. */
  checksum: string;
}

export interface RowReader {
  piece(asked: AskedPiece, signal: AbortSignal): Promise<Sums & { bytes: number }>;
  /** How many they are. */
  inserts(asked: Omit<AskedInserts, 'inserts'>, signal: AbortSignal): Promise<number>;
  end(): void;
}

const timeLimitMs = 30 * 60_000;

export const rowReader = (): RowReader => {
  const child = warmChild({
    script: new URL('./rows.child.ts', import.meta.url),
    memoryLimitMB: 256,
    idleMs: 60_000,
    queueMax: 2,
  });
  return {
    piece: (asked, signal) => child.run(asked, { timeLimitMs, signal }),
    inserts: async (asked, signal) => {
      const told: AskedInserts = { ...asked, inserts: true };
      return (await child.run<{ rows: number }>(told, { timeLimitMs, signal })).rows;
    },
    end: () => child.end(),
  };
};

import type { RowEffects } from '@shugu/policy';
import type { BoundValues, QueryTemplate } from '../../query/template.ts';

/** What goes to a query process over its channel. */
export type QueryTable = { name: string; path: string };
/** A table that is only bound against: of the columns of a file, or of columns that are named with the engine's types. */
export type BoundTable = QueryTable | { name: string; columns: readonly { name: string; type: string }[] };
export type AnswerFormat = 'json' | 'csv' | 'arrow' | 'parquet';
/** `lines`: one JSON array of the columns to a line, for programs that read it; nobody is answered so. */
export type RunFormat = AnswerFormat | 'lines';

/** The first message, once in a process's life: what it can ever read. `folder`: its own, for answers that need a file. */
export type Setup =
  | {
      kind: 'grant';
      tables: readonly QueryTable[];
      effects: RowEffects;
      maskKey: Uint8Array;
      folder: string;
      memoryMB: number;
    }
  | { kind: 'gate'; tables: readonly BoundTable[]; memoryMB: number };

export type RunRequest = {
  kind: 'run';
  sql: string;
  values: BoundValues;
  format: RunFormat;
  rowsMax: number;
  bytesMax: number;
  /** Of work; waiting for the reader does not count. */
  seconds: number;
};
export type CheckRequest = { kind: 'check'; template: QueryTemplate; tables: readonly string[] };
/** What the engine's parser makes of a text. */
export type TreeRequest = { kind: 'tree'; sql: string };
export type CancelRequest = { kind: 'cancel' };
export type ChildRequest = RunRequest | CheckRequest | TreeRequest | CancelRequest;

export type Fault = {
  code: 'time' | 'memory' | 'rows' | 'bytes' | 'cancelled' | 'failed';
  /** The engine's own words; for the supplier only, as they may quote values. */
  text: string;
};

/** Exit code of a process that ended itself because of its resident memory. */
export const MEMORY_EXIT = 86;

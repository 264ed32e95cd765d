/** Databases of suppliers, and readings of their tables into resources. */
import type { importRhythm, importStates } from '@shugu/wire/delivery';
import type { z } from 'zod';
import type { FaultView } from '../../kernel/problem.ts';
import type { DatabaseAddress } from '../far/session.ts';

export type ImportState = (typeof importStates)[number];

export type ImportRhythm = z.output<typeof importRhythm>;

export interface Connection {
  id: string;
  /** The supplier. */
  participant: string;
  name: string;
  address: DatabaseAddress;
  passwordSealed: string | null;
  checkedAt: Date | null;
  checkFault: FaultView | null;
  createdAt: Date;
  removedAt: Date | null;
}

/** What is read: a table or view and some of its columns, in this order. */
export interface Choice {
  schema: string;
  table: string;
  columns: string[];
}

export interface TableImport extends Choice {
  id: string;
  participant: string;
  connection: string;
  resource: string;
  state: ImportState;
  job: string | null;
  rows: number;
  bytes: number;
  rowsAbout: number | null;
  types: string[] | null;
  checksum: string | null;
  content: string | null;
  fault: FaultView | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** Reads again and again what an import has read. */
export interface ImportSchedule extends Choice {
  id: string;
  participant: string;
  connection: string;
  resource: string;
  rhythm: ImportRhythm;
  /** Null while it is paused. */
  nextAt: Date | null;
  createdAt: Date;
  removedAt: Date | null;
}

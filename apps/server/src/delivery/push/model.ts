/** Destinations, pushes and their runs. */
import type { destinationDraft, destinationKinds, pushModes, pushRunStates, rhythm } from '@shugu/wire/delivery';
import type { z } from 'zod';
import type { FaultView } from '../../kernel/problem.ts';
import type { Upload } from '../../kernel/s3/bucket.ts';
import type { BucketAddress } from '../../kernel/s3/client.ts';
import type { DatabaseAddress } from '../far/session.ts';

export type DestinationKind = (typeof destinationKinds)[number];
export type DestinationDraft = z.output<typeof destinationDraft>;
export type FolderSettings = { path: string };
export type PostgresSettings = DatabaseAddress & { schema: string };
/** `prefix`: levels before every key; empty: none. */
export type S3Settings = BucketAddress & { prefix: string };
export type Settings = FolderSettings | PostgresSettings | S3Settings;
export type Rhythm = z.output<typeof rhythm>;
export type PushMode = (typeof pushModes)[number];
export type RunState = (typeof pushRunStates)[number];

export interface Destination {
  id: string;
  /** The buyer. */
  participant: string;
  name: string;
  kind: DestinationKind;
  settings: Settings;
  secretSealed: string | null;
  checkedAt: Date | null;
  checkFault: FaultView | null;
  createdAt: Date;
  removedAt: Date | null;
}

export interface Push {
  id: string;
  participant: string;
  grant: string;
  destination: string;
  rhythm: Rhythm;
  mode: PushMode;
  purpose: string | null;
  nextAt: Date | null;
  createdAt: Date;
  endedAt: Date | null;
}

/** Of one table: as sent, and as read back. */
export interface Sent {
  table: string;
  rows: number;
  checksum: string;
  rowsBack: number | null;
  checksumBack: string | null;
  how: string;
  /** Where rows are added: how many the versions took away, which stay there. */
  gone?: number;
}

export interface Run {
  id: string;
  participant: string;
  push: string;
  cause: 'asked' | 'rhythm' | 'revision';
  state: RunState;
  job: string | null;
  version: number | null;
  rows: number;
  bytes: number;
  rowsTotal: number | null;
  bytesTotal: number | null;
  counted: string[];
  /** Files, by digest, that were read back as they were sent. */
  readBack: string[];
  /** Uploads to an object store that are not whole yet, by name. */
  uploads: Record<string, Upload>;
  sent: Sent[];
  fault: FaultView | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** Catalogues elsewhere, what they say they have, and each reading of one. */
import type { Text } from '@shugu/wire';
import type {
  differenceOutcomes,
  foreignContent,
  harvestRhythms,
  harvestRunStates,
  sourceKinds,
} from '@shugu/wire/catalogue';
import type { z } from 'zod';
import type { FaultView } from '../../kernel/problem.ts';

export type SourceKind = (typeof sourceKinds)[number];
export type HarvestRhythm = (typeof harvestRhythms)[number];
export type HarvestState = (typeof harvestRunStates)[number];
export type Outcome = (typeof differenceOutcomes)[number];
export type ForeignContent = z.output<typeof foreignContent>;

/** By what an address says that what it holds has not changed (RFC 9110, 8.8). */
export interface Validators {
  address: string;
  etag: string | null;
  lastModified: string | null;
}

export interface Source {
  id: string;
  participant: string;
  name: string;
  kind: SourceKind;
  address: string;
  rhythm: HarvestRhythm;
  nextAt: Date | null;
  watermark: string | null;
  readWholeAt: Date | null;
  /** Of the last reading that took all of it from one page. */
  validators: Validators | null;
  createdAt: Date;
  removedAt: Date | null;
}

/** One data set as it comes from a source, read into our words. */
export interface ForeignRecord {
  foreignId: string;
  /** A second name by which the source lists it; the id where it has none. */
  foreignName: string;
  content: ForeignContent;
}

export interface Entry extends ForeignRecord {
  id: string;
  participant: string;
  source: string;
  digest: string;
  withdrawnAt: Date | null;
  createdAt: Date;
  changedAt: Date;
}

export interface Counts {
  added: number;
  changed: number;
  unchanged: number;
  withdrawn: number;
  refused: number;
}

export interface HarvestRun extends Counts {
  id: string;
  participant: string;
  source: string;
  dry: boolean;
  state: HarvestState;
  job: string | null;
  incremental: boolean;
  complete: boolean;
  /** The source said that nothing has changed since it was last read whole. */
  unmodified: boolean;
  pages: number;
  bytes: number;
  total: number | null;
  fault: FaultView | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export interface Change {
  field: string;
  before: string;
  after: string;
}

export interface Difference {
  foreignId: string;
  title: string;
  outcome: Outcome;
  changes: Change[];
  reason: Text | null;
}

/** An entry that cannot be taken in; the others can. */
export interface Refused {
  foreignId: string | undefined;
  title: string;
  reason: Text;
}

export interface ForeignPage {
  records: (ForeignRecord | Refused)[];
  /** As the source says. */
  total: number | null;
  /** The newest change told of on this page, in the source's words; they compare as texts. */
  newest?: string | undefined;
  /** Of a page that is all there is. */
  validators?: Validators | null;
}

/** What is known of all that the source has, by id or second name; undefined: not enough to say what is gone; `unmodified`: all is as it was. */
export type Presence = ReadonlySet<string> | 'unmodified' | undefined;

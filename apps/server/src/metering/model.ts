/** Usage in whole units. Segments are the truth; everything here can be made again from them. */
import type { UseRecord } from '@shugu/gateway';
import type { Quota } from '@shugu/policy';
import type { correctionStates } from '@shugu/wire/metering';

export interface UsageUnits {
  calls: number;
  /** Those of `calls` whose answer was cut before its end. */
  incompleteCalls: number;
  rows: number;
  bytes: number;
}

/** Per source of records: last sequence contained. */
export type Watermarks = Record<string, number>;

/** A grant as metering knows it: whose uses they are, and in which zone its days begin. */
export interface MeteredGrant {
  id: string;
  supplier: string;
  buyer: string;
  /** Null for a trial. */
  contract: string | null;
  product: string;
  productVersion: string;
  timeZone: string;
  quotas: Quota[];
  trial: boolean;
}

export interface UsageDay extends UsageUnits {
  grant: string;
  /** Calendar day in the grant's zone. */
  day: string;
}

/** One hour of a grant, from the instant at which its uses were let in. */
export interface UsageHour {
  grant: string;
  day: string;
  startsAt: Date;
  /** Let in, whether served or failed. */
  requests: number;
  failures: number;
  calls: number;
  rows: number;
  bytes: number;
  /** By `latencyBoundsMs`, and one more number for what began later. */
  latency: number[];
}

/** What hours say of the service; `digest` is over their rows in order: start, requests, failures, latency. */
export interface Service {
  requests: number;
  failures: number;
  calls: number;
  rows: number;
  bytes: number;
  latency: number[];
  hours: number;
  digest: string;
}

/** Sealed segments that hold uses of a grant in a period: how many, a digest of all their roots, and the first of them. */
export interface SegmentEvidence {
  count: number;
  digest: string;
  first: { source: string; segment: number; root: string; logEntry: string }[];
}

export interface ContractUsage extends UsageUnits {
  byGrant: (UsageUnits & { grant: string })[];
  byDay: (UsageUnits & { day: string })[];
  watermarks: Watermarks;
}

export type CorrectionState = (typeof correctionStates)[number];

export interface Correction {
  id: string;
  grant: string;
  use: string;
  /** The record that it corrects, as it was found. */
  record: UseRecord;
  calls: number;
  rows: number;
  bytes: number;
  reason: string;
  state: CorrectionState;
  proposedBy: string;
  proposedAt: Date;
  decidedAt: Date | null;
  sequence: number | null;
}

/** Resources, rights and certificates as this room holds them, and what it asks of its neighbours. */
import type {
  certificateStates,
  remarkKinds,
  resourceFields,
  rightKinds,
  rightStates,
  sensitivities,
  sources,
} from '@shugu/wire/registry';
import type { z } from 'zod';
import type { Cases } from '../kernel/case/index.ts';
import type { Database, Reader } from '../kernel/db/db.ts';
import type { Issue } from '../kernel/issue/index.ts';
import type { ObjectStore } from '../kernel/objects.ts';
import type { PublicLog } from '../kernel/publiclog/publiclog.ts';
import type { Members } from '../members/index.ts';
import type { NationalSystem } from './national/system.ts';

export interface Text {
  zh: string;
  en: string;
}

export type ResourceFields = z.output<typeof resourceFields>;
export type ResourceState = 'draft' | 'uploaded' | 'profiled' | 'retired';
export type Source = (typeof sources)[number];
export type RightKind = (typeof rightKinds)[number];
export type RightState = (typeof rightStates)[number];
export type CertificateState = (typeof certificateStates)[number];
export type RemarkKind = (typeof remarkKinds)[number];
export type Sensitivity = (typeof sensitivities)[number];

export interface Resource extends ResourceFields {
  id: string;
  participant: string;
  state: ResourceState;
  /** Counts changes, so that two people editing at once notice each other. */
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface ContentColumn {
  name: string;
  type: string;
  nullable: boolean;
  /** Proposed by the scan and the classification of the platform's self-check. */
  sensitivity: Sensitivity;
}

export interface ContentFault {
  code: string;
  text: Text;
  faults: { code: string; text: Text; row?: number; line?: number; column?: string }[];
}

/** One uploaded file as it was read. */
export interface Content {
  id: string;
  participant: string;
  resource: string;
  fileName: string;
  bytes: number;
  digest: string | null;
  normalDigest: string | null;
  normalBytes: number | null;
  rowCount: number | null;
  columns: ContentColumn[];
  profile: unknown;
  quality: unknown;
  scan: unknown;
  classification: unknown;
  state: 'reading' | 'ready' | 'faulty';
  fault: ContentFault | null;
  job: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

export interface Upload {
  id: string;
  participant: string;
  resource: string;
  fileName: string;
  bytes: number;
  received: number;
  digest: string | null;
  state: 'open' | 'complete' | 'expired';
  content: string | null;
  createdAt: Date;
  expiresAt: Date;
}

/** A holder as a certificate names it; `participant` null for one that is no member here. */
export interface Holder {
  participant: string | null;
  name: string;
  code: string;
  natural: boolean;
}

export interface Certificate {
  id: string;
  /** The organisation that applied; it owns the record. */
  participant: string;
  code: string;
  registrar: string;
  resource: string;
  objectKind: string;
  caseId: string;
  dataName: string;
  dataSummary: string;
  limits: string;
  holders: Holder[];
  changes: { item: string; before: string; after: string; case: string; on: string }[];
  evidenceNumber: string;
  /** Day of the evidence in China, at which the registration is complete. */
  evidencedOn: string;
  validFrom: Date;
  /** Exclusive. */
  validUntil: Date;
  state: CertificateState;
  revision: number;
  paper: string | null;
  endedAt: Date | null;
  createdAt: Date;
}

export interface RegisteredRight {
  id: string;
  /** Holding organisation; '' for a holder that is no member here. */
  participant: string;
  resource: string;
  right: RightKind;
  holderName: string;
  holderCode: string;
  certificate: string;
  caseId: string;
  validFrom: Date;
  /** Exclusive. */
  validUntil: Date;
  limits: string;
  proof: string;
  state: RightState;
}

export interface Remark {
  id: string;
  participant: string;
  right: string;
  kind: RemarkKind;
  text: string;
  basis: string;
  until: string | null;
  recordedAt: Date;
  liftedAt: Date | null;
}

export interface RegistrySettings {
  /** Two digits of GB/T 2260; 99 is no province, so that no specimen looks like a real code. */
  region: string;
  /** The registrar's digit in its region. */
  registrarDigit: string;
}

export interface RegistryDeps {
  database: Database;
  objects: ObjectStore;
  cases: Cases;
  issue: Issue;
  publicLog: PublicLog;
  members: Pick<
    Members,
    'organisation' | 'organisationByCode' | 'hasRole' | 'registrarOf' | 'displayName' | 'displayNames'
  >;
  /** Adapter to the national system; the labelled simulator unless one is configured. */
  national: NationalSystem;
  now(): Date;
}

/** What catalogue, market and delivery read of a resource. */
export interface ResourceDescription {
  id: string;
  participant: string;
  name: string;
  state: ResourceState;
  columns: { name: string; type: string; nullable: boolean; sensitivity: Sensitivity }[];
  rowCount: number | null;
  bytes: number | null;
  quality: unknown;
  objects: { original: string | null; normal: string | null };
  synthetic: boolean;
  licence: string;
}

export type ResourceRead = (read: Reader, id: string) => Promise<ResourceDescription | undefined>;

/** Endpoints and grants, and what this room asks of its neighbours. */
import type { CheckedTemplate } from '@shugu/gateway';
import type { Mask, Metric, Plan, RowCondition, Watermark } from '@shugu/policy';
import type { Score, Synthetic } from '@shugu/watermark';
import type { Text } from '@shugu/wire';
import type { serviceLevels } from '@shugu/wire/catalogue';
import type { driverKinds, endpointDraft, endpointStates, grantStates } from '@shugu/wire/delivery';
import type { z } from 'zod';
import type { Reader } from '../kernel/db/db.ts';
import type { SegmentEvidence, Service } from '../metering/index.ts';

export type DeliveryKind = (typeof driverKinds)[number];
export type EndpointDraft = z.output<typeof endpointDraft>;
export type EndpointInput = z.input<typeof endpointDraft>;
export type ApiDraft = Extract<EndpointDraft, { kind: 'api' }>;
export type FileDraft = Extract<EndpointDraft, { kind: 'file' }>;
export type ProxyDraft = Extract<EndpointDraft, { kind: 'proxy' }>;
export type QueryDraft = Extract<EndpointDraft, { kind: 'query' }>;
export type QueryTemplateDraft = QueryDraft['templates'][number];
/** A draft as it is kept: the secret stands sealed in a column of its own. */
export type ShareDraft = Extract<EndpointDraft, { kind: 'share' }>;
export type KeptDraft = ApiDraft | FileDraft | QueryDraft | ShareDraft | Omit<ProxyDraft, 'secret'>;
export type EndpointState = (typeof endpointStates)[number];
export type GrantState = (typeof grantStates)[number];

/** What an endpoint serves. `store` names a point store in the folder of stores. */
export type EndpointConfig =
  | { kind: 'api'; store: string; keyColumns: string[]; filterColumns: string[]; rowsMax: number }
  | { kind: 'file'; files: DeliverableFile[] }
  | { kind: 'proxy'; upstream: string; methods: string[]; rowsMember?: string }
  | {
      kind: 'query';
      /** Of the engine whose gate let the templates pass; under another they are looked at again first. */
      engine: string;
      /** Parquet files by digest; only those that a template reads. */
      tables: { name: string; digest: string; columns: string[] }[];
      templates: CheckedTemplate[];
      rowsMax: number;
      secondsMax: number;
    }
  | { kind: 'share' };

export interface Endpoint {
  id: string;
  participant: string;
  version: string;
  product: string;
  kind: DeliveryKind;
  state: EndpointState;
  draft: KeptDraft;
  /** What is served; of the draft before while a new one is being built. */
  config: EndpointConfig | null;
  fault: Text | null;
  secretSealed: string | null;
  rowsBuilt: number | null;
  revision: number;
  job: string | null;
  updatedAt: Date;
}

/** What a supplier has published of a version's data, for its table share. */
export interface Revision {
  id: string;
  participant: string;
  version: string;
  /** From 0, without gaps. */
  number: number;
  tables: { name: string; digest: string }[];
  publishedAt: Date;
}

/** The data of a version cut to the terms of grants: which rows and columns, and how values are masked. */
export interface Cut {
  id: string;
  participant: string;
  version: string;
  /** Equal keys, equal files. */
  key: string;
  columns: string[] | null;
  masks: Record<string, Mask>;
  rowFilter: RowCondition[];
  /** The line whose key replaces masked values; null where no mask needs one. */
  line: string | null;
  /** Whose copy it is, and how it is marked; null where copies are all alike. */
  copy: string | null;
  watermark: Watermark | null;
  /** Made-up rows of this copy, by table. */
  synthetic: Record<string, Synthetic> | null;
  state: MadeState;
  fault: Text | null;
  /** Number of the newest revision served; null before the first is ready. */
  built: number | null;
  rows: number | null;
  job: string | null;
}

/** `removed`: its bytes went when no contract needed them any more. */
export type MadeState = EndpointState | 'removed';

/** A file marked for one contract, which gets it in place of the file that its supplier made. */
export interface FileCopy {
  id: string;
  /** The supplier. */
  participant: string;
  version: string;
  /** Whose copy it is: the contract, or the grant of a trial. */
  copy: string;
  table: string;
  /** Digest of the file as its supplier made it. */
  source: string;
  watermark: Watermark;
  /** The watermark in one spelling. */
  mark: string;
  state: MadeState;
  fault: Text | null;
  /** Of the copy; null as long as it was never made. */
  digest: string | null;
  bytes: number | null;
  rows: number | null;
  synthetic: Synthetic | null;
  job: string | null;
}

export interface TraceFile {
  name: string;
  sha256: string;
  bytes: number;
  rows: number;
  /** Of a larger file a part is drawn. */
  rowsRead: number;
  columns: string[];
}

/** A file compared with marked copies. */
export interface Trace {
  id: string;
  /** Who asked. */
  participant: string;
  file: TraceFile;
  copies: number;
  tests: number;
  chanceMax: number;
  /** Best first; empty when the evidence names no one. */
  named: (Score & {
    contract: string | null;
    grant: string;
    buyer: string;
    product: string;
    productName: string;
    version: string;
    table: string;
    method: 'altered' | 'synthetic';
    logChanceOfAny: number;
  })[];
  closest: Score | null;
  createdAt: Date;
}

/** A limit on all use together, from outside the policy. */
export interface Bound {
  metric: Metric;
  limit: number;
}

export type ServiceLevels = z.output<typeof serviceLevels>;

/** One promise beside what was measured. `measured` null: there was nothing to measure it by, and it counts as kept. */
export interface LevelFinding {
  level: 'availability' | 'latency' | 'freshness' | 'completeness';
  /** Per cent; of freshness hours. */
  target: number;
  measured: number | null;
  /** Of latency: the bound that so many per cent of answers must begin within. */
  withinMs?: number;
  met: boolean;
  /** By how many per cent of the target it was missed. */
  missedPercent: number;
}

/** What findings were made from. `digest` is over the hours of the grant, those of `segments` over roots in the public log. */
export interface LevelEvidence extends Service {
  cells: { filled: number; all: number } | null;
  revisions: number;
  segments: SegmentEvidence;
}

/** What a month of a grant came to. */
export interface ServicePeriod {
  id: string;
  grant: string;
  contract: string;
  period: string;
  from: Date;
  until: Date;
  levels: ServiceLevels;
  findings: LevelFinding[];
  evidence: LevelEvidence;
  breached: boolean;
  createdAt: Date;
}

/** An organisation with access by contract. */
export interface Holder {
  buyer: string;
  version: string;
  productName: string;
}

export interface Grant {
  id: string;
  supplier: string;
  buyer: string;
  buyerRegion: string | null;
  /** Null for a trial. */
  contract: string | null;
  order: string | null;
  product: string;
  version: string;
  productName: string;
  trial: boolean;
  state: GrantState;
  reason: string | null;
  plan: Plan;
  policyHash: string;
  /** What the money held for the order pays for; null: nothing is held, or use costs nothing. */
  bound: Bound | null;
  kinds: DeliveryKind[];
  /** What the data contract promises; null: no level. */
  levels: ServiceLevels | null;
  defaultPurpose: string | null;
  defaultAction: string | null;
  from: Date;
  until: Date | null;
  revision: number;
  createdAt: Date;
  endedAt: Date | null;
}

export interface GrantKey {
  id: string;
  grant: string;
  name: string;
  prefix: string;
  createdAt: Date;
  /** May lie ahead after a rotation. */
  revokedAt: Date | null;
  /** The end that it was given when it was made; null: none. */
  expiresAt: Date | null;
}

export type SuspensionTarget = { grant: string } | { contract: string } | { product: string } | { participant: string };

/** A product version as delivery needs it; given by the wiring from catalogue and registry. */
export interface DeliverableVersion {
  id: string;
  product: string;
  productName: string;
  /** The organisation that supplies it. */
  participant: string;
  deliveryModes: readonly string[];
  createdAt: Date;
  serviceLevels: ServiceLevels | null;
  tables: {
    /** Of the content with this digest: how many cells there are, and how many hold something. */
    cells: { digest: string; filled: number; all: number }[];
    name: string;
    columns: { name: string }[];
    rowCount: number | null;
    original: DeliverableFile | null;
    /** The Parquet file for download, and the folder in which it stands with its schema. */
    normal: (DeliverableFile & { folder: string }) | null;
    /** The Parquet file that the version froze, though something newer was uploaded since. */
    data: DeliverableFile | null;
    /** The Parquet file of what has been uploaded last; the same as `data` until there is something newer. */
    newest: (DeliverableFile & { columns: { name: string; type: string }[] }) | null;
  }[];
}

/** A file in the object store; `digest` names its content there. */
export interface DeliverableFile {
  name: string;
  digest: string;
  bytes: number;
  contentType: string;
}

export interface DeliveryNeighbours {
  version(read: Reader, id: string): Promise<DeliverableVersion | undefined>;
  displayNames(read: Reader, ids: readonly string[]): Promise<Map<string, string>>;
  /** Builds a point store from a normal form in a child process (registry/ingest). */
  buildTableStore(
    input: { folder: string; path: string; table: string; indexes: string[][]; columns?: string[] },
    options: { onProgress?: (progress: unknown) => void; signal?: AbortSignal },
  ): Promise<{ rows: number }>;
}

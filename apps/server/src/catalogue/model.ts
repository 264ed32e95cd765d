/** What a product is, and what this room asks of its neighbours. */
import type {
  catalogueLimits,
  column,
  deliveryModes,
  productFields,
  productKinds,
  sensitivities,
  serviceLevels,
  versionAbout,
  versionDraft,
  versionTable,
} from '@shugu/wire/catalogue';
import type { z } from 'zod';
import type { Reader } from '../kernel/db/db.ts';

export type ProductFields = z.output<typeof productFields>;
export type ProductKind = (typeof productKinds)[number];
export type DeliveryMode = (typeof deliveryModes)[number];
export type Sensitivity = (typeof sensitivities)[number];
export type Column = z.output<typeof column>;
export type VersionTable = z.output<typeof versionTable>;
export type VersionDraft = z.output<typeof versionDraft>;
export type ServiceLevels = z.output<typeof serviceLevels>;
export type Limits = typeof catalogueLimits;
export type ProductState = 'draft' | 'ready' | 'retired';

export interface Product extends ProductFields {
  id: string;
  participant: string;
  state: ProductState;
  /** Counts changes, so that two people editing at once notice each other. */
  revision: number;
  /** The version that stands on the market now; set by the flow of listing events. */
  publishedVersion: string | null;
  publishedAt: Date | null;
  latestVersion: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** Frozen with its content: the description too, so that what was reviewed is what is shown and sold. */
export interface ProductVersion {
  id: string;
  product: string;
  participant: string;
  number: number;
  note: string;
  about: z.output<typeof versionAbout>;
  tables: VersionTable[];
  /** ODCS YAML, as offered for download. */
  contract: string;
  contractDigest: string;
  createdAt: Date;
}

/** A registered resource, as the registry's door describes it. */
export interface ResourceDescription {
  id: string;
  participant: string;
  name: string;
  state: string;
  columns: {
    name: string;
    type: string;
    title?: string;
    description?: string;
    unit?: string;
    nullable?: boolean;
    /** Proposed by the scan; a supplier may raise it, never lower it. */
    sensitivity?: Sensitivity;
  }[];
  rowCount: number | null;
  bytes: number | null;
  /** Report made from the computed profile; passed on as it is. */
  quality: unknown;
  objects: { original: string | null; normal: string | null };
}

export interface ResourceReads {
  resource(read: Reader, id: string): Promise<ResourceDescription | undefined>;
  /** The first rows in normal form, unmasked: the caller masks before anything leaves. Null for an empty cell. */
  sample(read: Reader, id: string, rowsMax: number): Promise<{ columns: string[]; rows: (string | null)[][] }>;
}

export interface OperatingRight {
  certificateCode: string;
  until: Date;
}

/** The right to operate (经营权) of `participant` in a resource, by a certificate valid at `at`. */
export type OperatingRightOf = (
  read: Reader,
  participant: string,
  resource: string,
  at: Date,
) => Promise<OperatingRight | undefined>;

export interface RightCover {
  resource: string;
  right: OperatingRight | undefined;
}

export interface OrganisationReads {
  organisation(read: Reader, id: string): Promise<{ id: string; name: string; creditCode: string } | undefined>;
}

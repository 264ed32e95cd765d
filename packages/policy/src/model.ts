import type { OdrlPolicy } from './odrl.ts';
import type { Period } from './period.ts';
import type { RowCondition } from './rowfilter.ts';

/** Paths over which data can leave. `api` is the look-up by key from a table, `proxy` a supplier's own upstream. */
export type DriverKind = 'file' | 'api' | 'proxy' | 'query' | 'share' | 'compute';
export const DRIVER_KINDS: readonly DriverKind[] = ['file', 'api', 'proxy', 'query', 'share', 'compute'];

/**
 * Verbs that a permission may grant. Each stands for itself: a contract that allows `use` does not thereby allow
 * derivation or display. Foreign ODRL reads `use` more widely; the narrower reading can be widened by naming verbs.
 */
export const ACTIONS = [
  'use',
  'read',
  'aggregate',
  'derive',
  'display',
  'distribute',
  'reproduce',
  'modify',
  'shugu:computeOnly',
] as const;
export type Action = (typeof ACTIONS)[number];

/** Duties that the parties take on; they are printed and kept, but no delivery path can perform them for a party. */
export const DUTIES = ['attribute', 'delete', 'inform', 'compensate'] as const;
export type Duty = (typeof DUTIES)[number];

export type Metric = 'calls' | 'rows' | 'bytes';
export type Quota = { metric: Metric; period: Period; limit: number };
export type Rate = { perSecond: number; burst: number };
export type Mask = { kind: 'hide' } | { kind: 'hash' } | { kind: 'truncate'; length: number };
/**
 * Each copy is marked for its buyer: values of these columns altered by at most so much (a decimal; seconds for times), and so
 * many synthetic rows added at most.
 */
export type Watermark = { altered: Record<string, string>; syntheticRows: number };
/** Minutes since local midnight; `from` inclusive, `to` exclusive; `from` > `to` runs over midnight. */
export type HoursOfDay = { from: number; to: number };

/** What a policy says, in our words. Absent means "not limited", except for actions: what is not named is refused. */
export type Terms = {
  assigner?: string;
  assignee?: string;
  target?: string;
  actions: Action[];
  prohibited: Action[];
  duties: Duty[];
  purposes?: string[];
  /** Id of a data space: whoever concludes the contract is a member of it then. Whether use ends with the membership, its rules say. */
  memberOf?: string;
  /** ms since the epoch, inclusive. */
  notBefore?: number;
  /** ms since the epoch, exclusive. */
  notAfter?: number;
  hoursOfDay?: HoursOfDay;
  timeZone: string;
  quotas: Quota[];
  rate?: Rate;
  /** Prefixes of GB/T 2260 codes: '43' is Hunan, '4301' Changsha. */
  regions?: string[];
  columns?: string[];
  masks: Record<string, Mask>;
  rowFilter: RowCondition[];
  authorisationRequired: boolean;
  /** Absent: copies are all alike. */
  watermark?: Watermark;
};

/** A problem with a policy: stable code, JSON pointer-like path, text for people in both languages. */
export type PolicyProblem = { code: string; path: string; zh: string; en: string };

export type Policy = {
  /** The signed source exactly as given; its hash identifies the policy. */
  source: OdrlPolicy;
  terms: Terms;
  /** What was well formed but is not understood here. Shown by `explain`, refused by `compile`. */
  notUnderstood: PolicyProblem[];
};

export function isComputationOnly(terms: Pick<Terms, 'actions'>): boolean {
  return terms.actions.includes('shugu:computeOnly');
}

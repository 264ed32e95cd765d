import { type Json, policyHash } from './canonical.ts';
import type { Policy, PolicyProblem, Quota, Rate } from './model.ts';
import {
  type Action,
  DRIVER_KINDS,
  type DriverKind,
  type Duty,
  type HoursOfDay,
  isComputationOnly,
  type Mask,
  type Watermark,
} from './model.ts';
import { problem } from './problems.ts';
import type { RowCondition } from './rowfilter.ts';

/** Raise with every change of meaning; a plan of another version is recompiled from the signed source. */
export const COMPILER_VERSION = 1;

/** What the gateway holds: flat, JSON-serialisable, null for "not limited". A cache of (policyHash, compilerVersion). */
export type Plan = {
  compilerVersion: number;
  policyHash: string;
  assignee: string | null;
  actions: Action[];
  prohibited: Action[];
  duties: Duty[];
  purposes: string[] | null;
  /** Only where the offer is for members of a data space; looked at when the contract is concluded. */
  memberOf?: string;
  /** ms since the epoch, inclusive. */
  notBefore: number | null;
  /** ms since the epoch, exclusive. */
  notAfter: number | null;
  hoursOfDay: HoursOfDay | null;
  timeZone: string;
  quotas: Quota[];
  rate: Rate | null;
  regions: string[] | null;
  columns: string[] | null;
  masks: Record<string, Mask>;
  rowFilter: RowCondition[];
  authorisationRequired: boolean;
  /** Only where copies are marked: plans made before there were marks say the same without it. */
  watermark?: Watermark;
  computationOnly: boolean;
  /** Paths that can enforce all of the above; a request over any other is refused. */
  drivers: DriverKind[];
};

export type CompileResult = { ok: true; plan: Plan } | { ok: false; problems: PolicyProblem[] };

/** Compile a parsed policy. Refuses whatever was not understood: an unknown limit is not "no limit". */
export function compile(policy: Policy): CompileResult {
  const { terms } = policy;
  const problems = [...policy.notUnderstood];
  if (terms.actions.length === 0) problems.push(problem('noAction', '/permission'));
  if (problems.length > 0) return { ok: false, problems };
  const plan: Plan = {
    compilerVersion: COMPILER_VERSION,
    policyHash: policyHash(policy.source as Json),
    assignee: terms.assignee ?? null,
    actions: [...terms.actions],
    prohibited: [...terms.prohibited],
    duties: [...terms.duties],
    purposes: terms.purposes ? [...terms.purposes] : null,
    ...(terms.memberOf === undefined ? {} : { memberOf: terms.memberOf }),
    notBefore: terms.notBefore ?? null,
    notAfter: terms.notAfter ?? null,
    hoursOfDay: terms.hoursOfDay ?? null,
    timeZone: terms.timeZone,
    quotas: terms.quotas.map((quota) => ({ ...quota })),
    rate: terms.rate ? { ...terms.rate } : null,
    regions: terms.regions ? [...terms.regions] : null,
    columns: terms.columns ? [...terms.columns] : null,
    masks: { ...terms.masks },
    rowFilter: terms.rowFilter.map((condition) => ({ ...condition })),
    authorisationRequired: terms.authorisationRequired,
    ...(terms.watermark ? { watermark: { ...terms.watermark, altered: { ...terms.watermark.altered } } } : {}),
    computationOnly: isComputationOnly(terms),
    drivers: DRIVER_KINDS.filter((driver) => enforceable(policy, driver).length === 0),
  };
  return { ok: true, plan };
}

type Limit = 'columns' | 'masks' | 'rowFilter' | 'rows' | 'authorisation' | 'watermark' | 'computationOnly';

/**
 * What a path cannot enforce. A file goes out as it was made, so nothing is left out of it or counted in it; the standard
 * table-share client sends no header, so it can state no authorisation reference; a computation shows no rows, so there is nothing
 * to mask or count. Marks are put into whole copies of tables and of files that hold one: single answers of look-ups and queries
 * would give the original away bit by bit.
 */
const BEYOND: Readonly<Record<DriverKind, readonly Limit[]>> = {
  file: ['columns', 'masks', 'rowFilter', 'rows', 'computationOnly'],
  api: ['watermark', 'computationOnly'],
  proxy: ['watermark', 'computationOnly'],
  query: ['watermark', 'computationOnly'],
  share: ['authorisation', 'computationOnly'],
  compute: ['masks', 'rows', 'watermark'],
};

const LIMIT_NAMES: Readonly<Record<Limit, readonly [zh: string, en: string]>> = {
  columns: ['许可字段', 'permitted columns'],
  masks: ['字段脱敏', 'masked columns'],
  rowFilter: ['行过滤', 'row filter'],
  rows: ['行数上限', 'limit of rows'],
  authorisation: ['逐次授权凭证号', 'authorisation reference per call'],
  watermark: ['水印', 'watermark'],
  computationOnly: ['仅供计算', 'computation only'],
};

/** Problems that forbid offering this policy on a delivery path; empty when the path enforces all of it. */
export function enforceable(policy: Policy, driver: DriverKind): PolicyProblem[] {
  const { terms } = policy;
  const limits: Limit[] = [];
  if (terms.columns) limits.push('columns');
  if (Object.keys(terms.masks).length > 0) limits.push('masks');
  if (terms.rowFilter.length > 0) limits.push('rowFilter');
  if (terms.quotas.some(({ metric }) => metric === 'rows')) limits.push('rows');
  if (terms.authorisationRequired) limits.push('authorisation');
  if (terms.watermark) limits.push('watermark');
  if (isComputationOnly(terms)) limits.push('computationOnly');
  const beyond = limits
    .filter((limit) => BEYOND[driver].includes(limit))
    .map((limit) =>
      problem('notEnforceable', `/${driver}`, { detail: LIMIT_NAMES[limit][0], en: LIMIT_NAMES[limit][1] }),
    );
  return [...policy.notUnderstood, ...beyond];
}

export { applyToRow, type HashValue, type RowEffects, type SeenColumn, seenColumns, seenValue } from './apply.ts';
export { odrlFrom, type TermsInput } from './build.ts';
export { canonicalJson, type Json, policyHash } from './canonical.ts';
export { COMPILER_VERSION, type CompileResult, compile, enforceable, type Plan } from './compile.ts';
export {
  type Allowed,
  type Bucket,
  type Counters,
  type Decide,
  type Decision,
  decide,
  QUOTA_KEYS,
  type QuotaKey,
  type QuotaLeft,
  rateShare,
  type UseRequest,
} from './decide.ts';
export { explain, type Language, type Names, purposeName } from './explain.ts';
export {
  ACTIONS,
  type Action,
  DRIVER_KINDS,
  type DriverKind,
  DUTIES,
  type Duty,
  type HoursOfDay,
  type Mask,
  type Metric,
  type Policy,
  type PolicyProblem,
  type Quota,
  type Rate,
  type Terms,
  type Watermark,
} from './model.ts';
export { type OdrlPolicy, POLICY_LIMITS, PROFILE_IRI } from './odrl.ts';
export { type ParseResult, parsePolicy } from './parse.ts';
export { DEFAULT_TIME_ZONE, isTimeZone, localTime, PERIODS, type Period, periodEnd, periodKey } from './period.ts';
export type { ProblemCode } from './problems.ts';
export { REFUSAL_CODES, type Refusal, type RefusalCode, refusal } from './refusals.ts';
export {
  parseRowFilter,
  type Row,
  type RowCondition,
  type RowOperator,
  rowFilterText,
  rowMatches,
} from './rowfilter.ts';
export { checkVectors, type PolicyVector, type PolicyVectorFile, policyVectors } from './vectors.ts';
export { isWithin } from './within.ts';

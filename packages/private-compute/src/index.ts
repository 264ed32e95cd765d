export { generateIdentity, type Identity, identityOf, secretOf } from './channel/keys.ts';
export { type Link, linkLimits } from './channel/link.ts';
export { dial, listen } from './channel/meet.ts';
export {
  type ColumnRule,
  type ColumnType,
  type Disclosure,
  disclosures,
  meet,
  type Place,
  permits,
  ruleFor,
} from './contract/disclosure.ts';
export type { JointFault, JointFinding } from './contract/findings.ts';
export {
  type AtOwners,
  alignOf,
  type CommonSum,
  type Intersecting,
  intersectionDigest,
  intersectionFault,
  intersectionOutput,
  intersectionTrust,
  type KeyedSet,
  meetsDirectly,
  type Opening,
  openingCommitment,
  openingSalt,
  openingSaltOfBoth,
  openings,
  partyTermsOf,
} from './contract/intersection.ts';
export {
  checkJoint,
  type Joint,
  type JointTable,
  leanHaving,
  type Profiled,
  sameButHaving,
  sameInside,
} from './contract/joint.ts';
export {
  type ContractMove,
  type ContractState,
  contractMoves,
  contractStates,
  nextContractState,
  nextUseState,
  type Refusal,
  refusalOf,
  type Standing,
  type UseMove,
  type UseState,
  useMoves,
  useStates,
} from './contract/life.ts';
export { asksFirst, type ModuleTerms, moduleFault, moduleTrust } from './contract/module.ts';
export {
  answerAt,
  boundedSql,
  type Noise,
  type NoiseFault,
  noiseDeviations,
  noiseFault,
  noiseLimits,
  noisyRows,
  unboundedName,
} from './contract/noise.ts';
export { type HeldColumn, type Opens, openingPlan } from './contract/opens.ts';
export { confirmContract, isConfirmed, partyFingerprint, sameFingerprint } from './contract/party.ts';
export {
  computeAlone,
  endingOf,
  type HeldSet,
  opensAsAgreed,
  type PartStatement,
  type PartsEnding,
  planDigest,
  readPart,
  roleAt,
  type SharedQuery,
  type SharedSet,
  sharedFault,
  sharesTermsOf,
  signPart,
  tableCommitment,
} from './contract/shared.ts';
export {
  type CleanRoom,
  type Computation,
  type ComputationMode,
  computationFault,
  computationLimits,
  computationText,
  computationTrust,
  type DataSet,
  type ListedParameter,
  ownersOf,
  type Payment,
  queryDigest,
  trustFor,
  type UsesPeriod,
  usesPeriods,
} from './contract/terms.ts';
export {
  type AgreedEngine,
  type EngineDescription,
  type EngineJob,
  type EngineName,
  type EnginePart,
  type EngineReport,
  type EngineStarted,
  engineNames,
  engineOf,
  engines,
  hasThird,
  isUntested,
  type PartyEngine,
  type QueryReport,
  secretflowFault,
  secretflowLimits,
} from './engines/engine.ts';
export { kusciaEngine } from './engines/kuscia.ts';
export { type KusciaSettings, kusciaSettings } from './engines/kuscia-client.ts';
export { localEngine, placeIn } from './engines/local.ts';
export { packageVersion } from './engines/python.ts';
export { scqlEngine } from './engines/scql.ts';
export { type ScqlSettings, scqlSettings } from './engines/scql-client.ts';
export { scqlFault, scqlLimits } from './engines/scql-plan.ts';
export { secretflowEngine } from './engines/secretflow.ts';
export { ownByTransfers } from './intersect/kkrt.ts';
export { type HelperReport, help } from './intersect/merge.ts';
export { ownWithHelper } from './intersect/owner.ts';
export { ownInPair } from './intersect/pair.ts';
export type { OwnerReport } from './intersect/result.ts';
export {
  type AgreedInputs,
  type IntersectMode,
  inputCommitment,
  keysMaxOf,
  mayReveal,
  type Reveal,
  requireTerms,
  type Terms,
  termsDigest,
  trustOf,
} from './intersect/terms.ts';
export {
  type Budget,
  type Budgets,
  type Charge,
  charge,
  epsilonOf,
  rhoFor,
  rhoOfEpsilon,
  rhoOfGaussian,
  varianceFor,
} from './noise/account.ts';
export { type Chance, chanceOf, systemChance } from './noise/chance.ts';
export { decimal, dividedBy, exceeds, plus, type Ratio, ratio, times, toNumber } from './noise/ratio.ts';
export {
  type Bounds,
  boundedTotals,
  type Contribution,
  clamp,
  contributionLimits,
  type GroupTotals,
  type Released,
  type ReleaseTerms,
  releaseCounts,
  releaseMeans,
  releaseSums,
} from './noise/release.ts';
export { bernoulliExp, discreteGaussian, discreteLaplace } from './noise/samplers.ts';
export { type Apart, networksApart } from './party/apart.ts';
export { type Intersection, type IntersectionOutcome, intersectHere } from './party/here.ts';
export { type PartyJob, type PartyReport, playParty } from './party/play.ts';
export {
  type AnyJob,
  isShares,
  type PartyCost,
  type PartyOutcome,
  type StartedParty,
  startParty,
} from './party/start.ts';
export { ComputeError, type ComputeFault } from './problem.ts';
export { queryHere, type SharesOutcome, type SharesQuery } from './shares/here.ts';
export { columnsOf, type Plan, planLimits, planOf, sumPlan } from './shares/plan.ts';
export { playShares, type SharesJob, type SharesReport } from './shares/play.ts';
export type { Answer } from './shares/targets.ts';
export {
  dealerTrust,
  type Recipient,
  requireSharesTerms,
  type SharesProtocol,
  type SharesTerms,
  sharesDigest,
  sharesLimits,
  sharesProtocols,
  sharesTrust,
  sumTrust,
  trustOfPlan,
  trustOfProtocol,
} from './shares/terms.ts';
export { recordLimits } from './table/records.ts';

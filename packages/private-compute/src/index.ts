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
export { ComputeError, type ComputeFault } from './problem.ts';

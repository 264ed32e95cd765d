export { carriedShare, copyKey } from './key.ts';
export type { Alterable, Layout, Row } from './layout.ts';
export { readLayout } from './layout.ts';
export { type Altered, markedRows, marker, type Ranges } from './mark.ts';
export { type Surveyed, survey } from './survey.ts';
export {
  donorsMin,
  findSynthetic,
  makeSynthetic,
  type Synthetic,
  type SyntheticScore,
  syntheticPlaces,
} from './synthetic.ts';
export { chanceMax, type Evidence, gather, type Judged, judge, type Score, score } from './trace.ts';

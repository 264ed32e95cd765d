/** Labels `facet:value`: what filters ask for and facets count. */
import { facetNames, searchLimits } from '@shugu/wire/market-find';
import type { ProductVersion } from '../../catalogue/index.ts';
import { membersOnly, spaceLabel } from '../audience.ts';
import type { Listing } from '../model.ts';

export type FacetName = (typeof facetNames)[number];
export type Facets = Record<FacetName, { value: string; count: number; name: string | null }[]>;

const finePrefix = /^(class|city|county|space|members):/;
/** Finer than a facet: asked for, never counted. */
export const isFine = (label: string): boolean => finePrefix.test(label);

/** A code of GB/T 4754: its section is the facet, division and below are finer. */
export const industryLabel = (code: string): string => (code.length === 1 ? `industry:${code}` : `class:${code}`);
/** A code of GB/T 2260: the province is the facet, city and county are finer. */
export const regionLabel = (code: string): string =>
  code.endsWith('0000') ? `region:${code}` : code.endsWith('00') ? `city:${code.slice(0, 4)}` : `county:${code}`;

export const labelsOf = (
  listing: Pick<Listing, 'participant' | 'plans' | 'delivery_modes' | 'space'>,
  about: Pick<ProductVersion['about'], 'industry' | 'region' | 'updateCycle' | 'kind'>,
): string[] => [
  `industry:${about.industry.slice(0, 1)}`,
  ...[3, 4, 5]
    .filter((length) => about.industry.length >= length)
    .map((length) => `class:${about.industry.slice(0, length)}`),
  `region:${about.region.slice(0, 2)}0000`,
  `city:${about.region.slice(0, 4)}`,
  `county:${about.region}`,
  ...[...new Set(listing.delivery_modes)].map((mode) => `deliveryMode:${mode}`),
  ...[...new Set(listing.plans.map((one) => one.plan.kind))].map((kind) => `priceKind:${kind}`),
  `updateCycle:${about.updateCycle}`,
  `kind:${about.kind}`,
  `supplier:${listing.participant}`,
  ...(listing.space ? [membersOnly, spaceLabel(listing.space)] : []),
];

/** Of documents' facets, one after another: how often each label stands there, by its number. */
export const countNumbers = (facets: string): Map<number, number> => {
  const counts = new Uint32Array(numberEnd);
  for (let at = 0; at < facets.length; at++) counts[facets.charCodeAt(at)]!++;
  const found = new Map<number, number>();
  for (let number = numberStart; number < numberEnd; number++) if (counts[number]) found.set(number, counts[number]!);
  return found;
};
// Below and beyond are characters that no label has (migration 0025).
const [numberStart, numberEnd] = [0x100, 0xd800];

/** The fullest values of each facet first. */
export const facetsOf = (counts: Iterable<readonly [label: string, count: number]>): Facets => {
  const facets = Object.fromEntries(facetNames.map((name) => [name, []])) as unknown as Facets;
  for (const [label, count] of counts) {
    const at = label.indexOf(':');
    facets[label.slice(0, at) as FacetName]?.push({ value: label.slice(at + 1), count, name: null });
  }
  for (const name of facetNames)
    facets[name] = facets[name]
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, searchLimits.facetValuesMax);
  return facets;
};

/** Labels `facet:value`: what filters ask for and facets count. */
import { facetNames, searchLimits } from '@shugu/wire/market-find';
import type { ProductVersion } from '../../catalogue/index.ts';
import type { Listing } from '../model.ts';

export type FacetName = (typeof facetNames)[number];
export type Facets = Record<FacetName, { value: string; count: number; name: string | null }[]>;

const finePrefix = /^(class|city|county):/;
/** Finer than a facet: asked for, never counted. */
export const isFine = (label: string): boolean => finePrefix.test(label);

/** A code of GB/T 4754: its section is the facet, division and below are finer. */
export const industryLabel = (code: string): string => (code.length === 1 ? `industry:${code}` : `class:${code}`);
/** A code of GB/T 2260: the province is the facet, city and county are finer. */
export const regionLabel = (code: string): string =>
  code.endsWith('0000') ? `region:${code}` : code.endsWith('00') ? `city:${code.slice(0, 4)}` : `county:${code}`;

export const labelsOf = (
  listing: Pick<Listing, 'participant' | 'plans' | 'delivery_modes'>,
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
];

/** `lines`: one per product, its labels with spaces between. The fullest values of each facet first. */
export const countFacets = (lines: string): Facets => {
  const counts = new Map<string, number>();
  // Walked by hand: thousands of short-lived arrays would cost more than the counting.
  for (let from = 0; from < lines.length; ) {
    let to = from;
    while (to < lines.length && lines.charCodeAt(to) > 32) to++;
    const label = lines.slice(from, to);
    counts.set(label, (counts.get(label) ?? 0) + 1);
    from = to + 1;
  }
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

/** What of a listing is found by which word. */
import { searchLimits } from '@shugu/wire/market-find';
import type { ProductVersion } from '../../catalogue/index.ts';
import type { Listing } from '../model.ts';
import { leadingPrice } from '../price.ts';
import { labelsOf } from './labels.ts';
import type { SearchDocument } from './store.ts';
import { documentWords, vocabulary } from './text.ts';

/** Of a long description the beginning says what it is about. */
const descriptionCharactersMax = 2000;
const columnsMax = 500;

export interface ListedFacts {
  listing: Pick<
    Listing,
    | 'id'
    | 'participant'
    | 'space'
    | 'product'
    | 'version'
    | 'plans'
    | 'explanation'
    | 'delivery_modes'
    | 'basis'
    | 'listed_at'
  > & { market: string };
  about: ProductVersion['about'];
  columnTitles: string[];
  supplier: string;
}

export const documentOf = (facts: ListedFacts): SearchDocument => {
  const { listing, about, supplier } = facts;
  return {
    product: listing.product,
    participant: listing.participant,
    market: listing.market,
    listing: listing.id,
    name: about.name,
    summary: about.summary,
    kind: about.kind,
    industry: about.industry,
    region: about.region,
    deliveryModes: listing.delivery_modes,
    updateCycle: about.updateCycle,
    price: leadingPrice(listing.plans),
    badges: {
      zh: listing.explanation.zh.slice(0, searchLimits.badgesMax),
      en: listing.explanation.en.slice(0, searchLimits.badgesMax),
    },
    certificates: listing.basis.certificates,
    listedAt: listing.listed_at!,
    labels: labelsOf(listing, about),
    words: documentWords([
      { text: [about.name, ...listing.basis.certificates].join(' '), weight: 'A' },
      { text: [...about.keywords, ...about.scenarios].join(' '), weight: 'B' },
      { text: [about.summary, supplier].join(' '), weight: 'C' },
      {
        text: [about.description.slice(0, descriptionCharactersMax), ...facts.columnTitles.slice(0, columnsMax)].join(
          ' ',
        ),
        weight: 'D',
      },
    ]),
    vocabulary,
  };
};

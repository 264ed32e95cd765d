/** What stands on the market, in a few words: for whoever tells others of it. */
import { type Reader, sql } from '../../kernel/db/db.ts';
import { leadingPrice } from '../price.ts';
import type { ListedFacts } from './document.ts';
import { listedFacts, listedFactsAfter } from './reads.ts';

export interface Listed {
  product: string;
  listing: string;
  version: string;
  name: string;
  summary: string;
  industry: string;
  price: { zh: string; en: string };
  supplier: string;
  /** Id of the supplier. */
  owner: string;
  listedAt: Date;
  /** Only for members of this data space; null: for everybody. */
  space: string | null;
}

const listedOf = ({ listing, about, supplier }: ListedFacts): Listed => ({
  product: listing.product,
  listing: listing.id,
  version: listing.version,
  name: about.name,
  summary: about.summary,
  industry: about.industry,
  price: leadingPrice(listing.plans).text,
  supplier,
  owner: listing.participant,
  listedAt: listing.listed_at!,
  space: listing.space,
});

/** Whomever it is for. */
export const offered = async (read: Reader, product: string): Promise<Listed | undefined> => {
  const facts = await listedFacts(read, product);
  return facts && listedOf(facts);
};

/** For everybody: what is for members of a data space is not told. */
export const listed = async (read: Reader, product: string): Promise<Listed | undefined> => {
  const found = await offered(read, product);
  return found?.space === null ? found : undefined;
};

export const listedAfter = async (read: Reader, after: { at: Date; listing: string }, limit: number) =>
  (await listedFactsAfter(read, after, limit, { openOnly: true })).map(listedOf);

/** Products of one supplier that stand on the market. */
export const productsListedBy = async (read: Reader, supplier: string): Promise<string[]> =>
  (
    await read.rows<{ product: string }>(
      sql`select product from listings where participant = ${supplier} and state = 'listed' order by id`,
    )
  ).map(({ product }) => product);

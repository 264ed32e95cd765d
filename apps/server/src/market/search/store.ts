/** The only SQL that writes the search documents. */
import { join, sql, type Tx } from '../../kernel/db/db.ts';
import type { PriceSummary } from '../prices.ts';

export interface SearchDocument {
  product: string;
  participant: string;
  market: string;
  listing: string;
  name: string;
  summary: string;
  kind: string;
  industry: string;
  region: string;
  deliveryModes: string[];
  updateCycle: string;
  price: PriceSummary;
  badges: { zh: string[]; en: string[] };
  certificates: string[];
  listedAt: Date;
  labels: string[];
  /** Text of a tsvector. */
  words: string;
  vocabulary: string;
}

/** Writes or replaces. */
export const putDocuments = async (tx: Tx, documents: readonly SearchDocument[]): Promise<void> => {
  if (documents.length === 0) return;
  const rows = documents.map(
    (
      one,
    ) => sql`(${one.product}, ${tx.tenancy.node}, ${one.market}, ${one.participant}, ${one.listing}, ${one.name}, ${one.summary}, ${one.kind},
      ${one.industry}, ${one.region}, ${one.deliveryModes}::text[], ${one.updateCycle}, ${one.price.kind}, ${JSON.stringify(one.price.text)}::jsonb,
      ${one.price.lowest}::numeric, ${JSON.stringify(one.badges)}::jsonb, ${one.certificates}::text[], ${one.listedAt}::timestamptz, ${one.labels}::text[],
      ${one.words}::tsvector, ${one.vocabulary}, ${tx.now}::timestamptz)`,
  );
  await tx.exec(sql`insert into search_documents (product, node, market, participant, listing, name, summary, kind, industry, region, delivery_modes, update_cycle,
      price_kind, price_text, price_lowest, badges, certificates, listed_at, labels, words, vocabulary, created_at)
    values ${join(rows)}
    on conflict (product) do update set market = excluded.market, participant = excluded.participant, listing = excluded.listing, name = excluded.name,
      summary = excluded.summary, kind = excluded.kind, industry = excluded.industry, region = excluded.region, delivery_modes = excluded.delivery_modes,
      update_cycle = excluded.update_cycle, price_kind = excluded.price_kind, price_text = excluded.price_text, price_lowest = excluded.price_lowest,
      badges = excluded.badges, certificates = excluded.certificates, listed_at = excluded.listed_at, labels = excluded.labels, words = excluded.words,
      vocabulary = excluded.vocabulary, created_at = excluded.created_at`);
};

export const dropDocuments = async (tx: Tx, products: readonly string[]): Promise<void> => {
  await tx.exec(sql`delete from search_documents where product = any(${[...products]})`);
};

/** Documents whose product no longer stands on the market. */
export const dropOrphans = (tx: Tx): Promise<number> =>
  tx.exec(
    sql`delete from search_documents d where not exists (select 1 from listings l where l.id = d.listing and l.state = 'listed')`,
  );

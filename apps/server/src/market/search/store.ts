/** The only SQL that writes the search documents. */
import { type Database, raw, sql, type Tx } from '../../kernel/db/db.ts';
import type { PriceSummary } from '../price.ts';
import { isFine } from './labels.ts';

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

/** Sorts products by quotation after every price; a price has at most twelve digits before the point. */
const afterEveryPrice = '1000000000000000';

const rowOf = ({ price, ...one }: SearchDocument, facets: string) => ({
  product: one.product,
  listed_at: one.listedAt,
  price_order: price.lowest ?? afterEveryPrice,
  words: one.words,
  facets,
  labels: one.labels,
  market: one.market,
  participant: one.participant,
  listing: one.listing,
  name: one.name,
  summary: one.summary,
  kind: one.kind,
  industry: one.industry,
  region: one.region,
  delivery_modes: one.deliveryModes,
  update_cycle: one.updateCycle,
  price_kind: price.kind,
  price_text: price.text,
  price_lowest: price.lowest,
  badges: one.badges,
  certificates: one.certificates,
  vocabulary: one.vocabulary,
});
const columns = Object.keys(rowOf({ price: {} } as never, ''));
const [names, replaced] = [
  raw(columns.join(', ')),
  raw(
    columns
      .slice(1)
      .map((name) => `${name} = excluded.${name}`)
      .join(', '),
  ),
];

/** Labels that are numbered, and so counted, at most; fewer than there are numbers, as one that loses a race uses one up. */
const labelsMax = 50_000;

/** Numbers of labels; new ones get theirs. In one order, so that two writers do not wait for each other. */
const numbersOf = async (tx: Tx, labels: readonly string[]): Promise<Map<string, number>> => {
  const wanted = [...new Set(labels)].sort();
  await tx.exec(sql`insert into search_labels (label, node, market, participant, created_at)
    select label, ${tx.tenancy.node}, ${tx.tenancy.market}, '', ${tx.now}::timestamptz from unnest(${wanted}::text[]) with ordinality as given (label, place)
    where not exists (select 1 from search_labels known where known.label = given.label) and (select count(*) from search_labels) + place <= ${labelsMax}
    order by place on conflict (label) do nothing`);
  const rows = await tx.rows<{ label: string; number: number }>(
    sql`select label, number from search_labels where label = any(${wanted})`,
  );
  return new Map(rows.map(({ label, number }) => [label, number]));
};

const counted = ({ labels }: SearchDocument): string[] => labels.filter((label) => !isFine(label));

/** Writes or replaces. The rows travel as one JSON text: a value list of hundreds takes longer to parse than to store. */
export const putDocuments = async (tx: Tx, documents: readonly SearchDocument[]): Promise<void> => {
  if (documents.length === 0) return;
  const numbers = await numbersOf(tx, documents.flatMap(counted));
  const rows = documents.map((one) =>
    rowOf(one, String.fromCharCode(...counted(one).flatMap((label) => numbers.get(label) ?? []))),
  );
  await tx.exec(sql`insert into search_documents (node, created_at, ${names})
    select ${tx.tenancy.node}, ${tx.now}::timestamptz, ${names} from jsonb_populate_recordset(null::search_documents, ${JSON.stringify(rows)}::jsonb)
    on conflict (product) do update set ${replaced}, created_at = excluded.created_at`);
};

export const dropDocuments = async (tx: Tx, products: readonly string[]): Promise<void> => {
  await tx.exec(sql`delete from search_documents where product = any(${[...products]})`);
};

/** Documents whose product no longer stands on the market. */
export const dropOrphans = (tx: Tx): Promise<number> =>
  tx.exec(
    sql`delete from search_documents d where not exists (select 1 from listings l where l.id = d.listing and l.state = 'listed')`,
  );

/**
 * Many writes in a row go to the index's list of pending entries, a tenth of the work; readers walk that list meanwhile, so
 * it is switched on for a rebuild only. Outside of a transaction that does anything else: it locks the index against writers.
 */
export const batchIndexing = async (database: Database, on: boolean): Promise<void> => {
  await database.pool.query(`alter index search_documents_words set (fastupdate = ${on ? 'on' : 'off'})`);
  if (!on) await database.pool.query(`select gin_clean_pending_list('search_documents_words')`);
};

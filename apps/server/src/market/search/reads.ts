/** Finding: words and filters meet in one index, at most `candidatesMax` products are ranked and counted. */
import { searchLimits, type sortOrders } from '@shugu/wire/market-find';
import { empty, type Reader, raw, type Sql, sql } from '../../kernel/db/db.ts';
import { decodeCursor, encodeCursor, type PageQuery, pageSize } from '../../kernel/pages.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { ListedFacts } from './document.ts';
import { vocabulary } from './text.ts';

export type SortOrder = (typeof sortOrders)[number];

export interface SearchQuery extends PageQuery {
  /** Text of a tsquery; '' finds everything. */
  tsquery: string;
  labels: readonly string[];
  sort: SortOrder;
}

export interface FoundRow {
  product: string;
  listing: string;
  participant: string;
  name: string;
  summary: string;
  kind: string;
  industry: string;
  region: string;
  delivery_modes: string[];
  update_cycle: string;
  price_kind: string;
  price_text: { zh: string; en: string };
  price_lowest: string | null;
  price_order: string;
  badges: { zh: string[]; en: string[] };
  certificates: string[];
  listed_at: Date;
  rank: number;
}

const shown = sql`product, listing, participant, name, summary, kind, industry, region, delivery_modes, update_cycle, price_kind, price_text,
  price_lowest::text as price_lowest, price_order::text as price_order, badges, certificates, listed_at`;

const matches = ({ tsquery, labels }: SearchQuery): Sql =>
  sql`${tsquery ? sql`words @@ ${tsquery}::tsquery` : sql`true`} ${labels.length ? sql`and labels @> ${[...labels]}::text[]` : empty}`;

// Of more hits than can be ranked, the newest are; sorted by price, the cheapest.
const candidates = (query: SearchQuery, columns: Sql): Sql =>
  sql`select ${columns} from search_documents where ${matches(query)}
    order by ${query.sort === 'priceAscending' ? sql`price_order, product` : sql`listed_at desc, product desc`}
    limit ${searchLimits.candidatesMax + 1}`;

const cursorParts = 4;

/** Key of the row after which the page begins, checked to belong to the same order. */
const afterOf = (query: SearchQuery): [number | string, string, string] | undefined => {
  const after = decodeCursor(query.after, cursorParts);
  if (!after) return undefined;
  const [sort, first, second, product] = after;
  if (sort !== query.sort) throw kernelProblems.invalid({ field: 'query.after', detail: 'a cursor of another order' });
  return [first!, String(second), String(product)];
};

const pageSql = (query: SearchQuery): Sql => {
  const after = afterOf(query);
  const limit = pageSize(query) + 1;
  if (query.sort === 'priceAscending')
    return sql`select ${shown}, 0 as rank from search_documents where ${matches(query)}
      ${after ? sql`and (price_order, product) > (${String(after[0])}::numeric, ${after[2]})` : empty} order by price_order, product limit ${limit}`;
  if (query.sort === 'newest' || query.tsquery === '')
    return sql`select ${shown}, 0 as rank from search_documents where ${matches(query)}
      ${after ? sql`and (listed_at, product) < (${after[1]}::timestamptz, ${after[2]})` : empty} order by listed_at desc, product desc limit ${limit}`;
  // Ranked by the key alone; what is shown is fetched for one page only. Whole millionths, so that a cursor compares exactly.
  return sql`with candidates as (${candidates(query, sql`product, listed_at, words`)}),
    ranked as (select product, listed_at, (ts_rank(${raw("'{0.05, 0.2, 0.4, 1.0}'")}, words, ${query.tsquery}::tsquery, 1) * 1e6)::int as rank from candidates),
    page as (select * from ranked ${after ? sql`where (rank, listed_at, product) < (${Number(after[0])}::int, ${after[1]}::timestamptz, ${after[2]})` : empty}
      order by rank desc, listed_at desc, product desc limit ${limit})
    select ${sql`d.product, d.listing, d.participant, d.name, d.summary, d.kind, d.industry, d.region, d.delivery_modes, d.update_cycle, d.price_kind, d.price_text,
      d.price_lowest::text as price_lowest, d.price_order::text as price_order, d.badges, d.certificates, d.listed_at`}, page.rank
    from page join search_documents d on d.product = page.product order by page.rank desc, page.listed_at desc, page.product desc`;
};

export const findProducts = async (
  read: Reader,
  query: SearchQuery,
): Promise<{ rows: FoundRow[]; next: string | null }> => {
  const rows = await read.rows<FoundRow>(pageSql(query));
  const page = rows.slice(0, pageSize(query));
  const last = page.at(-1);
  const first = last && (query.sort === 'priceAscending' ? last.price_order : last.rank);
  const more = rows.length > page.length && last;
  return {
    rows: page,
    next: more ? encodeCursor([query.sort, first!, last.listed_at.toISOString(), last.product]) : null,
  };
};

export interface Counted {
  /** Candidates, one more than `candidatesMax` when there are more. */
  total: number;
  labels: Record<string, number>;
}

/** How many there are, and how many of each label among them. */
export const countFacets = (read: Reader, query: SearchQuery): Promise<Counted> =>
  read.one<Counted>(sql`with candidates as materialized (${candidates(query, sql`labels`)})
    select (select count(*)::int from candidates) as total, coalesce((select jsonb_object_agg(label, count) from
      (select label, count(*)::int as count from candidates, unnest(labels) label
        where label !~ '^(class|city|county):' group by label) counted), '{}') as labels`);

const factColumns = sql`l.id, l.participant, l.market, l.product, l.plans, l.explanation, l.delivery_modes, l.basis, l.listed_at, v.about,
  jsonb_path_query_array(v.tables, '$[*].columns[*].title') as titles, o.name as supplier`;
type FactRow = Omit<ListedFacts['listing'], never> & {
  about: ListedFacts['about'];
  titles: string[];
  supplier: string;
};
const factsOf = ({ about, titles, supplier, ...listing }: FactRow): ListedFacts => ({
  listing,
  about,
  columnTitles: titles,
  supplier,
});

/** What stands on the market now; the row is held so that a change at the same moment comes after. */
export const listedFacts = async (read: Reader, product: string): Promise<ListedFacts | undefined> => {
  const row =
    await read.first<FactRow>(sql`select ${factColumns} from listings l join product_versions v on v.id = l.version join organisations o on o.id = l.participant
      where l.product = ${product} and l.state = 'listed' for share of l`);
  return row && factsOf(row);
};

/** Listed products after `after` in the order of their ids. */
export const listedFactsAfter = async (read: Reader, after: string, limit: number): Promise<ListedFacts[]> =>
  (
    await read.rows<FactRow>(sql`select ${factColumns} from listings l join product_versions v on v.id = l.version join organisations o on o.id = l.participant
      where l.product > ${after} and l.state = 'listed' order by l.product limit ${limit} for share of l`)
  ).map(factsOf);

/** Whether a document was cut by another vocabulary than this program's. */
export const hasStale = async (read: Reader): Promise<boolean> =>
  (await read.first(sql`select 1 from search_documents where vocabulary <> ${vocabulary} limit 1`)) !== undefined;

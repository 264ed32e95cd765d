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

const shown = sql`d.product, d.listing, d.participant, d.name, d.summary, d.kind, d.industry, d.region, d.delivery_modes, d.update_cycle, d.price_kind, d.price_text,
  d.price_lowest::text as price_lowest, d.price_order::text as price_order, d.badges, d.certificates, d.listed_at`;

const rankWeights = raw("'{0.05, 0.2, 0.4, 1.0}'");
// Whole millionths, so that a cursor compares exactly. 1: divided by one plus the logarithm of the length.
const rankOf = (tsquery: string) => sql`(ts_rank(${rankWeights}, words, ${tsquery}::tsquery, 1) * 1e6)::int`;

const orders: Record<SortOrder, { rows: Sql; candidates: Sql }> = {
  relevance: { rows: sql`rank desc, listed_at desc, product desc`, candidates: sql`listed_at desc, product desc` },
  newest: { rows: sql`listed_at desc, product desc`, candidates: sql`listed_at desc, product desc` },
  priceAscending: { rows: sql`price_order, product`, candidates: sql`price_order, product` },
};

type Key = [first: number | string, listedAt: string, product: string];

const afterKey: Record<SortOrder, (key: Key) => Sql> = {
  relevance: ([rank, at, product]) =>
    sql`(rank, listed_at, product) < (${Number(rank)}::int, ${at}::timestamptz, ${product})`,
  newest: ([, at, product]) => sql`(listed_at, product) < (${at}::timestamptz, ${product})`,
  priceAscending: ([price, , product]) => sql`(price_order, product) > (${String(price)}::numeric, ${product})`,
};

const matches = ({ tsquery, labels }: SearchQuery): Sql =>
  sql`${tsquery ? sql`words @@ ${tsquery}::tsquery` : sql`true`} ${labels.length ? sql`and labels @> ${[...labels]}::text[]` : empty}`;

/**
 * At most `candidatesMax` + 1: of more hits than can be ranked the newest are; sorted by price, the cheapest. Only the order
 * of relevance needs all of them on further pages; the others go on in their index.
 */
const candidates = (query: SearchQuery, after: Key | undefined): Sql => {
  const whole = !after || query.sort === 'relevance';
  return sql`select product, listed_at, price_order${after ? empty : sql`, facets`}${query.sort === 'relevance' ? sql`, ${rankOf(query.tsquery)} as rank` : sql`, 0 as rank`}
    from search_documents where ${matches(query)} ${whole ? empty : sql`and ${afterKey[query.sort](after)}`}
    order by ${orders[query.sort].candidates} limit ${whole ? searchLimits.candidatesMax + 1 : pageSize(query) + 1}`;
};

const pageSql = (query: SearchQuery, after: Key | undefined): Sql => {
  const order = orders[query.sort].rows;
  const counted = after
    ? sql`null::int as total, null as lines`
    : sql`case when page.place = 1 then (select count(*)::int from candidates) end as total,
      case when page.place = 1 then (select string_agg(facets, E'\\n') from candidates) end as lines`;
  return sql`with candidates as materialized (${candidates(query, after)}),
    page as (select product, rank, row_number() over (order by ${order}) as place from candidates
      ${after && query.sort === 'relevance' ? sql`where ${afterKey.relevance(after)}` : empty} order by ${order} limit ${pageSize(query) + 1})
    select ${shown}, page.rank, ${counted} from page join search_documents d on d.product = page.product order by page.place`;
};

export interface Found {
  rows: FoundRow[];
  next: string | null;
  /** One more than `candidatesMax` when there are more. */
  total: number;
  /** Labels of every candidate, a line each; null on further pages. */
  lines: string | null;
}

const cursorParts = 5;

/** The total stands in the cursor: later pages need not count again. */
export const findProducts = async (read: Reader, query: SearchQuery): Promise<Found> => {
  const cursor = decodeCursor(query.after, cursorParts);
  if (cursor && cursor[0] !== query.sort)
    throw kernelProblems.invalid({ field: 'query.after', detail: 'a cursor of another order' });
  const after: Key | undefined = cursor && [cursor[1]!, String(cursor[2]), String(cursor[3])];
  const found = await read.rows<FoundRow & { total: number | null; lines: string | null }>(pageSql(query, after));
  const total = cursor ? Number(cursor[4]) : (found[0]?.total ?? 0);
  const rows = found.slice(0, pageSize(query));
  const last = rows.at(-1);
  const next =
    found.length > rows.length && last
      ? encodeCursor([
          query.sort,
          query.sort === 'priceAscending' ? last.price_order : last.rank,
          last.listed_at.toISOString(),
          last.product,
          total,
        ])
      : null;
  return { rows, next, total, lines: cursor ? null : (found[0]?.lines ?? '') };
};

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

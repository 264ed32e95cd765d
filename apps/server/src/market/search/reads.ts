/** Finding: words, filters and stretch of the market meet in one index; at most `candidatesMax` products are ranked and counted. */
import { searchLimits, type sortOrders } from '@shugu/wire/market-find';
import { byValues, empty, join, type Reader, raw, type Sql, sql } from '../../kernel/db/db.ts';
import { decodeCursor, encodeCursor, type PageQuery, pageSize } from '../../kernel/pages.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { membersOnly } from '../audience.ts';
import type { ListedFacts } from './document.ts';
import { bandEnds, type Stretch, stretchesOfPlaces, stretchesOfPrices } from './stretches.ts';
import { vocabulary } from './text.ts';

export type SortOrder = (typeof sortOrders)[number];

export interface SearchQuery extends PageQuery {
  /** Text of a tsquery; '' finds everything. */
  tsquery: string;
  labels: readonly string[];
  /** Labels that open what is for members only; null opens all of it. */
  opening: readonly string[] | null;
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
  place: number;
  rank: number;
}

const shown = sql`d.product, d.listing, d.participant, d.name, d.summary, d.kind, d.industry, d.region, d.delivery_modes, d.update_cycle, d.price_kind, d.price_text,
  d.price_lowest::text as price_lowest, d.price_order::text as price_order, d.badges, d.certificates, d.listed_at, d.place`;

const rankWeights = raw("'{0.05, 0.2, 0.4, 1.0}'");
// Whole millionths, so that a cursor compares exactly. 1: divided by one plus the logarithm of the length.
const rankOf = (tsquery: string) => sql`(ts_rank(${rankWeights}, words, ${tsquery}::tsquery, 1) * 1e6)::int`;

const orders: Record<SortOrder, Sql> = {
  relevance: sql`rank desc, place desc`,
  newest: sql`place desc`,
  priceAscending: sql`price_order, place desc`,
};

/** Rank or price of the last row shown, and its place. */
type Key = [first: number | string, place: number];

const afterKey: Record<SortOrder, (key: Key) => Sql> = {
  relevance: ([rank, place]) => sql`(rank, place) < (${Number(rank)}::int, ${place}::bigint)`,
  newest: ([, place]) => sql`place < ${place}::bigint`,
  priceAscending: ([price, place]) =>
    sql`price_order >= ${String(price)}::numeric and (price_order > ${String(price)}::numeric or place < ${place}::bigint)`,
};

const shownTo = (opening: readonly string[] | null): Sql =>
  opening === null
    ? empty
    : sql`and (not labels @> ${[membersOnly]}::text[] ${opening.length ? sql`or labels && ${[...opening]}::text[]` : empty})`;

const matches = ({ tsquery, labels, opening }: SearchQuery): Sql =>
  sql`${tsquery ? sql`words @@ ${tsquery}::tsquery` : sql`true`} ${labels.length ? sql`and labels @> ${[...labels]}::text[]` : empty} ${shownTo(opening)}`;

const inStretch = (stretch: Stretch): Sql => sql`
  ${'keys' in stretch ? sql`stretches && ${stretch.keys}::int[]` : sql`place < ${stretch.before}`}
  ${stretch.band === undefined ? empty : sql`and stretches @> ${[stretch.band]}::int[]`}`;

/** What is asked of a stretch, and how much of it. `rank` is worked out while a document is at hand: its words leave no scan. */
interface Ask {
  order: Sql;
  limit: number;
  rank?: Sql;
  from?: Sql;
}

/** The first `limit` that match, stretch by stretch: those after the one that fills the limit are never run. */
const firstMatching = (query: SearchQuery, stretches: readonly Stretch[], ask: Ask): Sql => {
  const { order, limit, rank = sql`0`, from = empty } = ask;
  const branches = stretches.map(
    (stretch) => sql`(select product, place, price_order, facets, ${rank} as rank from search_documents
      where ${matches(query)} and ${inStretch(stretch)}${from} order by ${order} limit ${limit})`,
  );
  return sql`select * from (${join(branches, ' union all ')}) first limit ${limit}`;
};

/** What is ranked and counted, in every order: of more hits than `candidatesMax` the newest. */
const candidates = (query: SearchQuery, last: number): Sql =>
  firstMatching(query, stretchesOfPlaces(last), {
    order: orders.newest,
    limit: searchLimits.candidatesMax + 1,
    ...(query.sort === 'relevance' ? { rank: rankOf(query.tsquery) } : {}),
  });

/** One page in an order in which the market stands by itself; null where the candidates tell it. */
const ownPage = async (read: Reader, query: SearchQuery, last: number, after: Key | undefined): Promise<Sql | null> => {
  const limit = pageSize(query) + 1;
  if (query.sort === 'priceAscending') {
    const stretches = stretchesOfPrices(after ? String(after[0]) : '0', await bandEnds(read), last);
    const from = after ? sql` and ${afterKey.priceAscending(after)}` : empty;
    return firstMatching(query, stretches, { order: orders.priceAscending, limit, from });
  }
  if (query.sort === 'relevance' || !after) return null;
  const from = sql` and ${afterKey.newest(after)}`;
  return firstMatching(query, stretchesOfPlaces(after[1]), { order: orders.newest, limit, from });
};

// Without words a plan for any stretch walks all places to a far one; with words every plan is the same, and is kept.
const pageSql = (query: SearchQuery, last: number, own: Sql | null, after: Key | undefined): Sql => {
  const order = orders[query.sort];
  const ranked = sql`candidates as materialized (${candidates(query, last)}),`;
  const counted = after
    ? sql`null::int as total, null as facets`
    : sql`case when page.row = 1 then (select count(*)::int from candidates) end as total,
      case when page.row = 1 then (select string_agg(facets, '') from candidates) end as facets`;
  const source = own ? sql`(${own}) own` : sql`candidates`;
  return sql`${query.tsquery ? empty : byValues}with ${own && after ? empty : ranked}
    page as (select product, rank, row_number() over (order by ${order}) as row from ${source}
      ${after && !own ? sql`where ${afterKey.relevance(after)}` : empty} order by ${order} limit ${pageSize(query) + 1})
    select ${shown}, page.rank, ${counted} from page join search_documents d on d.product = page.product order by page.row`;
};

export interface Found {
  rows: FoundRow[];
  next: string | null;
  /** One more than `candidatesMax` when there are more. */
  total: number;
  /** Numbers of all candidates' labels, as characters; null on further pages. */
  facets: string | null;
}

const cursorParts = 4;

/** The total stands in the cursor: later pages need not count again. */
export const findProducts = async (read: Reader, query: SearchQuery): Promise<Found> => {
  const cursor = decodeCursor(query.after, cursorParts);
  if (cursor && cursor[0] !== query.sort)
    throw kernelProblems.invalid({
      field: 'query.after',
      detail: { zh: '游标属于另一种排序', en: 'a cursor of another order' },
    });
  const after: Key | undefined = cursor && [cursor[1]!, Number(cursor[2])];
  const { last } = await read.one<{ last: number }>(
    sql`select coalesce(max(place), 0)::bigint as last from search_documents`,
  );
  const found = await read.rows<FoundRow & { total: number | null; facets: string | null }>(
    pageSql(query, last, await ownPage(read, query, last, after), after),
  );
  const total = cursor ? Number(cursor[3]) : (found[0]?.total ?? 0);
  const rows = found.slice(0, pageSize(query));
  const end = rows.at(-1);
  const next =
    found.length > rows.length && end
      ? encodeCursor([query.sort, query.sort === 'priceAscending' ? end.price_order : end.rank, end.place, total])
      : null;
  return { rows, next, total, facets: cursor ? null : (found[0]?.facets ?? '') };
};

const factColumns = sql`l.id, l.participant, l.space, l.market, l.product, l.version, l.plans, l.explanation, l.delivery_modes, l.basis, l.listed_at, v.about,
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

/** Listed products in the order of their coming to the market. */
export const listedFactsAfter = async (
  read: Reader,
  after: { at: Date; listing: string },
  limit: number,
  which: { openOnly: boolean } = { openOnly: false },
): Promise<ListedFacts[]> =>
  (
    await read.rows<FactRow>(sql`select ${factColumns} from listings l join product_versions v on v.id = l.version join organisations o on o.id = l.participant
      where (l.listed_at, l.id) > (${after.at}::timestamptz, ${after.listing}) and l.state = 'listed'
      ${which.openOnly ? sql`and l.space is null` : empty} order by l.listed_at, l.id limit ${limit} for share of l`)
  ).map(factsOf);

/** Whether a document was cut by another vocabulary than this program's. */
export const hasStale = async (read: Reader): Promise<boolean> =>
  (await read.first(sql`select 1 from search_documents where vocabulary <> ${vocabulary} limit 1`)) !== undefined;

export const labelsByNumber = (
  read: Reader,
  numbers: readonly number[],
): Promise<{ number: number; label: string }[]> =>
  read.rows(sql`select number, label from search_labels where number = any(${[...numbers]}::int[])`);

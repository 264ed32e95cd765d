/** Stretches hold every document once, and what is found by them is what a plain question finds. */
import { searchLimits } from '@shugu/wire/market-find';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase, raw, type Sql, sql } from '../../kernel/db/db.ts';
import { migratedDatabase } from '../../kernel/db/testing.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { FreshDatabase } from '../../kernel/postgres/testing.ts';
import { findProducts, type SortOrder } from './reads.ts';
import { type Stretch, stretchesOfPlaces, stretchesOfPrices } from './stretches.ts';

const documents = 14_000;
let fresh: FreshDatabase;
let database: Database;

/** Synthetic: words and prices by arithmetic, a seventh free, a seventh by quotation, an eleventh for members of one of two spaces. */
const fill = sql`insert into search_documents (product, place, listed_at, price_order, words, facets, labels, node, market, participant, listing, name,
    summary, kind, industry, region, delivery_modes, update_cycle, price_kind, price_text, badges, certificates, vocabulary, created_at, stored_region)
  select 'prd_' || n, n, now(), case n % 7 when 0 then 0 when 1 then 1e15 else (n * 7919 % 100003) / 1e4 end,
    (case when n % 3 = 0 then '''third'':1A ' else '' end || case when n % 50 = 0 then '''rare'':2D ' else '' end || '''all'':3C')::tsvector,
    'kind:' || n % 5, array['kind:' || n % 5] || case when n % 11 = 0 then array['members:only', 'space:' || n % 2] else '{}' end, 'n', 'main', 'org_x', 'lst_' || n, 'n', 's', 'api', 'A', '430000', '{}', 'daily', 'free', '{}', '{}', '{}', 'v',
    now(), 'main'
  from generate_series(1, ${documents}::int) n`;

beforeAll(async () => {
  fresh = await migratedDatabase('members', 'registry', 'catalogue', 'agreements', 'market');
  database = openDatabase({
    connection: fresh.connection,
    tenancy: { node: 'n', market: 'main' },
    now: () => new Date(),
    clientsMax: 2,
  });
  await database.tx(systemActor('test'), (tx) => tx.exec(fill));
  await database.pool.query('analyze search_documents');
}, 60_000);
afterAll(async () => {
  await database.close();
});

const orders: Record<SortOrder, Sql> = {
  relevance: sql`place desc`,
  newest: sql`place desc`,
  priceAscending: sql`price_order, place desc`,
};

test.each<[SortOrder, string, string[], string[]?]>([
  ['newest', "'rare'", []],
  ['newest', "'third'", ['kind:2']],
  ['newest', '', []],
  ['priceAscending', "'rare'", []],
  ['priceAscending', "'third'", []],
  ['priceAscending', "'all'", ['kind:3']],
  ['priceAscending', '', ['kind:0']],
  ['newest', '', [], []],
  ['newest', "'rare'", [], ['space:1']],
  ['priceAscending', '', [], ['space:0', 'space:1']],
])('%s of %s %j: page by page what a plain question finds', async (sort, tsquery, labels, opening) => {
  const plain = await database.rows<{ product: string }>(sql`select product from search_documents
    where ${tsquery ? sql`words @@ ${tsquery}::tsquery` : sql`true`} and labels @> ${labels}::text[]
    ${opening ? sql`and (not 'members:only' = any(labels) or labels && ${opening}::text[])` : sql``} order by ${orders[sort]}`);
  const found: string[] = [];
  let after: string | undefined;
  const pages = 15;
  for (let page = 0; page < pages; page++) {
    const { rows, next, total } = await findProducts(database, {
      ...{ tsquery, labels, sort, after, limit: 100 },
      opening: opening ?? null,
    });
    expect(total).toBe(Math.min(plain.length, searchLimits.candidatesMax + 1));
    found.push(...rows.map((row) => row.product));
    if (next === null) break;
    after = next;
  }
  expect(found).toEqual(plain.slice(0, pages * 100).map((row) => row.product));
});

test('of more hits than can be ranked the newest are', async () => {
  const { total, rows } = await findProducts(database, {
    ...{ tsquery: "'third'", labels: [], opening: null },
    sort: 'relevance',
  });
  expect(total).toBe(searchLimits.candidatesMax + 1);
  expect(rows[0]!.place).toBe(Math.floor(documents / 3) * 3);
});

const holds = (stretch: Stretch, document: { place: number; stretches: number[] }): boolean =>
  ('keys' in stretch
    ? stretch.keys.some((key) => document.stretches.includes(key))
    : document.place < stretch.before) &&
  (stretch.band === undefined || document.stretches.includes(stretch.band));

/** The expression of the column, for places and prices of our own. */
const keysOf = async (all: { place: number; price: string }[]): Promise<number[][]> => {
  const { text } = await database.one<{ text: string }>(sql`select pg_get_expr(adbin, adrelid) as text from pg_attrdef
    where adrelid = 'search_documents'::regclass and pg_get_expr(adbin, adrelid) like '%width_bucket%'`);
  const rows = await database.rows<{ keys: number[] }>(sql`select ${raw(text)} as keys
    from jsonb_to_recordset(${JSON.stringify(all.map((one) => ({ place: one.place, price_order: one.price })))}::jsonb) as d(place bigint, price_order numeric)`);
  return rows.map((row) => row.keys);
};

test('every place lies in one stretch, newer ones in earlier stretches, however many there are', async () => {
  const last = 700_000;
  const places = [1, 4095, 4096, 4097, 300_000, 430_079, 430_080, 696_319, 696_320, last - 1, last];
  const keys = await keysOf(places.map((place) => ({ place, price: '1' })));
  const stretches = stretchesOfPlaces(last);
  const at = places.map((place, index) =>
    stretches.flatMap((stretch, order) => (holds(stretch, { place, stretches: keys[index]! }) ? [order] : [])),
  );
  expect(at.every((found) => found.length === 1)).toBe(true);
  expect(at.flat()).toEqual([...at.flat()].sort((a, b) => b - a));
});

test('every price lies in one stretch, cheaper ones in earlier stretches', async () => {
  const prices = [
    '0',
    '0.000001',
    '0.0004',
    '0.001',
    '0.999999',
    '1',
    '1.5',
    '2',
    '4999999.99',
    '5000000',
    '1e7',
    '1e9',
    '1e15',
  ];
  const last = 10_000;
  const keys = await keysOf(prices.map((price) => ({ place: last, price })));
  for (const ends of [[], [7], [0, 19], [19, 30, 45]]) {
    const stretches = stretchesOfPrices('0', ends, last);
    const at = prices.map((_, index) =>
      stretches.flatMap((stretch, order) => (holds(stretch, { place: last, stretches: keys[index]! }) ? [order] : [])),
    );
    expect(at.every((found) => found.length === 1)).toBe(true);
    expect(at.flat()).toEqual([...at.flat()].sort((a, b) => a - b));
  }
});

/** Search and the product page through the door, fed by events. */
import * as wire from '@shugu/wire/market';
import * as find from '@shugu/wire/market-find';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listing } from '../../../../cli/src/scenario/product.ts';
import { exchangeIn, type TestExchange } from '../../../test/support/exchange.ts';
import { sql } from '../../kernel/db/db.ts';
import { freightListed, listed, refusal } from '../testing.ts';
import { rebuildSearch } from './index.ts';

let exchange: TestExchange;
let freight: Listing;
let weather: Listing;

const perCall = (unitPrice: string) => ({
  plans: [
    {
      title: '按次',
      plan: { kind: 'perCall' as const, unitPrice },
      settlementWays: ['direct' as const],
      taxRate: '0.06',
    },
  ],
});

beforeAll(async () => {
  const opened = await exchangeIn(freightListed);
  exchange = opened;
  freight = opened.given;
  weather = await listed(
    exchange,
    {
      name: '星沙气象观测查询接口',
      kind: 'api',
      summary: '逐小时气象观测',
      description: '',
      industry: 'M74',
      region: '440300',
      keywords: ['气象'],
      scenarios: ['农业保险'],
      deliveryModes: ['api'],
      updateCycle: 'hourly',
    },
    { ...perCall('0.05'), deliveryModes: ['api'] },
    'general',
    'mapping.trader',
  );
}, 600_000);
afterAll(() => exchange.end());

type Query = NonNullable<Parameters<typeof ask>[0]>;
const ask = (query: { [key in string]?: string | number }) =>
  exchange.anyone.call(find.search, { query: query as never });
const names = async (query: Query) =>
  (await ask(query)).items.map((one) => one.name.map((piece) => piece.text).join(''));

const [freightName, weatherName] = ['道路货运价格指数', '星沙气象观测查询接口'];

test('what was listed is found, with its hits marked', async () => {
  const found = await ask({ q: '货运 指数' });
  expect(found).toMatchObject({ total: 1, more: false, words: ['货运', '指数'], next: null });
  expect(found.items[0]).toMatchObject({
    listing: freight.id,
    product: freight.product,
    supplier: { name: expect.stringContaining('星沙物流') },
    price: { kind: 'oneOff', lowest: '120.00' },
    badges: { zh: expect.arrayContaining([expect.any(String)]) },
  });
  expect(found.items[0]!.name.filter((piece) => piece.hit).map((piece) => piece.text)).toEqual(['货运', '指数']);
});

test('without words the newest come first; every word must be met', async () => {
  expect(await names({})).toEqual([weatherName, freightName]);
  expect(await names({ q: '气象 货运' })).toEqual([]);
  expect(await names({ q: '指数值' })).toHaveLength(2);
  expect(await names({ q: '农业保险' })).toEqual([weatherName]);
});

test('a name the dictionary lacks is found as it is written, not by its characters apart', async () => {
  // The supplier of the one is called 星沙 too.
  expect(await names({ q: '星沙' })).toEqual([weatherName, freightName]);
  expect(await names({ q: '沙星' })).toEqual([]);
});

test('a hit in the name ranks above one in the text', async () => {
  expect((await names({ q: '星沙' }))[0]).toBe(weatherName);
});

test.each<[string, Query, string[]]>([
  ['section', { industry: 'G' }, [freightName]],
  ['division', { industry: 'M74' }, [weatherName]],
  ['another division', { industry: 'M75' }, []],
  ['province', { region: '430000' }, [freightName]],
  ['city', { region: '440300' }, [weatherName]],
  ['another city', { region: '430200' }, []],
  ['delivery', { deliveryMode: 'api' }, [weatherName]],
  ['price kind', { priceKind: 'oneOff' }, [freightName]],
  ['cycle', { updateCycle: 'hourly' }, [weatherName]],
  ['kind', { kind: 'dataset' }, [freightName]],
  ['words and filter', { q: '观测', kind: 'dataset' }, []],
])('filter by %s', async (_name, query, expected) => {
  expect(await names(query)).toEqual(expected);
});

test('facets count the hits; suppliers carry their names', async () => {
  const { facets } = await ask({});
  expect(facets!.kind).toEqual([
    { value: 'api', count: 1, name: null },
    { value: 'dataset', count: 1, name: null },
  ]);
  expect(facets!.industry!.map((one) => one.value).sort()).toEqual(['G', 'M']);
  expect(facets!.region!.map((one) => one.value).sort()).toEqual(['430000', '440000']);
  expect(facets!.supplier!.every((one) => one.name !== null)).toBe(true);
  expect((await ask({ kind: 'api' })).facets!.industry).toEqual([{ value: 'M', count: 1, name: null }]);
});

test.each(['relevance', 'newest', 'priceAscending'])('pages in the order of %s hold everything once', async (sort) => {
  const q = sort === 'newest' ? undefined : '指数值';
  const first = await ask({ q, sort, limit: 1 });
  expect(first).toMatchObject({ total: 2, facets: expect.any(Object) });
  const second = await ask({ q, sort, limit: 1, after: first.next! });
  expect(second).toMatchObject({ total: 2, next: null, facets: null });
  expect(new Set([first.items[0]!.listing, second.items[0]!.listing])).toEqual(new Set([freight.id, weather.id]));
  if (sort === 'priceAscending') expect(first.items[0]!.listing).toBe(weather.id);
  const other = sort === 'newest' ? 'priceAscending' : 'newest';
  expect(await refusal(ask({ q, sort: other, limit: 1, after: first.next! }))).toMatch(/^kernel\.invalid/);
});

test('signs of a query language are only words', async () => {
  for (const q of ["' | '", '\\', "!('", ':*', '<->', '%_', '"货运"']) await expect(ask({ q })).resolves.toBeDefined();
  expect(await refusal(ask({ q: '货'.repeat(101) }))).toMatch(/^kernel\.invalid/);
});

test('the product page says in one answer what a buyer reads before ordering', async () => {
  const seen = await exchange.anyone.call(find.productPage, { params: { id: freight.product } });
  expect(seen).toMatchObject({
    id: freight.product,
    orderable: true,
    listing: { id: freight.id, state: 'listed', basis: 'opinion', plans: [{ title: '年度' }] },
    version: { about: { name: freightName }, tables: [{ name: 'main', columns: [{ title: '指数值' }] }] },
    reports: [{ conclusion: 'compliant', body: { name: expect.stringContaining('律师') } }],
    supplier: { name: expect.stringContaining('星沙物流'), listings: 1 },
    price: { lowest: '120.00' },
  });
  expect(JSON.stringify(seen.version.tables)).not.toContain('objects');
  expect(
    await refusal(exchange.anyone.call(find.productPage, { params: { id: 'prd_01zzzzzzzzzzzzzzzzzzzzzzzz' } })),
  ).toBe('kernel.unknown');
});

test('suspended is not found but can still be read; resumed is found again', async () => {
  const operator = await exchange.as('operator.reviewer');
  const body = { reason: '核查' };
  await operator.call(wire.suspendListing, { params: { id: weather.id }, body });
  await exchange.settle();
  expect(await names({ q: '气象' })).toEqual([]);
  const page = await exchange.anyone.call(find.productPage, { params: { id: weather.product } });
  expect(page).toMatchObject({ orderable: false, listing: { state: 'suspended', reason: '核查' } });
  await operator.call(wire.resumeListing, { params: { id: weather.id }, body });
  await exchange.settle();
  expect(await names({ q: '气象' })).toEqual([weatherName]);
});

test('made anew from nothing, search answers as before; what no longer stands is dropped', async () => {
  const { database } = exchange.exchange.kernel;
  const before = await ask({ q: '指数值', sort: 'priceAscending' });
  await database.pool.query('truncate search_documents');
  expect(await names({})).toEqual([]);
  const gone = {
    product: 'prd_gone',
    place: 9_000_000,
    listed_at: new Date(),
    price_order: 1,
    words: '',
    facets: '',
    labels: [],
    node: '',
    market: '',
    participant: '',
    listing: 'lst_gone',
    name: '',
    summary: '',
    kind: 'api',
    industry: 'A',
    region: '430000',
    delivery_modes: [],
    update_cycle: 'once',
    price_kind: 'free',
    price_text: {},
    badges: {},
    certificates: [],
    vocabulary: '',
    retention_class: 'trade',
    stored_region: 'CN-43',
    created_at: new Date(),
  };
  const columns = Object.keys(gone).join(', ');
  await database.pool.query(
    `insert into search_documents (${columns}) select ${columns} from jsonb_populate_record(null::search_documents, $1)`,
    [JSON.stringify(gone)],
  );
  expect(await rebuildSearch(database)).toBe(2);
  expect((await ask({ q: '指数值', sort: 'priceAscending' })).items).toEqual(before.items);
  const left = await database.one<{ count: number }>(sql`select count(*)::int as count from search_documents`);
  expect(left.count).toBe(2);
});

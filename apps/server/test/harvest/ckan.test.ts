/** The CKAN façade as its clients speak to it: parameters in the address or a body, answers and faults in CKAN's shapes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { listGoods, setListed } from './goods.ts';

let world: TestExchange;
let goods: Awaited<ReturnType<typeof listGoods>>[];

beforeAll(async () => {
  world = await testExchange();
  goods = [];
  for (const [name, keywords] of [
    ['道路货运', ['货运', '道路']],
    ['港口吞吐', ['货运', '水运']],
    ['机场客流', ['客运']],
    ['未上架', ['货运']],
  ] as const)
    goods.push(await listGoods(world, name, [...keywords]));
  await setListed(world, goods[3]!.product, null);
}, 120_000);
afterAll(() => world?.end());

interface Said {
  status: number;
  body: { help: string; success: boolean; result: never; error: { __type: string; [field: string]: unknown } };
}
const get = async (action: string, query: Record<string, string> = {}, base = '/ckan/api/3'): Promise<Said> => {
  const answer = await fetch(`${world.url}${base}/action/${action}?${new URLSearchParams(query)}`);
  return { status: answer.status, body: (await answer.json()) as Said['body'] };
};
const post = async (action: string, text: string): Promise<Said> => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${world.url}/ckan/api/action/${action}`, { method: 'POST', headers, body: text });
  return { status: answer.status, body: (await answer.json()) as Said['body'] };
};
const titles = async (query: Record<string, string>): Promise<string[]> => {
  const { body } = await get('package_search', query);
  return (body.result as { results: { title: string }[] }).results.map(({ title }) => title).sort();
};

describe('the CKAN façade', () => {
  test('lists what is listed, and nothing else', async () => {
    const ids = goods.slice(0, 3).map(({ product }) => product);
    expect((await get('package_list')).body).toMatchObject({ success: true, result: [...ids].sort() });
    expect((await get('package_list', { limit: '1', offset: '1' })).body.result).toEqual([[...ids].sort()[1]]);
    const { body } = await get('current_package_list_with_resources');
    expect((body.result as { id: string }[]).map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect((await get('status_show')).body.result).toMatchObject({ site_url: world.url });
    expect((await get('site_read')).body.result).toBe(true);
    expect((await get('package_show', { id: goods[3]!.product })).status).toBe(404);
    expect(await (await fetch(`${world.url}/ckan/api/3`)).json()).toEqual({ version: 3 });
  });

  test('shows a data set as CKAN does, whether asked in the address or in a body', async () => {
    const id = goods[0]!.product;
    const shown = await get('package_show', { id });
    expect(shown.body.result).toMatchObject({
      id,
      name: id,
      title: '道路货运',
      type: 'dataset',
      state: 'active',
      private: false,
      license_id: 'contract',
      url: `${world.url}/products/${id}`,
      owner_org: world.seeded.organisations.xingsha,
      organization: { id: world.seeded.organisations.xingsha, is_organization: true },
      tags: [{ name: '货运' }, { name: '道路' }],
      num_resources: 2,
      resources: [
        { package_id: id, format: 'API', position: 0 },
        { package_id: id, format: 'PROXY', position: 1 },
      ],
    });
    expect((shown.body.result as { metadata_modified: string }).metadata_modified).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/,
    );
    expect((await post('package_show', JSON.stringify({ id }))).body.result).toEqual(shown.body.result);
    const first = await fetch((await get('package_show', { id })).body.help);
    expect(await first.json()).toMatchObject({ success: true });
  });

  test('searches by words, fields and times, each alone and together', async () => {
    const all = ['机场客流', '港口吞吐', '道路货运'].sort();
    expect(await titles({})).toEqual(all);
    expect(await titles({ q: '*:*', fq: 'dataset_type:dataset +state:active' })).toEqual(all);
    expect(await titles({ q: '货运' })).toEqual(['港口吞吐', '道路货运'].sort());
    expect(await titles({ q: '货运 港口' })).toEqual(['港口吞吐']);
    expect(await titles({ q: 'title:机场' })).toEqual(['机场客流']);
    expect(await titles({ fq: 'tags:"货运" -tags:水运' })).toEqual(['道路货运']);
    expect(await titles({ fq: 'tags:(水运 OR "客运")' })).toEqual(['机场客流', '港口吞吐'].sort());
    expect(await titles({ fq: `organization:${world.seeded.organisations.xingsha} AND res_format:api` })).toEqual(all);
    expect(await titles({ fq: 'groups:industry-g' })).toEqual(all);
    expect(await titles({ fq: 'organization:nobody' })).toEqual([]);
    expect(await titles({ fq: 'private:true' })).toEqual([]);
    expect(await titles({ fq: 'metadata_modified:[2026-01-01T00:00:00Z TO *]' })).toEqual(all);
    expect(await titles({ fq: 'metadata_modified:[* TO 2026-01-01T00:00:00Z]' })).toEqual([]);
    expect(await titles({ q: '100%_' })).toEqual([]);
  });

  test('pages, sorts and counts facets', async () => {
    const sorted = goods
      .slice(0, 3)
      .map(({ product }) => product)
      .sort();
    const pages = [];
    for (const start of ['0', '2', '9'])
      pages.push(
        (await get('package_search', { sort: 'id desc', rows: '2', start })).body.result as {
          count: number;
          results: { id: string }[];
        },
      );
    expect(pages.map(({ count, results }) => [count, results.map(({ id }) => id)])).toEqual([
      [3, [sorted[2], sorted[1]]],
      [3, [sorted[0]]],
      [3, []],
    ]);
    const { body } = await post(
      'package_search',
      JSON.stringify({ rows: 0, 'facet.field': ['tags', 'organization', 'res_format', 'groups'], fq: 'tags:货运' }),
    );
    expect(body.result).toMatchObject({
      count: 2,
      results: [],
      facets: { tags: { 货运: 2, 水运: 1, 道路: 1 }, res_format: { API: 2, PROXY: 2 }, groups: { 'industry-g': 2 } },
      search_facets: { tags: { title: 'tags', items: [{ name: '货运', display_name: '货运', count: 2 }, {}, {}] } },
    });
  });

  test('lists organisations, groups and tags', async () => {
    const supplier = world.seeded.organisations.xingsha!;
    expect((await get('organization_list')).body.result).toEqual([supplier]);
    expect((await get('organization_list', { all_fields: 'true' })).body.result).toMatchObject([
      { id: supplier, package_count: 3 },
    ]);
    expect((await get('organization_show', { id: supplier, include_datasets: 'true' })).body.result).toMatchObject({
      id: supplier,
      package_count: 3,
      packages: [{}, {}, {}],
    });
    expect((await get('group_list')).body.result).toEqual(['industry-g']);
    expect((await get('tag_list', { query: '运' })).body.result).toEqual(['客运', '水运', '货运'].sort());
  });

  test('refuses in CKAN’s words, and never breaks', async () => {
    const cases: [() => Promise<Said>, number, string | undefined][] = [
      [() => get('package_show'), 409, 'Validation Error'],
      [() => get('package_show', { id: 'nothing' }), 404, 'Not Found Error'],
      [() => get('organization_show', { id: world.seeded.organisations.mapping! }), 404, 'Not Found Error'],
      [() => get('help_show', { name: 'constructor' }), 404, 'Not Found Error'],
      [() => get('package_search', { rows: '-1' }), 409, 'Validation Error'],
      [() => get('package_search', { rows: 'x' }), 409, 'Validation Error'],
      [() => get('package_search', { q: 'a'.repeat(1001) }), 409, 'Validation Error'],
      [() => get('package_search', { q: 'a\u0000b' }), 409, 'Validation Error'],
      [() => get('package_search', { fq: 'secret:1' }), 400, 'Search Query Error'],
      [() => get('package_search', { fq: 'tags:(a' }), 400, 'Search Query Error'],
      [() => get('package_search', { fq: 'metadata_modified:[x TO *]' }), 400, 'Search Query Error'],
      [() => get('package_search', { sort: 'id; drop table products' }), 400, 'Search Query Error'],
      [() => get('package_search', { 'facet.field': '["password"]' }), 400, 'Search Query Error'],
      [() => get('package_search', { 'facet.field': '[' }), 409, 'Validation Error'],
      [() => post('package_search', '[1]'), 409, 'Validation Error'],
      [() => post('package_search', JSON.stringify({ q: { a: 1 } })), 409, 'Validation Error'],
      [() => post('package_search', '{"q":'), 400, undefined],
      [() => get('package_create', { name: 'x' }), 400, undefined],
      [() => get('__proto__'), 400, undefined],
    ];
    for (const [asked, status, type] of cases) {
      const said = await asked();
      expect([said.status, said.body.error?.__type], asked.toString()).toEqual([status, type]);
      if (type) expect(said.body.success).toBe(false);
    }
    expect((await get('package_show')).body.error).toMatchObject({ id: ['Missing value'] });
  });
});

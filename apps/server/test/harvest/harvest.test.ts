/** One exchange harvests another's CKAN façade and its DCAT; and sites that break every promise of theirs. */
import type { CallOutput } from '@shugu/wire';
import * as wire from '@shugu/wire/catalogue';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { send } from '../support/http.ts';
import { json, listGoods, newVersion, type Site, setListed, startSite } from './goods.ts';

const steward = 'xingsha.steward';
let there: TestExchange;
let here: TestExchange;
let site: Site;
let goods: Awaited<ReturnType<typeof listGoods>>[];

beforeAll(async () => {
  there = await testExchange();
  here = await testExchange({ config: { privateSources: ['127.0.0.0/8'] } });
  site = await startSite();
  goods = [];
  // More than one page of DCAT.
  for (let at = 0; at < 23; at++) goods.push(await listGoods(there, `道路货运指数 ${at}`, ['货运', `第${at % 3}组`]));
}, 240_000);
afterAll(async () => {
  await site?.end();
  await here?.end();
  await there?.end();
});

type Run = CallOutput<typeof wire.getHarvest>;
const addSource = async (kind: 'ckan' | 'dcat', address: string, name = `${kind} ${address}`): Promise<string> =>
  (await (await here.as(steward)).call(wire.createSource, { body: { name, kind, address, rhythm: 'daily' } })).id;
const harvest = async (source: string, dry = false): Promise<Run> => {
  const client = await here.as(steward);
  const { id } = await client.call(wire.startHarvest, { params: { id: source }, body: { dry } });
  await here.settle();
  return expect
    .poll(async () => (await client.call(wire.getHarvest, { params: { id } })).state, { timeout: 30_000 })
    .not.toMatch(/waiting|running/)
    .then(() => client.call(wire.getHarvest, { params: { id } }));
};
const differences = async ({ id }: Run, outcome?: 'added' | 'changed' | 'withdrawn' | 'refused') =>
  (await (await here.as(steward)).call(wire.listDifferences, { params: { id }, query: { outcome, limit: 100 } })).items;
const entries = async (source: string, query: object = {}) =>
  (await here.anyone.call(wire.listForeignEntries, { query: { source, limit: 100, ...query } })).items;
const nothing = { added: 0, changed: 0, unchanged: 0, withdrawn: 0, refused: 0 };

describe('another exchange', { timeout: 240_000 }, () => {
  let ckan: string;
  let dcat: string;

  test('comes in by CKAN and by DCAT as the same entries, marked as foreign', async () => {
    ckan = await addSource('ckan', `${there.url}/ckan`, '邻省交易所 CKAN');
    dcat = await addSource('dcat', `${there.url}/api/catalogue/dcat.jsonld`, '邻省交易所 DCAT');
    const first = await fetch(`${there.url}/api/catalogue/dcat.jsonld`);
    expect(first.headers.get('link')).toMatch(/^<[^>]+\?after=[^>]+>; rel="next"$/);
    for (const source of [ckan, dcat])
      expect(await harvest(source)).toMatchObject({
        state: 'done',
        fault: null,
        complete: true,
        total: 23,
        counts: { ...nothing, added: 23 },
      });
    const [byCkan, byDcat] = [await entries(ckan), await entries(dcat)];
    const contents = (items: typeof byCkan) =>
      items.map(({ foreignId, content }) => [foreignId, content] as const).sort(([a], [b]) => (a < b ? -1 : 1));
    expect(contents(byCkan)).toEqual(contents(byDcat));
    const one = byCkan.find(({ foreignId }) => foreignId === goods[4]!.product)!;
    expect(one).toMatchObject({
      foreign: true,
      notice: wire.foreignNotice,
      owner: { id: here.seeded.organisations.xingsha },
      source: { id: ckan, kind: 'ckan', address: `${there.url}/ckan` },
      withdrawnAt: null,
      content: {
        title: '道路货运指数 4',
        summary: '道路货运指数 4的说明，含“引号”与 <标签>。',
        publisher: { address: `${there.url}/organisations/${there.seeded.organisations.xingsha}` },
        licence: { title: '按交易合同授权使用' },
        keywords: ['第1组', '货运'],
        page: `${there.url}/products/${goods[4]!.product}`,
        distributions: [{ format: 'API' }, { format: 'PROXY' }],
      },
    });
    expect(one.content.publisher!.name).not.toBe('');
    // Never a product of this exchange: neither under its address nor in what is given on from here.
    expect((await send(here.url, wire.getProduct, { params: { id: one.foreignId } })).status).toBe(404);
    expect((await here.anyone.call(wire.getForeignEntry, { params: { id: one.id } })).content).toEqual(one.content);
    const given = await fetch(`${here.url}/ckan/api/3/action/package_search`);
    expect(await given.json()).toMatchObject({ success: true, result: { count: 0 } });
  });

  test('that has not changed is written nowhere', async () => {
    expect(await harvest(ckan)).toMatchObject({
      state: 'done',
      incremental: true,
      complete: true,
      counts: { ...nothing, unchanged: 23 },
    });
    expect(await harvest(dcat)).toMatchObject({
      state: 'done',
      incremental: false,
      counts: { ...nothing, unchanged: 23 },
    });
  });

  test('is looked at before it is written: a dry run tells the difference, field by field, and writes none of it', async () => {
    const { product } = goods[0]!;
    const supplier = await there.as(steward);
    const { revision } = await supplier.call(wire.getProduct, { params: { id: product } });
    await supplier.call(wire.changeProduct, {
      params: { id: product },
      body: { revision, name: '道路货运指数（新）' },
    });
    await setListed(there, product, await newVersion(there, product));
    await setListed(there, goods[1]!.product, null);
    const added = await listGoods(there, '港口吞吐', ['水运']);
    const before = [await entries(ckan), await entries(dcat)];
    for (const source of [ckan, dcat]) {
      const dry = await harvest(source, true);
      expect(dry).toMatchObject({
        state: 'done',
        dry: true,
        counts: { added: 1, changed: 1, withdrawn: 1, refused: 0 },
      });
      const found = await differences(dry);
      expect(found.map(({ foreignId, outcome }) => [foreignId, outcome]).sort()).toEqual(
        [
          [product, 'changed'],
          [goods[1]!.product, 'withdrawn'],
          [added.product, 'added'],
        ].sort(),
      );
      const { changes } = found.find(({ outcome }) => outcome === 'changed')!;
      expect(changes).toContainEqual({ field: 'title', before: '道路货运指数 0', after: '道路货运指数（新）' });
      expect(changes.map(({ field }) => field)).not.toContain('keywords');
    }
    expect([await entries(ckan), await entries(dcat)]).toEqual(before);
    for (const source of [ckan, dcat]) {
      expect(await harvest(source)).toMatchObject({ counts: { added: 1, changed: 1, withdrawn: 1 } });
      const present = await entries(source);
      expect(present).toHaveLength(23);
      expect(present.map(({ content }) => content.title)).toEqual(
        expect.arrayContaining(['道路货运指数（新）', '港口吞吐']),
      );
      const gone = await entries(source, { withdrawn: 'true' });
      expect(gone.map(({ foreignId }) => foreignId)).toEqual([goods[1]!.product]);
      expect(gone[0]!.withdrawnAt).not.toBeNull();
    }
    // Listed again, it is back.
    await setListed(there, goods[1]!.product, goods[1]!.version);
    expect(await harvest(ckan)).toMatchObject({ counts: { added: 1, changed: 0, withdrawn: 0 } });
    expect(await entries(ckan, { withdrawn: 'true' })).toEqual([]);
  });

  test('is found by words, and shown no more once its source is given up', async () => {
    expect((await entries(ckan, { search: '港口 水运' })).map(({ content }) => content.title)).toEqual(['港口吞吐']);
    expect(await entries(ckan, { search: '100%' })).toEqual([]);
    const [one] = await entries(dcat);
    const client = await here.as(steward);
    await client.call(wire.removeSource, { params: { id: dcat }, body: {} });
    expect(await entries(dcat)).toEqual([]);
    expect((await send(here.url, wire.getForeignEntry, { params: { id: one!.id } })).status).toBe(404);
    expect((await client.call(wire.listSources, {})).items.map(({ id }) => id)).not.toContain(dcat);
  });

  test('is its member’s affair: others do not see the source, the operator may stop it', async () => {
    const run = await harvest(ckan);
    const neighbour = await here.token('mapping.trader');
    for (const [endpoint, id, body] of [
      [wire.startHarvest, ckan, { dry: true }],
      [wire.removeSource, ckan, {}],
      [wire.getHarvest, run.id, undefined],
      [wire.listDifferences, run.id, undefined],
      [wire.stopHarvest, run.id, {}],
    ] as const)
      expect((await send(here.url, endpoint, { token: neighbour, params: { id }, body })).status).toBe(404);
    expect((await (await here.as('mapping.trader')).call(wire.listSources, {})).items).toEqual([]);
    const operator = here.cast.organisations.find(({ roles }) => roles.some(({ role }) => role === 'operator'))!;
    const service = operator.people.find(({ seats }) => seats.includes('service'))!;
    expect((await (await here.as(service.login)).call(wire.listSources, {})).items.map(({ id }) => id)).toContain(ckan);
  });

  test('is read again by its rhythm', async () => {
    const client = await here.as(steward);
    const { nextAt } = (await client.call(wire.listSources, {})).items.find(({ id }) => id === ckan)!;
    expect(nextAt).not.toBeNull();
    await here.exchange.kernel.database.pool.query(`update harvest_sources set next_at = '2026-01-01' where id = $1`, [
      ckan,
    ]);
    await here.settle();
    await expect
      .poll(async () => (await client.call(wire.listSources, {})).items.find(({ id }) => id === ckan)!.nextAt)
      .not.toBe('2026-01-01T00:00:00.000Z');
  });
});

describe('a site that breaks its promises', { timeout: 240_000 }, () => {
  const pack = (id: unknown, more: object = {}) => ({
    id,
    name: `n-${id}`,
    title: `题 ${id}`,
    metadata_modified: '2026-06-01T00:00:00.000000',
    ...more,
  });
  const results = (count: number, items: unknown[]) => ({ success: true, result: { count, results: items } });

  test('loses nothing: what can be read is taken in, each other entry is named with its reason', async () => {
    const ckan = await addSource('ckan', site.url);
    site.answer = (_, response) =>
      json(
        response,
        results(9, [
          pack('good', { resources: [{ name: 'x', url: 'javascript:alert(1)', format: 'csv', size: '12' }] }),
          pack('twice'),
          pack('twice', { title: '另一个' }),
          pack('list', { tags: 'no list' }),
          pack('long', { title: 'x'.repeat(501) }),
          pack('hidden', { private: true }),
          pack(undefined),
          'no object',
          pack('nul', { title: 'a\u0000b\ud800' }),
        ]),
      );
    const run = await harvest(ckan);
    expect(run).toMatchObject({ state: 'done', counts: { added: 3, refused: 6 } });
    const shown = await entries(ckan);
    expect(shown.map(({ content }) => content.title).sort()).toEqual(['ab\ufffd', '题 good', '题 twice'].sort());
    expect(shown.find(({ foreignId }) => foreignId === 'good')!.content.distributions).toEqual([
      { title: 'x', format: 'CSV', access: null, download: null, bytes: 12 },
    ]);
    const refused = await differences(run, 'refused');
    expect(refused.map(({ foreignId }) => foreignId).sort()).toEqual([
      '#4',
      '#5',
      'hidden',
      'list',
      'long',
      'twice #2',
    ]);
    for (const { reason } of refused) expect(reason!.zh).toMatch(/\p{Script=Han}/u);

    // Cut off in the middle: what had come stays, and nothing counts as gone.
    site.answer = (path, response) =>
      path.includes('start=0') || path.includes('package_list')
        ? json(response, results(300, [pack('new')]))
        : void response.writeHead(500).end('{"error":{"message":"Solr is away"}}');
    await here.exchange.kernel.database.pool.query('update harvest_sources set watermark = null where id = $1', [ckan]);
    const cut = await harvest(ckan);
    expect(cut).toMatchObject({
      state: 'failed',
      fault: { code: 'catalogue.sourceAnswered' },
      counts: { added: 1, withdrawn: 0 },
    });
    expect(cut.fault!.title.en).toContain('Solr is away');
    expect((await entries(ckan)).map(({ foreignId }) => foreignId).sort()).toEqual(['good', 'new', 'nul', 'twice']);
  });

  const page = (next: string | undefined, ids: string[]) => ({
    '@context': {
      dcat: 'http://www.w3.org/ns/dcat#',
      t: 'http://purl.org/dc/terms/',
      h: 'http://www.w3.org/ns/hydra/core#',
    },
    '@graph': [
      { '@id': 'urn:c', '@type': 'dcat:Catalog', 'dcat:dataset': ids.map((id) => ({ '@id': `urn:${id}` })) },
      ...ids.map((id) => ({
        '@id': `urn:${id}`,
        '@type': 'dcat:Dataset',
        't:title': [
          { '@value': id, '@language': 'en' },
          { '@value': `题 ${id}`, '@language': 'zh' },
        ],
      })),
      { '@id': 'urn:p', '@type': 'h:PartialCollectionView', ...(next ? { 'h:next': { '@id': next } } : {}) },
    ],
  });

  test.each([
    [
      'HTML',
      'ckan',
      (_: string, r) => void r.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>'),
      'sourceNotJson',
    ],
    ['half a document', 'dcat', (_: string, r) => void r.end('{"@graph": ['), 'sourceNotJson'],
    ['another kind', 'ckan', (_: string, r) => json(r, page(undefined, ['a'])), 'sourceShape'],
    ['no catalogue', 'dcat', (_: string, r) => json(r, { hello: 1 }), 'sourceShape'],
    ['a refusal', 'ckan', (_: string, r) => void r.writeHead(403).end('{"error":{"message":"no"}}'), 'sourceAnswered'],
    [
      'a bottomless document',
      'dcat',
      (_: string, r) => void r.end(`${'[{"a":'.repeat(60)}1${'}]'.repeat(60)}`),
      'sourceShape',
    ],
    [
      'more than may be read',
      'dcat',
      (_: string, r) => void r.end(' '.repeat(wire.harvestLimits.pageBytesMax + 1)),
      'sourceTooLarge',
    ],
    [
      'a way inside',
      'dcat',
      (_: string, r) => void r.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
      'sourceAddressRefused',
    ],
    [
      'a way inside by name of a page',
      'dcat',
      (_: string, r) => json(r, page('http://10.1.2.3/next', ['a'])),
      'sourceAddressRefused',
    ],
    [
      'redirects in a circle',
      'dcat',
      (path: string, r) => void r.writeHead(302, { location: `${path}x` }).end(),
      'sourceAnswered',
    ],
    [
      'pages in a circle',
      'dcat',
      (path: string, r) => json(r, page(path.endsWith('b') ? '/a' : '/b', [path.slice(-1)])),
      'sourcePagesRepeat',
    ],
    ['the same page for ever', 'dcat', (path: string, r) => json(r, page(`${path}1`, ['a'])), 'sourcePagesRepeat'],
    ['the same results for ever', 'ckan', (_: string, r) => json(r, results(1000, [pack('a')])), 'sourcePagesRepeat'],
  ] satisfies [string, 'ckan' | 'dcat', Site['answer'], string][])('%s', async (_name, kind, answer, code) => {
    site.answer = answer;
    const source = await addSource(kind, `${site.url}/${kind === 'dcat' ? 'a' : ''}`);
    const run = await harvest(source);
    expect(run).toMatchObject({ state: 'failed', fault: { code: `catalogue.${code}` } });
    await (await here.as(steward)).call(wire.removeSource, { params: { id: source }, body: {} });
  });

  test('a catalogue on one page that says by its tag, or its date, that nothing has changed is not read again', async () => {
    const date = 'Mon, 01 Jun 2026 00:00:00 GMT';
    let [tag, identifiers] = ['"1"', ['a', 'b']];
    let by: 'etag' | 'last-modified' = 'etag';
    const seen: (string | undefined)[] = [];
    site.answer = (_, response, request) => {
      const told = request.headers[by === 'etag' ? 'if-none-match' : 'if-modified-since'] as string | undefined;
      seen.push(told);
      const own = by === 'etag' ? tag : date;
      if (told === own) return void response.writeHead(304, { [by]: own }).end();
      response.writeHead(200, { 'content-type': 'application/ld+json', [by]: own });
      const dataset = identifiers.map((identifier) => ({ identifier, title: `题 ${identifier}` }));
      response.end(JSON.stringify({ dataset }));
    };
    const source = await addSource('dcat', `${site.url}/data.json`);
    const whole = { state: 'done', complete: true, unmodified: false };
    const same = { state: 'done', complete: true, unmodified: true, pages: 0 };
    expect(await harvest(source, true)).toMatchObject({ ...whole, counts: { ...nothing, added: 2 } });
    expect(await harvest(source)).toMatchObject({ ...whole, counts: { ...nothing, added: 2 } });
    for (const dry of [true, false])
      expect(await harvest(source, dry)).toMatchObject({ ...same, counts: { ...nothing, unchanged: 2 } });
    expect(seen.splice(0)).toEqual([undefined, undefined, '"1"', '"1"']);
    [tag, identifiers] = ['"2"', ['b', 'c']];
    expect(await harvest(source)).toMatchObject({
      ...whole,
      counts: { ...nothing, added: 1, unchanged: 1, withdrawn: 1 },
    });
    expect(await harvest(source)).toMatchObject({ ...same, counts: { ...nothing, unchanged: 2 } });
    expect((await entries(source)).map(({ foreignId }) => foreignId).sort()).toEqual(['b', 'c']);
    by = 'last-modified';
    expect(await harvest(source)).toMatchObject(whole);
    expect(await harvest(source)).toMatchObject(same);
    expect(seen.at(-1)).toBe(date);
    // What was refused is told each time; and everything is read once a week.
    await here.exchange.kernel.database.pool.query(
      `update harvest_sources set read_whole_at = read_whole_at - interval '8 days' where id = $1`,
      [source],
    );
    expect(await harvest(source)).toMatchObject(whole);
    [by, tag, identifiers] = ['etag', '"3"', ['b', '']];
    for (let times = 0; times < 2; times++)
      expect(await harvest(source)).toMatchObject({ ...whole, counts: { refused: 1 } });
  });

  test('an address inside is refused at once where the operator has not opened it', async () => {
    const token = await there.token(steward);
    for (const address of [site.url, 'http://localhost:1/', 'http://[::ffff:10.0.0.1]/', 'http://user:pw@example.org/'])
      expect(
        (
          await send(there.url, wire.createSource, {
            token,
            body: { name: 'x', kind: 'ckan', address, rhythm: 'manual' },
          })
        ).problem?.code,
      ).toBe('catalogue.sourceAddressRefused');
  });

  test('a run is stopped by hand', async () => {
    site.answer = () => undefined;
    const source = await addSource('ckan', site.url, '不回答的站点');
    const client = await here.as(steward);
    const { id } = await client.call(wire.startHarvest, { params: { id: source }, body: { dry: false } });
    const again = await send(here.url, wire.startHarvest, {
      token: await here.token(steward),
      params: { id: source },
      body: { dry: true },
    });
    expect(again.problem?.code).toBe('catalogue.harvestRunning');
    await expect
      .poll(async () => (await client.call(wire.getHarvest, { params: { id } })).state, { timeout: 20_000 })
      .toBe('running');
    expect((await client.call(wire.stopHarvest, { params: { id }, body: {} })).state).toBe('stopped');
    await here.settle();
    expect((await client.call(wire.getHarvest, { params: { id } })).state).toBe('stopped');
  });
});

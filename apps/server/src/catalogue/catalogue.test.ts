/** The catalogue through its door: over HTTP, as the supplier, its neighbour, the operator and a stranger. */
import { createHash } from 'node:crypto';
import { productTurtle } from '@shugu/wire/catalogue';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Database, openDatabase, type Reader, sql } from '../kernel/db/db.ts';
import { migratedDatabase } from '../kernel/db/testing.ts';
import type { PermissionTable, Principal } from '../kernel/http/principal.ts';
import { makeHttp } from '../kernel/http/server.ts';
import { rateLimit } from '../kernel/limits.ts';
import { stopTestPostgres } from '../kernel/postgres/testing.ts';
import { makeSeal } from '../kernel/seal.ts';
import { type Catalogue, makeCatalogue, type ResourceDescription } from './index.ts';
import { permissions } from './permissions.ts';

const start = new Date('2026-07-01T02:00:00Z');
const resourceId = 'res_01k9f3t6zq8m4x2v7b5n1c0d9e';
const foreignResource = 'res_01k9f3t6zq8m4x2v7b5n1c0d9f';
let database: Database;
let http: FastifyInstance;
let catalogue: Catalogue;

const holds = (table: PermissionTable, roles: string[], seats: string[]): Set<string> =>
  new Set(
    Object.entries(table).flatMap(([name, rule]) =>
      rule.roles.some((role) => roles.includes(role)) && rule.seats.some((seat) => seats.includes(seat)) ? [name] : [],
    ),
  );
const person = (participant: string, roles: string[], seats: string[]): Principal => ({
  kind: 'person',
  id: `per_${participant}_${seats.join('')}`,
  name: '',
  participant,
  roles: new Set(roles),
  permissions: holds(permissions, roles, seats),
  language: 'zh',
});
const people: Record<string, Principal> = {
  'supplier-token': person('org_a', ['productSupplier'], ['steward']),
  'finance-token': person('org_a', ['productSupplier'], ['finance']),
  'neighbour-token': person('org_b', ['dataMerchant'], ['steward']),
  'operator-token': person('org_op', ['operator'], ['reviewer']),
};

// A registry in small: its rows lie in a table of this test.
const resourceRow = async (read: Reader, id: string): Promise<ResourceDescription | undefined> =>
  (await read.first<{ about: ResourceDescription }>(sql`select about from test_resources where id = ${id}`))?.about;

const addResource = async (id: string, participant: string): Promise<void> => {
  const about: ResourceDescription = {
    id,
    participant,
    name: '货运车辆运行',
    state: 'profiled',
    columns: [
      { name: 'plate', type: 'VARCHAR', title: '车牌', sensitivity: 'personal' },
      { name: 'mileage', type: 'DECIMAL(10,1)', unit: 'km', nullable: false },
    ],
    rowCount: 1200,
    bytes: 4096,
    quality: { completeness: '0.998' },
    objects: { original: `sha256:${'a'.repeat(64)}`, normal: `sha256:${'b'.repeat(64)}` },
  };
  await database.pool.query('insert into test_resources values ($1, $2)', [id, JSON.stringify(about)]);
};

beforeAll(async () => {
  const fresh = await migratedDatabase('catalogue');
  database = openDatabase({ connection: fresh.connection, tenancy: { node: 'hn', market: 'main' }, now: () => start });
  await database.pool.query('create table test_resources (id text primary key, about jsonb not null)');
  await addResource(resourceId, 'org_a');
  await addResource(foreignResource, 'org_b');
  catalogue = makeCatalogue({
    resources: {
      resource: resourceRow,
      sample: async () => ({
        columns: ['plate', 'mileage'],
        rows: [
          ['湘A12345', '12.5'],
          [null, '3.0'],
        ],
      }),
    },
    operatingRight: async (_read, participant, resource, at) =>
      participant === 'org_a' && resource === resourceId && at < new Date('2031-01-01')
        ? { certificateCode: 'SJ990001', until: new Date('2031-01-01T00:00:00Z') }
        : undefined,
    organisations: {
      organisation: async (_read, id) => ({ id, name: `单位“${id}”`, creditCode: '91430100MA00000000' }),
    },
    publicUrl: () => 'https://exchange.example.cn',
    operatorName: async () => '示例数据交易所',
    now: () => start,
    database,
    privateSources: [],
  });
  http = makeHttp({
    routes: catalogue.routes,
    database,
    seal: makeSeal(Buffer.alloc(32, 7)),
    log: pino({ level: 'silent' }),
    authenticate: async (token) => people[token],
    checkReplies: true,
    perSource: rateLimit(10_000, 10_000),
  });
}, 120_000);

afterAll(async () => {
  await http.close();
  await database.close();
  await stopTestPostgres();
});

let keys = 0;
const call = async (who: string, method: 'GET' | 'POST' | 'PATCH', url: string, payload?: object) => {
  const reply = await http.inject({
    method,
    url,
    headers: {
      ...(who ? { authorization: `Bearer ${who}-token` } : {}),
      ...(method === 'POST' ? { 'idempotency-key': `key-${++keys}-0000` } : {}),
    },
    ...(payload ? { payload } : {}),
  });
  const json = /json/.test(String(reply.headers['content-type'])) ? reply.json() : undefined;
  return { status: reply.statusCode, body: json, text: reply.payload };
};

const fields = {
  kind: 'dataset',
  name: '货车运行指数',
  summary: '全省货运车辆的月度运行情况',
  description: '',
  resources: [resourceId],
  industry: 'G54',
  region: '430000',
  keywords: ['货运', '"指数"'],
  scenarios: ['物流金融'],
  deliveryModes: ['file', 'api'],
  updateCycle: 'monthly',
  coverageFrom: '2025-01-01',
  coverageUntil: '2025-12-31',
  language: 'zh',
};

const drafted = async (): Promise<{ product: string; version: string }> => {
  const product = (await call('supplier', 'POST', '/api/products', fields)).body.id;
  const version = (await call('supplier', 'POST', `/api/products/${product}/versions`, {})).body.id;
  return { product, version };
};
const publish = (product: string, version: string | null) =>
  database.tx({ kind: 'system', id: 'system:flow', participant: '' }, (tx) =>
    catalogue.setPublished(tx, product, version),
  );

test('a supplier drafts, versions and readies a product', async () => {
  const created = await call('supplier', 'POST', '/api/products', fields);
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({
    state: 'draft',
    published: false,
    rights: [{ covered: true, certificateCode: 'SJ990001' }],
  });
  const { id } = created.body;
  expect((await call('supplier', 'POST', `/api/products/${id}/ready`, {})).body.code).toBe('catalogue.versionMissing');
  const version = await call('supplier', 'POST', `/api/products/${id}/versions`, {
    dictionary: [{ table: '货运车辆运行', name: 'mileage', title: '里程' }],
  });
  expect(version.status).toBe(201);
  expect(version.body.tables[0]).toMatchObject({
    columns: [
      { name: 'plate', sensitivity: 'personal' },
      { name: 'mileage', title: '里程', type: 'decimal', unit: 'km' },
    ],
    sample: {
      rows: [
        ['湘******', '12.5'],
        [null, '3.0'],
      ],
    },
    quality: { completeness: '0.998' },
  });
  expect(version.body.qualityLabel.zh).toBe('平台自检');
  expect((await call('supplier', 'POST', `/api/products/${id}/ready`, {})).body.state).toBe('ready');
  const { revision } = (await call('supplier', 'GET', `/api/products/${id}`)).body;
  expect(
    (await call('supplier', 'PATCH', `/api/products/${id}`, { summary: '改', revision: revision - 1 })).status,
  ).toBe(412);
  expect((await call('supplier', 'PATCH', `/api/products/${id}`, { summary: '改', revision })).body.state).toBe(
    'draft',
  );
  expect((await call('supplier', 'POST', `/api/products/${id}/ready`, {})).body.code).toBe('catalogue.versionBehind');
});

test('drafts are unknown to others, and published products show the version that was listed', async () => {
  const { product, version } = await drafted();
  const seen = async () =>
    Promise.all(
      ['', 'neighbour', 'operator', 'supplier'].map(
        async (who) => (await call(who, 'GET', `/api/products/${product}`)).status,
      ),
    );
  expect(await seen()).toEqual([404, 404, 200, 200]);
  await publish(product, version);
  expect(await seen()).toEqual([200, 200, 200, 200]);
  const { revision } = (await call('supplier', 'GET', `/api/products/${product}`)).body;
  await call('supplier', 'PATCH', `/api/products/${product}`, { name: '未审核的新名称', revision });
  const later = (await call('supplier', 'POST', `/api/products/${product}/versions`, {})).body.id;
  const shown = (await call('', 'GET', `/api/products/${product}`)).body;
  expect(shown).toMatchObject({
    name: fields.name,
    publishedVersion: version,
    latestVersion: version,
    rights: null,
    resources: [],
  });
  expect(
    (await call('', 'GET', `/api/products/${product}/versions`)).body.items.map((item: { id: string }) => item.id),
  ).toEqual([version]);
  expect((await call('', 'GET', `/api/products/${product}/versions/${later}`)).status).toBe(404);
  expect((await call('supplier', 'POST', `/api/products/${product}/retire`, { reason: '停用' })).body.code).toBe(
    'catalogue.published',
  );
  await publish(product, null);
  expect(await seen()).toEqual([404, 404, 200, 200]);
  expect((await call('', 'GET', `/api/products/${product}/versions/${version}`)).status).toBe(200);
  expect((await call('supplier', 'POST', `/api/products/${product}/retire`, { reason: '停用' })).body.state).toBe(
    'retired',
  );
});

test('wrong people and wrong resources are refused', async () => {
  const { product } = await drafted();
  expect((await call('', 'POST', '/api/products', fields)).status).toBe(401);
  expect((await call('finance', 'POST', '/api/products', fields)).status).toBe(403);
  expect((await call('neighbour', 'POST', `/api/products/${product}/versions`, {})).status).toBe(404);
  expect((await call('neighbour', 'PATCH', `/api/products/${product}`, { revision: 1 })).status).toBe(404);
  const foreign = await call('supplier', 'POST', '/api/products', { ...fields, resources: [foreignResource] });
  expect(foreign.body.code).toBe('catalogue.resourceUnknown');
  const missing = await call('supplier', 'POST', '/api/products', {
    ...fields,
    resources: [resourceId.replace(/.$/, (last) => (last === 'z' ? 'y' : 'z'))],
  });
  expect({ ...missing.body, requestId: '', detail: '', errors: [] }).toEqual({
    ...foreign.body,
    requestId: '',
    detail: '',
    errors: [],
  });
  expect(
    (await call('supplier', 'POST', '/api/products', { ...fields, keywords: Array(21).fill('x') })).body.errors[0]
      .field,
  ).toBe('body.keywords');
});

test('a version never changes, not even by hand', async () => {
  const { version } = await drafted();
  await expect(
    database.pool.query('update product_versions set note = $1 where id = $2', ['x', version]),
  ).rejects.toThrow('never changes');
});

test('the data contract is ODCS, and its digest is the version’s', async () => {
  const { product, version } = await drafted();
  const file = await call('supplier', 'GET', `/api/products/${product}/versions/${version}/contract.yaml`);
  const view = await call('supplier', 'GET', `/api/products/${product}/versions/${version}`);
  expect(`sha256:${createHash('sha256').update(file.text).digest('hex')}`).toBe(view.body.contractDigest);
  expect(parse(file.text)).toMatchObject({
    apiVersion: 'v3.1.0',
    kind: 'DataContract',
    id: product,
    version: '1.0.0',
    schema: [
      {
        name: '货运车辆运行',
        properties: [
          { name: 'plate', logicalType: 'string', classification: 'personal' },
          { name: 'mileage', required: true },
        ],
      },
    ],
    slaProperties: [{ property: 'frequency', value: 1, unit: 'm' }],
  });
});

type ListedPage = { 'dcat:dataset': { 'dct:identifier': string } | { 'dct:identifier': string }[] };
type PageView = { 'hydra:totalItems': { '@value': string }; 'hydra:next'?: { '@id': string } };

test('harvesters page through the listed products and nothing else', async () => {
  const first = await drafted();
  const hidden = await drafted();
  await publish(first.product, first.version);
  for (let count = 0; count < 25; count++) {
    const { product, version } = await drafted();
    await publish(product, version);
  }
  const found: string[] = [];
  let url: string | undefined = '/api/catalogue/dcat.jsonld';
  let total = '';
  while (url) {
    const [listed, view]: [ListedPage, PageView] = JSON.parse((await call('', 'GET', url)).text)['@graph'];
    found.push(...[listed['dcat:dataset']].flat().map((one) => one['dct:identifier']));
    total = view['hydra:totalItems']['@value'];
    url = view['hydra:next']?.['@id'].replace('https://exchange.example.cn', '');
  }
  expect(new Set(found).size).toBe(found.length);
  expect(String(found.length)).toBe(total);
  expect(found).toContain(first.product);
  expect(found).not.toContain(hidden.product);
  const turtle = (await call('', 'GET', productTurtle.path.replace(':id', first.product))).text;
  expect(turtle).toContain(`<https://exchange.example.cn/products/${first.product}> a dcat:Dataset ;`);
  expect(turtle).toContain('dcat:keyword "货运"@zh, "\\"指数\\""@zh ;');
  expect((await call('', 'GET', productTurtle.path.replace(':id', hidden.product))).status).toBe(404);
});

test('search engines find the listed products by the sitemap and nothing else', async () => {
  const shown = await drafted();
  const hidden = await drafted();
  await publish(shown.product, shown.version);
  const robots = await call('', 'GET', '/robots.txt');
  expect(robots.text).toContain('Sitemap: https://exchange.example.cn/sitemap.xml');
  const index = (await call('', 'GET', '/sitemap.xml')).text;
  const parts = [...index.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, address]) => address!);
  expect(parts).toHaveLength(1);
  const part = (await call('', 'GET', parts[0]!.replace('https://exchange.example.cn', ''))).text;
  const listed = [...part.matchAll(/<loc>https:\/\/exchange\.example\.cn\/products\/(prd_[^<]+)<\/loc><lastmod>/g)];
  expect(listed.map(([, id]) => id)).toContain(shown.product);
  expect(part).not.toContain(hidden.product);
  expect(part).toContain('<loc>https://exchange.example.cn/public-notices</loc>');
  const { countListed, listedParts, listedPlaces } = await import('./reads.ts');
  const count = await countListed(database);
  expect(listed).toHaveLength(count);
  // The parts of any size hold each product once.
  const cut = await listedParts(database, 4);
  const places = await Promise.all(cut.map((from) => listedPlaces(database, from, 4)));
  expect(places.flat().map(({ id }) => id)).toEqual([...new Set(places.flat().map(({ id }) => id))]);
  expect(places.flat()).toHaveLength(count);
});

test('the difference between two versions names what breaks', async () => {
  const { product, version } = await drafted();
  const next = (
    await call('supplier', 'POST', `/api/products/${product}/versions`, {
      dictionary: [{ table: '货运车辆运行', name: 'mileage', unit: 'm' }],
    })
  ).body.id;
  const diff = await call('supplier', 'GET', `/api/products/${product}/diff?from=${version}&to=${next}`);
  expect(diff.body).toMatchObject({
    from: 1,
    to: 2,
    breaking: true,
    changes: [{ kind: 'unitChanged', from: 'km', to: 'm' }],
  });
  expect((await call('', 'GET', `/api/products/${product}/diff?from=${version}&to=${next}`)).status).toBe(404);
});

test('a supplier without the right to operate is told which resource lacks it', async () => {
  const { version } = await drafted();
  expect(await catalogue.rightsOfVersion(database, version, start)).toMatchObject([
    { right: { certificateCode: 'SJ990001' } },
  ]);
  expect(await catalogue.rightsOfVersion(database, version, new Date('2032-01-01'))).toEqual([
    { resource: resourceId, right: undefined },
  ]);
});

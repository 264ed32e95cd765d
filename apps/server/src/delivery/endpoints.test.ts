import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ingestFile } from '../registry/ingest/ingest.ts';
import { apiDraft, openRig, planOf, type Rig } from './testing.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
}, 120_000);
afterAll(() => rig?.close());

const put = (draft: object) =>
  rig.call('supplier', 'PUT', `/api/versions/${rig.version.id}/endpoints`, { endpoints: [draft] });
const api = async () =>
  (await rig.call('supplier', 'GET', `/api/versions/${rig.version.id}/endpoints`)).body.items.find(
    (one: { kind: string }) => one.kind === 'api',
  );

describe('a look-up', () => {
  it('serves what was built until the new one is ready, and only the copied columns', async () => {
    await put(apiDraft);
    await rig.settle();
    const grant = await rig.grant(planOf(), [{ kind: 'api' }]);
    const key = await rig.key(grant);
    const ask = async (query: string) => (await rig.use(`/gateway/api/${grant}?${query}`, key)).json();
    expect(await ask(`city=${encodeURIComponent('株洲')}&limit=1`)).toMatchObject({
      data: [{ city: '株洲' }],
      meta: { rows: 1, truncated: true },
    });
    expect(
      Object.keys(((await ask(`plate=${encodeURIComponent('湘A10001')}`)) as { data: object[] }).data[0]!),
    ).toEqual(['plate', 'city', 'score']);
    await put({ ...apiDraft, filterColumns: ['owner'], answerColumns: ['plate'] });
    expect(await api()).toMatchObject({ state: 'building', revision: 2 });
    expect(await ask(`city=${encodeURIComponent('株洲')}&limit=1`)).toMatchObject({ meta: { rows: 1 } });
    await rig.settle();
    expect(await api()).toMatchObject({ state: 'ready', api: { rows: 60 } });
    expect(await ask(`city=${encodeURIComponent('株洲')}`)).toMatchObject({ code: 'requestInvalid' });
    expect(await ask(`owner=${encodeURIComponent('车主7')}`)).toMatchObject({
      data: [{ plate: '湘A10007', owner: '车主7' }],
    });
    await put({ ...apiDraft, filterColumns: ['owner'], answerColumns: ['plate'] });
    expect((await api()).revision).toBe(2);
  });

  it('is built again when its store is gone, as after a restore', async () => {
    const folder = await rig.kernel.objects.folder('stores');
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    await rig.restart();
    expect(await api()).toMatchObject({ state: 'building' });
    await rig.settle();
    expect(await api()).toMatchObject({ state: 'ready' });
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('is not built from data that is not the version’s, and says so', async () => {
    const table = rig.version.tables[0]!;
    const kept = table.normal!;
    const folder = mkdtempSync(join(tmpdir(), 'shugu-other-'));
    writeFileSync(join(folder, 'other.csv'), 'plate,city,score,owner\nA,B,1,C\n');
    await ingestFile({ path: join(folder, 'other.csv'), folder: join(folder, 'normal'), format: 'csv' });
    table.normal = { ...kept, folder: join(folder, 'normal') };
    await put(apiDraft);
    await rig.settle();
    expect(await api()).toMatchObject({ state: 'failed', fault: { en: expect.stringContaining('differs') } });
    table.normal = kept;
    await put(apiDraft);
    await rig.settle();
    expect(await api()).toMatchObject({ state: 'ready', fault: null });
    rmSync(folder, { recursive: true });
  });
});

describe('what a proxied interface is said to be', () => {
  const schemas = {
    Truck: {
      type: 'object',
      properties: {
        plate: { type: 'string', example: '湘A00001' },
        score: { type: 'integer', nullable: true, minimum: 0, exclusiveMinimum: true },
        owner: { $ref: '#/components/schemas/Owner' },
      },
    },
    Owner: { type: 'object', properties: { phone: { type: 'string' } } },
    Unused: { type: 'string' },
  };
  const rows = {
    type: 'object',
    properties: { data: { type: 'array', items: { $ref: '#/components/schemas/Truck' } } },
  };
  const answers = {
    200: { description: 'ok', content: { 'application/json': { schema: rows }, 'text/csv': {} } },
    401: { description: 'secret' },
    500: { description: 'inside' },
  };
  const document = {
    openapi: '3.0.3',
    info: { title: 'x', version: '1' },
    servers: [{ url: 'https://inside.example/v1' }],
    security: [{ internal: [] }],
    paths: {
      '/trucks/{plate}': {
        parameters: [{ name: 'plate', in: 'path', required: true, schema: { type: 'string' } }],
        get: {
          operationId: 'truck',
          'x-internal': { host: 'inside.example' },
          parameters: [
            { name: 'day', in: 'query', schema: { type: 'string' } },
            { name: 'X-Token', in: 'header', schema: { type: 'string' } },
            { name: 'sid', in: 'cookie', schema: { type: 'string' } },
          ],
          responses: answers,
        },
        delete: { responses: answers },
        post: {
          requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Truck' } } } },
          responses: answers,
        },
      },
      '/a/../b': { get: { responses: answers } },
      '/only/deleted': { delete: { responses: answers } },
    },
    components: { schemas, securitySchemes: { internal: { type: 'apiKey', in: 'header', name: 'X-Token' } } },
  };
  const draft = { kind: 'proxy', upstream: 'http://127.0.0.1:1/v1/', methods: ['GET'], rowsMember: 'data' };
  const path = () => `/api/versions/${rig.version.id}/endpoints`;
  const put = (more: object) => rig.call('supplier', 'PUT', path(), { endpoints: [{ ...draft, ...more }] });
  const described = async (terms: Parameters<typeof planOf>[0] = {}) => {
    const grant = await rig.grant(planOf(terms), [{ kind: 'proxy' } as never]);
    const { body } = await rig.call('buyer', 'GET', `/api/grants/${grant}/openapi.json`);
    const own = body.paths[`/gateway/proxy/${grant}/trucks/{plate}`];
    return { grant, body, own, base: `/gateway/proxy/${grant}` };
  };

  it('is what the supplier says of it, as far as it can be called, without anything of the inside', async () => {
    expect((await put({ document: JSON.stringify(document) })).status).toBe(200);
    const { body, own, base, grant } = await described({ purposes: ['research'] });
    expect(Object.keys(body.paths)).toEqual([`${base}/trucks/{plate}`, `/gateway/balance/${grant}`]);
    expect(Object.keys(own)).toEqual(['get']);
    expect(own.get.parameters.map((one: { name: string }) => one.name)).toEqual(['plate', 'day', 'X-Purpose']);
    expect(Object.keys(own.get.responses)).toEqual(['200', 'default']);
    expect(Object.keys(own.get.responses[200].content)).toEqual(['application/json', 'text/csv']);
    expect(Object.keys(body.components.schemas)).toEqual(['Truck', 'Owner']);
    expect(body.components.schemas.Truck.properties.score).toEqual({ type: ['integer', 'null'], exclusiveMinimum: 0 });
    expect(Object.keys(body.components.securitySchemes)).toEqual(['key', 'keyHeader']);
    expect(JSON.stringify(body)).not.toMatch(/inside|X-Token|internal|127\.0\.0\.1:1/);
    const proxyIn = ({ body: { items } }: { body: { items: { kind: string; proxy: object }[] } }) =>
      items.find(({ kind }) => kind === 'proxy')?.proxy;
    expect(proxyIn(await rig.call('supplier', 'GET', path()))).toMatchObject({ documented: true });
    // Kept when the rest is set again, and told to nobody who only sees the version.
    expect(proxyIn(await put({ methods: ['GET', 'POST'] }))).toMatchObject({ documented: true });
    const both = await described();
    expect(Object.keys(both.own)).toEqual(['get', 'post']);
    expect((await rig.call('stranger', 'GET', `/api/grants/${grant}/openapi.json`)).status).toBe(404);
  });

  it('shows of an answer what the contract gives: columns, masks, nothing else, no example', async () => {
    await put({ document: JSON.stringify(document) });
    const { body, own } = await described({
      columns: ['plate', 'owner'],
      masks: { owner: { kind: 'hash' } },
      quotas: [{ metric: 'calls', period: 'day', limit: 5 }],
    });
    expect(own.get.responses[200].content).toEqual({
      'application/json': {
        schema: {
          type: 'object',
          required: ['data'],
          properties: {
            data: {
              type: 'array',
              items: {
                type: 'object',
                properties: { plate: { type: 'string' }, owner: expect.objectContaining({ type: ['string', 'null'] }) },
              },
            },
          },
        },
      },
    });
    expect(body.components.schemas).toBeUndefined();
    expect(JSON.stringify(body)).not.toMatch(/phone|score|湘A00001|text\/csv/);
    expect(body['x-limits'].quotas).toEqual([{ metric: 'calls', period: 'day', limit: 5 }]);
  });

  it('is any path below it where the supplier says nothing', async () => {
    await put({ document: '' });
    const { body, base } = await described({ columns: ['plate'] });
    const { get } = body.paths[`${base}/{path}`];
    expect(get.responses[200].content['application/json'].schema.properties.data.items.properties).toEqual({
      plate: {},
    });
  });

  it.each([
    ['no JSON', '{'],
    ['another format', '{"swagger":"2.0","paths":{"/a":{}}}'],
    ['no paths', '{"openapi":"3.1.0","paths":{}}'],
    ['a reference elsewhere', '{"openapi":"3.1.0","paths":{"/a":{"$ref":"https://elsewhere.example/a.json"}}}'],
    ['too deep', `{"openapi":"3.1.0","paths":{"/a":${'['.repeat(80)}${']'.repeat(80)}}}`],
  ])('is refused as %s', async (_name, text) => {
    const { status, body } = await put({ document: text });
    expect([status, body.code]).toEqual([422, 'delivery.documentWrong']);
    expect(JSON.stringify(body)).toContain('body.endpoints.document');
  });

  it('of a table share leads to the protocol and to the profile', async () => {
    const grant = await rig.grant(planOf(), [{ kind: 'share' }]);
    const { body } = await rig.call('buyer', 'GET', `/api/grants/${grant}/openapi.json`);
    const table = '/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}';
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/delta-sharing/shares', `${table}/metadata`, `${table}/query`, `${table}/changes`]),
    );
    const { profile, endpoint, share } = body['x-delta-sharing'];
    expect([endpoint, share]).toEqual([`${rig.origin}/delta-sharing/`, grant]);
    const made = await rig.call('buyer', 'POST', new URL(profile).pathname, { name: '客户端' });
    expect([made.status, made.body.profile.endpoint]).toEqual([201, endpoint]);
  });
});

import { QUERY_LIMITS } from '@shugu/gateway';
import { queryLimits } from '@shugu/wire/delivery';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { openRig, planOf, type Rig } from './testing.ts';

const ranking = {
  name: 'ranking',
  title: '城市排名',
  sql: 'select plate, score from trucks where city = $city and score >= $least order by score desc',
  parameters: [
    { name: 'city', title: '城市', type: 'enumeration', values: ['长沙', '株洲'] },
    { name: 'least', title: '最低分', type: 'integer', min: 0, max: 200, default: '0' },
  ],
};
const average = {
  name: 'average',
  title: '均分',
  sql: 'select city, avg(score) as mean, count(*) as n from trucks group by city order by city',
  parameters: [],
};
const owners = { name: 'owners', title: '车主', sql: 'select owner from trucks', parameters: [] };
const query = [{ kind: 'query' as const }];
const changsha = encodeURIComponent('长沙');

let rig: Rig;
const put = (templates: object[], who: 'supplier' | 'buyer' | 'stranger' = 'supplier') =>
  rig.call(who, 'PUT', `/api/versions/${rig.version.id}/endpoints`, { endpoints: [{ kind: 'query', templates }] });
const ask = (grant: string, path: string, key: string, headers = {}) =>
  rig.use(`/gateway/query/${grant}/${path}`, key, headers);
const codeOf = async (answer: Response) => {
  const { code, field } = (await answer.json()) as { code: string; field?: string };
  return [answer.status, code, field];
};

beforeAll(async () => {
  rig = await openRig();
  expect((await put([ranking, average, owners])).body).toMatchObject({ items: [{ kind: 'query', state: 'ready' }] });
}, 120_000);
afterAll(() => rig?.close());

describe('a supplier', () => {
  it('is told what each template reads and answers', async () => {
    const { items } = (await rig.call('supplier', 'GET', `/api/versions/${rig.version.id}/endpoints`)).body;
    expect(items[0].query.templates).toMatchObject([
      {
        name: 'ranking',
        reads: [{ table: 'trucks', columns: ['city', 'plate', 'score'] }],
        answer: [{ name: 'plate', type: 'VARCHAR' }, { name: 'score' }],
      },
      { name: 'average', reads: [{ table: 'trucks', columns: ['city', 'score'] }] },
      { name: 'owners', reads: [{ table: 'trucks', columns: ['owner'] }] },
    ]);
  });

  it.each([
    ['delete from trucks', '只允许一条'],
    ['select 1; select 2', '只允许一条'],
    ['select * from trucks2', 'trucks2'],
    ["select * from '/etc/passwd'", '/etc/passwd'],
    ["select * from read_csv('/etc/passwd')", 'TABLE FUNCTION'],
    ["select getvariable('x') from trucks", 'getvariable'],
    ['select nothing from trucks', 'nothing'],
    ['select plate from trucks where city = $other', '$other'],
    ['selec', 'syntax'],
  ])('is refused with the field and the reason in both languages: %s', async (sql, reason) => {
    const { status, body } = await put([ranking, { ...average, sql }]);
    expect([status, body.code]).toEqual([422, 'delivery.queryRefused']);
    expect(body.errors[0]).toMatchObject({
      field: 'body.endpoints.templates.1.sql',
      message: expect.stringContaining(reason),
    });
  });

  it('declares parameters that make sense, and names that differ', async () => {
    const faultOf = async (templates: object[]) => {
      const { body } = await put(templates);
      return [body.code, body.errors?.[0]?.field];
    };
    const city = ranking.parameters[0]!;
    const least = { ...ranking.parameters[1]!, min: 10, max: 1, default: '0' };
    expect(await faultOf([ranking, ranking])).toEqual(['delivery.nameTwice', 'body.endpoints.templates']);
    expect(await faultOf([{ ...ranking, parameters: [city, city] }])).toEqual([
      'delivery.nameTwice',
      'body.endpoints.templates.0.parameters',
    ]);
    expect(await faultOf([{ ...ranking, parameters: [city, least] }])).toEqual([
      'delivery.parameterWrong',
      'body.endpoints.templates.0.parameters',
    ]);
    expect(await faultOf([{ ...ranking, parameters: [{ ...city, default: '上海' }] }])).toEqual([
      'delivery.parameterWrong',
      'body.endpoints.templates.0.parameters',
    ]);
    expect(queryLimits).toMatchObject(
      Object.fromEntries(Object.entries(QUERY_LIMITS).filter(([name]) => name in queryLimits)),
    );
  });

  it('tries a template on the data, and nobody else does', async () => {
    const path = `/api/versions/${rig.version.id}/queries/try`;
    const tried = await rig.call('supplier', 'POST', path, { template: ranking, values: { city: '长沙' } });
    expect(tried.body).toMatchObject({ answer: [{ name: 'plate' }, { name: 'score' }], more: false });
    expect(tried.body.rows).toHaveLength(30);
    expect(tried.body.rows[0]).toEqual(['湘A10059', 119]);
    const wrong = await rig.call('supplier', 'POST', path, { template: ranking, values: { city: 'x' } });
    expect(wrong.body).toMatchObject({ code: 'delivery.parameterWrong', errors: [{ field: 'body.values.city' }] });
    const failing = { ...owners, sql: 'select cast(owner as integer) as n from trucks' };
    expect((await rig.call('supplier', 'POST', path, { template: failing })).body).toMatchObject({
      code: 'delivery.queryFailed',
      detail: expect.stringContaining('车主'),
    });
    for (const who of ['buyer', 'stranger'] as const)
      expect((await rig.call(who, 'POST', path, { template: ranking, values: { city: '长沙' } })).status).toBe(404);
  });
});

describe('an upgrade of the engine', () => {
  it('has every template looked at again before it is served', async () => {
    const grant = await rig.grant(planOf(), query);
    const key = await rig.key(grant);
    const setEngine = (draft: object) =>
      rig.kernel.database.tx(systemActor('test'), (tx) =>
        tx.exec(
          sql`update delivery_endpoints set config = jsonb_set(config, '{engine}', '"v0"'), draft = ${JSON.stringify(draft)} where kind = 'query'`,
        ),
      );
    const draft = { kind: 'query', templates: [ranking, average, owners], rowsMax: 10_000, secondsMax: 10 };
    const state = async () =>
      (await rig.call('supplier', 'GET', `/api/versions/${rig.version.id}/endpoints`)).body.items[0];
    await setEngine({ ...draft, templates: [{ ...owners, sql: 'select random() as r from trucks' }] });
    await rig.restart();
    expect(await state()).toMatchObject({ state: 'failed', fault: { en: expect.stringContaining('random') } });
    expect(await codeOf(await ask(grant, 'owners', key))).toEqual([404, 'templateUnknown', undefined]);
    await setEngine(draft);
    await rig.restart();
    expect(await state()).toMatchObject({ state: 'ready', fault: null });
    expect((await ask(grant, 'owners', key)).status).toBe(200);
  });
});

describe('a buyer', () => {
  it('asks with parameters, gets rows, and is counted before the last byte', async () => {
    const grant = await rig.grant(planOf({ quotas: [{ metric: 'rows', period: 'total', limit: 40 }] }), query);
    const key = await rig.key(grant);
    const answer = await ask(grant, `ranking?city=${changsha}&least=110`, key);
    expect(await answer.json()).toEqual({
      data: [119, 117, 115, 113, 111].map((score) => ({ plate: `湘A${9_940 + score}`, score })),
      meta: { rows: 5 },
    });
    expect(answer.headers.get('x-quota-remaining')).toContain('rows-total=35');
    expect(await (await ask(grant, 'average', key)).json()).toMatchObject({
      data: [
        { city: '株洲', n: 30 },
        { city: '长沙', mean: 90, n: 30 },
      ],
    });
    const csv = await ask(grant, `ranking?city=${changsha}&least=118`, key, { accept: 'text/csv' });
    expect([csv.headers.get('content-type'), await csv.text()]).toEqual([
      'text/csv; charset=utf-8; header=present',
      'plate,score\r\n湘A10059,119\r\n',
    ]);
    // 32 rows are left: 30 do, and then 30 do not.
    expect((await ask(grant, `ranking?city=${changsha}`, key)).status).toBe(200);
    expect(await codeOf(await ask(grant, `ranking?city=${changsha}`, key))).toEqual([
      403,
      'volumeExhausted',
      undefined,
    ]);
    await rig.settle();
    const balance = (await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`)).body;
    expect(JSON.stringify(balance)).toContain('38');
  });

  it('is told the parameter that is wrong or missing', async () => {
    const grant = await rig.grant(planOf(), query);
    const key = await rig.key(grant);
    expect(await codeOf(await ask(grant, 'ranking', key))).toEqual([400, 'parameterInvalid', 'city']);
    expect(await codeOf(await ask(grant, `ranking?city=${changsha}&least=1.5`, key))).toEqual([
      400,
      'parameterInvalid',
      'least',
    ]);
    expect(await codeOf(await ask(grant, 'ranking2', key))).toEqual([404, 'templateUnknown', undefined]);
  });

  it('sees no row and no column that the contract refuses, not even in an average', async () => {
    const plan = planOf({
      columns: ['city', 'score', 'plate'],
      rowFilter: [{ column: 'score', operator: '>=', value: 100 }],
    });
    const grant = await rig.grant(plan, query);
    const key = await rig.key(grant);
    expect(await (await ask(grant, 'average', key)).json()).toMatchObject({
      data: [
        { city: '株洲', mean: 109, n: 10 },
        { city: '长沙', mean: 110, n: 10 },
      ],
    });
    expect(await codeOf(await ask(grant, 'owners', key))).toEqual([403, 'fieldNotAllowed', undefined]);
    const { lines } = (await rig.call('buyer', 'GET', `/api/grants/${grant}`)).body;
    expect(lines[0].templates.map(({ name, granted }: { name: string; granted: boolean }) => [name, granted])).toEqual([
      ['ranking', true],
      ['average', true],
      ['owners', false],
    ]);
    expect(JSON.stringify(lines)).not.toContain('select');
  });

  it('finds the queries that the contract grants in the description of the grant', async () => {
    const grant = await rig.grant(planOf({ columns: ['city', 'score', 'plate'] }), query);
    const path = `/api/grants/${grant}/openapi.json`;
    const { body } = await rig.call('buyer', 'GET', path);
    expect(Object.keys(body.paths)).toEqual([
      ...['ranking', 'average'].map((name) => `/gateway/query/${grant}/${name}`),
      `/gateway/balance/${grant}`,
    ]);
    expect(body.paths[`/gateway/query/${grant}/ranking`].get.parameters).toMatchObject([
      { name: 'city', required: true, schema: { enum: ['长沙', '株洲'] } },
      { name: 'least', required: false, schema: { type: 'integer', minimum: 0, maximum: 200 } },
      { name: 'format' },
    ]);
    expect((await rig.call('stranger', 'GET', path)).status).toBe(404);
  });

  it('gets what nobody gets with another grant’s key, or none', async () => {
    const [one, other] = [await rig.grant(planOf(), query), await rig.grant(planOf(), query)];
    const key = await rig.key(other);
    const path = `ranking?city=${changsha}`;
    expect(await codeOf(await fetch(`${rig.origin}/gateway/query/${one}/${path}`))).toEqual([
      401,
      'credentialsMissing',
      undefined,
    ]);
    expect(await codeOf(await ask(one, path, key))).toEqual([404, 'notFound', undefined]);
    expect(
      await codeOf(
        await ask(
          one.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
          path,
          key,
        ),
      ),
    ).toEqual([404, 'notFound', undefined]);
    expect((await ask(other, path, key)).status).toBe(200);
    await rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant: other }, 'test'));
    expect(await codeOf(await ask(other, path, key))).toEqual([403, 'withdrawn', undefined]);
  });
});

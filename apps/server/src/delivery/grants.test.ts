import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { apiDraft, openRig, planOf, type Rig } from './testing.ts';

const api = [{ kind: 'api' as const }];
const file = [{ kind: 'file' as const }];
const plate = encodeURIComponent('湘A10003');
const csv = encodeURIComponent('货车 2026.csv');

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
  await rig.call('supplier', 'PUT', `/api/versions/${rig.version.id}/endpoints`, { endpoints: [apiDraft] });
  await rig.settle();
}, 120_000);
afterAll(() => rig?.close());

const codeOf = async (answer: Response): Promise<[number, string]> => [
  answer.status,
  ((await answer.json()) as { code: string }).code,
];
const events = (type: string, subject: string) =>
  rig.kernel.database.rows(sql`select data from events where type = ${type} and subject = ${subject}`);

describe('who may do what', () => {
  it('shows a grant to its parties and supervisors only, and keys to the buyer only', async () => {
    const grant = await rig.grant(planOf(), api);
    const status = async (who: Parameters<Rig['call']>[0], path: string) => (await rig.call(who, 'GET', path)).status;
    const base = `/api/grants/${grant}`;
    expect(await status('', base)).toBe(401);
    for (const who of ['buyer', 'supplier', 'officer'] as const) expect(await status(who, base)).toBe(200);
    for (const path of [base, `${base}/keys`, `${base}/balance`, `${base}/receipts`])
      expect(await status('stranger', path)).toBe(404);
    expect(await status('supplier', `${base}/keys`)).toBe(404);
    expect(await status('supplier', `${base}/receipts`)).toBe(404);
    expect(await status('supplier', `${base}/balance`)).toBe(200);
    expect((await rig.call('stranger', 'POST', `${base}/keys`, { name: 'x' })).status).toBe(404);
    expect((await rig.call('supplier', 'POST', `${base}/keys`, { name: 'x' })).status).toBe(404);
    expect((await rig.call('officer', 'POST', `${base}/keys`, { name: 'x' })).status).toBe(404);
  });

  it('lets only the supplier of a version say how it is delivered', async () => {
    const path = `/api/versions/${rig.version.id}/endpoints`;
    expect((await rig.call('stranger', 'PUT', path, { endpoints: [apiDraft] })).status).toBe(404);
    expect((await rig.call('stranger', 'GET', path)).status).toBe(404);
    expect((await rig.call('buyer', 'PUT', path, { endpoints: [apiDraft] })).status).toBe(404);
    expect((await rig.call('supplier', 'GET', path)).body.items).toMatchObject([{ kind: 'api', state: 'ready' }]);
  });

  it('refuses drafts that name what is not there, each with its code', async () => {
    const put = async (draft: object) =>
      (await rig.call('supplier', 'PUT', `/api/versions/${rig.version.id}/endpoints`, { endpoints: [draft] })).body
        .code;
    expect(await put({ ...apiDraft, table: 'x' })).toBe('delivery.tableUnknown');
    expect(await put({ ...apiDraft, keyColumns: ['x'] })).toBe('delivery.columnUnknown');
    expect(await put({ ...apiDraft, filterColumns: ['plate'] })).toBe('delivery.columnTwice');
    expect(await put({ ...apiDraft, table: 'large' })).toBe('delivery.contentMissing');
    expect(await put({ kind: 'proxy', upstream: 'http://10.0.0.8/v1' })).toBe('delivery.upstreamRefused');
    expect(await put({ kind: 'proxy', upstream: 'http://[::ffff:10.0.0.8]/v1' })).toBe('delivery.upstreamRefused');
    expect(await put({ kind: 'proxy', upstream: 'https://a:b@example.cn/' })).toBe('delivery.upstreamRefused');
    expect(await put({ kind: 'proxy', upstream: 'https://example.cn/', secret: 's' })).toBe(
      'delivery.secretHeaderMissing',
    );
  });
});

describe('keys', () => {
  it('opens nothing without, with an unknown or with another grant’s key', async () => {
    const [one, other] = [await rig.grant(planOf(), api), await rig.grant(planOf(), api)];
    const key = await rig.key(other);
    expect(await codeOf(await fetch(`${rig.origin}/gateway/api/${one}/${plate}`))).toEqual([401, 'credentialsMissing']);
    expect(await codeOf(await rig.use(`/gateway/api/${one}/${plate}`, 'sgd_wrong'))).toEqual([404, 'notFound']);
    expect(await codeOf(await rig.use(`/gateway/api/${one}/${plate}`, key))).toEqual([404, 'notFound']);
    expect(await codeOf(await rig.use(`/gateway/file/${other}/${csv}`, key))).toEqual([404, 'notFound']);
    expect(
      await codeOf(
        await rig.use(`/gateway/api/${one.replace(/.$/, (last) => (last === '0' ? '1' : '0'))}/${plate}`, key),
      ),
    ).toEqual([404, 'notFound']);
    expect((await rig.use(`/gateway/api/${other}/${plate}`, key)).status).toBe(200);
  });

  it('ends a revoked key at once; a rotated one when its time is over', async () => {
    const grant = await rig.grant(planOf(), api);
    const path = `/gateway/api/${grant}/${plate}`;
    const [first, second] = [await rig.key(grant), await rig.key(grant)];
    const { items } = (await rig.call('buyer', 'GET', `/api/grants/${grant}/keys`)).body;
    expect(items).toHaveLength(2);
    expect(JSON.stringify(items)).not.toContain(first);
    const idOf = (secret: string) => items.find((one: { prefix: string }) => secret.startsWith(one.prefix)).id;
    await rig.call('buyer', 'POST', `/api/grants/${grant}/keys/${idOf(first)}/revoke`, {});
    expect((await rig.use(path, first)).status).toBe(404);
    const rotated = await rig.call('buyer', 'POST', `/api/grants/${grant}/keys/${idOf(second)}/rotate`, {
      minutes: 10,
    });
    expect((await rig.use(path, second)).status).toBe(200);
    expect((await rig.use(path, rotated.body.secret)).status).toBe(200);
    rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 11 * 60_000));
    await rig.settle();
    expect((await rig.use(path, second)).status).toBe(404);
    expect((await rig.use(path, rotated.body.secret)).status).toBe(200);
  });

  it('takes ten keys and no more', async () => {
    const grant = await rig.grant(planOf(), api);
    for (let made = 0; made < 10; made++) await rig.key(grant);
    expect((await rig.call('buyer', 'POST', `/api/grants/${grant}/keys`, { name: 'x' })).body.code).toBe(
      'delivery.keysFull',
    );
  });
});

describe('limits', () => {
  it('count all ways of delivery of a contract together, and refuse exactly after the last', async () => {
    const plan = planOf({ quotas: [{ metric: 'calls', period: 'total', limit: 3 }] });
    const grant = await rig.grant(plan, [...api, ...file]);
    const key = await rig.key(grant);
    const paths = [`/gateway/api/${grant}/${plate}`, `/gateway/file/${grant}/${csv}`];
    for (const path of [paths[0]!, paths[1]!, paths[0]!]) {
      const answer = await rig.use(path, key);
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    }
    for (const path of paths) expect((await codeOf(await rig.use(path, key)))[1]).toBe('countExhausted');
    await rig.restart();
    for (const path of paths) expect((await codeOf(await rig.use(path, key)))[1]).toBe('countExhausted');
  });

  it('renew by the day and are the same after a restart', async () => {
    const plan = planOf({ quotas: [{ metric: 'calls', period: 'day', limit: 2 }] });
    const grant = await rig.grant(plan, api);
    const key = await rig.key(grant);
    const path = `/gateway/api/${grant}/${plate}`;
    expect((await rig.use(path, key)).headers.get('x-quota-remaining')).toBe('calls-day=1');
    await rig.restart();
    expect((await rig.use(path, key)).headers.get('x-quota-remaining')).toBe('calls-day=0');
    expect((await rig.use(path, key)).status).not.toBe(200);
    rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 86_400_000));
    expect((await rig.use(path, key)).headers.get('x-quota-remaining')).toBe('calls-day=1');
  });

  it('a trial has few calls and an early end', async () => {
    const now = rig.kernel.clock.now();
    const trial = await rig.as('system', (tx) =>
      rig.delivery.openTrial(tx, {
        order: null,
        product: rig.version.product,
        productName: rig.version.productName,
        version: rig.version.id,
        supplier: 'org_supplier',
        buyer: 'org_buyer',
        plan: planOf({ quotas: [{ metric: 'calls', period: 'total', limit: 1000 }] }),
        policyHash: 'offered',
        drivers: api,
        calls: 1,
        until: new Date(now.getTime() + 86_400_000),
      }),
    );
    await rig.settle();
    const key = await rig.key(trial);
    const path = `/gateway/api/${trial}/${plate}`;
    expect((await rig.use(path, key)).status).toBe(200);
    expect((await codeOf(await rig.use(path, key)))[1]).toBe('countExhausted');
    rig.moveTo(new Date(now.getTime() + 2 * 86_400_000));
    expect((await codeOf(await rig.use(path, key)))[1]).toBe('expired');
    await rig.settle();
    expect((await rig.call('buyer', 'GET', `/api/grants/${trial}`)).body).toMatchObject({
      state: 'expired',
      trial: true,
    });
    expect(await events('delivery.grant.expired', trial)).toHaveLength(1);
  });

  it('amended terms take the place of the old ones under the same grant', async () => {
    const contract = 'con_01k9f3t6zq8m4x2v7b5n1c0d9e';
    const limit = (calls: number) => planOf({ quotas: [{ metric: 'calls', period: 'total', limit: calls }] });
    const grant = await rig.grant(limit(1), api, { contract });
    const key = await rig.key(grant);
    const path = `/gateway/api/${grant}/${plate}`;
    await rig.use(path, key);
    expect((await codeOf(await rig.use(path, key)))[1]).toBe('countExhausted');
    expect(await rig.grant(limit(2), api, { contract })).toBe(grant);
    expect((await rig.use(path, key)).status).toBe(200);
    expect((await codeOf(await rig.use(path, key)))[1]).toBe('countExhausted');
  });
});

describe('stopping', () => {
  it('cuts a running download when the grant is withdrawn, and records what was sent', async () => {
    const grant = await rig.grant(planOf(), file);
    const key = await rig.key(grant);
    const answer = await rig.use(`/gateway/file/${grant}/large.bin`, key);
    const reader = answer.body!.getReader();
    await reader.read();
    const contract = (await rig.delivery.grant(rig.kernel.database, grant))!.contract!;
    expect(await rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { contract }, '协议解除'))).toBe(1);
    // A settlement that cuts off at this very moment has the cut use in its figures.
    await rig.metering.flush();
    const billed = await rig.metering.usageOf(rig.kernel.database, contract, null, null);
    expect(billed).toMatchObject({ calls: 1, incompleteCalls: 1 });
    let received = 0;
    const rest = async () => {
      for (let part = await reader.read(); !part.done; part = await reader.read()) received += part.value.length;
    };
    await expect(rest()).rejects.toThrow();
    expect(received).toBeLessThan(12 * 2 ** 20);
    expect(await codeOf(await rig.use(`/gateway/file/${grant}/large.bin`, key))).toEqual([403, 'withdrawn']);
    expect(await events('delivery.grant.withdrawn', grant)).toHaveLength(1);
    await rig.restart();
    expect(await codeOf(await rig.use(`/gateway/file/${grant}/large.bin`, key))).toEqual([403, 'withdrawn']);
    expect((await rig.call('buyer', 'POST', `/api/grants/${grant}/keys`, { name: 'x' })).body.code).toBe(
      'delivery.grantEnded',
    );
  });

  it('cuts running answers when the server stops, and has them recorded', async () => {
    const grant = await rig.grant(planOf(), file);
    const answer = await rig.use(`/gateway/file/${grant}/large.bin`, await rig.key(grant));
    const reader = answer.body!.getReader();
    await reader.read();
    await rig.restart();
    const rest = async () => {
      for (let part = await reader.read(); !part.done; ) part = await reader.read();
    };
    await expect(rest()).rejects.toThrow();
    const { used } = (await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`)).body;
    expect(used).toMatchObject({ calls: 1, incompleteCalls: 1 });
    expect(used.bytes).toBeLessThan(12 * 2 ** 20);
  });

  it('closes a grant whose withdrawal never reached the gateway: by the next comparison, and at start', async () => {
    const [one, other] = [await rig.grant(planOf(), api), await rig.grant(planOf(), api)];
    const [key, otherKey] = [await rig.key(one), await rig.key(other)];
    const behindItsBack = (grant: string) =>
      rig.kernel.database.pool.query(
        `update delivery_grants set state = 'withdrawn', ended_at = now(), revision = revision + 1 where id = $1`,
        [grant],
      );
    await behindItsBack(one);
    expect((await rig.use(`/gateway/api/${one}/${plate}`, key)).status).toBe(200);
    await rig.settle();
    expect(await codeOf(await rig.use(`/gateway/api/${one}/${plate}`, key))).toEqual([403, 'withdrawn']);
    await behindItsBack(other);
    await rig.restart();
    expect(await codeOf(await rig.use(`/gateway/api/${other}/${plate}`, otherKey))).toEqual([403, 'withdrawn']);
  });

  it('suspends by order, also what opens later, until every order is lifted', async () => {
    const { product } = rig.version;
    const grant = await rig.grant(planOf(), api);
    const key = await rig.key(grant);
    const path = `/gateway/api/${grant}/${plate}`;
    await rig.as('system', (tx) => rig.delivery.suspend(tx, { product }, '监管指令'));
    await rig.as('system', (tx) => rig.delivery.suspend(tx, { grant }, '投诉核查'));
    expect(await codeOf(await rig.use(path, key))).toEqual([403, 'suspended']);
    const later = await rig.grant(planOf(), api);
    expect((await rig.call('buyer', 'GET', `/api/grants/${later}`)).body).toMatchObject({
      state: 'suspended',
      reason: '监管指令',
    });
    await rig.as('system', (tx) => rig.delivery.resume(tx, { product }));
    await rig.settle();
    expect((await rig.call('buyer', 'GET', `/api/grants/${later}`)).body.state).toBe('active');
    expect(await codeOf(await rig.use(path, key))).toEqual([403, 'suspended']);
    await rig.as('system', (tx) => rig.delivery.resume(tx, { grant }));
    await rig.settle();
    expect((await rig.use(path, key)).status).toBe(200);
  });

  it('does not open what a kind of delivery cannot enforce', async () => {
    const plan = planOf({ columns: ['plate'] });
    await expect(rig.grant(plan, file)).rejects.toMatchObject({ code: 'delivery.notEnforceable' });
  });
});

describe('files', () => {
  it('gives originals with digest and ranges, and by signed address without a key until it ends', async () => {
    const grant = await rig.grant(planOf(), file);
    const key = await rig.key(grant);
    const { lines } = (await rig.call('buyer', 'GET', `/api/grants/${grant}`)).body;
    expect(lines[0].files.map((one: { name: string }) => one.name)).toEqual(['货车 2026.csv', 'large.bin']);
    const part = await rig.use(`/gateway/file/${grant}/${csv}`, key, { range: 'bytes=0-4' });
    expect([part.status, await part.text()]).toEqual([206, 'plate']);
    const made = await rig.call('buyer', 'POST', `/api/grants/${grant}/addresses`, {
      file: '货车 2026.csv',
      seconds: 60,
    });
    expect(made.status).toBe(201);
    const whole = await fetch(made.body.url);
    expect([whole.status, (await whole.text()).slice(0, 10)]).toEqual([200, 'plate,city']);
    expect((await fetch(made.body.url.replace(csv, 'large.bin'))).status).toBe(404);
    rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 61_000));
    expect((await fetch(made.body.url)).status).toBe(404);
    const refused = await rig.call('buyer', 'POST', `/api/grants/${grant}/addresses`, { file: '别的.csv' });
    expect(refused.body.code).toBe('delivery.fileUnknown');
    expect((await rig.call('stranger', 'POST', `/api/grants/${grant}/addresses`, { file: 'large.bin' })).status).toBe(
      404,
    );
  });
});

describe('a supplier’s own interface', () => {
  let upstream: Server;
  const seen: { url: string; secret: string; authorization: string }[] = [];
  let address = '';
  beforeAll(async () => {
    upstream = createServer((request, response) => {
      const { headers, url = '' } = request;
      seen.push({ url, secret: String(headers['x-supplier-key']), authorization: String(headers.authorization) });
      response.setHeader('content-type', 'application/json').end('{"ok":true}');
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => upstream.close(resolve)));

  it('is asked with the supplier’s secret, never with the buyer’s key, and the secret is never shown', async () => {
    const path = `/api/versions/${rig.version.id}/endpoints`;
    const draft = { kind: 'proxy', upstream: `${address}/v1`, secretHeader: 'X-Supplier-Key' };
    const put = await rig.call('supplier', 'PUT', path, { endpoints: [{ ...draft, secret: 'geheim-1' }] });
    expect(put.status).toBe(200);
    expect(JSON.stringify(put.body)).not.toContain('geheim');
    const grant = await rig.grant(planOf(), [{ kind: 'proxy' }]);
    const key = await rig.key(grant);
    const answer = await rig.use(`/gateway/proxy/${grant}/trucks?plate=1`, key);
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
    expect(seen.at(-1)).toEqual({ url: '/v1/trucks?plate=1', secret: 'geheim-1', authorization: 'undefined' });
    const same = await rig.call('supplier', 'PUT', path, { endpoints: [{ ...draft, upstream: `${address}/v2` }] });
    expect(same.body.items.find((one: { kind: string }) => one.kind === 'proxy').proxy.secretKept).toBe(true);
    const other = await rig.call('supplier', 'PUT', path, {
      endpoints: [{ ...draft, upstream: 'https://example.cn/' }],
    });
    expect(other.body.items.find((one: { kind: string }) => one.kind === 'proxy').proxy.secretKept).toBe(false);
    const buyer = JSON.stringify((await rig.call('buyer', 'GET', `/api/grants/${grant}`)).body);
    expect(buyer).not.toContain('example.cn');
  });
});

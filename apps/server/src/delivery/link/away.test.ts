/** A gateway that cannot see the exchange's disk: what lines read is brought to it, and goes when they end. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiDraft, openRig, planOf, type Rig } from '../testing.ts';
import { endGateways, openGateway, type RunningGateway, untilKnown } from './testing.ts';

let rig: Rig;
let gateway: RunningGateway;
beforeAll(async () => {
  rig = await openRig({ gateways: { grace: 5, slice: 10 } });
  gateway = await openGateway(rig, { isAway: true });
}, 120_000);
afterAll(async () => {
  await endGateways([gateway]);
  await rig.close();
});

const ranking = {
  name: 'ranking',
  title: '排名',
  sql: 'select plate, score from trucks where score >= $least order by score desc limit 3',
  parameters: [{ name: 'least', title: '最低分', type: 'integer', default: '0' }],
};
const copies = () => readdirSync(join(gateway.home, 'contents'));
const path = (text: string) => encodeURIComponent(text);

test('every kind of delivery is served with what was brought from the exchange, and counts as one grant', async () => {
  const drafts = [apiDraft, { kind: 'file' as const }, { kind: 'query' as const }, { kind: 'share' as const }];
  const put = await rig.call('supplier', 'PUT', `/api/versions/${rig.version.id}/endpoints`, {
    endpoints: [apiDraft, { kind: 'file' }, { kind: 'query', templates: [ranking] }, { kind: 'share' }],
  });
  expect(put.status, JSON.stringify(put.body)).toBe(200);
  const plan = planOf({ quotas: [{ metric: 'calls', period: 'total', limit: 100 }] });
  const grant = await rig.grant(plan, drafts);
  const key = await rig.key(grant);
  await untilKnown([gateway], grant, key, ['api', 'file']);
  expect(copies()).toEqual([]);

  const headers = { authorization: `Bearer ${key}` };
  const ask = (address: string, init: RequestInit = {}) =>
    fetch(gateway.url + address, { ...init, headers: { ...headers, ...(init.headers as Record<string, string>) } });
  const first = await ask(`/gateway/api/${grant}/${path('湘A10003')}`);
  expect([first.status, first.headers.get('retry-after'), ((await first.json()) as { code: string }).code]).toEqual([
    503,
    '2',
    'preparing',
  ]);
  const served = async (address: string, init?: RequestInit): Promise<Response> => {
    for (;;) {
      const answer = await ask(address, init);
      if (answer.status !== 503) return answer;
      await answer.arrayBuffer();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const one = await served(`/gateway/api/${grant}/${path('湘A10003')}`);
  expect([one.status, await one.json()]).toEqual([
    200,
    { data: [{ plate: '湘A10003', city: '长沙', score: 63 }], meta: { rows: 1, truncated: false } },
  ]);

  const name = path('货车 2026.csv');
  const whole = await served(`/gateway/file/${grant}/${name}`);
  const bytes = Buffer.from(await whole.arrayBuffer());
  const digest = createHash('sha256').update(bytes).digest('base64');
  expect(whole.headers.get('repr-digest')).toBe(`sha-256=:${digest}:`);
  const part = await ask(`/gateway/file/${grant}/${name}`, { headers: { range: 'bytes=5-14' } });
  expect([part.status, await part.text()]).toEqual([206, bytes.subarray(5, 15).toString()]);

  const ranked = await served(`/gateway/query/${grant}/ranking?least=100`);
  expect([ranked.status, ((await ranked.json()) as { data: object[] }).data]).toEqual([
    200,
    [119, 118, 117].map((score) => ({ plate: `湘A${10_000 + score - 60}`, score })),
  ]);

  const table = `/delta-sharing/shares/${grant}/schemas/${path('货车运行指数')}/tables/trucks`;
  const query = await served(`${table}/query`, { method: 'POST', body: '{}' });
  const line = (await query.text()).split('\n').find((one) => one.startsWith('{"file"'))!;
  const { file } = JSON.parse(line) as { file: { url: string; size: number } };
  expect(file.url.startsWith(gateway.url), 'its files are fetched here too').toBe(true);
  const shared = await served(file.url.slice(gateway.url.length));
  expect(
    Buffer.from(await shared.arrayBuffer())
      .subarray(0, 4)
      .toString(),
  ).toBe('PAR1');
  expect(shared.headers.get('content-length')).toBe(String(file.size));

  expect(copies()).toHaveLength(5);
  const balance = await ask(`/gateway/balance/${grant}`);
  expect(((await balance.json()) as { limits: { left: number }[] }).limits[0]!.left).toBe(95);
});

test('a gateway gets nothing of the exchange’s disk but what lines in force name', async () => {
  const content = (asked: string, token = gateway.key) =>
    fetch(`${rig.origin}/api/gateway-link/contents?${new URLSearchParams({ path: asked })}`, {
      headers: { authorization: `Bearer ${token}` },
    });
  const named = rig.kernel.objects.pathOf(rig.version.tables[0]!.original!.digest);
  expect((await content(named)).status).toBe(200);
  for (const asked of ['/etc/passwd', `${named}/../${named.split('/').at(-1)}`, `${named}x`, join(named, '..')])
    expect((await content(asked)).status, asked).toBe(404);
  expect((await content(named, 'sgw_of_nobody')).status).toBe(401);
});

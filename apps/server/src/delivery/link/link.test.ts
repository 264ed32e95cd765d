import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Collector, openCollector } from '../../../../../packages/gateway/src/tracing/testing.ts';
import { sql } from '../../kernel/db/db.ts';
import { apiDraft, openRig, planOf, type Rig } from '../testing.ts';
import {
  callAll,
  endGateways,
  type Line,
  openGateway,
  openLine,
  openUpstream,
  proxyDraft,
  type RunningGateway,
  untilKnown,
} from './testing.ts';

const graceMs = 2000;
let rig: Rig;
let collector: Collector;
let way: Line;
const gateways: RunningGateway[] = [];
const others: RunningGateway[] = [];
beforeAll(async () => {
  collector = await openCollector();
  const settings = { tracesUrl: collector.url, tracesShare: 0, privateCollectors: ['127.0.0.1'] };
  rig = await openRig({ gateways: { grace: graceMs / 1000, slice: 5 }, settings });
  // A restart of the rooms takes another port; the line leads there.
  way = await openLine(() => rig.origin);
  gateways.push(...(await Promise.all([1, 2, 3].map(() => openGateway(rig, { server: way.origin })))));
});
afterAll(async () => {
  await endGateways([...gateways, ...others]);
  await way.close();
  await rig.close();
  await collector.close();
});

const limited = (calls: number) => planOf({ quotas: [{ metric: 'calls', period: 'total', limit: calls }] });
const pathOf = (grant: string) => `/gateway/api/${grant}/${encodeURIComponent('湘A10001')}`;
const usedOf = async (grant: string) =>
  (await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`)).body.used.calls;
const open = async (
  plan = limited(300),
  kinds: Parameters<Rig['grant']>[1] = [apiDraft],
  among: readonly { url: string }[] = gateways,
) => {
  const grant = await rig.grant(plan, kinds);
  const key = await rig.key(grant);
  const names = kinds.map(({ kind }) => kind);
  await untilKnown(among, grant, key, names);
  return { grant, key, path: pathOf(grant) };
};
const withdraw = (grant: string) => rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant }, '测试'));
const statusAt = async (url: string, path: string, key: string): Promise<number> =>
  (await fetch(url + path, { headers: { authorization: `Bearer ${key}` } })).status;

describe('limits across gateways', () => {
  test('a quota of 300 over 3 gateways answers exactly 300 of 500 calls, and their records are all imported', async () => {
    const { grant, key, path } = await open();
    const { statuses, receipts } = await callAll(gateways, { path, key, calls: 500, callers: 60 });
    expect(statuses).toEqual({ '200': 300, '403 countExhausted': 200 });
    await expect.poll(() => usedOf(grant), { timeout: 10_000 }).toBe(300);
    await rig.metering.flush();
    const listed: { id: string; at: string; source: string; sequence: number }[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const query = `limit=70${after && `&after=${after}`}`;
      const { body } = await rig.call('buyer', 'GET', `/api/grants/${grant}/receipts?${query}`);
      listed.push(...body.items);
      after = body.next;
    }
    expect(listed.map(({ id }) => id).sort()).toEqual(receipts.sort());
    expect(new Set(listed.map(({ source }) => source)).size).toBe(3);
    for (const [, one] of Map.groupBy(listed, ({ source }) => source))
      expect(one).toEqual(one.toSorted((a, b) => b.sequence - a.sequence));
  });

  test('the gateway inside the exchange is one among them', async () => {
    const { grant, key, path } = await open(limited(120));
    const all = [...gateways, { url: rig.origin }];
    const { statuses } = await callAll(all, { path, key, calls: 200, callers: 24 });
    expect(statuses).toEqual({ '200': 120, '403 countExhausted': 80 });
    await expect
      .poll(
        async () => {
          await rig.metering.flush();
          return usedOf(grant);
        },
        { timeout: 10_000 },
      )
      .toBe(120);
  });

  test('one gateway that is asked alone gets what the others do not use', async () => {
    const { grant, key, path } = await open(limited(60));
    await callAll(gateways, { path, key, calls: 9, callers: 9 });
    const { statuses } = await callAll([gateways[0]!], { path, key, calls: 60, callers: 5 });
    expect(statuses).toEqual({ '200': 51, '403 countExhausted': 9 });
    const balance = (authorization: string) =>
      fetch(`${gateways[0]!.url}/gateway/balance/${grant}`, { headers: { authorization } });
    expect(await (await balance(`Bearer ${key}`)).json()).toMatchObject({ grant, limits: [{ limit: 60, left: 0 }] });
    expect((await balance('Bearer sgd_of_nobody')).status).toBe(404);
    // Over a connection that has carried nothing else.
    const agent = new Agent({ keepAlive: true });
    const headers = { authorization: `Bearer ${key}` };
    const first = get(`${gateways[0]!.url}/gateway/balance/${grant}`, { agent, headers });
    const [answer] = (await once(first, 'response')) as [IncomingMessage];
    agent.destroy();
    expect(answer.statusCode).toBe(200);
  });
});

test('a contract’s rate is divided among the gateways that serve, and anew when one comes or goes', async () => {
  // One call in a quarter of an hour: nothing comes back while the test runs.
  const rate = { perSecond: 0.001, burst: 9 };
  const all = [...gateways, { url: rig.origin }];
  const first = await open(planOf({ rate }), [apiDraft], all);
  const callFast = ({ key, path }: typeof first) => callAll(all, { path, key, calls: 40, callers: 8 });
  // 2.25 each.
  expect((await callFast(first)).statuses).toEqual({ '200': 8, '429 tooFast': 32 });
  const { key, path } = first;
  const shareAt = async ({ url }: { url: string }) => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } });
    await answer.body?.cancel();
    return answer.headers.get('ratelimit-policy')?.match(/"burst";q=(\d+)/)?.[1];
  };
  const shares = (among: typeof all) => Promise.all(among.map(shareAt));
  expect(await shares(all)).toEqual(['2', '2', '2', '2']);
  const gone = gateways[2]!;
  await gone.kill();
  await expect.poll(() => shares(all.toSpliced(2, 1)), { timeout: 20_000 }).toEqual(['3', '3', '3']);
  await gone.start();
  await expect
    .poll(() => shares([...gateways, { url: rig.origin }]), { timeout: 20_000 })
    .toEqual(['2', '2', '2', '2']);
  all[2] = gone;
  // What was given before is not given again.
  expect((await callFast(first)).statuses['200'] ?? 0).toBeLessThanOrEqual(2);
});

test('a gateway keeps the connections of callers’ pools for longer than these count on', async () => {
  const { headers } = await fetch(`${gateways[0]!.url}/health`);
  expect(Number(/^timeout=(\d+)$/.exec(headers.get('keep-alive') ?? '')?.[1])).toBeGreaterThan(60);
});

describe('a withdrawn contract', () => {
  test('is refused by every gateway, and running answers end', async () => {
    const upstream = await openUpstream();
    const { grant, key, path } = await open(planOf(), [apiDraft, proxyDraft(upstream.origin)]);
    const headers = { authorization: `Bearer ${key}` };
    for (const { url } of gateways) expect(await statusAt(url, path, key)).toBe(200);
    const endless = await Promise.all(gateways.map(({ url }) => fetch(`${url}/gateway/proxy/${grant}/x`, { headers })));
    expect(endless.map(({ status }) => status)).toEqual([200, 200, 200]);
    const ends = endless.map((answer) =>
      answer.text().then(
        () => 'whole',
        () => 'cut',
      ),
    );
    await withdraw(grant);
    await expect
      .poll(() => Promise.all(gateways.map(({ url }) => statusAt(url, path, key))), { interval: 10 })
      .toEqual([403, 403, 403]);
    expect(await Promise.all(ends)).toEqual(['cut', 'cut', 'cut']);
    await rig.metering.flush();
    const { used } = (await rig.call('buyer', 'GET', `/api/grants/${grant}/balance`)).body;
    expect(used.incompleteCalls).toBe(3);
    upstream.close();
  });
});

describe('a gateway that is cut off', () => {
  test('serves until its grace ends, goes on once it is back, and a deaf one turns this red', async () => {
    const line = await openLine(() => rig.origin);
    const [gateway, deaf] = await Promise.all([
      openGateway(rig, { server: line.origin }),
      openGateway(rig, { server: line.origin, sabotage: 'deaf' }),
    ]);
    others.push(gateway, deaf);
    const { grant, key, path } = await open(planOf(), [apiDraft], [gateway, deaf]);
    line.cut();
    await withdraw(grant);
    expect(await statusAt(gateway.url, path, key)).toBe(200);
    while ((await statusAt(gateway.url, path, key)) === 200);
    expect(await statusAt(gateway.url, path, key)).toBe(503);
    expect(await statusAt(deaf.url, path, key)).toBe(200);
    line.mend();
    await expect.poll(() => statusAt(gateway.url, path, key), { timeout: 10_000 }).toBe(403);
    await line.close();
  });
});

describe('a gateway that stands still', () => {
  test('keeps others from its slice only until it is back', async () => {
    const gateway = gateways[2]!;
    const { key, path } = await open(limited(30));
    await callAll([gateway], { path, key, calls: 4, callers: 2 });
    gateway.child.kill('SIGSTOP');
    const others = gateways.slice(0, 2);
    const without = (await callAll(others, { path, key, calls: 40, callers: 4 })).statuses;
    expect(without['200']).toBeLessThanOrEqual(26);
    gateway.child.kill('SIGCONT');
    await expect.poll(async () => (await fetch(`${gateway.url}/health`)).status, { timeout: 10_000 }).toBe(200);
    // It says that it is well before the exchange has heard from it again.
    let used = without['200'] ?? 0;
    const callOn = async () => {
      used += (await callAll(others, { path, key, calls: 40, callers: 4 })).statuses['200'] ?? 0;
      return used;
    };
    await expect.poll(callOn, { timeout: 10_000 }).toBe(26);
  });
});

test('a gateway that is stopped gives back what it has not used, and sends the spans that wait', async () => {
  const gateway = await openGateway(rig);
  others.push(gateway);
  const { grant, key, path } = await open(limited(40), [apiDraft], [...gateways, gateway]);
  await callAll([gateway], { path, key, calls: 2, callers: 1 });
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = { authorization: `Bearer ${key}`, traceparent: `00-${trace}-00f067aa0ba902b7-01` };
  await (await fetch(gateway.url + path, { headers })).text();
  expect(await (await fetch(`${gateway.url}/metrics`)).text()).toContain('shugu_gateway_traces_spans_dropped 0');
  await gateway.stop();
  const spans = collector.spans.filter(({ traceId }) => traceId === trace);
  expect(spans.map(({ name, service }) => `${service} ${name}`).sort()).toEqual(
    ['GET api', 'answer', 'decide', 'meter', 'serve'].map((name) => `shugu-gateway ${name}`),
  );
  expect(collector.faults).toEqual([]);
  expect(await usedOf(grant)).toBe(3);
  const { statuses } = await callAll(gateways, { path, key, calls: 50, callers: 6 });
  expect(statuses).toEqual({ '200': 37, '403 countExhausted': 13 });
});

test('a restart of the exchange under load loses nothing either', async () => {
  const { grant, key, path } = await open(limited(400));
  const loaded = callAll(gateways, { path, key, calls: 150, callers: 9 });
  await rig.restart();
  const before = (await loaded).statuses;
  const after = (await callAll(gateways, { path, key, calls: 500, callers: 9 })).statuses;
  expect((before['200'] ?? 0) + (after['200'] ?? 0)).toBe(400);
  await rig.metering.flush();
  expect(await usedOf(grant)).toBe(400);
});

test('what a killed exchange had asked for may be committed after the next one has looked', async () => {
  const { key, path, grant } = await open(limited(40));
  await callAll([gateways[0]!], { path, key, calls: 3, callers: 1 });
  way.cut();
  const [asked, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const late = rig.as('system', async (tx) => {
    const given = await tx.exec(
      sql`update quota_slices set amount_calls = 3 where grant_id = ${grant} and amount_calls > 3`,
    );
    expect(given).toBe(1);
    asked.resolve();
    await commit.promise;
  });
  await asked.promise;
  await rig.restart();
  commit.resolve();
  await late;
  way.mend();
  await expect.poll(() => statusAt(gateways[1]!.url, path, key), { timeout: 10_000 }).toBe(200);
  const { statuses } = await callAll(gateways, { path, key, calls: 60, callers: 6 });
  expect(statuses).toEqual({ '200': 36, '403 countExhausted': 24 });
});

test('the suite turns red when a gateway serves without looking at its slice', async () => {
  const gateway = await openGateway(rig, { sabotage: 'overspend' });
  others.push(gateway);
  const { key, path } = await open(limited(5), [apiDraft], [gateway]);
  const { statuses } = await callAll([gateway], { path, key, calls: 20, callers: 4 });
  expect(statuses['200']).toBeGreaterThan(5);
});

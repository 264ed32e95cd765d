/** Service levels from the data contract: measured at the gateway, judged by the month, and what was missed given back. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as deliveryWire from '@shugu/wire/delivery';
import * as meteringWire from '@shugu/wire/metering';
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Collector, openCollector } from '../../../../packages/gateway/src/tracing/testing.ts';
import { refusal } from '../../src/market/testing.ts';
import { exchangeIn, type TestExchange } from '../support/exchange.ts';
import { buyer, finance, makeScene, openShop, registered, type Scene, supplier } from './scene.ts';

const payee = 'xingsha.finance';
const stranger = 'bank.trader';
const levels = {
  availabilityPercent: 99.5,
  latency: { withinMs: 30_000 as const, percent: 95 },
  freshnessHours: null,
  completenessPercent: 80,
  credits: [],
};

let upstream: Server;
let failing = false;
const traces: (string | undefined)[] = [];
let collector: Collector;
let exchange: TestExchange;
let scene: Scene;
let listing: Awaited<ReturnType<typeof openShop>>;

beforeAll(async () => {
  upstream = createServer((request, response) => {
    traces.push(request.headers.traceparent?.toString());
    response.writeHead(failing ? 500 : 200, { 'content-type': 'application/json' }).end('{"name":"长沙"}');
  });
  collector = await openCollector();
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  const opened = await exchangeIn(registered, {
    config: {
      privateUpstreams: `127.0.0.1:${port}`,
      tracesUrl: collector.url,
      tracesShare: 1,
      privateCollectors: ['127.0.0.1'],
    },
  });
  exchange = opened;
  listing = await openShop(opened, opened.given.resource, {}, { upstream: `http://127.0.0.1:${port}/`, levels });
  scene = makeScene(exchange, listing);
  await scene.deposit(1_000_000);
}, 600_000);
afterAll(async () => {
  await exchange.end();
  await collector.close();
  upstream.close();
});

const call = async (order: Parameters<Scene['call']>[0], times: number, { fails = false } = {}) => {
  failing = fails;
  const statuses = await scene.call(order, times);
  failing = false;
  return statuses;
};
const levelsOf = async (login: string, grant: string) =>
  (await exchange.as(login)).call(deliveryWire.getLevels, { params: { id: grant } });
const creditsOf = async (login: string, grant: string) =>
  (await (await exchange.as(login)).call(settlementWire.listCredits, { query: { grant } })).items;

test('a month that broke its promise is credited: measured, proposed with evidence, accepted, given back', async () => {
  const order = await scene.place('perCall', 'custody', { quantity: 40 });
  await scene.sign(order);
  await scene.rest();
  expect(await call(order, 6)).toEqual([200, 200, 200, 200, 200, 200]);
  expect(await call(order, 2, { fails: true })).toEqual([502, 502]);
  await scene.act(supplier, 'deliver', order.id);
  await scene.act(buyer, 'accept', order.id);
  await scene.rest();
  const grant = (await scene.grantOf(order.contract!))!.id;

  // What the buyer signed is what is measured; what failed was neither a call nor billed.
  const seen = await levelsOf(buyer, grant);
  expect(seen.levels).toMatchObject(levels);
  expect(seen.current).toMatchObject({
    period: '2026-07',
    findings: [
      { level: 'availability', target: 99.5, measured: 75, met: false },
      { level: 'latency', measured: 100, met: true },
      { level: 'completeness', met: true },
    ],
    evidence: { requests: 8, failures: 2 },
  });
  expect(await refusal(levelsOf(stranger, grant))).toBe('kernel.unknown');
  const hours = await (await exchange.as(buyer)).call(meteringWire.listHours, {
    params: { id: grant },
    query: { from: '2026-07-01', until: '2026-07-31' },
  });
  expect(hours.items).toMatchObject([{ requests: 8, failures: 2, calls: 6 }]);

  await scene.moveTo('2026-08-02T09:00:00+08:00');
  const [month] = (await levelsOf(supplier, grant)).periods;
  expect(month).toMatchObject({ period: '2026-07', breached: true, evidence: { requests: 8, failures: 2 } });
  expect(month!.evidence.segments.count).toBeGreaterThan(0);
  expect(month!.evidence.segments.first[0]!.root).toMatch(/^[0-9a-f]{64}$/);
  const [credit] = await creditsOf(payee, grant);
  expect(credit).toMatchObject({
    ...{ assessment: month!.id, period: '2026-07', creditPercent: 30, state: 'proposed', mayAnswer: true },
    findings: [{ level: 'availability', measured: 75, missedPercent: 24.623 }],
    digest: month!.evidence.digest,
  });

  const answer = { params: { id: credit!.id } };
  const buying = await exchange.as(finance);
  expect(await refusal(buying.call(settlementWire.acceptCredit, answer))).toBe('kernel.unknown');
  expect(await refusal((await exchange.as(stranger)).call(settlementWire.readCredit, answer))).toBe('kernel.unknown');
  expect(await refusal((await exchange.as(supplier)).call(settlementWire.acceptCredit, answer))).toMatch(/^kernel\./);
  const before = BigInt((await scene.funds()).available);
  // 6 calls of 0.105 yuan are 63 fen; 30 % of them, rounded down.
  const accepted = await (await exchange.as(payee)).call(settlementWire.acceptCredit, answer);
  expect(accepted).toMatchObject({ state: 'settled', amount: '18' });
  await scene.rest();
  expect(BigInt((await scene.funds()).available) - before).toBe(18n);
  const twice = (await exchange.as(payee)).call(settlementWire.acceptCredit, answer);
  expect(await refusal(twice)).toBe('settlement.stateWrong');
}, 600_000);

test('a supplier contests with a reason; a month that kept its promise is not credited', async () => {
  const order = await scene.place('perCall', 'direct', { quantity: 40 });
  await scene.sign(order);
  await scene.rest();
  await call(order, 3);
  await call(order, 1, { fails: true });
  await scene.act(supplier, 'deliver', order.id);
  await scene.act(buyer, 'accept', order.id);
  await scene.rest();
  const grant = (await scene.grantOf(order.contract!))!.id;
  await scene.moveTo('2026-09-02T09:00:00+08:00');
  const [credit] = await creditsOf(payee, grant);
  expect(credit).toMatchObject({ period: '2026-08', state: 'proposed' });
  const supplying = await exchange.as(payee);
  const contest = (reason: string) =>
    supplying.call(settlementWire.contestCredit, { params: { id: credit!.id }, body: { reason } });
  expect(await refusal(contest(''))).toMatch(/^kernel\.invalid/);
  expect(await contest('机房停电，属不可抗力')).toMatchObject({ state: 'contested', mayAnswer: false });
  const seen = await creditsOf(finance, grant);
  expect(seen).toMatchObject([{ state: 'contested', answer: '机房停电，属不可抗力', amount: null }]);

  await call(order, 2);
  await scene.moveTo('2026-10-02T09:00:00+08:00');
  expect((await levelsOf(buyer, grant)).periods.map(({ period, breached }) => [period, breached])).toEqual([
    ['2026-09', false],
    ['2026-08', true],
  ]);
  expect(await creditsOf(finance, grant)).toHaveLength(1);
}, 600_000);

test('who runs the node and who supplies see how it stands; a trace goes through', async () => {
  const order = await scene.place('perCall', 'direct', { quantity: 10 });
  await scene.sign(order);
  await scene.rest();
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  expect(await scene.call(order, 1, { traceparent })).toEqual([200]);
  expect(await scene.call(order, 1, { traceparent: 'sgd_not-a-trace' })).toEqual([200]);
  const [first, second] = traces.slice(-2);
  expect(first).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
  expect(first).not.toBe(traceparent);
  expect(second).not.toContain('not-a-trace');
  await call(order, 1, { fails: true });
  await scene.rest();

  const params = { id: listing.version };
  const health = await (await exchange.as(supplier)).call(deliveryWire.versionHealth, { params });
  expect(health.upstream).toEqual({ state: 'answering', failures: 0, pausedSeconds: 0 });
  const grant = (await scene.grantOf(order.contract!))!.id;
  expect(health.holders.find((one) => one.grant === grant)).toMatchObject({ requests: 3, failures: 1, calls: 2 });
  for (const login of [buyer, stranger])
    expect(await refusal((await exchange.as(login)).call(deliveryWire.versionHealth, { params }))).toBe(
      'kernel.unknown',
    );

  const metrics = await (await fetch(`${exchange.url}/metrics`)).text();
  expect(metrics).toMatch(/shugu_gateway_answers_total\{kind="proxy",status="502"\} [1-9]/);
  expect(metrics).toMatch(/shugu_gateway_seconds_count\{kind="proxy"\} [1-9]/);
  expect(metrics).toContain('shugu_gateway_upstreams_paused 0');
});

test('the data contract says in the standard’s words what is promised', async () => {
  const { product, version } = listing;
  const path = `/api/products/${product}/versions/${version}/contract.yaml`;
  const headers = { authorization: `Bearer ${await exchange.token(buyer)}` };
  const text = await (await fetch(exchange.url + path, { headers })).text();
  expect(text).toMatch(/property: availability\n\s+value: 99\.5\n\s+unit: "%"/);
  expect(text).toMatch(/property: latency\n\s+value: 30000\n\s+unit: ms/);
});

test('the node’s own requests and the calls at its gateway are told to the collector, and nothing that anybody wrote', async () => {
  const trace = '7d1f2a3b4c5d6e7f8091a2b3c4d5e6f7';
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  const session = await exchange.as(supplier);
  await session.call(deliveryWire.versionHealth, { params: { id: listing.version } });
  // Of a stranger no id is taken over.
  await fetch(`${exchange.url}/api/health?sesame=1`, { headers: { traceparent } });
  const routes = () => collector.spans.map(({ name }) => name);
  await expect.poll(routes, { timeout: 15_000 }).toContain(`GET ${deliveryWire.versionHealth.path}`);
  await expect
    .poll(() => collector.spans.filter(({ attributes }) => attributes['http.route'] === '/api/health').length, {
      timeout: 15_000,
    })
    .toBeGreaterThan(0);
  expect(collector.faults).toEqual([]);
  expect(new Set(routes())).toEqual(
    new Set([...routes()].filter((name) => /^[A-Z]+ (\/api\/|proxy)|^(decide|upstream|meter|answer)$/.test(name))),
  );
  expect(collector.spans.some((span) => span.traceId === trace)).toBe(false);
  const used = collector.spans.filter(({ traceId }) => traceId === '4bf92f3577b34da6a3ce929d0e0e4736');
  expect(used.map(({ name }) => name).sort()).toEqual(['GET proxy', 'answer', 'decide', 'meter', 'upstream']);
  const words = JSON.stringify(collector.spans, (_name, value) => (typeof value === 'bigint' ? String(value) : value));
  expect(words).not.toMatch(/sesame|sgd_|Bearer/);
  const metrics = await (await fetch(`${exchange.url}/metrics`)).text();
  expect(metrics).toMatch(/shugu_traces_spans\{state="sent"\} [1-9]/);
  expect(metrics).toContain('shugu_traces_spans{state="dropped"} 0');
}, 60_000);

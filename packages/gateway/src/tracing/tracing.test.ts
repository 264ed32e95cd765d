import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DriverConfig } from '../drivers/driver.ts';
import { KEY, openRig, planOf, type Rig, rows } from '../rig.ts';
import { contextOf, traceOf } from './context.ts';
import { EXPORTER_LIMITS, SpanExporter } from './exporter.ts';
import { type Collector, openCollector } from './testing.ts';
import { type Beginning, type Span, Tracer, WISHES_PER_SECOND } from './tracer.ts';
import { openTracing, type TracesSettings, type Tracing } from './tracing.ts';

const resource = { 'service.name': 'shugu-gateway', 'service.instance.id': 'rig', 'service.version': '1' };
const scope = { name: 'shugu', version: '1' };
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

describe('traceparent', () => {
  test.each([
    [traceparent, traceId, true],
    [traceparent.replace(/01$/, '00'), traceId, false],
    // A version to come may say more.
    [`01${traceparent.slice(2)}-more`, traceId, true],
  ])('%s', (text, id, sampled) => {
    expect(contextOf(text)).toEqual({ traceId: id, spanId: '00f067aa0ba902b7', sampled });
  });
  test.each([
    undefined,
    '',
    traceparent.toUpperCase(),
    `${traceparent}-more`,
    `ff${traceparent.slice(2)}`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId}-00f067aa0ba902b7`,
    `${traceparent}\r\nx-api-key: a`,
  ])('is none: %s', (text) => expect(traceOf(text)).toBeUndefined());
});

let rig: Rig;
let collector: Collector;
let tracing: Tracing;
let upstream: RequestListener;
beforeAll(async () => {
  rig = await openRig({
    upstream: (request, response) => upstream(request, response),
    gateway: { tracer: { begin: (one: Beginning) => tracing.tracer.begin(one) } as Tracer },
  });
});
afterAll(() => rig.close());
beforeEach(async () => {
  collector = await openCollector();
  upstream = (_request, response) => void response.setHeader('content-type', 'application/json').end('{}');
});
afterEach(() => collector.close());

const settings = (more: Partial<TracesSettings> = {}): TracesSettings => ({
  url: collector.url,
  share: 1,
  authorization: '',
  allowed: ['127.0.0.1'],
  ...more,
});
const hands = { clock: Date.now, timer: () => performance.now(), note: () => {} };
const trace = (more: Partial<TracesSettings> = {}) => {
  tracing = openTracing(settings(more), resource, hands);
};
/** All spans so far, each of the official form. */
async function taken(count: number) {
  await expect.poll(() => tracing.counts().queued).toBe(count);
  await tracing.close();
  expect(collector.faults).toEqual([]);
  return collector.spans;
}
const grantOf = async (driver: DriverConfig, terms = {}) => {
  const grant = rig.grant(driver, planOf(terms), { productId: randomUUID() });
  await rig.grants.put(grant);
  return grant;
};
const call = (path: string, headers: Record<string, string> = { 'x-api-key': KEY }) =>
  fetch(`${rig.origin}/${path}`, { headers });

describe('a call', () => {
  test('has its steps in one trace with the caller and the upstream, and tells nothing of what was asked', async () => {
    const seen: Record<string, string | undefined>[] = [];
    trace({ authorization: 'Bearer collector' });
    upstream = ({ headers }, response) => {
      seen.push({ traceparent: headers.traceparent?.toString(), tracestate: headers.tracestate?.toString() });
      response.setHeader('content-type', 'application/json').end(JSON.stringify(rows[0]));
    };
    const grant = await grantOf(rig.configs.proxy);
    const headers = { 'x-api-key': KEY, traceparent, tracestate: 'vendor=1', 'x-purpose': 'sesame' };
    const answer = await call(`${grant.productId}/plates/sesame?owner=sesame`, headers);
    expect(answer.status).toBe(200);
    await answer.text();
    const spans = await taken(5);
    expect(collector.posts).toMatchObject([{ path: '/v1/traces', authorization: 'Bearer collector' }]);
    const one = (name: string) => spans.find((span) => span.name === name)!;
    const root = one('GET proxy');
    expect(root).toMatchObject({ traceId, parentSpanId: '00f067aa0ba902b7', kind: 2, isError: false });
    expect(root.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200n,
      'shugu.line': grant.id,
      'shugu.contract': 'contract-1',
      'shugu.product': grant.productId,
      'shugu.receipt': answer.headers.get('x-receipt'),
    });
    for (const name of ['decide', 'upstream', 'meter', 'answer']) {
      const span = one(name);
      expect(span).toMatchObject({ traceId, parentSpanId: root.spanId, service: 'shugu-gateway', isError: false });
      expect(span.startNs >= root.startNs && span.endNs >= span.startNs && span.endNs <= root.endNs).toBe(true);
    }
    expect(one('upstream')).toMatchObject({ kind: 3, attributes: { 'server.address': new URL(rig.upstream).host } });
    expect(seen).toEqual([{ traceparent: `00-${traceId}-${one('upstream').spanId}-01`, tracestate: 'vendor=1' }]);
    const words = JSON.stringify(spans, (_name, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(words).not.toMatch(new RegExp(`sesame|plates|owner|${KEY}`));
  });

  test('of a stranger takes over no id and hears no wish; its refusal is a span without names', async () => {
    trace();
    const { productId } = await grantOf(rig.configs.proxy);
    expect((await call(`${productId}/x`, { traceparent })).status).toBe(401);
    expect((await call(`${productId}/x`, { 'x-api-key': 'wrong', traceparent })).status).toBe(404);
    const spans = await taken(4);
    expect(spans.map(({ name }) => name)).toEqual(['answer', 'GET', 'answer', 'GET']);
    expect(spans.some((span) => span.traceId === traceId || span.parentSpanId === '00f067aa0ba902b7')).toBe(false);
    expect(collector.named('GET').map(({ attributes }) => attributes['error.type'])).toEqual([
      'credentialsMissing',
      'notFound',
    ]);
  });

  test('that is refused or fails says why, where it happened', async () => {
    trace();
    upstream = (_request, response) => void response.writeHead(500).end();
    const { productId } = await grantOf(rig.configs.proxy, { purposes: ['research'] });
    expect((await call(`${productId}/x`)).status).toBe(403);
    expect((await call(`${productId}/x`, { 'x-api-key': KEY, 'x-purpose': 'research' })).status).toBe(502);
    const spans = await taken(7);
    const failed = spans
      .filter(({ isError }) => isError)
      .map(({ name, attributes }) => [name, attributes['error.type']]);
    expect(failed).toEqual([
      ['decide', 'purposeMissing'],
      ['GET proxy', 'purposeMissing'],
      ['upstream', 'upstreamFailed'],
      ['GET proxy', 'upstreamFailed'],
    ]);
  });

  test('that streams has its record in the trace, too', async () => {
    trace();
    const { productId } = await grantOf(rig.configs.file);
    const answer = await call(`${productId}/${encodeURIComponent('货车 2026.csv')}`);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(3e6);
    const names = (await taken(5)).map(({ name }) => name).sort();
    expect(names).toEqual(['GET file', 'answer', 'decide', 'meter', 'serve']);
  });

  test('that nobody traces goes on as it came, without a span', async () => {
    const seen: (string | undefined)[] = [];
    trace({ share: 0 });
    upstream = ({ headers }, response) => {
      seen.push(headers.traceparent?.toString(), headers.tracestate?.toString());
      response.setHeader('content-type', 'application/json').end('{}');
    };
    const { productId } = await grantOf(rig.configs.proxy);
    const unsampled = traceparent.replace(/01$/, '00');
    const told: Record<string, string>[] = [
      { traceparent: unsampled, tracestate: 'a=1' },
      { tracestate: 'a=1' },
      { traceparent: unsampled, tracestate: 'a'.repeat(513) },
    ];
    for (const headers of told) await (await call(`${productId}/x`, { 'x-api-key': KEY, ...headers })).text();
    expect(seen).toEqual([unsampled, 'a=1', undefined, undefined, unsampled, undefined]);
    expect(await taken(0)).toEqual([]);
  });
});

test('a caller wishes for ten traces a second and no more', async () => {
  const spans: Span[] = [];
  let now = 0;
  const bytes = (count: number) => Buffer.alloc(count, 7);
  const tracer = new Tracer({
    share: 0,
    clock: () => now,
    timer: () => now,
    chance: () => 0.5,
    bytes,
    take: (span) => void spans.push(span),
  });
  const begin = (isKnown = true) =>
    tracer.begin({ name: 'x', traceparent, isKnown, startedAt: now, attributes: {} })?.end();
  for (let count = 0; count < 50; count++) begin(false);
  expect(spans).toHaveLength(0);
  for (let count = 0; count < 50; count++) begin();
  expect(spans).toHaveLength(WISHES_PER_SECOND);
  now = 1000;
  begin();
  expect(spans).toHaveLength(WISHES_PER_SECOND + 1);
});

describe('the collector', () => {
  const span: Span = {
    traceId,
    spanId: '00f067aa0ba902b7',
    name: 'x',
    kind: 'server',
    startMs: 1.8e12 + 0.25,
    endMs: 1.8e12 + 1,
    attributes: {},
  };
  const told: string[] = [];
  const exporterTo = (post: (body: string) => Promise<{ status: number; text: string }>) => {
    told.length = 0;
    return new SpanExporter({
      resource,
      scope,
      pauseMs: 1,
      post,
      note: (event, { reason }) => void told.push(reason ?? event),
    });
  };
  const postHere = async (body: string) => {
    const answer = await fetch(collector.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return { status: answer.status, text: await answer.text() };
  };

  test('gets batches, and times to the nanosecond', async () => {
    const exporter = exporterTo(postHere);
    const count = EXPORTER_LIMITS.spansPerBatch * 2 + 3;
    for (let at = 0; at < count; at++) exporter.take(span);
    await expect.poll(() => exporter.sent).toBe(count);
    expect(collector.faults).toEqual([]);
    expect(collector.spans).toHaveLength(count);
    expect(collector.posts.length).toBeGreaterThanOrEqual(3);
    expect(collector.spans[0]).toMatchObject({
      startNs: 1_800_000_000_000_250_000n,
      endNs: 1_800_000_000_001_000_000n,
    });
    expect(told).toEqual([]);
    await exporter.close();
  });

  test('is away: the queue fills, what comes then is counted; back again, what waited goes out', async () => {
    collector.says.status = 503;
    const exporter = exporterTo(postHere);
    for (let at = 0; at < EXPORTER_LIMITS.spansQueued + 5; at++) exporter.take(span);
    expect(exporter).toMatchObject({ queued: EXPORTER_LIMITS.spansQueued, dropped: 5, sent: 0 });
    await expect.poll(() => collector.posts.length).toBeGreaterThan(0);
    collector.says.status = 200;
    await expect.poll(() => exporter.sent, { timeout: 5000 }).toBe(EXPORTER_LIMITS.spansQueued);
    expect(exporter.dropped).toBe(5);
    expect(told).toEqual(['queueFull', 'spans.sent']);
    await exporter.close();
  });

  test('that refuses is asked no second time, and what it refuses of a batch is counted', async () => {
    const exporter = exporterTo(postHere);
    collector.says.status = 400;
    exporter.take(span);
    await expect.poll(() => exporter.dropped).toBe(1);
    Object.assign(collector.says, {
      status: 200,
      body: '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"old"}}',
    });
    exporter.take(span);
    exporter.take(span);
    await expect.poll(() => exporter.sent).toBe(1);
    expect(exporter.dropped).toBe(2);
    expect(told).toEqual(['HTTP 400']);
    await exporter.close();
  });

  test('that has gone away keeps no process from stopping: what is left is counted', async () => {
    const exporter = exporterTo(() => Promise.reject(Object.assign(new Error('no'), { code: 'ECONNREFUSED' })));
    exporter.take(span);
    await exporter.close();
    expect(exporter).toMatchObject({ queued: 0, dropped: 1, sent: 0 });
    expect(told).toEqual(['ECONNREFUSED']);
  });

  test('at an address inside is called only where the operator opened it', async () => {
    expect(() => openTracing(settings({ allowed: [] }), resource, hands)).toThrow('127.0.0.1');
    expect(() => openTracing(settings({ url: 'http://collector.example' }), resource, hands)).toThrow('http');
  });
});

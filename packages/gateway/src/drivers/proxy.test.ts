import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { CHECKPOINTS } from '../delivery.ts';
import { KEY, openRig, planOf, type Rig, type RigOptions } from '../rig.ts';
import { BREAKER_LIMITS } from './breaker.ts';
import { PROXY_LIMITS, type ProxyConfig } from './proxy.ts';

/** What an upstream or a client may do to the proxy, and what stands in the records then. */

let rig: Rig;
afterEach(() => rig.close());

async function serve(options: RigOptions, terms = {}, config: Partial<ProxyConfig> = {}) {
  rig = await openRig(options);
  const grant = rig.grant({ ...rig.configs.proxy, ...config }, planOf(terms));
  await rig.grants.put(grant);
  return grant;
}

const get = (path = 'x', init: RequestInit = {}) =>
  fetch(`${rig.origin}/product-proxy/${path}`, { ...init, headers: { 'x-api-key': KEY } });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
const records = async () => (await rig.meter.openTail(0)).map(({ record }) => record);
const served = async () => (await records()).filter(({ status }) => status !== 'failed');
const statuses = async () => (await served()).map(({ status, units }) => [status, units.bytes]);

/** Answers in two halves, the second when told. */
function halves(bytes: number, headers: Record<string, string>) {
  const held: ServerResponse[] = [];
  const listener: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', ...headers });
    response.write(Buffer.alloc(bytes / 2));
    held.push(response);
  };
  return { listener, finish: () => held.pop()?.end(Buffer.alloc(bytes / 2)), held };
}

/** Whether the answer begins while its record is not on disk yet. */
async function begunBeforeRecord(testOnlySabotage?: 'answerBeforeAppend'): Promise<boolean> {
  let release = () => {};
  let syncs = 0;
  const disk = new Promise<void>((resolve) => {
    release = resolve;
  });
  const sync = async () => {
    syncs += 1;
    // The first is for the head of the new file, the second for the record.
    if (syncs > 1) await disk;
  };
  await serve({ meter: { sync, testOnlySabotage } });
  let begun = false;
  const answer = get().then((response) => {
    begun = true;
    return response;
  });
  await expect.poll(() => syncs).toBe(2);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const early = begun;
  release();
  expect((await answer).status).toBe(200);
  return early;
}

test('no byte of a short answer leaves before its record is on disk', async () => {
  expect(await begunBeforeRecord()).toBe(false);
});

test('the test before turns red when uses are answered before they are recorded', async () => {
  expect(await begunBeforeRecord('answerBeforeAppend')).toBe(true);
});

test.each([
  ['with a length', { 'content-length': '1000' }],
  ['in chunks', {}],
])('a slow upstream is waited for, %s', async (_name, headers) => {
  const upstream = halves(1000, headers);
  await serve({ upstream: upstream.listener });
  const answer = get();
  await expect.poll(() => upstream.held.length).toBe(1);
  expect(await records()).toEqual([]);
  upstream.finish();
  expect((await (await answer).arrayBuffer()).byteLength).toBe(1000);
  expect(await statuses()).toEqual([['complete', 1000]]);
});

test('an upstream that breaks off in a short answer costs nothing: no byte of it has left', async () => {
  const upstream = halves(1000, { 'content-length': '1000' });
  await serve({ upstream: upstream.listener }, { quotas: [{ metric: 'calls', period: 'total', limit: 1 }] });
  const answer = get();
  await expect.poll(() => upstream.held.length).toBe(1);
  upstream.held.pop()?.destroy();
  // Asked once more, and broken off again.
  await expect.poll(() => upstream.held.length).toBe(1);
  upstream.held.pop()?.destroy();
  const response = await answer;
  expect([response.status, await codeOf(response)]).toEqual([502, 'upstreamUnreachable']);
  expect(await served()).toEqual([]);
});

test('an upstream that breaks off in a long answer leaves a use that is incomplete', async () => {
  const bytes = PROXY_LIMITS.wholeBytesMax * 4;
  const upstream = halves(bytes, { 'content-length': String(bytes) });
  await serve({ upstream: upstream.listener });
  const answer = get().then((response) => response.arrayBuffer());
  await expect.poll(() => upstream.held.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  upstream.held.pop()?.destroy();
  await expect(answer).rejects.toThrow();
  await expect.poll(records).toHaveLength(1);
  const [use] = await records();
  expect(use?.status).toBe('incomplete');
  expect(use?.units.bytes).toBeLessThan(bytes);
  expect(use?.failure).toMatch(/^(upstream|driver)/);
});

/** A long answer that waits in its midst for as long as a checkpoint takes. */
async function slowly(finish: (response: ServerResponse, rest: Buffer) => void) {
  const bytes = PROXY_LIMITS.wholeBytesMax * 8;
  const upstream: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-length': String(bytes) }).write(Buffer.alloc(bytes / 2));
    setTimeout(() => {
      response.write(Buffer.alloc(bytes / 4));
      setTimeout(() => finish(response, Buffer.alloc(bytes / 4)), CHECKPOINTS.everyMs * 1.5);
    }, CHECKPOINTS.everyMs * 1.5);
  };
  const plan = planOf({ quotas: [{ metric: 'bytes', period: 'total', limit: bytes }] });
  const grant = await serve({ upstream }, { quotas: [{ metric: 'bytes', period: 'total', limit: bytes }] });
  const left = await get()
    .then((response) => response.arrayBuffer())
    .catch(() => null);
  const held = () => rig.quota.read(grant.id, plan, rig.time.now)['bytes:total'];
  const sum = async () => (await records()).reduce((total, { units }) => total + units.bytes, 0);
  return { bytes, left, held, sum };
}

test('a long answer is on record while it runs, and its end adds the rest', async () => {
  const { bytes, left, held, sum } = await slowly((response, rest) => void response.end(rest));
  expect(left?.byteLength).toBe(bytes);
  const [first, ...more] = await records();
  expect(first).toMatchObject({ status: 'incomplete', units: { calls: 1 } });
  expect(first!.units.bytes).toBeGreaterThan(0);
  expect(more.map(({ use, corrects, reason, status, units }) => [use, corrects, reason, status, units.calls])).toEqual([
    [`${first!.use}.2`, first!.use, 'answerWentOn', 'incomplete', 0],
    [`${first!.use}.end`, first!.use, 'answerCompleted', 'complete', 0],
  ]);
  expect([await sum(), held()]).toEqual([bytes, bytes]);
});

test('a long answer that breaks off after it was put on record is charged what was sent', async () => {
  const { bytes, left, held, sum } = await slowly((response) => void response.destroy());
  expect(left).toBeNull();
  await expect.poll(async () => (await records()).at(-1)?.failure).toBeDefined();
  const all = await records();
  expect(all.map(({ status }) => status)).toEqual(all.map(() => 'incomplete'));
  expect(all.slice(1).every(({ corrects, reason }) => corrects === all[0]!.use && reason === 'answerWentOn')).toBe(
    true,
  );
  expect(await sum()).toBe(held());
  expect(await sum()).toBeLessThanOrEqual((bytes * 3) / 4);
});

test('what fails by no fault of the buyer is on record, counts nothing, and is no incomplete use', async () => {
  let status = 500;
  await serve({ upstream: (_request, response) => response.writeHead(status).end('{}') });
  expect((await get()).status).toBe(502);
  // The buyer's own mistake is an answer like any other.
  status = 404;
  expect((await get()).status).toBe(404);
  expect((await get('x', { method: 'DELETE' })).status).toBe(405);
  await expect.poll(records).toMatchObject([
    { status: 'failed', failure: 'upstreamFailed', units: { calls: 0, rows: 0, bytes: 0 } },
    { status: 'complete', units: { calls: 1 } },
  ]);
  expect((await records())[1]).not.toHaveProperty('failure');
});

test.each([1000, PROXY_LIMITS.wholeBytesMax * 4])(
  'a client that leaves frees the upstream connection: answer of %i bytes',
  async (bytes) => {
    const upstream = halves(bytes, { 'content-length': String(bytes) });
    // So late that only the leaving can have freed it.
    await serve({ upstream: upstream.listener }, {}, { bodyTimeoutMs: 600_000 });
    const leaving = new AbortController();
    const answer = get('x', { signal: leaving.signal }).then((response) => response.arrayBuffer());
    await expect.poll(() => upstream.held.length).toBe(1);
    const closed = once(upstream.held[0]!, 'close');
    await new Promise((resolve) => setTimeout(resolve, 50));
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await closed;
    if (bytes > PROXY_LIMITS.wholeBytesMax)
      await expect
        .poll(async () => (await records()).map(({ status, failure }) => [status, failure]))
        .toEqual([['incomplete', undefined]]);
    else expect(await records()).toEqual([]);
  },
);

test('a client that does not read holds the upstream back, in bounded memory', async () => {
  let written = 0;
  const endless: RequestListener = (_request, response) => {
    const more = () => {
      for (let room = true; room && !response.destroyed; written += 65_536) room = response.write(Buffer.alloc(65_536));
    };
    response.on('drain', more);
    more();
  };
  await serve({ upstream: endless });
  const socket = connect(Number(new URL(rig.origin).port), '127.0.0.1').on('error', () => undefined);
  socket.pause();
  socket.write(`GET /data/product-proxy/x HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\n\r\n`);
  let before = -1;
  await expect
    .poll(
      () => {
        const still = written === before && written > 0;
        before = written;
        return still;
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true);
  // Socket buffers of both connections, and one piece of ours.
  expect(written).toBeLessThan(32 * 2 ** 20);
  socket.destroy();
  await expect.poll(records, { timeout: 5000 }).toHaveLength(1);
});

test('a long answer that its volume refuses frees the upstream and leaves nothing behind', async () => {
  const bytes = PROXY_LIMITS.wholeBytesMax * 4;
  const upstream = halves(bytes, { 'content-length': String(bytes) });
  await serve({ upstream: upstream.listener }, { quotas: [{ metric: 'bytes', period: 'total', limit: 1000 }] });
  const response = await get();
  expect([response.status, await codeOf(response)]).toEqual([403, 'volumeExhausted']);
  await once(upstream.held[0]!, 'close');
  expect(await records()).toEqual([]);
});

const trucks = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    plate: `湘A${n}`,
    phone: `138${n}`,
    score: n % 10,
    note: 'x'.repeat(300),
  }));
const cutTerms = { columns: ['plate', 'score'], rowFilter: [{ column: 'score', operator: '>=', value: 8 }] };
const kept = (rows: ReturnType<typeof trucks>) =>
  rows.filter(({ score }) => score >= 8).map(({ plate, score }) => ({ plate, score }));
/** In pieces that end anywhere, in the midst of a letter too. */
const inPieces = (text: string, length = 65_537): RequestListener => {
  const bytes = Buffer.from(text);
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (let at = 0; at < bytes.length; at += length)
      if (!response.write(bytes.subarray(at, at + length))) await once(response, 'drain');
    response.end();
  };
};
const long = trucks(14_000);

test('a long answer is cut to the contract row by row', async () => {
  await serve({ upstream: inPieces(JSON.stringify(long)) }, cutTerms);
  const response = await get();
  expect(response.headers.get('content-length')).toBeNull();
  expect(await response.json()).toEqual(kept(long));
  const [use] = await records();
  expect(use?.status).toBe('complete');
});

test('of a long answer only the member with the rows passes, and its rows count', async () => {
  const text = JSON.stringify({ secret: 'x'.repeat(1000), data: long, after: { data: [{ plate: 'other' }] } });
  const quotas = [{ metric: 'rows', period: 'total', limit: 5000 }];
  await serve({ upstream: inPieces(text) }, { ...cutTerms, quotas }, { rowsMember: 'data' });
  expect(await (await get()).json()).toEqual({ data: kept(long) });
  expect((await records()).map(({ units }) => units.rows)).toEqual([kept(long).length]);
  expect(await codeOf(await get())).toBe('volumeExhausted');
});

test.each([
  ['numbers', `[${'1,'.repeat(3_000_000)}1]`, 'upstreamNotMaskable'],
  ['one object', JSON.stringify(Object.fromEntries(long.map((row) => [row.plate, row]))), 'upstreamNotMaskable'],
  ['broken rows', `[${'{"plate":"a"},'.repeat(200_000)}{"plate":]${' '.repeat(3_000_000)}`, 'upstreamNotMaskable'],
  ['a row without end', `[{"plate":"${'x'.repeat(6 * 2 ** 20)}"}]`, 'upstreamTooLarge'],
])('a long answer of %s is refused, and its upstream freed', async (_name, text, code) => {
  const held: ServerResponse[] = [];
  const upstream: RequestListener = (_request, response) => {
    held.push(response.writeHead(200, { 'content-type': 'application/json' }));
    response.write(text);
  };
  await serve({ upstream }, { columns: ['plate'] });
  const response = await get();
  expect([response.status, await codeOf(response)]).toEqual([502, code]);
  if (!held[0]?.destroyed) await once(held[0]!, 'close');
  expect(await served()).toEqual([]);
});

test.each([
  ['breaks off', (response: ServerResponse) => void response.destroy()],
  ['ends too early', (response: ServerResponse) => void response.end()],
  ['goes wrong', (response: ServerResponse) => void response.end('{"plate":1}}')],
])('a long answer that is being cut and %s leaves a use that is incomplete', async (_name, finish) => {
  const upstream: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(JSON.stringify(long).slice(0, -1), () => setTimeout(finish, 50, response));
  };
  await serve({ upstream }, cutTerms);
  await expect(get().then((response) => response.text())).rejects.toThrow();
  await expect.poll(records).toHaveLength(1);
  expect((await records())[0]?.status).toBe('incomplete');
});

test('a long answer whose rows exceed the volume frees the upstream', async () => {
  const held: ServerResponse[] = [];
  const upstream: RequestListener = (_request, response) => {
    held.push(response.writeHead(200, { 'content-type': 'application/json' }));
    response.write(JSON.stringify(long).slice(0, -1));
  };
  await serve({ upstream }, { ...cutTerms, quotas: [{ metric: 'rows', period: 'total', limit: 1 }] });
  const response = await get();
  expect([response.status, await codeOf(response)]).toEqual([403, 'volumeExhausted']);
  if (!held[0]?.destroyed) await once(held[0]!, 'close');
});

test('a kept-alive connection that the upstream closed is made good by asking again, but only what is safe to repeat', async () => {
  const seen: IncomingMessage[] = [];
  const flaky: RequestListener = (request, response) => {
    seen.push(request);
    if (seen.length % 2 === 1) request.socket.destroy();
    else response.setHeader('content-length', '2').end('ok');
  };
  await serve({ upstream: flaky }, {}, { methods: ['GET', 'POST'] });
  expect(await (await get()).text()).toBe('ok');
  expect(seen.map(({ method }) => method)).toEqual(['GET', 'GET']);
  const post = await get('x', { method: 'POST', body: '1' });
  expect([post.status, await codeOf(post)]).toEqual([502, 'upstreamUnreachable']);
  expect(seen).toHaveLength(3);
  expect(await statuses()).toEqual([['complete', 2]]);
});

test('an upstream that does not answer is left alone for a while; then one call tries', async () => {
  let calls = 0;
  let healthy = false;
  const upstream: RequestListener = (request, response) => {
    calls += 1;
    if (healthy) response.setHeader('content-length', '2').end('ok');
    else request.socket.destroy();
  };
  await serve({ upstream });
  for (let call = 0; call < BREAKER_LIMITS.failuresMax; call++)
    expect(await codeOf(await get())).toBe('upstreamUnreachable');
  const asked = calls;
  const paused = await get();
  expect([paused.status, paused.headers.get('retry-after'), await codeOf(paused)]).toEqual([
    503,
    '10',
    'upstreamPaused',
  ]);
  expect(calls).toBe(asked);
  rig.time.now += BREAKER_LIMITS.pauseMs;
  expect(await codeOf(await get())).toBe('upstreamUnreachable');
  expect(await codeOf(await get())).toBe('upstreamPaused');
  rig.time.now += BREAKER_LIMITS.pauseMs;
  healthy = true;
  expect((await get()).status).toBe(200);
  expect((await get()).status).toBe(200);
  expect(await statuses()).toEqual([
    ['complete', 2],
    ['complete', 2],
  ]);
});

test('an upstream that answers with errors stays open to others', async () => {
  await serve({ upstream: (_request, response) => void response.writeHead(500).end('no') });
  for (let call = 0; call < BREAKER_LIMITS.failuresMax + 2; call++)
    expect(await codeOf(await get())).toBe('upstreamFailed');
});

test('the breaker of one upstream does not stop another', async () => {
  await serve({ upstream: (request) => void request.socket.destroy() });
  const other = createServer((_request, response) => void response.end('ok')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await rig.grants.put(
    rig.grant({ kind: 'proxy', upstream: `http://127.0.0.1:${port}/` }, planOf(), { productId: 'other' }),
  );
  for (let call = 0; call <= BREAKER_LIMITS.failuresMax; call++) await get();
  expect(await codeOf(await get())).toBe('upstreamPaused');
  const answer = await fetch(`${rig.origin}/other/x`, { headers: { 'x-api-key': KEY } });
  expect(await answer.text()).toBe('ok');
  other.closeAllConnections();
  other.close();
});

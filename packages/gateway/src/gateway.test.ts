import { readFile, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Driver, DriverConfig } from './drivers/driver.ts';
import { GrantBook } from './grants.ts';
import { segmentsSince } from './meter.ts';
import { MemoryQuota } from './quota.ts';
import { grantKey, receiptHolds, receiptProof, verifyReceiptProof } from './receipts.ts';
import { restoreQuota } from './restore.ts';
import { FILE_BYTES, hashOf, KEY, openRig, planOf, type Rig } from './rig.ts';
import type { UseRecord } from './segment.ts';

let rig: Rig;
afterEach(() => rig.close());

const get = (path: string, headers: Record<string, string> = { authorization: `Bearer ${KEY}` }) =>
  fetch(`${rig.origin}/${path}`, { headers });
const plate = encodeURIComponent('湘A10003');
const records = async (): Promise<UseRecord[]> => (await rig.meter.openTail(0)).map(({ record }) => record);
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('did not happen within 2 s');
}

test('strangers cannot tell a product from nothing; holders are told precisely', async () => {
  rig = await openRig();
  const grant = rig.grant(rig.configs.api, planOf());
  await rig.grants.put(grant);
  await rig.grants.put(rig.grant(rig.configs.api, planOf(), { productId: 'other', keyHashes: [hashOf('other-key')] }));
  await rig.grants.withdraw(grant.id);
  const answers = [];
  for (const [path, key] of [
    ['product-api/x', 'stranger'],
    ['product-api/x', 'other-key'],
    ['other/x', KEY],
    ['nothing/x', KEY],
    ['product-api/../x', 'stranger'],
  ] as const) {
    const response = await get(path, { 'x-api-key': key });
    const headers = [...response.headers.keys()].filter((name) => name !== 'date').sort();
    answers.push(JSON.stringify([response.status, headers, await response.text()]));
  }
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toContain('notFound');
  expect((await get('product-api/x', {})).status).toBe(401);
  const holder = await get('product-api/x');
  expect([holder.status, ((await holder.json()) as { code: string }).code]).toEqual([403, 'withdrawn']);
});

test('a use is receipted, recorded and proven', async () => {
  rig = await openRig();
  const plan = planOf({
    purposes: ['research'],
    authorisationRequired: true,
    quotas: [{ metric: 'calls', period: 'month', limit: 10 }],
    rate: { perSecond: 5, burst: 5 },
  });
  const grant = rig.grant(rig.configs.api, plan, { defaultPurpose: 'research' });
  await rig.grants.put(grant);
  const response = await get(`product-api/${plate}`, {
    'x-api-key': KEY,
    'x-authorisation-reference': 'SQ-2026-000123',
  });
  const bytes = (await response.arrayBuffer()).byteLength;
  const [record] = await records();
  if (!record) throw new Error('not recorded');
  expect(record).toMatchObject({
    sequence: 1,
    grant: grant.id,
    contract: 'contract-1',
    product: 'product-api',
    at: rig.time.now,
    driver: 'api',
    status: 'complete',
    units: { calls: 1, rows: 1, bytes },
    purpose: 'research',
    policy: plan.policyHash,
    tenancy: grant.tenancy,
  });
  expect(JSON.stringify(record)).not.toContain('SQ-2026');
  const receipt = { id: response.headers.get('x-receipt') ?? '', mac: response.headers.get('x-receipt-mac') ?? '' };
  const key = grantKey(rig.secret, grant.id, 'receipt');
  expect(receiptHolds(record, receipt, key)).toBe(true);
  expect(receiptHolds({ ...record, at: record.at + 1 }, receipt, key)).toBe(false);
  expect(response.headers.get('x-quota-remaining')).toBe('calls-month=9');
  expect(response.headers.get('ratelimit-policy')).toBe('"burst";q=5;w=1, "calls-month";q=10;w=2592000');
  expect(response.headers.get('ratelimit')).toMatch(/^"burst";r=4;t=0, "calls-month";r=9;t=\d+$/);
  expect(response.headers.get('server-timing')).toMatch(/decide;dur=[\d.]+, total;dur=[\d.]+/);
  await rig.meter.rotate();
  for await (const segment of segmentsSince(rig.meterOptions.objectFolder, 'gateway-1', 0)) {
    const proof = receiptProof(await segment.read(), segment.manifest, record.sequence);
    expect((proof && (await verifyReceiptProof(proof, rig.verifySignature)))?.use).toBe(receipt.id);
  }
});

test('under concurrency exactly the agreed number of calls, and of rows, is served', async () => {
  rig = await openRig();
  const plan = planOf({
    quotas: [
      { metric: 'calls', period: 'day', limit: 17 },
      { metric: 'rows', period: 'total', limit: 12 },
    ],
  });
  await rig.grants.put(rig.grant(rig.configs.api, plan));
  const statuses = await Promise.all(
    Array.from({ length: 40 }, async () => (await get(`product-api/${plate}`)).status),
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(12);
  expect((await records()).reduce((sum, { units }) => sum + units.rows, 0)).toBe(12);
  rig.time.now += 86_400_000;
  expect((await get(`product-api/${plate}`)).headers.get('x-quota-remaining')).toBe('calls-day=17, rows-total=0');
});

test('counters are the same after a restart, from records alone and from a snapshot with the records after it', async () => {
  rig = await openRig();
  const plan = planOf({
    quotas: [
      { metric: 'calls', period: 'month', limit: 100 },
      { metric: 'bytes', period: 'total', limit: 10 ** 6 },
    ],
  });
  const grant = rig.grant(rig.configs.api, plan);
  await rig.grants.put(grant);
  for (let call = 0; call < 5; call++) await get(`product-api/${plate}`);
  const snapshot = rig.quota.snapshot({ 'gateway-1': rig.meter.lastSequence });
  await rig.meter.rotate();
  for (let call = 0; call < 3; call++) await get(`product-api/${plate}`);
  rig.time.now = Date.parse('2026-12-01T00:00:00+08:00');
  for (let call = 0; call < 2; call++) await get(`product-api/${plate}`);
  const live = rig.quota.read(grant.id, plan, rig.time.now);
  expect(live['calls:month']).toBe(2);
  for (const from of [undefined, snapshot]) {
    const quota = new MemoryQuota();
    const applied = await restoreQuota({
      quota,
      meter: rig.meter,
      objectFolder: rig.meterOptions.objectFolder,
      grants: rig.grants,
      snapshot: from,
    });
    expect(applied).toBe(from ? 5 : 10);
    expect(quota.read(grant.id, plan, rig.time.now)).toEqual(live);
  }
});

test('grants survive a restart; an older version never replaces a newer one', async () => {
  rig = await openRig();
  const grant = rig.grant(rig.configs.api, planOf());
  expect(await rig.grants.put(grant)).toBe(true);
  expect(await rig.grants.put(grant)).toBe(false);
  await rig.grants.withdraw(grant.id);
  expect(await rig.grants.put({ ...grant, version: 1 })).toBe(false);
  const again = await GrantBook.open(`${rig.folder}/grants.json`);
  expect(again.all()).toEqual(rig.grants.all());
  expect(again.find(hashOf(KEY), 'product-api', 0)?.status).toBe('withdrawn');
});

test('a key that is taken off a grant opens nothing', async () => {
  rig = await openRig();
  const grant = rig.grant(rig.configs.api, planOf());
  await rig.grants.put(grant);
  await rig.grants.put({ ...grant, version: 2, keyHashes: [hashOf('new')] });
  expect((await get(`product-api/${plate}`)).status).toBe(404);
  expect((await get(`product-api/${plate}`, { 'x-api-key': 'new' })).status).toBe(200);
});

test('an answer that was recorded but did not arrive is corrected by a new record', async () => {
  rig = await openRig();
  const plan = planOf({ quotas: [{ metric: 'bytes', period: 'total', limit: 10_000 }] });
  const grant = rig.grant(rig.configs.api, plan);
  await rig.grants.put(grant);
  const answer = await rig.current.gateway.handle({
    method: 'GET',
    productId: 'product-api',
    path: plate,
    query: new URLSearchParams(),
    headers: { 'x-api-key': KEY },
  });
  const size = Number(answer.headers['content-length']);
  await answer.cut?.(10);
  await answer.cut?.(5);
  const [use, correction, ...more] = await records();
  expect(more).toEqual([]);
  expect([use?.status, use?.units]).toEqual(['complete', { calls: 1, rows: 1, bytes: size }]);
  expect(correction).toMatchObject({
    corrects: use?.use,
    reason: 'answerCut',
    status: 'incomplete',
    units: { calls: 0, rows: 0, bytes: 10 - size },
  });
  expect(rig.quota.read(grant.id, plan, rig.time.now)).toEqual({ 'bytes:total': 10 });
});

test('with several contract lines the one in force is used, or the one that is named', async () => {
  rig = await openRig();
  const quotas = [{ metric: 'calls' as const, period: 'total' as const, limit: 5 }];
  const ended = rig.grant(rig.configs.api, planOf({ notAfter: rig.time.now - 1 }));
  const running = rig.grant(rig.configs.api, planOf({ quotas }), { id: 'running' });
  const second = rig.grant(rig.configs.api, planOf(), { id: 'second', contractId: 'contract-2' });
  for (const grant of [ended, running, second]) await rig.grants.put(grant);
  expect((await get(`product-api/${plate}`)).headers.get('x-quota-remaining')).toBe('calls-total=4');
  await get(`product-api/${plate}`, { 'x-api-key': KEY, 'x-grant': 'second' });
  expect((await records()).map(({ grant }) => grant)).toEqual(['running', 'second']);
  expect((await get(`product-api/${plate}`, { 'x-api-key': KEY, 'x-grant': 'foreign' })).status).toBe(404);
  await rig.grants.withdraw('running');
  await rig.grants.withdraw('second');
  expect((await get(`product-api/${plate}`)).status).toBe(403);
});

test('a plan of another compiler is neither taken nor served from the file', async () => {
  rig = await openRig();
  const grant = rig.grant(rig.configs.api, planOf());
  await expect(rig.grants.put({ ...grant, plan: { ...grant.plan, compilerVersion: 0 } })).rejects.toThrow('compiler 0');
  await rig.grants.put(grant);
  const path = `${rig.folder}/grants.json`;
  await writeFile(path, (await readFile(path, 'utf8')).replace('"compilerVersion":1', '"compilerVersion":0'));
  const again = await GrantBook.open(path);
  expect([again.all().length, again.stale.length]).toEqual([0, 1]);
});

test('without metering nothing is served', async () => {
  let failing = false;
  const sync = async () => {
    if (failing) throw new Error('no space left');
  };
  rig = await openRig({ meter: { sync } });
  await rig.grants.put(
    rig.grant(rig.configs.api, planOf({ quotas: [{ metric: 'calls', period: 'total', limit: 1 }] })),
  );
  await rig.grants.put(rig.grant(rig.configs.file, planOf()));
  failing = true;
  for (let call = 0; call < 2; call++) {
    const response = await get(`product-api/${plate}`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([503, 'meteringUnavailable']);
  }
  expect((await get(`product-file/${encodeURIComponent(rig.file.name)}`)).status).toBe(503);
  failing = false;
  rig.time.now += 1500;
  expect((await get(`product-api/${plate}`)).status).toBe(200);
});

/** Open a download on a bare socket, take the first bytes and stop reading, as a slow client does. */
async function stalledDownload(): Promise<{
  received: () => number;
  closed: Promise<void>;
  leave(): void;
  resume(): void;
}> {
  const { port } = new URL(rig.origin);
  const socket = connect(Number(port), '127.0.0.1');
  let received = 0;
  socket.on('data', (chunk) => {
    const before = received;
    received += chunk.length;
    if (before < 100_000 && received >= 100_000) socket.pause();
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.write(`GET /data/product-file/big HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\n\r\n`);
  await until(() => received >= 100_000);
  return { received: () => received, closed, leave: () => socket.destroy(), resume: () => void socket.resume() };
}

async function bigFile() {
  const bytes = 64 * 2 ** 20;
  await truncate(rig.file.path, bytes);
  return { kind: 'file' as const, files: [{ ...rig.file, name: 'big', bytes }] };
}

test('a client that leaves is charged what was sent, and the rest is given back', async () => {
  rig = await openRig();
  const config = await bigFile();
  const plan = planOf({ quotas: [{ metric: 'bytes', period: 'total', limit: 65 * 2 ** 20 }] });
  const grant = rig.grant(config, plan);
  await rig.grants.put(grant);
  const download = await stalledDownload();
  expect(rig.quota.read(grant.id, plan, rig.time.now)['bytes:total'], 'reserved whole').toBe(64 * 2 ** 20);
  download.leave();
  await until(async () => (await records()).length === 1);
  const [record] = await records();
  expect(record?.status).toBe('incomplete');
  expect(record?.units.bytes).toBeGreaterThan(download.received() - 70_000);
  expect(record?.units.bytes).toBeLessThan(64 * 2 ** 20);
  expect(rig.quota.read(grant.id, plan, rig.time.now)['bytes:total']).toBe(record?.units.bytes);
});

test('a withdrawn grant stops a running download within a second, even one that is not being read', async () => {
  rig = await openRig();
  const grant = rig.grant(await bigFile(), planOf());
  await rig.grants.put(grant);
  const download = await stalledDownload();
  const before = performance.now();
  await rig.grants.withdraw(grant.id);
  await until(async () => (await records()).length === 1);
  expect(performance.now() - before).toBeLessThan(1000);
  download.resume();
  await download.closed;
  expect(download.received()).toBeLessThan(64 * 2 ** 20);
  expect((await records())[0]).toMatchObject({ status: 'incomplete' });
});

test('a withdrawn grant stops an answer in one piece as well, when the client has not taken it yet', async () => {
  const bytes = 8 * 2 ** 20;
  const whole: Driver<DriverConfig> = {
    kind: 'file',
    ask: () => ({ metered: true }),
    serve: async () => ({
      status: 200,
      headers: { 'content-length': String(bytes) },
      body: Buffer.alloc(bytes),
    }),
  };
  rig = await openRig({ gateway: { drivers: [whole] } });
  const grant = rig.grant({ ...rig.configs.file, files: [{ ...rig.file, name: 'big' }] }, planOf());
  await rig.grants.put(grant);
  const download = await stalledDownload();
  expect((await records()).map(({ status }) => status)).toEqual(['complete']);
  await rig.grants.withdraw(grant.id);
  await until(async () => (await records()).length === 2);
  download.resume();
  await download.closed;
  expect(download.received()).toBeLessThan(bytes);
  const [complete, cut] = await records();
  expect(cut).toMatchObject({ status: 'incomplete', corrects: complete!.use, reason: 'answerCut' });
});

test('a download does not outlast the contract', async () => {
  rig = await openRig();
  const config = await bigFile();
  await rig.grants.put(rig.grant(config, planOf({ notAfter: rig.time.now + 1000 })));
  const download = await stalledDownload();
  rig.time.now += 1000;
  await until(async () => (await records()).length === 1);
  download.resume();
  await download.closed;
  expect(download.received()).toBeLessThan(64 * 2 ** 20);
  expect((await records())[0]?.units.bytes).toBeLessThan(64 * 2 ** 20);
});

test('a stream of unknown length is cut when its volume is used up', async () => {
  rig = await openRig({
    upstream: (_request, response) =>
      void response.write(Buffer.alloc(300_000), () => response.end(Buffer.alloc(300_000))),
  });
  const plan = planOf({ quotas: [{ metric: 'bytes', period: 'total', limit: 400_000 }] });
  const grant = rig.grant(rig.configs.proxy, plan);
  await rig.grants.put(grant);
  await expect(get('product-proxy/x').then((response) => response.arrayBuffer())).rejects.toThrow();
  await until(async () => (await records()).length === 1);
  const [record] = await records();
  expect(record?.status).toBe('incomplete');
  expect(record?.units.bytes).toBeLessThanOrEqual(400_000);
});

test('a complete download is recorded before its end, with the bytes of the range', async () => {
  rig = await openRig();
  await rig.grants.put(rig.grant(rig.configs.file, planOf()));
  await (await get(`product-file/${encodeURIComponent(rig.file.name)}`)).arrayBuffer();
  const part = await fetch(`${rig.origin}/product-file/${encodeURIComponent(rig.file.name)}`, {
    headers: { 'x-api-key': KEY, range: 'bytes=5-14' },
  });
  await part.arrayBuffer();
  expect((await records()).map(({ status, units }) => [status, units.bytes])).toEqual([
    ['complete', FILE_BYTES],
    ['complete', 10],
  ]);
});

test('too many at once are refused, not queued', async () => {
  rig = await openRig({
    gateway: { inFlightMax: 1 },
    upstream: (_request, response) => void setTimeout(() => response.end('x'), 100),
  });
  await rig.grants.put(rig.grant(rig.configs.proxy, planOf()));
  const statuses = (await Promise.all([1, 2, 3].map(() => get('product-proxy/x')))).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, 503, 503]);
  expect((await get('product-proxy/x')).status).toBe(200);
});

import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { grantKey } from '../receipts.ts';
import { FILE_BYTES, hashOf, KEY, openRig, planOf, type Rig, type RigOptions, rows } from '../rig.ts';
import { addressCheck } from './addresses.ts';
import type { DriverConfig } from './driver.ts';
import { signAddress } from './file.ts';

let rig: Rig;
afterEach(() => rig.close());

async function serve(
  kind: 'api' | 'file' | 'proxy',
  terms = {},
  options: RigOptions = {},
  config: Partial<DriverConfig> = {},
) {
  rig = await openRig(options);
  const grant = rig.grant({ ...rig.configs[kind], ...config } as DriverConfig, planOf(terms));
  await rig.grants.put(grant);
  return grant;
}

const get = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  fetch(`${rig.origin}/${path}`, { ...init, headers: { 'x-api-key': KEY, ...headers } });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
const plate = encodeURIComponent('湘A10003');

describe('look-up', () => {
  test('by key, by filter, narrowed and limited', async () => {
    await serve('api');
    expect(await (await get(`product-api/${plate}`)).json()).toEqual({
      data: [rows[3]],
      meta: { rows: 1, truncated: false },
    });
    const list = (await (await get('product-api?city=长沙&columns=plate,score&limit=2')).json()) as { data: object[] };
    expect(list).toEqual({
      data: rows.slice(0, 2).map(({ plate, score }) => ({ plate, score })),
      meta: { rows: 2, truncated: true },
    });
    expect(await (await get('product-api/nobody')).json()).toEqual({ data: [], meta: { rows: 0, truncated: false } });
  });

  test('columns, masks and row filter of the contract', async () => {
    await serve('api', {
      columns: ['plate', 'phone', 'owner', 'score'],
      masks: { phone: { kind: 'truncate', length: 3 }, owner: { kind: 'hash' }, score: { kind: 'hide' } },
      rowFilter: [{ column: 'flag', operator: '=', value: 1 }],
    });
    const { data } = (await (await get(`product-api/${plate}`)).json()) as { data: Record<string, string>[] };
    expect(Object.keys(data[0] ?? {}).sort()).toEqual(['owner', 'phone', 'plate']);
    expect(data[0]?.phone).toBe('138');
    expect(data[0]?.owner).toMatch(/^[\w-]{22}$/);
    const even = encodeURIComponent('湘A10002');
    expect(((await (await get(`product-api/${even}`)).json()) as { data: [] }).data).toEqual([]);
  });

  test('货车宝: asked by plate, answered with flag and score only, never without an authorisation reference', async () => {
    await serve('api', { columns: ['flag', 'score'], authorisationRequired: true });
    const reference = { 'x-authorisation-reference': 'SQ-1' };
    expect(((await (await get(`product-api/${plate}`, reference)).json()) as { data: [] }).data).toEqual([
      { flag: 1, score: 63 },
    ]);
    expect(await codeOf(await get(`product-api/${plate}`))).toBe('authorisationMissing');
    expect(await codeOf(await get(`product-api/${plate}?columns=plate`, reference))).toBe('fieldNotAllowed');
    expect(await codeOf(await get('product-api?owner=x', reference))).toBe('fieldNotAllowed');
  });

  test.each([
    ['product-api', 'filterMissing'],
    ['product-api?score=60', 'requestInvalid'],
    ['product-api?city=长沙&limit=0', 'requestInvalid'],
    ['product-api?city=长沙&limit=abc', 'requestInvalid'],
    [`product-api/${plate}/more`, 'requestInvalid'],
    ['product-api/%E0%A4%A', 'requestInvalid'],
  ])('bad input %s is %s', async (path, code) => {
    await serve('api');
    const response = await get(path);
    expect([response.status, await codeOf(response)]).toEqual([400, code]);
  });

  test('other methods are refused', async () => {
    await serve('api');
    expect((await get(`product-api/${plate}`, {}, { method: 'POST', body: '{}' })).status).toBe(405);
  });
});

describe('file', () => {
  const whole = async () => readFile(rig.file.path);
  const path = () => `product-file/${encodeURIComponent(rig.file.name)}`;

  test('whole, in ranges, resumed', async () => {
    await serve('file');
    const bytes = await whole();
    const response = await get(path());
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    expect(response.headers.get('repr-digest')).toBe(
      `sha-256=:${Buffer.from(rig.file.sha256, 'hex').toString('base64')}:`,
    );
    const etag = response.headers.get('etag') ?? '';
    const cases: [string, number, number][] = [
      ['bytes=0-99', 0, 100],
      ['bytes=1048570-1048580', 1048570, 1048581],
      ['bytes=3145700-', 3145700, FILE_BYTES],
      ['bytes=-10', FILE_BYTES - 10, FILE_BYTES],
      ['bytes=100-99999999', 100, FILE_BYTES],
    ];
    for (const [range, start, end] of cases) {
      const part = await get(path(), { range, 'if-range': etag });
      expect(part.status).toBe(206);
      expect(part.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${FILE_BYTES}`);
      expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(start, end))).toBe(true);
    }
    const other = await get(path(), { range: 'bytes=0-9', 'if-range': '"another"' });
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, FILE_BYTES]);
  });

  test('answers side by side have their own bytes, also while others are broken off', async () => {
    await serve('file');
    const size = 8 * 2 ** 20 + 5;
    const contents = [randomBytes(size), randomBytes(size), randomBytes(size)];
    const files = contents.map((bytes, at) => ({ name: `${at}`, path: `${rig.file.path}-${at}`, bytes, at }));
    for (const { path, bytes } of files) await writeFile(path, bytes);
    const published = files.map((file) => ({ ...file, bytes: size, sha256: hashOf(file.bytes) }));
    await rig.grants.put({ ...rig.grant({ kind: 'file', files: published }, planOf()), productId: 'files' });
    const read = async ({ name, bytes }: (typeof files)[number], turn: number) => {
      const leaving = new AbortController();
      const response = await get(`files/${name}`, {}, { signal: leaving.signal });
      // Slower than it is sent, so that pieces wait for the kernel.
      await setTimeout(20 * (turn % 4));
      if (turn % 5 === 4) return leaving.abort();
      expect(hashOf(Buffer.from(await response.arrayBuffer()))).toBe(hashOf(bytes));
    };
    await Promise.all(Array.from({ length: 15 }, (_, turn) => read(files[turn % 3]!, turn)));
  });

  test('HEAD and an unchanged file are decided but not counted; a range outside is 416', async () => {
    await serve('file', { quotas: [{ metric: 'calls', period: 'total', limit: 1 }] });
    const head = await get(path(), {}, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(FILE_BYTES)]);
    expect((await get(path(), { 'if-none-match': head.headers.get('etag') ?? '' })).status).toBe(304);
    const outside = await get(path(), { range: `bytes=${FILE_BYTES}-` });
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, `bytes */${FILE_BYTES}`]);
    const counted = await get(path(), { range: 'bytes=0-0' });
    expect([counted.status, counted.headers.get('x-quota-remaining')]).toEqual([206, 'calls-total=0']);
    await counted.arrayBuffer();
    expect(await codeOf(await get(path()))).toBe('countExhausted');
  });

  test('a contract with a watermark gets its own copy, never the unmarked file nor another’s; nor anything before it is made', async () => {
    const marked = { watermark: { altered: { score: '1' }, syntheticRows: 0 } };
    await serve('file');
    const outcome = async (terms: object, copy: string | undefined, of: string | undefined | null) => {
      const files = of === null ? null : [{ ...rig.file, copy: of }];
      const grant = rig.grant({ kind: 'file', files, copy }, planOf(terms));
      await rig.grants.put({ ...grant, productId: grant.id });
      const answer = await get(`${grant.id}/${encodeURIComponent(rig.file.name)}`);
      await answer.arrayBuffer();
      return [answer.status, answer.headers.get('retry-after')];
    };
    expect(await outcome(marked, 'con_1', 'con_1')).toEqual([200, null]);
    for (const named of ['con_2', undefined, null]) expect(await outcome(marked, 'con_1', named)).toEqual([503, '5']);
    expect(await outcome(marked, undefined, undefined)).toEqual([503, '5']);
    expect(await outcome({}, undefined, 'con_1')).toEqual([503, '5']);
  });

  test('a file that is not the published one is not served', async () => {
    await serve('file');
    await writeFile(rig.file.path, 'short');
    expect(await codeOf(await get(path()))).toBe('fileChanged');
  });

  test('the first whole answer proves the digest; a file that was written to is proven anew', async () => {
    await serve('file');
    const original = await whole();
    const other = Buffer.from(original);
    other[other.length - 1]! ^= 1;
    await writeFile(rig.file.path, other);
    // Same size, another content: hashed while it is read, its last piece stays back, and from then on it is known.
    await expect(get(path()).then((response) => response.arrayBuffer())).rejects.toThrow();
    expect(await codeOf(await get(path(), { range: 'bytes=0-9' }))).toBe('fileChanged');
    await writeFile(rig.file.path, original);
    for (let time = 0; time < 2; time++)
      expect(Buffer.from(await (await get(path())).arrayBuffer()).equals(original)).toBe(true);
    // Known to be whole does not outlast a change.
    await writeFile(rig.file.path, other);
    await expect(get(path()).then((response) => response.arrayBuffer())).rejects.toThrow();
  });

  test('a signed address works without a key, for its file, until its end or the end of the grant', async () => {
    const grant = await serve('file');
    const file = encodeURIComponent(rig.file.name);
    const address = { grantId: grant.id, productId: grant.productId, file, expires: rig.time.now / 1000 + 60 };
    const query = signAddress(address, grantKey(rig.secret, grant.id, 'address'));
    const bare = (suffix: string) => fetch(`${rig.origin}/product-file/${suffix}`, { headers: { range: 'bytes=0-9' } });
    expect((await bare(`${file}?${query}`)).status).toBe(206);
    expect((await bare(`?${query}`)).status).toBe(404);
    expect((await bare(`${file}?${query.replace(/expires=\d+/, `expires=${address.expires + 1}`)}`)).status).toBe(404);
    const farAway = signAddress(
      { ...address, expires: address.expires + 30 * 86_400 },
      grantKey(rig.secret, grant.id, 'address'),
    );
    expect((await bare(`${file}?${farAway}`)).status).toBe(404);
    await rig.grants.withdraw(grant.id);
    const withdrawn = await bare(`${file}?${query}`);
    expect([withdrawn.status, await codeOf(withdrawn)]).toEqual([403, 'withdrawn']);
    rig.time.now += 61_000;
    expect((await bare(`${file}?${query}`)).status).toBe(404);
  });
});

describe('proxy', () => {
  const seen: IncomingMessage[] = [];
  const recording: RequestListener = (request, response) => {
    seen.push(request);
    response.writeHead(200, {
      'content-type': 'application/json',
      'set-cookie': 'inner=1',
      server: 'inner',
      'x-receipt': 'forged',
      connection: 'keep-alive, x-hop',
      'x-hop': '1',
    });
    response.end(JSON.stringify({ ok: true }));
  };

  test('only clean headers go either way, with the supplier’s secret', async () => {
    await serve('proxy', {}, { upstream: recording, secretHeaders: { authorization: 'Bearer inner-secret' } });
    seen.length = 0;
    const response = await get('product-proxy/a/b?x=1&x=2', {
      cookie: 'c=1',
      'x-purpose': 'p',
      'x-forwarded-for': '1.2.3.4',
      authorization: `Bearer ${KEY}`,
    });
    expect(await response.json()).toEqual({ ok: true });
    const [request] = seen;
    expect(request?.url).toBe('/v1/a/b?x=1&x=2');
    expect(request?.headers.authorization).toBe('Bearer inner-secret');
    for (const name of ['x-api-key', 'cookie', 'x-purpose', 'x-forwarded-for'])
      expect(request?.headers[name]).toBeUndefined();
    for (const name of ['set-cookie', 'server', 'x-hop']) expect(response.headers.get(name)).toBeNull();
    expect(response.headers.get('x-receipt')).not.toBe('forged');
  });

  test('a body is passed on, within its limit', async () => {
    const echo: RequestListener = (request, response) =>
      void request.pipe(response.writeHead(200, { 'content-type': 'text/plain' }));
    await serve('proxy', {}, { upstream: echo }, { methods: ['GET', 'POST'] } as Partial<DriverConfig>);
    expect(await (await get('product-proxy/echo', {}, { method: 'POST', body: '你好' })).text()).toBe('你好');
    expect(await codeOf(await get('product-proxy/echo', {}, { method: 'POST', body: 'x'.repeat(2 ** 20 + 1) }))).toBe(
      'requestTooLarge',
    );
    expect((await get('product-proxy/echo', {}, { method: 'DELETE' })).status).toBe(405);
  });

  test.each(['..%2fadmin', 'a/%2e%2e/b', 'a//b', 'a%5c..%5cb', '%252e%252e/x'])(
    'a path that could climb is refused or stays below: %s',
    async (path) => {
      await serve('proxy', {}, { upstream: recording });
      seen.length = 0;
      const { status } = await get(`product-proxy/${path}`);
      expect(status === 400 || seen[0]?.url?.startsWith('/v1/')).toBe(true);
    },
  );

  test('columns, masks, rows and row filter on JSON answers', async () => {
    const answer: RequestListener = (_request, response) =>
      void response.setHeader('content-type', 'application/json').end(JSON.stringify({ secret: 1, data: rows }));
    const terms = {
      columns: ['plate', 'phone'],
      masks: { phone: { kind: 'truncate', length: 3 } },
      rowFilter: [{ column: 'score', operator: '>=', value: 78 }],
      quotas: [{ metric: 'rows', period: 'total', limit: 3 }],
    };
    await serve('proxy', terms, { upstream: answer }, { rowsMember: 'data' } as Partial<DriverConfig>);
    const response = await get('product-proxy/list');
    expect(await response.json()).toEqual({
      data: [
        { plate: '湘A10018', phone: '138' },
        { plate: '湘A10019', phone: '138' },
      ],
    });
    expect(response.headers.get('x-quota-remaining')).toBe('rows-total=1');
    expect(await codeOf(await get('product-proxy/list'))).toBe('volumeExhausted');
  });

  const awkward: [string, RequestListener, Partial<DriverConfig>, number, string][] = [
    [
      'a redirect inward',
      (_q, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      {},
      502,
      'upstreamRedirected',
    ],
    [
      'a secret that it does not know',
      (_q, response) => void response.writeHead(401).end('who?'),
      {},
      502,
      'upstreamForbidden',
    ],
    [
      'a secret that it does not trust',
      (_q, response) => void response.writeHead(403).end('no'),
      {},
      502,
      'upstreamForbidden',
    ],
    ['its own failure', (_q, response) => void response.writeHead(500).end('stack trace'), {}, 502, 'upstreamFailed'],
    ['silence', () => undefined, { headersTimeoutMs: 50 }, 504, 'upstreamTimeout'],
    ['a broken connection', (request) => void request.socket.destroy(), {}, 502, 'upstreamUnreachable'],
    [
      'an announced flood',
      (_q, response) => void response.writeHead(200, { 'content-length': '2000' }).end('x'.repeat(2000)),
      { responseBytesMax: 1000 },
      502,
      'upstreamTooLarge',
    ],
  ];
  test.each(awkward)('an upstream that answers with %s', async (_name, upstream, config, status, code) => {
    await serve('proxy', { quotas: [{ metric: 'calls', period: 'total', limit: 1 }] }, { upstream }, config);
    for (let time = 0; time < 2; time++) {
      const response = await get('product-proxy/x');
      expect([response.status, await codeOf(response)]).toEqual([status, code]);
    }
    const noted = async () => (await rig.meter.openTail(0)).map(({ record }) => [record.failure, record.units.calls]);
    await expect.poll(noted).toEqual([
      [code, 0],
      [code, 0],
    ]);
  });

  test.each([
    ['text/plain', 'phone=1'],
    ['application/json', '[1,2]'],
    ['application/json', '{"a":'],
  ])('what cannot be masked is not let through: %s %s', async (type, text) => {
    await serve(
      'proxy',
      { columns: ['plate'] },
      { upstream: (_q, response) => void response.setHeader('content-type', type).end(text) },
    );
    expect(await codeOf(await get('product-proxy/x'))).toBe('upstreamNotMaskable');
  });

  test('an endless answer is cut at the limit and recorded as incomplete', async () => {
    const endless: RequestListener = (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    };
    await serve('proxy', {}, { upstream: endless }, { responseBytesMax: 500_000 } as Partial<DriverConfig>);
    await expect(get('product-proxy/x').then((response) => response.arrayBuffer())).rejects.toThrow();
    const [entry] = await rig.meter.openTail(0);
    expect(entry?.record.status).toBe('incomplete');
    expect(entry?.record.units.bytes).toBeLessThanOrEqual(500_000);
  });

  test('private addresses are refused: literal, by name, and through disguises', async () => {
    const trap = createTcpServer(() => expect.unreachable('connected'));
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.2', resolve));
    const address = trap.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await serve('proxy', {}, {}, { upstream: `http://127.0.0.2:${port}/` } as Partial<DriverConfig>);
    expect(await codeOf(await get('product-proxy/x'))).toBe('upstreamAddressRefused');
    for (const host of ['2130706434', '0x7f000002', '[::1]', '[::ffff:127.0.0.2]']) {
      const grant = rig.grant({ kind: 'proxy', upstream: `http://${host}:${port}/` }, planOf(), { productId: host });
      await rig.grants.put(grant);
      expect(await codeOf(await get(`${encodeURIComponent(host)}/x`))).toBe('upstreamAddressRefused');
    }
    await new Promise((resolve) => trap.close(resolve));
  });
});

test('addresses: private networks closed, opened one by one', async () => {
  rig = await openRig();
  const closed = addressCheck([]);
  for (const address of [
    '10.1.2.3',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    'fd00::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::a00:1',
    'nonsense',
  ]) {
    expect(closed(address), address).toBe(false);
  }
  for (const address of ['8.8.8.8', '172.32.0.1', '2001:4860:4860::8888', '::ffff:8.8.8.8'])
    expect(closed(address), address).toBe(true);
  const opened = addressCheck(['10.0.0.0/24', 'fd00::/8']);
  expect(['10.0.0.9', '10.0.1.9', 'fd12::1'].map(opened)).toEqual([true, false, true]);
});

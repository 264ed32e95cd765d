import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { KEY, openRig, planOf, type Rig } from '../../rig.ts';
import { PROXY_LIMITS } from '../proxy.ts';
import { ANSWER_LIMITS, AnswerMalformed, Chunks, readHead } from './answer.ts';
import { requestHead, secretLines } from './request.ts';

/** What may stand on the wire between us and an upstream, byte by byte, and what a buyer sees of it. */

let rig: Rig;
let upstream: Server;
let sockets: Socket[] = [];
let requests: string[] = [];
/** Writes an answer; told how many requests came before. */
let answer: (socket: Socket, before: number) => void;

beforeAll(async () => {
  rig = await openRig();
  upstream = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('end', () => socket.end());
    socket.on('data', (bytes) => {
      requests.push(bytes.toString('latin1'));
      answer(socket, requests.length - 1);
    });
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const { port } = upstream.address() as AddressInfo;
  await rig.grants.put(
    rig.grant(
      { kind: 'proxy', upstream: `http://127.0.0.1:${port}/`, methods: ['GET', 'HEAD', 'POST'], bodyTimeoutMs: 200 },
      planOf(),
    ),
  );
});
beforeEach(() => {
  for (const socket of sockets) socket.destroy();
  [sockets, requests] = [[], []];
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  upstream.close();
  await rig.close();
});

const get = (init: RequestInit = {}) =>
  fetch(`${rig.origin}/product-proxy/x`, { ...init, headers: { 'x-api-key': KEY } });
const text = async (init?: RequestInit) => (await get(init)).text();
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
const ok = (body: string, more = '') => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;

test.each([
  ['of a told length', ok('whole')],
  ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a="b"\r\nwho\r\n02\r\nle\r\n0\r\nx: y\r\n\r\n'],
  ['after provisional ones', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n${ok('whole')}`],
])('an answer %s is the same however the network cuts it', async (_name, bytes) => {
  answer = async (socket) => {
    for (const byte of bytes) {
      socket.write(byte, 'latin1');
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  expect(await text()).toBe('whole');
  answer = (socket) => void socket.write(bytes, 'latin1');
  expect(await text()).toBe('whole');
  expect(sockets).toHaveLength(1);
});

test('an answer without a length ends with its connection', async () => {
  answer = (socket) => void socket.end('HTTP/1.0 200 OK\r\n\r\nwhole');
  expect([await text(), await text()]).toEqual(['whole', 'whole']);
  expect(sockets).toHaveLength(2);
});

test('answers without a body leave the connection to the next request, whatever length they announce', async () => {
  answer = (socket, before) =>
    void socket.write(before === 0 ? 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n' : ok('whole'));
  expect((await get({ method: 'HEAD' })).status).toBe(200);
  expect(await text()).toBe('whole');
  expect(sockets).toHaveLength(1);
});

test.each([['connection: close\r\n'], ['keep-alive: timeout=1\r\n']])(
  'a connection is not used again after %j',
  async (more) => {
    answer = (socket) => void socket.write(ok('whole', more));
    expect([await text(), await text()]).toEqual(['whole', 'whole']);
    expect(sockets).toHaveLength(2);
  },
);

test('what follows an answer belongs to nobody: it is never taken for the next one', async () => {
  answer = (socket, before) => void socket.write(before === 0 ? ok('whole') + ok('smuggled') : ok('whole'));
  expect([await text(), await text()]).toEqual(['whole', 'whole']);
  expect(sockets).toHaveLength(2);
});

test.each([
  ['no answer', 'hello\r\n\r\n'],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'],
  ['a version that is not ours', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\nwhole'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nwhole'],
  ['a coding that is not ours', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['a name with a blank', 'HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\nwhole'],
  ['a folded line', 'HTTP/1.1 200 OK\r\netag: a\r\n b\r\ncontent-length: 5\r\n\r\nwhole'],
  ['a bare line feed', 'HTTP/1.1 200 OK\ncontent-length: 5\n\r\n\r\nwhole'],
  ['a NUL', 'HTTP/1.1 200 OK\r\netag: \0\r\ncontent-length: 5\r\n\r\nwhole'],
  ['a head without end', `HTTP/1.1 200 OK\r\netag: ${'a'.repeat(ANSWER_LIMITS.headBytesMax)}\r\n\r\n`],
])('%s is refused and costs nothing', async (_name, bytes) => {
  const before = rig.meter.lastSequence;
  answer = (socket) => void socket.write(bytes, 'latin1');
  const response = await get();
  expect([response.status, await codeOf(response)]).toEqual([502, 'upstreamFailed']);
  expect(requests).toHaveLength(1);
  expect((await rig.meter.openTail(before)).every(({ record }) => record.status === 'failed')).toBe(true);
  await expect.poll(() => sockets[0]?.readableEnded || sockets[0]?.destroyed).toBe(true);
});

test('an upstream that stops in the middle is late, and its connection is given up', async () => {
  answer = (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwh');
  const response = await get();
  expect([response.status, await codeOf(response)]).toEqual([504, 'upstreamTimeout']);
  await expect.poll(() => sockets[0]?.readableEnded || sockets[0]?.destroyed).toBe(true);
});

test('an upstream never has more connections than its limit; who comes later waits', async () => {
  const count = PROXY_LIMITS.connectionsPerUpstream + 20;
  const held: Socket[] = [];
  answer = (socket, before) => {
    held.push(socket);
    if (before + 1 < PROXY_LIMITS.connectionsPerUpstream) return;
    for (const waiting of held.splice(0)) waiting.write(ok('whole'));
  };
  const answers = await Promise.all(Array.from({ length: count }, () => text()));
  expect(answers).toEqual(Array(count).fill('whole'));
  expect(sockets).toHaveLength(PROXY_LIMITS.connectionsPerUpstream);
});

test('a body goes with its length', async () => {
  answer = (socket) => void socket.write(ok('whole'));
  expect(await text({ method: 'POST', body: '{}' })).toBe('whole');
  await expect
    .poll(() => requests.join(''))
    .toMatch(/^POST \/x HTTP\/1\.1\r\n(?:.+\r\n)*content-length: 2\r\n\r\n\{\}$/);
});

const asked = { method: 'GET', productId: 'p', path: '', query: new URLSearchParams(), headers: {} };
const plain = { cutting: false, secret: secretLines(undefined), bytes: null };

test('nothing that is put into a request can end its line', () => {
  for (const value of ['a\r\nx: y', 'a\n', '\0', '中']) {
    expect(() => requestHead({ ...asked, headers: { accept: value } }, '/', 'h', plain)).toThrow();
    expect(() => secretLines({ 'x-key': value })).toThrow();
  }
  for (const target of ['/a b', '/a\r\n', 'a', '/中']) expect(() => requestHead(asked, target, 'h', plain)).toThrow();
  for (const name of ['x y', 'x\r\n', 'Host', 'Content-Length', 'transfer-encoding'])
    expect(() => secretLines({ [name]: '1' })).toThrow();
  const secret = secretLines({ Accept: 'x', 'X-Key': '1' });
  expect(requestHead({ ...asked, headers: { accept: 'y' } }, '/', 'h', { ...plain, secret })).toBe(
    'GET / HTTP/1.1\r\nhost: h\r\nconnection: keep-alive\r\naccept: x\r\nx-key: 1\r\n\r\n',
  );
});

test('chunks: pieces of any size give the body back, cut anywhere; what is malformed is never read as whole', () => {
  const wire = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }).map((pieces) => ({
    body: Buffer.concat(pieces),
    bytes: Buffer.concat([
      ...pieces.flatMap((piece) => [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
      Buffer.from('0\r\n\r\n'),
    ]),
  }));
  const read = (bytes: Buffer, step: number) => {
    const [chunks, found] = [new Chunks(), [] as Buffer[]];
    for (let at = 0; at < bytes.length && !chunks.ended; at += step) {
      const end = Math.min(bytes.length, at + step);
      chunks.read(bytes, at, end, (from, to) => found.push(Buffer.from(bytes.subarray(from, to))));
    }
    return { ended: chunks.ended, body: Buffer.concat(found) };
  };
  fc.assert(
    fc.property(wire, fc.integer({ min: 1, max: 50 }), fc.nat(), ({ body, bytes }, step, cut) => {
      expect(read(bytes, step)).toEqual({ ended: true, body });
      expect(read(bytes.subarray(0, cut % bytes.length), step).ended).toBe(false);
    }),
  );
  for (const bytes of ['\r\n', 'g\r\n', '-1\r\n', '0x1\r\n', '1\n', '1\r\nab\r\n', '1\r\na\n0\r\n\r\n', ' 1\r\na\r\n'])
    expect(() => read(Buffer.from(bytes), 1)).toThrow(AnswerMalformed);
});

test('a header that is repeated says nothing', () => {
  const { headers } = readHead('HTTP/1.1 200 OK\r\netag: a\r\nETag: b\r\nvary: x \r\ncontent-length: 0\r\n', false);
  expect(headers).toEqual({ etag: undefined, vary: 'x', 'content-length': '0' });
});

const opensslFound = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!opensslFound)(
  'over TLS, only to who proves to be the one addressed, by an authority that is trusted',
  async () => {
    const secure = async (name: string) => {
      const [key, certificate] = ['key', 'cert'].map((kind) => join(rig.folder, `${name}.${kind}.pem`)) as [
        string,
        string,
      ];
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
          ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=IP:${name}`, '-keyout', key, '-out', certificate],
        ],
        { stdio: 'ignore' },
      );
      const cert = readFileSync(certificate, 'utf8');
      const server = createSecureServer({ key: readFileSync(key), cert }, (_request, response) => {
        response.end(`whole${'!'.repeat(PROXY_LIMITS.wholeBytesMax)}`);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      await rig.grants.put(
        rig.grant({ kind: 'proxy', upstream: `https://127.0.0.1:${port}/` }, planOf(), { productId: name }),
      );
      const ask = () => fetch(`${rig.origin}/${name}/x`, { headers: { 'x-api-key': KEY } });
      return { cert, server, ask };
    };
    const [right, wrong] = [await secure('127.0.0.1'), await secure('127.0.0.2')];
    const trusted = getCACertificates('default');
    try {
      expect(await codeOf(await right.ask())).toBe('upstreamUnreachable');
      setDefaultCACertificates([right.cert, wrong.cert]);
      for (let call = 0; call < 2; call++) expect(await (await right.ask()).text()).toMatch(/^whole!+$/);
      expect(await codeOf(await wrong.ask())).toBe('upstreamUnreachable');
    } finally {
      setDefaultCACertificates(trusted);
      for (const { server } of [right, wrong]) {
        server.closeAllConnections();
        server.close();
      }
    }
  },
);

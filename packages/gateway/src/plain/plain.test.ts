import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatewayRequest, nodeHandler } from '../node.ts';
import { KEY, openRig, planOf, type Rig } from '../rig.ts';
import { CallStop } from '../stop.ts';
import { type PlainTold, plainFirst } from './connection.ts';
import { readPlain } from './request.ts';

/** The rig's door reads plain requests; beside it stands node:http alone, and both must say the same. */
let rig: Rig;
let alone: ReturnType<typeof createServer>;
const port = () => Number(new URL(rig.origin).port);
const alonePort = () => (alone.address() as AddressInfo).port;
beforeAll(async () => {
  rig = await openRig();
  await rig.grants.put(rig.grant(rig.configs.api, planOf()));
  await rig.grants.put(rig.grant(rig.configs.file, planOf()));
  alone = createServer(
    (request, response) => void nodeHandler(rig.current.gateway, { prefix: '/data' })(request, response),
  );
  await new Promise<void>((resolve) => alone.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  alone.close();
  await rig.close();
});

const path = `/data/product-api/${encodeURIComponent('湘A10003')}`;
const head = (target: string, ...lines: string[]) =>
  `${[`GET ${target} HTTP/1.1`, 'host: gateway', `x-api-key: ${KEY}`, ...lines].join('\r\n')}\r\n\r\n`;
const good = head(path);
const last = head('/data/nothing/x', 'connection: close');

const answersIn = (said: string): number => said.split('HTTP/1.1 ').length - 1;

/**
 * What a server answers to these pieces, sent as fast as they go or `inTurn`, each after an answer to the one before; and then, where
 * it still listens, to a last request that ends the connection.
 */
const exchange = (to: number, pieces: readonly string[], answers: number, inTurn = false): Promise<string> =>
  new Promise((resolve) => {
    let said = '';
    let sent = 0;
    const rest = inTurn ? [...pieces, last] : [last];
    const socket = connect({ port: to, host: '127.0.0.1', noDelay: true }, async () => {
      for (const piece of inTurn ? [] : pieces) {
        socket.write(piece, 'latin1');
        await new Promise((next) => setImmediate(next));
      }
      if (inTurn) socket.write(rest[sent++]!, 'latin1');
    });
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const isDue = inTurn ? answersIn(said) === sent : answersIn(said) === answers && sent === 0;
      if (isDue && sent < rest.length) socket.write(rest[sent++]!, 'latin1');
    });
    socket.on('error', () => undefined).on('close', () => resolve(said));
  });

/** Status and body of each answer; the heads differ in times and receipts. */
const essence = (said: string): string[] =>
  said
    .split('HTTP/1.1 ')
    .slice(1)
    .map((answer) => `${answer.slice(0, 3)} ${answer.slice(answer.indexOf('\r\n\r\n') + 4)}`);

describe('beside node:http alone', () => {
  const cases: Record<string, [pieces: string[], answers: number]> = {
    'one request': [[good], 1],
    'one after another': [[good, good, good], 3],
    'several in one packet': [[good + good + good], 3],
    'one in pieces': [[good.slice(0, 30), good.slice(30, 70), good.slice(70)], 1],
    'a plain one, and the beginning of another with it': [[good + good.slice(0, 40), good.slice(40)], 2],
    'a file in many pieces, and a row after it': [
      [head(`/data/product-file/${encodeURIComponent('货车 2026.csv')}`, 'range: bytes=0-99999'), good],
      2,
    ],
    'another method': [[good.replace('GET', 'DELETE'), good], 2],
    'a body that looks like a request': [[head(path, `content-length: ${good.length}`) + good, good], 2],
    'a body after its head': [[head(path, `content-length: ${good.length}`), good, good], 2],
    'a body in chunks': [[`${head(path, 'transfer-encoding: chunked')}0\r\n\r\n`, good], 2],
    'a length and a coding': [[head(path, 'content-length: 3', 'transfer-encoding: chunked'), good], 1],
    'two lengths': [[`${head(path, 'content-length: 3', 'content-length: 4')}abcd`], 1],
    'a header told twice': [[head(path, 'x-purpose: a', 'x-purpose: b')], 1],
    'two keys': [[head(path, `x-api-key: ${KEY}`)], 1],
    'no host': [[good.replace('host: gateway\r\n', '')], 1],
    'two hosts': [[head(path, 'host: other')], 1],
    'a folded line': [[head(path, 'x-note: a', ' b')], 1],
    'a blank before the colon': [[head(path, 'x-note : a')], 1],
    'a bare line feed': [[good.replaceAll('\r\n', '\n')], 1],
    'a name of no letters': [[head(path, '(): a')], 1],
    'a control character in a value': [[head(path, 'x-note: a\u0001b')], 1],
    'HTTP/1.0': [[good.replace('HTTP/1.1', 'HTTP/1.0')], 1],
    'an absolute address': [[head(`http://gateway${path}`)], 1],
    'an unknown address': [[head('/elsewhere')], 1],
    'no HTTP at all': [['\u0016\u0003\u0001 hello\r\n\r\n'], 1],
    'more head than is read': [[head(path, `x-note: ${'a'.repeat(20_000)}`)], 1],
    'an expectation': [[head(path, 'expect: something')], 1],
    'a key of names like those of objects': [[head(path, 'constructor: a', '__proto__: b')], 1],
  };
  for (const [name, [pieces, answers]] of Object.entries(cases))
    test(`${name}: the same answers`, async () => {
      const [ours, theirs] = [await exchange(port(), pieces, answers), await exchange(alonePort(), pieces, answers)];
      expect(essence(ours)).toEqual(essence(theirs));
      expect(essence(theirs).length).toBeGreaterThan(0);
    });
});

describe('connections of plain requests', () => {
  /** A door of its own before the rig's gateway, which begins with no call before `mayBegin`. */
  const openDoor = async (mayBegin: Promise<void>) => {
    const toHttp: string[] = [];
    const told: PlainTold[] = [];
    const server = createServer((request, response) => {
      toHttp.push(request.url ?? '');
      response.end('node');
    });
    // So long that what ends a connection is not this.
    server.keepAliveTimeout = 600_000;
    const { promise: begun, resolve: begin } = Promise.withResolvers<CallStop>();
    const front = plainFirst(server, {
      gateway: {
        handle: async (request, stop = new CallStop()) => {
          begin(stop);
          await mayBegin;
          return rig.current.gateway.handle(request, stop);
        },
      },
      read: (url, headers) => gatewayRequest({ method: 'GET', url, headers }, '/data'),
      clock: () => rig.time.now,
      headers: { 'x-content-type-options': 'nosniff' },
      tell: (one) => told.push(one),
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, front, told, toHttp, begun, port: (server.address() as AddressInfo).port };
  };

  test('plain calls do not reach node:http; what is none does, and stays there', async () => {
    const door = await openDoor(Promise.resolve());
    const said = await exchange(door.port, [good, head('/elsewhere'), good], 3, true);
    const closed = new Promise((resolve) => door.server.close(resolve));
    await closed;
    expect(said.split('x-content-type-options: nosniff').length - 1).toBe(1);
    expect(door.toHttp).toEqual(['/elsewhere', path, '/data/nothing/x']);
    const [one] = door.told;
    expect([door.told.length, one?.status, one?.request.productId]).toEqual([1, 200, 'product-api']);
    const plainBytes = said.indexOf('HTTP/1.1 ', 1);
    expect(one?.bytes).toBe(Buffer.byteLength(said.slice(0, plainBytes)));
    expect(said).toContain(`x-receipt: ${one?.receipt}\r\n`);
  });

  test('each call stands on the key that it shows itself', async () => {
    const keys = [KEY, KEY.replace(/.$/, 'X'), KEY, `${KEY}X`, KEY];
    const asked = keys.map((key) => good.replace(KEY, key));
    const said = essence(await exchange(port(), asked, asked.length, true));
    expect(said.map((answer) => answer.slice(0, 3))).toEqual(['200', '404', '200', '404', '200', '404']);
  });

  test('a server that closes ends who is idle at once, and who waits after the answer', async () => {
    const { promise: mayBegin, resolve: letBegin } = Promise.withResolvers<void>();
    const door = await openDoor(mayBegin);
    const idle = connect({ port: door.port, host: '127.0.0.1' }).resume();
    await once(idle, 'connect');
    const waiting = exchange(door.port, [good], 2);
    await door.begun;
    const closed = once(door.server, 'close');
    door.server.close();
    door.front.closeIdle();
    await once(idle, 'close');
    letBegin();
    const said = await waiting;
    await closed;
    expect(essence(said)[0]).toMatch(/^200 .*湘A10003/);
    expect(said).toContain('connection: close\r\n');
  });

  test('who leaves before his answer is told to the call', async () => {
    const { promise: mayBegin, resolve: letBegin } = Promise.withResolvers<void>();
    const door = await openDoor(mayBegin);
    const leaving = connect({ port: door.port, host: '127.0.0.1' });
    leaving.write(good);
    const stop = await door.begun;
    leaving.destroy();
    await expect.poll(() => stop.isStopped, { timeout: 10_000 }).toBe(true);
    door.server.close();
    letBegin();
    await expect.poll(() => door.told.length, { timeout: 10_000 }).toBe(1);
    expect(door.told[0]?.bytes).toBe(0);
  });
});

describe('what is read as plain', () => {
  const read = (text: string) => readPlain(Buffer.from(text, 'latin1'));

  test('a GET of one packet, its names in lower case', () => {
    expect(read('GET /a/b?c=d HTTP/1.1\r\nHost: x\r\nX-Api-Key: k v\r\nConnection: keep-alive\r\n\r\n')).toEqual({
      url: '/a/b?c=d',
      headers: { host: 'x', 'x-api-key': 'k v', connection: 'keep-alive' },
    });
  });

  test('nothing that says or could say where it ends otherwise', () => {
    for (const line of [
      'content-length: 0',
      'Transfer-Encoding: chunked',
      'expect: 100-continue',
      'upgrade: h2c',
      'te: trailers',
      'trailer: x',
      'connection: close',
      'connection: keep-alive, upgrade',
      'host: y',
      'x-note:  two blanks',
      'x-note: blank at the end ',
      'x-note:',
      'x-note: \u00e9',
      'x_note: a',
    ])
      expect([line, read(`GET / HTTP/1.1\r\nhost: x\r\n${line}\r\n\r\n`)]).toEqual([line, null]);
    for (const text of [
      'GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: x\r\n\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: x\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      'HEAD / HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /\u00e9 HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET / HTTP/1.1\nhost: x\r\n\r\n',
      'GET  / HTTP/1.1\r\nhost: x\r\n\r\n',
    ])
      expect([text, read(text)]).toEqual([text, null]);
  });
});

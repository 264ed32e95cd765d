/**
 * The processes of the gateway benches: `node bench/gateway-process.ts upstream|undici|gateway UPSTREAM_PORT FOLDER [COLLECTOR SHARE]`. Each
 * listens on loopback, prints `{ port }` and lives until its standard input ends.
 */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import {
  type Driver,
  type DriverConfig,
  Gateway,
  GrantBook,
  gatewayRequest,
  MemoryQuota,
  nodeHandler,
  openMeter,
  openTracing,
  plainFirst,
  proxyDriver,
  type Tracer,
} from '../packages/gateway/src/index.ts';
import { compile, odrlFrom, parsePolicy } from '../packages/policy/src/index.ts';

export const benchKey = 'bench-key-3f9b27c1';
export const upstreamConnections = 64;

/** About 840 bytes of JSON from a bare socket: it must cost as little as possible beside what is measured. */
const upstream = (): Server => {
  const rows = Array.from({ length: 8 }, (_, index) => ({
    plate: `湘A${10000 + index}`,
    flag: index % 2,
    score: 60 + index,
    observedAt: '2026-11-21T10:00:00+08:00',
    city: '长沙',
  }));
  const body = JSON.stringify({ data: rows, meta: { rows: rows.length } });
  const answer = Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return createTcpServer({ noDelay: true }, (socket) => {
    // A request of these benches has no body, fits into one packet and waits for its answer.
    socket.on('data', () => socket.write(answer)).on('error', () => undefined);
  });
};

/** What a proxy by undici costs when it does nothing else. */
const bare = (origin: string): Server => {
  const agent = new Agent({ connections: upstreamConnections });
  return createServer((request, response) => {
    let upstreamEnd: Dispatcher.DispatchController | null = null;
    // Without this a client that leaves would keep its upstream connection paused for ever.
    response.once('close', () => {
      if (!response.writableFinished) upstreamEnd?.abort(new Error('client gone'));
    });
    agent.dispatch(
      { origin, path: request.url ?? '/', method: request.method as 'GET', headers: { accept: '*/*' } },
      {
        onRequestStart: (controller) => {
          upstreamEnd = controller;
          if (response.destroyed) controller.abort(new Error('client gone'));
        },
        onResponseStart: (_controller, status, headers) =>
          void response.writeHead(status, headers as Record<string, string>),
        onResponseData: (controller, chunk) => {
          if (response.write(chunk)) return;
          controller.pause();
          response.once('drain', () => controller.resume());
        },
        onResponseEnd: () => void response.end(),
        onResponseError: () => void response.destroy(),
      },
    );
  });
};

/** The whole of ours: key, decision, quotas and rate, record with fsync, receipt; addresses begin with /data/product. */
export const gatewayWith = async <Config extends DriverConfig>(
  driver: Driver<Config>,
  config: Config,
  folder: string,
  tracer?: Tracer,
): Promise<Server> => {
  const keys = generateKeyPairSync('ed25519');
  const meter = await openMeter({
    source: 'bench',
    folder: join(folder, 'wal'),
    objectFolder: join(folder, 'objects'),
    signer: { keyId: 'bench', sign: (bytes) => sign(null, bytes, keys.privateKey) },
    clock: Date.now,
  });
  const policy = parsePolicy(
    odrlFrom({
      actions: ['use'],
      purposes: ['research'],
      quotas: [
        { metric: 'calls', period: 'month', limit: 1_000_000_000 },
        { metric: 'calls', period: 'total', limit: 10_000_000_000 },
      ],
      rate: { perSecond: 100_000, burst: 100_000 },
    }),
  );
  const compiled = policy.ok ? compile(policy.policy) : policy;
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const grants = await GrantBook.open(join(folder, 'grants.json'));
  await grants.put({
    id: 'grant',
    version: 1,
    contractId: 'contract',
    productId: 'product',
    supplierId: 'supplier',
    buyerId: 'buyer',
    plan: compiled.plan,
    driver: config,
    keyHashes: [createHash('sha256').update(benchKey).digest('hex')],
    status: 'active',
    defaultPurpose: 'research',
    tenancy: { node: 'node', market: 'market', participant: 'supplier' },
  });
  const served = new Gateway({
    grants,
    quota: new MemoryQuota(),
    meter,
    secret: Buffer.alloc(32, 7),
    clock: Date.now,
    timer: () => performance.now(),
    newId: randomUUID,
    tracer,
    drivers: [driver as unknown as Driver<DriverConfig>],
  });
  const prefix = '/data';
  const server = createServer({ optimizeEmptyRequests: true }, nodeHandler(served, { prefix }) as RequestListener);
  plainFirst(server, {
    gateway: served,
    read: (url, headers) => gatewayRequest({ method: 'GET', url, headers }, prefix),
    clock: Date.now,
  });
  return server;
};

/** Tells the port to whoever started this process, and lives as long as they do. */
export const serveParent = (server: Server): void => {
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
  process.stdin.resume().on('end', () => process.exit(0));
};

if (import.meta.main) {
  const [role, upstreamPort, folder = '', url, share] = process.argv.slice(2);
  const origin = `http://127.0.0.1:${upstreamPort}`;
  const tracing =
    url === undefined
      ? undefined
      : openTracing(
          { url, share: Number(share), authorization: '', allowed: ['127.0.0.1'] },
          { 'service.name': 'bench', 'service.version': '0' },
          { clock: Date.now, timer: () => performance.now(), note: (event, more) => console.error(event, more) },
        );
  const gateway = () =>
    gatewayWith(
      proxyDriver({ allowedAddresses: ['127.0.0.1'] }),
      { kind: 'proxy', upstream: `${origin}/v1/` },
      folder,
      tracing?.tracer,
    );
  serveParent(role === 'upstream' ? upstream() : role === 'undici' ? bare(origin) : await gateway());
}

import { createHash, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { compile, type Decide, odrlFrom, type Plan, parsePolicy, type TermsInput } from '@shugu/policy';
import type { DriverConfig } from './drivers/driver.ts';
import { fileDriver } from './drivers/file.ts';
import { lookupDriver } from './drivers/lookup.ts';
import { buildPointStore, type PointColumn } from './drivers/pointbuild.ts';
import { openPointStore } from './drivers/pointstore.ts';
import { proxyDriver } from './drivers/proxy.ts';
import { type QueryConfig, queryDriver } from './drivers/query/driver.ts';
import { QueryPool, type QueryPoolOptions } from './drivers/query/pool.ts';
import { writeParquet } from './drivers/query/testing.ts';
import { shareDriver } from './drivers/share/driver.ts';
import { effectsKey, type ShareConfig, type ShareManifest } from './drivers/share/manifest.ts';
import { Gateway, type GatewayOptions } from './gateway.ts';
import { type Grant, GrantBook } from './grants.ts';
import { type MeterOptions, openMeter } from './meter.ts';
import { gatewayRequest, nodeHandler } from './node.ts';
import { plainFirst } from './plain/connection.ts';
import { isFinding } from './query/gate.ts';
import type { CheckedTemplate, QueryTemplate } from './query/template.ts';
import { MemoryQuota } from './quota.ts';
import type { VerifySignature } from './segment.ts';

/** A small data plane with real files, a real store, a real upstream and real sockets: for the tests of this package. */

export const KEY = 'test-key';
export const hashOf = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');
export const FILE_BYTES = 3 * 2 ** 20 + 17;

export function planFor(policy: unknown): Plan {
  const parsed = parsePolicy(policy);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const compiled = compile(parsed.policy);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.plan;
}
export const planOf = (terms: Partial<TermsInput> = {}) => planFor(odrlFrom({ actions: ['use'], ...terms }));

export async function listen(
  listener: RequestListener,
): Promise<{ origin: string; server: Server; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { origin: `http://127.0.0.1:${port}`, server, close };
}

export const rows = Array.from({ length: 20 }, (_, index) => ({
  plate: `湘A${String(10000 + index)}`,
  flag: index % 2,
  score: 60 + index,
  owner: `车主${index}`,
  phone: `1380000${String(1000 + index)}`,
  city: '长沙',
}));

const columnTypes = {
  plate: 'VARCHAR',
  flag: 'INTEGER',
  score: 'INTEGER',
  owner: 'VARCHAR',
  phone: 'VARCHAR',
  city: 'VARCHAR',
};

/** One template for each column, by its name, so that a pair that asks for columns can be asked; and one by a filter. */
export const templates: QueryTemplate[] = [
  ...Object.keys(columnTypes).map((name) => ({
    name,
    title: name,
    sql: `select ${name} from trucks limit 1`,
    parameters: [],
  })),
  {
    name: 'ranking',
    title: '排名',
    sql: 'select plate, score from trucks where city = $city and score >= $least order by score desc',
    parameters: [
      { name: 'city', title: '城市', type: 'text', lengthMax: 20 },
      { name: 'least', title: '最低分', type: 'integer', min: 0, max: 100, default: '0' },
    ],
  },
];

export async function queryConfig(pool: QueryPool, path: string, own: QueryTemplate[]): Promise<QueryConfig> {
  return configOf(path, await checkedIn(pool, path, own));
}

async function checkedIn(pool: QueryPool, path: string, own: QueryTemplate[]): Promise<CheckedTemplate[]> {
  const tables = [{ name: 'trucks', path }];
  const checked: CheckedTemplate[] = [];
  for (const template of own) {
    const found = await pool.check(tables, template);
    if (isFinding(found)) throw new Error(`${template.name}: ${found.en}`);
    checked.push(found);
  }
  return checked;
}

function configOf(path: string, checked: CheckedTemplate[]): QueryConfig {
  const columns = Object.keys(columnTypes);
  const limits = { rowsMax: 100_000, bytesMax: 2 ** 26, seconds: 10 };
  return { kind: 'query', tables: [{ name: 'trucks', path, columns }], templates: checked, ...limits };
}

/** The same for every rig: an engine's process is started for it once. */
const prepareTrucks = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-trucks-'));
  const pool = new QueryPool({ folder: join(folder, 'answers') });
  try {
    const path = await writeParquet(join(folder, 'trucks.parquet'), columnTypes, rows);
    return { bytes: await readFile(path), checked: await checkedIn(pool, path, templates) };
  } finally {
    pool.close();
    await rm(folder, { recursive: true, force: true });
  }
};
let prepared: ReturnType<typeof prepareTrucks> | undefined;
const preparedTrucks = () => {
  prepared ??= prepareTrucks();
  return prepared;
};

export type RigOptions = {
  meter?: Partial<MeterOptions>;
  gateway?: Partial<GatewayOptions>;
  upstream?: RequestListener;
  secretHeaders?: Record<string, string>;
  queries?: Partial<QueryPoolOptions>;
};
export type Rig = Awaited<ReturnType<typeof openRig>>;

export async function openRig(options: RigOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-gateway-'));
  const keys = generateKeyPairSync('ed25519');
  const signer = { keyId: 'test', sign: (bytes: Uint8Array) => sign(null, bytes, keys.privateKey) };
  const verifySignature: VerifySignature = (keyId, bytes, signature) =>
    keyId === 'test' && verify(null, bytes, keys.publicKey, signature);
  const time = { now: Date.parse('2026-11-21T10:00:00+08:00') };
  const meterOptions: MeterOptions = {
    source: 'gateway-1',
    folder: join(folder, 'wal'),
    objectFolder: join(folder, 'objects'),
    signer,
    clock: () => time.now,
    windowMs: 1,
    ...options.meter,
  };
  const meter = await openMeter(meterOptions);
  const grants = await GrantBook.open(join(folder, 'grants.json'));
  const quota = new MemoryQuota();
  const store = await tableStore(folder);
  const file = await testFile(folder);
  const upstream = await listen(
    options.upstream ??
      ((_request, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(rows[0]))),
  );
  const proxy = proxyDriver({
    allowedAddresses: ['127.0.0.1'],
    secretHeaders: () => options.secretHeaders ?? {},
    timer: () => time.now,
  });
  const queries = new QueryPool({ folder: join(folder, 'answers'), ...options.queries });
  const { bytes, checked } = await preparedTrucks();
  const trucks = join(folder, 'trucks.parquet');
  await writeFile(trucks, bytes);
  const secret = Buffer.alloc(32, 7);
  const make = (decide?: Decide) =>
    new Gateway({
      grants,
      quota,
      meter,
      drivers: [
        lookupDriver(store),
        fileDriver(),
        proxy,
        queryDriver(queries),
        shareDriver({ publicUrl: () => 'http://shares.test' }),
      ],
      secret,
      clock: () => time.now,
      timer: () => performance.now(),
      newId: randomUUID,
      decide,
      ...options.gateway,
    });
  const current = { gateway: make() };
  const front = await listen(
    (request, response) => void nodeHandler(current.gateway, { prefix: '/data' })(request, response),
  );
  const plain = plainFirst(front.server, {
    gateway: { handle: (request, stop) => current.gateway.handle(request, stop) },
    read: (url, headers) => gatewayRequest({ method: 'GET', url, headers }, '/data'),
    clock: () => time.now,
  });
  const configs = {
    api: { kind: 'api', table: 'trucks', keyColumns: ['plate'], filterColumns: ['city', 'owner', 'phone'] },
    file: { kind: 'file', files: [file] },
    proxy: { kind: 'proxy', upstream: `${upstream.origin}/v1/` },
    query: configOf(trucks, checked),
  } satisfies Record<string, DriverConfig>;
  return {
    folder,
    time,
    meter,
    meterOptions,
    grants,
    quota,
    file,
    secret,
    configs,
    queries,
    trucks,
    verifySignature,
    current,
    make,
    origin: `${front.origin}/data`,
    shareOf: (plan: Plan) => shareFor(folder, plan, file),
    upstream: upstream.origin,
    grant: (driver: DriverConfig, plan: Plan, more: Partial<Grant> = {}): Grant => ({
      id: randomUUID(),
      version: 1,
      contractId: 'contract-1',
      productId: `product-${driver.kind}`,
      supplierId: 'supplier',
      buyerId: 'urn:shugu:participant:buyer',
      plan,
      driver,
      keyHashes: [hashOf(KEY)],
      status: 'active',
      tenancy: { node: 'node', market: 'market', participant: 'supplier' },
      ...more,
    }),
    async close() {
      plain.closeAll();
      await front.close();
      await upstream.close();
      await proxy.close();
      current.gateway.close();
      await meter.close();
      store.close();
      queries.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function tableStore(folder: string) {
  const path = join(folder, 'points.sqlite');
  const columns: PointColumn[] = [
    ...['plate', 'owner', 'phone', 'city'].map((name) => ({ name, type: 'text' as const, filled: true })),
    ...['flag', 'score'].map((name) => ({ name, type: 'integer' as const })),
  ];
  const values = rows.map((row) => columns.map(({ name }) => (row as Record<string, unknown>)[name]));
  await buildPointStore(path, [
    { name: 'trucks', columns, indexes: [['plate'], ['city'], ['owner'], ['phone']], rows: [values] },
  ]);
  return openPointStore(path);
}

async function testFile(folder: string) {
  await mkdir(join(folder, 'files'));
  const path = join(folder, 'files', 'trucks.csv');
  const bytes = Buffer.alloc(FILE_BYTES);
  for (let offset = 0; offset < bytes.length; offset++) bytes[offset] = (offset * 31 + (offset >> 8)) & 255;
  await writeFile(path, bytes);
  return { name: '货车 2026.csv', path, bytes: bytes.length, sha256: hashOf(bytes), contentType: 'text/csv' };
}

/** A share cut for a plan, as the server would have prepared it; its one file is the rig's, as nothing here looks inside. */
async function shareFor(folder: string, plan: Plan, file: Awaited<ReturnType<typeof testFile>>): Promise<ShareConfig> {
  const effects = effectsKey(plan);
  const copy = plan.watermark ? { copy: 'rig' } : {};
  const stats = { numRecords: 1, minValues: { score: 60 }, maxValues: { score: 60 }, nullCount: { score: 0 } };
  const manifest: ShareManifest = {
    format: 1,
    effects,
    ...copy,
    tables: [
      {
        id: 'trucks-1',
        name: 'trucks',
        fields: [{ name: 'score', type: 'long' }],
        versions: [{ version: 0, timestamp: 0, files: [file.sha256], changes: [] }],
        files: {
          [file.sha256]: { name: `files/${basename(file.path)}`, bytes: file.bytes, sha256: file.sha256, stats },
        },
      },
    ],
  };
  const path = join(folder, `${effects}.json`);
  await writeFile(path, JSON.stringify(manifest));
  return { kind: 'share', share: 'trucks', schema: 'roads', title: '货车', manifest: path, ...copy };
}

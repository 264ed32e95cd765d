import {
  type Decide,
  type DriverKind,
  type Plan,
  type PolicyVector,
  type PolicyVectorFile,
  policyVectors,
} from '@shugu/policy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DriverConfig } from './drivers/driver.ts';
import { KEY, openRig, planFor, planOf, type Rig, rows } from './rig.ts';

/** The golden pairs of @shugu/policy on every delivery path, over HTTP and by direct call. */

let rig: Rig;
let version = 0;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());

const files = policyVectors();
type Outcome = { status: number; code?: string; retryAfter?: string };
type Call = (request: { method: string; path: string; headers: Record<string, string> }) => Promise<Outcome>;
type Path = 'api' | 'file' | 'proxy' | 'query' | 'share';

const overHttp: Call = async ({ method, path, headers }) => {
  const response = await fetch(`${rig.origin}/${path}`, { method, headers });
  const text = await response.text();
  const body = response.ok ? {} : (JSON.parse(text) as { code: string });
  return { status: response.status, ...body, retryAfter: response.headers.get('retry-after') ?? undefined };
};

const direct: Call = async ({ method, path, headers }) => {
  const url = new URL(path, 'http://gateway/');
  const [productId = '', ...rest] = url.pathname.slice(1).split('/');
  const response = await rig.current.gateway.handle({
    method,
    productId,
    path: rest.join('/'),
    query: url.searchParams,
    headers,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body instanceof Uint8Array ? [response.body] : response.body) chunks.push(chunk);
  response.done();
  const body = response.status < 400 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as { code: string });
  return { status: response.status, ...body, retryAfter: response.headers['retry-after'] };
};

/** What failed of one file on one path; null entries do not exist. A policy that the path cannot enforce must be refused. */
async function failures(file: PolicyVectorFile, driver: Path, call: Call, decide?: Decide): Promise<string[]> {
  const plan = planFor(file.policy);
  const config = driver === 'share' ? await rig.shareOf(plan) : rig.configs[driver];
  if (!plan.drivers.includes(driver)) {
    const put = await rig.grants.put(rig.grant(config, plan)).catch(() => 'refused');
    return put === 'refused' ? [] : [`${file.limit}: offered on ${driver}`];
  }
  const found: string[] = [];
  for (const vector of file.vectors.filter((candidate) => runsOn(candidate, driver, plan))) {
    const outcome = await run(vector, config, plan, call, decide);
    const { expected } = vector;
    const right = expected.allow
      ? outcome.status < 300
      : outcome.status === (expected.code === 'tooFast' ? 429 : 403) &&
        outcome.code === expected.code &&
        (expected.retryAfter === undefined || outcome.retryAfter === String(expected.retryAfter));
    if (!right) found.push(`${file.limit} / ${vector.name} on ${driver}: ${JSON.stringify(outcome)}`);
  }
  return found;
}

/**
 * Columns can only be asked for in a look-up and by a query; a known size only in a look-up (rows) and a file (bytes). A
 * query may filter on a masked column, as its condition sees the masked value alone.
 */
function runsOn({ request }: PolicyVector, driver: DriverKind, { masks }: Plan): boolean {
  if (request.driver !== 'api') return false;
  if (driver === 'query' && !request.estimate) return !request.filterColumns?.some((column) => column in masks);
  if (request.columns || request.filterColumns || request.estimate?.rows) return driver === 'api';
  return request.estimate?.bytes === undefined || driver === 'file';
}

async function run(
  { request, counters, now }: PolicyVector,
  config: DriverConfig,
  plan: ReturnType<typeof planFor>,
  call: Call,
  decide?: Decide,
): Promise<Outcome> {
  rig.time.now = Date.parse(now);
  rig.current.gateway.close();
  rig.current.gateway = rig.make(decide);
  version += 1;
  const grant = rig.grant(config, plan, {
    version,
    // A query process serves one grant: one for all pairs of a policy, or the suite would mostly start processes.
    ...(config.kind === 'query' ? { id: `query-${plan.policyHash}` } : {}),
    buyerId: request.participant,
    buyerRegion: request.region,
    status: counters.status ?? 'active',
  });
  await rig.grants.put({ ...grant, productId: grant.id });
  for (const { metric, period } of plan.quotas) rig.quota.slot(grant.id, plan, period, rig.time.now)[metric] = 0;
  for (const [key, used] of Object.entries(counters.used)) {
    const [metric, period] = key.split(':') as ['calls', 'day'];
    rig.quota.slot(grant.id, plan, period, rig.time.now)[metric] = used;
  }
  rig.current.gateway.setBucket(grant.id, counters.bucket);
  const headers: Record<string, string> = { authorization: `Bearer ${KEY}`, 'x-use-action': request.action };
  if (request.purpose) headers['x-purpose'] = request.purpose;
  if (request.authorisationReference) headers['x-authorisation-reference'] = request.authorisationReference;
  if (config.kind === 'file') headers.range = `bytes=0-${(request.estimate?.bytes ?? 100) - 1}`;
  // A second guard stops streams of contracts that are over, so under sabotage an answer may break off.
  const method = config.kind === 'share' ? 'POST' : 'GET';
  return call({ method, path: `${grant.id}${pathOf(request, config.kind)}`, headers }).catch(() => ({ status: 0 }));
}

function pathOf({ columns, filterColumns, estimate }: PolicyVector['request'], kind: DriverKind): string {
  if (kind === 'query') return `/${[...(columns ?? []), ...(filterColumns ?? [])].at(-1) ?? 'plate'}`;
  if (kind === 'share') return '/shares/trucks/schemas/roads/tables/trucks/query';
  if (kind !== 'api') return kind === 'file' ? `/${encodeURIComponent(rig.file.name)}` : '/trucks';
  const query = new URLSearchParams();
  if (columns) query.set('columns', columns.join(','));
  for (const column of filterColumns ?? []) query.set(column, 'x');
  if (estimate?.rows) query.set('limit', String(estimate.rows));
  return estimate?.rows
    ? `?city=${encodeURIComponent('长沙')}&${query}`
    : `/${encodeURIComponent(rows[0]?.plate ?? '')}?${query}`;
}

const paths = (['api', 'file', 'proxy', 'query', 'share'] as const satisfies Path[]).flatMap((driver) => [
  { driver, way: 'over HTTP', call: overHttp },
  { driver, way: 'by direct call', call: direct },
]);

test.each(paths)('every pair is decided as written: $driver $way', async ({ driver, call }) => {
  for (const file of files) expect(await failures(file, driver, call)).toEqual([]);
});

test.each(paths)('the suite turns red when the decision is skipped: $driver $way', async ({ driver, call }) => {
  const skipped: Decide = () => ({ allow: true, columns: null, masks: {}, rowFilter: [], left: [] });
  const all: string[] = [];

  for (const file of files) if (all.length <= 5) all.push(...(await failures(file, driver, call, skipped)));
  expect(all.length).toBeGreaterThan(5);
});

/** What a caller sees of its limits: statuses, codes and headers of one call. */
async function seen(path: string, way: string, method: string) {
  const headers = { authorization: `Bearer ${KEY}`, range: 'bytes=0-9' };
  const pick = (of: (name: string) => string | null | undefined) => ({
    left: of('x-quota-remaining'),
    limit: of('ratelimit'),
    retryAfter: of('retry-after'),
  });
  if (way === 'over HTTP') {
    const response = await fetch(`${rig.origin}/${path}`, { method, headers });
    const text = await response.text();
    const code = response.status < 400 ? undefined : (JSON.parse(text) as { code: string }).code;
    return { status: response.status, code, ...pick((name) => response.headers.get(name)) };
  }
  const url = new URL(path, 'http://gateway/');
  const [productId = '', ...rest] = url.pathname.slice(1).split('/');
  const response = await rig.current.gateway.handle({
    ...{ method, productId, path: rest.join('/'), query: url.searchParams, headers },
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body instanceof Uint8Array ? [response.body] : response.body) chunks.push(chunk);
  response.done();
  const code =
    response.status < 400 ? undefined : (JSON.parse(Buffer.concat(chunks).toString()) as { code: string }).code;
  return { status: response.status, code, ...pick((name) => response.headers[name]) };
}

test.each(paths)(
  'what is left, exhausted, expired and too fast is said as promised: $driver $way',
  async ({ driver, way }) => {
    const method = driver === 'share' ? 'POST' : 'GET';
    const open = async (terms: Parameters<typeof planOf>[0], more: object = {}) => {
      const plan = planOf(terms);
      const config = driver === 'share' ? await rig.shareOf(plan) : rig.configs[driver];
      version += 1;
      const grant = rig.grant(config, plan, { version, id: `limits-${driver}-${version}`, ...more });
      await rig.grants.put({ ...grant, productId: grant.id });
      return () => seen(`${grant.id}${pathOf({} as PolicyVector['request'], driver)}`, way, method);
    };
    rig.current.gateway.close();
    rig.current.gateway = rig.make();

    const counted = await open({ quotas: [{ metric: 'calls', period: 'total', limit: 2 }] });
    expect(await counted()).toMatchObject({ status: driver === 'file' ? 206 : 200, left: 'calls-total=1' });
    expect((await counted()).left).toBe('calls-total=0');
    expect(await counted()).toMatchObject({ status: 403, code: 'countExhausted', left: 'calls-total=0' });

    const fast = await open({ rate: { perSecond: 1, burst: 1 } });
    expect((await fast()).limit).toMatch(/"burst";r=0;t=1/);
    expect(await fast()).toMatchObject({ status: 429, code: 'tooFast', retryAfter: '1' });

    const over = await open({}, { validUntil: rig.time.now });
    expect(await over()).toMatchObject({ status: 403, code: 'expired' });
  },
);

import { isIP } from 'node:net';
import { type Allowed, applyToRow, type HashValue, type Row } from '@shugu/policy';
import { Agent, errors } from 'undici';
import { GatewayProblem } from '../problem.ts';
import { addressCheck, guardedLookup } from './addresses.ts';
import type { Driver, DriverAnswer, GatewayRequest, ServeContext } from './driver.ts';

/** A supplier's own interface behind the gateway. */
export type ProxyConfig = {
  kind: 'proxy';
  /** http(s) address below which everything the contract names lies; a path that leaves it is refused. */
  upstream: string;
  methods?: string[];
  /** Names the secret; the operator's function turns it into headers. The secret itself is never in a grant. */
  secretRef?: string;
  headersTimeoutMs?: number;
  bodyTimeoutMs?: number;
  responseBytesMax?: number;
  /** Member of the JSON answer that holds the rows; without it the answer itself is a row or a list of rows. */
  rowsMember?: string;
};

export type ProxyOptions = {
  /** Headers with the supplier's secret for one upstream. */
  secretHeaders?: (config: ProxyConfig) => Promise<Record<string, string>> | Record<string, string>;
  /** Addresses or networks inside that the operator opens. */
  allowedAddresses?: readonly string[];
};

export type ProxyDriver = Driver<ProxyConfig> & { close(): Promise<void> };

export const PROXY_LIMITS = {
  connectTimeoutMs: 5000,
  headersTimeoutMs: 30_000,
  bodyTimeoutMs: 30_000,
  requestBytesMax: 2 ** 20,
  responseBytesMax: 256 * 2 ** 20,
  /** Answers that must be cut to the contract are held whole. */
  maskedBytesMax: 4 * 2 ** 20,
  connectionsPerUpstream: 64,
} as const;

/** Only these go to the supplier: neither the buyer's key nor cookies, nor what tells where the buyer sits. */
const REQUEST_HEADERS = [
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'if-none-match',
  'if-modified-since',
  'traceparent',
];
/** Only these come back; hop-by-hop headers, cookies and the upstream's own names and limits stay inside. */
const RESPONSE_HEADERS = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-length',
  'content-disposition',
  'etag',
  'last-modified',
  'cache-control',
  'vary',
];

/** Proxy by undici, streaming both ways. Follows no redirect, and connects only to addresses that are permitted. */
export function proxyDriver(options: ProxyOptions = {}): ProxyDriver {
  const check = addressCheck(options.allowedAddresses ?? []);
  const agent = new Agent({
    connections: PROXY_LIMITS.connectionsPerUpstream,
    connect: { lookup: guardedLookup(check), timeout: PROXY_LIMITS.connectTimeoutMs },
  });
  return {
    kind: 'proxy',
    ask(request, config) {
      if (!(config.methods ?? ['GET']).includes(request.method)) {
        return new GatewayProblem('methodNotAllowed', { headers: { allow: (config.methods ?? ['GET']).join(', ') } });
      }
      const target = targetOf(request, config);
      return target instanceof GatewayProblem ? target : { metered: request.method !== 'HEAD' };
    },
    async serve(context) {
      const { request, config } = context;
      const target = targetOf(request, config);
      if (target instanceof GatewayProblem) throw target;
      const host = target.hostname.replace(/^\[|\]$/g, '');
      // A literal address never reaches the look-up, so it is checked here.
      if (isIP(host) !== 0 && !check(host)) throw new GatewayProblem('upstreamAddressRefused');
      const cutting = mustCut(context);
      const headers = { ...requestHeaders(request, cutting), ...(await options.secretHeaders?.(config)) };
      const response = await agent
        .request({
          origin: target.origin,
          path: target.pathname + target.search,
          method: request.method as 'GET',
          headers,
          body: request.body && !['GET', 'HEAD'].includes(request.method) ? await bodyWithin(request.body) : null,
          signal: context.signal,
          headersTimeout: config.headersTimeoutMs ?? PROXY_LIMITS.headersTimeoutMs,
          bodyTimeout: config.bodyTimeoutMs ?? PROXY_LIMITS.bodyTimeoutMs,
        })
        .catch((error: unknown) => {
          throw upstreamProblem(error);
        });
      return answerFrom(response, context, cutting);
    },
    close: () => agent.close(),
  };
}

type Upstream = Awaited<ReturnType<Agent['request']>>;

async function answerFrom(
  { statusCode, headers, body }: Upstream,
  context: ServeContext<ProxyConfig>,
  cutting: boolean,
): Promise<DriverAnswer> {
  const discard = (code: 'upstreamRedirected' | 'upstreamFailed' | 'upstreamTooLarge') => {
    body.on('error', () => undefined).destroy();
    return new GatewayProblem(code);
  };
  if (statusCode >= 500) throw discard('upstreamFailed');
  if (statusCode >= 300 && statusCode < 400 && statusCode !== 304) throw discard('upstreamRedirected');
  const bytesMax = Math.min(
    context.config.responseBytesMax ?? PROXY_LIMITS.responseBytesMax,
    PROXY_LIMITS.responseBytesMax,
  );
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw discard('upstreamTooLarge');
  const kept: Record<string, string> = {};
  for (const name of RESPONSE_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
  }
  if (!cutting || statusCode === 304 || context.request.method === 'HEAD') {
    return { status: statusCode, headers: kept, body: limited(body, bytesMax), metered: statusCode !== 304 };
  }
  // An error text of the upstream may quote what the contract withholds.
  if (statusCode >= 400) throw discard('upstreamFailed');
  const bytes = await collect(limited(body, Math.min(bytesMax, PROXY_LIMITS.maskedBytesMax)));
  const { rows, text } = cutToContract(bytes, kept, context);
  const answer = Buffer.from(text);
  return {
    status: statusCode,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(answer.length),
      'cache-control': 'no-store',
    },
    body: answer,
    rows,
  };
}

function mustCut({ effects, countRows }: ServeContext<ProxyConfig>): boolean {
  return countRows || effects.columns !== null || effects.rowFilter.length > 0 || Object.keys(effects.masks).length > 0;
}

type CutContext = { config: ProxyConfig; effects: Allowed; hash: HashValue };

/** Rows of a JSON answer, each cut to the contract. Members beside the rows are dropped: no one vouches for them. */
function cutToContract(
  bytes: Buffer,
  headers: Record<string, string>,
  { config, effects, hash }: CutContext,
): { rows: number; text: string } {
  const json = /^application\/(?:[\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '');
  if (!json || (headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new GatewayProblem('upstreamNotMaskable');
  let answer: unknown;
  try {
    answer = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new GatewayProblem('upstreamNotMaskable', { cause });
  }
  const { rowsMember } = config;
  const found = rowsMember === undefined ? answer : isRow(answer) ? answer[rowsMember] : undefined;
  const list = Array.isArray(found) ? found : [found];
  if (!list.every(isRow)) throw new GatewayProblem('upstreamNotMaskable');
  const rows = list.map((row) => applyToRow(effects, row, hash)).filter((row) => row !== null);
  const shown = Array.isArray(found) ? rows : (rows[0] ?? null);
  return { rows: rows.length, text: JSON.stringify(rowsMember === undefined ? shown : { [rowsMember]: shown }) };
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The upstream address of a request. Encoded slashes and dots could climb out of the base after another decoding. */
function targetOf({ path, query }: GatewayRequest, { upstream }: ProxyConfig): URL | GatewayProblem {
  const base = new URL(upstream.endsWith('/') ? upstream : `${upstream}/`);
  const climbing =
    /%2f|%5c|%2e|%00|\\/i.test(path) || path.split('/').some((part) => part === '..' || part === '.' || part === '');
  if (path !== '' && climbing) return new GatewayProblem('requestInvalid', { detail: 'path' });
  const target = new URL(path === '' ? upstream : `./${path}`, path === '' ? undefined : base);
  if (path !== '' && !target.href.startsWith(base.href))
    return new GatewayProblem('requestInvalid', { detail: 'path' });
  for (const [name, value] of query) target.searchParams.append(name, value);
  return target;
}

function requestHeaders({ headers }: GatewayRequest, cutting: boolean): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of REQUEST_HEADERS) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  // What must be cut has to be read; and half an unchanged answer cannot be cut.
  if (cutting) {
    kept['accept-encoding'] = 'identity';
    delete kept['if-none-match'];
    delete kept['if-modified-since'];
  }
  return kept;
}

async function* limited(body: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new GatewayProblem('upstreamTooLarge');
      yield chunk;
    }
  } catch (error) {
    throw upstreamProblem(error);
  }
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function bodyWithin(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > PROXY_LIMITS.requestBytesMax) throw new GatewayProblem('requestTooLarge');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function upstreamProblem(error: unknown): unknown {
  if (error instanceof GatewayProblem || (error instanceof Error && error.name === 'AbortError')) return error;
  if (
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  ) {
    return new GatewayProblem('upstreamTimeout', { cause: error });
  }
  return new GatewayProblem('upstreamUnreachable', { cause: error });
}

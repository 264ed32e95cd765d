import { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { traceOf } from '../access.ts';
import { GatewayProblem } from '../problem.ts';
import { addressCheck, guardedLookup } from './addresses.ts';
import { Breaker } from './breaker.ts';
import { canBeCut, cutToContract } from './cut.ts';
import type { Driver, DriverAnswer, GatewayRequest, ServeContext } from './driver.ts';
import { type Base, baseOf, targetOf } from './target.ts';
import { askUpstream, type UpstreamAnswer } from './upstream.ts';

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
  /** Monotonic ms, for the circuit breaker. */
  timer?: () => number;
};

export type ProxyDriver = Driver<ProxyConfig> & {
  /** Of the circuit breaker of one upstream, as its configuration names it. */
  standing(upstream: string): ReturnType<Breaker['standing']>;
  pausedUpstreams(): number;
  close(): Promise<void>;
};

export const PROXY_LIMITS = {
  connectTimeoutMs: 5000,
  headersTimeoutMs: 30_000,
  bodyTimeoutMs: 30_000,
  requestBytesMax: 2 ** 20,
  responseBytesMax: 256 * 2 ** 20,
  /** Answers that announce no more are handed on in one piece. */
  wholeBytesMax: 65_536,
  connectionsPerUpstream: 64,
} as const;

const METHODS = ['GET'];
/** Only these go to the supplier: neither the buyer's key nor cookies, nor what tells where the buyer sits. */
const REQUEST_HEADERS = [
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'if-none-match',
  'if-modified-since',
  'traceparent',
  'tracestate',
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
  const breaker = new Breaker(options.timer ?? (() => performance.now()));
  const bases = new WeakMap<ProxyConfig, Base>();
  const known = (config: ProxyConfig): Base => {
    const base = bases.get(config) ?? baseOf(config.upstream, check);
    bases.set(config, base);
    return base;
  };
  return {
    kind: 'proxy',
    ask(request, config) {
      const methods = config.methods ?? METHODS;
      if (!methods.includes(request.method))
        return new GatewayProblem('methodNotAllowed', { headers: { allow: methods.join(', ') } });
      const target = targetOf(request, known(config));
      return target instanceof GatewayProblem ? target : { metered: request.method !== 'HEAD' };
    },
    async serve(context) {
      const { request, config, signal } = context;
      const base = known(config);
      const target = targetOf(request, base);
      if (target instanceof GatewayProblem) throw target;
      if (base.refused) throw new GatewayProblem('upstreamAddressRefused');
      const cutting = mustCut(context);
      const headers = requestHeaders(request, cutting);
      // A secret that is at hand costs no turn.
      const secret = options.secretHeaders?.(config);
      Object.assign(headers, secret instanceof Promise ? await secret : secret);
      const bodiless = request.method === 'GET' || request.method === 'HEAD';
      const asked: Dispatcher.DispatchOptions = {
        origin: base.origin,
        path: target,
        method: request.method as 'GET',
        headers,
        body: request.body && !bodiless ? await bodyWithin(request.body) : null,
        headersTimeout: config.headersTimeoutMs ?? PROXY_LIMITS.headersTimeoutMs,
        bodyTimeout: config.bodyTimeoutMs ?? PROXY_LIMITS.bodyTimeoutMs,
      };
      const bytesMax = Math.min(config.responseBytesMax ?? Number.POSITIVE_INFINITY, PROXY_LIMITS.responseBytesMax);
      breaker.admit(base.upstream);
      let failed: boolean | null = null;
      try {
        const answer = await askAgain(agent, asked, { signal, bytesMax, wholeBytesMax: PROXY_LIMITS.wholeBytesMax });
        failed = false;
        return await answerFrom(answer, context, cutting);
      } catch (error) {
        failed ??= isSilence(error) || null;
        throw error;
      } finally {
        breaker.settle(base.upstream, failed);
      }
    },
    standing: (upstream) => breaker.standing(upstream),
    pausedUpstreams: () => breaker.paused(),
    close: () => agent.close(),
  };
}

/** Nobody answers there, or not in time. */
function isSilence(error: unknown): boolean {
  return error instanceof GatewayProblem && (error.code === 'upstreamUnreachable' || error.code === 'upstreamTimeout');
}

/**
 * A kept-alive connection may have been closed by the upstream just when it was used again. Then once more, where asking
 * twice is safe: methods that change nothing (RFC 9110 section 9.2.1), and nothing of an answer has been handed on.
 */
async function askAgain(...[agent, asked, options]: Parameters<typeof askUpstream>): Promise<UpstreamAnswer> {
  try {
    return await askUpstream(agent, asked, options);
  } catch (error) {
    const safe = asked.method === 'GET' || asked.method === 'HEAD';
    if (!safe || options.signal.aborted || !(error instanceof GatewayProblem && error.code === 'upstreamUnreachable'))
      throw error;
    return askUpstream(agent, asked, options);
  }
}

async function answerFrom(
  { status, headers, body }: UpstreamAnswer,
  context: ServeContext<ProxyConfig>,
  cutting: boolean,
): Promise<DriverAnswer> {
  const discard = (code: 'upstreamRedirected' | 'upstreamFailed' | 'upstreamDeclined' | 'upstreamNotMaskable') => {
    if (body instanceof Readable) body.destroy();
    return new GatewayProblem(code);
  };
  if (status >= 500) throw discard('upstreamFailed');
  if (status >= 300 && status < 400 && status !== 304) throw discard('upstreamRedirected');
  const kept: Record<string, string> = {};
  for (const name of RESPONSE_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
  }
  if (!cutting || status === 304 || context.request.method === 'HEAD')
    return { status, headers: kept, body, metered: status !== 304 };
  // An error text of the upstream may quote what the contract withholds. The request was at fault, not who answers.
  if (status >= 400) throw discard('upstreamDeclined');
  if (!canBeCut(kept)) throw discard('upstreamNotMaskable');
  const { effects, hash } = context;
  const { rowsMember } = context.config;
  const answer = await cutToContract(body, { rowsMember, effects, hash });
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(answer.body instanceof Uint8Array ? { 'content-length': String(answer.body.length) } : {}),
      'cache-control': 'no-store',
    },
    ...answer,
  };
}

function mustCut({ effects, countRows }: ServeContext<ProxyConfig>): boolean {
  return countRows || effects.columns !== null || effects.rowFilter.length > 0 || Object.keys(effects.masks).length > 0;
}

function requestHeaders({ headers }: GatewayRequest, cutting: boolean): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of REQUEST_HEADERS) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  if (kept.traceparent !== undefined && traceOf(kept.traceparent) === undefined) delete kept.traceparent;
  // What must be cut has to be read; and half an unchanged answer cannot be cut.
  if (cutting) {
    kept['accept-encoding'] = 'identity';
    delete kept['if-none-match'];
    delete kept['if-modified-since'];
  }
  return kept;
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

import { Readable } from 'node:stream';
import { GatewayProblem } from '../problem.ts';
import { addressCheck, guardedLookup } from './addresses.ts';
import { Breaker } from './breaker.ts';
import { canBeCut, cutToContract } from './cut.ts';
import type { Body, Driver, DriverAnswer, ServeContext } from './driver.ts';
import { type Base, baseOf, targetOf } from './target.ts';
import { type AskOptions, askUpstream, type UpstreamAnswer } from './upstream/ask.ts';
import type { WireRequest } from './upstream/connection.ts';
import { Upstreams } from './upstream/pool.ts';
import { requestHead, secretLines } from './upstream/request.ts';

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
/** Safe to ask again (RFC 9110 section 9.2.1), and sent without a body. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
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

/** Streaming both ways. Follows no redirect, and connects only to addresses that are permitted. */
export function proxyDriver(options: ProxyOptions = {}): ProxyDriver {
  const check = addressCheck(options.allowedAddresses ?? []);
  const upstreams = new Upstreams({
    lookup: guardedLookup(check),
    connectTimeoutMs: PROXY_LIMITS.connectTimeoutMs,
    connectionsPerUpstream: PROXY_LIMITS.connectionsPerUpstream,
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
      const { request, config, stop } = context;
      const base = known(config);
      const target = targetOf(request, base);
      if (target instanceof GatewayProblem) throw target;
      if (base.refused) throw new GatewayProblem('upstreamAddressRefused');
      const cutting = mustCut(context);
      // A secret that is at hand costs no turn.
      const found = options.secretHeaders?.(config);
      const secret = secretLines(found instanceof Promise ? await found : found);
      const body = BODILESS.has(request.method) ? null : await bodyWithin(request.body);
      const asked: WireRequest = {
        head: requestHead(request, target, base.host, { cutting, secret, bytes: body?.length ?? null }),
        body,
        bodiless: request.method === 'HEAD',
        headersTimeoutMs: config.headersTimeoutMs ?? PROXY_LIMITS.headersTimeoutMs,
        bodyTimeoutMs: config.bodyTimeoutMs ?? PROXY_LIMITS.bodyTimeoutMs,
      };
      const bytesMax = Math.min(config.responseBytesMax ?? Number.POSITIVE_INFINITY, PROXY_LIMITS.responseBytesMax);
      breaker.admit(base.upstream);
      let failed: boolean | null = null;
      try {
        const { wholeBytesMax } = PROXY_LIMITS;
        const answer = await askAgain(upstreams, base.origin, asked, { stop, bytesMax, wholeBytesMax, fresh: false });
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
    close: () => upstreams.close(),
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
function askAgain(
  upstreams: Upstreams,
  origin: string,
  asked: WireRequest,
  options: AskOptions,
): Promise<UpstreamAnswer> {
  return askUpstream(upstreams, origin, asked, options).catch((error: unknown) => {
    // Of the methods that are passed on, those without a body.
    const safe = asked.body === null;
    if (!safe || options.stop.isStopped || !(error instanceof GatewayProblem && error.code === 'upstreamUnreachable'))
      throw error;
    return askUpstream(upstreams, origin, asked, { ...options, fresh: true });
  });
}

function answerFrom(
  { status, headers, body }: UpstreamAnswer,
  context: ServeContext<ProxyConfig>,
  cutting: boolean,
): DriverAnswer | Promise<DriverAnswer> {
  const discard = (
    code: 'upstreamRedirected' | 'upstreamFailed' | 'upstreamForbidden' | 'upstreamDeclined' | 'upstreamNotMaskable',
  ) => {
    if (body instanceof Readable) body.destroy();
    return new GatewayProblem(code);
  };
  if (status >= 500) throw discard('upstreamFailed');
  // The secret is the supplier's, and no credentials of the buyer go along: whose failure it is, is settled.
  if (status === 401 || status === 403) throw discard('upstreamForbidden');
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
  return cutAnswer(status, body, context);
}

async function cutAnswer(
  status: number,
  body: Body,
  { config, effects, hash }: ServeContext<ProxyConfig>,
): Promise<DriverAnswer> {
  const answer = await cutToContract(body, { rowsMember: config.rowsMember, effects, hash });
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

async function bodyWithin(body: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > PROXY_LIMITS.requestBytesMax) throw new GatewayProblem('requestTooLarge');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

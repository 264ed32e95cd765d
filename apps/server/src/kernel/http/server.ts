/** One door for every route: parse, who, may they, key, one transaction, answer. The order is the security of the house. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { isKnown, type Tracer, tagOf } from '@shugu/gateway';
import { type AnyEndpoint, problem as problemSchema } from '@shugu/wire';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { audit } from '../audit.ts';
import { type Database, isOutage, type Tx, violatedConstraint } from '../db/db.ts';
import type { RateLimit } from '../limits.ts';
import { kernelProblems, Problem, problemBody } from '../problem.ts';
import type { Seal } from '../seal.ts';
import { tokenFrom } from '../session.ts';
import { closeWithin } from './closing.ts';
import { claimKey, findReply, keepReply, requestDigest } from './idempotency.ts';
import { actorOf, anonymous, type Principal } from './principal.ts';
import type { BytesReply, Route, RouteRequest } from './route.ts';
import { unstorable } from './storable.ts';

export interface HttpOptions {
  routes: Route[];
  database: Database;
  /** Answers kept for repeated requests hold what people handed in. */
  seal: Seal;
  log: Logger;
  /** Undefined when the token is unknown, expired or revoked. */
  authenticate(token: string, language: 'zh' | 'en', address?: string): Promise<Principal | undefined>;
  checkReplies: boolean;
  perSource: RateLimit;
  /** Peers whose X-Forwarded-For is believed; of the addresses in it, the last that is none of theirs is the source. */
  trustedProxies?: readonly string[];
  onAnswer?(endpointId: string, status: number, seconds: number): void;
  tracer?: Tracer | undefined;
}

export const bodyBytesDefault = 262_144;
const headersOfSafety = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
};

export const languageOf = (headers: Record<string, unknown>): 'zh' | 'en' =>
  /^\s*en/i.test(String(headers['x-shugu-language'] ?? headers['accept-language'] ?? '')) ? 'en' : 'zh';

// What a schema says of a field stands beside that field in the portal, so it speaks the reader's language.
const fieldWords = { zh: z.locales.zhCN().localeError, en: z.locales.en().localeError };

const parsePart = (schema: z.ZodType | undefined, value: unknown, place: string, language: 'zh' | 'en'): unknown => {
  if (!schema) return undefined;
  const fault = unstorable(value, place);
  if (fault) throw kernelProblems.invalid({ errors: [fault] });
  const parsed = schema.safeParse(value ?? {}, { error: fieldWords[language] });
  if (parsed.success) return parsed.data;
  throw kernelProblems.invalid({
    errors: parsed.error.issues.slice(0, 100).map((issue) => ({
      field: [place, ...issue.path].join('.'),
      code: issue.code,
      message: issue.message,
    })),
  });
};

const parseAddress = (endpoint: AnyEndpoint, request: FastifyRequest): unknown => {
  const parsed = endpoint.params?.safeParse(request.params);
  // A malformed identifier names nothing: it looks like any other unknown object.
  if (parsed && !parsed.success) throw kernelProblems.unknown();
  return parsed?.data;
};

const isMutation = (endpoint: AnyEndpoint) => endpoint.method !== 'GET';

const principalOf = async (
  options: HttpOptions,
  endpoint: AnyEndpoint,
  request: FastifyRequest,
): Promise<Principal> => {
  const language = languageOf(request.headers);
  const found = tokenFrom(request.headers as Record<string, string | undefined>);
  const principal = found ? await options.authenticate(found.token, language, request.ip) : undefined;
  // A cookie travels by itself, so a write that relies on it must show that our own page sent it.
  if (principal && found?.from === 'cookie' && isMutation(endpoint)) {
    const site = request.headers['sec-fetch-site'];
    if (request.headers['x-shugu-page'] !== '1' || (site !== undefined && site !== 'same-origin'))
      throw kernelProblems.forgery();
  }
  if (endpoint.permission === 'public') return principal ?? anonymous(language);
  if (!principal) throw kernelProblems.notSignedIn();
  const may =
    endpoint.permission === 'signedIn' ? !principal.permittedOnly : principal.permissions.has(endpoint.permission);
  if (!may)
    throw endpoint.params ? kernelProblems.unknown() : kernelProblems.notPermitted({ detail: endpoint.summary });
  return principal;
};

const keyOf = (endpoint: AnyEndpoint, request: FastifyRequest): string | undefined => {
  if (endpoint.method !== 'POST') return undefined;
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || key.length < 8 || key.length > 200)
    throw kernelProblems.keyMissing({ field: 'headers.idempotency-key' });
  return endpoint.repeatable || endpoint.rawBody ? undefined : key;
};

const noTransaction = new Proxy({} as Tx, {
  get: () => {
    throw new Error('this route has no open transaction');
  },
});

/** Requests of somebody who signed in. */
const known = new WeakSet<FastifyRequest>();

/** One span a request: its route as it is declared, never the address, so nothing that anybody wrote. */
const trace = (
  { id, method, path }: AnyEndpoint,
  request: FastifyRequest,
  status: number,
  since: number,
  tracer: Tracer,
) => {
  const { traceparent } = request.headers;
  const span = tracer.begin({
    name: `${method} ${path}`,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    isKnown: known.has(request),
    startedAt: since,
    attributes: {
      'http.request.method': method,
      'http.route': path,
      'http.response.status_code': status,
      'shugu.endpoint': id,
      'shugu.request': request.id,
    },
  });
  span?.end(status >= 500 ? String(status) : undefined);
};

const answer = async (
  options: HttpOptions,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const { endpoint } = route;
  const address = request.ip;
  const wait = options.perSource.take(address, performance.now());
  if (wait > 0) throw kernelProblems.tooFast({ headers: { 'retry-after': String(wait) } });
  const principal = await principalOf(options, endpoint, request);
  if (principal.kind !== 'anonymous') known.add(request);
  const params = parseAddress(endpoint, request);
  const language = languageOf(request.headers);
  const query = parsePart(endpoint.query, request.query, 'query', language);
  const body = parsePart(endpoint.body, request.body, 'body', language);
  const key = keyOf(endpoint, request);
  const status = endpoint.status ?? 200;
  const input: RouteRequest<unknown, unknown, unknown> = {
    principal,
    params,
    query,
    body,
    tx: noTransaction,
    read: options.database,
    stream: endpoint.rawBody ? (request.body as Readable) : Readable.from([]),
    headers: request.headers as Record<string, string | undefined>,
    requestId: request.id,
    setHeader: (name, value) => void reply.header(name, value),
    address,
  };
  const actor = actorOf(principal, request.id);
  const isOutside = !isMutation(endpoint) || route.ownTransaction;
  const digest = key ? requestDigest(options.seal, endpoint, params, query, body) : '';
  if (key && (isOutside || route.before)) {
    const before = await options.database.tx(actor, (tx) => findReply(options.seal, tx, key, endpoint, digest));
    if (before) return send(options, endpoint, request, reply, before.status, before.reply);
  }
  if (route.before) input.body = await route.before(input);
  const run = async (tx: Tx): Promise<{ status: number; value: unknown }> => {
    const before = key ? await claimKey(options.seal, tx, key, endpoint, digest) : undefined;
    if (before) return { status: before.status, value: before.reply };
    const value = await route.handler({ ...input, tx, read: tx });
    if (key) await keepReply(options.seal, tx, key, endpoint, status, value);
    return { status, value };
  };
  if (isOutside) {
    const value = await route.handler(input);
    if (key)
      await options.database.tx(actor, async (tx) => {
        await claimKey(options.seal, tx, key, endpoint, digest);
        await keepReply(options.seal, tx, key, endpoint, status, value);
      });
    if (endpoint.readsLogged)
      await options.database.tx(actor, (tx) =>
        audit(tx, { action: `${endpoint.id}.read`, subject: JSON.stringify(params ?? {}), access: true }),
      );
    return send(options, endpoint, request, reply, status, value);
  }
  const done = await options.database.tx(actor, run);
  return send(options, endpoint, request, reply, done.status, done.value);
};

const send = (
  options: HttpOptions,
  endpoint: AnyEndpoint,
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  value: unknown,
): FastifyReply => {
  if (endpoint.replyKind === 'bytes') return sendBytes(endpoint, reply, value as BytesReply);
  if (options.checkReplies) {
    const checked = endpoint.reply.safeParse(value);
    if (!checked.success) throw new Error(`${endpoint.id} breaks its reply schema: ${checked.error.message}`);
  }
  const text = JSON.stringify(value);
  if (endpoint.method === 'GET') {
    const tag = tagOf(text);
    reply.header('etag', tag);
    if (!reply.hasHeader('cache-control'))
      reply.header('cache-control', endpoint.permission === 'public' ? 'no-cache' : 'private, no-cache');
    if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send();
  }
  return reply.code(status).header('content-type', 'application/json; charset=utf-8').send(text);
};

const sendBytes = (endpoint: AnyEndpoint, reply: FastifyReply, value: BytesReply): FastifyReply => {
  if (value.fileName)
    reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(value.fileName)}`);
  reply.header('content-type', value.mediaType ?? endpoint.mediaType ?? 'application/octet-stream');
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'private, no-cache');
  return reply.send(value.body instanceof Uint8Array ? Buffer.from(value.body) : value.body);
};

const problemFrom = (error: unknown, log: Logger, request: FastifyRequest): Problem => {
  if (error instanceof Problem) return error;
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return kernelProblems.tooLarge();
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return kernelProblems.mediaType();
  if (statusCode === 400) return kernelProblems.malformed({ detail: (error as Error).message });
  if (isOutage(error)) {
    log.warn({ err: error, requestId: request.id }, 'the database is away');
    return kernelProblems.busy({ headers: { 'retry-after': '1' } });
  }
  const constraint = violatedConstraint(error);
  if (constraint) {
    log.warn({ constraint, requestId: request.id }, 'the database refused');
    return kernelProblems.conflict({ detail: constraint });
  }
  log.error({ err: error, requestId: request.id, method: request.method, url: request.url.split('?')[0] }, 'defect');
  return kernelProblems.defect();
};

export const makeHttp = (options: HttpOptions): FastifyInstance => {
  const app = Fastify({
    logger: false,
    genReqId: () => randomUUID(),
    bodyLimit: bodyBytesDefault,
    routerOptions: { maxParamLength: 500 },
    requestTimeout: 120_000,
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
  });
  closeWithin(app);
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  app.addHook('onRequest', async (_request, reply) => {
    for (const [name, value] of Object.entries(headersOfSafety)) reply.header(name, value);
  });
  app.setErrorHandler((error, request, reply) => {
    const found = problemFrom(error, options.log, request);
    for (const [name, value] of Object.entries(found.headers ?? {})) reply.header(name, value);
    const body = problemBody(found, languageOf(request.headers), request.id);
    if (options.checkReplies) problemSchema.parse(body);
    return reply
      .code(found.definition.status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(JSON.stringify(body));
  });
  const seen = new Set<string>();
  for (const route of options.routes) {
    const { endpoint } = route;
    const name = `${endpoint.method} ${endpoint.path}`;
    if (seen.has(name)) throw new Error(`two routes at ${name}`);
    seen.add(name);
    app.route({
      method: endpoint.method,
      url: endpoint.path,
      bodyLimit: endpoint.rawBody ? Number.MAX_SAFE_INTEGER : (endpoint.bodyBytesMax ?? bodyBytesDefault),
      handler: async (request, reply) => {
        const started = performance.now();
        reply.raw.once('close', () => {
          options.onAnswer?.(endpoint.id, reply.statusCode, (performance.now() - started) / 1000);
          if (options.tracer) trace(endpoint, request, reply.statusCode, started, options.tracer);
        });
        return answer(options, route, request, reply);
      },
    });
  }
  return app;
};

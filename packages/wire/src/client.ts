/** A typed client over fetch: the same endpoint values that the server serves. Runs in Node and in browsers. */
import type { z } from 'zod';
import type { ProblemBody } from './common.ts';
import type { Endpoint } from './endpoint.ts';

type BodyInit = NonNullable<RequestInit['body']>;

/** A refusal by the server: `problem.code` is what callers branch on. */
export class ProblemError extends Error {
  readonly problem: ProblemBody;
  constructor(problem: ProblemBody) {
    const fields = problem.errors?.map((fault) => `${fault.field}: ${fault.message}`).join('; ');
    super(`${problem.code}: ${problem.detail || problem.title}${fields ? ` (${fields})` : ''}`);
    this.problem = problem;
  }
}

export interface ClientOptions {
  url: string;
  /** Session token or API key, sent as Bearer; browsers leave it out and use the cookie. */
  token?: string;
  fetch?: typeof fetch;
  headers?: Record<string, string>;
  /** Fresh key for each POST that names none. */
  newKey: () => string;
}

type Input<T> = T extends z.ZodType ? z.input<T> : never;
type Part<K extends string, T> = unknown extends Input<T> ? { [key in K]?: undefined } : { [key in K]: Input<T> };
export type CallInput<E> =
  E extends Endpoint<infer P, infer Q, infer B, z.ZodType>
    ? Part<'params', P> & (unknown extends Input<Q> ? { query?: undefined } : { query?: Input<Q> }) & Part<'body', B>
    : never;
export type CallOutput<E> = E extends Endpoint<z.ZodType, z.ZodType, z.ZodType, infer R> ? z.output<R> : never;
export interface CallOptions {
  idempotencyKey?: string;
  ifMatch?: string;
  rawBody?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export const addressOf = (path: string, params?: Record<string, unknown>, query?: Record<string, unknown>): string => {
  const filled = path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(String(params?.[key] ?? '')));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(key, String(one));
  }
  const tail = search.toString();
  return tail ? `${filled}?${tail}` : filled;
};

export const makeClient = (options: ClientOptions) => {
  const send = options.fetch ?? fetch;

  // biome-ignore lint/suspicious/noExplicitAny: the generic bound; the call's own types are inferred exactly.
  const raw = async (target: Endpoint<any, any, any, any>, input: any = {}, extra: CallOptions = {}) => {
    const headers: Record<string, string> = { accept: 'application/json', ...options.headers, ...extra.headers };
    if (options.token) headers.authorization = `Bearer ${options.token}`;
    if (target.method === 'POST') headers['idempotency-key'] = extra.idempotencyKey ?? options.newKey();
    if (extra.ifMatch) headers['if-match'] = extra.ifMatch;
    let body: BodyInit | undefined = extra.rawBody;
    if (input.body !== undefined) {
      headers['content-type'] = 'application/json';
      body = JSON.stringify(input.body);
    }
    const response = await send(options.url + addressOf(target.path, input.params, input.query), {
      method: target.method,
      headers,
      body,
      signal: extra.signal,
      credentials: 'same-origin',
    });
    if (!response.ok) throw await problemOf(response);
    return response;
  };

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const call = async <E extends Endpoint<any, any, any, any>>(
    target: E,
    input: CallInput<E>,
    extra?: CallOptions,
  ): Promise<CallOutput<E>> => (await raw(target, input, extra)).json() as Promise<CallOutput<E>>;

  return { call, raw, url: options.url };
};
export type Client = ReturnType<typeof makeClient>;

const problemOf = async (response: Response): Promise<Error> => {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as ProblemBody;
    if (typeof body.code === 'string') return new ProblemError(body);
  } catch {
    // not JSON: a proxy or something else answered
  }
  return new Error(`HTTP ${response.status}: ${text.slice(0, 300)}`);
};

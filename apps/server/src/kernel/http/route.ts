/** A route is an endpoint with its handler. */

import type { Readable } from 'node:stream';
import type { AnyEndpoint, Endpoint } from '@shugu/wire';
import type { z } from 'zod';
import type { Reader, Tx } from '../db/db.ts';
import type { Principal } from './principal.ts';

type Out<T, Otherwise = undefined> = unknown extends T ? Otherwise : T extends z.ZodType ? z.output<T> : Otherwise;

export interface RouteRequest<P, Q, B> {
  principal: Principal;
  params: P;
  query: Q;
  body: B;
  /** Open for POST, PUT, PATCH, DELETE; commits with the reply. A GET that touches it is a defect. */
  tx: Tx;
  read: Reader;
  /** The upload of a `rawBody` endpoint. */
  stream: Readable;
  headers: Record<string, string | undefined>;
  requestId: string;
  /** Adds headers to the answer: cookies, ETag, Content-Disposition. */
  setHeader(name: string, value: string): void;
  address: string;
}

/** Reply of a `bytes` endpoint. */
export interface BytesReply {
  body: Uint8Array | Readable;
  mediaType?: string;
  fileName?: string;
}

export interface Route {
  endpoint: AnyEndpoint;
  // biome-ignore lint/suspicious/noExplicitAny: the table is heterogeneous; `on` keeps each handler exact.
  handler: (request: RouteRequest<any, any, any>) => Promise<any>;
  /** Work with the outside (object store, bank) that must not hold a transaction open: the handler opens its own. */
  ownTransaction?: boolean;
  /** What waits for others elsewhere, before the transaction opens: what it returns stands in the place of the body. */
  // biome-ignore lint/suspicious/noExplicitAny: as with `handler`.
  before?: (request: RouteRequest<any, any, any>) => Promise<any>;
}

export const on = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  endpoint: Endpoint<P, Q, B, R>,
  handler: (request: RouteRequest<Out<P>, Out<Q>, Out<B>>) => Promise<z.input<R> | BytesReply>,
  options: { ownTransaction?: boolean } = {},
): Route => ({ endpoint, handler, ...options });

/** With what has to be learned from others first, and comes to the handler as its body. */
export const onReady = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType, Ready>(
  endpoint: Endpoint<P, Q, B, R>,
  before: (request: RouteRequest<Out<P>, Out<Q>, Out<B>>) => Promise<Ready>,
  handler: (request: RouteRequest<Out<P>, Out<Q>, Ready>) => Promise<z.input<R> | BytesReply>,
): Route => ({ endpoint, before, handler });

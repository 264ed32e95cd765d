/**
 * An endpoint is one door of the exchange: address, schemas and permission in one value. The server hangs a handler on it,
 * the typed client calls it, OpenAPI and the permission matrix are generated from it, so the three cannot drift apart.
 */
import type { z } from 'zod';

/** Text in the portal's two languages; Chinese is the first. */
export interface Text {
  zh: string;
  en: string;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** `public`: nobody needs to sign in. `signedIn`: any session or key. Otherwise a permission of the table in members. */
export type Permission = 'public' | 'signedIn' | (string & {});

export interface Endpoint<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> {
  /** `room.noun.verb`, stable: also the OpenAPI operationId. */
  id: string;
  method: Method;
  /** Starts with /api/; parameters as `:name`. */
  path: string;
  summary: Text;
  permission: Permission;
  params?: P;
  query?: Q;
  body?: B;
  reply: R;
  /** `json` unless said; `bytes` streams a file, its media type stands in `mediaType`. */
  replyKind?: 'json' | 'bytes';
  mediaType?: string;
  /** Body arrives as a raw stream (upload); `body` is then absent. */
  rawBody?: boolean;
  /** Largest JSON body in bytes; 256 KiB unless said. */
  bodyBytesMax?: number;
  /** Status of success: 200 unless said (201 for POST that creates). */
  status?: number;
  /** The reply carries a secret shown once: it is not kept for replays of the Idempotency-Key. */
  secretReply?: boolean;
  /** Harmless to repeat, so its Idempotency-Key is not recorded (sign-in, search by POST). */
  repeatable?: boolean;
  /** A GET that logs its reader because the content is sensitive. */
  readsLogged?: boolean;
}

export const endpoint = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  value: Endpoint<P, Q, B, R>,
): Endpoint<P, Q, B, R> => value;

/** A room's endpoints, by short name. */
// biome-ignore lint/suspicious/noExplicitAny: a heterogeneous table; each entry keeps its own exact type.
export type Endpoints = Record<string, Endpoint<any, any, any, any>>;
export type AnyEndpoint = Endpoints[string];

import type { Allowed, HashValue } from '@shugu/policy';
import type { GatewayProblem } from '../problem.ts';
import type { CallStop } from '../stop.ts';
import type { OpenSpan } from '../tracing/tracer.ts';
import type { FileConfig } from './file.ts';
import type { LookupConfig } from './lookup.ts';
import type { ProxyConfig } from './proxy.ts';
import type { QueryConfig } from './query/driver.ts';
import type { ShareConfig } from './share/manifest.ts';

/** A request as the gateway sees it; names of headers in lower case. */
export type GatewayRequest = {
  method: string;
  productId: string;
  /** What follows the product in the address, still percent-encoded, without a leading slash. */
  path: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string | undefined>>;
  body?: AsyncIterable<Uint8Array>;
  /** The connection's own, where it lasts longer than the request. */
  lastKey?: LastKey;
  /** Of a call that is traced. */
  span?: OpenSpan;
};

/** The key that was last shown on a connection, and its hash: most often it is shown again. */
export type LastKey = { key: string; keyHash: string };

export type Body = Uint8Array | AsyncIterable<Uint8Array>;

export type DriverConfig = LookupConfig | FileConfig | ProxyConfig | QueryConfig | ShareConfig;

/** What a request asks for, as far as the driver can tell before serving; the decision is made on it. */
export type Ask = {
  columns?: readonly string[];
  filterColumns?: readonly string[];
  /** Amounts that are certain; reserved before serving. */
  estimate?: { rows?: number; bytes?: number };
  /** False for requests that hand out nothing, such as HEAD: decided, not counted. */
  metered: boolean;
  /** A part of a use that was counted as a call when it began: its bytes are recorded, no call and no token is taken. */
  continues?: true;
};

export type ServeContext<Config> = {
  request: GatewayRequest;
  config: Config;
  effects: Allowed;
  /** Whether rows must be counted because a quota or a mask depends on them. */
  countRows: boolean;
  /** Replaces masked values; keyed per grant. */
  hash: HashValue;
  /** The key of `hash`, for a driver that masks elsewhere. */
  maskKey: Uint8Array;
  grantId: string;
  /** Query string that lets a path of this grant be read without a key, until `expires` (s since the epoch) or the grant's end. */
  sign: (path: string, expires: number) => string;
  /** ms since the epoch. */
  now: number;
  /** Stopped when the client leaves or the grant is withdrawn. */
  stop: CallStop;
};

export type DriverAnswer = {
  status: number;
  headers: Record<string, string>;
  body: Body;
  /** A stream whose rows are not known yet tells how many are in the pieces so far. */
  rows?: number | (() => number);
  /** False when nothing of the product was handed out (not modified, the upstream's own failure). */
  metered?: boolean;
};

/**
 * A way for data to leave. `ask` is pure; `serve` throws GatewayProblem and applies all effects of the decision. It answers at once
 * where it can: a promise costs each call a turn.
 */
export type Driver<Config extends DriverConfig> = {
  kind: Config['kind'];
  ask(request: GatewayRequest, config: Config): Ask | GatewayProblem;
  serve(context: ServeContext<Config>): DriverAnswer | Promise<DriverAnswer>;
};

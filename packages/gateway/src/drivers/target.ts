import { isIP } from 'node:net';
import { GatewayProblem } from '../problem.ts';
import type { AddressCheck } from './addresses.ts';
import type { GatewayRequest } from './driver.ts';

/** Where requests of one upstream go: what can be known of its address once. */
export type Base = {
  upstream: string;
  origin: string;
  /** As the Host header names it. */
  host: string;
  /** Path with a slash at the end, below which everything lies. */
  pathname: string;
  /** Path and query of the upstream itself. */
  self: string;
  /** A literal address that may not be connected to; it never reaches a look-up, so it is checked here. */
  refused: boolean;
};

export function baseOf(upstream: string, check: AddressCheck): Base {
  const { origin, host, pathname, search, hostname } = new URL(upstream);
  const address = hostname.replace(/^\[|\]$/g, '');
  return {
    upstream,
    origin,
    host,
    pathname: pathname.endsWith('/') ? pathname : `${pathname}/`,
    self: pathname + search,
    refused: isIP(address) !== 0 && !check(address),
  };
}

/** Characters that a URL keeps in a path as they are. */
const PLAIN_PATH = /^[\w\-.~!$&'()*+,;=:@%/]*$/;
/** Encoded slashes and dots could climb out of the base after another decoding; so could empty parts. */
const CLIMBING = /%2f|%5c|%2e|%00|\\|(?:^|\/)\.{0,2}(?:\/|$)/i;

/** Path and query at the upstream for a request. */
export function targetOf({ path, query }: GatewayRequest, base: Base): string | GatewayProblem {
  if (path !== '' && CLIMBING.test(path)) return new GatewayProblem('requestInvalid', { detail: 'path' });
  if (query.size === 0 && PLAIN_PATH.test(path)) return path === '' ? base.self : base.pathname + path;
  const below = `${base.origin}${base.pathname}`;
  const target = path === '' ? new URL(base.upstream) : new URL(`./${path}`, below);
  if (path !== '' && !target.href.startsWith(below)) return new GatewayProblem('requestInvalid', { detail: 'path' });
  for (const [name, value] of query) target.searchParams.append(name, value);
  return target.pathname + target.search;
}

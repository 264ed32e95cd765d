import { GatewayProblem } from '../../problem.ts';
import type { GatewayRequest } from '../driver.ts';

/** What an address of the Delta Sharing protocol asks for, below `/delta-sharing`; names as given, decoded. */
export type ShareRoute =
  | { act: 'shares' }
  | { act: 'share' | 'schemas' | 'allTables'; share: string }
  | { act: 'tables'; share: string; schema: string }
  | { act: 'version' | 'metadata' | 'query' | 'changes'; share: string; schema: string; table: string }
  | { act: 'file'; file: string };

const TABLE_ACTS: Readonly<Record<string, ['GET' | 'POST', 'version' | 'metadata' | 'query' | 'changes']>> = {
  version: ['GET', 'version'],
  metadata: ['GET', 'metadata'],
  query: ['POST', 'query'],
  changes: ['GET', 'changes'],
};

/** Parts that the protocol knows and this server does not offer: it advertises `url` access and answers at once. */
const NOT_OFFERED = new Set(['temporary-table-credentials', 'queries']);

export function routeOf({ method, path }: Pick<GatewayRequest, 'method' | 'path'>): ShareRoute | GatewayProblem {
  const parts = partsOf(path);
  if (!parts) return new GatewayProblem('notFound');
  const [root, share, schemas, schema, tables, table, act, ...more] = parts;
  if (root === 'files') return onlyRead(method, parts.length === 2 ? { act: 'file', file: share as string } : null);
  if (root !== 'shares') return new GatewayProblem('notFound');
  if (share === undefined) return onlyRead(method, { act: 'shares' });
  if (schemas === undefined) return onlyRead(method, { act: 'share', share });
  if (schemas === 'all-tables') return onlyRead(method, schema === undefined ? { act: 'allTables', share } : null);
  if (schemas !== 'schemas') return new GatewayProblem('notFound');
  if (schema === undefined) return onlyRead(method, { act: 'schemas', share });
  if (tables !== 'tables') return new GatewayProblem('notFound');
  if (table === undefined) return onlyRead(method, { act: 'tables', share, schema });
  if (act !== undefined && NOT_OFFERED.has(act)) return new GatewayProblem('notSupported', { detail: act });
  if (more.length > 0) return new GatewayProblem('notFound');
  // The old form of asking for the version: HEAD on the table itself.
  if (act === undefined)
    return method === 'HEAD' ? { act: 'version', share, schema, table } : new GatewayProblem('notFound');
  const known = Object.hasOwn(TABLE_ACTS, act) ? TABLE_ACTS[act] : undefined;
  if (!known) return new GatewayProblem('notFound');
  if (method !== known[0]) return notAllowed(known[0]);
  return { act: known[1], share, schema, table };
}

function onlyRead(method: string, route: ShareRoute | null): ShareRoute | GatewayProblem {
  if (!route) return new GatewayProblem('notFound');
  return method === 'GET' || method === 'HEAD' ? route : notAllowed('GET, HEAD');
}

function notAllowed(allow: string): GatewayProblem {
  return new GatewayProblem('methodNotAllowed', { headers: { allow } });
}

function partsOf(path: string): string[] | null {
  try {
    return path.split('/').map(decodeURIComponent);
  } catch {
    return null;
  }
}

/** The part of a list that was asked for. @throws requestInvalid */
export function pageOf<T>(items: readonly T[], query: URLSearchParams): { items: T[]; nextPageToken?: string } {
  const asked = query.get('maxResults');
  const from = query.get('pageToken') ? offsetOf(query.get('pageToken') as string) : 0;
  if (asked !== null && !/^\d{1,9}$/.test(asked)) throw new GatewayProblem('requestInvalid', { detail: 'maxResults' });
  const size = asked === null ? PAGE_SIZE : Math.min(Number(asked), PAGE_SIZE);
  const page = items.slice(from, from + size);
  const next = from + page.length;
  return { items: page, ...(next < items.length ? { nextPageToken: tokenOf(next) } : {}) };
}

const PAGE_SIZE = 500;

export function tokenOf(...numbers: number[]): string {
  return Buffer.from(numbers.join('.')).toString('base64url');
}

/** @throws requestInvalid */
export function numbersOf(token: string, count: number): number[] {
  const text = Buffer.from(token, 'base64url').toString();
  const numbers = text.split('.').map(Number);
  if (!/^\d{1,9}(\.\d{1,9})*$/.test(text) || numbers.length !== count)
    throw new GatewayProblem('requestInvalid', { detail: 'pageToken' });
  return numbers;
}

const offsetOf = (token: string): number => numbersOf(token, 1)[0] as number;

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Access, onAccess } from './access.ts';
import { balanceAnswer } from './balance.ts';
import { deltaSharing } from './drivers/share/door.ts';
import type { Gateway } from './gateway.ts';
import type { GrantBook } from './grants.ts';
import { gatewayRequest, nodeHandler } from './node.ts';
import type { PlainOptions } from './plain/connection.ts';
import type { QuotaStore } from './quota.ts';
import { traceOf } from './tracing/context.ts';

export type AddressesOptions = {
  gateway: Gateway;
  book: GrantBook;
  quota: Pick<QuotaStore, 'slot'>;
  now: () => number;
  timer: () => number;
  /** Told of every answer: what was asked of which line, never with what. */
  tell: (access: Access) => void;
};

/** A request whose line is known; nothing is decided or served before `answer`. */
export type Addressed = {
  line: string;
  answer: () => Promise<void>;
};

const DATA = /^\/gateway\/(api|file|proxy|query)\/(grt_[0-9a-z]{26})(\/[^?]*)?(\?.*)?$/;
const BALANCE = /^\/gateway\/balance\/(grt_[0-9a-z]{26})$/;
const PREFIX = '/gateway';
/** With every answer. */
const HEADERS = { 'x-content-type-options': 'nosniff' } as const;
/** Stands for the product of a grant that does not exist: it is answered exactly as somebody else's would be. */
const NO_PRODUCT = '-';

/** The address of a line as the gateway reads it, which finds the line in a header. */
const addressOf = (book: GrantBook, line: string, rest: string, query: string): string =>
  `${PREFIX}/${encodeURIComponent(book.get(line)?.productId ?? NO_PRODUCT)}${rest}${query}`;

/**
 * The one map of addresses, at the exchange and at gateways of their own process: `/gateway/{api|file|proxy|query}/{grant}/…`,
 * `/gateway/balance/{grant}`, and Delta Sharing below `/delta-sharing`. People address a grant and a kind of delivery; the gateway
 * addresses a product and takes the line from a header. The path is kept as it came: the gateway itself refuses what climbs out of it.
 */
export function gatewayAddresses({ gateway, book, quota, now, timer, tell }: AddressesOptions) {
  const data = nodeHandler(gateway, { prefix: PREFIX });
  const shares = nodeHandler(deltaSharing(gateway, book), { prefix: '/delta-sharing' });

  const find = (request: IncomingMessage, response: ServerResponse): Addressed => {
    const { url = '', method } = request;
    // Only addresses of files name their line; the protocol's other endpoints find it by the key.
    if (url.startsWith('/delta-sharing/'))
      return {
        line: new URLSearchParams(url.split('?')[1]).get('grant') ?? '',
        answer: () => shares(request, response),
      };
    const balance = method === 'GET' ? BALANCE.exec(url)?.[1] : undefined;
    if (balance) return { line: '', answer: async () => answerBalance(request, response, balance) };
    const [, kind, grant, rest = '', query = ''] = DATA.exec(url) ?? [];
    const line = grant ? `${grant}.${kind}` : '';
    return {
      line,
      answer: () => {
        request.url = addressOf(book, line, rest, query);
        request.headers['x-grant'] = line;
        return data(request, response);
      },
    };
  };
  const answerBalance = (request: IncomingMessage, response: ServerResponse, grant: string): void => {
    const held = request.headers as Record<string, string | undefined>;
    const { status, headers, body } = balanceAnswer(held, grant, { grants: book, quota, now: now() });
    response.writeHead(status, headers).end(body);
  };

  return (request: IncomingMessage, response: ServerResponse): Addressed => {
    const found = find(request, response);
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    onAccess(request, response, { line: () => (book.get(found.line) ? found.line : ''), timer, tell });
    return found;
  };
}

/** Data addresses of the same map by plain requests; whatever else is asked, and all while `serving` says no, is node:http's. */
export const plainAddresses = (
  { gateway, book, now, tell }: AddressesOptions,
  serving: () => boolean,
): PlainOptions => ({
  gateway,
  headers: HEADERS,
  clock: now,
  read: (url, headers) => {
    const [, kind, grant, rest = '', query = ''] = DATA.exec(url) ?? [];
    if (!grant || !serving()) return null;
    const line = `${grant}.${kind}`;
    headers['x-grant'] = line;
    return gatewayRequest({ method: 'GET', url: addressOf(book, line, rest, query), headers }, PREFIX);
  },
  tell: ({ request, status, bytes, ms, receipt }) => {
    const { 'x-grant': line = '', traceparent } = request.headers;
    const trace = traceOf(traceparent);
    tell({
      line: book.get(line) ? line : '',
      method: request.method,
      status,
      bytes,
      ms: Math.round(ms * 100) / 100,
      ...(receipt === undefined ? {} : { receipt }),
      ...(trace === undefined ? {} : { trace }),
    });
  },
});

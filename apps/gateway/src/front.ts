/**
 * Addresses and answers: `/gateway/{kind}/{grant}/…` and `/gateway/balance/{grant}` as at the exchange, Delta Sharing below
 * `/delta-sharing`, `/health`, `/metrics`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Access,
  balanceAnswer,
  deltaSharing,
  type Gateway,
  GatewayProblem,
  type GrantBook,
  nodeHandler,
  onAccess,
  problemAnswer,
  type QuotaStore,
} from '@shugu/gateway';

const address = /^\/gateway\/([a-z]{1,20})\/(grt_[0-9a-z]{26})(\/[^?]*)?(\?.*)?$/;
const balanceAddress = /^\/gateway\/balance\/(grt_[0-9a-z]{26})$/;
/** Stands for the product of a grant that does not exist: it is answered exactly as somebody else's would be. */
const noProduct = '-';

/** Only addresses of files name their line; the other endpoints find it by the key. */
const sharedLine = (url: string): string => new URLSearchParams(url.split('?')[1]).get('grant') ?? '';

export interface FrontOptions {
  gateway: Gateway;
  book: GrantBook;
  quota: Pick<QuotaStore, 'slot'>;
  now(): number;
  serving(): boolean;
  health(): { status: number; body: object };
  metrics(): string;
  /** Told of every answer: what was asked of which line, never with what. */
  onAnswer(answer: Access): void;
  timer(): number;
}

const plain = (response: ServerResponse, status: number, mediaType: string, text: string): void => {
  response.writeHead(status, { 'content-type': mediaType, 'cache-control': 'no-store' }).end(text);
};

const refuse = (response: ServerResponse, problem: GatewayProblem): void => {
  const { status, headers, body } = problemAnswer(problem);
  response.writeHead(status, headers).end(body);
};

export const front = (options: FrontOptions) => {
  const { book, onAnswer, timer } = options;
  const data = nodeHandler(options.gateway, { prefix: '/gateway' });
  const shares = nodeHandler(deltaSharing(options.gateway, book), { prefix: '/delta-sharing' });
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('x-content-type-options', 'nosniff');
    if (request.url === '/health') {
      const { status, body } = options.health();
      return plain(response, status, 'application/json; charset=utf-8', JSON.stringify(body));
    }
    if (request.url === '/metrics') return plain(response, 200, 'text/plain; version=0.0.4', options.metrics());
    const [, kind, grant, rest = '', query = ''] = address.exec(request.url ?? '') ?? [];
    const isShare = request.url?.startsWith('/delta-sharing/') ?? false;
    const line = isShare ? sharedLine(request.url!) : grant ? `${grant}.${kind}` : '';
    onAccess(request, response, { line: () => (book.get(line) ? line : ''), timer, tell: onAnswer });
    // Asked before anything is known of the caller, so that a gateway that is cut off tells nobody anything.
    if (!options.serving()) return refuse(response, new GatewayProblem('cutOff', { headers: { 'retry-after': '5' } }));
    if (isShare) return void (await shares(request, response).catch(() => void response.destroy()));
    const balance = request.method === 'GET' ? balanceAddress.exec(request.url ?? '')?.[1] : undefined;
    if (balance) {
      const asked = { grants: book, quota: options.quota, now: options.now() };
      const { status, headers, body } = balanceAnswer(request.headers as Record<string, string>, balance, asked);
      return void response.writeHead(status, headers).end(body);
    }
    request.url = `/gateway/${encodeURIComponent(book.get(line)?.productId ?? noProduct)}${rest}${query}`;
    request.headers['x-grant'] = line;
    await data(request, response).catch(() => void response.destroy());
  };
};

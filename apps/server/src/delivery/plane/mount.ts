/**
 * The gateway's addresses on the server, outside the JSON routes: `/gateway/{api|file|proxy|query}/{grant}/…`, what is left of a grant
 * at `/gateway/balance/{grant}`, and the endpoints of Delta Sharing below `/delta-sharing`.
 */
import {
  type Access,
  balanceAnswer,
  deltaSharing,
  type Gateway,
  type GrantBook,
  nodeHandler,
  onAccess,
  type QuotaStore,
} from '@shugu/gateway';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DeliveryKind } from '../model.ts';
import { lineOf } from '../rules.ts';

const address = /^\/gateway\/(api|file|proxy|query)\/(grt_[0-9a-z]{26})(\/[^?]*)?(\?.*)?$/;
/** Stands for the product of a grant that does not exist: it is answered exactly as somebody else's would be. */
const noProduct = '-';

export interface MountedPlane {
  gateway: Gateway;
  book: GrantBook;
  quota: Pick<QuotaStore, 'slot'>;
}

/** Answers under way, with the line that each stands on. */
export type RunningAnswers = Map<Promise<void>, string>;

/**
 * Until the answers of withdrawn grants are over and recorded: they are cut at the withdrawal, but what they had sent is
 * written a moment later, and a bill must hold it.
 */
export const endedAnswers = async ({ book }: Pick<MountedPlane, 'book'>, running: RunningAnswers): Promise<void> => {
  const ended = [...running].filter(([, line]) => book.get(line)?.status === 'withdrawn');
  await Promise.allSettled(ended.map(([answer]) => answer));
};

/**
 * People address a grant and a kind of delivery; the gateway addresses a product and takes the line from a header. The
 * path is kept as it came: the gateway itself refuses what climbs out of it.
 */
export const mountGateway = async (
  app: FastifyInstance,
  plane: () => MountedPlane,
  running: RunningAnswers,
  now: () => number,
  tell: (access: Access) => void,
): Promise<void> => {
  const timer = () => performance.now();
  const follow = (answering: Promise<void>, line: string, reply: FastifyReply): void => {
    running.set(answering, line);
    answering.catch(() => reply.raw.destroy()).finally(() => running.delete(answering));
  };
  const handle = (request: FastifyRequest, reply: FastifyReply): void => {
    const { gateway, book } = plane();
    const { raw } = request;
    reply.hijack();
    reply.raw.setHeader('x-content-type-options', 'nosniff');
    const [, kind, grant, rest = '', query = ''] = address.exec(raw.url ?? '') ?? [];
    const line = grant ? lineOf(grant, kind as DeliveryKind) : '';
    raw.url = `/gateway/${encodeURIComponent(book.get(line)?.productId ?? noProduct)}${rest}${query}`;
    raw.headers['x-grant'] = line;
    onAccess(raw, reply.raw, { line: () => (book.get(line) ? line : ''), timer, tell });
    follow(nodeHandler(gateway, { prefix: '/gateway' })(raw, reply.raw), line, reply);
  };
  const handleShare = (request: FastifyRequest, reply: FastifyReply): void => {
    const { gateway, book } = plane();
    reply.hijack();
    reply.raw.setHeader('x-content-type-options', 'nosniff');
    const line = book.get(new URLSearchParams(request.raw.url?.split('?')[1]).get('grant') ?? '')?.id ?? '';
    onAccess(request.raw, reply.raw, { line: () => line, timer, tell });
    follow(nodeHandler(deltaSharing(gateway, book), { prefix: '/delta-sharing' })(request.raw, reply.raw), line, reply);
  };
  const handleBalance = (request: FastifyRequest<{ Params: { grant: string } }>, reply: FastifyReply): FastifyReply => {
    const { book, quota } = plane();
    const held = request.headers as Record<string, string | undefined>;
    const { status, headers, body } = balanceAnswer(held, request.params.grant, { grants: book, quota, now: now() });
    return reply.code(status).headers(headers).send(body);
  };
  await app.register(async (scope) => {
    // Bodies stay unread: the proxy streams them.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.get('/gateway/balance/:grant', { exposeHeadRoute: false }, handleBalance);
    for (const path of ['/gateway/:kind/:grant', '/gateway/:kind/:grant/*'])
      scope.route({
        method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        url: path,
        exposeHeadRoute: false,
        handler: handle,
      });
    scope.route({
      method: ['GET', 'HEAD', 'POST'],
      url: '/delta-sharing/*',
      exposeHeadRoute: false,
      handler: handleShare,
    });
    // Running answers would keep the server waiting for its connections; and what they had sent must be recorded still.
    scope.addHook('preClose', async () => {
      plane().gateway.close();
      await Promise.allSettled(running.keys());
    });
  });
};

/** The gateway's addresses (package gateway) on the server, outside the JSON routes. */
import {
  type Access,
  type Addressed,
  type Gateway,
  type GrantBook,
  gatewayAddresses,
  type QuotaStore,
} from '@shugu/gateway';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

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

export const mountGateway = async (
  app: FastifyInstance,
  plane: () => MountedPlane,
  running: RunningAnswers,
  now: () => number,
  tell: (access: Access) => void,
): Promise<void> => {
  let addressed: ReturnType<typeof gatewayAddresses> | undefined;
  const follow = ({ answer, line }: Addressed, reply: FastifyReply): void => {
    const answering = answer();
    running.set(answering, line);
    answering.catch(() => reply.raw.destroy()).finally(() => running.delete(answering));
  };
  const handle = ({ raw }: FastifyRequest, reply: FastifyReply): void => {
    // The plane opens after its addresses are known.
    addressed ??= gatewayAddresses({ ...plane(), now, timer: () => performance.now(), tell });
    reply.hijack();
    follow(addressed(raw, reply.raw), reply);
  };
  await app.register(async (scope) => {
    // Bodies stay unread: the proxy streams them.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
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
      handler: handle,
    });
    // Running answers would keep the server waiting for its connections; and what they had sent must be recorded still.
    scope.addHook('preClose', async () => {
      plane().gateway.close();
      await Promise.allSettled(running.keys());
    });
  });
};

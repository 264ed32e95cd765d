/** The way in for messages of others, whatever they are about: their form, how many a source may send, what is said where it fails. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { RateLimit } from '../kernel/limits.ts';

export interface DoorOptions {
  bodyBytesMax: number;
  perSource: RateLimit;
  log: Logger;
  /** In the words of the protocol; no more is told than the code. */
  refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    code: 'tooFast' | 'malformed' | 'defect',
  ): FastifyReply;
}

/** Sets up a scope of its own; a body that is no JSON comes as `undefined`, and is answered as any other message that is none. */
export const makeDoor = (scope: FastifyInstance, { bodyBytesMax, perSource, log, refuse }: DoorOptions): void => {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    ['application/json', 'application/ld+json'],
    { parseAs: 'string', bodyLimit: bodyBytesMax },
    (_request, text, done) => {
      try {
        done(null, JSON.parse(String(text)));
      } catch {
        done(null, undefined);
      }
    },
  );
  // Before the body is read, and before anybody is asked who they are.
  scope.addHook('onRequest', async (request, reply) => {
    const wait = perSource.take(request.ip, performance.now());
    return wait > 0 ? refuse(request, reply.header('retry-after', String(wait)), 429, 'tooFast') : undefined;
  });
  scope.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode && error.statusCode < 500 ? error.statusCode : 500;
    if (status === 500) log.error({ err: error, url: request.url.split('?')[0] }, 'defect');
    return refuse(request, reply, status, status === 500 ? 'defect' : 'malformed');
  });
};

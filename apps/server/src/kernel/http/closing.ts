/** How the door closes: no new calls, those under way have a moment, and nobody keeps the house open. */
import type { FastifyInstance } from 'fastify';

export const closingGraceMs = 5000;

/**
 * A server that closes ends the connections that are idle then. One that is busy then would stay open after its answer for as
 * long as it may be kept alive, and one whose reader has stopped reading for ever: the first are told to close, all are ended
 * after the grace.
 */
export const closeWithin = (app: FastifyInstance, graceMs = closingGraceMs): void => {
  let end: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    end = setTimeout(() => app.server.closeAllConnections(), graceMs);
  });
  app.addHook('onSend', async (_request, reply) => {
    if (end) reply.header('connection', 'close');
  });
  app.addHook('onClose', async () => clearTimeout(end));
};

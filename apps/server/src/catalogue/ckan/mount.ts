/**
 * The façade’s addresses below `/ckan`, outside the JSON routes: CKAN's clients expect its shapes, its faults and parameters
 * in the address or in a body alike. Whatever is asked by POST only reads too.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Reader } from '../../kernel/db/db.ts';
import type { RateLimit } from '../../kernel/limits.ts';
import { type CkanDeps, makeActions } from './actions.ts';
import { CkanFault } from './fault.ts';
import type { Asked } from './query.ts';

export interface CkanMount extends CkanDeps {
  read: Reader;
  perSource: RateLimit;
}

const isObject = (value: unknown): value is Asked =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const askedBy = (request: FastifyRequest): Asked => {
  const body = request.body ?? {};
  if (!isObject(body)) throw new CkanFault('Validation Error', 'The body is no JSON object');
  return { ...(request.query as Asked), ...body };
};

export const mountCkan = async (app: FastifyInstance, deps: CkanMount): Promise<void> => {
  const actions = makeActions(deps, deps.read);
  const send = (reply: FastifyReply, status: number, value: unknown): FastifyReply =>
    reply
      .code(status)
      .header('content-type', 'application/json;charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(JSON.stringify(value));

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const wait = deps.perSource.take(request.ip, performance.now());
    if (wait > 0) return send(reply.header('retry-after', String(wait)), 429, 'Too many requests');
    const { action: name } = request.params as { action: string };
    if (!Object.hasOwn(actions, name))
      return send(reply, 400, `Bad request - Action name not known: ${name.slice(0, 100)}`);
    const help = `${deps.publicUrl().replace(/\/$/, '')}/ckan/api/3/action/help_show?name=${name}`;
    try {
      return send(reply, 200, { help, success: true, result: await actions[name]!.run(askedBy(request)) });
    } catch (error) {
      if (!(error instanceof CkanFault)) throw error;
      return send(reply, error.status, { help, success: false, error: error.body });
    }
  };

  await app.register(async (scope) => {
    // Anybody may look, from any page: what is shown is public, and no session is read here.
    scope.addHook('onRequest', async (_request, reply) => void reply.header('access-control-allow-origin', '*'));
    scope.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
      const status = error.statusCode ?? 500;
      if (status >= 500) throw error;
      return send(reply, status, `Bad request - ${error.message.slice(0, 200)}`);
    });
    for (const path of ['/ckan/api/3', '/ckan/api']) {
      scope.get(path, async (_request, reply) => send(reply, 200, { version: 3 }));
      scope.route({ method: ['GET', 'POST'], url: `${path}/action/:action`, handler: answer });
    }
  });
};

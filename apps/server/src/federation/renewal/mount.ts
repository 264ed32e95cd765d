/** The refresh endpoint of a participant, `/dsp/{participant}/token`: OAuth 2.0's own form and answers (RFC 6749 5 and 6). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimit } from '../../kernel/limits.ts';
import { makeDoor } from '../door.ts';
import { connectorOf } from '../reads.ts';
import type { Room } from '../service/room.ts';
import { refresh } from './giving.ts';
import { renewalLimits as limits, TOKEN_PATH } from './model.ts';

type Fields = Record<string, unknown>;
interface Answer {
  status: number;
  body: object;
  retryAfter?: number;
}

const refused = (error: string, status = 400): Answer => ({ status, body: { error } });

/** Each parameter once; the profile's example has them in the address, OAuth 2.0 in the body. */
const fieldsOf = ({ query, body }: FastifyRequest): Fields => ({
  ...(query as Fields),
  ...(typeof body === 'object' && body !== null ? (body as Fields) : {}),
});

const answer = async (room: Room, request: FastifyRequest): Promise<Answer> => {
  const { grant_type: grant, refresh_token: refreshToken } = fieldsOf(request);
  if (typeof grant !== 'string') return refused('invalid_request');
  if (grant !== 'refresh_token') return refused('unsupported_grant_type');
  if (typeof refreshToken !== 'string' || refreshToken.length > 500) return refused('invalid_request');
  const connector = await connectorOf(room.database, (request.params as { participant: string }).participant);
  // A closed connector, and none, are as a token that renews nothing.
  if (!connector) return refused('invalid_grant');
  const { authorization } = request.headers;
  const told = await refresh(room, connector, { refreshToken, authorization });
  if (!('error' in told)) return { status: 200, body: told };
  if (told.error === 'slow_down') return { ...refused(told.error, 429), retryAfter: told.retryAfter };
  return refused(told.error, told.error === 'invalid_client' ? 401 : 400);
};

export const mountRenewal = async (app: FastifyInstance, room: Room, perSource: RateLimit): Promise<void> => {
  const tell = (reply: FastifyReply, { status, body, retryAfter }: Answer): FastifyReply => {
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.code(status).header('cache-control', 'no-store').type('application/json').send(body);
  };
  await app.register(async (scope) => {
    makeDoor(scope, {
      ...{ bodyBytesMax: limits.bodyBytesMax, perSource, log: room.log },
      refuse: (_request, reply, status, code) =>
        tell(
          reply,
          refused(code === 'tooFast' ? 'slow_down' : code === 'defect' ? 'server_error' : 'invalid_request', status),
        ),
    });
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: limits.bodyBytesMax },
      (_request, text, done) => done(null, Object.fromEntries(new URLSearchParams(String(text)))),
    );
    scope.route({
      method: 'POST',
      url: `/dsp/:participant${TOKEN_PATH}`,
      handler: async (request, reply) => tell(reply, await answer(room, request)),
    });
  });
};

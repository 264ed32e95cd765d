/** The issuer's endpoints below the node's own address: requests and their status by tokens of the holder, metadata for everybody. */

import type { Answer } from '@shugu/claims';
import { paths } from '@shugu/claims';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { RateLimit } from '../../kernel/limits.ts';
import type { Claims } from '../claims/claims.ts';
import { ISSUER_PATH, claimsLimits as limits } from '../claims/room.ts';
import { makeDoor } from '../door.ts';
import { issuerOf } from './issuer.ts';

type Params = { id: string };

export const mountIssuer = async (app: FastifyInstance, { room }: Claims, perSource: RateLimit): Promise<void> => {
  await app.register(async (scope) => {
    makeDoor(scope, {
      ...{ bodyBytesMax: limits.bodyBytesMax, perSource, log: room.log },
      refuse: (_request, reply, status, code) => reply.code(status).type('application/json').send({ error: code }),
    });
    const say = (reply: FastifyReply, { status, headers, body }: Answer): FastifyReply =>
      reply
        .code(status)
        .headers(headers ?? {})
        .type('application/json')
        .send(body ? JSON.stringify(body) : '');
    const service = () => issuerOf(room, { standing: true });
    scope.post(`${ISSUER_PATH}${paths.credentials}`, async ({ headers, body }, reply) =>
      say(reply, await (await service()).request(headers.authorization, body)),
    );
    const get = { exposeHeadRoute: false };
    scope.get<{ Params: Params }>(`${ISSUER_PATH}${paths.requests}/:id`, get, async ({ headers, params }, reply) =>
      say(reply, await (await service()).status(headers.authorization, params.id)),
    );
    scope.get(`${ISSUER_PATH}${paths.metadata}`, get, async (_request, reply) =>
      say(reply, (await service()).metadata()),
    );
  });
};

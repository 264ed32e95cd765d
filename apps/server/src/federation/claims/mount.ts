/** What others read and ask of claims: DID documents, status lists, and a participant's credential service. All of it is public. */
import { type Profile, profiles } from '@shugu/claims';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimit } from '../../kernel/limits.ts';
import { makeDoor } from '../door.ts';
import { connectorOf } from '../reads.ts';
import type { Claims } from './claims.ts';
import { documentOf, nodeDocument } from './keys.ts';
import { statusList } from './membership.ts';
import { claimsLimits as limits, STATUS_PATHS, WALLET_PATH } from './room.ts';
import { walletOf } from './wallet.ts';

type Params = { participant: string; list: string };
type Asked = FastifyRequest<{ Params: Params }>;
type Wallet = Awaited<ReturnType<typeof walletOf>>;

const tell = (reply: FastifyReply, status: number, error: string): FastifyReply =>
  reply.code(status).type('application/json').send({ error });

/** VC-JOSE-COSE 1.0, 6.1; the older data model registers none for a signed credential. */
const mediaTypes: Record<Profile, string> = {
  'vc20-bssl/jwt': 'application/vc+jwt',
  'vc11-sl2021/jwt': 'application/jwt',
};

const unknown = (reply: FastifyReply): FastifyReply => tell(reply, 404, 'unknown');

export const mountClaims = async (app: FastifyInstance, { room }: Claims, perSource: RateLimit): Promise<void> => {
  await app.register(async (scope) => {
    makeDoor(scope, {
      ...{ bodyBytesMax: limits.bodyBytesMax, perSource, log: room.log },
      refuse: (_request, reply, status, code) => tell(reply, status, code),
    });

    const document = (url: string, make: (request: Asked) => Promise<object | undefined>) =>
      scope.get<{ Params: Params }>(url, { exposeHeadRoute: false }, async (request, reply) => {
        const made = await make(request);
        return made ? reply.type('application/did+json').send(JSON.stringify(made)) : unknown(reply);
      });
    const own = () => nodeDocument(room);
    document('/.well-known/did.json', own);
    // Of a node that outsiders reach below a path.
    document('/did.json', own);
    document('/dsp/:participant/did.json', async ({ params: { participant } }) =>
      (await connectorOf(room.database, participant)) ? documentOf(room, participant) : undefined,
    );
    for (const profile of profiles)
      scope.get<{ Params: Params }>(
        `${STATUS_PATHS[profile]}/:list`,
        { exposeHeadRoute: false },
        async (request, reply) => {
          const { list } = request.params;
          const signed = /^\d{1,6}$/.test(list) ? await statusList(room, profile, Number(list)) : undefined;
          return signed ? reply.type(mediaTypes[profile]).send(signed) : unknown(reply);
        },
      );
    const serve = (
      path: string,
      answer: (wallet: Wallet, authorization: string | undefined, body: unknown) => ReturnType<Wallet['query']>,
    ) =>
      scope.post<{ Params: Params }>(`/dsp/:participant${WALLET_PATH}${path}`, async (request, reply) => {
        const { participant } = request.params;
        if (!(await connectorOf(room.database, participant))) return unknown(reply);
        const { status, headers, body } = await answer(
          await walletOf(room, participant),
          request.headers.authorization,
          request.body,
        );
        return reply
          .code(status)
          .headers(headers ?? {})
          .type('application/json')
          .send(body ? JSON.stringify(body) : '');
      });
    serve('/presentations/query', (wallet, authorization, body) => wallet.query(authorization, body));
    serve('/credentials', (wallet, authorization, body) => wallet.deliver(authorization, body));
    serve('/offers', (wallet, authorization, body) => wallet.offer(authorization, body));
  });
};

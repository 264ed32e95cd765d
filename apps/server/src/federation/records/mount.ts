/**
 * `/dsp/{participant}/2025-1/records/…`: a counter-party reads what it has with this participant, by the same token as for a message
 * of the protocol. Whoever shows no identity: 401, whatever is asked for; what is somebody else's or nobody's: 404, all alike.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimit } from '../../kernel/limits.ts';
import { Problem } from '../../kernel/problem.ts';
import { makeDoor } from '../door.ts';
import { errorOf } from '../messages.ts';
import { limits } from '../model.ts';
import { connectorNamed, connectorOf } from '../reads.ts';
import { PATH, type Room } from '../service/room.ts';
import { type Between, mediaTypes, type PaperPart, RECORDS_PATH, recordLimits } from './model.ts';

type Params = { participant: string; id?: string; part?: string };
type Asked = FastifyRequest<{ Params: Params; Querystring: { after?: string } }>;
type Answer = object | { bytes: Uint8Array; mediaType: string } | undefined;

const refused = (reply: FastifyReply, status: number, code: string): FastifyReply =>
  reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('application/json')
    .send(JSON.stringify(errorOf('catalog', { consumerPid: '', providerPid: '' }, { code })));

const isPart = (part: string | undefined): part is PaperPart => part !== undefined && Object.hasOwn(mediaTypes, part);
const textMax = 500;

export const mountRecords = async (app: FastifyInstance, room: Room, perSource: RateLimit): Promise<void> => {
  const { database, records, dids } = room;
  /** Who asks, as an organisation here: undefined for whoever never traded. */
  const readerOf = async (name: string): Promise<string | undefined> =>
    (await connectorNamed(database, name, dids.participantOf(name))) ?? records.recognised(database, name);

  await app.register(async (scope) => {
    makeDoor(scope, {
      ...{ bodyBytesMax: limits.bodyBytesMax, perSource, log: room.log },
      refuse: (_request, reply, status, code) => refused(reply, status, code),
    });
    const serve = (path: string, answer: (of: Between, request: Asked) => Promise<Answer>) =>
      scope.get<{ Params: Params; Querystring: { after?: string } }>(
        `/dsp/:participant${PATH}${RECORDS_PATH}${path}`,
        { exposeHeadRoute: false },
        async (request, reply) => {
          const { participant } = request.params;
          const connector = await connectorOf(database, participant);
          if (!connector) return refused(reply, 404, 'unknown');
          const sender = await room.identity.identify(connector, request.headers.authorization);
          if (!sender) return refused(reply, 401, 'unauthorized');
          const buyer = await readerOf(sender.name);
          if (!buyer || buyer === participant) return refused(reply, 404, 'unknown');
          try {
            const found = await answer({ buyer, supplier: participant }, request);
            if (!found) return refused(reply, 404, 'unknown');
            reply.header('cache-control', 'no-store');
            return 'bytes' in found
              ? reply.type(found.mediaType).send(Buffer.from(found.bytes))
              : reply.type('application/json').send(JSON.stringify(found));
          } catch (error) {
            // As the trade's own routes say it: not made yet, a cursor that is none.
            if (error instanceof Problem) return refused(reply, error.definition.status, error.code);
            throw error;
          }
        },
      );
    const queryOf = ({ query: { after } }: Asked) => ({
      limit: recordLimits.pageItems,
      ...(typeof after === 'string' && after.length <= textMax ? { after } : {}),
    });
    serve('/statements', (of, request) => records.statements(database, of, queryOf(request)));
    serve('/statements/:id', (of, { params }) => records.statement(database, of, params.id!));
    serve('/papers', (of, request) => records.papers(database, of, queryOf(request)));
    serve('/papers/:id/:part', async (of, { params: { id, part } }) => {
      const bytes = isPart(part) ? await records.paperFile(database, of, id!, part) : undefined;
      return bytes && isPart(part) ? { bytes, mediaType: mediaTypes[part] } : undefined;
    });
  });
};

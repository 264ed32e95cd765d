/** Where data planes say what they have done, below `/dsp/{participant}/signaling`: each knows nothing but its own transfers. */
import { CONTEXT_URL, type DataFlowNotice, dataFlowNotices, readFlowStatus } from '@shugu/dataspace';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimit } from '../../kernel/limits.ts';
import { makeDoor } from '../door.ts';
import { connectorOf, findAgreement, findProcess } from '../reads.ts';
import { actorOf, type Room } from '../service/room.ts';
import { lockProcess } from '../store.ts';
import { planeNoticed } from './answers.ts';
import { type DataPlane, planeLimits as limits, type Pass, SIGNALING_PATH } from './model.ts';
import { registerItself, removeItself, type Said } from './passes.ts';
import { digestOfToken } from './registration.ts';
import { flowOf, passByDigest, planeByDigest } from './store.ts';

type Params = { participant: string; pid: string };
type Asked = FastifyRequest<{ Params: Params }>;
interface Answer {
  status: number;
  body?: object;
}

const refused = (status: number, code: string, detail?: string): Answer => ({
  status,
  body: { error: code, ...(detail ? { detail } : {}) },
});

type Find<T> = (read: Room['database'], participant: string, digest: string) => Promise<T | undefined>;

/** A closed connector, another's token and none are alike. */
const callerBy = async <T>(find: Find<T>, room: Room, { params, headers }: Asked): Promise<T | undefined> => {
  const [, token] = /^Bearer ([\w-]{20,200})$/i.exec(headers.authorization ?? '') ?? [];
  const found = token ? await find(room.database, params.participant, digestOfToken(token)) : undefined;
  return found && (await connectorOf(room.database, params.participant)) ? found : undefined;
};

const takeNotice = async (
  room: Room,
  plane: DataPlane,
  { params, body }: Asked,
  notice: DataFlowNotice,
): Promise<Answer> => {
  const read = readFlowStatus(body);
  if (!read.ok) return refused(400, read.fault.code, `${read.fault.path} ${read.fault.en}`);
  const { message } = read;
  return room.database.tx(actorOf(plane), async (tx) => {
    const process = await lockProcess(tx, params.pid);
    const flow = process && (await flowOf(tx, process.id));
    const connector = await connectorOf(tx, plane.participant);
    // Of another organisation or data plane, or of none: all alike.
    const its = flow && process.participant === plane.participant && flow.plane === plane.id;
    if (!its || !connector) return refused(404, 'unknown');
    const named = message.dataFlowId ?? flow.flow;
    if (flow.flow !== null && named !== flow.flow && named !== process.id) return refused(404, 'unknown');
    const fault = await planeNoticed(room, tx, { connector, process, flow }, notice, message);
    return fault ? refused(400, fault.code, fault.en) : { status: 200 };
  });
};

const agreementOf = async (room: Room, plane: DataPlane, { params }: Asked): Promise<Answer> => {
  const process = await findProcess(room.database, plane.participant, params.pid);
  const flow = process && (await flowOf(room.database, process.id));
  const agreement =
    flow?.plane === plane.id ? await findAgreement(room.database, plane.participant, process!.subject) : undefined;
  return agreement ? { status: 200, body: { '@context': [CONTEXT_URL], ...agreement.body } } : refused(404, 'unknown');
};

export const mountSignaling = async (app: FastifyInstance, room: Room, perSource: RateLimit): Promise<void> => {
  const tell = (reply: FastifyReply, { status, body = {} }: Answer): FastifyReply =>
    reply.code(status).type('application/json').send(body);
  await app.register(async (scope) => {
    makeDoor(scope, {
      ...{ bodyBytesMax: limits.bodyBytesMax, perSource, log: room.log },
      refuse: (_request, reply, status, code) => tell(reply, refused(status, code)),
    });
    const serve = (
      method: 'GET' | 'POST',
      path: string,
      answer: (plane: DataPlane, request: Asked) => Promise<Answer>,
    ) =>
      scope.route<{ Params: Params }>({
        method,
        url: `/dsp/:participant${SIGNALING_PATH}/transfers/:pid${path}`,
        exposeHeadRoute: false,
        handler: async (request, reply) => {
          const plane = await callerBy(planeByDigest, room, request);
          return tell(reply, plane ? await answer(plane, request) : refused(401, 'unauthorized'));
        },
      });
    for (const notice of dataFlowNotices)
      serve('POST', `/dataflow/${notice}`, (plane, request) => takeNotice(room, plane, request, notice));
    serve('GET', '/agreement', (plane, request) => agreementOf(room, plane, request));
    const serveItself = (method: 'PUT' | 'DELETE', path: string, work: (pass: Pass, request: Asked) => Promise<Said>) =>
      scope.route<{ Params: Params }>({
        method,
        url: `/dsp/:participant${SIGNALING_PATH}/dataplanes${path}`,
        handler: async (request, reply) => {
          const pass = await callerBy(passByDigest, room, request);
          if (!pass) return tell(reply, refused(401, 'unauthorized'));
          const { status, code, detail } = await work(pass, request);
          if (status === 204) return reply.code(204).send();
          return tell(reply, code ? refused(status, code, detail) : { status });
        },
      });
    serveItself('PUT', '', (pass, { body }) => registerItself(room, pass, body));
    serveItself('DELETE', '/:pid', (pass, { params }) => removeItself(room, pass, params.pid));
  });
};

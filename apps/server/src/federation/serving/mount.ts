/**
 * The gateway as a data plane of Data Plane Signaling, `/dsp/{participant}/dataplane`: for control planes that the organisation has let
 * in, each of which knows nothing but its own data flows. It gives data and takes none in: nothing is prepared here.
 */
import { type DataAddress, readFlowSignal, readFlowStart } from '@shugu/dataspace';
import { dataPlaneAccess } from '@shugu/wire/federation-planes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { audit } from '../../kernel/audit.ts';
import type { RateLimit } from '../../kernel/limits.ts';
import { makeDoor } from '../door.ts';
import type { Connector } from '../model.ts';
import { digestOfToken } from '../planes/registration.ts';
import { connectorOf } from '../reads.ts';
import { actorOf, type Room } from '../service/room.ts';
import { type Steering, steer, type Taken, takeStart } from './flows.ts';
import { type ControlPlane, DATA_PLANE_PATH, servingLimits as limits } from './model.ts';
import { callbackOf } from './registration.ts';
import { controlPlaneByDigest, findFlow, setCallback } from './store.ts';

type Params = { participant: string; id: string };
type Asked = FastifyRequest<{ Params: Params }>;
interface Answer {
  status: number;
  body?: object;
  location?: string;
}
interface Caller {
  connector: Connector;
  plane: ControlPlane;
}

const refused = (status: number, error: string, detail?: string): Answer => ({
  status,
  body: { error, ...(detail ? { detail } : {}) },
});
const unknown = refused(404, 'unknown');

/** A closed connector, another's token and none are alike. */
const callerOf = async (room: Room, { params, headers }: Asked): Promise<Caller | undefined> => {
  const [, token] = /^Bearer ([\w-]{20,200})$/i.exec(headers.authorization ?? '') ?? [];
  const plane =
    token &&
    (await controlPlaneByDigest(room.database, params.participant, { digest: digestOfToken(token), now: room.now() }));
  const connector = plane && (await connectorOf(room.database, params.participant));
  return connector ? { connector, plane } : undefined;
};

const told = (taken: Taken): Answer => {
  if ('status' in taken) return refused(taken.status, taken.code, taken.detail);
  const { flow, body } = taken;
  if (flow.state !== 'STARTING') return { status: 200, ...(body ? { body } : {}) };
  return { status: 202, ...(body ? { body } : {}), location: `/dataflows/${flow.id}/status` };
};

const start = async (room: Room, { connector, plane }: Caller, { body }: Asked): Promise<Answer> => {
  const read = readFlowStart(body);
  if (!read.ok) return refused(400, read.fault.code, `${read.fault.path} ${read.fault.en}`);
  return told(await room.database.tx(actorOf(plane), (tx) => takeStart(room, tx, { connector, plane }, read.message)));
};

const prepare = async (_room: Room, _caller: Caller, { body }: Asked): Promise<Answer> => {
  const read = readFlowStart(body);
  if (!read.ok) return refused(400, read.fault.code, `${read.fault.path} ${read.fault.en}`);
  return refused(400, 'profileUnserved', 'this data plane gives data; it takes none in');
};

const steered =
  (signal: Steering) =>
  async (room: Room, { plane }: Caller, { params, body }: Asked): Promise<Answer> => {
    let said: { messageId?: string; dataAddress?: DataAddress } = {};
    if (signal !== 'complete') {
      const read = readFlowSignal(body);
      if (!read.ok) return refused(400, read.fault.code, `${read.fault.path} ${read.fault.en}`);
      said = read.message;
    }
    return told(
      await room.database.tx(actorOf(plane), (tx) => steer(room, tx, plane, { id: params.id, signal, ...said })),
    );
  };

const status = async (room: Room, { plane }: Caller, { params }: Asked): Promise<Answer> => {
  const flow = await findFlow(room.database, params.id);
  if (!flow || flow.participant !== plane.participant || flow.control_plane !== plane.id) return unknown;
  return { status: 200, body: { dataFlowId: flow.id, state: flow.state } };
};

/** ControlPlaneRegistrationMessage: it says itself where it hears of what happens, and no more. */
const register = async (room: Room, { plane }: Caller, { body }: Asked): Promise<Answer> => {
  const { controlplaneId, endpoint, authorization } = (body ?? {}) as Record<string, unknown>;
  if (controlplaneId !== plane.id) return unknown;
  const access = dataPlaneAccess.safeParse(authorization);
  if (typeof endpoint !== 'string' || endpoint.length > 1000) return refused(400, 'schemaViolated', '/endpoint');
  if (!access.success) return refused(400, 'schemaViolated', '/authorization');
  const { data } = access;
  if (room.outgoing.fault(endpoint)) return refused(400, 'addressRefused', '/endpoint');
  if (data.type === 'oauth2_client_credentials' && room.outgoing.fault(data.tokenEndpoint))
    return refused(400, 'addressRefused', '/authorization/tokenEndpoint');
  await room.database.tx(actorOf(plane), async (tx) => {
    const { id: subject, participant } = plane;
    await setCallback(tx, plane, await callbackOf(room, tx, participant, { endpoint, authorization: data }));
    await audit(tx, { action: 'federation.controlPlane.callback', subject, participant, data: { endpoint } });
  });
  return { status: 200 };
};

/** It is told nothing any more; that it may signal is the organisation's to take back. */
const unregister = async (room: Room, { plane }: Caller, { params }: Asked): Promise<Answer> => {
  if (params.id !== plane.id) return unknown;
  await room.database.tx(actorOf(plane), async (tx) => {
    const { id: subject, participant } = plane;
    await setCallback(tx, plane, { endpoint: null, access: null, sealed_secret: null });
    await audit(tx, { action: 'federation.controlPlane.callback', subject, participant, data: { endpoint: null } });
  });
  return { status: 204 };
};

export const mountDataPlane = async (app: FastifyInstance, room: Room, perSource: RateLimit): Promise<void> => {
  const tell = (reply: FastifyReply, { status: code, body, location }: Answer): FastifyReply => {
    reply.code(code).header('cache-control', 'no-store');
    if (location) reply.header('location', location);
    if (code === 401) reply.header('www-authenticate', 'Bearer');
    return code === 204 ? reply.send() : reply.type('application/json').send(body ?? {});
  };
  await app.register(async (scope) => {
    makeDoor(scope, {
      ...{ bodyBytesMax: limits.bodyBytesMax, perSource, log: room.log },
      refuse: (_request, reply, code, error) => tell(reply, refused(code, error)),
    });
    const serve = (
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      path: string,
      answer: (room: Room, caller: Caller, request: Asked) => Promise<Answer>,
    ) =>
      scope.route<{ Params: Params }>({
        method,
        url: `/dsp/:participant${DATA_PLANE_PATH}${path}`,
        exposeHeadRoute: false,
        handler: async (request, reply) => {
          const caller = await callerOf(room, request);
          return tell(reply, caller ? await answer(room, caller, request) : refused(401, 'unauthorized'));
        },
      });
    serve('POST', '/dataflows/prepare', prepare);
    serve('POST', '/dataflows/start', start);
    for (const signal of ['started', 'suspend', 'resume', 'terminate'] as const)
      serve('POST', `/dataflows/:id/${signal}`, steered(signal));
    serve('POST', '/dataflows/:id/completed', steered('complete'));
    serve('GET', '/dataflows/:id/status', status);
    serve('PUT', '/controlplanes', register);
    serve('DELETE', '/controlplanes/:id', unregister);
  });
};

/** Data flows that control planes outside steer: started, moved, ended. The gateway is told in the same transaction. */
import {
  bearerAddress,
  type DataAddress,
  type DataFlowStart,
  type DataFlowState,
  flowStatusBody,
  signalled,
} from '@shugu/dataspace';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { gatewayFormatOf } from '../formats.ts';
import type { Connector } from '../model.ts';
import { subjectOf } from '../planes/signals.ts';
import type { Room } from '../service/room.ts';
import { sealAddress } from '../service/secrets.ts';
import { type ControlPlane, isRunning, servingLimits as limits, type ServedFlow } from './model.ts';
import { notice } from './notices.ts';
import { renewalFor } from './renewal.ts';
import { flowOfProcess, insertFlow, lockControlPlane, lockFlow, runningByPlane, saveFlow } from './store.ts';

/** Refused in the words of the door: the state stays as it is. */
export interface Refusal {
  status: number;
  code: string;
  detail?: string;
}
export type Taken = { flow: ServedFlow; body?: object } | Refusal;

const no = (status: number, code: string, detail?: string): Refusal => ({
  status,
  code,
  ...(detail ? { detail } : {}),
});

/** What the control plane may not have, and what there is not, are told alike. */
const unknown = no(404, 'unknown');

/** Of the body alone, and of whose it is. */
const startFault = (
  room: Room,
  connector: Connector,
  plane: ControlPlane,
  asked: DataFlowStart,
): Refusal | undefined => {
  const own = [connector.name, room.dids.of(connector.participant)].includes(asked.participantId);
  if (!own || !plane.contracts.includes(asked.agreementId)) return unknown;
  const format = gatewayFormatOf(asked.profile);
  if (!format) return no(400, 'profileUnserved', asked.profile);
  if (format.way === 'pull') return asked.dataAddress ? no(400, 'schemaViolated', '/dataAddress of a pull') : undefined;
  const { endpoint } = asked.dataAddress ?? {};
  if (!endpoint) return no(400, 'schemaViolated', '/dataAddress of a push');
  return room.outgoing.fault(endpoint) ? no(400, 'addressRefused', '/dataAddress/endpoint') : undefined;
};

const statusOf = ({ id, state }: ServedFlow, dataAddress?: DataAddress): object =>
  flowStatusBody(`${id}.${state.toLowerCase()}`, { dataFlowId: id, state, ...(dataAddress ? { dataAddress } : {}) });

/** Opens it, and says how it is then; undefined where its grant is still opening. Saves the flow. */
const open = async (
  room: Room,
  tx: Tx,
  flow: ServedFlow,
): Promise<{ dataAddress?: DataAddress } | Refusal | undefined> => {
  const opened = await room.gateway.open(tx, flow);
  if (opened.state === 'refused') return no(400, 'refused', opened.reason);
  if (opened.state === 'waiting') return undefined;
  flow.state = 'STARTED';
  const { access } = opened;
  if (!access) return {};
  const format = gatewayFormatOf(flow.profile)!;
  const renewal = format.renews ? renewalFor(room, flow, access.secret) : undefined;
  return {
    dataAddress: bearerAddress(format.endpointType, { endpoint: access.address, token: access.secret, renewal }),
  };
};

/** The same message again is answered as before; another of the same transfer is refused. */
export const takeStart = async (
  room: Room,
  tx: Tx,
  { connector, plane }: { connector: Connector; plane: ControlPlane },
  asked: DataFlowStart,
): Promise<Taken> => {
  const locked = await lockControlPlane(tx, plane.participant, plane.id);
  if (!locked) return unknown;
  const before = await flowOfProcess(tx, locked, asked.processId);
  if (before) {
    const same = before.messages[0] === asked.messageId && before.sealed_answer !== null;
    const text = same ? await room.seal.open(tx, subjectOf(plane.participant), before.sealed_answer) : null;
    return text === null ? no(409, 'exists') : { flow: before, body: JSON.parse(text) as object };
  }
  const fault = startFault(room, connector, locked, asked);
  if (fault) return fault;
  if (((await runningByPlane(tx, plane.participant)).get(plane.id) ?? 0) >= limits.flowsMax)
    return no(429, 'tooManyFlows');
  const { participant, id } = plane;
  const flow: ServedFlow = {
    ...{ id: newId('dfl', tx.now), participant, control_plane: id, process: asked.processId },
    ...{ counterparty: asked.counterPartyId, contract: asked.agreementId, dataset: asked.datasetId },
    ...{ profile: asked.profile, state: 'STARTING', version: 1, messages: [asked.messageId], taken: [], fault: null },
    data_address: asked.dataAddress ? await sealAddress(room, tx, plane, asked.dataAddress) : null,
    ...{ sealed_answer: null, refresh_digest: null, access_digest: null, before_digest: null },
    ...{ before_access_digest: null, renewed_at: null, created_at: tx.now },
  };
  const opened = await open(room, tx, flow);
  if (opened && 'status' in opened) return opened;
  const body = statusOf(flow, opened?.dataAddress);
  flow.sealed_answer = await room.seal.seal(tx, subjectOf(participant), JSON.stringify(body));
  await insertFlow(tx, flow);
  await saveFlow(tx, flow);
  const { contract, counterparty, profile, process } = flow;
  await audit(tx, {
    action: 'federation.flow.start',
    subject: flow.id,
    participant,
    data: { controlPlane: id, contract, counterparty, profile, process },
  });
  if (opened) await room.gateway.run(tx, flow);
  return { flow, body };
};

/** Its grant is open by now. */
export const proceedFlow = async (room: Room, tx: Tx, id: string): Promise<void> => {
  const flow = await lockFlow(tx, id);
  if (flow?.state !== 'STARTING') return;
  const opened = await open(room, tx, flow);
  if (!opened) return;
  if ('status' in opened) return failFlow(room, tx, id, opened.detail ?? opened.code);
  flow.version++;
  // Whoever asks again is told as it is now.
  flow.sealed_answer = await room.seal.seal(
    tx,
    subjectOf(flow.participant),
    JSON.stringify(statusOf(flow, opened.dataAddress)),
  );
  await saveFlow(tx, flow);
  await notice(room, tx, flow, 'started', opened);
  await room.gateway.run(tx, flow);
};

/** For good; nothing of it is kept that opens anything. */
export const endFlow = async (
  room: Room,
  tx: Tx,
  flow: ServedFlow,
  state: Extract<DataFlowState, 'COMPLETED' | 'TERMINATED'>,
): Promise<void> => {
  Object.assign(flow, { state, data_address: null, sealed_answer: null, refresh_digest: null, access_digest: null });
  Object.assign(flow, { before_digest: null, before_access_digest: null, version: flow.version + 1 });
  await saveFlow(tx, flow);
  await room.gateway.stop(tx, flow);
  await audit(tx, {
    action: 'federation.flow.end',
    subject: flow.id,
    participant: flow.participant,
    data: { state, contract: flow.contract },
  });
};

/** What cannot go on by itself: the control plane decides, as the specification has it; nothing moves. */
export const failFlow = async (room: Room, tx: Tx, id: string, fault: string): Promise<void> => {
  const flow = await lockFlow(tx, id);
  if (!flow || !isRunning(flow) || flow.fault === fault) return;
  flow.fault = fault.slice(0, 500);
  await saveFlow(tx, flow);
  await notice(room, tx, flow, 'errored', { error: flow.fault });
};

/** All that a push was to bring has been taken. */
export const completeFlow = async (room: Room, tx: Tx, id: string): Promise<void> => {
  const flow = await lockFlow(tx, id);
  if (flow?.state !== 'STARTED') return;
  await endFlow(room, tx, flow, 'COMPLETED');
  await notice(room, tx, flow, 'completed');
};

export const noteBrought = async (tx: Tx, id: string, name: string): Promise<void> => {
  const flow = await lockFlow(tx, id);
  if (!flow || !isRunning(flow) || flow.taken.includes(name)) return;
  flow.taken.push(name);
  await saveFlow(tx, flow);
};

export type Steering = 'started' | 'suspend' | 'resume' | 'terminate' | 'complete';

/** A message that was taken before, and an end that has come, change nothing. `messageId`: `complete` has none. */
export const steer = async (
  room: Room,
  tx: Tx,
  plane: ControlPlane,
  {
    id,
    signal,
    messageId,
    dataAddress,
  }: { id: string; signal: Steering; messageId?: string; dataAddress?: DataAddress },
): Promise<Taken> => {
  const flow = await lockFlow(tx, id);
  if (!flow || flow.participant !== plane.participant || flow.control_plane !== plane.id) return unknown;
  const again = messageId === undefined ? flow.state === 'COMPLETED' : flow.messages.includes(messageId);
  if (again) return { flow, body: statusOf(flow) };
  const move = signalled(flow.state, signal);
  if ('code' in move) return no(400, move.code, move.en);
  const ends = signal === 'terminate' || signal === 'complete';
  if (!ends && flow.messages.length >= limits.messagesMax) return no(429, 'tooManyMessages');
  if (messageId !== undefined) flow.messages.push(messageId);
  if (ends) await endFlow(room, tx, flow, signal === 'complete' ? 'COMPLETED' : 'TERMINATED');
  else {
    const push = gatewayFormatOf(flow.profile)?.way === 'push';
    if (dataAddress) {
      if (!push || !dataAddress.endpoint || room.outgoing.fault(dataAddress.endpoint))
        return no(400, push ? 'addressRefused' : 'schemaViolated', '/dataAddress');
      flow.data_address = await sealAddress(room, tx, flow, dataAddress);
    }
    Object.assign(flow, { state: move.to, version: flow.version + 1, sealed_answer: null, fault: null });
    await saveFlow(tx, flow);
    await (signal === 'suspend' ? room.gateway.stop(tx, flow) : room.gateway.run(tx, flow));
  }
  return { flow, body: statusOf(flow) };
};

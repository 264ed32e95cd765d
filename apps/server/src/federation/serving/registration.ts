/** Control planes that an organisation lets use the gateway: let in, replaced, turned out; where they hear of what happens. */
import { randomBytes } from 'node:crypto';
import type { controlPlaneDraft } from '@shugu/wire/federation-control-planes';
import type { DataPlaneAccess } from '@shugu/wire/federation-planes';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { digestOfToken, splitAccess } from '../planes/registration.ts';
import { subjectOf } from '../planes/signals.ts';
import { lockPlanes } from '../planes/store.ts';
import { problems } from '../problems.ts';
import { connectorOf } from '../reads.ts';
import { type Room, rootOf } from '../service/room.ts';
import { endFlow } from './flows.ts';
import { type ControlPlane, DATA_PLANE_PATH, servingLimits as limits } from './model.ts';
import {
  controlPlanesOf,
  dropNotices,
  findControlPlane,
  lockFlow,
  removeControlPlane,
  renewToken,
  runningByPlane,
  runningOf,
  saveControlPlane,
} from './store.ts';

const newToken = (): string => randomBytes(32).toString('base64url');

/** @throws federation.addressRefused */
const checkCallback = (room: Room, endpoint: string, authorization: DataPlaneAccess): void => {
  if (room.outgoing.fault(endpoint)) throw problems.addressRefused({ field: 'body.callback.endpoint' });
  if (authorization.type === 'oauth2_client_credentials' && room.outgoing.fault(authorization.tokenEndpoint))
    throw problems.addressRefused({ field: 'body.callback.authorization.tokenEndpoint' });
};

/** As it is kept. */
export const callbackOf = async (
  room: Room,
  tx: Tx,
  participant: string,
  callback: { endpoint: string; authorization: DataPlaneAccess },
): Promise<Pick<ControlPlane, 'endpoint' | 'access' | 'sealed_secret'>> => {
  const { open, secret } = splitAccess(callback.authorization);
  return {
    endpoint: callback.endpoint.replace(/\/+$/, ''),
    access: open,
    sealed_secret: await room.seal.seal(tx, subjectOf(participant), secret),
  };
};

/**
 * What it shows is told once. The same again replaces what it may have; where it hears of what happens stays where that is not said.
 * @throws federation.connectorClosed, .addressRefused, .controlPlanesFull, .contractUnheld
 */
export const registerControlPlane = async (room: Room, tx: Tx, draft: z.infer<typeof controlPlaneDraft>) => {
  const { participant } = tx.actor;
  if (!(await connectorOf(tx, participant))) throw problems.connectorClosed();
  const { id, contracts, callback } = draft;
  if (callback) checkCallback(room, callback.endpoint, callback.authorization);
  for (const contract of contracts)
    if (!(await room.holdsContract(tx, participant, contract)))
      throw problems.contractUnheld({ field: 'body.contracts', detail: contract });
  await lockPlanes(tx, participant);
  const before = await findControlPlane(tx, participant, id);
  if (!before && (await controlPlanesOf(tx, participant)).length >= limits.controlPlanesMax)
    throw problems.controlPlanesFull();
  const token = newToken();
  const { endpoint = null, access = null, sealed_secret = null } = before ?? {};
  const told = callback ? await callbackOf(room, tx, participant, callback) : { endpoint, access, sealed_secret };
  const kept = { participant, id, contracts: [...new Set(contracts)], ...told };
  await saveControlPlane(tx, kept, digestOfToken(token));
  await audit(tx, {
    action: 'federation.controlPlane.register',
    subject: id,
    participant,
    data: { contracts, endpoint: told.endpoint },
  });
  // What it may have no longer ends at once.
  if (before) await endRunning(room, tx, participant, id, (contract) => !kept.contracts.includes(contract));
  return letIn(room, tx, id, before ? null : token);
};

/**
 * Another token, told once; the one before goes on for `minutes`, and what runs runs on.
 * @throws kernel.unknown
 */
export const renewControlPlane = async (room: Room, tx: Tx, { id, minutes }: { id: string; minutes: number }) => {
  const { participant } = tx.actor;
  await lockPlanes(tx, participant);
  if (!(await findControlPlane(tx, participant, id))) throw kernelProblems.unknown();
  const token = newToken();
  const until = new Date(tx.now.getTime() + minutes * 60_000);
  await renewToken(tx, { participant, id }, { digest: digestOfToken(token), until });
  const data = { until: until.toISOString() };
  await audit(tx, { action: 'federation.controlPlane.renew', subject: id, participant, data });
  return letIn(room, tx, id, token);
};

/** As it stands, and what it shows, where that is new. */
const letIn = async (room: Room, tx: Tx, id: string, token: string | null) => {
  const { participant } = tx.actor;
  const running = await runningByPlane(tx, participant);
  return {
    controlPlane: view((await findControlPlane(tx, participant, id))!, running, tx.now),
    dataPlane: { address: `${rootOf(room, participant)}${DATA_PLANE_PATH}`, token },
  };
};

const endRunning = async (
  room: Room,
  tx: Tx,
  participant: string,
  id: string,
  which: (contract: string) => boolean,
): Promise<void> => {
  for (const { id: flow } of await runningOf(tx, participant, id)) {
    const locked = (await lockFlow(tx, flow))!;
    if (which(locked.contract)) await endFlow(room, tx, locked, 'TERMINATED');
  }
};

/** Its data flows end with it, at once. @throws kernel.unknown */
export const unregisterControlPlane = async (room: Room, tx: Tx, id: string): Promise<void> => {
  const { participant } = tx.actor;
  await lockPlanes(tx, participant);
  if (!(await findControlPlane(tx, participant, id))) throw kernelProblems.unknown();
  await endRunning(room, tx, participant, id, () => true);
  await dropNotices(tx, participant, id);
  await removeControlPlane(tx, participant, id);
  await audit(tx, { action: 'federation.controlPlane.remove', subject: id, participant });
};

const view = (one: ControlPlane, running: Map<string, number>, now: Date) => {
  const { id, contracts, endpoint, before_until, renewed_at, registered_at } = one;
  const beforeHolds = before_until !== null && before_until > now;
  return {
    ...{ id, contracts, endpoint },
    running: running.get(id) ?? 0,
    registeredAt: registered_at.toISOString(),
    renewedAt: renewed_at?.toISOString() ?? null,
    beforeUntil: beforeHolds ? before_until.toISOString() : null,
  };
};

export const controlPlanesView = async (room: Room, read: Reader, participant: string) => {
  const running = await runningByPlane(read, participant);
  return {
    address: `${rootOf(room, participant)}${DATA_PLANE_PATH}`,
    controlPlanes: (await controlPlanesOf(read, participant)).map((one) => view(one, running, room.now())),
  };
};

/** Data planes of an organisation: registered, replaced, removed. */
import { createHash, randomBytes } from 'node:crypto';
import type { DataPlaneAccess, dataPlaneDraft } from '@shugu/wire/federation-planes';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { problems } from '../problems.ts';
import { connectorOf } from '../reads.ts';
import { type Room, rootOf } from '../service/room.ts';
import { type Access, type DataPlane, planeLimits as limits, SIGNALING_PATH } from './model.ts';
import { subjectOf } from './signals.ts';
import {
  findPlane,
  lockPlanes,
  passesOf,
  planesOf,
  removePass,
  removePlane,
  runningFlows,
  savePlane,
} from './store.ts';

export const digestOfToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The open part, and what is sealed. */
export const splitAccess = (access: DataPlaneAccess): { open: Access; secret: string } => {
  if (access.type === 'bearer') return { open: { type: 'bearer' }, secret: access.token };
  const { clientSecret, ...open } = access;
  return { open, secret: clientSecret };
};

const checkAddresses = (room: Room, { endpoint, authorization }: z.infer<typeof dataPlaneDraft>): void => {
  if (room.outgoing.fault(endpoint)) throw problems.addressRefused({ field: 'body.endpoint' });
  if (authorization.type === 'oauth2_client_credentials' && room.outgoing.fault(authorization.tokenEndpoint))
    throw problems.addressRefused({ field: 'body.authorization.tokenEndpoint' });
};

/** What the data plane shows us is told once. @throws federation.connectorClosed, .addressRefused, .profileTaken, .planesFull */
export const registerPlane = async (room: Room, tx: Tx, draft: z.infer<typeof dataPlaneDraft>) => {
  const { participant } = tx.actor;
  if (!(await connectorOf(tx, participant))) throw problems.connectorClosed();
  checkAddresses(room, draft);
  await lockPlanes(tx, participant);
  const others = (await planesOf(tx, participant)).filter(({ id }) => id !== draft.id);
  if (others.length >= limits.planesMax) throw problems.planesFull();
  const taken = draft.profiles.find((one) => others.some(({ profiles }) => profiles.includes(one)));
  if (taken) throw problems.profileTaken({ field: 'body.profiles', detail: taken });
  const before = await findPlane(tx, participant, draft.id);
  const token = randomBytes(32).toString('base64url');
  const { open, secret } = splitAccess(draft.authorization);
  const { id, endpoint, profiles, labels } = draft;
  await savePlane(
    tx,
    {
      ...{ participant, id, profiles, labels, access: open },
      endpoint: endpoint.replace(/\/+$/, ''),
      sealed_secret: await room.seal.seal(tx, subjectOf(participant), secret),
    },
    digestOfToken(token),
  );
  await audit(tx, { action: 'federation.plane.register', subject: id, participant, data: { endpoint, profiles } });
  const plane = (await findPlane(tx, participant, id))!;
  return {
    plane: planeView(plane, {
      running: await runningFlows(tx, participant),
      admitted: (await admissionsOf(room, tx, participant)).get(id),
    }),
    callback: { address: `${rootOf(room, participant)}${SIGNALING_PATH}`, token: before ? null : token },
  };
};

/** `passStays`: it may register itself again. @throws kernel.unknown, federation.planeBusy while transfers are its */
export const unregisterPlane = async (tx: Tx, id: string, { passStays = false } = {}): Promise<void> => {
  const { participant } = tx.actor;
  await lockPlanes(tx, participant);
  const known = (await findPlane(tx, participant, id)) !== undefined;
  if (!known && (passStays || !(await passesOf(tx, participant)).some((one) => one.id === id)))
    throw kernelProblems.unknown();
  if ((await runningFlows(tx, participant)).get(id)) throw problems.planeBusy();
  await removePlane(tx, participant, id);
  if (!passStays) await removePass(tx, participant, id);
  await audit(tx, { action: 'federation.plane.remove', subject: id, participant });
};

interface Admitted {
  id: string;
  profiles: string[];
  by: string | null;
  at: string;
}

/** Which may register themselves, by name: admitted by whom, and when. */
const admissionsOf = async (room: Room, read: Reader, participant: string): Promise<Map<string, Admitted>> => {
  const passes = await passesOf(read, participant);
  const names = await room.namesOf(read, [...new Set(passes.flatMap(({ made_by }) => made_by ?? []))]);
  return new Map(
    passes.map(({ id, profiles, made_by, made_at }) => {
      const by = made_by === null ? null : (names.get(made_by) ?? null);
      return [id, { id, profiles, by, at: made_at.toISOString() }];
    }),
  );
};

const planeView = (
  { id, endpoint, profiles, labels, access, registered_at, away_since }: DataPlane,
  { running, admitted }: { running: Map<string, number>; admitted: Admitted | undefined },
) => ({
  ...{ id, endpoint, profiles, labels, authorization: access.type },
  running: running.get(id) ?? 0,
  registeredAt: registered_at.toISOString(),
  awaySince: away_since?.toISOString() ?? null,
  admitted: admitted ? { by: admitted.by, at: admitted.at } : null,
});

export const planesView = async (room: Room, read: Reader, participant: string) => {
  const running = await runningFlows(read, participant);
  const admissions = await admissionsOf(room, read, participant);
  const planes = (await planesOf(read, participant)).map((one) =>
    planeView(one, { running, admitted: admissions.get(one.id) }),
  );
  return { planes, admitted: [...admissions.values()].filter(({ id }) => !planes.some((one) => one.id === id)) };
};

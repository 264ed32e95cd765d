/** Data planes outside that register themselves, by a token that an administrator has made for one name and its types of transfers. */
import { randomBytes } from 'node:crypto';
import { type dataPlaneAdmission, dataPlaneDraft } from '@shugu/wire/federation-planes';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { Problem } from '../../kernel/problem.ts';
import { problems } from '../problems.ts';
import { connectorOf } from '../reads.ts';
import { actorOf, type Room, rootOf } from '../service/room.ts';
import { planeLimits as limits, type Pass, SIGNALING_PATH } from './model.ts';
import { digestOfToken, registerPlane, unregisterPlane } from './registration.ts';
import { lockPlanes, passesOf, savePass } from './store.ts';

/** Made anew, the token before is void. @throws federation.connectorClosed, .planesFull */
export const admitPlane = async (room: Room, tx: Tx, { id, profiles }: z.infer<typeof dataPlaneAdmission>) => {
  const { participant } = tx.actor;
  if (!(await connectorOf(tx, participant))) throw problems.connectorClosed();
  await lockPlanes(tx, participant);
  if ((await passesOf(tx, participant)).filter((one) => one.id !== id).length >= limits.planesMax)
    throw problems.planesFull();
  const token = randomBytes(32).toString('base64url');
  await savePass(tx, { participant, id, profiles }, digestOfToken(token));
  await audit(tx, { action: 'federation.plane.admit', subject: id, participant, data: { profiles } });
  return { address: `${rootOf(room, participant)}${SIGNALING_PATH}`, token };
};

export interface Said {
  status: number;
  code?: string;
  detail?: string;
}

const saidBy = async (work: Promise<Said>): Promise<Said> => {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { status } = error.definition;
    return { status: status === 404 || status === 409 ? status : 400, code: error.code };
  }
};

/** DataPlaneRegistrationMessage; the same name again replaces. */
export const registerItself = (room: Room, pass: Pass, body: unknown): Promise<Said> => {
  const { dataplaneId: id, endpoint, profiles, labels, authorization } = (body ?? {}) as Record<string, unknown>;
  const read = dataPlaneDraft.safeParse({
    ...{ id, endpoint, profiles, authorization },
    ...(labels === undefined ? {} : { labels }),
  });
  if (!read.success)
    return Promise.resolve({ status: 400, code: 'schemaViolated', detail: `/${read.error.issues[0]!.path.join('/')}` });
  // Another's name, and one that nobody has, are alike.
  if (read.data.id !== pass.id) return Promise.resolve({ status: 404, code: 'unknown' });
  const beyond = read.data.profiles.find((one) => !pass.profiles.includes(one));
  if (beyond) return Promise.resolve({ status: 400, code: 'profileRefused', detail: beyond });
  return saidBy(
    room.database.tx(actorOf(pass), async (tx) => {
      await registerPlane(room, tx, read.data);
      return { status: 200 };
    }),
  );
};

/** It may register again: its token stays until an administrator removes it. */
export const removeItself = (room: Room, pass: Pass, id: string): Promise<Said> => {
  if (id !== pass.id) return Promise.resolve({ status: 404, code: 'unknown' });
  return saidBy(
    room.database.tx(actorOf(pass), async (tx) => {
      await unregisterPlane(tx, id, { passStays: true });
      return { status: 204 };
    }),
  );
};

/** A member whose credential service is elsewhere: registered by a proof of its DID, which is all that it shows here. */
import { ClaimsError, serviceOf, verifyIdToken } from '@shugu/claims';
import { audit } from '../../kernel/audit.ts';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { issuerAddress, NODE } from '../claims/keys.ts';
import { replaysOf } from '../claims/replays.ts';
import type { ClaimsRoom } from '../claims/room.ts';
import { credentialsOf, revokeOwn } from '../claims/store.ts';
import { stateOf } from '../claims/views.ts';
import { problems } from '../problems.ts';
import { issuingLimits as limits } from './model.ts';
import {
  deleteHolder,
  giveUpRequests,
  holderOf,
  lockHolderElsewhere,
  offerLater,
  requestsOf,
  saveHolder,
} from './store.ts';

/**
 * The DID whose key signed the token for this node; asks others for documents. @throws federation.holderUnproven,
 * federation.holderUnserved
 */
export const provenDid = async (room: ClaimsRoom, token: string): Promise<string> => {
  const { resolver, now } = room;
  try {
    const replay = replaysOf(room, NODE);
    const { did } = await verifyIdToken(`Bearer ${token}`, room.dids.node(), { resolver, replay, now });
    if (room.dids.participantOf(did) || did === room.dids.node()) throw problems.holderHere({ field: 'body.token' });
    if (!serviceOf(await resolver.document(did), 'CredentialService'))
      throw problems.holderUnserved({ field: 'body.token', detail: did });
    return did;
  } catch (error) {
    if (!(error instanceof ClaimsError)) throw error;
    throw problems.holderUnproven({ field: 'body.token', detail: error.code });
  }
};

/** @throws federation.holderTaken */
export const registerHolder = async (room: ClaimsRoom, tx: Tx, did: string): Promise<void> => {
  const { participant } = tx.actor;
  const before = await lockHolderElsewhere(tx, participant);
  if (!(await saveHolder(tx, participant, did))) throw problems.holderTaken({ field: 'body.token' });
  if (before && before.did !== did) await takeBack(tx, participant);
  await audit(tx, { action: 'federation.holder.register', subject: did, participant });
  tx.afterCommit(room.wakeIssuing);
};

const takeBack = async (tx: Tx, participant: string): Promise<void> => {
  await revokeOwn(tx, participant, 'the holder is registered no longer', true);
  await giveUpRequests(tx, participant, 'the holder is registered no longer');
};

/** @throws kernel.unknown */
export const removeHolder = async (tx: Tx): Promise<void> => {
  const { participant } = tx.actor;
  const found = await lockHolderElsewhere(tx, participant);
  if (!found) throw kernelProblems.unknown();
  await takeBack(tx, participant);
  await deleteHolder(tx, participant);
  await audit(tx, { action: 'federation.holder.remove', subject: found.did, participant });
};

/** It is a member again, or for the first time. Harmless to repeat. */
export const offerWhereNone = async (room: ClaimsRoom, tx: Tx, participant: string): Promise<void> => {
  if (!(await holderOf(tx, participant))) return;
  const standing = await credentialsOf(tx, participant, { standing: true, count: 1, elsewhere: true });
  if (standing.length > 0) return;
  await offerLater(tx, participant);
  tx.afterCommit(room.wakeIssuing);
};

export const holderView = async (room: ClaimsRoom, read: Reader, participant: string) => {
  const issuer = { did: room.dids.node(), address: issuerAddress(room) };
  const found = await holderOf(read, participant);
  if (!found) return { issuer, holder: null };
  const given = await credentialsOf(read, participant, { standing: false, count: limits.shownMax, elsewhere: true });
  const requests = await requestsOf(read, participant);
  return {
    issuer,
    holder: {
      did: found.did,
      registeredAt: found.registered_at.toISOString(),
      offeredAt: found.offered_at?.toISOString() ?? null,
      fault: found.fault,
      credentials: given.map((one) => ({
        id: one.id,
        holder: one.subject,
        credential: one.asked_as!,
        state: stateOf(one, room.now()),
        validUntil: one.valid_until.toISOString(),
      })),
      requests: requests.map(({ id, holder, credentials, state, reason, created_at }) => ({
        ...{ id, holder, credentials, state, reason },
        createdAt: created_at.toISOString(),
      })),
    },
  };
};

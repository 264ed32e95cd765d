/** The exchange as issuer: what it says of its members, and takes back when they are members no longer. */
import { randomUUID } from 'node:crypto';
import { issueCredential, issueStatusList, newBits, type Profile, withBit } from '@shugu/claims';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { lockHolderElsewhere } from '../issuing/store.ts';
import { connectorOf } from '../reads.ts';
import { NODE, signing, signingIn } from './keys.ts';
import { type ClaimsRoom, claimsLimits as limits, MEMBERSHIP, type Member, STATUS_PATHS } from './room.ts';
import {
  insertCredential,
  lastStatusPlace,
  lockHolder,
  nextStatusPlace,
  ownCredential,
  replaceOthers,
  revokedPlaces,
  revokeOwn,
  wantingCredential,
} from './store.ts';

const dayMilliseconds = 86_400_000;
/** Places of one list: the fewest that the standard permits, in which a single credential is lost from view. */
const placesPerList = newBits().length * 8;

const addressOfList = (room: ClaimsRoom, profile: Profile, list: number): string =>
  `${room.publicUrl()}${STATUS_PATHS[profile]}/${list}`;
const types = ['VerifiableCredential', MEMBERSHIP];

/**
 * A member with an open connector holds a credential of the node's present DID and key, about its present DID, with some time left.
 * Whoever is no member gets none. Harmless to repeat.
 */
export const ensureMembership = async (room: ClaimsRoom, tx: Tx, participant: string): Promise<void> => {
  const member = await room.member(tx, participant);
  if (!member || !(await connectorOf(tx, participant))) return;
  await lockHolder(tx, participant);
  await currentCredential(room, tx, { participant, member, subject: room.dids.of(participant) });
};

export interface About {
  participant: string;
  member: Member;
  /** The DID under which it holds it. */
  subject: string;
  /** To a wallet elsewhere, as the object of our metadata that it asked for. */
  askedAs?: string;
  profile?: Profile;
}

/** The one that stands, or another in its place; what it is made for is locked. */
export const currentCredential = async (
  room: ClaimsRoom,
  tx: Tx,
  { participant, member, subject, askedAs, profile = 'vc20-bssl/jwt' }: About,
): Promise<string> => {
  const { signer, key } = await signingIn(room, tx, NODE);
  const held = await ownCredential(tx, participant, askedAs);
  const soon = new Date(tx.now.getTime() + limits.renewalDays * dayMilliseconds);
  if (held?.issuer === signer.did && held.subject === subject && held.key_id === key.id && held.valid_until > soon)
    return held.jwt;
  const place = await nextStatusPlace(tx);
  const id = `urn:uuid:${randomUUID()}`;
  const validUntil = new Date(tx.now.getTime() + limits.membershipDays * dayMilliseconds);
  const jwt = await issueCredential(signer, {
    profile,
    id,
    type: MEMBERSHIP,
    subject: {
      ...{ id: subject, memberOf: signer.did, name: member.name, roles: member.roles },
      ...(member.creditCode ? { creditCode: member.creditCode } : {}),
    },
    validFrom: tx.now,
    validUntil,
    status: {
      type: profile === 'vc20-bssl/jwt' ? 'BitstringStatusListEntry' : 'StatusList2021Entry',
      statusPurpose: 'revocation',
      statusListIndex: place % placesPerList,
      statusListCredential: addressOfList(room, profile, Math.floor(place / placesPerList)),
    },
  });
  const made = {
    id,
    participant,
    issuer: signer.did,
    subject,
    types,
    jwt,
    key_id: key.id,
    status_place: place,
    asked_as: askedAs ?? null,
    valid_from: tx.now,
    valid_until: validUntil,
  };
  await insertCredential(tx, made);
  await replaceOthers(tx, made);
  await audit(tx, { action: 'federation.membership.issue', subject: id, participant, data: { holder: subject } });
  return jwt;
};

/** Harmless to repeat. */
export const revokeMembership = async (tx: Tx, participant: string, reason: string): Promise<void> => {
  // What is just being made for a wallet elsewhere is made before, and revoked with the others, or not at all.
  await lockHolderElsewhere(tx, participant);
  const revoked = await revokeOwn(tx, participant, reason);
  if (revoked > 0)
    await audit(tx, { action: 'federation.membership.revoke', subject: participant, participant, data: { reason } });
};

/** Makes anew what is old or signed by an earlier key or at an earlier address. How many. */
export const renewMemberships = async (room: ClaimsRoom): Promise<number> => {
  const { key, signer } = await signing(room, NODE);
  const soon = new Date(room.now().getTime() + limits.renewalDays * dayMilliseconds);
  const asked = { keyId: key.id, issuer: signer.did, soon };
  let made = 0;
  for (const participant of await wantingCredential(room.database, asked)) {
    if (made === limits.issuedPerTurn) break;
    if (!(await room.member(room.database, participant))) continue;
    await room.database.tx(systemActor('federation'), (tx) => ensureMembership(room, tx, participant));
    made++;
  }
  return made;
};

/** Lists are signed when they are asked for, so that a revocation shows at once; undefined for one that was never begun. */
export const statusList = async (room: ClaimsRoom, profile: Profile, list: number): Promise<string | undefined> => {
  const from = list * placesPerList;
  if (!Number.isSafeInteger(from) || from > Math.max(0, await lastStatusPlace(room.database))) return undefined;
  const now = room.now();
  const places = await revokedPlaces(room.database, from, from + placesPerList, now);
  const bits = places.reduce((all, place) => withBit(all, place - from, true), newBits());
  const { signer } = await signing(room, NODE);
  return issueStatusList(signer, {
    profile,
    address: addressOfList(room, profile, list),
    purpose: 'revocation',
    bits,
    validFrom: now,
    validUntil: new Date(now.getTime() + limits.statusListSeconds * 1000),
  });
};

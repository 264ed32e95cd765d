/** The exchange as issuer (DCP 1.0.1, chapter 6): it takes requests of members' own wallets, delivers to them, and offers. */
import {
  ClaimsError,
  type CredentialObject,
  credentialOffer,
  type Decision,
  type IssuanceRequest,
  makeIssuerService,
  paths,
  serviceOf,
} from '@shugu/claims';
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { issuerAddress, NODE, signing } from '../claims/keys.ts';
import { currentCredential } from '../claims/membership.ts';
import { postClaims } from '../claims/posting.ts';
import { replaysOf } from '../claims/replays.ts';
import { type ClaimsRoom, claimsLimits } from '../claims/room.ts';
import { type CredentialRequest, type Holder, issuingLimits as limits, supported } from './model.ts';
import {
  claimOffers,
  claimRequests,
  concludeRequest,
  findRequest,
  holderByDid,
  insertRequest,
  lockHolderElsewhere,
  offerEnded,
  offerWhatEnds,
  requestsSince,
} from './store.ts';

const dayMilliseconds = 86_400_000;
const system = systemActor('federation');
const subjectOf = (participant: string): string => `holder:${participant}`;

const refuse = (code: ConstructorParameters<typeof ClaimsError>[0], detail: string): never => {
  throw new ClaimsError(code, detail);
};

/** Of an active member. */
const activeHolder = async (room: ClaimsRoom, read: Reader, did: string): Promise<Holder | undefined> => {
  const found = await holderByDid(read, did);
  return found && (await room.member(read, found.participant)) ? found : undefined;
};

/** Whoever is not registered and whoever is suspended are told the same. @throws claims.holder-unknown, claims.too-many */
const receive = async (room: ClaimsRoom, tx: Tx, asked: IssuanceRequest): Promise<void> => {
  const found = await activeHolder(room, tx, asked.holder);
  if (!found) return refuse('claims.holder-unknown', asked.holder);
  const { participant } = found;
  await lockHolderElsewhere(tx, participant);
  const { waiting, all } = await requestsSince(tx, participant, new Date(tx.now.getTime() - dayMilliseconds));
  if (waiting >= limits.waitingMax || all >= limits.dayMax) return refuse('claims.too-many', asked.holder);
  const { issuerPid: id, holder, holderPid: holder_pid, credentials, accessToken } = asked;
  await insertRequest(tx, {
    ...{ id, participant, holder, holder_pid, credentials: [...new Set(credentials)] },
    sealed_access: accessToken === undefined ? null : await room.seal.seal(tx, subjectOf(participant), accessToken),
  });
  tx.afterCommit(room.wakeIssuing);
};

const toldOf = async (room: ClaimsRoom, one: CredentialRequest): Promise<IssuanceRequest> => ({
  issuerPid: one.id,
  holder: one.holder,
  holderPid: one.holder_pid,
  credentials: one.credentials,
  status: one.state,
  accessToken: (await room.seal.open(room.database, subjectOf(one.participant), one.sealed_access)) ?? undefined,
});

/** Signed once and kept with its place in the status list before it leaves: what was delivered can be revoked, whatever dies when. */
const decide = (room: ClaimsRoom, did: string, { id, profile }: CredentialObject): Promise<Decision> =>
  room.database.tx(system, async (tx): Promise<Decision> => {
    const none = { issue: false, reason: 'the holder is no active member' } as const;
    const participant = (await holderByDid(tx, did))?.participant;
    const holder = participant && (await lockHolderElsewhere(tx, participant));
    if (!holder || holder.did !== did) return none;
    // Looked at under the lock that a revocation takes as well.
    const member = await room.member(tx, participant);
    if (!member) return none;
    const about = { participant, member, subject: did, askedAs: id, profile };
    return { issue: true, payload: await currentCredential(room, tx, about) };
  });

/** The protocol's endpoints, and `deliver`. `standing`: only what active members asked for is found. */
export const issuerOf = async (room: ClaimsRoom, { standing }: { standing: boolean }) => {
  const { resolver, now, log, database, fetch, plainHttp } = room;
  return makeIssuerService({
    signer: (await signing(room, NODE)).signer,
    address: issuerAddress(room),
    supported,
    replay: replaysOf(room, NODE),
    ...{ resolver, now, fetch, plainHttp },
    onRefusal: ({ code, message }) => log.info({ code, detail: message }, 'a request for a credential was refused'),
    store: {
      received: (asked) => database.tx(system, (tx) => receive(room, tx, asked)),
      request: async (id) => {
        const found = await findRequest(database, id);
        if (!found || (standing && !(await activeHolder(room, database, found.holder)))) return undefined;
        return toldOf(room, found);
      },
      concluded: (id, state) =>
        database.tx(system, async (tx) => void (await concludeRequest(tx, { id, state, reason: '' }))),
    },
    decide: (did, object) => decide(room, did, object),
  });
};

const faultOf = (error: unknown): string => (error as Error).message.slice(0, 300);

const deliver = async (room: ClaimsRoom, { id, attempts, holder }: CredentialRequest): Promise<void> => {
  try {
    await (await issuerOf(room, { standing: false })).deliver(id);
  } catch (error) {
    const reason = faultOf(error);
    room.log.info({ holder, attempts, reason }, 'a holder did not take a credential');
    if (attempts >= limits.attemptsMax)
      await room.database.tx(system, (tx) => concludeRequest(tx, { id, state: 'REJECTED', reason }));
  }
};

const tellOffer = async (room: ClaimsRoom, { did, offered_at }: Holder): Promise<void> => {
  const service = serviceOf(await room.resolver.document(did), 'CredentialService');
  if (!service) return refuse('claims.unreachable', `${did} names no credential service`);
  const offerReason = offered_at === null ? 'issuance' : 'reissuance';
  const credentials = supported.map((one) => ({ ...one, offerReason }));
  const to = { audience: did, address: `${service}${paths.offers}` };
  const { status } = await postClaims(room, NODE, to, credentialOffer({ issuer: room.dids.node(), credentials }));
  if (status < 200 || status > 299) throw new Error(`HTTP ${status}`);
};

const offer = async (room: ClaimsRoom, one: Holder): Promise<void> => {
  const ended = (fault: string | null) => room.database.tx(system, (tx) => offerEnded(tx, one, fault));
  // It is told anew when it is a member again.
  if (!(await room.member(room.database, one.participant))) return void (await ended(one.fault ?? ''));
  try {
    await tellOffer(room, one);
    await ended(null);
  } catch (error) {
    const fault = faultOf(error);
    room.log.info({ holder: one.did, attempts: one.offer_attempts, fault }, 'a holder did not take an offer');
    if (one.offer_attempts >= limits.attemptsMax) await ended(fault);
  }
};

/** Deliveries and offers that are due; how many were tried. */
export const handToHolders = async (room: ClaimsRoom): Promise<number> => {
  // Apart, so that neither waits for rows while it holds the other's.
  const requests = await room.database.tx(system, claimRequests);
  const offers = await room.database.tx(system, claimOffers);
  await Promise.all([...requests.map((one) => deliver(room, one)), ...offers.map((one) => offer(room, one))]);
  return requests.length + offers.length;
};

/** Holders elsewhere ask themselves: they are told when it is time. */
export const offerAgain = async (room: ClaimsRoom): Promise<number> => {
  const { key, signer } = await signing(room, NODE);
  const at = (days: number) => new Date(room.now().getTime() + days * dayMilliseconds);
  const wanted = { soon: at(claimsLimits.renewalDays), before: at(-limits.offerDays) };
  return room.database.tx(system, (tx) => offerWhatEnds(tx, { keyId: key.id, issuer: signer.did, ...wanted }));
};

/** A participant as holder: its credential service, and what it asks of issuers. */
import { createHash, randomUUID } from 'node:crypto';
import {
  ClaimsError,
  type Credential,
  type CredentialStore,
  makeCredentialService,
  readCredential,
} from '@shugu/claims';
import type { Database } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { signing } from './keys.ts';
import { ensureMembership } from './membership.ts';
import { replaysOf } from './replays.ts';
import { type ClaimsRoom, claimsLimits as limits } from './room.ts';
import {
  concludeIssuance,
  credentialsOf,
  findIssuance,
  insertCredential,
  insertIssuance,
  openIssuances,
  replaceOthers,
} from './store.ts';
import { trusts } from './trust.ts';

const inTx = <T>({ database }: { database: Database }, run: Parameters<typeof database.tx<T>>[1]): Promise<T> =>
  database.tx(systemActor('federation'), run);

/** Those of ours are made at the first need, and not shown for whoever is a member no longer. */
const held = async (room: ClaimsRoom, participant: string): Promise<Credential[]> => {
  await inTx(room, (tx) => ensureMembership(room, tx, participant));
  const member = await room.member(room.database, participant);
  const own = room.dids.node();
  const rows = await credentialsOf(room.database, participant, { standing: true, count: limits.credentialsMax });
  return rows.filter((one) => one.issuer !== own || member).map(({ jwt }) => readCredential(jwt));
};

const keep = async (
  room: ClaimsRoom,
  participant: string,
  { issuer, issuerPid, holderPid, credentials }: Parameters<CredentialStore['issued']>[0],
): Promise<void> =>
  inTx(room, async (tx) => {
    for (const one of credentials) {
      const kept = {
        // Its own id is the issuer's choice, and may be another's here; the same one delivered twice is the same.
        id: `crd_${createHash('sha256').update(`${participant} ${one.jwt}`).digest('hex')}`,
        participant,
        issuer,
        subject: room.dids.of(participant),
        types: one.types,
        jwt: one.jwt,
        key_id: null,
        status_place: null,
        asked_as: null,
        valid_from: one.validFrom ?? tx.now,
        valid_until: one.validUntil ?? new Date(tx.now.getTime() + limits.membershipDays * 86_400_000),
      };
      if (await insertCredential(tx, kept)) await replaceOthers(tx, kept);
    }
    await concludeIssuance(tx, { id: holderPid, state: 'ISSUED', issuerPid, reason: '' });
  });

const storeOf = (room: ClaimsRoom, participant: string): CredentialStore => ({
  credentials: () => held(room, participant),
  expects: async ({ issuer, holderPid, issuerPid }) => {
    const found = await findIssuance(room.database, participant, holderPid);
    if (found?.issuer !== issuer || found.state === 'OFFERED') return false;
    return found.issuer_pid === null || found.issuer_pid === issuerPid;
  },
  issued: (delivery) => keep(room, participant, delivery),
  rejected: ({ holderPid, issuerPid, reason }) =>
    inTx(room, async (tx) => {
      const text = (reason ?? '').slice(0, 500);
      await concludeIssuance(tx, { id: holderPid, state: 'REJECTED', issuerPid, reason: text });
    }),
  offered: async ({ issuer, credentials }) => {
    // Of strangers nothing is kept, or anybody could fill the list.
    if (!(await trusts(room, issuer, ['MembershipCredential'])))
      throw new ClaimsError('claims.issuer-untrusted', issuer);
    await inTx(room, async (tx) => {
      if ((await openIssuances(tx, participant, 'OFFERED')) >= limits.issuancesMax)
        throw new ClaimsError('claims.too-large', 'offers that wait');
      await insertIssuance(tx, {
        id: randomUUID(),
        participant,
        issuer,
        credentials: credentials.map(({ id }) => id.slice(0, 1000)),
        state: 'OFFERED',
        due_at: null,
      });
    });
  },
});

export const walletOf = async (room: ClaimsRoom, participant: string) => {
  const { signer, ownKey } = await signing(room, participant);
  const { resolver, now, log } = room;
  return makeCredentialService({
    signer,
    ownKey,
    resolver,
    now,
    replay: replaysOf(room, participant),
    store: storeOf(room, participant),
    onRefusal: ({ code, message }) => log.info({ participant, code, detail: message }, 'a claim was refused'),
  });
};

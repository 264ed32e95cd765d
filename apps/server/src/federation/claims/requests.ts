/** What a participant asks of an issuer elsewhere: kept first, handed over after the commit, tried again while nobody answers. */
import { randomUUID } from 'node:crypto';
import { credentialRequest, makeAccessToken, paths, serviceOf, typeScope } from '@shugu/claims';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { problems } from '../problems.ts';
import { connectorOf } from '../reads.ts';
import { signing } from './keys.ts';
import { postClaims } from './posting.ts';
import { type ClaimsRoom, claimsLimits as limits, MEMBERSHIP } from './room.ts';
import {
  claimIssuances,
  giveUpIssuance,
  type Issuance,
  insertIssuance,
  openIssuances,
  takenByIssuer,
} from './store.ts';

/** @throws federation.connectorClosed, federation.requestsFull */
export const askIssuer = async (
  room: ClaimsRoom,
  tx: Tx,
  { issuer, credential }: { issuer: string; credential: string },
): Promise<void> => {
  const { participant } = tx.actor;
  if (!(await connectorOf(tx, participant))) throw problems.connectorClosed();
  if ((await openIssuances(tx, participant, 'REQUESTED')) >= limits.issuancesMax) throw problems.requestsFull();
  const id = randomUUID();
  await insertIssuance(tx, { id, participant, issuer, credentials: [credential], state: 'REQUESTED', due_at: tx.now });
  await audit(tx, { action: 'federation.credential.request', subject: id, data: { issuer, credential } });
  tx.afterCommit(room.wake);
};

const post = async (room: ClaimsRoom, one: Issuance): Promise<string | null> => {
  const service = serviceOf(await room.resolver.document(one.issuer), 'IssuerService');
  if (!service) throw new Error('its DID document names no issuer service');
  const { signer } = await signing(room, one.participant);
  const scopes = [typeScope(MEMBERSHIP)];
  const token = await makeAccessToken(signer, { bearer: one.issuer, scopes, now: room.now() });
  const to = { audience: one.issuer, address: `${service}${paths.credentials}`, token };
  // What it grants comes by a message of its own.
  const asked = credentialRequest({ holderPid: one.id, credentials: one.credentials });
  const answer = await postClaims(room, one.participant, to, asked);
  if (answer.status !== 201) throw new Error(`HTTP ${answer.status}`);
  return answer.headers.get('location')?.split('/').at(-1)?.slice(0, 1000) ?? null;
};

const tryOne = async (room: ClaimsRoom, one: Issuance): Promise<void> => {
  const system = systemActor('federation');
  try {
    const pid = await post(room, one);
    await room.database.tx(system, (tx) => takenByIssuer(tx, one.id, pid));
  } catch (error) {
    const fault = (error as Error).message.slice(0, 300);
    room.log.info({ issuer: one.issuer, attempts: one.attempts, fault }, 'an issuer did not take a request');
    if (one.attempts >= limits.attemptsMax) await room.database.tx(system, (tx) => giveUpIssuance(tx, one.id, fault));
  }
};

/** Number of requests tried. */
export const handOver = async (room: ClaimsRoom): Promise<number> => {
  const system = systemActor('federation');
  const due = await room.database.tx(system, (tx) =>
    claimIssuances(tx, new Date(tx.now.getTime() + 60_000), limits.issuancesMax),
  );
  await Promise.all(due.map((one) => tryOne(room, one)));
  return due.length;
};

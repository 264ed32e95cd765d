/** As provider: refresh tokens given with a data address, each good until the one that it renews to is used, and the renewal itself. */
import { randomBytes } from 'node:crypto';
import type { TokenRenewal } from '@shugu/dataspace';
import type { Tx } from '../../kernel/db/db.ts';
import type { Connector, Process } from '../model.ts';
import { findAgreement, findProcess } from '../reads.ts';
import { actorOf, type Room, rootOf } from '../service/room.ts';
import { refreshServed } from '../serving/renewal.ts';
import { lockProcess } from '../store.ts';
import { type GivenToken, TOKEN_PATH } from './model.ts';
import { type Asked, digestOfToken, heldBy, type RefreshFault, refreshFault } from './rules.ts';
import { givenByDigest, givenOf, saveGiven } from './store.ts';

const give = async (
  tx: Tx,
  { id, participant }: Process,
  accessToken: string,
  before: Pick<GivenToken, 'before_digest' | 'before_access_digest'>,
): Promise<string> => {
  const refreshToken = randomBytes(32).toString('base64url');
  await saveGiven(tx, {
    ...{ process: id, participant },
    digest: digestOfToken(refreshToken),
    access_digest: digestOfToken(accessToken),
    ...before,
  });
  return refreshToken;
};

/** What stands beside an access token in the data address that goes to the consumer. */
export const giveRenewal = async (
  room: Pick<Room, 'publicUrl' | 'accessSeconds'>,
  tx: Tx,
  process: Process,
  accessToken: string,
): Promise<TokenRenewal> => ({
  refreshToken: await give(tx, process, accessToken, { before_digest: null, before_access_digest: null }),
  expiresIn: room.accessSeconds,
  refreshEndpoint: rootOf(room, process.participant) + TOKEN_PATH,
});

/** RFC 6749 5.1. */
export interface TokensGiven {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  refresh_token: string;
}
export type Refused = RefreshFault | { error: 'invalid_client' };

const renew = async (room: Room, tx: Tx, id: string, asked: Asked): Promise<TokensGiven | Refused> => {
  const process = (await lockProcess(tx, id))!;
  const agreement = await findAgreement(tx, process.participant, process.subject);
  const agreed = agreement !== undefined && agreement.ended_at === null;
  const given = await givenOf(tx, id);
  const fault = refreshFault(process, given, { asked, agreed, now: tx.now });
  if (fault) return fault;
  const { access, again } = heldBy(given, asked.digest)!;
  const secret = await room.renewAccess(tx, process, { seconds: room.accessSeconds, again });
  if (secret === undefined) return { error: 'invalid_grant' };
  const refresh_token = await give(tx, process, secret, { before_digest: asked.digest, before_access_digest: access });
  return { access_token: secret, token_type: 'Bearer', expires_in: room.accessSeconds, refresh_token };
};

/** Nobody's identity is looked up for a token that renews nothing. */
export const refresh = async (
  room: Room,
  connector: Connector,
  { refreshToken, authorization }: { refreshToken: string; authorization: string | undefined },
): Promise<TokensGiven | Refused> => {
  const digest = digestOfToken(refreshToken);
  const given = await givenByDigest(room.database, connector.participant, digest);
  const process = given && (await findProcess(room.database, connector.participant, given.process));
  if (!process) return (await refreshServed(room, connector, { digest, authorization })) ?? { error: 'invalid_grant' };
  const proven = await room.proofs.proven(connector, process.counterparty, authorization);
  if (!proven) return { error: 'invalid_client' };
  return room.database.tx(actorOf(connector), (tx) => renew(room, tx, process.id, { digest, ...proven }));
};

/** Access tokens of data flows that control planes outside steer: renewed by whom the control plane named as counter-party, and nobody else. */
import { randomBytes } from 'node:crypto';
import type { TokenRenewal } from '@shugu/dataspace';
import type { Tx } from '../../kernel/db/db.ts';
import type { Connector } from '../model.ts';
import type { Refused, TokensGiven } from '../renewal/giving.ts';
import { type GivenToken, TOKEN_PATH } from '../renewal/model.ts';
import { type Asked, digestOfToken, heldBy, refreshFault } from '../renewal/rules.ts';
import { actorOf, type Room, rootOf } from '../service/room.ts';
import type { ServedFlow } from './model.ts';
import { flowByRefresh, lockFlow, saveFlow } from './store.ts';

/** Writes it down in the flow, which is saved by whoever asks. */
const give = (
  flow: ServedFlow,
  accessToken: string,
  before: Pick<ServedFlow, 'before_digest' | 'before_access_digest'>,
): string => {
  const refreshToken = randomBytes(32).toString('base64url');
  const digests = { refresh_digest: digestOfToken(refreshToken), access_digest: digestOfToken(accessToken) };
  Object.assign(flow, digests, before);
  return refreshToken;
};

export const renewalFor = (
  room: Pick<Room, 'publicUrl' | 'accessSeconds'>,
  flow: ServedFlow,
  accessToken: string,
): TokenRenewal => ({
  refreshToken: give(flow, accessToken, { before_digest: null, before_access_digest: null }),
  expiresIn: room.accessSeconds,
  refreshEndpoint: rootOf(room, flow.participant) + TOKEN_PATH,
});

/** As those of transfers are kept. The first renewal may come at once. */
const givenOf = (flow: ServedFlow): GivenToken | undefined =>
  flow.refresh_digest === null
    ? undefined
    : {
        ...{ process: flow.id, participant: flow.participant, renewals: flow.renewed_at ? 1 : 0 },
        ...{ digest: flow.refresh_digest, access_digest: flow.access_digest! },
        ...{ before_digest: flow.before_digest, before_access_digest: flow.before_access_digest },
        given_at: flow.renewed_at ?? new Date(0),
      };

const renew = async (room: Room, tx: Tx, id: string, asked: Asked): Promise<TokensGiven | Refused> => {
  const flow = (await lockFlow(tx, id))!;
  const given = givenOf(flow);
  const { counterparty, state } = flow;
  const standing = { state: state === 'STARTED' ? state : null, side: 'provider', counterparty } as const;
  // Whether its contract stands, the gateway knows.
  const fault = refreshFault(standing, given, { asked, agreed: true, now: tx.now });
  if (fault) return fault;
  const { access, again } = heldBy(given, asked.digest)!;
  const secret = await room.gateway.renew(tx, flow, { seconds: room.accessSeconds, again });
  if (secret === undefined) return { error: 'invalid_grant' };
  const refresh_token = give(flow, secret, { before_digest: asked.digest, before_access_digest: access });
  await saveFlow(tx, { ...flow, sealed_answer: null, renewed_at: tx.now });
  return { access_token: secret, token_type: 'Bearer', expires_in: room.accessSeconds, refresh_token };
};

/** Undefined: that refresh token is of no such flow. */
export const refreshServed = async (
  room: Room,
  connector: Connector,
  { digest, authorization }: { digest: string; authorization: string | undefined },
): Promise<TokensGiven | Refused | undefined> => {
  const flow = await flowByRefresh(room.database, connector.participant, digest);
  if (!flow) return undefined;
  const proven = await room.proofs.proven(connector, flow.counterparty, authorization);
  if (!proven) return { error: 'invalid_client' };
  return room.database.tx(actorOf(connector), (tx) => renew(room, tx, flow.id, { digest, ...proven }));
};

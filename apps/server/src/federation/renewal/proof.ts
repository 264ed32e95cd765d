/**
 * Who renews: a consumer that goes by a DID of elsewhere signs a token for this one request, which names the access token (HTTP transfer
 * profile, “Client Authentication”); everybody else shows what it shows with messages.
 */
import { ClaimsError, makeIdToken, verifyIdToken } from '@shugu/claims';
import { signing } from '../claims/keys.ts';
import { replaysOf } from '../claims/replays.ts';
import type { ClaimsRoom } from '../claims/room.ts';
import type { IdentityProvider } from '../identity/identity.ts';
import type { Connector } from '../model.ts';
import { renewalLimits as limits } from './model.ts';

export interface Proven {
  name: string;
  /** The access token that it names; undefined where its kind names none. */
  accessToken: string | undefined;
}

export interface Proofs {
  /** Authorization value of a request to a provider's refresh endpoint. */
  prove(from: Connector, to: { name: string; address: string }, accessToken: string): Promise<string>;
  /** Who asks at the refresh endpoint of one of ours, by the kind of its consumer; undefined: nobody who could be recognised. */
  proven(at: Connector, consumer: string, authorization: string | undefined): Promise<Proven | undefined>;
}

/** `byDid`: names that are proved by a DID's key. */
export const makeProofs = (
  claims: ClaimsRoom,
  identity: IdentityProvider,
  byDid: (name: string) => boolean,
): Proofs => ({
  prove: async (from, to, accessToken) => {
    if (!byDid(to.name)) return identity.authorize(from, to);
    const { signer } = await signing(claims, from.participant);
    const said = { audience: to.name, now: claims.now(), token: accessToken, seconds: limits.proofSeconds };
    return `Bearer ${await makeIdToken(signer, said)}`;
  },
  proven: async (at, consumer, authorization) => {
    if (!byDid(consumer)) {
      const found = await identity.identify(at, authorization);
      return found && { name: found.name, accessToken: undefined };
    }
    const { resolver, now } = claims;
    const checks = { resolver, now, replay: replaysOf(claims, at.participant) };
    try {
      const { did, accessToken } = await verifyIdToken(authorization, claims.dids.of(at.participant), checks);
      // One that names none proves less than the profile asks for.
      return accessToken === undefined ? undefined : { name: did, accessToken };
    } catch (error) {
      if (!(error instanceof ClaimsError)) throw error;
      claims.log.info({ participant: at.participant, code: error.code }, 'whoever asked to renew was not recognised');
      return undefined;
    }
  },
});

/** Whoever goes by a DID: self-issued tokens, and membership shown by credentials of issuers that are trusted here (DCP 1.0.1). */
import { makeIdentity, makeSchemas, makeStatusLists, profiles, typeScope } from '@shugu/claims';
import { signing } from '../claims/keys.ts';
import { replaysOf } from '../claims/replays.ts';
import { type ClaimsRoom, claimsLimits as limits, MEMBERSHIP } from '../claims/room.ts';
import { trusts } from '../claims/trust.ts';
import { attestedIn } from './attested.ts';
import type { IdentityProvider } from './identity.ts';

type Identity = ReturnType<typeof makeIdentity>;

export const claimsTokens = (room: ClaimsRoom): IdentityProvider => {
  const { fetch, now, plainHttp, resolver } = room;
  const statusLists = makeStatusLists({ fetch, now, plainHttp, resolver });
  const schemas = makeSchemas({ fetch, now, plainHttp });
  const kept = new Map<string, { keyId: string; identity: Identity }>();
  /** The same as long as its key is: it remembers what counter-parties have shown. */
  const identityOf = async (participant: string): Promise<Identity> => {
    const { signer } = await signing(room, participant);
    const known = kept.get(participant);
    if (known?.keyId === signer.keyId) return known.identity;
    const identity = makeIdentity({
      signer,
      resolver,
      now,
      fetch,
      plainHttp,
      statusLists,
      schemas,
      replay: replaysOf(room, participant),
      trusts: (issuer, types) => trusts(room, issuer, types),
      shows: [typeScope(MEMBERSHIP)],
      wants: [typeScope(MEMBERSHIP)],
      keepSeconds: limits.keepSeconds,
    });
    kept.set(participant, { keyId: signer.keyId, identity });
    return identity;
  };
  return {
    shown: { identifierType: 'did:web', auth: { protocol: 'DCP', version: '1.0', profile: profiles } },
    authorize: async (from, to) => (await identityOf(from.participant)).authorization(to.name),
    identify: async (at, authorization) => {
      const verified = await (await identityOf(at.participant)).verify(authorization);
      if (verified.ok)
        return {
          name: verified.counterParty,
          ...(await attestedIn(room, verified)),
          claims: { credentials: verified.claims.map(({ id, issuer, types }) => ({ id, issuer, types })) },
        };
      const { code, detail } = verified;
      // Outside all are alike; whoever runs the node can see why.
      room.log.info({ participant: at.participant, code, detail }, 'a sender was not recognised');
      return undefined;
    },
  };
};

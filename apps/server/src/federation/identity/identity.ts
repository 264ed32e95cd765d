/** Who speaks: the one seam for identities. The protocol leaves open what an Authorization value means. */
import type { Shown } from '@shugu/dataspace';
import type { Connector } from '../model.ts';

export interface Identified {
  /** Participant id of whoever sent the message. */
  name: string;
  claims: Record<string, unknown>;
  /** What an issuer that is trusted here says of it. */
  attested?: Attested;
}

/** By a credential that was verified; never the sender's own word. */
export interface Attested {
  name: string;
  /** '' where the issuer says none. */
  creditCode: string;
  issuer: string;
  /** As it is known here; '' where it has no name. */
  issuerName: string;
  credential: string;
}

export interface IdentityProvider {
  /** What the version document says of it to strangers. */
  shown?: Shown;
  /** The Authorization value of a message from one of ours to a counter-party. */
  authorize(from: Connector, to: { name: string; address: string }): Promise<string>;
  /** Whom an Authorization value that reached one of ours shows; undefined: nobody we know. */
  identify(at: Connector, authorization: string | undefined): Promise<Identified | undefined>;
}

/**
 * Both at once: a counter-party that goes by a DID which this node has not given is met by claims, everybody else by the node's own
 * tokens. What comes is looked at by both.
 */
export const eitherIdentity = (
  claims: IdentityProvider,
  own: IdentityProvider,
  isForeign: (name: string) => boolean,
): IdentityProvider => ({
  // The node's own tokens are for whoever is here anyway.
  ...(claims.shown ? { shown: claims.shown } : {}),
  authorize: (from, to) => (isForeign(to.name) ? claims : own).authorize(from, to),
  identify: async (at, authorization) =>
    (await own.identify(at, authorization)) ?? (await claims.identify(at, authorization)),
});

/** Who speaks: the one seam for identities. The protocol leaves open what an Authorization value means. */
import type { Connector } from '../model.ts';

export interface Identified {
  /** Participant id of whoever sent the message. */
  name: string;
  claims: Record<string, unknown>;
}

export interface IdentityProvider {
  /** The Authorization value of a message from one of ours to a counter-party. */
  authorize(from: Connector, to: { name: string; address: string }): Promise<string>;
  /** Whom an Authorization value that reached one of ours shows; undefined: nobody we know. */
  identify(at: Connector, authorization: string | undefined): Promise<Identified | undefined>;
}

/** Facts this room tells. The event's participant is ours in the process. */
export interface FederationEvents {
  /** An organisation's connector was opened or closed. */
  'federation.connector.moved': { open: boolean };
  /** Something happened in a negotiation or transfer; `held`: a person is asked; `reference`: of the trade behind it. */
  'federation.process.moved': {
    kind: string;
    state: string | null;
    act: string;
    by: string;
    held: boolean;
    side: string;
    reference: string | null;
  };
  /** A message of ours was not taken, or never arrived: a person is asked. */
  'federation.process.refused': { act: string; fault: string };
  /** An act waits until the trade behind it allows it; the subject is the process. */
  'federation.clearance.asked': { act: string; reference: string | null };
  /** It is not to be said any more: the process went another way. */
  'federation.clearance.dropped': { act: string; reference: string | null };
  /** A negotiation has reached its end: both sides hold the agreement. */
  'federation.agreement.ended': { agreement: string; reason: string };
  'federation.agreement.finalized': { agreement: string; side: string; counterparty: string; dataset: string };
}

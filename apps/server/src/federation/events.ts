/** Facts this room tells. The event's participant is ours in the process. */
export interface FederationEvents {
  /** Something happened in a negotiation or transfer; `held`: a person is asked. */
  'federation.process.moved': { kind: string; state: string | null; act: string; by: string; held: boolean };
  /** A negotiation has reached its end: both sides hold the agreement. */
  'federation.agreement.finalized': { agreement: string; side: string; counterparty: string; dataset: string };
}

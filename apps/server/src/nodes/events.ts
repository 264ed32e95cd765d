/** Facts that nodes announce. */
export interface NodesEvents {
  'nodes.node.applied': { name: string; kind: string };
  'nodes.node.activated': { name: string };
  'nodes.node.ended': { state: 'refused' | 'revoked'; reason: string };
  /** Money for a purchase at another node is to be frozen; it is, and that node has taken the word; both hold the agreement. */
  'nodes.purchase.asked': { node: string };
  'nodes.purchase.guaranteed': Record<string, never>;
  'nodes.purchase.bought': { agreement: string };
  /** The seller's node is asked what came of it; it does not answer. */
  'nodes.purchase.withdrawing': { reason: string };
  'nodes.purchase.unanswered': Record<string, never>;
  'nodes.purchase.failed': { reason: string };
  /** At the buyer's: the seller's node was believed no longer for so long that what is left of the money goes back. */
  'nodes.purchase.abandoned': { reason: string };
  /** At the seller's: the buyer's node asks whether the money is still bound; or that node is believed no longer. */
  'nodes.guarantee.asked': Record<string, never>;
  'nodes.guarantee.unbacked': { reason: string };
  /** Two nodes have signed a mutual statement. `lines` at the debtor's: what is to be paid of each purchase. */
  'nodes.statement.agreed': { side: string; number: string; peer: string; lines: unknown };
  'nodes.uplink.joined': { hub: string };
  'nodes.uplink.moved': { state: string };
}

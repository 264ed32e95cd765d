/** Facts that nodes announce. */
export interface NodesEvents {
  'nodes.node.applied': { name: string; kind: string };
  'nodes.node.activated': { name: string };
  'nodes.node.ended': { state: 'refused' | 'revoked'; reason: string };
  /** Money for a purchase at another node is to be frozen; it is, and that node has taken the word; both hold the agreement. */
  'nodes.purchase.asked': { node: string };
  'nodes.purchase.guaranteed': Record<string, never>;
  'nodes.purchase.bought': { agreement: string };
  'nodes.purchase.failed': { reason: string };
  /** Two nodes have signed a mutual statement. `lines` at the debtor's: what is to be paid of each purchase. */
  'nodes.statement.agreed': { side: string; number: string; peer: string; lines: unknown };
  'nodes.uplink.joined': { hub: string };
  'nodes.uplink.moved': { state: string };
}

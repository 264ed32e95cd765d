/** Facts that nodes announce. */
export interface NodesEvents {
  'nodes.node.applied': { name: string; kind: string };
  'nodes.node.activated': { name: string };
  'nodes.node.ended': { state: 'refused' | 'revoked'; reason: string };
  'nodes.uplink.joined': { hub: string };
  'nodes.uplink.moved': { state: string };
}

/** Which nodes a small network has, and who runs each: purely. */
import { readFile } from 'node:fs/promises';
import type { nodeKinds } from '@shugu/wire/nodes';
import type { Cast } from '../scenario/cast.ts';

/** Processes in all, the hub among them. An exchange at rest takes about 370 MB with its database and bank simulator: 14 take 5 GB. */
export const networkLimits = { nodesMin: 2, nodesDefault: 5, nodesMax: 14 } as const;

export interface PlannedNode {
  key: string;
  kind: (typeof nodeKinds)[number];
  operator: string;
  creditCode: string;
  suite?: 'intl' | 'sm';
  /** Supplier of the demo's goods that it lists. */
  lists?: string;
  /** Whether a member of it raises a demand. */
  demands?: boolean;
}

/** The member who buys and raises demands, by key of the cast. */
export const buyer = 'citylogistics';

/** The first of the fixture's nodes; the hub comes first. */
export const planNetwork = async (count: number): Promise<PlannedNode[]> => {
  const text = await readFile(new URL('../../../../fixtures/network.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { nodes: PlannedNode[] }).nodes.slice(0, count);
};

export interface Trader<N> {
  node: N;
  /** Key of the organisation in the cast. */
  member: string;
}

/** Who trades across nodes: a member of a city's node with a supplier of an industry's. Undefined where one of them is missing. */
export const tradersOf = <N extends PlannedNode>(
  nodes: readonly N[],
): { consumer: Trader<N>; provider: Trader<N> } | undefined => {
  const city = nodes.find(({ kind, demands }) => kind === 'city' && demands);
  const industry = nodes.find(({ kind, lists }) => kind === 'industry' && lists !== undefined);
  return city && industry
    ? { consumer: { node: city, member: buyer }, provider: { node: industry, member: industry.lists! } }
    : undefined;
};

/** The demo's people at a node of their own: the same log-ins everywhere, under another operator. */
export const castAt = (cast: Cast, node: PlannedNode): Cast => ({
  ...cast,
  organisations: cast.organisations.map((one) =>
    one.key === 'operator' ? { ...one, name: node.operator, creditCode: node.creditCode } : one,
  ),
});

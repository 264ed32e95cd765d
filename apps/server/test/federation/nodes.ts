/** Two exchanges of different nodes, whose connectors know each other's tokens by the keys that each node keeps. */
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/federation';
import { expect } from 'vitest';
import { platformTokens } from '../../src/federation/identity/platform.ts';
import type { IdentityProvider } from '../../src/federation/index.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';

export interface Node {
  exchange: TestExchange;
  identity: IdentityProvider;
}

/** Its own tokens, and whoever the other node's keys show. */
const opened = async (nodes: Node[], options: Parameters<typeof testExchange>[0]): Promise<Node> => {
  const at = nodes.length;
  const identity: IdentityProvider = {
    authorize: (from, to) => nodes[at]!.identity.authorize(from, to),
    identify: async (connector, authorization) => {
      for (const node of nodes) {
        const found = await node.identity.identify(connector, authorization);
        if (found) return found;
      }
      return undefined;
    },
  };
  const exchange = await testExchange({ ...options, identity, config: { privateConnectors: ['127.0.0.1'] } });
  const { kernel } = exchange.exchange;
  const own = platformTokens({ database: kernel.database, keys: kernel.keys, now: () => kernel.clock.now() });
  const node = { exchange, identity: own };
  nodes.push(node);
  return node;
};

/** The provider's and the consumer's. */
export const twoNodes = async (options: { accounts?: boolean } = {}): Promise<[Node, Node]> => {
  const nodes: Node[] = [];
  return [await opened(nodes, options), await opened(nodes, {})];
};

export interface Connected {
  client: Client;
  participant: string;
  name: string;
  address: string;
}

/** An organisation's connector; `name` where the node's own would be the same on both nodes, copies of one another. */
export const connect = async ({ exchange }: Node, key: string, name?: string): Promise<Connected> => {
  const { kernel, rooms } = exchange.exchange;
  const participant = exchange.seeded.organisations[key]!;
  const actor = { kind: 'system', id: 'system:test', participant } as const;
  await kernel.database.tx(actor, (tx) => rooms.federation.open(tx, name));
  const client = await exchange.as(`${key}.trader`);
  const { connector } = await client.call(wire.getConnector, {});
  return { client, participant, name: connector!.name, address: connector!.address };
};

/** Authorization of one connector for another. */
export const tokenOf = (
  { identity }: Node,
  { participant, name }: Connected,
  to: Pick<Connected, 'name'>,
): Promise<string> =>
  identity.authorize({ participant, name, rules: [], opened_at: new Date(0), closed_at: null }, { ...to, address: '' });

export const read = async ({ client }: Connected, id: string) =>
  (await client.call(wire.getProcess, { params: { id } })).process;

/** The same process, as the other side has it. */
export const twinOf = async ({ client }: Connected, theirPid: string) =>
  (await client.call(wire.listProcesses, { query: { limit: 100 } })).items.find((one) => one.theirPid === theirPid)!;

export const reached = (of: Connected, id: string, state: string): Promise<void> =>
  expect.poll(() => read(of, id).then((one) => one.state), { timeout: 60_000 }).toBe(state);

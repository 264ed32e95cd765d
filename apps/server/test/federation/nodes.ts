/**
 * Two exchanges of different nodes as they start: no identity is handed in. Their connectors go by DIDs, and each trusts the other's
 * word about its members.
 */

import { guardedOutgoing } from '@shugu/gateway';
import type { Client } from '@shugu/wire';
import * as wire from '@shugu/wire/federation';
import { pino } from 'pino';
import { expect } from 'vitest';
import { makeClaims } from '../../src/federation/claims/claims.ts';
import { didsOf } from '../../src/federation/claims/dids.ts';
import { claimsTokens } from '../../src/federation/identity/claims.ts';
import type { IdentityProvider } from '../../src/federation/index.ts';
import { makeProofs, type Proofs } from '../../src/federation/renewal/proof.ts';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';

export interface Node {
  exchange: TestExchange;
  /** Of its participants, for messages that a test sends by hand. */
  identity: IdentityProvider;
  /** Likewise, of requests to refresh endpoints. */
  proofs: Proofs;
  did: string;
  /** Whose credentials of membership it trusts beside its own: the setting, which a test may change. */
  trusted: string[];
}

const privateConnectors = ['127.0.0.1'];

const speakerIn = ({ exchange: { kernel } }: TestExchange): Pick<Node, 'identity' | 'proofs'> => {
  const { database, keys, seal, clock, publicUrl } = kernel;
  const dids = didsOf(publicUrl);
  const deps = { database, keys, seal, publicUrl, dids, now: () => clock.now(), log: pino({ level: 'silent' }) };
  const nobody = { member: async () => undefined, trustedIssuers: [], peers: async () => [] };
  const { room } = makeClaims({ ...deps, ...nobody }, guardedOutgoing(privateConnectors, 5));
  const identity = claimsTokens(room);
  return { identity, proofs: makeProofs(room, identity, () => true) };
};

const opened = async (options: Parameters<typeof testExchange>[0]): Promise<Node> => {
  const trusted: string[] = [];
  const exchange = await testExchange({ ...options, config: { privateConnectors, trustedIssuers: trusted } });
  return { exchange, ...speakerIn(exchange), did: didsOf(exchange.exchange.kernel.publicUrl).node(), trusted };
};

const clockOf = ({ exchange }: Node): SimulatedClock => exchange.exchange.kernel.clock as SimulatedClock;

/** Both clocks show the same, as those of real nodes do; later by `seconds`, and by one at least, since they go on meanwhile. */
export const together = (nodes: readonly Node[], seconds = 0): void => {
  const latest = Math.max(...nodes.map((one) => clockOf(one).now().getTime()));
  const moment = new Date(latest + Math.max(1, seconds) * 1000);
  for (const one of nodes) clockOf(one).moveTo(moment);
};

/** The provider's and the consumer's. */
export const twoNodes = async (options: { accounts?: boolean } = {}): Promise<[Node, Node]> => {
  const [one, other] = [await opened(options), await opened({})];
  // Their ports, and so their DIDs, are known only now.
  one.trusted.push(other.did);
  other.trusted.push(one.did);
  together([one, other]);
  return [one, other];
};

export interface Connected {
  client: Client;
  participant: string;
  /** Its DID. */
  name: string;
  address: string;
}

export const connect = async ({ exchange }: Node, key: string): Promise<Connected> => {
  const client = await exchange.as(`${key}.trader`);
  const { did, address } = await client.call(wire.openConnector, { body: {} });
  return { client, participant: exchange.seeded.organisations[key]!, name: did, address };
};

const connectorOf = ({ participant, name }: Connected) => ({
  ...{ participant, name, rules: [] },
  ...{ opened_at: new Date(0), closed_at: null },
});

/** Authorization of one connector for another, for one message. */
export const tokenOf = ({ identity }: Node, from: Connected, to: Pick<Connected, 'name'>): Promise<string> =>
  identity.authorize(connectorOf(from), { ...to, address: '' });

/** Likewise, for one request to its refresh endpoint. */
export const proofOf = (
  { proofs }: Node,
  from: Connected,
  to: Pick<Connected, 'name'>,
  accessToken: string,
): Promise<string> => proofs.prove(connectorOf(from), { ...to, address: '' }, accessToken);

export const read = async ({ client }: Connected, id: string) =>
  (await client.call(wire.getProcess, { params: { id } })).process;

/** The same process, as the other side has it. */
export const twinOf = async ({ client }: Connected, theirPid: string) =>
  (await client.call(wire.listProcesses, { query: { limit: 100 } })).items.find((one) => one.theirPid === theirPid)!;

export const reached = (of: Connected, id: string, state: string): Promise<void> =>
  expect.poll(() => read(of, id).then((one) => one.state), { timeout: 300_000 }).toBe(state);

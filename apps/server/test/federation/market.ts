/** A hub and two nodes of it as they start: three exchanges with keys of their own, registered by their operators' people. */
import * as wire from '@shugu/wire/nodes';
import { expect } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import { didsOf } from '../../src/federation/claims/dids.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { seedCast } from '../../src/members/testing.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';

export const soon = { timeout: 300_000, interval: 100 };

export interface Market {
  hub: TestExchange;
  /** The buyer's node. */
  city: TestExchange;
  /** The seller's. */
  industry: TestExchange;
  end(): Promise<void>;
}

const nodeConfig = { privateNodes: ['127.0.0.0/8'], privateConnectors: ['127.0.0.1'] };

export const didOf = ({ exchange }: TestExchange): string => didsOf(exchange.kernel.publicUrl).node();

export const uplinkOf = async (one: TestExchange) =>
  (await (await one.as('operator.system')).call(wire.readUplink, {})).uplink;

/** The case of its registration at the hub. */
export const letIn = async (hub: TestExchange, one: TestExchange): Promise<string> => {
  await expect.poll(() => uplinkOf(one).then((uplink) => uplink?.node ?? null), soon).not.toBeNull();
  const { node } = (await uplinkOf(one))!;
  const reviewer = await hub.as('operator.reviewer');
  const { items } = await reviewer.call(wire.listApplications, { query: { limit: 100 } });
  const { case: id } = items.find((each) => each.id === node)!;
  await move(reviewer, id, 'acceptRegistration');
  await expect.poll(() => uplinkOf(one).then((uplink) => uplink?.state), soon).toBe('assessing');
  await move(await hub.as('operator.approver'), id, 'acceptCertification');
  await expect.poll(() => uplinkOf(one).then((uplink) => uplink?.state), soon).toBe('active');
  return id;
};

export const openMarket = async (trustNodes = true): Promise<Market> => {
  // Copies of one prepared database share its keys, so each of the three comes of another.
  const hub = await testExchange({ seeded: false, config: { nodeKind: 'hub', heartbeatSeconds: 1 } });
  const { kernel } = hub.exchange;
  Object.assign(hub.seeded, await kernel.database.tx(systemActor('test'), (tx) => seedCast(tx, kernel.seal)));
  const config = { ...nodeConfig, hubUrl: hub.url, trustNodes };
  const city = await testExchange({ accounts: true, config: { ...config, nodeKind: 'city' } });
  const industry = await testExchange({ accounts: true, config: { ...config, nodeKind: 'industry', suite: 'sm' } });
  const all = [industry, city, hub];
  return {
    hub,
    city,
    industry,
    end: async () => {
      for (const one of all) await one.end();
    },
  };
};

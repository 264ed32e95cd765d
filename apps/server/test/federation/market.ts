/** A hub and two nodes of it as they start: three exchanges with keys of their own, registered by their operators' people. */
import type { Signer } from '@shugu/evidence';
import * as wire from '@shugu/wire/nodes';
import * as tradeWire from '@shugu/wire/nodes-trade';
import { expect } from 'vitest';
import { move } from '../../../cli/src/scenario/cases.ts';
import { didsOf } from '../../src/federation/claims/dids.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { seedCast } from '../../src/members/testing.ts';
import { type Envelope, sealWords } from '../../src/nodes/envelope.ts';
import type { PeerMessage } from '../../src/nodes/model.ts';
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

const nodeConfig = { privateNodes: ['127.0.0.0/8'], privateConnectors: ['127.0.0.1'], nodeExposureYuan: 500 };

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
  const hub = await testExchange({
    seeded: false,
    config: { nodeKind: 'hub', heartbeatSeconds: 1, privateConnectors: ['127.0.0.1'] },
  });
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

/** Of the nodes between which the purchase was made; the hub has nothing to do with it. */
export const exposedAt = async (one: TestExchange) => {
  const { limit, items } = await (await one.as('operator.service')).call(tradeWire.listExposures, {});
  const most = (side: 'owing' | 'owed') =>
    items.map((each) => each[side].used).sort((a, b) => Number(b) - Number(a))[0];
  return { limit, owing: most('owing'), owed: most('owed') };
};

/** That told the operator's people of a statement. */
export const noticesOf = async ({ exchange, seeded }: TestExchange, statement: string) => {
  const { rows } = await exchange.kernel.database.pool.query<{ text: { en: string } }>(
    'select text from notices where subject = $1 and participant = $2',
    [statement, seeded.organisations.operator],
  );
  return rows.map(({ text }) => text.en);
};

/** What stands under a key of a node that takes part. */
export const signerOf = async ({ exchange: { kernel } }: TestExchange): Promise<Signer> => {
  const { rows } = await kernel.database.pool.query<{ key_id: string }>('select key_id from node_uplinks');
  return kernel.keys.signerById(kernel.database, rows[0]!.key_id);
};

export const kept = async ({ exchange: { kernel } }: TestExchange) => {
  const { rows } = await kernel.database.pool.query<{ statement: Envelope; answer: Envelope }>(
    `select statement, answer from node_statements where state = 'agreed' order by created_at`,
  );
  return rows[0]!;
};

export const guaranteeBy = async (one: TestExchange, to: TestExchange): Promise<Envelope> =>
  sealWords(await signerOf(one), {
    kind: 'guarantee',
    to: (await to.anyone.call(wire.readSelf, {})).keyId,
    purchase: `npu_${'3'.repeat(26)}`,
    negotiation: `neg_${'3'.repeat(26)}`,
    buyer: `${didOf(one)}:dsp:org_${'1'.repeat(26)}`,
    supplier: `${didOf(to)}:dsp:org_${'2'.repeat(26)}`,
    ...{ dataset: 'x', offer: 'y', quantity: 1, fen: '1', at: new Date().toISOString() },
  } satisfies PeerMessage);

/** For tests only: short words for what every scenario does. */

import type { PricePlan } from '@shugu/ledger';
import * as wire from '@shugu/wire/settlement';
import type { Usage } from './rules.ts';
import type { Client, TestServer } from './testing.server.ts';

export interface Deal {
  way?: 'custody' | 'direct' | 'postpaid';
  estimate?: bigint;
  buyer?: string;
  supplier?: string;
  plan?: PricePlan;
  /** 70 % to the supplier, 30 % to a right holder, 2 % of the total to the exchange first. */
  shares?: boolean;
  /** False when the bank is not going to answer. */
  settles?: boolean;
}

const perCall = { kind: 'perCall', unitPrice: '0.0035' } as PricePlan;

export const dealsOn = (server: () => TestServer) => {
  const openFor = async (login: string, fen = '0'): Promise<Client> => {
    const client = await server().as(login);
    await client.call(wire.openAccount, { body: {} });
    await server().settle();
    if (fen !== '0') await client.call(wire.simulateDeposit, { body: { amountFen: fen } });
    return client;
  };
  const contract = async (deal: Deal = {}): Promise<string> => {
    const { org, settlement, tx, newOrder, settle } = server();
    const order = newOrder();
    const supplier = org(deal.supplier ?? 'xingsha');
    await tx((open) =>
      settlement.openOrder(open, {
        order,
        contract: 'ctr_test',
        title: '货车宝：近一年里程（样例）',
        buyer: org(deal.buyer ?? 'bank'),
        supplier,
        plan: deal.plan ?? perCall,
        taxRate: '0.06',
        way: deal.way ?? 'custody',
        estimateFen: deal.estimate ?? 100_000n,
        ...(deal.shares && {
          splitRule: {
            legs: [
              { party: supplier, role: 'supplier', share: { basisPoints: 7000 } },
              { party: org('mapping'), role: 'rightsHolder', share: { basisPoints: 3000 } },
            ],
            fee: { party: org('operator'), share: { basisPoints: 200 } },
          },
        }),
      }),
    );
    if (deal.settles ?? true) await settle();
    return order;
  };
  const use = async (
    order: string,
    usage: bigint | readonly Usage[],
    { final = true, periodKey = 'once' } = {},
  ): Promise<string> => {
    const from = new Date('2026-03-02T00:00:00Z');
    const until = new Date('2026-03-31T16:00:00Z');
    const lines = typeof usage === 'bigint' ? [{ title: '查询', calls: usage }] : usage;
    const draft = { order, periodKey, from, until, usage: lines, cut: { gateway: 7 }, final };
    const statement = await server().tx((tx) => server().settlement.settleOrder(tx, draft));
    await server().settle();
    return statement.id;
  };
  const funds = async (login: string) => (await (await server().as(login)).call(wire.readAccount, {})).funds;
  return { openFor, contract, use, funds };
};

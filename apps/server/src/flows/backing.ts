/** What an order over the Dataspace Protocol stands on: the protocol carries no payment, so money lies at the bank before. */
import { affordableQuantity, parsePricePlan } from '@shugu/ledger';
import { estimateFen, type PricePlan, type SettlementWay } from '../market/index.ts';
import { type Unit, unitOf } from './rules.ts';

/** Of use that costs nothing and that no quota bounds. */
const plenty = 1_000_000_000;

export interface Quota {
  metric: string;
  period: string;
  limit: number;
}

export interface Backing {
  way: SettlementWay;
  quantity: number;
}

export type Unbacked = { missing: 'price' | 'custody' | 'money' };

const mostOf = (quotas: readonly Quota[], unit: Unit | undefined): number =>
  Math.min(plenty, ...quotas.filter((one) => one.metric === unit && one.period === 'total').map(({ limit }) => limit));

/**
 * A price must be covered by what lies free in the buyer's sub-account at the custodian bank: of metered use as much as it pays
 * for and the policy's quotas allow in all, of anything else one. In words: docs/decisions/0021.
 */
export const backingOf = (
  offered: { plan: PricePlan; ways: readonly SettlementWay[]; quotas: readonly Quota[] },
  freeFen: bigint,
): Backing | Unbacked => {
  const plan = parsePricePlan(offered.plan);
  if (plan.kind === 'quotation' && plan.agreedPrice === undefined) return { missing: 'price' };
  const custody = offered.ways.includes('custody');
  const unit = unitOf(plan);
  const most = mostOf(offered.quotas, unit);
  const affordable = unit ? affordableQuantity(plan, freeFen) : 1n;
  const quantity = affordable === null || affordable > BigInt(most) ? most : Number(affordable);
  const costs = estimateFen(offered.plan, Math.max(quantity, 1)) > 0n;
  if (!costs) return { way: custody ? 'custody' : offered.ways[0]!, quantity: Math.max(quantity, 1) };
  if (!custody) return { missing: 'custody' };
  return quantity >= 1 && estimateFen(offered.plan, quantity) <= freeFen
    ? { way: 'custody', quantity }
    : { missing: 'money' };
};

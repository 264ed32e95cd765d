/** 使用场景申报、下单、签约. */
import type { CallInput, CallOutput } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import * as marketWire from '@shugu/wire/market';
import type { Listing } from './product.ts';
import { until } from './resource.ts';
import type { Stage } from './stage.ts';

export type Order = CallOutput<typeof marketWire.readOrder>;
export type Contract = CallOutput<typeof agreementsWire.getContract>;
export type ScenarioDraft = CallInput<typeof marketWire.createScenario>['body'];

export const stateScenario = async (stage: Stage, login: string, draft: ScenarioDraft): Promise<string> =>
  (await (await stage.as(login)).call(marketWire.createScenario, { body: draft })).id;

export interface Purchase {
  listing: Listing;
  scenario: string;
  quantity: number;
  way: 'custody' | 'direct' | 'postpaid';
  months: number;
}

export const placeOrder = async (
  stage: Stage,
  login: string,
  { listing, scenario, quantity, way, months }: Purchase,
): Promise<Order> =>
  (await stage.as(login)).call(marketWire.placeOrder, {
    body: { listing: listing.id, offer: listing.plans[0]!.offer, scenario, quantity, settlementWay: way, months },
  });

export const readOrder = async (stage: Stage, login: string, id: string): Promise<Order> =>
  (await stage.as(login)).call(marketWire.readOrder, { params: { id } });

export const readContract = async (stage: Stage, login: string, id: string): Promise<Contract> =>
  (await stage.as(login)).call(agreementsWire.getContract, { params: { id } });

/** Each side signs the hash of the very text it read. */
export const signBoth = async (
  stage: Stage,
  buyer: string,
  supplier: string,
  contractId: string,
): Promise<Contract> => {
  for (const login of [buyer, supplier]) {
    const client = await stage.as(login);
    const seen = await client.call(agreementsWire.getContract, { params: { id: contractId } });
    const { documentHash } = seen.open ?? seen.current;
    if (!documentHash) throw new Error('the terms are not locked');
    await client.call(agreementsWire.signContract, { params: { id: contractId }, body: { documentHash } });
  }
  return until('the contract to be in force', async () => {
    const seen = await readContract(stage, buyer, contractId);
    return seen.state === 'effective' && seen;
  });
};

export const waitForOrder = (stage: Stage, login: string, id: string, state: Order['state']): Promise<Order> =>
  until(`the order to be ${state}`, async () => {
    const seen = await readOrder(stage, login, id);
    return seen.state === state && seen;
  });

/** A trial is a grant without a contract: the offered policy, few calls, an early end. */
import type { Rooms } from '../build.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { triedPolicy } from '../market/index.ts';

interface Trial {
  listing: string;
  version: string;
  buyer: string;
  supplier: string;
  calls: number;
  until: string;
}

const openTrial = async (
  tx: Tx,
  { agreements, catalogue, delivery, market, members }: Rooms,
  trial: Trial,
): Promise<void> => {
  const [version, listing] = [await catalogue.version(tx, trial.version), await market.listing(tx, trial.listing)];
  const policy = listing && triedPolicy(listing.policy);
  if (!version || !policy || !listing.delivery_modes.includes('api')) return;
  const plan = await agreements.keepPolicy(tx, trial.supplier, policy);
  const buyer = (await members.organisation(tx, trial.buyer))!;
  await delivery.openTrial(tx, {
    order: null,
    product: version.product,
    productName: version.about.name,
    version: version.id,
    supplier: trial.supplier,
    buyer: trial.buyer,
    buyerRegion: buyer.division,
    plan,
    policyHash: plan.policyHash,
    drivers: [{ kind: 'api' }],
    defaultAction: 'use',
    calls: trial.calls,
    until: new Date(trial.until),
  });
};

export const trialFlow = (rooms: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.trial',
      types: ['market.trial.opened'],
      handle: (tx, event) => openTrial(tx, rooms, event.data as Trial),
    },
  ],
});

/** Access of a purchase: opened once, bounded by the money held, renewed by amendments, ended with the contract. */
import { parsePricePlan } from '@shugu/ledger';
import { driverKinds } from '@shugu/wire/delivery';
import type { Rooms } from '../build.ts';
import type { Tx } from '../kernel/db/db.ts';
import { isMetered, type Order } from '../market/index.ts';
import { useBound } from './rules.ts';

const gatewayModes: ReadonlySet<string> = new Set(driverKinds);

const boundOf = async (tx: Tx, rooms: Rooms, order: Order) => {
  if (order.settlement_way !== 'custody' || !isMetered(order.plan)) return null;
  return useBound(parsePricePlan(order.plan), {
    ordered: BigInt(order.quantity),
    billed: (await rooms.settlement.billed(tx, order.id)).quantity,
    unspentFen: await rooms.settlement.unspentFen(tx, order.id),
  });
};

/** With the compiled contract, or the amended terms of one that has a grant already. */
const putGrant = async (tx: Tx, rooms: Rooms, order: Order): Promise<void> => {
  const [contract, plan, terms] = [
    await rooms.agreements.contract(tx, 'system', order.contract!),
    await rooms.agreements.planOf(tx, order.contract!),
    await rooms.agreements.termsOf(tx, order.contract!),
  ];
  if (!contract || !plan || !terms) return;
  const kinds = terms.deliveryModes.filter((mode) => gatewayModes.has(mode));
  // Nothing for the gateway to serve: the delivery is made by other means and noted by the supplier.
  if (kinds.length === 0) return rooms.market.opened(tx, order.id);
  const purposes = await rooms.market.purposesOf(tx, order);
  const buyer = (await rooms.members.organisation(tx, order.participant))!;
  await rooms.delivery.openGrant(tx, {
    contract: contract.id,
    order: order.id,
    product: order.product,
    productName: contract.productName,
    version: order.version,
    supplier: order.supplier,
    buyer: order.participant,
    buyerRegion: buyer.division,
    plan,
    policyHash: plan.policyHash,
    from: contract.from ?? tx.now,
    until: contract.until,
    bound: await boundOf(tx, rooms, order),
    drivers: kinds.map((kind) => ({ kind }) as { kind: 'api' }),
    ...(purposes.length === 1 ? { defaultPurpose: purposes[0] } : {}),
    defaultAction: 'use',
  });
};

const hasGrant = async (tx: Tx, rooms: Rooms, contract: string): Promise<boolean> =>
  (await rooms.delivery.grantsOf(tx, contract)).some(({ endedAt }) => endedAt === null);

/** Once in an order's life, and where money is held first, only after the bank has it. */
export const openAccess = async (tx: Tx, rooms: Rooms, order: Order): Promise<void> => {
  const opens = order.state === 'contracted' && order.ended_at === null;
  if (!opens || (await hasGrant(tx, rooms, order.contract!))) return;
  if (order.settlement_way === 'custody' && !(await rooms.settlement.isHeld(tx, order.id))) return;
  await putGrant(tx, rooms, order);
};

/** Amended terms take the place of the ones in force, for a grant that is open; access that has ended stays so. */
export const renewAccess = async (tx: Tx, rooms: Rooms, order: Order): Promise<void> => {
  if (order.ended_at === null && (await hasGrant(tx, rooms, order.contract!))) await putGrant(tx, rooms, order);
};

/** Money held, billed or added moves the bound of what is open. */
export const boundAccess = async (tx: Tx, rooms: Rooms, order: Order): Promise<void> => {
  if (order.ended_at !== null || !order.contract) return;
  await rooms.delivery.boundGrants(tx, order.contract, await boundOf(tx, rooms, order));
};

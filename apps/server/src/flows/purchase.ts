/** One purchase across the rooms, event by event: contract, money, access, use, acceptance, payment, voucher. */
import type { Rooms } from '../build.ts';
import type { Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { StoredEvent } from '../kernel/outbox.ts';
import type { RoomParts } from '../kernel/parts.ts';
import type { EndedHow } from '../market/index.ts';
import { boundAccess, openAccess, renewAccess } from './access.ts';
import {
  billAccepted,
  carryOut,
  concludeOrder,
  cyclesDue,
  openMoney,
  type Purchase,
  runCycles,
  runUsedUp,
} from './billing.ts';

const howOf = ({ type, data }: StoredEvent): EndedHow => {
  if (type === 'agreements.contract.terminated') return data.how;
  return type === 'agreements.contract.completed' ? 'completed' : 'expired';
};

/**
 * Use ends before it is rated, so that no call falls between the cut and the bill: a grant that ends here says so by an event
 * of its own, and only then the money is concluded.
 */
const endPurchase = async (tx: Tx, of: Purchase, contract: string, how: EndedHow): Promise<void> => {
  const { rooms } = of;
  const order = await rooms.market.contractEnded(tx, contract, how);
  const ended = await rooms.delivery.withdrawGrants(tx, { contract }, how);
  if (!order || ended > 0) return;
  await concludeOrder(tx, of, order);
  await completeContract(tx, rooms, contract, order.id);
};

/** The term is over and everything is paid. */
const completeContract = async (tx: Tx, rooms: Rooms, contract: string, order: string): Promise<void> => {
  const [seen, money] = [
    await rooms.agreements.contract(tx, 'system', contract),
    await rooms.settlement.order(tx, order),
  ];
  if (seen?.state === 'expired' && seen.effectiveAt && money?.state === 'settled')
    await rooms.agreements.complete(tx, contract);
};

const followContract = async (tx: Tx, event: StoredEvent, of: Purchase): Promise<void> => {
  const { rooms } = of;
  const { market } = rooms;
  const { contract, version } = event.data as { contract: string; version?: number };
  if (event.type === 'agreements.contract.effective')
    return market.contracted(tx, contract, new Date(event.data.until));
  if (event.type === 'agreements.contract.amended') {
    await market.termAmended(tx, contract, new Date(event.data.until));
    const order = await market.orderOfContract(tx, contract);
    if (order) await renewAccess(tx, rooms, order);
    return;
  }
  // A refused amendment leaves the contract as it was.
  if (event.type === 'agreements.contract.refused' && (version ?? 1) > 1) return;
  await endPurchase(tx, of, contract, howOf(event));
};

const followMoney = async (tx: Tx, event: StoredEvent, rooms: Rooms): Promise<void> => {
  const { market, settlement } = rooms;
  if (event.type === 'settlement.order.settled') {
    const { fen, statements } = event.data as { fen: string; statements: string[] };
    const last = await settlement.statement(tx, statements.at(-1)!);
    await market.settled(tx, event.subject, Number(fen), last?.number ?? '');
    const order = await market.order(tx, event.subject);
    if (order?.contract) await completeContract(tx, rooms, order.contract, order.id);
    return;
  }
  const order = await market.lockOrder(tx, event.type === 'settlement.hold.placed' ? event.subject : event.data.order);
  if (!order) return;
  await openAccess(tx, rooms, order);
  await boundAccess(tx, rooms, order);
};

/** Where the contract has ended before anybody looked, no money is asked for any more. */
const followContracted = async (tx: Tx, of: Purchase, id: string): Promise<void> => {
  const { rooms } = of;
  const order = (await rooms.market.lockOrder(tx, id))!;
  if (order.ended_at !== null) return;
  await openMoney(tx, of, order);
  // Where nothing is frozen beforehand, access opens at once.
  if (order.settlement_way !== 'custody') await openAccess(tx, rooms, order);
};

const followOrder = async (tx: Tx, event: StoredEvent, of: Purchase): Promise<void> => {
  const { rooms } = of;
  const order = (await rooms.market.lockOrder(tx, event.subject))!;
  switch (event.type) {
    case 'market.order.accepted':
      return billAccepted(tx, of, order);
    case 'market.order.objected':
      return concludeOrder(tx, of, order);
    case 'market.order.decided':
      return carryOut(tx, of, order, event.data.bill);
    default:
      return rooms.settlement.extendOrder(tx, { order: order.id, fen: BigInt(event.data.fen) });
  }
};

export const purchaseFlow = ({ database }: Kernel, of: Purchase): RoomParts => ({
  consumers: [
    {
      name: 'flow.contract',
      types: [
        'agreements.contract.effective',
        'agreements.contract.amended',
        'agreements.contract.refused',
        'agreements.contract.terminated',
        'agreements.contract.expired',
        'agreements.contract.completed',
      ],
      handle: (tx, event) => followContract(tx, event, of),
    },
    {
      name: 'flow.contracted',
      types: ['market.order.contracted'],
      handle: (tx, event) => followContracted(tx, of, event.subject),
    },
    {
      name: 'flow.money',
      types: ['settlement.hold.placed', 'settlement.statement.issued', 'settlement.order.settled'],
      handle: (tx, event) => followMoney(tx, event, of.rooms),
    },
    {
      name: 'flow.access',
      types: ['delivery.grant.opened'],
      handle: async (tx, event) => {
        if (event.data.order) await of.rooms.market.opened(tx, event.data.order);
      },
    },
    {
      name: 'flow.accepted',
      types: ['market.order.accepted', 'market.order.objected', 'market.order.decided', 'market.order.extended'],
      handle: (tx, event) => followOrder(tx, event, of),
    },
    {
      name: 'flow.withdrawn',
      types: ['delivery.grant.withdrawn'],
      handle: async (tx, event) => {
        const order = event.data.order ? await of.rooms.market.lockOrder(tx, event.data.order) : undefined;
        if (!order?.contract) return;
        await concludeOrder(tx, of, order);
        await completeContract(tx, of.rooms, order.contract, order.id);
      },
    },
    {
      name: 'flow.accounts',
      types: ['members.organisation.activated'],
      handle: (tx, event) => of.rooms.settlement.openAccount(tx, event.subject),
    },
  ],
  ticks: [
    {
      name: 'flow.cycles',
      everySeconds: 60,
      due: (_, now) => cyclesDue(of, now),
      run: (now) => runCycles(database, of, now),
    },
    { name: 'flow.usedUp', everySeconds: 30, run: () => runUsedUp(database, of) },
    {
      name: 'agreements',
      everySeconds: 30,
      due: of.rooms.agreements.due,
      run: async () => {
        let count = 0;
        for (;;) {
          const done = await database.tx(systemActor('agreements'), (tx) => of.rooms.agreements.expireDue(tx));
          count += done;
          if (done === 0) return count;
        }
      },
    },
  ],
});

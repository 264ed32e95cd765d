/** One purchase across the rooms, event by event: contract, money, access, use, acceptance, payment, voucher. */
import { multiplyDecimal, parseDecimal, parsePricePlan, type SplitRule } from '@shugu/ledger';
import type { Rooms } from '../build.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { StoredEvent } from '../kernel/outbox.ts';
import type { RoomParts } from '../kernel/parts.ts';
import type { Order } from '../market/index.ts';

/** The fee's share by the operator's rule pack in force; frozen on the order with the holders' shares. */
const splitRuleOf = async (tx: Tx, { ruleBook }: Cases, rooms: Rooms, order: Order): Promise<SplitRule> => {
  const pack = ruleBook.current('exchange', tx.now)!;
  const percent = parseDecimal(String(ruleBook.value(pack.pin, 'serviceFeePercent')));
  const legs = order.split.length ? order.split : [{ party: order.supplier, share: '1' }];
  return {
    legs: legs.map(({ party, share }) => ({
      party,
      role: party === order.supplier ? 'supplier' : 'rightsHolder',
      share: parseDecimal(share),
    })),
    fee: { party: (await rooms.members.operatorOf(tx)).id, share: multiplyDecimal(percent, parseDecimal('0.01')) },
  };
};

const openMoney = async (tx: Tx, cases: Cases, rooms: Rooms, order: Order): Promise<void> => {
  const version = await rooms.catalogue.version(tx, order.version);
  await rooms.settlement.openOrder(tx, {
    order: order.id,
    contract: order.contract!,
    title: `${version?.about.name ?? ''} · ${order.plan_title}`,
    buyer: order.participant,
    supplier: order.supplier,
    plan: parsePricePlan(order.plan),
    taxRate: order.tax_rate,
    way: order.settlement_way,
    estimateFen: BigInt(order.estimate_fen),
    splitRule: await splitRuleOf(tx, cases, rooms, order),
  });
};

const followContract = async (tx: Tx, event: StoredEvent, { market }: Rooms): Promise<void> => {
  const { contract, version } = event.data as { contract: string; version?: number };
  if (event.type === 'agreements.contract.effective') return market.contracted(tx, contract, new Date(event.data.until));
  // A refused amendment leaves the contract as it was.
  if (event.type === 'agreements.contract.refused' && (version ?? 1) > 1) return;
  await market.contractEnded(tx, contract);
};

const followMoney = async (tx: Tx, event: StoredEvent, { market, settlement }: Rooms): Promise<void> => {
  if (event.type === 'settlement.order.settled') {
    const { fen, statements } = event.data as { fen: string; statements: string[] };
    const last = await settlement.statement(tx, statements.at(-1)!);
    return market.settled(tx, event.subject, Number(fen), last?.number ?? '');
  }
  if (await settlement.isHeld(tx, event.subject)) await market.opened(tx, event.subject);
};

export const purchaseFlow = ({ database }: Kernel, rooms: Rooms, cases: Cases): RoomParts => ({
  consumers: [
    {
      name: 'flow.contract',
      types: [
        'agreements.contract.effective',
        'agreements.contract.refused',
        'agreements.contract.terminated',
        'agreements.contract.expired',
        'agreements.contract.completed',
      ],
      handle: (tx, event) => followContract(tx, event, rooms),
    },
    {
      name: 'flow.contracted',
      types: ['market.order.contracted'],
      handle: async (tx, event) => {
        const order = (await rooms.market.order(tx, event.subject))!;
        await openMoney(tx, cases, rooms, order);
        // Where nothing is frozen beforehand, access opens at once.
        if (order.settlement_way !== 'custody') await rooms.market.opened(tx, order.id);
      },
    },
    {
      name: 'flow.money',
      types: ['settlement.hold.placed', 'settlement.order.settled'],
      handle: (tx, event) => followMoney(tx, event, rooms),
    },
    {
      name: 'flow.accounts',
      types: ['members.organisation.activated'],
      handle: (tx, event) => rooms.settlement.openAccount(tx, event.subject),
    },
  ],
  ticks: [
    {
      name: 'agreements',
      everySeconds: 30,
      run: async () => {
        let count = 0;
        for (;;) {
          const done = await database.tx(systemActor('agreements'), (tx) => rooms.agreements.expireDue(tx));
          count += done;
          if (done === 0) return count;
        }
      },
    },
  ],
});

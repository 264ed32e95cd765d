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

/** Access opens with the compiled contract; where money is held first, only after the bank has it. */
const openAccess = async (tx: Tx, rooms: Rooms, order: Order): Promise<void> => {
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
  await rooms.delivery.openGrant(tx, {
    contract: contract.id,
    order: order.id,
    product: order.product,
    productName: contract.productName,
    version: order.version,
    supplier: order.supplier,
    buyer: order.participant,
    plan,
    policyHash: plan.policyHash,
    from: contract.from ?? tx.now,
    until: contract.until,
    drivers: kinds.map((kind) => ({ kind }) as { kind: 'api' }),
    ...(purposes.length === 1 ? { defaultPurpose: purposes[0] } : {}),
    defaultAction: 'use',
  });
};

const gatewayModes: ReadonlySet<string> = new Set(['api', 'file', 'proxy']);

/** Usage of the whole contract, rated once: metered plans by what the gateway recorded, the others by what was ordered. */
const settleOrder = async (tx: Tx, rooms: Rooms, order: Order): Promise<void> => {
  await rooms.metering.flush();
  const contract = (await rooms.agreements.contract(tx, 'system', order.contract!))!;
  const usage = await rooms.metering.usageOf(tx, contract.id, null, null);
  const ordered = BigInt(order.quantity);
  await rooms.settlement.settleOrder(tx, {
    order: order.id,
    periodKey: 'once',
    from: contract.effectiveAt ?? order.created_at,
    until: tx.now,
    usage: [
      {
        title: order.plan_title,
        copies: ordered,
        periods: ordered,
        calls: BigInt(usage.calls),
        rows: BigInt(usage.rows),
        bytes: BigInt(usage.bytes),
      },
    ],
    cut: { ...usage.watermarks },
    final: true,
  });
};

const metered = (order: Order): boolean => ['perCall', 'perRow', 'perGigabyte', 'tiered'].includes(order.plan.kind);

/** Metered use ends before it is rated, so that no call falls between the cut and the bill. */
const followAcceptance = async (tx: Tx, rooms: Rooms, order: Order): Promise<void> => {
  const closed = metered(order)
    ? await rooms.delivery.withdrawGrants(tx, { contract: order.contract! }, '已验收，按用量结算')
    : 0;
  if (closed === 0) await settleOrder(tx, rooms, order);
};

const endAccess = async (tx: Tx, rooms: Rooms, contract: string, reason: string): Promise<void> => {
  await rooms.delivery.withdrawGrants(tx, { contract }, reason);
  const order = await rooms.market.orderOfContract(tx, contract);
  if (order && (await rooms.settlement.order(tx, order.id)) && !order.acceptance)
    await rooms.settlement.releaseOrder(tx, { order: order.id, reason });
};

const followContract = async (tx: Tx, event: StoredEvent, rooms: Rooms): Promise<void> => {
  const { market } = rooms;
  const { contract, version } = event.data as { contract: string; version?: number };
  if (event.type === 'agreements.contract.effective')
    return market.contracted(tx, contract, new Date(event.data.until));
  if (event.type === 'agreements.contract.amended') {
    const order = await market.orderOfContract(tx, contract);
    // Amended terms take the place of the ones in force, for as long as the order is being delivered.
    if (order && ['delivering', 'delivered', 'objected'].includes(order.state)) await openAccess(tx, rooms, order);
    return;
  }
  // A refused amendment leaves the contract as it was.
  if (event.type === 'agreements.contract.refused' && (version ?? 1) > 1) return;
  await endAccess(tx, rooms, contract, event.type);
  await market.contractEnded(tx, contract);
};

const followMoney = async (tx: Tx, event: StoredEvent, rooms: Rooms): Promise<void> => {
  const { market, settlement } = rooms;
  if (event.type === 'settlement.order.settled') {
    const { fen, statements } = event.data as { fen: string; statements: string[] };
    const last = await settlement.statement(tx, statements.at(-1)!);
    return market.settled(tx, event.subject, Number(fen), last?.number ?? '');
  }
  const order = await market.order(tx, event.subject);
  if (order && (await settlement.isHeld(tx, order.id))) await openAccess(tx, rooms, order);
};

export const purchaseFlow = ({ database }: Kernel, rooms: Rooms, cases: Cases): RoomParts => ({
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
      handle: (tx, event) => followContract(tx, event, rooms),
    },
    {
      name: 'flow.contracted',
      types: ['market.order.contracted'],
      handle: async (tx, event) => {
        const order = (await rooms.market.order(tx, event.subject))!;
        await openMoney(tx, cases, rooms, order);
        // Where nothing is frozen beforehand, access opens at once.
        if (order.settlement_way !== 'custody') await openAccess(tx, rooms, order);
      },
    },
    {
      name: 'flow.money',
      types: ['settlement.hold.placed', 'settlement.order.settled'],
      handle: (tx, event) => followMoney(tx, event, rooms),
    },
    {
      name: 'flow.access',
      types: ['delivery.grant.opened'],
      handle: async (tx, event) => {
        if (event.data.order) await rooms.market.opened(tx, event.data.order);
      },
    },
    {
      name: 'flow.accepted',
      types: ['market.order.accepted'],
      handle: async (tx, event) => followAcceptance(tx, rooms, (await rooms.market.order(tx, event.subject))!),
    },
    {
      name: 'flow.withdrawn',
      types: ['delivery.grant.withdrawn'],
      handle: async (tx, event) => {
        const order = event.data.order ? await rooms.market.order(tx, event.data.order) : undefined;
        if (order?.state === 'accepted') await settleOrder(tx, rooms, order);
      },
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

/** Money of a purchase: opened with the contract, billed by cycle while it runs and for the last time when it ends. */
import { addDecimal, multiplyDecimal, parseDecimal, parsePricePlan, type SplitRule } from '@shugu/ledger';
import type { Rooms } from '../build.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Database, Sql, Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { type Order, periodsBegun, runsOn, verdictAtEnd } from '../market/index.ts';
import { type Cycle, cycleOf, lastCut, nextCut, statementNeeded, unbilled, unitOf } from './rules.ts';

/** What the flow of a purchase is given. */
export interface Purchase {
  rooms: Rooms;
  cases: Cases;
}

const isShare = (share: string): boolean => addDecimal(parseDecimal(share), parseDecimal('0')) !== '0';

/** The fee's share by the operator's rule pack in force; frozen on the order with the holders' shares. */
const splitRuleOf = async (tx: Tx, { rooms, cases: { ruleBook } }: Purchase, order: Order): Promise<SplitRule> => {
  const pack = ruleBook.current('exchange', tx.now)!;
  const percent = parseDecimal(String(ruleBook.value(pack.pin, 'serviceFeePercent')));
  const legs = order.split.length ? order.split : [{ party: order.supplier, share: '1' }];
  return {
    // A share of nothing, from a listing older than the check on it, is no share.
    legs: legs
      .filter(({ share }) => isShare(share))
      .map(({ party, share }) => ({
        party,
        role: party === order.supplier ? 'supplier' : 'rightsHolder',
        share: parseDecimal(share),
      })),
    fee: { party: (await rooms.members.operatorOf(tx)).id, share: multiplyDecimal(percent, parseDecimal('0.01')) },
  };
};

export const openMoney = async (tx: Tx, of: Purchase, order: Order): Promise<void> => {
  const { rooms } = of;
  const version = await rooms.catalogue.version(tx, order.version);
  const guarantee = await rooms.nodes.guaranteeOfOrder(tx, order.id);
  await rooms.settlement.openOrder(tx, {
    order: order.id,
    contract: order.contract!,
    title: `${version?.about.name ?? ''} · ${order.plan_title}`,
    // Where another node guarantees, that node pays, by mutual statement.
    buyer: guarantee ? (await rooms.members.recognise(tx, guarantee.peer_did)).id : order.participant,
    supplier: order.supplier,
    plan: parsePricePlan(order.plan),
    taxRate: order.tax_rate,
    way: order.settlement_way,
    estimateFen: BigInt(order.estimate_fen),
    splitRule: await splitRuleOf(tx, of, order),
    ...(guarantee ? { guaranteedFen: BigInt(guarantee.fen) } : {}),
  });
};

interface Period {
  key: string;
  until: Date;
  final: boolean;
}

interface Owed {
  /** In the plan's own unit, from the beginning of the contract. */
  quantity: bigint;
  cut: Record<string, unknown>;
}

/** All that is owed for the time before `until`: recorded use, periods begun, or what was ordered. At the end, use without bound. */
const owedUntil = async (
  tx: Tx,
  rooms: Rooms,
  order: Order,
  from: Date,
  { until, final }: Pick<Period, 'until' | 'final'>,
): Promise<Owed> => {
  const unit = unitOf(parsePricePlan(order.plan));
  if (!unit) {
    const begun = runsOn(order.plan) ? periodsBegun(order.plan, order.quantity, from, until) : order.quantity;
    return { quantity: BigInt(begun), cut: {} };
  }
  await rooms.metering.flush();
  const usage = await rooms.metering.usageOf(tx, order.contract!, null, final ? null : until);
  return { quantity: BigInt(usage[unit]), cut: { ...usage.watermarks } };
};

/** One statement over what no statement has billed before; true when there was something to write down. */
const bill = async (tx: Tx, rooms: Rooms, order: Order, { key, until, final }: Period): Promise<boolean> => {
  const contract = (await rooms.agreements.contract(tx, 'system', order.contract!))!;
  const from = contract.effectiveAt ?? order.created_at;
  const [owed, billed] = [
    await owedUntil(tx, rooms, order, from, { until, final }),
    await rooms.settlement.billed(tx, order.id),
  ];
  const quantity = unbilled(owed.quantity, billed.quantity);
  const plan = parsePricePlan(order.plan);
  if (!statementNeeded(plan, { quantity, final, earlier: billed.statements })) {
    if (final) await rooms.settlement.finishOrder(tx, order.id);
    return final;
  }
  const all = { copies: quantity, periods: quantity, calls: quantity, rows: quantity, bytes: quantity };
  await rooms.settlement.settleOrder(tx, {
    order: order.id,
    periodKey: key,
    from: billed.until ?? from,
    until,
    usage: [{ title: order.plan_title, ...all }],
    cut: owed.cut,
    final,
  });
  return true;
};

const cycleAt = ({ cases }: Purchase, now: Date): Cycle =>
  cycleOf(cases.ruleBook.current('exchange', now)?.rules.get('settlementCycle')?.value);

/** Every cycle that was over by `at`, one after the other, also those that nobody looked at in time; the number of statements. */
const billCycles = async (tx: Tx, of: Purchase, order: Order, at: Date): Promise<number> => {
  if (!runsOn(order.plan)) return 0;
  const { rooms } = of;
  const contract = (await rooms.agreements.contract(tx, 'system', order.contract!))!;
  const cycle = cycleAt(of, tx.now);
  let count = 0;
  for (let from = (await rooms.settlement.billed(tx, order.id)).until ?? contract.effectiveAt!; ; ) {
    const cut = nextCut(from, at, cycle);
    if (!cut) return count;
    if (await bill(tx, rooms, order, { ...cut, final: false })) count += 1;
    from = cut.until;
  }
};

const finalBill = async (tx: Tx, of: Purchase, order: Order): Promise<void> => {
  const until = order.ended_at ?? tx.now;
  await billCycles(tx, of, order, until);
  await bill(tx, of.rooms, order, { key: 'final', until, final: true });
};

/** On acceptance: what is paid once is paid now; what runs on is billed by cycle, or for the last time if it has ended. */
export const billAccepted = async (tx: Tx, of: Purchase, order: Order): Promise<void> => {
  if (runsOn(order.plan) && order.ended_at === null) return;
  if ((await of.rooms.settlement.order(tx, order.id))?.state === 'open') await finalBill(tx, of, order);
};

/** The contract has ended and nobody can use it any more: what becomes of the money, by the table of ends. Harmless to repeat. */
export const concludeOrder = async (tx: Tx, of: Purchase, order: Order): Promise<void> => {
  const { settlement, metering } = of.rooms;
  if (order.ended_at === null || (await settlement.order(tx, order.id))?.state !== 'open') return;
  await metering.flush();
  const usage = await metering.usageOf(tx, order.contract!, null, null);
  const used = usage.calls > 0 || usage.rows > 0 || usage.bytes > 0;
  const verdict = verdictAtEnd({ state: order.state, how: order.ended_how!, plan: order.plan, used });
  if (verdict === 'bill' || verdict === 'release') await carryOut(tx, of, order, verdict === 'bill');
};

/** Bills what is owed or gives everything back; an order that was not accepted ends with it. */
export const carryOut = async (tx: Tx, of: Purchase, order: Order, owed: boolean): Promise<void> => {
  if (order.state !== 'accepted') await of.rooms.market.closeOrder(tx, order.id);
  if (owed) await finalBill(tx, of, order);
  else await of.rooms.settlement.releaseOrder(tx, { order: order.id, reason: order.ended_how ?? 'decided' });
};

const billDue = async (tx: Tx, of: Purchase, id: string): Promise<number> => {
  const order = await of.rooms.market.lockOrder(tx, id);
  return order?.state === 'accepted' && order.ended_at === null ? billCycles(tx, of, order, tx.now) : 0;
};

/** Whether a cycle may have ended unbilled. */
export const cyclesDue = (of: Purchase, now: Date): Sql =>
  of.rooms.settlement.anyUnbilled(lastCut(now, cycleAt(of, now)));

/** A cycle's end (rule `settlementCycle`): bills of accepted orders that run on. */
export const runCycles = async (database: Database, of: Purchase, now: Date): Promise<number> => {
  const cut = lastCut(now, cycleAt(of, now));
  let count = 0;
  for (let after = ''; ; ) {
    const orders = await of.rooms.settlement.ordersUnbilled(database, cut, after);
    for (const id of orders) count += await database.tx(systemActor('flow.cycles'), (tx) => billDue(tx, of, id));
    if (orders.length === 0) return count;
    after = orders.at(-1)!;
  }
};

/** All that was ordered of an accepted order in custody is used: its contract is done. */
export const runUsedUp = async (database: Database, { rooms }: Purchase): Promise<number> => {
  let count = 0;
  for (const contract of await rooms.metering.contractsUsedUp(database))
    count += await database.tx(systemActor('flow.usedUp'), async (tx) => {
      const found = await rooms.market.orderOfContract(tx, contract);
      const order = found && (await rooms.market.lockOrder(tx, found.id));
      const unit = order && unitOf(parsePricePlan(order.plan));
      if (!unit || order.state !== 'accepted' || order.ended_at || order.settlement_way !== 'custody') return 0;
      const usage = await rooms.metering.usageOf(tx, contract, null, null);
      const state = (await rooms.agreements.contract(tx, 'system', contract))?.state;
      if (usage[unit] < order.quantity || state !== 'effective') return 0;
      await rooms.agreements.complete(tx, contract);
      return 1;
    });
  return count;
};

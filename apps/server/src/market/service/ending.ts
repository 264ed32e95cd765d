/** How orders end: cancelled before the contract, with the contract, or by two people of the operator. */
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { emit } from '../../kernel/outbox.ts';
import { decisionAllowed, mayDecide } from '../ending.ts';
import type { Decision, EndedHow, MarketDeps, Order } from '../model.ts';
import { problems } from '../problems.ts';
import * as reads from '../reads.ts';
import * as store from '../store.ts';
import { accepted, tell } from './fulfilment.ts';
import { step } from './orders.ts';

/** Before both have signed the buyer may leave; its review and its unsigned contract end with the order. */
export const cancelOrder = async (
  deps: MarketDeps,
  tx: Tx,
  principal: Principal,
  before: Order,
  note: string,
): Promise<Order> => {
  const order = step(before, 'cancel');
  await store.saveOrder(tx, order);
  await audit(tx, { action: 'market.order.cancel', subject: order.id, data: { note } });
  await emit(tx, { type: 'market.order.cancelled', subject: order.id, data: { order: order.id } });
  // A review that was passed or refused is over already.
  if (before.state === 'reviewing') await deps.cases.move(tx, principal, order.review.case, 'withdraw');
  if (order.contract) await deps.agreements.cancelUnsigned(tx, order.contract, note || '需方取消订单');
  return order;
};

/**
 * The contract was refused, ran out unsigned, or ended. Before it took effect the order is cancelled; after that it keeps its
 * state, from which the flow reads what becomes of the money. Harmless to repeat.
 */
export const contractEnded = async (tx: Tx, contract: string, how: EndedHow): Promise<Order | undefined> => {
  const order = await reads.orderOfContract(tx, contract, true);
  if (!order || order.ended_at || ['refused', 'cancelled', 'closed'].includes(order.state)) return order;
  if (order.state === 'contracting') {
    const cancelled = step(order, 'cancel');
    await store.saveOrder(tx, cancelled);
    await tell(tx, cancelled, 'market.order.closed');
    return cancelled;
  }
  const ended: Order = { ...order, ended_at: tx.now, ended_how: how };
  await store.saveOrder(tx, ended);
  return ended;
};

/** Ends without a voucher. False when it had ended before. */
export const closeOrder = async (tx: Tx, id: string): Promise<void> => {
  const order = (await reads.findOrder(tx, id, true))!;
  if (order.state === 'closed') return;
  const closed = step(order, 'close');
  await store.saveOrder(tx, closed);
  await tell(tx, closed, 'market.order.closed');
};

const open = (tx: Tx, order: Order): void => {
  if (!mayDecide(order, tx.now)) throw problems.wrongState({ detail: order.state });
};

export const proposeDecision = async (
  tx: Tx,
  before: Order,
  draft: Pick<Decision, 'verdict' | 'reason'>,
): Promise<Order> => {
  open(tx, before);
  if (!decisionAllowed(before, draft.verdict)) throw problems.contractRuns({ field: 'body.verdict' });
  const order: Order = {
    ...before,
    decision: {
      ...draft,
      proposedBy: tx.actor.id,
      proposedAt: tx.now.toISOString(),
      approvedBy: null,
      approvedAt: null,
    },
  };
  await store.saveOrder(tx, order);
  await audit(tx, {
    action: 'market.order.decisionPropose',
    subject: order.id,
    participant: order.participant,
    data: { ...draft },
  });
  return order;
};

/** The second person's word carries the decision out. */
export const approveDecision = async (deps: MarketDeps, tx: Tx, before: Order): Promise<Order> => {
  open(tx, before);
  const { decision } = before;
  if (!decision) throw problems.wrongState({ detail: { zh: '没有待复核的意见', en: 'nothing is proposed' } });
  if (decision.proposedBy === tx.actor.id) throw problems.secondPersonNeeded();
  const decided: Order = {
    ...before,
    decision: { ...decision, approvedBy: tx.actor.id, approvedAt: tx.now.toISOString() },
  };
  await audit(tx, {
    action: 'market.order.decide',
    subject: before.id,
    participant: before.participant,
    data: { verdict: decision.verdict },
  });
  if (before.state === 'delivered' && decision.verdict === 'bill')
    return accepted(deps, tx, decided, decision.reason, 'automatic');
  const closed = step(decided, 'close');
  await store.saveOrder(tx, closed);
  await tell(tx, closed, 'market.order.decided', { bill: decision.verdict === 'bill' });
  return closed;
};

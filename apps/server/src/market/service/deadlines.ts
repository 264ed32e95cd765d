/** What time does to a delivery that nobody answers and to an objection that nobody mends. The rule is the operator's data. */
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { MarketDeps, Order } from '../model.ts';
import * as reads from '../reads.ts';
import * as store from '../store.ts';
import { accepted } from './fulfilment.ts';
import { acceptanceRules } from './rulebook.ts';

const texts = {
  delivered: (order: Order) => ({
    zh: `订单 ${order.number} 的验收期已过，需方尚未答复：请验收或提出异议。`,
    en: `The time to accept order ${order.number} has passed without an answer: accept the delivery or object to it.`,
  }),
  objected: (order: Order) => ({
    zh: `订单 ${order.number} 的整改期限已过：供方应立即重新交付，需方可提出终止合同。`,
    en: `The time for rework on order ${order.number} has passed: the supplier is to deliver again; the buyer may ask to end the contract.`,
  }),
} as const;

const remind = async (deps: MarketDeps, tx: Tx, order: Order): Promise<void> => {
  const operator = await deps.members.operatorOf(tx);
  const text = texts[order.state as keyof typeof texts](order);
  for (const to of [order.participant, order.supplier, operator.id])
    await deps.cases.serve(tx, {
      to,
      caseId: null,
      subject: order.id,
      title: `订单 ${order.number}`,
      dueAt: null,
      text,
      deemedServed: 'onDelivery',
      startsClocks: [],
      at: tx.now,
    });
  await store.saveOrder(tx, { ...order, reminded_at: tx.now });
  await audit(tx, { action: 'market.order.remind', subject: order.id, participant: order.participant });
};

/** One pass over what is overdue; the number of orders it moved or reminded. */
export const passDeadlines = async (deps: MarketDeps, tx: Tx): Promise<number> => {
  const due = await reads.ordersOverdue(tx, tx.now);
  for (const order of due) await remind(deps, tx, order);
  const rules = acceptanceRules(deps, tx.now);
  if (rules.silence === 'operator') return due.length;
  // Counted from the last day on which the buyer could answer, which ends at the moment that is kept.
  const lastDay = ({ accept_by }: Order) => new Date(accept_by!.getTime() - 1);
  const silent = (await reads.ordersSilent(tx, tx.now)).filter(
    (order) => deps.cases.calendar.deadline(lastDay(order), rules.silenceDays).due <= tx.now,
  );
  for (const order of silent) await accepted(deps, tx, order, '', 'automatic');
  return due.length + silent.length;
};

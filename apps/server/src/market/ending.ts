/**
 * What becomes of an order and its money, decided without looking anything up. The table in words:
 * docs/decisions/0011-life-of-an-orders-money.md.
 */
import { monthsAfter } from '../kernel/calendar/calendar.ts';
import type { EndedHow, Next, Order, OrderState, PricePlan } from './model.ts';
import { next, nextOf } from './rules.ts';

/** Billed by cycle from acceptance until the contract's end; the other kinds are paid once, on acceptance. */
const running: ReadonlySet<PricePlan['kind']> = new Set(['subscription', 'perCall', 'perRow', 'perGigabyte', 'tiered']);
export const runsOn = ({ kind }: PricePlan): boolean => running.has(kind);
/** Rated on what the gateway recorded. */
export const isMetered = (plan: PricePlan): boolean => runsOn(plan) && plan.kind !== 'subscription';

const monthsOfPeriod = { month: 1, quarter: 3, year: 12 } as const;
export const periodMonths = (plan: PricePlan): number =>
  plan.kind === 'subscription' ? monthsOfPeriod[plan.period] : 0;
/** The term of a subscription is what is ordered of it; of anything else, what the buyer wants. */
export const termMonths = (plan: PricePlan, quantity: number, wanted: number): number =>
  plan.kind === 'subscription' ? quantity * periodMonths(plan) : wanted;

/** Periods of a subscription that have begun before `at`: each is owed whole. */
export const periodsBegun = (plan: PricePlan, ordered: number, from: Date, at: Date): number => {
  let begun = 0;
  while (begun < ordered && monthsAfter(from, begun * periodMonths(plan)) < at) begun++;
  return begun;
};

export interface EndFacts {
  state: OrderState;
  how: EndedHow;
  plan: PricePlan;
  /** The gateway has recorded use of the contract. */
  used: boolean;
}

/**
 * bill: rate what is owed, pay it, give back the rest. release: nothing is owed. answer: the buyer may still accept or object;
 * silence is the operator's rule. decide: two people of the operator. nothing: it was all done before.
 */
export type Verdict = 'bill' | 'release' | 'answer' | 'decide' | 'nothing';

/** Of an order whose contract has ended. Nothing is given back or taken in silence once data was delivered or used. */
export const verdictAtEnd = ({ state, how, plan, used }: EndFacts): Verdict => {
  switch (state) {
    case 'accepted':
      return 'bill';
    case 'delivered':
      return 'answer';
    case 'objected':
      // Both agree that it is over and nothing that was used stays unpaid: rescission.
      return how === 'agreed' && !(isMetered(plan) && used) ? 'release' : 'decide';
    case 'contracted':
    case 'delivering':
      if (!used) return 'release';
      return isMetered(plan) ? 'bill' : 'decide';
    default:
      return 'nothing';
  }
};

type Ending = Pick<Order, 'state' | 'plan' | 'ended_at' | 'ended_how' | 'accept_by' | 'rework_by'>;

const overdue = (due: Date | null, at: Date): boolean => due !== null && due <= at;

/** Whether two people of the operator may decide about the order's money. */
export const mayDecide = (order: Pick<Ending, 'state' | 'ended_at' | 'accept_by'>, at: Date): boolean =>
  order.state === 'delivered'
    ? overdue(order.accept_by, at)
    : order.ended_at !== null && ['contracted', 'delivering', 'objected'].includes(order.state);

/** Giving the money back while the contract runs would leave access open: the contract ends first. */
export const decisionAllowed = (order: Pick<Ending, 'ended_at'>, verdict: 'bill' | 'release'): boolean =>
  verdict === 'bill' || order.ended_at !== null;

/** Who acts next and how: the state's own sentence, unless a deadline or the contract's end says more. */
export const nextFor = (order: Ending, at: Date): Next => {
  if (mayDecide(order, at))
    return order.state === 'delivered'
      ? next(
          'operator',
          '验收期已过，需方未答复：双方仍可处理；运营方可按规则决定',
          'The time to accept has passed without an answer: the buyer may still answer, and the operator may decide',
        )
      : next(
          'operator',
          '合同已终止，款项未了：等待运营方两人决定结算或退回',
          'The contract has ended with money unsettled: two people of the operator decide whether it is billed or given back',
        );
  if (order.state === 'objected' && overdue(order.rework_by, at))
    return next(
      'supplier',
      '整改期限已过：请立即重新交付，需方也可提出终止合同',
      'The time for rework has passed: deliver again now; the buyer may also ask to end the contract',
    );
  if (order.state === 'accepted' && order.ended_at === null && runsOn(order.plan))
    return next(
      'system',
      '已验收，合同履行中：按周期结算，合同终了时出具末期结算单',
      'Accepted and running: settled each cycle, with a last statement when the contract ends',
    );
  return nextOf[order.state];
};

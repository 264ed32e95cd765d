/**
 * A negotiation over the Dataspace Protocol whose data set stands on the market becomes a contract like any other. Before we
 * agree there is an order, reviewed as every trade; before we say FINALIZED the contract is in force.
 */
import type { Json } from '@shugu/evidence';
import { parsePricePlan } from '@shugu/ledger';
import type { Rooms } from '../build.ts';
import { type Process, priced, sameTerms } from '../federation/index.ts';
import { attempt } from '../kernel/attempt.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { StoredEvent } from '../kernel/outbox.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { inLanguage, Problem } from '../kernel/problem.ts';
import { type Listing, type ListingPlan, type Order, type PricePlan, repriced } from '../market/index.ts';
import { backingOf, type Quota, type Unbacked } from './backing.ts';
import { unitOf } from './rules.ts';
import { openTransfer } from './transfer.ts';

/** Faults of a policy that are told; the others are of the same kind. */
const faultsTold = 3;

const sayProblem = ({ detail, errors, definition: { title } }: Problem): string => {
  const told = (language: 'zh' | 'en') => {
    const faults = (errors ?? []).slice(0, faultsTold).map(({ message }) => inLanguage(message, language));
    const why = [detail ? inLanguage(detail, language) : '', ...faults].filter((one) => one !== '');
    return why.length > 0 ? `${title[language]} (${why.join('; ')})` : title[language];
  };
  return `${told('zh')} / ${told('en')}`;
};

const unbacked: Record<Unbacked['missing'], string> = {
  price: '价格须另行议定，不能经协议成交 / the price is by quotation, which the protocol does not carry',
  custody:
    '该要约须付费，且不经存管银行结算，不能经协议成交 / the offer has a price and is not settled in custody, so nothing can back it',
  money:
    '该要约须付费，而存管子账户中没有足够的可用款项：请先入金 / the offer has a price and too little lies free in the sub-account at the custodian bank: deposit first',
};
const guaranteed =
  '由买方节点担保的购买按上架条件成交，不接受变更 / what another node guarantees is sold on its listed terms, unchanged';
const otherTiers =
  '所议价格的阶梯与挂牌方案不符 / the prices do not stand for the tiers of the listed plan, each up to the same quantity';
const notOffered = '该要约已不在市场上 / the offer is not on the market any more';

/** An organisation of this node by its connector; anybody else by the id that the identity seam has shown. */
const buyerOf = async (tx: Tx, { federation, members }: Rooms, process: Process): Promise<string> =>
  (await federation.connectorNamed(tx, process.counterparty)) ??
  (await members.recognise(tx, process.counterparty, await federation.attested(tx, process))).id;

const payableTo = async (tx: Tx, { settlement }: Rooms, buyer: string, { missing }: Unbacked): Promise<string> => {
  const account = missing === 'money' ? await settlement.subAccount(tx, buyer) : undefined;
  return account ? `: ${account}` : '';
};

/** Its node holds the money: for this negotiation, this data set and this offer, and for no order yet. */
const guaranteeOf = async (
  tx: Tx,
  { nodes }: Rooms,
  { counterparty: buyer, their_pid, subject, own_offer }: Process,
) => {
  const found = await nodes.guaranteeFor(tx, { buyer, negotiation: their_pid ?? '' });
  return found &&
    found.order_id === null &&
    found.withdrawn === null &&
    found.dataset === subject &&
    found.offer === own_offer?.['@id']
    ? found
    : undefined;
};

/** As a bound beside the policy's own. */
const orderedAtMost = (plan: PricePlan, quantity: number): Quota[] => {
  const metric = unitOf(parsePricePlan(plan));
  return metric ? [{ metric, period: 'total', limit: quantity }] : [];
};

type Agreed = Pick<ListingPlan, 'plan'> & { policy: Listing['policy'] };

/**
 * What the two came to in place of the listed terms: the supplier's own last offer that the consumer accepted, or the consumer's
 * request that the supplier agreed to. Undefined: the listed ones. A text: why it cannot be.
 */
const insteadOf = (listed: ListingPlan, { offer, own_offer }: Process): Agreed | string | undefined => {
  if (sameTerms(offer!, own_offer!)) return undefined;
  const { rules, prices } = priced(offer!);
  const plan = prices === null ? listed.plan : repriced(listed.plan, prices);
  return plan ? { plan, policy: { '@type': 'Offer', ...rules } as unknown as Listing['policy'] } : otherTiers;
};

/** Within what is guaranteed or lies at the bank; a text: why not. */
const placeOrder = async (tx: Tx, rooms: Rooms, process: Process): Promise<Order | string> => {
  const { agreements, market, settlement } = rooms;
  const listing = await market.standingListing(tx, process.subject);
  const listed = listing?.plans.find(({ offer }) => offer === process.own_offer?.['@id']);
  if (!listing || !listed) return notOffered;
  const instead = insteadOf(listed, process);
  if (typeof instead === 'string') return instead;
  const buyer = await buyerOf(tx, rooms, process);
  const guarantee = await guaranteeOf(tx, rooms, process);
  // Its node settles by the plan that it read in the catalogue.
  if (guarantee && instead) return guaranteed;
  const { plan, policy } = instead ?? { plan: listed.plan, policy: listing.policy };
  const { quotas } = await agreements.keepPolicy(tx, listing.participant, policy);
  const available = guarantee ? BigInt(guarantee.fen) : (await settlement.funds(tx, buyer)).available;
  const most = guarantee ? [...quotas, ...orderedAtMost(plan, guarantee.quantity)] : quotas;
  const backing = backingOf({ plan, ways: listed.settlementWays, quotas: most }, available);
  if ('missing' in backing) return `${unbacked[backing.missing]}${await payableTo(tx, rooms, buyer, backing)}`;
  const ordered = await market.orderByProtocol(tx, {
    buyer,
    negotiation: process.id,
    listing: listing.id,
    offer: listed.offer,
    quantity: backing.quantity,
    settlementWay: backing.way,
    instead,
  });
  if (guarantee) await rooms.nodes.bindGuarantee(tx, guarantee.id, ordered.id);
  return ordered;
};

/** Placed for this clearance before: while the connector was closed nobody could be told. */
const placedBefore = async (tx: Tx, { market }: Rooms, { reference }: Process): Promise<Order | undefined> => {
  const order = reference ? await market.order(tx, reference) : undefined;
  return order && (order.state === 'reviewing' || order.state === 'contracting' || order.state === 'refused')
    ? order
    : undefined;
};

/** Under review, the negotiation waits; passed by rule, its contract is drafted already. */
const agree = async (tx: Tx, rooms: Rooms, process: Process): Promise<void> => {
  const { federation } = rooms;
  const before = await placedBefore(tx, rooms, process);
  if (before?.state === 'refused') return federation.refuse(tx, process.id, refusedBecause(before));
  const ordered = before ?? (await attempt(tx, () => placeOrder(tx, rooms, process)));
  if (ordered instanceof Problem) return federation.refuse(tx, process.id, sayProblem(ordered));
  if (typeof ordered === 'string') return federation.refuse(tx, process.id, ordered);
  if (!before) await federation.refer(tx, process.id, ordered.id);
  if (ordered.contract) await federation.clear(tx, process.id);
};

/** The consumer has verified the agreement: with this message it signs, and the contract takes effect. */
const finalize = async (tx: Tx, rooms: Rooms, process: Process): Promise<void> => {
  const { federation, market, agreements } = rooms;
  const order = await market.order(tx, process.reference ?? '');
  const [agreed, verified] = [
    await federation.lastMessage(tx, process.id, 'agree'),
    await federation.lastMessage(tx, process.id, 'verify'),
  ];
  if (!order?.contract || !agreed || !verified) return federation.refuse(tx, process.id, notOffered);
  const kept = ({ digest, body }: typeof agreed) => ({ digest, body: body as Record<string, Json> });
  const signed = await attempt(tx, () =>
    agreements.signByProtocol(tx, order.contract!, {
      sender: process.counterparty,
      agreement: kept(agreed),
      verification: kept(verified),
    }),
  );
  if (signed instanceof Problem) await federation.refuse(tx, process.id, sayProblem(signed));
  else await federation.clear(tx, process.id);
};

/** The negotiation went another way or ended before it was final: its order and contract go with it. */
const undo = async (tx: Tx, { market, agreements }: Rooms, reference: string): Promise<void> => {
  const reason = '协商未达成 / the negotiation came to nothing';
  const order = await market.order(tx, reference);
  if (!order) return;
  await market.cancelByProtocol(tx, order.id, reason);
  if (order.contract) await agreements.rescind(tx, order.contract, reason);
  // What was offered to this consumer alone is offered no longer.
  const offer = await agreements.offer(tx, order.offer);
  if (offer?.audience.kind === 'participants')
    await agreements.withdrawOffer({ ...tx, actor: { ...tx.actor, participant: offer.participant } }, offer.id);
};

const acts = { agree, finalize, start: openTransfer } as const;

const answerAsked = async (tx: Tx, rooms: Rooms, { subject }: StoredEvent): Promise<void> => {
  const process = await rooms.federation.waitingClearance(tx, subject);
  const act = process?.clearance?.act;
  if (process && (act === 'agree' || act === 'finalize' || act === 'start')) await acts[act](tx, rooms, process);
};

const refusedBecause = (order: Order | undefined): string =>
  (order?.review.findings ?? [])
    .filter(({ outcome }) => outcome === 'refuse')
    .map(({ zh, en }) => `${zh} / ${en}`)
    .join('; ') || '交易审核未通过 / refused in the review of the trade';

const followReview = async (tx: Tx, { federation, market }: Rooms, { type, data }: StoredEvent): Promise<void> => {
  for (const { id, act } of await federation.waitingOfReference(tx, data.order ?? '')) {
    if (act !== 'agree') continue;
    if (type === 'agreements.contract.drafted') {
      await federation.clear(tx, id);
      continue;
    }
    const order = await market.order(tx, data.order);
    await federation.refuse(tx, id, refusedBecause(order));
  }
};

export const negotiationFlow = (rooms: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.negotiation',
      types: ['federation.clearance.asked', 'federation.clearance.dropped', 'federation.process.moved'],
      concerns: ({ type, data }) =>
        type === 'federation.clearance.asked' ||
        (data.reference !== null && (type === 'federation.clearance.dropped' || data.state === 'TERMINATED')),
      handle: async (tx, event) => {
        if (event.type === 'federation.clearance.asked') return answerAsked(tx, rooms, event);
        const process = await rooms.federation.process(tx, event.subject);
        if (process?.kind !== 'negotiation' || process.side !== 'provider' || !process.reference) return;
        if (event.data.state === 'TERMINATED') return undo(tx, rooms, process.reference);
        // The order that it waited for: a later one has a clearance of its own.
        const { act, reference } = event.data as { act: string; reference?: string | null };
        if (event.type === 'federation.clearance.dropped' && act === 'agree' && reference)
          await undo(tx, rooms, reference);
      },
    },
    {
      name: 'flow.negotiationReview',
      types: ['agreements.contract.drafted', 'market.order.refused'],
      lane: (event) => event.data.order ?? event.subject,
      handle: (tx, event) => followReview(tx, rooms, event),
    },
  ],
});

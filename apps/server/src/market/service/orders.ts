/** 订单: from the stated scenario to the accepted delivery. No order book, no anonymous matching: one buyer, one supplier, both known. */
import type { Json } from '@shugu/evidence';
import { LedgerError } from '@shugu/ledger';
import { isWithin, parsePolicy, purposeName } from '@shugu/policy';
import { type createScenario, marketLimits, type placeOrder } from '@shugu/wire/market';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import { dayOf, endOfDay, lastDayBefore, monthOf, monthsAfter } from '../../kernel/calendar/calendar.ts';
import type { Hooks } from '../../kernel/case/index.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { type Principal, systemPrincipal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { nextNumber } from '../../kernel/numbers.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { regionPath } from '../../kernel/regions.ts';
import { mayView } from '../audience.ts';
import { quotedPlan } from '../demand/service.ts';
import { isMetered, termMonths } from '../ending.ts';
import type { Listing, ListingPlan, MarketDeps, Order, PricePlan, Scenario } from '../model.ts';
import { problems } from '../problems.ts';
import * as reads from '../reads.ts';
import {
  estimateFen,
  highest,
  lawfulGates,
  mayBeOrdered,
  moved,
  type OrderMove,
  reviewTrade,
  verdictOf,
  wayAllowed,
} from '../rules.ts';
import { endOfUse, isCredit, narrowedPolicy, offeredUse, statesAuthorisation } from '../scenario.ts';
import * as store from '../store.ts';
import { basisOf } from './basis.ts';
import { gatesOf, isCreditAgency, providesIn } from './listings.ts';
import { contractRules } from './rulebook.ts';

export const tradeProcedure = 'trade.review';
type ScenarioDraft = z.output<NonNullable<(typeof createScenario)['body']>>;
type OrderDraft = z.output<NonNullable<(typeof placeOrder)['body']>>;

export const createScenarioOf = async (tx: Tx, principal: Principal, draft: ScenarioDraft): Promise<Scenario> => {
  if (draft.until < draft.from)
    throw kernelProblems.invalid({
      field: 'body.until',
      detail: { zh: '使用止早于使用起', en: 'ends before it begins' },
    });
  const id = newId('scn', tx.now);
  await store.insertScenario(tx, { id, participant: principal.participant, statement: draft });
  await audit(tx, { action: 'market.scenario.state', subject: id });
  return (await reads.findScenario(tx, id))!;
};

const estimateOf = (plan: Pick<ListingPlan, 'plan'>, quantity: number): number => {
  try {
    return Number(estimateFen(plan.plan, quantity));
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'price-not-quoted') throw problems.notQuoted();
    if (error instanceof LedgerError) throw kernelProblems.invalid({ field: 'body.quantity', detail: error.message });
    throw error;
  }
};

const findOffered = async (deps: MarketDeps, tx: Tx, principal: Principal, draft: OrderDraft, agreed?: ListingPlan) => {
  const listing = await reads.findListing(tx, draft.listing);
  if (!listing || !(await mayView(deps, tx, principal, listing))) throw kernelProblems.unknown();
  if (!mayBeOrdered(listing, tx.now)) throw problems.notForSale({ detail: listing.state });
  // What a resting member offers waits until it has signed.
  if (!(await providesIn(deps, tx, listing))) throw problems.notForSale({ detail: 'resting' });
  if (listing.participant === principal.participant) throw problems.ownProduct();
  const plan =
    agreed ??
    listing.plans.find((one) => one.offer === draft.offer) ??
    (await quotedPlan(tx, listing, draft.offer, principal.participant));
  if (!plan)
    throw kernelProblems.invalid({
      field: 'body.offer',
      detail: { zh: '不是该上架的报价条件', en: 'not an offer of this listing' },
    });
  if (!wayAllowed(plan.settlementWays, draft.settlementWay))
    throw kernelProblems.invalid({ field: 'body.settlementWay', detail: plan.settlementWays.join(', ') });
  const scenario = await reads.findScenario(tx, draft.scenario);
  if (!scenario || scenario.participant !== principal.participant)
    throw kernelProblems.invalid({
      field: 'body.scenario',
      detail: { zh: '本单位没有此使用场景', en: 'no such scenario of yours' },
    });
  const version = (await deps.catalogue.version(tx, listing.version))!;
  return { listing, plan, scenario, version };
};

/** Periods that are paid for must fit into what the contract will stand on, and into the stated use. */
const checkTerm = (
  { stands_until }: Listing,
  { statement }: Scenario,
  at: Date,
  { quantity, months }: { quantity: number; months: number },
): void => {
  if (quantity > marketLimits.periodsMax)
    throw kernelProblems.invalid({
      field: 'body.quantity',
      detail: { zh: `不超过 ${marketLimits.periodsMax} 期`, en: `at most ${marketLimits.periodsMax} periods` },
    });
  const until = monthsAfter(at, months);
  if ((stands_until && until > stands_until) || until > endOfDay(statement.until))
    throw problems.termTooLong({ field: 'body.quantity' });
};

/** More of a metered order at the same price; the difference is held beside what is held. */
export const extendOrderOf = async (tx: Tx, before: Order, quantity: number): Promise<Order> => {
  const runs = ['delivering', 'delivered', 'accepted'].includes(before.state) && before.ended_at === null;
  if (!runs || before.settlement_way !== 'custody' || !isMetered(before.plan)) throw problems.notExtendable();
  const total = before.quantity + quantity;
  const estimate = estimateOf(before, total);
  // A volume price may make more cost less: then nothing more is held.
  const fen = Math.max(0, estimate - before.estimate_fen);
  const order: Order = { ...before, quantity: total, estimate_fen: Math.max(estimate, before.estimate_fen) };
  await store.saveOrder(tx, order);
  await audit(tx, { action: 'market.order.extend', subject: order.id, data: { quantity, fen: String(fen) } });
  await emit(tx, {
    type: 'market.order.extended',
    subject: order.id,
    participant: order.participant,
    data: { order: order.id, contract: order.contract, fen: String(fen) },
  });
  return order;
};

const isByProtocol = ({ verification }: Order): boolean => 'negotiation' in (verification as object);

export const placeOrderOf = async (
  deps: MarketDeps,
  tx: Tx,
  principal: Principal,
  draft: OrderDraft,
  protocol?: { negotiation: string; agreed: Agreed | undefined },
): Promise<Order> => {
  const buyer = await deps.members.requireTrading(tx, principal.participant);
  const { listing, plan, scenario, version } = await findOffered(deps, tx, principal, draft, protocol?.agreed?.plan);
  const policy = protocol?.agreed?.policy ?? listing.policy;
  const supplier = await deps.members.requireTrading(tx, listing.participant);
  // A buyer who is a payee would pay less than the price, and the bank moves nothing from an account to itself.
  if (listing.split.some(({ party }) => party === buyer.id)) throw problems.buyerIsPayee();
  const months = termMonths(plan.plan, draft.quantity, draft.months);
  if (plan.plan.kind === 'subscription') checkTerm(listing, scenario, tx.now, { quantity: draft.quantity, months });
  const findings = reviewTrade({
    scenario: scenario.statement,
    offered: offeredUse(policy),
    division: buyer.division,
    sensitivity: highest(version.tables.flatMap((table) => table.columns.map((column) => column.sensitivity))),
    sidesLicensed: {
      supplierIsCreditAgency: await isCreditAgency(deps, tx, supplier.id),
      buyerIsCreditAgency: await isCreditAgency(deps, tx, buyer.id),
    },
    today: dayOf(tx.now),
    beyondListing: beyond(policy, listing.policy),
  });
  const id = newId('ord', tx.now);
  const month = monthOf(tx.now);
  const number = `DD-${month}-${String(await nextNumber(tx, `order/${month}`)).padStart(5, '0')}`;
  // DSL art. 33: identities and the explained source are verified and kept with the trade.
  const verification = {
    supplier: { name: supplier.name, creditCode: supplier.creditCode },
    buyer: {
      name: buyer.name,
      creditCode: buyer.creditCode,
      ...(buyer.dataspaceId ? { dataspaceId: buyer.dataspaceId } : {}),
    },
    source: listing.source_statement,
    at: tx.now.toISOString(),
    // Over the Dataspace Protocol: the process in which the buyer's identity was shown.
    ...(protocol ? { negotiation: protocol.negotiation } : {}),
  };
  await store.insertOrder(tx, {
    id,
    participant: buyer.id,
    supplier: supplier.id,
    number,
    listing: listing.id,
    product: listing.product,
    version: listing.version,
    offer: plan.offer,
    scenario: scenario.id,
    plan: plan.plan,
    plan_title: plan.title,
    tax_rate: plan.taxRate,
    quantity: draft.quantity,
    estimate_fen: estimateOf(plan, draft.quantity),
    settlement_way: draft.settlementWay,
    months,
    split: listing.split,
    verification: verification as unknown as Json,
    review: { case: '', findings },
    acceptance_days: listing.acceptance_days,
  });
  await audit(tx, {
    action: 'market.order.place',
    subject: id,
    data: { listing: listing.id, quantity: draft.quantity },
  });
  await emit(tx, { type: 'market.order.placed', subject: id, data: { order: id } });
  await fileTradeReview(deps, tx, principal, id, scenario, supplier.id, version.about.name);
  return (await reads.findOrder(tx, id))!;
};

/** How long a contract lasts that was negotiated where nobody says how long; never longer than what it stands on. */
const protocolMonths = 12;
const nationwide = '100000';

/** Terms that two parties came to in a negotiation, in place of the listed ones. */
interface Agreed {
  plan: ListingPlan;
  policy: Listing['policy'];
}

export interface ProtocolOrder extends Pick<OrderDraft, 'listing' | 'offer' | 'quantity' | 'settlementWay'> {
  buyer: string;
  /** Id of the process at our connector. */
  negotiation: string;
  /** What was agreed instead of the offer's own terms: it becomes an offer to this buyer alone. */
  instead?: { plan: PricePlan; policy: Record<string, Json> } | undefined;
}

/** In whose name the protocol's flow orders and leaves: the buyer's, who has no person here. */
export const protocolPrincipal = (buyer: string): Principal => ({
  ...systemPrincipal('dataspace'),
  kind: 'service',
  participant: buyer,
  roles: new Set(['demander']),
  permissions: new Set(['market.scenario.file']),
});

/**
 * The supplier's offer to one buyer, as a quotation makes it: the listed plan and policy, or what was agreed in their place. What
 * the law shuts for a listing stays shut. @throws market.gatesClosed, and what agreements says of a policy that is not understood or not enforceable
 */
const offerTo = async (
  deps: MarketDeps,
  tx: Tx,
  buyer: string,
  listing: Listing,
  listed: ListingPlan,
  { plan, policy }: NonNullable<ProtocolOrder['instead']>,
): Promise<Agreed> => {
  const version = (await deps.catalogue.version(tx, listing.version))!;
  const { gates } = await gatesOf(deps, tx, { ...listing, policy, plans: [{ plan }] }, version, tx.now);
  const unlawful = gates.filter((gate) => lawfulGates.includes(gate.code));
  if (unlawful.length) throw problems.gatesClosed({ errors: unlawful });
  const { title, taxRate } = listed;
  const offer = await deps.agreements.createOffer(
    { ...tx, actor: { ...tx.actor, participant: listing.participant } },
    {
      productVersion: listing.version,
      policy,
      price: { plan, title, taxRate } as unknown as Json,
      deliveryModes: listing.delivery_modes,
      audience: { kind: 'participants', participants: [buyer] },
    },
  );
  return { plan: { ...listed, offer: offer.id, plan }, policy };
};

/** Use that the review of the listing has not seen is for a person to let pass. */
const beyond = (policy: unknown, listed: unknown): boolean => {
  if (policy === listed) return false;
  const [want, offer] = [parsePolicy(policy), parsePolicy(listed)];
  return !want.ok || !offer.ok || isWithin(want.policy, offer.policy).length > 0;
};

/** What a foreign participant took up over the Dataspace Protocol: a statement of use made from the offer, and an order by it. */
export const orderByProtocol = async (
  deps: MarketDeps,
  tx: Tx,
  { buyer, negotiation, instead, ...order }: ProtocolOrder,
): Promise<Order> => {
  const principal = protocolPrincipal(buyer);
  const listing = (await reads.findListing(tx, order.listing))!;
  const listed = listing.plans.find(({ offer }) => offer === order.offer);
  const agreed = instead && listed ? await offerTo(deps, tx, buyer, listing, listed, instead) : undefined;
  const policy = agreed?.policy ?? listing.policy;
  const { name } = (await deps.members.organisation(tx, buyer))!;
  const ends = endOfUse(policy, monthsAfter(tx.now, protocolMonths));
  const scenario = await createScenarioOf(tx, principal, {
    title: `数据空间协议协商 / negotiation ${negotiation}`,
    purposes: [...(offeredUse(policy).purposes ?? [])],
    endUser: name,
    personalData: false,
    onwardUse: '',
    licence: '',
    // The protocol says nothing of a place: an offer for a region is not for whoever has none.
    region: nationwide,
    from: dayOf(tx.now),
    until: lastDayBefore(ends),
    authorisation: statesAuthorisation(policy) ? '按约定的策略，每次调用提供授权凭证号' : '',
  });
  return placeOrderOf(
    deps,
    tx,
    principal,
    { ...order, offer: agreed?.plan.offer ?? order.offer, scenario: scenario.id, months: protocolMonths },
    { negotiation, agreed },
  );
};

const fileTradeReview = async (
  deps: MarketDeps,
  tx: Tx,
  principal: Principal,
  orderId: string,
  { statement }: Scenario,
  supplier: string,
  product: string,
): Promise<void> => {
  const operator = await deps.members.operatorOf(tx);
  const { case: filed } = await deps.cases.file(tx, principal, {
    procedure: tradeProcedure,
    handler: operator.id,
    subject: orderId,
    title: `交易审核：${product}`,
    data: {
      purpose: `${statement.title}（${statement.purposes.join('、')}）`,
      endUser: statement.endUser,
      personalData: statement.personalData,
      onwardUse: statement.onwardUse !== '',
      creditPurpose: statement.purposes.some(isCredit),
      licence: statement.licence,
      region: statement.region,
      authorisation: statement.authorisation,
      supplier: [supplier],
    },
  });
  const order = (await reads.findOrder(tx, orderId, true))!;
  await store.saveOrder(tx, { ...order, review: { ...order.review, case: filed.id } });
  await deps.cases.move(tx, principal, filed.id, 'submit');
  const system = systemPrincipal('trade-review');
  const verdict = verdictOf(order.review.findings);
  if (verdict === 'refuse') {
    const reason = order.review.findings
      .filter((one) => one.outcome === 'refuse')
      .map((one) => one.zh)
      .join('；');
    await deps.cases.move(tx, system, filed.id, 'refuse', { input: { reason } });
  } else if (verdict === 'pass') await deps.cases.move(tx, system, filed.id, 'passByRule');
};

/** Applies a move of the order's table; the caller saves. */
export const step = (order: Order, move: OrderMove): Order => {
  const to = moved(order.state, move);
  if (!to) throw problems.wrongState({ detail: order.state });
  return { ...order, state: to };
};

// A contract has two texts; what a person wrote stands in both as it was written.
const supplementsOf = (order: Order, stated: Scenario['statement']) => {
  const purposes = (language: 'zh' | 'en') => stated.purposes.map((code) => purposeName(code, language));
  const yuan = (order.estimate_fen / 100).toFixed(2);
  const region = regionPath(stated.region);
  return [
    {
      title: '使用场景 / Statement of use',
      text: [
        `${stated.title}；用途：${purposes('zh').join('、')}；地域：${region ?? ''}（${stated.region}）；最终用户：${stated.endUser}；转供：${stated.onwardUse || '无'}`,
        `${stated.title}; purposes: ${purposes('en').join(', ')}; region: ${stated.region}; end user: ${stated.endUser}; onward use: ${stated.onwardUse || 'none'}`,
      ].join('\n'),
    },
    {
      title: '订购数量 / Quantity ordered',
      text: [
        `${order.plan_title}，数量 ${order.quantity}，含税金额估算 ${yuan} 元`,
        `${order.plan_title}, quantity ${order.quantity}, estimated amount with tax CNY ${yuan}`,
      ].join('\n'),
    },
  ];
};

const tradePassed = async (deps: MarketDeps, tx: Tx, orderId: string): Promise<void> => {
  const order = step((await reads.findOrder(tx, orderId, true))!, 'pass');
  // Whoever passed it, and whatever the procedure allows: what the law refuses no person lets through.
  if (verdictOf(order.review.findings) === 'refuse') throw problems.outsideOffer();
  const listing = (await reads.findListing(tx, order.listing))!;
  const scenario = (await reads.findScenario(tx, order.scenario))!;
  const wanted = monthsAfter(tx.now, order.months);
  const ends = [wanted, listing.stands_until ?? wanted, endOfDay(scenario.statement.until)];
  const { division } = (await deps.members.organisation(tx, order.participant))!;
  const contract = await deps.agreements.draftContract(tx, {
    kind: listing.contract_kind ?? 'provision',
    productVersion: order.version,
    buyer: order.participant,
    offer: order.offer,
    order: order.id,
    agreed: true,
    terms: {
      // What was agreed over the protocol is the offer, word for word: nothing narrows it afterwards.
      policy: (isByProtocol(order)
        ? (await deps.agreements.offer(tx, order.offer))!.policy
        : narrowedPolicy(listing.policy, scenario.statement, division)) as Record<string, Json>,
      settlementWay: order.settlement_way,
      acceptanceDays: order.acceptance_days,
      dispute: contractRules(deps, tx.now).dispute,
      tax: { rate: order.tax_rate, included: true },
      until: new Date(Math.min(...ends.map((one) => one.getTime()))).toISOString(),
      supplements: [...supplementsOf(order, scenario.statement)],
    },
    basis: await basisOf(deps, tx, listing),
  });
  await store.saveOrder(tx, { ...order, contract: contract.id, until: contract.until });
};

const tradeRefused = async (tx: Tx, orderId: string): Promise<void> => {
  const order = (await reads.findOrder(tx, orderId, true))!;
  if (order.state !== 'reviewing') return;
  await store.saveOrder(tx, step(order, 'refuse'));
  await emit(tx, {
    type: 'market.order.refused',
    subject: order.id,
    participant: order.participant,
    data: { order: order.id },
  });
};

export const tradeHooks = (deps: MarketDeps): Hooks => ({
  effects: {
    tradePassed: async (tx, { case: one }) => {
      await tradePassed(deps, tx, one.subject!);
      return undefined;
    },
    tradeRefused: async (tx, { case: one }) => {
      await tradeRefused(tx, one.subject!);
      return undefined;
    },
  },
});

/** Doors of the market's chain. */

import * as wire from '@shugu/wire/market';
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { mayView, namedSpace } from './audience.ts';
import { nextFor } from './ending.ts';
import type { Listing, MarketDeps, Order, Report, Scenario } from './model.ts';
import * as reads from './reads.ts';
import { approveDecision, cancelOrder, proposeDecision } from './service/ending.ts';
import * as fulfilment from './service/fulfilment.ts';
import * as listings from './service/listings.ts';
import * as orders from './service/orders.ts';

const iso = (at: Date | null) => at?.toISOString() ?? null;
const named = (names: Map<string, string>, id: string) => ({ id, name: names.get(id) ?? id });

const scenarioOut = (one: Scenario, names: Map<string, string>) => ({
  id: one.id,
  buyer: named(names, one.participant),
  ...one.statement,
  createdAt: one.created_at.toISOString(),
});

const reportOut = (one: Report, names: Map<string, string>) => ({
  id: one.id,
  case: one.case_id,
  supplier: named(names, one.participant),
  body: named(names, one.body),
  product: one.product,
  version: one.version,
  conclusion: one.conclusion,
  scope: one.scope,
  limits: one.limits,
  validUntil: one.valid_until.toISOString(),
  digest: one.digest,
  paper: one.paper,
  number: one.number,
  createdAt: one.created_at.toISOString(),
});

export const marketRoutes = (deps: MarketDeps): Route[] => {
  const { members, catalogue } = deps;

  const listingOut = async (read: Reader, one: Listing) => {
    const version = await catalogue.version(read, one.version);
    const names = await members.displayNames(read, [one.participant]);
    return {
      id: one.id,
      number: one.number,
      supplier: named(names, one.participant),
      product: one.product,
      productName: version?.about.name ?? '',
      version: one.version,
      state: one.state,
      space: await namedSpace(deps, read, one.space),
      case: one.case_id,
      paper: one.paper,
      plans: one.plans,
      policy: one.policy as never,
      explanation: one.explanation,
      deliveryModes: one.delivery_modes,
      acceptanceDays: one.acceptance_days,
      trial: one.trial,
      split: one.split,
      basis: one.basis,
      purposes: one.purposes,
      contractKind: one.contract_kind,
      standsUntil: iso(one.stands_until),
      reason: one.reason,
      listedAt: iso(one.listed_at),
      createdAt: one.created_at.toISOString(),
    };
  };

  const orderOut = async (read: Reader, one: Order) => {
    const version = await catalogue.version(read, one.version);
    const names = await members.displayNames(read, [one.participant, one.supplier]);
    return {
      id: one.id,
      number: one.number,
      state: one.state,
      buyer: named(names, one.participant),
      supplier: named(names, one.supplier),
      listing: one.listing,
      product: one.product,
      productName: version?.about.name ?? '',
      version: one.version,
      scenario: scenarioOut((await reads.findScenario(read, one.scenario))!, names),
      plan: one.plan,
      planTitle: one.plan_title,
      taxRate: one.tax_rate,
      quantity: one.quantity,
      estimate: String(one.estimate_fen),
      settlementWay: one.settlement_way,
      until: iso(one.until),
      contract: one.contract,
      review: one.review,
      delivery: one.delivery,
      acceptance: one.acceptance,
      papers: one.papers,
      acceptBy: iso(one.accept_by),
      reworkBy: iso(one.rework_by),
      endedAt: iso(one.ended_at),
      endedHow: one.ended_how,
      decision: one.decision,
      createdAt: one.created_at.toISOString(),
      updatedAt: one.updated_at.toISOString(),
      next: nextFor(one, deps.now()),
    };
  };

  const supervises = (principal: Principal) => principal.permissions.has('market.order.supervise');

  // A draft or refused listing is its supplier's and the operator's alone.
  const visibleListing = async (read: Reader, principal: Principal, id: string, lock = false): Promise<Listing> => {
    const one = await reads.findListing(read, id, lock);
    const open =
      one && ['listed', 'suspended', 'delisted'].includes(one.state) && (await mayView(deps, read, principal, one));
    if (
      !one ||
      !(
        open ||
        one.participant === principal.participant ||
        supervises(principal) ||
        principal.permissions.has('market.listing.review')
      )
    )
      throw kernelProblems.unknown();
    return one;
  };

  const ownListing = async (read: Reader, principal: Principal, id: string): Promise<Listing> => {
    const one = await reads.findListing(read, id, true);
    if (!one || one.participant !== principal.participant) throw kernelProblems.unknown();
    return one;
  };

  const visibleOrder = async (
    read: Reader,
    principal: Principal,
    id: string,
    as?: 'buyer' | 'supplier',
  ): Promise<Order> => {
    const one = await reads.findOrder(read, id, as !== undefined);
    const sides = one && {
      buyer: one.participant === principal.participant,
      supplier: one.supplier === principal.participant,
    };
    const sees = sides && (as ? sides[as] : sides.buyer || sides.supplier || supervises(principal));
    if (!one || !sees) throw kernelProblems.unknown();
    return one;
  };

  // For the operator's desk: the permission says who may.
  const anyOrder = async (read: Reader, id: string): Promise<Order> => {
    const one = await reads.findOrder(read, id, true);
    if (!one) throw kernelProblems.unknown();
    return one;
  };

  return [
    on(wire.listReports, async ({ read, principal, query }) => {
      const found = await reads.listReports(read, principal.participant, query);
      const names = await members.displayNames(
        read,
        found.items.flatMap((one) => [one.participant, one.body]),
      );
      return { items: found.items.map((one) => reportOut(one, names)), next: found.next };
    }),
    on(wire.createListing, async ({ tx, principal, body }) =>
      listingOut(tx, await listings.createListingOf(deps, tx, principal, body)),
    ),
    on(wire.listListings, async ({ read, principal, query }) => {
      const all = supervises(principal) || principal.permissions.has('market.listing.review');
      const found = await reads.listListings(read, all ? undefined : principal.participant, query);
      return { items: await Promise.all(found.items.map((one) => listingOut(read, one))), next: found.next };
    }),
    on(wire.readListing, async ({ read, principal, params }) =>
      listingOut(read, await visibleListing(read, principal, params.id)),
    ),
    on(wire.suspendListing, async ({ tx, principal, params, body }) =>
      listingOut(
        tx,
        await listings.suspendListingOf(tx, await visibleListing(tx, principal, params.id, true), body.reason),
      ),
    ),
    on(wire.resumeListing, async ({ tx, principal, params, body }) =>
      listingOut(
        tx,
        await listings.resumeListingOf(deps, tx, await visibleListing(tx, principal, params.id, true), body.reason),
      ),
    ),
    on(wire.delistListing, async ({ tx, principal, params, body }) =>
      listingOut(tx, await listings.delistListingOf(tx, await ownListing(tx, principal, params.id), body.reason)),
    ),
    on(wire.createScenario, async ({ tx, principal, body }) => {
      const one = await orders.createScenarioOf(tx, principal, body);
      return scenarioOut(one, await members.displayNames(tx, [one.participant]));
    }),
    on(wire.listScenarios, async ({ read, principal, query }) => {
      const found = await reads.listScenarios(read, principal.participant, query);
      const names = await members.displayNames(read, [principal.participant]);
      return { items: found.items.map((one) => scenarioOut(one, names)), next: found.next };
    }),
    on(wire.placeOrder, async ({ tx, principal, body }) =>
      orderOut(tx, await orders.placeOrderOf(deps, tx, principal, body)),
    ),
    on(wire.listOrders, async ({ read, principal, query }) => {
      const found = await reads.listOrders(read, principal.participant, query, supervises(principal));
      return { items: await Promise.all(found.items.map((one) => orderOut(read, one))), next: found.next };
    }),
    on(wire.readOrder, async ({ read, principal, params }) =>
      orderOut(read, await visibleOrder(read, principal, params.id)),
    ),
    on(wire.cancelOrder, async ({ tx, principal, params, body }) => {
      const order = await visibleOrder(tx, principal, params.id, 'buyer');
      return orderOut(tx, await cancelOrder(deps, tx, principal, order, body.note));
    }),
    on(wire.extendOrder, async ({ tx, principal, params, body }) =>
      orderOut(
        tx,
        await orders.extendOrderOf(tx, await visibleOrder(tx, principal, params.id, 'buyer'), body.quantity),
      ),
    ),
    on(wire.proposeOrderDecision, async ({ tx, params, body }) =>
      orderOut(tx, await proposeDecision(tx, await anyOrder(tx, params.id), body)),
    ),
    on(wire.approveOrderDecision, async ({ tx, params }) =>
      orderOut(tx, await approveDecision(deps, tx, await anyOrder(tx, params.id))),
    ),
    on(wire.deliverOrder, async ({ tx, principal, params, body }) => {
      const order = await visibleOrder(tx, principal, params.id, 'supplier');
      return orderOut(tx, await fulfilment.delivered(deps, tx, order, body.note));
    }),
    on(wire.acceptOrder, async ({ tx, principal, params, body }) =>
      orderOut(
        tx,
        await fulfilment.accepted(deps, tx, await visibleOrder(tx, principal, params.id, 'buyer'), body.note),
      ),
    ),
    on(wire.objectOrder, async ({ tx, principal, params, body }) => {
      if (!body.note)
        throw kernelProblems.invalid({ field: 'body.note', detail: { zh: '请说明异议内容', en: 'say what is wrong' } });
      return orderOut(
        tx,
        await fulfilment.objected(deps, tx, await visibleOrder(tx, principal, params.id, 'buyer'), body.note),
      );
    }),
    on(wire.turnover, async ({ read, query }) => {
      const months = await reads.turnoverByMonth(read, query.months ?? 12, deps.now());
      return { months, totals: await reads.marketTotals(read) };
    }),
  ];
};

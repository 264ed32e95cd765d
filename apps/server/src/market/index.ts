/** The door of the market. */
import type { Database, Reader, Tx } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import type { Route } from '../kernel/http/route.ts';
import type { JobHandler } from '../kernel/jobs.ts';
import type { Consumer } from '../kernel/outbox.ts';
import type { PageQuery } from '../kernel/pages.ts';
import type { Tick } from '../kernel/ticker.ts';
import { mayView } from './audience.ts';
import { bulkJobs } from './bulk/job.ts';
import { bulkRoutes } from './bulk/routes.ts';
import { complaintRoutes } from './complaint/routes.ts';
import { demandRoutes } from './demand/routes.ts';
import { lapseDue } from './demand/service.ts';
import { type Demand, findDemand, lapsesDue, listDemands } from './demand/store.ts';
import { enquiryRoutes } from './enquiry/routes.ts';
import { filingRoutes } from './filing/routes.ts';
import { filingHooks, filingProcedure } from './filing/service.ts';
import type { EndedHow, Listing, MarketDeps, Order } from './model.ts';
import {
  deadlinesDue,
  findListing,
  findOrder,
  findScenario,
  lapsedListings,
  listingOfVersion,
  listingsDue,
  listingsOfSpace,
  orderOfContract,
  ordersInSpace,
  standingListing,
} from './reads.ts';
import { marketRoutes } from './routes.ts';
import { makeSearch } from './search/index.ts';
import { type Listed, listed, listedAfter, offered, productsListedBy } from './search/listed.ts';
import { passDeadlines } from './service/deadlines.ts';
import { cancelOrder, closeOrder, contractEnded } from './service/ending.ts';
import * as fulfilment from './service/fulfilment.ts';
import { checkGround, lapsed } from './service/ground.ts';
import { followReview, listingHooks, listingProcedure, suspendListingOf } from './service/listings.ts';
import { orderByProtocol, protocolPrincipal, tradeHooks, tradeProcedure } from './service/orders.ts';
import { checkDelivered, engagementHooks, engagementProcedure } from './service/reports.ts';
import { saveOrder } from './store.ts';
import { trialRoutes } from './trial/routes.ts';

export { isMetered, periodMonths, periodsBegun, runsOn, verdictAtEnd } from './ending.ts';
export type * from './model.ts';
export { permissions } from './permissions.ts';
export { priceText, repriced, unbillable } from './price.ts';
export { estimateFen } from './rules.ts';
export { triedPolicy } from './scenario.ts';
export { standingBasis } from './service/basis.ts';

export interface Market {
  routes: Route[];
  consumers: Consumer[];
  ticks: Tick[];
  jobs: Record<string, JobHandler>;
  order(read: Reader, id: string): Promise<Order | undefined>;
  orderOfContract(read: Reader, contract: string): Promise<Order | undefined>;
  /** Purposes that the buyer stated for an order. */
  purposesOf(read: Reader, order: Order): Promise<string[]>;
  listing(read: Reader, id: string): Promise<Listing | undefined>;
  standingListing(read: Reader, product: string): Promise<Listing | undefined>;
  /** What stands on the market of a product now, for everybody. */
  listed(read: Reader, product: string): Promise<Listed | undefined>;
  /** The same, and what is for members of a data space alone. */
  offered(read: Reader, product: string): Promise<Listed | undefined>;
  /** Whether a version is, or was, listed so that the principal may read of it though not everybody may. */
  shownVersion(read: Reader, principal: Principal, version: string): Promise<boolean>;
  /** Products of one supplier that stand on the market. */
  productsListedBy(read: Reader, supplier: string): Promise<string[]>;
  /** All that is for everybody, in the order of coming to the market. */
  listedAfter(read: Reader, after: { at: Date; listing: string }, limit: number): Promise<Listed[]>;
  demand(read: Reader, id: string): Promise<Demand | undefined>;
  /** Those that everybody may see. */
  openDemands(read: Reader, query: PageQuery): Promise<{ items: Demand[]; next: string | null }>;
  /** What a foreign participant took up over the Dataspace Protocol: stated, ordered, under review or passed by rule. */
  orderByProtocol(tx: Tx, draft: Parameters<typeof orderByProtocol>[2]): Promise<Order>;
  /** The negotiation behind an order fell through before there was a contract in force. Harmless to repeat. */
  cancelByProtocol(tx: Tx, order: string, reason: string): Promise<void>;
  contracted(tx: Tx, contract: string, until: Date): Promise<void>;
  /** The order, locked for what follows. */
  lockOrder(tx: Tx, id: string): Promise<Order | undefined>;
  /** The contract has ended; before it took effect the order is cancelled. The order as it stands then. */
  contractEnded(tx: Tx, contract: string, how: EndedHow): Promise<Order | undefined>;
  /** An amendment moved the contract's end. */
  termAmended(tx: Tx, contract: string, until: Date): Promise<void>;
  /** The order ends without a voucher. Harmless to repeat. */
  closeOrder(tx: Tx, id: string): Promise<void>;
  opened(tx: Tx, order: string): Promise<void>;
  settled(tx: Tx, order: string, totalFen: number, statement: string): Promise<void>;
  suspendListingsOf(tx: Tx, product: string, reason: string): Promise<void>;
  /** Offered to the members of a data space now. */
  productsInSpace(read: Reader, space: string): Promise<string[]>;
  /** A membership of a data space ended: what its holder offers to the members is suspended, what it ordered of them and nobody signed is cancelled. */
  endMembership(
    tx: Tx,
    lost: { space: string; participant: string },
    reason: { zh: string; en: string },
  ): Promise<void>;
  /** What a listing stands on has changed: suspends it where nothing bears it any more. Harmless to repeat. */
  checkGround(tx: Tx, product: string, reason: { zh: string; en: string }): Promise<void>;
}

export interface MarketOptions extends MarketDeps {
  /** Runs work in a transaction of the node's own. */
  inTransaction<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
  read: Reader;
  /** For jobs, which open transactions of their own. */
  database: Database;
}

export const makeMarket = (deps: MarketOptions): Market => {
  deps.cases.register(engagementProcedure, engagementHooks(deps));
  deps.cases.register(listingProcedure, listingHooks(deps));
  deps.cases.register(tradeProcedure, tradeHooks(deps));
  deps.cases.register(filingProcedure, filingHooks(deps));
  const search = makeSearch(deps);
  return {
    routes: [
      ...marketRoutes(deps),
      ...(search.routes ?? []),
      ...demandRoutes(deps),
      ...enquiryRoutes(deps),
      ...trialRoutes(deps),
      ...filingRoutes(deps),
      ...complaintRoutes(deps),
      ...bulkRoutes(deps),
    ],
    jobs: { ...search.jobs, ...bulkJobs(deps) },
    consumers: [
      {
        name: 'market.cases',
        types: ['cases.case.moved'],
        handle: async (tx, event) => {
          await followReview(tx, event);
          await checkDelivered(deps, tx, event);
        },
      },
      ...(search.consumers ?? []),
    ],
    ticks: [
      {
        name: 'market.listings',
        everySeconds: 60,
        due: listingsDue,
        // A listing may not stand longer than what it stands on.
        run: async (now) => {
          const due = await lapsedListings(deps.read, now);
          for (const { id } of due) await deps.inTransaction((tx) => checkGround(deps, tx, id, lapsed));
          return due.length;
        },
      },
      ...(search.ticks ?? []),
      {
        name: 'market.deadlines',
        everySeconds: 60,
        due: deadlinesDue,
        run: () => deps.inTransaction((tx) => passDeadlines(deps, tx)),
      },
      { name: 'market.quotations', everySeconds: 60, due: lapsesDue, run: () => deps.inTransaction(lapseDue) },
    ],
    order: findOrder,
    orderOfContract,
    purposesOf: async (read, order) => (await findScenario(read, order.scenario))?.statement.purposes ?? [],
    listing: findListing,
    standingListing,
    listed,
    offered,
    shownVersion: async (read, principal, version) => {
      const listing = await listingOfVersion(read, version);
      return listing !== undefined && listing.space !== null && mayView(deps, read, principal, listing);
    },
    listedAfter,
    productsListedBy,
    demand: (read, id) => findDemand(read, id),
    openDemands: (read, query) => listDemands(read, undefined, query),
    orderByProtocol: (tx, draft) => orderByProtocol(deps, tx, draft),
    cancelByProtocol: async (tx, id, reason) => {
      const order = await findOrder(tx, id, true);
      if (order?.state === 'reviewing' || order?.state === 'contracting')
        await cancelOrder(deps, tx, protocolPrincipal(order.participant), order, reason);
    },
    contracted: (tx, contract, until) => fulfilment.contracted(deps, tx, contract, until),
    lockOrder: (tx, id) => findOrder(tx, id, true),
    contractEnded,
    termAmended: async (tx, contract, until) => {
      const order = await orderOfContract(tx, contract, true);
      if (order) await saveOrder(tx, { ...order, until });
    },
    closeOrder,
    opened: fulfilment.opened,
    settled: (tx, order, totalFen, statement) => fulfilment.settled(deps, tx, order, totalFen, statement),
    suspendListingsOf: async (tx, product, reason) => {
      const one = await standingListing(tx, product);
      if (one?.state === 'listed') await suspendListingOf(tx, one, reason);
    },
    productsInSpace: async (read, space) => (await listingsOfSpace(read, space)).map(({ product }) => product),
    endMembership: async (tx, { space, participant }, reason) => {
      for (const { id } of await listingsOfSpace(tx, space, participant)) await checkGround(deps, tx, id, reason);
      for (const order of await ordersInSpace(tx, space, participant))
        await cancelOrder(deps, tx, protocolPrincipal(order.participant), order, reason.zh);
    },
    checkGround: async (tx, product, reason) => {
      const one = await standingListing(tx, product);
      if (one) await checkGround(deps, tx, one.id, reason);
    },
  };
};

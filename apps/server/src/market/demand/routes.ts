/** Doors of demands and quotations. */
import * as wire from '@shugu/wire/market-more';
import type { Reader } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { MarketDeps } from '../model.ts';
import { demandNext, isOpen, quotationNext } from './rules.ts';
import * as service from './service.ts';
import type { Demand, Quotation } from './store.ts';
import * as store from './store.ts';

const named = (names: Map<string, string>, id: string) => ({ id, name: names.get(id) ?? id });

export const demandRoutes = (deps: MarketDeps): Route[] => {
  const demandsOut = async (read: Reader, all: readonly Demand[]) => {
    const names = await deps.members.displayNames(
      read,
      all.map((one) => one.participant),
    );
    return all.map((one) => ({
      ...one.about,
      id: one.id,
      state: one.state,
      buyer: named(names, one.participant),
      quotations: one.quotations,
      chosen: one.chosen,
      publishedAt: one.published_at?.toISOString() ?? null,
      createdAt: one.created_at.toISOString(),
      reason: one.reason,
      next: demandNext[one.state],
    }));
  };
  const demandOut = async (read: Reader, one: Demand) => (await demandsOut(read, [one]))[0]!;

  const quotationsOut = async (read: Reader, all: readonly Quotation[]) => {
    const names = await deps.members.displayNames(
      read,
      all.flatMap((one) => [one.participant, one.buyer]),
    );
    return all.map((one) => ({
      id: one.id,
      state: one.state,
      demand: one.demand,
      enquiry: one.enquiry,
      supplier: named(names, one.participant),
      buyer: named(names, one.buyer),
      listing: one.listing,
      offer: one.offer,
      plan: one.plan,
      taxRate: one.tax_rate,
      settlementWays: one.settlement_ways,
      note: one.note,
      validUntil: one.valid_until.toISOString(),
      createdAt: one.created_at.toISOString(),
      next: quotationNext[one.state],
    }));
  };
  const quotationOut = async (read: Reader, one: Quotation) => (await quotationsOut(read, [one]))[0]!;

  const visibleDemand = async (read: Reader, principal: Principal, id: string): Promise<Demand> => {
    const one = await store.findDemand(read, id);
    const sees =
      one &&
      (isOpen(one.state) ||
        (principal.participant !== '' &&
          (one.participant === principal.participant || (await store.quotedOn(read, id, principal.participant)))));
    if (!one || !sees) throw kernelProblems.unknown();
    return one;
  };

  return [
    on(wire.createDemand, async ({ tx, principal, body }) =>
      demandOut(tx, await service.createDemand(deps, tx, principal, body)),
    ),
    on(wire.changeDemand, async ({ tx, principal, params, body }) =>
      demandOut(tx, await service.changeDemand(tx, principal, params.id, body)),
    ),
    on(wire.publishDemand, async ({ tx, principal, params }) =>
      demandOut(tx, await service.publishDemand(deps, tx, principal, params.id)),
    ),
    on(wire.closeDemand, async ({ tx, principal, params, body }) =>
      demandOut(tx, await service.closeDemand(tx, principal, params.id, body.reason)),
    ),
    on(wire.listDemands, async ({ read, principal, query }) => {
      const mine = query.mine === 'true';
      if (mine && principal.participant === '') throw kernelProblems.notSignedIn();
      const found = await store.listDemands(read, mine ? principal.participant : undefined, query);
      return { items: await demandsOut(read, found.items), next: found.next };
    }),
    on(wire.readDemand, async ({ read, principal, params }) =>
      demandOut(read, await visibleDemand(read, principal, params.id)),
    ),
    on(wire.createQuotation, async ({ tx, principal, body }) =>
      quotationOut(tx, await service.createQuotation(deps, tx, principal, body)),
    ),
    on(wire.acceptQuotation, async ({ tx, principal, params }) =>
      quotationOut(tx, await service.acceptQuotation(tx, principal, params.id)),
    ),
    on(wire.declineQuotation, async ({ tx, principal, params }) =>
      quotationOut(tx, await service.declineQuotation(tx, principal, params.id)),
    ),
    on(wire.withdrawQuotation, async ({ tx, principal, params }) =>
      quotationOut(tx, await service.withdrawQuotation(deps, tx, principal, params.id)),
    ),
    on(wire.listQuotations, async ({ read, principal, query }) => {
      const found = await store.listQuotations(read, principal.participant, query);
      return { items: await quotationsOut(read, found.items), next: found.next };
    }),
    on(wire.readQuotation, async ({ read, principal, params }) => {
      const one = await store.findQuotation(read, params.id);
      if (!one || ![one.participant, one.buyer].includes(principal.participant)) throw kernelProblems.unknown();
      return quotationOut(read, one);
    }),
  ];
};

/** Doors of filings: filing itself is a case of `filing.review`; here stand those with a receipt. */
import * as wire from '@shugu/wire/market-more';
import type { Reader } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { MarketDeps } from '../model.ts';
import { type Filing, findFiling, listFilings } from './store.ts';

const seesAll = ({ permissions }: Principal) =>
  ['market.order.supervise', 'market.filing.review', 'market.filing.approve'].some((one) => permissions.has(one));

export const filingRoutes = (deps: MarketDeps): Route[] => {
  const filingsOut = async (read: Reader, all: readonly Filing[]) => {
    const names = await deps.members.displayNames(
      read,
      all.map((one) => one.participant),
    );
    return all.map((one) => ({
      id: one.id,
      number: one.number,
      paper: one.paper,
      case: one.case_id,
      applicant: { id: one.participant, name: names.get(one.participant) ?? one.participant },
      counterparty: one.counterparty,
      contractDigest: one.contract_digest,
      amount: String(one.amount_fen),
      productKind: one.product_kind,
      concludedOn: one.concluded_on,
      filedAt: one.created_at.toISOString(),
    }));
  };
  return [
    on(wire.listFilings, async ({ read, principal, query }) => {
      const found = await listFilings(read, seesAll(principal) ? undefined : principal.participant, query);
      return { items: await filingsOut(read, found.items), next: found.next };
    }),
    on(wire.readFiling, async ({ read, principal, params }) => {
      const one = await findFiling(read, params.id);
      if (!one || !(one.participant === principal.participant || seesAll(principal))) throw kernelProblems.unknown();
      return (await filingsOut(read, [one]))[0]!;
    }),
  ];
};

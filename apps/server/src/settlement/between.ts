/** What a buyer that has no log-in here sees of its statements with one supplier: the same as one that has. */
import { type Reader, sql } from '../kernel/db/db.ts';
import { type Principal, systemPrincipal } from '../kernel/http/principal.ts';
import type { PageQuery } from '../kernel/pages.ts';
import type { Organisations } from './deps.ts';
import { findStatement, statementsPage } from './reads.ts';
import { namesFor, statementSummary, statementView } from './views.ts';

export interface Between {
  buyer: string;
  supplier: string;
}

/** With the rights of no seat: as a party to it, and as nothing else. */
const asBuyer = ({ buyer }: Between): Principal => ({ ...systemPrincipal('counterparty'), participant: buyer });

export const statementsBetween = async (
  read: Reader,
  { organisations }: { organisations: Organisations },
  of: Between,
  query: PageQuery,
) => {
  const where = sql`participant = ${of.buyer} and supplier = ${of.supplier}`;
  const page = await statementsPage(read, query, where);
  const nameOf = await namesFor(read, organisations, [of.buyer, of.supplier]);
  const items = [];
  for (const one of page.items) items.push(await statementSummary(read, asBuyer(of), one, nameOf));
  return { ...page, items };
};

export const statementBetween = async (
  read: Reader,
  room: { organisations: Organisations; now(): Date },
  of: Between,
  id: string,
) => {
  const found = await findStatement(read, id);
  return found?.participant === of.buyer && found.supplier === of.supplier
    ? statementView(read, room, asBuyer(of), id)
    : undefined;
};

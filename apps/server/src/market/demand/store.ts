/** SQL of demands and quotations. */
import type { createDemand } from '@shugu/wire/market-more';
import type { z } from 'zod';
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type { PricePlan, SettlementWay } from '../model.ts';
import type { DemandState, QuotationState } from './rules.ts';

export type DemandFields = z.output<NonNullable<(typeof createDemand)['body']>>;

export interface Demand {
  id: string;
  participant: string;
  state: DemandState;
  about: DemandFields;
  open_until: Date;
  chosen: string | null;
  reason: string | null;
  published_at: Date | null;
  created_at: Date;
  quotations: number;
}

export interface Quotation {
  id: string;
  participant: string;
  buyer: string;
  state: QuotationState;
  demand: string | null;
  enquiry: string | null;
  listing: string | null;
  offer: string | null;
  plan: PricePlan;
  tax_rate: string;
  settlement_ways: SettlementWay[];
  note: string;
  valid_until: Date;
  created_at: Date;
}

const demandColumns = sql`d.id, d.participant, d.state, d.about, d.open_until, d.chosen, d.reason, d.published_at, d.created_at,
  (select count(*)::int from quotations q where q.demand = d.id and q.state <> 'withdrawn') as quotations`;
const quotationColumns = sql`id, participant, buyer, state, demand, enquiry, listing, offer, plan, tax_rate, settlement_ways, note, valid_until, created_at`;

export const insertDemand = async (
  tx: Tx,
  one: { id: string; about: DemandFields; openUntil: Date },
): Promise<void> => {
  await tx.exec(sql`insert into demands (id, node, market, participant, state, about, industry, open_until, created_at, updated_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, 'draft', ${JSON.stringify(one.about)}, ${one.about.industry.slice(0, 1)},
      ${one.openUntil}, ${tx.now}, ${tx.now})`);
};

export const changeDraft = async (tx: Tx, id: string, about: DemandFields, openUntil: Date): Promise<void> => {
  await tx.exec(sql`update demands set about = ${JSON.stringify(about)}, industry = ${about.industry.slice(0, 1)}, open_until = ${openUntil},
    updated_at = ${tx.now} where id = ${id}`);
};

/** Writes a demand's moving parts; the caller holds its row lock. */
export const saveDemand = async (tx: Tx, one: Demand): Promise<void> => {
  await tx.exec(sql`update demands set state = ${one.state}, chosen = ${one.chosen}, reason = ${one.reason}, published_at = ${one.published_at},
    updated_at = ${tx.now} where id = ${one.id}`);
};

export const findDemand = (read: Reader, id: string, lock = false) =>
  read.first<Demand>(
    sql`select ${demandColumns} from demands d where d.id = ${id} ${lock ? sql`for update of d` : empty}`,
  );

export const countOpenDemands = async (read: Reader, participant: string): Promise<number> =>
  (
    await read.one<{ count: number }>(
      sql`select count(*)::int as count from demands where participant = ${participant} and state in ('draft', 'published', 'quoted')`,
    )
  ).count;

export interface DemandQuery extends PageQuery {
  state?: string;
  industry?: string;
}

/** `participant` undefined: those that everybody may see. */
export const listDemands = async (read: Reader, participant: string | undefined, query: DemandQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows = await read.rows<Demand>(sql`select ${demandColumns} from demands d
    where ${participant === undefined ? sql`d.state in ('published', 'quoted')` : sql`d.participant = ${participant}`}
    ${query.state ? sql`and d.state = ${query.state}` : empty} ${query.industry ? sql`and d.industry = ${query.industry}` : empty}
    ${after ? sql`and d.id < ${after[0]}` : empty} order by d.id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const insertQuotation = async (tx: Tx, one: Omit<Quotation, 'created_at' | 'state'>): Promise<void> => {
  await tx.exec(sql`insert into quotations (id, node, market, participant, buyer, state, demand, enquiry, listing, offer, plan, tax_rate, settlement_ways, note,
      valid_until, created_at, updated_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.buyer}, 'offered', ${one.demand}, ${one.enquiry}, ${one.listing},
      ${one.offer}, ${JSON.stringify(one.plan)}, ${one.tax_rate}, ${one.settlement_ways}, ${one.note}, ${one.valid_until}, ${tx.now}, ${tx.now})`);
};

export const setQuotationState = async (tx: Tx, id: string, state: QuotationState): Promise<void> => {
  await tx.exec(sql`update quotations set state = ${state}, updated_at = ${tx.now} where id = ${id}`);
};

export const findQuotation = (read: Reader, id: string, lock = false) =>
  read.first<Quotation>(
    sql`select ${quotationColumns} from quotations where id = ${id} ${lock ? sql`for update` : empty}`,
  );

/** The accepted quotation that made this offer to the buyer. */
export const quotationOfOffer = (read: Reader, offer: string, buyer: string) =>
  read.first<Quotation>(
    sql`select ${quotationColumns} from quotations where offer = ${offer} and buyer = ${buyer} and state = 'accepted'`,
  );

export const hasQuoted = async (read: Reader, demand: string, participant: string): Promise<boolean> =>
  (await read.first(
    sql`select 1 from quotations where demand = ${demand} and participant = ${participant} and state = 'offered' limit 1`,
  )) !== undefined;

export const quotedOn = async (read: Reader, demand: string, participant: string): Promise<boolean> =>
  (await read.first(
    sql`select 1 from quotations where demand = ${demand} and participant = ${participant} limit 1`,
  )) !== undefined;

export interface QuotationQuery extends PageQuery {
  demand?: string;
  enquiry?: string;
}

export const listQuotations = async (read: Reader, participant: string, query: QuotationQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<Quotation>(sql`select ${quotationColumns} from quotations where (participant = ${participant} or buyer = ${participant})
    ${query.demand ? sql`and demand = ${query.demand}` : empty} ${query.enquiry ? sql`and enquiry = ${query.enquiry}` : empty}
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const openQuotationsOf = (read: Reader, demand: string) =>
  read.rows<Quotation>(
    sql`select ${quotationColumns} from quotations where demand = ${demand} and state = 'offered' for update`,
  );

const quotationLapsed = (at: Moment): Sql => sql`state = 'offered' and valid_until <= ${at}`;
const demandLapsed = (at: Moment): Sql => sql`state = 'published' and open_until <= ${at}`;
export const lapsesDue = (at: Moment): Sql => sql`(exists (select from quotations where ${quotationLapsed(at)})
  or exists (select from demands where ${demandLapsed(at)}))`;

export const lapsedQuotations = (read: Reader, at: Date) =>
  read.rows<Quotation>(
    sql`select ${quotationColumns} from quotations where ${quotationLapsed(at)} order by valid_until limit 500`,
  );

/** Demands whose day of quoting has passed without a quotation. */
export const lapsedDemands = (read: Reader, at: Date) =>
  read.rows<{ id: string }>(sql`select id from demands where ${demandLapsed(at)} order by open_until limit 500`);

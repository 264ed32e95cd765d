/** Questions to the market's tables. */
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type { Listing, Order, Report, Scenario } from './model.ts';

const reportColumns = sql`id, participant, body, case_id, product, version, conclusion, scope, limits, valid_until, digest, paper, number, created_at`;
const listingColumns = sql`id, participant, number, product, version, state, space, case_id, paper, plans, policy, explanation, delivery_modes, acceptance_days, trial, split, basis,
  purposes, contract_kind, security_statement, source_statement, stands_until, reason, listed_at, created_at`;
const orderColumns = sql`id, participant, supplier, number, state, listing, product, version, offer, scenario, plan, plan_title, tax_rate, quantity, estimate_fen,
  settlement_way, months, split, until, contract, verification, review, delivery, acceptance, accept_by, acceptance_days, rework_by, reminded_at, ended_at, ended_how, decision, papers, signed_at, settled_fen, settled_at, created_at, updated_at`;

export const findReport = (read: Reader, id: string) =>
  read.first<Report>(sql`select ${reportColumns} from reports where id = ${id}`);

export const listReports = async (read: Reader, participant: string, query: PageQuery & { version?: string }) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<Report>(sql`select ${reportColumns} from reports where (participant = ${participant} or body = ${participant})
    ${query.version ? sql`and version = ${query.version}` : empty} ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const findListing = (read: Reader, id: string, lock = false) =>
  read.first<Listing>(sql`select ${listingColumns} from listings where id = ${id} ${lock ? sql`for update` : empty}`);

export const standingListing = (read: Reader, product: string) =>
  read.first<Listing>(
    sql`select ${listingColumns} from listings where product = ${product} and state in ('draft', 'reviewing', 'listed', 'suspended')`,
  );

/** The listing of a version that stands, else the last that did. */
export const listingOfVersion = (read: Reader, version: string) =>
  read.first<Listing>(sql`select ${listingColumns} from listings where version = ${version} and state in ('listed', 'suspended', 'delisted')
    order by state = 'delisted', created_at desc limit 1`);

export const listingOfCase = (read: Reader, caseId: string) =>
  read.first<Listing>(sql`select ${listingColumns} from listings where case_id = ${caseId}`);

export const listListings = async (
  read: Reader,
  participant: string | undefined,
  query: PageQuery & { state?: string },
) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<Listing>(sql`select ${listingColumns} from listings where true ${participant === undefined ? empty : sql`and participant = ${participant}`}
    ${query.state ? sql`and state = ${query.state}` : empty} ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

/** What is offered to the members of a data space now, by one supplier or by all. */
export const listingsOfSpace = (read: Reader, space: string, supplier?: string) =>
  read.rows<Listing>(
    sql`select ${listingColumns} from listings where space = ${space} and state = 'listed'
      ${supplier === undefined ? empty : sql`and participant = ${supplier}`} order by id`,
  );

/** Under review or not yet signed, of listings for its members, by either side; locked. */
export const ordersInSpace = (tx: Tx, space: string, participant: string) =>
  tx.rows<Order>(sql`select ${orderColumns} from orders where state in ('reviewing', 'contracting')
    and (participant = ${participant} or supplier = ${participant})
    and listing in (select id from listings where space = ${space}) order by id for update`);

const groundEnded = (at: Moment): Sql => sql`state = 'listed' and stands_until <= ${at}`;

/** Listings whose ground has ended by `at`. */
export const lapsedListings = (read: Reader, at: Date) =>
  read.rows<Listing>(sql`select ${listingColumns} from listings where ${groundEnded(at)} limit 500`);
export const listingsDue = (at: Moment): Sql => sql`exists (select from listings where ${groundEnded(at)})`;

export const findScenario = (read: Reader, id: string) =>
  read.first<Scenario>(sql`select id, participant, statement, created_at from scenarios where id = ${id}`);

export const listScenarios = async (read: Reader, participant: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<Scenario>(sql`select id, participant, statement, created_at from scenarios where participant = ${participant}
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const findOrder = (read: Reader, id: string, lock = false) =>
  read.first<Order>(sql`select ${orderColumns} from orders where id = ${id} ${lock ? sql`for update` : empty}`);

export const orderOfContract = (read: Reader, contract: string, lock = false) =>
  read.first<Order>(
    sql`select ${orderColumns} from orders where contract = ${contract} ${lock ? sql`for update` : empty}`,
  );

/** Unanswered past the time to accept, or unmended past the time for rework, and not reminded of it; locked. */
const overdue = (at: Moment): Sql => sql`reminded_at is null
  and ((state = 'delivered' and accept_by <= ${at}) or (state = 'objected' and rework_by <= ${at}))`;
const silent = (at: Moment): Sql => sql`state = 'delivered' and accept_by <= ${at}`;
/** Whether one is overdue or silent. */
export const deadlinesDue = (at: Moment): Sql =>
  sql`(exists (select from orders where ${overdue(at)}) or exists (select from orders where ${silent(at)}))`;

export const ordersOverdue = (tx: Tx, at: Date) =>
  tx.rows<Order>(
    sql`select ${orderColumns} from orders where ${overdue(at)} order by id limit 200 for update skip locked`,
  );

/** Unanswered past the time to accept, longest first; locked. */
export const ordersSilent = (tx: Tx, at: Date) =>
  tx.rows<Order>(
    sql`select ${orderColumns} from orders where ${silent(at)} order by accept_by limit 200 for update skip locked`,
  );

export interface OrderQuery extends PageQuery {
  state?: string;
  side?: 'buyer' | 'supplier' | 'all';
}

export const listOrders = async (read: Reader, participant: string, query: OrderQuery, supervises: boolean) => {
  const after = decodeCursor(query.after, 1);
  const side =
    query.side === 'buyer'
      ? sql`participant = ${participant}`
      : query.side === 'supplier'
        ? sql`supplier = ${participant}`
        : supervises
          ? sql`true`
          : sql`(participant = ${participant} or supplier = ${participant})`;
  const rows =
    await read.rows<Order>(sql`select ${orderColumns} from orders where ${side} ${query.state ? sql`and state = ${query.state}` : empty}
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export interface TurnoverMonth {
  month: string;
  signed: string;
  settled: string;
  filed: string;
  orders: number;
}

/** Signed by the day of signature, settled by the day of settlement, filed by the day of the receipt, each in Beijing months; never added to one another. */
export const turnoverByMonth = (read: Reader, months: number, now: Date) =>
  read.rows<TurnoverMonth>(sql`with span as (
      select to_char(m, 'YYYY-MM') as month from generate_series(
        date_trunc('month', ${now}::timestamptz at time zone 'Asia/Shanghai') - make_interval(months => ${months - 1}),
        date_trunc('month', ${now}::timestamptz at time zone 'Asia/Shanghai'), interval '1 month') m),
    signed as (select to_char(signed_at at time zone 'Asia/Shanghai', 'YYYY-MM') as month, sum(estimate_fen) as fen, count(*)::int as orders from orders where signed_at is not null group by 1),
    settled as (select to_char(settled_at at time zone 'Asia/Shanghai', 'YYYY-MM') as month, sum(settled_fen) as fen from orders where settled_at is not null group by 1),
    filed as (select to_char(created_at at time zone 'Asia/Shanghai', 'YYYY-MM') as month, sum(amount_fen) as fen from filings group by 1)
    select span.month, coalesce(signed.fen, 0)::text as signed, coalesce(settled.fen, 0)::text as settled, coalesce(filed.fen, 0)::text as filed,
      coalesce(signed.orders, 0) as orders
    from span left join signed using (month) left join settled using (month) left join filed using (month) order by span.month`);

export const marketTotals = (read: Reader) =>
  read.one<{
    signed: string;
    settled: string;
    filed: string;
    orders: number;
    listings: number;
    suppliers: number;
  }>(sql`select
    (select coalesce(sum(estimate_fen), 0)::text from orders where signed_at is not null) as signed,
    (select coalesce(sum(settled_fen), 0)::text from orders where settled_at is not null) as settled,
    (select coalesce(sum(amount_fen), 0)::text from filings) as filed,
    (select count(*)::int from orders where signed_at is not null) as orders,
    (select count(*)::int from listings where state = 'listed' and space is null) as listings,
    (select count(distinct participant)::int from listings where state = 'listed' and space is null) as suppliers`);

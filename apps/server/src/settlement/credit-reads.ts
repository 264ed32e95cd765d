/** Questions about credit notes. */
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type { Credit } from './model.ts';

type Row = Omit<Credit, 'spread' | 'fen'> & { spreadFrom: Date | null; spreadUntil: Date | null; fen: string | null };

const select = sql`select id, participant, supplier, order_id as "order", grant_id as "grant", assessment, period, starts_at as "from",
  ends_at as "until", spread_from as "spreadFrom", spread_until as "spreadUntil", findings, requests, digest, credit_milli as milli, tiers,
  state, answer, answered_at as "answeredAt", waits_for as "waitsFor", fen::text, refunds, settled_at as "settledAt",
  created_at as "createdAt", due_at as "dueAt", reminded_at as "remindedAt", closes_at as "closesAt", by_silence as "bySilence",
  (select o.title from settlement_orders o where o.id = service_credits.order_id) as title from service_credits`;

const creditOf = ({ spreadFrom, spreadUntil, fen, ...row }: Row): Credit => ({
  ...row,
  spread: spreadFrom && spreadUntil ? { from: spreadFrom, until: spreadUntil } : null,
  fen: fen === null ? null : BigInt(fen),
});

export const findCredit = async (read: Reader, id: string): Promise<Credit | undefined> => {
  const row = await read.first<Row>(sql`${select} where id = ${id}`);
  return row && creditOf(row);
};

export const lockCredit = async (tx: Tx, id: string): Promise<Credit | undefined> => {
  const row = await tx.first<Row>(sql`${select} where id = ${id} for update`);
  return row && creditOf(row);
};

/** The note that gave this refund. */
export const lockCreditOf = async (tx: Tx, refund: string): Promise<Credit | undefined> => {
  const row = await tx.first<Row>(sql`${select} where ${refund} = any(refunds) for update`);
  return row && creditOf(row);
};

/** Unanswered, and late for notice or for the rule. */
const silent = (at: Moment): Sql => sql`(state = 'proposed'
  and ((reminded_at is null and coalesce(due_at, created_at) <= ${at}) or closes_at <= ${at}))`;

/** Whether a note's next side is silent, or one was accepted. */
export const creditsDue = (at: Moment): Sql =>
  sql`exists (select from service_credits where ${silent(at)} or state = 'accepted')`;

export const creditsSilent = async (read: Reader, now: Date, limit: number): Promise<string[]> =>
  (
    await read.rows<{ id: string }>(sql`select id from service_credits where ${silent(now)} order by id limit ${limit}`)
  ).map(({ id }) => id);

export const acceptedCredits = async (read: Reader, limit: number): Promise<string[]> =>
  (
    await read.rows<{ id: string }>(
      sql`select id from service_credits where state = 'accepted' order by id limit ${limit}`,
    )
  ).map(({ id }) => id);

export interface CreditFilter extends PageQuery {
  state?: Credit['state'];
  grant?: string;
}

/** Newest first; `whose` says of whom. */
export const creditsPage = async (read: Reader, whose: Sql, filter: CreditFilter) => {
  const after = decodeCursor(filter.after, 1);
  const rows = await read.rows<Row>(sql`${select} where ${whose}
    ${filter.state ? sql`and state = ${filter.state}` : empty} ${filter.grant ? sql`and grant_id = ${filter.grant}` : empty}
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows.map(creditOf),
    filter,
    (row) => [row.id],
    (row) => row,
  );
};

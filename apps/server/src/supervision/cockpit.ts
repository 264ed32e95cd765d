/** 监管驾驶舱 and 超期: figures over every room's tables, read as they stand. */
import { type Reader, sql } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageSize } from '../kernel/pages.ts';

interface StateCount {
  state: string;
  count: number;
}

const overdueWhere = (now: Date) => sql`c.ended_at is null and not c.private and c.due_at <= ${now}`;

export const overviewOf = async (read: Reader, now: Date) => {
  const [members, listings, orders, directives, figures, reconciliation, log] = [
    await read.rows<{ role: string; active: number; suspended: number }>(sql`select r.role,
        (count(distinct o.id) filter (where o.status = 'active'))::int as active,
        (count(distinct o.id) filter (where o.status = 'suspended'))::int as suspended
      from organisation_roles r join organisations o on o.id = r.organisation where r.status = 'active' group by r.role order by r.role`),
    await read.rows<StateCount>(sql`select state, count(*)::int as count from listings group by state order by state`),
    await read.rows<StateCount>(sql`select state, count(*)::int as count from orders group by state order by state`),
    await read.rows<StateCount>(
      sql`select state, count(*)::int as count from directives group by state order by state`,
    ),
    await read.one<{
      signed: string;
      settled: string;
      filed: string;
      overdue: number;
      complaints: number;
      risks: number;
      calls: string;
      rows: string;
      bytes: string;
    }>(sql`select
      (select coalesce(sum(estimate_fen), 0)::text from orders where signed_at is not null) as signed,
      (select coalesce(sum(settled_fen), 0)::text from orders where settled_at is not null) as settled,
      (select coalesce(sum(amount_fen), 0)::text from filings) as filed,
      (select count(*)::int from cases c where ${overdueWhere(now)}) as overdue,
      (select count(*)::int from cases where procedure = 'complaint' and ended_at is null and not private) as complaints,
      (select count(*)::int from risks where state = 'open') as risks,
      u.calls, u.rows, u.bytes
      from (select coalesce(sum(call_count), 0)::text as calls, coalesce(sum(row_count), 0)::text as rows,
        coalesce(sum(byte_count), 0)::text as bytes from usage_days) u`),
    await read.first<{ day: string; matched: number; differences: number; closed: boolean; ran_at: Date }>(
      sql`select day::text as day, matched, differences, closed, ran_at from reconciliations order by reconciliations.day desc limit 1`,
    ),
    await read.one<{ origin: string; size: string }>(
      sql`select origin, size::text as size from log_origins where closed_at is null order by opened_at desc limit 1`,
    ),
  ];
  return { members, listings, orders, directives, figures, reconciliation, log };
};

export interface OverdueCase {
  id: string;
  pack: string;
  procedure: string;
  title: string;
  state: string;
  turn: string;
  participant: string;
  handler: string;
  due_at: Date;
}

/** The longest overdue first; one row more than asked for when there are more. */
export const overdueCases = (read: Reader, query: PageQuery, now: Date): Promise<OverdueCase[]> => {
  const after = decodeCursor(query.after, 2);
  return read.rows<OverdueCase>(sql`select c.id, c.pack, c.procedure, c.title, c.state, c.turn, c.participant, c.handler, c.due_at
    from cases c where ${overdueWhere(now)}
      and ${after ? sql`(c.due_at, c.id) > (${after[0]}::timestamptz, ${after[1]})` : sql`true`}
    order by c.due_at, c.id limit ${pageSize(query) + 1}`);
};

/** Warnings, figures by what the regulator compares, and the ledger of what it has to follow. */
import type { ledgerKinds, riskStates, severities, statisticsBy } from '@shugu/wire/supervision-risk';
import { empty, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type { Risk, RiskStep, Task } from './model.ts';

const columns = sql`id, participant, rule, pack, severity, state, present, target_kind, target, target_name, cause, created_at, ended_at`;
const rank = sql`case severity when 'high' then 3 when 'medium' then 2 else 1 end`;

export interface RiskQuery extends PageQuery {
  rule?: string;
  severity?: (typeof severities)[number];
  state?: (typeof riskStates)[number];
  organisation?: string;
  order?: 'severity' | 'latest';
}

const rankOf = { high: 3, medium: 2, low: 1 };

export const riskPage = async (read: Reader, query: RiskQuery) => {
  const after = decodeCursor(query.after, 2);
  const gravest = query.order !== 'latest';
  const beyond = !after
    ? empty
    : gravest
      ? sql`and (${rank}, id) < (${after[0]}::int, ${after[1]})`
      : sql`and id < ${after[1]}`;
  const rows = await read.rows<Risk>(sql`select ${columns} from risks where true
      ${query.rule ? sql`and rule = ${query.rule}` : empty} ${query.severity ? sql`and severity = ${query.severity}` : empty}
      ${query.state ? sql`and state = ${query.state}` : empty}
      ${query.organisation ? sql`and participant = ${query.organisation}` : empty} ${beyond}
    order by ${gravest ? sql`${rank} desc, id desc` : sql`id desc`} limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (one) => [rankOf[one.severity], one.id],
    (one) => one,
  );
};

export const findRisk = (read: Reader, id: string): Promise<Risk | undefined> =>
  read.first<Risk>(sql`select ${columns} from risks where id = ${id}`);
export const lockRisk = (tx: Tx, id: string): Promise<Risk | undefined> =>
  tx.first<Risk>(sql`select ${columns} from risks where id = ${id} for update`);
export const stepsOf = (read: Reader, id: string): Promise<RiskStep[]> =>
  read.rows<RiskStep>(sql`select kind, person, body, created_at from risk_steps where risk = ${id} order by id`);
/** Rules with warnings that still hold. */
export const presentRules = async (read: Reader): Promise<Set<string>> =>
  new Set(
    (await read.rows<{ rule: string }>(sql`select distinct rule from risks where present`)).map((one) => one.rule),
  );
export const openByRule = async (read: Reader): Promise<Map<string, number>> =>
  new Map(
    (
      await read.rows<{ rule: string; count: number }>(
        sql`select rule, count(*)::int as count from risks where state = 'open' group by rule`,
      )
    ).map((one) => [one.rule, one.count]),
  );

/** Directives issued after the warning that aim at its object or at whom it concerns. */
export const directivesAfter = (read: Reader, risk: Risk) =>
  read.rows<{
    id: string;
    number: string;
    measure: string;
    state: string;
    created_at: Date;
  }>(sql`select id, number, measure, state,
      created_at from directives where created_at >= ${risk.created_at}
      and (target = ${risk.target} or target = ${risk.participant} or addressees @> ${[risk.participant]}::text[]) order by id limit 50`);

// 统计报表

export type StatisticsBy = (typeof statisticsBy)[number];
export interface StatisticsRow {
  key: string;
  signed: string;
  settled: string;
  filed: string;
  orders: number;
  listings: number;
  certificates: number;
  members: number;
}

interface Source {
  /** Figures of one row each, its moment as `at`. */
  from: Sql;
  at: Sql;
  keys: Record<Exclude<StatisticsBy, 'month'>, Sql>;
  figures: Partial<Record<keyof Omit<StatisticsRow, 'key'>, Sql>>;
}

const none = sql`''`;
const about = (field: string) => sql`coalesce(v.about ->> ${field}, '')`;
// A province by its first two digits; an organisation's is in its credit code (GB 32100, places 3 and 4).
const province = (code: Sql) => sql`case when ${code} ~ '^[0-9]{2}' then left(${code}, 2) || '0000' else '' end`;
const seat = province(sql`substr(g.credit_code, 3, 6)`);
const productKeys = {
  region: province(about('region')),
  industry: sql`left(${about('industry')}, 1)`,
  kind: about('kind'),
};
const ordered = sql`orders o left join product_versions v on v.id = o.version`;

const sources: Source[] = [
  {
    from: ordered,
    at: sql`o.signed_at`,
    keys: productKeys,
    figures: { signed: sql`sum(o.estimate_fen)`, orders: sql`count(*)` },
  },
  { from: ordered, at: sql`o.settled_at`, keys: productKeys, figures: { settled: sql`sum(o.settled_fen)` } },
  {
    from: sql`filings f left join organisations g on g.id = f.participant`,
    at: sql`f.created_at`,
    keys: { region: seat, industry: none, kind: none },
    figures: { filed: sql`sum(f.amount_fen)` },
  },
  {
    from: sql`listings l left join product_versions v on v.id = l.version`,
    at: sql`l.listed_at`,
    keys: productKeys,
    figures: { listings: sql`count(*)` },
  },
  {
    from: sql`certificates c join resources r on r.id = c.resource`,
    at: sql`c.valid_from`,
    keys: { region: province(sql`coalesce(r.region, '')`), industry: sql`left(r.industry, 1)`, kind: none },
    figures: { certificates: sql`count(*)` },
  },
  {
    from: sql`organisations g`,
    at: sql`case when g.status in ('active', 'suspended') then g.created_at end`,
    keys: { region: seat, industry: none, kind: none },
    figures: { members: sql`count(*)` },
  },
];

const names = ['signed', 'settled', 'filed', 'orders', 'listings', 'certificates', 'members'] as const;

/** `from` and `until`: first and last month, by the calendar of the market (UTC+8). */
export const statisticsOf = (
  read: Reader,
  { from, until, by }: { from: string; until: string; by: StatisticsBy },
): Promise<StatisticsRow[]> => {
  const start = `${from}-01T00:00:00+08:00`;
  const end = sql`(${`${until}-01T00:00:00+08:00`}::timestamptz at time zone 'Asia/Shanghai' + interval '1 month') at time zone 'Asia/Shanghai'`;
  const parts = sources.map((one) => {
    const key = by === 'month' ? sql`to_char(${one.at} at time zone 'Asia/Shanghai', 'YYYY-MM')` : one.keys[by];
    const figures = names.map((name) => sql`${one.figures[name] ?? sql`0`}`);
    return sql`select ${key} as key, ${joined(figures)} from ${one.from}
      where ${one.at} >= ${start}::timestamptz and ${one.at} < ${end} group by 1`;
  });
  return read.rows<StatisticsRow>(sql`select key, sum(a)::bigint::text as signed, sum(b)::bigint::text as settled,
      sum(c)::bigint::text as filed, sum(d)::int as orders, sum(e)::int as listings, sum(f)::int as certificates, sum(h)::int as members
    from (${parts.reduce((all, part) => sql`${all} union all ${part}`)}) as t(key, a, b, c, d, e, f, h) group by key order by key`);
};
const joined = (parts: Sql[]): Sql => parts.reduce((all, part) => sql`${all}, ${part}`);

// 任务台账

export const lockTask = (tx: Tx, id: string): Promise<Task | undefined> =>
  tx.first<Task>(
    sql`select id, participant, title, body, state, due_on, owner, result, created_at, ended_at from regulator_tasks where id = ${id} for update`,
  );

export interface LedgerRow {
  kind: (typeof ledgerKinds)[number];
  id: string;
  number: string | null;
  title: string;
  state: string;
  waits: 'doing' | 'confirm' | 'answer' | 'nothing';
  owner: string;
  due_at: Date | null;
  late: boolean;
  result: string | null;
  created_at: Date;
}
export interface LedgerQuery extends PageQuery {
  kind?: (typeof ledgerKinds)[number];
  open?: 'true' | 'false';
  late?: 'true';
}

const endOfTime = '9999-12-31T00:00:00Z';

/** By deadline, what has none last. A task is due at the end of its day. */
export const ledgerPage = async (read: Reader, query: LedgerQuery, regulator: string, now: Date) => {
  const after = decodeCursor(query.after, 2);
  const rows =
    await read.rows<LedgerRow>(sql`select *, (waits <> 'nothing' and due_at is not null and due_at <= ${now}) as late from (
      select 'task' as kind, id, null as number, title, state, case state when 'open' then 'doing' else 'nothing' end as waits, owner,
        ((due_on + 1)::timestamp at time zone 'Asia/Shanghai') as due_at, result, created_at
      from regulator_tasks where participant = ${regulator}
      union all select 'directive', d.id, d.number, d.target_name, d.state,
        case when d.state = 'proposed' or (d.state = 'effective' and d.confirmed_by is null) then 'confirm'
          when d.state = 'effective' and d.answer_by is not null and a.answered is null then 'answer' else 'nothing' end,
        d.issued_by, case when d.state = 'effective' and d.confirmed_by is null then d.confirm_by else d.answer_by end,
        a.answered, d.created_at
      from directives d left join lateral (select min(created_at)::date::text as answered from directive_answers where directive = d.id) a on true
      where d.participant = ${regulator}
      union all select 'legalHold', id, null, target_name, state,
        case when state in ('proposed', 'lifting') then 'confirm' else 'nothing' end, proposed_by, until, null, created_at
      from legal_holds where participant = ${regulator}) l
    where ${query.kind ? sql`kind = ${query.kind}` : sql`true`}
      ${query.open === undefined ? empty : query.open === 'true' ? sql`and waits <> 'nothing'` : sql`and waits = 'nothing'`}
      ${query.late ? sql`and waits <> 'nothing' and due_at <= ${now}` : empty}
      ${after ? sql`and (coalesce(due_at, ${endOfTime}), id) > (${after[0]}::timestamptz, ${after[1]})` : empty}
    order by coalesce(due_at, ${endOfTime}), id limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (one) => [(one.due_at ?? new Date(endOfTime)).toISOString(), one.id],
    (one) => one,
  );
};

/** What each warning looks for: a read over the rooms' tables as they stand. Thresholds come from the rule pack. */
import type { riskTargets } from '@shugu/wire/supervision-risk';
import { type Reader, type Sql, sql } from '../../kernel/db/db.ts';

/** Of one warning at a time; what is beyond is found when the first are dealt with. */
export const foundPerRuleMax = 500;

export interface Found {
  kind: (typeof riskTargets)[number];
  target: string;
  name: string;
  /** Whom it concerns. */
  participant: string;
  cause: { zh: string; en: string };
}

/** `figure` gives a threshold of the pack by its rule. */
type Detector = (read: Reader, now: Date, figure: (rule: string) => number) => Promise<Found[]>;

const daysFrom = (now: Date, days: number): Date => new Date(now.getTime() + days * 86_400_000);
const day = (at: Date): string => new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
interface Row {
  target: string;
  name: string;
  participant: string;
}
const look = <R extends Row>(read: Reader, query: Sql): Promise<R[]> =>
  read.rows<R>(sql`${query} limit ${foundPerRuleMax}`);
const found = <R extends Row>(kind: Found['kind'], rows: R[], cause: (row: R) => Found['cause']): Found[] =>
  rows.map((row) => ({ kind, target: row.target, name: row.name, participant: row.participant, cause: cause(row) }));

// A unit price: what was agreed over the quantity, against the median of earlier trades of the same product and kind of price.
const priceUnusual: Detector = async (read, now, figure) => {
  const times = 1 + figure('priceDeviationPercent') / 100;
  const rows = await look<Row & { price: string; median: string; trades: number }>(
    read,
    sql`select o.id as target, o.number as name, o.supplier as participant, o.trades,
      round(o.price / 100, 2)::text as price, round(o.median / 100, 2)::text as median
    from (select o.*, o.estimate_fen::numeric / o.quantity as price, m.median, m.trades from orders o cross join lateral (
        select (percentile_cont(0.5) within group (order by e.estimate_fen::numeric / e.quantity))::numeric as median,
          count(*)::int as trades
        from orders e where e.product = o.product and e.plan ->> 'kind' = o.plan ->> 'kind' and e.signed_at < o.signed_at) m
      where o.signed_at > ${daysFrom(now, -figure('priceWithinDays'))}) o
    where o.trades >= ${figure('priceComparedMin')} and o.median > 0
      and (o.price > o.median * ${times}::numeric or o.price < o.median / ${times}::numeric)
    order by o.id desc`,
  );
  return found('order', rows, (row) => ({
    zh: `单价 ${row.price} 元，此前 ${row.trades} 笔的中位数为 ${row.median} 元`,
    en: `unit price ${row.price} yuan; the median of ${row.trades} earlier trades is ${row.median} yuan`,
  }));
};

const objectionsRepeated: Detector = async (read, now, figure) => {
  const days = figure('objectionsWithinDays');
  const rows = await look<Row & { times: number }>(
    read,
    sql`select o.supplier as target, g.name, o.supplier as participant, count(*)::int as times
    from orders o join audit a on a.subject = o.id join organisations g on g.id = o.supplier
    where a.action = 'market.order.object' and o.updated_at > ${daysFrom(now, -days)} and a.at > ${daysFrom(now, -days)}
    group by o.supplier, g.name having count(*) >= ${figure('objectionsMax')} order by o.supplier`,
  );
  return found('organisation', rows, (row) => ({
    zh: `${days} 日内被提出交付异议 ${row.times} 次`,
    en: `${row.times} objections to its deliveries within ${days} days`,
  }));
};

const complaintsRepeated: Detector = async (read, now, figure) => {
  const days = figure('complaintsWithinDays');
  const rows = await look<Row & { times: number }>(
    read,
    sql`select g.id as target, g.name, g.id as participant, count(*)::int as times
    from cases c left join products p on p.id = c.subject left join listings l on l.id = c.subject
      left join orders o on o.id = c.subject
      join organisations g on g.id = coalesce(p.participant, l.participant, o.supplier, c.subject)
    where c.procedure = 'complaint' and not c.private and c.filed_at > ${daysFrom(now, -days)}
    group by g.id, g.name having count(*) >= ${figure('complaintsMax')} order by g.id`,
  );
  return found('organisation', rows, (row) => ({
    zh: `${days} 日内被投诉举报 ${row.times} 次`,
    en: `${row.times} complaints within ${days} days`,
  }));
};

const remedyOverdue: Detector = async (read, now, figure) => {
  const rows = await look<Row & { due: Date }>(
    read,
    sql`select id as target, number as name, supplier as participant, rework_by as due from orders
    where state = 'objected' and rework_by <= ${daysFrom(now, -figure('remedyGraceDays'))} order by rework_by`,
  );
  return found('order', rows, (row) => ({
    zh: `返工期限 ${day(row.due)} 已过，供方未重新交付`,
    en: `the limit to rework, ${day(row.due)}, has passed without a new delivery`,
  }));
};

const caseOverdue: Detector = async (read, now, figure) => {
  const rows = await look<Row & { due: Date; turn: string }>(
    read,
    sql`select id as target, title as name, due_at as due, turn,
      case when turn = 'applicant' then participant else handler end as participant
    from cases where ended_at is null and not private and due_at <= ${daysFrom(now, -figure('caseGraceDays'))} order by due_at`,
  );
  return found('case', rows, (row) => ({
    zh: `办理期限 ${day(row.due)} 已过，轮到${row.turn === 'applicant' ? '申请人' : '承办单位'}办理`,
    en: `the limit, ${day(row.due)}, has passed; it is the ${row.turn === 'applicant' ? 'applicant' : 'handler'}’s turn`,
  }));
};

const directiveUnanswered: Detector = async (read, now) => {
  const rows = await look<Row & { due: Date }>(
    read,
    sql`select d.id as target, d.number as name, coalesce(d.addressees[1], d.participant) as participant, d.answer_by as due
    from directives d where d.state = 'effective' and d.answer_by <= ${now}
      and not exists (select 1 from directive_answers a where a.directive = d.id) order by d.answer_by`,
  );
  return found('directive', rows, (row) => ({
    zh: `反馈期限 ${day(row.due)} 已过，尚无反馈`,
    en: `nobody answered by ${day(row.due)}`,
  }));
};

const certificateExpiring: Detector = async (read, now, figure) => {
  const rows = await look<Row & { until: Date }>(
    read,
    sql`select id as target, code as name, participant, valid_until as until from certificates
    where state = 'valid' and valid_until > ${now} and valid_until <= ${daysFrom(now, figure('certificateExpiringDays'))}
    order by valid_until`,
  );
  return found('certificate', rows, (row) => ({
    zh: `登记凭证 ${day(row.until)} 到期`,
    en: `the certificate ends on ${day(row.until)}`,
  }));
};

const reportExpiring: Detector = async (read, now, figure) => {
  const rows = await look<Row & { until: Date }>(
    read,
    sql`select r.id as target, r.number as name, r.participant, r.valid_until as until from reports r
    where r.valid_until > ${now} and r.valid_until <= ${daysFrom(now, figure('reportExpiringDays'))}
      and exists (select 1 from listings l where l.version = r.version and l.state = 'listed') order by r.valid_until`,
  );
  return found('report', rows, (row) => ({
    zh: `在架产品的合规评估报告 ${day(row.until)} 到期`,
    en: `the compliance report of a listed product ends on ${day(row.until)}`,
  }));
};

const reconciliationDiffers: Detector = async (read, now, figure) => {
  const rows = await look<Row & { of: string; ours: string; theirs: string }>(
    read,
    sql`select id as target, reference as name, participant, day::text as of,
      coalesce(round(ours_fen / 100.0, 2)::text, '—') as ours, coalesce(round(theirs_fen / 100.0, 2)::text, '—') as theirs
    from reconciliation_differences
    where state <> 'resolved' and created_at <= ${daysFrom(now, -figure('reconciliationGraceDays'))} order by day, id`,
  );
  return found('difference', rows, (row) => ({
    zh: `${row.of} 对账：本所 ${row.ours} 元，银行 ${row.theirs} 元`,
    en: `reconciliation of ${row.of}: ${row.ours} yuan here, ${row.theirs} yuan at the bank`,
  }));
};

const metricNames: Record<string, { zh: string; en: string }> = {
  calls: { zh: '次调用', en: 'calls' },
  rows: { zh: '行', en: 'rows' },
  bytes: { zh: '字节', en: 'bytes' },
};

const usageAboveContract: Detector = async (read, _now, figure) => {
  const percent = figure('usageOfContractPercent');
  const rows = await look<Row & { metric: string; used: string; limit: string }>(
    read,
    sql`select g.id as target, coalesce(c.number, c.product_name) as name, g.buyer as participant, q.metric, u.used::text as used,
      q."limit"::text as "limit"
    from metered_grants g join contracts c on c.id = g.contract
      cross join lateral jsonb_to_recordset(g.quotas) as q(metric text, period text, "limit" bigint)
      cross join lateral (select coalesce(sum(case q.metric when 'calls' then d.call_count when 'rows' then d.row_count
          when 'bytes' then d.byte_count end), 0) as used from usage_days d where d.grant_id = g.id) u
    where not g.trial and not g.ended and q.period = 'total' and u.used * 100 >= q."limit" * ${percent}::numeric and u.used > 0
    order by g.id desc`,
  );
  return found('grant', rows, ({ metric, used, limit }) => ({
    zh: `已用 ${used} ${metricNames[metric]?.zh ?? metric}，合同约定 ${limit}`,
    en: `${used} ${metricNames[metric]?.en ?? metric} used; the contract allows ${limit}`,
  }));
};

export const detectors: Readonly<Record<string, Detector>> = {
  priceUnusual,
  objectionsRepeated,
  complaintsRepeated,
  remedyOverdue,
  caseOverdue,
  directiveUnanswered,
  certificateExpiring,
  reportExpiring,
  reconciliationDiffers,
  usageAboveContract,
};

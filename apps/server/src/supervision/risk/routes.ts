import * as wire from '@shugu/wire/supervision-risk';
import type { Reader } from '../../kernel/db/db.ts';
import { on, type Route } from '../../kernel/http/route.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { regionPath } from '../../kernel/regions.ts';
import type { Warning } from '../../kernel/rulepack/model.ts';
import type { SupervisionDeps } from '../model.ts';
import { problems } from '../problems.ts';
import type { Risk, Task } from './model.ts';
import * as reads from './reads.ts';
import { createTask, endTask, packOf, stepRisk } from './service.ts';
import { statisticsSheet } from './sheet.ts';

const iso = (at: Date | null) => at?.toISOString() ?? null;

/** The warning as the pack that the risk was found under words it; a pack that is gone leaves its bare name. */
const warningOf = ({ ruleBook }: SupervisionDeps, pin: string, rule: string): Warning | undefined =>
  ruleBook.packs.find((pack) => pack.pin === pin)?.warnings.find((one) => one.id === rule);

const figuresOf = (deps: SupervisionDeps, pin: string, warning: Warning | undefined) =>
  (warning?.figures ?? []).map((name) => {
    const { title, unit, source, confirmed } = deps.ruleBook.rule(pin, name);
    return {
      title,
      unit,
      confirmed,
      value: deps.ruleBook.number(pin, name),
      source: `${source.instrument}${source.article}`,
    };
  });

const riskViews = async (deps: SupervisionDeps, read: Reader, items: readonly Risk[]) => {
  const names = await deps.members.displayNames(read, [...new Set(items.map((one) => one.participant))]);
  return items.map((one) => ({
    id: one.id,
    rule: one.rule,
    title: warningOf(deps, one.pack, one.rule)?.title ?? { zh: one.rule, en: one.rule },
    severity: one.severity,
    state: one.state,
    present: one.present,
    target: { kind: one.target_kind, id: one.target, name: one.target_name },
    organisation: names.has(one.participant) ? { id: one.participant, name: names.get(one.participant)! } : null,
    cause: one.cause,
    foundAt: one.created_at.toISOString(),
    endedAt: iso(one.ended_at),
  }));
};

const riskRead = (deps: SupervisionDeps): Route =>
  on(wire.readRisk, async ({ read, params }) => {
    const one = await reads.findRisk(read, params.id);
    if (!one) throw kernelProblems.unknown();
    const steps = await reads.stepsOf(read, one.id);
    const people = await deps.members.displayNames(read, [...new Set(steps.map((step) => step.person))]);
    const warning = warningOf(deps, one.pack, one.rule);
    const [view] = await riskViews(deps, read, [one]);
    return {
      ...view!,
      meaning: warning?.meaning ?? { zh: '', en: '' },
      figures: figuresOf(deps, one.pack, warning),
      pack: one.pack,
      steps: steps.map((step) => ({
        kind: step.kind,
        by: people.get(step.person) ?? step.person,
        text: step.body,
        at: step.created_at.toISOString(),
      })),
      directives: (await reads.directivesAfter(read, one)).map(({ created_at, ...directive }) => ({
        ...directive,
        at: created_at.toISOString(),
      })),
    };
  });

const monthsBetween = (from: string, until: string): number =>
  (Number(until.slice(0, 4)) - Number(from.slice(0, 4))) * 12 + Number(until.slice(5)) - Number(from.slice(5)) + 1;

/** A month in which nothing happened is a figure, too. */
const everyMonth = (rows: readonly reads.StatisticsRow[], from: string, months: number): reads.StatisticsRow[] => {
  const none = { signed: '0', settled: '0', filed: '0', orders: 0, listings: 0, certificates: 0, members: 0 };
  return Array.from({ length: months }, (_, index) => {
    const at = Number(from.slice(0, 4)) * 12 + Number(from.slice(5)) - 1 + index;
    const key = `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}`;
    return rows.find((one) => one.key === key) ?? { key, ...none };
  });
};

const statisticsFor = async (read: Reader, query: { from: string; until: string; by?: reads.StatisticsBy }) => {
  const months = monthsBetween(query.from, query.until);
  if (months < 1 || months > wire.riskLimits.statisticsMonthsMax) throw problems.monthsUnfit();
  const by = query.by ?? 'month';
  const found = await reads.statisticsOf(read, { ...query, by });
  const rows = by === 'month' && found.length ? everyMonth(found, query.from, months) : found;
  const fen = (name: 'signed' | 'settled' | 'filed') => String(rows.reduce((sum, one) => sum + BigInt(one[name]), 0n));
  const count = (name: 'orders' | 'listings' | 'certificates' | 'members') =>
    rows.reduce((sum, one) => sum + one[name], 0);
  const totals = {
    signed: fen('signed'),
    settled: fen('settled'),
    filed: fen('filed'),
    orders: count('orders'),
    listings: count('listings'),
    certificates: count('certificates'),
    members: count('members'),
  };
  return { by, from: query.from, until: query.until, rows, totals };
};

const kindNames: Record<string, string> = {
  dataset: '数据集',
  api: '数据接口',
  report: '数据报告',
  service: '数据服务',
  tool: '数据工具',
};
const nameOf = (key: string): string => regionPath(key) ?? kindNames[key] ?? (key || '未注明');

const statisticsRoutes = (): Route[] => [
  on(wire.statistics, ({ read, query }) => statisticsFor(read, query)),
  on(wire.statisticsSheet, async ({ read, query }) => {
    const found = await statisticsFor(read, query);
    const rows = found.rows.map((one) => ({ ...one, name: nameOf(one.key) }));
    return {
      body: await statisticsSheet({ ...found, rows }),
      fileName: `statistics-${found.from}-${found.until}.xlsx`,
    };
  }),
];

const taskView = (one: Task) => ({
  id: one.id,
  title: one.title,
  text: one.body,
  state: one.state,
  dueOn: one.due_on,
  owner: one.owner,
  result: one.result,
  createdAt: one.created_at.toISOString(),
  endedAt: iso(one.ended_at),
});

const ledgerRoutes = (deps: SupervisionDeps): Route[] => [
  on(wire.createTask, async ({ tx, body }) => taskView(await createTask(tx, body))),
  on(wire.endTask, async ({ tx, params, body }) => taskView(await endTask(tx, params.id, body.state, body.result))),
  on(wire.ledger, async ({ read, principal, query }) => {
    const found = await reads.ledgerPage(read, query, principal.participant, deps.now());
    const names = await deps.members.displayNames(read, [...new Set(found.items.map((one) => one.owner))]);
    return {
      ...found,
      items: found.items.map(({ due_at, created_at, ...one }) => ({
        ...one,
        owner: names.get(one.owner) ?? one.owner,
        dueAt: iso(due_at),
        createdAt: created_at.toISOString(),
      })),
    };
  }),
];

export const riskRoutes = (deps: SupervisionDeps): Route[] => [
  on(wire.listRisks, async ({ read, query }) => {
    const found = await reads.riskPage(read, query);
    return { ...found, items: await riskViews(deps, read, found.items) };
  }),
  riskRead(deps),
  on(
    wire.stepRisk,
    async ({ tx, params, body }) => (await riskViews(deps, tx, [await stepRisk(tx, params.id, body)]))[0]!,
  ),
  on(wire.riskRules, async ({ read }) => {
    const pack = packOf(deps, deps.now());
    const open = await reads.openByRule(read);
    return {
      pack: pack?.pin ?? null,
      items: (pack?.warnings ?? []).map(({ id, title, meaning, severity, ...warning }) => ({
        rule: id,
        title,
        meaning,
        severity,
        open: open.get(id) ?? 0,
        figures: figuresOf(deps, pack!.pin, { id, title, meaning, severity, ...warning }),
      })),
    };
  }),
  ...statisticsRoutes(),
  ...ledgerRoutes(deps),
];

/** The kernel's own routes: health, clock, problems, jobs, stalled events. */
import * as wire from '@shugu/wire/kernel';
import type { Clock, SimulatedClock } from './clock.ts';
import type { Config } from './config.ts';
import { type Reader, sql } from './db/db.ts';
import type { PermissionTable, Principal } from './http/principal.ts';
import { on, type Route } from './http/route.ts';
import { cancelJob, findJob, type Job, listJobs, retryJob } from './jobs.ts';
import { readState } from './node.ts';
import { retryEvent } from './outbox.ts';
import { allProblems, kernelProblems } from './problem.ts';
import { regionSource, regions } from './regions.ts';
import { type Pruned, prunedKey } from './retention/prune.ts';
import type { Rule } from './rulepack/model.ts';
import { describe, type RuleBook } from './rulepack/rulebook.ts';
import { listStalled, type StalledEvent } from './stalled.ts';

export const kernelPermissions: PermissionTable = {
  'kernel.clock.move': {
    title: { zh: '推进模拟日历', en: 'Move the simulated calendar' },
    roles: ['operator'],
    seats: ['systemAdministrator'],
  },
  'kernel.job.all': {
    title: { zh: '查看全部任务', en: 'See every job' },
    roles: ['operator'],
    seats: ['systemAdministrator', 'service'],
  },
  'kernel.stalledEvent.all': {
    title: { zh: '查看与重试滞留事件', en: 'See stalled events and retry them' },
    roles: ['operator'],
    seats: ['systemAdministrator', 'service'],
  },
  'kernel.retention.read': {
    title: { zh: '查看保存期限与清理情况', en: 'See how long records are kept and what was pruned' },
    roles: ['operator', 'regulator'],
    seats: [
      'systemAdministrator',
      'securityAdministrator',
      'auditAdministrator',
      'reviewer',
      'approver',
      'service',
      'officer',
      'administrator',
    ],
  },
};

const figureOf = (rule: Rule) => ({ text: describe(rule), force: rule.force, confirmed: rule.confirmed });

/** Default class by table, as the schema itself has it. */
const classesOfTables = (read: Reader) =>
  read.rows<{
    name: string;
    id: string;
  }>(sql`select table_name as name, (regexp_match(column_default, '^''([a-z-]+)'''))[1] as id
    from information_schema.columns where table_schema = current_schema() and column_name = 'retention_class' order by 1`);

export interface KernelRoutesOptions {
  config: Config;
  version: string;
  databaseVersion: string;
  clock: Clock | SimulatedClock;
  ruleBook: RuleBook;
  /** Runs everything that the new time makes due; number of things done. */
  settle(): Promise<number>;
}

const jobOut = (job: Job) => ({
  id: job.id,
  kind: job.kind,
  title: job.title,
  state: job.state,
  progress: job.progress,
  note: job.note,
  attempts: job.attempts,
  attemptsMax: job.attempts_max,
  runAt: job.run_at.toISOString(),
  createdAt: job.created_at.toISOString(),
  finishedAt: job.finished_at?.toISOString() ?? null,
  failure: job.failure,
  result: (job.result ?? null) as never,
});

const stalledOut = (one: StalledEvent) => ({
  id: one.id,
  consumer: one.consumer,
  event: one.event,
  type: one.type,
  subject: one.subject,
  state: one.state,
  attempts: one.attempts,
  nextAt: one.state === 'failed' ? one.next_at.toISOString() : null,
  reason: one.reason,
  since: one.since.toISOString(),
});

// Undefined means every organisation's.
const scopeOf = (principal: Principal) =>
  principal.permissions.has('kernel.job.all') ? undefined : principal.participant;

const retentionOut = async (read: Reader, { config, clock, ruleBook }: KernelRoutesOptions) => {
  const tables = await classesOfTables(read);
  return {
    region: config.region,
    classes: ruleBook.retention(clock.now()).map(({ id, title, minimum, maximum }) => ({
      id,
      title,
      minimum: minimum.map(figureOf),
      maximum: maximum && figureOf(maximum),
      tables: tables.filter((one) => one.id === id).map((one) => one.name),
    })),
    pruned: (await readState<Pruned>(read, prunedKey)) ?? null,
  };
};

export const kernelRoutes = (options: KernelRoutesOptions): Route[] => {
  const { clock, config } = options;
  const change =
    (run: typeof retryJob) =>
    async (request: { tx: Parameters<typeof retryJob>[0]; principal: Principal; params: { id: string } }) => {
      await run(request.tx, request.params.id, scopeOf(request.principal));
      return jobOut((await findJob(request.tx, request.params.id))!);
    };
  return [
    on(wire.health, async () => ({
      ok: true,
      version: options.version,
      node: config.node,
      market: config.market,
      suite: config.suite,
      database: options.databaseVersion,
    })),
    on(wire.clock, async () => ({ now: clock.now().toISOString(), simulated: clock.simulated })),
    on(
      wire.moveClock,
      async ({ body }) => {
        if (!clock.simulated || !('moveTo' in clock)) throw kernelProblems.clockFixed();
        const to = new Date(body.to);
        if (to.getTime() < clock.now().getTime())
          throw kernelProblems.invalid({
            field: 'body.to',
            detail: { zh: '日历不能倒退', en: 'a clock never goes back' },
          });
        clock.moveTo(to);
        const done = await options.settle();
        return { now: clock.now().toISOString(), simulated: true, done };
      },
      { ownTransaction: true },
    ),
    on(wire.regions, async () => ({ ...regionSource, items: [...regions] })),
    on(wire.problems, async () => ({
      items: allProblems().map(([code, one]) => ({ code, status: one.status, title: one.title, next: one.next })),
    })),
    on(wire.jobs, async ({ read, principal, query }) => {
      const all = query.all === 'true' && principal.permissions.has('kernel.job.all');
      const found = await listJobs(read, { ...query, participant: all ? undefined : principal.participant });
      return { items: found.items.map(jobOut), next: found.next };
    }),
    on(wire.jobRead, async ({ read, principal, params }) => {
      const job = await findJob(read, params.id);
      const scope = scopeOf(principal);
      if (!job || (scope !== undefined && job.participant !== scope)) throw kernelProblems.unknown();
      return jobOut(job);
    }),
    on(wire.retention, ({ read }) => retentionOut(read, options)),
    on(wire.retryJob, change(retryJob)),
    on(wire.cancelJob, change(cancelJob)),
    on(wire.stalledEvents, async ({ read, query }) => {
      const found = await listStalled(read, query);
      return { items: found.items.map(stalledOut), next: found.next };
    }),
    on(wire.retryStalledEvent, async ({ tx, params }) => stalledOut(await retryEvent(tx, params.id))),
  ];
};

/** The house wired by hand, in room order: kernel, cases, rooms, flows, doors. Nothing else builds rooms. */
import { join } from 'node:path';
import type { Tracing } from '@shugu/gateway';
import type { AnyEndpoint } from '@shugu/wire';
import { openapiOf } from '@shugu/wire';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildRooms, type Rooms, roomPermissions } from './build.ts';
import type { IdentityProvider } from './federation/index.ts';
import { flowsOf } from './flows/index.ts';
import { loadCalendar } from './kernel/calendar/load.ts';
import {
  type Cases,
  casePermissions,
  findNotice,
  makeCases,
  makeServiceProof,
  makeStepLog,
} from './kernel/case/index.ts';
import { sealPlainForms } from './kernel/case/resealing.ts';
import { caseRoutes } from './kernel/case/routes.ts';
import type { Config } from './kernel/config.ts';
import { forgetReplies } from './kernel/http/idempotency.ts';
import { servePages } from './kernel/http/pages.ts';
import type { PermissionTable } from './kernel/http/principal.ts';
import { makeHttp } from './kernel/http/server.ts';
import { issuePermissions, issueRoutes } from './kernel/issue/index.ts';
import { makeJobs } from './kernel/jobs.ts';
import { type Kernel, openKernel } from './kernel/kernel.ts';
import { rateLimit } from './kernel/limits.ts';
import { makeMetrics } from './kernel/metrics.ts';
import { clockWatch, keepClock } from './kernel/node.ts';
import { mailChannel, makeNotify, notifyPermissions, notifyRoutes, webhookChannel } from './kernel/notify/index.ts';
import { makeOutbox } from './kernel/outbox.ts';
import type { Press } from './kernel/paper/press.ts';
import { gather, type RoomParts } from './kernel/parts.ts';
import type { RunningPostgres } from './kernel/postgres/index.ts';
import type { Stamping } from './kernel/publiclog/stamps.ts';
import { pruneTick } from './kernel/retention/prune.ts';
import { kernelPrunables } from './kernel/retention/tables.ts';
import { kernelPermissions, kernelRoutes } from './kernel/routes.ts';
import { serveLog } from './kernel/routes-log.ts';
import { keepPins } from './kernel/rulepack/pins.ts';
import { loadRulePacks } from './kernel/rulepack/rulebook.ts';
import { makeTicker, type Tick } from './kernel/ticker.ts';
import { nodeTracing } from './kernel/tracing.ts';
import { roomOrder } from './rooms.ts';

export const version = '0.1.0';

const root = join(import.meta.dirname, '../../..');

export interface ExchangeOptions {
  config: Config;
  log: Logger;
  /** A database that already runs (tests). */
  postgres?: RunningPostgres;
  /** Prints for other nodes of this process too (tests). */
  press?: Press | undefined;
  /** Who connectors of other nodes are; no setting reaches it. */
  identity?: IdentityProvider | undefined;
  /** Whatever settles finds out whether ticks that say they are not due are right. Tests alone ask for it. */
  checkTicks?: boolean | undefined;
}

export interface Exchange {
  url: string;
  kernel: Kernel;
  rooms: Rooms;
  cases: Cases;
  /** Runs everything that is due until nothing is left: clocks, events, jobs, log. Number of things done. */
  settle(): Promise<number>;
  endpoints: AnyEndpoint[];
  permissions: readonly PermissionTable[];
  close(): Promise<void>;
}

const settleRoundsMax = 50;
/** Between two looks at events that wait for somebody's transaction, and how long to look. */
const heldUpMilliseconds = 20;
/** Likewise while a job is under way, of whose end nobody needs to be told by looking. */
const busyMilliseconds = 200;
const heldUpMillisecondsMax = 10_000;

const openapi = (app: FastifyInstance, endpoints: AnyEndpoint[], url: () => string): void => {
  const tags = [...new Set(endpoints.map((one) => one.id.split('.')[0]!))].sort();
  let made: string | undefined;
  app.get('/api/openapi.json', async (_request, reply) => {
    made ??= JSON.stringify(
      openapiOf(endpoints, { version, url: url(), tags: tags.map((name) => ({ name, description: `Room ${name}` })) }),
    );
    return reply.type('application/json; charset=utf-8').send(made);
  });
};

export const startExchange = async ({
  config,
  log,
  postgres,
  press,
  identity,
  checkTicks,
}: ExchangeOptions): Promise<Exchange> => {
  let app: FastifyInstance | undefined;
  const address = () => {
    const bound = app?.addresses()[0];
    return bound && typeof bound !== 'string'
      ? `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
      : `http://${config.host}:${config.port}`;
  };
  const kernel = await openKernel({ config, log, roomOrder, postgres, press, address });
  const now = () => kernel.clock.now();
  let tracing: Tracing | undefined;
  try {
    tracing = nodeTracing(config, version, kernel.clock, log);
    const tracer = tracing?.tracer;
    const ruleBook = await loadRulePacks(config.rulePacks || join(root, 'rulepacks'));
    await keepPins(kernel.database, ruleBook, log);
    const cases = makeCases({
      ruleBook,
      calendar: await loadCalendar(join(root, 'rulepacks/calendars/cn.json')),
      now,
      seal: kernel.seal,
      namesOf: (read, ids) => rooms.members.displayNames(read, ids),
      proof: makeServiceProof({ keys: kernel.keys, publicLog: kernel.publicLog, suite: config.suite }),
      stepLog: makeStepLog({ keys: kernel.keys, publicLog: kernel.publicLog, suite: config.suite }),
      onTickFailure: (id, clock, error) => log.error({ err: error, case: id, clock }, 'a clock could not act'),
    });
    const plain = await sealPlainForms(kernel.database, ruleBook, kernel.seal);
    if (plain) log.info({ cases: plain }, 'personal fields of stored forms sealed');
    const permissions = [
      kernelPermissions,
      casePermissions,
      issuePermissions,
      notifyPermissions,
      ruleBook.permissions,
      ...roomPermissions,
    ];
    const rooms: Rooms = await buildRooms({ kernel, cases, permissions, version, address, identity, tracer });
    cases.checkHooks();

    const webhook = webhookChannel(config.privateWebhooks);
    const notify = makeNotify({
      database: kernel.database,
      seal: kernel.seal,
      ...(config.mailUrl ? { mail: mailChannel({ url: config.mailUrl, from: config.mailFrom }) } : {}),
      webhook,
      notice: findNotice,
      mailAddress: rooms.members.mailAddress,
      publicUrl: kernel.publicUrl,
      now: () => kernel.clock.now(),
    });
    const notifyParts: RoomParts = {
      routes: notifyRoutes({ seal: kernel.seal, fault: webhook.fault, notice: cases.notice }),
    };

    const holder = (participant: string) =>
      participant ? rooms.members.displayName(kernel.database, participant) : Promise.resolve(config.node);
    const watchClock = clockWatch(kernel.clock, log, config.clockBehindSecondsMax);
    const sequencing = (tick: Pick<Tick, 'name' | 'everySeconds'>, what: 'clear' | 'all'): Tick => {
      const { due, sequence } = kernel.publicLog;
      return { ...tick, ...(due ? { due: () => due(what) } : {}), run: () => sequence(what) };
    };
    const stamps = (stamping: Stamping): Tick => ({
      name: 'stamps',
      everySeconds: 5,
      restless: true,
      // Not waited for: an authority that is slow holds up nothing.
      run: async () => {
        void stamping.run().catch((error) => log.error({ err: error }, 'no time stamp could be kept'));
        return 0;
      },
    });
    const logTick: RoomParts = {
      ticks: [
        {
          name: 'clock',
          everySeconds: 5,
          // A killed node must not wake up before its own records; at rest there are none, but uses may stand in files.
          restless: rooms.metering.isBehind,
          run: async () => {
            watchClock();
            await keepClock(kernel.database, kernel.clock);
            return 0;
          },
        },
        sequencing({ name: 'publiclog', everySeconds: config.logDelaySeconds }, 'clear'),
        sequencing({ name: 'commitments', everySeconds: config.commitmentSeconds }, 'all'),
        ...(kernel.stamping ? [stamps(kernel.stamping)] : []),
      ],
    };
    const caseParts: RoomParts = {
      routes: caseRoutes({ cases, database: kernel.database, objects: kernel.objects }),
      ticks: [{ name: 'cases', everySeconds: 5, due: cases.due, run: () => cases.tick(kernel.database) }],
    };
    const kernelParts: RoomParts = {
      routes: [
        ...kernelRoutes({
          config,
          version,
          databaseVersion: kernel.postgres.version,
          clock: kernel.clock,
          ruleBook,
          settle: () => settle(),
        }),
        ...issueRoutes({ issue: kernel.issue, keys: kernel.keys, database: kernel.database, holder }),
      ],
      jobs: kernel.issue.jobs,
      ticks: [{ name: 'replies', everySeconds: 3600, run: (at) => forgetReplies(kernel.database, kernel.seal, at) }],
    };
    const flows = flowsOf(kernel, rooms, cases, notify);
    const parts = gather([kernelParts, caseParts, notifyParts, ...rooms.parts, ...flows, logTick]);
    const work = { database: kernel.database, clock: kernel.clock, log, alone: kernel.postgres.kind !== 'external' };
    const jobs = makeJobs({ ...work, handlers: parts.jobs });
    // Workers of their own: a member's server that never answers holds up other letters, not the exchange's work.
    const post = makeJobs({ ...work, handlers: notify.jobs });
    const outbox = makeOutbox({
      database: kernel.database,
      consumers: parts.consumers,
      now,
      onFailure: (consumer, event, error, dead) =>
        log.error(
          { err: error, consumer, sequence: event?.sequence, type: event?.type },
          dead ? 'an event failed for the last time and waits for a person' : 'an event could not be handled',
        ),
    });
    const metrics = makeMetrics(kernel.database, kernel.clock, kernel.stamping?.unstampedSeconds, tracing?.counts);
    const prune = pruneTick({
      database: kernel.database,
      ruleBook,
      prunables: [...kernelPrunables(parts.consumers), ...parts.prunables],
      onPruned: metrics.onPruned,
    });
    const looks = [jobs.tick('jobs'), post.tick('post'), outbox.tick];
    const ticker = makeTicker({
      ticks: [...parts.ticks, prune, ...looks],
      now,
      log,
      wroteAt: kernel.database.wroteAt,
      read: kernel.database,
    });

    const handOver = async (): Promise<number> =>
      (await outbox.drain()) + (await jobs.drain()) + (await post.drain()) + (await kernel.publicLog.sequence());
    // A job first: what it leaves behind is committed when it is no longer under way.
    const heldUp = async (): Promise<boolean> => jobs.busy() || (await outbox.behind());
    const settle = async (): Promise<number> => {
      let total = 0;
      const end = performance.now() + heldUpMillisecondsMax;
      for (let round = 0; round < settleRoundsMax; round++) {
        // All that is handed on first: what time triggers looks at everything, and need look but once.
        for (let handed = await handOver(); handed > 0; handed = await handOver()) total += handed;
        let done = await ticker.runAll(now());
        let waited = false;
        // Until a worker's job or a running transaction ends there is no need to look around at everything again.
        while (done === 0 && performance.now() < end && (await heldUp())) {
          waited = true;
          if (jobs.busy()) await jobs.rest(busyMilliseconds);
          else await new Promise((resume) => setTimeout(resume, heldUpMilliseconds));
          done = await handOver();
        }
        total += done;
        if (done > 0 || waited) continue;
        const overlooked = checkTicks ? await ticker.overlooked(now()) : [];
        if (overlooked.length > 0) throw new Error(`not due, as they say: ${overlooked.join(', ')}`);
        return total;
      }
      log.warn({ total }, 'work does not come to rest');
      return total;
    };

    const perSource = rateLimit(config.requestsPerSecond, config.requestsPerSecond * 5);
    app = makeHttp({
      routes: parts.routes,
      database: kernel.database,
      seal: kernel.seal,
      log,
      authenticate: async (token, language, address) =>
        (await rooms.delivery.authenticateGateway(token, language)) ??
        rooms.members.authenticate(token, language, address),
      checkReplies: config.checkReplies,
      perSource,
      trustedProxies: config.trustedProxies,
      onAnswer: metrics.onAnswer,
      tracer,
    });
    const endpoints = parts.routes.map((route) => route.endpoint);
    openapi(app, endpoints, kernel.publicUrl);
    serveLog(app, { database: kernel.database, node: config.node, publicLog: kernel.publicLog });
    app.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.text()));
    await rooms.mount(app, metrics.registry, perSource);
    await servePages(app, join(root, 'apps/portal/dist'));
    await rooms.beforeListen();
    await app.listen({ host: config.host, port: config.port });
    jobs.start();
    post.start();
    outbox.start();
    ticker.start();
    log.info(
      { url: address(), node: config.node, suite: config.suite, database: kernel.postgres.version },
      'listening',
    );

    let closing: Promise<void> | undefined;
    const close = async () => {
      await app!.close();
      await ticker.stop();
      await outbox.stop();
      await jobs.stop();
      await post.stop();
      await notify.close();
      await rooms.close();
      await tracing?.close();
      await kernel.close();
    };
    return {
      url: address(),
      kernel,
      rooms,
      cases,
      settle,
      endpoints,
      permissions,
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    // Whatever else fails on the way down must not hide why we go.
    await app?.close().catch(() => undefined);
    await tracing?.close();
    await kernel.close();
    throw error;
  }
};

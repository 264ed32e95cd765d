/** A gateway as a process of its own: packages/gateway wired to one exchange by its control link, with no database. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import {
  contentsOf,
  fileDriver,
  Gateway,
  GrantBook,
  Link,
  LinkClock,
  linkCalls,
  lookupDriver,
  METER_DEFAULTS,
  Mirror,
  manifestAt,
  openMeter,
  openStores,
  openTracing,
  type PlainFront,
  plainAddresses,
  plainFirst,
  proxyDriver,
  QueryPool,
  queryDriver,
  Shipper,
  SliceQuota,
  type StartAnswer,
  shareDriver,
  type Tracing,
} from '@shugu/gateway';
import { type FrontOptions, front } from './front.ts';
import { lockFolder, openIdentity } from './identity.ts';
import { Metrics } from './metrics.ts';
import { newUseId } from './use-id.ts';

export const version = '0.1.0';

export interface GatewayProcessOptions {
  /** Address of the exchange, without a path. */
  server: string;
  /** As the operator issued it. */
  key: string;
  home: string;
  host: string;
  port: number;
  /** Address under which buyers reach it, for the addresses of shared files; without a slash at its end. Its own where absent. */
  publicUrl?: string;
  /** The exchange's folders are not read, even where they can be. */
  isAway?: boolean;
  /** One structured line of log. */
  note(event: string, more?: Record<string, unknown>): void;
  /** For tests only, to show that the suites turn red. */
  testOnlySabotage?: 'overspend' | 'deaf' | 'answerBeforeAppend';
}

export interface GatewayProcess {
  url: string;
  id: string;
  close(): Promise<void>;
}

const timer = () => performance.now();
const startMs = 30_000;
/** What no contract needs any more does not stay for long. */
const tidyMs = 600_000;
/**
 * About as long as the exchange's own server and nginx keep an unused connection. Node's 5 s are less than callers' pools count on: a
 * call on a connection that is just being closed fails, and the caller cannot know whether it was a use.
 */
const keepAliveMs = 75_000;
/** Sealed often, since receipts are proved by sealed segments, and small, since each travels whole. */
const sealing = { sealMs: 15_000, sealBytes: 4 * 2 ** 20 } as const;

const grantOf = (line: string): string => line.split('.', 1)[0]!;

const listen = (server: Server, host: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      const address = server.address();
      resolve(`http://${host}:${typeof address === 'object' ? address?.port : port}`);
    });
  });

/** Stops taking calls, lets those under way end, records and ships what there is, and gives back its slices. */
const endServer = (server: Server, plain: PlainFront): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    plain.closeIdle();
    setTimeout(() => {
      server.closeAllConnections();
      plain.closeAll();
    }, 5000).unref();
  });

const spanGauges = (tracing: Tracing) => {
  const { sent, dropped } = tracing.counts();
  return {
    traces_spans_sent: { help: 'Spans that the collector took', value: sent },
    traces_spans_dropped: { help: 'Spans that nobody took', value: dropped },
  };
};

export const startGateway = async (options: GatewayProcessOptions): Promise<GatewayProcess> => {
  const { note, home, testOnlySabotage } = options;
  const server = options.server.replace(/\/+$/, '');
  const calls = linkCalls({ server, key: options.key });
  const life = randomUUID();
  const unlock = await lockFolder(home);
  const start = await calls.json<StartAnswer>('PUT', 'start', { life, version }, AbortSignal.timeout(startMs));
  const clock = new LinkClock(timer, start.time);
  const now = () => clock.now();
  const identity = await openIdentity(home, start.gateway, start.suite);
  const objectFolder = join(home, 'segments');
  const meter = await openMeter({
    source: start.source,
    folder: join(home, 'segments-open'),
    objectFolder,
    signer: identity.signer,
    clock: now,
    ...METER_DEFAULTS,
    ...sealing,
    // A long window, so that a kill finds answers whose records were not written.
    ...(testOnlySabotage === 'answerBeforeAppend' ? { testOnlySabotage, windowMs: 250 } : {}),
  });
  const grants = await GrantBook.open(join(home, 'grants.json'));
  const quota = new SliceQuota({
    grantOf,
    clock: now,
    lastSequence: () => meter.lastSequence,
    ...(testOnlySabotage === 'overspend' ? { testOnlySabotage } : {}),
  });
  const mirror = await Mirror.open({
    folder: join(home, 'contents'),
    calls,
    isAway: options.isAway ?? false,
    note,
  });
  const stores = openStores(start.storesFolder, mirror.locate);
  const queries = new QueryPool({ folder: join(home, 'answers') });
  const secrets = new Map<string, Promise<Record<string, string>>>();
  const secretHeaders = ({ secretRef = '' }: { secretRef?: string }): Promise<Record<string, string>> => {
    const known = secrets.get(secretRef);
    if (known) return known;
    const asked = calls
      .json<{ headers: Record<string, string> }>('GET', `secrets/${encodeURIComponent(secretRef)}`)
      .then(({ headers }) => headers);
    secrets.set(secretRef, asked);
    asked.catch(() => secrets.delete(secretRef));
    return asked;
  };
  const proxy = proxyDriver({ secretHeaders, allowedAddresses: start.allowedUpstreams });
  const resource = {
    'service.name': 'shugu-gateway',
    'service.instance.id': start.gateway,
    'service.version': version,
  };
  const tracing = start.traces ? openTracing(start.traces, resource, { clock: now, timer, note }) : undefined;
  const gateway = new Gateway({
    grants,
    quota,
    meter,
    secret: Buffer.from(start.secret, 'base64'),
    clock: now,
    timer,
    newId: () => newUseId(now()),
    tracer: tracing?.tracer,
    drivers: [
      lookupDriver(stores),
      fileDriver({ locate: mirror.locate }),
      proxy,
      queryDriver(queries, mirror.locate),
      shareDriver({ publicUrl: () => options.publicUrl ?? url, locate: mirror.locate }),
    ],
  });
  const tidying = setInterval(() => {
    const named = (path: string) => manifestAt(mirror.find(path) ?? path);
    const paths = grants
      .all()
      .flatMap(({ status, driver }) => (status === 'active' ? contentsOf(driver, start.storesFolder, named) : []));
    mirror.keep(new Set(paths)).catch((error: Error) => note('contents.kept', { reason: error.message }));
  }, tidyMs).unref();
  const shipper = new Shipper({ calls, meter, objectFolder, note });
  const link = new Link({
    calls,
    start,
    life,
    version,
    key: identity.key,
    grants,
    quota,
    meter,
    lifeFrom: meter.lastSequence,
    clock,
    grantOf,
    onCutOff: () => testOnlySabotage !== 'deaf' && gateway.stopRunning(),
    forgetSecret: (endpoint) => void secrets.delete(endpoint),
    onShare: (among) => gateway.divideRates(among),
    flush: () => shipper.flush(),
    note,
  });
  let url = '';
  const metrics = new Metrics();
  const doors: FrontOptions = {
    gateway,
    book: grants,
    quota,
    now,
    serving: () => testOnlySabotage === 'deaf' || link.serving(),
    health: () => ({
      status: link.serving() ? 200 : 503,
      body: { gateway: start.gateway, state: link.state(), version, records: meter.lastSequence },
    }),
    metrics: () =>
      metrics.text({
        link_up: { help: '1 while in contact with the exchange', value: link.serving() ? 1 : 0 },
        grants: { help: 'Lines held', value: grants.all().length },
        slices: { help: 'Slices of limits held', value: quota.held().length },
        upstreams_paused: {
          help: 'Upstreams that did not answer and are left alone for a while',
          value: proxy.pausedUpstreams(),
        },
        contents_coming: {
          help: 'Files on their way here from the exchange',
          value: mirror.comingCount,
        },
        ...(tracing ? spanGauges(tracing) : {}),
        records_behind: { help: 'Records that the exchange does not hold yet', value: shipper.behind() },
      }),
    tell: (answer) => {
      metrics.onAnswer(answer);
      note('answer', answer);
    },
    timer,
  };
  // Most requests have no body, so none need be a stream that somebody has to read to its end.
  const http = createServer({ keepAliveTimeout: keepAliveMs, optimizeEmptyRequests: true }, front(doors));
  const plain = plainFirst(http, plainAddresses(doors, doors.serving));
  url = await listen(http, options.host, options.port);
  return {
    url,
    id: start.gateway,
    close: async () => {
      clearInterval(tidying);
      await endServer(http, plain);
      gateway.close();
      await shipper.close();
      await meter.rotate().catch(() => null);
      await shipper.ship().catch((error: Error) => note('records.waiting', { reason: error.message }));
      await link.close();
      await meter.close();
      stores.close();
      queries.close();
      await mirror.close();
      await proxy.close();
      await tracing?.close();
      await unlock();
    },
  };
};

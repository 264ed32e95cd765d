/** The door of delivery: endpoints of versions, grants from contracts, the gateway in this process. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { SuiteName } from '@shugu/evidence';
import { type CallStop, QueryPool, type QueryPoolOptions, type Tracer, type TracesSettings } from '@shugu/gateway';
import { COMPILER_VERSION, type Plan, type Watermark } from '@shugu/policy';
import { copyKey } from '@shugu/watermark';
import type { Text } from '@shugu/wire';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../kernel/clock.ts';
import type { Database, Reader, Tx } from '../kernel/db/db.ts';
import { type Principal, systemActor } from '../kernel/http/principal.ts';
import type { Route } from '../kernel/http/route.ts';
import type { JobHandler } from '../kernel/jobs.ts';
import type { Keys } from '../kernel/keys.ts';
import { readState, writeState } from '../kernel/node.ts';
import type { ObjectStore } from '../kernel/objects.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { PublicLog } from '../kernel/publiclog/publiclog.ts';
import type { Seal } from '../kernel/seal.ts';
import type { Tick } from '../kernel/ticker.ts';
import type { Metering } from '../metering/index.ts';
import type { ResourceIntake } from './import/deps.ts';
import { makeImportRoutes } from './import/routes.ts';
import { importJob, importJobHandler, removeImportLeftovers } from './import/run.ts';
import { importsDue, startDueImports } from './import/schedules.ts';
import { settleAbandoned } from './import/service.ts';
import { authenticateGateway, gatewayKeyPrefix, gatewaysInUse } from './link/gateways.ts';
import { Hub } from './link/hub.ts';
import { makeLinkRoutes } from './link/routes.ts';
import { recallHere } from './link/turn.ts';
import type { Bound, DeliveryNeighbours, Endpoint, EndpointDraft, Grant, Holder, SuspensionTarget } from './model.ts';
import { fileInside, type InsideAnswer } from './plane/inside.ts';
import { endedAnswers, mountGateway, type RunningAnswers } from './plane/mount.ts';
import { openPlane, type Plane } from './plane/plane.ts';
import { watchGateway } from './plane/watch.ts';
import { removeLeftovers } from './push/leftovers.ts';
import { makePushRoutes } from './push/routes.ts';
import { pushJob, pushJobHandler } from './push/run.ts';
import { startDue } from './push/service.ts';
import { pushesDue } from './push/store.ts';
import {
  copiesOfVersions,
  endpointsOf,
  endsDue,
  findGrant,
  grantsOfContract,
  holdersOf,
  staleGrants,
} from './reads.ts';
import { makeRoutes } from './routes.ts';
import { type Delivered, deliveredBy } from './rules.ts';
import { copyJob, unmarkable } from './service/copies.ts';
import { copyJobHandler, recopyMissing } from './service/copying.ts';
import { cutJobHandler, recutMissing } from './service/cuts.ts';
import { storeJob } from './service/drafts.ts';
import { rebuildMissing, setEndpoints, storeJobHandler } from './service/endpoints.ts';
import {
  boundGrants,
  expireDue,
  type GrantDraft,
  openGrant,
  openTrial,
  recompile,
  resume,
  suspend,
  type TrialDraft,
  withdrawGrants,
  withdrawTrials,
} from './service/grants.ts';
import { tellLate } from './service/lateness.ts';
import { assessDue } from './service/levels.ts';
import { recheckQueries } from './service/queries.ts';
import { cutJob } from './service/share.ts';
import { askForRemoval, spentJob, spentJobHandler } from './service/spent.ts';
import { openTransfer, renewTransfer, resumeTransfer, stopTransfer, type TransferAccess } from './service/transfers.ts';

export type { DeliveryEvents } from './events.ts';
export type { ResourceIntake } from './import/deps.ts';
export type * from './model.ts';
export { permissions } from './permissions.ts';
export { addressOf, grantMoves } from './rules.ts';
export type { GrantDraft, TrialDraft } from './service/grants.ts';
export { pulledKinds } from './service/transfers.ts';

export interface DeliveryDeps extends DeliveryNeighbours {
  database: Database;
  clock: Clock;
  log: Logger;
  objects: ObjectStore;
  seal: Seal;
  metering: Metering;
  publicUrl(): string;
  /** The plan of a contract in force, compiled anew: after an upgrade of the compiler. */
  planOf(read: Reader, contract: string): Promise<Plan | undefined>;
  node: string;
  /** No other server works on this database. */
  alone?: boolean;
  suite: SuiteName;
  keys: Pick<Keys, 'admit' | 'signer'>;
  publicLog: Pick<PublicLog, 'publish' | 'inclusion'>;
  /** How long a gateway that is cut off may serve, and how long its slices last, seconds. */
  gatewayGraceSeconds: number;
  gatewaySliceSeconds: number;
  /** `host:port`, addresses or networks, comma separated: private upstreams that the operator has opened. */
  privateUpstreams: string;
  /** Where the operator names a collector of traces. */
  tracer?: Tracer | undefined;
  traces?: TracesSettings | null;
  /** Below it buyers may have files brought; empty: nowhere. */
  pushFolder: string;
  intake: ResourceIntake;
  /** Private addresses or networks at which destinations and databases of members may lie. */
  privateDestinations: readonly string[];
  /** For tests. */
  pushPace?: { turnMs?: number; rowsPerPiece?: number; testOnlySabotage?: 'noteAfter' };
  importBytesMax?: number;
  queryPool?: Pick<QueryPoolOptions, 'processesMax' | 'memoryMB'>;
}

export interface Delivery {
  routes: Route[];
  jobs: Record<string, JobHandler>;
  ticks: Tick[];
  /**
   * Opens the contract's grant, or puts amended terms of the same contract and version in force; its id. Active, with event
   * `delivery.grant.opened`, once every kind of delivery is ready. @throws delivery.notEnforceable
   */
  openGrant(tx: Tx, draft: GrantDraft): Promise<string>;
  /** What the money held pays for has changed; the number of open grants it changed. */
  boundGrants(tx: Tx, contract: string, bound: Bound | null): Promise<number>;
  /** A grant without a contract: the offered policy, few calls, an early end. */
  openTrial(tx: Tx, draft: TrialDraft): Promise<string>;
  /** Ends use at once and for good; the number of grants ended. */
  withdrawGrants(tx: Tx, target: { contract: string } | { grant: string }, reason: string): Promise<number>;
  /** Ends the trials of a product; the number ended. */
  withdrawTrials(tx: Tx, product: string, reason: string, buyer?: string): Promise<number>;
  /** Stops use at once, until `resume` of the same target; also of grants that open later. */
  suspend(tx: Tx, target: SuspensionTarget, reason: string): Promise<number>;
  resume(tx: Tx, target: SuspensionTarget): Promise<number>;
  /**
   * A key for a transfer of the Dataspace Protocol, for so many seconds or as long as it runs; undefined while the contract's grant is
   * not open yet.
   */
  openTransfer(tx: Tx, of: Parameters<typeof openTransfer>[2]): Promise<TransferAccess | undefined>;
  /** The next of its short-lived keys; undefined where it has none, or its grant has ended. */
  renewTransfer(tx: Tx, of: Parameters<typeof renewTransfer>[2]): Promise<string | undefined>;
  /** Refuses its key, for good or until `resumeTransfer`. Harmless to repeat. */
  stopTransfer(tx: Tx, contract: string, transfer: string): Promise<void>;
  resumeTransfer(tx: Tx, contract: string, transfer: string): Promise<void>;
  /** As `PUT /api/versions/:id/endpoints`, in the name of `tx.actor.participant`. */
  setEndpoint(tx: Tx, version: string, drafts: readonly EndpointDraft[]): Promise<Endpoint[]>;
  grant(read: Reader, id: string): Promise<Grant | undefined>;
  grantsOf(read: Reader, contract: string): Promise<Grant[]>;
  /** With access to a product, or to one version of it, by contract. */
  holders(read: Reader, product: string, version?: string): Promise<Holder[]>;
  /** What a contract's open grants give access to now. */
  deliveredUnder(read: Reader, contract: string): Promise<Delivered[]>;
  /** Of these, the files, in their order. */
  filesUnder(read: Reader, contract: string): Promise<{ grant: string; name: string; bytes: number }[]>;
  /** A file of an open grant as the gateway serves it to the buyer: decided, counted, recorded. @throws kernel.busy */
  readFile(of: { grant: string; name: string }, stop: CallStop): Promise<InsideAnswer>;
  /** Why files of a version cannot be marked so; empty: they can. For whoever makes terms. */
  unmarkable(read: Reader, version: string, watermark: Watermark): Promise<Text[]>;
  /** Whom a gateway's key names; undefined for every other token. */
  authenticateGateway(token: string, language: 'zh' | 'en'): Promise<Principal | undefined> | undefined;
  /** The gateway's addresses, on the server's own port. */
  mount(app: FastifyInstance, registry?: Registry): Promise<void>;
  /** After metering's: the gateway holds what the database says before the first request. */
  beforeListen(): Promise<void>;
  /** Before metering's. */
  close(): Promise<void>;
}

/** What each open grant of a contract gives access to. */
const openUnder = async (read: Reader, contract: string): Promise<{ grant: string; delivered: Delivered[] }[]> => {
  const found: { grant: string; delivered: Delivered[] }[] = [];
  for (const grant of await grantsOfContract(read, contract)) {
    if (grant.endedAt !== null || grant.state === 'opening') continue;
    const [endpoints, copies] = [await endpointsOf(read, grant.version), await copiesOfVersions(read, [grant.version])];
    found.push({ grant: grant.id, delivered: deliveredBy(grant, endpoints, copies) });
  }
  return found;
};

/** Between two beats of the push stream, and between two statements of a gateway at most. */
const beatMs = 500;

/** Made once, sealed, the same after every start. */
const keptSecret = (database: Database, seal: Seal, state: string, subject: string): Promise<Buffer> =>
  database.tx(systemActor('delivery'), async (tx) => {
    const kept = await readState<string>(tx, state);
    if (kept !== undefined) {
      const text = await seal.open(tx, subject, kept);
      if (text === null) throw new Error(`the secret of ${subject} was destroyed`);
      return Buffer.from(text, 'base64');
    }
    const secret = randomBytes(32);
    await writeState(tx, state, await seal.seal(tx, subject, secret.toString('base64')));
    return secret;
  });

/** Keys of receipts, addresses and masks come from it; gateways of their own process are given it. */
const gatewaySecret = (database: Database, seal: Seal): Promise<Buffer> =>
  keptSecret(database, seal, 'delivery.gatewaySecret', 'delivery.gateway');

/** Keys of marked copies come from it; it leaves this process for nobody. */
const watermarkSecret = (database: Database, seal: Seal): Promise<Buffer> =>
  keptSecret(database, seal, 'delivery.watermarkSecret', 'delivery.watermark');

/** The gateway checks addresses, not ports. */
const addressesOf = (setting: string): string[] =>
  setting
    .split(',')
    .map((one) => one.trim().replace(/^\[(.*)\](:\d+)?$/, '$1'))
    .map((one) => (/^[^:]+:\d+$/.test(one) ? one.replace(/:\d+$/, '') : one))
    .filter((one) => /^[0-9a-f:.]+(\/\d+)?$/i.test(one));

export const makeDelivery = (deps: DeliveryDeps): Delivery => {
  const { database, clock, log, objects, seal, metering } = deps;
  let plane: Plane | undefined;
  const openedPlane = (): Plane => {
    if (!plane) throw new Error('the gateway is not open');
    return plane;
  };
  const graceMs = deps.gatewayGraceSeconds * 1000;
  const hub = new Hub({
    beatMs,
    graceMs,
    mark: () => performance.now(),
    awayAt: database.awayAt,
    onShare: (among) => plane?.gateway.divideRates(among),
  });
  // One pool for buyers and for the gate; made with its first use, as most commands of a node never ask.
  let pool: Promise<QueryPool> | undefined;
  const queries = (): Promise<QueryPool> => {
    pool ??= objects.folder('answers').then((folder) => new QueryPool({ folder, ...deps.queryPool }));
    return pool;
  };
  // A trace asks it once a copy.
  let marks: Buffer | undefined;
  const service = {
    ...deps,
    queries,
    allowedUpstreams: addressesOf(deps.privateUpstreams),
    storesFolder: () => objects.folder('stores'),
    sharesFolder: () => objects.folder('shares'),
    tracesFolder: () => objects.folder('traces'),
    localPath: objects.local,
    copiesFolder: () => objects.folder('copies'),
    keepObject: objects.put,
    removeObject: objects.remove,
    objectSize: objects.size,
    copyKey: async (copy: string) => {
      marks ??= await watermarkSecret(database, seal);
      return copyKey(marks, copy);
    },
    plane: () => plane,
  };

  const link = {
    ...deps,
    hub,
    beatMs,
    graceMs,
    sliceMs: deps.gatewaySliceSeconds * 1000,
    doubts: new Map<string, object>(),
    allowedUpstreams: service.allowedUpstreams,
    traces: deps.traces ?? null,
    storesFolder: service.storesFolder,
    secret: () => gatewaySecret(database, seal),
    upstreamHeaders: (endpoint: string) => openedPlane().upstreamHeaders(endpoint),
    plane: openedPlane,
    mark: () => performance.now(),
  };

  const push = {
    ...service,
    foldersRoot: deps.pushFolder,
    allowedAddresses: deps.privateDestinations,
    stoppers: new Map<string, () => void>(),
    workFolder: () => objects.folder('pushes'),
    ...deps.pushPace,
  };

  const imports = {
    ...service,
    allowedAddresses: deps.privateDestinations,
    stoppers: new Map<string, () => void>(),
    workFolder: () => objects.folder('imports'),
    bytesMax: deps.importBytesMax,
  };

  const recompileStale = (): Promise<void> =>
    database.tx(systemActor('delivery'), async (tx) => {
      const stale = await staleGrants(tx, COMPILER_VERSION);
      const left = await recompile(tx, stale, (contract) => deps.planOf(tx, contract));
      for (const grant of left) log.error({ grant: grant.id }, 'no plan of this compiler; the grant is not served');
    });

  const running: RunningAnswers = new Map();
  metering.onCorrection((record) => plane?.correct(record));
  metering.onCounters((changes) => {
    for (const change of changes) plane?.quota.change(change, clock.now().getTime());
  });
  metering.beforeFlush(async () => {
    if (plane) await endedAnswers(plane, running);
    await hub.flush();
  });

  return {
    routes: [
      ...makeRoutes({ ...service, now: () => clock.now() }),
      ...makeLinkRoutes(link),
      ...makePushRoutes(push),
      ...makeImportRoutes(imports),
    ],
    jobs: {
      [storeJob]: storeJobHandler(service),
      [cutJob]: cutJobHandler(service),
      [copyJob]: copyJobHandler(service),
      [spentJob]: spentJobHandler(service),
      [pushJob]: pushJobHandler(push),
      [importJob]: importJobHandler(imports),
    },
    ticks: [
      {
        name: 'delivery.ends',
        everySeconds: 2,
        due: endsDue,
        run: () => database.tx(systemActor('delivery'), (tx) => expireDue(service, tx)),
      },
      { name: 'delivery.levels', everySeconds: 600, run: () => assessDue({ ...service, now: () => clock.now() }) },
      {
        name: 'delivery.late',
        everySeconds: 600,
        run: () => database.tx(systemActor('delivery'), tellLate),
      },
      {
        name: 'delivery.pushes',
        everySeconds: 5,
        due: pushesDue,
        run: () => database.tx(systemActor('delivery'), startDue),
      },
      { name: 'delivery.spent', everySeconds: 3600, run: () => askForRemoval(database) },
      { name: 'delivery.pushLeftovers', everySeconds: 60, run: () => removeLeftovers(push) },
      {
        name: 'delivery.imports',
        everySeconds: 30,
        due: importsDue,
        run: () =>
          database.tx(systemActor('delivery'), async (tx) => (await settleAbandoned(tx)) + (await startDueImports(tx))),
      },
      {
        name: 'delivery.gateway',
        everySeconds: 3,
        // What another server withdrew ends here, too.
        restless: !deps.alone,
        run: async () => (await plane?.sync()) ?? 0,
      },
    ],
    openGrant: (tx, draft) => openGrant(service, tx, draft),
    boundGrants: (tx, contract, bound) => boundGrants(service, tx, contract, bound),
    openTrial: (tx, draft) => openTrial(service, tx, draft),
    withdrawGrants: (tx, target, reason) => withdrawGrants(service, tx, target, reason),
    withdrawTrials: (tx, product, reason, buyer) => withdrawTrials(service, tx, product, reason, buyer),
    suspend: (tx, target, reason) => suspend(service, tx, target, reason),
    resume: (tx, target) => resume(service, tx, target),
    openTransfer: (tx, of) => openTransfer(service, tx, of),
    renewTransfer: (tx, of) => renewTransfer(service, tx, of),
    stopTransfer: (tx, contract, transfer) => stopTransfer(service, tx, contract, transfer),
    resumeTransfer: (tx, contract, transfer) => resumeTransfer(service, tx, contract, transfer),
    setEndpoint: (tx, version, drafts) => setEndpoints(service, tx, version, drafts),
    grant: findGrant,
    grantsOf: grantsOfContract,
    holders: holdersOf,
    deliveredUnder: async (read, contract) => (await openUnder(read, contract)).flatMap(({ delivered }) => delivered),
    filesUnder: async (read, contract) =>
      (await openUnder(read, contract)).flatMap(({ grant, delivered }) =>
        delivered.flatMap(({ files }) => files.map(({ name, bytes }) => ({ grant, name, bytes }))),
      ),
    readFile: async (of, stop) => {
      if (!plane) throw kernelProblems.busy();
      return fileInside(plane, { ...of, now: clock.now() }, stop);
    },
    unmarkable: (read, version, watermark) => unmarkable(service, read, version, watermark),
    authenticateGateway: (token, language) =>
      token.startsWith(gatewayKeyPrefix) ? authenticateGateway(database, token, language) : undefined,
    mount: async (app, registry) => {
      // Push streams would keep the server waiting for its connections.
      app.addHook('preClose', async () => hub.close());
      const now = () => clock.now().getTime();
      await mountGateway(app, openedPlane, running, now, watchGateway(registry, log, openedPlane));
    },
    beforeListen: async () => {
      await recompileStale();
      await rebuildMissing(service, database);
      await recheckQueries(service, database);
      await recutMissing(service, database);
      await removeImportLeftovers(imports);
      await recopyMissing(service, database);
      // Leaked files that were being traced when the process ended.
      await rm(await service.tracesFolder(), { recursive: true, force: true });
      const opened = openPlane({
        database,
        clock,
        log,
        objects,
        meter: metering.meter(),
        storesFolder: await service.storesFolder(),
        sharesFolder: await service.sharesFolder(),
        publicUrl: deps.publicUrl,
        secret: await gatewaySecret(database, seal),
        snapshot: await metering.quotaSnapshot(database),
        allowedUpstreams: service.allowedUpstreams,
        tracer: deps.tracer,
        queries: await queries(),
        openSecret: (endpoint) => seal.open(database, endpoint.id, endpoint.secretSealed),
      });
      plane = {
        ...opened,
        forgetSecret: (endpoint) => {
          opened.forgetSecret(endpoint);
          hub.pushAll({ type: 'forget', secret: endpoint });
        },
      };
      for (const held of metering.slices.heldOf(await metering.slices.openSlices(database)))
        plane.quota.change(held, clock.now().getTime());
      // A change that a killed process had asked for may be committed after it was looked for here.
      const gateways = (await gatewaysInUse(database)).map(({ id }) => id);
      for (const id of gateways) link.doubts.set(id, {});
      plane.quota.recall = (grant, attempt) => recallHere(link, grant, attempt);
      await plane.sync();
      await plane.copied();
      hub.follow(plane.book, gateways);
    },
    close: async () => {
      hub.close();
      await plane?.close();
      plane = undefined;
      (await pool)?.close();
      pool = undefined;
    },
  };
};

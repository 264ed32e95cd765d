/**
 * The data plane inside this process. The database is the truth about grants; the gateway holds them in memory, filled before
 * the server listens, told of each change after its commit, and compared with the database every few seconds, so that a
 * crash or a lost call never leaves a grant open.
 */
import {
  type DriverConfig,
  fileDriver,
  Gateway,
  GrantBook,
  grantKey,
  type Grant as LineGrant,
  lookupDriver,
  type Meter,
  proxyDriver,
  QUERY_ENGINE_VERSION,
  type QueryPool,
  type QuotaSnapshot,
  queryDriver,
  shareDriver,
  shareName,
  type Tracer,
  type UseRecord,
} from '@shugu/gateway';
import type { Action } from '@shugu/policy';
import { driverKinds } from '@shugu/wire/delivery';
import type { Logger } from 'pino';
import type { Clock } from '../../kernel/clock.ts';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import type { ObjectStore } from '../../kernel/objects.ts';
import type { Cut, DeliveryKind, Endpoint, EndpointConfig, FileCopy, GrantState } from '../model.ts';
import {
  copiesOfVersions,
  cutsOfVersions,
  endpointsOfVersions,
  findEndpoint,
  grantsToHold,
  type HeldGrant,
  revisionsToHold,
} from '../reads.ts';
import { boundQuotas, cutOf, filesFor, lineOf, markOf, planFrom } from '../rules.ts';
import { manifestPath } from '../share/manifest.ts';
import { GrantQuota } from './quota.ts';
import { openStores } from './stores.ts';

export interface PlaneOptions {
  database: Database;
  clock: Clock;
  log: Logger;
  objects: Pick<ObjectStore, 'pathOf' | 'local'>;
  meter: Meter;
  storesFolder: string;
  sharesFolder: string;
  publicUrl(): string;
  secret: Uint8Array;
  snapshot: QuotaSnapshot;
  queries: QueryPool;
  /** Private addresses or networks that the proxy may reach. */
  allowedUpstreams: readonly string[];
  openSecret(endpoint: Endpoint): Promise<string | null>;
  tracer?: Tracer | undefined;
}

export interface Plane {
  gateway: Gateway;
  book: GrantBook;
  quota: GrantQuota;
  /** Brings these grants, or all whose revision changed, to what the database says; number of lines changed. */
  sync(ids?: readonly string[]): Promise<number>;
  /** When the files that lines open are on this machine, as far as they can be had. */
  copied(): Promise<void>;
  /** Acts on every line of a grant at once, ahead of the sync that follows. */
  actAtOnce(grant: string, revision: number, change: (line: LineGrant) => Partial<LineGrant>): void;
  forgetSecret(endpoint: string): void;
  /** What a supplier's upstream asks for. */
  upstreamHeaders(endpoint: string): Promise<Record<string, string>>;
  /** Replaces masked values on this line. */
  maskKey(line: string): Buffer;
  receiptKey(line: string): Buffer;
  addressKey(line: string): Buffer;
  correct(record: UseRecord): void;
  /** Of the circuit breaker in this process. */
  upstreamStanding(upstream: string): { failures: number; pausedMs: number };
  pausedUpstreams(): number;
  close(): Promise<void>;
}

const kinds: readonly DeliveryKind[] = driverKinds;

/** Of one answer of a query. */
const queryBytesMax = 2 ** 30;

const statusOf = (state: GrantState): LineGrant['status'] =>
  // An expired grant stays active here: its own end makes the gateway say `expired`.
  state === 'withdrawn' || state === 'suspended' ? state : 'active';

// Two versions of a revision: what is known at commit, and then the whole of it.
const atOnce = (revision: number): number => revision * 2;
const whole = (revision: number): number => revision * 2 + 1;

/** What lines are made of beside their grant. */
interface Sources {
  endpoints: readonly Endpoint[];
  cuts: readonly Cut[];
  copies: readonly FileCopy[];
  pathOf(digest: string): string;
  sharesFolder: string;
}

const shareOf = (grant: HeldGrant, { cuts, sharesFolder }: Sources): DriverConfig => {
  const { key, copy } = cutOf(grant);
  const cut = cuts.find((one) => one.version === grant.version && one.key === key);
  const { id: share, productName: title } = grant;
  const manifest = cut && cut.built !== null ? manifestPath(sharesFolder, cut.id, cut.built) : null;
  return { kind: 'share', share, schema: shareName(title), title, manifest, ...(copy ? { copy } : {}) };
};

const filesOf = (grant: HeldGrant, { endpoints, copies, pathOf }: Sources): DriverConfig => {
  const files = filesFor(grant, endpoints, copies)?.map(({ name, digest, bytes, contentType, copy }) => ({
    name,
    path: pathOf(digest),
    bytes,
    sha256: digest.slice('sha256:'.length),
    contentType,
    ...(copy ? { copy } : {}),
  }));
  const copy = markOf(grant)?.copy;
  return { kind: 'file', files: files ?? null, ...(copy ? { copy } : {}) };
};

const driverOf = (
  config: Exclude<EndpointConfig, { kind: 'share' | 'file' }>,
  endpoint: string,
  pathOf: (digest: string) => string,
): DriverConfig => {
  if (config.kind === 'api') {
    const { store, keyColumns, filterColumns, rowsMax } = config;
    return { kind: 'api', table: store, keyColumns, filterColumns, rowsMax };
  }
  if (config.kind === 'proxy') return { ...config, secretRef: endpoint };
  const { rowsMax, secondsMax, engine } = config;
  // Never the SQL that another engine's gate let pass.
  const templates = engine === QUERY_ENGINE_VERSION ? config.templates : [];
  const tables = config.tables.map(({ name, digest, columns }) => ({ name, path: pathOf(digest), columns }));
  return { kind: 'query', tables, templates, rowsMax, bytesMax: queryBytesMax, seconds: secondsMax };
};

const lineDriver = (grant: HeldGrant, endpoint: Endpoint, config: EndpointConfig, sources: Sources): DriverConfig => {
  if (config.kind === 'share') return shareOf(grant, sources);
  return config.kind === 'file' ? filesOf(grant, sources) : driverOf(config, endpoint.id, sources.pathOf);
};

/** What the lines of these endpoints open by path. */
const digestsOf = (endpoints: readonly Endpoint[]): Set<string> =>
  new Set(
    endpoints.flatMap(({ config }) => {
      if (config?.kind === 'file') return config.files.map(({ digest }) => digest);
      return config?.kind === 'query' ? config.tables.map(({ digest }) => digest) : [];
    }),
  );

const linesOf = (grant: HeldGrant, sources: Sources): LineGrant[] =>
  sources.endpoints.flatMap((endpoint) => {
    const { config } = endpoint;
    if (!config || grant.state === 'opening' || !grant.kinds.includes(endpoint.kind)) return [];
    const { node, market, supplier: participant } = grant;
    return {
      id: lineOf(grant.id, endpoint.kind),
      version: whole(grant.revision),
      contractId: grant.contract ?? '',
      productId: grant.product,
      supplierId: grant.supplier,
      buyerId: grant.buyer,
      ...(grant.buyerRegion ? { buyerRegion: grant.buyerRegion } : {}),
      plan: planFrom({ ...grant.plan, quotas: boundQuotas(grant.plan.quotas, grant.bound) }, grant.from),
      driver: lineDriver(grant, endpoint, config, sources),
      keyHashes: grant.keyHashes,
      status: statusOf(grant.state),
      ...(grant.until ? { validUntil: grant.until.getTime() } : {}),
      ...(grant.defaultPurpose ? { defaultPurpose: grant.defaultPurpose } : {}),
      ...(grant.defaultAction ? { defaultAction: grant.defaultAction as Action } : {}),
      tenancy: { node, market, participant },
    };
  });

export const openPlane = (options: PlaneOptions): Plane => {
  const { database, clock, meter, secret, objects } = options;
  const now = () => clock.now().getTime();
  const book = new GrantBook(null);
  const quota = new GrantQuota();
  quota.load(options.snapshot);
  const stores = openStores(options.storesFolder);
  const secrets = new Map<string, Record<string, string>>();

  const secretHeaders = async ({ secretRef = '' }: { secretRef?: string }): Promise<Record<string, string>> => {
    const known = secrets.get(secretRef);
    if (known) return known;
    const endpoint = await findEndpoint(database, secretRef);
    const opened = endpoint && (await options.openSecret(endpoint));
    const header = endpoint?.draft.kind === 'proxy' ? endpoint.draft.secretHeader : undefined;
    const headers = opened && header ? { [header.toLowerCase()]: opened } : {};
    secrets.set(secretRef, headers);
    return headers;
  };
  const proxy = proxyDriver({ secretHeaders, allowedAddresses: options.allowedUpstreams });
  const gateway = new Gateway({
    grants: book,
    quota,
    meter,
    secret,
    clock: now,
    timer: () => performance.now(),
    newId: () => newId('use', clock.now()),
    tracer: options.tracer,
    drivers: [
      lookupDriver(stores),
      fileDriver(),
      proxy,
      queryDriver(options.queries),
      shareDriver({ publicUrl: options.publicUrl }),
    ],
  });

  // Fetched beside: nothing that ends a line may wait for data that another serves.
  const missing = new Map<string, Promise<void>>();
  const fetchCopy = (digest: string): void => {
    const coming = objects.local(digest).then(
      () => void missing.delete(digest),
      (error) => options.log.error({ err: error, digest }, 'a file that grants give is not here'),
    );
    missing.set(digest, coming);
  };

  const held = new Map<string, number>();
  const put = async (line: LineGrant): Promise<boolean> =>
    book.put(line).catch((error) => {
      // Not enforceable: it must not be served in an older shape either.
      options.log.error({ err: error, line: line.id }, 'a grant cannot be served');
      return book.withdraw(line.id);
    });

  const syncOnce = async (ids?: readonly string[]): Promise<number> => {
    const at = clock.now();
    if (!ids) for (const digest of missing.keys()) fetchCopy(digest);
    const wanted = ids ?? (await changedIds(at));
    if (wanted.length === 0) return 0;
    const grants = await grantsToHold(database, wanted, at);
    const versions = grants.map(({ version }) => version);
    const endpoints = await endpointsOfVersions(database, versions);
    const cuts = await cutsOfVersions(database, versions);
    const copies = await copiesOfVersions(database, versions);
    const copied = copies.flatMap(({ digest }) => digest ?? []);
    for (const digest of new Set([...digestsOf(endpoints), ...copied])) fetchCopy(digest);
    const { sharesFolder } = options;
    let changed = 0;
    for (const grant of grants) {
      const own = endpoints.filter(({ version }) => version === grant.version);
      for (const line of linesOf(grant, { endpoints: own, cuts, copies, pathOf: objects.pathOf, sharesFolder }))
        if (await put(line)) changed += 1;
      held.set(grant.id, grant.revision);
    }
    return changed;
  };

  /** Grants whose revision is new; and those that the database does not hold open any more are ended here. */
  const changedIds = async (at: Date): Promise<string[]> => {
    const rows = await revisionsToHold(database, at);
    const known = new Set(rows.map(({ id }) => id));
    for (const id of held.keys()) {
      if (known.has(id)) continue;
      for (const kind of kinds) await book.withdraw(lineOf(id, kind));
      held.delete(id);
    }
    return rows.filter(({ id, revision }) => held.get(id) !== revision).map(({ id }) => id);
  };

  let running: Promise<number> = Promise.resolve(0);
  return {
    gateway,
    book,
    quota,
    upstreamHeaders: (endpoint) => secretHeaders({ secretRef: endpoint }),
    sync: (ids) => {
      const next = running.then(
        () => syncOnce(ids),
        () => syncOnce(ids),
      );
      running = next.catch(() => 0);
      return next;
    },
    copied: async () => void (await Promise.all(missing.values())),
    actAtOnce: (grant, revision, change) => {
      for (const kind of kinds) {
        const line = book.get(lineOf(grant, kind));
        if (line) void put({ ...line, ...change(line), version: atOnce(revision) });
      }
    },
    forgetSecret: (endpoint) => void secrets.delete(endpoint),
    maskKey: (line) => grantKey(secret, line, 'mask'),
    receiptKey: (line) => grantKey(secret, line, 'receipt'),
    addressKey: (line) => grantKey(secret, line, 'address'),
    correct: (record) => {
      const line = book.get(record.grant);
      if (line) quota.correct(record, line.plan, now());
    },
    upstreamStanding: (upstream) => proxy.standing(upstream),
    pausedUpstreams: () => proxy.pausedUpstreams(),
    close: async () => {
      gateway.close();
      await running;
      stores.close();
      await proxy.close();
    },
  };
};

/** After commit: at once where that matters, then from the database. */
export const tellPlane = (
  tx: Tx,
  plane: () => Plane | undefined,
  grant: string,
  revision: number,
  change?: (line: LineGrant) => Partial<LineGrant>,
): void =>
  tx.afterCommit(() => {
    const open = plane();
    if (change) open?.actAtOnce(grant, revision, change);
    // A failed sync is made good by the next one of the ticker.
    open?.sync([grant]).catch(() => undefined);
  });

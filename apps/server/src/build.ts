/** Every room built by hand, in the declared order; each gets only what it needs. */
import type { Tracer } from '@shugu/gateway';
import { kindsOfNode } from '@shugu/wire/node-kinds';
import type { FastifyInstance } from 'fastify';
import type { Registry as MetricsRegistry } from 'prom-client';
import {
  type Agreements,
  permissions as agreementsPermissions,
  makeAgreements,
  readAuthorities,
  type SpaceMembership,
} from './agreements/index.ts';
import { type Catalogue, permissions as cataloguePermissions, makeCatalogue } from './catalogue/index.ts';
import { type Compute, computePermissions, makeCompute } from './compute/index.ts';
import { deliverable } from './deliverable.ts';
import { type Delivery, permissions as deliveryPermissions, makeDelivery } from './delivery/index.ts';
import {
  type Federation,
  permissions as federationPermissions,
  type IdentityProvider,
  makeFederation,
} from './federation/index.ts';
import { recordsOf } from './flows/records.ts';
import { flowGateway, holdsContract } from './flows/serving.ts';
import type { Cases } from './kernel/case/index.ts';
import type { Config } from './kernel/config.ts';
import { type PermissionTable, systemActor } from './kernel/http/principal.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { RateLimit } from './kernel/limits.ts';
import type { RoomParts } from './kernel/parts.ts';
import { kernelProblems } from './kernel/problem.ts';
import { openOrigin, origins } from './kernel/publiclog/store.ts';
import { knownWitnesses } from './kernel/publiclog/witnesses.ts';
import { tracesSettings } from './kernel/tracing.ts';
import {
  type DeliveredItem,
  type ListingScope,
  type Market,
  makeMarket,
  permissions as marketPermissions,
  type PricePlan,
  priceText,
  standingBasis,
  unbillable,
} from './market/index.ts';
import { type Members, makeMembers, membersPermissions } from './members/index.ts';
import { type Metering, makeMetering, permissions as meteringPermissions } from './metering/index.ts';
import { makeNodes, type Nodes, nodesPermissions } from './nodes/index.ts';
import {
  buildTableStore,
  makeRegistry,
  type NationalSystem,
  nationalOverHttp,
  nationalSimulator,
  type Registry,
  registryPermissions,
} from './registry/index.ts';
import { makeSettlement, type Settlement, settlementPermissions } from './settlement/index.ts';
import { makeSpaces, type Spaces, spacesPermissions } from './spaces/index.ts';
import { makeSupervision, objectNames, type Supervision, supervisionPermissions } from './supervision/index.ts';

export const roomPermissions: readonly PermissionTable[] = [
  membersPermissions,
  registryPermissions,
  cataloguePermissions,
  agreementsPermissions,
  marketPermissions,
  nodesPermissions,
  spacesPermissions,
  meteringPermissions,
  deliveryPermissions,
  computePermissions,
  settlementPermissions,
  federationPermissions,
  supervisionPermissions,
];

export interface Rooms {
  members: Members;
  registry: Registry;
  catalogue: Catalogue;
  agreements: Agreements;
  market: Market;
  nodes: Nodes;
  spaces: Spaces;
  metering: Metering;
  delivery: Delivery;
  compute: Compute;
  settlement: Settlement;
  federation: Federation;
  supervision: Supervision;
  /** What each room hands to the wiring, in order. */
  parts: RoomParts[];
  /** Doors that are not JSON routes: the CKAN façade, the gateway, the bank's callbacks. */
  mount(app: FastifyInstance, metrics: MetricsRegistry, perSource: RateLimit): Promise<void>;
  /** What must be true before the first request: erasures finished, withdrawn grants closed, the bank reachable. */
  beforeListen(): Promise<void>;
  close(): Promise<void>;
}

export interface BuildOptions {
  kernel: Kernel;
  cases: Cases;
  permissions: readonly PermissionTable[];
  version: string;
  /** The server's own address once it listens. */
  address(): string;
  /** Whom connectors of other nodes trust, instead of this node's own tokens. */
  identity?: IdentityProvider | undefined;
  tracer?: Tracer | undefined;
}

const membersOf = ({ kernel, cases, permissions }: BuildOptions): Members => {
  const { config, database, seal, objects, clock } = kernel;
  const oidc = { issuer: config.oidcIssuer, client: config.oidcClient, secret: config.oidcSecret };
  return makeMembers({
    database,
    seal,
    objects,
    cases,
    now: () => clock.now(),
    permissionTables: permissions,
    objectNames,
    settings: {
      setupToken: kernel.setupToken,
      sessionHours: config.sessionHours,
      loginTriesPerMinute: config.loginTriesPerMinute,
      publicUrl: kernel.publicUrl,
      ...(config.oidcIssuer ? { oidc } : {}),
    },
  });
};

const listingScope = ({ nodeKind, nodeIndustries, nodeSupplier }: Config): ListingScope => {
  const { lists } = kindsOfNode[nodeKind];
  return {
    free: lists === 'free',
    industries: lists === 'industries' ? nodeIndustries : [],
    supplier: lists === 'ownSupplier' ? nodeSupplier : null,
  };
};

/** A licensed registrar's access where one is set; else a simulator that says so, in a region that is no province. */
const nationalOf = ({ kernel: { config, database } }: BuildOptions): NationalSystem => {
  const { nationalUrl: url, nationalKey: key, registrarRegion: region, registrarDigit } = config;
  return url
    ? nationalOverHttp({ url, key, region, registrarDigit, request: fetch })
    : nationalSimulator(database, { region: '99', registrarDigit: '1' });
};

export const buildRooms = async (options: BuildOptions): Promise<Rooms> => {
  const { kernel, cases } = options;
  const { config, database, objects, seal, clock, issue, keys, publicLog, log } = kernel;
  const now = () => clock.now();
  const members = membersOf(options);

  const national = nationalOf(options);
  const registry = makeRegistry({ database, objects, cases, issue, publicLog, members, national, now });

  const catalogue = makeCatalogue({
    resources: registry,
    operatingRight: registry.operatingRight,
    organisations: members,
    publicUrl: kernel.publicUrl,
    operatorName: async (read) => (await members.operatorOf(read)).name,
    now,
    shownVersion: (read, principal, version) => market.shownVersion(read, principal, version),
    database,
    privateSources: config.privateSources,
  });

  // Spaces stand after this room; nobody asks before they are there.
  const membership: SpaceMembership = {
    standing: (read, participant) => spaces.standing(read, participant),
    names: (read, ids) => spaces.names(read, ids),
  };
  const lists = listingScope(config);
  const agreements = makeAgreements({
    database,
    catalogue,
    organisations: members,
    operator: members.operatorOf,
    signerFor: (tx, participant) => keys.signer(tx, participant, 'signature'),
    suite: config.suite,
    issue,
    objects,
    authorities: await readAuthorities(config.authorities),
    priceText: (price) => priceText((price as unknown as { plan: PricePlan }).plan),
    checkPrice: (price) => {
      const fault = unbillable(price, lists.free);
      return fault === undefined ? undefined : kernelProblems.invalid({ field: 'body.terms.price', detail: fault });
    },
    unmarkable: (read, version, watermark) => delivery.unmarkable(read, version, watermark),
    standing: (read, version) => standingBasis({ cases }, read, version),
    spaces: membership,
  });

  const market = makeMarket({
    members,
    catalogue,
    agreements,
    cases,
    issue,
    now,
    spaces: membership,
    lists,
    operators: async (read, resource) =>
      (await registry.rightsOf(read, resource))
        .filter((one) => one.right === 'operate' && one.state === 'active' && one.participant !== '')
        .map((one) => one.participant),
    delivered: async (read, contract) =>
      (await delivery.deliveredUnder(read, contract)).flatMap(({ kind, address, files }): DeliveredItem[] =>
        kind === 'file'
          ? files.map(({ name, bytes, sha256 }) => ({
              kind,
              text: `${name}（${bytes} 字节）`,
              digest: `sha256:${sha256}`,
            }))
          : [{ kind, text: address }],
      ),
    inTransaction: (run) => database.tx(systemActor('node'), run),
    read: database,
    database,
  });

  const nodes = makeNodes({
    database,
    log,
    cases,
    objects,
    issue,
    members,
    market,
    identity: async (read) => {
      const { origin, key } = (await openOrigin(read, config.node))!;
      return { origin, signer: await keys.signerById(read, key) };
    },
    checkpoint: async (origin) => (await publicLog.presentable(origin))?.note,
    ownLog: async (read, origin) => (await origins(read)).some((one) => one.origin === origin),
    witnesses: async (read) => [
      ...new Set([...(await knownWitnesses(read)).map(({ vkey }) => vkey), ...config.peerWitnesses]),
    ],
    publicUrl: kernel.publicUrl,
    now,
    dataspace: {
      connector: (read, participant) => federation.connectorAddress(read, participant),
      dataset: (read, participant, asked) => federation.datasetElsewhere(read, participant, asked),
      formats: (read, participant, told) => federation.formatsTold(read, participant, told),
      requestTransfer: (tx, asked) => federation.requestTransfer(tx, asked),
    },
    owed: {
      statements: (read, orders) => settlement.guaranteedStatements(read, orders),
      account: async (read, peerDid) => {
        const payer = await members.organisationByDataspaceId(read, peerDid);
        return payer && settlement.subAccount(read, payer.id);
      },
    },
    settings: {
      trustNodes: config.trustNodes,
      exposureFen: BigInt(config.nodeExposureYuan) * 100n,
      kind: config.nodeKind,
      industries: config.nodeIndustries,
      supplier: config.nodeSupplier,
      hubUrl: config.hubUrl,
      applicationFile: config.nodeApplication,
      beatSeconds: config.heartbeatSeconds,
      privateNodes: config.privateNodes,
      peerQuorum: config.peerQuorum,
      suite: config.suite,
      software: options.version,
    },
  });

  const spaces = makeSpaces({
    database,
    cases,
    keys,
    publicLog,
    suite: config.suite,
    members,
    catalogue,
    market,
    agreements,
    elsewhere: { harvested: catalogue.foreignEntry, listed: nodes.listedEntry },
    offersElsewhere: async (read, participant, { participant: counterparty, address, dataset }) => {
      const told = await federation.datasetElsewhere(read, participant, { counterparty, address, dataset });
      return told && federation.policiesTold(told);
    },
    nodes: nodes.takingPart,
    now,
  });

  const metering = makeMetering({ database, clock, objects, keys, publicLog, suite: config.suite, node: config.node });

  // No other server works on this database.
  const alone = kernel.postgres.kind !== 'external';
  const delivery = makeDelivery({
    database,
    alone,
    clock,
    log,
    objects,
    seal,
    metering,
    publicUrl: kernel.publicUrl,
    planOf: agreements.planOf,
    node: config.node,
    suite: config.suite,
    keys,
    publicLog,
    gatewayGraceSeconds: config.gatewayGraceSeconds,
    gatewaySliceSeconds: config.gatewaySliceSeconds,
    privateUpstreams: config.privateUpstreams,
    tracer: options.tracer,
    traces: tracesSettings(config),
    pushFolder: config.pushFolder,
    privateDestinations: config.privateDestinations,
    queryPool: { processesMax: config.queryProcesses, memoryMB: config.queryMemoryMB },
    version: deliverable({ catalogue, registry, objects }),
    displayNames: members.displayNames,
    buildTableStore,
    intake: registry.intake,
  });

  const compute = makeCompute({
    database,
    now,
    objects,
    keys,
    publicLog,
    suite: config.suite,
    members,
    resource: registry.resource,
    contents: registry.readyContents,
    signText: agreements.signText,
    ruleBook: cases.ruleBook,
    // Settlement stands after this room; nothing is charged before both are there.
    money: {
      freezeOrder: (tx, draft) => settlement.freezeOrder(tx, draft),
      settleOrder: (tx, draft) => settlement.settleOrder(tx, draft),
      releaseOrder: (tx, draft) => settlement.releaseOrder(tx, draft),
    },
    queryPool: { processesMax: config.queryProcesses, memoryMB: config.queryMemoryMB },
    engines: {
      secretflow: config.computeSecretflow,
      scql: config.computeScql,
      kuscia: config.computeKuscia,
      sparkPython: config.computeSparkPython,
      trino: {
        url: config.computeTrinoUrl,
        user: config.computeTrinoUser,
        password: config.computeTrinoPassword,
        catalog: config.computeTrinoCatalog,
        fetch,
      },
    },
    third: {
      secret: keys.derive('shugu computation third party v1'),
      host: config.computeHost,
      address: config.computeAddress || config.computeHost,
      ports: config.computePorts,
    },
  });

  const settlement = makeSettlement({
    database,
    now,
    log,
    issue,
    objects,
    ruleBook: cases.ruleBook,
    calendar: cases.calendar,
    serve: cases.serve,
    organisations: members,
    bank: { home: config.home, url: config.bankUrl, key: config.bankKey },
    callbackBase: options.address,
  });

  const federation = makeFederation({
    database,
    now,
    log,
    keys,
    seal: kernel.seal,
    publicUrl: kernel.publicUrl,
    privateConnectors: config.privateConnectors,
    accessSeconds: config.accessTokenSeconds,
    renewAccess: async (tx, { id, reference }, of) => {
      const contract = reference && (await market.order(tx, reference))?.contract;
      return contract ? delivery.renewTransfer(tx, { contract, transfer: id, ...of }) : undefined;
    },
    gateway: flowGateway(() => rooms),
    holdsContract: holdsContract(() => rooms),
    namesOf: members.displayNames,
    trustedIssuers: config.trustedIssuers,
    spacesOf: async (read, participant) => (await spaces.standing(read, participant)).map(({ id }) => id),
    catalogues: (read, participant, standsIn) => spaces.catalogues(read, participant, standsIn),
    records: recordsOf({ members, settlement, issue }),
    peers: async (read) => (config.trustNodes ? nodes.trusted(read) : []),
    // Whoever was only recognised is another node's member.
    member: async (read, participant) => {
      const found = await members.organisation(read, participant);
      const roles = found?.roles.filter(({ status }) => status === 'active').map(({ role }) => role) ?? [];
      if (found?.status !== 'active' || found.dataspaceId !== null || roles.length === 0) return undefined;
      return { name: found.name, creditCode: found.creditCode, roles };
    },
    suspended: async (read, participant) => (await members.organisation(read, participant))?.status === 'suspended',
    alone,
    ...(options.identity ? { identity: options.identity } : {}),
  });

  const supervision = makeSupervision({
    database,
    now,
    members,
    market,
    delivery,
    issue,
    serve: cases.serve,
    ruleBook: cases.ruleBook,
    calendar: cases.calendar,
  });

  const rooms: Rooms = {
    members,
    registry,
    catalogue,
    agreements,
    market,
    nodes,
    spaces,
    metering,
    delivery,
    compute,
    settlement,
    federation,
    supervision,
    parts: [
      members,
      registry,
      catalogue,
      { routes: agreements.routes },
      market,
      nodes,
      spaces,
      metering,
      delivery,
      compute,
      settlement,
      federation,
      supervision,
    ],
    mount: async (app, metrics, perSource) => {
      await catalogue.mount(app, perSource);
      await delivery.mount(app, metrics);
      await settlement.mount(app);
      await federation.mount(app, perSource);
    },
    beforeListen: async () => {
      await members.beforeListen();
      await metering.beforeListen();
      await delivery.beforeListen();
      await settlement.beforeListen();
      await federation.beforeListen();
    },
    close: async () => {
      await federation.close();
      await nodes.close();
      await settlement.close();
      await compute.close();
      await delivery.close();
      await metering.close();
    },
  };
  return rooms;
};

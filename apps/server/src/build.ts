/** Every room built by hand, in the declared order; each gets only what it needs. */
import type { FastifyInstance } from 'fastify';
import { type Agreements, permissions as agreementsPermissions, makeAgreements } from './agreements/index.ts';
import {
  type Catalogue,
  permissions as cataloguePermissions,
  makeCatalogue,
  type OperatingRightOf,
  type ResourceReads,
} from './catalogue/index.ts';
import type { Cases } from './kernel/case/index.ts';
import { type PermissionTable, systemActor } from './kernel/http/principal.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { RoomParts } from './kernel/parts.ts';
import {
  type Market,
  makeMarket,
  permissions as marketPermissions,
  type PricePlan,
  priceText,
} from './market/index.ts';
import { type Members, makeMembers, membersPermissions } from './members/index.ts';

export const roomPermissions: readonly PermissionTable[] = [
  membersPermissions,
  cataloguePermissions,
  agreementsPermissions,
  marketPermissions,
];

export interface Rooms {
  members: Members;
  catalogue: Catalogue;
  agreements: Agreements;
  market: Market;
  /** What each room hands to the wiring, in order. */
  parts: RoomParts[];
  /** Doors that are not JSON routes: the gateway. */
  mount(app: FastifyInstance): Promise<void>;
  /** What must be true before the first request: withdrawn grants closed, the bank reachable. */
  beforeListen(): Promise<void>;
  close(): Promise<void>;
}

export interface BuildOptions {
  kernel: Kernel;
  cases: Cases;
  permissions: readonly PermissionTable[];
}

export const buildRooms = async ({ kernel, cases, permissions }: BuildOptions): Promise<Rooms> => {
  const { config, database, seal, objects, clock, issue, keys } = kernel;
  const now = () => clock.now();
  const inTransaction = <T>(run: Parameters<typeof database.tx<T>>[1]) => database.tx(systemActor('node'), run);

  const members = makeMembers({
    database,
    seal,
    objects,
    cases,
    now,
    permissionTables: permissions,
    settings: {
      setupToken: kernel.setupToken,
      sessionHours: config.sessionHours,
      loginTriesPerMinute: config.loginTriesPerMinute,
      publicUrl: kernel.publicUrl,
      ...(config.oidcIssuer
        ? { oidc: { issuer: config.oidcIssuer, client: config.oidcClient, secret: config.oidcSecret } }
        : {}),
    },
  });

  const resources: ResourceReads = { resource: async () => undefined, sample: async () => ({ columns: [], rows: [] }) };
  const operatingRight: OperatingRightOf = async () => undefined;

  const catalogue = makeCatalogue({
    resources,
    operatingRight,
    organisations: members,
    publicUrl: kernel.publicUrl,
    operatorName: async (read) => (await members.operatorOf(read)).name,
    now,
  });

  const agreements = makeAgreements({
    database,
    catalogue,
    organisations: members,
    operator: members.operatorOf,
    signerFor: (tx, participant) => keys.signer(tx, participant, 'signature'),
    suite: config.suite,
    issue,
    objects,
    priceText: (price) => priceText((price as unknown as { plan: PricePlan }).plan),
  });

  const market = makeMarket({
    members,
    catalogue,
    agreements,
    cases,
    issue,
    now,
    inTransaction,
    read: database,
    database,
  });

  return {
    members,
    catalogue,
    agreements,
    market,
    parts: [{ routes: members.routes }, { routes: catalogue.routes }, { routes: agreements.routes }, market],
    mount: async () => undefined,
    beforeListen: async () => undefined,
    close: async () => undefined,
  };
};

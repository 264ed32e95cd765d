/** The door of the catalogue. */
import type { FastifyInstance } from 'fastify';
import type { Database, Reader, Sql, Tx } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import type { Route } from '../kernel/http/route.ts';
import type { RateLimit } from '../kernel/limits.ts';
import type { PageQuery } from '../kernel/pages.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { mountCkan } from './ckan/mount.ts';
import { makeHarvestRoutes } from './harvest/routes.ts';
import { harvestJob, harvestJobHandler } from './harvest/run.ts';
import { settleAbandoned, startDue } from './harvest/service.ts';
import { foreignEntry, runsAbandoned, sourcesDue } from './harvest/store.ts';
import type { Product, ProductVersion, RightCover } from './model.ts';
import { findProduct, findVersion, type Listed, listedProducts, productsOn } from './reads.ts';
import { type CatalogueRouteDeps, makeRoutes } from './routes.ts';
import { rightsOf, setPublished } from './service.ts';

export type { CatalogueEvents } from './events.ts';
export type * from './model.ts';
export { permissions } from './permissions.ts';
export type { Listed } from './reads.ts';
export { schemaChanges } from './rules.ts';

export interface CatalogueDeps extends CatalogueRouteDeps {
  database: Database;
  /** Private addresses or networks that harvest sources may lie at. */
  privateSources: readonly string[];
}

export interface Catalogue extends RoomParts {
  routes: Route[];
  /** The CKAN façade below /ckan; anybody’s, so each source has its share only. */
  mount(app: FastifyInstance, perSource: RateLimit): Promise<void>;
  product(read: Reader, id: string): Promise<Product | undefined>;
  version(read: Reader, id: string): Promise<ProductVersion | undefined>;
  /** Per resource of a version, the supplier's right to operate it at `at`; empty for versions without resources. */
  rightsOfVersion(read: Reader, version: string, at: Date): Promise<RightCover[]>;
  /** Products of a supplier with a version made from the resource. */
  productsOn(read: Reader, participant: string, resource: string): Promise<string[]>;
  /** Called by the flow of listing events. `version` null takes the product off the market. Harmless to repeat. */
  setPublished(tx: Tx, product: string, version: string | null): Promise<void>;
  /** Listed products with the version shown, oldest first. */
  listed(read: Reader, query: PageQuery): Promise<{ items: Listed[]; next: string | null }>;
  /**
   * SQL that finds a harvested entry by its id while it stands at its source: title, summary, industry, by (who publishes it), origin
   * (the catalogue), url (its page there), traded (false: it is had at its source).
   */
  foreignEntry(id: Sql): Sql;
}

const harvestParts = ({ database, ...deps }: CatalogueDeps): RoomParts & { routes: Route[] } => {
  const harvest = { ...deps, stoppers: new Map<string, () => void>() };
  const asSystem = (run: (tx: Tx) => Promise<number>) => () => database.tx(systemActor('catalogue'), run);
  return {
    routes: makeHarvestRoutes(harvest),
    jobs: { [harvestJob]: harvestJobHandler(harvest) },
    ticks: [
      { name: 'catalogue.harvests', everySeconds: 60, due: sourcesDue, run: asSystem(startDue) },
      { name: 'catalogue.harvestEnds', everySeconds: 30, due: runsAbandoned, run: asSystem(settleAbandoned) },
    ],
  };
};

export const makeCatalogue = (deps: CatalogueDeps): Catalogue => {
  const harvest = harvestParts(deps);
  return {
    ...harvest,
    routes: [...makeRoutes(deps), ...harvest.routes],
    mount: (app, perSource) => mountCkan(app, { ...deps, read: deps.database, perSource }),
    product: findProduct,
    version: findVersion,
    rightsOfVersion: async (read, id, at) => {
      const version = await findVersion(read, id);
      if (!version) return [];
      const resources = version.tables.flatMap((table) => table.resource ?? []);
      return rightsOf(deps, read, { participant: version.participant, resources }, at);
    },
    productsOn,
    setPublished,
    listed: (read, query) => listedProducts(read, undefined, query),
    foreignEntry,
  };
};

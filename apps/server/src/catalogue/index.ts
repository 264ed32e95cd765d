/** The door of the catalogue. */
import type { Reader, Tx } from '../kernel/db/db.ts';
import type { Route } from '../kernel/http/route.ts';
import type { PageQuery } from '../kernel/pages.ts';
import type { Product, ProductVersion, RightCover } from './model.ts';
import { findProduct, findVersion, type Listed, listedProducts, productsOn } from './reads.ts';
import { type CatalogueRouteDeps, makeRoutes } from './routes.ts';
import { rightsOf, setPublished } from './service.ts';

export type { CatalogueEvents } from './events.ts';
export type * from './model.ts';
export { permissions } from './permissions.ts';
export type { Listed } from './reads.ts';
export type { CatalogueRouteDeps as CatalogueDeps } from './routes.ts';

export interface Catalogue {
  routes: Route[];
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
}

export const makeCatalogue = (deps: CatalogueRouteDeps): Catalogue => ({
  routes: makeRoutes(deps),
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
});

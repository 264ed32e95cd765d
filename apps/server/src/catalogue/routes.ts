import * as wire from '@shugu/wire/catalogue';
import type { Reader } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route, type RouteRequest } from '../kernel/http/route.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { catalogueNodes, type DcatContext, datasetNode, type GraphNode, jsonLd, turtle } from './dcat.ts';
import type { Product, ProductVersion } from './model.ts';
import {
  countListed,
  findProduct,
  findVersion,
  type Listed,
  listedParts,
  listedPlaces,
  listedProducts,
  productsOf,
  versionsOf,
  wasPublished,
} from './reads.ts';
import { schemaChanges } from './rules.ts';
import {
  type CatalogueDeps,
  changeProduct,
  createProduct,
  createVersion,
  readyProduct,
  retireProduct,
  rightsOf,
} from './service.ts';
import { partSize, robotsText, sitemapIndex, sitemapPart } from './sitemap.ts';

export interface CatalogueRouteDeps extends CatalogueDeps {
  publicUrl(): string;
  /** The operator's name, as the catalogue's publisher. */
  operatorName(read: Reader): Promise<string>;
  now(): Date;
  /** Not for everybody, and still for this principal: the market knows whom a listing is for. */
  shownVersion?(read: Reader, principal: Principal, version: string): Promise<boolean>;
}

/** The supplier and its supervisors see drafts; everyone else sees only what is, or was, on the market. */
const isInside = (principal: Principal, participant: string): boolean =>
  (principal.participant === participant && principal.permissions.has('catalogue.product.read')) ||
  principal.permissions.has('catalogue.product.supervise');

const visibleProduct = async (read: Reader, principal: Principal, id: string): Promise<Product> => {
  const product = await findProduct(read, id);
  if (product && (product.publishedVersion || isInside(principal, product.participant))) return product;
  throw kernelProblems.unknown();
};

const versionView = ({ contract: _, participant: __, createdAt, ...version }: ProductVersion) => ({
  ...version,
  qualityLabel: wire.qualityLabel,
  createdAt: createdAt.toISOString(),
});

export const makeRoutes = (deps: CatalogueRouteDeps): Route[] => {
  const visibleVersion = async (
    read: Reader,
    principal: Principal,
    product: string,
    id: string,
  ): Promise<ProductVersion> => {
    const version = await findVersion(read, id);
    const shown =
      version?.product === product &&
      (isInside(principal, version.participant) ||
        (await wasPublished(read, id)) ||
        (await deps.shownVersion?.(read, principal, id)));
    if (!version || !shown) throw kernelProblems.unknown();
    return version;
  };
  const productView = async (read: Reader, principal: Principal, product: Product) => {
    const inside = isInside(principal, product.participant);
    const supplier = await deps.organisations.organisation(read, product.participant);
    const shown = inside ? undefined : await findVersion(read, product.publishedVersion!);
    const rights = inside ? await rightsOf(deps, read, product, deps.now()) : undefined;
    const { participant: _, ...fields } = product;
    return {
      ...fields,
      // Strangers read what was reviewed, not the supplier's later drafts.
      ...(shown
        ? { ...shown.about, resources: [], latestVersion: product.publishedVersion, state: 'ready' as const }
        : {}),
      supplier: { id: product.participant, name: supplier?.name ?? '' },
      published: product.publishedVersion !== null,
      publishedAt: product.publishedAt?.toISOString() ?? null,
      createdAt: product.createdAt.toISOString(),
      updatedAt: product.updatedAt.toISOString(),
      rights:
        rights?.map(({ resource, right }) => ({
          resource,
          covered: right !== undefined,
          certificateCode: right?.certificateCode ?? null,
          until: right?.until.toISOString() ?? null,
        })) ?? null,
    };
  };
  const viewById = async (read: Reader, principal: Principal, id: string) =>
    productView(read, principal, (await findProduct(read, id))!);

  return [
    on(wire.createProduct, async ({ tx, principal, body }) =>
      viewById(tx, principal, await createProduct(deps, tx, body)),
    ),
    on(wire.changeProduct, async ({ tx, principal, params, body }) => {
      await changeProduct(deps, tx, params.id, body);
      return viewById(tx, principal, params.id);
    }),
    on(wire.ownProducts, async ({ read, principal, query }) => {
      const page = await productsOf(read, principal.participant, query);
      return { ...page, items: await Promise.all(page.items.map((product) => productView(read, principal, product))) };
    }),
    on(wire.getProduct, async ({ read, principal, params }) =>
      productView(read, principal, await visibleProduct(read, principal, params.id)),
    ),
    on(wire.readyProduct, async ({ tx, principal, params }) => {
      await readyProduct(tx, params.id);
      return viewById(tx, principal, params.id);
    }),
    on(wire.retireProduct, async ({ tx, principal, params, body }) => {
      await retireProduct(tx, params.id, body.reason);
      return viewById(tx, principal, params.id);
    }),
    on(wire.createVersion, async ({ tx, params, body }) => versionView(await createVersion(deps, tx, params.id, body))),
    on(wire.listVersions, async ({ read, principal, params, query }) => {
      const product = await visibleProduct(read, principal, params.id);
      const page = await versionsOf(read, product.id, query, !isInside(principal, product.participant));
      return {
        ...page,
        items: page.items.map(({ participant: _, ...row }) => ({ ...row, createdAt: row.createdAt.toISOString() })),
      };
    }),
    on(wire.getVersion, async ({ read, principal, params }) =>
      versionView(await visibleVersion(read, principal, params.id, params.version)),
    ),
    on(wire.getDataContract, async ({ read, principal, params }) => {
      const version = await visibleVersion(read, principal, params.id, params.version);
      return { body: Buffer.from(version.contract), fileName: `${version.product}-${version.number}.odcs.yaml` };
    }),
    on(wire.diffVersions, async ({ read, principal, params, query }) => {
      const from = await visibleVersion(read, principal, params.id, query.from);
      const to = await visibleVersion(read, principal, params.id, query.to);
      const changes = schemaChanges(from.tables, to.tables);
      return { from: from.number, to: to.number, breaking: changes.some((change) => change.breaking), changes };
    }),
    ...dcatRoutes(deps),
    ...sitemapRoutes(deps),
  ];
};

const addressOf = (deps: CatalogueRouteDeps): string => deps.publicUrl().replace(/\/$/, '');

const sitemapRoutes = (deps: CatalogueRouteDeps): Route[] => {
  const file = (text: string) => ({ body: Buffer.from(text) });
  return [
    on(wire.robots, async () => file(robotsText(addressOf(deps)))),
    on(wire.sitemap, async ({ read }) => {
      const [, ...later] = await listedParts(read, partSize);
      return file(sitemapIndex(addressOf(deps), later));
    }),
    on(wire.sitemapProducts, async ({ read, query }) => {
      const places = await listedPlaces(read, query.from, partSize);
      return file(sitemapPart(addressOf(deps), places, { withPages: query.from === undefined }));
    }),
  ];
};

const dcatRoutes = (deps: CatalogueRouteDeps): Route[] => {
  const contextFor = async (read: Reader, items: Listed[]): Promise<DcatContext> => {
    const suppliers = new Map<string, string>();
    for (const { product } of items)
      if (!suppliers.has(product.participant))
        suppliers.set(
          product.participant,
          (await deps.organisations.organisation(read, product.participant))?.name ?? product.participant,
        );
    return {
      url: addressOf(deps),
      title: await deps.operatorName(read),
      supplierName: (id) => suppliers.get(id) ?? id,
    };
  };
  /** What follows stands in the document for harvesters, and in a header for whoever reads none. */
  const page = async (
    {
      read,
      query,
      setHeader,
    }: Pick<RouteRequest<unknown, { after?: string }, unknown>, 'read' | 'query' | 'setHeader'>,
    path: string,
  ): Promise<GraphNode[]> => {
    const { after } = query;
    const found = await listedProducts(read, undefined, { after });
    const context = await contextFor(read, found.items);
    const address = (cursor: string | null | undefined) => `${context.url}${path}${cursor ? `?after=${cursor}` : ''}`;
    const next = found.next ? address(found.next) : null;
    if (next) setHeader('link', `<${next}>; rel="next"`);
    return catalogueNodes(
      { items: found.items, total: await countListed(read), self: address(after), first: address(null), next },
      context,
    );
  };
  const one = async (read: Reader, id: string): Promise<GraphNode[]> => {
    const product = await findProduct(read, id);
    const version = product?.publishedVersion ? await findVersion(read, product.publishedVersion) : undefined;
    if (!product || !version) throw kernelProblems.unknown();
    return [datasetNode({ product, version }, await contextFor(read, [{ product, version }]))];
  };
  const asJson = (nodes: GraphNode[]) => ({ body: Buffer.from(JSON.stringify(jsonLd(nodes))) });
  const asTurtle = (nodes: GraphNode[]) => ({ body: Buffer.from(turtle(nodes)) });
  return [
    on(wire.catalogueJsonLd, async (request) => asJson(await page(request, wire.catalogueJsonLd.path))),
    on(wire.catalogueTurtle, async (request) => asTurtle(await page(request, wire.catalogueTurtle.path))),
    on(wire.productJsonLd, async ({ read, params }) => asJson(await one(read, params.id))),
    on(wire.productTurtle, async ({ read, params }) => asTurtle(await one(read, params.id))),
  ];
};

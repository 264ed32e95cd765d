import { empty, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type { Product, ProductState, ProductVersion } from './model.ts';

const productColumns = sql`id, participant, kind, name, summary, description, resources, industry, region, keywords, scenarios,
  delivery_modes as "deliveryModes", update_cycle as "updateCycle", coverage_from as "coverageFrom", coverage_until as "coverageUntil",
  language, state, revision, latest_version as "latestVersion", published_version as "publishedVersion", published_at as "publishedAt",
  created_at as "createdAt", updated_at as "updatedAt"`;

const versionColumns = sql`id, product, participant, number, note, about, tables, contract, contract_digest as "contractDigest",
  created_at as "createdAt"`;

export const findProduct = (read: Reader, id: string): Promise<Product | undefined> =>
  read.first<Product>(sql`select ${productColumns} from products where id = ${id}`);

export const lockProduct = (tx: Tx, id: string): Promise<Product | undefined> =>
  tx.first<Product>(sql`select ${productColumns} from products where id = ${id} for update`);

export const findVersion = (read: Reader, id: string): Promise<ProductVersion | undefined> =>
  read.first<ProductVersion>(sql`select ${versionColumns} from product_versions where id = ${id}`);

export const lastNumber = async (read: Reader, product: string): Promise<number> =>
  (
    await read.one<{ number: number }>(
      sql`select coalesce(max(number), 0)::int as number from product_versions where product = ${product}`,
    )
  ).number;

/** Products of a supplier with a version made from the resource. */
export const productsOn = async (read: Reader, participant: string, resource: string): Promise<string[]> =>
  (
    await read.rows<{ product: string }>(sql`select distinct product from product_versions
      where participant = ${participant} and tables @> ${JSON.stringify([{ resource }])}::jsonb order by product`)
  ).map(({ product }) => product);

/** Whether strangers were ever shown this version: a contract signed then goes on naming it. */
export const wasPublished = async (read: Reader, version: string): Promise<boolean> =>
  (await read.first(sql`select 1 from product_publications where version = ${version} limit 1`)) !== undefined;

const afterId = (query: PageQuery, column: Sql): Sql => {
  const after = decodeCursor(query.after, 1)?.[0];
  return after === undefined ? empty : sql`and ${column} < ${String(after)}`;
};

export const productsOf = async (read: Reader, participant: string, query: PageQuery & { state?: ProductState }) => {
  const rows = await read.rows<Product>(sql`select ${productColumns} from products where participant = ${participant}
    ${query.state ? sql`and state = ${query.state}` : empty} ${afterId(query, sql`id`)} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export type VersionRow = Omit<ProductVersion, 'about' | 'tables' | 'contract'> & {
  published: boolean;
  columnCount: number;
  rowCount: number | null;
};

export const versionsOf = async (read: Reader, product: string, query: PageQuery, publishedOnly: boolean) => {
  const rows =
    await read.rows<VersionRow>(sql`select v.id, v.product, v.participant, v.number, v.note, v.contract_digest as "contractDigest",
      v.created_at as "createdAt", exists (select 1 from product_publications p where p.version = v.id) as published,
      (select coalesce(sum(jsonb_array_length(t -> 'columns')), 0)::int from jsonb_array_elements(v.tables) t) as "columnCount",
      (select sum((t ->> 'rowCount')::bigint)::bigint from jsonb_array_elements(v.tables) t) as "rowCount"
    from product_versions v where v.product = ${product} ${afterId(query, sql`v.id`)}
      ${publishedOnly ? sql`and exists (select 1 from product_publications p where p.version = v.id)` : empty}
    order by v.id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export interface Listed {
  product: Product;
  version: ProductVersion;
}

/** Products on the market with the version that is shown, oldest first, so that harvesters can go on where they stopped. */
export const listedProducts = async (read: Reader, market: string | undefined, query: PageQuery) => {
  const after = decodeCursor(query.after, 1)?.[0];
  const products =
    await read.rows<Product>(sql`select ${productColumns} from products where published_version is not null
    ${market ? sql`and market = ${market}` : empty} ${after === undefined ? empty : sql`and id > ${String(after)}`}
    order by id limit ${pageSize(query) + 1}`);
  const page = pageOf(
    products,
    query,
    (row) => [row.id],
    (row) => row,
  );
  return { items: await withVersions(read, page.items), next: page.next };
};

const withVersions = async (read: Reader, products: readonly Product[]): Promise<Listed[]> => {
  const ids = products.map((product) => product.publishedVersion!);
  const versions = await read.rows<ProductVersion>(
    sql`select ${versionColumns} from product_versions where id = any(${ids})`,
  );
  const byId = new Map(versions.map((version) => [version.id, version]));
  return products.map((product): Listed => ({ product, version: byId.get(product.publishedVersion!)! }));
};

/** Those of these products that are listed, in the order of the ids. */
export const listedByIds = async (read: Reader, ids: readonly string[]): Promise<Listed[]> => {
  const products = await read.rows<Product>(
    sql`select ${productColumns} from products where published_version is not null and id = any(${[...ids]})`,
  );
  const byId = new Map((await withVersions(read, products)).map((listed) => [listed.product.id, listed]));
  return ids.flatMap((id) => byId.get(id) ?? []);
};

export interface ListedPlace {
  id: string;
  changedAt: Date;
}

/** Listed products from one on, without what they hold. */
export const listedPlaces = (read: Reader, from: string | undefined, limit: number): Promise<ListedPlace[]> =>
  read.rows(sql`select id, greatest(published_at, updated_at) as "changedAt" from products where published_version is not null
    ${from === undefined ? empty : sql`and id >= ${from}`} order by id limit ${limit}`);

/** Every `size`-th listed product, the first included: where the parts of a sitemap begin. */
export const listedParts = async (read: Reader, size: number): Promise<string[]> =>
  (
    await read.rows<{ id: string }>(sql`select id from
      (select id, row_number() over (order by id) as place from products where published_version is not null) numbered
      where (place - 1) % ${size} = 0 order by id`)
  ).map(({ id }) => id);

export const countListed = async (read: Reader): Promise<number> =>
  (
    await read.one<{ count: number }>(
      sql`select count(*)::int as count from products where published_version is not null`,
    )
  ).count;

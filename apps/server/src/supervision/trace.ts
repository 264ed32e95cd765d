/**
 * 全链条溯源: from one number to everything before and after it. A certificate shows all that grew from its resource; a
 * listing its own orders; an order or contract only itself, with what it stands on.
 */
import { supervisionLimits } from '@shugu/wire/supervision';
import { type Reader, type Sql, sql } from '../kernel/db/db.ts';

const most = supervisionLimits.tracedPerKindMax;

export interface Start {
  kind: 'certificate' | 'listing' | 'order' | 'contract';
  id: string;
  code: string;
}

/** The object of a code or number; ids are taken too. */
export const startOf = (read: Reader, code: string): Promise<Start | undefined> =>
  read.first<Start>(sql`select kind, id, code from (
      select 1 as rank, 'certificate' as kind, id, code from certificates where code = ${code} or id = ${code}
      union all select 2, 'listing', id, coalesce(number, id) from listings where number = ${code} or id = ${code}
      union all select 3, 'order', id, number from orders where number = ${code} or id = ${code}
      union all select 4, 'contract', id, coalesce(number, id) from contracts where number = ${code} or id = ${code}
    ) found order by rank, id limit 1`);

interface Chain {
  resources: string[];
  products: string[];
  listings: string[];
  orders: string[];
  contracts: string[];
  /** Versions to show; null: all of the products. */
  versions: string[] | null;
}

const ids = async (read: Reader, query: Sql): Promise<string[]> =>
  (
    await read.rows<{ id: string }>(
      sql`select distinct id from (${query}) found where id is not null order by id limit ${most + 1}`,
    )
  ).map((one) => one.id);

const resourcesOfVersions = (versions: readonly string[]) =>
  sql`select t ->> 'resource' as id from product_versions v, jsonb_array_elements(v.tables) t where v.id = any(${[...versions]})`;

const fromCertificate = async (read: Reader, id: string): Promise<Chain> => {
  const resources = await ids(read, sql`select resource as id from certificates where id = ${id}`);
  const products = await ids(
    read,
    sql`select p.id from products p where p.resources && ${resources}
      union select v.product from product_versions v, jsonb_array_elements(v.tables) t where t ->> 'resource' = any(${resources})`,
  );
  const listings = await ids(read, sql`select id from listings where product = any(${products})`);
  return { resources, products, listings, versions: null, ...(await below(read, listings)) };
};

const below = async (read: Reader, listings: readonly string[]) => {
  const orders = await ids(read, sql`select id from orders where listing = any(${[...listings]})`);
  return { orders, contracts: await contractsOf(read, orders) };
};

// A contract that fell through leaves its order, and the order names only the newest.
const contractsOf = (read: Reader, orders: readonly string[]) =>
  ids(
    read,
    sql`select contract as id from orders where id = any(${[...orders]}) union select id from contracts where order_reference = any(${[...orders]})`,
  );

const above = async (
  read: Reader,
  listings: readonly string[],
  versions: readonly string[],
  product: string | null,
) => ({
  resources: await ids(read, resourcesOfVersions(versions)),
  products: product
    ? [product]
    : await ids(read, sql`select product as id from listings where id = any(${[...listings]})`),
  listings: [...listings],
  versions: [...versions],
});

const fromOrders = async (
  read: Reader,
  orders: string[],
  contract?: { product: string; version: string; id: string },
) => {
  const listings = await ids(read, sql`select listing as id from orders where id = any(${orders})`);
  const versions = await ids(
    read,
    sql`select version as id from orders where id = any(${orders}) union select ${contract?.version ?? null}::text`,
  );
  const contracts = contract ? [contract.id] : await contractsOf(read, orders);
  return { ...(await above(read, listings, versions, contract?.product ?? null)), orders, contracts };
};

const chainOf = async (read: Reader, start: Start): Promise<Chain> => {
  switch (start.kind) {
    case 'certificate':
      return fromCertificate(read, start.id);
    case 'listing': {
      const versions = await ids(read, sql`select version as id from listings where id = ${start.id}`);
      return { ...(await above(read, [start.id], versions, null)), ...(await below(read, [start.id])) };
    }
    case 'order':
      return fromOrders(read, [start.id]);
    case 'contract': {
      const contract = await read.one<{ id: string; product: string; version: string; order: string | null }>(
        sql`select id, product, product_version as version, order_reference as "order" from contracts where id = ${start.id}`,
      );
      const orders = await ids(read, sql`select id from orders where contract = ${start.id} or id = ${contract.order}`);
      return fromOrders(read, orders, contract);
    }
  }
};

const rowsOf = <T>(read: Reader, query: Sql): Promise<T[]> => read.rows<T>(sql`${query} limit ${most + 1}`);

type Node = { id: string; state: string; at: Date };

const registered = async (read: Reader, { resources }: Chain) => ({
  resources: await rowsOf<Node & { name: string; participant: string }>(
    read,
    sql`select id, state, created_at as at, name, participant from resources where id = any(${resources}) order by id`,
  ),
  rights: await rowsOf<Node & { resource: string; right: string; holder: string; certificate: string; until: Date }>(
    read,
    sql`select id, state, valid_from as at, resource, right_kind as right, holder_name as holder, certificate, valid_until as until
      from registered_rights where resource = any(${resources}) order by id`,
  ),
  certificates: await rowsOf<Node & { code: string; resource: string; registrar: string; until: Date }>(
    read,
    sql`select id, state, valid_from as at, code, resource, registrar, valid_until as until
      from certificates where resource = any(${resources}) order by id`,
  ),
});

const offered = async (read: Reader, chain: Chain) => ({
  products: await rowsOf<Node & { name: string; participant: string }>(
    read,
    sql`select id, state, created_at as at, name, participant from products where id = any(${chain.products}) order by id`,
  ),
  versions: await rowsOf<{ id: string; product: string; number: number; resources: string[]; at: Date }>(
    read,
    sql`select v.id, v.product, v.number, v.created_at as at, array(select distinct t ->> 'resource'
        from jsonb_array_elements(v.tables) t where t ->> 'resource' is not null order by 1) as resources
      from product_versions v where ${
        chain.versions ? sql`v.id = any(${chain.versions})` : sql`v.product = any(${chain.products})`
      } order by v.id`,
  ),
  listings: await rowsOf<Node & { number: string | null; product: string; version: string }>(
    read,
    sql`select id, state, coalesce(listed_at, created_at) as at, number, product, version
      from listings where id = any(${chain.listings}) order by id`,
  ),
});

const traded = async (read: Reader, { orders, contracts }: Chain) => ({
  orders: await rowsOf<
    Node & { number: string; listing: string; participant: string; supplier: string; contract: string | null }
  >(
    read,
    sql`select id, state, created_at as at, number, listing, participant, supplier, contract
      from orders where id = any(${orders}) order by id`,
  ),
  contracts: await rowsOf<
    Node & { number: string | null; order: string | null; participant: string; buyer: string; until: Date | null }
  >(
    read,
    sql`select id, state, coalesce(effective_at, created_at) as at, number, order_reference as "order", participant,
        buyer_participant as buyer, term_until as until
      from contracts where id = any(${contracts}) order by id`,
  ),
  statements: await rowsOf<Node & { number: string; order: string; total: string; settled_at: Date | null }>(
    read,
    sql`select id, state, created_at as at, number, order_id as "order", total_fen::text as total, settled_at
      from statements where order_id = any(${orders}) order by id`,
  ),
});

const used = async (read: Reader, chain: Chain) => {
  // Trials have no contract; they belong to the product, so they show only where the whole product does.
  const whole = chain.versions === null;
  const grants = await rowsOf<
    Node & { contract: string | null; product: string; buyer: string; trial: boolean; until: Date | null }
  >(
    read,
    sql`select id, state, valid_from as at, contract, product, buyer, trial, valid_until as until from delivery_grants
      where contract = any(${chain.contracts}) or (${whole} and trial and product = any(${chain.products})) order by id`,
  );
  const usage = await read.rows<{ grant: string; calls: string; rows: string; bytes: string; days: number }>(
    sql`select grant_id as grant, sum(call_count)::text as calls, sum(row_count)::text as rows, sum(byte_count)::text as bytes,
        count(*)::int as days from usage_days where grant_id = any(${grants.map((one) => one.id)}) group by grant_id order by grant_id`,
  );
  return { grants, usage };
};

export const traceFrom = async (read: Reader, start: Start) => {
  const chain = await chainOf(read, start);
  const parts = {
    ...(await registered(read, chain)),
    ...(await offered(read, chain)),
    ...(await traded(read, chain)),
    ...(await used(read, chain)),
  };
  const touched = [...chain.products, ...chain.listings, ...chain.contracts, ...parts.grants.map((one) => one.id)];
  const directives = await rowsOf<Node & { number: string; measure: string; target: string }>(
    read,
    sql`select id, state, coalesce(effective_at, created_at) as at, number, measure, target
      from directives where target = any(${touched}) order by id`,
  );
  const all = { ...parts, directives };
  const shown = Object.fromEntries(
    Object.entries(all).map(([kind, rows]) => [kind, rows.slice(0, most)]),
  ) as unknown as typeof all;
  const cut = Object.entries(all).flatMap(([kind, rows]) => (rows.length > most ? [kind] : []));
  return { start, ...shown, cut };
};

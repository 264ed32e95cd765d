import { type Sql, sql, type Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import type { Product, ProductFields, ProductState, ProductVersion } from './model.ts';

export const insertProduct = async (tx: Tx, participant: string, fields: ProductFields): Promise<string> => {
  const id = newId('prd', tx.now);
  await tx.exec(sql`insert into products (id, node, market, participant, kind, name, summary, description, resources, industry, region,
      keywords, scenarios, delivery_modes, update_cycle, coverage_from, coverage_until, language, state, revision, created_at, updated_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${fields.kind}, ${fields.name}, ${fields.summary},
      ${fields.description}, ${fields.resources}, ${fields.industry}, ${fields.region}, ${fields.keywords}, ${fields.scenarios},
      ${fields.deliveryModes}, ${fields.updateCycle}, ${fields.coverageFrom}, ${fields.coverageUntil}, ${fields.language},
      'draft', 1, ${tx.now}, ${tx.now})`);
  return id;
};

/** A product changed after `ready` goes back to draft: what is ready is always what the latest version holds. */
export const updateFields = (tx: Tx, product: Product, fields: ProductFields): Promise<number> =>
  tx.exec(sql`update products set name = ${fields.name}, summary = ${fields.summary}, description = ${fields.description},
    resources = ${fields.resources}, industry = ${fields.industry}, region = ${fields.region}, keywords = ${fields.keywords},
    scenarios = ${fields.scenarios}, delivery_modes = ${fields.deliveryModes}, update_cycle = ${fields.updateCycle},
    coverage_from = ${fields.coverageFrom}, coverage_until = ${fields.coverageUntil}, language = ${fields.language},
    state = 'draft', revision = revision + 1, updated_at = ${tx.now} where id = ${product.id}`);

const set = (tx: Tx, id: string, change: Sql): Promise<number> =>
  tx.exec(sql`update products set ${change}, revision = revision + 1, updated_at = ${tx.now} where id = ${id}`);

export const setState = (tx: Tx, id: string, state: ProductState): Promise<number> =>
  set(tx, id, sql`state = ${state}`);

export type NewVersion = Omit<ProductVersion, 'id' | 'createdAt'>;

export const insertVersion = async (tx: Tx, version: NewVersion): Promise<string> => {
  const id = newId('ver', tx.now);
  await tx.exec(sql`insert into product_versions (id, node, market, participant, product, number, note, about, tables, contract,
      contract_digest, created_by, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${version.participant}, ${version.product}, ${version.number},
      ${version.note}, ${JSON.stringify(version.about)}, ${JSON.stringify(version.tables)}, ${version.contract},
      ${version.contractDigest}, ${tx.actor.id}, ${tx.now})`);
  await set(tx, version.product, sql`latest_version = ${id}, state = 'draft'`);
  return id;
};

export const endPublication = async (tx: Tx, product: string): Promise<void> => {
  await tx.exec(
    sql`update product_publications set ended_at = ${tx.now} where product = ${product} and ended_at is null`,
  );
  await set(tx, product, sql`published_version = null, published_at = null`);
};

export const startPublication = async (tx: Tx, product: Product, version: string): Promise<void> => {
  await tx.exec(sql`insert into product_publications (version, started_at, node, market, participant, product, created_at)
    values (${version}, ${tx.now}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${product.participant}, ${product.id}, ${tx.now})
    on conflict (version, started_at) do update set ended_at = null`);
  await set(tx, product.id, sql`published_version = ${version}, published_at = ${tx.now}`);
};

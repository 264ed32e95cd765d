/** Use cases of products, each inside the caller's transaction. */
import { createHash } from 'node:crypto';
import { catalogueLimits } from '@shugu/wire/catalogue';
import { audit } from '../kernel/audit.ts';
import type { Reader, Tx } from '../kernel/db/db.ts';
import { emit } from '../kernel/outbox.ts';
import { kernelProblems, Problem } from '../kernel/problem.ts';
import { contractYaml } from './contract.ts';
import type { CatalogueEvents } from './events.ts';
import type {
  OperatingRightOf,
  OrganisationReads,
  Product,
  ProductFields,
  ProductVersion,
  ResourceDescription,
  ResourceReads,
  RightCover,
  VersionDraft,
  VersionTable,
} from './model.ts';
import { catalogueProblems as problems } from './problems.ts';
import { findVersion, lastNumber, lockProduct } from './reads.ts';
import {
  checkFields,
  checkLevels,
  checkTables,
  columnsOf,
  describeColumns,
  publicSample,
  schemaChanges,
  tableNames,
} from './rules.ts';
import { endPublication, insertProduct, insertVersion, setState, startPublication, updateFields } from './store.ts';

export interface CatalogueDeps {
  resources: ResourceReads;
  operatingRight: OperatingRightOf;
  organisations: OrganisationReads;
}

const refuse = (problem: Problem | undefined): void => {
  if (problem) throw problem;
};

const tell = <K extends keyof CatalogueEvents>(
  tx: Tx,
  type: K,
  product: Pick<Product, 'id' | 'participant'>,
  data: CatalogueEvents[K],
) => emit(tx, { type, subject: product.id, participant: product.participant, data: { ...data } });

/** A resource that a supplier may build on: its own, or one it holds the right to operate. */
const usableResource = async (
  deps: CatalogueDeps,
  read: Reader,
  participant: string,
  id: string,
  at: Date,
): Promise<ResourceDescription> => {
  const found = await deps.resources.resource(read, id);
  if (found && (found.participant === participant || (await deps.operatingRight(read, participant, id, at))))
    return found;
  throw problems.resourceUnknown({ field: 'body.resources', detail: id });
};

const checkResources = async (
  deps: CatalogueDeps,
  tx: Tx,
  participant: string,
  ids: readonly string[],
): Promise<void> => {
  if (new Set(ids).size !== ids.length)
    throw kernelProblems.invalid({
      field: 'body.resources',
      detail: { zh: '同一资源重复列出', en: 'a resource is named twice' },
    });
  for (const id of ids) await usableResource(deps, tx, participant, id, tx.now);
};

const own = async (tx: Tx, id: string): Promise<Product> => {
  const product = await lockProduct(tx, id);
  if (!product || product.participant !== tx.actor.participant) throw kernelProblems.unknown();
  return product;
};

const editable = async (tx: Tx, id: string): Promise<Product> => {
  const product = await own(tx, id);
  if (product.state === 'retired') throw problems.retired();
  return product;
};

export const createProduct = async (deps: CatalogueDeps, tx: Tx, fields: ProductFields): Promise<string> => {
  refuse(checkFields(fields));
  const participant = tx.actor.participant;
  await checkResources(deps, tx, participant, fields.resources);
  const id = await insertProduct(tx, participant, fields);
  await audit(tx, { action: 'catalogue.product.create', subject: id, data: { name: fields.name } });
  await tell(
    tx,
    'catalogue.product.created',
    { id, participant },
    { product: id, name: fields.name, kind: fields.kind },
  );
  return id;
};

export const changeProduct = async (
  deps: CatalogueDeps,
  tx: Tx,
  id: string,
  { revision, ...change }: Partial<ProductFields> & { revision: number },
): Promise<void> => {
  const product = await editable(tx, id);
  if (product.revision !== revision) throw kernelProblems.stale();
  const fields = { ...product, ...change };
  refuse(checkFields(fields));
  if (change.resources) await checkResources(deps, tx, product.participant, change.resources);
  await updateFields(tx, product, fields);
  await audit(tx, { action: 'catalogue.product.change', subject: id, data: { fields: Object.keys(change) } });
  await tell(tx, 'catalogue.product.changed', product, { product: id, revision: revision + 1 });
};

const tablesOf = async (
  deps: CatalogueDeps,
  tx: Tx,
  product: Product,
  draft: VersionDraft,
): Promise<VersionTable[]> => {
  const resources: ResourceDescription[] = [];
  for (const id of product.resources) {
    const found = await usableResource(deps, tx, product.participant, id, tx.now);
    if (found.columns.length === 0) throw problems.resourceNotReady({ detail: found.name });
    resources.push(found);
  }
  const names = tableNames(resources.map((resource) => resource.name));
  const stored = resources.map(
    (resource, at): VersionTable => ({
      name: names[at]!,
      resource: resource.id,
      columns: columnsOf(resource),
      rowCount: resource.rowCount,
      bytes: resource.bytes,
      objects: resource.objects,
      quality: (resource.quality ?? null) as VersionTable['quality'],
      sample: { columns: [], rows: [] },
    }),
  );
  const declared = draft.declared.map(
    (table): VersionTable => ({
      ...table,
      resource: null,
      rowCount: null,
      bytes: null,
      objects: { original: null, normal: null },
      quality: null,
      sample: { columns: [], rows: [] },
    }),
  );
  const described = describeColumns([...stored, ...declared], draft);
  if (described instanceof Problem) throw described;
  refuse(checkTables(product.kind, described));
  for (const table of described)
    if (table.resource && draft.sampleRows > 0) {
      const sample = await deps.resources.sample(tx, table.resource, draft.sampleRows);
      table.sample = publicSample(sample, table.columns, draft.sampleRows);
    }
  return described;
};

const aboutOf = (product: Product): Omit<ProductFields, 'resources'> => ({
  kind: product.kind,
  name: product.name,
  summary: product.summary,
  description: product.description,
  industry: product.industry,
  region: product.region,
  keywords: product.keywords,
  scenarios: product.scenarios,
  deliveryModes: product.deliveryModes,
  updateCycle: product.updateCycle,
  coverageFrom: product.coverageFrom,
  coverageUntil: product.coverageUntil,
  language: product.language,
});

/** Freezes what the product says and holds now. Content digests come from the resource, so delivery can prove what it gave. */
export const createVersion = async (
  deps: CatalogueDeps,
  tx: Tx,
  id: string,
  draft: VersionDraft,
): Promise<ProductVersion> => {
  const product = await editable(tx, id);
  const number = (await lastNumber(tx, id)) + 1;
  if (number > catalogueLimits.versionsPerProductMax) throw problems.versionsFull();
  const before = product.latestVersion ? await findVersion(tx, product.latestVersion) : undefined;
  const tables = await tablesOf(deps, tx, product, draft);
  const supplier = await deps.organisations.organisation(tx, product.participant);
  refuse(checkLevels(draft.serviceLevels));
  const about = { ...aboutOf(product), ...(draft.serviceLevels ? { serviceLevels: draft.serviceLevels } : {}) };
  const contract = contractYaml({
    product: id,
    number,
    about,
    tables,
    supplierName: supplier?.name ?? '',
    createdAt: tx.now,
  });
  const contractDigest = `sha256:${createHash('sha256').update(contract).digest('hex')}`;
  const version = await insertVersion(tx, {
    product: id,
    participant: product.participant,
    number,
    note: draft.note,
    about,
    tables,
    contract,
    contractDigest,
  });
  const breaking = before ? schemaChanges(before.tables, tables).some((change) => change.breaking) : false;
  await audit(tx, {
    action: 'catalogue.version.create',
    subject: version,
    data: { product: id, number, contractDigest },
  });
  await tell(tx, 'catalogue.version.created', product, { product: id, version, number, breaking });
  return (await findVersion(tx, version))!;
};

/** The supplier says: the latest version is what I want to list. Rights and the rest are checked at the listing review. */
export const readyProduct = async (tx: Tx, id: string): Promise<void> => {
  const product = await editable(tx, id);
  const latest = product.latestVersion ? await findVersion(tx, product.latestVersion) : undefined;
  if (!latest) throw problems.versionMissing();
  const resources = latest.tables.flatMap((table) => table.resource ?? []);
  const { serviceLevels: _, ...about } = latest.about;
  const same = JSON.stringify(resources) === JSON.stringify(product.resources);
  if (!same || JSON.stringify(sorted(about)) !== JSON.stringify(sorted(aboutOf(product))))
    throw problems.versionBehind();
  await setState(tx, id, 'ready');
  await audit(tx, { action: 'catalogue.product.ready', subject: id, data: { version: latest.id } });
  await tell(tx, 'catalogue.product.ready', product, { product: id, version: latest.id });
};

// jsonb gives members in an order of its own.
const sorted = (value: object): [string, unknown][] => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));

export const retireProduct = async (tx: Tx, id: string, reason: string): Promise<void> => {
  const product = await editable(tx, id);
  if (product.publishedVersion) throw problems.published();
  await setState(tx, id, 'retired');
  await audit(tx, { action: 'catalogue.product.retire', subject: id, data: { reason } });
  await tell(tx, 'catalogue.product.retired', product, { product: id, reason });
};

/** Called by the flow of listing events; `version` null takes the product off the market. Repeating it changes nothing. */
export const setPublished = async (tx: Tx, id: string, version: string | null): Promise<void> => {
  const product = await lockProduct(tx, id);
  if (!product) throw kernelProblems.unknown();
  if (product.publishedVersion === version) return;
  const shown = version ? await findVersion(tx, version) : undefined;
  if (version && shown?.product !== id) throw kernelProblems.unknown();
  await endPublication(tx, id);
  if (version) await startPublication(tx, product, version);
  await audit(tx, {
    action: 'catalogue.product.publish',
    subject: id,
    participant: product.participant,
    data: { version },
  });
  await tell(tx, 'catalogue.product.published', product, { product: id, version });
};

/** Which of a version's resources the supplier may operate at `at`; a resource without a right needs title proof instead. */
export const rightsOf = async (
  deps: CatalogueDeps,
  read: Reader,
  subject: { participant: string; resources: readonly string[] },
  at: Date,
): Promise<RightCover[]> =>
  Promise.all(
    subject.resources.map(async (resource) => ({
      resource,
      right: await deps.operatingRight(read, subject.participant, resource, at),
    })),
  );

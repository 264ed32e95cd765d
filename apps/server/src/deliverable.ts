/** A product version as delivery needs it: the catalogue's frozen tables with the registry's files. */
import type { Catalogue } from './catalogue/index.ts';
import type { DeliverableFile, DeliverableVersion } from './delivery/index.ts';
import type { Reader } from './kernel/db/db.ts';
import type { ObjectStore } from './kernel/objects.ts';
import type { Registry } from './registry/index.ts';

interface Sources {
  catalogue: Catalogue;
  registry: Registry;
  objects: ObjectStore;
}

type Table = DeliverableVersion['tables'][number];

const fileOf = async (
  objects: ObjectStore,
  digest: string | null,
  name: string,
  contentType: string,
): Promise<DeliverableFile | null> => {
  const bytes = digest === null ? undefined : await objects.size(digest);
  return digest === null || bytes === undefined ? null : { name, digest, bytes, contentType };
};

/** Of the report's own count, such as 10/12: cells that hold something, of all. */
const cellsOf = (digest: string | null, quality: unknown): Table['cells'] => {
  const { metrics = [] } = (quality ?? {}) as { metrics?: { id: string; value: string }[] };
  const [filled, all] = (metrics.find(({ id }) => id === 'completeness.overall')?.value ?? '').split('/').map(Number);
  return digest !== null && Number.isInteger(filled) && all ? [{ digest, filled: filled!, all }] : [];
};

const tableOf = async (
  { registry, objects }: Sources,
  read: Reader,
  table: {
    name: string;
    resource: string | null;
    columns: { name: string }[];
    rowCount: number | null;
    quality: unknown;
    objects: { original: string | null; normal: string | null };
  },
): Promise<Table> => {
  const { name, columns, rowCount } = table;
  const original = await fileOf(objects, table.objects.original, name, 'application/octet-stream');
  const file = await fileOf(objects, table.objects.normal, `${name}.parquet`, 'application/vnd.apache.parquet');
  // The folder belongs to the newest upload; a version keeps to the content it froze.
  const described = table.resource ? await registry.resource(read, table.resource) : undefined;
  const newest = described
    ? await fileOf(objects, described.objects.normal, `${name}.parquet`, 'application/vnd.apache.parquet')
    : null;
  const normal =
    described?.objects.normal === table.objects.normal ? await registry.normalForm(read, table.resource!) : undefined;
  return {
    name,
    columns,
    rowCount,
    cells: [
      ...cellsOf(table.objects.normal, table.quality),
      ...(described ? cellsOf(described.objects.normal, described.quality) : []),
    ],
    original,
    normal: file && normal ? { ...file, folder: normal.folder } : null,
    data: file,
    newest: newest && described ? { ...newest, columns: described.columns } : null,
  };
};

export const deliverable =
  (sources: Sources) =>
  async (read: Reader, id: string): Promise<DeliverableVersion | undefined> => {
    const version = await sources.catalogue.version(read, id);
    if (!version) return undefined;
    const tables: Table[] = [];
    for (const table of version.tables) tables.push(await tableOf(sources, read, table));
    return {
      id: version.id,
      product: version.product,
      productName: version.about.name,
      participant: version.participant,
      deliveryModes: version.about.deliveryModes,
      createdAt: version.createdAt,
      serviceLevels: version.about.serviceLevels ?? null,
      tables,
    };
  };

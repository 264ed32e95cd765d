/** The job that cuts a version's data to the terms of grants, revision by revision. */
import { access, mkdir } from 'node:fs/promises';
import { effectsKey, type ShareManifest, type ShareTable } from '@shugu/gateway';
import type { Watermark } from '@shugu/policy';
import type { Synthetic } from '@shugu/watermark';
import type { Text } from '@shugu/wire';
import { ChildError } from '../../kernel/child/error.ts';
import type { Database } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { Job, JobContext, JobHandler } from '../../kernel/jobs.ts';
import type { Cut, DeliverableVersion, Revision } from '../model.ts';
import { builtCuts, findCut, revisionAfter } from '../reads.ts';
import { shareTableNames } from '../rules.ts';
import { type CutInput, cutTable } from '../share/cut.ts';
import { cutFolder, manifestPath, readManifest, writeManifest } from '../share/manifest.ts';
import * as store from '../store.ts';
import type { ServiceDeps } from './deps.ts';
import { passingFaults } from './endpoints.ts';
import { refreshVersion } from './grants.ts';
import { askAgain } from './share.ts';

/** Nine row groups: large enough that a million rows are read in one go, small enough that statistics leave files out. */
const rowsPerFile = 1_105_920;

const noVersion: Text = { zh: '产品版本已不可用', en: 'The version is no longer there' };

const notMarked = (column: string): Text => ({
  zh: `水印改动的字段“${column}”不在数据中`,
  en: `The column ${column}, which the watermark alters, is not in the data`,
});

const tooFewRows: Text = {
  zh: '行数过少，无法掺入合成行以加注水印',
  en: 'There are too few rows to make up others for the watermark',
};

const bearsMark = ({ altered }: Watermark, synthetic: Record<string, Synthetic>): boolean =>
  Object.keys(altered).length > 0 || Object.values(synthetic).some(({ rows }) => rows.length > 0);

interface Work {
  deps: ServiceDeps;
  cut: Cut;
  version: DeliverableVersion | undefined;
  folder: string;
  context: JobContext;
}

const inputOf = async (
  { deps, cut, version, folder }: Work,
  name: string,
  digest: string,
): Promise<Omit<CutInput, 'before'>> => {
  const { columns, masks, rowFilter, line, copy, watermark } = cut;
  const plane = deps.plane();
  if (line && !plane) throw new Error('the gateway is not open');
  return {
    source: await deps.localPath(digest),
    folder,
    dictionary: version?.tables.find((table) => table.name === name)?.columns.map((column) => column.name) ?? [],
    columns,
    masks,
    rowFilter,
    maskKey: line && plane ? plane.maskKey(line).toString('hex') : null,
    watermark:
      watermark && copy
        ? { ...watermark, key: (await deps.copyKey(copy)).toString('hex'), synthetic: cut.synthetic?.[name] ?? null }
        : null,
    rowsPerFile,
  };
};

/** The table with one version more. */
const cutRevision = async (
  work: Work,
  revision: Revision,
  at: number,
  before: ShareTable | undefined,
): Promise<{ table: ShareTable; synthetic: Synthetic | null }> => {
  const { name, digest } = revision.tables[at]!;
  const known = before?.versions.at(-1)?.files.map((id) => ({ id, name: before.files[id]!.name }));
  const made = await cutTable(
    {
      ...(await inputOf(work, name, digest)),
      before: before && known ? { fields: before.fields, files: known } : null,
    },
    { signal: work.context.signal },
  );
  const files = { ...before?.files };
  for (const { id, file } of [...made.files, ...made.changes]) files[id] = file;
  const version = {
    version: revision.number,
    timestamp: revision.publishedAt.getTime(),
    files: made.files.map(({ id }) => id),
    changes: made.changes.map(({ id }) => id),
  };
  const table = {
    id: `${work.cut.id}-${at}`,
    name: shareTableNames(revision.tables.map((table) => table.name))[at]!,
    fields: made.fields,
    versions: [...(before?.versions ?? []), version],
    files,
  };
  return { table, synthetic: made.synthetic };
};

const faultFrom = (error: unknown): Text => {
  if (error instanceof ChildError && !passingFaults.includes(error.code)) return { zh: error.zh, en: error.en };
  throw error;
};

type Built = { manifest: ShareManifest | null; fault: Text | null; synthetic: Cut['synthetic'] };

/** A revision that cannot be cut is passed over: its holders keep the one before, and its supplier is told why. */
const build = async (work: Work, revision: Revision, before: ShareManifest | null): Promise<Built> => {
  const { copy, watermark, synthetic: known } = work.cut;
  const refused = (fault: Text): Built => ({ manifest: before, fault, synthetic: known });
  if (!work.version) return refused(noVersion);
  const names = new Set(work.version.tables.flatMap(({ columns }) => columns.map(({ name }) => name)));
  // Passed over, it would leave a copy that no one can trace.
  const missing = Object.keys(watermark?.altered ?? {}).find((name) => !names.has(name));
  if (missing !== undefined) return refused(notMarked(missing));
  try {
    const tables: ShareTable[] = [];
    const synthetic = { ...known };
    for (const at of revision.tables.keys()) {
      await work.context.progress(at / revision.tables.length, `${revision.number}: ${revision.tables[at]!.name}`);
      const made = await cutRevision(work, revision, at, before?.tables[at]);
      tables.push(made.table);
      if (made.synthetic) synthetic[revision.tables[at]!.name] = made.synthetic;
    }
    if (watermark && !bearsMark(watermark, synthetic)) return refused(tooFewRows);
    const manifest = { format: 1 as const, effects: effectsKey(work.cut), ...(copy ? { copy } : {}), tables };
    return { manifest, fault: null, synthetic };
  } catch (error) {
    return refused(faultFrom(error));
  }
};

const rowsOf = ({ tables }: ShareManifest): number =>
  tables.reduce(
    (sum, { versions, files }) =>
      sum + (versions.at(-1)?.files ?? []).reduce((rows, id) => rows + files[id]!.stats.numRecords, 0),
    0,
  );

const settle = ({ deps, cut, context }: Work, number: number, { manifest, fault, synthetic }: Built): Promise<void> =>
  context.database.tx(systemActor('delivery'), async (tx) => {
    if (!manifest) {
      await store.setCutFailed(tx, cut.id, fault ?? noVersion);
      return;
    }
    await store.setCutReady(tx, cut.id, { built: number, rows: rowsOf(manifest), fault, synthetic });
    // Puts it in service, opens grants that waited for it, and asks for the next should there be one.
    await refreshVersion(deps, tx, cut.version);
  });

/** One revision a job: the oldest that is not cut yet. */
export const cutJobHandler =
  (deps: ServiceDeps): JobHandler =>
  async (job: Job, context) => {
    const cut = await findCut(context.database, (job.data as { cut: string }).cut);
    const revision = cut && (await revisionAfter(context.database, cut.version, cut.built ?? -1));
    if (!cut || !revision || cut.state === 'ready') return { superseded: true };
    const version = await deps.version(context.database, cut.version);
    const shares = await deps.sharesFolder();
    const work = { deps, cut, version, folder: cutFolder(shares, cut.id), context };
    await mkdir(work.folder, { recursive: true });
    const before = cut.built === null ? null : await readManifest(manifestPath(shares, cut.id, cut.built));
    const built = await build(work, revision, before);
    if (built.manifest) await writeManifest(manifestPath(shares, cut.id, revision.number), built.manifest);
    await settle(work, revision.number, built);
    return built.manifest ? { rows: rowsOf(built.manifest) } : { failed: built.fault };
  };

/** At start: cuts are made from data and are not in a backup; what is missing is made again. */
export const recutMissing = async (deps: ServiceDeps, database: Database): Promise<number> => {
  const shares = await deps.sharesFolder();
  let missing = 0;
  for (const cut of await builtCuts(database)) {
    const there = await access(manifestPath(shares, cut.id, cut.built!)).then(
      () => true,
      () => false,
    );
    if (there) continue;
    missing += 1;
    await database.tx(systemActor('delivery'), (tx) => askAgain(tx, cut));
  }
  return missing;
};

/** Endpoints: the supplier says how a version is delivered; a job copies tables into stores made for look-ups. */
import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Text } from '@shugu/wire';
import { ChildError } from '../../kernel/child/error.ts';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import type { Job, JobContext, JobHandler } from '../../kernel/jobs.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { ApiDraft, Endpoint, EndpointConfig, EndpointDraft } from '../model.ts';
import { storeName, storePath, storeTable } from '../plane/stores.ts';
import { problems } from '../problems.ts';
import { apiEndpoints, endpointsOf, findEndpoint } from '../reads.ts';
import { copiedColumns } from '../rules.ts';
import * as store from '../store.ts';
import type { ServiceDeps } from './deps.ts';
import { enqueueBuild, setDrafts } from './drafts.ts';
import { refreshVersion } from './grants.ts';

/** In the name of `tx.actor.participant`, who must be the version's supplier. Kinds that are not named stay. */
export const setEndpoints = async (
  deps: ServiceDeps,
  tx: Tx,
  versionId: string,
  drafts: readonly EndpointDraft[],
): Promise<Endpoint[]> => {
  const version = await deps.version(tx, versionId);
  if (!version || version.participant !== tx.actor.participant) throw kernelProblems.unknown();
  if (new Set(drafts.map(({ kind }) => kind)).size !== drafts.length)
    throw problems.kindTwice({ field: 'body.endpoints' });
  await setDrafts(deps, tx, version, drafts);
  await refreshVersion(deps, tx, versionId);
  return endpointsOf(tx, versionId);
};

const cannotBuild: Text = { zh: '数据文件已不可用', en: 'The data is no longer there' };
const otherData: Text = {
  zh: '数据已更新，与该版本登记的内容不一致',
  en: 'The data differs from what the version was made of',
};

/** A version is frozen: what was uploaded since must not be delivered under its name. */
const isOfVersion = async ({ folder, digest }: { folder: string; digest: string }): Promise<boolean> => {
  const schema = JSON.parse(await readFile(join(folder, 'schema.json'), 'utf8')) as { normal: { digest: string } };
  return `sha256:${schema.normal.digest}` === digest;
};

/** Faults of the machine, not of the table: another try may do. */
export const passingFaults = ['child.queue-full', 'child.cancelled', 'child.time-out', 'child.exited'];

const build = async (
  deps: ServiceDeps,
  endpoint: Endpoint,
  draft: ApiDraft,
  context: JobContext,
): Promise<{ config: EndpointConfig; rows: number } | Text> => {
  const version = await deps.version(context.database, endpoint.version);
  const table = version?.tables.find(({ name }) => name === draft.table);
  if (!table?.normal) return cannotBuild;
  if (!(await isOfVersion(table.normal))) return otherData;
  const { rowCount } = table;
  const name = storeName(endpoint.id, endpoint.revision);
  const path = storePath(await deps.storesFolder(), name);
  const indexes = [draft.keyColumns, ...draft.filterColumns.map((column) => [column])];
  const cancel = new AbortController();
  let told = 0;
  const onProgress = (progress: unknown) => {
    const { rows } = progress as { rows: number };
    if (!rowCount || rows - told < rowCount / 20) return;
    told = rows;
    context.progress(Math.min(0.99, rows / rowCount), `${rows} / ${rowCount}`).catch(() => cancel.abort());
  };
  try {
    const { rows } = await deps.buildTableStore(
      { folder: table.normal.folder, path, table: storeTable, indexes, columns: copiedColumns(draft) },
      { onProgress, signal: AbortSignal.any([context.signal, cancel.signal]) },
    );
    const { keyColumns, filterColumns, rowsMax } = draft;
    return { config: { kind: 'api', store: name, keyColumns, filterColumns, rowsMax }, rows };
  } catch (error) {
    if (!(error instanceof ChildError) || passingFaults.includes(error.code)) throw error;
    return { zh: error.zh, en: error.en };
  }
};

/** Builds the store of one revision, puts it in service, and removes the one before the last. */
export const storeJobHandler =
  (deps: ServiceDeps): JobHandler =>
  async (job: Job, context) => {
    const { endpoint: id, revision } = job.data as { endpoint: string; revision: number };
    const endpoint = await findEndpoint(context.database, id);
    if (!endpoint || endpoint.revision !== revision || endpoint.draft.kind !== 'api') return { superseded: true };
    const built = await build(deps, endpoint, endpoint.draft, context);
    await context.database.tx(systemActor('delivery'), async (tx) => {
      const data = { endpoint: id, version: endpoint.version, kind: endpoint.kind };
      if ('config' in built) {
        if (!(await store.setEndpointReady(tx, id, revision, built.config, built.rows))) return;
        await emit(tx, { type: 'delivery.endpoint.ready', subject: id, participant: endpoint.participant, data });
        await refreshVersion(deps, tx, endpoint.version);
      } else {
        if (!(await store.setEndpointFailed(tx, id, revision, built))) return;
        await emit(tx, { type: 'delivery.endpoint.failed', subject: id, participant: endpoint.participant, data });
      }
    });
    await rm(storePath(await deps.storesFolder(), storeName(id, revision - 2)), { force: true });
    return 'config' in built ? { rows: built.rows } : { failed: built };
  };

/** At start: stores are made from data and are not in a backup; what is missing is built again. */
export const rebuildMissing = async (deps: ServiceDeps, database: Database): Promise<number> => {
  const folder = await deps.storesFolder();
  let missing = 0;
  for (const endpoint of await apiEndpoints(database)) {
    if (endpoint.config?.kind !== 'api') continue;
    const there = await access(storePath(folder, endpoint.config.store)).then(
      () => true,
      () => false,
    );
    if (there) continue;
    missing += 1;
    await database.tx(systemActor('delivery'), async (tx) => {
      const job = await enqueueBuild(tx, endpoint, endpoint.revision, endpoint.id);
      await store.setEndpointBuilding(tx, endpoint.id, job ?? null);
    });
  }
  return missing;
};

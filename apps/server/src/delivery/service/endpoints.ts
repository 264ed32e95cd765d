/** Endpoints: the supplier says how a version is delivered; a job copies tables into stores made for look-ups. */
import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Text } from '@shugu/wire';
import { endpointDraft } from '@shugu/wire/delivery';
import { audit } from '../../kernel/audit.ts';
import { ChildError } from '../../kernel/child/error.ts';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { enqueue, type Job, type JobContext, type JobHandler } from '../../kernel/jobs.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type {
  ApiDraft,
  DeliverableVersion,
  Endpoint,
  EndpointConfig,
  EndpointDraft,
  EndpointInput,
  KeptDraft,
} from '../model.ts';
import { storeName, storePath, storeTable } from '../plane/stores.ts';
import { problems } from '../problems.ts';
import { apiEndpoints, endpointsOf, findEndpoint } from '../reads.ts';
import { checkDraft, copiedColumns, filesOf } from '../rules.ts';
import * as store from '../store.ts';
import type { ServiceDeps } from './deps.ts';
import { refreshVersion } from './grants.ts';

export const storeJob = 'delivery.pointStore';

const enqueueBuild = (tx: Tx, endpoint: { id: string; participant: string }, revision: number, name: string) =>
  enqueue(tx, {
    kind: storeJob,
    title: { zh: `生成查询接口：${name}`, en: `Build the look-up of ${name}` },
    data: { endpoint: endpoint.id, revision },
    participant: endpoint.participant,
  });

const readyConfig = (draft: EndpointDraft, version: DeliverableVersion): EndpointConfig | null => {
  if (draft.kind === 'api') return null;
  if (draft.kind === 'proxy') {
    const { kind, upstream, methods, rowsMember } = draft;
    return { kind, upstream, methods, ...(rowsMember ? { rowsMember } : {}) };
  }
  const files = filesOf(draft, version);
  if (files instanceof Error) throw files;
  return { kind: 'file', files };
};

/** The secret given now, or the one kept for the same header and host: it must not follow to another server. */
const secretFor = async (
  deps: ServiceDeps,
  tx: Tx,
  id: string,
  draft: EndpointDraft,
  before: Endpoint | undefined,
): Promise<string | null> => {
  if (draft.kind !== 'proxy' || !draft.secretHeader) return null;
  if (draft.secret) return deps.seal.seal(tx, id, draft.secret);
  if (before?.draft.kind !== 'proxy' || before.draft.secretHeader !== draft.secretHeader) return null;
  return new URL(before.draft.upstream).origin === new URL(draft.upstream).origin ? before.secretSealed : null;
};

const withoutSecret = (draft: EndpointDraft): KeptDraft => {
  if (draft.kind !== 'proxy') return draft;
  const { secret: _, ...kept } = draft;
  return kept;
};

const setOne = async (
  deps: ServiceDeps,
  tx: Tx,
  version: DeliverableVersion,
  draft: EndpointDraft,
  held: Endpoint[],
) => {
  const fault = checkDraft(draft, version, deps.allowedUpstreams);
  if (fault) throw fault;
  const before = held.find(({ kind }) => kind === draft.kind);
  const kept = withoutSecret(draft);
  const newSecret = draft.kind === 'proxy' && draft.secret !== undefined;
  if (before?.state === 'ready' && !newSecret && JSON.stringify(before.draft) === JSON.stringify(kept)) return;
  const id = before?.id ?? newId('end', tx.now);
  const secretSealed = await secretFor(deps, tx, id, draft, before);
  const config = readyConfig(draft, version);
  const { participant, product } = version;
  const revision = (before?.revision ?? 0) + 1;
  const job =
    config === null ? ((await enqueueBuild(tx, { id, participant }, revision, version.productName)) ?? null) : null;
  await store.putEndpoint(tx, {
    id,
    participant,
    product,
    version: version.id,
    kind: draft.kind,
    state: config === null ? 'building' : 'ready',
    draft: kept,
    config,
    secretSealed,
    job,
  });
  await audit(tx, { action: 'delivery.endpoint.set', subject: id, participant, data: { kind: draft.kind, revision } });
  tx.afterCommit(() => deps.plane()?.forgetSecret(id));
};

const setAll = async (
  deps: ServiceDeps,
  tx: Tx,
  version: DeliverableVersion,
  drafts: readonly EndpointDraft[],
): Promise<void> => {
  const held = await endpointsOf(tx, version.id);
  for (const draft of drafts) await setOne(deps, tx, version, draft, held);
};

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
  await setAll(deps, tx, version, drafts);
  await refreshVersion(deps, tx, versionId);
  return endpointsOf(tx, versionId);
};

/** Before a grant opens: drafts that came with it, and files as they are, for kinds that have no endpoint yet. */
export const completeEndpoints = async (
  deps: ServiceDeps,
  tx: Tx,
  versionId: string,
  drivers: readonly ({ kind: EndpointDraft['kind'] } | EndpointInput)[],
): Promise<void> => {
  const held = await endpointsOf(tx, versionId);
  const missing = drivers.filter(({ kind }) => !held.some((one) => one.kind === kind));
  const drafts = missing.flatMap((driver) => {
    const parsed = endpointDraft.safeParse(driver);
    return parsed.success ? [parsed.data] : [];
  });
  if (drafts.length === 0) return;
  const version = await deps.version(tx, versionId);
  const possible = drafts.filter((draft) => version && !checkDraft(draft, version, deps.allowedUpstreams));
  if (version) await setAll(deps, tx, version, possible);
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
const passing = ['child.queue-full', 'child.cancelled', 'child.time-out', 'child.exited'];

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
    if (!(error instanceof ChildError) || passing.includes(error.code)) throw error;
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

/** What a supplier says about the delivery of a version, checked and kept; stores are asked for, not built, here. */
import { isDeepStrictEqual } from 'node:util';
import { endpointDraft } from '@shugu/wire/delivery';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { enqueue } from '../../kernel/jobs.ts';
import type {
  DeliverableVersion,
  Endpoint,
  EndpointConfig,
  EndpointDraft,
  EndpointInput,
  KeptDraft,
} from '../model.ts';
import { endpointsOf } from '../reads.ts';
import { checkDraft, filesOf } from '../rules.ts';
import * as store from '../store.ts';
import { checkMarkable } from './copies.ts';
import type { ServiceDeps } from './deps.ts';
import { queryConfig } from './queries.ts';
import { publishFirst } from './share.ts';

export const storeJob = 'delivery.pointStore';

export const enqueueBuild = (tx: Tx, endpoint: { id: string; participant: string }, revision: number, name: string) =>
  enqueue(tx, {
    kind: storeJob,
    title: { zh: `生成查询接口：${name}`, en: `Build the look-up of ${name}` },
    data: { endpoint: endpoint.id, revision },
    participant: endpoint.participant,
  });

const readyConfig = async (
  deps: ServiceDeps,
  tx: Tx,
  draft: EndpointDraft,
  version: DeliverableVersion,
): Promise<EndpointConfig | null> => {
  if (draft.kind === 'api') return null;
  if (draft.kind === 'query') return queryConfig(deps, draft, version);
  if (draft.kind === 'share') return { kind: 'share' };
  if (draft.kind === 'proxy') {
    const { kind, upstream, methods, rowsMember } = draft;
    return { kind, upstream, methods, ...(rowsMember ? { rowsMember } : {}) };
  }
  const files = filesOf(draft, version);
  if (files instanceof Error) throw files;
  await checkMarkable(deps, tx, version, files);
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

/** The document given now, or the one kept; an empty one takes it away. */
const keptOf = (draft: EndpointDraft, before: Endpoint | undefined): KeptDraft => {
  if (draft.kind !== 'proxy') return draft;
  const { secret: _, document, ...kept } = draft;
  const told = document ?? (before?.draft.kind === 'proxy' ? before.draft.document : undefined);
  return told ? { ...kept, document: told } : kept;
};

// Kept as jsonb: its members come back in another order.
const isSame = (held: KeptDraft, draft: KeptDraft): boolean =>
  isDeepStrictEqual(held, JSON.parse(JSON.stringify(draft)));

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
  const kept = keptOf(draft, before);
  const newSecret = draft.kind === 'proxy' && draft.secret !== undefined;
  if (before?.state === 'ready' && !newSecret && isSame(before.draft, kept)) return;
  const id = before?.id ?? newId('end', tx.now);
  const secretSealed = await secretFor(deps, tx, id, draft, before);
  const config = await readyConfig(deps, tx, draft, version);
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
  if (draft.kind === 'share') await publishFirst(tx, version);
  await audit(tx, { action: 'delivery.endpoint.set', subject: id, participant, data: { kind: draft.kind, revision } });
  tx.afterCommit(() => deps.plane()?.forgetSecret(id));
};

export const setDrafts = async (
  deps: ServiceDeps,
  tx: Tx,
  version: DeliverableVersion,
  drafts: readonly EndpointDraft[],
): Promise<void> => {
  const held = await endpointsOf(tx, version.id);
  for (const draft of drafts) await setOne(deps, tx, version, draft, held);
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
  if (version) await setDrafts(deps, tx, version, possible);
};

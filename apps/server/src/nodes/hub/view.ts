/** Nodes and their entries as others read them. */
import type { Reader } from '../../kernel/db/db.ts';
import type { Credential, NodesDeps } from '../model.ts';
import { standingOf } from '../rules.ts';
import type { EntryRow, NodeView } from './store.ts';

export const credentialOf = async (deps: NodesDeps, read: Reader, paper: string | null): Promise<Credential> => {
  const row = paper === null ? undefined : await deps.issue.read(read, paper);
  return row ? { number: row.number, verifyCode: row.verify_code } : null;
};

const iso = (at: Date | null) => at?.toISOString() ?? null;

export const nodeView = async (deps: NodesDeps, read: Reader, row: NodeView) => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  connectorType: row.connector_type,
  operator: { name: row.operator_name, creditCode: row.credit_code },
  url: row.url,
  origin: row.origin,
  keyId: row.key_id,
  standing: standingOf(
    { state: row.state, heartbeatAt: row.heartbeat_at, behindSince: row.behind_since },
    deps.now(),
    deps.settings.beatSeconds,
  ),
  reason: row.reason,
  heartbeatAt: iso(row.heartbeat_at),
  // What a revoked node published is hidden, and so not counted.
  listings: row.state === 'active' ? row.listings : 0,
  demands: row.state === 'active' ? row.demands : 0,
  lag: row.announced - row.held,
  credential: await credentialOf(deps, read, row.paper),
  appliedAt: row.applied_at.toISOString(),
  activatedAt: iso(row.activated_at),
  endedAt: iso(row.ended_at),
});

export const entryView = (row: EntryRow) => ({
  node: { id: row.node_id, name: row.node_name, kind: row.node_kind, url: row.node_url },
  kind: row.kind,
  subject: row.subject,
  version: row.content.version,
  digest: row.digest,
  title: row.content.title,
  summary: row.content.summary,
  price: row.content.price,
  by: row.content.by,
  industry: row.content.industry,
  url: row.node_url + row.content.path,
  connector: row.content.connector ?? null,
  at: row.at.toISOString(),
});

import type { Plan } from '@shugu/policy';
import type { Text } from '@shugu/wire';
import { type Sql, sql, type Tx } from '../kernel/db/db.ts';
import type { LoggedStatement } from '../kernel/issue/statement.ts';
import type {
  Bound,
  Cut,
  DeliveryKind,
  Endpoint,
  EndpointConfig,
  FileCopy,
  Grant,
  GrantKey,
  GrantState,
  KeptDraft,
  Revision,
  ServicePeriod,
  Trace,
} from './model.ts';

export interface NewEndpoint {
  id: string;
  participant: string;
  version: string;
  product: string;
  kind: DeliveryKind;
  state: Endpoint['state'];
  draft: KeptDraft;
  config: EndpointConfig | null;
  secretSealed: string | null;
  job: string | null;
}

/** Inserts, or replaces the one of that kind and counts its revision up. A config that is null leaves the one being served. */
export const putEndpoint = async (tx: Tx, one: NewEndpoint): Promise<void> => {
  await tx.exec(sql`insert into delivery_endpoints as held (id, node, market, participant, version, product, kind, state, draft, config,
      secret_sealed, revision, job, created_at, updated_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.version}, ${one.product}, ${one.kind}, ${one.state},
      ${JSON.stringify(one.draft)}, ${one.config === null ? null : JSON.stringify(one.config)}, ${one.secretSealed}, 1, ${one.job}, ${tx.now}, ${tx.now})
    on conflict (version, kind) do update set state = excluded.state, draft = excluded.draft, config = coalesce(excluded.config, held.config),
      secret_sealed = excluded.secret_sealed, fault = null, revision = held.revision + 1, job = excluded.job, updated_at = excluded.updated_at`);
};

export const setEndpointReady = (
  tx: Tx,
  id: string,
  revision: number,
  config: EndpointConfig,
  rows: number,
): Promise<number> =>
  tx.exec(sql`update delivery_endpoints set state = 'ready', config = ${JSON.stringify(config)}, rows_built = ${rows}, fault = null,
    updated_at = ${tx.now} where id = ${id} and revision = ${revision}`);

export const setEndpointFailed = (tx: Tx, id: string, revision: number, fault: Text): Promise<number> =>
  tx.exec(sql`update delivery_endpoints set state = 'failed', fault = ${JSON.stringify(fault)}, updated_at = ${tx.now}
    where id = ${id} and revision = ${revision}`);

/** Its store is gone and must be built again; nothing is served meanwhile. */
export const setEndpointBuilding = (tx: Tx, id: string, job: string | null): Promise<number> =>
  tx.exec(
    sql`update delivery_endpoints set state = 'building', config = null, job = ${job}, updated_at = ${tx.now} where id = ${id}`,
  );

export const insertGrant = async (tx: Tx, one: Grant): Promise<void> => {
  await tx.exec(sql`insert into delivery_grants (id, node, market, participant, buyer, buyer_region, contract, order_reference, product, version,
      product_name, trial, state, reason, plan, policy_hash, bound, kinds, service_levels, default_purpose, default_action, valid_from, valid_until, revision, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.supplier}, ${one.buyer}, ${one.buyerRegion}, ${one.contract}, ${one.order},
      ${one.product}, ${one.version}, ${one.productName}, ${one.trial}, ${one.state}, ${one.reason}, ${JSON.stringify(one.plan)}, ${one.policyHash},
      ${one.bound ? JSON.stringify(one.bound) : null}, ${one.kinds}, ${one.levels ? JSON.stringify(one.levels) : null},
      ${one.defaultPurpose}, ${one.defaultAction}, ${one.from}, ${one.until}, ${one.revision}, ${tx.now})`);
};

/** Every change that the gateway must see counts the revision up; it is the answer. */
const touch = async (tx: Tx, id: string, change: Sql): Promise<number> =>
  (
    await tx.one<{ revision: number }>(
      sql`update delivery_grants set revision = revision + 1, ${change} where id = ${id} returning revision`,
    )
  ).revision;

export const touchGrant = (tx: Tx, id: string): Promise<number> => touch(tx, id, sql`id = id`);

export const setGrantTerms = (
  tx: Tx,
  id: string,
  terms: { plan: Plan; policyHash: string; from: Date; until: Date | null },
): Promise<number> =>
  touch(
    tx,
    id,
    sql`plan = ${JSON.stringify(terms.plan)}, policy_hash = ${terms.policyHash}, valid_from = ${terms.from}, valid_until = ${terms.until}`,
  );

export const setGrantBound = (tx: Tx, id: string, bound: Bound | null): Promise<number> =>
  touch(tx, id, sql`bound = ${bound ? JSON.stringify(bound) : null}`);

export const setGrantPlan = (tx: Tx, id: string, plan: Plan): Promise<number> =>
  touch(tx, id, sql`plan = ${JSON.stringify(plan)}`);

export const setGrantState = (tx: Tx, id: string, state: GrantState, reason: string | null): Promise<number> =>
  touch(
    tx,
    id,
    sql`state = ${state}, reason = ${reason}, ended_at = ${state === 'withdrawn' || state === 'expired' ? tx.now : null}`,
  );

/** Once for a grant and a month; false when it was judged before. */
export const insertPeriod = async (
  tx: Tx,
  one: Omit<ServicePeriod, 'grant' | 'contract' | 'createdAt'> & { grant: Grant },
): Promise<boolean> =>
  (await tx.exec(sql`insert into service_periods (id, node, market, participant, buyer, grant_id, contract, order_reference, period,
      starts_at, ends_at, levels, findings, evidence, breached, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.grant.supplier}, ${one.grant.buyer}, ${one.grant.id},
      ${one.grant.contract}, ${one.grant.order}, ${one.period}, ${one.from}, ${one.until}, ${JSON.stringify(one.levels)},
      ${JSON.stringify(one.findings)}, ${JSON.stringify(one.evidence)}, ${one.breached}, ${tx.now})
    on conflict (grant_id, period) do nothing`)) > 0;

export const insertKey = async (tx: Tx, key: GrantKey, hash: string, buyer: string): Promise<void> => {
  await tx.exec(sql`insert into delivery_keys (id, node, market, participant, grant_id, name, prefix, hash, created_by, created_at,
      revoked_at, expires_at)
    values (${key.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${buyer}, ${key.grant}, ${key.name}, ${key.prefix}, ${hash},
      ${tx.actor.id}, ${tx.now}, ${key.revokedAt}, ${key.expiresAt})`);
};

/** Another secret in its place, which lives until then. */
export const replaceKey = (
  tx: Tx,
  id: string,
  { hash, prefix, expiresAt }: { hash: string; prefix: string; expiresAt: Date },
): Promise<number> =>
  tx.exec(sql`update delivery_keys set hash = ${hash}, prefix = ${prefix}, created_at = ${tx.now}, revoked_at = ${expiresAt},
    expires_at = ${expiresAt}, dropped = false where id = ${id}`);

/** Ends a key at `at`; one that ends earlier stays as it is. */
export const endKey = (tx: Tx, id: string, at: Date): Promise<number> =>
  tx.exec(sql`update delivery_keys set revoked_at = least(coalesce(revoked_at, ${at}), ${at}) where id = ${id}`);

/** A key whose end was a suspension goes on, to its own end where it has one. */
export const reviveKey = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update delivery_keys set revoked_at = expires_at, dropped = false where id = ${id}`);

export const setKeysDropped = (tx: Tx, ids: readonly string[]): Promise<number> =>
  tx.exec(sql`update delivery_keys set dropped = true where id = any(${[...ids]})`);

export const insertSuspension = async (
  tx: Tx,
  one: { id: string; kind: string; target: string; reason: string },
): Promise<void> => {
  await tx.exec(sql`insert into delivery_suspensions (id, node, market, participant, target_kind, target, reason, ordered_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${one.kind}, ${one.target}, ${one.reason}, ${tx.actor.id}, ${tx.now})`);
};

export const liftSuspensions = (tx: Tx, kind: string, target: string): Promise<number> =>
  tx.exec(sql`update delivery_suspensions set lifted_by = ${tx.actor.id}, lifted_at = ${tx.now}
    where target_kind = ${kind} and target = ${target} and lifted_at is null`);

export const insertRevision = async (tx: Tx, one: Omit<Revision, 'publishedAt'>): Promise<void> => {
  await tx.exec(sql`insert into delivery_revisions (id, node, market, participant, version, number, tables, published_by, published_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.version}, ${one.number},
      ${JSON.stringify(one.tables)}, ${tx.actor.id}, ${tx.now})`);
};

export const insertCut = async (
  tx: Tx,
  one: Pick<
    Cut,
    'id' | 'participant' | 'version' | 'key' | 'columns' | 'masks' | 'rowFilter' | 'line' | 'copy' | 'watermark'
  >,
): Promise<void> => {
  await tx.exec(sql`insert into delivery_cuts (id, node, market, participant, version, key, columns, masks, row_filter, line, copy, watermark, state,
      created_at, updated_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.version}, ${one.key},
      ${one.columns === null ? null : JSON.stringify(one.columns)}, ${JSON.stringify(one.masks)}, ${JSON.stringify(one.rowFilter)},
      ${one.line}, ${one.copy}, ${one.watermark ? JSON.stringify(one.watermark) : null}, 'building', ${tx.now}, ${tx.now})`);
};

export const insertCopy = async (
  tx: Tx,
  one: Pick<FileCopy, 'id' | 'participant' | 'version' | 'copy' | 'table' | 'source' | 'watermark' | 'mark' | 'job'>,
): Promise<void> => {
  await tx.exec(sql`insert into delivery_file_copies (id, node, market, participant, version, copy, table_name, source, watermark, mark, state, job,
      created_at, updated_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.version}, ${one.copy}, ${one.table}, ${one.source},
      ${JSON.stringify(one.watermark)}, ${one.mark}, 'building', ${one.job}, ${tx.now}, ${tx.now})`);
};

export const setCopyReady = (
  tx: Tx,
  id: string,
  made: { digest: string; bytes: number; rows: number; synthetic: FileCopy['synthetic'] },
): Promise<number> =>
  tx.exec(sql`update delivery_file_copies set state = 'ready', fault = null, digest = ${made.digest}, bytes = ${made.bytes},
    row_count = ${made.rows}, synthetic = ${made.synthetic ? JSON.stringify(made.synthetic) : null}, updated_at = ${tx.now} where id = ${id}`);

export const setCopyFailed = (tx: Tx, id: string, fault: Text): Promise<number> =>
  tx.exec(
    sql`update delivery_file_copies set state = 'failed', fault = ${JSON.stringify(fault)}, updated_at = ${tx.now} where id = ${id}`,
  );

export const setCopyStatement = (tx: Tx, id: string, { core, salt, log_entry }: LoggedStatement): Promise<number> =>
  tx.exec(
    sql`update delivery_file_copies set core = ${JSON.stringify(core)}, salt = ${salt}, log_entry = ${log_entry} where id = ${id}`,
  );

export const setCopyRemoved = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update delivery_file_copies set state = 'removed', job = null, updated_at = ${tx.now} where id = ${id}`);

/** Whether another copy, or what is served or published, is of these bytes. */
export const copyNamed = async (tx: Tx, digest: string): Promise<boolean> =>
  (await tx.first(sql`select from delivery_file_copies where state <> 'removed' and ${digest} in (digest, source)
    union all select from delivery_endpoints where strpos(config::text, ${digest}) > 0
    union all select from delivery_revisions where strpos(tables::text, ${digest}) > 0 limit 1`)) !== undefined;

export const setCutRemoved = (tx: Tx, id: string): Promise<number> =>
  tx.exec(
    sql`update delivery_cuts set state = 'removed', built = null, job = null, updated_at = ${tx.now} where id = ${id}`,
  );

/** Its bytes are gone and must be made again. */
export const setCopyGone = (tx: Tx, id: string, job: string | null): Promise<number> =>
  tx.exec(
    sql`update delivery_file_copies set state = 'building', job = ${job}, updated_at = ${tx.now} where id = ${id}`,
  );

export const insertTrace = async (tx: Tx, one: Trace): Promise<void> => {
  await tx.exec(sql`insert into delivery_traces (id, node, market, participant, file, copies, tests, chance_max, named, closest, created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${JSON.stringify(one.file)}, ${one.copies}, ${one.tests},
      ${one.chanceMax}, ${JSON.stringify(one.named)}, ${one.closest ? JSON.stringify(one.closest) : null}, ${tx.actor.id}, ${tx.now})`);
};

export const setCutBuilding = (tx: Tx, id: string, job: string | null): Promise<number> =>
  tx.exec(sql`update delivery_cuts set state = 'building', job = ${job}, updated_at = ${tx.now} where id = ${id}`);

export const setCutReady = (
  tx: Tx,
  id: string,
  done: { built: number; rows: number; fault: Text | null; synthetic: Cut['synthetic'] },
): Promise<number> =>
  tx.exec(sql`update delivery_cuts set state = 'ready', built = ${done.built}, row_count = ${done.rows},
    fault = ${done.fault ? JSON.stringify(done.fault) : null},
    synthetic = ${done.synthetic ? JSON.stringify(done.synthetic) : null}, updated_at = ${tx.now} where id = ${id}`);

export const setCutFailed = (tx: Tx, id: string, fault: Text): Promise<number> =>
  tx.exec(
    sql`update delivery_cuts set state = 'failed', fault = ${JSON.stringify(fault)}, updated_at = ${tx.now} where id = ${id}`,
  );

/** Its files are gone and must be made again, from the first revision on. */
export const setCutGone = (tx: Tx, id: string, job: string | null): Promise<number> =>
  tx.exec(
    sql`update delivery_cuts set state = 'building', built = null, job = ${job}, updated_at = ${tx.now} where id = ${id}`,
  );

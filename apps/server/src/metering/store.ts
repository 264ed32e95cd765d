import type { SegmentManifest, UseRecord } from '@shugu/gateway';
import type { Quota } from '@shugu/policy';
import { sql, type Tx } from '../kernel/db/db.ts';
import type { Correction, MeteredGrant, UsageDay, UsageHour } from './model.ts';

export const insertGrant = async (tx: Tx, grant: MeteredGrant): Promise<void> => {
  await tx.exec(sql`insert into metered_grants (id, node, market, participant, buyer, contract, product, product_version, time_zone, quotas, trial, created_at)
    values (${grant.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${grant.supplier}, ${grant.buyer}, ${grant.contract}, ${grant.product},
      ${grant.productVersion}, ${grant.timeZone}, ${JSON.stringify(grant.quotas)}, ${grant.trial}, ${tx.now})`);
};

export const setQuotas = (tx: Tx, id: string, quotas: readonly Quota[]): Promise<number> =>
  tx.exec(sql`update metered_grants set quotas = ${JSON.stringify(quotas)} where id = ${id}`);

export const setEnded = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update metered_grants set ended = true where id = ${id}`);

export interface SourceRow {
  source: string;
  sequence: number;
  segment: number;
  digest: string | null;
}

/** The source's row, made when it is new, locked until commit: one import at a time. */
export const lockSource = async (tx: Tx, source: string): Promise<SourceRow> => {
  await tx.exec(sql`insert into metering_sources (source, node, market, participant, created_at, imported_at)
    values (${source}, ${tx.tenancy.node}, ${tx.tenancy.market}, '', ${tx.now}, ${tx.now}) on conflict do nothing`);
  return tx.one<SourceRow>(
    sql`select source, sequence, segment, digest from metering_sources where source = ${source} for update`,
  );
};

export const saveSource = (tx: Tx, { source, sequence, segment, digest }: SourceRow): Promise<number> =>
  tx.exec(sql`update metering_sources set sequence = ${sequence}, segment = ${segment}, digest = ${digest}, imported_at = ${tx.now}
    where source = ${source}`);

export const addDays = async (tx: Tx, days: readonly UsageDay[]): Promise<void> => {
  if (days.length === 0) return;
  const column = <K extends keyof UsageDay>(key: K) => days.map((one) => one[key]);
  await tx.exec(sql`insert into usage_days as held (grant_id, day, node, market, participant, call_count, incomplete_count, row_count, byte_count, created_at)
    select added.grant_id, added.day, ${tx.tenancy.node}, ${tx.tenancy.market}, coalesce(granted.participant, ''), added.calls, added.incomplete,
      added.rows, added.bytes, ${tx.now}
    from unnest(${column('grant')}::text[], ${column('day')}::date[], ${column('calls')}::bigint[], ${column('incompleteCalls')}::bigint[],
      ${column('rows')}::bigint[], ${column('bytes')}::bigint[]) as added (grant_id, day, calls, incomplete, rows, bytes)
    left join metered_grants granted on granted.id = added.grant_id
    on conflict (grant_id, day) do update set call_count = held.call_count + excluded.call_count,
      incomplete_count = held.incomplete_count + excluded.incomplete_count, row_count = held.row_count + excluded.row_count,
      byte_count = held.byte_count + excluded.byte_count`);
};

export const addHours = async (tx: Tx, hours: readonly UsageHour[]): Promise<void> => {
  for (const one of hours)
    await tx.exec(sql`insert into usage_hours as held (grant_id, starts_at, day, node, market, participant, request_count, failure_count,
        call_count, row_count, byte_count, latency, created_at)
      values (${one.grant}, ${one.startsAt}, ${one.day}, ${tx.tenancy.node}, ${tx.tenancy.market},
        coalesce((select participant from metered_grants where id = ${one.grant}), ''), ${one.requests}, ${one.failures}, ${one.calls},
        ${one.rows}, ${one.bytes}, ${one.latency}::int[], ${tx.now})
      on conflict (grant_id, starts_at) do update set request_count = held.request_count + excluded.request_count,
        failure_count = held.failure_count + excluded.failure_count, call_count = held.call_count + excluded.call_count,
        row_count = held.row_count + excluded.row_count, byte_count = held.byte_count + excluded.byte_count,
        latency = (select array_agg(a + b order by n) from unnest(held.latency, excluded.latency) with ordinality as both_of (a, b, n))`);
};

export interface NewManifest {
  manifest: SegmentManifest;
  firstUse: string;
  lastUse: string;
  salt: string;
  logEntry: string;
}

export const insertManifest = async (tx: Tx, one: NewManifest): Promise<void> => {
  const { source, segment, firstSequence, lastSequence } = one.manifest;
  await tx.exec(sql`insert into segment_manifests (source, segment, node, market, participant, first_sequence, last_sequence, first_use, last_use,
      manifest, salt, log_entry, created_at)
    values (${source}, ${segment}, ${tx.tenancy.node}, ${tx.tenancy.market}, '', ${firstSequence}, ${lastSequence}, ${one.firstUse}, ${one.lastUse},
      ${JSON.stringify(one.manifest)}, ${one.salt}, ${one.logEntry}, ${tx.now})`);
};

export const insertSegmentGrants = async (
  tx: Tx,
  { source, segment }: SegmentManifest,
  uses: ReadonlyMap<string, number>,
): Promise<void> => {
  await tx.exec(sql`insert into segment_grants (grant_id, source, segment, node, market, participant, uses, created_at)
    select added.grant_id, ${source}, ${segment}, ${tx.tenancy.node}, ${tx.tenancy.market}, coalesce(granted.participant, ''), added.uses, ${tx.now}
    from unnest(${[...uses.keys()]}::text[], ${[...uses.values()]}::int[]) as added (grant_id, uses)
    left join metered_grants granted on granted.id = added.grant_id`);
};

export const insertCorrection = async (tx: Tx, one: Correction, supplier: string): Promise<void> => {
  await tx.exec(sql`insert into usage_corrections (id, node, market, participant, grant_id, use_id, record, call_count, row_count, byte_count,
      reason, state, proposed_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${supplier}, ${one.grant}, ${one.use}, ${JSON.stringify(one.record)},
      ${one.calls}, ${one.rows}, ${one.bytes}, ${one.reason}, ${one.state}, ${one.proposedBy}, ${tx.now})`);
};

export const decideCorrectionRow = (tx: Tx, id: string, state: 'confirmed' | 'declined'): Promise<number> =>
  tx.exec(sql`update usage_corrections set state = ${state}, decided_by = ${tx.actor.id}, decided_at = ${tx.now}
    where id = ${id} and state = 'proposed'`);

/** In the transaction that imports its record: recorded once, whatever crashed in between. */
export const correctionRecorded = (tx: Tx, { use, sequence }: UseRecord): Promise<number> =>
  tx.exec(
    sql`update usage_corrections set state = 'recorded', sequence = ${sequence} where id = ${use} and state = 'confirmed'`,
  );

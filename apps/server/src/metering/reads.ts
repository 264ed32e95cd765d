import { createHash } from 'node:crypto';
import type { SegmentManifest } from '@shugu/gateway';
import { empty, type Reader, type Sql, sql } from '../kernel/db/db.ts';
import { idFloor } from '../kernel/ids.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type {
  Correction,
  MeteredGrant,
  SegmentEvidence,
  UsageDay,
  UsageHour,
  UsageUnits,
  Watermarks,
} from './model.ts';

const grantColumns = sql`id, participant as supplier, buyer, contract, product, product_version as "productVersion",
  time_zone as "timeZone", quotas, trial`;
const sums = sql`coalesce(sum(u.call_count), 0)::bigint as calls, coalesce(sum(u.incomplete_count), 0)::bigint as "incompleteCalls",
  coalesce(sum(u.row_count), 0)::bigint as rows, coalesce(sum(u.byte_count), 0)::bigint as bytes`;
const correctionColumns = sql`id, grant_id as "grant", use_id as "use", record, call_count as calls, row_count as rows, byte_count as bytes, reason,
  state, proposed_by as "proposedBy", created_at as "proposedAt", decided_at as "decidedAt", sequence`;

export const findGrant = (read: Reader, id: string): Promise<MeteredGrant | undefined> =>
  read.first<MeteredGrant>(sql`select ${grantColumns} from metered_grants where id = ${id}`);

/** Those whose counters a gateway needs: not withdrawn, not expired. */
export const livingGrants = (read: Reader): Promise<MeteredGrant[]> =>
  read.rows<MeteredGrant>(sql`select ${grantColumns} from metered_grants where not ended`);

/** Contracts of living grants of which a limit on all use together is used up. */
export const contractsUsedUp = async (read: Reader): Promise<string[]> =>
  (
    await read.rows<{ contract: string }>(sql`select distinct g.contract from metered_grants g
      join (select grant_id, sum(call_count) as calls, sum(row_count) as rows, sum(byte_count) as bytes from usage_days group by grant_id) u
        on u.grant_id = g.id
      where not g.ended and g.contract is not null and exists (select 1 from jsonb_array_elements(g.quotas) q
        where q ->> 'period' = 'total' and (q ->> 'limit')::numeric <=
          case q ->> 'metric' when 'calls' then u.calls when 'rows' then u.rows else u.bytes end)
      order by g.contract`)
  ).map(({ contract }) => contract);

export const timeZones = async (read: Reader, grants: readonly string[]): Promise<Map<string, string>> =>
  new Map(
    (
      await read.rows<{ id: string; zone: string }>(
        sql`select id, time_zone as zone from metered_grants where id = any(${[...grants]})`,
      )
    ).map(({ id, zone }) => [id, zone]),
  );

export const watermarksOf = async (read: Reader): Promise<Watermarks> =>
  Object.fromEntries(
    (
      await read.rows<{ source: string; sequence: number }>(
        sql`select source, sequence from metering_sources order by source`,
      )
    ).map(({ source, sequence }) => [source, sequence]),
  );

export interface DayRange {
  /** First local day. */
  from?: string;
  /** Last local day, contained. */
  until?: string;
}

const within = ({ from, until }: DayRange): Sql =>
  sql`${from ? sql`and u.day >= ${from}` : empty} ${until ? sql`and u.day <= ${until}` : empty}`;

export const daysOfGrants = (read: Reader, grants: readonly string[], range: DayRange): Promise<UsageDay[]> =>
  read.rows<UsageDay>(sql`select u.grant_id as "grant", u.day, ${sums} from usage_days u
    where u.grant_id = any(${[...grants]}) ${within(range)} group by u.grant_id, u.day order by u.day, u.grant_id`);

/** In order; days are local to the grant. */
export const hoursOfGrant = (read: Reader, grant: string, range: DayRange): Promise<UsageHour[]> =>
  read.rows<UsageHour>(sql`select u.grant_id as "grant", u.day, u.starts_at as "startsAt", u.request_count as requests,
      u.failure_count as failures, u.call_count as calls, u.row_count as rows, u.byte_count as bytes, u.latency
    from usage_hours u where u.grant_id = ${grant} ${within(range)} order by u.starts_at`);

export const grantsOfContract = (read: Reader, contract: string): Promise<MeteredGrant[]> =>
  read.rows<MeteredGrant>(sql`select ${grantColumns} from metered_grants where contract = ${contract} order by id`);

export interface UsageFilter extends PageQuery, DayRange {
  contract?: string;
  grant?: string;
  product?: string;
}

export type ListedDay = UsageDay & { contract: string | null; product: string };

/** Days of the grants in which `participant` is buyer or supplier, newest first. */
export const usagePage = async (read: Reader, participant: string, filter: UsageFilter) => {
  const after = decodeCursor(filter.after, 2);
  const rows =
    await read.rows<ListedDay>(sql`select u.grant_id as "grant", g.contract, g.product, u.day, u.call_count as calls,
      u.incomplete_count as "incompleteCalls", u.row_count as rows, u.byte_count as bytes
    from usage_days u join metered_grants g on g.id = u.grant_id
    where (g.buyer = ${participant} or g.participant = ${participant})
      ${filter.contract ? sql`and g.contract = ${filter.contract}` : empty} ${filter.grant ? sql`and g.id = ${filter.grant}` : empty}
      ${filter.product ? sql`and g.product = ${filter.product}` : empty} ${within(filter)}
      ${after ? sql`and (u.day, u.grant_id) < (${after[0]}::date, ${after[1]})` : empty}
    order by u.day desc, u.grant_id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (row) => [row.day, row.grant],
    (row) => row,
  );
};

export const productTotals = (read: Reader, range: DayRange) =>
  read.rows<
    UsageUnits & { product: string; supplier: string; grants: number }
  >(sql`select g.product, g.participant as supplier,
      count(distinct g.id)::int as grants, ${sums} from usage_days u join metered_grants g on g.id = u.grant_id
    where true ${within(range)} group by g.product, g.participant order by calls desc, g.product limit 1000`);

export interface HeldManifest {
  manifest: SegmentManifest;
  salt: string;
  logEntry: string;
}

const manifestColumns = sql`m.manifest, m.salt, m.log_entry as "logEntry"`;

/** Sources with sealed records of a grant. */
export const sourcesOfGrant = async (read: Reader, grant: string): Promise<string[]> =>
  (
    await read.rows<{ source: string }>(
      sql`select distinct source from segment_grants where grant_id = ${grant} order by source`,
    )
  ).map(({ source }) => source);

/** Segments that hold uses of a grant before a sequence, newest first. */
export const segmentsOfGrant = (read: Reader, grant: string, source: string, before: number, count: number) =>
  read.rows<HeldManifest>(sql`select ${manifestColumns} from segment_grants g join segment_manifests m using (source, segment)
    where g.grant_id = ${grant} and g.source = ${source} and m.first_sequence < ${before} order by m.segment desc limit ${count}`);

/** An id is made within moments of the instant at which its use is admitted. */
const idSlackMs = 60_000;

/** Segments that may hold uses of a grant that were admitted in [from, until), after a record, oldest first. */
export const segmentsOfPeriod = (
  read: Reader,
  grant: string,
  source: string,
  { after, from, until }: { after: number; from: number; until: number },
  count: number,
) =>
  read.rows<HeldManifest>(sql`select ${manifestColumns} from segment_grants g join segment_manifests m using (source, segment)
    where g.grant_id = ${grant} and g.source = ${source} and m.last_sequence > ${after}
      and (m.manifest ->> 'sealedAt')::bigint >= ${from} and m.first_use < ${idFloor('use', until + idSlackMs)}
    order by m.segment limit ${count}`);

/** Enough to begin with; the rest is found by the digest. */
const evidenceFirst = 20;

/** Sealed segments of all sources that may hold uses of a grant admitted in [from, until). */
export const segmentEvidence = async (
  read: Reader,
  grant: string,
  { from, until }: { from: number; until: number },
): Promise<SegmentEvidence> => {
  const rows = await read.rows<
    SegmentEvidence['first'][number]
  >(sql`select m.source, m.segment, m.manifest ->> 'root' as root,
      m.log_entry as "logEntry"
    from segment_grants g join segment_manifests m using (source, segment)
    where g.grant_id = ${grant} and (m.manifest ->> 'sealedAt')::bigint >= ${from} and m.first_use < ${idFloor('use', until + idSlackMs)}
    order by m.source, m.segment`);
  const digest = createHash('sha256')
    .update(JSON.stringify(rows.map(({ source, segment, root }) => [source, segment, root])))
    .digest('hex');
  return { count: rows.length, digest: `sha256:${digest}`, first: rows.slice(0, evidenceFirst) };
};

/** Last record that stands in an imported segment; what comes after is in the tail. */
export const lastSealedSequence = async (read: Reader, source: string): Promise<number> =>
  (
    await read.one<{ sequence: number }>(
      sql`select coalesce(max(last_sequence), 0)::bigint as sequence from segment_manifests where source = ${source}`,
    )
  ).sequence;

/** The few segments that may hold a use, oldest first. */
export const segmentsOfUse = (read: Reader, use: string) =>
  read.rows<HeldManifest>(sql`select ${manifestColumns} from segment_manifests m where m.first_use <= ${use} and m.last_use >= ${use}
    order by m.source, m.segment`);

export const findCorrection = (read: Reader, id: string): Promise<Correction | undefined> =>
  read.first<Correction>(sql`select ${correctionColumns} from usage_corrections where id = ${id}`);

export const correctionsOfUse = (read: Reader, use: string): Promise<Correction[]> =>
  read.rows<Correction>(sql`select ${correctionColumns} from usage_corrections where use_id = ${use} order by id`);

export const confirmedCorrections = (read: Reader): Promise<Correction[]> =>
  read.rows<Correction>(sql`select ${correctionColumns} from usage_corrections where state = 'confirmed' order by id`);

export const correctionPage = async (read: Reader, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows = await read.rows<Correction>(sql`select ${correctionColumns} from usage_corrections
    where true ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

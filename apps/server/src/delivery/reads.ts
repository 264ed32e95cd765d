import { traceLimits } from '@shugu/wire/delivery';
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import type { LoggedStatement } from '../kernel/issue/statement.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type {
  Cut,
  Endpoint,
  FileCopy,
  Grant,
  GrantKey,
  GrantState,
  Holder,
  Revision,
  ServicePeriod,
  Trace,
} from './model.ts';

const endpointColumns = sql`id, participant, version, product, kind, state, draft, config, fault, secret_sealed as "secretSealed",
  rows_built as "rowsBuilt", revision, job, updated_at as "updatedAt"`;
const grantColumns = sql`g.id, g.participant as supplier, g.buyer, g.buyer_region as "buyerRegion", g.contract, g.order_reference as "order",
  g.product, g.version, g.product_name as "productName", g.trial, g.state, g.reason, g.plan, g.policy_hash as "policyHash", g.bound, g.kinds, g.service_levels as levels,
  g.default_purpose as "defaultPurpose", g.default_action as "defaultAction", g.valid_from as "from", g.valid_until as "until", g.revision,
  g.created_at as "createdAt", g.ended_at as "endedAt"`;
const keyColumns = sql`id, grant_id as "grant", name, prefix, created_at as "createdAt", revoked_at as "revokedAt",
  expires_at as "expiresAt"`;

export const endpointsOf = (read: Reader, version: string): Promise<Endpoint[]> =>
  read.rows<Endpoint>(sql`select ${endpointColumns} from delivery_endpoints where version = ${version} order by kind`);

export const endpointsOfVersions = (read: Reader, versions: readonly string[]): Promise<Endpoint[]> =>
  read.rows<Endpoint>(
    sql`select ${endpointColumns} from delivery_endpoints where version = any(${[...new Set(versions)]}) order by kind`,
  );

export const findEndpoint = (read: Reader, id: string): Promise<Endpoint | undefined> =>
  read.first<Endpoint>(sql`select ${endpointColumns} from delivery_endpoints where id = ${id}`);

export const apiEndpoints = (read: Reader): Promise<Endpoint[]> =>
  read.rows<Endpoint>(sql`select ${endpointColumns} from delivery_endpoints where kind = 'api' and config is not null`);

export const queryEndpoints = (read: Reader): Promise<Endpoint[]> =>
  read.rows<Endpoint>(
    sql`select ${endpointColumns} from delivery_endpoints where kind = 'query' and config is not null`,
  );

export const findGrant = (read: Reader, id: string): Promise<Grant | undefined> =>
  read.first<Grant>(sql`select ${grantColumns} from delivery_grants g where g.id = ${id}`);

export const lockGrant = (tx: Tx, id: string): Promise<Grant | undefined> =>
  tx.first<Grant>(sql`select ${grantColumns} from delivery_grants g where g.id = ${id} for update`);

export const grantsOfContract = (read: Reader, contract: string): Promise<Grant[]> =>
  read.rows<Grant>(sql`select ${grantColumns} from delivery_grants g where g.contract = ${contract} order by g.id`);

/** Newest first. */
export const openGrantsOf = (read: Reader, version: string, count: number): Promise<Grant[]> =>
  read.rows<Grant>(
    sql`select ${grantColumns} from delivery_grants g where g.version = ${version} and g.ended_at is null order by g.id desc limit ${count}`,
  );

export const openGrantsOfVersion = (tx: Tx, version: string): Promise<Grant[]> =>
  tx.rows<Grant>(
    sql`select ${grantColumns} from delivery_grants g where g.version = ${version} and g.ended_at is null order by g.id for update`,
  );

/** Whose contracts give access to a product, or to one version of it; trials are not told of what becomes of it. */
export const holdersOf = (read: Reader, product: string, version?: string): Promise<Holder[]> =>
  read.rows<Holder>(sql`select distinct buyer, version, product_name as "productName" from delivery_grants
    where product = ${product} and ${version === undefined ? sql`true` : sql`version = ${version}`} and ended_at is null and contract is not null
    order by buyer, version`);

/** Open grants that an order to stop would cover, locked. */
export const grantsOfTarget = (tx: Tx, kind: string, target: string): Promise<Grant[]> =>
  tx.rows<Grant>(
    sql`select ${grantColumns} from delivery_grants g where g.ended_at is null and ${
      kind === 'grant'
        ? sql`g.id = ${target}`
        : kind === 'contract'
          ? sql`g.contract = ${target}`
          : kind === 'product'
            ? sql`g.product = ${target}`
            : sql`(g.participant = ${target} or g.buyer = ${target})`
    } order by g.id for update`,
  );

/** The reason of an open order that covers the grant. */
export const suspensionOf = async (read: Reader, grant: Grant): Promise<string | undefined> =>
  (
    await read.first<{ reason: string }>(sql`select reason from delivery_suspensions where lifted_at is null and (
      (target_kind = 'grant' and target = ${grant.id}) or (target_kind = 'contract' and target = ${grant.contract ?? ''})
      or (target_kind = 'product' and target = ${grant.product})
      or (target_kind = 'participant' and target in (${grant.supplier}, ${grant.buyer}))) order by id limit 1`)
  )?.reason;

/** Open grants whose plan another compiler made. */
export const staleGrants = (tx: Tx, compilerVersion: number): Promise<Grant[]> =>
  tx.rows<Grant>(sql`select ${grantColumns} from delivery_grants g where g.ended_at is null
    and (g.plan ->> 'compilerVersion')::int <> ${compilerVersion} order by g.id for update`);

/** So long after its end a grant's last months may still be judged, should the node have stood still, days. */
const judgedDays = 400;

/** Grants of contracts with service levels, from `after` on, that may have a month to judge. */
export const grantsToAssess = (read: Reader, now: Date, after: string, count: number): Promise<Grant[]> =>
  read.rows<Grant>(sql`select ${grantColumns} from delivery_grants g where g.service_levels is not null and g.contract is not null
    and (g.ended_at is null or g.ended_at > ${new Date(now.getTime() - judgedDays * 86_400_000)}) and g.id > ${after} order by g.id limit ${count}`);

export const lastPeriodOf = async (read: Reader, grant: string): Promise<string | null> =>
  (
    await read.one<{ period: string | null }>(
      sql`select max(period) as period from service_periods where grant_id = ${grant}`,
    )
  ).period;

/** Newest first. */
export const periodsOf = (read: Reader, grant: string, count: number): Promise<ServicePeriod[]> =>
  read.rows<ServicePeriod>(sql`select id, grant_id as "grant", contract, period, starts_at as "from", ends_at as "until", levels, findings,
      evidence, breached, created_at as "createdAt"
    from service_periods where grant_id = ${grant} order by period desc limit ${count}`);

const ended = (at: Moment): Sql => sql`g.ended_at is null and g.valid_until <= ${at}`;
const keyEnded = (at: Moment): Sql => sql`revoked_at <= ${at} and not dropped`;

/** Whether the time of a grant or a key is over. */
export const endsDue = (at: Moment): Sql => sql`(exists (select from delivery_grants g where ${ended(at)})
  or exists (select from delivery_keys where ${keyEnded(at)}))`;

export const dueGrants = (tx: Tx): Promise<Grant[]> =>
  tx.rows<Grant>(sql`select ${grantColumns} from delivery_grants g where ${ended(tx.now)}
    order by g.valid_until limit 200 for update skip locked`);

export interface GrantFilter extends PageQuery {
  side?: 'buyer' | 'supplier';
  contract?: string;
  state?: GrantState;
}

/** `participant` undefined: of everybody. */
export const grantPage = async (read: Reader, participant: string | undefined, filter: GrantFilter) => {
  const after = decodeCursor(filter.after, 1);
  const own = (id: string) =>
    filter.side === 'buyer'
      ? sql`g.buyer = ${id}`
      : filter.side === 'supplier'
        ? sql`g.participant = ${id}`
        : sql`(g.buyer = ${id} or g.participant = ${id})`;
  const rows = await read.rows<Grant>(sql`select ${grantColumns} from delivery_grants g
    where ${participant === undefined ? sql`true` : own(participant)}
      ${filter.contract ? sql`and g.contract = ${filter.contract}` : empty} ${filter.state ? sql`and g.state = ${filter.state}` : empty}
      ${after ? sql`and g.id < ${after[0]}` : empty} order by g.id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (row) => [row.id],
    (row) => row,
  );
};

export const keysOf = (read: Reader, grant: string): Promise<GrantKey[]> =>
  read.rows<GrantKey>(sql`select ${keyColumns} from delivery_keys where grant_id = ${grant} order by id desc`);

export const findKey = (read: Reader, id: string): Promise<(GrantKey & { hash: string }) | undefined> =>
  read.first<GrantKey & { hash: string }>(sql`select ${keyColumns}, hash from delivery_keys where id = ${id}`);

export const dueKeys = (tx: Tx): Promise<GrantKey[]> =>
  tx.rows<GrantKey>(
    sql`select ${keyColumns} from delivery_keys where ${keyEnded(tx.now)} limit 500 for update skip locked`,
  );

/** Cuts marked for one buyer: of one supplier or of all, of one product or of all; one more than a trace may ask. */
export const markedCuts = (read: Reader, supplier?: string, product?: string): Promise<Cut[]> =>
  read.rows<Cut>(sql`select ${cutColumns} from delivery_cuts c where c.copy is not null
    ${supplier === undefined ? empty : sql`and c.participant = ${supplier}`}
    ${product === undefined ? empty : sql`and exists (select from delivery_grants g where g.version = c.version and g.product = ${product})`}
    order by c.id limit ${traceLimits.copiesMax + 1}`);

/** The same of files; also those that have been handed out and are being made again. */
export const markedFiles = (read: Reader, supplier?: string, product?: string): Promise<FileCopy[]> =>
  read.rows<FileCopy>(sql`select ${copyColumns} from delivery_file_copies c where c.digest is not null
    ${supplier === undefined ? empty : sql`and c.participant = ${supplier}`}
    ${product === undefined ? empty : sql`and exists (select from delivery_grants g where g.version = c.version and g.product = ${product})`}
    order by c.id limit ${traceLimits.copiesMax + 1}`);

export const grantsOfCopies = (read: Reader, copies: readonly string[]): Promise<Grant[]> =>
  read.rows<Grant>(
    sql`select ${grantColumns} from delivery_grants g where coalesce(g.contract, g.id) = any(${[...copies]}) order by g.id`,
  );

const traceColumns = sql`id, participant, file, copies, tests, chance_max as "chanceMax", named, closest, created_at as "createdAt"`;

export const findTrace = (read: Reader, id: string): Promise<Trace | undefined> =>
  read.first<Trace>(sql`select ${traceColumns} from delivery_traces where id = ${id}`);

export const tracePage = async (read: Reader, participant: string, filter: PageQuery) => {
  const after = decodeCursor(filter.after, 1);
  const rows = await read.rows<Trace>(sql`select ${traceColumns} from delivery_traces where participant = ${participant}
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (row) => [row.id],
    (row) => row,
  );
};

/** How long the holder of an ended grant is still told that it ended, days. */
const toldDays = 90;

/** What the gateway should hold: identifiers and revisions only, as most of it has not changed. */
export const revisionsToHold = (read: Reader, now: Date): Promise<{ id: string; revision: number }[]> =>
  read.rows(sql`select id, revision from delivery_grants where ended_at is null
    or ended_at > ${new Date(now.getTime() - toldDays * 86_400_000)}`);

export type HeldGrant = Grant & { keyHashes: string[]; node: string; market: string };

/** One statement, hence one state: revision, standing and keys belong together. */
export const grantsToHold = (read: Reader, ids: readonly string[], now: Date): Promise<HeldGrant[]> =>
  read.rows<HeldGrant>(sql`select ${grantColumns}, g.node, g.market, array(select k.hash from delivery_keys k where k.grant_id = g.id
      and (k.revoked_at is null or k.revoked_at > ${now}) order by k.id) as "keyHashes"
    from delivery_grants g where g.id = any(${[...ids]})`);

const revisionColumns = sql`id, participant, version, number, tables, published_at as "publishedAt"`;
const cutColumns = sql`id, participant, version, key, columns, masks, row_filter as "rowFilter", line, copy, watermark, synthetic, state,
  fault, built, row_count as rows, job`;

export const latestRevision = (read: Reader, version: string): Promise<Revision | undefined> =>
  read.first<Revision>(
    sql`select ${revisionColumns} from delivery_revisions where version = ${version} order by number desc limit 1`,
  );

/** In order. */
export const revisionsOf = (read: Reader, version: string): Promise<Revision[]> =>
  read.rows<Revision>(
    sql`select ${revisionColumns} from delivery_revisions where version = ${version} order by number`,
  );

/** The first after `number`. */
export const revisionAfter = (read: Reader, version: string, number: number): Promise<Revision | undefined> =>
  read.first<Revision>(sql`select ${revisionColumns} from delivery_revisions where version = ${version} and number > ${number}
    order by number limit 1`);

export const revisionPage = async (read: Reader, version: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<Revision>(sql`select ${revisionColumns} from delivery_revisions where version = ${version}
    ${after ? sql`and number < ${Number(after[0])}` : empty} order by number desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [String(row.number)],
    (row) => row,
  );
};

export const findCut = (read: Reader, id: string): Promise<Cut | undefined> =>
  read.first<Cut>(sql`select ${cutColumns} from delivery_cuts where id = ${id}`);

export const cutOfKey = (read: Reader, version: string, key: string): Promise<Cut | undefined> =>
  read.first<Cut>(sql`select ${cutColumns} from delivery_cuts where version = ${version} and key = ${key}`);

/** For whoever needs it to stay: it is not removed meanwhile. */
export const lockCutOfKey = (tx: Tx, version: string, key: string): Promise<Cut | undefined> =>
  tx.first<Cut>(sql`select ${cutColumns} from delivery_cuts where version = ${version} and key = ${key} for update`);

export const lockCut = (tx: Tx, id: string): Promise<Cut | undefined> =>
  tx.first<Cut>(
    sql`select ${cutColumns} from delivery_cuts where id = ${id} and state in ('ready', 'failed') for update`,
  );

/** Whole cuts, not touched since; whether any grant wants them is another question. */
export const cutsToRemove = (read: Reader, since: Date): Promise<Cut[]> =>
  read.rows<Cut>(
    sql`select ${cutColumns} from delivery_cuts where state in ('ready', 'failed') and updated_at < ${since} order by id`,
  );

export const copiesToRemove = (read: Reader, since: Date): Promise<FileCopy[]> =>
  read.rows<FileCopy>(
    sql`select ${copyColumns} from delivery_file_copies where state in ('ready', 'failed') and updated_at < ${since} order by id`,
  );

/** Grants of versions that are open, or ended after an instant. */
export const grantsSince = (read: Reader, versions: readonly string[], since: Date): Promise<Grant[]> =>
  read.rows<Grant>(sql`select ${grantColumns} from delivery_grants g where g.version = any(${[...new Set(versions)]})
    and (g.ended_at is null or g.ended_at > ${since}) order by g.id`);

export const cutsOfVersions = (read: Reader, versions: readonly string[]): Promise<Cut[]> =>
  read.rows<Cut>(
    sql`select ${cutColumns} from delivery_cuts where version = any(${[...new Set(versions)]}) order by id`,
  );

const copyColumns = sql`id, participant, version, copy, table_name as "table", source, watermark, mark, state, fault, digest, bytes,
  row_count as rows, synthetic, job`;

export const findCopy = (read: Reader, id: string): Promise<FileCopy | undefined> =>
  read.first<FileCopy>(sql`select ${copyColumns} from delivery_file_copies where id = ${id}`);

export const copiesOfVersions = (read: Reader, versions: readonly string[]): Promise<FileCopy[]> =>
  read.rows<FileCopy>(
    sql`select ${copyColumns} from delivery_file_copies where version = any(${[...new Set(versions)]}) order by id`,
  );

export const copyStatement = (read: Reader, id: string): Promise<LoggedStatement | undefined> =>
  read.first<LoggedStatement>(
    sql`select core, salt, log_entry from delivery_file_copies where id = ${id} and log_entry is not null`,
  );

export const readyCopies = (read: Reader): Promise<FileCopy[]> =>
  read.rows<FileCopy>(sql`select ${copyColumns} from delivery_file_copies where state = 'ready' order by id`);

export const builtCuts = (read: Reader): Promise<Cut[]> =>
  read.rows<Cut>(sql`select ${cutColumns} from delivery_cuts where built is not null order by id`);

/** Rows of resources, uploads and contents. Names of columns stop here. */
import { type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import type {
  Content,
  ContentColumn,
  ContentFault,
  Resource,
  ResourceFields,
  ResourceState,
  Upload,
} from '../model.ts';

type ResourceRow = Omit<
  Resource,
  'regionScope' | 'timeFrom' | 'timeUntil' | 'updateFrequency' | 'personCount' | 'createdAt' | 'updatedAt'
> & {
  region_scope: Resource['regionScope'];
  time_from: string;
  time_until: string | null;
  update_frequency: Resource['updateFrequency'];
  person_count: number | null;
  created_at: Date;
  updated_at: Date;
};

export const resourceColumns = sql`id, participant, name, summary, industry, source, region_scope, region, time_from, time_until,
  update_frequency, forms, structure, limits, personal, person_count, purpose, licence, synthetic, state, revision, created_at, updated_at`;

export const resourceOf = (row: ResourceRow): Resource => {
  const { region_scope, time_from, time_until, update_frequency, person_count, created_at, updated_at, ...rest } = row;
  return {
    ...rest,
    regionScope: region_scope,
    timeFrom: time_from,
    timeUntil: time_until,
    updateFrequency: update_frequency,
    personCount: person_count,
    createdAt: created_at,
    updatedAt: updated_at,
  };
};

export const findResource = async (read: Reader, id: string, lock = false): Promise<Resource | undefined> => {
  const row = await read.first<ResourceRow>(
    lock
      ? sql`select ${resourceColumns} from resources where id = ${id} for update`
      : sql`select ${resourceColumns} from resources where id = ${id}`,
  );
  return row && resourceOf(row);
};

export const insertResource = async (tx: Tx, id: string, participant: string, one: ResourceFields): Promise<void> => {
  await tx.exec(sql`insert into resources (id, node, market, participant, name, summary, industry, source, region_scope, region, time_from,
      time_until, update_frequency, forms, structure, limits, personal, person_count, purpose, licence, synthetic, state, revision,
      created_at, updated_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${one.name}, ${one.summary}, ${one.industry}, ${one.source},
      ${one.regionScope}, ${one.region}, ${one.timeFrom}, ${one.timeUntil}, ${one.updateFrequency}, ${one.forms}, ${one.structure},
      ${one.limits}, ${one.personal}, ${one.personCount}, ${one.purpose}, ${one.licence}, ${one.synthetic}, 'draft', 1, ${tx.now}, ${tx.now})`);
};

export const updateResource = async (tx: Tx, id: string, one: ResourceFields): Promise<void> => {
  await tx.exec(sql`update resources set name = ${one.name}, summary = ${one.summary}, industry = ${one.industry}, source = ${one.source},
    region_scope = ${one.regionScope}, region = ${one.region}, time_from = ${one.timeFrom}, time_until = ${one.timeUntil},
    update_frequency = ${one.updateFrequency}, forms = ${one.forms}, structure = ${one.structure}, limits = ${one.limits},
    personal = ${one.personal}, person_count = ${one.personCount}, purpose = ${one.purpose}, licence = ${one.licence},
    synthetic = ${one.synthetic}, revision = revision + 1, updated_at = ${tx.now} where id = ${id}`);
};

export const setResourceState = async (tx: Tx, id: string, state: ResourceState): Promise<void> => {
  await tx.exec(sql`update resources set state = ${state}, updated_at = ${tx.now} where id = ${id}`);
};

interface UploadRow {
  id: string;
  participant: string;
  resource: string;
  file_name: string;
  bytes: number;
  received: number;
  digest: string | null;
  state: Upload['state'];
  content: string | null;
  created_at: Date;
  expires_at: Date;
}

const uploadColumns = sql`id, participant, resource, file_name, bytes, received, digest, state, content, created_at, expires_at`;
const uploadOf = ({ file_name, created_at, expires_at, ...row }: UploadRow): Upload => ({
  ...row,
  fileName: file_name,
  createdAt: created_at,
  expiresAt: expires_at,
});

export const findUpload = async (read: Reader, id: string, lock = false): Promise<Upload | undefined> => {
  const row = await read.first<UploadRow>(
    lock
      ? sql`select ${uploadColumns} from resource_uploads where id = ${id} for update`
      : sql`select ${uploadColumns} from resource_uploads where id = ${id}`,
  );
  return row && uploadOf(row);
};

export const countOpenUploads = async (read: Reader, participant: string): Promise<number> =>
  (
    await read.one<{ count: number }>(
      sql`select count(*)::int as count from resource_uploads where participant = ${participant} and state = 'open'`,
    )
  ).count;

export const insertUpload = async (tx: Tx, one: Upload): Promise<void> => {
  await tx.exec(sql`insert into resource_uploads (id, node, market, participant, resource, file_name, bytes, digest, state, created_by,
      created_at, expires_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.resource}, ${one.fileName}, ${one.bytes},
      ${one.digest}, 'open', ${tx.actor.id}, ${tx.now}, ${one.expiresAt})`);
};

/** False when the upload ended or moved on meanwhile. */
export const advanceUpload = async (tx: Tx, id: string, from: number, to: number): Promise<boolean> =>
  (await tx.exec(
    sql`update resource_uploads set received = ${to} where id = ${id} and state = 'open' and received = ${from}`,
  )) === 1;

export const endUpload = async (
  tx: Tx,
  id: string,
  state: 'complete' | 'expired',
  content: string | null,
): Promise<void> => {
  await tx.exec(sql`update resource_uploads set state = ${state}, content = ${content} where id = ${id}`);
};

const uploadPast = (at: Moment): Sql => sql`state = 'open' and expires_at <= ${at}`;
export const uploadsDue = (at: Moment): Sql => sql`exists (select from resource_uploads where ${uploadPast(at)})`;

export const uploadsPast = (read: Reader, now: Date, most: number): Promise<{ id: string }[]> =>
  read.rows(sql`select id from resource_uploads where ${uploadPast(now)} order by expires_at limit ${most}`);

interface ContentRow {
  id: string;
  participant: string;
  resource: string;
  file_name: string;
  bytes: number;
  digest: string | null;
  normal_digest: string | null;
  normal_bytes: number | null;
  row_count: number | null;
  columns: ContentColumn[];
  profile: unknown;
  quality: unknown;
  scan: unknown;
  classification: unknown;
  state: Content['state'];
  fault: ContentFault | null;
  job: string | null;
  created_at: Date;
  finished_at: Date | null;
}

const contentColumns = sql`id, participant, resource, file_name, bytes, digest, normal_digest, normal_bytes, row_count, columns, profile,
  quality, scan, classification, state, fault, job, created_at, finished_at`;
const contentOf = (row: ContentRow): Content => ({
  id: row.id,
  participant: row.participant,
  resource: row.resource,
  fileName: row.file_name,
  bytes: row.bytes,
  digest: row.digest,
  normalDigest: row.normal_digest,
  normalBytes: row.normal_bytes,
  rowCount: row.row_count,
  columns: row.columns,
  profile: row.profile,
  quality: row.quality,
  scan: row.scan,
  classification: row.classification,
  state: row.state,
  fault: row.fault,
  job: row.job,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
});

export const findContent = async (read: Reader, id: string): Promise<Content | undefined> => {
  const row = await read.first<ContentRow>(sql`select ${contentColumns} from resource_contents where id = ${id}`);
  return row && contentOf(row);
};

/** The newest, whatever became of it; `ready` the newest that could be read. */
export const newestContent = async (read: Reader, resource: string, ready = false): Promise<Content | undefined> => {
  const row =
    await read.first<ContentRow>(sql`select ${contentColumns} from resource_contents where resource = ${resource}
    and (not ${ready} or state = 'ready') order by id desc limit 1`);
  return row && contentOf(row);
};

export const newestContents = async (read: Reader, resources: readonly string[]): Promise<Map<string, Content>> => {
  const rows = await read.rows<ContentRow>(sql`select distinct on (resource) ${contentColumns} from resource_contents
    where resource = any(${[...resources]}) order by resource, id desc`);
  return new Map(rows.map((row) => [row.resource, contentOf(row)]));
};

/** What of data a computation on them asks for: which they are, and what their profile has counted. */
export interface ReadyContent {
  normalDigest: string | null;
  /** Columns in which no value stands in two rows, nulls aside; an estimate proves nothing. */
  singleColumns: string[];
  /** Columns with a value in every row. */
  wholeColumns: string[];
}

/** Of each resource the newest that could be read. */
export const readyContents = async (read: Reader, resources: readonly string[]): Promise<Map<string, ReadyContent>> => {
  const rows = await read.rows<ReadyContent & { resource: string }>(sql`select distinct on (resource) resource,
      normal_digest as "normalDigest", array(select one ->> 'name' from jsonb_array_elements(profile) one
        where (one ->> 'distinctExact')::boolean and (one ->> 'distinct')::bigint = (one ->> 'rows')::bigint - (one ->> 'nulls')::bigint)
        as "singleColumns", array(select one ->> 'name' from jsonb_array_elements(profile) one where (one ->> 'nulls')::bigint = 0) as "wholeColumns"
    from resource_contents where resource = any(${[...resources]}) and state = 'ready' order by resource, id desc`);
  return new Map(rows.map(({ resource, ...content }) => [resource, content]));
};

export const insertContent = async (
  tx: Tx,
  one: Pick<Content, 'id' | 'participant' | 'resource' | 'fileName' | 'bytes'> & { job: string | null },
): Promise<void> => {
  await tx.exec(sql`insert into resource_contents (id, node, market, participant, resource, file_name, bytes, state, job, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.resource}, ${one.fileName}, ${one.bytes},
      'reading', ${one.job}, ${tx.now})`);
};

export type ReadResult = Pick<
  Content,
  'digest' | 'normalDigest' | 'normalBytes' | 'rowCount' | 'columns' | 'profile' | 'quality' | 'scan' | 'classification'
>;

/** False when it was finished before. */
export const finishContent = async (tx: Tx, id: string, one: ReadResult): Promise<boolean> =>
  (await tx.exec(sql`update resource_contents set state = 'ready', digest = ${one.digest}, normal_digest = ${one.normalDigest},
    normal_bytes = ${one.normalBytes}, row_count = ${one.rowCount}, columns = ${JSON.stringify(one.columns)},
    profile = ${JSON.stringify(one.profile)}, quality = ${JSON.stringify(one.quality)}, scan = ${JSON.stringify(one.scan)},
    classification = ${JSON.stringify(one.classification)}, finished_at = ${tx.now} where id = ${id} and state = 'reading'`)) ===
  1;

export const failContent = async (tx: Tx, id: string, fault: ContentFault): Promise<boolean> =>
  (await tx.exec(sql`update resource_contents set state = 'faulty', fault = ${JSON.stringify(fault)}, finished_at = ${tx.now}
    where id = ${id} and state = 'reading'`)) === 1;

/** Questions about rights and volumes; what other rooms and screens ask. */
import { empty, type Reader, sql } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type {
  Certificate,
  RegisteredRight,
  Resource,
  ResourceDescription,
  ResourceState,
  RightState,
} from './model.ts';
import { findResource, newestContent, resourceColumns, resourceOf } from './store/resources.ts';
import { listCertificates, listRights } from './store/rights.ts';

export const resourcesOf = async (
  read: Reader,
  participant: string,
  query: PageQuery & { state?: ResourceState },
): Promise<{ items: Resource[]; next: string | null }> => {
  const after = decodeCursor(query.after, 1);
  const rows = await read.rows<Parameters<typeof resourceOf>[0]>(sql`select ${resourceColumns} from resources
    where participant = ${participant} ${query.state ? sql`and state = ${query.state}` : empty}
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(rows, query, (row) => [row.id], resourceOf);
};

/** What stands behind a product: the newest file that could be read. */
export const describeResource = async (read: Reader, id: string): Promise<ResourceDescription | undefined> => {
  const resource = await findResource(read, id);
  if (!resource) return undefined;
  const content = await newestContent(read, id, true);
  return {
    id,
    participant: resource.participant,
    name: resource.name,
    state: resource.state,
    columns: content?.columns ?? [],
    rowCount: content?.rowCount ?? null,
    bytes: content?.bytes ?? null,
    quality: content?.quality ?? null,
    objects: { original: content?.digest ?? null, normal: content?.normalDigest ?? null },
    synthetic: resource.synthetic,
    licence: resource.licence,
  };
};

/**
 * By a valid certificate, in force at `at`; the one that lasts longest. What is seized or disputed on one certificate of the
 * holder is not dealt in by way of another.
 */
export const operatingRight = async (
  read: Reader,
  participant: string,
  resource: string,
  at: Date,
): Promise<{ certificateCode: string; until: Date; right: string } | undefined> => {
  if (participant === '') return undefined;
  const row = await read.first<{
    code: string;
    until: Date;
    id: string;
  }>(sql`select r.id, c.code, r.valid_until as until
    from registered_rights r join certificates c on c.id = r.certificate
    where r.resource = ${resource} and r.participant = ${participant} and r.right_kind = 'operate' and r.state = 'active'
      and c.state = 'valid' and r.valid_from <= ${at} and r.valid_until > ${at}
      and not exists (select 1 from registered_rights f where f.resource = r.resource and f.participant = r.participant
        and f.right_kind = r.right_kind and f.state = 'frozen')
    order by r.valid_until desc limit 1`);
  return row && { certificateCode: row.code, until: row.until, right: row.id };
};

/** Some right to operate that has begun and not ended, seized ones included. */
export const holdsToOperate = async (read: Reader, participant: string, resource: string, at: Date): Promise<boolean> =>
  (await read.first(sql`select 1 from registered_rights where resource = ${resource} and participant = ${participant}
    and right_kind = 'operate' and state in ('active', 'frozen') and valid_from <= ${at} and valid_until > ${at} limit 1`)) !==
  undefined;

export const rightsOf = (read: Reader, resource: string): Promise<RegisteredRight[]> =>
  listRights(read, sql`resource = ${resource}`);

export const rightsHeldBy = async (
  read: Reader,
  participant: string,
  query: PageQuery & { state?: RightState },
): Promise<{ items: RegisteredRight[]; next: string | null }> => {
  const after = decodeCursor(query.after, 1);
  const rows = await listRights(
    read,
    sql`participant = ${participant} ${query.state ? sql`and state = ${query.state}` : empty}
      ${after ? sql`and id < ${after[0]}` : empty}`,
    pageSize(query) + 1,
  );
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export interface CertificateQuery extends PageQuery {
  state?: Certificate['state'];
  registrar?: string;
  text?: string;
  /** Only those that this organisation applied for, or holds or held a right on. */
  holder?: string;
}

// % and _ of a search text stand for themselves.
const contains = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

export const certificatesBy = async (
  read: Reader,
  query: CertificateQuery,
): Promise<{ items: Certificate[]; next: string | null }> => {
  const after = decodeCursor(query.after, 1);
  const rows = await listCertificates(
    read,
    sql`true ${query.state ? sql`and state = ${query.state}` : empty}
      ${query.registrar ? sql`and registrar = ${query.registrar}` : empty}
      ${query.text ? sql`and (data_name ilike ${contains(query.text)} or code = ${query.text})` : empty}
      ${query.holder ? sql`and (participant = ${query.holder} or exists (select 1 from registered_rights r where r.certificate = certificates.id and r.participant = ${query.holder}))` : empty}
      ${after ? sql`and id < ${after[0]}` : empty}`,
    pageSize(query) + 1,
  );
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export interface Volume {
  month: string;
  procedure: string;
  handedIn: number;
  completed: number;
  refused: number;
  otherwiseEnded: number;
}

const rowsMax = 200;

/** Public volumes of a year by month of China: cases handed in, completed, refused, and ended in another way. */
export const volumesOf = (read: Reader, year: number): Promise<Volume[]> =>
  read.rows<Volume>(sql`with facts as (
      select to_char(m.at at time zone 'Asia/Shanghai', 'YYYY-MM') as month, c.procedure,
        (m.from_state = 'draft' and m.move = 'submit')::int as handed_in,
        (m.to_state = 'certified')::int as completed,
        (m.to_state in ('refused', 'notAccepted'))::int as refused,
        (m.to_state in ('lapsed', 'terminated', 'withdrawn') and m.from_state <> 'draft')::int as otherwise_ended
      from case_moves m join cases c on c.id = m.case_id
      where c.procedure like 'registration.%' and m.to_state is distinct from m.from_state
        and m.at >= make_timestamptz(${year}, 1, 1, 0, 0, 0, 'Asia/Shanghai') and m.at < make_timestamptz(${year} + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai'))
    select month, procedure, sum(handed_in)::int as "handedIn", sum(completed)::int as completed, sum(refused)::int as refused,
      sum(otherwise_ended)::int as "otherwiseEnded" from facts group by 1, 2 order by 1, 2 limit ${rowsMax}`);

export const certificatesInForce = async (read: Reader): Promise<number> =>
  (await read.one<{ count: number }>(sql`select count(*)::int as count from certificates where state = 'valid'`)).count;

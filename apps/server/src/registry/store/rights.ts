/** Rows of certificates, rights and remarks. */
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import type { Certificate, RegisteredRight, Remark, RightState } from '../model.ts';

interface CertificateRow {
  id: string;
  participant: string;
  code: string;
  registrar: string;
  resource: string;
  object_kind: string;
  case_id: string;
  data_name: string;
  data_summary: string;
  limits: string;
  holders: Certificate['holders'];
  changes: Certificate['changes'];
  evidence_number: string;
  evidenced_on: string;
  valid_from: Date;
  valid_until: Date;
  state: Certificate['state'];
  revision: number;
  paper: string | null;
  ended_at: Date | null;
  created_at: Date;
}

const certificateColumns = sql`id, participant, code, registrar, resource, object_kind, case_id, data_name, data_summary, limits, holders,
  changes, evidence_number, evidenced_on, valid_from, valid_until, state, revision, paper, ended_at, created_at`;
const certificateOf = (row: CertificateRow): Certificate => ({
  id: row.id,
  participant: row.participant,
  code: row.code,
  registrar: row.registrar,
  resource: row.resource,
  objectKind: row.object_kind,
  caseId: row.case_id,
  dataName: row.data_name,
  dataSummary: row.data_summary,
  limits: row.limits,
  holders: row.holders,
  changes: row.changes,
  evidenceNumber: row.evidence_number,
  evidencedOn: row.evidenced_on,
  validFrom: row.valid_from,
  validUntil: row.valid_until,
  state: row.state,
  revision: row.revision,
  paper: row.paper,
  endedAt: row.ended_at,
  createdAt: row.created_at,
});

export const listCertificates = async (read: Reader, where: Sql, limit: number): Promise<Certificate[]> =>
  (
    await read.rows<CertificateRow>(
      sql`select ${certificateColumns} from certificates where ${where} order by id desc limit ${limit}`,
    )
  ).map(certificateOf);

export const findCertificate = async (
  read: Reader,
  key: { id: string } | { code: string },
  lock = false,
): Promise<Certificate | undefined> => {
  const where = 'id' in key ? sql`id = ${key.id}` : sql`code = ${key.code}`;
  const row = await read.first<CertificateRow>(
    sql`select ${certificateColumns} from certificates where ${where} ${lock ? sql`for update` : empty}`,
  );
  return row && certificateOf(row);
};

export const insertCertificate = async (tx: Tx, one: Certificate): Promise<void> => {
  await tx.exec(sql`insert into certificates (id, node, market, participant, code, registrar, resource, object_kind, case_id, data_name,
      data_summary, limits, holders, evidence_number, evidenced_on, valid_from, valid_until, state, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.code}, ${one.registrar}, ${one.resource},
      ${one.objectKind}, ${one.caseId}, ${one.dataName}, ${one.dataSummary}, ${one.limits}, ${JSON.stringify(one.holders)},
      ${one.evidenceNumber}, ${one.evidencedOn}, ${one.validFrom}, ${one.validUntil}, ${one.state}, ${one.createdAt})`);
};

export const saveCertificate = async (
  tx: Tx,
  one: Pick<
    Certificate,
    'id' | 'dataSummary' | 'holders' | 'changes' | 'validUntil' | 'state' | 'revision' | 'paper' | 'endedAt'
  >,
): Promise<void> => {
  await tx.exec(sql`update certificates set data_summary = ${one.dataSummary}, holders = ${JSON.stringify(one.holders)},
    changes = ${JSON.stringify(one.changes)}, valid_until = ${one.validUntil}, state = ${one.state}, revision = ${one.revision},
    paper = ${one.paper}, ended_at = ${one.endedAt} where id = ${one.id}`);
};

const certificatePast = (at: Moment): Sql => sql`state = 'valid' and valid_until <= ${at}`;
/** Before its certificate. */
const rightPast = (at: Moment): Sql => sql`from registered_rights r join certificates c on c.id = r.certificate
  where r.state in ('active', 'frozen') and r.valid_until <= ${at} and c.valid_until > ${at}`;
/** With the day `today`, which is Beijing's. */
export const remarkPast = (today: string): Sql => sql`lifted_at is null and until_day < ${today}`;

/** Whether a remark, a right or a certificate is over. */
export const rightsDue = (
  at: Moment,
  today: string,
): Sql => sql`(exists (select from right_remarks where ${remarkPast(today)})
  or exists (select ${rightPast(at)}) or exists (select from certificates where ${certificatePast(at)}))`;

export const rightsPast = (read: Reader, now: Date, most: number): Promise<{ id: string }[]> =>
  read.rows(sql`select r.id ${rightPast(now)} order by r.valid_until limit ${most}`);

export const certificatesPast = (read: Reader, now: Date, most: number): Promise<{ id: string }[]> =>
  read.rows(sql`select id from certificates where ${certificatePast(now)} order by valid_until limit ${most}`);

interface RightRow {
  id: string;
  participant: string;
  resource: string;
  right_kind: RegisteredRight['right'];
  holder_name: string;
  holder_code: string;
  certificate: string;
  case_id: string;
  valid_from: Date;
  valid_until: Date;
  limits: string;
  proof: string;
  state: RightState;
}

const rightColumns = sql`id, participant, resource, right_kind, holder_name, holder_code, certificate, case_id, valid_from, valid_until,
  limits, proof, state`;
const rightOf = (row: RightRow): RegisteredRight => ({
  id: row.id,
  participant: row.participant,
  resource: row.resource,
  right: row.right_kind,
  holderName: row.holder_name,
  holderCode: row.holder_code,
  certificate: row.certificate,
  caseId: row.case_id,
  validFrom: row.valid_from,
  validUntil: row.valid_until,
  limits: row.limits,
  proof: row.proof,
  state: row.state,
});

/** Newest first. */
export const listRights = async (read: Reader, where: Sql, limit = 500): Promise<RegisteredRight[]> =>
  (
    await read.rows<RightRow>(
      sql`select ${rightColumns} from registered_rights where ${where} order by id desc limit ${limit}`,
    )
  ).map(rightOf);

export const findRight = async (read: Reader, id: string, lock = false): Promise<RegisteredRight | undefined> => {
  const row = await read.first<RightRow>(
    sql`select ${rightColumns} from registered_rights where id = ${id} ${lock ? sql`for update` : empty}`,
  );
  return row && rightOf(row);
};

export const insertRight = async (tx: Tx, one: RegisteredRight): Promise<void> => {
  await tx.exec(sql`insert into registered_rights (id, node, market, participant, resource, right_kind, holder_name, holder_code, certificate,
      case_id, valid_from, valid_until, limits, proof, state, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.resource}, ${one.right}, ${one.holderName},
      ${one.holderCode}, ${one.certificate}, ${one.caseId}, ${one.validFrom}, ${one.validUntil}, ${one.limits}, ${one.proof}, ${one.state},
      ${tx.now})`);
};

export const saveRight = async (
  tx: Tx,
  id: string,
  change: { state: RightState; validUntil?: Date; endedBy?: string | null },
): Promise<void> => {
  const ended = change.state !== 'active' && change.state !== 'frozen';
  await tx.exec(sql`update registered_rights set state = ${change.state},
    valid_until = coalesce(${change.validUntil ?? null}::timestamptz, valid_until),
    ended_at = ${ended ? tx.now : null}::timestamptz, ended_by_case = ${ended ? (change.endedBy ?? null) : null} where id = ${id}`);
};

interface RemarkRow {
  id: string;
  participant: string;
  right_id: string;
  kind: Remark['kind'];
  text: string;
  basis: string;
  until_day: string | null;
  created_at: Date;
  lifted_at: Date | null;
}

const remarkColumns = sql`id, participant, right_id, kind, text, basis, until_day, created_at, lifted_at`;
const remarkOf = (row: RemarkRow): Remark => ({
  id: row.id,
  participant: row.participant,
  right: row.right_id,
  kind: row.kind,
  text: row.text,
  basis: row.basis,
  until: row.until_day,
  recordedAt: row.created_at,
  liftedAt: row.lifted_at,
});

export const listRemarks = async (read: Reader, where: Sql, limit = 500): Promise<Remark[]> =>
  (
    await read.rows<RemarkRow>(
      sql`select ${remarkColumns} from right_remarks where ${where} order by id limit ${limit}`,
    )
  ).map(remarkOf);

export const insertRemark = async (tx: Tx, one: Remark): Promise<void> => {
  await tx.exec(sql`insert into right_remarks (id, node, market, participant, right_id, kind, text, basis, until_day, recorded_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.right}, ${one.kind}, ${one.text}, ${one.basis},
      ${one.until}, ${tx.actor.id}, ${tx.now})`);
};

export const liftRemark = async (tx: Tx, id: string, reason: string): Promise<void> => {
  await tx.exec(sql`update right_remarks set lifted_at = ${tx.now}, lifted_reason = ${reason} where id = ${id}`);
};

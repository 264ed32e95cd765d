/** Served notices (送达): delivery into an organisation's inbox, with proof of what was served and when. */
import { createHash } from 'node:crypto';
import { audit } from '../audit.ts';
import { type Reader, sql, type Tx } from '../db/db.ts';
import type { Principal } from '../http/principal.ts';
import { newId } from '../ids.ts';
import { emit } from '../outbox.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../pages.ts';
import { kernelProblems } from '../problem.ts';
import type { Text } from './model.ts';
import type { ServiceProof } from './proof.ts';

export interface Notice {
  id: string;
  case: string | null;
  participant: string;
  subject: string;
  /** Of the case; null for notices that are older than this field, and are sent nowhere. */
  title: string | null;
  /** End of the receiver's own limit as it stood when the notice was written. */
  dueAt: Date | null;
  text: Text;
  createdAt: Date;
  servedAt: Date | null;
  readAt: Date | null;
  digest: string;
}

interface NoticeRow {
  id: string;
  case_id: string | null;
  participant: string;
  subject: string;
  title: string | null;
  due_at: Date | null;
  text: Text;
  created_at: Date;
  served_at: Date | null;
  starts_clocks: string[];
  read_at: Date | null;
  digest: string;
}

const noticeOf = (row: NoticeRow): Notice => ({
  id: row.id,
  case: row.case_id,
  participant: row.participant,
  subject: row.subject,
  title: row.title,
  dueAt: row.due_at,
  text: row.text,
  createdAt: row.created_at,
  servedAt: row.served_at,
  readAt: row.read_at,
  digest: row.digest,
});

export interface Service {
  to: string;
  caseId: string | null;
  subject: string;
  title: string;
  dueAt: Date | null;
  text: Text;
  deemedServed: 'onDelivery' | 'onRead';
  startsClocks: string[];
  at: Date;
}

/** Names the content: SHA-256 over a fixed order of the parts. */
const digestOf = (id: string, one: Service): string =>
  `sha256:${createHash('sha256')
    .update(JSON.stringify([id, one.to, one.caseId, one.subject, one.text.zh, one.text.en, one.at.toISOString()]))
    .digest('hex')}`;

/** `proof` is named by every caller, so that no notice goes without by oversight. */
export const serve = async (tx: Tx, one: Service, proof: ServiceProof | undefined): Promise<string> => {
  const id = newId('ntc', tx.now);
  const digest = digestOf(id, one);
  const servedAt = one.deemedServed === 'onDelivery' ? one.at : null;
  await tx.exec(sql`insert into notices (id, node, market, participant, case_id, subject, title, due_at, text, channel, created_at, served_at, starts_clocks,
      digest, retention_class)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.to}, ${one.caseId}, ${one.subject}, ${one.title}, ${one.dueAt},
      ${JSON.stringify(one.text)}, 'inbox', ${one.at}, ${servedAt}, ${JSON.stringify(one.startsClocks)}, ${digest},
      coalesce((select retention_class from cases where id = ${one.caseId}), 'trade'))`);
  await proof?.prove(tx, {
    notice: id,
    case: one.caseId,
    receiver: one.to,
    subject: one.subject,
    text: one.text,
    digest,
    how: 'inbox',
    at: one.at,
    serves: servedAt !== null,
  });
  await emit(tx, {
    type: 'cases.notice.delivered',
    subject: id,
    participant: one.to,
    data: { case: one.caseId },
  });
  return id;
};

export const listNotices = async (reader: Reader, principal: Principal, query: PageQuery & { unread?: boolean }) => {
  const after = decodeCursor(query.after, 1)?.[0] ?? null;
  const rows = await reader.rows<NoticeRow>(sql`select * from notices where participant = ${principal.participant}
    and (${after}::text is null or id < ${after}) and (${query.unread ?? false} = false or read_at is null)
    order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(rows, query, (row) => [row.id], noticeOf);
};

/** Of one case, oldest first: all of them, or one organisation's own. */
export const noticesOfCase = async (
  reader: Reader,
  caseId: string,
  participant: string | undefined,
  query: PageQuery,
) => {
  const after = decodeCursor(query.after, 1)?.[0] ?? null;
  const rows = await reader.rows<NoticeRow>(sql`select * from notices where case_id = ${caseId}
    and (${participant ?? null}::text is null or participant = ${participant ?? null})
    and (${after}::text is null or id > ${after}) order by id limit ${pageSize(query) + 1}`);
  return pageOf(rows, query, (row) => [row.id], noticeOf);
};

export const findNotice = async (reader: Reader, id: string): Promise<Notice | undefined> => {
  const row = await reader.first<NoticeRow>(sql`select * from notices where id = ${id}`);
  return row && noticeOf(row);
};

/** Marks as read once; gives the clocks that service by reading begins. Others' notices are unknown. */
export const readNotice = async (
  tx: Tx,
  principal: Principal,
  id: string,
  proof: ServiceProof | undefined,
): Promise<{ caseId: string; clocks: string[] } | undefined> => {
  const row = await tx.first<NoticeRow>(
    sql`select * from notices where id = ${id} and participant = ${principal.participant} and participant <> '' for update`,
  );
  if (!row) throw kernelProblems.unknown();
  if (row.read_at) return undefined;
  await tx.exec(
    sql`update notices set read_at = ${tx.now}, read_by = ${principal.id}, served_at = coalesce(served_at, ${tx.now}) where id = ${id}`,
  );
  await audit(tx, { action: 'cases.notice.read', subject: id, data: { digest: row.digest } });
  await proof?.prove(tx, {
    notice: id,
    case: row.case_id,
    receiver: row.participant,
    subject: row.subject,
    text: row.text,
    digest: row.digest,
    how: 'read',
    by: principal.id,
    at: tx.now,
    serves: row.served_at === null,
  });
  if (row.served_at || !row.case_id || row.starts_clocks.length === 0) return undefined;
  return { caseId: row.case_id, clocks: row.starts_clocks };
};

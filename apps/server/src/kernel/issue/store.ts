/** Papers: rows of what was issued. */
import type { Text } from '@shugu/wire';
import { empty, type Reader, sql, type Tx } from '../db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../pages.ts';
import type { Paper as Layout } from '../paper/paper.ts';

export interface StoredSignature {
  keyId: string;
  role: string;
  signature: string;
}

export interface PaperRow {
  id: string;
  participant: string;
  parties: string[];
  kind: string;
  number: string;
  title: Text;
  disclosure: 'clear' | 'commitment';
  document: Record<string, unknown>;
  signatures: StoredSignature[];
  salt: string | null;
  layout: Layout | null;
  log_entry: string;
  pdf_digest: string | null;
  bundle_digest: string | null;
  issued_at: Date;
  withdrawn_at: Date | null;
  withdrawn_reason: Text | null;
  verify_code: string;
  retention_class: string;
}

const columns = sql`id, participant, parties, kind, number, title, disclosure, document, signatures, salt, layout, log_entry, pdf_digest, bundle_digest,
  issued_at, withdrawn_at, withdrawn_reason, verify_code, retention_class`;

export const insertPaper = async (
  tx: Tx,
  paper: Omit<PaperRow, 'pdf_digest' | 'bundle_digest' | 'withdrawn_at' | 'withdrawn_reason'>,
): Promise<void> => {
  await tx.exec(sql`insert into papers (id, node, market, participant, parties, kind, number, title, disclosure, document, signatures, salt, layout,
      log_entry, issued_at, verify_code, retention_class)
    values (${paper.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${paper.participant}, ${paper.parties}, ${paper.kind}, ${paper.number},
      ${JSON.stringify(paper.title)}, ${paper.disclosure}, ${JSON.stringify(paper.document)}, ${JSON.stringify(paper.signatures)}, ${paper.salt},
      ${paper.layout ? JSON.stringify(paper.layout) : null}, ${paper.log_entry}, ${paper.issued_at}, ${paper.verify_code}, ${paper.retention_class})`);
};

export const paperById = (read: Reader, id: string) =>
  read.first<PaperRow>(sql`select ${columns} from papers where id = ${id}`);
export const paperByCode = (read: Reader, code: string) =>
  read.first<PaperRow>(sql`select ${columns} from papers where verify_code = ${code}`);
/** By where its entry stands: a paper's bundle is renewed, its place in the log is not. */
export const paperInLog = (read: Reader, { origin, index }: { origin: string; index: number }) =>
  read.first<PaperRow>(
    sql`select ${columns} from papers where log_entry = (select id from log_entries where origin = ${origin} and position = ${index})`,
  );
export const papersOfEntries = (read: Reader, entries: string[]) =>
  read.rows<{ id: string; number: string; title: Text; participant: string }>(
    sql`select id, number, title, participant from papers where log_entry = any(${entries})`,
  );

/** Of one organisation; of several: what all of them may read. */
export const papersOf = async (read: Reader, participants: readonly string[], query: PageQuery & { kind?: string }) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<PaperRow>(sql`select ${columns} from papers where (parties @> ${[...participants]}::text[])
    ${query.kind ? sql`and kind = ${query.kind}` : empty} ${after ? sql`and id < ${after[0]}` : empty}
    order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const completePaper = async (
  tx: Tx,
  id: string,
  files: { pdf: string | null; bundle: string; stamped: boolean },
): Promise<void> => {
  await tx.exec(
    sql`update papers set pdf_digest = ${files.pdf}, bundle_digest = ${files.bundle}, stamped = ${files.stamped} where id = ${id}`,
  );
};

const papersPerPage = 200;

/** Made, and without an outside time stamp, of entries before that size; by id. */
export const unstampedPapers = (read: Reader, asked: { origin: string; below: number; after: string }) =>
  read.rows<PaperRow>(sql`select ${columns} from papers where not stamped and bundle_digest is not null and id > ${asked.after}
    and exists (select 1 from log_entries where log_entries.id = papers.log_entry and origin = ${asked.origin} and position < ${asked.below})
    order by id limit ${papersPerPage}`);

export const renewBundle = async (tx: Tx, id: string, digest: string): Promise<void> => {
  await tx.exec(sql`update papers set bundle_digest = ${digest}, stamped = true where id = ${id}`);
};

export const withdrawPaper = (tx: Tx, id: string, reason: Text): Promise<number> =>
  tx.exec(
    sql`update papers set withdrawn_at = ${tx.now}, withdrawn_reason = ${JSON.stringify(reason)} where id = ${id} and withdrawn_at is null`,
  );

/** SQL of imports of listings. */
import { empty, type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type { ImportFormat } from './rows.ts';

/** In both languages: kept for whoever reads the report. */
export interface StoredFault {
  field: string;
  code: string;
  message: string;
}

export interface RowReport {
  row: number;
  ok: boolean;
  listing: string | null;
  product: string | null;
  errors: StoredFault[];
}

export interface ListingImport {
  id: string;
  participant: string;
  person: string;
  roles: string[];
  file_name: string;
  format: ImportFormat;
  dry_run: boolean;
  digest: string;
  job: string | null;
  state: 'queued' | 'done' | 'failed';
  report: RowReport[];
  failure: string | null;
  created_at: Date;
}

const columns = sql`id, participant, person, roles, file_name, format, dry_run, digest, job, state, report, failure, created_at`;

export const insertImport = async (
  tx: Tx,
  principal: Principal,
  one: Pick<ListingImport, 'id' | 'file_name' | 'format' | 'dry_run' | 'digest'> & { content: Buffer },
): Promise<void> => {
  await tx.exec(sql`insert into listing_imports (id, node, market, participant, person, roles, file_name, format, dry_run, content, digest, state, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${principal.participant}, ${principal.id}, ${[...principal.roles]}, ${one.file_name}, ${one.format},
      ${one.dry_run}, ${one.content}, ${one.digest}, 'queued', ${tx.now})`);
};

export const setJob = async (tx: Tx, id: string, job: string): Promise<void> => {
  await tx.exec(sql`update listing_imports set job = ${job} where id = ${id}`);
};

/** What a row came to, kept with the row's own transaction, so that a restarted job does no row twice. */
export const addReport = async (tx: Tx, id: string, report: RowReport): Promise<void> => {
  await tx.exec(sql`update listing_imports set report = report || ${JSON.stringify([report])}::jsonb where id = ${id}`);
};

export const endImport = async (
  tx: Tx,
  id: string,
  state: 'done' | 'failed',
  failure: string | null,
): Promise<void> => {
  await tx.exec(
    sql`update listing_imports set state = ${state}, failure = ${failure}, finished_at = ${tx.now} where id = ${id}`,
  );
};

export const findImport = (read: Reader, id: string) =>
  read.first<ListingImport>(sql`select ${columns} from listing_imports where id = ${id}`);

export const contentOf = async (read: Reader, id: string): Promise<Buffer> =>
  (await read.one<{ content: Buffer }>(sql`select content from listing_imports where id = ${id}`)).content;

export const listImports = async (read: Reader, participant: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<ListingImport>(sql`select ${columns} from listing_imports where participant = ${participant}
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

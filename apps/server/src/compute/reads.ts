import type { Computation } from '@shugu/private-compute';
import { empty, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import type { LoggedStatement } from '../kernel/issue/statement.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type { Contract, Signature, Use } from './model.ts';

type ContractRow = Omit<Contract, 'terms'>;
const contractColumns = sql`c.id, c.participant, c.title, c.state, c.document, c.digest, c.shape, c.uses_total as "usesTotal",
  c.uses_taken as "usesTaken", c.term_from as "from", c.term_until as "until", c.created_at as "createdAt", c.ended_at as "endedAt",
  c.end_reason as "endReason"`;
const useColumns = sql`id, contract, number, participant, parameters as "values", state, reason, job, result,
  result_digest as "resultDigest", row_count as "rows", created_at as "at", ended_at as "endedAt"`;

const read = (row: ContractRow): Contract => ({ ...row, terms: JSON.parse(row.document) as Computation });

const oneContract = async (reader: Reader, where: Sql): Promise<Contract | undefined> => {
  const row = await reader.first<ContractRow>(sql`select ${contractColumns} from compute_contracts c ${where}`);
  return row && read(row);
};

export const findContract = (reader: Reader, id: string) => oneContract(reader, sql`where c.id = ${id}`);
export const lockContract = (tx: Tx, id: string) => oneContract(tx, sql`where c.id = ${id} for update`);

/** Of one organisation, or of all for those who supervise; newest first. */
export const contractPage = async (reader: Reader, participant: string | undefined, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows = await reader.rows<ContractRow>(sql`select ${contractColumns} from compute_contracts c where true
    ${participant === undefined ? empty : sql`and exists (select 1 from compute_parties p where p.contract = c.id and p.participant = ${participant})`}
    ${after ? sql`and c.id < ${after[0]}` : empty} order by c.id desc limit ${pageSize(query) + 1}`);
  return pageOf(rows, query, (row) => [row.id], read);
};

/** Contracts that time moves: those that begin, and those that end. */
export const dueContracts = async (tx: Tx, limit: number): Promise<Contract[]> =>
  (
    await tx.rows<ContractRow>(sql`select ${contractColumns} from compute_contracts c
      where (c.state in ('draft', 'signed', 'active') and c.term_until <= ${tx.now}) or (c.state = 'signed' and c.term_from <= ${tx.now})
      order by c.id limit ${limit} for update skip locked`)
  ).map(read);

export const signaturesOf = (reader: Reader, contract: string): Promise<Signature[]> =>
  reader.rows<Signature>(sql`select participant, key_id as "keyId", level, signature, created_at as "at" from compute_signatures
    where contract = ${contract} order by created_at, participant`);

/** Newest first. */
export const usesOf = (reader: Reader, contract: string, limit: number): Promise<Use[]> =>
  reader.rows<Use>(
    sql`select ${useColumns} from compute_uses where contract = ${contract} order by number desc limit ${limit}`,
  );

export const findUse = (reader: Reader, id: string): Promise<Use | undefined> =>
  reader.first<Use>(sql`select ${useColumns} from compute_uses where id = ${id}`);
export const lockUse = (tx: Tx, id: string): Promise<Use | undefined> =>
  tx.first<Use>(sql`select ${useColumns} from compute_uses where id = ${id} for update`);

export const statementOf = (reader: Reader, id: string): Promise<LoggedStatement | undefined> =>
  reader.first<LoggedStatement>(
    sql`select core, salt, log_entry from compute_uses where id = ${id} and log_entry is not null`,
  );

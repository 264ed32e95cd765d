/** SQL of off-exchange filings. */
import { empty, type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';

export interface Filing {
  id: string;
  participant: string;
  number: string;
  paper: string;
  case_id: string;
  counterparty: string;
  contract_digest: string;
  amount_fen: number;
  product_kind: string;
  concluded_on: string;
  created_at: Date;
}

const columns = sql`id, participant, number, paper, case_id, counterparty, contract_digest, amount_fen, product_kind, concluded_on, created_at`;

export const insertFiling = async (tx: Tx, one: Omit<Filing, 'created_at'>): Promise<void> => {
  await tx.exec(sql`insert into filings (id, node, market, participant, number, paper, case_id, counterparty, contract_digest, amount_fen, product_kind, concluded_on,
      created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.number}, ${one.paper}, ${one.case_id}, ${one.counterparty},
      ${one.contract_digest}, ${one.amount_fen}, ${one.product_kind}, ${one.concluded_on}, ${tx.now})`);
};

export const isFiled = async (read: Reader, contractDigest: string): Promise<boolean> =>
  (await read.first(sql`select 1 from filings where contract_digest = ${contractDigest} limit 1`)) !== undefined;

export const findFiling = (read: Reader, id: string) =>
  read.first<Filing>(sql`select ${columns} from filings where id = ${id}`);

/** `participant` undefined: all. */
export const listFilings = async (read: Reader, participant: string | undefined, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<Filing>(sql`select ${columns} from filings where true ${participant === undefined ? empty : sql`and participant = ${participant}`}
    ${after ? sql`and id < ${after[0]}` : empty} order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

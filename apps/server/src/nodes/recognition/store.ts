/** SQL of what was had checked. */
import { empty, type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type { NodeKind } from '../model.ts';
import type { Outcome } from './judge.ts';

export interface RecognitionRow {
  id: string;
  at: Date;
  outcome: Outcome;
  digest: string;
  number: string | null;
  data_name: string | null;
  last_day: string | null;
  registrar: string | null;
  peer: { id: string; name: string; kind: NodeKind; origin: string } | null;
  witnesses: string[];
  checks: { id: string; ok: boolean; zh: string; en: string }[];
}

export const insertRecognition = async (tx: Tx, one: RecognitionRow): Promise<void> => {
  await tx.exec(sql`insert into node_recognitions (id, node, market, participant, actor, at, outcome, digest, number, data_name, last_day, registrar,
      peer, witnesses, checks)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${tx.actor.id}, ${one.at}, ${one.outcome}, ${one.digest},
      ${one.number}, ${one.data_name}, ${one.last_day}, ${one.registrar}, ${one.peer === null ? null : JSON.stringify(one.peer)},
      ${JSON.stringify(one.witnesses)}, ${JSON.stringify(one.checks)})`);
};

export const recognitionPage = async (read: Reader, participant: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await read.rows<RecognitionRow>(sql`select id, at, outcome, digest, number, data_name, last_day, registrar, peer, witnesses, checks
    from node_recognitions where participant = ${participant} ${after ? sql`and id < ${after[0]}` : empty}
    order by id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

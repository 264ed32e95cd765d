/** What was asked of the national system: written before it is sent, answered once. */
import { empty, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';

export type Step = 'notice' | 'evidence' | 'code';

export interface Dispatch {
  id: string;
  caseId: string;
  participant: string;
  step: Step;
  // biome-ignore lint/suspicious/noExplicitAny: each step's payload and answer are declared in national/system.ts
  payload: any;
  state: 'doing' | 'done';
  // biome-ignore lint/suspicious/noExplicitAny: as above
  answer: any;
  attempts: number;
  failure: string | null;
  sentAt: Date;
  doneAt: Date | null;
}

interface DispatchRow extends Omit<Dispatch, 'caseId' | 'sentAt' | 'doneAt'> {
  case_id: string;
  created_at: Date;
  done_at: Date | null;
}

const columns = sql`id, case_id, participant, step, payload, state, answer, attempts, failure, created_at, done_at`;
const dispatchOf = ({ case_id, created_at, done_at, ...row }: DispatchRow): Dispatch => ({
  ...row,
  caseId: case_id,
  sentAt: created_at,
  doneAt: done_at,
});

/** Its id; undefined when this step of the case was asked before. `participant`: the registrar. */
export const insertDispatch = async (
  tx: Tx,
  draft: { caseId: string; participant: string; step: Step; payload: object },
): Promise<string | undefined> => {
  const id = newId('nat', tx.now);
  const added =
    await tx.exec(sql`insert into national_dispatches (id, node, market, participant, case_id, step, payload, state, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${draft.participant}, ${draft.caseId}, ${draft.step},
      ${JSON.stringify(draft.payload)}, 'doing', ${tx.now}) on conflict (case_id, step) do nothing`);
  return added ? id : undefined;
};

export const findDispatch = async (
  read: Reader,
  key: { id: string } | { caseId: string; step: Step },
  lock = false,
): Promise<Dispatch | undefined> => {
  const where = 'id' in key ? sql`id = ${key.id}` : sql`case_id = ${key.caseId} and step = ${key.step}`;
  const row = await read.first<DispatchRow>(
    sql`select ${columns} from national_dispatches where ${where} ${lock ? sql`for update` : empty}`,
  );
  return row && dispatchOf(row);
};

export const listDispatches = async (read: Reader, where: Sql, limit: number): Promise<Dispatch[]> =>
  (
    await read.rows<DispatchRow>(
      sql`select ${columns} from national_dispatches where ${where} order by id desc limit ${limit}`,
    )
  ).map(dispatchOf);

export const noteAttempt = async (tx: Tx, id: string, failure: string | null): Promise<void> => {
  await tx.exec(
    sql`update national_dispatches set attempts = attempts + 1, failure = ${failure} where id = ${id} and state = 'doing'`,
  );
};

export const completeDispatch = async (tx: Tx, id: string, answer: object): Promise<void> => {
  await tx.exec(sql`update national_dispatches set state = 'done', answer = ${JSON.stringify(answer)}, done_at = ${tx.now},
    attempts = attempts + 1, failure = null where id = ${id} and state = 'doing'`);
};

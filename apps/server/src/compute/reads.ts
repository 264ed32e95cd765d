import type { Computation, DataSet } from '@shugu/private-compute';
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import type { LoggedStatement } from '../kernel/issue/statement.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import type { Budget, Contract, HeldOutput, Module, MoneyState, OutputAnswer, Part, Signature, Use } from './model.ts';

type ContractRow = Omit<Contract, 'terms'>;
const contractColumns = sql`c.id, c.participant, c.title, c.state, c.document, c.digest, c.shape, c.uses_total as "usesTotal",
  c.uses_taken - c.uses_returned as "usesTaken", c.period_key as "periodKey", c.period_taken as "periodTaken", c.term_from as "from", c.term_until as "until", c.created_at as "createdAt", c.ended_at as "endedAt",
  c.end_reason as "endReason"`;
const useColumns = sql`id, contract, number, participant, parameters as "values", state, reason, job, result,
  result_digest as "resultDigest", result_salt as "resultSalt", row_count as "rows", money_order, price_fen::text as price_fen, money_state, statement,
  isolation, timings, third_address, third_outcome, third_met, created_at as "at", ended_at as "endedAt"`;

interface UseRow extends Omit<Use, 'money' | 'third'> {
  third_address: string | null;
  third_outcome: string | null;
  third_met: boolean;
  money_order: string | null;
  price_fen: string | null;
  money_state: MoneyState | null;
  statement: string | null;
}
const readUse = ({
  money_order: order,
  price_fen,
  money_state,
  statement,
  third_address: address,
  third_outcome: outcome,
  third_met: met,
  ...use
}: UseRow): Use => ({
  ...use,
  third: { address, outcome, met },
  money: order === null ? null : { order, fen: BigInt(price_fen!), state: money_state!, statement },
});
const oneUse = async (reader: Reader, where: Sql): Promise<Use | undefined> => {
  const row = await reader.first<UseRow>(sql`select ${useColumns} from compute_uses where ${where}`);
  return row && readUse(row);
};

const read = (row: ContractRow): Contract => ({ ...row, terms: JSON.parse(row.document) as Computation });

const oneContract = async (reader: Reader, where: Sql): Promise<Contract | undefined> => {
  const row = await reader.first<ContractRow>(sql`select ${contractColumns} from compute_contracts c ${where}`);
  return row && read(row);
};

export const findContract = (reader: Reader, id: string) => oneContract(reader, sql`where c.id = ${id}`);
export const lockContract = (tx: Tx, id: string) => oneContract(tx, sql`where c.id = ${id} for update`);

const waitingFor = (owner: string): Sql => sql`and c.state = 'draft'
  and exists (select 1 from compute_parties p where p.contract = c.id and p.participant = ${owner} and p.owner)
  and not exists (select 1 from compute_signatures s where s.contract = c.id and s.participant = ${owner})`;

/** Of one organisation, or of all for those who supervise; newest first. */
export const contractPage = async (
  reader: Reader,
  participant: string | undefined,
  query: PageQuery & { waiting?: 'true' | undefined },
) => {
  const after = decodeCursor(query.after, 1);
  const rows = await reader.rows<ContractRow>(sql`select ${contractColumns} from compute_contracts c where true
    ${participant === undefined ? empty : sql`and exists (select 1 from compute_parties p where p.contract = c.id and p.participant = ${participant})`}
    ${query.waiting ? waitingFor(participant!) : empty}
    ${after ? sql`and c.id < ${after[0]}` : empty} order by c.id desc limit ${pageSize(query) + 1}`);
  return pageOf(rows, query, (row) => [row.id], read);
};

/** Contracts that time moves: those that begin, and those that end. */
const moves = (at: Moment): Sql => sql`((c.state in ('draft', 'signed', 'active') and c.term_until <= ${at})
  or (c.state = 'signed' and c.term_from <= ${at}))`;

export const dueContracts = async (tx: Tx, limit: number): Promise<Contract[]> =>
  (
    await tx.rows<ContractRow>(sql`select ${contractColumns} from compute_contracts c
      where ${moves(tx.now)}
      order by c.id limit ${limit} for update skip locked`)
  ).map(read);

export const signaturesOf = (reader: Reader, contract: string): Promise<Signature[]> =>
  reader.rows<Signature>(sql`select participant, key_id as "keyId", level, signature, created_at as "at" from compute_signatures
    where contract = ${contract} order by created_at, participant`);

const overlapsMax = 20;

/**
 * Other contracts by which a recipient of this one asks, or has asked, the same of an owner: two answers may differ in a few entities. In a clean room
 * that is another over the same resource, in whichever version, as last month's and this month's may differ in one. What stays with its owners has no
 * name here and a new commitment for each file: there it is any with the same other owner. Newest first; none to anybody but that owner.
 */
export const overlapsOf = (
  reader: Reader,
  { id, terms }: Contract,
  owner: string,
): Promise<{ id: string; title: string; state: Contract['state'] }[]> => {
  const [own, others] = [true, false].map((is) => terms.dataSets.filter((set) => (set.owner === owner) === is)) as [
    Computation['dataSets'],
    Computation['dataSets'],
  ];
  if (own.length === 0) return Promise.resolve([]);
  const resources = own.flatMap((set) => ('resource' in set ? [set.resource] : []));
  const counterparties = others.map((set) => set.owner);
  const one = sql`from jsonb_array_elements(c.document::jsonb -> 'dataSets') s where s ->> 'owner'`;
  return reader.rows(sql`select c.id, c.title, c.state from compute_contracts c
    join compute_parties p on p.contract = c.id and p.participant = ${owner} and p.owner
    where c.id <> ${id} and (c.state in ('signed', 'active') or c.uses_taken > c.uses_returned)
      and exists (select 1 from compute_parties r where r.contract = c.id and r.recipient and r.participant = any(${terms.recipients}))
      and (exists (select 1 ${one} = ${owner} and s ->> 'resource' = any(${resources}))
        or ((${terms.mode !== 'cleanRoom'} or c.document::jsonb ->> 'mode' <> 'cleanRoom')
          and exists (select 1 ${one} = any(${counterparties}))))
    order by c.id desc limit ${overlapsMax}`);
};

export const confirmationsOf = (
  reader: Reader,
  contract: string,
): Promise<{ participant: string; signature: string; at: Date }[]> =>
  reader.rows(sql`select participant, signature, created_at as "at" from compute_confirmations
    where contract = ${contract} order by created_at, participant`);

/** Newest first. */
export const usesOf = async (reader: Reader, contract: string, limit: number): Promise<Use[]> =>
  (
    await reader.rows<UseRow>(
      sql`select ${useColumns} from compute_uses where contract = ${contract} order by number desc limit ${limit}`,
    )
  ).map(readUse);

export const findUse = (reader: Reader, id: string) => oneUse(reader, sql`id = ${id}`);
export const lockUse = (tx: Tx, id: string) => oneUse(tx, sql`id = ${id} for update`);
export const lockUseOfOrder = (tx: Tx, order: string) => oneUse(tx, sql`money_order = ${order} for update`);

/**
 * Uses that nothing will end by itself: their job was cancelled or has died, or the contract ended while their price was waiting
 * for the bank.
 */
const stranded = sql`from compute_uses u join compute_contracts c on c.id = u.contract left join jobs j on j.id = u.job
    where u.state in ('reserved', 'running')
      and (j.state in ('cancelled', 'dead') or (u.money_state = 'freezing' and c.state in ('expired', 'revoked')))`;

export const strandedUses = (reader: Reader, limit: number): Promise<{ id: string; cancelled: boolean }[]> =>
  reader.rows(
    sql`select u.id, coalesce(j.state = 'cancelled', false) as cancelled ${stranded} order by u.id limit ${limit}`,
  );

const late = (at: Moment): Sql => sql`from compute_uses where state in ('reserved', 'running') and due_at <= ${at}`;

/** Uses on shares for which nobody waits any longer. */
export const lateUses = (reader: Reader, now: Date, limit: number): Promise<{ id: string; contract: string }[]> =>
  reader.rows(sql`select id, contract ${late(now)} order by id limit ${limit}`);

export const partsOf = (reader: Reader, use: string): Promise<Part[]> =>
  reader.rows<Part>(sql`select participant, address, statement, signature, created_at as "at", stated_at as "statedAt"
    from compute_parts where use = ${use} order by participant`);

/** The first use of the same values that has an answer or will: what was told once is told again, and nothing new. */
export const useAsked = (reader: Reader, contract: string, values: Record<string, string>) =>
  reader.first<{
    id: string;
  }>(sql`select id from compute_uses where contract = ${contract} and parameters = ${JSON.stringify(values)}::jsonb
    and state in ('reserved', 'running', 'held', 'released') order by number limit 1`);

const budgetColumns = sql`id, participant, resource, entity, rho_limit::text as "limit", rho_spent::text as "spent"`;
const ofSets = (sets: readonly Pick<DataSet, 'owner' | 'resource' | 'entity'>[]): Sql =>
  sql`from compute_budgets where (participant, resource, entity) in (select * from unnest(${sets.map(({ owner }) => owner)}::text[],
    ${sets.map(({ resource }) => resource)}::text[], ${sets.map(({ entity }) => entity)}::text[])) order by id`;

export const budgetsFor = (reader: Reader, sets: readonly DataSet[]): Promise<Budget[]> =>
  reader.rows<Budget>(sql`select ${budgetColumns} ${ofSets(sets)}`);
/** In one order, so that two contracts over the same data wait instead of deadlocking. */
export const lockBudgets = (tx: Tx, sets: readonly DataSet[]): Promise<Budget[]> =>
  tx.rows<Budget>(sql`select ${budgetColumns} ${ofSets(sets)} for update`);

export const budgetPage = async (reader: Reader, participant: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await reader.rows<Budget>(sql`select ${budgetColumns} from compute_budgets where participant = ${participant}
    ${after ? sql`and id > ${after[0]}` : empty} order by id limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const findBudget = (reader: Reader, participant: string, resource: string, entity: string) =>
  reader.one<Budget>(sql`select ${budgetColumns} from compute_budgets
    where participant = ${participant} and resource = ${resource} and entity = ${entity}`);

export const statementOf = (reader: Reader, id: string): Promise<LoggedStatement | undefined> =>
  reader.first<LoggedStatement>(
    sql`select core, salt, log_entry from compute_uses where id = ${id} and log_entry is not null`,
  );

const moduleColumns = sql`digest, participant, name, bytes, created_at as "at"`;

export const findModule = (reader: Reader, participant: string, digest: string): Promise<Module | undefined> =>
  reader.first<Module>(
    sql`select ${moduleColumns} from compute_modules where participant = ${participant} and digest = ${digest}`,
  );

export const modulePage = async (reader: Reader, participant: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows =
    await reader.rows<Module>(sql`select ${moduleColumns} from compute_modules where participant = ${participant}
    ${after ? sql`and digest > ${after[0]}` : empty} order by digest limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.digest],
    (row) => row,
  );
};

export const findHeld = (reader: Reader, use: string): Promise<HeldOutput | undefined> =>
  reader.first<HeldOutput>(
    sql`select use, output as "text", digest, salt, row_count as "rows", until from compute_held_outputs where use = ${use}`,
  );

/** What waits for an owner's answer. */
export const heldPage = async (reader: Reader, owner: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows = await reader.rows<{
    use: string;
    contract: string;
    title: string;
    number: number;
    until: Date;
  }>(sql`select h.use, h.contract, c.title, u.number, h.until
    from compute_held_outputs h join compute_contracts c on c.id = h.contract join compute_uses u on u.id = h.use
    where exists (select 1 from compute_parties p where p.contract = h.contract and p.participant = ${owner} and p.owner)
      and not exists (select 1 from compute_output_answers a where a.use = h.use and a.participant = ${owner})
      ${after ? sql`and h.use > ${after[0]}` : empty} order by h.use limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.use],
    (row) => row,
  );
};

const heldTooLong = (at: Moment): Sql => sql`from compute_held_outputs h join compute_contracts c on c.id = h.contract
    where (h.until <= ${at} or c.state = 'revoked')`;

/** Outputs that nothing waits for any more: their time is over, or an owner has revoked the contract. */
export const heldInVain = (reader: Reader, now: Date, limit: number): Promise<{ use: string; contract: string }[]> =>
  reader.rows(sql`select h.use, h.contract ${heldTooLong(now)} order by h.use limit ${limit}`);

const answered = (at: Moment): Sql => sql`from compute_waiting_answers where due_at <= ${at}`;

/** How uses with noise ended whose step has come. */
export const dueAnswers = (reader: Reader, now: Date, limit: number): Promise<{ use: string; outcome: string }[]> =>
  reader.rows(sql`select use, outcome ${answered(now)} order by due_at, use limit ${limit}`);

/** Whether a contract, a use or an output waits for nothing but this moment. */
export const computeDue = (at: Moment): Sql => sql`(exists (select from compute_contracts c where ${moves(at)})
  or exists (select ${stranded}) or exists (select ${late(at)}) or exists (select ${heldTooLong(at)})
  or exists (select ${answered(at)}))`;

/** In the order in which they were given. */
export const answersOf = (reader: Reader, uses: readonly string[]): Promise<OutputAnswer[]> =>
  reader.rows<OutputAnswer>(sql`select use, participant, digest, approved, reason, created_at as "at" from compute_output_answers
    where use = any(${[...uses]}) order by created_at, participant`);

/** The only SQL of the room that writes. */
import { type Computation, type ContractState, ownersOf, type UseState } from '@shugu/private-compute';
import type { Text } from '@shugu/wire';
import { type Sent, sql, type Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import type { LoggedStatement } from '../kernel/issue/statement.ts';
import type {
  HeldOutput,
  Isolation,
  Module,
  MoneyState,
  OutputAnswer,
  Shape,
  Signature,
  Timings,
  Use,
  UseMoney,
} from './model.ts';

export const insertContract = async (
  tx: Tx,
  terms: Computation,
  signed: { text: string; digest: string },
  shape: Shape,
): Promise<void> => {
  const { id } = terms;
  const { node, market } = tx.tenancy;
  await tx.exec(sql`insert into compute_contracts (id, node, market, participant, title, state, document, digest, shape, uses_total,
      uses_per, term_from, term_until, created_at)
    values (${id}, ${node}, ${market}, ${tx.actor.participant}, ${terms.title}, 'draft', ${signed.text}, ${signed.digest},
      ${JSON.stringify(shape)}, ${terms.uses}, ${terms.usesPer?.most ?? null}, ${new Date(terms.from)}, ${new Date(terms.until)}, ${tx.now})`);
  const owners = ownersOf(terms);
  for (const party of new Set([...owners, ...terms.recipients]))
    await tx.exec(sql`insert into compute_parties (contract, participant, node, market, owner, recipient)
      values (${id}, ${party}, ${node}, ${market}, ${owners.includes(party)}, ${terms.recipients.includes(party)})`);
};

export const insertSignature = async (
  tx: Tx,
  contract: string,
  { participant, keyId, level, signature }: Omit<Signature, 'at'>,
): Promise<void> => {
  await tx.exec(sql`insert into compute_signatures (contract, participant, node, market, person, key_id, level, signature, created_at)
    values (${contract}, ${participant}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.id}, ${keyId}, ${level}, ${signature}, ${tx.now})`);
};

export const saveConfirmation = (tx: Tx, contract: string, signature: string): Promise<number> =>
  tx.exec(sql`insert into compute_confirmations (contract, participant, node, market, person, signature, created_at)
    values (${contract}, ${tx.actor.participant}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.id}, ${signature}, ${tx.now})
    on conflict (contract, participant) do nothing`);

export const setContractState = async (
  tx: Tx,
  id: string,
  state: ContractState,
  end?: { reason: string },
): Promise<void> => {
  await tx.exec(sql`update compute_contracts set state = ${state}, ended_at = ${end ? tx.now : null}, end_reason = ${end?.reason ?? ''}
    where id = ${id}`);
};

/**
 * One more use, if there is one left, in total and of the period, and the contract stands: the statement itself decides, whoever else asks
 * meanwhile. `key`: of the period that it is; '' where the contract limits none.
 */
export const takeUse = (tx: Tx, id: string, key: string): Promise<{ number: number; last: boolean } | undefined> =>
  tx.first<{
    number: number;
    last: boolean;
  }>(sql`update compute_contracts set uses_taken = uses_taken + 1, period_key = ${key},
      period_taken = case when period_key = ${key} then period_taken else 0 end + 1
      where (uses_per is null or period_key <> ${key} or period_taken < uses_per) and id = ${id} and state = 'active' and uses_taken - uses_returned < uses_total and term_from <= ${tx.now} and term_until > ${tx.now}
      returning uses_taken as number, uses_taken - uses_returned = uses_total as last`);

/** All owners signed that it touched nothing. `key`: of the period in which it was taken. */
export const returnUse = (tx: Tx, id: string, state: ContractState, key: string): Promise<number> =>
  tx.exec(sql`update compute_contracts set uses_returned = uses_returned + 1, state = ${state},
    period_taken = case when period_key = ${key} then period_taken - 1 else period_taken end where id = ${id}`);

export const insertUse = async (
  tx: Tx,
  use: Pick<Use, 'id' | 'contract' | 'number' | 'values' | 'money' | 'job' | 'timings'> & { due: Date | null },
): Promise<void> => {
  const { id, contract, number, values, money, job, timings, due } = use;
  tx.send(sql`insert into compute_uses (id, contract, number, node, market, participant, person, parameters, state, money_order,
      price_fen, money_state, job, timings, due_at, created_at)
    values (${id}, ${contract}, ${number}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${tx.actor.id},
      ${JSON.stringify(values)}, 'reserved', ${money?.order ?? null}, ${money?.fen.toString() ?? null}, ${money?.state ?? null},
      ${job}, ${JSON.stringify(timings)}, ${due}, ${tx.now})`);
};

/** An owner is there; its address stays what it was once it is known. */
export const saveCome = (tx: Tx, use: string, address: string | null): Promise<number> =>
  tx.exec(sql`insert into compute_parts (use, participant, node, market, person, address, created_at)
    values (${use}, ${tx.actor.participant}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.id}, ${address}, ${tx.now})
    on conflict (use, participant) do update set address = coalesce(compute_parts.address, excluded.address)`);

export const saveStatement = (tx: Tx, use: string, statement: string, signature: string): Promise<number> =>
  tx.exec(sql`insert into compute_parts (use, participant, node, market, person, statement, signature, stated_at, created_at)
    values (${use}, ${tx.actor.participant}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.id}, ${statement}, ${signature},
      ${tx.now}, ${tx.now})
    on conflict (use, participant) do update set statement = excluded.statement, signature = excluded.signature, stated_at = excluded.stated_at
      where compute_parts.statement is null`);

/** Its owners play from now on, and the third where there is one. */
export const beginPlay = (tx: Tx, id: string, state: UseState, due: Date): Promise<number> =>
  tx.exec(sql`update compute_uses set state = ${state}, due_at = ${due} where id = ${id}`);

/** An owner has stated its part: the other is waited for no longer than that. */
export const hurryUse = (tx: Tx, id: string, due: Date): Promise<number> =>
  tx.exec(sql`update compute_uses set due_at = least(due_at, ${due}) where id = ${id} and state = 'running'`);

export const setThirdAddress = (tx: Tx, id: string, address: string): Promise<number> =>
  tx.exec(sql`update compute_uses set third_address = ${address} where id = ${id} and state = 'running'`);

export const endThird = (tx: Tx, id: string, end: { outcome: string; met: boolean; due: Date }): Promise<number> =>
  tx.exec(
    sql`update compute_uses set third_outcome = ${end.outcome}, third_met = ${end.met}, due_at = ${end.due} where id = ${id}`,
  );

export const setUseMoney = (tx: Tx, id: string, state: MoneyState): Promise<number> =>
  tx.exec(sql`update compute_uses set money_state = ${state} where id = ${id}`);

export const setUseJob = (tx: Tx, id: string, job: string): Promise<number> =>
  tx.exec(sql`update compute_uses set job = ${job} where id = ${id}`);

/** Touches none where it is not in that state any more. */
export const beginUse = (
  tx: Tx,
  { id, state: from }: Pick<Use, 'id' | 'state'>,
  { state, isolation }: { state: UseState; isolation: Isolation },
): Sent =>
  tx.send(sql`update compute_uses set state = ${state}, isolation = ${isolation} where id = ${id} and state = ${from}`);

export const saveBudget = async (
  tx: Tx,
  { resource, entity, rho }: { resource: string; entity: string; rho: string },
): Promise<void> => {
  await tx.exec(sql`insert into compute_budgets (id, node, market, participant, resource, entity, rho_limit, created_at)
    values (${newId('cpb', tx.now)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${resource}, ${entity},
      ${rho}::numeric, ${tx.now})
    on conflict (participant, resource, entity) do update set rho_limit = excluded.rho_limit`);
};

/** The statement itself decides, whoever else charges meanwhile; 0 where it does not fit. */
export const chargeBudget = (tx: Tx, id: string, rho: string): Promise<number> =>
  tx.exec(sql`update compute_budgets set rho_spent = rho_spent + ${rho}::numeric
    where id = ${id} and rho_spent + ${rho}::numeric <= rho_limit`);

export interface UseEnd {
  state: UseState;
  reason: Text | null;
  /** Without its text where it opened elsewhere. */
  result: { text: string | null; digest: string; rows: number | null; salt?: string } | null;
  money: UseMoney | null;
  timings: Timings;
}

export const endUse = async (tx: Tx, id: string, end: UseEnd, said: LoggedStatement): Promise<void> => {
  tx.send(sql`update compute_uses set state = ${end.state}, reason = ${end.reason && JSON.stringify(end.reason)},
    result = ${end.result?.text ?? null}, result_digest = ${end.result?.digest ?? null}, row_count = ${end.result?.rows ?? null},
    result_salt = ${end.result?.salt ?? null},
    money_state = ${end.money?.state ?? null}, statement = ${end.money?.statement ?? null},
    timings = timings || ${JSON.stringify(end.timings)}::jsonb, core = ${JSON.stringify(said.core)}, salt = ${said.salt}, log_entry = ${said.log_entry}, ended_at = ${tx.now} where id = ${id}`);
};

/** Sent once more, it keeps the name of the last time. */
export const saveModule = async (
  tx: Tx,
  { digest, name, bytes }: Pick<Module, 'digest' | 'name' | 'bytes'>,
): Promise<void> => {
  await tx.exec(sql`insert into compute_modules (digest, node, market, participant, person, name, bytes, created_at)
    values (${digest}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${tx.actor.id}, ${name}, ${bytes}, ${tx.now})
    on conflict (participant, digest) do update set name = excluded.name`);
};

export const holdOutput = async (
  tx: Tx,
  { contract, participant }: Pick<Use, 'contract' | 'participant'>,
  { use, text, digest, salt, rows, until }: HeldOutput,
  timings: Timings,
): Promise<void> => {
  await tx.exec(sql`insert into compute_held_outputs (use, contract, node, market, participant, output, digest, salt, row_count, until, created_at)
    values (${use}, ${contract}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${text}, ${digest}, ${salt}, ${rows}, ${until}, ${tx.now})`);
  await tx.exec(
    sql`update compute_uses set state = 'held', timings = timings || ${JSON.stringify(timings)}::jsonb where id = ${use}`,
  );
};

export const keepTimings = (tx: Tx, use: string, timings: Timings): Promise<number> =>
  tx.exec(sql`update compute_uses set timings = timings || ${JSON.stringify(timings)}::jsonb where id = ${use}`);

export const keepAnswer = (
  tx: Tx,
  { id, contract, participant }: Pick<Use, 'id' | 'contract' | 'participant'>,
  outcome: string,
  due: Date,
): Promise<number> =>
  tx.exec(sql`insert into compute_waiting_answers (use, contract, node, market, participant, outcome, due_at, created_at)
    values (${id}, ${contract}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${outcome}, ${due}, ${tx.now})`);

/** Whether it was there. */
export const dropAnswer = async (tx: Tx, use: string): Promise<boolean> =>
  (await tx.exec(sql`delete from compute_waiting_answers where use = ${use}`)) > 0;

export const dropHeld = (tx: Tx, use: string): Promise<number> =>
  tx.exec(sql`delete from compute_held_outputs where use = ${use}`);

export const insertAnswer = async (
  tx: Tx,
  { use, digest, approved, reason }: Pick<OutputAnswer, 'use' | 'digest' | 'approved' | 'reason'>,
): Promise<void> => {
  await tx.exec(sql`insert into compute_output_answers (use, participant, node, market, person, digest, approved, reason, created_at)
    values (${use}, ${tx.actor.participant}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.id}, ${digest}, ${approved}, ${reason},
      ${tx.now})`);
};

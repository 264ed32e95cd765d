/** The only statements that write warnings, their steps and the regulator's tasks. */
import { sql, type Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import type { Found } from './detectors.ts';
import type { RiskState, RiskStep, Task } from './model.ts';

interface Met extends Found {
  rule: string;
  pack: string;
  severity: string;
}

/** False when it is known already; its words follow what is found now. */
export const meet = async (tx: Tx, one: Met): Promise<boolean> => {
  const cause = JSON.stringify(one.cause);
  const { added } = await tx.one<{
    added: boolean;
  }>(sql`insert into risks (id, node, market, participant, rule, pack, severity, state,
      present, target_kind, target, target_name, cause, created_at)
    values (${newId('rsk', tx.now)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.rule}, ${one.pack},
      ${one.severity}, 'open', true, ${one.kind}, ${one.target}, ${one.name}, ${cause}, ${tx.now})
    on conflict (rule, target) where present do update set cause = excluded.cause
    returning xmax = 0 as added`);
  return added;
};

/** What is no longer found among the targets of its rule: gone by itself, or with what was done. */
export const pass = (tx: Tx, rule: string, targets: readonly string[]): Promise<number> =>
  tx.exec(sql`update risks set present = false, ended_at = coalesce(ended_at, ${tx.now}),
      state = case state when 'open' then 'passed' else state end
    where rule = ${rule} and present and not target = any(${[...targets]})`);

export const setState = (tx: Tx, id: string, state: RiskState): Promise<number> =>
  tx.exec(sql`update risks set state = ${state}, ended_at = ${state === 'open' ? null : tx.now} where id = ${id}`);

export const insertStep = (tx: Tx, one: { risk: string; kind: RiskStep['kind']; body: string }): Promise<number> =>
  tx.exec(sql`insert into risk_steps (id, node, market, participant, risk, person, kind, body, created_at)
    values (${newId('rks', tx.now)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${one.risk}, ${tx.actor.id},
      ${one.kind}, ${one.body}, ${tx.now})`);

export const insertTask = (tx: Tx, one: Task): Promise<number> =>
  tx.exec(sql`insert into regulator_tasks (id, node, market, participant, title, body, state, due_on, owner, created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.title}, ${one.body}, ${one.state},
      ${one.due_on}, ${one.owner}, ${tx.actor.id}, ${one.created_at})`);

export const endTask = (tx: Tx, id: string, state: 'done' | 'cancelled', result: string): Promise<number> =>
  tx.exec(sql`update regulator_tasks set state = ${state}, result = ${result}, ended_at = ${tx.now} where id = ${id}`);

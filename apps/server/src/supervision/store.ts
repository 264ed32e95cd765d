/** The only statements that write this room's tables. */
import { sql, type Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import type { Answer, Directive, Hold, Suspension } from './model.ts';

export const insertDirective = (tx: Tx, one: Directive): Promise<number> =>
  tx.exec(sql`insert into directives (id, node, market, participant, number, state, measure, emergency, basis, reason, target_kind,
      target, target_name, addressees, lifts, answer_days, answer_by, confirm_by, issued_by, confirmed_by, confirmed_at,
      declined_by, decline_reason, paper, effect, created_at, effective_at, ended_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.number}, ${one.state}, ${one.measure},
      ${one.emergency}, ${one.basis}, ${one.reason}, ${one.target_kind}, ${one.target}, ${one.target_name}, ${one.addressees},
      ${one.lifts}, ${one.answer_days}, ${one.answer_by}, ${one.confirm_by}, ${one.issued_by}, ${one.confirmed_by},
      ${one.confirmed_at}, ${one.declined_by}, ${one.decline_reason}, ${one.paper},
      ${one.effect ? JSON.stringify(one.effect) : null}, ${one.created_at}, ${one.effective_at}, ${one.ended_at})`);

export const saveDirective = (tx: Tx, one: Directive): Promise<number> =>
  tx.exec(sql`update directives set state = ${one.state}, answer_by = ${one.answer_by}, confirm_by = ${one.confirm_by},
      confirmed_by = ${one.confirmed_by}, confirmed_at = ${one.confirmed_at}, declined_by = ${one.declined_by},
      decline_reason = ${one.decline_reason}, paper = ${one.paper}, effect = ${one.effect ? JSON.stringify(one.effect) : null},
      effective_at = ${one.effective_at}, ended_at = ${one.ended_at}
    where id = ${one.id}`);

export const insertAnswer = (tx: Tx, one: Answer): Promise<number> =>
  tx.exec(sql`insert into directive_answers (id, node, market, participant, directive, person, body, late, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.directive}, ${one.person}, ${one.body},
      ${one.late}, ${one.created_at})`);

export const insertSuspension = (tx: Tx, one: Suspension): Promise<number> =>
  tx.exec(sql`insert into suspensions (id, node, market, participant, state, target_kind, target, target_name, reason, proposed_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.state}, ${one.target_kind}, ${one.target},
      ${one.target_name}, ${one.reason}, ${one.proposed_by}, ${one.created_at})`);

export const saveSuspension = (tx: Tx, one: Suspension): Promise<number> =>
  tx.exec(sql`update suspensions set state = ${one.state}, confirmed_by = ${one.confirmed_by}, lifted_by = ${one.lifted_by},
      lift_reason = ${one.lift_reason}, effective_at = ${one.effective_at}, ended_at = ${one.ended_at} where id = ${one.id}`);

/** Holds of one target change one after the other: whether others are left decides what the door is told. */
export const lockTarget = async (tx: Tx, hold: Hold): Promise<void> => {
  await tx.first(sql`select pg_advisory_xact_lock(hashtextextended(${`use-hold/${hold.kind}/${hold.target}`}, 0))`);
};

/** False when this source holds the target already. */
export const insertHold = async (tx: Tx, source: string, hold: Hold, reason: string): Promise<boolean> =>
  (await tx.exec(sql`insert into use_holds (id, node, market, participant, source, target_kind, target, reason, created_at)
    values (${newId('uhd', tx.now)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${source}, ${hold.kind},
      ${hold.target}, ${reason}, ${tx.now}) on conflict do nothing`)) === 1;

export const liftHold = (tx: Tx, source: string, hold: Hold): Promise<number> =>
  tx.exec(sql`update use_holds set lifted_at = ${tx.now}
    where source = ${source} and target_kind = ${hold.kind} and target = ${hold.target} and lifted_at is null`);

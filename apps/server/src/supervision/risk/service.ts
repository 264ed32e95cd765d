/** Looks for what the pack's warnings name, keeps what was found and what was done about it. */
import type * as wire from '@shugu/wire/supervision-risk';
import { riskLimits } from '@shugu/wire/supervision-risk';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { RulePack } from '../../kernel/rulepack/model.ts';
import type { SupervisionDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { detectors } from './detectors.ts';
import type { Risk, RiskState, Task } from './model.ts';
import * as reads from './reads.ts';
import * as store from './store.ts';

/** The pack that says what is watched; a node that loads none watches nothing. */
export const packOf = ({ ruleBook }: Pick<SupervisionDeps, 'ruleBook'>, now: Date): RulePack | undefined =>
  ruleBook.current('supervision', now);

/** A pack that asks for what nothing can find is a fault of the installation, found at start. */
export const checkWarnings = (packs: readonly RulePack[]): void => {
  for (const pack of packs)
    for (const { id } of pack.warnings)
      if (!detectors[id]) throw new Error(`${pack.pin}: nothing finds the warning ${id}`);
};

/** One transaction a rule, so that one that fails leaves the others. Returns how many are new or gone. */
export const watch = async (deps: SupervisionDeps, now: Date): Promise<number> => {
  const pack = packOf(deps, now);
  if (!pack) return 0;
  const present = await reads.presentRules(deps.database);
  let changed = 0;
  for (const { id: rule, severity } of pack.warnings) {
    const figure = (name: string) => deps.ruleBook.number(pack.pin, name);
    const found = await detectors[rule]!(deps.database, now, figure);
    if (found.length === 0 && !present.has(rule)) continue;
    changed += await deps.database.tx(systemActor('supervision'), async (tx) => {
      let count = await store.pass(
        tx,
        rule,
        found.map((one) => one.target),
      );
      for (const one of found) {
        const added = await store.meet(tx, { ...one, rule, pack: pack.pin, severity });
        if (added) count++;
      }
      return count;
    });
  }
  return changed;
};

const moves: Record<'handle' | 'reopen', { from: readonly RiskState[]; to: RiskState }> = {
  handle: { from: ['open', 'passed'], to: 'handled' },
  reopen: { from: ['handled'], to: 'open' },
};

/** @throws supervision.wrongState, supervision.stepsFull */
export const stepRisk = async (
  tx: Tx,
  id: string,
  { kind, text }: z.output<NonNullable<typeof wire.stepRisk.body>>,
): Promise<Risk> => {
  const one = await reads.lockRisk(tx, id);
  if (!one) throw kernelProblems.unknown();
  if ((await reads.stepsOf(tx, id)).length >= riskLimits.stepsPerRiskMax) throw problems.stepsFull();
  const move = kind === 'note' ? undefined : moves[kind];
  // What is gone is not opened again: if it comes back it is found anew.
  if (move && (!move.from.includes(one.state) || (kind === 'reopen' && !one.present)))
    throw problems.wrongState({ detail: one.state });
  await store.insertStep(tx, { risk: id, kind, body: text });
  if (move) await store.setState(tx, id, move.to);
  await audit(tx, { action: `supervision.risk.${kind}`, subject: id, data: { rule: one.rule, target: one.target } });
  if (move)
    await emit(tx, {
      type: `supervision.risk.${kind === 'handle' ? 'handled' : 'reopened'}`,
      subject: id,
      data: { rule: one.rule },
    });
  return (await reads.lockRisk(tx, id))!;
};

export const createTask = async (tx: Tx, body: z.output<NonNullable<typeof wire.createTask.body>>): Promise<Task> => {
  const one: Task = {
    id: newId('tsk', tx.now),
    participant: tx.actor.participant,
    title: body.title,
    body: body.text,
    state: 'open',
    due_on: body.dueOn,
    owner: body.owner,
    result: null,
    created_at: tx.now,
    ended_at: null,
  };
  await store.insertTask(tx, one);
  await audit(tx, { action: 'supervision.task.create', subject: one.id, data: { dueOn: one.due_on } });
  return one;
};

/** @throws kernel.unknown, supervision.wrongState */
export const endTask = async (tx: Tx, id: string, state: 'done' | 'cancelled', result: string): Promise<Task> => {
  const one = await reads.lockTask(tx, id);
  if (!one || one.participant !== tx.actor.participant) throw kernelProblems.unknown();
  if (one.state !== 'open') throw problems.wrongState({ detail: one.state });
  await store.endTask(tx, id, state, result);
  await audit(tx, { action: 'supervision.task.end', subject: id, data: { state } });
  return { ...one, state, result, ended_at: tx.now };
};

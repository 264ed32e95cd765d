/** Stops by the operator: proposed by one person, confirmed by another, lifted with a reason. */
import { audit } from '../kernel/audit.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { newId } from '../kernel/ids.ts';
import { emit } from '../kernel/outbox.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { placeHolds, releaseHolds } from './holds.ts';
import type { SupervisionDeps, Suspension } from './model.ts';
import { problems } from './problems.ts';
import * as reads from './reads.ts';
import { holdsOf } from './rules.ts';
import * as store from './store.ts';

const tell = async (tx: Tx, one: Suspension, happened: 'proposed' | 'declined' | 'confirmed' | 'lifted') => {
  await audit(tx, {
    action: `supervision.suspension.${happened}`,
    subject: one.id,
    participant: one.participant,
    data: { kind: one.target_kind, target: one.target, reason: one.lift_reason ?? one.reason },
  });
  await emit(tx, {
    type: `supervision.suspension.${happened}`,
    subject: one.id,
    participant: one.participant,
    data: { kind: one.target_kind, target: one.target },
  });
};

export const proposeSuspension = async (
  tx: Tx,
  principal: Principal,
  draft: { target: { kind: Suspension['target_kind']; id: string }; reason: string },
): Promise<Suspension> => {
  const { target, reason } = draft;
  const found = await reads.findTarget(tx, target);
  if (!found) throw kernelProblems.unknown();
  if (await reads.openSuspension(tx, target.kind, target.id)) throw problems.alreadySuspended();
  const one: Suspension = {
    id: newId('ssp', tx.now),
    participant: principal.participant,
    state: 'proposed',
    target_kind: target.kind,
    target: target.id,
    target_name: found.name,
    reason,
    proposed_by: principal.id,
    confirmed_by: null,
    lifted_by: null,
    lift_reason: null,
    created_at: tx.now,
    effective_at: null,
    ended_at: null,
  };
  await store.insertSuspension(tx, one);
  await tell(tx, one, 'proposed');
  return one;
};

const inState = async (tx: Tx, id: string, state: Suspension['state']): Promise<Suspension> => {
  const one = await reads.lockSuspension(tx, id);
  if (!one) throw kernelProblems.unknown();
  if (one.state !== state) throw problems.wrongState({ detail: one.state });
  return one;
};

const settle = async (tx: Tx, one: Suspension, happened: Parameters<typeof tell>[2]): Promise<Suspension> => {
  await store.saveSuspension(tx, one);
  await tell(tx, one, happened);
  return one;
};

export const confirmSuspension = async (
  deps: SupervisionDeps,
  tx: Tx,
  principal: Principal,
  id: string,
): Promise<Suspension> => {
  const one = await inState(tx, id, 'proposed');
  if (one.proposed_by === principal.id) throw problems.samePerson();
  const target = await reads.findTarget(tx, { kind: one.target_kind, id: one.target });
  await placeHolds(deps, tx, id, holdsOf('freeze', target!), one.reason);
  return settle(tx, { ...one, state: 'effective', confirmed_by: principal.id, effective_at: tx.now }, 'confirmed');
};

export const declineSuspension = async (tx: Tx, id: string): Promise<Suspension> =>
  settle(tx, { ...(await inState(tx, id, 'proposed')), state: 'declined', ended_at: tx.now }, 'declined');

export const liftSuspension = async (
  deps: SupervisionDeps,
  tx: Tx,
  principal: Principal,
  id: string,
  reason: string,
): Promise<Suspension> => {
  const one = await inState(tx, id, 'effective');
  await releaseHolds(deps, tx, id, reason);
  return settle(
    tx,
    { ...one, state: 'lifted', lifted_by: principal.id, lift_reason: reason, ended_at: tx.now },
    'lifted',
  );
};

/** Legal holds (封存): each of the two acts, placing and lifting, takes two people of the organisation that orders it. */
import { audit } from '../kernel/audit.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { newId } from '../kernel/ids.ts';
import { emit } from '../kernel/outbox.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { insertLegalHold, type LegalHold, lockLegalHold, saveLegalHold } from '../kernel/retention/legal-holds.ts';
import type { SupervisionDeps } from './model.ts';
import { problems } from './problems.ts';
import * as reads from './reads.ts';

/** Those concerned are told by a notice. */
type Deps = Pick<SupervisionDeps, 'serve'>;

export interface HoldDraft {
  target: { kind: LegalHold['target_kind']; id: string };
  basis: string;
  reason: string;
  until?: string;
}

type Happened = 'proposed' | 'declined' | 'effective' | 'liftProposed' | 'liftDeclined' | 'lifted' | 'expired';
const told: Partial<Record<Happened, { zh: string; en: string }>> = {
  effective: { zh: '已封存，相关记录不得删除', en: 'is under a legal hold: its records may not be deleted' },
  lifted: { zh: '已解除封存', en: 'is no longer under this legal hold' },
  expired: { zh: '封存已到期', en: 'is no longer under this legal hold: its time is over' },
};

/** What only prepares stays in the house; what takes effect is told, to those concerned by a notice. */
const record = async (deps: Deps, tx: Tx, one: LegalHold, happened: Happened): Promise<LegalHold> => {
  const data = { kind: one.target_kind, target: one.target };
  await audit(tx, {
    action: `supervision.legalHold.${happened}`,
    subject: one.id,
    participant: one.participant,
    data: { ...data, basis: one.basis, ...(one.lift_reason ? { liftReason: one.lift_reason } : {}) },
  });
  const words = told[happened];
  if (!words) return one;
  await emit(tx, { type: `supervision.legalHold.${happened}`, subject: one.id, participant: one.participant, data });
  for (const to of one.covers.filter((id) => id.startsWith('org_')))
    await deps.serve(tx, {
      to,
      caseId: null,
      subject: one.id,
      title: `封存 ${one.id}`,
      dueAt: null,
      text: {
        zh: `${one.target_name}${words.zh}（依据：${one.basis}）`,
        en: `${one.target_name} ${words.en} (basis: ${one.basis})`,
      },
      deemedServed: 'onDelivery',
      startsClocks: [],
      at: tx.now,
    });
  return one;
};

const save = async (deps: Deps, tx: Tx, one: LegalHold, happened: Happened): Promise<LegalHold> => {
  await saveLegalHold(tx, one);
  return record(deps, tx, one, happened);
};

/** @throws kernel.unknown, kernel.invalid */
export const proposeHold = async (deps: Deps, tx: Tx, principal: Principal, draft: HoldDraft): Promise<LegalHold> => {
  const { kind, id: target } = draft.target;
  const found = await reads.findHoldTarget(tx, kind, target);
  if (!found) throw kernelProblems.unknown();
  const until = draft.until ? new Date(draft.until) : null;
  if (until && until <= tx.now)
    throw kernelProblems.invalid({ field: 'body.until', detail: { zh: '日期已过', en: 'lies in the past' } });
  const one: LegalHold = {
    id: newId('lgh', tx.now),
    participant: principal.participant,
    state: 'proposed',
    target_kind: kind,
    target,
    target_name: found.name,
    covers: [...new Set([target, ...found.concerns.filter(Boolean)])],
    basis: draft.basis,
    reason: draft.reason,
    until,
    proposed_by: principal.id,
    confirmed_by: null,
    lift_proposed_by: null,
    lift_reason: null,
    lifted_by: null,
    created_at: tx.now,
    effective_at: null,
    ended_at: null,
  };
  await insertLegalHold(tx, one);
  return record(deps, tx, one, 'proposed');
};

/** Only who ordered a hold confirms, declines and lifts it: the operator cannot undo the regulator’s. */
const own = async (tx: Tx, principal: Principal, id: string, ...states: LegalHold['state'][]): Promise<LegalHold> => {
  const one = await lockLegalHold(tx, id);
  if (!one || one.participant !== principal.participant) {
    if (one?.effective_at && principal.permissions.has('supervision.legalHold.read')) throw problems.holdForeign();
    throw kernelProblems.unknown();
  }
  if (!states.includes(one.state) || (one.until && one.until <= tx.now))
    throw problems.wrongState({ detail: one.state });
  return one;
};

/** @throws supervision.samePerson, supervision.wrongState, supervision.holdForeign */
export const confirmHold = async (deps: Deps, tx: Tx, principal: Principal, id: string): Promise<LegalHold> => {
  const one = await own(tx, principal, id, 'proposed', 'lifting');
  if (principal.id === (one.state === 'proposed' ? one.proposed_by : one.lift_proposed_by)) throw problems.samePerson();
  return one.state === 'proposed'
    ? save(deps, tx, { ...one, state: 'effective', confirmed_by: principal.id, effective_at: tx.now }, 'effective')
    : save(deps, tx, { ...one, state: 'lifted', lifted_by: principal.id, ended_at: tx.now }, 'lifted');
};

/** Declined lifting: the hold goes on as if nobody had asked. */
export const declineHold = async (deps: Deps, tx: Tx, principal: Principal, id: string): Promise<LegalHold> => {
  const one = await own(tx, principal, id, 'proposed', 'lifting');
  return one.state === 'proposed'
    ? save(deps, tx, { ...one, state: 'declined', ended_at: tx.now }, 'declined')
    : save(deps, tx, { ...one, state: 'effective', lift_proposed_by: null, lift_reason: null }, 'liftDeclined');
};

export const proposeLift = async (
  deps: Deps,
  tx: Tx,
  principal: Principal,
  id: string,
  reason: string,
): Promise<LegalHold> => {
  const one = await own(tx, principal, id, 'effective');
  return save(
    deps,
    tx,
    { ...one, state: 'lifting', lift_proposed_by: principal.id, lift_reason: reason },
    'liftProposed',
  );
};

/** False when it was lifted meanwhile. */
export const expireHold = async (deps: Deps, tx: Tx, id: string): Promise<boolean> => {
  const one = await lockLegalHold(tx, id);
  if (!one?.until || one.until > tx.now || !['effective', 'lifting'].includes(one.state)) return false;
  await save(deps, tx, { ...one, state: 'expired', ended_at: one.until }, 'expired');
  return true;
};

/** Directives: drafted by one person, confirmed by another, carried out in the same transaction, answered, lifted. */
import type * as wire from '@shugu/wire/supervision';
import { supervisionLimits } from '@shugu/wire/supervision';
import type { z } from 'zod';
import { audit } from '../kernel/audit.ts';
import { dayOf, monthOf } from '../kernel/calendar/calendar.ts';
import type { Reader, Tx } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { newId } from '../kernel/ids.ts';
import { nextNumber } from '../kernel/numbers.ts';
import { emit } from '../kernel/outbox.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { placeHolds, releaseHolds } from './holds.ts';
import type { Directive, FoundTarget, SupervisionDeps } from './model.ts';
import { problems } from './problems.ts';
import * as reads from './reads.ts';
import { confirmRefusal, fits, hasLapsed, holdsOf } from './rules.ts';
import * as store from './store.ts';

export type DirectiveDraft = z.output<typeof wire.createDirective.body & z.ZodType>;

const measureTitles = {
  freeze: { zh: '冻结', en: 'freeze' },
  suspendListing: { zh: '暂停上架', en: 'suspend listing' },
  explain: { zh: '责令说明', en: 'explain' },
  lift: { zh: '解除', en: 'lift' },
} as const;

const tell = async (
  tx: Tx,
  one: Directive,
  happened: 'issued' | 'confirmed' | 'declined' | 'lapsed' | 'answered' | 'lifted',
  more: Record<string, unknown> = {},
): Promise<void> => {
  await audit(tx, {
    action: `supervision.directive.${happened}`,
    subject: one.id,
    participant: one.participant,
    data: { number: one.number, ...more },
  });
  await emit(tx, {
    type: `supervision.directive.${happened}`,
    subject: one.id,
    participant: one.participant,
    data: { number: one.number, measure: one.measure, kind: one.target_kind, target: one.target, ...more },
  });
};

const nextDirectiveNumber = async (tx: Tx): Promise<string> => {
  const month = monthOf(tx.now);
  return `ZL-${month}-${String(await nextNumber(tx, `directive/${month}`)).padStart(4, '0')}`;
};

const confirmDays = ({ ruleBook }: SupervisionDeps, now: Date): number => {
  const pack = ruleBook.current('exchange', now);
  if (!pack) throw new Error('no rule pack of the exchange is in force');
  return ruleBook.number(pack.pin, 'directiveConfirmDays');
};

const notify = async (
  deps: SupervisionDeps,
  tx: Tx,
  one: Directive,
  to: readonly string[],
  words: { zh: string; en: string },
  dueAt: Date | null = null,
) => {
  for (const participant of to)
    await deps.serve(tx, {
      to: participant,
      caseId: null,
      subject: one.id,
      title: `监管指令 ${one.number}`,
      dueAt,
      text: {
        zh: `监管指令 ${one.number}（${measureTitles[one.measure].zh}：${one.target_name}）${words.zh}`,
        en: `Directive ${one.number} (${measureTitles[one.measure].en}: ${one.target_name}) ${words.en}`,
      },
      deemedServed: 'onDelivery',
      startsClocks: [],
      at: tx.now,
    });
};

const readersOf = async (deps: SupervisionDeps, tx: Tx, one: Directive): Promise<string[]> => [
  ...new Set([...one.addressees, (await deps.members.operatorOf(tx)).id]),
];

/** The seal of the regulator on it; only a commitment enters the public log. */
const issuePaper = async (deps: SupervisionDeps, tx: Tx, one: Directive): Promise<string> => {
  const regulator = await deps.members.displayName(tx, one.participant);
  const paper = await deps.issue.paper(tx, {
    kind: 'directive',
    title: { zh: '监管指令', en: 'Directive' },
    number: one.number,
    document: {
      directive: one.id,
      measure: one.measure,
      emergency: one.emergency,
      basis: one.basis,
      reason: one.reason,
      target: { kind: one.target_kind, id: one.target, name: one.target_name },
      addressees: one.addressees,
      ...(one.lifts ? { lifts: one.lifts } : {}),
      ...(one.answer_by ? { answerBy: one.answer_by.toISOString() } : {}),
    },
    parties: [...new Set([one.participant, ...(await readersOf(deps, tx, one))])],
    signers: [{ participant: one.participant, role: 'regulator' }],
    disclosure: 'commitment',
    retentionClass: 'trade',
    look: {
      layout: 'document',
      issuer: regulator,
      seal: { text: regulator, mark: '平台签名' },
      opening: '根据下列依据，作出本监管指令，请遵照执行并按期反馈。',
      rows: [
        ['措施', `${one.emergency ? '紧急' : ''}${measureTitles[one.measure].zh}`],
        ['对象', `${one.target_name}（${one.target}）`],
        ['依据', one.basis],
        ['理由', one.reason],
        [
          '反馈期限',
          one.answer_by ? `${dayOf(new Date(one.answer_by.getTime() - 1))}（${one.answer_days}个工作日）` : '无',
        ],
      ],
    },
  });
  return paper.id;
};

const targetOf = async (deps: SupervisionDeps, read: Reader, one: Pick<Directive, 'target_kind' | 'target'>) => {
  const found = await reads.findTarget(read, { kind: one.target_kind, id: one.target });
  if (!found) throw new Error(`the target of a directive is gone: ${one.target}`);
  const institution = await deps.members.hasRole(read, found.id, 'operator', 'registrar', 'regulator');
  return { ...found, institution };
};

const takeEffect = async (deps: SupervisionDeps, tx: Tx, draft: Directive): Promise<Directive> => {
  const target = await targetOf(deps, tx, draft);
  const one: Directive = {
    ...draft,
    state: 'effective',
    effective_at: tx.now,
    answer_by: draft.answer_days === null ? null : deps.calendar.deadline(tx.now, draft.answer_days).due,
    effect: await placeHolds(deps, tx, draft.id, holdsOf(draft.measure, target), `监管指令 ${draft.number}`),
  };
  const issued = { ...one, paper: await issuePaper(deps, tx, one) };
  await notify(
    deps,
    tx,
    issued,
    await readersOf(deps, tx, issued),
    { zh: '已生效', en: 'is in force' },
    issued.answer_by,
  );
  return issued;
};

const draftOf = async (
  tx: Tx,
  principal: Principal,
  target: FoundTarget,
  body: Pick<Directive, 'measure' | 'emergency' | 'basis' | 'reason' | 'lifts' | 'answer_days'>,
): Promise<Directive> => ({
  id: newId('dir', tx.now),
  participant: principal.participant,
  number: await nextDirectiveNumber(tx),
  state: 'proposed',
  target_kind: target.kind,
  target: target.id,
  target_name: target.name,
  addressees: [...new Set(target.addressees)],
  ...body,
  answer_by: null,
  confirm_by: null,
  issued_by: principal.id,
  confirmed_by: null,
  confirmed_at: null,
  declined_by: null,
  decline_reason: null,
  paper: null,
  effect: null,
  created_at: tx.now,
  effective_at: null,
  ended_at: null,
});

/** @throws kernel.unknown, kernel.invalid, supervision.targetUnfit */
export const issueDirective = async (
  deps: SupervisionDeps,
  tx: Tx,
  principal: Principal,
  body: DirectiveDraft,
): Promise<Directive> => {
  const found = await reads.findTarget(tx, body.target);
  if (!found) throw kernelProblems.unknown();
  if (body.emergency && body.measure !== 'freeze')
    throw kernelProblems.invalid({
      field: 'body.emergency',
      detail: { zh: '只有冻结可以紧急下达', en: 'only a freeze is an emergency' },
    });
  if (body.measure === 'explain' && body.answerDays === undefined)
    throw kernelProblems.invalid({
      field: 'body.answerDays',
      detail: { zh: '要求说明情况须规定期限', en: 'an explanation needs a deadline' },
    });
  const institution = await deps.members.hasRole(tx, found.id, 'operator', 'registrar', 'regulator');
  if (!fits(body.measure, found.kind) || (institution && body.measure !== 'explain')) throw problems.targetUnfit();
  const draft = await draftOf(tx, principal, found, {
    measure: body.measure,
    emergency: body.emergency,
    basis: body.basis,
    reason: body.reason,
    lifts: null,
    answer_days: body.answerDays ?? null,
  });
  const confirmBy = body.emergency ? deps.calendar.deadline(tx.now, confirmDays(deps, tx.now)).due : null;
  const one = body.emergency ? await takeEffect(deps, tx, { ...draft, confirm_by: confirmBy }) : draft;
  await store.insertDirective(tx, one);
  await tell(tx, one, 'issued', { emergency: one.emergency });
  return one;
};

const locked = async (tx: Tx, id: string): Promise<Directive> => {
  const one = await reads.lockDirective(tx, id);
  if (!one) throw kernelProblems.unknown();
  return one;
};

/** The directive that will lift this one; it waits for another person like every other. */
export const proposeLifting = async (
  deps: SupervisionDeps,
  tx: Tx,
  principal: Principal,
  id: string,
  body: { basis: string; reason: string },
): Promise<Directive> => {
  const one = await locked(tx, id);
  if (one.state !== 'effective' || one.measure === 'lift') throw problems.wrongState({ detail: one.state });
  if (await reads.liftingOf(tx, id))
    throw problems.wrongState({ detail: { zh: '已有待复核的解除指令', en: 'a lifting waits for its confirmation' } });
  const target = await targetOf(deps, tx, one);
  const lifting = await draftOf(
    tx,
    principal,
    { ...target, addressees: one.addressees },
    { ...body, measure: 'lift', emergency: false, lifts: id, answer_days: null },
  );
  await store.insertDirective(tx, lifting);
  await tell(tx, lifting, 'issued', { emergency: false });
  return lifting;
};

const lift = async (deps: SupervisionDeps, tx: Tx, lifting: Directive): Promise<Directive> => {
  const one = await locked(tx, lifting.lifts!);
  if (one.state !== 'effective') throw problems.wrongState({ detail: one.state });
  await releaseHolds(deps, tx, one.id, `监管指令 ${lifting.number}`);
  await store.saveDirective(tx, { ...one, state: 'lifted', ended_at: tx.now });
  await tell(tx, one, 'lifted', { by: lifting.id });
  const done: Directive = { ...lifting, state: 'done', effective_at: tx.now, ended_at: tx.now };
  const issued = { ...done, paper: await issuePaper(deps, tx, done) };
  await notify(deps, tx, one, await readersOf(deps, tx, one), { zh: '已解除', en: 'is lifted' });
  return issued;
};

/** @throws supervision.samePerson, supervision.wrongState, supervision.confirmLate */
export const confirmDirective = async (
  deps: SupervisionDeps,
  tx: Tx,
  principal: Principal,
  id: string,
): Promise<Directive> => {
  const one = await locked(tx, id);
  const refusal = confirmRefusal(one, principal.id, tx.now);
  if (refusal) throw problems[refusal]({ detail: one.state });
  const confirmed: Directive = { ...one, confirmed_by: principal.id, confirmed_at: tx.now };
  const saved =
    one.state === 'effective'
      ? confirmed
      : one.measure === 'lift'
        ? await lift(deps, tx, confirmed)
        : await takeEffect(deps, tx, confirmed);
  await store.saveDirective(tx, saved);
  await tell(tx, saved, 'confirmed');
  return saved;
};

/** Ends a freeze that was in force without its second person. */
const undo = async (
  deps: SupervisionDeps,
  tx: Tx,
  one: Directive,
  words: { zh: string; en: string },
): Promise<void> => {
  await releaseHolds(deps, tx, one.id, `监管指令 ${one.number}${words.zh}`);
  const lifting = await reads.liftingOf(tx, one.id);
  if (lifting) await store.saveDirective(tx, { ...lifting, state: 'lapsed', ended_at: tx.now });
  await deps.issue.withdraw(tx, one.paper!, words);
  await notify(deps, tx, one, await readersOf(deps, tx, one), words);
};

export const declineDirective = async (
  deps: SupervisionDeps,
  tx: Tx,
  principal: Principal,
  id: string,
  reason: string,
): Promise<Directive> => {
  const one = await locked(tx, id);
  const refusal = confirmRefusal(one, principal.id, tx.now);
  // Who drafted may take back the draft; a freeze in force takes two.
  if (refusal && !(refusal === 'samePerson' && one.state === 'proposed'))
    throw problems[refusal]({ detail: one.state });
  const declined: Directive = {
    ...one,
    state: 'declined',
    declined_by: principal.id,
    decline_reason: reason,
    ended_at: tx.now,
  };
  if (one.state === 'effective') await undo(deps, tx, one, { zh: '复核未通过，已失效', en: 'was not confirmed' });
  await store.saveDirective(tx, declined);
  await tell(tx, declined, 'declined', { reason });
  return declined;
};

/** False when somebody confirmed it meanwhile. */
export const lapseDirective = async (deps: SupervisionDeps, tx: Tx, id: string): Promise<boolean> => {
  const one = await locked(tx, id);
  if (!hasLapsed(one, tx.now)) return false;
  await undo(deps, tx, one, { zh: '逾期未复核，已失效', en: 'lapsed unconfirmed' });
  await store.saveDirective(tx, { ...one, state: 'lapsed', ended_at: tx.now });
  await tell(tx, one, 'lapsed');
  return true;
};

/** Whether this caller sees the directive: the regulator all, addressees and the operator what took effect. */
export const sees = (principal: Principal, one: Directive): boolean =>
  principal.permissions.has('supervision.directive.read') ||
  (one.effective_at !== null &&
    (principal.permissions.has('supervision.directive.follow') ||
      (principal.participant !== '' && one.addressees.includes(principal.participant))));

export const answerDirective = async (
  deps: SupervisionDeps,
  tx: Tx,
  principal: Principal,
  id: string,
  text: string,
): Promise<Directive> => {
  const one = await locked(tx, id);
  const mayAnswer = sees(principal, one) && one.participant !== principal.participant && principal.kind === 'person';
  if (!mayAnswer) throw kernelProblems.unknown();
  if (one.state !== 'effective') throw problems.wrongState({ detail: one.state });
  if ((await reads.answersOf(tx, [id])).length >= supervisionLimits.answersPerDirectiveMax)
    throw problems.answersFull();
  await store.insertAnswer(tx, {
    id: newId('dan', tx.now),
    directive: id,
    participant: principal.participant,
    person: principal.id,
    body: text,
    late: one.answer_by !== null && one.answer_by <= tx.now,
    created_at: tx.now,
  });
  await notify(deps, tx, one, [one.participant], { zh: '已收到反馈', en: 'was answered' });
  await tell(tx, one, 'answered', { by: principal.participant });
  return one;
};

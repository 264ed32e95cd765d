/** First registration and transfer: where a certificate begins. */

import { endOfDay, startOfDay } from '../../kernel/calendar/calendar.ts';
import type { CaseRecord, Occasion } from '../../kernel/case/index.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Certificate, Holder, RegisteredRight, RegistryDeps, Text } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import { type Applicant, holderOf, lastDayOf, type RightLine, type Term, termWithin } from '../rules.ts';
import { planTransfer, type TransferPlan } from './applications.ts';
import { endCertificate, endRight, issueCertificate, type NewRight, openRights, reissue } from './certificates.ts';
import { codeOf, evidenceOf, nameOf } from './evidence.ts';

export const registrationKinds: Record<string, Text> = {
  first: { zh: '初次登记', en: 'first registration' },
  transfer: { zh: '转让登记', en: 'transfer' },
  change: { zh: '变更登记', en: 'change' },
  renewal: { zh: '续期登记', en: 'renewal' },
  cancellation: { zh: '注销登记', en: 'cancellation' },
};

export const numberOf = (deps: Pick<RegistryDeps, 'cases'>, one: CaseRecord, rule: string): number =>
  deps.cases.ruleBook.number(one.pin, rule);

/** Kept with the case. */
export const outcomeOf = ({ id, code, validUntil, revision }: Certificate) => ({
  certificate: id,
  code,
  revision,
  validUntil: validUntil.toISOString(),
});

export const holdersLeft = (before: Certificate, left: readonly RegisteredRight[]): Holder[] =>
  before.holders.filter((holder) =>
    left.some((right) => right.holderCode === holder.code && right.holderName === holder.name),
  );

const holdersOf = async (
  deps: RegistryDeps,
  tx: Tx,
  applicants: readonly Applicant[],
): Promise<Map<Applicant, Holder>> => {
  const holders = new Map<Applicant, Holder>();
  for (const one of applicants) {
    const found = await deps.members.organisationByCode(tx, one.number);
    holders.set(one, {
      participant: found?.id ?? null,
      name: one.name,
      // An identity number is no business of the certificate's readers.
      code: one.kind === 'natural' ? '' : one.number,
      natural: one.kind === 'natural',
    });
  }
  return holders;
};

/** Each line of the form as a right within the certificate's term. */
const rightsAsked = (
  lines: readonly RightLine[],
  applicants: readonly Applicant[],
  holders: ReadonlyMap<Applicant, Holder>,
  whole: Term,
): NewRight[] =>
  lines.flatMap((line) => {
    const term = termWithin(whole, line);
    // A term that ran out while the case was open leaves nothing to register.
    if (!term) return [];
    const holder = holders.get(holderOf(line, applicants)!)!;
    return [{ ...term, holder, right: line.right, limits: line.limits ?? '', proof: line.proof ?? '' }];
  });

/** Effect of certifying a first registration. */
export const issueFirst =
  (deps: RegistryDeps) =>
  async (tx: Tx, { case: one }: Occasion) => {
    const code = await codeOf(tx, one);
    const evidence = evidenceOf(one);
    const data = one.data as {
      applicants: Applicant[];
      rights: RightLine[];
      dataSummary: string;
      limits: string;
      objectKind: string;
    };
    const whole = {
      from: startOfDay(evidence.on),
      until: endOfDay(lastDayOf(evidence.on, numberOf(deps, one, 'validityYearsMax'))),
    };
    const holders = await holdersOf(deps, tx, data.applicants);
    const rights = rightsAsked(data.rights, data.applicants, holders, whole);
    if (rights.length === 0)
      throw problems.applicationUnfit({ detail: { zh: '所申请的权利期限均已届满', en: 'every term is over' } });
    const issued = await issueCertificate(
      deps,
      tx,
      {
        participant: one.participant,
        code,
        registrar: one.handler,
        resource: one.subject!,
        objectKind: data.objectKind,
        caseId: one.id,
        dataName: nameOf(one),
        dataSummary: data.dataSummary,
        limits: data.limits,
        evidenceNumber: evidence.number,
        evidencedOn: evidence.on,
        validFrom: whole.from,
        validUntil: whole.until,
      },
      rights,
      registrationKinds.first!,
      one.pin,
    );
    return outcomeOf(issued);
  };

const rightsPassed = ({ certificate, passing, transferees }: TransferPlan, from: Date): NewRight[] => {
  const holders = transferees.map((holder) => ({ ...holder, natural: false }));
  return passing.flatMap(({ right, line }) => {
    // A transfer gives no more time than there was.
    const term = termWithin({ from, until: right.validUntil }, line);
    if (!term)
      throw problems.certificateUnfit({ detail: { zh: '转让期限无效', en: 'the term of the transfer is empty' } });
    return holders.map((holder) => ({
      ...term,
      holder,
      right: right.right,
      limits: [right.limits, line.scope ?? ''].filter(Boolean).join('；'),
      proof: `转让自 ${certificate.code}`,
    }));
  });
};

/** What is left on the certificate that something was transferred from: a new version, or its end. */
const settleBefore = async (deps: RegistryDeps, tx: Tx, one: CaseRecord, before: Certificate): Promise<void> => {
  const left = await openRights(tx, before.id);
  const words = { code: 'transfer', zh: '已全部转让', en: 'transferred' };
  if (left.length === 0) await endCertificate(deps, tx, before, 'transferred', words, one.id);
  else await reissue(deps, tx, { ...before, holders: holdersLeft(before, left) }, registrationKinds.transfer!, one.pin);
};

/** Effect of certifying a transfer. Who transfers keeps nothing of it: the old right ends where the new one begins. */
export const issueTransfer =
  (deps: RegistryDeps) =>
  async (tx: Tx, { case: one }: Occasion) => {
    const code = await codeOf(tx, one);
    const evidence = evidenceOf(one);
    // Looked at again: since the application something may have been seized, ended or passed on.
    const plan = await planTransfer(deps, tx, one, tx.now, true);
    const from = startOfDay(evidence.on);
    const rights = rightsPassed(plan, from);
    for (const { right } of plan.passing) await endRight(tx, right, 'transferred', one.id);
    const issued = await issueCertificate(
      deps,
      tx,
      {
        ...plan.certificate,
        participant: plan.transferees[0]!.participant,
        code,
        caseId: one.id,
        limits: String(one.data.limits),
        evidenceNumber: evidence.number,
        evidencedOn: evidence.on,
        validFrom: from,
      },
      rights,
      registrationKinds.transfer!,
      one.pin,
    );
    await settleBefore(deps, tx, one, plan.certificate);
    return outcomeOf(issued);
  };

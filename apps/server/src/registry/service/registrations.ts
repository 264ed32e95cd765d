/** Guards and effects of the registration procedures of the pack: what a step of a case does to rights and certificates. */
import { createHash } from 'node:crypto';
import { canonicalBytes, clearEntry, entryBytes, type Json } from '@shugu/evidence';
import type { CaseRecord, Hooks, Occasion } from '../../kernel/case/index.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import type { Certificate, Holder, RegisteredRight, RegistryDeps, RightKind, Text } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import {
  type Applicant,
  chinaDay,
  endOfDay,
  holderOf,
  isWithin,
  lastDayOf,
  type RightLine,
  renewalWindow,
  renewedUntil,
  startOfDay,
  termWithin,
} from '../rules.ts';
import { findDispatch } from '../store/national.ts';
import { findCertificate, findRight, insertRemark, liftRemark, listRemarks, saveRight } from '../store/rights.ts';
import {
  checkFirst,
  checkLater,
  checkObjection,
  checkRenewal,
  citedCertificate,
  planTransfer,
  rightsHeld,
} from './applications.ts';
import {
  endCertificate,
  endRight,
  issueCertificate,
  type NewRight,
  openRights,
  reissue,
  settleRight,
} from './certificates.ts';
import { mayInspect } from './inspections.ts';
import { dispatch } from './national.ts';
import { tell } from './resources.ts';

const kinds: Record<string, Text> = {
  first: { zh: '初次登记', en: 'first registration' },
  transfer: { zh: '转让登记', en: 'transfer' },
  change: { zh: '变更登记', en: 'change' },
  renewal: { zh: '续期登记', en: 'renewal' },
  cancellation: { zh: '注销登记', en: 'cancellation' },
};

/** Any JSON in canonical terms: fractions become text. */
const exact = (value: unknown): Json => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(exact);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, exact(inner)]));
  return (value ?? null) as Json;
};

/** Over the application as it stands and the digests of its papers, so that the evidence proves both. */
const digestOf = async (read: Reader, one: CaseRecord): Promise<string> => {
  const papers = await read.rows<{ kind: string; object: string }>(
    sql`select kind, object from case_papers where case_id = ${one.id} order by id`,
  );
  const { id, procedure, participant, subject, data } = one;
  const bytes = canonicalBytes(exact({ case: id, procedure, participant, subject, data, papers }));
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
};

const nameOf = (one: CaseRecord): string => String(one.data.dataName ?? one.title);

const holdersLeft = (before: Certificate, left: readonly RegisteredRight[]): Holder[] =>
  before.holders.filter((holder) =>
    left.some((right) => right.holderCode === holder.code && right.holderName === holder.name),
  );

export const registrationHooks = (deps: RegistryDeps): Record<string, Hooks> => {
  const { cases } = deps;
  const numberOf = (one: CaseRecord, rule: string): number => cases.ruleBook.number(one.pin, rule);

  const publishNotice = async (tx: Tx, { case: one }: Occasion) => {
    await dispatch(tx, {
      caseId: one.id,
      registrar: one.handler,
      step: 'notice',
      payload: { case: one.id, registrar: one.handler, fields: one.publicData ?? {} },
    });
    // Names of applicants may be those of natural persons: they stand in the notice, which ends, not in the log.
    const entry = clearEntry('registration.notice', { case: one.id, dataName: nameOf(one), registrar: one.handler });
    await deps.publicLog.publish(tx, {
      kind: 'registration.notice',
      form: 'clear',
      bytes: entryBytes(entry),
      participant: one.participant,
      title: { zh: `登记公示：${nameOf(one)}`, en: `Notice of registration: ${nameOf(one)}` },
    });
    return undefined;
  };

  const depositEvidence = async (tx: Tx, { case: one }: Occasion) => {
    const digest = await digestOf(tx, one);
    await dispatch(tx, {
      caseId: one.id,
      registrar: one.handler,
      step: 'evidence',
      payload: { case: one.id, registrar: one.handler, procedure: one.procedure, digest },
    });
    return { evidenceDigest: digest };
  };

  /** In law this moment completes the registration: the public log says so in clear. */
  const recordEvidence =
    (withCode: boolean) =>
    async (tx: Tx, { case: one, input }: Occasion) => {
      const { evidenceNumber, evidencedAt } = input as { evidenceNumber: string; evidencedAt: string };
      if (evidencedAt > chinaDay(tx.now) || evidencedAt < chinaDay(one.filedAt))
        throw problems.evidenceUnfit({ field: 'body.input.evidencedAt', detail: evidencedAt });
      const entry = clearEntry('registration.evidence', {
        case: one.id,
        procedure: one.procedure,
        dataName: nameOf(one),
        registrar: one.handler,
        evidenceNumber,
        evidencedOn: evidencedAt,
      });
      await deps.publicLog.publish(tx, {
        kind: 'registration.evidence',
        form: 'clear',
        bytes: entryBytes(entry),
        participant: one.participant,
        title: { zh: `登记存证：${nameOf(one)}`, en: `Evidence of registration: ${nameOf(one)}` },
      });
      if (withCode)
        await dispatch(tx, {
          caseId: one.id,
          registrar: one.handler,
          step: 'code',
          payload: { case: one.id, registrar: one.handler },
        });
      return { evidenceNumber, evidencedOn: evidencedAt };
    };

  const evidenceOf = (one: CaseRecord): { number: string; on: string } => {
    const { evidenceNumber, evidencedOn } = one.outcome as { evidenceNumber?: string; evidencedOn?: string };
    if (!evidenceNumber || !evidencedOn) throw new Error(`case ${one.id} has no evidence`);
    return { number: evidenceNumber, on: evidencedOn };
  };

  const codeOf = async (tx: Tx, one: CaseRecord): Promise<string> => {
    const asked = await findDispatch(tx, { caseId: one.id, step: 'code' });
    if (asked?.state !== 'done') throw problems.codeMissing();
    return (asked.answer as { code: string }).code;
  };

  const outcomeOf = ({ id, code, validUntil, revision }: Certificate) => ({
    certificate: id,
    code,
    revision,
    validUntil: validUntil.toISOString(),
  });

  const holdersOf = async (tx: Tx, applicants: readonly Applicant[]): Promise<Map<Applicant, Holder>> => {
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

  const first = async (tx: Tx, { case: one }: Occasion) => {
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
      until: endOfDay(lastDayOf(evidence.on, numberOf(one, 'validityYearsMax'))),
    };
    const holders = await holdersOf(tx, data.applicants);
    const rights: NewRight[] = [];
    for (const line of data.rights) {
      const term = termWithin(whole, line);
      // A term that ran out while the case was open leaves nothing to register.
      if (!term) continue;
      const holder = holders.get(holderOf(line, data.applicants)!)!;
      rights.push({ ...term, holder, right: line.right, limits: line.limits ?? '', proof: line.proof ?? '' });
    }
    if (rights.length === 0)
      throw problems.applicationUnfit({ detail: '所申请的权利期限均已届满 / every term is over' });
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
      kinds.first!,
      one.pin,
    );
    return outcomeOf(issued);
  };

  /** Who transfers keeps nothing of it: the old right ends where the new one begins. */
  const transfer = async (tx: Tx, { case: one }: Occasion) => {
    const code = await codeOf(tx, one);
    const evidence = evidenceOf(one);
    const plan = await planTransfer(deps, tx, one, tx.now, true);
    const before = plan.certificate;
    // A transfer gives no more time than there was.
    const whole = { from: startOfDay(evidence.on), until: before.validUntil };
    const transferees = plan.transferees.map((holder) => ({ ...holder, natural: false }));
    const rights: NewRight[] = plan.passing.flatMap(({ right, line }) => {
      const term = termWithin({ from: whole.from, until: right.validUntil }, line);
      if (!term) throw problems.certificateUnfit({ detail: '转让期限无效 / the term of the transfer is empty' });
      return transferees.map((holder) => ({
        ...term,
        holder,
        right: right.right,
        limits: [right.limits, line.scope ?? ''].filter(Boolean).join('；'),
        proof: `转让自 ${before.code}`,
      }));
    });
    for (const { right } of plan.passing) await endRight(tx, right, 'transferred', one.id);
    const issued = await issueCertificate(
      deps,
      tx,
      {
        ...before,
        participant: plan.transferees[0]!.participant,
        code,
        caseId: one.id,
        limits: String(one.data.limits),
        evidenceNumber: evidence.number,
        evidencedOn: evidence.on,
        validFrom: whole.from,
        validUntil: whole.until,
      },
      rights,
      kinds.transfer!,
      one.pin,
    );
    const left = await openRights(tx, before.id);
    if (left.length === 0)
      await endCertificate(
        deps,
        tx,
        before,
        'transferred',
        { code: 'transfer', zh: '已全部转让', en: 'transferred' },
        one.id,
      );
    else {
      await reissue(deps, tx, { ...before, holders: holdersLeft(before, left) }, kinds.transfer!, one.pin);
    }
    return outcomeOf(issued);
  };

  const validCited = async (tx: Tx, one: CaseRecord): Promise<Certificate> => {
    const certificate = await citedCertificate(tx, one, true);
    if (certificate.state !== 'valid') throw problems.certificateUnfit({ detail: certificate.state });
    return certificate;
  };

  const change = async (tx: Tx, { case: one }: Occasion) => {
    const before = await validCited(tx, one);
    const asked = one.data.changes as { item: string; before: string; after: string }[];
    const on = evidenceOf(one).on;
    const described = asked.findLast(({ item }) => item === 'description');
    const next = await reissue(
      deps,
      tx,
      {
        ...before,
        dataSummary: described?.after ?? before.dataSummary,
        changes: [...before.changes, ...asked.map((line) => ({ ...line, case: one.id, on }))].slice(-100),
      },
      kinds.change!,
      one.pin,
    );
    await tell(tx, 'registry.certificate.changed', next.id, next.participant, {
      certificate: next.id,
      code: next.code,
      revision: next.revision,
    });
    return outcomeOf(next);
  };

  const extendRight = async (tx: Tx, right: RegisteredRight, before: Certificate, until: Date): Promise<void> => {
    // A right with an earlier end of its own keeps that end.
    if (right.validUntil.getTime() !== before.validUntil.getTime()) return;
    await saveRight(tx, right.id, { state: right.state === 'expired' ? 'active' : right.state, validUntil: until });
    await settleRight(tx, { ...right, state: right.state === 'expired' ? 'active' : right.state });
  };

  const renew = async (tx: Tx, { case: one }: Occasion) => {
    const before = await citedCertificate(tx, one, true);
    // Asked for in time, decided after the end: the renewal joins on without a gap.
    const lateDecision = before.state === 'expired' && one.filedAt < before.validUntil;
    if (before.state !== 'valid' && !lateDecision) throw problems.certificateUnfit({ detail: before.state });
    const { years, rightsKept } = one.data as { years: number; rightsKept: RightKind[] };
    const evidence = evidenceOf(one);
    const until = renewedUntil(before.validUntil, evidence.on, years, numberOf(one, 'validityYearsMax'));
    if (until <= before.validUntil)
      throw problems.certificateUnfit({ detail: '续期后不晚于原有效期 / no later than before' });
    const rights = await tx.rows<{ id: string }>(
      sql`select id from registered_rights where certificate = ${before.id}
        and (participant = ${one.participant} or (participant = '' and ${before.participant === one.participant})) and right_kind = any(${rightsKept}) and (state in ('active', 'frozen') or (state = 'expired' and valid_until = ${before.validUntil}))`,
    );
    for (const { id } of rights) await extendRight(tx, (await findRight(tx, id, true))!, before, until);
    const next = await reissue(
      deps,
      tx,
      { ...before, state: 'valid', endedAt: null, validUntil: until },
      kinds.renewal!,
      one.pin,
    );
    await tell(tx, 'registry.certificate.renewed', next.id, next.participant, {
      certificate: next.id,
      code: next.code,
      validUntil: until.toISOString(),
    });
    return outcomeOf(next);
  };

  const cancel = async (tx: Tx, { case: one }: Occasion) => {
    const before = await validCited(tx, one);
    const ground = String(one.data.ground);
    const mine = await rightsHeld(tx, before, one.participant);
    const others = (await openRights(tx, before.id)).length - mine.length;
    const words = { code: ground, zh: '已注销', en: 'cancelled' };
    // Who holds jointly cancels what is its own, unless the data itself is gone.
    if (others === 0 || ground === 'destroyed') await endCertificate(deps, tx, before, 'cancelled', words, one.id);
    else {
      for (const right of mine) await endRight(tx, right, 'cancelled', one.id);
      const holders = holdersLeft(before, await openRights(tx, before.id));
      await reissue(deps, tx, { ...before, holders }, kinds.cancellation!, one.pin);
    }
    return { certificate: before.id, code: before.code };
  };

  const objected =
    (type: 'registry.objection.upheld' | 'registry.objection.conceded') =>
    async (tx: Tx, { case: one }: Occasion) => {
      const certificate = (await findCertificate(tx, { id: one.subject! }, true))!;
      // Until change or cancellation follows, nothing more may be built on these rights.
      for (const right of await openRights(tx, certificate.id)) {
        const id = newId('rmk', tx.now);
        await insertRemark(tx, {
          id,
          participant: one.handler,
          right: right.id,
          kind: 'objection',
          text: '异议成立或经权利人认可，待办理变更或注销',
          basis: one.id,
          until: null,
          recordedAt: tx.now,
          liftedAt: null,
        });
        await settleRight(tx, right);
        await tell(tx, 'registry.right.remarked', right.id, right.participant, {
          right: right.id,
          resource: right.resource,
          kind: 'objection',
          freezes: true,
          remark: id,
        });
      }
      await tell(tx, type, certificate.id, certificate.participant, {
        certificate: certificate.id,
        code: certificate.code,
        case: one.id,
      });
      return undefined;
    };

  const dismissed = async (tx: Tx, { case: one }: Occasion) => {
    const certificate = (await findCertificate(tx, { id: one.subject! }))!;
    await tell(tx, 'registry.objection.dismissed', certificate.id, certificate.participant, {
      certificate: certificate.id,
      code: certificate.code,
      case: one.id,
    });
    return undefined;
  };

  /** A change that follows an upheld objection removes its cause. */
  const changeAndRelease = async (tx: Tx, occasion: Occasion) => {
    const outcome = await change(tx, occasion);
    for (const right of await openRights(tx, outcome.certificate))
      for (const remark of await listRemarks(
        tx,
        sql`right_id = ${right.id} and kind = 'objection' and lifted_at is null`,
      )) {
        await liftRemark(tx, remark.id, occasion.case.id);
        if ((await settleRight(tx, right)) === 'active')
          await tell(tx, 'registry.right.released', right.id, right.participant, {
            right: right.id,
            resource: right.resource,
            remark: remark.id,
          });
      }
    return outcome;
  };

  const checked =
    (check: (tx: Tx, one: CaseRecord) => Promise<unknown>) =>
    async (tx: Tx, { case: one }: Occasion) => {
      await check(tx, one);
      return undefined;
    };
  const visible: Hooks['visible'] = (read, { case: one, principal }) =>
    mayInspect(read, one.id, principal.participant, deps.now());

  const renewalOpen = async (read: Reader, { case: one }: Occasion): Promise<true | Text> => {
    const certificate = one.subject ? await findCertificate(read, { id: one.subject }) : undefined;
    if (!certificate) return { zh: '凭证不存在', en: 'no such certificate' };
    const window = renewalWindow(certificate.validUntil, {
      opensMonths: numberOf(one, 'renewalOpensMonths'),
      closesDays: numberOf(one, 'renewalClosesDays'),
    });
    if (isWithin(chinaDay(deps.now()), window)) return true;
    return {
      zh: `续期申请期间为 ${window.first} 至 ${window.last}`,
      en: `renewal is open from ${window.first} to ${window.last}`,
    };
  };

  const later = { depositEvidence, recordEvidence: recordEvidence(false) };
  return {
    'registration.first': {
      visible,
      effects: {
        publishNotice,
        depositEvidence,
        recordEvidence: recordEvidence(true),
        issueCertificate: first,
        checkApplication: async (tx, { case: one }) => {
          const errors = await checkFirst(deps, tx, one, tx.now);
          if (errors.length) throw problems.applicationUnfit({ errors: errors.slice(0, 100) });
          return undefined;
        },
      },
    },
    'registration.transfer': {
      visible,
      effects: {
        publishNotice,
        depositEvidence,
        recordEvidence: recordEvidence(true),
        issueTransfer: transfer,
        checkApplication: checked((tx, one) => planTransfer(deps, tx, one, tx.now)),
      },
    },
    'registration.change': {
      visible,
      effects: {
        ...later,
        issueChange: changeAndRelease,
        checkApplication: checked((tx, one) => checkLater(deps, tx, one)),
      },
    },
    'registration.renewal': {
      visible,
      guards: { renewalWindow: renewalOpen },
      effects: { ...later, issueRenewal: renew, checkApplication: checked((tx, one) => checkRenewal(deps, tx, one)) },
    },
    'registration.cancellation': {
      visible,
      effects: {
        ...later,
        cancelCertificate: cancel,
        checkApplication: checked((tx, one) => checkLater(deps, tx, one)),
      },
    },
    'registration.objection': {
      visible,
      effects: {
        checkApplication: checked((tx, one) => checkObjection(tx, one)),
        objectionConceded: objected('registry.objection.conceded'),
        objectionUpheld: objected('registry.objection.upheld'),
        objectionDismissed: dismissed,
      },
    },
  };
};

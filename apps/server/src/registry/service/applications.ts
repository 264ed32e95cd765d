import type { FieldFault } from '../../kernel/problem.ts';
/** What an application must agree with before it is handed in: its resource, its certificate, its applicant. */

import { dayOf } from '../../kernel/calendar/calendar.ts';
import type { CaseRecord, Cases } from '../../kernel/case/index.ts';
import { type Reader, sql } from '../../kernel/db/db.ts';
import { systemPrincipal } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Certificate, RegisteredRight, RegistryDeps, RightKind } from '../model.ts';
import { registryProblems as problems } from '../problems.ts';
import { type Applicant, faultsOfFirst, inForce, type RightLine } from '../rules.ts';
import { findResource } from '../store/resources.ts';
import { findCertificate, listRights } from '../store/rights.ts';

export type ApplicationDeps = Pick<RegistryDeps, 'members' | 'cases'>;

/** The part of a case that the checks look at; a form that is only tried out is no case yet. */
export type Application = Pick<CaseRecord, 'procedure' | 'subject' | 'participant' | 'handler' | 'data'> & {
  id: string | null;
  filedAt?: Date;
};

const system = systemPrincipal('registry');

const otherOpen = async (cases: Cases, read: Reader, one: Application): Promise<boolean> => {
  for (const id of await cases.openOn(read, one.subject!, one.procedure)) {
    if (id === one.id) continue;
    const other = await cases.find(read, system, id);
    if (!other.private && other.participant === one.participant) return true;
  }
  return false;
};

/** Faults that the applicant can mend in the form. @throws what cannot be mended there. */
export const checkFirst = async (
  deps: ApplicationDeps,
  read: Reader,
  one: Application,
  now: Date,
): Promise<FieldFault[]> => {
  if (!(await deps.members.hasRole(read, one.handler, 'registrar'))) throw problems.notRegistrar();
  const resource = one.subject ? await findResource(read, one.subject) : undefined;
  if (!resource || resource.participant !== one.participant) throw kernelProblems.unknown({ field: 'body.subject' });
  if (resource.state === 'retired') throw problems.retired();
  const data = one.data as {
    objectKind?: string;
    applicants?: Applicant[];
    rights?: RightLine[];
    dataSource?: string;
    agent?: string;
  };
  // Products and services may be registered without a file of their own here.
  if (data.objectKind === 'resource' && resource.state !== 'profiled') throw problems.notProfiled();
  if (await otherOpen(deps.cases, read, one)) throw problems.caseOpen();
  return faultsOfFirst({
    applicants: data.applicants ?? [],
    rights: data.rights ?? [],
    dataSource: data.dataSource ?? '',
    resource,
    ownCode: (await deps.members.organisation(read, one.participant))?.creditCode ?? '',
    agent: data.agent,
    today: dayOf(now),
  });
};

/** The certificate that a later application is about: its subject, cited by its code, kept by this registrar. */
export const citedCertificate = async (read: Reader, one: Application, lock = false): Promise<Certificate> => {
  const found = one.subject ? await findCertificate(read, { id: one.subject }, lock) : undefined;
  if (!found)
    throw problems.certificateUnfit({ field: 'body.subject', detail: { zh: '凭证不存在', en: 'no such certificate' } });
  if (one.data.certificate !== found.code)
    throw problems.certificateUnfit({
      field: 'body.form.certificate',
      detail: { zh: '编码与所选凭证不一致', en: 'another code' },
    });
  if (one.handler !== found.registrar)
    throw problems.certificateUnfit({
      field: 'body.handler',
      detail: { zh: '后续登记由首次登记的机构办理', en: 'later registrations go to the registrar of the first' },
    });
  return found;
};

/** Open rights that an organisation may dispose of: its own, and those of holders who are no members and whose agent it was. */
export const rightsHeld = (read: Reader, certificate: Certificate, participant: string): Promise<RegisteredRight[]> =>
  listRights(
    read,
    sql`certificate = ${certificate.id} and state in ('active', 'frozen')
      and (participant = ${participant} or (participant = '' and ${certificate.participant === participant}))`,
  );

const holdersOnly = async (read: Reader, certificate: Certificate, one: Application): Promise<RegisteredRight[]> => {
  const held = await rightsHeld(read, certificate, one.participant);
  if (held.length === 0)
    throw problems.certificateUnfit({ detail: { zh: '申请人不是权利人', en: 'the applicant is no holder' } });
  return held;
};

/** Change and cancellation. */
export const checkLater = async (deps: ApplicationDeps, read: Reader, one: Application): Promise<Certificate> => {
  const certificate = await citedCertificate(read, one);
  if (certificate.state !== 'valid') throw problems.certificateUnfit({ detail: certificate.state });
  await holdersOnly(read, certificate, one);
  if (await otherOpen(deps.cases, read, one)) throw problems.caseOpen();
  return certificate;
};

export const checkRenewal = async (deps: ApplicationDeps, read: Reader, one: Application): Promise<Certificate> => {
  const cited = await citedCertificate(read, one);
  // Asked for in time and still under way when the certificate ran out.
  if (cited.state === 'expired' && one.filedAt && one.filedAt < cited.validUntil) return cited;
  const certificate = await checkLater(deps, read, one);
  const kept = (one.data.rightsKept ?? []) as RightKind[];
  const held = await rightsHeld(read, certificate, one.participant);
  const missing = kept.filter((right) => !held.some((one) => one.right === right));
  if (missing.length)
    throw problems.certificateUnfit({
      field: 'body.form.rightsKept',
      detail: { zh: `凭证未载该权利：${missing.join(', ')}`, en: `not on the certificate: ${missing.join(', ')}` },
    });
  return certificate;
};

/** Before evidence: the certificate may have ended since the application; only a renewal asked for in time outlives that. */
export const checkStillStands = async (read: Reader, one: CaseRecord): Promise<void> => {
  const certificate = await citedCertificate(read, one);
  const inTime = one.procedure === 'registration.renewal' && one.filedAt < certificate.validUntil;
  if (certificate.state !== 'valid' && !(certificate.state === 'expired' && inTime))
    throw problems.certificateUnfit({ detail: certificate.state });
};

export interface TransferPlan {
  certificate: Certificate;
  /** What passes over, with the line of the form that asks for it. */
  passing: { right: RegisteredRight; line: { from?: string; to?: string; scope?: string } }[];
  transferees: { participant: string; name: string; code: string }[];
}

interface PartyLine {
  name: string;
  code: string;
}

/** Only a full holder transfers: every line names a right that the applicant holds unfrozen and in force. */
export const planTransfer = async (
  deps: ApplicationDeps,
  read: Reader,
  one: Application,
  now: Date,
  lock = false,
): Promise<TransferPlan> => {
  const certificate = await citedCertificate(read, one, lock);
  if (certificate.state !== 'valid') throw problems.certificateUnfit({ detail: certificate.state });
  const held = await holdersOnly(read, certificate, one);
  const data = one.data as {
    rights?: { right: RightKind; from?: string; to?: string; scope?: string }[];
    transferor?: PartyLine[];
    transferee?: PartyLine[];
    transfereeMember?: string[];
  };
  const own = await deps.members.organisation(read, one.participant);
  if (!data.transferor?.every((line) => line.code === own?.creditCode))
    throw problems.certificateUnfit({
      field: 'body.form.transferor',
      detail: { zh: '转让人须为申请人', en: 'the transferor applies' },
    });
  const passing = (data.rights ?? []).map((line, index) => {
    const right = held.find((candidate) => candidate.right === line.right && inForce(candidate, now));
    if (!right)
      throw problems.certificateUnfit({
        field: `body.form.rights.${index}`,
        detail: { zh: '转让人不持有该项有效权利，或权利已被限制', en: 'not held in force, or frozen' },
      });
    return { right, line };
  });
  if (new Set(passing.map(({ right }) => right.id)).size !== passing.length)
    throw problems.certificateUnfit({
      field: 'body.form.rights',
      detail: { zh: '同一权利重复转让', en: 'a right is listed twice' },
    });
  const transferees: TransferPlan['transferees'] = [];
  for (const [index, line] of (data.transferee ?? []).entries()) {
    const found = await deps.members.organisationByCode(read, line.code);
    if (
      !found ||
      !data.transfereeMember?.includes(found.id) ||
      found.id === one.participant ||
      found.id === one.handler
    )
      throw problems.certificateUnfit({
        field: `body.form.transferee.${index}`,
        detail: { zh: '受让人与所选会员不一致', en: 'not the member chosen' },
      });
    transferees.push({ participant: found.id, name: line.name, code: line.code });
  }
  if (transferees.length !== data.transfereeMember?.length)
    throw problems.certificateUnfit({
      field: 'body.form.transfereeMember',
      detail: { zh: '受让人与所选会员不一致', en: 'not the members named' },
    });
  return { certificate, passing, transferees };
};

/** Who objects names every holder, so that each is told and may answer. */
export const checkObjection = async (read: Reader, one: Application): Promise<Certificate> => {
  const certificate = await citedCertificate(read, one);
  if (certificate.state !== 'valid') throw problems.certificateUnfit({ detail: certificate.state });
  const holders = new Set(certificate.holders.flatMap((holder) => holder.participant ?? []));
  if (holders.has(one.participant))
    throw problems.certificateUnfit({
      detail: { zh: '权利人不得对本人凭证提出异议，可申请变更或注销', en: 'a holder changes or cancels instead' },
    });
  const named = new Set((one.data.holder ?? []) as string[]);
  if (named.size !== holders.size || [...holders].some((holder) => !named.has(holder)))
    throw problems.certificateUnfit({
      field: 'body.form.holder',
      detail: { zh: '须列明全部权利人', en: 'name every holder' },
    });
  return certificate;
};

/** Inspecting a registration file: applicant and interested persons may, state organs by law; the purpose is always logged. */
import { registryLimits } from '@shugu/wire/registry';
import { audit } from '../../kernel/audit.ts';
import type { CaseRecord, Cases } from '../../kernel/case/index.ts';
import { empty, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { type Principal, systemPrincipal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { registryProblems as problems } from '../problems.ts';
import { findCertificate } from '../store/rights.ts';

const dayMilliseconds = 86_400_000;

export interface Inspection {
  id: string;
  participant: string;
  caseId: string;
  handler: string;
  purpose: string;
  basis: string;
  state: 'asked' | 'granted' | 'refused';
  answer: string;
  askedAt: Date;
  until: Date | null;
}

interface Row extends Omit<Inspection, 'caseId' | 'askedAt' | 'until'> {
  case_id: string;
  created_at: Date;
  until_at: Date | null;
}

const columns = sql`id, participant, case_id, handler, purpose, basis, state, answer, created_at, until_at`;
const inspectionOf = ({ case_id, created_at, until_at, ...row }: Row): Inspection => ({
  ...row,
  caseId: case_id,
  askedAt: created_at,
  until: until_at,
});

export const listInspections = async (read: Reader, where: Sql, limit: number): Promise<Inspection[]> =>
  (
    await read.rows<Row>(sql`select ${columns} from file_inspections where ${where} order by id desc limit ${limit}`)
  ).map(inspectionOf);

const findInspection = async (read: Reader, id: string, lock = false): Promise<Inspection | undefined> => {
  const row = await read.first<Row>(
    sql`select ${columns} from file_inspections where id = ${id} ${lock ? sql`for update` : empty}`,
  );
  return row && inspectionOf(row);
};

/** Whether an inspection granted to this organisation is running: then it sees the whole case. */
export const mayInspect = async (read: Reader, caseId: string, participant: string, now: Date): Promise<boolean> =>
  (await read.first(sql`select 1 from file_inspections where case_id = ${caseId} and participant = ${participant}
    and state = 'granted' and until_at > ${now} limit 1`)) !== undefined;

/** Seen already, or a holder of a right that the case gave: nobody has to be asked. */
const isInterested = async (cases: Cases, read: Reader, principal: Principal, one: CaseRecord): Promise<boolean> => {
  if (principal.participant === one.participant || principal.participant === one.handler) return true;
  if (
    Object.entries(one.parties).some(
      ([party, members]) => members.includes(principal.participant) && seesWhole(cases, one, party),
    )
  )
    return true;
  return (
    (await read.first(sql`select 1 from registered_rights r join certificates c on c.id = r.certificate
      where c.case_id = ${one.id} and r.participant = ${principal.participant} limit 1`)) !== undefined
  );
};

const seesWhole = (cases: Cases, one: CaseRecord, party: string): boolean =>
  cases.tableOf(one).parties.find((item) => item.id === party)?.sees === 'whole';

const caseAsked = async (
  cases: Cases,
  tx: Tx,
  principal: Principal,
  asked: { case?: string; certificate?: string },
): Promise<CaseRecord> => {
  const certificate = asked.certificate ? await findCertificate(tx, { code: asked.certificate }) : undefined;
  const id = certificate?.caseId ?? asked.case;
  if (!id) throw kernelProblems.unknown();
  const one = await cases.find(tx, certificate ? systemPrincipal('registry') : principal, id);
  if (!one.procedure.startsWith('registration.') || one.private) throw kernelProblems.unknown();
  return one;
};

/** A file is named by its certificate, or by a case that the asker can see at least in part. */
export const askInspection = async (
  cases: Cases,
  tx: Tx,
  principal: Principal,
  draft: { case?: string; certificate?: string; purpose: string; basis: string },
): Promise<Inspection> => {
  if (principal.participant === '') throw kernelProblems.notSignedIn();
  if ((draft.case === undefined) === (draft.certificate === undefined))
    throw kernelProblems.invalid({
      field: 'body.case',
      detail: { zh: '请给出办件或凭证', en: 'give case or certificate' },
    });
  const one = await caseAsked(cases, tx, principal, draft);
  const granted = await isInterested(cases, tx, principal, one);
  // Asked again while the registrar still thinks: the same request.
  const [waiting] = await listInspections(
    tx,
    sql`case_id = ${one.id} and participant = ${principal.participant} and state = 'asked'`,
    1,
  );
  if (waiting && !granted) return waiting;
  const id = newId('ins', tx.now);
  const until = granted ? new Date(tx.now.getTime() + registryLimits.inspectionDaysMax * dayMilliseconds) : null;
  await tx.exec(sql`insert into file_inspections (id, node, market, participant, case_id, handler, person, purpose, basis, state, until_at, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${principal.participant}, ${one.id}, ${one.handler}, ${principal.id},
      ${draft.purpose}, ${draft.basis}, ${granted ? 'granted' : 'asked'}, ${until}, ${tx.now})`);
  await audit(tx, {
    action: granted ? 'registry.file.inspect' : 'registry.inspection.ask',
    subject: one.id,
    data: { inspection: id, purpose: draft.purpose, basis: draft.basis },
  });
  return (await findInspection(tx, id))!;
};

export const answerInspection = async (
  tx: Tx,
  principal: Principal,
  id: string,
  answer: { granted: boolean; reason: string },
): Promise<Inspection> => {
  const one = await findInspection(tx, id, true);
  if (!one || one.handler !== principal.participant) throw kernelProblems.unknown();
  if (one.state !== 'asked') throw problems.inspectionAnswered();
  const until = answer.granted ? new Date(tx.now.getTime() + registryLimits.inspectionDaysMax * dayMilliseconds) : null;
  await tx.exec(sql`update file_inspections set state = ${answer.granted ? 'granted' : 'refused'}, answer = ${answer.reason},
    answered_by = ${principal.id}, until_at = ${until} where id = ${id}`);
  await audit(tx, {
    action: answer.granted ? 'registry.inspection.grant' : 'registry.inspection.refuse',
    subject: one.caseId,
    participant: one.participant,
    data: { inspection: id, reason: answer.reason },
  });
  return (await findInspection(tx, id))!;
};

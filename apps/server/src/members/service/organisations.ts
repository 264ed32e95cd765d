/** Organisations: admission, further roles, standing, bank account. */
import type { apply, applyForRoles, updateBankAccount } from '@shugu/wire/members';
import { limits } from '@shugu/wire/members';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import type { Occasion } from '../../kernel/case/index.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { decodeCursor, type PageQuery, pageSize } from '../../kernel/pages.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import type { Room } from '../deps.ts';
import { eventTypes } from '../events.ts';
import type { Attested, HeldRole, Organisation } from '../model.ts';
import { hashPassword } from '../password.ts';
import { problems } from '../problems.ts';
import * as reads from '../reads.ts';
import { mediaMatches, passwordFault, roleConflict, roleFault } from '../rules.ts';
import * as store from '../store.ts';
import { addOrganisation, addPerson, requireFreeCode } from './people.ts';
import { accept, missingAcceptances } from './rulebook.ts';

type Application = z.output<NonNullable<typeof apply.body>>;
type FurtherRole = z.output<NonNullable<typeof applyForRoles.body>>;
type BankAccount = z.output<NonNullable<typeof updateBankAccount.body>>;

export const procedures = { admission: 'member.admission', role: 'member.role' } as const;

const letterOf = async (room: Room, given: Application['authorisationLetter']) => {
  const content = Buffer.from(given.content, 'base64');
  if (content.length > limits.letterBytesMax || !mediaMatches(given.mediaType, content))
    throw problems.letterInvalid({ field: 'body.authorisationLetter' });
  const { digest, bytes } = await room.objects.put(content);
  return { digest, bytes, fileName: given.fileName, mediaType: given.mediaType };
};

const asPerson = (organisation: string, person: string, name: string, language: Principal['language']): Principal => ({
  kind: 'person',
  id: person,
  name,
  participant: organisation,
  roles: new Set(),
  permissions: new Set(),
  language,
});

/**
 * An organisation asks for membership: it exists from now on in state `applying`, its first person can sign in and follow the
 * case, and no role works before two people of the operator have approved.
 */
export const applyForMembership = async (room: Room, tx: Tx, body: Application, language: Principal['language']) => {
  await requireFreeCode(tx, body.creditCode, 'body.creditCode');
  const fault =
    roleFault(body.roles) ??
    passwordFault(body.administrator.password, body.administrator.login, 'body.administrator.password');
  if (fault) throw fault;
  const letter = await letterOf(room, body.authorisationLetter);
  const organisation = await addOrganisation(room, tx, body, 'applying', letter);
  for (const role of body.roles) await store.insertRole(tx, organisation, { ...role, status: 'applied' });
  const hash = await hashPassword(body.administrator.password);
  const administrator = await addPerson(room, tx, organisation, body.administrator, 'body.administrator', hash);
  await store.insertSeat(tx, administrator, organisation, 'administrator');
  for (const version of body.acceptedVersions) await accept(tx, organisation, administrator, version);
  const missing = await missingAcceptances(tx, organisation, tx.now);
  if (missing.length)
    throw problems.rulesNotAccepted({
      field: 'body.acceptedVersions',
      detail: missing.map((one) => `${one.title[language]} (${one.id})`).join('; '),
    });
  await audit(tx, {
    action: 'members.admission.create',
    subject: organisation,
    participant: organisation,
    data: { roles: body.roles },
  });
  await emit(tx, {
    type: eventTypes.applied,
    subject: organisation,
    participant: organisation,
    data: { name: body.name, roles: body.roles },
  });
  const principal = asPerson(organisation, administrator, body.administrator.displayName, language);
  const filed = await fileCase(room, tx, principal, {
    procedure: procedures.admission,
    organisation,
    title: `会员入场：${body.name}`,
    form: { name: body.name, creditCode: body.creditCode, kind: body.kind, roles: rolesInWords(body.roles) },
    letter,
  });
  await store.setCase(tx, organisation, filed);
  return { organisation, administrator, case: filed };
};

/**
 * A participant of another node, shown by its identity on the Dataspace Protocol. Nobody here admits it, signs in for it or
 * sees its credit code: what it may do is buy what is offered to everybody, and what binds it is its agreement.
 */
export const recognise = async (
  room: Room,
  tx: Tx,
  dataspaceId: string,
  attested?: Attested,
): Promise<Organisation> => {
  const before = await reads.organisationByDataspaceId(tx, dataspaceId);
  const found = before ?? (await makeRecognised(room, tx, dataspaceId));
  if (!attested || sameWord(found.attested, attested)) return found;
  await store.setAttested(tx, found.id, attested);
  await audit(tx, {
    action: 'members.organisation.attest',
    subject: found.id,
    participant: found.id,
    data: { name: attested.name, creditCode: attested.creditCode, issuer: attested.issuer },
  });
  return { ...found, attested };
};

const sameWord = (one: Attested | null, other: Attested): boolean =>
  one?.name === other.name && one.creditCode === other.creditCode && one.issuer === other.issuer;

const makeRecognised = async (room: Room, tx: Tx, dataspaceId: string): Promise<Organisation> => {
  const id = newId('org', tx.now);
  await store.insertOrganisation(tx, {
    id,
    name: dataspaceId,
    creditCode: '',
    dataspaceId,
    kind: 'other',
    legalRepresentativeSealed: await room.seal.seal(tx, id, ''),
    status: 'active',
  });
  await store.insertRole(tx, id, { role: 'demander', class: '', licence: '', status: 'active' });
  await audit(tx, {
    action: 'members.organisation.recognise',
    subject: id,
    participant: id,
    data: { dataspaceId, how: 'Dataspace Protocol' },
  });
  await emit(tx, { type: eventTypes.activated, subject: id, participant: id, data: { roles: ['demander'] } });
  return (await reads.organisation(tx, id))!;
};

interface CaseDraft {
  procedure: string;
  organisation: string;
  title: string;
  form: Record<string, unknown>;
  letter?: { digest: string; bytes: number; fileName: string; mediaType: string };
}

/** Files and hands in at once: nothing is left for the applicant to forget. */
const fileCase = async (room: Room, tx: Tx, principal: Principal, draft: CaseDraft): Promise<string> => {
  const operator = await reads.institution(tx, 'operator');
  if (!operator) throw problems.notOpen();
  const { case: one } = await room.cases.file(tx, principal, {
    procedure: draft.procedure,
    handler: operator.id,
    title: draft.title,
    subject: draft.organisation,
    data: draft.form,
  });
  if (draft.letter) {
    const { fileName, mediaType, ...stored } = draft.letter;
    await room.cases.addPaper(
      tx,
      principal,
      one.id,
      { kind: 'authorisationLetter', name: fileName, mediaType },
      stored,
    );
  }
  await room.cases.move(tx, principal, one.id, 'submit');
  return one.id;
};

export const applyForFurtherRole = async (room: Room, tx: Tx, principal: Principal, body: FurtherRole) => {
  const own = await requireActive(tx, principal.participant);
  const held = own.roles.filter((one) => one.status !== 'ended');
  if (held.some((one) => one.role === body.role && one.class === body.class))
    throw problems.roleHeld({ field: 'body.role' });
  const fault = roleFault([body]) ?? roleConflict([...held.map((one) => one.role), body.role]);
  if (fault) throw fault;
  await store.insertRole(tx, own.id, { ...body, status: 'applied' });
  await audit(tx, { action: 'members.role.apply', subject: own.id, data: { ...body } });
  const filed = await fileCase(room, tx, principal, {
    procedure: procedures.role,
    organisation: own.id,
    title: `增加会员类别：${own.name}`,
    form: { name: own.name, creditCode: own.creditCode, ...body },
  });
  await store.setRoleCase(tx, own.id, body.role, body.class, filed);
  return { case: filed };
};

const rolesInWords = (roles: readonly Pick<HeldRole, 'role' | 'class' | 'licence'>[]): string =>
  roles.map((one) => [one.role, one.class, one.licence].filter(Boolean).join(' ')).join('; ');

/** The reviewers decided on the case's form; what takes effect are the rows of this room. They must say the same. */
const requireSame = (form: Record<string, unknown>, recorded: Record<string, string>): void => {
  for (const [field, value] of Object.entries(recorded))
    if ((form[field] ?? '') !== value) throw problems.formDiffers({ field: `case.${field}`, detail: value });
};

const admitByCase = async (room: Room, tx: Tx, one: Occasion['case']): Promise<undefined> => {
  const found = await forUpdate(tx, one.participant);
  if ((await reads.sealedFields(tx, found.id)).admissionCase !== one.id)
    throw problems.standingSame({ detail: found.status });
  const asked = found.roles.filter((role) => role.status === 'applied');
  requireSame(one.data, { name: found.name, creditCode: found.creditCode, kind: found.kind });
  const named = String(one.data.roles ?? '')
    .split('; ')
    .sort();
  if (
    named.join() !==
    asked
      .map((role) => rolesInWords([role]))
      .sort()
      .join()
  )
    throw problems.formDiffers({ field: 'case.roles', detail: rolesInWords(asked) });
  await admit(room, tx, found.id);
};

const refuseByCase = async (room: Room, tx: Tx, one: Occasion['case']): Promise<undefined> => {
  // Anybody can file a second case about themselves by the engine's own door; its end decides nothing.
  if ((await reads.sealedFields(tx, one.participant)).admissionCase === one.id) await refuse(room, tx, one.participant);
};

/** What the cases' ends do. The organisation is the case's own participant, never what a form says. */
export const registerCases = (room: Room): void => {
  room.cases.register(procedures.admission, {
    effects: {
      admit: (tx, { case: one }) => admitByCase(room, tx, one),
      refuse: (tx, { case: one }) => refuseByCase(room, tx, one),
    },
  });
  room.cases.register(procedures.role, {
    effects: {
      admit: async (tx, { case: one }) => {
        await decideRole(room, tx, one.participant, one.id, one.data);
        return undefined;
      },
      refuse: async (tx, { case: one }) => {
        await decideRole(room, tx, one.participant, one.id, undefined);
        return undefined;
      },
    },
  });
};

const forUpdate = async (tx: Tx, id: string): Promise<Organisation> => {
  await tx.exec(sql`select id from organisations where id = ${id} for update`);
  const found = await reads.organisation(tx, id);
  if (!found) throw kernelProblems.unknown();
  return found;
};

/** Effect of an approved admission: the roles applied for begin. */
const admit = async (room: Room, tx: Tx, id: string): Promise<void> => {
  const found = await forUpdate(tx, id);
  if (found.status !== 'applying') throw problems.standingSame({ detail: found.status });
  await store.setStatus(tx, id, 'active');
  const roles = await store.moveRoles(tx, id, 'applied', 'active');
  await audit(tx, { action: 'members.organisation.activate', subject: id, participant: id, data: { roles } });
  await emit(tx, {
    type: eventTypes.activated,
    subject: id,
    participant: id,
    data: { roles: roles.map((one) => one.role) },
  });
  room.rightsChange(tx);
};

/** Effect of a refused or withdrawn admission; the credit code is free for another application. */
const refuse = async (room: Room, tx: Tx, id: string): Promise<void> => {
  const found = await forUpdate(tx, id);
  if (found.status !== 'applying') throw problems.standingSame({ detail: found.status });
  await store.setStatus(tx, id, 'left');
  await store.moveRoles(tx, id, 'applied', 'ended');
  await audit(tx, { action: 'members.organisation.refuse', subject: id, participant: id });
  await emit(tx, { type: eventTypes.refused, subject: id, participant: id });
  room.rightsChange(tx);
};

/** Effect of a decided application for one further role; `approvedForm` absent: refused. */
const decideRole = async (
  room: Room,
  tx: Tx,
  id: string,
  caseId: string,
  approvedForm: Record<string, unknown> | undefined,
): Promise<void> => {
  const found = await forUpdate(tx, id);
  const asked = await tx.first<Pick<HeldRole, 'role' | 'class' | 'licence'>>(
    sql`select role, class, licence from organisation_roles where organisation = ${id} and role_case = ${caseId} and status = 'applied'`,
  );
  if (!asked) {
    if (approvedForm)
      throw problems.standingSame({ detail: { zh: '该办件没有申请类别', en: 'no role was asked for by this case' } });
    return;
  }
  if (approvedForm) {
    requireSame(approvedForm, { role: asked.role, class: asked.class, licence: asked.licence });
    // Roles that exclude each other may have been asked for side by side.
    const held = found.roles
      .filter((one) => one.status === 'active' || one.status === 'suspended')
      .map((one) => one.role);
    const conflict = roleConflict([...held, asked.role]);
    if (conflict) throw conflict;
  }
  await store.moveRole(tx, id, asked.role, asked.class, 'applied', approvedForm ? 'active' : 'ended');
  const roles = [asked.role];
  await audit(tx, {
    action: approvedForm ? 'members.role.activate' : 'members.role.refuse',
    subject: id,
    participant: id,
    data: { roles },
  });
  if (approvedForm && found.status === 'active')
    await emit(tx, { type: eventTypes.activated, subject: id, participant: id, data: { roles } });
  room.rightsChange(tx);
};

const isInstitution = (one: Organisation): boolean =>
  one.roles.some((role) => ['operator', 'registrar', 'regulator'].includes(role.role));

/** First of the two people; nothing happens to the member yet. */
export const proposeStanding = async (
  tx: Tx,
  principal: Principal,
  id: string,
  status: 'suspended' | 'active',
  reason: string,
): Promise<string> => {
  const found = await forUpdate(tx, id);
  // The market's institutions stand under the regulator, not under the operator.
  if (isInstitution(found)) throw kernelProblems.unknown();
  if (found.status !== (status === 'suspended' ? 'active' : 'suspended'))
    throw problems.standingSame({ detail: found.status });
  const pending = await tx.first(
    sql`select id from standing_proposals where organisation = ${id} and confirmed_at is null`,
  );
  if (pending) throw problems.standingSame({ detail: { zh: '已有待复核的提议', en: 'a proposal is pending' } });
  const proposal = newId('osp', tx.now);
  await tx.exec(sql`insert into standing_proposals (id, node, market, participant, organisation, status, reason, proposed_by, created_at)
    values (${proposal}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${id}, ${id}, ${status}, ${reason}, ${principal.id}, ${tx.now})`);
  await audit(tx, {
    action: 'members.organisation.propose',
    subject: id,
    participant: id,
    data: { proposal, status, reason },
  });
  return proposal;
};

export const confirmStanding = async (room: Room, tx: Tx, principal: Principal, id: string) => {
  const proposal = await tx.first<{
    organisation: string;
    status: 'suspended' | 'active';
    reason: string;
    proposedBy: string;
    confirmedAt: Date | null;
  }>(
    sql`select organisation, status, reason, proposed_by as "proposedBy", confirmed_at as "confirmedAt" from standing_proposals where id = ${id} for update`,
  );
  if (!proposal) throw kernelProblems.unknown();
  if (proposal.confirmedAt) throw problems.standingSame();
  if (proposal.proposedBy === principal.id) throw problems.samePerson();
  await tx.exec(
    sql`update standing_proposals set confirmed_by = ${principal.id}, confirmed_at = ${tx.now} where id = ${id}`,
  );
  await setStanding(room, tx, proposal.organisation, proposal.status, proposal.reason);
  return { organisation: proposal.organisation, status: proposal.status };
};

/** Suspends or restores at once. For flows that carry their own authority (a regulator's directive); screens go by proposal. */
export const setStanding = async (
  room: Room,
  tx: Tx,
  id: string,
  status: 'suspended' | 'active',
  reason: string,
): Promise<void> => {
  const found = await forUpdate(tx, id);
  if (found.status !== (status === 'suspended' ? 'active' : 'suspended'))
    throw problems.standingSame({ detail: found.status });
  await store.setStatus(tx, id, status);
  const action = status === 'suspended' ? 'members.organisation.suspend' : 'members.organisation.restore';
  await audit(tx, { action, subject: id, participant: id, data: { reason } });
  await emit(tx, {
    type: status === 'suspended' ? eventTypes.suspended : eventTypes.restored,
    subject: id,
    participant: id,
    data: { reason },
  });
  room.rightsChange(tx);
};

export interface StandingProposal {
  id: string;
  organisation: string;
  organisationName: string;
  status: 'suspended' | 'active';
  reason: string;
  proposedBy: string;
  proposedAt: Date;
  confirmedBy: string | null;
  confirmedAt: Date | null;
}

export const standingPage = (read: Reader, query: PageQuery): Promise<StandingProposal[]> => {
  const after = decodeCursor(query.after, 1);
  return read.rows(sql`select s.id, s.organisation, o.name as "organisationName", s.status, s.reason, s.proposed_by as "proposedBy",
      s.created_at as "proposedAt", s.confirmed_by as "confirmedBy", s.confirmed_at as "confirmedAt"
    from standing_proposals s join organisations o on o.id = s.organisation
    where ${after ? sql`s.id < ${after[0]}` : sql`true`} order by s.id desc limit ${pageSize(query) + 1}`);
};

/** The account that payouts go to. The full number is sealed; screens show its last four digits. */
export const setBankAccount = async (room: Room, tx: Tx, principal: Principal, body: BankAccount): Promise<void> => {
  const { participant } = principal;
  const masked = `${'*'.repeat(body.account.length - 4)}${body.account.slice(-4)}`;
  const sealed = await room.seal.seal(tx, participant, body.account);
  await store.setBankAccount(tx, participant, { bankName: body.bankName, holder: body.holder, sealed, masked });
  await audit(tx, {
    action: 'members.bank.update',
    subject: participant,
    data: { bankName: body.bankName, holder: body.holder, account: masked },
  });
};

/** @throws members.organisationNotActive */
export const requireActive = async (read: Reader, id: string): Promise<Organisation> => {
  const found = await reads.organisation(read, id);
  if (found?.status !== 'active') throw problems.organisationNotActive();
  return found;
};

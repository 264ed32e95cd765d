/** Accounts: set-up, institutions, people, seats, invitations. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { createInstitution, createPerson, setUp } from '@shugu/wire/members';
import type { z } from 'zod';
import { audit } from '../../kernel/audit.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { type Principal, systemActor } from '../../kernel/http/principal.ts';
import { newId, newSecret } from '../../kernel/ids.ts';
import { emit } from '../../kernel/outbox.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { deleteSessionsOf, endSessionsOf, hashToken } from '../../kernel/session.ts';
import type { Room } from '../deps.ts';
import { eventTypes } from '../events.ts';
import { isCreditCode, limits, type Person, type Role, type Seat } from '../model.ts';
import { hashPassword } from '../password.ts';
import { problems } from '../problems.ts';
import * as reads from '../reads.ts';
import { administratorsApart, passwordFault, seatFault, seatsKept } from '../rules.ts';
import * as store from '../store.ts';

type SetUp = z.output<NonNullable<typeof setUp.body>>;
type NewInstitution = z.output<NonNullable<typeof createInstitution.body>>;
type NewPerson = z.output<NonNullable<typeof createPerson.body>>;
export type Invitation = { code: string; expiresAt: Date };

const sameSecret = (one: string, other: string): boolean =>
  timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest());

export const requireFreeCode = async (read: Reader, creditCode: string, field: string): Promise<void> => {
  if (!isCreditCode(creditCode)) throw problems.creditCodeInvalid({ field, detail: creditCode });
  if (await reads.organisationByCode(read, creditCode)) throw problems.creditCodeTaken({ field });
};

interface PersonFacts {
  login: string;
  displayName: string;
  phone?: string;
  email?: string;
}

/** `password` absent: the person comes in by invitation. */
export const addPerson = async (
  room: Room,
  tx: Tx,
  participant: string,
  facts: PersonFacts,
  field: string,
  passwordHash?: string,
): Promise<string> => {
  if (await reads.loginTaken(tx, facts.login)) throw problems.loginTaken({ field: `${field}.login` });
  const id = newId('per', tx.now);
  const sealed = (text: string | undefined) => (text ? room.seal.seal(tx, id, text) : null);
  await store.insertPerson(tx, {
    id,
    participant,
    login: facts.login,
    displayName: facts.displayName,
    phoneSealed: await sealed(facts.phone),
    emailSealed: await sealed(facts.email),
    passwordHash: passwordHash ?? null,
  });
  await audit(tx, { action: 'members.person.create', subject: id, participant });
  return id;
};

export const addOrganisation = async (
  room: Room,
  tx: Tx,
  facts: { name: string; creditCode: string; kind: store.NewOrganisation['kind']; legalRepresentative: string },
  status: 'applying' | 'active',
  letter?: store.NewOrganisation['letter'],
): Promise<string> => {
  const id = newId('org', tx.now);
  await store.insertOrganisation(tx, {
    id,
    name: facts.name,
    creditCode: facts.creditCode,
    kind: facts.kind,
    legalRepresentativeSealed: await room.seal.seal(tx, id, facts.legalRepresentative),
    status,
    letter,
  });
  return id;
};

export const invite = async (tx: Tx, person: string, participant: string): Promise<Invitation> => {
  const code = newSecret(24);
  const expiresAt = new Date(tx.now.getTime() + limits.invitationHours * 3_600_000);
  await store.insertInvitation(tx, {
    id: newId('inv', tx.now),
    person,
    participant,
    codeHash: hashToken(code),
    expiresAt,
  });
  return { code, expiresAt };
};

/** The first organisation of a node: its operator, with three administrators who are three people. */
export const setUpNode = async (room: Room, tx: Tx, body: SetUp) => {
  await tx.exec(sql`select pg_advisory_xact_lock(hashtext('members.setup'))`);
  if (await reads.anyOrganisation(tx)) throw problems.setupDone();
  if (!sameSecret(body.setupToken, room.settings.setupToken))
    throw problems.setupTokenWrong({ field: 'body.setupToken' });
  await requireFreeCode(tx, body.operator.creditCode, 'body.operator.creditCode');
  if (!administratorsApart(Object.values(body.administrators)))
    throw problems.administratorsNotApart({ field: 'body.administrators' });
  const operator = await addOrganisation(room, tx, body.operator, 'active');
  await store.insertRole(tx, operator, { role: 'operator', class: '', licence: '', status: 'active' });
  const add = async (name: keyof SetUp['administrators'], seat: Seat): Promise<string> => {
    const facts = body.administrators[name];
    const fault = passwordFault(facts.password, facts.login, `body.administrators.${name}.password`);
    if (fault) throw fault;
    const person = await addPerson(
      room,
      tx,
      operator,
      facts,
      `body.administrators.${name}`,
      await hashPassword(facts.password),
    );
    await store.insertSeat(tx, person, operator, seat);
    return person;
  };
  const administrators = {
    system: await add('system', 'systemAdministrator'),
    security: await add('security', 'securityAdministrator'),
    audit: await add('audit', 'auditAdministrator'),
  };
  await audit(tx, {
    action: 'members.setup.create',
    subject: operator,
    participant: operator,
    data: { administrators },
  });
  await emit(tx, {
    type: eventTypes.activated,
    subject: operator,
    participant: operator,
    data: { roles: ['operator'] },
  });
  room.rightsChange(tx);
  return { organisation: operator, administrators };
};

export const enterInstitution = async (room: Room, tx: Tx, body: NewInstitution) => {
  await requireFreeCode(tx, body.creditCode, 'body.creditCode');
  if (body.role === 'registrar' && (await reads.institution(tx, 'registrar')))
    throw problems.institutionExists({ field: 'body.role' });
  const organisation = await addOrganisation(room, tx, body, 'active');
  await store.insertRole(tx, organisation, { role: body.role, class: '', licence: '', status: 'active' });
  const administrator = await addPerson(room, tx, organisation, body.administrator, 'body.administrator');
  await store.insertSeat(tx, administrator, organisation, 'administrator');
  const invitation = await invite(tx, administrator, organisation);
  await audit(tx, {
    action: 'members.institution.create',
    subject: organisation,
    participant: organisation,
    data: { role: body.role },
  });
  await emit(tx, {
    type: eventTypes.activated,
    subject: organisation,
    participant: organisation,
    data: { roles: [body.role] },
  });
  return { organisation, administrator, invitation };
};

/** What a person decides about their own mail. Keys are nobody's person. */
export const setNoticeMail = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  body: { mail: boolean; email: string | null },
): Promise<void> => {
  if (principal.kind !== 'person') throw kernelProblems.notPermitted();
  const sealed = body.email === null ? null : await room.seal.seal(tx, principal.id, body.email);
  await store.setNoticeMail(tx, principal.id, body.mail, sealed);
  await audit(tx, { action: 'members.mail.update', subject: principal.id, data: { mail: body.mail } });
};

const rolesOf = async (read: Reader, participant: string): Promise<Role[]> => {
  const found = await reads.organisation(read, participant);
  return found ? reads.activeRoles(found) : [];
};

/** One writer at a time on an organisation's accounts, so that two last administrators cannot leave together. */
const lockAccounts = (tx: Tx, participant: string): Promise<number> =>
  tx.exec(sql`select id from organisations where id = ${participant} for update`);

export const createOne = async (room: Room, tx: Tx, principal: Principal, body: NewPerson) => {
  const participant = principal.participant;
  await lockAccounts(tx, participant);
  if ((await reads.peopleCount(tx, participant)) >= limits.peoplePerOrganisationMax)
    throw problems.tooMany({ detail: `${limits.peoplePerOrganisationMax}` });
  if (body.seats.length && !principal.permissions.has('members.seat.grant'))
    throw problems.seatForeign({
      field: 'body.seats',
      detail: { zh: '岗位由安全管理员授予', en: 'seats are granted by the security administrator' },
    });
  const person = await addPerson(room, tx, participant, body, 'body');
  const roles = await rolesOf(tx, participant);
  const held: Seat[] = [];
  for (const seat of body.seats) {
    const fault = seatFault(roles, held, seat);
    if (fault) throw fault;
    await store.insertSeat(tx, person, participant, seat);
    held.push(seat);
  }
  return { person, invitation: await invite(tx, person, participant) };
};

// Nobody may lock the organisation out of its own accounts.
const requireAnother = async (tx: Tx, one: Person, seats: readonly Seat[]): Promise<void> => {
  const kept = seatsKept(await rolesOf(tx, one.participant));
  for (const seat of seats)
    if (kept.includes(seat) && (await reads.othersOnSeat(tx, one.participant, seat, one.id)) === 0)
      throw problems.lastAdministrator({ detail: seat });
};

const othersAccount = async (tx: Tx, principal: Principal, id: string): Promise<Person> => {
  await lockAccounts(tx, principal.participant);
  const found = await reads.personForUpdate(tx, principal.participant, id);
  if (found.id === principal.id) throw problems.ownAccount();
  return found;
};

export const disable = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  const found = await othersAccount(tx, principal, id);
  await requireAnother(tx, found, found.seats);
  await store.setPersonStatus(tx, id, 'disabled');
  await endSessionsOf(tx, id);
  await audit(tx, { action: 'members.person.disable', subject: id });
  await emit(tx, { type: eventTypes.personDisabled, subject: id });
  room.rightsChange(tx);
};

export const enable = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  const found = await othersAccount(tx, principal, id);
  if (found.status !== 'disabled' || found.erased)
    throw problems.standingSame({ detail: found.erased ? 'erased' : found.status });
  const account = await reads.accountById(tx, id);
  await store.setPersonStatus(tx, id, account?.passwordHash ? 'active' : 'invited');
  await audit(tx, { action: 'members.person.enable', subject: id });
  room.rightsChange(tx);
};

/**
 * A fresh invitation instead of the password. Whoever resets sees the code, so at the operator the account first loses its
 * seats: else the system administrator could walk in as the security administrator.
 */
export const reset = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<Invitation> => {
  const found = await othersAccount(tx, principal, id);
  if (found.status === 'disabled') throw problems.standingSame({ detail: found.status });
  if (principal.roles.has('operator')) {
    await requireAnother(tx, found, found.seats);
    await store.deleteSeatsOf(tx, id);
  }
  await store.setPassword(tx, id, null);
  await store.deleteOtherWaysIn(tx, id);
  await endSessionsOf(tx, id);
  await audit(tx, {
    action: 'members.person.reset',
    subject: id,
    data: { seatsDropped: principal.roles.has('operator') ? found.seats : [] },
  });
  room.rightsChange(tx);
  return invite(tx, id, found.participant);
};

export const erase = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  const found = await othersAccount(tx, principal, id);
  if (found.status !== 'disabled' || found.erased)
    throw problems.standingSame({ detail: found.erased ? 'erased' : found.status });
  await room.seal.destroy(tx, id, found.participant);
  await forget(room, tx, id);
};

/** All but the key of the sealed fields, which is destroyed already. */
const forget = async (room: Room, tx: Tx, id: string): Promise<void> => {
  await store.erasePersonFields(tx, id);
  await store.deleteOtherWaysIn(tx, id);
  await store.deleteSeatsOf(tx, id);
  await deleteSessionsOf(tx, id);
  // Whoever made a key has seen its secret, and may have taken it along.
  const keys = await store.revokeKeysMadeBy(tx, id);
  await audit(tx, { action: 'members.person.erase', subject: id, data: { keys: keys.map((one) => one.id) } });
  room.rightsChange(tx);
};

/** A restored backup may hold people who were erased after it; their destroyed keys say who. Number of people. */
export const finishErasures = (room: Room): Promise<number> =>
  room.database.tx(systemActor('members.erasure'), async (tx) => {
    const people = await reads.peopleToErase(tx);
    for (const { id } of people) await forget(room, tx, id);
    return people.length;
  });

export const grant = async (room: Room, tx: Tx, principal: Principal, id: string, seat: Seat): Promise<void> => {
  await lockAccounts(tx, principal.participant);
  const found = await reads.personForUpdate(tx, principal.participant, id);
  // Where administrators are apart, granting to oneself would undo it.
  if (found.id === principal.id && principal.roles.has('operator')) throw problems.ownAccount();
  if (found.status === 'disabled') throw problems.standingSame({ detail: found.status });
  const fault = seatFault(await rolesOf(tx, found.participant), found.seats, seat);
  if (fault) throw fault;
  await store.insertSeat(tx, id, found.participant, seat);
  await audit(tx, { action: 'members.seat.grant', subject: id, data: { seat } });
  room.rightsChange(tx);
};

export const revoke = async (room: Room, tx: Tx, principal: Principal, id: string, seat: Seat): Promise<void> => {
  await lockAccounts(tx, principal.participant);
  const found = await reads.personForUpdate(tx, principal.participant, id);
  await requireAnother(tx, found, [seat]);
  await store.deleteSeat(tx, id, seat);
  await audit(tx, { action: 'members.seat.revoke', subject: id, data: { seat } });
  room.rightsChange(tx);
};

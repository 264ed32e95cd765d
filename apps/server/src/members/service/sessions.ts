/** Coming in and going out: passwords, invitations, sessions. */
import { audit } from '../../kernel/audit.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { actorOf, anonymous, type Principal } from '../../kernel/http/principal.ts';
import { type RateLimit, rateLimit } from '../../kernel/limits.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { endOtherSessions, endSession, endSessionsOf, hashToken, openSession } from '../../kernel/session.ts';
import type { Room } from '../deps.ts';
import { limits, type OrganisationStatus, type Role, type RoleClass, type Seat } from '../model.ts';
import { hashPassword, passwordMatches } from '../password.ts';
import { problems } from '../problems.ts';
import * as reads from '../reads.ts';
import { passwordFault, permissionsOf } from '../rules.ts';
import * as store from '../store.ts';
import { acceptedCurrent } from './rulebook.ts';

export interface Opened {
  token: string;
  expiresAt: Date;
  me: Me;
}

export interface Me {
  kind: 'person' | 'service';
  id: string;
  name: string;
  login: string | null;
  organisation: { id: string; name: string; status: OrganisationStatus; roles: { role: Role; class: RoleClass }[] };
  seats: Seat[];
  permissions: string[];
  rulesAccepted: boolean;
}

export interface Gate {
  byAccount: RateLimit;
  byAddress: RateLimit;
}

/** Guessing is slowed per account and, more widely, per address: many colleagues share one. */
export const makeGate = (triesPerMinute: number): Gate => ({
  byAccount: rateLimit(triesPerMinute / 60, triesPerMinute),
  byAddress: rateLimit(
    (triesPerMinute * limits.addressTriesPerAccountTry) / 60,
    triesPerMinute * limits.addressTriesPerAccountTry,
  ),
});

export const pass = (limit: RateLimit, key: string, now: number): void => {
  const wait = limit.take(key, now);
  if (wait > 0) throw kernelProblems.tooFast({ headers: { 'retry-after': String(wait) } });
};

const meOf = async (
  read: Reader,
  now: Date,
  who: { kind: Me['kind']; id: string; participant: string; permissions: Iterable<string> },
): Promise<Me> => {
  const organisation = (await reads.organisation(read, who.participant))!;
  const person = who.kind === 'person' ? await reads.person(read, who.id) : undefined;
  const name = person?.displayName ?? (await reads.displayNames(read, [who.id])).get(who.id) ?? '';
  return {
    kind: who.kind,
    id: who.id,
    name,
    login: person?.login ?? null,
    organisation: {
      id: organisation.id,
      name: organisation.name,
      status: organisation.status,
      roles: organisation.roles
        .filter((role) => role.status === 'active')
        .map(({ role, class: roleClass }) => ({ role, class: roleClass })),
    },
    seats: person?.seats ?? [],
    permissions: [...who.permissions].sort(),
    rulesAccepted: await acceptedCurrent(read, who.participant, now),
  };
};

export const me = (room: Room, read: Reader, principal: Principal): Promise<Me> =>
  meOf(read, room.now(), { ...principal, kind: principal.kind === 'service' ? 'service' : 'person' });

/** Opens a session for a person known to be who they say; `how` goes into the audit. */
export const open = async (room: Room, tx: Tx, person: string, how: string, client?: string): Promise<Opened> => {
  const found = (await reads.accountById(tx, person))!;
  const session = await openSession(
    tx,
    { person, participant: found.participant },
    { hours: room.settings.sessionHours, client },
  );
  await audit(tx, { action: 'members.session.create', subject: person, participant: found.participant, data: { how } });
  const organisation = (await reads.organisation(tx, found.participant))!;
  const seats = (await reads.person(tx, person))!.seats;
  const permissions = permissionsOf(room.table, reads.activeRoles(organisation), seats);
  return {
    ...session,
    me: await meOf(tx, tx.now, { kind: 'person', id: person, participant: found.participant, permissions }),
  };
};

const mayEnter = (account: reads.Account | undefined): account is reads.Account =>
  account?.status === 'active' && account.organisationStatus !== 'left';

/**
 * Unknown account, wrong password, disabled account: one answer, one duration. The refusal is audited in a transaction of its
 * own, since the request's would be rolled back.
 */
export const signIn = async (
  room: Room,
  gate: Gate,
  body: { login: string; password: string },
  from: { address: string; client?: string; requestId: string },
): Promise<Opened> => {
  pass(gate.byAddress, from.address, room.monotonic());
  pass(gate.byAccount, body.login, room.monotonic());
  const account = await reads.accountByLogin(room.database, body.login);
  const matches = await passwordMatches(body.password, account?.passwordHash ?? null);
  const stranger = actorOf(anonymous('zh'), from.requestId);
  if (!matches || !mayEnter(account)) {
    await room.database.tx(stranger, (tx) =>
      audit(tx, {
        action: 'members.session.refuse',
        subject: account?.id ?? 'unknown',
        participant: account?.participant ?? '',
      }),
    );
    throw problems.signInFailed();
  }
  const actor = {
    kind: 'person',
    id: account.id,
    participant: account.participant,
    name: account.displayName,
    requestId: from.requestId,
  } as const;
  return room.database.tx(actor, (tx) => open(room, tx, account.id, 'password', from.client));
};

export const signOut = async (room: Room, tx: Tx, token: string | undefined): Promise<void> => {
  if (!token?.startsWith('sgs_')) return;
  await endSession(tx, token);
  await audit(tx, { action: 'members.session.delete', subject: tx.actor.id });
  room.rightsChange(tx);
};

export const changePassword = async (
  room: Room,
  gate: Gate,
  principal: Principal,
  body: { current: string; next: string },
  from: { token: string | undefined; requestId: string },
) => {
  if (principal.kind !== 'person') throw kernelProblems.notPermitted();
  // The current password can be guessed here too.
  pass(gate.byAccount, principal.id, room.monotonic());
  const account = (await reads.accountById(room.database, principal.id))!;
  if (!(await passwordMatches(body.current, account.passwordHash)))
    throw problems.passwordWrong({ field: 'body.current' });
  const fault = passwordFault(body.next, account.login, 'body.next');
  if (fault) throw fault;
  const hash = await hashPassword(body.next);
  await room.database.tx(actorOf(principal, from.requestId), async (tx) => {
    const replaced = await tx.exec(
      sql`select 1 from people where id = ${principal.id} and password_hash = ${account.passwordHash} for update`,
    );
    if (!replaced) throw kernelProblems.stale();
    await store.setPassword(tx, principal.id, hash);
    await endOtherSessions(tx, principal.id, hashToken(from.token ?? ''));
    await audit(tx, { action: 'members.password.update', subject: principal.id });
    room.rightsChange(tx);
  });
};

export const redeem = async (
  room: Room,
  gate: Gate,
  tx: Tx,
  body: { code: string; password: string },
  from: { address: string; client?: string },
): Promise<Opened> => {
  pass(gate.byAddress, from.address, room.monotonic());
  const invited = await store.useInvitation(tx, hashToken(body.code));
  const account = invited && (await reads.accountById(tx, invited.person));
  if (!account || account.status === 'disabled' || account.organisationStatus === 'left')
    throw problems.invitationInvalid({ field: 'body.code' });
  const fault = passwordFault(body.password, account.login, 'body.password');
  if (fault) throw fault;
  await store.setPassword(tx, account.id, await hashPassword(body.password));
  await endSessionsOf(tx, account.id);
  await audit(tx, { action: 'members.invitation.redeem', subject: account.id, participant: account.participant });
  room.rightsChange(tx);
  return open(room, tx, account.id, 'invitation', from.client);
};

/** The only SQL that writes this room's tables. */
import { sql, type Tx } from '../kernel/db/db.ts';
import type { Attested, HeldRole, OrganisationKind, OrganisationStatus, Seat } from './model.ts';

export interface NewOrganisation {
  id: string;
  name: string;
  creditCode: string;
  kind: OrganisationKind;
  legalRepresentativeSealed: string;
  dataspaceId?: string;
  status: OrganisationStatus;
  letter?: { digest: string; fileName: string; mediaType: string; bytes: number };
}

export const insertOrganisation = async (tx: Tx, one: NewOrganisation): Promise<void> => {
  await tx.exec(sql`insert into organisations (id, node, market, participant, name, credit_code, kind, legal_representative, status,
      authorisation_letter, dataspace_id, created_at, since)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.id}, ${one.name}, ${one.creditCode}, ${one.kind},
      ${one.legalRepresentativeSealed}, ${one.status}, ${one.letter ? JSON.stringify(one.letter) : null}, ${one.dataspaceId ?? null}, ${tx.now},
      ${one.status === 'active' ? tx.now : null})`);
};

export const setAttested = (tx: Tx, organisation: string, attested: Attested): Promise<number> =>
  tx.exec(sql`update organisations set attested = ${JSON.stringify(attested)} where id = ${organisation}`);

export const insertRole = async (
  tx: Tx,
  organisation: string,
  one: Pick<HeldRole, 'role' | 'class' | 'licence'> & { status: 'applied' | 'active' },
): Promise<void> => {
  await tx.exec(sql`insert into organisation_roles (organisation, node, market, participant, role, class, licence, status, created_at, since)
    values (${organisation}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${organisation}, ${one.role}, ${one.class}, ${one.licence}, ${one.status},
      ${tx.now}, ${one.status === 'active' ? tx.now : null})
    on conflict (organisation, role, class) do update set status = excluded.status, licence = excluded.licence,
      created_at = excluded.created_at, since = excluded.since where organisation_roles.status = 'ended'`);
};

export const setStatus = async (tx: Tx, organisation: string, status: OrganisationStatus): Promise<void> => {
  await tx.exec(sql`update organisations set status = ${status},
    since = case when ${status} = 'active' then coalesce(since, ${tx.now}) else since end where id = ${organisation}`);
};

/** Moves every role in one status to another; the roles moved. */
export const moveRoles = (
  tx: Tx,
  organisation: string,
  from: HeldRole['status'],
  to: HeldRole['status'],
): Promise<{ role: string; class: string }[]> =>
  tx.rows(sql`update organisation_roles set status = ${to}, since = case when ${to} = 'active' then coalesce(since, ${tx.now}) else since end
    where organisation = ${organisation} and status = ${from} returning role, class`);

export const moveRole = (
  tx: Tx,
  organisation: string,
  role: string,
  roleClass: string,
  from: HeldRole['status'],
  to: HeldRole['status'],
): Promise<number> =>
  tx.exec(sql`update organisation_roles set status = ${to}, since = case when ${to} = 'active' then coalesce(since, ${tx.now}) else since end
    where organisation = ${organisation} and role = ${role} and class = ${roleClass} and status = ${from}`);

export const setCase = async (tx: Tx, organisation: string, caseId: string): Promise<void> => {
  await tx.exec(sql`update organisations set admission_case = ${caseId} where id = ${organisation}`);
};

export const setRoleCase = async (
  tx: Tx,
  organisation: string,
  role: string,
  roleClass: string,
  caseId: string,
): Promise<void> => {
  await tx.exec(sql`update organisation_roles set role_case = ${caseId}
    where organisation = ${organisation} and role = ${role} and class = ${roleClass}`);
};

export const setBankAccount = async (
  tx: Tx,
  organisation: string,
  account: { bankName: string; holder: string; sealed: string; masked: string },
): Promise<void> => {
  await tx.exec(sql`update organisations set bank_name = ${account.bankName}, bank_holder = ${account.holder},
    bank_account = ${account.sealed}, bank_account_masked = ${account.masked} where id = ${organisation}`);
};

export interface NewPerson {
  id: string;
  participant: string;
  login: string;
  displayName: string;
  phoneSealed: string | null;
  emailSealed: string | null;
  passwordHash: string | null;
}

export const insertPerson = async (tx: Tx, one: NewPerson): Promise<void> => {
  await tx.exec(sql`insert into people (id, node, market, participant, login, display_name, phone, email, password_hash, password_at, status, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.login}, ${one.displayName}, ${one.phoneSealed},
      ${one.emailSealed}, ${one.passwordHash}, ${one.passwordHash ? tx.now : null}, ${one.passwordHash ? 'active' : 'invited'}, ${tx.now})`);
};

export const setPassword = async (tx: Tx, person: string, hash: string | null): Promise<void> => {
  await tx.exec(sql`update people set password_hash = ${hash}, password_at = ${tx.now},
    status = ${hash ? 'active' : 'invited'} where id = ${person}`);
};

export const setPersonStatus = async (
  tx: Tx,
  person: string,
  status: 'active' | 'invited' | 'disabled',
): Promise<void> => {
  await tx.exec(sql`update people set status = ${status} where id = ${person}`);
};

export const setNoticeMail = async (tx: Tx, person: string, mail: boolean, email: string | null): Promise<void> => {
  await tx.exec(sql`update people set notice_mail = ${mail}, email = ${email} where id = ${person}`);
};

/** The row stays for what refers to it, under a log-in that names nobody. */
export const erasePersonFields = async (tx: Tx, person: string): Promise<void> => {
  await tx.exec(sql`update people set phone = null, email = null, password_hash = null, status = 'disabled', display_name = '—',
      login = ${`erased-${person.toLowerCase()}`}, erased_at = ${tx.now} where id = ${person}`);
  await tx.exec(sql`delete from invitations where person = ${person}`);
  await tx.exec(sql`delete from passkey_ceremonies where person = ${person}`);
  await tx.exec(sql`delete from oidc_ceremonies where person = ${person}`);
};

/** Keys whose secret was shown to one person. */
export const revokeKeysMadeBy = (tx: Tx, person: string): Promise<{ id: string }[]> =>
  tx.rows(
    sql`update api_keys set revoked_at = ${tx.now} where created_by = ${person} and revoked_at is null returning id`,
  );

export const insertSeat = async (tx: Tx, person: string, participant: string, seat: Seat): Promise<void> => {
  await tx.exec(sql`insert into seats (person, seat, node, market, participant, granted_by, created_at)
    values (${person}, ${seat}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${tx.actor.id}, ${tx.now}) on conflict do nothing`);
};

export const deleteSeat = (tx: Tx, person: string, seat: Seat): Promise<number> =>
  tx.exec(sql`delete from seats where person = ${person} and seat = ${seat}`);

export const deleteSeatsOf = (tx: Tx, person: string): Promise<number> =>
  tx.exec(sql`delete from seats where person = ${person}`);

export const insertInvitation = async (
  tx: Tx,
  one: { id: string; person: string; participant: string; codeHash: Buffer; expiresAt: Date },
): Promise<void> => {
  // The newest invitation is the only one that opens.
  await tx.exec(sql`update invitations set used_at = ${tx.now} where person = ${one.person} and used_at is null`);
  await tx.exec(sql`insert into invitations (id, node, market, participant, person, code_hash, created_by, created_at, expires_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.person}, ${one.codeHash}, ${tx.actor.id}, ${tx.now}, ${one.expiresAt})`);
};

/** The person invited, once; undefined when the code is unknown, used or expired. */
export const useInvitation = (tx: Tx, codeHash: Buffer): Promise<{ person: string; participant: string } | undefined> =>
  tx.first(sql`update invitations set used_at = ${tx.now} where code_hash = ${codeHash} and used_at is null and expires_at > ${tx.now}
    returning person, participant`);

export interface NewKey {
  id: string;
  participant: string;
  serviceAccount: string;
  name: string;
  prefix: string;
  hash: Buffer;
  permissions: readonly string[];
  addresses: readonly string[];
  expiresAt: Date;
  rotatedFrom: string | null;
}

export const insertServiceAccount = async (
  tx: Tx,
  one: { id: string; participant: string; name: string },
): Promise<void> => {
  await tx.exec(sql`insert into service_accounts (id, node, market, participant, name, created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.name}, ${tx.actor.id}, ${tx.now})`);
};

export const insertKey = async (tx: Tx, one: NewKey): Promise<void> => {
  await tx.exec(sql`insert into api_keys (id, node, market, participant, service_account, name, prefix, key_hash, permissions, addresses,
      created_by, created_at, expires_at, rotated_from)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.serviceAccount}, ${one.name}, ${one.prefix}, ${one.hash},
      ${[...one.permissions]}, ${[...one.addresses]}, ${tx.actor.id}, ${tx.now}, ${one.expiresAt}, ${one.rotatedFrom})`);
};

export const endKey = async (tx: Tx, key: string, at: Date): Promise<void> => {
  await tx.exec(sql`update api_keys set expires_at = least(expires_at, ${at}) where id = ${key}`);
};

export const setKeyRevoked = (tx: Tx, key: string): Promise<number> =>
  tx.exec(sql`update api_keys set revoked_at = ${tx.now} where id = ${key} and revoked_at is null`);

export const noteKeyUse = async (tx: Tx, key: string): Promise<void> => {
  await tx.exec(sql`update api_keys set last_used_at = ${tx.now} where id = ${key}`);
};

/** Every way in besides the password: passkeys and the link to an identity provider. */
export const deleteOtherWaysIn = async (tx: Tx, person: string): Promise<void> => {
  await tx.exec(sql`delete from passkeys where person = ${person}`);
  await tx.exec(sql`delete from oidc_identities where person = ${person}`);
};

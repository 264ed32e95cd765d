/** Questions: this room's screens, and other rooms through the door. */
import { empty, type Reader, type Sql, sql } from '../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageSize } from '../kernel/pages.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { HeldRole, Organisation, Person, Role, Seat } from './model.ts';

type OrganisationRow = Omit<Organisation, 'roles'> & { roles: (Omit<HeldRole, 'since'> & { since: string | null })[] };

const organisationColumns = sql`o.id, o.name, o.credit_code as "creditCode", substr(o.credit_code, 3, 6) as division, o.dataspace_id as "dataspaceId", o.attested, o.kind, o.status, o.since, o.created_at as "createdAt",
  o.bank_name as "bankName", o.bank_holder as "bankHolder", o.bank_account_masked as "bankAccountMasked",
  coalesce((select json_agg(json_build_object('role', r.role, 'class', r.class, 'licence', r.licence, 'status', r.status, 'since', r.since)
    order by r.role, r.class) from organisation_roles r where r.organisation = o.id), '[]') as roles`;

const organisationOf = (row: OrganisationRow): Organisation => ({
  ...row,
  roles: row.roles.map((role) => ({ ...role, since: role.since ? new Date(role.since) : null })),
});

const organisationsWhere = async (read: Reader, condition: Sql): Promise<Organisation[]> =>
  (await read.rows<OrganisationRow>(sql`select ${organisationColumns} from organisations o where ${condition}`)).map(
    organisationOf,
  );

export const organisation = async (read: Reader, id: string): Promise<Organisation | undefined> =>
  (await organisationsWhere(read, sql`o.id = ${id}`))[0];

export const organisationByCode = async (read: Reader, creditCode: string): Promise<Organisation | undefined> =>
  (await organisationsWhere(read, sql`o.credit_code = ${creditCode} and o.status <> 'left'`))[0];

export const organisationByDataspaceId = async (read: Reader, dataspaceId: string): Promise<Organisation | undefined> =>
  (await organisationsWhere(read, sql`o.dataspace_id = ${dataspaceId}`))[0];

/** The active holder of an institution's role; undefined before it is entered. */
export const institution = async (read: Reader, role: Role): Promise<Organisation | undefined> =>
  (
    await organisationsWhere(
      read,
      sql`o.id in (select organisation from organisation_roles where role = ${role} and status = 'active') order by o.id limit 1`,
    )
  )[0];

export const anyOrganisation = async (read: Reader): Promise<boolean> =>
  (await read.one<{ found: boolean }>(sql`select exists (select 1 from organisations) as found`)).found;

export const activeRoles = (one: Pick<Organisation, 'status' | 'roles'>): Role[] =>
  one.status === 'active'
    ? [...new Set(one.roles.filter((role) => role.status === 'active').map((role) => role.role))]
    : [];

/** A recognised participant's name never stands without its id: what another issuer calls it may be the name of a member here. */
export const displayNames = async (read: Reader, ids: readonly string[]): Promise<Map<string, string>> => {
  const rows = await read.rows<{
    id: string;
    name: string;
  }>(sql`select id, case when attested is null then name else (attested ->> 'name') || ' (' || name || ')' end as name
      from organisations where id = any(${[...ids]})
    union all select id, display_name from people where id = any(${[...ids]})
    union all select id, name from service_accounts where id = any(${[...ids]})`);
  return new Map(rows.map((row) => [row.id, row.name]));
};

export const sealedFields = (
  read: Reader,
  id: string,
): Promise<{ legalRepresentative: string; bankAccount: string | null; admissionCase: string | null }> =>
  read.one(
    sql`select legal_representative as "legalRepresentative", bank_account as "bankAccount", admission_case as "admissionCase" from organisations where id = ${id}`,
  );

/** Lists run by id, which runs by time of entry. */
const pageClause = (query: PageQuery, column: Sql): Sql => {
  const after = decodeCursor(query.after, 1);
  return sql`${after ? sql`and ${column} > ${after[0]}` : empty} order by ${column} limit ${pageSize(query) + 1}`;
};

export const organisationPage = (
  read: Reader,
  query: PageQuery & { status?: string; role?: string },
): Promise<Organisation[]> =>
  organisationsWhere(
    read,
    sql`true ${query.status ? sql`and o.status = ${query.status}` : empty}
      ${query.role ? sql`and exists (select 1 from organisation_roles r where r.organisation = o.id and r.role = ${query.role} and r.status <> 'ended')` : empty}
      ${pageClause(query, sql`o.id`)}`,
  );

const likePattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Those who offer themselves to the market: data merchants and service bodies in good standing. */
export const directoryPage = (
  read: Reader,
  query: PageQuery & { role?: string; class?: string; search?: string },
): Promise<Organisation[]> => {
  const roles = query.role ? [query.role] : ['dataMerchant', 'serviceBody'];
  return organisationsWhere(
    read,
    sql`o.status = 'active' ${query.search ? sql`and o.name ilike ${likePattern(query.search)}` : empty}
      and exists (select 1 from organisation_roles r where r.organisation = o.id and r.status = 'active' and r.role = any(${roles})
        ${query.class ? sql`and r.class = ${query.class}` : empty})
      ${pageClause(query, sql`o.id`)}`,
  );
};

type PersonRow = Person & { phone: string | null; email: string | null };
const personColumns = sql`p.id, p.participant, p.login, p.display_name as "displayName", p.phone, p.email, p.status, p.erased_at is not null as erased, p.created_at as "createdAt",
  coalesce((select array_agg(s.seat order by s.seat) from seats s where s.person = p.id), '{}') as seats`;

export const peoplePage = (read: Reader, participant: string, query: PageQuery): Promise<PersonRow[]> =>
  read.rows(
    sql`select ${personColumns} from people p where p.participant = ${participant} ${pageClause(query, sql`p.id`)}`,
  );

/** A person of this organisation, locked for the change; anybody else's looks like nobody. */
export const personForUpdate = async (read: Reader, participant: string, id: string): Promise<PersonRow> => {
  const found = await read.first<PersonRow>(
    sql`select ${personColumns} from people p where p.id = ${id} and p.participant = ${participant} for update of p`,
  );
  if (!found) throw kernelProblems.unknown();
  return found;
};

/** People whose key is destroyed and whose row does not say so yet: a backup older than their erasure was restored. */
export const peopleToErase = (read: Reader): Promise<{ id: string }[]> =>
  read.rows(sql`select p.id from people p join subject_keys k on k.subject = p.id
    where k.destroyed_at is not null and p.erased_at is null order by p.id`);

/** Those who answer for the organisation's accounts, personal fields still sealed. */
export const administratorsOf = (read: Reader, participant: string): Promise<PersonRow[]> =>
  read.rows(sql`select ${personColumns} from people p join seats t on t.person = p.id
    where p.participant = ${participant} and t.seat = 'administrator' order by p.id`);

export const person = (read: Reader, id: string): Promise<Person | undefined> =>
  read.first<Person>(sql`select ${personColumns} from people p where p.id = ${id}`);

export const loginTaken = async (read: Reader, login: string): Promise<boolean> =>
  (await read.one<{ found: boolean }>(sql`select exists (select 1 from people where login = ${login}) as found`)).found;

export const peopleCount = async (read: Reader, participant: string): Promise<number> =>
  (
    await read.one<{ count: number }>(
      sql`select count(*)::int as count from people where participant = ${participant} and status <> 'disabled'`,
    )
  ).count;

/** How many able people of the organisation hold a seat, one person left out. */
export const othersOnSeat = async (read: Reader, participant: string, seat: Seat, except: string): Promise<number> =>
  (
    await read.one<{ count: number }>(sql`select count(*)::int as count from seats s join people p on p.id = s.person
      where p.participant = ${participant} and s.seat = ${seat} and p.id <> ${except} and p.status = 'active'`)
  ).count;

// An address, and no word against notices there.
const takesMail = sql`p.status = 'active' and p.notice_mail and p.email is not null`;

/** People of an organisation on any of the seats who take notices by mail; addresses still sealed. */
export const peopleOnSeats = (
  read: Reader,
  participant: string,
  seats: readonly string[],
): Promise<{ id: string; email: string }[]> =>
  read.rows(sql`select distinct p.id, p.email from people p join seats s on s.person = p.id
    where p.participant = ${participant} and ${takesMail} and s.seat = any(${[...seats]}) order by p.id`);

export const seatsHeld = async (read: Reader, participant: string): Promise<Seat[]> =>
  (
    await read.rows<{ seat: Seat }>(sql`select distinct s.seat from people p join seats s on s.person = p.id
      where p.participant = ${participant} and p.status = 'active' order by s.seat`)
  ).map(({ seat }) => seat);

export const anyTrader = async (read: Reader): Promise<boolean> =>
  (
    await read.one<{
      found: boolean;
    }>(sql`select exists (select 1 from organisations o join organisation_roles r on r.organisation = o.id
      where o.status = 'active' and o.dataspace_id is null and r.status = 'active'
        and r.role in ('resourceProvider', 'productSupplier', 'dataMerchant', 'demander')) as found`)
  ).found;

export const mailSealed = (read: Reader, id: string): Promise<{ email: string } | undefined> =>
  read.first(sql`select p.email from people p where p.id = ${id} and ${takesMail}`);

export const noticeMail = (read: Reader, id: string): Promise<{ email: string | null; mail: boolean } | undefined> =>
  read.first(sql`select email, notice_mail as mail from people where id = ${id}`);

export interface Account {
  id: string;
  participant: string;
  displayName: string;
  passwordHash: string | null;
  status: Person['status'];
  organisationStatus: Organisation['status'];
}

const accountColumns = sql`p.id, p.participant, p.login, p.display_name as "displayName", p.password_hash as "passwordHash", p.status,
  o.status as "organisationStatus"`;
export const accountByLogin = (read: Reader, login: string): Promise<Account | undefined> =>
  read.first(
    sql`select ${accountColumns} from people p join organisations o on o.id = p.participant where p.login = ${login}`,
  );
export const accountById = (read: Reader, id: string): Promise<(Account & { login: string }) | undefined> =>
  read.first(
    sql`select ${accountColumns} from people p join organisations o on o.id = p.participant where p.id = ${id}`,
  );

export interface SignedIn {
  id: string;
  name: string;
  participant: string;
  organisationStatus: Organisation['status'];
  roles: Role[];
  seats: Seat[];
}

const rolesOf = sql`coalesce((select array_agg(distinct r.role) from organisation_roles r
  where r.organisation = o.id and r.status = 'active' and o.status = 'active'), '{}')`;

/** One indexed look-up: session, person, organisation, roles, seats. */
export const bySession = (
  read: Reader,
  tokenHash: Buffer,
  now: Date,
): Promise<(SignedIn & { expiresAt: Date }) | undefined> =>
  read.first(sql`select p.id, p.display_name as name, p.participant, o.status as "organisationStatus", ${rolesOf} as roles,
      coalesce((select array_agg(t.seat) from seats t where t.person = p.id), '{}') as seats, s.expires_at as "expiresAt"
    from sessions s join people p on p.id = s.person join organisations o on o.id = p.participant
    where s.token_hash = ${tokenHash} and s.ended_at is null and s.expires_at > ${now} and p.status = 'active' and o.status <> 'left'`);

export interface KeyUse extends Omit<SignedIn, 'seats'> {
  key: string;
  permissions: string[];
  addresses: string[];
  expiresAt: Date;
  lastUsedAt: Date | null;
}

export const byKey = (read: Reader, keyHash: Buffer, now: Date): Promise<KeyUse | undefined> =>
  read.first(sql`select k.service_account as id, k.name, k.participant, o.status as "organisationStatus", ${rolesOf} as roles, k.id as key,
      k.permissions, k.addresses, k.expires_at as "expiresAt", k.last_used_at as "lastUsedAt"
    from api_keys k join organisations o on o.id = k.participant
    where k.key_hash = ${keyHash} and k.revoked_at is null and k.expires_at > ${now} and o.status <> 'left'`);

export interface KeyRow {
  id: string;
  participant: string;
  name: string;
  prefix: string;
  serviceAccount: string;
  permissions: string[];
  addresses: string[];
  createdAt: Date;
  expiresAt: Date;
  lastUsedAt: Date | null;
  rotatedFrom: string | null;
  revokedAt: Date | null;
}

const keyColumns = sql`k.id, k.participant, k.name, k.prefix, k.service_account as "serviceAccount", k.permissions, k.addresses,
  k.created_at as "createdAt", k.expires_at as "expiresAt", k.last_used_at as "lastUsedAt", k.rotated_from as "rotatedFrom", k.revoked_at as "revokedAt"`;

export const keyPage = (read: Reader, participant: string, query: PageQuery): Promise<KeyRow[]> =>
  read.rows(
    sql`select ${keyColumns} from api_keys k where k.participant = ${participant} ${pageClause(query, sql`k.id`)}`,
  );

export const keyForUpdate = async (read: Reader, participant: string, id: string): Promise<KeyRow> => {
  const found = await read.first<KeyRow>(
    sql`select ${keyColumns} from api_keys k where k.id = ${id} and k.participant = ${participant} for update`,
  );
  if (!found) throw kernelProblems.unknown();
  return found;
};

export const keysAlive = async (read: Reader, participant: string, now: Date): Promise<number> =>
  (
    await read.one<{ count: number }>(sql`select count(*)::int as count from api_keys
      where participant = ${participant} and revoked_at is null and expires_at > ${now}`)
  ).count;

export interface AuditQuery extends PageQuery {
  action?: string;
  subject?: string;
  actor?: string;
  participant?: string;
  from?: string;
  to?: string;
}

export interface AuditRow {
  sequence: number;
  at: Date;
  participant: string;
  actorKind: string;
  actor: string;
  actorName: string | null;
  action: string;
  subject: string;
  data: Record<string, unknown>;
  request: string | null;
}

/** Newest first. `only` limits a member's administrator to what concerns, or was done by, their organisation. */
export const auditPage = (read: Reader, query: AuditQuery, only: string | undefined): Promise<AuditRow[]> => {
  const after = decodeCursor(query.after, 1);
  const prefix = query.action ? `${query.action.replace(/[\\%_]/g, '\\$&')}%` : undefined;
  return read.rows(sql`select a.sequence, a.at, a.participant, a.actor_kind as "actorKind", a.actor,
      coalesce(p.display_name, v.name) as "actorName", a.action, a.subject, a.data, a.request
    from audit a left join people p on p.id = a.actor left join service_accounts v on v.id = a.actor
    where true ${only ? sql`and a.participant = ${only}` : empty}
      ${query.participant ? sql`and a.participant = ${query.participant}` : empty}
      ${prefix ? sql`and a.action like ${prefix}` : empty}
      ${query.subject ? sql`and a.subject = ${query.subject}` : empty}
      ${query.actor ? sql`and a.actor = ${query.actor}` : empty}
      ${query.from ? sql`and a.at >= ${new Date(query.from)}` : empty}
      ${query.to ? sql`and a.at < ${new Date(query.to)}` : empty}
      ${after ? sql`and a.sequence < ${after[0]}` : empty}
    order by a.sequence desc limit ${pageSize(query) + 1}`);
};

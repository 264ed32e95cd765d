import type { Text } from '@shugu/wire';
import { empty, join, type Moment, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import type { LoggedStatement } from '../kernel/issue/statement.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../kernel/pages.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { stands, withFar } from './foreign.ts';
import type {
  Elsewhere,
  EndedMembership,
  Entry,
  ForeignRef,
  Member,
  MemberState,
  Rules,
  SeenEntry,
  Space,
  SpaceKind,
  SpaceRole,
} from './model.ts';
import { openStates } from './rules.ts';

/** Rules from before there was the term said nothing of contracts: they went on. */
const terms = sql`('{"contracts": "goOn"}'::jsonb || r.terms)`;
const current = sql`(select max(r.number) from space_rules r where r.space = s.id)`;
const spaceColumns = sql`s.id, s.participant, s.kind, s.name, s.purpose, s.conditions, s.state, s.reason, s.case_id as "case",
  s.created_at as "createdAt", s.ended_at as "endedAt",
  (select ${terms} from space_rules r where r.space = s.id and r.number = ${current}) as terms,
  (select count(*)::int from space_members m where m.space = s.id and m.state in ('active', 'resting')) as members`;
const rulesColumns = sql`r.id, r.space, r.number, r.text, ${terms} as terms, r.document, r.digest, r.sign_by as "signBy", r.published_at as "publishedAt"`;
/** By when the first version after the one that was signed has to be. */
const signBy = sql`(select min(r.sign_by) from space_rules r where r.space = m.space and r.number > m.signed)`;
const memberColumns = sql`m.id, m.space, m.participant, m.roles, m.state, m.note, m.reason, m.signed, m.since, m.created_at as "createdAt",
  m.ended_at as "endedAt", g.key_id as "keyId", g.created_at as "signedAt", ${signBy} as "signBy"`;
const members = sql`space_members m left join space_signatures g on g.member = m.id and g.number = m.signed`;
const standingMember = (now: Date): Sql => sql`m.state = 'active' and coalesce(${signBy} > ${now}, true)`;
const entryColumns = sql`e.id, e.space, e.participant, e.product, e.harvested, e.foreign_node as "foreignNode",
  e.foreign_subject as "foreignSubject", e.demands_met as "demandsMet", e.title, e.summary, e.industry, e.members_only as "membersOnly", e.created_at as "createdAt", e.ended_at as "endedAt"`;

const seenColumns = sql`${entryColumns}, f.by, f.origin, f.url, f.traded`;

export const like = (word: string): string => `%${word.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
const wordsMax = 10;
const matching = (column: Sql, search: string | undefined): Sql => {
  const words = (search ?? '').split(/\s+/).filter(Boolean).slice(0, wordsMax);
  return words.length
    ? sql`and ${join(
        words.map((word) => sql`${column} like ${like(word)}`),
        ' and ',
      )}`
    : empty;
};

export const findSpace = (read: Reader, id: string): Promise<Space | undefined> =>
  read.first<Space>(sql`select ${spaceColumns} from spaces s where s.id = ${id}`);

export const spacesOf = (read: Reader, ids: readonly string[]): Promise<Space[]> =>
  read.rows<Space>(sql`select ${spaceColumns} from spaces s where s.id = any(${[...ids]})`);

export const lockSpace = async (tx: Tx, id: string): Promise<Space | undefined> => {
  await tx.first(sql`select 1 from spaces where id = ${id} for update`);
  return findSpace(tx, id);
};

export const spaceOfCase = (read: Reader, id: string): Promise<Space | undefined> =>
  read.first<Space>(sql`select ${spaceColumns} from spaces s where s.case_id = ${id}`);

export const operatedBy = (read: Reader, participant: string): Promise<Space[]> =>
  read.rows<Space>(
    sql`select ${spaceColumns} from spaces s where s.participant = ${participant} and s.state = 'active' order by s.id`,
  );

export const foundedBy = async (read: Reader, participant: string): Promise<number> =>
  (
    await read.one<{ count: number }>(
      sql`select count(*)::int as count from spaces where participant = ${participant} and state in ('reviewing', 'active')`,
    )
  ).count;

export interface SpaceQuery extends PageQuery {
  q?: string | undefined;
  kind?: SpaceKind | undefined;
  mine?: 'true' | undefined;
  waiting?: 'true' | undefined;
}

const openMembership = (viewer: string, more: Sql): Sql => sql`exists (select 1 from space_members m
  where m.space = s.id and m.participant = ${viewer} and m.ended_at is null ${more})`;

/** Open ones for everybody, with the viewer's own that wait to be admitted; `mine` in whatever state. Newest first. */
export const spacePage = async (
  read: Reader,
  { viewer, supervises }: { viewer: string; supervises: boolean },
  query: SpaceQuery,
) => {
  const after = decodeCursor(query.after, 1);
  const unsigned = sql`and (m.state = 'invited' or (m.state in ('active', 'resting') and m.signed < ${current}))`;
  const shown =
    viewer !== '' && (query.mine || query.waiting)
      ? sql`(s.participant = ${viewer} or ${openMembership(viewer, empty)})`
      : query.mine || query.waiting
        ? sql`false`
        : supervises
          ? sql`true`
          : sql`(s.state = 'active' or (s.state = 'reviewing' and s.participant = ${viewer}))`;
  const rows = await read.rows<Space>(sql`select ${spaceColumns} from spaces s where ${shown}
    ${query.waiting ? sql`and s.state = 'active' and ${openMembership(viewer, unsigned)}` : empty}
    ${query.kind ? sql`and s.kind = ${query.kind}` : empty} ${matching(sql`s.words`, query.q)}
    ${after ? sql`and s.id < ${after[0]}` : empty} order by s.id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const currentRules = (read: Reader, space: string): Promise<Rules> =>
  read.one<Rules>(
    sql`select ${rulesColumns} from space_rules r where r.space = ${space} order by r.number desc limit 1`,
  );

export const rulesPage = async (read: Reader, space: string, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows = await read.rows<Rules>(sql`select ${rulesColumns} from space_rules r where r.space = ${space}
    ${after ? sql`and r.number < ${Number(after[0])}` : empty} order by r.number desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.number],
    (row) => row,
  );
};

/** The organisation's open membership, or the last that ended. */
export const membershipOf = (read: Reader, space: string, participant: string): Promise<Member | undefined> =>
  read.first<Member>(sql`select ${memberColumns} from ${members} where m.space = ${space} and m.participant = ${participant}
    order by (m.ended_at is null) desc, m.id desc limit 1`);

export const membershipsOf = async (
  read: Reader,
  spaces: readonly string[],
  participant: string,
): Promise<Map<string, Member>> => {
  if (participant === '') return new Map();
  const rows = await read.rows<Member>(sql`select distinct on (m.space) ${memberColumns} from ${members}
    where m.space = any(${[...spaces]}) and m.participant = ${participant} order by m.space, (m.ended_at is null) desc, m.id desc`);
  return new Map(rows.map((row) => [row.space, row]));
};

/** Of open spaces, those in which an organisation stands. */
export const standingOf = (
  read: Reader,
  participant: string,
  now: Date,
): Promise<{ id: string; roles: SpaceRole[] }[]> =>
  read.rows(sql`select m.space as id, m.roles from space_members m join spaces s on s.id = m.space
    where m.participant = ${participant} and s.state = 'active' and ${standingMember(now)} order by m.space`);

export const namesOfSpaces = (read: Reader, ids: readonly string[]): Promise<{ id: string; name: Text }[]> =>
  read.rows(sql`select id, name from spaces where id = any(${[...ids]})`);

/** Memberships that ended after they had begun, of one member or of the whole space, with the rules that each signed last. */
export const endedMemberships = (read: Reader, space: string, member?: string): Promise<EndedMembership[]> =>
  read.rows<EndedMembership>(sql`select m.space, m.participant, m.ended_at as "endedAt", ${terms} ->> 'contracts' as contracts
    from space_members m join space_rules r on r.space = m.space and r.number = m.signed
    where m.space = ${space} and m.ended_at is not null and m.since is not null
      ${member === undefined ? empty : sql`and m.id = ${member}`} order by m.id`);

export const findMember = (read: Reader, space: string, id: string): Promise<Member | undefined> =>
  read.first<Member>(sql`select ${memberColumns} from ${members} where m.space = ${space} and m.id = ${id}`);

export const openMembers = (read: Reader, space: string): Promise<Member[]> =>
  read.rows<Member>(
    sql`select ${memberColumns} from ${members} where m.space = ${space} and m.ended_at is null order by m.id`,
  );

/** Active ones whose time to sign has passed. */
const late = (at: Moment): Sql => sql`m.state = 'active' and ${signBy} <= ${at}`;
export const membersLate = (at: Moment): Sql => sql`exists (select from space_members m where ${late(at)})`;

export const lateMembers = (tx: Tx, limit: number): Promise<Member[]> =>
  tx.rows<Member>(
    sql`select ${memberColumns} from ${members} where ${late(tx.now)} order by m.id limit ${limit} for update of m skip locked`,
  );

export const countMembers = async (read: Reader, space: string, state?: MemberState): Promise<number> =>
  (
    await read.one<{ count: number }>(sql`select count(*)::int as count from space_members m where m.space = ${space}
      and m.state = any(${state ? [state] : [...openStates]})`)
  ).count;

export const memberPage = async (
  read: Reader,
  space: string,
  query: PageQuery & { state?: MemberState | undefined; only?: string | undefined },
) => {
  const after = decodeCursor(query.after, 1);
  const rows = await read.rows<Member>(sql`select ${memberColumns} from ${members} where m.space = ${space}
    ${query.state ? sql`and m.state = ${query.state}` : empty}
    ${query.only === undefined ? empty : sql`and (m.state in ('active', 'resting') or m.participant = ${query.only})`}
    ${after ? sql`and m.id > ${after[0]}` : empty} order by m.id limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export const statementOf = (read: Reader, member: string): Promise<LoggedStatement | undefined> =>
  read.first<LoggedStatement>(
    sql`select core, salt, log_entry from space_signatures where member = ${member} order by number desc limit 1`,
  );

/** Whoever put an entry in is in standing. */
export const ofMember = (now: Date): Sql =>
  sql`exists (select 1 from space_members m where m.space = e.space and m.participant = e.participant and ${standingMember(now)})`;

/** `inside`: as members see them, with what is offered to them alone. */
interface EntryView {
  elsewhere: Elsewhere;
  now: Date;
  inside: boolean;
}

/** Entries of members in standing; those of a member that rests are not shown until it signs. */
const standing = (
  space: string,
  { elsewhere, now, inside }: EntryView,
): Sql => sql`from ${withFar(elsewhere)} where e.space = ${space} and e.ended_at is null and ${stands}
  ${inside ? empty : sql`and not e.members_only`} and ${ofMember(now)}`;

export interface EntryQuery extends PageQuery {
  q?: string | undefined;
  industry?: string | undefined;
  supplier?: string | undefined;
  sort?: 'newest' | 'title' | undefined;
}

const cursorParts = 3;

export const entryPage = async (read: Reader, space: string, view: EntryView, query: EntryQuery) => {
  const sort = query.sort ?? 'newest';
  const after = decodeCursor(query.after, cursorParts);
  if (after && after[0] !== sort)
    throw kernelProblems.invalid({
      field: 'query.after',
      detail: { zh: '游标属于另一种排序', en: 'a cursor of another order' },
    });
  const from = !after
    ? empty
    : sort === 'title'
      ? sql`and (e.title, e.id) > (${String(after[1])}, ${String(after[2])})`
      : sql`and e.id < ${String(after[2])}`;
  const rows = await read.rows<SeenEntry>(sql`select ${seenColumns} ${standing(space, view)}
    ${query.industry ? sql`and e.industry like ${`${query.industry}%`}` : empty}
    ${query.supplier ? sql`and e.product is not null and e.participant = ${query.supplier}` : empty} ${matching(sql`e.words`, query.q)} ${from}
    order by ${sort === 'title' ? sql`e.title, e.id` : sql`e.id desc`} limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [sort, sort === 'title' ? row.title : '', row.id],
    (row) => row,
  );
};

export const countEntries = async (read: Reader, space: string, view: EntryView): Promise<number> =>
  (await read.one<{ count: number }>(sql`select count(*)::int as count ${standing(space, view)}`)).count;

/** Whether shown or not: the place is taken. */
export const countPlaces = async (read: Reader, space: string): Promise<number> =>
  (
    await read.one<{ count: number }>(
      sql`select count(*)::int as count from space_entries where space = ${space} and ended_at is null`,
    )
  ).count;

export const foreignEntry = (read: Reader, space: string, ref: ForeignRef): Promise<{ id: string } | undefined> =>
  read.first(sql`select id from space_entries where space = ${space} and ended_at is null
    and ${ref.kind === 'harvest' ? sql`harvested = ${ref.entry}` : sql`foreign_node = ${ref.node} and foreign_subject = ${ref.subject}`}`);

export const findEntry = (read: Reader, space: string, id: string): Promise<Entry | undefined> =>
  read.first<Entry>(sql`select ${entryColumns} from space_entries e where e.space = ${space} and e.id = ${id}`);

/** With where it stands, as it is shown. */
export const seenEntry = (
  elsewhere: Elsewhere,
  read: Reader,
  space: string,
  id: string,
): Promise<SeenEntry | undefined> =>
  read.first<SeenEntry>(
    sql`select ${seenColumns} from ${withFar(elsewhere)} where e.space = ${space} and e.id = ${id}`,
  );

export const entriesOf = (
  read: Reader,
  by: { product?: string; space?: string; participant?: string },
): Promise<Entry[]> =>
  read.rows<Entry>(sql`select ${entryColumns} from space_entries e where e.ended_at is null
    ${by.product ? sql`and e.product = ${by.product}` : empty} ${by.space ? sql`and e.space = ${by.space}` : empty}
    ${by.participant ? sql`and e.participant = ${by.participant}` : empty} order by e.id`);

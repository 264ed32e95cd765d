/** The only SQL of the room that writes. */
import { sql, type Tx } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import type { LoggedStatement } from '../kernel/issue/statement.ts';
import type {
  Entry,
  ForeignFacts,
  ForeignRef,
  Member,
  MemberState,
  PolicyDemand,
  Rules,
  SpaceDraft,
  SpaceRole,
  SpaceState,
} from './model.ts';
import { wordsOf } from './rules.ts';

export const insertSpace = async (tx: Tx, draft: SpaceDraft): Promise<string> => {
  const id = newId('spc', tx.now);
  const { kind, name, purpose, conditions } = draft;
  await tx.exec(sql`insert into spaces (id, node, market, participant, kind, name, purpose, conditions, words, state, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${kind}, ${JSON.stringify(name)},
      ${JSON.stringify(purpose)}, ${JSON.stringify(conditions)}, ${wordsOf(name.zh, name.en, purpose.zh, purpose.en)}, 'reviewing', ${tx.now})`);
  return id;
};

export const setCase = (tx: Tx, id: string, filed: string): Promise<number> =>
  tx.exec(sql`update spaces set case_id = ${filed} where id = ${id}`);

export const moveSpace = (tx: Tx, id: string, to: { state: SpaceState; reason: string; ended: boolean }) =>
  tx.exec(sql`update spaces set state = ${to.state}, reason = ${to.reason}, ended_at = ${to.ended ? tx.now : null}
    where id = ${id}`);

export const insertRules = (
  tx: Tx,
  one: Pick<Rules, 'space' | 'number' | 'text' | 'terms' | 'document' | 'digest' | 'signBy'>,
): Promise<number> =>
  tx.exec(sql`insert into space_rules (id, space, number, node, market, participant, text, terms, document, digest, sign_by,
      published_by, published_at)
    values (${newId('spr', tx.now)}, ${one.space}, ${one.number}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant},
      ${JSON.stringify(one.text)}, ${JSON.stringify(one.terms)}, ${one.document}, ${one.digest}, ${one.signBy}, ${tx.actor.id}, ${tx.now})`);

export const insertMember = async (
  tx: Tx,
  one: { space: string; participant: string; roles: readonly SpaceRole[]; state: MemberState; note: string },
): Promise<string> => {
  const id = newId('spm', tx.now);
  await tx.exec(sql`insert into space_members (id, space, node, market, participant, roles, state, note, created_at)
    values (${id}, ${one.space}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${[...one.roles]}, ${one.state},
      ${one.note}, ${tx.now})`);
  return id;
};

export const moveMember = (
  tx: Tx,
  id: string,
  to: { state: MemberState; reason: string; ended: boolean; signed?: number },
): Promise<number> =>
  tx.exec(sql`update space_members set state = ${to.state}, reason = ${to.reason}, ended_at = ${to.ended ? tx.now : null},
    signed = coalesce(${to.signed ?? null}::int, signed),
    since = case when ${to.signed ?? null}::int is null then since else coalesce(since, ${tx.now}) end where id = ${id}`);

export const insertSignature = (
  tx: Tx,
  member: Pick<Member, 'id' | 'participant'>,
  made: { number: number; keyId: string; level: string; signature: string },
  said: LoggedStatement,
): Promise<number> =>
  tx.exec(sql`insert into space_signatures (member, number, node, market, participant, person, key_id, level, signature, core, salt,
      log_entry, created_at)
    values (${member.id}, ${made.number}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${member.participant}, ${tx.actor.id}, ${made.keyId},
      ${made.level}, ${made.signature}, ${JSON.stringify(said.core)}, ${said.salt}, ${said.log_entry}, ${tx.now})`);

type Shown = Pick<Entry, 'title' | 'summary' | 'industry' | 'membersOnly'> & { words: string };

export const insertEntry = async (
  tx: Tx,
  { space, product, shown }: { space: string; product: string; shown: Shown },
): Promise<string> => {
  const id = newId('spe', tx.now);
  await tx.exec(sql`insert into space_entries (id, space, node, market, participant, product, title, summary, industry, words, members_only, created_at)
    values (${id}, ${space}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${product}, ${shown.title},
      ${shown.summary}, ${shown.industry}, ${shown.words}, ${shown.membersOnly}, ${tx.now})`);
  return id;
};

export const insertForeign = async (
  tx: Tx,
  space: string,
  { ref, facts, met }: { ref: ForeignRef; facts: ForeignFacts; met: readonly PolicyDemand[] | null },
): Promise<string> => {
  const id = newId('spe', tx.now);
  const [harvested, node, subject] = ref.kind === 'harvest' ? [ref.entry, null, null] : [null, ref.node, ref.subject];
  await tx.exec(sql`insert into space_entries (id, space, node, market, participant, harvested, foreign_node, foreign_subject, title, summary,
      industry, words, demands_met, asked_at, created_at)
    values (${id}, ${space}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${harvested}, ${node}, ${subject},
      ${facts.title}, ${facts.summary}, ${facts.industry}, ${facts.words}, ${met && [...met]}, ${met && tx.now}, ${tx.now})`);
  return id;
};

export const refreshEntry = (tx: Tx, id: string, shown: Shown): Promise<number> =>
  tx.exec(sql`update space_entries set title = ${shown.title}, summary = ${shown.summary}, industry = ${shown.industry},
    words = ${shown.words}, members_only = ${shown.membersOnly} where id = ${id}`);

/** What its supplier said when it was asked; undefined: it did not answer. */
export const setAsked = (tx: Tx, id: string, met: readonly PolicyDemand[] | undefined): Promise<number> =>
  tx.exec(sql`update space_entries set asked_at = ${tx.now}, demands_met = ${met ? sql`${[...met]}` : sql`demands_met`}
    where id = ${id} and ended_at is null`);

/** Since when a foreign entry is not where it comes from. */
export const setMissing = (tx: Tx, id: string, missing: boolean): Promise<number> =>
  tx.exec(
    sql`update space_entries set missing_since = ${missing ? sql`coalesce(missing_since, ${tx.now})` : null} where id = ${id}`,
  );

export const endEntry = (tx: Tx, id: string, reason: string): Promise<number> =>
  tx.exec(sql`update space_entries set ended_at = ${tx.now}, reason = ${reason} where id = ${id} and ended_at is null`);

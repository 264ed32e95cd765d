/**
 * Entries of other catalogues (harvested) and of other nodes (by their signed feed, at a hub). Whether one is still there its own
 * room says at each look: gone there, gone here. Words for finding it are kept beside it, and follow (`service/foreign.ts`).
 */
import { type Moment, type Reader, type Sql, sql, type Tx } from '../kernel/db/db.ts';
import type { Elsewhere, ForeignConnector, ForeignFacts, ForeignRef, ForeignStanding } from './model.ts';

const far = ({ harvested, listed }: Elsewhere, entry: Sql, node: Sql, subject: Sql): Sql =>
  sql`${harvested(entry)} union all ${listed(node, subject)}`;

/** What a search looks through; here, so that it is the same whoever writes it down. */
const words = sql`lower(concat_ws(' ', f.title, f.summary, f.by, f.origin))`;

/** Entries as `e`, each beside where it stands as `f`; of a product all of that is null. */
export const withFar = (elsewhere: Elsewhere): Sql => sql`space_entries e
  left join lateral (${far(elsewhere, sql`e.harvested`, sql`e.foreign_node`, sql`e.foreign_subject`)}) f on true`;
export const stands = sql`(e.product is not null or f.origin is not null)`;

export const foreignFacts = (
  elsewhere: Elsewhere,
  read: Reader,
  ref: ForeignRef,
): Promise<ForeignStanding | undefined> => {
  const [harvested, node, subject] = ref.kind === 'harvest' ? [ref.entry, null, null] : [null, ref.node, ref.subject];
  return read.first<ForeignStanding>(sql`select f.title, f.summary, f.industry, ${words} as words, f.connector
    from (${far(elsewhere, sql`${harvested}::text`, sql`${node}::text`, sql`${subject}::text`)}) f`);
};

/** How long what a supplier said of its offers is believed. */
const believedFor = sql`interval '1 day'`;
const toAsk = (elsewhere: Elsewhere, at: Moment): Sql => sql`from ${withFar(elsewhere)}
  where e.ended_at is null and e.asked_at + ${believedFor} <= ${at} and f.connector is not null`;

export const anyToAsk = (elsewhere: Elsewhere, at: Moment): Sql => sql`exists (select ${toAsk(elsewhere, at)})`;

/** Whose supplier is to be asked again what it offers. */
export const foreignToAsk = (
  elsewhere: Elsewhere,
  read: Reader,
  { now, limit }: { now: Date; limit: number },
): Promise<{ id: string; space: string; participant: string; connector: ForeignConnector }[]> =>
  read.rows(
    sql`select e.id, e.space, e.participant, f.connector ${toAsk(elsewhere, now)} order by e.asked_at, e.id limit ${limit}`,
  );

/** Its place is kept for so long: a node that says everything anew, or a listing that is suspended for a while, is back within it. */
const keptFor = sql`interval '1 hour'`;

/** Open ones that are gone where they come from, are back, are gone for good, or are told in other words there by now. */
const changed = (elsewhere: Elsewhere, at: Moment): Sql => sql`from ${withFar(elsewhere)}
  where e.ended_at is null and e.product is null and case
    when f.origin is null then e.missing_since is null or e.missing_since + ${keptFor} <= ${at}
    else e.missing_since is not null or (e.title, e.summary, e.industry, e.words) is distinct from (f.title, f.summary, f.industry, ${words}) end`;

export const anyChanged = (elsewhere: Elsewhere, at: Moment): Sql => sql`exists (select ${changed(elsewhere, at)})`;

export interface Change {
  id: string;
  space: string;
  /** Null: it is gone. */
  now: ForeignFacts | null;
  wasMissing: boolean;
}

export const changedForeign = (elsewhere: Elsewhere, tx: Tx, limit: number): Promise<Change[]> =>
  tx.rows<Change>(sql`select e.id, e.space, e.missing_since is not null as "wasMissing", case when f.origin is null then null else
      jsonb_build_object('title', f.title, 'summary', f.summary, 'industry', f.industry, 'words', ${words}) end as now
    ${changed(elsewhere, tx.now)} order by e.id limit ${limit}`);

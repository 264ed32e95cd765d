/**
 * Up to which number all events are there to be read. Numbers are given out before their transactions commit, and transactions
 * commit in any order: a number below one that is visible may appear later, from a transaction that is older or younger. A
 * cursor that has passed it would never see it.
 *
 * So a number counts as reached only when every transaction that might hold a smaller one is over: those that had an id when
 * the number was seen (`emit` has its transaction's id assigned before it takes a number).
 */
import { type Database, sql } from './db/db.ts';

export interface Horizon {
  /** Looks again; the number up to which nothing is missing. */
  reached(): Promise<number>;
  /** There is an event beyond it, which nobody has read yet. */
  behind(): Promise<boolean>;
}

export const makeHorizon = (database: Database): Horizon => {
  let reached = 0;
  let seen: { sequence: number; transaction: string } | undefined;

  const last = async (): Promise<number> =>
    (await database.one<{ sequence: number }>(sql`select coalesce(max(sequence), 0) as sequence from events`)).sequence;

  const look = async (): Promise<typeof seen> => {
    const sequence = await last();
    if (sequence <= reached) return undefined;
    // Asked for after the look: an id above all that were given out before it.
    const { transaction } = await database.one<{ transaction: string }>(
      sql`select pg_current_xact_id()::text as transaction`,
    );
    return { sequence, transaction };
  };

  // Asked from several sides at once: each goes on with what it watches itself.
  const watch = async (): Promise<number> => {
    const watched = seen ?? (await look());
    if (!watched) return reached;
    seen = watched;
    const { over, forgotten } = await database.one<{ over: boolean; forgotten: boolean }>(
      sql`select pg_snapshot_xmin(now) > ${watched.transaction}::xid8 as over, pg_snapshot_xmax(now) <= ${watched.transaction}::xid8 as forgotten
        from pg_current_snapshot() now`,
    );
    // A database that was killed may give the same ids out again: then the look is taken anew.
    if (forgotten && seen === watched) seen = undefined;
    if (!over) return reached;
    reached = Math.max(reached, watched.sequence);
    if (seen === watched) seen = undefined;
    return reached;
  };
  return { reached: watch, behind: async () => (await last()) > reached };
};

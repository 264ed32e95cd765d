/**
 * Up to which number all events are there to be read. Numbers are given out before their transactions commit, and transactions
 * commit in any order: a number below one that is visible may appear later. A cursor that has passed it would never see it.
 *
 * So every transaction that tells something takes a shared lock first (a trigger of `events` does it), which it holds until
 * what it told is visible. A number counts as reached when all that held the lock after it was seen are over: whoever took a
 * smaller number is among them. Transactions that tell nothing, and those of other databases, hold up nobody.
 */
import { type Database, sql } from './db/db.ts';

export interface Horizon {
  /** Looks again; the number up to which nothing is missing. */
  reached(): Promise<number>;
  /** The highest number that is visible. */
  last(): Promise<number>;
  /** Something is visible that is not reached: somebody's transaction is waited for. */
  waiting(): boolean;
}

/** As in the trigger `events_lock`. */
const lock = { class: 7305281, object: 1 };

export const makeHorizon = (database: Database): Horizon => {
  let reached = 0;
  let seen: { sequence: number; tellers: string[] } | undefined;

  const last = async (): Promise<number> =>
    (await database.one<{ sequence: number }>(sql`select coalesce(max(sequence), 0) as sequence from events`)).sequence;

  const tellers = async (): Promise<string[]> =>
    (
      await database.rows<{ teller: string }>(sql`select virtualtransaction as teller from pg_locks
        where locktype = 'advisory' and classid = ${lock.class} and objid = ${lock.object} and objsubid = 2
          and database = (select oid from pg_database where datname = current_database())`)
    ).map((row) => row.teller);

  const look = async (): Promise<typeof seen> => {
    const sequence = await last();
    // Asked for after the look, when whoever holds a smaller number has the lock.
    return sequence <= reached ? undefined : { sequence, tellers: await tellers() };
  };

  // Asked from several sides at once: each goes on with what it watches itself.
  const watch = async (): Promise<number> => {
    for (;;) {
      const watched = seen ?? (await look());
      if (!watched) return reached;
      const isFresh = watched !== seen;
      const present = isFresh ? undefined : new Set(await tellers());
      const left = present ? watched.tellers.filter((one) => present.has(one)) : watched.tellers;
      if (left.length > 0) {
        seen = { sequence: watched.sequence, tellers: left };
        return reached;
      }
      reached = Math.max(reached, watched.sequence);
      if (seen === watched) seen = undefined;
      // Whom it waited for has told something since, which nobody may tell of again.
      if (isFresh) return reached;
    }
  };
  return { reached: watch, last, waiting: () => seen !== undefined };
};

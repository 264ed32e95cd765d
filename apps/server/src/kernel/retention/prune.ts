/**
 * Pruning: once a day what is past the maximum of its class goes, in small batches, each with its count in one transaction, so
 * that a crash is a pause. Nothing goes before the minimum of its class, and nothing under a legal hold.
 */
import { audit } from '../audit.ts';
import { dayOf } from '../calendar/calendar.ts';
import { type Database, raw, type Sql, sql, type Tx } from '../db/db.ts';
import { systemActor } from '../http/principal.ts';
import { readState, writeState } from '../node.ts';
import type { RuleBook } from '../rulepack/rulebook.ts';
import type { Tick } from '../ticker.ts';
import { notHeld } from './legal-holds.ts';

export const limits = { rowsPerBatch: 1000, batchesPerRun: 100, everySeconds: 60 } as const;

/** Rows of one table that go by themselves, declared by the table's owner. */
export interface Prunable {
  table: string;
  /** The moment that their period counts from, as SQL; null while a row lives. */
  since: Sql;
  /** What must hold besides, as SQL. */
  only?: Sql;
  /** Columns that name whose or what a row is about: a hold on any of them keeps it. */
  about: readonly string[];
}

/** What the node remembers of its last round; the doctor reads it. */
export interface Pruned {
  /** Day of the round that runs or ran last. */
  day: string;
  done: boolean;
  at: string;
  /** Rows of that round, by table. */
  rows: Record<string, number>;
}

export const prunedKey = 'retention.pruned';

/** A class that has a maximum, and the moment before which its rows go. */
interface Keeping {
  id: string;
  from: Date;
}

const actor = systemActor('retention');

const deleteBatch = async (tx: Tx, one: Prunable, kept: Keeping): Promise<number> => {
  // Named with their table: legal_holds has columns of the same names.
  const held = await notHeld(tx, raw(one.about.map((column) => `${one.table}.${column}`).join(', ')));
  const table = raw(one.table);
  return tx.exec(sql`delete from ${table} where ctid = any(array(select ctid from ${table}
    where retention_class = ${kept.id} and ${one.since} < ${kept.from} and ${one.only ?? sql`true`} and ${held}
    limit ${limits.rowsPerBatch} for update skip locked))`);
};

export interface PruneOptions {
  database: Database;
  ruleBook: RuleBook;
  prunables: readonly Prunable[];
  onPruned(table: string, rows: number): void;
}

/** The round of the day, opened where there is none yet. Rounds of several servers take turns. */
const roundOf = async (tx: Tx): Promise<Pruned> => {
  await tx.first(sql`select pg_advisory_xact_lock(hashtext('retention.prune'))`);
  const last = await readState<Pruned>(tx, prunedKey);
  const day = dayOf(tx.now);
  return last?.day === day ? last : { day, done: false, at: tx.now.toISOString(), rows: {} };
};

const pruneBatch = ({ database, onPruned }: PruneOptions, one: Prunable, kept: Keeping): Promise<number> =>
  database.tx(actor, async (tx) => {
    const round = await roundOf(tx);
    const rows = await deleteBatch(tx, one, kept);
    if (rows === 0) return 0;
    const total = (round.rows[one.table] ?? 0) + rows;
    await writeState(tx, prunedKey, { ...round, rows: { ...round.rows, [one.table]: total } });
    tx.afterCommit(() => onPruned(one.table, rows));
    return rows;
  });

const endRound = (database: Database): Promise<void> =>
  database.tx(actor, async (tx) => {
    const round = await roundOf(tx);
    if (round.done) return;
    await writeState(tx, prunedKey, { ...round, done: true, at: tx.now.toISOString() });
    if (Object.keys(round.rows).length)
      await audit(tx, { action: 'kernel.retention.prune', subject: round.day, data: round.rows });
  });

export const pruneTick = (options: PruneOptions): Tick => ({
  name: 'retention.prune',
  everySeconds: limits.everySeconds,
  due: (_, now) => sql`not exists (select from node_state where key = ${prunedKey}
    and value ->> 'day' = ${dayOf(now)} and (value ->> 'done')::boolean)`,
  run: async (now) => {
    const last = await readState<Pruned>(options.database, prunedKey);
    if (last?.done && last.day === dayOf(now)) return 0;
    const keeping = options.ruleBook.retention(now).flatMap(({ id, from }) => (from ? [{ id, from }] : []));
    let count = 0;
    let batches = 0;
    for (const one of options.prunables)
      for (const kept of keeping)
        for (let full = true; full; ) {
          // The rest of the round goes on with the next tick.
          if (batches++ >= limits.batchesPerRun) return count;
          const rows = await pruneBatch(options, one, kept);
          count += rows;
          full = rows === limits.rowsPerBatch;
        }
    await endRound(options.database);
    return count;
  },
});

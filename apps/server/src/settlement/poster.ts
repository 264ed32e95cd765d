/**
 * Many entries in few transactions. `post` in books.ts costs one commit an entry, and all commits on a busy account wait for
 * its balance row. Here entries that arrive while a commit is under way are posted together by the next one: balances are
 * locked once, entries judged in order of arrival against them, and only sums are written. The books are the same to the
 * row: zero sum is checked by the database, as always, and whoever would overdraw is refused alone.
 */

import {
  type AccountId,
  chartOfAccounts,
  checkEntry,
  contentOf,
  type Entry,
  guardedAccounts,
  ownerOf,
  parseAccount,
} from '@shugu/ledger';
import { dayOf } from '../kernel/calendar/calendar.ts';
import { type Actor, type Database, sql, type Tx } from '../kernel/db/db.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { entryByKey, memberOf } from './books.ts';
import type { Day } from './model.ts';
import { problems } from './problems.ts';

export const posterLimits = { batchEntriesMax: 512, queueEntriesMax: 20_000 } as const;

export interface NewEntry {
  entry: Entry;
  participant: string;
  day?: Day;
}

/** `again`: the same entry stood under its key before. `conflict`: another one did, which is a defect of the caller. */
export type Outcome = 'posted' | 'again' | 'conflict' | 'fundsShort';

type Sign = 1n | -1n;
// As the constraint ledger_not_overdrawn has it: the side on which a balance must stay.
const guarded: Record<string, Sign | undefined> = Object.fromEntries(
  chartOfAccounts
    .filter(({ name }) => guardedAccounts.includes(name))
    .map(({ name, normal }) => [name, normal === 'debit' ? 1n : -1n]),
);

const changesOf = ({ postings }: Entry): Map<AccountId, bigint> => {
  const changes = new Map<AccountId, bigint>();
  for (const { account, fen } of postings) changes.set(account, (changes.get(account) ?? 0n) + fen);
  return changes;
};

interface Standing {
  fen: bigint;
  /** Undefined for accounts that may stand on either side. */
  side: Sign | undefined;
  /** Sum of what this batch moves, and the last entry that did. */
  change: bigint;
  sequence: number;
  isNew: boolean;
}

/** Locked in one order everywhere, so that a batch and a single posting wait instead of deadlocking. */
const lockBalances = async (tx: Tx, accounts: AccountId[]): Promise<Map<AccountId, Standing>> => {
  const rows = await tx.rows<{ account: string; fen: number }>(
    sql`select account, fen from ledger_balances where account = any(${accounts}) order by account for update`,
  );
  const known = new Map(rows.map(({ account, fen }) => [account, BigInt(fen)]));
  return new Map(
    accounts.map((account) => [
      account,
      {
        fen: known.get(account) ?? 0n,
        side: guarded[parseAccount(account).template.name],
        change: 0n,
        sequence: 0,
        isNew: !known.has(account),
      },
    ]),
  );
};

/** Applies the entry, unless a guarded account that it takes from would end on the wrong side. */
const judge = (standings: Map<AccountId, Standing>, changes: ReadonlyMap<AccountId, bigint>): boolean => {
  for (const [account, change] of changes) {
    const { fen, side } = standings.get(account)!;
    if (side !== undefined && (fen + change) * side < 0n) return false;
  }
  for (const [account, change] of changes) {
    const standing = standings.get(account)!;
    standing.fen += change;
    standing.change += change;
  }
  return true;
};

const insertEntries = async (tx: Tx, batch: readonly NewEntry[]): Promise<Map<string, number>> => {
  const text = (of: (one: NewEntry) => string | null) => batch.map(of);
  const rows = await tx.rows<{
    key: string;
    sequence: number;
  }>(sql`insert into ledger_entries (id, node, market, participant, key, at,
      day, kind, memo, order_id, dispute_id, bank_reference, reverses, created_at)
    select id, ${tx.tenancy.node}, ${tx.tenancy.market}, participant, key, at, day, kind, memo, order_id, dispute_id, bank_reference,
      reverses, ${tx.now}
    from unnest(${text(({ entry }) => entry.id)}::text[], ${text((one) => one.participant)}::text[], ${text(({ entry }) => entry.key)}::text[],
      ${text(({ entry }) => entry.at)}::timestamptz[], ${text((one) => one.day ?? dayOf(tx.now))}::date[], ${text(({ entry }) => entry.kind)}::text[],
      ${text(({ entry }) => entry.memo)}::text[], ${text(({ entry }) => entry.order ?? null)}::text[], ${text(({ entry }) => entry.dispute ?? null)}::text[],
      ${text(({ entry }) => entry.bankReference ?? null)}::text[], ${text(({ entry }) => entry.reverses ?? null)}::text[])
      with ordinality as given (id, participant, key, at, day, kind, memo, order_id, dispute_id, bank_reference, reverses, place)
    order by place returning key, sequence`);
  return new Map(rows.map(({ key, sequence }) => [key, sequence]));
};

const insertPostings = async (
  tx: Tx,
  batch: readonly NewEntry[],
  sequences: ReadonlyMap<string, number>,
): Promise<void> => {
  const all = batch.flatMap(({ entry }) =>
    entry.postings.map((posting, line) => ({ ...posting, line: line + 1, sequence: sequences.get(entry.key)! })),
  );
  await tx.exec(sql`insert into ledger_postings (entry, line, node, market, participant, account, owner, fen, currency, created_at)
    select entry, line, ${tx.tenancy.node}, ${tx.tenancy.market}, member, account, owner, fen, currency, ${tx.now}
    from unnest(${all.map(({ sequence }) => sequence)}::bigint[], ${all.map(({ line }) => line)}::int[],
      ${all.map(({ account }) => memberOf(account))}::text[], ${all.map(({ account }) => account)}::text[],
      ${all.map(({ account }) => ownerOf(account) ?? '')}::text[], ${all.map(({ fen }) => fen.toString())}::bigint[],
      ${all.map(({ currency }) => currency ?? 'CNY')}::text[]) as given (entry, line, member, account, owner, fen, currency)`);
};

const writeBalances = async (tx: Tx, standings: Map<AccountId, Standing>): Promise<void> => {
  const moved = [...standings].filter(([, { sequence }]) => sequence > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  const columns = (rows: typeof moved) => ({
    accounts: rows.map(([account]) => account),
    changes: rows.map(([, { change }]) => change.toString()),
    sequences: rows.map(([, { sequence }]) => sequence),
  });
  const known = columns(moved.filter(([, { isNew }]) => !isNew));
  if (known.accounts.length > 0)
    await tx.exec(sql`update ledger_balances b set fen = b.fen + given.change, sequence = given.sequence
      from unnest(${known.accounts}::text[], ${known.changes}::bigint[], ${known.sequences}::bigint[]) as given (account, change, sequence)
      where b.account = given.account`);
  const fresh = moved.filter(([, { isNew }]) => isNew);
  const added = columns(fresh);
  if (fresh.length > 0)
    await tx.exec(sql`insert into ledger_balances (account, node, market, participant, template, fen, sequence, created_at)
      select account, ${tx.tenancy.node}, ${tx.tenancy.market}, member, template, change, sequence, ${tx.now}
      from unnest(${added.accounts}::text[], ${added.accounts.map(memberOf)}::text[],
        ${added.accounts.map((account) => parseAccount(account).template.name)}::text[], ${added.changes}::bigint[],
        ${added.sequences}::bigint[]) as given (account, member, template, change, sequence)
      on conflict (account) do update set fen = ledger_balances.fen + excluded.fen, sequence = excluded.sequence`);
};

/** Content of what stands already under the batch's keys. */
const contentsBefore = async (tx: Tx, batch: readonly NewEntry[]): Promise<Map<string, string>> => {
  const keys = batch.map(({ entry }) => entry.key);
  // One look into the index a key: left to itself a new database, without statistics yet, reads the whole table.
  const rows = await tx.rows<{ key: string }>(sql`select given.key from unnest(${keys}::text[]) as given (key)
    cross join lateral (select from ledger_entries e where e.key = given.key limit 1) present`);
  const contents = new Map<string, string>();
  for (const { key } of rows) contents.set(key, contentOf((await entryByKey(tx, key))!.entry));
  return contents;
};

/**
 * Posts what can be posted, in the order given; one outcome each. An entry that is refused leaves the others alone.
 * @throws LedgerError before anything is written when an entry is not one (`checkEntry`)
 */
export const postAll = async (tx: Tx, batch: readonly NewEntry[]): Promise<Outcome[]> => {
  for (const { entry } of batch) checkEntry(entry);
  const contents = await contentsBefore(tx, batch);
  const changes = batch.map(({ entry }) => changesOf(entry));
  const accounts = [...new Set(changes.flatMap((each) => [...each.keys()]))].sort();
  const standings = await lockBalances(tx, accounts);
  const outcomes = batch.map(({ entry }, place): Outcome => {
    const content = contentOf(entry);
    const before = contents.get(entry.key);
    if (before !== undefined) return before === content ? 'again' : 'conflict';
    if (!judge(standings, changes[place]!)) return 'fundsShort';
    contents.set(entry.key, content);
    return 'posted';
  });
  const accepted = batch.filter((_, place) => outcomes[place] === 'posted');
  if (accepted.length > 0) {
    const sequences = await insertEntries(tx, accepted);
    for (const [place, { entry }] of batch.entries())
      if (outcomes[place] === 'posted')
        for (const account of changes[place]!.keys()) standings.get(account)!.sequence = sequences.get(entry.key)!;
    await insertPostings(tx, accepted, sequences);
    await writeBalances(tx, standings);
  }
  return outcomes;
};

export interface Poster {
  /**
   * Resolves when the entry is durable: true when it is new, false when the same one stood there before.
   * @throws settlement.fundsShort, kernel.busy when too many wait
   */
  post(one: NewEntry): Promise<boolean>;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

interface Waiting {
  one: NewEntry;
  resolve(isNew: boolean): void;
  reject(error: unknown): void;
}

const answer = ({ one, resolve, reject }: Waiting, outcome: Outcome): void => {
  if (outcome === 'fundsShort') reject(problems.fundsShort());
  else if (outcome === 'conflict') reject(new Error(`another entry stands under ${one.entry.key}`));
  else resolve(outcome === 'posted');
};

/** One batch at a time: while it commits, the next one gathers. */
export const makePoster = ({ database, actor }: { database: Database; actor: Actor }): Poster => {
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;

  const postTogether = async (batch: Waiting[]): Promise<void> => {
    try {
      const outcomes = await database.tx(actor, (tx) =>
        postAll(
          tx,
          batch.map(({ one }) => one),
        ),
      );
      for (const [place, waiting] of batch.entries()) answer(waiting, outcomes[place]!);
    } catch (error) {
      // One entry that the database refuses must not take the others with it.
      if (batch.length > 1) for (const waiting of batch) await postTogether([waiting]);
      else batch[0]!.reject(error);
    }
  };

  const work = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.slice(0, posterLimits.batchEntriesMax);
      queue = queue.slice(batch.length);
      await postTogether(batch);
    }
    running = undefined;
  };

  return {
    post: (one) =>
      new Promise((resolve, reject) => {
        checkEntry(one.entry);
        if (queue.length >= posterLimits.queueEntriesMax) throw kernelProblems.busy();
        queue.push({ one, resolve, reject });
        // Those who ask in the same turn share the first batch already.
        running ??= Promise.resolve().then(work);
      }),
    drain: async () => running,
  };
};

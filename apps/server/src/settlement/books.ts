/**
 * The only writer of the ledger. An entry, its postings and the balances it moves commit together; the database itself
 * refuses what does not balance, what overdraws and every later change.
 */

import {
  type AccountId,
  checkEntry,
  contentOf,
  type Entry,
  type EntryContext,
  ownerOf,
  parseAccount,
} from '@shugu/ledger';
import { dayOf } from '../kernel/calendar/calendar.ts';
import { type Reader, sql, type Tx, violatedConstraint } from '../kernel/db/db.ts';
import { newId } from '../kernel/ids.ts';
import type { Day, Fen } from './model.ts';
import { problems } from './problems.ts';

interface EntryRow {
  sequence: number;
  id: string;
  key: string;
  at: Date;
  day: Day;
  kind: string;
  memo: string;
  order_id: string | null;
  dispute_id: string | null;
  bank_reference: string | null;
  reverses: string | null;
  postings: { account: string; fen: string; currency: string }[];
}

export interface KeptEntry {
  sequence: number;
  day: Day;
  entry: Entry;
}

/** The member an account names, owned or memo; '' for accounts of nobody. */
export const memberOf = (account: AccountId): string => {
  const { template, parts } = parseAccount(account);
  return template.parts[0] === 'member' ? parts[0]! : '';
};

const entryOf = (row: EntryRow): KeptEntry => ({
  sequence: row.sequence,
  day: row.day,
  entry: {
    id: row.id,
    key: row.key,
    at: row.at.toISOString(),
    kind: row.kind,
    memo: row.memo,
    postings: row.postings.map(({ account, fen, currency }) => ({
      account,
      fen: BigInt(fen),
      ...(currency === 'CNY' ? {} : { currency }),
    })),
    ...(row.order_id === null ? {} : { order: row.order_id }),
    ...(row.dispute_id === null ? {} : { dispute: row.dispute_id }),
    ...(row.bank_reference === null ? {} : { bankReference: row.bank_reference }),
    ...(row.reverses === null ? {} : { reverses: row.reverses }),
  },
});

const entryColumns = sql`e.sequence, e.id, e.key, e.at, e.day, e.kind, e.memo, e.order_id, e.dispute_id, e.bank_reference, e.reverses,
  (select jsonb_agg(jsonb_build_object('account', p.account, 'fen', p.fen::text, 'currency', p.currency) order by p.line)
    from ledger_postings p where p.entry = e.sequence) as postings`;

export const entryByKey = async (read: Reader, key: string): Promise<KeptEntry | undefined> => {
  const row = await read.first<EntryRow>(sql`select ${entryColumns} from ledger_entries e where e.key = ${key}`);
  return row && entryOf(row);
};

/** In order of sequence. `limit` + 1 rows at most, so that the caller sees whether there is more. */
export const entriesUntil = async (read: Reader, until: Day, limit: number): Promise<KeptEntry[]> =>
  (
    await read.rows<EntryRow>(
      sql`select ${entryColumns} from ledger_entries e where e.day <= ${until} order by e.sequence limit ${limit + 1}`,
    )
  ).map(entryOf);

export const entriesOfDay = async (read: Reader, day: Day): Promise<KeptEntry[]> =>
  (
    await read.rows<EntryRow>(
      sql`select ${entryColumns} from ledger_entries e where e.day = ${day} order by e.sequence`,
    )
  ).map(entryOf);

/** Income and charges stand in accounts of nobody: they are the `operator`'s. */
export const entriesOfMember = async (
  read: Reader,
  member: string,
  { before, limit, until, operator }: { before?: number; limit: number; until?: Day; operator: boolean },
): Promise<KeptEntry[]> =>
  (
    await read.rows<EntryRow>(sql`select ${entryColumns} from ledger_entries e
      where e.sequence in (select entry from ledger_postings where participant = any(${operator ? [member, ''] : [member]}))
        and e.sequence < ${before ?? Number.MAX_SAFE_INTEGER} and e.day <= ${until ?? '9999-12-31'}
      order by e.sequence desc limit ${limit + 1}`)
  ).map(entryOf);

/** A new entry's id, key and time. `reference` is the bank's, for entries that mirror a line of its statement. */
export const contextFor = (tx: Tx, key: string, reference?: string, memo?: string): EntryContext => ({
  id: newId('ent', tx.now),
  key,
  at: tx.now.toISOString(),
  ...(reference === undefined ? {} : { bankReference: reference }),
  ...(memo === undefined ? {} : { memo }),
});

/**
 * Posts once. False when the same entry already stands under its key; a defect when another one does.
 * @throws settlement.fundsShort when it would overdraw anybody: nothing is written then, the transaction is lost.
 */
export const post = async (tx: Tx, entry: Entry, more: { participant: string; day?: Day }): Promise<boolean> => {
  checkEntry(entry);
  const row = await tx.first<{
    sequence: number;
  }>(sql`insert into ledger_entries (id, node, market, participant, key, at, day, kind,
      memo, order_id, dispute_id, bank_reference, reverses, created_at)
    values (${entry.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${more.participant}, ${entry.key}, ${entry.at},
      ${more.day ?? dayOf(tx.now)}, ${entry.kind}, ${entry.memo}, ${entry.order ?? null}, ${entry.dispute ?? null},
      ${entry.bankReference ?? null}, ${entry.reverses ?? null}, ${tx.now})
    on conflict (key) do nothing returning sequence`);
  if (!row) {
    const before = await entryByKey(tx, entry.key);
    if (!before || contentOf(before.entry) !== contentOf(entry))
      throw new Error(`another entry stands under ${entry.key}`);
    return false;
  }
  await insertPostings(tx, row.sequence, entry);
  try {
    await moveBalances(tx, row.sequence, entry);
  } catch (error) {
    if (violatedConstraint(error) === 'ledger_not_overdrawn') throw problems.fundsShort();
    throw error;
  }
  return true;
};

const insertPostings = async (tx: Tx, sequence: number, { postings }: Entry): Promise<void> => {
  await tx.exec(sql`insert into ledger_postings (entry, line, node, market, participant, account, owner, fen, currency, created_at)
    select ${sequence}, line, ${tx.tenancy.node}, ${tx.tenancy.market}, member, account, owner, fen, currency, ${tx.now}
    from unnest(${postings.map((_, line) => line + 1)}::int[], ${postings.map(({ account }) => memberOf(account))}::text[],
      ${postings.map(({ account }) => account)}::text[], ${postings.map(({ account }) => ownerOf(account) ?? '')}::text[],
      ${postings.map(({ fen }) => fen.toString())}::bigint[], ${postings.map(({ currency }) => currency ?? 'CNY')}::text[])
      as given (line, member, account, owner, fen, currency)`);
};

// Accounts in one order everywhere, so that two entries over the same accounts wait instead of deadlocking.
const moveBalances = async (tx: Tx, sequence: number, { postings }: Entry): Promise<void> => {
  const changes = new Map<AccountId, Fen>();
  for (const { account, fen } of postings) changes.set(account, (changes.get(account) ?? 0n) + fen);
  for (const account of [...changes.keys()].sort()) {
    const change = changes.get(account)!.toString();
    // Update first: an insert's row would be held against the check alone, before the conflict is seen.
    const touched = await tx.exec(
      sql`update ledger_balances set fen = fen + ${change}::bigint, sequence = ${sequence} where account = ${account}`,
    );
    if (touched) continue;
    // The row may appear in between; of a new account nothing can be taken, so the check on the insert is right.
    await tx.exec(sql`insert into ledger_balances (account, node, market, participant, template, fen, sequence, created_at)
      values (${account}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${memberOf(account)}, ${parseAccount(account).template.name},
        ${change}::bigint, ${sequence}, ${tx.now})
      on conflict (account) do update set fen = ledger_balances.fen + excluded.fen, sequence = excluded.sequence`);
  }
};

/** Balance of one account, debit positive; 0 for an account never used. */
export const balanceOf = async (read: Reader, account: AccountId): Promise<Fen> => {
  const row = await read.first<{ fen: number }>(sql`select fen from ledger_balances where account = ${account}`);
  return BigInt(row?.fen ?? 0);
};

export interface Funds {
  custody: Fen;
  available: Fen;
  held: Fen;
  due: Fen;
  difference: Fen;
}

const noFunds = (): Funds => ({ custody: 0n, available: 0n, held: 0n, due: 0n, difference: 0n });

/** What a member has at the bank and by what title; custody = available + held + due + difference. */
export const fundsOf = async (read: Reader, member: string): Promise<Funds> => {
  const rows = await read.rows<{ template: keyof Funds; fen: string }>(
    sql`select template, sum(fen) as fen from ledger_balances where participant = ${member}
      and template in ('custody', 'available', 'held', 'due', 'difference') group by template`,
  );
  const funds = noFunds();
  for (const { template, fen } of rows) funds[template] = template === 'custody' ? BigInt(fen) : -BigInt(fen);
  return funds;
};

/** The same over everybody. */
export const totalFunds = async (read: Reader): Promise<Funds> => {
  const rows = await read.rows<{ template: keyof Funds; fen: string }>(
    sql`select template, sum(fen) as fen from ledger_balances
      where template in ('custody', 'available', 'held', 'due', 'difference') group by template`,
  );
  const funds = noFunds();
  for (const { template, fen } of rows) funds[template] = template === 'custody' ? BigInt(fen) : -BigInt(fen);
  return funds;
};

/** Accounts whose running balance is not the sum of their postings: always empty, or somebody edited the books. */
export const wrongBalances = (read: Reader): Promise<{ account: string }[]> =>
  read.rows(sql`select coalesce(b.account, p.account) as account from ledger_balances b
    full join (select account, sum(fen) as fen from ledger_postings group by account) p on p.account = b.account
    where coalesce(b.fen, 0) <> coalesce(p.fen, 0) limit 100`);

/** Keeps all balances as they stand, once per day. */
export const keepSnapshot = async (tx: Tx, day: Day): Promise<void> => {
  await tx.exec(sql`insert into ledger_snapshots (day, node, market, participant, sequence, balances, created_at)
    select ${day}, ${tx.tenancy.node}, ${tx.tenancy.market}, '', coalesce(max(entry), 0),
      coalesce((select jsonb_object_agg(account, fen) from (select p.account, sum(p.fen)::text as fen from ledger_postings p
        join ledger_entries e on e.sequence = p.entry where e.day <= ${day} group by p.account having sum(p.fen) <> 0) s), '{}'), ${tx.now}
    from ledger_postings p join ledger_entries e on e.sequence = p.entry where e.day <= ${day}
    on conflict (day) do nothing`);
};

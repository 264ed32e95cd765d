import type { AccountId } from './accounts.ts';
import { guardedAccounts, ownerOf, parseAccount } from './accounts.ts';
import type { Entry } from './entry.ts';
import { checkEntry } from './entry.ts';
import type { Currency, Fen } from './fen.ts';
import { cny, parseFen } from './fen.ts';
import { LedgerError } from './problem.ts';

/** Account → signed fen, debit positive; other currencies than CNY under `account@CODE`. Zero balances are left out. */
export type Balances = ReadonlyMap<string, Fen>;

export const noBalances: Balances = new Map();

export function balanceKey(account: AccountId, currency: Currency = cny): string {
  return currency === cny ? account : `${account}@${currency}`;
}

export function balanceOf(balances: Balances, account: AccountId, currency: Currency = cny): Fen {
  return balances.get(balanceKey(account, currency)) ?? 0n;
}

/** Balances after an entry; the input stays as it is. Checks the entry, not the limits of members: see `checkMembers`. */
export function applyEntry(balances: Balances, entry: Entry): Balances {
  const next = new Map(balances);
  addEntry(next, entry);
  return next;
}

/** As `applyEntry` over many, in one copy. */
export function applyEntries(balances: Balances, entries: Iterable<Entry>): Balances {
  const next = new Map(balances);
  for (const entry of entries) addEntry(next, entry);
  return next;
}

function addEntry(balances: Map<string, Fen>, entry: Entry): void {
  checkEntry(entry);
  for (const { account, fen, currency } of entry.postings) add(balances, balanceKey(account, currency), fen);
}

function add(balances: Map<string, Fen>, key: string, fen: Fen): void {
  const sum = (balances.get(key) ?? 0n) + fen;
  if (sum === 0n) balances.delete(key);
  else balances.set(key, sum);
}

/** Sums of two disjoint sets of entries, e.g. shards of a hot account or periods rolled up apart. */
export function mergeBalances(left: Balances, right: Balances): Balances {
  const merged = new Map(left);
  for (const [key, fen] of right) add(merged, key, fen);
  return merged;
}

/** Balances after the first `sequence` entries of a book. */
export interface BalanceSnapshot {
  sequence: number;
  balances: Balances;
}

export const emptySnapshot: BalanceSnapshot = { sequence: 0, balances: noBalances };

/**
 * Advances a snapshot by the entries after it. Their sequence numbers must follow without a gap or an overlap
 * (`sequence-gap`), because a balance with a hole in it is worse than none.
 */
export function advance(
  snapshot: BalanceSnapshot,
  entries: Iterable<{ sequence: number; entry: Entry }>,
): BalanceSnapshot {
  const balances = new Map(snapshot.balances);
  let { sequence } = snapshot;
  for (const each of entries) {
    if (each.sequence !== sequence + 1) {
      throw new LedgerError('sequence-gap', 'entries do not follow the snapshot', {
        expected: String(sequence + 1),
        found: String(each.sequence),
      });
    }
    addEntry(balances, each.entry);
    sequence = each.sequence;
  }
  return { sequence, balances };
}

export interface BalanceSnapshotWire {
  sequence: number;
  balances: Record<string, string>;
}

export function snapshotToWire(snapshot: BalanceSnapshot): BalanceSnapshotWire {
  const sorted = [...snapshot.balances].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    sequence: snapshot.sequence,
    balances: Object.fromEntries(sorted.map(([key, fen]) => [key, fen.toString()])),
  };
}

export function snapshotFromWire(wire: BalanceSnapshotWire): BalanceSnapshot {
  const balances = Object.entries(wire.balances).map(([key, fen]): [string, Fen] => [key, parseFen(fen)]);
  return { sequence: wire.sequence, balances: new Map(balances) };
}

/** What a member has: amounts as people read them, all ≥ 0 when the books are right. */
export interface MemberFunds {
  custody: Fen;
  available: Fen;
  held: Fen;
  due: Fen;
}

const readAs: Record<string, keyof MemberFunds> = {
  custody: 'custody',
  available: 'available',
  held: 'held',
  due: 'due',
};

export function memberFunds(balances: Balances, member: string): MemberFunds {
  const funds: MemberFunds = { custody: 0n, available: 0n, held: 0n, due: 0n };
  for (const [account, fen] of balances) {
    if (account.includes('@') || ownerOf(account) !== member) continue;
    const { template } = parseAccount(account);
    const field = readAs[template.name];
    if (field) funds[field] += template.normal === 'debit' ? fen : -fen;
  }
  return funds;
}

/**
 * The invariant of the mirror: nobody's bank balance, available amount, hold, captured amount or claim of a fee is below zero.
 * Returns the accounts that break it, empty when all is well. Since every entry balances per owner, available =
 * bank balance − held − due − difference holds by construction.
 */
export function overdrawn(balances: Balances): { account: AccountId; fen: Fen }[] {
  const found: { account: AccountId; fen: Fen }[] = [];
  for (const [account, fen] of balances) {
    const { template } = parseAccount(account.split('@')[0]!);
    const guarded = guardedAccounts.includes(template.name);
    const natural = template.normal === 'debit' ? fen : -fen;
    if (guarded && natural < 0n) found.push({ account, fen: natural });
  }
  return found;
}

/** A book in memory: what was posted under which key, and the balances that follow. */
export interface Books extends BalanceSnapshot {
  /** Idempotency key → canonical content of the entry posted under it. */
  keys: ReadonlyMap<string, string>;
}

export const emptyBooks: Books = { ...emptySnapshot, keys: new Map() };

/**
 * Posts once. The same key with the same content changes nothing; with other content it is `entry-key-conflict`;
 * an entry that would overdraw anybody is `balance-below-zero` and changes nothing.
 */
export function post(books: Books, entry: Entry): Books {
  const content = contentOf(entry);
  const before = books.keys.get(entry.key);
  if (before === content) return books;
  if (before !== undefined) {
    throw new LedgerError('entry-key-conflict', 'another entry stands under this key', { key: entry.key });
  }
  const balances = applyEntry(books.balances, entry);
  const touched = new Map(
    entry.postings.map(({ account, currency }): [string, Fen] => {
      const key = balanceKey(account, currency);
      return [key, balances.get(key) ?? 0n];
    }),
  );
  const [worst] = overdrawn(touched);
  if (worst) {
    throw new LedgerError('balance-below-zero', 'the entry takes more than there is', {
      account: worst.account,
      fen: worst.fen.toString(),
    });
  }
  return { sequence: books.sequence + 1, balances, keys: new Map(books.keys).set(entry.key, content) };
}

/** Kind, order and postings decide sameness: a retry has a new id, time and perhaps another memo. */
export function contentOf(entry: Entry): string {
  const postings = entry.postings.map(({ account, fen, currency }) => [account, fen.toString(), currency ?? cny]);
  return JSON.stringify([entry.kind, entry.order ?? '', entry.dispute ?? '', entry.reverses ?? '', postings]);
}

import type { AccountId } from './accounts.ts';
import { ownerOf, parseAccount } from './accounts.ts';
import type { Currency, Fen } from './fen.ts';
import { checkFen, cny, parseFen } from './fen.ts';
import { LedgerError } from './problem.ts';

/** One line of an entry. Debit is positive, credit negative. */
export interface Posting {
  account: AccountId;
  fen: Fen;
  /** Absent means CNY. */
  currency?: Currency;
}

/** A balanced business event. Never edited: a mistake is answered by `reverse`. */
export interface Entry {
  id: string;
  /** Idempotency key: the same key is posted once, whatever happens. */
  key: string;
  /** ISO 8601 instant in UTC. */
  at: string;
  /** Name of the event, e.g. `holdPlaced`. */
  kind: string;
  memo: string;
  postings: readonly Posting[];
  order?: string;
  dispute?: string;
  /** Reference of the bank instruction or bank line that this entry mirrors. */
  bankReference?: string;
  /** Id of the entry that this one takes back. */
  reverses?: string;
}

export const postingsMax = 1_000;
export const memoLengthMax = 500;
export const keyLengthMax = 200;

const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/**
 * Refuses what must never be posted: fewer than two or more than `postingsMax` postings, a zero posting, an account
 * outside the chart, a sum other than zero per currency, and, stronger, per owner: no entry may move money between
 * members' claims without moving it between their bank sub-accounts. Codes: `entry-invalid`, `entry-unbalanced`.
 */
export function checkEntry(entry: Entry): void {
  if (entry.id === '' || entry.key === '' || entry.key.length > keyLengthMax) throw invalid(entry, 'id or key missing');
  if (!instantPattern.test(entry.at) || Number.isNaN(Date.parse(entry.at))) throw invalid(entry, 'not a UTC instant');
  if (entry.memo.length > memoLengthMax) throw invalid(entry, 'memo too long');
  const { postings } = entry;
  if (postings.length < 2 || postings.length > postingsMax) throw invalid(entry, '2 to 1000 postings are needed');
  const sums = new Map<string, Fen>();
  for (const posting of postings) {
    const { template } = parseAccount(posting.account);
    if (posting.fen === 0n) throw invalid(entry, `posting of nothing to ${template.name}`);
    checkFen(posting.fen);
    const group = JSON.stringify([ownerOf(posting.account), posting.currency ?? cny]);
    sums.set(group, (sums.get(group) ?? 0n) + posting.fen);
  }
  for (const [group, sum] of sums) {
    if (sum !== 0n) {
      throw new LedgerError('entry-unbalanced', 'postings of an owner and currency do not sum to zero', {
        entry: entry.id,
        group,
        fen: sum.toString(),
      });
    }
  }
}

/** Where and when an event was recorded; given by the caller, since this package has no clock and no chance. */
export interface EntryContext {
  id: string;
  key: string;
  at: string;
  memo?: string;
  bankReference?: string;
}

/** The same event taken back: every posting negated, linked to the original. The original stays as it is. */
export function reverse(original: Entry, context: EntryContext): Entry {
  const entry: Entry = {
    ...context,
    kind: `${original.kind}Reversed`,
    memo: context.memo ?? `冲销 ${original.id}`,
    postings: original.postings.map((posting) => ({ ...posting, fen: -posting.fen })),
    reverses: original.id,
    ...(original.order !== undefined && { order: original.order }),
    ...(original.dispute !== undefined && { dispute: original.dispute }),
  };
  checkEntry(entry);
  return entry;
}

function invalid(entry: Entry, message: string): LedgerError {
  return new LedgerError('entry-invalid', message, { entry: entry.id });
}

export type PostingWire = Omit<Posting, 'fen'> & { fen: string };
export type EntryWire = Omit<Entry, 'postings'> & { postings: PostingWire[] };

/** An entry as JSON: the same fields, fen as decimal integer strings. */
export function entryToWire(entry: Entry): EntryWire {
  return { ...entry, postings: entry.postings.map((posting) => ({ ...posting, fen: posting.fen.toString() })) };
}

/** The inverse, checked again: books read back from a store are trusted no more than any other input. */
export function entryFromWire(wire: EntryWire): Entry {
  const entry: Entry = {
    ...wire,
    postings: wire.postings.map((posting) => ({ ...posting, fen: parseFen(posting.fen) })),
  };
  checkEntry(entry);
  return entry;
}

import { accountId } from './accounts.ts';
import type { Entry, EntryContext, Posting } from './entry.ts';
import { checkEntry } from './entry.ts';
import type { Fen } from './fen.ts';
import { LedgerError } from './problem.ts';

/** What money is held for: an order, or a dispute about one (异议/争议). */
export interface HoldPurpose {
  kind: 'order' | 'dispute';
  id: string;
}

export interface EventParts {
  kind: string;
  memo: string;
  postings: Posting[];
  purpose?: HoldPurpose;
  reverses?: string;
}

export function build(context: EntryContext, { kind, memo, postings, purpose, reverses }: EventParts): Entry {
  const entry: Entry = {
    id: context.id,
    key: context.key,
    at: context.at,
    kind,
    memo: context.memo ?? memo,
    postings: postings.filter(({ fen }) => fen !== 0n),
    ...(purpose && (purpose.kind === 'order' ? { order: purpose.id } : { dispute: purpose.id })),
    ...(context.bankReference !== undefined && { bankReference: context.bankReference }),
    ...(reverses !== undefined && { reverses }),
  };
  checkEntry(entry);
  return entry;
}

export function positive(fen: Fen): Fen {
  if (fen <= 0n) throw new LedgerError('amount-out-of-range', 'amount must be positive', { fen: fen.toString() });
  return fen;
}

/** Debit one account, credit another. */
export function move(debit: string, credit: string, fen: Fen): Posting[] {
  return [
    { account: debit, fen },
    { account: credit, fen: -fen },
  ];
}

/** Money moves between two sub-accounts: out of one member's claim account, into the other's available amount. */
export function transfer(from: { member: string; account: string }, to: string, fen: Fen): Posting[] {
  return [
    ...move(from.account, accountId('custody', from.member), fen),
    ...move(accountId('custody', to), accountId('available', to), fen),
  ];
}

/** The books as text for hledger: the whole for the operator, its own part for a member. */
import { type Entry, ownerOf, type Posting, parseAccount, toHledger } from '@shugu/ledger';
import type { Reader } from '../kernel/db/db.ts';
import { entriesOfMember, entriesUntil, type KeptEntry, memberOf } from './books.ts';
import type { Organisations } from './deps.ts';
import { type Day, limits } from './model.ts';
import { problems } from './problems.ts';

const roots = { asset: '资产', liability: '负债', income: '收入', expense: '费用', memo: '备查' } as const;

const print = async (read: Reader, organisations: Organisations, kept: readonly KeptEntry[]): Promise<string> => {
  if (kept.length > limits.journalEntriesMax) throw problems.journalTooLong({ field: 'query.until' });
  const members = new Set(kept.flatMap(({ entry }) => entry.postings.map(({ account }) => memberOf(account))));
  const names = await organisations.displayNames(read, [...members].filter(Boolean));
  const days = new Map(kept.map(({ entry, day }) => [entry.id, day]));
  return toHledger(
    kept.map(({ entry }) => entry),
    {
      dayOf: (entry) => days.get(entry.id)!,
      accountName: (account) => {
        const { template, parts } = parseAccount(account);
        const shown = parts.map((part, index) =>
          template.parts[index] === 'member' ? (names.get(part) ?? part) : part,
        );
        return [roots[template.kind], template.zh, ...shown].join(':');
      },
    },
  );
};

/** From the beginning, so that the balance assertions at its end hold. */
export const wholeJournal = async (read: Reader, organisations: Organisations, until: Day): Promise<string> =>
  print(read, organisations, await entriesUntil(read, until, limits.journalEntriesMax));

/** One posting an account: the legs of a split would show a buyer how its money is divided. */
const summed = (postings: readonly Posting[]): Posting[] => {
  const byAccount = new Map<string, Posting>();
  for (const one of postings) {
    const key = `${one.account} ${one.currency ?? ''}`;
    const before = byAccount.get(key);
    byAccount.set(key, before ? { ...before, fen: before.fen + one.fen } : one);
  }
  return [...byAccount.values()].filter(({ fen }) => fen !== 0n);
};

/**
 * What concerns one member: its own accounts, which balance by themselves in every entry, and the rest, which balances too, of
 * deals it is party to and of fees it owes. Other payees of a split are not shown, nor what each of them gets.
 */
const partOf = (entry: Entry, member: string, isOperator: boolean): Entry => {
  const own = entry.postings.filter(({ account }) => ownerOf(account) === member);
  const rest = entry.postings.filter(({ account }) => ownerOf(account) === null);
  const concerned = isOperator || rest.some(({ account }) => memberOf(account) === member);
  return { ...entry, postings: [...summed(own), ...(concerned ? rest : [])] };
};

export const ownEntries = (kept: readonly KeptEntry[], member: string, isOperator: boolean): KeptEntry[] =>
  kept.map((one) => ({ ...one, entry: partOf(one.entry, member, isOperator) }));

export const ownJournal = async (
  read: Reader,
  organisations: Organisations,
  member: string,
  until: Day,
): Promise<string> => {
  const { id: operator } = await organisations.operatorOf(read);
  const kept = await entriesOfMember(read, member, {
    limit: limits.journalEntriesMax,
    until,
    operator: member === operator,
  });
  return print(read, organisations, ownEntries(kept.reverse(), member, member === operator));
};

/**
 * The buyer's money in an exchange that is in use: what is there when a trade begins, and every entry since, this order's and
 * others'. Balances move while others trade; balances with all entries do not.
 */
import type { CallOutput, Client } from '@shugu/wire';
import * as wire from '@shugu/wire/settlement';

export interface Standing {
  available: bigint;
  held: bigint;
  lastEntry: string | null;
}

export interface Moved {
  available: bigint;
  held: bigint;
}

type Entry = CallOutput<typeof wire.listEntries>['items'][number];

const tries = 20;

/** Balances and last entry of one moment: read again when an entry came in between. */
export const standing = async (client: Client): Promise<Standing> => {
  const last = async () => (await client.call(wire.listEntries, { query: { limit: 1 } })).items[0]?.id ?? null;
  for (let n = 0; n < tries; n++) {
    const lastEntry = await last();
    const { funds } = await client.call(wire.readAccount, {});
    if ((await last()) === lastEntry)
      return { available: BigInt(funds.available), held: BigInt(funds.held), lastEntry };
  }
  throw new Error('the account does not come to rest');
};

const entriesSince = async (client: Client, before: Standing, until: Standing): Promise<Entry[]> => {
  const found: Entry[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await client.call(wire.listEntries, { query: { limit: 100, after } });
    for (const entry of page.items) {
      if (entry.id === before.lastEntry) return found;
      if (found.length > 0 || entry.id === until.lastEntry) found.push(entry);
    }
    if (page.next === null) return found;
    after = page.next;
  }
};

/** Accounts of members are credited with what they own, so that a debit takes away. */
const movedBy = (entries: readonly Entry[]): Moved => {
  const sum = (account: string) =>
    entries
      .flatMap(({ postings }) => postings)
      .filter((posting) => posting.account.startsWith(`${account}:`))
      .reduce((total, { fen }) => total - BigInt(fen), 0n);
  return { available: sum('available'), held: sum('held') };
};

/** What one order moved between two moments, and what everything else did. */
export const movedBetween = async (
  client: Client,
  before: Standing,
  until: Standing,
  order: string,
): Promise<{ own: Moved; others: Moved }> => {
  const entries = await entriesSince(client, before, until);
  return {
    own: movedBy(entries.filter((entry) => entry.order === order)),
    others: movedBy(entries.filter((entry) => entry.order !== order)),
  };
};

/** What holds of other orders wait for: a deposit is taken by the oldest first. */
export const waitingElsewhere = async (client: Client, order: string): Promise<bigint> => {
  let [total, after]: [bigint, string | undefined] = [0n, undefined];
  for (;;) {
    const page: CallOutput<typeof wire.listHolds> = await client.call(wire.listHolds, { query: { limit: 100, after } });
    for (const hold of page.items) if (hold.state === 'waiting' && hold.heldFor !== order) total += BigInt(hold.fen);
    if (page.next === null) return total;
    after = page.next;
  }
};

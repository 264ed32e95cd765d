/** Batched posting against single posting: the same books, the same refusals, for any mixture of entries. */

import { depositSeen, type Entry, type EntryContext, holdPlaced, holdReleased, payoutPaid } from '@shugu/ledger';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase, sql } from '../kernel/db/db.ts';
import { migratedDatabase } from '../kernel/db/testing.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { newId } from '../kernel/ids.ts';
import { type FreshDatabase, stopTestPostgres } from '../kernel/postgres/testing.ts';
import { post, wrongBalances } from './books.ts';
import { makePoster, type Outcome, postAll, posterLimits } from './poster.ts';

const now = new Date('2026-07-01T02:00:00Z');
const actor = systemActor('test');
let fresh: FreshDatabase;
let database: Database;

beforeAll(async () => {
  fresh = await migratedDatabase('settlement');
  database = openDatabase({ connection: fresh.connection, tenancy: { node: 'hn', market: 'main' }, now: () => now });
});
afterAll(async () => {
  await database.close();
  await stopTestPostgres();
});

let serial = 0;
const context = (key: string): EntryContext => ({ id: newId('ent', now), key, at: now.toISOString() });
const kinds = ['deposit', 'hold', 'release', 'payout'] as const;
type Kind = (typeof kinds)[number];
const make = (kind: Kind, member: string, fen: bigint, key: string): Entry => {
  const purpose = { kind: 'order', id: 'o' } as const;
  if (kind === 'deposit') return depositSeen(context(key), { member, fen });
  if (kind === 'hold') return holdPlaced(context(key), { member, purpose, fen });
  if (kind === 'release') return holdReleased(context(key), { member, purpose, fen });
  return payoutPaid(context(key), { member, fen });
};

const single = async (entry: Entry): Promise<Outcome> => {
  try {
    return (await database.tx(actor, (tx) => post(tx, entry, { participant: 'm' }))) ? 'posted' : 'again';
  } catch (error) {
    if ((error as { code?: string }).code === 'settlement.fundsShort') return 'fundsShort';
    if (/another entry/.test((error as Error).message)) return 'conflict';
    throw error;
  }
};

const balancesOf = async (prefix: string) => {
  const rows = await database.rows<{ account: string; fen: number }>(
    sql`select account, fen from ledger_balances where participant like ${`${prefix}%`} and fen <> 0 order by account`,
  );
  return rows.map(({ account, fen }) => `${account.replace(prefix, '')}=${fen}`);
};

const step = fc.record({
  kind: fc.constantFrom(...kinds),
  member: fc.constantFrom('a', 'b'),
  fen: fc.bigInt({ min: 1n, max: 9n }),
  // Few keys, so that many repeat, with the same content or another.
  key: fc.integer({ min: 0, max: 12 }),
});

test('a batch answers and leaves the books as one by one does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 8 }),
      async (steps, size) => {
        serial++;
        const entriesOf = (way: string) =>
          steps.map(({ kind, member, fen, key }) =>
            make(kind, `${way}${serial}.${member}`, fen, `${way}${serial}/${key}`),
          );
        const one: Outcome[] = [];
        for (const entry of entriesOf('one')) one.push(await single(entry));
        const many: Outcome[] = [];
        const entries = entriesOf('all');
        for (let from = 0; from < entries.length; from += size)
          many.push(
            ...(await database.tx(actor, (tx) =>
              postAll(
                tx,
                entries.slice(from, from + size).map((entry) => ({ entry, participant: 'm' })),
              ),
            )),
          );
        expect(many).toEqual(one);
        expect(await balancesOf(`all${serial}.`)).toEqual(await balancesOf(`one${serial}.`));
      },
    ),
    { numRuns: 40 },
  );
  expect(await wrongBalances(database)).toEqual([]);
});

test('many clients at once, beside single postings on the same accounts', async () => {
  const poster = makePoster({ database, actor });
  await poster.post({ entry: make('deposit', 'hot', 100n, 'hot/0'), participant: 'm' });
  const batched = Array.from({ length: 150 }, (_, n) =>
    poster.post({ entry: make('hold', 'hot', 1n, `hot/b${n}`), participant: 'm' }),
  );
  const alone = Array.from({ length: 20 }, (_, n) =>
    database.tx(actor, (tx) => post(tx, make('hold', 'hot', 1n, `hot/s${n}`), { participant: 'm' })),
  );
  const answers = await Promise.allSettled([...batched, ...alone]);
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
  const refusals = answers
    .filter((one): one is PromiseRejectedResult => one.status === 'rejected')
    .map(({ reason }) => reason.code);
  expect(new Set(refusals)).toEqual(new Set(['settlement.fundsShort']));
  expect(await wrongBalances(database)).toEqual([]);
  expect(await poster.post({ entry: make('deposit', 'hot', 100n, 'hot/0'), participant: 'm' })).toBe(false);
});

test('an entry that the database refuses does not take its batch with it', async () => {
  const poster = makePoster({ database, actor });
  const lone = { ...make('deposit', 'lone', 5n, 'lone/1'), reverses: 'ent_nobody' };
  const answers = await Promise.allSettled([
    poster.post({ entry: make('deposit', 'lone', 1n, 'lone/0'), participant: 'm' }),
    poster.post({ entry: lone, participant: 'm' }),
    poster.post({ entry: make('deposit', 'lone', 2n, 'lone/2'), participant: 'm' }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await balancesOf('lone')).toEqual(['available:=-3', 'custody:=3']);
});

test('the queue has an end', async () => {
  const poster = makePoster({ database, actor });
  const entry = make('deposit', 'full', 1n, 'full/0');
  const all = Array.from({ length: posterLimits.queueEntriesMax + 1 }, () => poster.post({ entry, participant: 'm' }));
  await expect(all.at(-1)).rejects.toMatchObject({ code: 'kernel.busy' });
  const answers = await Promise.allSettled(all.slice(0, -1));
  expect(answers.filter((one) => one.status === 'fulfilled' && one.value)).toHaveLength(1);
});

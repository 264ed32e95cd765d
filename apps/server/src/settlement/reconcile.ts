/** Both books compared, business day by business day; what differs is parked, told, and stops payouts until two people resolve it. */

import { bankLines } from '@shugu/bank/client';
import {
  accountId,
  type BankLine,
  bankLinesOf,
  differenceResolved,
  reconcile,
  reconciliationDifference,
} from '@shugu/ledger';
import { audit } from '../kernel/audit.ts';
import { addDays, dayOf } from '../kernel/calendar/calendar.ts';
import { type Database, sql, type Tx } from '../kernel/db/db.ts';
import { type Principal, systemActor } from '../kernel/http/principal.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Bank } from './bank.ts';
import { balanceOf, contextFor, entriesOfDay, keepSnapshot, post, wrongBalances } from './books.ts';
import { type Day, type Fen, limits } from './model.ts';
import { problems } from './problems.ts';
import { findDifference, firstUncomparedDay, instructionsUnsettled } from './reads.ts';
import { type Room, tell } from './service/room.ts';
import * as store from './store.ts';

const actor = systemActor('settlement');

interface Found {
  line: BankLine;
  kind: store.NewDifference['kind'];
  oursFen: Fen | null;
  theirsFen: Fen | null;
}

const movesBalance = (line: BankLine): boolean => line.kind !== 'freeze' && line.kind !== 'unfreeze';
const sumOfBalance = (lines: readonly BankLine[]): Fen =>
  lines.filter(movesBalance).reduce((sum, { fen }) => sum + fen, 0n);

const keepFound = async (tx: Tx, day: Day, { line, kind, oursFen, theirsFen }: Found): Promise<number> => {
  const parkedFen = movesBalance(line) ? (theirsFen ?? 0n) - (oursFen ?? 0n) : 0n;
  const id = await store.insertDifference(tx, {
    participant: line.account,
    day,
    kind,
    reference: line.reference,
    lineKind: line.kind,
    oursFen,
    theirsFen,
    parkedFen,
  });
  if (!id) return 0;
  if (parkedFen !== 0n) {
    const entry = reconciliationDifference(contextFor(tx, `parked/${id}`), { member: line.account, fen: parkedFen });
    await post(tx, entry, { participant: line.account, day });
  }
  return 1;
};

/** Compares one day. A day still open at the bank is compared as it stands and again after its end. */
export const reconcileDay = async (
  database: Database,
  bank: Bank,
  day: Day,
): Promise<{ differences: number; closed: boolean }> => {
  const statement = await bank.client().statement(day);
  const theirs: BankLine[] = bankLines(statement);
  return database.tx(actor, async (tx) => {
    const kept = await entriesOfDay(tx, day);
    const ours = bankLinesOf(
      kept.map(({ entry }) => entry),
      () => day,
    );
    const result = reconcile(ours, theirs);
    const found: Found[] = [
      ...result.missingHere.map((line) => ({ line, kind: 'missingHere' as const, oursFen: null, theirsFen: line.fen })),
      ...result.missingThere.map((line) => ({
        line,
        kind: 'missingThere' as const,
        oursFen: line.fen,
        theirsFen: null,
      })),
      ...result.amountDiffers.map((one) => ({
        line: one.ours,
        kind: 'amountDiffers' as const,
        oursFen: one.ours.fen,
        theirsFen: one.theirs.fen,
      })),
    ];
    const wrong = await wrongBalances(tx);
    if (wrong.length)
      throw new Error(`balances are not the sum of their postings: ${wrong.map(({ account }) => account).join(', ')}`);
    await store.keepReconciliation(tx, {
      day,
      matched: result.matched.length,
      differences: found.length,
      oursFen: sumOfBalance(ours),
      theirsFen: sumOfBalance(theirs),
      closed: statement.closed,
    });
    let fresh = 0;
    for (const one of found) fresh += await keepFound(tx, day, one);
    if (fresh) await tell(tx, 'settlement.difference.found', day, '', { day, differences: fresh });
    if (statement.closed) await keepSnapshot(tx, day);
    await audit(tx, {
      action: 'settlement.reconciliation.run',
      subject: day,
      participant: '',
      data: { matched: result.matched.length, differences: found.length },
    });
    return { differences: found.length, closed: statement.closed };
  });
};

/** Every day that is over and not yet compared. Number of days. A day waits while the bank's last word on something sent by then is missing. */
export const reconcileDue = async (
  room: Room,
  bank: Bank | undefined,
  lookAtBank: () => Promise<number>,
): Promise<number> => {
  if (!bank) return 0;
  const { database } = room;
  const first = await firstUncomparedDay(database);
  const today = dayOf(room.now());
  if (!first || first >= today) return 0;
  // A deposit of the day's last minute must not look like a difference.
  await lookAtBank();
  let count = 0;
  for (let day = first; day < today && count < limits.reconciledDaysMax; day = addDays(day, 1)) {
    if (await instructionsUnsettled(database, day)) break;
    if (!(await reconcileDay(database, bank, day)).closed) break;
    count++;
  }
  return count;
};

export interface Proposal {
  id: string;
  /** `toMember`: the parked money is the member's. `offset`: a later line of the bank took it back. `noMoney`: nothing was parked. */
  resolution: 'toMember' | 'offset' | 'noMoney';
  explanation: string;
}

export const proposeResolution = async (tx: Tx, { id, resolution, explanation }: Proposal): Promise<void> => {
  const found = await findDifference(tx, id);
  if (!found) throw kernelProblems.unknown();
  if (found.state === 'resolved') throw problems.stateWrong({ detail: found.state });
  if ((resolution === 'noMoney') !== (found.parked_fen === 0)) throw problems.stateWrong({ field: 'body.resolution' });
  await store.proposeDifference(tx, id, resolution, explanation);
  await audit(tx, {
    action: 'settlement.difference.propose',
    subject: id,
    participant: found.participant,
    data: { resolution },
  });
};

/** Second of two people; the forced correction is posted. */
export const approveResolution = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  const found = await findDifference(tx, id);
  if (!found) throw kernelProblems.unknown();
  if (found.state !== 'proposed') throw problems.stateWrong({ detail: found.state });
  if (found.proposed_by === principal.id) throw problems.secondPersonNeeded();
  const member = found.participant;
  if (found.resolution === 'toMember') {
    const entry = differenceResolved(contextFor(tx, `resolved/${id}`), { member, fen: BigInt(found.parked_fen) });
    await post(tx, entry, { participant: member });
  }
  if (found.resolution === 'offset' && !(await offsetBy(tx, member))) throw problems.differenceStands();
  await store.resolveDifference(tx, id);
  await audit(tx, {
    action: 'settlement.difference.approve',
    subject: id,
    participant: member,
    data: { resolution: found.resolution },
  });
  await tell(tx, 'settlement.difference.resolved', id, member, { difference: id });
  room.wake(tx);
};

/** Whether nothing is parked for the member any more except what other differences still claim for themselves. */
const offsetBy = async (tx: Tx, member: string): Promise<boolean> => {
  const parked = -(await balanceOf(tx, accountId('difference', member)));
  const row = await tx.one<{
    fen: string;
  }>(sql`select coalesce(sum(parked_fen), 0)::text as fen from reconciliation_differences
    where participant = ${member} and state <> 'resolved' and coalesce(resolution, '') <> 'offset'`);
  return parked === BigInt(row.fen);
};

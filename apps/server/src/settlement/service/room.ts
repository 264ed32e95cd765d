/** What the use cases share. */
import { accountId } from '@shugu/ledger';
import { dayOf } from '../../kernel/calendar/calendar.ts';
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { emit } from '../../kernel/outbox.ts';
import { balanceOf } from '../books.ts';
import type { SettlementDeps } from '../deps.ts';
import type { SettlementEvents } from '../events.ts';
import type { Fen } from '../model.ts';
import { problems } from '../problems.ts';
import { differencesStand, firstUncomparedDay, payoutsAskedFen, promisedFen } from '../reads.ts';
import { type MoneyRules, moneyRules, reconciliationOverdue } from '../rules.ts';
import * as store from '../store.ts';

export interface Room extends SettlementDeps {
  /** Has the desk look at the bank soon; lost in a crash, which the tick makes good. */
  wake(tx: Tx): void;
}

export const rulesAt = (room: Pick<Room, 'ruleBook'>, at: Date): MoneyRules =>
  moneyRules(room.ruleBook.current('exchange', at));

export const tell = <K extends keyof SettlementEvents>(
  tx: Tx,
  type: K,
  subject: string,
  participant: string,
  data: SettlementEvents[K],
): Promise<void> => emit(tx, { type, subject, participant, data: { ...data } });

/** Opens a sub-account at the bank soon, unless there is one. Money instructions wait for it. */
export const ensureAccount = async (room: Room, tx: Tx, participant: string): Promise<void> => {
  const name = await room.organisations.displayName(tx, participant);
  if (await store.insertAccount(tx, participant, name)) room.wake(tx);
};

/** Whether money must not leave: the bank differs from our books, or it has not been compared for too long to know. */
export const payoutsStopped = async (room: Pick<Room, 'ruleBook' | 'now'>, read: Reader): Promise<boolean> => {
  const now = room.now();
  const overdue = reconciliationOverdue(
    await firstUncomparedDay(read),
    dayOf(now),
    rulesAt(room, now).reconciliationOverdueDays,
  );
  return overdue || differencesStand(read);
};

/** Decisions on one member's free money come one after the other. @throws settlement.accountMissing */
export const lockMoney = async (tx: Tx, participant: string): Promise<void> => {
  const row = await tx.first(sql`select 1 from settlement_accounts where participant = ${participant} for update`);
  if (!row) throw problems.accountMissing();
};

/** Available in our books and promised to nothing yet. */
export const freeFen = async (read: Reader, participant: string): Promise<Fen> => {
  const available = -(await balanceOf(read, accountId('available', participant)));
  return available - (await promisedFen(read, participant)) - (await payoutsAskedFen(read, participant));
};

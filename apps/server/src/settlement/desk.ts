/**
 * The desk at the bank: opens accounts, sends what is planned, asks what became of it, sees deposits. Each pass is harmless to
 * repeat; callbacks only hasten it. All that it learns is taken in one transaction with what follows from it.
 */

import { BankError, bankLines, type InstructionAnswer } from '@shugu/bank/client';
import { depositSeen } from '@shugu/ledger';
import { audit } from '../kernel/audit.ts';
import { addDays, dayOf } from '../kernel/calendar/calendar.ts';
import type { Sql } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import type { Bank } from './bank.ts';
import { contextFor, post } from './books.ts';
import { type Day, type Instruction, limits } from './model.ts';
import {
  accountOf,
  accountsOpening,
  bankAccountsOf,
  depositKnown,
  deskDue,
  firstUncomparedDay,
  instructionsOpen,
} from './reads.ts';
import { takeAnswer } from './service/effects.ts';
import { retryWaiting } from './service/holds.ts';
import { payoutsStopped, type Room, tell } from './service/room.ts';
import * as store from './store.ts';

export interface Desk {
  /** One pass; number of things done. Passes never overlap. */
  run(): Promise<number>;
  /** A pass over what is open here: accounts and instructions. */
  work(): Promise<number>;
  /** A look at the bank's statements for deposits. */
  look(): Promise<number>;
  /** Whether there is such work, as SQL. */
  due(): Sql;
  /** A pass soon, for callbacks and fresh instructions. */
  wake(): void;
  /** Ends after the pass under way. */
  stop(): Promise<void>;
}

interface Pass {
  looks?: true;
  works?: true;
}

const actor = systemActor('settlement');
/** An accepted instruction is usually carried out within this; the next pass asks about the rest. */
const patienceMs = 25;
const patienceRounds = 6;
/** Instructions under way together: they are of different orders, and the database keeps those of one member apart. */
const atOnce = 4;

export const makeDesk = (room: Room, bank: () => Bank | undefined): Desk => {
  const { database, log } = room;

  const openAccounts = async (at: Bank): Promise<number> => {
    let done = 0;
    for (const account of await accountsOpening(database, limits.instructionsPerRunMax)) {
      const answer = await at
        .client()
        .openAccount({ reference: account.id, member: account.participant, name: account.name });
      done += await database.tx(actor, async (tx) => {
        if (!(await store.openAccount(tx, account, answer.account))) return 0;
        await tell(tx, 'settlement.account.opened', account.id, account.participant, { account: answer.account });
        return 1;
      });
    }
    return done;
  };

  const take = (id: string, answer: InstructionAnswer): Promise<boolean> =>
    database.tx(actor, async (tx) => {
      if (answer.status === 'accepted') return (await store.markAcknowledged(tx, id, answer.serial)) > 0;
      if (answer.status === 'refused')
        return takeAnswer(room, tx, id, { state: 'refused', reason: answer.reason ?? 'refused' });
      if (answer.day === null) throw new Error(`the bank names no day for ${id}`);
      return takeAnswer(room, tx, id, { state: 'executed', day: answer.day, serial: answer.serial });
    });

  const send = async (at: Bank, one: Instruction): Promise<boolean> => {
    const accounts = await bankAccountsOf(database, [one.participant, ...one.legs.map(({ party }) => party)]);
    const from = accounts.get(one.participant);
    const legs = one.legs.map(({ party, fen }) => ({ account: accounts.get(party), fen }));
    // An account is still being opened: the next pass.
    if (from === undefined || legs.some(({ account }) => account === undefined)) return false;
    await database.tx(actor, (tx) => store.markSent(tx, one.id));
    const answer = await at.client().instruct({
      reference: one.id,
      kind: one.kind,
      account: from,
      fen: one.fen.toString(),
      ...(one.holdKey === null ? {} : { order: one.holdKey }),
      ...(one.kind === 'transfer'
        ? { legs: legs.map(({ account, fen }) => ({ account: account!, fen })), from: one.source ?? 'frozen' }
        : {}),
      at: room.now().toISOString(),
    });
    return take(one.id, answer);
  };

  const ask = async (at: Bank, one: Instruction): Promise<boolean> => {
    const answer = await at.client().instruction(one.id);
    return answer.status !== 'accepted' && take(one.id, answer);
  };

  /** A refusal of the form itself is final; no answer is not: it is asked again under the same reference. */
  const guarded = async (one: Instruction, work: () => Promise<boolean>): Promise<boolean> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BankError)) {
        log.error({ err: error, instruction: one.id }, 'an answer of the bank could not be taken');
        return false;
      }
      if (error.status >= 400 && error.status < 500 && one.state !== 'acknowledged')
        return database.tx(actor, (tx) => takeAnswer(room, tx, one.id, { state: 'refused', reason: error.code }));
      await database.tx(actor, (tx) => store.noteFailure(tx, one.id, error.message));
      throw error;
    }
  };

  const instructions = async (at: Bank): Promise<number> => {
    const payoutsStop = await payoutsStopped(room, database);
    const open = await instructionsOpen(database, limits.instructionsPerRunMax, { payouts: !payoutsStop });
    const workOn = (one: Instruction): Promise<boolean> =>
      guarded(one, one.state === 'acknowledged' ? () => ask(at, one) : () => send(at, one));
    let done = 0;
    for (let first = 0; first < open.length; first += atOnce) {
      const results = await Promise.allSettled(open.slice(first, first + atOnce).map(workOn));
      done += results.filter((one) => one.status === 'fulfilled' && one.value).length;
      const failed = results.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    }
    return done;
  };

  const daysToLookAt = async (today: Day): Promise<Day[]> => {
    const first = await firstUncomparedDay(database);
    const days: Day[] = [];
    for (let day = first ?? today; day <= today && days.length < limits.reconciledDaysMax; day = addDays(day, 1))
      days.push(day);
    return days;
  };

  const deposits = async (at: Bank): Promise<number> => {
    let done = 0;
    for (const day of await daysToLookAt(dayOf(room.now())))
      for (const line of bankLines(await at.client().statement(day))) {
        if (line.kind !== 'deposit' || (await depositKnown(database, line.reference))) continue;
        if (!(await accountOf(database, line.account))) continue;
        done += await takeDeposit(line);
      }
    return done;
  };

  const takeDeposit = (line: { account: string; reference: string; fen: bigint; day: Day }): Promise<number> =>
    database.tx(actor, async (tx) => {
      const { account: participant, reference, fen, day } = line;
      const entry = depositSeen(contextFor(tx, `deposit/${reference}`, reference), { member: participant, fen });
      if (!(await post(tx, entry, { participant, day }))) return 0;
      await store.insertDeposit(tx, { reference, participant, fen, day, entry: entry.id });
      await audit(tx, {
        action: 'settlement.deposit.see',
        subject: reference,
        participant,
        data: { fen: fen.toString() },
      });
      await tell(tx, 'settlement.deposit.seen', entry.id, participant, { reference, fen: fen.toString() });
      await retryWaiting(room, tx, participant);
      return 1;
    });

  let bankDay: Day | undefined;
  let calledBackAt: string | undefined;
  /** The simulator's calendar follows ours; a real bank has its own. */
  const inStep = async (at: Bank): Promise<void> => {
    const today = dayOf(room.now());
    if (at.simulator && bankDay !== today) {
      const { day } = await at.client().simulate.day();
      if (day < today) await at.client().simulate.setDay(today);
      bankDay = today;
    }
    const base = room.callbackBase();
    const url = base && `${base}${callbackPath}`;
    if (!url || url === calledBackAt) return;
    calledBackAt = url;
    // Callbacks only hasten what asking finds anyway: a bank that will not call there is no fault.
    await at
      .client()
      .setCallback(url)
      .catch((error) => log.info({ err: error, url }, 'the bank will not call back; it is asked instead'));
  };

  const pass = async ({ looks, works }: Pass): Promise<number> => {
    const at = bank();
    if (!at) return 0;
    try {
      await inStep(at);
      let done = (works ? await openAccounts(at) : 0) + (looks ? await deposits(at) : 0);
      for (let round = 0; works && round < patienceRounds; round++) {
        done += await instructions(at);
        if ((await instructionsOpen(database, 1)).length === 0) break;
        await new Promise((resolve) => setTimeout(resolve, patienceMs));
      }
      return done;
    } catch (error) {
      if (!(error instanceof BankError)) throw error;
      log.warn({ code: error.code, status: error.status }, 'the bank does not answer');
      return 0;
    }
  };

  let pending: Promise<unknown> = Promise.resolve();
  let stopped = false;
  let asked = false;
  const run = (): Promise<number> => begin({ works: true, looks: true });
  const begin = (what: Pass): Promise<number> => {
    const next = pending.then(() => (stopped ? 0 : pass(what)));
    pending = next.catch(() => undefined);
    return next;
  };
  return {
    run,
    work: () => begin({ works: true }),
    look: () => begin({ looks: true }),
    due: deskDue,
    wake: () => {
      if (asked || stopped) return;
      asked = true;
      setImmediate(() => {
        asked = false;
        run().catch((error) => log.error({ err: error }, 'the settlement desk'));
      });
    },
    stop: async () => {
      stopped = true;
      await pending;
    },
  };
};

export const callbackPath = '/api/settlement/bank/callback';

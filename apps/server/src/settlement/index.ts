/** The door of settlement: the mirror of the custodian bank, and what becomes of an order's money. */

import { readCallback } from '@shugu/bank/client';
import { accountId } from '@shugu/ledger';
import type { FastifyInstance } from 'fastify';
import { dayOf } from '../kernel/calendar/calendar.ts';
import type { Reader, Sql, Tx } from '../kernel/db/db.ts';
import type { PageQuery } from '../kernel/pages.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { type Bank, startBank } from './bank.ts';
import { type Between, statementBetween, statementsBetween } from './between.ts';
import { balanceOf, type Funds, fundsOf } from './books.ts';
import { creditsDue } from './credit-reads.ts';
import { creditRoutes } from './credit-routes.ts';
import type { SettlementDeps } from './deps.ts';
import { callbackPath, makeDesk } from './desk.ts';
import { type Fen, limits, type OrderTerms, type Statement } from './model.ts';
import { permissions } from './permissions.ts';
import { problems } from './problems.ts';
import {
  accountOf,
  anyUnbilled,
  type Billed,
  bankAccountsOf,
  billedOf,
  feesDue,
  findOrder,
  findStatement,
  type GuaranteedStatement,
  guaranteedStatements,
  holdsFor,
  ordersUnbilled,
  reconciliationDue,
  refundsDue,
  statementsOfOrder,
} from './reads.ts';
import { reconcileDue } from './reconcile.ts';
import { settlementRoutes } from './routes.ts';
import { estimateFenOf, holdKeyOf } from './rules.ts';
import { passSilentCredits } from './service/credit-silence.ts';
import { type CreditDraft, passCredits, proposeCredit } from './service/credits.ts';
import { passFees } from './service/fees.ts';
import { placeHold, plan } from './service/holds.ts';
import {
  extendOrder,
  type FreezeDraft,
  finishOrder,
  freezeOrder,
  type OrderDraft,
  openOrder,
  releaseOrder,
  type SettleDraft,
  settleOrder,
  unspentFen,
} from './service/orders.ts';
import { passRefunds } from './service/refund-silence.ts';
import { ensureAccount, type Room } from './service/room.ts';

export type { BankSettings } from './bank.ts';
export type { Funds } from './books.ts';
export type { Organisations, SettlementDeps } from './deps.ts';
export type { SettlementEvents } from './events.ts';
export type { OrderTerms, Statement } from './model.ts';
export { permissions as settlementPermissions } from './permissions.ts';
export { estimateFenOf, plainSplit, type Usage } from './rules.ts';
export type { OrderDraft, SettleDraft } from './service/orders.ts';

export interface Settlement extends RoomParts {
  /** Opens a member's sub-account at the bank, soon. Harmless to repeat. */
  openAccount(tx: Tx, participant: string): Promise<void>;
  /** On market.order.contracted: freezes the terms and, in custody, the estimate. Harmless to repeat. */
  openOrder(tx: Tx, draft: OrderDraft): Promise<void>;
  /** As openOrder, for what is used at once: in custody and only with free money. @throws settlement.fundsShort, settlement.accountMissing */
  freezeOrder(tx: Tx, draft: FreezeDraft): Promise<void>;
  /** A month broke its service levels. Harmless to repeat. */
  proposeCredit(tx: Tx, draft: CreditDraft): Promise<void>;
  /** On acceptance, or at a period's end: rates usage once and settles it. The same period gives the same statement. */
  settleOrder(tx: Tx, draft: SettleDraft): Promise<Statement>;
  /** The order ends with nothing (more) to pay: its hold goes back to the buyer. */
  releaseOrder(tx: Tx, draft: { order: string; reason: string }): Promise<void>;
  /** Freezes money about a dispute, now or when there is some. Id of the hold. */
  holdForDispute(tx: Tx, draft: { dispute: string; participant: string; fen: Fen }): Promise<string>;
  releaseDispute(tx: Tx, draft: { dispute: string; participant: string }): Promise<void>;
  order(read: Reader, id: string): Promise<OrderTerms | undefined>;
  statement(read: Reader, id: string): Promise<Statement | undefined>;
  statementsOf(read: Reader, order: string): Promise<Statement[]>;
  /** Nothing more will be billed: what is left of the hold goes back. Harmless to repeat. */
  finishOrder(tx: Tx, order: string): Promise<void>;
  /** So much more is frozen for an order in custody. */
  extendOrder(tx: Tx, draft: { order: string; fen: Fen }): Promise<void>;
  /** Statements that a buyer has of a supplier, as the buyer sees them. */
  statementsBetween(read: Reader, of: Between, query: PageQuery): ReturnType<typeof statementsBetween>;
  statementBetween(read: Reader, of: Between, id: string): ReturnType<typeof statementBetween>;
  /** What was billed of an order so far. */
  billed(read: Reader, order: string): Promise<Billed>;
  /** Frozen for an order and asked for by no statement: what bounds its use. */
  unspentFen(read: Reader, order: string): Promise<Fen>;
  /** Of orders that another node guarantees: everything that was billed, the oldest first. */
  guaranteedStatements(read: Reader, orders: readonly string[]): Promise<GuaranteedStatement[]>;
  /** Ids of open orders, from `after` on, of which nothing was billed up to `before`. */
  /** Whether there is any of those, as SQL. */
  anyUnbilled(before: Date): Sql;
  ordersUnbilled(read: Reader, before: Date, after: string): Promise<string[]>;
  /** Whether everything an order asked to freeze is frozen. */
  isHeld(read: Reader, order: string): Promise<boolean>;
  funds(read: Reader, participant: string): Promise<Funds>;
  /** Number of its sub-account at the bank; undefined while that is not open. */
  subAccount(read: Reader, participant: string): Promise<string | undefined>;
  /** What an order is expected to cost under a plan: the hold of a custody order. */
  estimateFen: typeof estimateFenOf;
  /** Money arrives at the simulated bank, for demonstrations. @throws settlement.simulatorOnly, settlement.accountMissing */
  simulateDeposit(participant: string, fen: Fen, reference: string): Promise<void>;
  /** One pass at the bank: sends, asks, sees deposits. Number of things done. */
  runDesk(): Promise<number>;
  /** The bank's door for its callbacks. */
  mount(app: FastifyInstance): Promise<void>;
  /** Starts the simulator when no bank is configured. */
  beforeListen(): Promise<void>;
  bank(): Bank | undefined;
  close(): Promise<void>;
}

const callbackBytesMax = 10_000;

export const makeSettlement = (deps: SettlementDeps): Settlement => {
  let bank: Bank | undefined;
  const room: Room = { ...deps, wake: (tx) => tx.afterCommit(() => desk.wake()) };
  const desk = makeDesk(room, () => bank);

  // Raw text: the signature stands over the bytes as they came.
  const mount = async (app: FastifyInstance): Promise<void> => {
    await app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: callbackBytesMax }, (_request, body, done) =>
        done(null, body),
      );
      scope.post(callbackPath, async (request, reply) => {
        const header = (name: string) => {
          const value = request.headers[name];
          return typeof value === 'string' ? value : undefined;
        };
        const message = { path: request.url, body: String(request.body ?? ''), header };
        // Real time: the bank signs with its own clock, whatever the calendar here.
        const known = bank && readCallback(message, { key: bank.key(), now: Date.now });
        if (!known) return reply.code(403).send();
        // A hint only, since callbacks come twice, late and out of order: the desk asks the bank itself.
        desk.wake();
        return reply.code(204).send();
      });
    });
  };

  return {
    routes: [...settlementRoutes({ room, bank: () => bank, desk }), ...creditRoutes(room)],
    permissions,
    ticks: [
      { name: 'settlement.bank', everySeconds: 2, due: desk.due, run: desk.work },
      {
        name: 'settlement.deposits',
        everySeconds: 2,
        // Nobody tells of them.
        restSeconds: 15,
        run: desk.look,
      },
      {
        name: 'settlement.reconcile',
        everySeconds: 30,
        due: (_, now) => reconciliationDue(dayOf(now)),
        run: () => reconcileDue(room, bank, desk.run),
      },
      { name: 'settlement.fees', everySeconds: 60, due: (_, now) => feesDue(dayOf(now)), run: () => passFees(room) },
      { name: 'settlement.refunds', everySeconds: 60, due: refundsDue, run: () => passRefunds(room) },
      {
        name: 'settlement.credits',
        everySeconds: 60,
        due: creditsDue,
        run: async () => (await passSilentCredits(room)) + (await passCredits(room)),
      },
    ],
    openAccount: (tx, participant) => ensureAccount(room, tx, participant),
    statementsBetween: (read, of, query) => statementsBetween(read, room, of, query),
    statementBetween: (read, of, id) => statementBetween(read, room, of, id),
    proposeCredit: (tx, draft) => proposeCredit(room, tx, draft),
    openOrder: (tx, draft) => openOrder(room, tx, draft),
    freezeOrder: (tx, draft) => freezeOrder(room, tx, draft),
    settleOrder: (tx, draft) => settleOrder(room, tx, draft),
    releaseOrder: (tx, draft) => releaseOrder(room, tx, draft),
    holdForDispute: async (tx, { dispute, participant, fen }) => {
      await ensureAccount(room, tx, participant);
      return placeHold(room, tx, { participant, purpose: 'dispute', subject: dispute, heldFor: dispute, fen });
    },
    releaseDispute: async (tx, { dispute, participant }) => {
      const held = -(await balanceOf(tx, accountId('held', participant, 'dispute', dispute)));
      if (held === 0n) return;
      await plan(room, tx, {
        participant,
        kind: 'unfreeze',
        fen: held,
        holdKey: holdKeyOf('dispute', dispute),
        effect: 'holdReleased',
        subject: dispute,
      });
    },
    order: findOrder,
    statement: findStatement,
    statementsOf: statementsOfOrder,
    finishOrder: (tx, order) => finishOrder(room, tx, order),
    extendOrder: (tx, draft) => extendOrder(room, tx, draft),
    billed: billedOf,
    unspentFen,
    guaranteedStatements,
    anyUnbilled,
    ordersUnbilled: (read, before, after) => ordersUnbilled(read, before, after, limits.ordersPerCycleMax),
    isHeld: async (read, order) =>
      (await holdsFor(read, order)).every(({ state }) => state === 'placed' || state === 'cancelled'),
    funds: fundsOf,
    subAccount: async (read, participant) => (await bankAccountsOf(read, [participant])).get(participant),
    estimateFen: estimateFenOf,
    simulateDeposit: async (participant, fen, reference) => {
      if (!bank?.simulator) throw problems.simulatorOnly();
      await desk.run();
      const account = await accountOf(deps.database, participant);
      if (!account?.bankAccount) throw problems.accountMissing();
      await bank.client().simulate.deposit({
        reference,
        account: account.bankAccount,
        fen: fen.toString(),
        at: deps.now().toISOString(),
      });
      await desk.run();
    },
    runDesk: () => desk.run(),
    mount,
    beforeListen: async () => {
      bank = await startBank(deps.bank, () => dayOf(deps.now()), deps.log);
      if (bank.simulator)
        deps.log.info({ bank: 'simulator' }, 'the custodian bank is the labelled simulator: no real money');
    },
    bank: () => bank,
    close: async () => {
      await desk.stop();
      await bank?.stop();
    },
  };
};

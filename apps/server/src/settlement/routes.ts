/** Mapping between the wire and the use cases. */

import { createHash } from 'node:crypto';
import { accountId } from '@shugu/ledger';
import * as wire from '@shugu/wire/settlement';
import { dayOf } from '../kernel/calendar/calendar.ts';
import { type Reader, type Sql, sql } from '../kernel/db/db.ts';
import type { Principal } from '../kernel/http/principal.ts';
import { on, type Route } from '../kernel/http/route.ts';
import { decodeCursor, pageOf, pageSize } from '../kernel/pages.ts';
import { kernelProblems } from '../kernel/problem.ts';
import type { Bank } from './bank.ts';
import { balanceOf, entriesOfMember, totalFunds } from './books.ts';
import type { Desk } from './desk.ts';
import { ownEntries, ownJournal, wholeJournal } from './journal.ts';
import { problems } from './problems.ts';
import * as reads from './reads.ts';
import { approveResolution, proposeResolution, reconcileDay } from './reconcile.ts';
import { answerBill, answerProof, fileProof, payBill, payFee, recordInvoice } from './service/bills.ts';
import { refuseRefundAndCredit } from './service/credit-refusal.ts';
import { agreeRefund, askRefund, declineRefund, receiveRefund, repayRefund } from './service/direct-refunds.ts';
import { repeat } from './service/effects.ts';
import { retryHold } from './service/holds.ts';
import {
  approvePayout,
  approveRefund,
  checkPayout,
  proposeRefund,
  refusePayout,
  requestPayout,
} from './service/payouts.ts';
import { ensureAccount, payoutsStopped, type Room } from './service/room.ts';
import { statementSheet } from './sheet.ts';
import {
  accountView,
  differenceView,
  entryView,
  feeView,
  holdView,
  instructionView,
  invoiceView,
  isDesk,
  labels,
  namesFor,
  payoutView,
  reconciliationView,
  refundIds,
  refundView,
  statementSummary,
  statementView,
} from './views.ts';

export interface Doors {
  room: Room;
  bank(): Bank | undefined;
  desk: Desk;
}

const simulated = ({ bank }: Doors): boolean => bank()?.simulator ?? true;
/** All for the desk, else what is one's own. */
const ownOr = (principal: Principal, own: Sql): Sql | undefined => (isDesk(principal) ? undefined : own);
const both = (...conditions: (Sql | undefined)[]): Sql | undefined => {
  const present = conditions.filter((one) => one !== undefined);
  return present.length ? present.reduce((left, right) => sql`${left} and ${right}`) : undefined;
};

export const settlementRoutes = (doors: Doors): Route[] => [
  ...accountRoutes(doors),
  ...statementRoutes(doors),
  ...payoutRoutes(doors),
  ...deskRoutes(doors),
];

/** The key makes a repeated request the same transfer; the member keeps two members' keys apart. */
const depositReference = (participant: string, key: string): string =>
  `in.${createHash('sha256').update(`${participant}/${key}`).digest('hex')}`;

const accountRoutes = (doors: Doors): Route[] => {
  const { room, desk } = doors;
  const { organisations } = room;
  const ownAccount = async (read: Reader, { participant }: Principal) =>
    accountView(read, participant, { simulator: simulated(doors), stopped: await payoutsStopped(room, read) });
  return [
    on(wire.readAccount, ({ read, principal }) => ownAccount(read, principal)),
    on(wire.openAccount, async ({ tx, principal }) => {
      await ensureAccount(room, tx, principal.participant);
      return ownAccount(tx, principal);
    }),
    on(wire.listEntries, async ({ read, principal, query }) => {
      const after = decodeCursor(query.after, 1);
      const { id: operator } = await organisations.operatorOf(read);
      const kept = await entriesOfMember(read, principal.participant, {
        limit: pageSize(query),
        operator: principal.participant === operator,
        ...(after ? { before: Number(after[0]) } : {}),
      });
      const own = ownEntries(kept, principal.participant, principal.participant === operator);
      return pageOf(own, query, ({ sequence }) => [sequence], entryView);
    }),
    on(wire.listHolds, async ({ read, principal, query }) => {
      const page = await reads.holdsPage(read, query, ownOr(principal, sql`participant = ${principal.participant}`));
      const nameOf = await namesFor(
        read,
        organisations,
        page.items.map(({ participant }) => participant),
      );
      return { ...page, items: page.items.map((one) => holdView(one, nameOf)) };
    }),
    on(wire.readOrderMoney, async ({ read, principal, params }) => {
      const order = await reads.findOrder(read, params.order);
      const mine = order && (isDesk(principal) || [order.participant, order.supplier].includes(principal.participant));
      if (!order || !mine) throw kernelProblems.unknown();
      const nameOf = await namesFor(read, organisations, [order.participant, order.supplier]);
      const statements = await reads.statementsOfOrder(read, order.id);
      return {
        order: order.id,
        title: order.title,
        contract: order.contract,
        buyer: nameOf(order.participant),
        supplier: nameOf(order.supplier),
        way: order.way,
        plan: JSON.parse(JSON.stringify(order.plan)) as Record<string, string>,
        taxRate: order.taxRate,
        estimate: order.estimateFen.toString(),
        state: order.state,
        held: (-(await balanceOf(read, accountId('held', order.participant, 'order', order.id)))).toString(),
        waiting: (await reads.holdsFor(read, order.id)).some(({ state }) => state === 'waiting'),
        statements: statements.map(({ id, number, state, totalFen }) => ({
          id,
          number,
          state,
          total: totalFen.toString(),
        })),
      };
    }),
    on(wire.readOwnJournal, async ({ read, principal, query }) => ({
      body: Buffer.from(await ownJournal(read, organisations, principal.participant, query.until ?? '9999-12-31')),
      fileName: 'shugu-own.journal',
    })),
    on(
      wire.simulateDeposit,
      async ({ read, principal, body, headers }) => {
        const bank = doors.bank();
        if (!bank?.simulator) throw problems.simulatorOnly();
        // A member of another node has nobody here who could pretend it.
        const member = body.member ?? principal.participant;
        if (member !== principal.participant && !isDesk(principal)) throw kernelProblems.unknown();
        const account = await reads.accountOf(read, member);
        if (!account?.bankAccount) throw problems.accountMissing();
        const reference = depositReference(principal.participant, headers['idempotency-key'] ?? '');
        await bank.client().simulate.deposit({
          reference,
          account: account.bankAccount,
          fen: body.amountFen,
          at: room.now().toISOString(),
        });
        await desk.run();
        return ownAccount(read, principal);
      },
      { ownTransaction: true },
    ),
  ];
};

const statementRoutes = ({ room }: Doors): Route[] => {
  const { organisations } = room;
  return [
    on(wire.listStatements, async ({ read, principal, query }) => {
      const where = both(
        ownOr(principal, reads.statementsSeenBy(principal.participant)),
        query.state ? sql`state = ${query.state}` : undefined,
        query.order ? sql`order_id = ${query.order}` : undefined,
      );
      const page = await reads.statementsPage(read, query, where);
      const nameOf = await namesFor(
        read,
        organisations,
        page.items.flatMap(({ participant, supplier }) => [participant, supplier]),
      );
      return {
        ...page,
        items: await Promise.all(page.items.map((one) => statementSummary(read, principal, one, nameOf))),
      };
    }),
    on(wire.readStatement, ({ read, principal, params }) => statementView(read, room, principal, params.id)),
    on(wire.statementSheet, async ({ read, principal, params }) => {
      const view = await statementView(read, room, principal, params.id);
      return { body: await statementSheet(view, room.issue.specimen), fileName: `${view.number}.xlsx` };
    }),
    on(wire.answerBill, async ({ tx, principal, params, body }) => {
      await answerBill(room, tx, principal, {
        id: params.id,
        amountFen: BigInt(body.amountFen),
        ...(body.reason ? { reason: body.reason } : {}),
      });
      return statementView(tx, room, principal, params.id);
    }),
    on(wire.payBill, async ({ tx, principal, params, body }) => {
      await payBill(room, tx, principal, { id: params.id, amountFen: BigInt(body.amountFen) });
      return statementView(tx, room, principal, params.id);
    }),
    on(wire.listFees, async ({ read, principal, query }) => {
      const today = dayOf(room.now());
      const where = both(
        ownOr(principal, sql`participant = ${principal.participant}`),
        query.state ? sql`state = ${query.state}` : undefined,
        query.overdue ? reads.lateFees(today) : undefined,
      );
      const page = await reads.feesPage(read, query, where);
      const nameOf = await namesFor(
        read,
        organisations,
        page.items.map(({ participant }) => participant),
      );
      const ofId = await reads.statementsById(
        read,
        page.items.map(({ statement }) => statement),
      );
      return { ...page, items: page.items.map((one) => feeView(one, ofId.get(one.statement)!, nameOf, today)) };
    }),
    on(wire.payFee, async ({ tx, principal, params, body }) => {
      await payFee(room, tx, principal, { id: params.id, amountFen: BigInt(body.amountFen) });
      return statementView(tx, room, principal, params.id);
    }),
    on(wire.recordInvoice, async ({ tx, principal, params, body }) => {
      const { number, day, redOf, amountFen } = body;
      await recordInvoice(room, tx, principal, {
        statement: params.id,
        number,
        day,
        ...(redOf ? { redOf } : {}),
        ...(amountFen ? { amountFen: BigInt(amountFen) } : {}),
      });
      return statementView(tx, room, principal, params.id);
    }),
    on(wire.listInvoices, async ({ read, principal, query }) => {
      const own = sql`(participant = ${principal.participant} or buyer = ${principal.participant})`;
      const page = await reads.invoicesPage(read, query, ownOr(principal, own));
      const nameOf = await namesFor(
        read,
        organisations,
        page.items.flatMap(({ participant, buyer }) => [participant, buyer]),
      );
      return { ...page, items: page.items.map((one) => invoiceView(one, nameOf)) };
    }),
    on(wire.fileProof, async ({ tx, principal, params, body }) => {
      const { name, mediaType, content } = body.file;
      await fileProof(room, tx, principal, {
        statement: params.id,
        fen: BigInt(body.amountFen),
        paidOn: body.paidOn,
        file: { name, mediaType, content: Buffer.from(content, 'base64') },
      });
      return statementView(tx, room, principal, params.id);
    }),
    on(wire.answerProof, async ({ tx, principal, params, body }) => {
      const { received, reason } = body;
      await answerProof(room, tx, principal, { id: params.id, received, ...(reason ? { reason } : {}) });
      return statementView(tx, room, principal, (await reads.findProof(tx, params.id))!.statement);
    }),
    on(wire.readProofFile, async ({ read, principal, params }) => {
      const proof = await reads.findProof(read, params.id);
      const statement = proof && (await reads.findStatement(read, proof.statement));
      const mine =
        statement && (isDesk(principal) || [statement.participant, statement.supplier].includes(principal.participant));
      if (!proof || !mine) throw kernelProblems.unknown();
      // Never as the uploader named it: a browser must not render what a member sent.
      return {
        body: await room.objects.bytes(proof.digest),
        mediaType: 'application/octet-stream',
        fileName: proof.file_name,
      };
    }),
  ];
};

const payoutRoutes = ({ room }: Doors): Route[] => {
  const { organisations } = room;
  const people = (one: {
    participant: string;
    requestedBy: string;
    checkedBy: string | null;
    approvedBy: string | null;
  }) => [one.participant, one.requestedBy, one.checkedBy, one.approvedBy].filter((id) => id !== null);
  type Read = Parameters<typeof reads.findPayout>[0];
  const payout = async (read: Read, id: string) => {
    const found = (await reads.findPayout(read, id))!;
    return payoutView(found, await namesFor(read, organisations, people(found)));
  };
  const refund = async (read: Read, principal: Principal, id: string) => {
    const found = (await reads.findRefund(read, id))!;
    const statement = (await reads.findStatement(read, found.statement))!;
    return refundView(found, statement, await namesFor(read, organisations, refundIds(found)), principal);
  };
  return [
    on(wire.requestPayout, async ({ tx, principal, body }) =>
      payout(tx, await requestPayout(room, tx, principal, BigInt(body.amountFen))),
    ),
    on(wire.listPayouts, async ({ read, principal, query }) => {
      const where = both(
        ownOr(principal, sql`participant = ${principal.participant}`),
        query.open ? sql`state in ('requested', 'checked', 'approved')` : undefined,
      );
      const page = await reads.payoutsPage(read, query, where);
      const nameOf = await namesFor(read, organisations, page.items.flatMap(people));
      return { ...page, items: page.items.map((one) => payoutView(one, nameOf)) };
    }),
    on(wire.checkPayout, async ({ tx, principal, params }) => {
      await checkPayout(tx, principal, params.id);
      return payout(tx, params.id);
    }),
    on(wire.approvePayout, async ({ tx, principal, params }) => {
      await approvePayout(room, tx, principal, params.id);
      return payout(tx, params.id);
    }),
    on(wire.refusePayout, async ({ tx, params, body }) => {
      await refusePayout(tx, params.id, body.reason);
      return payout(tx, params.id);
    }),
    on(wire.proposeRefund, async ({ tx, principal, body }) =>
      refund(
        tx,
        principal,
        await proposeRefund(room, tx, { statement: body.statement, fen: BigInt(body.amountFen), reason: body.reason }),
      ),
    ),
    on(wire.listRefunds, async ({ read, principal, query }) => {
      const page = await reads.refundsPage(read, query, ownOr(principal, reads.refundsSeenBy(principal.participant)));
      const nameOf = await namesFor(read, organisations, page.items.flatMap(refundIds));
      const ofId = await reads.statementsById(
        read,
        page.items.map(({ statement }) => statement),
      );
      return {
        ...page,
        items: page.items.map((one) => refundView(one, ofId.get(one.statement)!, nameOf, principal)),
      };
    }),
    on(wire.approveRefund, async ({ tx, principal, params }) => {
      await approveRefund(room, tx, principal, params.id);
      return refund(tx, principal, params.id);
    }),
    on(wire.askRefund, async ({ tx, principal, params, body }) =>
      refund(
        tx,
        principal,
        await askRefund(room, tx, principal, {
          statement: params.id,
          fen: BigInt(body.amountFen),
          reason: body.reason,
        }),
      ),
    ),
    on(wire.agreeRefund, async ({ tx, principal, params }) => {
      await agreeRefund(room, tx, principal, params.id);
      return refund(tx, principal, params.id);
    }),
    on(wire.declineRefund, async ({ tx, principal, params, body }) => {
      await declineRefund(room, tx, principal, { id: params.id, reason: body.reason });
      return refund(tx, principal, params.id);
    }),
    on(wire.receiveRefund, async ({ tx, principal, params, body }) => {
      await receiveRefund(room, tx, principal, { id: params.id, ...body });
      return refund(tx, principal, params.id);
    }),
    on(wire.repayRefund, async ({ tx, principal, params, body }) => {
      await repayRefund(room, tx, principal, { id: params.id, paidOn: body.paidOn });
      return refund(tx, principal, params.id);
    }),
    on(wire.refuseRefund, async ({ tx, principal, params }) => {
      await refuseRefundAndCredit(room, tx, params.id);
      return refund(tx, principal, params.id);
    }),
  ];
};

const deskRoutes = (doors: Doors): Route[] => {
  const { room, desk } = doors;
  const { organisations, database } = room;
  type Read = Parameters<typeof reads.findPayout>[0];
  const difference = async (read: Read, id: string) => {
    const [found] = (await reads.differencesPage(read, { limit: 1 }, sql`id = ${id}`)).items;
    const ids = [found!.participant, found!.proposed_by, found!.approved_by].filter((one) => one !== null);
    return differenceView(found!, await namesFor(read, organisations, ids));
  };
  return [
    on(wire.readOverview, async ({ read }) => {
      const { custody, available, held, due, difference: parked } = await totalFunds(read);
      const { settledFen, feeFen, feesOwedFen, ...counts } = await reads.deskCounts(read, dayOf(room.now()));
      const simulator = simulated(doors);
      return {
        funds: {
          custody: custody.toString(),
          available: available.toString(),
          held: held.toString(),
          due: due.toString(),
          difference: parked.toString(),
        },
        counts,
        settled: settledFen,
        feeIncome: feeFen,
        feesOwed: feesOwedFen,
        payoutsStopped: await payoutsStopped(room, read),
        lastReconciledDay: (await reads.lastReconciledDay(read)) ?? null,
        simulator,
        label: simulator ? labels.simulator : labels.bank,
      };
    }),
    on(wire.listInstructions, async ({ read, query }) => {
      const page = await reads.instructionsPage(read, query, query.state ? sql`state = ${query.state}` : undefined);
      const nameOf = await namesFor(
        read,
        organisations,
        page.items.map(({ participant }) => participant),
      );
      return { ...page, items: page.items.map((one) => instructionView(one, nameOf)) };
    }),
    on(wire.retryInstruction, async ({ tx, params }) => {
      const found = await reads.findInstruction(tx, params.id);
      if (!found) throw kernelProblems.unknown();
      const last = (await reads.instructionsOf(tx, found.subject))
        .filter(({ effect }) => effect === found.effect)
        .at(-1)!;
      // A payout and a fee end with the refusal: the member asks anew.
      if (last.state !== 'refused' || ['payoutPaid', 'feePaid'].includes(found.effect))
        throw problems.stateWrong({ detail: last.state });
      if (found.effect === 'holdPlaced') await retryHold(room, tx, found.subject);
      else await repeat(room, tx, found, { force: true });
      const newest = (await reads.instructionsOf(tx, found.subject))
        .filter(({ effect }) => effect === found.effect)
        .at(-1)!;
      return instructionView(newest, await namesFor(tx, organisations, [newest.participant]));
    }),
    on(wire.listReconciliations, async ({ read, query }) => {
      const page = await reads.reconciliationsPage(read, query);
      return { ...page, items: page.items.map(reconciliationView) };
    }),
    on(
      wire.runReconciliation,
      async ({ read, body }) => {
        const bank = doors.bank();
        if (!bank) throw problems.bankUnreachable();
        if (body.day > dayOf(room.now()))
          throw kernelProblems.invalid({ field: 'body.day', detail: { zh: '日期在将来', en: 'in the future' } });
        await desk.run();
        await reconcileDay(database, bank, body.day).catch(asUnreachable);
        const { items } = await reads.reconciliationsPage(read, { limit: 100 });
        return reconciliationView(items.find(({ day }) => day === body.day)!);
      },
      { ownTransaction: true },
    ),
    on(wire.listDifferences, async ({ read, query }) => {
      const page = await reads.differencesPage(read, query, query.open ? sql`state <> 'resolved'` : undefined);
      const ids = page.items
        .flatMap((one) => [one.participant, one.proposed_by, one.approved_by])
        .filter((one) => one !== null);
      const nameOf = await namesFor(read, organisations, ids);
      return { ...page, items: page.items.map((one) => differenceView(one, nameOf)) };
    }),
    on(wire.proposeDifference, async ({ tx, params, body }) => {
      await proposeResolution(tx, { id: params.id, ...body });
      return difference(tx, params.id);
    }),
    on(wire.approveDifference, async ({ tx, principal, params }) => {
      await approveResolution(room, tx, principal, params.id);
      return difference(tx, params.id);
    }),
    on(wire.readJournal, async ({ read, query }) => ({
      body: Buffer.from(await wholeJournal(read, organisations, query.until ?? '9999-12-31')),
      fileName: 'shugu.journal',
    })),
  ];
};

const asUnreachable = (error: unknown): never => {
  if ((error as { name?: string }).name === 'BankError') throw problems.bankUnreachable();
  throw error;
};

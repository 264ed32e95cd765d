/**
 * Credit notes for broken service levels: proposed with their evidence, accepted or contested by the supplier, and then given back
 * of the month's fee as refunds are: from the payees by the bank, or by the supplier itself where the parties settle themselves.
 */
import { formatYuan } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import { lastDayBefore } from '../../kernel/calendar/calendar.ts';
import type { Tx } from '../../kernel/db/db.ts';
import type { Principal } from '../../kernel/http/principal.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { acceptedCredits, lockCredit } from '../credit-reads.ts';
import { type CreditTurn, creditMilli, creditOf, creditRules, feeOfPeriod, periodBilled } from '../credit-rules.ts';
import { insertCredit, setCredit } from '../credit-store.ts';
import type { Credit, CreditTier, Fen, Statement } from '../model.ts';
import { limits } from '../model.ts';
import { problems } from '../problems.ts';
import { findOrder, findRefund, lockOrder, statementsOfOrder } from '../reads.ts';
import { transferLegs } from '../rules.ts';
import * as store from '../store.ts';
import { grantRefund, turnEnds } from './direct-refunds.ts';
import { instructRefund } from './payouts.ts';
import { draftRefund, redCovers, refundsStanding } from './refundable.ts';
import { freeFen, type Room, rulesAt, tell } from './room.ts';

export interface CreditDraft {
  assessment: string;
  order: string;
  grant: string;
  title: string;
  period: string;
  from: Date;
  until: Date;
  /** Where the price is paid once: the time it pays for. */
  spread: { from: Date; until: Date } | null;
  findings: Credit['findings'];
  /** The contract's own table; empty: the operator's. */
  tiers: readonly CreditTier[];
  requests: number;
  digest: string;
}

const percentText = (milli: number): string => `${milli / 1000} %`;

/** Once for each assessment; harmless to repeat. Orders without money have nothing to give back of. */
export const proposeCredit = async (room: Room, tx: Tx, draft: CreditDraft): Promise<void> => {
  const order = await findOrder(tx, draft.order);
  if (!order) return;
  const rules = creditRules(room.ruleBook.current('exchange', tx.now));
  const tiers = draft.tiers.length > 0 ? [...draft.tiers] : rules.tiers;
  const milli = creditMilli(draft.findings, { tiers, percentMax: rules.percentMax });
  const { participant, supplier } = order;
  const dueAt = creditTurnEnds(room, tx, 'answer');
  const id = await insertCredit(tx, { ...draft, participant, supplier, milli, tiers, dueAt });
  if (!id) return;
  await audit(tx, { action: 'settlement.credit.propose', subject: id, participant: supplier, data: { milli } });
  await tell(tx, 'settlement.credit.proposed', id, participant, {
    credit: id,
    order: draft.order,
    period: draft.period,
  });
  const last = lastDayBefore(dueAt);
  await serveCredit(
    room,
    tx,
    { id, period: draft.period },
    {
      to: [supplier],
      dueAt,
      text: {
        zh: `${draft.title}：${draft.period} 未达到约定的服务水平，拟抵扣当期费用的 ${percentText(milli)}。请查看实测依据，于 ${last} 前（含当日）接受，或说明理由提出异议；逾期经催告仍不答复的，视为接受。`,
        en: `${draft.title}: ${draft.period} missed its service levels; a credit of ${percentText(milli)} of the period’s fee is proposed. Look at what was measured, and accept it or contest it with a reason by ${last}; after a notice of lateness, silence counts as acceptance.`,
      },
    },
  );
};

/** First moment after the days that a turn begun now has. */
export const creditTurnEnds = (room: Room, tx: Tx, turn: CreditTurn): Date =>
  room.calendar.deadline(tx.now, creditRules(room.ruleBook.current('exchange', tx.now)).days[turn]).due;

export const serveCredit = async (
  room: Room,
  tx: Tx,
  { id, period }: Pick<Credit, 'id' | 'period'>,
  { to, text, dueAt = null }: { to: readonly string[]; text: { zh: string; en: string }; dueAt?: Date | null },
): Promise<void> => {
  for (const one of to)
    await room.serve(tx, {
      to: one,
      caseId: null,
      subject: id,
      title: `服务水平抵扣单 ${period}`,
      dueAt,
      text,
      deemedServed: 'onDelivery',
      startsClocks: [],
      at: tx.now,
    });
};

/** The credit, locked, in the supplier's hands; unknown to everybody else. */
const ownCredit = async (tx: Tx, principal: Principal, id: string): Promise<Credit> => {
  const credit = await lockCredit(tx, id);
  if (credit?.supplier !== principal.participant) throw kernelProblems.unknown();
  if (credit.state !== 'proposed') throw problems.stateWrong({ detail: credit.state });
  return credit;
};

export const answerCredit = async (
  tx: Tx,
  credit: Credit,
  answer: { state: 'accepted' | 'contested'; answer: string | null; bySilence: boolean },
): Promise<void> => {
  const accepted = answer.state === 'accepted';
  await setCredit(tx, credit.id, answer);
  await audit(tx, {
    action: accepted ? 'settlement.credit.accept' : 'settlement.credit.contest',
    subject: credit.id,
    participant: credit.participant,
    data: { answer: answer.answer, bySilence: answer.bySilence },
  });
  await tell(tx, 'settlement.credit.answered', credit.id, credit.participant, { credit: credit.id, accepted });
};

export const acceptCredit = async (room: Room, tx: Tx, principal: Principal, id: string): Promise<void> => {
  const credit = await ownCredit(tx, principal, id);
  await answerCredit(tx, credit, { state: 'accepted', answer: null, bySilence: false });
  await applyCredit(room, tx, id);
};

export const contestCredit = async (
  room: Room,
  tx: Tx,
  principal: Principal,
  { id, reason }: { id: string; reason: string },
): Promise<void> => {
  const credit = await ownCredit(tx, principal, id);
  await answerCredit(tx, credit, { state: 'contested', answer: reason, bySilence: false });
  await serveCredit(room, tx, credit, {
    to: [credit.participant],
    text: {
      zh: `供方对 ${credit.period} 的服务水平抵扣提出异议：${reason}。如不认同，可在结算单上申请退款，或提交投诉。`,
      en: `The supplier contests the service credit of ${credit.period}: ${reason}. If you do not agree, ask for a refund at the statement, or complain.`,
    },
  });
};

interface Share {
  statement: Statement;
  fen: Fen;
}

/** What stops the money at the moment; undefined: nothing. */
const hindrance = async (tx: Tx, { statement, fen }: Share): Promise<Credit['waitsFor'] | undefined> => {
  const standing = (await refundsStanding(tx, statement.id)).reduce((sum, one) => sum + one.fen, 0n);
  if (!(await redCovers(tx, statement, standing + fen))) return 'redInvoice';
  if (statement.way === 'direct') return undefined;
  for (const leg of transferLegs(await draftRefund(tx, statement, fen)))
    if ((await freeFen(tx, leg.party)) < leg.fen) return 'payeeFunds';
  return undefined;
};

const give = async (room: Room, tx: Tx, credit: Credit, { statement, fen }: Share): Promise<string> => {
  const direct = statement.way === 'direct';
  const alone = !direct && fen <= rulesAt(room, tx.now).refundAloneFenMax;
  const id = await store.insertRefund(tx, {
    ...{ participant: statement.participant, statement: statement.id, fen },
    split: await draftRefund(tx, statement, fen),
    reason: `服务水平抵扣 ${credit.period}（${credit.id}）`,
    state: alone ? 'approved' : 'proposed',
    twoPeople: !alone,
    // Agreed by the supplier; above the operator's limit two people of the desk still look.
    askedBy: direct ? 'supplier' : 'operator',
    ...(direct ? { dueAt: turnEnds(room, tx, 'answer') } : {}),
  });
  const refund = (await findRefund(tx, id))!;
  if (direct) await grantRefund(room, tx, refund);
  else if (alone) await instructRefund(room, tx, refund);
  return id;
};

/** An accepted credit becomes refunds as soon as its period is billed and paid; number of those given. */
export const applyCredit = async (room: Room, tx: Tx, id: string): Promise<number> => {
  const found = await lockCredit(tx, id);
  if (found?.state !== 'accepted') return 0;
  const order = (await lockOrder(tx, found.order))!;
  const statements = await statementsOfOrder(tx, order.id);
  const closed = order.state === 'settled' || order.state === 'released';
  const wait = async (waitsFor: Credit['waitsFor']): Promise<number> => {
    await setCredit(tx, id, { waitsFor });
    return 0;
  };
  if (!periodBilled(statements, found, { spread: found.spread, closed })) return wait('statement');
  const shares: Share[] = [];
  for (const one of feeOfPeriod(statements, found, found.spread)) {
    const statement = statements.find((each) => each.id === one.statement)!;
    const standing = (await refundsStanding(tx, statement.id)).reduce((sum, each) => sum + each.fen, 0n);
    const left = statement.totalFen - standing;
    const wanted = creditOf(one.fen, found.milli);
    const fen = wanted < left ? wanted : left;
    if (fen > 0n) shares.push({ statement, fen });
  }
  for (const one of shares) {
    const waits = await hindrance(tx, one);
    if (waits) return wait(waits);
  }
  const refunds: string[] = [];
  for (const one of shares) refunds.push(await give(room, tx, found, one));
  const fen = shares.reduce((sum, one) => sum + one.fen, 0n);
  await setCredit(tx, id, { state: 'settled', waitsFor: null, fen, refunds });
  await audit(tx, {
    action: 'settlement.credit.settle',
    subject: id,
    participant: found.participant,
    data: { fen: formatYuan(fen), refunds },
  });
  await tell(tx, 'settlement.credit.settled', id, found.participant, {
    credit: id,
    order: order.id,
    fen: fen.toString(),
  });
  return refunds.length;
};

/** Accepted credits that waited for a bill, a red invoice or money. */
export const passCredits = async (room: Room): Promise<number> => {
  let count = 0;
  for (const id of await acceptedCredits(room.database, limits.creditsPerRunMax))
    count += await room.database.tx(systemActor('settlement'), (tx) => applyCredit(room, tx, id));
  return count;
};

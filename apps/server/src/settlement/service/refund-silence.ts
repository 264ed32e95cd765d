/** What time does to a refund that the parties settle themselves and that one of them keeps silent about: notice first, then the rule. */
import { formatYuan } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import { dayOf, lastDayBefore } from '../../kernel/calendar/calendar.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { limits, type Refund, type Statement } from '../model.ts';
import { findRefund, findStatement, lockOrder, refundsSilent } from '../reads.ts';
import { type RefundTurn, refundOnSilence, refundTurn } from '../rules.ts';
import * as store from '../store.ts';
import { noteReceived, serveRefund, turnEnds } from './direct-refunds.ts';
import type { Room } from './room.ts';

interface Silent {
  statement: Statement;
  refund: Refund;
}
interface Text {
  zh: string;
  en: string;
}

const about = ({ statement, refund }: Silent): Text => ({
  zh: `结算单 ${statement.number} 的退款 ${formatYuan(refund.fen)} 元`,
  en: `The refund of CNY ${formatYuan(refund.fen)} on statement ${statement.number}`,
});

/** `last` is the last day before silence closes it. */
const reminders: Record<RefundTurn, (one: Silent, last: string) => Text> = {
  answer: (one, last) => ({
    zh: `${about(one).zh}逾期未获答复。${last} 前（含当日）仍不答复的，视为未同意，申请失效；可以重新提出，或向本所投诉。`,
    en: `${about(one).en} was not answered in time. Unless it is answered by ${last}, it counts as not agreed to and lapses; it can be asked for anew, or brought to the exchange as a complaint.`,
  }),
  repay: (one) => ({
    zh: `${about(one).zh}逾期未退还。供方应立即退还并登记退还日期；需方可以向本所投诉。`,
    en: `${about(one).en} was not paid back in time. The supplier is to pay it now and to record the day; the buyer may bring a complaint.`,
  }),
  receive: (one, last) => ({
    zh: `${about(one).zh}：供方称已于 ${one.refund.repaidOn} 退还，需方逾期未确认。${last} 前（含当日）未说明没有收到的，视为已收到。`,
    en: `${about(one).en}: the supplier says that it paid it back on ${one.refund.repaidOn}, and the buyer has not answered. Unless the buyer says by ${last} that it did not arrive, it counts as received.`,
  }),
};

const remind = async (room: Room, tx: Tx, one: Silent, turn: RefundTurn): Promise<void> => {
  const { statement, refund } = one;
  const closesAt = turn === 'repay' ? null : turnEnds(room, tx, 'silence');
  const last = closesAt ? lastDayBefore(closesAt) : dayOf(tx.now);
  const sides = [statement.participant, statement.supplier];
  // A debt that is late is the operator's to know, as a late fee is; the other two end by themselves.
  const to = turn === 'repay' ? [...sides, (await room.organisations.operatorOf(tx)).id] : sides;
  await serveRefund(room, tx, { to, statement, dueAt: closesAt, text: reminders[turn](one, last) });
  await store.remindRefund(tx, refund.id, closesAt);
  await audit(tx, { action: 'settlement.refund.remind', subject: refund.id, participant: refund.participant });
};

const lapse = async (tx: Tx, { refund }: Silent): Promise<Text> => {
  await store.endRefund(tx, refund.id, 'refused', { bySilence: true });
  await audit(tx, { action: 'settlement.refund.lapsed', subject: refund.id, participant: refund.participant });
  return { zh: '逾期未获答复，申请已失效。', en: 'has lapsed without an answer.' };
};

const close = async (room: Room, tx: Tx, one: Silent, how: 'lapse' | 'receive'): Promise<void> => {
  const { statement } = one;
  const { zh, en } = about(one);
  if (how === 'receive') await noteReceived(tx, { ...one, bySilence: true });
  const what =
    how === 'lapse'
      ? await lapse(tx, one)
      : { zh: '需方逾期未答复，视为已收到。', en: 'counts as received, as the buyer did not answer.' };
  await serveRefund(room, tx, {
    to: [statement.participant, statement.supplier],
    statement,
    text: { zh: `${zh}：${what.zh}`, en: `${en} ${what.en}` },
  });
};

/** By the order's lock, and on the refund as it stands then: somebody may have answered meanwhile. */
const passRefund = async (room: Room, tx: Tx, id: string): Promise<number> => {
  const statement = (await findStatement(tx, (await findRefund(tx, id))!.statement))!;
  await lockOrder(tx, statement.order);
  const one = { statement, refund: (await findRefund(tx, id))! };
  const step = refundOnSilence(one.refund, tx.now);
  if (step === 'wait') return 0;
  if (step === 'remind') await remind(room, tx, one, refundTurn(one.refund)!);
  else await close(room, tx, one, step);
  return 1;
};

/** One pass over refunds whose next side is late; the number of those told of or closed. */
export const passRefunds = async (room: Room): Promise<number> => {
  let count = 0;
  for (const id of await refundsSilent(room.database, room.now(), limits.refundsPerRunMax))
    count += await room.database.tx(systemActor('settlement'), (tx) => passRefund(room, tx, id));
  return count;
};

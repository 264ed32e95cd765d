/** What time does to a credit note that its supplier keeps silent about: notice of lateness first, then it counts as accepted. */
import { audit } from '../../kernel/audit.ts';
import { lastDayBefore } from '../../kernel/calendar/calendar.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { creditsSilent, lockCredit } from '../credit-reads.ts';
import { creditOnSilence } from '../credit-rules.ts';
import { remindCredit } from '../credit-store.ts';
import { type Credit, limits } from '../model.ts';
import { answerCredit, applyCredit, creditTurnEnds, serveCredit } from './credits.ts';
import type { Room } from './room.ts';

const remind = async (room: Room, tx: Tx, credit: Credit): Promise<void> => {
  const closesAt = creditTurnEnds(room, tx, 'silence');
  const last = lastDayBefore(closesAt);
  await serveCredit(room, tx, credit, {
    to: [credit.supplier, credit.participant],
    dueAt: closesAt,
    text: {
      zh: `${credit.period} 的服务水平抵扣单逾期未获答复。供方在 ${last} 前（含当日）仍不接受也不提出异议的，视为接受。`,
      en: `The service credit of ${credit.period} was not answered in time. Unless the supplier accepts or contests it by ${last}, it counts as accepted.`,
    },
  });
  await remindCredit(tx, credit.id, closesAt);
  await audit(tx, { action: 'settlement.credit.remind', subject: credit.id, participant: credit.participant });
};

const accept = async (room: Room, tx: Tx, credit: Credit): Promise<void> => {
  await answerCredit(tx, credit, { state: 'accepted', answer: null, bySilence: true });
  await serveCredit(room, tx, credit, {
    to: [credit.supplier, credit.participant],
    text: {
      zh: `${credit.period} 的服务水平抵扣单：供方逾期未答复，视为接受。`,
      en: `The service credit of ${credit.period} counts as accepted, as the supplier did not answer.`,
    },
  });
  await applyCredit(room, tx, credit.id);
};

/** On the note as it stands under its lock: somebody may have answered meanwhile. */
const passCredit = async (room: Room, tx: Tx, id: string): Promise<number> => {
  const credit = (await lockCredit(tx, id))!;
  const step = creditOnSilence(credit, tx.now);
  if (step === 'wait') return 0;
  await (step === 'remind' ? remind : accept)(room, tx, credit);
  return 1;
};

/** One pass over notes that are late; the number of those told of or accepted. */
export const passSilentCredits = async (room: Room): Promise<number> => {
  let count = 0;
  for (const id of await creditsSilent(room.database, room.now(), limits.creditsPerRunMax))
    count += await room.database.tx(systemActor('settlement'), (tx) => passCredit(room, tx, id));
  return count;
};

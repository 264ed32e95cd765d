/** A refund of a credit note that the operator's second person refuses: what the note gives is less, or nothing. */
import { formatYuan } from '@shugu/ledger';
import { audit } from '../../kernel/audit.ts';
import type { Tx } from '../../kernel/db/db.ts';
import { lockCreditOf } from '../credit-reads.ts';
import { lessenCredit } from '../credit-store.ts';
import { findRefund } from '../reads.ts';
import { serveCredit } from './credits.ts';
import { refuseRefund } from './payouts.ts';
import { type Room, tell } from './room.ts';

const creditRefused = async (room: Room, tx: Tx, refund: string): Promise<void> => {
  const credit = await lockCreditOf(tx, refund);
  if (credit?.state !== 'settled') return;
  const standing = [];
  for (const id of credit.refunds) {
    const one = (await findRefund(tx, id))!;
    if (one.state !== 'refused') standing.push(one);
  }
  const fen = standing.reduce((sum, one) => sum + one.fen, 0n);
  const wanted = formatYuan((await findRefund(tx, refund))!.fen);
  await lessenCredit(tx, credit.id, fen);
  await audit(tx, {
    action: 'settlement.credit.refuse',
    subject: credit.id,
    participant: credit.participant,
    data: { refund },
  });
  await tell(tx, 'settlement.credit.refused', credit.id, credit.participant, { credit: credit.id, refund });
  await serveCredit(room, tx, credit, {
    to: [credit.supplier, credit.participant],
    text: {
      zh: `${credit.period} 的服务水平抵扣：运营方复核未同意退还 ${wanted} 元。如不认同，可在结算单上申请退款，或提交投诉。`,
      en: `The service credit of ${credit.period}: on review, the operator did not agree to give CNY ${wanted} back. If you do not agree, ask for a refund at the statement, or complain.`,
    },
  });
};

/** As the desk refuses any refund that it proposed itself. */
export const refuseRefundAndCredit = async (room: Room, tx: Tx, id: string): Promise<void> => {
  await refuseRefund(tx, id);
  await creditRefused(room, tx, id);
};

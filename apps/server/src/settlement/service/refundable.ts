/** What of a statement can be given back, by whom, and whether the invoices allow it. */
import { LedgerError, refundOf } from '@shugu/ledger';
import type { Tx } from '../../kernel/db/db.ts';
import type { Fen, Statement } from '../model.ts';
import { problems } from '../problems.ts';
import { invoicesOf, refundsOf } from '../reads.ts';
import { remainingSplit } from '../rules.ts';

/** What buyers were invoiced must be taken back by red invoices before their money is. */
export const redCovers = async (tx: Tx, statement: Statement, refundsFen: Fen): Promise<boolean> => {
  const supply = (await invoicesOf(tx, statement.id)).filter(({ kind }) => kind === 'supply');
  if (!supply.some((one) => one.red_of === null)) return true;
  const red = supply.filter((one) => one.red_of !== null).reduce((sum, one) => sum - BigInt(one.gross_fen), 0n);
  return red >= refundsFen;
};

/** Refunded or asked for already. */
export const refundsStanding = async (tx: Tx, statement: string) =>
  (await refundsOf(tx, statement)).filter(({ state }) => state !== 'refused');

/** Shares of a new refund, in proportion to what each still has. @throws settlement.amountTooLarge */
export const draftRefund = async (tx: Tx, statement: Statement, fen: Fen): Promise<Statement['split']> => {
  const before = await refundsStanding(tx, statement.id);
  const refunded = before.reduce((sum, one) => sum + one.fen, 0n);
  if (fen <= 0n || refunded + fen > statement.totalFen) throw problems.amountTooLarge({ field: 'body.amountFen' });
  try {
    return refundOf(
      remainingSplit(
        statement.split,
        before.map(({ split }) => split),
      ),
      fen,
    );
  } catch (error) {
    if (error instanceof LedgerError) throw problems.amountTooLarge({ field: 'body.amountFen' });
    throw error;
  }
};

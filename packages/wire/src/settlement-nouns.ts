/** Identifiers and shapes that all of settlement's endpoints share. */
import { z } from 'zod';
import { bilingual, fen, id } from './common.ts';

export const settlementLimits = { proofBytesMax: 5_000_000, reasonCharactersMax: 1000 } as const;

export const statementId = id('stm');
export const payoutId = id('pay');
export const refundId = id('rfd');
export const invoiceId = id('inv');
export const proofId = id('prf');
export const holdId = id('hld');
export const instructionId = id('ins');
export const differenceId = id('dif');
export const orderId = id('ord');
export const party = z.object({ id: z.string(), name: z.string() });
export const positiveFen = z.string().regex(/^[1-9]\d{0,15}$/);
export const reason = z.string().trim().min(1).max(settlementLimits.reasonCharactersMax);
export const invoiceNumber = z
  .string()
  .trim()
  .regex(/^[0-9A-Za-z-]{6,32}$/)
  .describe('number of the digital invoice (数电票)');

export const ways = ['custody', 'direct', 'postpaid'] as const;

export const funds = z.object({
  custody: fen.describe('at the bank'),
  available: fen,
  held: fen,
  due: fen.describe('captured, still frozen, waiting for the split'),
  difference: fen.describe('unexplained, parked'),
  promised: fen.describe('part of available that instructions under way will use'),
});
export const account = z.object({
  state: z.enum(['none', 'opening', 'open']),
  bankAccount: z.string().nullable(),
  funds,
  payoutsStopped: z.boolean(),
  simulator: z.boolean().describe('the bank is the labelled simulator: no real money'),
  label: bilingual,
});

/** What an offer over the Dataspace Protocol asks for, in fields; what may be changed in a counter-offer; rules tried on what has been. */
import { z } from 'zod';
import { day, decimal, time } from './common.ts';

export const termLimits = {
  purposesMax: 50,
  /** Of a sentence that explains terms. */
  linesMax: 200,
  /** Negotiations on which rules are tried, the newest. */
  triedMax: 30,
} as const;

const purpose = z.string().min(1).max(1000);
const quantity = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** What is not named stays as we said it ourselves last. */
export const termChanges = z
  .object({
    price: decimal
      .optional()
      .describe('yuan with tax, for what the listed plan charges for: a copy, a period, a call …'),
    purposes: z.array(purpose).min(1).max(termLimits.purposesMax).optional(),
    calls: quantity.optional().describe('calls in all'),
    rows: quantity.optional().describe('rows in all'),
    bytes: quantity.optional().describe('bytes in all'),
    until: day.optional().describe('last day of use'),
  })
  .strict();
export type TermChanges = z.infer<typeof termChanges>;

const lines = z.array(z.string()).max(termLimits.linesMax);
export const termsTold = z.object({
  price: decimal.nullable().describe('null: the listed plan has more than one price, or nobody said'),
  listed: z.boolean().describe('the price is the listed one: the offer itself names none'),
  purposes: z.array(z.string()).nullable().describe('null: not limited'),
  calls: z.number().nullable(),
  rows: z.number().nullable(),
  bytes: z.number().nullable(),
  until: time.nullable().describe('exclusive'),
  sentences: z
    .object({ zh: lines, en: lines })
    .nullable()
    .describe('everything that the terms permit; null: written in words that nobody here understands'),
});
export type TermsTold = z.infer<typeof termsTold>;

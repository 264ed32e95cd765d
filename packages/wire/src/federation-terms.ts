/** What an offer over the Dataspace Protocol asks for, in fields; what may be changed in a counter-offer; rules tried on what has been. */
import { z } from 'zod';
import { day, decimal, time } from './common.ts';
import { marketLimits } from './market.ts';

export const termLimits = {
  purposesMax: 50,
  /** Of a sentence that explains terms. */
  linesMax: 200,
  /** Negotiations on which rules are tried, the newest. */
  triedMax: 30,
} as const;

const purpose = z.string().min(1).max(1000);
const quantity = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** As in a price plan: yuan with tax for each unit up to so many; the last one is open. */
export const tier = z.object({ upTo: z.number().int().positive().nullable(), unitPrice: decimal }).strict();
export type Tier = z.infer<typeof tier>;
/** Each ends after the one before it, and the last one does not. */
export const inOrder = (tiers: readonly Tier[]): boolean =>
  tiers.length > 0 &&
  tiers.every(({ upTo }, place) =>
    place === tiers.length - 1 ? upTo === null : upTo !== null && upTo > (tiers[place - 1]?.upTo ?? 0),
  );
export const tiers = z.array(tier).max(marketLimits.tiersMax).refine(inOrder, 'ascending, the last one open');

/** One way to say prices. */
const pricedOnce = (one: { price?: unknown; tierPrices?: unknown; percent?: unknown; floors?: unknown }): boolean =>
  [one.price, one.tierPrices, one.percent].filter((each) => each !== undefined).length <= 1 &&
  (one.floors === undefined || one.percent !== undefined);

/** What is not named stays as we said it ourselves last. */
export const termChanges = z
  .object({
    price: decimal
      .optional()
      .describe('yuan with tax, for what the listed plan charges for: a copy, a period, a call …'),
    tierPrices: z
      .array(decimal)
      .min(1)
      .max(marketLimits.tiersMax)
      .optional()
      .describe('the same for a tiered plan: one for each tier, in its order; up to which quantities stays as listed'),
    percent: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(
        'every price so many percent of what we said last (the listed one at first), rounded half up to the fen, or to its own places where it has more; never to nothing',
      ),
    floors: z
      .array(decimal)
      .min(1)
      .max(marketLimits.tiersMax)
      .optional()
      .describe('beside percent: no price falls below it; one for all, or one for each tier'),
    purposes: z.array(purpose).min(1).max(termLimits.purposesMax).optional(),
    calls: quantity.optional().describe('calls in all'),
    rows: quantity.optional().describe('rows in all'),
    bytes: quantity.optional().describe('bytes in all'),
    until: day.optional().describe('last day of use'),
  })
  .strict()
  .refine(pricedOnce, 'price, tierPrices or percent; floors only beside percent');
export type TermChanges = z.infer<typeof termChanges>;

const lines = z.array(z.string()).max(termLimits.linesMax);
export const termsTold = z.object({
  price: decimal.nullable().describe('null: there is more than one price, or nobody said'),
  tiers: tiers.nullable().describe('the prices, where there is more than one'),
  listed: z.boolean().describe('prices are those listed: the offer itself names none'),
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

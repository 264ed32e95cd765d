/** What a computation contract agrees on so that its answers carry noise. */
import { z } from 'zod';
import { computeLimits } from './compute-limits.ts';

export const word = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/);
export const value = z.string().min(1).max(200);
const bound = z
  .string()
  .regex(/^(0|-?[1-9]\d{0,11})$/)
  .describe('a whole number');
const fullColumn = z.string().min(3).max(241).describe('table.column');
export const noise = z
  .object({
    rows: z
      .array(z.object({ table: word, rowsMax: z.number().int().min(1).max(computeLimits.noiseRowsMax) }).strict())
      .min(1)
      .max(computeLimits.dataSetsMax)
      .describe('how many rows of one entity count, for every data set'),
    bounds: z
      .array(z.object({ column: fullColumn, lower: bound, upper: bound }).strict())
      .max(computeLimits.columnsMax)
      .default([])
      .describe('of every column that is summed up; what lies outside counts as the bound'),
    groups: z
      .array(z.object({ column: fullColumn, values: z.array(value).min(1).max(computeLimits.noiseCellsMax) }).strict())
      .max(computeLimits.parametersMax)
      .default([])
      .describe('values of every grouped column that are told, whether anybody has them or not'),
    answerSeconds: z
      .number()
      .int()
      .min(1)
      .max(computeLimits.answerSecondsMax)
      .default(10)
      .describe(
        'how a use ended is told that many seconds after it was reserved, or twice that, and so on: its time tells less of the data',
      ),
  })
  .strict();

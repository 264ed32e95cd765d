/** How often a computation contract may be used, beside its total. */
import { z } from 'zod';
import { computeLimits } from './compute-limits.ts';

export const usesPeriods = ['day', 'month', 'year'] as const;
export const usesPer = z
  .object({
    period: z.enum(usesPeriods),
    most: z.number().int().min(1).max(computeLimits.usesMax),
    timeZone: z.string().min(1).max(64).default('Asia/Shanghai').describe('IANA, whose calendar it is'),
  })
  .strict();

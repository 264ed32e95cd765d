/** Parts of computation contracts, of whichever mode: who is paid, what may open, by whose keys. */
import { z } from 'zod';
import { decimal, id, taxRate } from './common.ts';
import { computeLimits, psiLimits, sharesLimits } from './compute-limits.ts';
import { word } from './compute-noise.ts';

export const organisationId = id('org');
export const column = z.string().min(1).max(200);

export const entitiesMin = z.number().int().min(computeLimits.entitiesLeast).max(computeLimits.entitiesMost);
export const releaseWays = ['ask', 'direct'] as const;
export const way = z.enum(releaseWays);
export const release = z.object({
  entitiesMin: entitiesMin.describe('distinct entities of every owner that a group must have, or it is left out'),
  rowsMax: z.number().int().min(1).max(computeLimits.rowsMax),
  rho: decimal.nullable().describe('privacy budget of a use (zCDP); null without noise'),
  how: way
    .optional()
    .describe(
      'of a query; ask: a person of every owner sees a result and approves it before recipients get it; left out: direct',
    ),
});

export const payment = z
  .object({
    taxRate: taxRate.describe('inside the price'),
    shares: z
      .array(z.object({ owner: organisationId, share: decimal }).strict())
      .min(1)
      .max(computeLimits.dataSetsMax)
      .describe(
        'of every owner, after the service fee; they sum to 1. An owner that takes a use pays the others alone',
      ),
    untouched: z.enum(['free', 'charged']).describe('a use of which it is known that it read nothing'),
  })
  .strict();

export const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
export const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
export const publicJwk = z.discriminatedUnion('kty', [
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinate }).strict(),
  z.object({ kty: z.literal('EC'), crv: z.literal('SM2'), x: coordinate, y: coordinate }).strict(),
]);

const atLeast = z.number().int().min(computeLimits.entitiesLeast).max(psiLimits.atLeast);
export const counted = z
  .object({ atLeast: atLeast.describe('common keys without which the number does not open; the helper sees it') })
  .strict();
export const sums = z
  .object({
    table: word.describe('whose column it is'),
    column: column.describe('of numbers'),
    group: column.optional().describe('of the same table'),
    atLeast: atLeast.describe('common keys that a group, or the whole, must have for anything of it to open'),
    decimals: z.number().int().min(0).max(sharesLimits.decimals).describe('places after the point of numbers'),
  })
  .strict();

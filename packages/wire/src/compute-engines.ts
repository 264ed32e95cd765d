/** Who computes under a contract: engines that a node offers, in which versions, and on what trust. */
import { z } from 'zod';
import { bilingual } from './common.ts';
import { endpoint } from './endpoint.ts';

/** Held equal to those of @shugu/private-compute by a test. */
export const engineNames = ['local', 'secretflow', 'spark', 'trino', 'scql', 'kuscia'] as const;
const limits = { versionCharactersMax: 40, enginesMax: 10 } as const;

export const engineVersion = z
  .string()
  .max(limits.versionCharactersMax)
  .regex(/^[0-9A-Za-z][\w.+-]*$/);
/** As a draft names one; left out for this program's own. */
export const agreedEngine = z
  .object({
    name: z.enum(['secretflow', 'spark', 'trino', 'scql', 'kuscia']),
    version: engineVersion.describe('of the engine’s own package; another version needs another contract'),
  })
  .strict();

export const offeredEngine = z.object({
  name: z.enum(engineNames),
  modes: z.array(z.enum(['cleanRoom', 'shares', 'psi'])),
  package: z.string().nullable().describe('whose version it is; null for this program’s own'),
  versions: z
    .array(engineVersion)
    .max(limits.enginesMax)
    .describe('that may be agreed on; none for this program’s own'),
  checked: z.array(engineVersion).describe('that were run for real in this program’s own tests'),
  untested: z.boolean().describe('written by what its makers publish, and never run against a real one'),
  trust: bilingual.nullable().describe('null where the mode says it'),
  intersectionTrust: bilingual.nullable().describe('the same in mode psi'),
});

export const listEngines = endpoint({
  id: 'compute.engine.list',
  method: 'GET',
  path: '/api/compute/engines',
  summary: { zh: '本节点提供的计算引擎', en: 'Engines of computation that this node offers' },
  permission: 'compute.contract.read',
  reply: z.object({ items: z.array(offeredEngine).max(limits.enginesMax) }),
});

/** Tracing a leaked file to the contract whose marked copy it came from. */
import { z } from 'zod';
import { productId, versionId } from './catalogue.ts';
import { id, name, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { grantId } from './metering.ts';

export const traceLimits = {
  fileBytesMax: 256 * 2 ** 20,
  /** Of a larger file so many are drawn. */
  rowsMax: 100_000,
  columnsMax: 2000,
  /** Marked copies that one trace asks. */
  copiesMax: 5000,
  /** Ways in which those copies are laid out, each of which reads the rows anew. */
  layoutsMax: 50,
} as const;

export const traceId = id('trc');

const logChance = z
  .number()
  .describe('log10 of the chance that a file without any part of this copy fits it as well or better');

const named = z.object({
  contract: z.string().nullable().describe('null: the copy of a trial'),
  grant: grantId,
  buyer: z.object({ id: z.string(), name: z.string() }),
  product: productId,
  productName: z.string(),
  version: versionId,
  table: z.string(),
  method: z.enum(['altered', 'synthetic']).describe('altered values, or made-up rows'),
  tested: z.number().int().describe('cells of the file that bear a mark in this copy, or its made-up rows'),
  matched: z.number().int(),
  logChance,
  logChanceOfAny: z.number().describe('the same, for any of all the copies asked'),
});

export const traceView = z.object({
  id: traceId,
  file: z.object({
    name: z.string(),
    sha256: z.string(),
    bytes: z.number().int(),
    rows: z.number().int(),
    rowsRead: z.number().int(),
    columns: z.array(z.string()),
  }),
  copies: z.number().int().describe('marked copies that were asked'),
  tests: z.number().int().describe('copies by tables by methods: each could have accused somebody by chance'),
  chanceMax: z.number().describe('above this chance for all copies together no one is named'),
  named: z.array(named).describe('best first; empty: no one is named'),
  /** The best of those not named, without a name: how near it came. */
  closest: z.object({ tested: z.number().int(), matched: z.number().int(), logChance }).nullable(),
  createdAt: time,
});

export const runTrace = endpoint({
  id: 'delivery.trace.run',
  method: 'POST',
  path: '/api/traces',
  summary: {
    zh: '溯源：查明泄露的文件出自哪份合同',
    en: 'Trace a leaked file (CSV, NDJSON, Parquet) to the contract whose copy it came from',
  },
  permission: 'delivery.trace',
  query: z.object({
    name: name.describe('of the file'),
    product: productId.optional().describe('only copies of this product'),
  }),
  rawBody: true,
  reply: traceView,
  status: 201,
});
export const listTraces = endpoint({
  id: 'delivery.trace.list',
  method: 'GET',
  path: '/api/traces',
  summary: { zh: '溯源记录', en: 'Traces that your organisation has run' },
  permission: 'delivery.trace',
  query: pageQuery,
  reply: page(traceView),
});
export const getTrace = endpoint({
  id: 'delivery.trace.read',
  method: 'GET',
  path: '/api/traces/:id',
  summary: { zh: '溯源记录详情', en: 'One trace' },
  permission: 'delivery.trace',
  params: z.object({ id: traceId }),
  reply: traceView,
});

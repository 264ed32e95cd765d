/** Query templates of a product: SQL by the supplier, parameters by the buyer. */
import { z } from 'zod';
import { versionId } from './catalogue.ts';
import { endpoint } from './endpoint.ts';

/** Held equal to the gate's own (QUERY_LIMITS of @shugu/gateway) by a test. */
export const queryLimits = {
  templatesMax: 20,
  sqlCharactersMax: 8000,
  parametersMax: 20,
  textLengthMax: 200,
  enumerationMax: 100,
  decimalDigitsMax: 18,
  rowsMax: 1_000_000,
  secondsMax: 60,
  /** Rows that a try-out shows. */
  tryRowsMax: 50,
} as const;

/** What the address itself uses. */
const reserved = ['format', 'signature', 'grant', 'expires'];
/** Stands in the address, or names a parameter. */
const word = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/)
  .refine((one) => !reserved.includes(one));
const title = z.string().trim().min(1).max(100);
const value = z.string().max(queryLimits.textLengthMax);
const common = { name: word, title, default: value.optional().describe('makes the parameter optional') };
const safe = z.number().int().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);

export const queryParameter = z.discriminatedUnion('type', [
  z.object({ ...common, type: z.literal('integer'), min: safe.optional(), max: safe.optional() }).strict(),
  z
    .object({
      ...common,
      type: z.literal('decimal'),
      scale: z.number().int().min(0).max(10).describe('decimals'),
      min: value.optional(),
      max: value.optional(),
    })
    .strict(),
  z
    .object({ ...common, type: z.literal('text'), lengthMax: z.number().int().min(1).max(queryLimits.textLengthMax) })
    .strict(),
  z.object({ ...common, type: z.literal('date'), min: z.iso.date().optional(), max: z.iso.date().optional() }).strict(),
  z.object({ ...common, type: z.literal('boolean') }).strict(),
  z
    .object({
      ...common,
      type: z.literal('enumeration'),
      values: z.array(value.min(1)).min(1).max(queryLimits.enumerationMax),
    })
    .strict(),
]);

export const queryTemplate = z
  .object({
    name: word,
    title,
    sql: z.string().trim().min(1).max(queryLimits.sqlCharactersMax).describe('one SELECT; parameters as $name'),
    parameters: z.array(queryParameter).max(queryLimits.parametersMax).default([]),
  })
  .strict();

export const queryDraft = z
  .object({
    kind: z.literal('query'),
    templates: z.array(queryTemplate).min(1).max(queryLimits.templatesMax),
    rowsMax: z.number().int().min(1).max(queryLimits.rowsMax).default(10_000),
    secondsMax: z.number().int().min(1).max(queryLimits.secondsMax).default(10),
  })
  .strict();

export const answerColumn = z.object({ name: z.string(), type: z.string() });
const readsOf = z.array(z.object({ table: z.string(), columns: z.array(z.string()) }));
/** As its supplier sees it: with what the gate found that it reads. */
export const templateView = queryTemplate.extend({ reads: readsOf, answer: z.array(answerColumn) });
/** As a buyer sees it. */
export const grantTemplate = z.object({
  name: z.string(),
  title: z.string(),
  parameters: z.array(queryParameter),
  answer: z.array(answerColumn),
  /** Whether the contract grants every column that it reads. */
  granted: z.boolean(),
});

export const tryQuery = endpoint({
  id: 'delivery.query.try',
  method: 'POST',
  path: '/api/versions/:id/queries/try',
  summary: { zh: '试运行查询模板', en: 'Try a query template on the version’s data; for its supplier' },
  permission: 'delivery.endpoint.write',
  params: z.object({ id: versionId }),
  body: z.object({ template: queryTemplate, values: z.record(z.string().max(40), value).default({}) }).strict(),
  reply: z.object({
    reads: readsOf,
    answer: z.array(answerColumn),
    rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
    /** Whether there were more rows than are shown. */
    more: z.boolean(),
    milliseconds: z.number().int(),
  }),
  repeatable: true,
});

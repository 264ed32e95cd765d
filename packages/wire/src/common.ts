/** Schemas that every room shares. Money is integer fen as a decimal string, exact decimals are strings, times RFC 3339. */
import { z } from 'zod';

export const limits = {
  pageItemsMax: 100,
  pageItemsDefault: 20,
  nameCharactersMax: 200,
  textCharactersMax: 10_000,
  listItemsMax: 500,
} as const;

export const id = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-z]{26}$`))
    .meta({ example: `${prefix}_01k9f3t6zq8m4x2v7b5n1c0d9e` });
export const anyId = z.string().regex(/^[a-z]{2,5}_[0-9a-z]{26}$/);
export const time = z.iso.datetime({ offset: true });
export const day = z.iso.date();
export const name = z.string().trim().min(1).max(limits.nameCharactersMax);
export const text = z.string().trim().max(limits.textCharactersMax);
export const fen = z
  .string()
  .regex(/^-?(0|[1-9]\d{0,17})$/)
  .describe('integer fen (0.01 CNY)');
export const decimal = z.string().regex(/^(0|[1-9]\d{0,11})(\.\d{1,8})?$/);
/** What is given as a tax rate: a price that carries tax is never all tax. */
export const taxRate = z
  .string()
  .regex(/^0(\.\d{1,8})?$/)
  .describe('below 1: 0.06 is six percent');
export const bilingual = z.object({ zh: z.string(), en: z.string() });
export const digest = z.string().regex(/^(sha256|sm3):[0-9a-f]{64}$/);
export const json = z.json();
export const ok = z.object({ ok: z.literal(true) });
export const empty = z.object({}).strict();

export const pageQuery = z.object({
  after: z.string().max(500).optional().describe('cursor from the previous page'),
  limit: z.coerce.number().int().min(1).max(limits.pageItemsMax).optional(),
});

export const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });

/** RFC 9457 problem, with our stable code, the field at fault and what to do next. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  next: z.string(),
  zh: z.object({ title: z.string(), next: z.string() }),
  en: z.object({ title: z.string(), next: z.string() }),
  errors: z
    .array(z.object({ field: z.string(), code: z.string(), message: z.string() }))
    .max(100)
    .optional(),
  requestId: z.string().optional(),
});
export type ProblemBody = z.infer<typeof problem>;

/** Of work that went wrong without a request: kept with it, in both languages. */
export const fault = z.object({ code: z.string(), title: bilingual, next: bilingual });

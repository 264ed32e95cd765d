import type { HoursOfDay, Mask, Metric, Quota, Terms } from './model.ts';
import { listOf } from './odrl.ts';
import { isTimeZone, type Period } from './period.ts';
import type { ProblemCode } from './problems.ts';
import { COLUMN_PATTERN, parseRowFilter, ROW_CONDITIONS_MAX } from './rowfilter.ts';

type Value = string | readonly string[];

/** Reads one right operand into the terms; returns the code of what is wrong with it, or null. */
export type OperandReader = {
  /** Operand and side that may be given only once; undefined where constraints add up. */
  once?: string;
  read(value: Value, terms: Terms): ProblemCode | null;
};

/** Left operands of quotas: ODRL's own `count` for the total of calls, the profile's for all else. */
export const QUOTA_OPERANDS: ReadonlyMap<string, { metric: Metric; period: Period }> = new Map(
  (['calls', 'rows', 'bytes'] as const).flatMap((metric): [string, { metric: Metric; period: Period }][] => [
    [metric === 'calls' ? 'count' : `shugu:${metric}`, { metric, period: 'total' }],
    [`shugu:${metric}PerDay`, { metric, period: 'day' }],
    [`shugu:${metric}PerMonth`, { metric, period: 'month' }],
    [`shugu:${metric}PerYear`, { metric, period: 'year' }],
  ]),
);

const LISTS = ['eq', 'isAnyOf'];
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  dateTime: ['gteq', 'gt', 'lt', 'lteq'],
  purpose: LISTS,
  spatial: [...LISTS, 'isPartOf'],
  'shugu:memberOf': ['eq'],
  'shugu:columns': LISTS,
  'shugu:timeOfDay': ['eq'],
  'shugu:timeZone': ['eq'],
  'shugu:mask': ['eq', 'isAllOf'],
  'shugu:rowFilter': ['eq'],
  'shugu:watermarkAlters': ['eq', 'isAllOf'],
  'shugu:watermarkRows': ['lteq'],
  'shugu:authorisationReference': ['eq'],
  'shugu:ratePerSecond': ['lteq'],
  'shugu:burst': ['lteq'],
};

/** The reader for an operand, null when unknown; with operator null, whether the operand is known at all. */
export function operandReader(name: string, operator: string | null): OperandReader | null {
  const quota = QUOTA_OPERANDS.get(name);
  if (quota) {
    if (operator !== null && operator !== 'lteq') return null;
    return { once: name, read: (value, terms) => readQuota(value, quota, terms) };
  }
  const operators = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (!operators || (operator !== null && !operators.includes(operator))) return null;
  if (name === 'dateTime') {
    const start = operator?.startsWith('gt') ?? false;
    return {
      once: start ? 'dateTime from' : 'dateTime to',
      read: (value, terms) => readTime(value, operator ?? '', terms),
    };
  }
  const read = READERS[name];
  if (!read) return null;
  return name === 'shugu:mask' || name === 'shugu:rowFilter' ? { read } : { once: name, read };
}

const READERS: Readonly<Record<string, OperandReader['read']>> = {
  purpose(value, terms) {
    const codes = listOf(value);
    if (codes.length === 0 || !codes.every((code) => /^[\p{L}\p{N}][\p{L}\p{N}:._/#-]{0,127}$/u.test(code)))
      return 'valueNotCodes';
    terms.purposes = codes;
    return null;
  },
  spatial(value, terms) {
    const codes = listOf(value);
    if (codes.length === 0 || !codes.every((code) => /^([1-9]\d){1}(\d{2}){0,2}$/.test(code))) return 'valueNotRegions';
    terms.regions = codes;
    return null;
  },
  'shugu:memberOf'(value, terms) {
    if (typeof value !== 'string' || !/^[\w:.-]{1,120}$/.test(value)) return 'valueNotSpace';
    terms.memberOf = value;
    return null;
  },
  'shugu:columns'(value, terms) {
    const columns = listOf(value);
    if (columns.length === 0 || !columns.every((column) => COLUMN_PATTERN.test(column))) return 'valueNotColumns';
    terms.columns = columns;
    return null;
  },
  'shugu:timeOfDay'(value, terms) {
    const hours = typeof value === 'string' ? parseHours(value) : null;
    if (!hours) return 'valueNotHours';
    terms.hoursOfDay = hours;
    return null;
  },
  'shugu:timeZone'(value, terms) {
    if (typeof value !== 'string' || !isTimeZone(value)) return 'valueNotZone';
    terms.timeZone = value;
    return null;
  },
  'shugu:mask'(value, terms) {
    for (const item of listOf(value)) {
      const [column = '', rule = ''] = item.split('=', 2);
      const mask = parseMask(rule);
      if (!COLUMN_PATTERN.test(column) || !mask || Object.hasOwn(terms.masks, column)) return 'valueNotMasks';
      terms.masks[column] = mask;
    }
    return null;
  },
  'shugu:rowFilter'(value, terms) {
    const conditions = typeof value === 'string' ? parseRowFilter(value) : null;
    if (!conditions || terms.rowFilter.length + conditions.length > ROW_CONDITIONS_MAX) return 'valueNotFilter';
    terms.rowFilter.push(...conditions);
    return null;
  },
  'shugu:watermarkAlters'(value, terms) {
    const altered: Record<string, string> = {};
    for (const item of listOf(value)) {
      const [column = '', change = ''] = item.split('=', 2);
      if (!COLUMN_PATTERN.test(column) || !isChange(change) || Object.hasOwn(altered, column)) return 'valueNotAltered';
      altered[column] = change;
    }
    if (Object.keys(altered).length === 0) return 'valueNotAltered';
    terms.watermark = { syntheticRows: terms.watermark?.syntheticRows ?? 0, altered };
    return null;
  },
  'shugu:watermarkRows'(value, terms) {
    const syntheticRows = positiveInteger(value);
    if (syntheticRows === null || syntheticRows > SYNTHETIC_ROWS_MAX) return 'valueNotSyntheticRows';
    terms.watermark = { altered: terms.watermark?.altered ?? {}, syntheticRows };
    return null;
  },
  'shugu:authorisationReference'(value, terms) {
    if (value !== 'required') return 'valueNotRequired';
    terms.authorisationRequired = true;
    return null;
  },
  'shugu:ratePerSecond'(value, terms) {
    const perSecond = typeof value === 'string' && /^\d{1,6}(\.\d{1,3})?$/.test(value) ? Number(value) : 0;
    if (perSecond <= 0) return 'valueNotNumber';
    terms.rate = { perSecond, burst: terms.rate?.burst ?? 0 };
    return null;
  },
  'shugu:burst'(value, terms) {
    const burst = positiveInteger(value);
    if (burst === null) return 'valueNotInteger';
    terms.rate = { perSecond: terms.rate?.perSecond ?? 0, burst };
    return null;
  },
};

/** Synthetic rows of one copy; more would be data of our own making. */
const SYNTHETIC_ROWS_MAX = 100;

/** A positive decimal in plain digits. */
const isChange = (text: string): boolean => /^\d{1,12}(\.\d{1,9})?$/.test(text) && Number(text) > 0;

function readQuota(value: Value, { metric, period }: Omit<Quota, 'limit'>, terms: Terms): ProblemCode | null {
  const limit = positiveInteger(value);
  if (limit === null) return 'valueNotInteger';
  terms.quotas.push({ metric, period, limit });
  return null;
}

/** The fraction is cut to ms. A time without an offset is refused: a day's difference decides whether data may flow. */
function readTime(value: Value, operator: string, terms: Terms): ProblemCode | null {
  const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
  const at = typeof value === 'string' && form.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) return 'valueNotTime';
  if (operator === 'gteq') terms.notBefore = at;
  if (operator === 'gt') terms.notBefore = at + 1;
  if (operator === 'lt') terms.notAfter = at;
  if (operator === 'lteq') terms.notAfter = at + 1;
  return null;
}

function positiveInteger(value: Value): number | null {
  if (typeof value !== 'string' || !/^[1-9]\d{0,15}$/.test(value)) return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}

function parseHours(text: string): HoursOfDay | null {
  const found = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$/.exec(text);
  if (!found) return null;
  const from = Number(found[1]) * 60 + Number(found[2]);
  const to = Number(found[3]) * 60 + Number(found[4]);
  return from === to || to > 1440 ? null : { from, to };
}

function parseMask(rule: string): Mask | null {
  if (rule === 'hide' || rule === 'hash') return { kind: rule };
  const found = /^truncate:([1-9]\d{0,2})$/.exec(rule);
  return found ? { kind: 'truncate', length: Number(found[1]) } : null;
}

import type { FileStats, ShareField } from './manifest.ts';
import { type Comparison, HINT_LIMITS, type Literal, type Predicate } from './predicate.ts';
import { parseSqlHint } from './sqlhint.ts';

/**
 * Predicate hints on the statistics of a file. A hint may only ever leave out files in which no row can match; whatever is
 * not understood, or not known of a file, keeps the file. Each part of a predicate is judged by the set of outcomes that
 * rows of the file might have, in SQL's three-valued logic.
 */
export type Outcomes = { true: boolean; false: boolean; unknown: boolean };
const ANY: Outcomes = { true: true, false: true, unknown: true };

const COMPARISONS: Readonly<Record<Comparison, Comparison>> = {
  equal: 'equal',
  lessThan: 'greaterThan',
  lessThanOrEqual: 'greaterThanOrEqual',
  greaterThan: 'lessThan',
  greaterThanOrEqual: 'lessThanOrEqual',
};
/** The hints of a query as one predicate. Hints that are not understood say nothing; those beside them still count. */
export function predicateFrom(sqlHints: unknown, jsonHints: unknown): Predicate | null {
  const parts: Predicate[] = [];
  if (Array.isArray(sqlHints))
    for (const hint of sqlHints.slice(0, HINT_LIMITS.partsMax)) {
      const parsed = typeof hint === 'string' && hint.length <= HINT_LIMITS.textMax ? parseSqlHint(hint) : null;
      parts.push(parsed ?? { op: 'any' });
    }
  if (typeof jsonHints === 'string' && jsonHints.length <= HINT_LIMITS.textMax)
    try {
      parts.push(fromJson(JSON.parse(jsonHints), 0));
    } catch {
      parts.push({ op: 'any' });
    }
  else if (jsonHints !== undefined && jsonHints !== null && jsonHints !== '') parts.push({ op: 'any' });
  return parts.length === 0 ? null : { op: 'and', parts };
}

type Node = { op?: unknown; children?: unknown; name?: unknown; value?: unknown; valueType?: unknown };

function fromJson(given: unknown, depth: number): Predicate {
  if (typeof given !== 'object' || given === null || depth > HINT_LIMITS.depthMax) return { op: 'any' };
  const { op, children } = given as Node;
  const parts = Array.isArray(children) ? (children as Node[]) : [];
  if (parts.length === 0 || parts.length > HINT_LIMITS.partsMax) return { op: 'any' };
  if (op === 'and' || op === 'or') return { op, parts: parts.map((part) => fromJson(part, depth + 1)) };
  if (op === 'not' && parts.length === 1) return { op, part: fromJson(parts[0], depth + 1) };
  if (op === 'isNull' && parts.length === 1) {
    const column = columnOf(parts[0]);
    return column === null ? { op: 'any' } : { op, column };
  }
  if (typeof op === 'string' && Object.hasOwn(COMPARISONS, op) && parts.length === 2)
    return comparison(op as Comparison, parts[0] as Node, parts[1] as Node);
  return { op: 'any' };
}

function comparison(op: Comparison, left: Node, right: Node): Predicate {
  const [column, other] = [columnOf(left), columnOf(right)];
  if (column !== null && other === null) {
    const value = literalOf(right);
    return value === undefined ? { op: 'any' } : { op, column, value };
  }
  if (column === null && other !== null) {
    const value = literalOf(left);
    return value === undefined ? { op: 'any' } : { op: COMPARISONS[op], column: other, value };
  }
  return { op: 'any' };
}

function columnOf(node: Node | undefined): string | null {
  return node?.op === 'column' && typeof node.name === 'string' ? node.name : null;
}

function literalOf({ op, value }: Node): Literal | undefined {
  if (op !== 'literal') return undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
    ? value
    : undefined;
}

/** Outcomes that rows of a file might have. */
export function outcomes(predicate: Predicate, stats: FileStats, fields: readonly ShareField[]): Outcomes {
  switch (predicate.op) {
    case 'any':
      return ANY;
    case 'not': {
      const inner = outcomes(predicate.part, stats, fields);
      return { true: inner.false, false: inner.true, unknown: inner.unknown };
    }
    case 'and':
    case 'or':
      return predicate.parts
        .map((part) => outcomes(part, stats, fields))
        .reduce((one, other) => joined(predicate.op as 'and' | 'or', one, other));
    case 'isNull': {
      const nulls = nullsOf(predicate.column, stats, fields);
      if (nulls === null) return ANY;
      return { true: nulls > 0, false: nulls < stats.numRecords, unknown: false };
    }
    default:
      return compared(predicate, stats, fields);
  }
}

function joined(op: 'and' | 'or', one: Outcomes, other: Outcomes): Outcomes {
  if (op === 'or') {
    const { true: no, false: yes, unknown } = joined('and', negated(one), negated(other));
    return { true: yes, false: no, unknown };
  }
  return {
    true: one.true && other.true,
    false: one.false || other.false,
    unknown: (one.unknown && (other.true || other.unknown)) || (other.unknown && (one.true || one.unknown)),
  };
}

function negated({ true: yes, false: no, unknown }: Outcomes): Outcomes {
  return { true: no, false: yes, unknown };
}

const fieldOf = (name: string, fields: readonly ShareField[]) =>
  fields.find((field) => field.name.toLowerCase() === name.toLowerCase());

function nullsOf(column: string, stats: FileStats, fields: readonly ShareField[]): number | null {
  const field = fieldOf(column, fields);
  return field ? (stats.nullCount[field.name] ?? null) : null;
}

function compared(
  { op, column, value }: Extract<Predicate, { op: Comparison }>,
  stats: FileStats,
  fields: readonly ShareField[],
): Outcomes {
  const field = fieldOf(column, fields);
  if (!field) return ANY;
  if (value === null) return { true: false, false: false, unknown: true };
  const nulls = stats.nullCount[field.name];
  const unknown = nulls === undefined || nulls > 0;
  if (nulls === stats.numRecords) return { true: false, false: false, unknown };
  const order = orderOf(field.type);
  const [least, most] = [stats.minValues[field.name], stats.maxValues[field.name]];
  const sought = order?.(value);
  if (!order || sought === undefined || least === undefined || most === undefined) return { ...ANY, unknown };
  const [low, high] = [order(least), order(most)];
  if (low === undefined || high === undefined) return { ...ANY, unknown };
  return { ...boundsOutcomes(op, compare(low, sought), compare(high, sought)), unknown };
}

/**
 * From how the least and the greatest value stand to the one sought. Strict comparisons are taken as inclusive: bounds and
 * literals may have been rounded the same way, and a value more costs a file, a value less would cost rows.
 */
function boundsOutcomes(op: Comparison, low: number, high: number): { true: boolean; false: boolean } {
  switch (op) {
    case 'equal':
      return { true: low <= 0 && high >= 0, false: true };
    case 'lessThan':
    case 'lessThanOrEqual':
      return { true: low <= 0, false: high >= 0 };
    case 'greaterThan':
    case 'greaterThanOrEqual':
      return { true: high >= 0, false: low <= 0 };
  }
}

type Ordered = number | Buffer;
const compare = (one: Ordered, other: Ordered): number =>
  typeof one === 'number' ? one - (other as number) : Buffer.compare(one, other as Buffer);

/** How values of a column are ordered; undefined for a value that has no place in that order. */
function orderOf(type: string): ((value: Literal) => Ordered | undefined) | null {
  if (/^(long|integer|short|byte|double|float|decimal)/.test(type)) return numberOf;
  if (type === 'string') return (value) => (typeof value === 'string' ? Buffer.from(value) : undefined);
  if (type === 'date')
    return (value) => (/^\d{4}-\d\d-\d\d$/.test(String(value)) ? Date.parse(`${value}T00:00:00Z`) : undefined);
  if (type === 'timestamp') return instantOf;
  return null;
}

function numberOf(value: Literal): number | undefined {
  const text = String(value);
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** Only with an offset: without one it would be read in a zone that the server does not know. */
function instantOf(value: Literal): number | undefined {
  const text = String(value);
  const found = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text.replace(' ', 'T'))
    : Number.NaN;
  return Number.isNaN(found) ? undefined : found;
}

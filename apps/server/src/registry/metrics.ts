import { join } from 'node:path';
import { sqlName, sqlText } from '../kernel/child/duck.ts';
import { ChildError } from '../kernel/child/error.ts';
import { readSchema } from './ingest/ingest.ts';
import type { Column, ColumnType, TableSchema } from './ingest/schema.ts';
import { type ColumnExpectation, type Dimension, type Expectations, profileLimits } from './profile.ts';

/** A metric before it is measured: SQL that counts the good rows (and, if not all rows, those it is counted over). */
export interface PlannedMetric {
  id: string;
  dimension: Dimension;
  column: string | null;
  zh: string;
  en: string;
  /** Aggregate expression over the table. */
  numerator: string;
  /** Aggregate expression; the number of rows when null. */
  denominator: string | null;
  threshold: string | null;
  /** A query of its own, when the metric is not over the table alone. Its two columns are numerator and denominator. */
  query: string | null;
}

const castTypes: Record<ColumnType, string> = {
  string: 'VARCHAR',
  integer: 'BIGINT',
  decimal: 'DECIMAL(38,10)',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
};

/**
 * The metrics that expectations ask for. Rules hold on values that are there: a missing one counts against completeness
 * only, so that each fault moves one metric.
 *
 * @throws ChildError profile.column, profile.limit
 */
export function planMetrics(schema: TableSchema, expectations: Expectations, table: string): PlannedMetric[] {
  const columns = new Map(schema.columns.map((column) => [column.name, column]));
  const known = (name: string): Column => {
    const column = columns.get(name);
    if (!column)
      throw new ChildError({
        code: 'profile.column',
        zh: `表中没有列“${name}”`,
        en: `The table has no column ${name}`,
        details: { column: name },
      });
    return column;
  };
  const planned = [
    ...completeness(schema, expectations),
    ...uniqueness(expectations, known),
    ...(expectations.columns ?? []).flatMap((each) => validity(each, known(each.column))),
    ...consistency(expectations, known),
    ...timeliness(expectations, known),
    ...accuracy(expectations, known, table),
  ];
  if (planned.length > profileLimits.metricsMax) {
    throw new ChildError({
      code: 'profile.limit',
      zh: `质量规则过多，最多 ${profileLimits.metricsMax} 条`,
      en: `At most ${profileLimits.metricsMax} quality rules`,
      details: { max: profileLimits.metricsMax },
    });
  }
  return planned;
}

const plain = { denominator: null, threshold: null, query: null };

/** Empty texts count as missing, as does a cell of blanks. */
function filled(column: Column): string {
  const name = sqlName(column.name);
  return column.type === 'string' ? `count(*) FILTER (WHERE trim(${name}) <> '')` : `count(${name})`;
}

function completeness(schema: TableSchema, expectations: Expectations): PlannedMetric[] {
  const thresholds = new Map(expectations.columns?.map((each) => [each.column, each.completeness ?? null]));
  const all = schema.columns.map((column) => filled(column)).join(' + ');
  return [
    {
      ...plain,
      id: 'completeness.overall',
      dimension: 'completeness',
      column: null,
      zh: '全部单元格中有值的占比',
      en: 'Cells that hold a value, of all cells',
      numerator: all || '0',
      denominator: `count(*) * ${schema.columns.length}`,
    },
    ...schema.columns.map(
      (column): PlannedMetric => ({
        ...plain,
        id: `completeness.column.${column.name}`,
        dimension: 'completeness',
        column: column.name,
        zh: `“${column.name}”有值的行占比`,
        en: `Rows in which ${column.name} holds a value`,
        numerator: filled(column),
        threshold: thresholds.get(column.name) ?? null,
      }),
    ),
  ];
}

function uniqueness({ key }: Expectations, known: (name: string) => Column): PlannedMetric[] {
  if (!key || key.length === 0) return [];
  const names = key.map((name) => sqlName(known(name).name));
  const present = names.map((name) => `${name} IS NOT NULL`).join(' AND ');
  return [
    {
      ...plain,
      id: 'uniqueness.key',
      dimension: 'uniqueness',
      column: key.length === 1 ? key[0]! : null,
      zh: `主键（${key.join('、')}）不同取值数与行数之比`,
      en: `Different values of the key (${key.join(', ')}), of all rows`,
      numerator: `count(DISTINCT (${names.length === 1 ? names[0] : `row(${names.join(', ')})`})) FILTER (WHERE ${present})`,
    },
  ];
}

function validity(expectation: ColumnExpectation, column: Column): PlannedMetric[] {
  const name = sqlName(column.name);
  const text = `CAST(${name} AS VARCHAR)`;
  const threshold = expectation.validity ?? null;
  const metric = (rule: string, good: string, zh: string, en: string): PlannedMetric => ({
    ...plain,
    id: `validity.${rule}.${column.name}`,
    dimension: 'validity',
    column: column.name,
    zh: `“${column.name}”${zh}`,
    en: `${column.name} ${en}`,
    numerator: `count(*) FILTER (WHERE ${name} IS NULL OR coalesce(${good}, false))`,
    threshold,
  });
  const metrics: PlannedMetric[] = [];
  const { type, pattern, min, max, oneOf } = expectation;
  if (type)
    metrics.push(
      metric('type', `TRY_CAST(${text} AS ${castTypes[type]}) IS NOT NULL`, `可读作 ${type}`, `reads as ${type}`),
    );
  if (pattern !== undefined) {
    within('patternLengthMax', pattern.length);
    metrics.push(
      metric('pattern', `regexp_full_match(${text}, ${sqlText(pattern)})`, '符合规定格式', 'has the required form'),
    );
  }
  if (min !== undefined || max !== undefined) {
    const as = castTypes[type ?? (column.type === 'string' ? 'decimal' : column.type)];
    const value = `TRY_CAST(${text} AS ${as})`;
    const bounds = [
      ...(min === undefined ? [] : [`${value} >= CAST(${sqlText(min)} AS ${as})`]),
      ...(max === undefined ? [] : [`${value} <= CAST(${sqlText(max)} AS ${as})`]),
    ];
    metrics.push(
      metric(
        'range',
        bounds.join(' AND '),
        `在 ${min ?? '−∞'} 与 ${max ?? '+∞'} 之间`,
        `lies between ${min ?? '−∞'} and ${max ?? '+∞'}`,
      ),
    );
  }
  if (oneOf) {
    within('oneOfMax', oneOf.length);
    metrics.push(
      metric(
        'oneOf',
        `${text} IN (${oneOf.map(sqlText).join(', ') || 'NULL'})`,
        `取自规定的 ${oneOf.length} 个值`,
        `is one of ${oneOf.length} permitted values`,
      ),
    );
  }
  return metrics;
}

function within(limit: 'patternLengthMax' | 'oneOfMax', count: number): void {
  const max = profileLimits[limit];
  if (count > max)
    throw new ChildError({
      code: 'profile.limit',
      zh: `质量规则过长，上限 ${max}`,
      en: `A quality rule is too long; the limit is ${max}`,
      details: { limit, max },
    });
}

function consistency(expectations: Expectations, known: (name: string) => Column): PlannedMetric[] {
  return (expectations.consistency ?? []).map((rule) => {
    const left = known(rule.left);
    const right =
      'column' in rule.right
        ? sqlName(known(rule.right.column).name)
        : `CAST(${sqlText(rule.right.value)} AS ${castTypes[left.type]})`;
    const compare = (['=', '<>', '<', '<=', '>', '>='] as const).find((each) => each === rule.compare) ?? '=';
    return {
      ...plain,
      id: `consistency.${rule.id}`,
      dimension: 'consistency',
      column: rule.left,
      zh: rule.zh,
      en: rule.en,
      // A comparison with a missing value is unknown, and unknown is no contradiction.
      numerator: `count(*) FILTER (WHERE (${sqlName(left.name)} ${compare} ${right}) IS NOT FALSE)`,
    };
  });
}

function timeliness(expectations: Expectations, known: (name: string) => Column): PlannedMetric[] {
  return (expectations.timeliness ?? []).map(({ column, asOf, ageDaysMax }) => {
    const value = `TRY_CAST(${sqlName(known(column).name)} AS TIMESTAMP)`;
    const end = `CAST(${sqlText(asOf)} AS TIMESTAMP)`;
    const days = Math.trunc(ageDaysMax);
    return {
      ...plain,
      id: `timeliness.${column}`,
      dimension: 'timeliness',
      column,
      zh: `“${column}”距 ${asOf} 不超过 ${days} 天的行占比`,
      en: `Rows whose ${column} is at most ${days} days before ${asOf}`,
      numerator: `count(*) FILTER (WHERE ${value} BETWEEN ${end} - to_days(${days}) AND ${end})`,
    };
  });
}

function accuracy(expectations: Expectations, known: (name: string) => Column, table: string): PlannedMetric[] {
  return (expectations.accuracy ?? []).map((rule) => {
    const reference = readSchema(rule.referenceFolder);
    const other = sqlText(join(rule.referenceFolder, reference.normal.file));
    const key = `CAST(ours.${sqlName(known(rule.key).name)} AS VARCHAR)`;
    const otherKey = `CAST(${sqlName(rule.referenceKey)} AS VARCHAR)`;
    const same = `CAST(ours.${sqlName(known(rule.column).name)} AS VARCHAR) IS NOT DISTINCT FROM theirs.value`;
    return {
      ...plain,
      id: `accuracy.${rule.column}`,
      dimension: 'accuracy',
      column: rule.column,
      zh: `与参照数据键值相符的行中，“${rule.column}”与参照一致的占比`,
      en: `Of the rows found in the reference, those whose ${rule.column} agrees with it`,
      numerator: '0',
      // One line per key: a reference that has a key twice must not count a row twice.
      query: `SELECT count(*) FILTER (WHERE ${same}), count(*) FROM ${table} AS ours JOIN (SELECT ${otherKey} AS key, any_value(CAST(${sqlName(rule.referenceColumn)} AS VARCHAR)) AS value FROM ${other} GROUP BY 1) AS theirs ON ${key} = theirs.key`,
    };
  });
}

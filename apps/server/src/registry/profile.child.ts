import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { openDuck, sqlName, sqlText } from '../kernel/child/duck.ts';
import { ChildError } from '../kernel/child/error.ts';
import { serveChild } from '../kernel/child/serve.ts';
import { readSchema } from './ingest/ingest.ts';
import type { Column } from './ingest/schema.ts';
import { type PlannedMetric, planMetrics } from './metrics.ts';
import { type ColumnProfile, type Metric, type ProfileInput, type ProfileResult, reachesFraction } from './profile.ts';

/** Aggregates of one statement: wide tables would else keep thousands of states in memory. */
const metricsPerQuery = 100;

serveChild<ProfileInput, ProfileResult>(async (input, context) => {
  const schema = readSchema(input.folder);
  const references = input.expectations.accuracy?.map((rule) => rule.referenceFolder) ?? [];
  const duck = await openDuck({
    folders: [input.folder, ...references],
    spillFolder: input.folder,
    memoryLimitMB: 400,
    threads: 2,
  });
  try {
    const table = sqlText(join(input.folder, schema.normal.file));
    const columns: ColumnProfile[] = [];
    for (const column of schema.columns) {
      columns.push(await profileColumn(duck, table, column, schema.rowCount, input));
      context.progress({ columns: columns.length, of: schema.columns.length });
    }
    const planned = planMetrics(schema, input.expectations, table);
    const metrics = await measure(duck, table, planned);
    return {
      columns,
      quality: {
        kind: 'selfCheck',
        digest: schema.normal.digest,
        rows: schema.rowCount,
        metrics,
        standard: 'GB/T 36344-2018',
      },
    };
  } finally {
    duck.closeSync();
    rmSync(join(input.folder, 'spill'), { recursive: true, force: true });
  }
});

async function profileColumn(
  duck: DuckDBConnection,
  table: string,
  column: Column,
  rows: number,
  input: ProfileInput,
): Promise<ColumnProfile> {
  const name = sqlName(column.name);
  const distinctExact = rows <= input.distinctExactRowsMax;
  const masked = input.personalColumns.includes(column.name);
  const isNumber = column.type === 'integer' || column.type === 'decimal';
  const isText = column.type === 'string';
  const facts = [
    `count(*) - count(${name})`,
    distinctExact ? `count(DISTINCT ${name})` : `approx_count_distinct(${name})`,
    masked ? 'NULL' : `CAST(min(${name}) AS VARCHAR)`,
    masked ? 'NULL' : `CAST(max(${name}) AS VARCHAR)`,
    isNumber && !masked ? `printf('%.6f', avg(${name}))` : 'NULL',
    isText ? `min(length(${name}))` : 'NULL',
    isText ? `max(length(${name}))` : 'NULL',
  ];
  const [nulls, distinct, min, max, mean, lengthMin, lengthMax] = await oneRow(
    duck,
    `SELECT ${facts.join(', ')} FROM ${table}`,
  );
  // By value where counts are equal, so that the same table gives the same profile.
  const frequent = `SELECT left(CAST(${name} AS VARCHAR), 200) AS value, count(*) FROM ${table} WHERE ${name} IS NOT NULL GROUP BY ${name} ORDER BY 2 DESC, 1 LIMIT ${input.topValuesMax}`;
  const top = masked ? [] : (await duck.runAndReadAll(frequent)).getRowsJS();
  const number = (value: unknown) => (value === null || value === undefined ? null : Number(value));
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value));
  return {
    name: column.name,
    type: column.type,
    rows,
    nulls: Number(nulls),
    distinct: Number(distinct),
    distinctExact,
    min: text(min),
    max: text(max),
    mean: text(mean),
    lengthMin: number(lengthMin),
    lengthMax: number(lengthMax),
    top: top.map(([value, count]) => ({ value: String(value), count: Number(count) })),
    masked,
  };
}

async function measure(duck: DuckDBConnection, table: string, planned: PlannedMetric[]): Promise<Metric[]> {
  const measured = new Map<PlannedMetric, [numerator: bigint, denominator: bigint]>();
  const together = planned.filter((metric) => metric.query === null);
  for (let from = 0; from < together.length; from += metricsPerQuery) {
    const batch = together.slice(from, from + metricsPerQuery);
    const sql = batch.map((metric) => `${metric.numerator}, ${metric.denominator ?? 'count(*)'}`).join(', ');
    const row = await oneRow(duck, `SELECT ${sql} FROM ${table}`);
    for (const [at, metric] of batch.entries()) measured.set(metric, [whole(row[at * 2]), whole(row[at * 2 + 1])]);
  }
  for (const metric of planned) {
    if (metric.query === null) continue;
    const row = await oneRow(duck, metric.query);
    measured.set(metric, [whole(row[0]), whole(row[1])]);
  }
  return planned.map((metric) => {
    const [numerator, denominator] = measured.get(metric)!;
    const value = denominator === 0n ? '1/1' : `${numerator}/${denominator}`;
    const { id, dimension, column, zh, en, threshold } = metric;
    const met = threshold === null ? null : reachesFraction(value, threshold);
    return {
      id,
      dimension,
      column,
      zh,
      en,
      numerator: String(numerator),
      denominator: String(denominator),
      value,
      threshold,
      met,
    };
  });
}

function whole(value: unknown): bigint {
  return BigInt(String(value ?? 0));
}

async function oneRow(duck: DuckDBConnection, sql: string): Promise<unknown[]> {
  try {
    return (await duck.runAndReadAll(sql)).getRowsJS()[0]!;
  } catch (error) {
    const text = error instanceof Error ? error.message.split('\n')[0] : String(error);
    // The rule's own text is what can be wrong here: a pattern that is none, a bound that is no number.
    throw new ChildError({
      code: 'profile.pattern',
      zh: '质量规则无法执行，请检查正则表达式与上下限',
      en: 'A quality rule cannot be run; check patterns and bounds',
      details: { text },
    });
  }
}

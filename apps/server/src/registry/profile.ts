import { type RunChild, runChild } from '../kernel/child/run.ts';
import type { JobOptions } from './ingest/ingest.ts';
import type { ColumnType } from './ingest/schema.ts';
import type { ColumnScan } from './scan/scan.ts';

/** What is known of one column by counting; every figure is over all rows, none is an estimate unless it says so. */
export interface ColumnProfile {
  name: string;
  type: ColumnType;
  rows: number;
  nulls: number;
  distinct: number;
  /** False above `distinctExactRowsMax`: then HyperLogLog, some percent off. */
  distinctExact: boolean;
  /** As text; masked (null) when the scan found personal information in the column. */
  min: string | null;
  max: string | null;
  /** Arithmetic mean of numbers, six decimals; null for other types. */
  mean: string | null;
  /** Characters of texts; null for other types. */
  lengthMin: number | null;
  lengthMax: number | null;
  /** Most frequent values; empty when the column is personal. */
  top: { value: string; count: number }[];
  masked: boolean;
}

/** Quality dimensions of GB/T 36344-2018. */
export type Dimension = 'completeness' | 'uniqueness' | 'validity' | 'consistency' | 'timeliness' | 'accuracy';

/**
 * One measured rule. The value is the exact fraction numerator/denominator; a fraction is never rounded before it is compared
 * with the threshold. Changing one cell of a table moves a column's metric by exactly 1/rows.
 */
export interface Metric {
  id: string;
  dimension: Dimension;
  column: string | null;
  zh: string;
  en: string;
  numerator: string;
  denominator: string;
  /** `numerator/denominator`, not reduced; '1/1' over no rows, where nothing can be wrong. */
  value: string;
  /** Two whole numbers as a fraction, such as 99/100; null without a threshold. */
  threshold: string | null;
  met: boolean | null;
}

export interface ColumnExpectation {
  column: string;
  /** A value that cannot be read as this type is invalid. */
  type?: ColumnType;
  /** RE2 expression that the whole text must match. */
  pattern?: string;
  /** Inclusive, compared as the declared type (decimal when none is declared). */
  min?: string;
  max?: string;
  oneOf?: string[];
  /** Least part of rows that must hold a value, as a fraction. */
  completeness?: string;
  /** Least part of rows that must be valid, as a fraction. */
  validity?: string;
}

export interface ConsistencyRule {
  id: string;
  left: string;
  compare: '=' | '<>' | '<' | '<=' | '>' | '>=';
  /** Another column, or a text read as the left column's type. */
  right: { column: string } | { value: string };
  zh: string;
  en: string;
}

export interface Expectations {
  /** Columns that together name a row. */
  key?: string[];
  columns?: ColumnExpectation[];
  consistency?: ConsistencyRule[];
  /** Rows whose time lies within so many days up to `asOf` (both ISO). A row without a time is not timely. */
  timeliness?: { column: string; asOf: string; ageDaysMax: number }[];
  /** Agreement with a reference table in normal form: of the rows whose key stands there, how many say the same. */
  accuracy?: { column: string; key: string; referenceFolder: string; referenceKey: string; referenceColumn: string }[];
}

export interface QualityReport {
  /** 平台自检: the platform's own counting, no third party's opinion. */
  kind: 'selfCheck';
  /** sha256 of the normal form that was counted, so that the report cannot be laid beside other data. */
  digest: string;
  rows: number;
  metrics: Metric[];
  standard: 'GB/T 36344-2018';
}

export interface ProfileResult {
  columns: ColumnProfile[];
  quality: QualityReport;
}

export interface ProfileInput {
  /** Folder of a normal form. */
  folder: string;
  expectations: Expectations;
  /** From the scan: values of these columns are not shown. */
  personalColumns: string[];
  topValuesMax: number;
  distinctExactRowsMax: number;
}

export const profileLimits = {
  topValuesMax: 10,
  distinctExactRowsMax: 2_000_000,
  metricsMax: 3_000,
  patternLengthMax: 500,
  oneOfMax: 1_000,
};

/**
 * Profiles a table and measures its quality, in a child process. Rejects with ChildError profile.column (unknown column),
 * profile.pattern, profile.limit, or a child.* code.
 */
export async function profileTable(
  request: { folder: string; expectations?: Expectations; scans?: ColumnScan[] },
  options: JobOptions = {},
): Promise<ProfileResult> {
  const run: RunChild = options.run ?? runChild;
  const input: ProfileInput = {
    folder: request.folder,
    expectations: request.expectations ?? {},
    personalColumns: (request.scans ?? []).filter((scan) => scan.personal).map((scan) => scan.column),
    topValuesMax: profileLimits.topValuesMax,
    distinctExactRowsMax: profileLimits.distinctExactRowsMax,
  };
  return run<ProfileResult>({
    script: new URL('./profile.child.ts', import.meta.url),
    input,
    timeLimitMs: options.timeLimitMs ?? 10 * 60_000,
    memoryLimitMB: options.memoryLimitMB ?? 384,
    onProgress: options.onProgress,
    signal: options.signal,
  });
}

/** Whether a ≥ b, both exact fractions with positive denominators. @throws SyntaxError when one is not two whole numbers. */
export function reachesFraction(a: string, b: string): boolean {
  const [aOver = '', aUnder = '1'] = a.split('/');
  const [bOver = '', bUnder = '1'] = b.split('/');
  return BigInt(aOver) * BigInt(bUnder) >= BigInt(bOver) * BigInt(aUnder);
}

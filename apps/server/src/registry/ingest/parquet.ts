import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlName } from '../../kernel/child/duck.ts';
import { ChildError } from '../../kernel/child/error.ts';
import { type Column, checkHeader, faultList, type IngestLimits, limitError } from './schema.ts';

/** A column of a foreign Parquet file with the expression that reads it into the normal form. */
export type ParquetColumn = Column & { read: string };

/** @throws ChildError ingest.parquet when the file is none, ingest.limit */
export async function parquetColumns(
  duck: DuckDBConnection,
  table: string,
  limits: IngestLimits,
): Promise<{ columns: ParquetColumn[]; rowCount: number }> {
  let described: [string, string][];
  let rowCount: number;
  try {
    described = (
      await duck.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${table})`)
    ).getRowsJS() as [string, string][];
    rowCount = Number((await duck.runAndReadAll(`SELECT count(*) FROM ${table}`)).getRowsJS()[0]![0]);
  } catch (error) {
    const text = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ChildError({
      code: 'ingest.parquet',
      zh: '无法读取该 Parquet 文件',
      en: 'The Parquet file cannot be read',
      details: { text },
    });
  }
  if (rowCount > limits.rowsMax)
    throw limitError('rowsMax', limits.rowsMax, `共 ${rowCount} 行`, `There are ${rowCount} rows`);
  const faults = faultList(limits.faultsListedMax);
  checkHeader(
    described.map(([name]) => name),
    limits,
    faults,
  );
  if (faults.count > 0) {
    const first = faults.listed[0]!;
    throw new ChildError({
      code: 'ingest.faults',
      zh: first.zh,
      en: first.en,
      details: { count: faults.count, faults: faults.listed },
    });
  }
  const columns = described.map(([name, storage]) => ({ name, nullable: true, ...reading(sqlName(name), storage) }));
  return { columns, rowCount };
}

/** Types outside the six become text without loss: nested ones as JSON, bytes as base64. */
function reading(name: string, storage: string): Pick<ParquetColumn, 'type' | 'storage' | 'zone' | 'read'> {
  if (/^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER)$/.test(storage)) {
    return { type: 'integer', storage: 'BIGINT', read: `CAST(${name} AS BIGINT)` };
  }
  if (/^(UBIGINT|HUGEINT)$/.test(storage))
    return { type: 'decimal', storage: 'DECIMAL(38,0)', read: `CAST(${name} AS DECIMAL(38,0))` };
  if (/^DECIMAL/.test(storage)) return { type: 'decimal', storage, read: name };
  if (/^(FLOAT|DOUBLE)$/.test(storage)) return { type: 'decimal', storage: 'DOUBLE', read: `CAST(${name} AS DOUBLE)` };
  if (storage === 'BOOLEAN') return { type: 'boolean', storage, read: name };
  if (storage === 'DATE') return { type: 'date', storage, read: name };
  if (storage === 'TIMESTAMP WITH TIME ZONE') {
    return { type: 'timestamp', storage: 'TIMESTAMP', zone: 'utc', read: `${name} AT TIME ZONE 'UTC'` };
  }
  if (/^TIMESTAMP/.test(storage))
    return { type: 'timestamp', storage: 'TIMESTAMP', zone: 'none', read: `CAST(${name} AS TIMESTAMP)` };
  if (storage === 'BLOB') return { type: 'string', storage: 'VARCHAR', read: `base64(${name})` };
  if (/[[({]|^JSON$/.test(storage) && !/^ENUM/.test(storage))
    return { type: 'string', storage: 'VARCHAR', read: `CAST(to_json(${name}) AS VARCHAR)` };
  return { type: 'string', storage: 'VARCHAR', read: `CAST(${name} AS VARCHAR)` };
}

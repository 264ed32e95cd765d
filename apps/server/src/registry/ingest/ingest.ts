import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ChildError } from '../../kernel/child/error.ts';
import { type RunChild, runChild } from '../../kernel/child/run.ts';
import { type ColumnType, type IngestLimits, ingestLimits, type SourceFormat, type TableSchema } from './schema.ts';

export interface IngestRequest {
  /** The uploaded file as it is; it is only read. */
  path: string;
  /** The object's folder; receives rows.parquet, schema.json and, when asked, faults.ndjson. */
  folder: string;
  format: SourceFormat;
  /** Whether the first record names the columns; true when absent. */
  header?: boolean;
  delimiter?: string;
  /** xlsx: name, or number from 1. */
  sheet?: string | number;
  /** Unquoted cells that mean "no value", besides the empty one. */
  nullTokens?: string[];
  /** Declared types by column name; a value that does not fit is a fault. Other columns are inferred. */
  types?: Record<string, ColumnType>;
  /** Keep faulty rows word by word in faults.ndjson and go on, instead of refusing the file. */
  setAsideFaults?: boolean;
  limits?: Partial<IngestLimits>;
}

/** The request with every default filled in, as the child gets it. */
export interface IngestInput {
  path: string;
  folder: string;
  format: SourceFormat;
  header: boolean;
  delimiter: string | null;
  sheet: string | number | null;
  nullTokens: string[];
  types: Record<string, ColumnType>;
  setAsideFaults: boolean;
  limits: IngestLimits;
}

export interface JobOptions {
  timeLimitMs?: number;
  memoryLimitMB?: number;
  onProgress?: (progress: unknown) => void;
  signal?: AbortSignal;
  run?: RunChild;
}

/** What ingestion puts into the object's folder, for good or while at work. `schema.json` comes last: with it, all is there. */
const productNames = ['schema.json', 'schema.json.new', 'rows.parquet', 'faults.ndjson', '.rows.csv', 'spill'];

/**
 * Brings an upload into the normal form (typed Parquet and a schema) in a child process. All or nothing: a file with faults
 * is refused with the exact rows and columns, unless `setAsideFaults`.
 *
 * Rejects with ChildError: ingest.faults (details: count, faults, up to 20), ingest.limit, ingest.encoding,
 * ingest.quote-open, ingest.empty, ingest.xlsx, ingest.parquet, or a child.* code.
 */
export async function ingestFile(request: IngestRequest, options: JobOptions = {}): Promise<TableSchema> {
  mkdirSync(request.folder, { recursive: true });
  const input: IngestInput = {
    path: request.path,
    folder: request.folder,
    format: request.format,
    header: request.header ?? true,
    delimiter: request.delimiter ?? null,
    sheet: request.sheet ?? null,
    nullTokens: request.nullTokens ?? ['\\N'],
    types: request.types ?? {},
    setAsideFaults: request.setAsideFaults ?? false,
    limits: { ...ingestLimits, ...request.limits },
  };
  const run = options.run ?? runChild;
  const job = {
    script: new URL('./parse.child.ts', import.meta.url),
    input,
    timeLimitMs: options.timeLimitMs ?? 30 * 60_000,
    memoryLimitMB: options.memoryLimitMB ?? 768,
    onProgress: options.onProgress,
    signal: options.signal,
  };
  try {
    return await run<TableSchema>(job);
  } catch (error) {
    // A child that was killed could not tidy up.
    for (const name of productNames) rmSync(join(request.folder, name), { recursive: true, force: true });
    throw error;
  }
}

/** By the end of a file's name; null when it is none that can be read. */
export function formatOf(fileName: string): SourceFormat | null {
  const end = /\.([a-z0-9]+)$/i.exec(fileName)?.[1]?.toLowerCase();
  const formats: Record<string, SourceFormat> = {
    csv: 'csv',
    txt: 'csv',
    tsv: 'tsv',
    tab: 'tsv',
    xlsx: 'xlsx',
    ndjson: 'ndjson',
    jsonl: 'ndjson',
    parquet: 'parquet',
  };
  return (end && formats[end]) || null;
}

/** The schema beside a normal form. @throws ChildError ingest.schema when there is none of this version. */
export function readSchema(folder: string): TableSchema {
  const schema = JSON.parse(readFileSync(join(folder, 'schema.json'), 'utf8')) as TableSchema;
  if (schema.version !== 1)
    throw new ChildError({ code: 'ingest.schema', zh: '未知的结构版本', en: 'Unknown schema version' });
  return schema;
}

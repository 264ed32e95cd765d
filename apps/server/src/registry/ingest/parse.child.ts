import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuck, sqlName, sqlText } from '../../kernel/child/duck.ts';
import { ChildError } from '../../kernel/child/error.ts';
import { type ChildContext, serveChild } from '../../kernel/child/serve.ts';
import { detectEncoding, digestFile } from './encoding.ts';
import { castSql, columnObserver, fitsType } from './inference.ts';
import type { IngestInput } from './ingest.ts';
import { parquetColumns } from './parquet.ts';
import { delimitedSource, ndjsonSource, type Source, type SourceRow, sheetSource, textOf } from './records.ts';
import { type Column, type Fault, faultList, limitError, type TableSchema } from './schema.ts';

const normalFile = 'rows.parquet';
const faultsFile = 'faults.ndjson';
const writeBytes = 1024 * 1024;

serveChild<IngestInput, TableSchema>(async (input, context) => {
  const { limits } = input;
  const { size } = await stat(input.path);
  if (size > limits.bytesMax)
    throw limitError('bytesMax', limits.bytesMax, `文件有 ${size} 字节`, `The file has ${size} bytes`);
  if (size === 0) throw new ChildError({ code: 'ingest.empty', zh: '文件是空的', en: 'The file is empty' });
  const { digest, bytes } = await digestFile(input.path);
  const head = { version: 1 as const, format: input.format, digest, bytes };
  const body = input.format === 'parquet' ? await fromParquet(input) : await fromRows(input, context);
  const normal = await digestFile(join(input.folder, normalFile));
  const schema: TableSchema = { ...head, ...body, normal: { file: normalFile, ...normal } };
  for (const name of [normalFile, ...(body.setAside.file ? [body.setAside.file] : [])]) keep(join(input.folder, name));
  writeFileSync(join(input.folder, 'schema.json.new'), `${JSON.stringify(schema, null, 2)}\n`, { flush: true });
  renameSync(join(input.folder, 'schema.json.new'), join(input.folder, 'schema.json'));
  keep(input.folder);
  return schema;
});

/** Onto the disk, so that what is acknowledged survives a power cut. A folder is kept for the names in it. */
function keep(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

type Body = Omit<TableSchema, 'version' | 'format' | 'digest' | 'bytes' | 'normal'>;

async function fromParquet(input: IngestInput): Promise<Body> {
  const duck = await openDuck({
    folders: [input.folder],
    files: [input.path],
    spillFolder: input.folder,
    memoryLimitMB: 400,
    threads: 2,
  });
  try {
    const table = `read_parquet(${sqlText(input.path)})`;
    const { columns, rowCount } = await parquetColumns(duck, table, input.limits);
    const selected = columns.map((column) => `${column.read} AS ${sqlName(column.name)}`).join(', ');
    await duck.run(copySql(`SELECT ${selected} FROM ${table}`, input.folder));
    const counted = await withNulls(duck, columns, input.folder);
    return {
      columns: counted,
      rowCount,
      encoding: null,
      delimiter: null,
      setAside: { count: 0, file: null },
      warnings: [],
    };
  } finally {
    duck.closeSync();
    rmSync(join(input.folder, 'spill'), { recursive: true, force: true });
  }
}

async function fromRows(input: IngestInput, context: ChildContext): Promise<Body> {
  const faults = faultList(input.limits.faultsListedMax);
  const warnings = faultList(input.limits.faultsListedMax);
  const encoding = input.format === 'xlsx' ? null : await detectEncoding(input.path);
  const source = await openSource(input, encoding, faults, warnings);
  // Without usable names the rows below would only repeat the fault.
  if (faults.count > 0) throw faultsError(faults.listed, faults.count);
  const draft = join(input.folder, '.rows.csv');
  try {
    const read = await writeDraft(input, source, draft, faults, context);
    if (faults.count > 0 && !input.setAsideFaults) throw faultsError(faults.listed, faults.count);
    const columns = await castDraft(input, read.columns, draft);
    const setAside = { count: read.setAside, file: read.setAside > 0 ? faultsFile : null };
    return {
      columns,
      rowCount: read.rowCount,
      encoding,
      delimiter: source.delimiter,
      setAside,
      warnings: [...warnings.listed, ...(input.setAsideFaults ? faults.listed : [])],
    };
  } finally {
    rmSync(draft, { force: true });
    rmSync(join(input.folder, 'spill'), { recursive: true, force: true });
  }
}

function openSource(
  input: IngestInput,
  encoding: TableSchema['encoding'],
  faults: ReturnType<typeof faultList>,
  warnings: ReturnType<typeof faultList>,
): Promise<Source> {
  const { limits, header } = input;
  if (input.format === 'xlsx') return sheetSource(input.path, { sheet: input.sheet, header }, limits, faults, warnings);
  if (input.format === 'ndjson') return ndjsonSource(input.path, encoding!, limits, faults);
  const delimiter = input.delimiter ?? (input.format === 'tsv' ? '\t' : null);
  return delimitedSource(input.path, encoding!, { header, delimiter, nullTokens: input.nullTokens }, limits, faults);
}

/** First pass: checks every row, watches the types, and writes all cells as text into a draft that DuckDB can cast at speed. */
async function writeDraft(
  input: IngestInput,
  source: Source,
  draft: string,
  faults: ReturnType<typeof faultList>,
  context: ChildContext,
) {
  const { limits } = input;
  const observers = source.names.map(() => columnObserver());
  const declared = source.names.map((name) => input.types[name] ?? null);
  const out = openSync(draft, 'w');
  const aside = input.setAsideFaults ? openSync(join(input.folder, faultsFile), 'w') : null;
  let rowCount = 0;
  let setAside = 0;
  let text = '';
  try {
    for await (const batch of source.rows) {
      for (const row of batch) {
        const found = row.fault ?? cellFault(row, source.names, declared, limits.cellLengthMax);
        if (found) {
          faults.add(found);
          setAside += 1;
          if (aside !== null)
            writeSync(
              aside,
              `${JSON.stringify({ row: row.row, line: row.line, fault: found.code, raw: row.raw ?? row.cells.map(textOf) })}\n`,
            );
          continue;
        }
        rowCount += 1;
        if (rowCount > limits.rowsMax)
          throw limitError('rowsMax', limits.rowsMax, '行数过多', 'There are too many rows');
        // The row number comes first: a row of one missing cell would else be a blank line, which readers pass over.
        text += rowCount;
        for (let at = 0; at < row.cells.length; at += 1) {
          const cell = row.cells[at]!;
          text += ',';
          if (cell === null) continue;
          const textual = typeof cell !== 'string';
          const value = textual ? cell.value : cell;
          if (value !== '') observers[at]!.observe(value, textual && declared[at] === null);
          text += `"${value.includes('"') ? value.replaceAll('"', '""') : value}"`;
        }
        text += '\n';
        if (text.length > writeBytes) {
          writeSync(out, text);
          text = '';
          context.progress({ rows: rowCount });
        }
      }
    }
    writeSync(out, text);
  } finally {
    closeSync(out);
    if (aside !== null) closeSync(aside);
  }
  if (aside !== null && setAside === 0) rmSync(join(input.folder, faultsFile));
  const columns = observers.map((observer, at) => ({
    name: source.names[at]!,
    nullable: true,
    ...settledType(observer.result(), declared[at]!),
  }));
  return { columns, rowCount, setAside };
}

function settledType(
  inferred: Pick<Column, 'type' | 'storage' | 'zone'>,
  declared: Column['type'] | null,
): Pick<Column, 'type' | 'storage' | 'zone'> {
  if (declared === null || declared === inferred.type) return inferred;
  if (declared === 'timestamp') return { type: 'timestamp', storage: 'TIMESTAMP', zone: 'none' };
  // Only whole numbers come here as declared decimals: with a fraction, decimal would also have been inferred.
  const storage = { string: 'VARCHAR', integer: 'BIGINT', decimal: 'DECIMAL(38,0)', boolean: 'BOOLEAN', date: 'DATE' }[
    declared
  ];
  return { type: declared, storage };
}

function cellFault(
  row: SourceRow,
  names: string[],
  declared: (Column['type'] | null)[],
  cellLengthMax: number,
): Fault | null {
  for (let at = 0; at < row.cells.length; at += 1) {
    const value = textOf(row.cells[at]!);
    if (value === null) continue;
    const type = declared[at];
    const tooLong = value.length > cellLengthMax;
    const hasNul = value.includes('\0');
    const misfit = type !== null && type !== undefined && value !== '' && !fitsType(value, type);
    if (!tooLong && !hasNul && !misfit) continue;
    const column = names[at]!;
    const place = { row: row.row, ...(row.line === undefined ? {} : { line: row.line }), column };
    const zh = `第 ${row.row} 行“${column}”`;
    const en = `row ${row.row}, ${column}: `;
    if (tooLong)
      return {
        code: 'cell.length',
        ...place,
        zh: `${zh}超过 ${cellLengthMax} 个字符`,
        en: `${en}more than ${cellLengthMax} characters`,
      };
    if (hasNul) return { code: 'cell.control', ...place, zh: `${zh}含有空字符`, en: `${en}holds a NUL character` };
    return { code: 'cell.type', ...place, zh: `${zh}不是 ${type}`, en: `${en}not a valid ${type}` };
  }
  return null;
}

/** Second pass: the draft, cast column by column, becomes Parquet. */
async function castDraft(input: IngestInput, columns: Column[], draft: string): Promise<Column[]> {
  const duck = await openDuck({ folders: [input.folder], spillFolder: input.folder, memoryLimitMB: 400, threads: 2 });
  try {
    // Neutral names: those of the file may hold anything, and DuckDB compares names without regard to case.
    const spec = ["'r': 'BIGINT'", ...columns.map((_, at) => `'c${at}': 'VARCHAR'`)].join(', ');
    // Quoted rows may be long: a buffer must hold several of them.
    const read = `read_csv(${sqlText(draft)}, auto_detect=false, header=false, delim=',', quote='"', escape='"', nullstr='', allow_quoted_nulls=false, columns={${spec}}, max_line_size=${64 * 1024 * 1024}, buffer_size=${128 * 1024 * 1024}, parallel=false)`;
    const selected = columns.map((column, at) => `${castSql(`c${at}`, column)} AS ${sqlName(column.name)}`).join(', ');
    await duck.run(copySql(`SELECT ${selected} FROM ${read}`, input.folder));
    return await withNulls(duck, columns, input.folder);
  } finally {
    duck.closeSync();
  }
}

function copySql(select: string, folder: string): string {
  return `COPY (${select}) TO ${sqlText(join(folder, normalFile))} (FORMAT parquet, COMPRESSION zstd)`;
}

async function withNulls(
  duck: Awaited<ReturnType<typeof openDuck>>,
  columns: Column[],
  folder: string,
): Promise<Column[]> {
  const counts = columns.map((column) => `count(*) > count(${sqlName(column.name)})`).join(', ');
  const reader = await duck.runAndReadAll(`SELECT ${counts} FROM ${sqlText(join(folder, normalFile))}`);
  const row = reader.getRowsJS()[0]!;
  return columns.map(({ name, type, storage, zone }, at) => ({
    name,
    type,
    nullable: row[at] === true,
    storage,
    ...(zone ? { zone } : {}),
  }));
}

function faultsError(listed: Fault[], count: number): ChildError {
  return new ChildError({
    code: 'ingest.faults',
    zh: `文件有 ${count} 处错误，第一处：${listed[0]!.zh}`,
    en: `The file has ${count} faults, the first: ${listed[0]!.en}`,
    details: { count, faults: listed },
  });
}

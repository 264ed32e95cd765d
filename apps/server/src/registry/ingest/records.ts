import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { readSheet } from 'read-excel-file/node';
import { ChildError } from '../../kernel/child/error.ts';
import { detectDelimiter, readCsv } from './csv.ts';
import { readText, type TextEncodingName } from './encoding.ts';
import { plainNumber } from './inference.ts';
import { checkHeader, type Fault, type FaultList, type IngestLimits, limitError } from './schema.ts';

/** Text that the source itself calls text (a JSON string), so that it cannot become a number. */
export class TextCell {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}
/** A cell on its way in. Delimited files give bare strings: they have millions of cells. */
export type Cell = string | TextCell;
export interface SourceRow {
  row: number;
  line?: number;
  cells: (Cell | null)[];
  fault?: Fault;
  /** The row as it stood, kept when it is set aside for `fault`; null means: the cells say it. */
  raw: unknown;
}
export interface Source {
  names: string[];
  delimiter: string | null;
  /** Batches, in the order of the file. */
  rows: AsyncIterable<SourceRow[]>;
}

export interface DelimitedOptions {
  header: boolean;
  delimiter: string | null;
  nullTokens: string[];
}

export async function delimitedSource(
  path: string,
  encoding: TextEncodingName,
  options: DelimitedOptions,
  limits: IngestLimits,
  faults: FaultList,
): Promise<Source> {
  const delimiter = options.delimiter ?? detectDelimiter(await startOf(path, encoding));
  const recordLengthMax = limits.cellLengthMax * 8;
  const batches = readCsv(readText(path, encoding), { delimiter, recordLengthMax });
  let first = await batches.next();
  while (!first.done && first.value.length === 0) first = await batches.next();
  if (first.done || first.value.length === 0) throw emptyFile();
  const start = first.value;
  const width = start[0]!.cells.length;
  const names = options.header
    ? checkHeader(start.shift()!.cells, limits, faults)
    : checkHeader(
        Array.from({ length: width }, (_, at) => `c${at + 1}`),
        limits,
        faults,
      );
  const nullTokens = new Set(options.nullTokens);

  async function* rows(): AsyncGenerator<SourceRow[]> {
    for (
      let batch: IteratorResult<typeof start> = { value: start, done: false };
      !batch.done;
      batch = await batches.next()
    ) {
      yield batch.value.map((record) => {
        const { row, line } = record;
        const { cells } = record;
        if (nullTokens.size > 0) dropTokens(cells, nullTokens);
        const fault = record.broken
          ? quoteFault(row, line)
          : widthFault(row, line, cells.length, width, options.header);
        return fault ? { row, line, cells, raw: record.broken ?? cells, fault } : { row, line, cells, raw: null };
      });
    }
  }
  return { names, delimiter, rows: rows() };
}

function dropTokens(cells: (string | null)[], tokens: Set<string>): void {
  for (let at = 0; at < cells.length; at += 1) {
    const cell = cells[at]!;
    if (cell !== null && tokens.has(cell)) cells[at] = null;
  }
}

async function startOf(path: string, encoding: TextEncodingName): Promise<string> {
  for await (const piece of readText(path, encoding)) return piece.slice(0, 65_536);
  return '';
}

function widthFault(row: number, line: number, found: number, width: number, header: boolean): Fault | null {
  if (found === width) return null;
  return {
    code: 'row.width',
    row,
    line,
    zh: `第 ${row} 行有 ${found} 个单元格，${header ? '表头' : '首行'}有 ${width} 个`,
    en: `row ${row} has ${found} cells, the ${header ? 'header' : 'first row'} has ${width}`,
  };
}

function quoteFault(row: number, line: number): Fault {
  return {
    code: 'row.quote',
    row,
    line,
    zh: `第 ${row} 行：引号闭合后还有文字`,
    en: `row ${row}: text follows a closing quote`,
  };
}

function emptyFile(): ChildError {
  return new ChildError({ code: 'ingest.empty', zh: '文件中没有数据', en: 'The file holds no data' });
}

/** One JSON object a line. Columns are the union of all keys in order of appearance, so the file is read twice. */
export async function ndjsonSource(
  path: string,
  encoding: TextEncodingName,
  limits: IngestLimits,
  faults: FaultList,
): Promise<Source> {
  const keys = new Set<string>();
  for await (const lines of jsonLines(path, encoding, limits)) {
    for (const { text } of lines) {
      const value = parsedObject(text);
      if (value) for (const key in value) keys.add(key);
      if (keys.size > limits.columnsMax)
        throw limitError('columnsMax', limits.columnsMax, '字段过多', 'There are too many fields');
    }
  }
  if (keys.size === 0) throw emptyFile();
  const names = [...keys];
  checkHeader(names, limits, faults);

  async function* rows(): AsyncGenerator<SourceRow[]> {
    for await (const lines of jsonLines(path, encoding, limits)) {
      yield lines.map(({ text, line }) => {
        const value = parsedObject(text, true);
        if (value) return { row: line, line, cells: names.map((name) => jsonCell(value[name])), raw: text };
        const fault = {
          code: 'row.json',
          row: line,
          line,
          zh: `第 ${line} 行不是 JSON 对象`,
          en: `line ${line} is not a JSON object`,
        };
        return { row: line, line, cells: [], fault, raw: text };
      });
    }
  }
  return { names, delimiter: null, rows: rows() };
}

async function* jsonLines(
  path: string,
  encoding: TextEncodingName,
  limits: IngestLimits,
): AsyncGenerator<{ text: string; line: number }[]> {
  const lines = createInterface({
    input: Readable.from(readText(path, encoding)),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let batch: { text: string; line: number }[] = [];
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.length > limits.cellLengthMax * 16)
      throw limitError('cellLengthMax', limits.cellLengthMax, `第 ${line} 行过长`, `Line ${line} is too long`);
    if (text.trim() !== '') batch.push({ text, line });
    if (batch.length >= 1_000) {
      yield batch;
      batch = [];
    }
  }
  yield batch;
}

/** Numbers that a double may not hold, or that JavaScript would print otherwise. */
const delicateNumber = /\d{16}|\d\.\d|\d[eE][+-]?\d|-0/;

function parsedObject(text: string, exact = false): Record<string, unknown> | null {
  try {
    const value: unknown = exact && delicateNumber.test(text) ? JSON.parse(text, sourceNumbers) : JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(this.text);
  }
}

/** Keeps each number as it is written (JSON.parse source text access), since 0.10 and 9007199254740993 are not doubles. */
function sourceNumbers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined ? new NumberText(context.source) : value;
}

function jsonCell(value: unknown): Cell | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return new TextCell(value);
  if (typeof value === 'number' || typeof value === 'boolean') return plainNumber(String(value));
  if (value instanceof NumberText) return plainNumber(value.text);
  return new TextCell(JSON.stringify(value));
}

export function textOf(cell: Cell | null): string | null {
  return cell instanceof TextCell ? cell.value : cell;
}

export interface SheetOptions {
  /** Name, or number from 1; the first when absent. */
  sheet: string | number | null;
  header: boolean;
}

/** A spreadsheet is read whole (the format is a zip of XML), so its unpacked size is checked before. */
export async function sheetSource(
  path: string,
  options: SheetOptions,
  limits: IngestLimits,
  faults: FaultList,
  warnings: FaultList,
): Promise<Source> {
  await checkArchive(path, limits);
  let data: unknown[][];
  try {
    const reading = { trim: false, parseNumber: (text: string) => new NumberText(text) };
    data = (await readSheet(await readFile(path), options.sheet ?? 1, reading as object)) as unknown[][];
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new ChildError({
      code: 'ingest.xlsx',
      zh: '无法读取该电子表格',
      en: 'The spreadsheet cannot be read',
      details: { text },
    });
  }
  if (data.length === 0) throw emptyFile();
  const width = data[0]!.length;
  const titles = options.header
    ? data[0]!.map((cell) => textOf(sheetCell(cell)))
    : data[0]!.map((_, at) => `c${at + 1}`);
  const names = checkHeader(titles, limits, faults);
  async function* rows(): AsyncGenerator<SourceRow[]> {
    for (let at = options.header ? 1 : 0; at < data.length; at += 1_000) {
      yield data.slice(at, at + 1_000).map((cells, offset) => {
        const row = at + offset + 1;
        for (const [column, cell] of cells.entries()) {
          if (cell instanceof NumberText) warnAboutPrecision(cell.text, row, names[column] ?? '', warnings);
        }
        const padded = Array.from({ length: Math.max(width, cells.length) }, (_, column) => sheetCell(cells[column]));
        const fault = widthFault(row, row, padded.length, width, options.header);
        return { row, cells: padded, raw: padded.map(textOf), ...(fault ? { fault } : {}) };
      });
    }
  }
  return { names, delimiter: null, rows: rows() };
}

function sheetCell(cell: unknown): Cell | null {
  if (cell === null || cell === undefined) return null;
  if (cell instanceof NumberText) return plainNumber(cell.text);
  if (cell instanceof Date) {
    const text = cell.toISOString();
    return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 19).replace('T', ' ');
  }
  return typeof cell === 'string' ? new TextCell(cell) : String(cell);
}

/** Excel keeps 15 significant digits: a longer number was already changed when the file was saved. */
function warnAboutPrecision(text: string, row: number, column: string, warnings: FaultList): void {
  const digits = plainNumber(text)
    .replace(/^-?0*\.?0*/, '')
    .replace('.', '')
    .replace(/0+$/, '');
  if (!/^\d{16,}$/.test(plainNumber(text).replace('-', '')) || digits.length === 0) return;
  warnings.add({
    code: 'xlsx.precision',
    row,
    column,
    zh: `第 ${row} 行“${column}”是 16 位以上的数字，表格软件只保留 15 位，末位可能已丢失；请改为文本格式`,
    en: `row ${row}, ${column}: a number of 16 or more digits; spreadsheets keep 15, so its end may be lost; store it as text`,
  });
}

/** Reads the table of contents of the zip: sizes that unpack to more than the limits are refused before unpacking. */
export async function checkArchive(path: string, limits: IngestLimits): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, 65_557));
    await file.read(tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    if (end < 0 || end + 22 > tail.length) throw notArchive();
    const directory = Buffer.alloc(Math.min(tail.readUInt32LE(end + 12), 16 * 1024 * 1024));
    await file.read(directory, 0, directory.length, tail.readUInt32LE(end + 16));
    let unpacked = 0;
    for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === 0x02014b50; ) {
      unpacked += directory.readUInt32LE(at + 24);
      at += 46 + directory.readUInt16LE(at + 28) + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    if (unpacked > limits.unpackedBytesMax)
      throw limitError(
        'unpackedBytesMax',
        limits.unpackedBytesMax,
        `解压后 ${unpacked} 字节`,
        `It unpacks to ${unpacked} bytes`,
      );
    if (unpacked > size * limits.unpackedRatioMax) {
      throw limitError(
        'unpackedRatioMax',
        limits.unpackedRatioMax,
        `压缩比 ${Math.round(unpacked / size)}`,
        `It unpacks ${Math.round(unpacked / size)} fold`,
      );
    }
  } finally {
    await file.close();
  }
}

function notArchive(): ChildError {
  return new ChildError({
    code: 'ingest.xlsx',
    zh: '文件不是 xlsx 电子表格',
    en: 'The file is not an xlsx spreadsheet',
  });
}

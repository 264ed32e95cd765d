import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import {
  makeSynthetic,
  marker,
  type Row,
  type Surveyed,
  type Synthetic,
  survey,
  syntheticPlaces,
} from '@shugu/watermark';
import { openDucks, sqlName, sqlText } from '../../kernel/child/duck.ts';
import { ChildError } from '../../kernel/child/error.ts';
import { type ChildContext, serveChild } from '../../kernel/child/serve.ts';
import { donorsMax, markRows, place } from '../share/marks.ts';
import type { CopyInput, CopyResult } from './copy.ts';
import { type Encoding, sameNames } from './form.ts';
import { csvLines, jsonLines, type Line, withTokens, withValues } from './lines.ts';

const memoryLimitMB = 400;
const pieceBytes = 262_144;
const file = 'copy';

serveChild<CopyInput, CopyResult>((input, context) => {
  mkdirSync(input.folder, { recursive: true });
  return input.form.kind === 'parquet' ? copyParquet(input) : copyText(input, context);
});

const unreadable = (zh: string, en: string): ChildError => new ChildError({ code: 'copy.unreadable', zh, en });
const otherColumns = () =>
  unreadable('文件的字段与数据字典不一致', 'The columns of the file are not those of the dictionary');

async function copyParquet({ source, folder, columns, watermark }: CopyInput): Promise<CopyResult> {
  const [duck, writer] = (await openDucks(
    { folders: [folder], files: [source], spillFolder: folder, memoryLimitMB, threads: 1 },
    2,
  )) as [DuckDBConnection, DuckDBConnection];
  try {
    const described = await duck
      .runAndReadAll(`SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet(${sqlText(source)}))`)
      .catch(() => {
        throw unreadable('无法读取该 Parquet 文件', 'The Parquet file cannot be read');
      });
    const names = described.getRowsJS().map(([name]) => String(name));
    if (!sameNames(names, columns)) throw otherColumns();
    const own = names.map(sqlName).join(', ');
    const rows = `SELECT file_row_number AS ${place}, ${own} FROM read_parquet(${sqlText(source)}, file_row_number = true)`;
    const marked = await markRows({ duck, writer }, watermark, rows);
    const target = join(folder, file);
    const written = await duck.runAndReadAll(
      `COPY (${marked.select}) TO ${sqlText(target)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    return { file, rows: Number(written.getRowsJS()[0]![0]), synthetic: marked.synthetic };
  } finally {
    writer.closeSync();
    duck.closeSync();
  }
}

/** Read twice: once to know its ranges and to draw what rows are made up from, once to write it. */
async function copyText(input: CopyInput, context: ChildContext): Promise<CopyResult> {
  const { columns, watermark, folder } = input;
  const encoding = await encodingOf(input.source);
  const alterable = Object.entries(watermark.altered)
    .filter(([column]) => columns.includes(column))
    .map(([column, maxChange]) => ({ column, maxChange }));
  const layout = { columns, alterable };
  const surveyor = survey(layout, donorsMax, (row) => readRow(cutOff((row as ReadRow)[own]), columns));
  for await (const lines of linesOf(input, encoding)) {
    surveyor.add(lines.flatMap((line) => (line.tokens ? [readRow(line, columns)] : [])));
    context.progress({ step: 'read' });
  }
  const surveyed = surveyor.result();
  const made = madeRows(input, surveyed);
  const mark = marker(layout, Buffer.from(watermark.key, 'hex'), surveyed.ranges);
  let rows = 0;
  const write = async function* () {
    if (encoding.mark) yield '\uFEFF';
    for await (const lines of linesOf(input, encoding)) {
      const moved = new Map<number, Map<string, string>>();
      const read = lines.map((line) => (line.tokens ? rowOf(line, columns) : {}));
      for (const { row, column, value } of mark(read))
        moved.set(row, (moved.get(row) ?? new Map<string, string>()).set(column, value));
      let text = '';
      for (const [at, line] of lines.entries()) {
        if (line.tokens) text += (made.texts.get(rows++) ?? []).join('');
        text += moved.has(at) ? withValues(line, moved.get(at)!) : line.raw;
      }
      yield text;
      context.progress({ rows });
    }
  };
  await pipeline(write, createWriteStream(join(folder, file), { flush: true }));
  return { file, rows: rows + made.count, synthetic: made.synthetic };
}

/** Beside a row's values, for the few of which others are made up: where they were read. */
const own = Symbol('line');
type ReadRow = Row & { [own]: Line };
const readRow = (line: Line, columns: readonly string[]): ReadRow =>
  Object.assign(rowOf(line, columns), { [own]: line });

/** A part of a string keeps the whole of it in memory: a piece of the file for each row that is kept. */
const cutOff = ({ raw, tokens }: Line): Line => ({
  raw: fresh(raw),
  tokens:
    tokens && new Map([...tokens].map(([column, one]) => [column, { ...one, value: one.value && fresh(one.value) }])),
});
const fresh = (text: string): string => Buffer.from(text, 'utf16le').toString('utf16le');

const rowOf = ({ tokens }: Line, columns: readonly string[]): Row =>
  Object.fromEntries(columns.map((column) => [column, tokens!.get(column)?.value ?? null]));

interface FoundEncoding {
  name: Encoding;
  /** Begins with a byte-order mark; so does a copy in UTF-8 of what was written otherwise, or spreadsheets misread it. */
  mark: boolean;
}

async function encodingOf(path: string): Promise<FoundEncoding> {
  let start = Buffer.alloc(0);
  for await (const piece of createReadStream(path, { end: 2 })) start = Buffer.concat([start, piece as Buffer]);
  if (start[0] === 0xff && start[1] === 0xfe) return { name: 'utf-16le', mark: true };
  if (await isIn(path, 'utf-8')) return { name: 'utf-8', mark: start.equals(Buffer.from([0xef, 0xbb, 0xbf])) };
  if (await isIn(path, 'gb18030')) return { name: 'gb18030', mark: true };
  throw unreadable('文件既不是 UTF-8 也不是 GB18030', 'The file is neither UTF-8 nor GB18030');
}

async function isIn(path: string, encoding: Encoding): Promise<boolean> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for await (const piece of createReadStream(path, { highWaterMark: pieceBytes }))
      decoder.decode(piece as Buffer, { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

async function* textOf(path: string, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes }))
    yield decoder.decode(piece as Buffer, { stream: true });
  yield decoder.decode();
}

const linesOf = ({ source, form }: CopyInput, { name }: FoundEncoding): AsyncGenerator<Line[]> =>
  form.kind === 'csv' ? csvLines(textOf(source, name), form) : jsonLines(textOf(source, name));

interface Made {
  count: number;
  /** As they are written, by the row before which they stand. */
  texts: Map<number, string[]>;
  synthetic: Synthetic | null;
}

/** In the very form of the file: each value as the row has it from which it was drawn, between the signs of some real row. */
function madeRows({ columns, watermark, form }: CopyInput, { donors, rows }: Surveyed): Made {
  const none: Made = { count: 0, texts: new Map(), synthetic: null };
  if (watermark.syntheticRows === 0) return none;
  const key = Buffer.from(watermark.key, 'hex');
  const synthetic = watermark.synthetic ?? makeSynthetic(columns, donors, { key, count: watermark.syntheticRows });
  if (!synthetic) return none;
  const lines = donors.map((row) => (row as ReadRow)[own]);
  const template = lines.reduce((best, line) => (line.tokens!.size > best.tokens!.size ? line : best));
  const ended = /[\r\n]$/.test(template.raw) ? template : { ...template, raw: `${template.raw}\n` };
  const written = new Map(columns.map((column) => [column, new Map<string | null, string>()]));
  for (const { raw, tokens } of lines)
    for (const [column, { from, to, value }] of tokens!) written.get(column)?.set(value, raw.slice(from, to));
  const nothing = form.kind === 'csv' ? '' : 'null';
  const texts = new Map<number, string[]>();
  const places = syntheticPlaces(key, synthetic.rows.length, Math.max(0, rows - 1));
  for (const [at, row] of synthetic.rows.entries()) {
    const tokens = new Map(columns.map((column) => [column, written.get(column)!.get(row[column] ?? null) ?? nothing]));
    texts.set(places[at]!, [...(texts.get(places[at]!) ?? []), withTokens(ended, tokens)]);
  }
  return { count: synthetic.rows.length, texts, synthetic };
}

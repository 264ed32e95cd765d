import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { findSynthetic, gather, type Row } from '@shugu/watermark';
import { openDuck, sqlName, sqlText } from '../../kernel/child/duck.ts';
import { ChildError } from '../../kernel/child/error.ts';
import { serveChild } from '../../kernel/child/serve.ts';
import type { EvidenceInput, EvidenceResult } from './evidence.ts';

const memoryLimitMB = 400;

serveChild<EvidenceInput, EvidenceResult>(async (input) => {
  mkdirSync(input.folder, { recursive: true });
  const duck = await openDuck({
    folders: [input.folder],
    files: [input.path],
    spillFolder: input.folder,
    memoryLimitMB,
    threads: 1,
  });
  try {
    const columns = await readRows(duck, input);
    const known = knownColumns(columns, input);
    const readers = input.layouts.map(({ layout, synthetics }) => {
      const present = layout.columns.filter((column) => known.has(column));
      return { synthetics, values: gather(layout, present), rows: findSynthetic(present) };
    });
    const select = [...known].map(([name, own]) => `CAST(${sqlName(own)} AS VARCHAR) AS ${sqlName(name)}`);
    let rowsRead = 0;
    if (select.length > 0) {
      const result = await duck.stream(`SELECT ${select.join(', ')} FROM rows`);
      for await (const batch of result.yieldRowObjects()) {
        rowsRead += batch.length;
        for (const reader of readers) {
          reader.values.add(batch as Row[]);
          if (reader.synthetics.length > 0) reader.rows.add(batch as Row[]);
        }
      }
    }
    const layouts = readers.map(({ values, rows, synthetics }) => {
      const { names, bits } = values.evidence();
      return {
        names: Buffer.from(names).toString('base64'),
        bits: Buffer.from(bits).toString('base64'),
        synthetics: synthetics.map((one) => rows.score(one)),
      };
    });
    const counted = await duck.runAndReadAll('SELECT count(*) FROM source');
    return { columns, rows: Number(counted.getRowsJS()[0]![0]), rowsRead, layouts };
  } finally {
    duck.closeSync();
    rmSync(input.folder, { recursive: true, force: true });
  }
});

const notTable = (what: string): ChildError =>
  new ChildError({
    code: 'trace.notTable',
    zh: `只能溯源数据表（CSV、NDJSON、Parquet）；此文件是 ${what}`,
    en: `Only tables are marked and traced (CSV, NDJSON, Parquet); this is ${what}`,
  });

/** By its first bytes, whatever its name says. */
async function sourceOf({ path }: EvidenceInput): Promise<'parquet' | 'json' | 'csv'> {
  let start = Buffer.alloc(0);
  for await (const piece of createReadStream(path, { end: 4095 })) start = Buffer.concat([start, piece as Buffer]);
  if (start.length === 0) throw notTable('空文件 / empty');
  const magic = start.subarray(0, 4).toString('latin1');
  if (magic === 'PAR1') return 'parquet';
  if (magic === '%PDF') throw notTable('PDF');
  if (magic.startsWith('PK')) throw notTable('ZIP / XLSX');
  if (start.includes(0)) throw notTable('二进制文件 / binary');
  return /^[\s\uFEFF]*[{[]/.test(start.toString('utf8')) ? 'json' : 'csv';
}

/** Makes the view `source` and the table `rows`; the file's columns. */
async function readRows(duck: DuckDBConnection, input: EvidenceInput): Promise<string[]> {
  const format = await sourceOf(input);
  const from = (path: string) =>
    ({
      parquet: `read_parquet(${sqlText(path)})`,
      json: `read_json(${sqlText(path)}, format = 'auto', maximum_object_size = 1048576)`,
      csv: `read_csv(${sqlText(path)}, all_varchar = true, header = true, null_padding = true, ignore_errors = true)`,
    })[format];
  const load = async (path: string) => {
    await duck.run(`CREATE OR REPLACE VIEW source AS SELECT * FROM ${from(path)}`);
    const described = await duck.runAndReadAll('SELECT column_name FROM (DESCRIBE source)');
    const columns = described.getRowsJS().map(([name]) => String(name));
    if (columns.length > input.columnsMax) throw notTable(`${columns.length} 列 / columns`);
    // Drawn the same way each time, so that a trace can be repeated.
    await duck.run(
      `CREATE OR REPLACE TABLE rows AS SELECT * FROM source USING SAMPLE reservoir(${input.rowsMax} ROWS) REPEATABLE (1)`,
    );
    return columns;
  };
  try {
    if (format !== 'csv') return await load(input.path);
    return await load(await inUtf8(input));
  } catch (error) {
    if (error instanceof ChildError) throw error;
    throw new ChildError({
      code: 'trace.unreadable',
      zh: '文件无法按数据表读取',
      en: 'The file cannot be read as a table',
      details: { text: String(error).split('\n')[0]?.slice(0, 300) },
    });
  }
}

/** What is not UTF-8 is taken for GB18030, as Chinese spreadsheets write it. */
async function inUtf8({ path, folder }: EvidenceInput): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const piece of createReadStream(path)) decoder.decode(piece as Buffer, { stream: true });
    return path;
  } catch {
    const target = join(folder, 'utf8.csv');
    const foreign = new TextDecoder('gb18030');
    await pipeline(
      createReadStream(path),
      async function* (pieces: AsyncIterable<Buffer>) {
        for await (const piece of pieces) yield foreign.decode(piece, { stream: true });
      },
      createWriteStream(target),
    );
    return target;
  }
}

/** From the names in copies to those in the file: the same but for case and spaces, as tools change them. */
function knownColumns(columns: readonly string[], { layouts }: EvidenceInput): Map<string, string> {
  const plain = (name: string) => name.normalize('NFC').trim().toLowerCase();
  const own = new Map(columns.map((name) => [plain(name), name]));
  const wanted = new Set(layouts.flatMap(({ layout }) => [...layout.columns]));
  return new Map(
    [...wanted].flatMap((name): [string, string][] => {
      const found = columns.includes(name) ? name : own.get(plain(name));
      return found === undefined ? [] : [[name, found]];
    }),
  );
}

/** The engine over cut Parquet files, in a process of its own: a piece of the rows as CSV for COPY, with its checksum. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { openDuck, sqlName, sqlText } from '../../kernel/child/duck.ts';
import { serveChild } from '../../kernel/child/serve.ts';
import { duckCsv, duckSums, duckTexts } from './columns.ts';
import { sumsOfFile } from './rowhash.ts';
import type { AskedInserts, AskedPiece } from './rows.ts';

let opened: Promise<DuckDBConnection> | undefined;

serveChild(async (asked: AskedPiece | AskedInserts) => {
  const { folder, file, to } = asked;
  if (dirname(to) !== folder || dirname(file) !== folder) throw new Error('a file outside its folder');
  // Warm: one connection for the life of the process, which serves one run.
  opened ??= openDuck({ folders: [folder], spillFolder: folder, memoryLimitMB: 256, threads: 1 });
  return 'inserts' in asked ? inserts(await opened, asked) : piece(await opened, asked);
});

/** One thread keeps them in their order, so that a run which goes on finds every row where it was. */
async function inserts(duck: DuckDBConnection, { file, fields, to }: AskedInserts): Promise<{ rows: number }> {
  if (!existsSync(to)) {
    const [part, columns] = [`${to}.part`, fields.map(({ name }) => sqlName(name)).join(', ')];
    const rows = `SELECT ${columns} FROM read_parquet(${sqlText(file)}) WHERE _change_type = 'insert'`;
    await duck.run(`COPY (${rows}) TO ${sqlText(part)} (FORMAT parquet)`);
    const written = openSync(part, 'r');
    fsyncSync(written);
    closeSync(written);
    renameSync(part, to);
  }
  const read = await duck.runAndReadAll(`SELECT count(*) FROM read_parquet(${sqlText(to)})`);
  return { rows: Number(read.getRowsJS()[0]![0]) };
}

async function piece(duck: DuckDBConnection, { file, fields, from, count, to, digest }: AskedPiece) {
  const texts = `SELECT ${duckTexts(fields)} FROM read_parquet(${sqlText(file)}, file_row_number = true)
    WHERE file_row_number >= ${from} AND file_row_number < ${from + count}`;
  const copy = (source: string) => duck.run(`COPY ${source} TO ${sqlText(to)} (${duckCsv})`);
  if (digest === 'hash64') {
    await copy(`(${texts})`);
    return { ...sumsOfFile(to), bytes: statSync(to).size };
  }
  // Turned into text once, for both uses.
  await duck.run(`CREATE OR REPLACE TEMP TABLE piece AS ${texts}`);
  await copy('piece');
  const read = await duck.runAndReadAll(duckSums(fields, 'piece'));
  const [rows, checksum] = read.getRowsJS()[0] as [bigint, string];
  return { rows: Number(rows), checksum, bytes: statSync(to).size };
}

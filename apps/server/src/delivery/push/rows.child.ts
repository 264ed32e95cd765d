/** The engine over cut Parquet files, in a process of its own: a piece of the rows as CSV for COPY, with its checksum. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { openDuck, sqlText } from '../../kernel/child/duck.ts';
import { serveChild } from '../../kernel/child/serve.ts';
import { duckCsv, duckSums, duckTexts } from './columns.ts';
import { sumsOfFile } from './rowhash.ts';
import type { AskedPiece } from './rows.ts';

let opened: Promise<DuckDBConnection> | undefined;

serveChild(async ({ folder, file, fields, from, count, to, digest }: AskedPiece) => {
  if (dirname(to) !== folder || dirname(file) !== folder) throw new Error('a file outside its folder');
  // Warm: one connection for the life of the process, which serves one run.
  opened ??= openDuck({ folders: [folder], spillFolder: folder, memoryLimitMB: 256, threads: 1 });
  const duck = await opened;
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
});

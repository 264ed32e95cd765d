import { createHash, createHmac } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ShareField, ShareFile } from '@shugu/gateway';
import { applyToRow } from '@shugu/policy';
import { openDucks, sqlName, sqlText } from '../../kernel/child/duck.ts';
import { ChildError } from '../../kernel/child/error.ts';
import { serveChild } from '../../kernel/child/serve.ts';
import type { CutInput, CutResult } from './cut.ts';
import { markRows, place } from './marks.ts';
import { fileStats } from './stats.ts';
import { type Column, keptSql, sourceColumns, writtenColumns, writtenSql } from './types.ts';

const memoryLimitMB = 400;
/** DuckDB's own size of a row group; a file is a whole number of them. */
const rowGroupRows = 122_880;

serveChild<CutInput, CutResult>(async (input, context) => {
  const work = join(input.folder, `work-${process.pid}`);
  mkdirSync(work, { recursive: true });
  const [duck, writer] = (await openDucks(
    {
      folders: [input.folder],
      files: [input.source],
      spillFolder: work,
      memoryLimitMB,
      threads: 1,
    },
    2,
  )) as [DuckDBConnection, DuckDBConnection];
  try {
    const source = `read_parquet(${sqlText(input.source)}, file_row_number = true)`;
    const known = await sourceColumns(duck, source);
    const written = writtenColumns(known, input);
    const masked = written.filter(({ mask }) => mask);
    const isCut = input.rowFilter.length > 0 || masked.length > 0;
    if (isCut) await judgeRows({ duck, writer }, source, known, masked, input);
    context.progress({ step: 'judged' });
    const select = written
      .map((column) => (column.mask ? `kept.m${masked.indexOf(column)}` : writtenSql(column)))
      .map((sql, at) => `${sql} AS ${sqlName(written[at]!.name)}`)
      .join(', ');
    const from = isCut ? `kept JOIN ${source} AS s ON s.file_row_number = kept.row_number` : `${source} AS s`;
    const order = isCut ? ' ORDER BY kept.row_number' : '';
    const marked = input.watermark
      ? await markRows(
          { duck, writer },
          input.watermark,
          `SELECT s.file_row_number AS ${place}, ${select} FROM ${from}`,
        )
      : { select: `SELECT ${select} FROM ${from}${order}`, synthetic: null };
    context.progress({ step: 'marked' });
    const fields = written.map(
      ({ name, spark, comment }): ShareField => ({ name, type: spark, ...(comment ? { comment } : {}) }),
    );
    const files = await writeFiles(duck, marked.select, input, work, fields);
    context.progress({ step: 'written' });
    const changes = input.before ? await writeChanges(duck, files, input.before.files, input, work, fields) : [];
    const rows = files.reduce((sum, { file }) => sum + file.stats.numRecords, 0);
    return { fields, files, changes, rows, synthetic: marked.synthetic };
  } catch (error) {
    if (error instanceof ChildError || !/Conversion Error/.test(String(error))) throw error;
    throw new ChildError({
      code: 'share.columns',
      zh: '新数据的某一字段与首次发布的类型不符',
      en: 'A column of the new data does not fit its type as first published',
      details: { text: String(error).split('\n')[0] },
    });
  } finally {
    writer.closeSync();
    duck.closeSync();
    rmSync(work, { recursive: true, force: true });
  }
});

/**
 * Which rows pass and what stands for their masked values: judged row by row by the one function of all paths, never
 * translated to SQL, on values in the form in which the look-up judges them.
 */
async function judgeRows(
  { duck, writer }: { duck: DuckDBConnection; writer: DuckDBConnection },
  source: string,
  known: Column[],
  masked: Column[],
  { masks, rowFilter, maskKey }: CutInput,
): Promise<void> {
  const needed = known.filter(
    ({ name }) => masked.some((one) => one.name === name) || rowFilter.some((one) => one.column === name),
  );
  const hash = (value: string) => {
    if (maskKey === null) throw new Error('a mask without its key');
    return createHmac('sha256', Buffer.from(maskKey, 'hex')).update(value).digest('base64url').slice(0, 22);
  };
  const effects = { columns: masked.map(({ name }) => name), masks, rowFilter };
  await duck.run(`CREATE TABLE kept (row_number BIGINT${masked.map((_, at) => `, m${at} VARCHAR`).join('')})`);
  const appender = await writer.createAppender('kept');
  const result = await duck.stream(
    `SELECT file_row_number${needed.map((one) => `, ${keptSql(one)}`).join('')} FROM ${source}`,
  );
  for await (const batch of result.yieldRowsJs())
    for (const [rowNumber, ...values] of batch) {
      const row = Object.fromEntries(needed.map(({ name }, at) => [name, values[at]]));
      const seen = applyToRow(effects, row, hash);
      if (seen === null) continue;
      appender.appendBigInt(rowNumber as bigint);
      for (const { name } of masked) {
        const value = seen[name] ?? null;
        if (value === null) appender.appendNull();
        else appender.appendVarchar(String(value));
      }
      appender.endRow();
    }
  appender.closeSync();
}

type Named = { id: string; file: ShareFile };

async function writeFiles(
  duck: DuckDBConnection,
  select: string,
  { folder, rowsPerFile }: CutInput,
  work: string,
  fields: readonly ShareField[],
): Promise<Named[]> {
  const out = join(work, 'out');
  rmSync(out, { recursive: true, force: true });
  const groups = Math.max(1, Math.round(rowsPerFile / rowGroupRows));
  // Small files for small limits: tests, and tables whose readers want many parts.
  const groupRows = Math.min(rowGroupRows, Math.max(2048, rowsPerFile));
  await duck.run(
    `COPY (${select}) TO ${sqlText(out)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${groupRows}, ROW_GROUPS_PER_FILE ${groups})`,
  );
  const parts = readdirSync(out).sort((one, other) => partOf(one) - partOf(other));
  const named: Named[] = [];
  for (const part of parts) {
    const path = join(out, part);
    const stats = await fileStats(duck, path, fields);
    if (stats.numRecords > 0) named.push(await keep(path, folder, stats));
  }
  return named;
}

const partOf = (name: string): number => Number(/(\d+)\.parquet$/.exec(name)?.[1] ?? 0);

/** Under the digest of its content, durably; one that stands there already is the same. */
async function keep(path: string, folder: string, stats: ShareFile['stats']): Promise<Named> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1_048_576 })) hash.update(piece as Buffer);
  const sha256 = hash.digest('hex');
  const name = `${sha256}.parquet`;
  const bytes = statSync(path).size;
  const target = join(folder, name);
  if (!existsSync(target)) {
    const handle = await open(path, 'r');
    await handle.sync().finally(() => handle.close());
    renameSync(path, target);
  }
  return { id: sha256, file: { name, bytes, sha256, stats } };
}

/** Rows that came and rows that went, as sets that count: a changed row went in its old form and came in its new. */
async function writeChanges(
  duck: DuckDBConnection,
  files: readonly Named[],
  before: { id: string; name: string }[],
  input: CutInput,
  work: string,
  fields: readonly ShareField[],
): Promise<Named[]> {
  // Files that both have hold the same rows and cancel out.
  const came = files.filter(({ id }) => !before.some((one) => one.id === id)).map(({ file }) => file.name);
  const went = before.filter(({ id }) => !files.some((one) => one.id === id)).map(({ name }) => name);
  const columns = fields.map(({ name }) => sqlName(name)).join(', ');
  const rowsOf = (names: readonly string[]) =>
    `SELECT ${columns} FROM read_parquet([${[...names, ...(names.length === 0 ? [...came, ...went].slice(0, 1) : [])]
      .map((name) => sqlText(join(input.folder, name)))
      .join(', ')}])${names.length === 0 ? ' WHERE false' : ''}`;
  if (came.length + went.length === 0) return [];
  const difference = (one: string, other: string, type: string) =>
    `SELECT *, ${sqlText(type)} AS _change_type FROM (${one} EXCEPT ALL ${other})`;
  const [added, gone] = [rowsOf(came), rowsOf(went)];
  const select = `${difference(added, gone, 'insert')} UNION ALL ${difference(gone, added, 'delete')}`;
  return writeFiles(duck, select, input, work, fields);
}

/**
 * Trino as the engine of one owner's plaintext jobs: the columns that the query reads go to a schema of the use's own on the operator's
 * coordinator, the SQL that the gate wrote runs there in Trino's words, and the schema is dropped, whatever came of it. Nothing of it is
 * listened to but rows, and those pass the same gate.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QueryEnded, type QueryPool } from '@shugu/gateway';
import type { Cell, RoomEngine, RoomJob } from '../model.ts';
import { roomLimits, trinoLimits } from './limits.ts';
import { runStatement, type Trino, TrinoFault, trinoVersion } from './trino-client.ts';
import { NotInTrino, trinoName, trinoSql, trinoText, trinoType } from './trino-sql.ts';

interface Place {
  trino: Trino;
  schema: string;
  signal: AbortSignal;
}

const ask = (
  { trino, schema, signal }: Place,
  sql: string,
  rows?: (rows: (string | null)[][]) => void,
): Promise<void> =>
  runStatement(trino, { sql, schema, signal, seconds: trinoLimits.seconds, ...(rows && { rows }) }).catch(
    (error: unknown) => {
      throw error instanceof TrinoFault ? new QueryEnded(error.ended) : error;
    },
  );

interface Column {
  name: string;
  type: string;
}

/** One line of a file for each row, as this program's own engine reads it: every cell as text. */
const readLines = async (
  pool: QueryPool,
  { contract, tables, signal }: Pick<RoomJob, 'contract' | 'tables' | 'signal'>,
  sql: string,
  take: (line: string) => Promise<void>,
): Promise<void> => {
  const columns = [...new Set(Object.values(contract.shape.reads).flat())];
  const answer = await pool.run(
    {
      scope: `compute ${contract.id} ${JSON.stringify(tables)}`,
      tables,
      effects: { columns, masks: {}, rowFilter: [] },
      maskKey: new Uint8Array(32),
    },
    {
      ...{ sql, values: {}, format: 'lines' },
      ...{ rowsMax: trinoLimits.rowsMax, bytesMax: trinoLimits.bytesMax, seconds: roomLimits.seconds },
    },
    signal,
  );
  if (answer.kind === 'file') throw new Error('asked for pieces');
  let rest = '';
  const decoder = new TextDecoder();
  for await (const { bytes } of answer.pieces) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) if (line !== '') await take(line);
  }
  if (rest !== '') await take(rest);
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const create = async (place: Place, table: string, columns: readonly Column[]): Promise<void> =>
  ask(
    place,
    `CREATE TABLE ${trinoName(table)} (${columns.map(({ name, type }) => `${trinoName(name)} ${trinoType(type)}`).join(', ')})`,
  );

/** Texts that Trino casts itself: what does not fit is its error. */
const insert = (place: Place, table: string, columns: readonly Column[], lines: readonly string[]): Promise<void> => {
  const cells = columns.map(({ type }, at) => `CAST(r[${at + 1}] AS ${trinoType(type)})`);
  const rows = `CAST(json_parse(${trinoText(`[${lines.join(',')}]`)}) AS ARRAY(ARRAY(VARCHAR)))`;
  return ask(place, `INSERT INTO ${trinoName(table)} SELECT ${cells.join(', ')} FROM UNNEST(${rows}) AS u(r)`);
};

const bring = async (pool: QueryPool, job: RoomJob, place: Place, table: string): Promise<void> => {
  const columns: Column[] = [];
  await readLines(
    pool,
    job,
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${quoted(table)})`,
    async (line) => {
      const [name, type] = JSON.parse(line) as [string, string];
      columns.push({ name, type });
    },
  );
  await create(place, table, columns);
  let [held, characters]: [string[], number] = [[], 0];
  const send = async () => {
    if (held.length > 0) await insert(place, table, columns, held);
    [held, characters] = [[], 0];
  };
  const cells = columns.map(({ name }) => `CAST(${quoted(name)} AS VARCHAR)`).join(', ');
  await readLines(pool, job, `SELECT ${cells} FROM ${quoted(table)}`, async (line) => {
    // Each quotation mark of a text is written twice.
    const length = line.length + (line.split("'").length - 1) + 1;
    if (length > trinoLimits.statementCharacters) throw new QueryEnded('bytes');
    if (characters + length > trinoLimits.statementCharacters) await send();
    held.push(line);
    characters += length;
  });
  await send();
};

/** As this program's own engine gives it. */
const cellOf = (text: string | null, type: string): Cell => {
  if (text === null) return null;
  if (type === 'BOOLEAN') return text === 'true';
  if (type === 'DOUBLE') return Number.isFinite(Number(text)) ? Number(text) : null;
  if (/^(HUGE|BIG|SMALL|TINY)?INT(EGER)?$/.test(type)) return Number.isSafeInteger(Number(text)) ? Number(text) : text;
  return type.startsWith('TIMESTAMP') ? text.replace(/\.?0+$/, '') : text;
};

const compute = async (job: RoomJob, place: Place): Promise<Record<string, Cell>[]> => {
  const { output } = job.contract.terms;
  const names = output.map((_, at) => `c${at}`);
  const told = `SELECT ${names.map((name) => `CAST(${name} AS VARCHAR)`).join(', ')} FROM (${trinoSql(job.sql, job.values)}) AS answer (${names.join(', ')}) LIMIT ${job.rowsMax + 1}`;
  const found: Record<string, Cell>[] = [];
  let bytes = 0;
  await ask(place, told, (rows) => {
    for (const row of rows) {
      bytes += row.reduce((sum, cell) => sum + Buffer.byteLength(cell ?? '') + 1, 0);
      if (bytes > roomLimits.bytesMax) throw new QueryEnded('bytes');
      if (found.length >= job.rowsMax) throw new QueryEnded('rows');
      found.push(Object.fromEntries(output.map(({ name, type }, at) => [name, cellOf(row[at] ?? null, type)])));
    }
  });
  return found;
};

const named = /^shugu_[0-9a-f]{24}$/;

interface Kept {
  folder: string;
  now: () => Date;
}

/** With its name kept until it is gone, so that what a dead process left is dropped by the next one. */
const inSchema = async <T>(
  trino: Trino,
  { folder, now }: Kept,
  signal: AbortSignal,
  work: (place: Place) => Promise<T>,
): Promise<T> => {
  await dropLeft(trino, folder, now());
  const schema = `shugu_${randomBytes(12).toString('hex')}`;
  await writeFile(join(folder, schema), now().toISOString());
  try {
    await ask({ trino, schema, signal }, `CREATE SCHEMA ${trinoName(schema)}`);
    return await work({ trino, schema, signal });
  } finally {
    await drop(trino, folder, schema);
  }
};

/** Failed is tried again before the next use. */
const drop = async (trino: Trino, folder: string, schema: string): Promise<void> => {
  const place = { trino, schema, signal: AbortSignal.timeout(trinoLimits.dropSeconds * 1000) };
  const gone = await ask(place, `DROP SCHEMA IF EXISTS ${trinoName(schema)} CASCADE`).then(
    () => true,
    () => false,
  );
  if (gone) await rm(join(folder, schema), { force: true });
};

const dropLeft = async (trino: Trino, folder: string, now: Date): Promise<void> => {
  // A use is over by then, in whichever process of this node it ran.
  const before = now.getTime() - (trinoLimits.seconds + roomLimits.queueSeconds + trinoLimits.dropSeconds) * 1000;
  for (const schema of (await readdir(folder)).filter((name) => named.test(name))) {
    const made = Date.parse(await readFile(join(folder, schema), 'utf8').catch(() => ''));
    if (made < before) await drop(trino, folder, schema);
  }
};

export const trinoRoom = (
  trino: Trino,
  folder: () => Promise<string>,
  pool: () => Promise<QueryPool>,
  now: () => Date,
): RoomEngine => ({
  name: 'trino',
  seconds: trinoLimits.seconds,
  version: () => trinoVersion(trino),
  check: async ({ sql, tables, values }) => {
    try {
      return await inSchema(
        trino,
        { folder: await folder(), now },
        AbortSignal.timeout(roomLimits.seconds * 1000),
        async (place) => {
          for (const { name, columns } of tables) await create(place, name, columns);
          const { schema, signal } = place;
          const asked = `EXPLAIN (TYPE VALIDATE) ${trinoSql(sql, values)}`;
          await runStatement(trino, { sql: asked, schema, signal, seconds: roomLimits.seconds });
          return undefined;
        },
      );
    } catch (error) {
      // Nobody's data are there yet, so its words quote the query alone.
      if (error instanceof TrinoFault || error instanceof NotInTrino) return error.message;
      throw error;
    }
  },
  run: async (job) =>
    inSchema(trino, { folder: await folder(), now }, job.signal, async (place) => {
      try {
        for (const { name } of job.tables) await bring(await pool(), job, place, name);
        return await compute(job, place);
      } catch (error) {
        throw error instanceof NotInTrino ? new QueryEnded('failed') : error;
      }
    }),
});

/**
 * Spark as the engine of one owner's plaintext jobs: the SQL that the gate wrote, in Spark's words, over the files whose digests were signed,
 * in a process of its own with a bound on time and memory. Nothing of it is listened to but rows, and those pass the same gate.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QueryEnded } from '@shugu/gateway';
import { packageVersion } from '@shugu/private-compute';
import type { Cell, RoomEngine, RoomJob } from '../model.ts';
import { roomLimits, sparkLimits } from './limits.ts';

const script = fileURLToPath(new URL('./spark.py', import.meta.url));
/** Where Java and what its launcher calls are looked for. */
const path = '/usr/local/bin:/usr/bin:/bin';

interface Told {
  rows?: Cell[][];
  fault?: 'rows' | 'memory' | 'failed';
}

/** A quoted name, a text, a parameter, a word; all else stays as it is. */
const parts = /"(?:[^"]|"")*"|'(?:[^']|'')*'|\$[a-z][a-z0-9_]*|[A-Za-z_][A-Za-z0-9_]*(?:\(\))?/g;

/** DuckDB's SQL, as the gate of joint queries lets it pass, in Spark's. Texts are written by Spark's own rules. */
export const sparkSql = (sql: string): string =>
  sql.replace(parts, (part) => {
    if (part.startsWith("'"))
      return `'${part.slice(1, -1).replaceAll("''", "'").replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    if (part.startsWith('$')) return `:${part.slice(1)}`;
    if (part === 'VARCHAR') return 'STRING';
    return part === 'count_star()' ? 'count(*)' : part;
  });

const run = async (python: string, folder: string, job: RoomJob): Promise<Record<string, Cell>[]> => {
  const { contract, sql, tables, values, rowsMax, signal } = job;
  // A group of its own, so that Java ends with it.
  const child = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: path, HOME: folder, TMPDIR: folder, PYTHONDONTWRITEBYTECODE: '1' },
    detached: true,
  });
  let ended: QueryEnded['code'] | undefined;
  const end = (code: QueryEnded['code']) => {
    ended ??= code;
    if (child.pid !== undefined) endGroup(child.pid);
  };
  const stop = () => end('stopped');
  signal.addEventListener('abort', stop, { once: true });
  const late = setTimeout(() => end('time'), sparkLimits.seconds * 1000);
  try {
    child.stdin.on('error', () => undefined);
    child.stdin.end(
      `${JSON.stringify({
        ...{ tables, folder, values, rowsMax, memoryMB: sparkLimits.memoryMB },
        columns: [...new Set(Object.values(contract.shape.reads).flat())],
        sql: sparkSql(sql),
      })}\n`,
    );
    const closed = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    });
    const pieces: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > roomLimits.bytesMax) end('bytes');
      else pieces.push(piece);
    });
    await closed;
    if (ended) throw new QueryEnded(ended);
    const told = toldIn(Buffer.concat(pieces).toString('utf8'));
    if (!told) throw new QueryEnded('crashed');
    if (!told.rows) throw new QueryEnded(told.fault ?? 'failed');
    const names = contract.terms.output.map(({ name }) => name);
    return told.rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])));
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', stop);
    end('stopped');
  }
};

/** Java too, which may outlive who started it; gone already is as good. */
const endGroup = (leader: number): void => {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const toldIn = (text: string): Told | undefined => {
  try {
    return JSON.parse(text) as Told;
  } catch {
    return undefined;
  }
};

/** `python`: by its whole path, with pyspark; `folder`: for what Spark writes while it runs. */
export const sparkRoom = (python: string, folder: () => Promise<string>): RoomEngine => ({
  name: 'spark',
  seconds: sparkLimits.seconds,
  version: () => packageVersion(python, 'pyspark'),
  run: async (job) => {
    const scratch = await mkdtemp(join(await folder(), 'spark-'));
    try {
      return await run(python, scratch, job);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  },
});

/**
 * A query process: one engine, set up once for one contract (or for the gate) and locked; then one request at a time. It
 * speaks over descriptor 4, and ends with its parent.
 */
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from '../../query/views.ts';
import { encoderFor } from './encode.ts';
import { bindings, gateEngine, openEngine } from './engine.ts';
import { FRAME, type FrameKind, frame } from './frames.ts';
import { type ChildRequest, type Fault, MEMORY_EXIT, type RunFormat, type RunRequest, type Setup } from './protocol.ts';

/** Rows that are encoded together. */
const PIECE_ROWS = 8192;
/** Beside the engine's own limit, which does not bind all that it allocates: Node, the library, one piece, MB. */
const MEMORY_ROOM_MB = 300;
const MEMORY_CHECK_MS = 50;

class QueryFault extends Error {
  readonly fault: Fault['code'];
  constructor(fault: Fault['code']) {
    super(fault);
    this.fault = fault;
  }
}

const pipe = createWriteStream('', { fd: 4, autoClose: false });
pipe.on('error', () => process.exit(1));
process.once('disconnect', () => process.exit(1));
// It is killed when it is not needed any more, before it would keep what it compiled.
flushCompileCache();
let connection: DuckDBConnection | undefined;
let cancelled = false;
let busy = false;
let again: NodeJS.Timeout | undefined;
let setup: Setup | undefined;

process.on('message', (message: Setup | ChildRequest) => {
  if (message.kind === 'cancel') {
    cancelled = true;
    // Again and again: an interrupt that comes before the engine has begun is forgotten by it.
    if (busy) again ??= setInterval(() => connection?.interrupt(), 20);
    return;
  }
  void answer(message).catch(() => process.exit(1));
});

async function answer(message: Exclude<Setup | ChildRequest, { kind: 'cancel' }>): Promise<void> {
  cancelled = false;
  busy = true;
  try {
    if (message.kind === 'grant' || message.kind === 'gate') {
      setup = message;
      watchMemory(message.memoryMB);
      connection = await openEngine(message);
      await finish({});
    } else if (message.kind === 'check') {
      // A process that only computes has no use for it.
      const { passGate } = await import('../../query/gate.ts');
      await finish(await passGate(await gateEngine(open()), message.template, message.tables));
    } else if (message.kind === 'tree') {
      const engine = await gateEngine(open());
      await finish(await engine.ask('select json_serialize_sql($1::varchar)', message.sql));
    } else if (message.format === 'parquet') await runToFile(open(), message);
    else await run(open(), message);
  } catch (error) {
    const code = cancelled ? 'cancelled' : error instanceof QueryFault ? error.fault : codeOf(error);
    ended();
    await say(FRAME.fault, json({ code, text: String((error as Error).message).slice(0, 500) } satisfies Fault));
  }
}

/** Before the last frame is said: what comes after it belongs to the next request. */
function ended(): void {
  busy = false;
  clearInterval(again);
  again = undefined;
}

function open(): DuckDBConnection {
  if (!connection) throw new Error('not set up');
  return connection;
}

function codeOf(error: unknown): Fault['code'] {
  return /^(Out of Memory|OutOfMemory)/i.test((error as Error).message) ? 'memory' : 'failed';
}

function finish(value: unknown): Promise<void> {
  ended();
  return say(FRAME.end, json(value));
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Resolves when the reader has room again. */
function say(kind: FrameKind, bytes: Uint8Array, rows = 0): Promise<void> {
  return new Promise((resolve) => {
    if (pipe.write(frame(kind, bytes, rows))) resolve();
    else pipe.once('drain', resolve);
  });
}

async function run(engine: DuckDBConnection, request: RunRequest): Promise<void> {
  const clock = workClock(engine, request.seconds);
  const [values, types] = bindings(request.values);
  const result = await clock.during(engine.stream(request.sql, values, types));
  const encoder = await encoderFor(request.format as Exclude<RunFormat, 'parquet'>, result);
  let [rows, bytes] = [0, 0];
  const piece = async (encoded: Uint8Array, count: number) => {
    bytes += encoded.length;
    if (bytes > request.bytesMax) throw new QueryFault('bytes');
    if (encoded.length > 0) await say(FRAME.piece, encoded, count);
  };
  await piece(encoder.begin(), 0);
  for (let more = true; more; ) {
    const batch = [];
    while (more && batch.length < PIECE_ROWS) {
      const chunk = await clock.during(result.fetchChunk());
      if (cancelled) throw new QueryFault('cancelled');
      if (!chunk || chunk.rowCount === 0) more = false;
      else batch.push(...chunk.getRows());
    }
    rows += batch.length;
    if (rows > request.rowsMax) throw new QueryFault('rows');
    await piece(encoder.rows(batch), batch.length);
  }
  await piece(encoder.end(rows), 0);
  await finish({ rows });
}

/** Parquet has its index at the end: it is written to this process's own folder, and then told where. */
async function runToFile(engine: DuckDBConnection, request: RunRequest): Promise<void> {
  if (setup?.kind !== 'grant') throw new Error('no folder');
  const path = join(setup.folder, 'answer.parquet');
  await rm(path, { force: true });
  const clock = workClock(engine, request.seconds);
  const [values, types] = bindings(request.values);
  let tooLarge = false;
  const watch = setInterval(() => {
    void stat(path).then(
      ({ size }) => {
        tooLarge ||= size > request.bytesMax;
        if (tooLarge) engine.interrupt();
      },
      () => undefined,
    );
  }, 100);
  try {
    const limited = `SELECT * FROM (${request.sql}) LIMIT ${request.rowsMax + 1}`;
    const copy = `COPY (${limited}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`;
    const result = await clock.during(engine.run(copy, values, types)).catch((error) => {
      throw tooLarge ? new QueryFault('bytes') : error;
    });
    const rows = result.rowsChanged;
    const { size } = await stat(path);
    if (rows > request.rowsMax) throw new QueryFault('rows');
    if (size > request.bytesMax) throw new QueryFault('bytes');
    await say(FRAME.head, json({ path, rows, bytes: size }));
    await finish({ rows });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    clearInterval(watch);
  }
}

/** Interrupts the engine when its work has taken as long as it may; the parent ends the process if that does not help. */
function workClock(engine: DuckDBConnection, seconds: number) {
  let leftMs = seconds * 1000;
  return {
    async during<T>(work: Promise<T>): Promise<T> {
      const begun = performance.now();
      let over = false;
      const timer = setTimeout(() => {
        over = true;
        engine.interrupt();
      }, leftMs);
      try {
        return await work;
      } catch (error) {
        throw over ? new QueryFault('time') : error;
      } finally {
        clearTimeout(timer);
        leftMs = Math.max(1, leftMs - (performance.now() - begun));
      }
    },
  };
}

function watchMemory(memoryMB: number): void {
  const most = (memoryMB + MEMORY_ROOM_MB) * 2 ** 20;
  setInterval(() => {
    if (process.memoryUsage.rss() > most) process.exit(MEMORY_EXIT);
  }, MEMORY_CHECK_MS).unref();
}

import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PIECE_BYTES } from '../../buffers.ts';
import type { Finding } from '../../query/finding.ts';
import type { CheckedTemplate, QueryTemplate } from '../../query/template.ts';
import { QueryPieces } from './pieces.ts';
import { keepCompiled, QueryEnded, QueryProcess } from './process.ts';
import type { BoundTable, CheckRequest, QueryTable, RunRequest, Setup, TreeRequest } from './protocol.ts';
import { NO_SANDBOX, type Sandbox } from './sandbox.ts';

export type QueryPoolOptions = {
  /** Where processes put answers that need a file; emptied as they end. */
  folder: string;
  processesMax?: number;
  queueMax?: number;
  /** How long a query may wait for a process. */
  queueSeconds?: number;
  memoryMB?: number;
  /** Around every process; answers that need a file cannot come out of it. */
  sandbox?: Sandbox;
  /** For tests: another script in the place of the process. */
  script?: URL;
};
export const QUERY_POOL_DEFAULTS = { processesMax: 2, queueMax: 64, queueSeconds: 15, memoryMB: 384 } as const;

/** A process that nobody asks ends after this long, and its memory is given back. */
const IDLE_MS = 60_000;
const CHECK_SECONDS = 5;
/** Of memory beside the engine's own limit that Node and what it compiles ask for, half of which they never touch: the kernel's bound, behind the watch inside. */
const DATA_MB = 1536;
/** What a process is set up with; `scope` names it: equal scopes may share a process, others never do. */
export type QueryScope = { scope: string; tables: readonly QueryTable[] } & Pick<
  Extract<Setup, { kind: 'grant' }>,
  'effects' | 'maskKey'
>;
export type QueryAnswer =
  | { kind: 'pieces'; pieces: QueryPieces }
  | { kind: 'file'; body: AsyncIterable<Uint8Array>; bytes: number; rows: number };

type Waiting = { scope: string; take(place: Place): void };
type Place = { process: QueryProcess | null };

/** Query processes, at most `processesMax` at once, first come first served. Healed by being started anew. */
export class QueryPool {
  private readonly options: Required<Omit<QueryPoolOptions, 'script'>> & { script: URL };
  private readonly idle = new Map<QueryProcess, NodeJS.Timeout>();
  private readonly busy = new Set<QueryProcess>();
  private readonly waiting: Waiting[] = [];
  private taken = 0;
  private keeper: QueryProcess | undefined;
  private closed = false;

  constructor(options: QueryPoolOptions) {
    const script = new URL('./start.ts', import.meta.url);
    this.options = { ...QUERY_POOL_DEFAULTS, sandbox: NO_SANDBOX, script, ...options };
  }

  /** Runs one query. Throws QueryEnded, also from within the pieces; `busy` when there are too many. */
  async run(scope: QueryScope, request: Omit<RunRequest, 'kind'>, signal: AbortSignal): Promise<QueryAnswer> {
    const process = await this.processFor(scope.scope, signal, (folder) => ({
      kind: 'grant',
      tables: scope.tables,
      effects: scope.effects,
      maskKey: scope.maskKey,
      folder,
      memoryMB: this.options.memoryMB,
    }));
    process.send({ kind: 'run', ...request });
    const pieces = new QueryPieces(process, request.seconds, signal, () => this.release(process));
    return request.format === 'parquet' ? fileOf(pieces, signal) : { kind: 'pieces', pieces };
  }

  /** What the gate says of a template over tables of these shapes. */
  async check(tables: readonly BoundTable[], template: QueryTemplate): Promise<CheckedTemplate | Finding> {
    const request = { kind: 'check', template, tables: tables.map(({ name }) => name) } as const;
    return JSON.parse(await this.askGate(tables, request)) as CheckedTemplate | Finding;
  }

  /** The tree of a text as `json_serialize_sql` gives it, for those who look at more than the gate does. */
  async tree(tables: readonly BoundTable[], sql: string): Promise<string> {
    return JSON.parse(await this.askGate(tables, { kind: 'tree', sql })) as string;
  }

  private async askGate(tables: readonly BoundTable[], request: CheckRequest | TreeRequest): Promise<string> {
    const scope = `gate ${JSON.stringify(tables)}`;
    const process = await this.processFor(scope, new AbortController().signal, () => ({
      kind: 'gate',
      tables,
      memoryMB: this.options.memoryMB,
    }));
    try {
      process.send(request);
      return (await process.next(CHECK_SECONDS)).bytes.toString();
    } finally {
      this.release(process);
    }
  }

  /** Ids of the processes alive. */
  get pids(): number[] {
    return [...this.idle.keys(), ...this.busy].flatMap(({ pid }) => pid ?? []);
  }

  close(): void {
    this.closed = true;
    for (const process of [...this.idle.keys(), ...this.busy]) process.end();
    this.keeper?.end();
    for (const timer of this.idle.values()) clearTimeout(timer);
    this.idle.clear();
  }

  private async processFor(
    scope: string,
    signal: AbortSignal,
    setupOf: (folder: string) => Setup,
  ): Promise<QueryProcess> {
    const { process: held } = await this.place(scope, signal);
    const known = held && !held.ended ? held : null;
    if (known) {
      this.busy.add(known);
      return known;
    }
    const folder = join(this.options.folder, randomUUID());
    const setup = setupOf(folder);
    const reads = setup.tables.flatMap((table) => ('path' in table ? [table.path] : []));
    const { script, sandbox, memoryMB } = this.options;
    const process = new QueryProcess(script, scope, folder, {
      sandbox,
      reads,
      dataBytes: (memoryMB + DATA_MB) * 2 ** 20,
    });
    this.busy.add(process);
    try {
      await process.setUp(setup);
      return process;
    } catch (error) {
      process.end();
      this.release(process);
      // Not the query's fault: a file of the version is gone, say.
      throw error instanceof QueryEnded && error.code === 'failed' ? new Error(`set-up: ${error.message}`) : error;
    }
  }

  /** A place among the processes: with an idle one of this scope in it, or empty, the idle one of another scope ended. */
  private place(scope: string, signal: AbortSignal): Promise<Place> {
    if (this.closed || signal.aborted) return Promise.reject(new QueryEnded('stopped'));
    const free = this.waiting.length === 0 ? this.freePlace(scope) : null;
    if (free) return Promise.resolve(free);
    if (this.waiting.length >= this.options.queueMax) return Promise.reject(new QueryBusy());
    return new Promise((resolve, reject) => {
      const leave = (error: Error) => {
        clearTimeout(timer);
        this.waiting.splice(this.waiting.indexOf(mine), 1);
        reject(error);
      };
      const gone = () => leave(new QueryEnded('stopped'));
      const timer = setTimeout(() => leave(new QueryBusy()), this.options.queueSeconds * 1000);
      const mine: Waiting = {
        scope,
        take: (place) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', gone);
          resolve(place);
        },
      };
      signal.addEventListener('abort', gone, { once: true });
      this.waiting.push(mine);
    });
  }

  private freePlace(scope: string): Place | null {
    const own = [...this.idle.keys()].find((process) => process.scope === scope && !process.ended);
    if (own) return { process: this.wake(own) };
    if (this.taken + this.idle.size < this.options.processesMax) {
      this.taken += 1;
      return { process: null };
    }
    const [other] = this.idle.keys();
    if (!other) return null;
    this.wake(other).end();
    return { process: null };
  }

  private wake(process: QueryProcess): QueryProcess {
    clearTimeout(this.idle.get(process));
    this.idle.delete(process);
    this.taken += 1;
    return process;
  }

  private release(process: QueryProcess): void {
    if (!this.busy.delete(process)) return;
    this.taken -= 1;
    if (this.closed) {
      process.end();
      return;
    }
    const { sandbox, script, folder } = this.options;
    // When nobody waits for the first one any more.
    if (sandbox.kind !== 'none') this.keeper ??= keepCompiled(script, join(folder, randomUUID()));
    if (!process.ended) {
      const timer = setTimeout(() => {
        this.idle.delete(process);
        process.end();
      }, IDLE_MS);
      timer.unref();
      this.idle.set(process, timer);
    }
    const next = this.waiting[0];
    const place = next && this.freePlace(next.scope);
    if (!next || !place) return;
    this.waiting.shift();
    next.take(place);
  }
}

/** More queries are waiting than may, or one waited as long as it may. */
export class QueryBusy extends Error {}

/**
 * A file answer: opened and unlinked at once, so that the process is free for others and nothing of it stays behind, even
 * when this process is killed.
 */
async function fileOf(pieces: QueryPieces, signal: AbortSignal): Promise<QueryAnswer> {
  const { value } = await pieces.next();
  if (!value) throw new QueryEnded('crashed');
  const { path, rows, bytes } = JSON.parse(Buffer.from(value.bytes).toString()) as {
    path: string;
    rows: number;
    bytes: number;
  };
  const handle = await open(path);
  await rm(path);
  signal.addEventListener('abort', () => void handle.close().catch(() => undefined), { once: true });
  await pieces.next();
  return { kind: 'file', body: handle.createReadStream({ highWaterMark: PIECE_BYTES }), bytes, rows };
}

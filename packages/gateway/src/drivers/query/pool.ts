import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Finding } from '../../query/finding.ts';
import type { CheckedTemplate, QueryTemplate } from '../../query/template.ts';
import { FRAME } from './frames.ts';
import { QueryEnded, QueryProcess } from './process.ts';
import type { QueryTable, RunRequest, Setup } from './protocol.ts';

export type QueryPoolOptions = {
  /** Where processes put answers that need a file; emptied as they end. */
  folder: string;
  processesMax?: number;
  queueMax?: number;
  /** How long a query may wait for a process. */
  queueSeconds?: number;
  memoryMB?: number;
  /** For tests: another script in the place of the process. */
  script?: URL;
};
export const QUERY_POOL_DEFAULTS = { processesMax: 2, queueMax: 64, queueSeconds: 15, memoryMB: 384 } as const;

/** A process that nobody asks ends after this long, and its memory is given back. */
const IDLE_MS = 60_000;
/** A reader that takes nothing for so long has its process taken away. */
const READER_SECONDS = 60;
const CHECK_SECONDS = 5;
/** How long a cancelled query has to stop before its process is ended. */
const CANCEL_SECONDS = 1;

/** What a process is set up with; `scope` names it: equal scopes may share a process, others never do. */
export type QueryScope = { scope: string; tables: readonly QueryTable[] } & Pick<
  Extract<Setup, { kind: 'grant' }>,
  'effects' | 'maskKey'
>;
export type QueryPiece = { bytes: Uint8Array; rows: number };
export type QueryAnswer =
  | { kind: 'pieces'; pieces: AsyncGenerator<QueryPiece, void> }
  /** Must be released when it has been read. */
  | { kind: 'file'; path: string; bytes: number; rows: number; release(): void };

type Waiting = { scope: string; take(place: Place): void };
type Place = { process: QueryProcess | null };

/** Query processes, at most `processesMax` at once, first come first served. Healed by being started anew. */
export class QueryPool {
  private readonly options: Required<Omit<QueryPoolOptions, 'script'>> & { script: URL };
  private readonly idle = new Map<QueryProcess, NodeJS.Timeout>();
  private readonly busy = new Set<QueryProcess>();
  private readonly waiting: Waiting[] = [];
  private taken = 0;
  private closed = false;

  constructor(options: QueryPoolOptions) {
    this.options = { ...QUERY_POOL_DEFAULTS, script: new URL('./child.ts', import.meta.url), ...options };
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
    const stop = () => process.send({ kind: 'cancel' });
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const release = () => {
      signal.removeEventListener('abort', stop);
      this.release(process);
    };
    if (request.format !== 'parquet') return { kind: 'pieces', pieces: this.pieces(process, request.seconds, release) };
    try {
      const head = JSON.parse((await process.next(request.seconds)).bytes.toString()) as {
        path: string;
        rows: number;
        bytes: number;
      };
      await process.next(CHECK_SECONDS);
      return { kind: 'file', ...head, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** What the gate says of a template over tables of these shapes. */
  async check(tables: readonly QueryTable[], template: QueryTemplate): Promise<CheckedTemplate | Finding> {
    const scope = `gate ${JSON.stringify(tables)}`;
    const process = await this.processFor(scope, new AbortController().signal, () => ({
      kind: 'gate',
      tables,
      memoryMB: this.options.memoryMB,
    }));
    try {
      process.send({ kind: 'check', template, tables: tables.map(({ name }) => name) });
      return JSON.parse((await process.next(CHECK_SECONDS)).bytes.toString()) as CheckedTemplate | Finding;
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
    for (const timer of this.idle.values()) clearTimeout(timer);
    this.idle.clear();
  }

  private async *pieces(process: QueryProcess, seconds: number, release: () => void): AsyncGenerator<QueryPiece, void> {
    let complete = false;
    try {
      for (;;) {
        const { kind, bytes, rows } = await process.next(seconds);
        if (kind === FRAME.end) {
          complete = true;
          return;
        }
        const bored = setTimeout(() => process.end(), READER_SECONDS * 1000);
        try {
          yield { bytes, rows };
        } finally {
          clearTimeout(bored);
        }
      }
    } catch (error) {
      // A fault is the last word of a query; the process is as good as before.
      complete = error instanceof QueryEnded;
      throw error;
    } finally {
      if (complete) release();
      else void this.drain(process).finally(release);
    }
  }

  /** A query that nobody reads to the end: stopped, and its process ended if it does not. */
  private async drain(process: QueryProcess): Promise<void> {
    process.send({ kind: 'cancel' });
    const late = setTimeout(() => process.end(), CANCEL_SECONDS * 1000);
    try {
      while ((await process.next(CANCEL_SECONDS)).kind !== FRAME.end);
    } catch {
      // Stopped, or gone.
    } finally {
      clearTimeout(late);
    }
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
    const process = new QueryProcess(this.options.script, scope, folder);
    this.busy.add(process);
    try {
      await process.setUp(setupOf(folder));
      return process;
    } catch (error) {
      process.end();
      this.release(process);
      throw error;
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

import { FRAME } from './frames.ts';
import { QueryEnded, type QueryProcess } from './process.ts';

export type QueryPiece = { bytes: Uint8Array; rows: number };

/** A reader that takes nothing for so long has its process taken away. */
const READER_SECONDS = 60;
/** How long a cancelled query has to stop before its process is ended. */
const CANCEL_SECONDS = 1;

/**
 * The pieces of one answer. Gives its process back exactly once, however it ends: read through, failed, left by its reader,
 * or never begun. A generator would not do: its `finally` does not run when nobody has asked for the first piece.
 */
export class QueryPieces implements AsyncIterableIterator<QueryPiece, undefined> {
  private readonly process: QueryProcess;
  private readonly seconds: number;
  private readonly signal: AbortSignal;
  private readonly giveBack: () => void;
  private state: 'idle' | 'reading' | 'complete' | 'left' = 'idle';
  private bored: NodeJS.Timeout | undefined;

  constructor(process: QueryProcess, seconds: number, signal: AbortSignal, giveBack: () => void) {
    this.process = process;
    this.seconds = seconds;
    this.signal = signal;
    this.giveBack = giveBack;
    signal.addEventListener('abort', this.stop, { once: true });
    if (signal.aborted) this.stop();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<QueryPiece, undefined>> {
    if (this.state === 'left') throw new QueryEnded('stopped');
    if (this.state === 'complete') return { done: true, value: undefined };
    clearTimeout(this.bored);
    this.state = 'reading';
    try {
      const { kind, bytes, rows } = await this.process.next(this.seconds);
      if (kind === FRAME.end) {
        this.end();
        return { done: true, value: undefined };
      }
      this.state = 'idle';
      if (this.signal.aborted) this.leave();
      else this.bored = setTimeout(() => this.leave(), READER_SECONDS * 1000).unref();
      return { done: false, value: { bytes, rows } };
    } catch (error) {
      // A fault is the last word of a query; the process is as good as before, or gone.
      this.end();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<QueryPiece, undefined>> {
    if (this.state === 'idle') this.leave();
    return { done: true, value: undefined };
  }

  private readonly stop = (): void => {
    if (this.state === 'idle') this.leave();
    else if (this.state === 'reading') {
      this.process.send({ kind: 'cancel' });
      setTimeout(() => this.state === 'reading' && this.process.end(), CANCEL_SECONDS * 1000).unref();
    }
  };

  private end(): void {
    this.state = 'complete';
    this.clear();
    this.giveBack();
  }

  private leave(): void {
    this.state = 'left';
    this.clear();
    void this.drain().finally(this.giveBack);
  }

  private clear(): void {
    clearTimeout(this.bored);
    this.signal.removeEventListener('abort', this.stop);
  }

  /** What nobody reads any more must be out of the pipe before the next query, or the process ended. */
  private async drain(): Promise<void> {
    this.process.send({ kind: 'cancel' });
    const late = setTimeout(() => this.process.end(), CANCEL_SECONDS * 1000);
    try {
      while ((await this.process.next(CANCEL_SECONDS)).kind !== FRAME.end);
    } catch {
      // Stopped, or gone.
    } finally {
      clearTimeout(late);
    }
  }
}

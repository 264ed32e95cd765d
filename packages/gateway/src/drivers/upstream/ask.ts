import { Readable } from 'node:stream';
import { GatewayProblem } from '../../problem.ts';
import type { CallStop } from '../../stop.ts';
import type { Body } from '../driver.ts';
import { type AnswerHead, AnswerMalformed } from './answer.ts';
import { AnswerLate, type Connection, type Exchange, type WireRequest } from './connection.ts';
import { ConnectLate, type Upstreams } from './pool.ts';

export type UpstreamAnswer = {
  status: number;
  headers: AnswerHead['headers'];
  /** Whole when the answer announced a length of at most `wholeBytesMax`, else a stream under back-pressure. */
  body: Body;
};

export type AskOptions = {
  stop: CallStop;
  wholeBytesMax: number;
  /** An answer that is longer, or announces more, is broken off. */
  bytesMax: number;
  /** Over a connection of its own, as the last one turned out to be dead. */
  fresh: boolean;
};

const NOTHING = Buffer.alloc(0);

/**
 * One request to an upstream. A short answer of known length is waited for and handed over in one piece, so that a small
 * call costs no stream; an upstream that breaks off in it has then cost the client nothing. Rejects with a GatewayProblem,
 * or with the reason of `stop`.
 */
export function askUpstream(
  upstreams: Upstreams,
  origin: string,
  request: WireRequest,
  options: AskOptions,
): Promise<UpstreamAnswer> {
  if (options.stop.isStopped) return Promise.reject(options.stop.reason);
  return new Promise((resolve, reject) => {
    upstreams.send(origin, new Asked(request, options, resolve, reject), options.fresh);
  });
}

class Asked implements Exchange {
  readonly request: WireRequest;
  connection: Connection | null = null;
  isOver = false;
  private readonly options: AskOptions;
  private readonly resolve: (answer: UpstreamAnswer) => void;
  private readonly reject: (error: unknown) => void;
  private answer: UpstreamAnswer | null = null;
  private whole: Buffer = NOTHING;
  private stream: Readable | null = null;
  private bytes = 0;

  constructor(
    request: WireRequest,
    options: AskOptions,
    resolve: (answer: UpstreamAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.request = request;
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
    options.stop.onStop(this.onStop);
  }

  onHead({ status, headers, length }: AnswerHead): void {
    const { bytesMax, wholeBytesMax } = this.options;
    if (length !== null && length !== Number.POSITIVE_INFINITY && length > bytesMax)
      throw new GatewayProblem('upstreamTooLarge');
    this.answer = { status, headers, body: NOTHING };
    if (length !== null && length <= wholeBytesMax) {
      if (length > 0) this.whole = Buffer.allocUnsafe(length);
      return;
    }
    this.stream = this.open();
    this.answer.body = this.stream;
    this.resolve(this.answer);
  }

  onData(piece: Buffer): boolean {
    const { stream, bytes } = this;
    this.bytes += piece.length;
    if (this.bytes > this.options.bytesMax) throw new GatewayProblem('upstreamTooLarge');
    if (stream) return stream.push(Buffer.from(piece));
    piece.copy(this.whole, bytes);
    return true;
  }

  onEnd(): void {
    this.end();
    if (this.stream) return void this.stream.push(null);
    this.answer!.body = this.whole;
    this.resolve(this.answer!);
  }

  onError(error: Error): void {
    this.end();
    const { stop } = this.options;
    const problem = stop.isStopped ? (stop.reason as Error) : upstreamProblem(error);
    if (this.stream) this.stream.destroy(problem);
    else this.reject(problem);
  }

  private open(): Readable {
    const stream = new Readable({
      highWaterMark: PIECES_BYTES,
      read: () => this.connection?.resume(),
      // Nobody reads on: the connection is freed.
      destroy: (error, done) => {
        if (!this.isOver) this.abort(error ?? new Error('not read to the end'));
        done(error);
      },
    });
    // Whoever reads is told by the read; where nobody does, an error must not end the process.
    return stream.on('error', () => undefined);
  }

  private readonly onStop = (): void => this.abort(this.options.stop.reason as Error);

  private abort(error: Error): void {
    if (this.connection) this.connection.close(error);
    else this.onError(error);
  }

  private end(): void {
    this.isOver = true;
    this.options.stop.offStop(this.onStop);
  }
}

/** Held for a client that reads slowly. */
const PIECES_BYTES = 65_536;

function upstreamProblem(error: unknown): GatewayProblem {
  if (error instanceof GatewayProblem) return error;
  // It did answer, so asking again would make nothing better.
  if (error instanceof AnswerMalformed) return new GatewayProblem('upstreamFailed', { cause: error });
  const late = error instanceof AnswerLate || error instanceof ConnectLate;
  return new GatewayProblem(late ? 'upstreamTimeout' : 'upstreamUnreachable', { cause: error });
}

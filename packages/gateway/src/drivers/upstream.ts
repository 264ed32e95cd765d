import { Readable } from 'node:stream';
import { type Dispatcher, errors } from 'undici';
import { GatewayProblem } from '../problem.ts';
import type { Body } from './driver.ts';

export type UpstreamAnswer = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Whole when the answer announced a length of at most `wholeBytesMax`, else a stream under back-pressure. */
  body: Body;
};

export type AskOptions = {
  signal: AbortSignal;
  wholeBytesMax: number;
  /** An answer that is longer, or announces more, is broken off. */
  bytesMax: number;
};

const NOTHING = new Uint8Array(0);

/**
 * One request to an upstream by undici's `dispatch`. A short answer of known length is waited for and handed over in one
 * piece, so that a small call costs no stream; an upstream that breaks off in it has then cost the client nothing. Rejects
 * with a GatewayProblem, or with what `signal` was aborted with.
 */
export function askUpstream(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  options: AskOptions,
): Promise<UpstreamAnswer> {
  if (options.signal.aborted) return Promise.reject(options.signal.reason);
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new Exchange(options, request.method === 'HEAD', resolve, reject));
  });
}

class Exchange implements Dispatcher.DispatchHandler {
  private readonly options: AskOptions;
  private readonly bodiless: boolean;
  private readonly resolve: (answer: UpstreamAnswer) => void;
  private readonly reject: (error: unknown) => void;
  private controller: Dispatcher.DispatchController | null = null;
  private answer: UpstreamAnswer | null = null;
  private pieces: Buffer[] = [];
  private stream: Readable | null = null;
  private bytes = 0;
  private ended = false;

  constructor(
    options: AskOptions,
    bodiless: boolean,
    resolve: (answer: UpstreamAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.options = options;
    this.bodiless = bodiless;
    this.resolve = resolve;
    this.reject = reject;
    options.signal.addEventListener('abort', this.onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.options.signal.aborted) this.onAbort();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const announced = this.bodiless || status === 304 ? 0 : Number(headers['content-length'] ?? Number.NaN);
    if (announced > this.options.bytesMax) throw new GatewayProblem('upstreamTooLarge');
    this.answer = { status, headers, body: NOTHING };
    if (announced <= this.options.wholeBytesMax) return;
    this.stream = this.open();
    this.answer.body = this.stream;
    this.resolve(this.answer);
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.bytes += piece.length;
    if (this.bytes > this.options.bytesMax) throw new GatewayProblem('upstreamTooLarge');
    if (!this.stream) this.pieces.push(piece);
    else if (!this.stream.push(piece)) controller.pause();
  }

  onResponseEnd(): void {
    this.end();
    if (this.stream) return void this.stream.push(null);
    const { answer, pieces } = this;
    if (!answer) return void this.reject(new GatewayProblem('upstreamUnreachable'));
    const [first = NOTHING] = pieces;
    answer.body = pieces.length < 2 ? first : Buffer.concat(pieces, this.bytes);
    this.resolve(answer);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.end();
    const problem = this.options.signal.aborted ? this.options.signal.reason : upstreamProblem(error);
    if (this.stream) this.stream.destroy(problem);
    else this.reject(problem);
  }

  private open(): Readable {
    const stream = new Readable({
      highWaterMark: PIECES_BYTES,
      read: () => this.controller?.resume(),
      // Nobody reads on: the connection is freed.
      destroy: (error, done) => {
        if (!this.ended) this.controller?.abort(error ?? new Error('not read to the end'));
        done(error);
      },
    });
    // Whoever reads is told by the read; where nobody does, an error must not end the process.
    return stream.on('error', () => undefined);
  }

  private readonly onAbort = (): void => {
    const reason = this.options.signal.reason as Error;
    if (this.controller) this.controller.abort(reason);
    else this.reject(reason);
  };

  private end(): void {
    this.ended = true;
    this.options.signal.removeEventListener('abort', this.onAbort);
  }
}

/** Held for a client that reads slowly. */
const PIECES_BYTES = 65_536;

function upstreamProblem(error: unknown): GatewayProblem {
  if (error instanceof GatewayProblem) return error;
  const late =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError;
  return new GatewayProblem(late ? 'upstreamTimeout' : 'upstreamUnreachable', { cause: error });
}

import type { Socket } from 'node:net';
import { ANSWER_LIMITS, type AnswerHead, AnswerMalformed, Chunks, readHead } from './answer.ts';

/** What is sent: the whole head as it stands on the wire, and a body of known length. */
export type WireRequest = {
  head: string;
  body: Uint8Array | null;
  /** A HEAD: its answer has no body, whatever it announces. */
  bodiless: boolean;
  headersTimeoutMs: number;
  bodyTimeoutMs: number;
};

/** Who asked is told of the answer in this order; nothing more after `onEnd` or `onError`. What it throws ends the exchange. */
export type Exchange = {
  readonly request: WireRequest;
  /** Null while it waits for one, and afterwards. */
  connection: Connection | null;
  /** Nobody waits for it any more. */
  isOver: boolean;
  onHead(head: AnswerHead): void;
  /** Bytes that are overwritten afterwards. False when no more may come until `resume`. */
  onData(bytes: Buffer): boolean;
  onEnd(): void;
  onError(error: Error): void;
};

/** Nobody answered within the time for it. */
export class AnswerLate extends Error {}

/** Where a connection belongs to: told when it is free again, and when it is no more. */
export type Home = {
  /** Instant of the pool's clock, in its steps; and an instant so many ms from it. */
  instant(afterMs: number): number;
  onFree(connection: Connection): void;
  onClose(connection: Connection): void;
};

const HEAD_END = Buffer.from('\r\n\r\n');
const READ_BYTES = 65_536;

/** One connection to an upstream: one request at a time, and the next only when the answer before was whole. */
export class Connection {
  /** Instant at which what is waited for is late: the head, the next piece, or the next request. */
  deadline = Number.POSITIVE_INFINITY;
  private readonly home: Home;
  private readonly socket: Socket;
  private exchange: Exchange | null = null;
  private head: AnswerHead | null = null;
  private heldHead: Buffer | null = null;
  private chunks: Chunks | null = null;
  private left = 0;
  private isPaused = false;
  private isClosed = false;

  /** `open` gives a socket that is connecting and puts what it reads into `buffer`. */
  constructor(home: Home, open: (buffer: Buffer, onRead: (bytes: number, buffer: Buffer) => boolean) => Socket) {
    this.home = home;
    this.socket = open(Buffer.allocUnsafeSlow(READ_BYTES), (bytes, buffer) => this.read(bytes, buffer));
    this.socket.on('error', (error) => this.close(error));
    this.socket.on('end', () => this.onPeerEnd());
    this.socket.on('close', () => this.close(new Error('the upstream closed the connection')));
  }

  get isIdle(): boolean {
    return this.exchange === null;
  }

  send(exchange: Exchange): void {
    const { request } = exchange;
    this.exchange = exchange;
    exchange.connection = this;
    this.deadline = this.home.instant(request.headersTimeoutMs);
    const { body } = request;
    if (!body) return void this.socket.write(request.head, 'latin1');
    this.socket.cork();
    this.socket.write(request.head, 'latin1');
    this.socket.write(body);
    this.socket.uncork();
  }

  /** More of the answer may come. */
  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.wait();
    this.socket.resume();
  }

  /** The answer is not wanted any more, or late: a connection in the middle of one is of no further use. */
  close(error: Error): void {
    const { exchange } = this;
    this.exchange = null;
    if (exchange) exchange.connection = null;
    if (!this.isClosed) {
      this.isClosed = true;
      this.socket.destroy();
      this.home.onClose(this);
    }
    exchange?.onError(error);
  }

  /** What was waited for has not come. */
  expire(): void {
    this.close(this.exchange ? new AnswerLate('the upstream is late') : new Error('idle'));
  }

  private wait(): void {
    this.deadline = this.home.instant(this.exchange?.request.bodyTimeoutMs ?? 0);
  }

  /** Whether the socket may read on. */
  private read(count: number, buffer: Buffer): boolean {
    if (this.isClosed) return false;
    try {
      if (!this.exchange) throw new AnswerMalformed('bytes that nobody asked for');
      this.advance(buffer, count);
    } catch (error) {
      this.close(error as Error);
    }
    return !this.isPaused && !this.isClosed;
  }

  private advance(buffer: Buffer, count: number): void {
    let at = 0;
    while (!this.head) {
      at = this.readHead(buffer, at, count);
      if (at === -1) return;
    }
    if (at < count) at = this.readBody(this.head, buffer, at, count);
    // Whoever asked may have given up at what it was told.
    if (!this.exchange) return;
    if (this.chunks ? this.chunks.ended : this.left === 0) this.finish(at === count);
    else if (!this.isPaused) this.wait();
  }

  /** Where the head ends, or -1 when there is more to come of it. A provisional answer (1xx) is passed over. */
  private readHead(buffer: Buffer, at: number, count: number): number {
    const held = this.heldHead;
    const bytes = held ? Buffer.concat([held, buffer.subarray(at, count)]) : buffer;
    const from = held ? 0 : at;
    const end = held ? bytes.length : count;
    const found = bytes.subarray(from, Math.min(end, from + ANSWER_LIMITS.headBytesMax)).indexOf(HEAD_END);
    if (found === -1) {
      if (end - from >= ANSWER_LIMITS.headBytesMax) throw new AnswerMalformed('head is too long');
      this.heldHead = held ? bytes : Buffer.from(bytes.subarray(from, end));
      return -1;
    }
    this.heldHead = null;
    const after = at + (found + HEAD_END.length - (held?.length ?? 0));
    const head = readHead(bytes.toString('latin1', from, from + found + 2), this.exchange!.request.bodiless);
    if (head.status === 101) throw new AnswerMalformed('nobody asked for another protocol');
    if (head.status < 200) return after < count ? after : -1;
    this.head = head;
    this.chunks = head.length === null ? new Chunks() : null;
    this.left = head.length ?? 0;
    this.exchange!.onHead(head);
    return after;
  }

  private readBody(head: AnswerHead, buffer: Buffer, at: number, count: number): number {
    const give = (from: number, to: number) => {
      if (this.exchange?.onData(buffer.subarray(from, to)) === false) this.isPaused = true;
    };
    if (this.chunks) {
      const next = this.chunks.read(buffer, at, count, give);
      if (this.isPaused) this.deadline = Number.POSITIVE_INFINITY;
      return next;
    }
    const to = Math.min(count, at + this.left);
    if (to > at) give(at, to);
    if (head.length !== Number.POSITIVE_INFINITY) this.left -= to - at;
    if (this.isPaused) this.deadline = Number.POSITIVE_INFINITY;
    return to;
  }

  /** The answer is whole. `isExact`: nothing follows it, as nothing was asked. */
  private finish(isExact: boolean): void {
    const exchange = this.exchange!;
    const { idleMs } = this.head!;
    this.exchange = null;
    exchange.connection = null;
    this.head = null;
    this.chunks = null;
    this.isPaused = false;
    this.deadline = this.home.instant(idleMs);
    exchange.onEnd();
    if (isExact && idleMs > 0) this.home.onFree(this);
    else this.close(new Error('not kept'));
  }

  /** The end of the connection is the end of a body whose length was not told; of any other it is a break. */
  private onPeerEnd(): void {
    if (this.exchange && this.head?.length === Number.POSITIVE_INFINITY) this.finish(false);
    else this.close(new Error('the upstream closed the connection'));
  }
}

import { IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GatewayRequest, LastKey } from '../drivers/driver.ts';
import type { Gateway, GatewayResponse } from '../gateway.ts';
import { send, WRITE_BYTES } from '../node.ts';
import { CallStop } from '../stop.ts';
import { wholeAnswer } from './answer.ts';
import { readPlain } from './request.ts';

/** One answer that is over. `bytes`: all that went on the connection for it. */
export type PlainTold = {
  request: GatewayRequest;
  status: number;
  bytes: number;
  ms: number;
  receipt: string | undefined;
};

export type PlainOptions = {
  gateway: Pick<Gateway, 'handle'>;
  /** The request as the gateway takes it; null for what node:http shall answer. `headers` belong to whoever reads them. */
  read(url: string, headers: Record<string, string>): GatewayRequest | null;
  /** ms since the epoch. */
  clock(): number;
  /** With every answer. */
  headers?: Readonly<Record<string, string>>;
  tell?(told: PlainTold): void;
};

/** Connections that node:http does not know of. */
export type PlainFront = {
  /** No further call on any of them; those that nobody uses end at once. */
  closeIdle(): void;
  closeAll(): void;
};

const SWEEP_MS = 1000;
/** As node:http, which counts from a moment later than its caller. */
const IDLE_MARGIN_MS = 1000;

/**
 * Puts a reader of plain requests before a server of node:http. A connection stays with it as long as each request is plain and one
 * that `read` takes; with the first that is not, it goes to node:http with all that was read of it, for good. So timeouts,
 * bodies, malformed requests and all that is rare are node's.
 */
export function plainFirst(server: Server, options: PlainOptions): PlainFront {
  const toHttp = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  const connections = new Set<PlainConnection>();
  const front: Front = {
    options,
    lines: '',
    closing: false,
    timeoutMs: server.keepAliveTimeout,
    pass: (socket) => {
      for (const listener of toHttp) listener.call(server, socket);
    },
    forget: (connection) => connections.delete(connection),
  };
  for (const [name, value] of Object.entries(options.headers ?? {})) front.lines += `${name}: ${value}\r\n`;
  server.on('connection', (socket: Socket) => connections.add(new PlainConnection(front, socket)));
  const sweep = setInterval(() => {
    const before = performance.now() - front.timeoutMs - IDLE_MARGIN_MS;
    for (const connection of connections) connection.endIfIdleSince(before);
  }, SWEEP_MS).unref();
  server.once('close', () => clearInterval(sweep));
  return {
    closeIdle: () => {
      front.closing = true;
      for (const connection of connections) connection.endIfIdleSince(Number.POSITIVE_INFINITY);
    },
    closeAll: () => {
      front.closing = true;
      for (const connection of connections) connection.destroy();
    },
  };
}

type Front = {
  options: PlainOptions;
  /** Header lines of every answer. */
  lines: string;
  closing: boolean;
  timeoutMs: number;
  pass(socket: Socket): void;
  forget(connection: PlainConnection): void;
};

type Call = {
  request: GatewayRequest;
  stop: CallStop;
  answer: GatewayResponse | null;
  /** An answer in pieces: whoever sends them knows how far they came. */
  isStream: boolean;
  startedAt: number;
  bytesBefore: number;
};

const ignore = (): void => {};

/** One call at a time; what comes meanwhile waits, and its sender with it. */
class PlainConnection {
  private readonly front: Front;
  private readonly socket: Socket;
  private call: Call | null = null;
  private waiting: Buffer | null = null;
  private idleSince = performance.now();
  private readonly lastKey: LastKey = { key: '', keyHash: '' };

  constructor(front: Front, socket: Socket) {
    this.front = front;
    this.socket = socket;
    socket.on('data', this.onData).on('end', this.onEnd).on('close', this.onClose).on('error', ignore);
  }

  endIfIdleSince(before: number): void {
    if (this.call === null && this.idleSince <= before) this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  // Made once a connection: closures of their own would cost each call.
  private readonly onData = (bytes: Buffer): void => {
    if (this.call) {
      this.waiting = this.waiting ? Buffer.concat([this.waiting, bytes]) : bytes;
      this.socket.pause();
      return;
    }
    const { options } = this.front;
    const plain = readPlain(bytes);
    const request = plain && options.read(plain.url, plain.headers);
    if (!request) return void this.passOn(bytes);
    request.lastKey = this.lastKey;
    const stop = new CallStop();
    const startedAt = options.tell ? performance.now() : 0;
    this.call = { request, stop, answer: null, isStream: false, startedAt, bytesBefore: this.socket.bytesWritten };
    void options.gateway.handle(request, stop).then(this.onAnswer);
  };

  /** As node:http: who ends his side while he waits for an answer has left. */
  private readonly onEnd = (): void => {
    if (this.call) this.socket.destroy();
    else this.socket.end();
  };

  private readonly onClose = (): void => {
    const { call } = this;
    this.front.forget(this);
    if (!call) return;
    call.stop.stop();
    if (call.answer && !call.isStream) this.cut(call, call.answer);
  };

  /** The connection belongs to node:http from here on. */
  private passOn(bytes: Buffer): void {
    const { socket } = this;
    socket.off('data', this.onData).off('end', this.onEnd).off('close', this.onClose).off('error', ignore);
    this.front.forget(this);
    socket.pause();
    socket.unshift(bytes);
    this.front.pass(socket);
    socket.resume();
  }

  private readonly onAnswer = (answer: GatewayResponse): void => {
    const { call, socket } = this;
    if (!call) return;
    call.answer = answer;
    const { body } = answer;
    if (!(body instanceof Uint8Array) || body.length > WRITE_BYTES) return void this.stream(call, answer);
    if (socket.destroyed) return void this.cut(call, answer);
    try {
      socket.write(wholeAnswer(answer, body, this.lines(), this.front.options.clock()), 'latin1');
    } catch {
      return void socket.destroy();
    }
    if (socket.writableLength === 0 && !socket.errored) return void this.over(call, answer);
    // The kernel has not taken all of it yet: until then it may have to be stopped.
    answer.stop?.onStop(() => socket.destroy());
    socket.write('', (error) => {
      if (!error && this.call === call) this.over(call, answer);
    });
  };

  /** Header lines of every answer. */
  private lines(): string {
    const { lines, closing, timeoutMs } = this.front;
    if (closing) return `${lines}connection: close\r\n`;
    return `${lines}connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(timeoutMs / 1000)}\r\n`;
  }

  /** What has many pieces is sent by node:http's own response. */
  private async stream(call: Call, answer: GatewayResponse): Promise<void> {
    const { socket, front } = this;
    call.isStream = true;
    const message = new IncomingMessage(socket);
    [message.method, message.httpVersionMajor, message.httpVersionMinor] = ['GET', 1, 1];
    const response = new ServerResponse(message);
    for (const [name, value] of Object.entries(front.options.headers ?? {})) response.setHeader(name, value);
    if (front.closing) response.setHeader('connection', 'close');
    response.assignSocket(socket);
    await send(response, answer, false).catch(() => void socket.destroy());
    response.detachSocket(socket);
    this.over(call, answer);
  }

  /** Nothing of a whole answer has reached the client. */
  private cut(call: Call, answer: GatewayResponse): void {
    this.over(call, answer);
    void answer.cut?.(0);
  }

  private over(call: Call, answer: GatewayResponse): void {
    const { socket, waiting, front } = this;
    this.call = null;
    answer.done();
    this.tell(call, answer);
    if (socket.destroyed) return;
    if (front.closing) return void socket.end();
    this.idleSince = performance.now();
    if (!waiting) return;
    this.waiting = null;
    socket.resume();
    this.onData(waiting);
  }

  private tell({ request, startedAt, bytesBefore }: Call, { status, headers }: GatewayResponse): void {
    const { tell } = this.front.options;
    if (!tell) return;
    const bytes = this.socket.bytesWritten - bytesBefore;
    tell({ request, status, bytes, ms: performance.now() - startedAt, receipt: headers['x-receipt'] });
  }
}

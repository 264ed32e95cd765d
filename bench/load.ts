/**
 * Load on one address of this machine over kept-alive connections, a process of its own:
 *
 *   node bench/load.ts '{"port":8080,"path":"/","headers":{},"connections":64,"seconds":5,"perSecond":3500}'
 *
 * With `perSecond` the loop is open: each request has its instant, and its latency counts from there, also when no
 * connection was free, so a slow server cannot slow its own measurement. Without, each connection asks again as soon as it
 * is answered. Prints one JSON line.
 */
import { connect, type Socket } from 'node:net';

export interface LoadRequest {
  port: number;
  path: string;
  /** `{}` in the path stands for a whole number below this, drawn anew for each request, of as many digits as `keys - 1`. */
  keys?: number;
  headers: Record<string, string>;
  connections: number;
  seconds: number;
  perSecond?: number;
}

export interface LoadReport {
  answered: number;
  failed: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

const headEnd = Buffer.from('\r\n\r\n');

interface Connection {
  socket: Socket;
  dueAt: number;
}

/**
 * One answer at a time on each connection; `done` is told whether it was a 200 with its whole body, `closed` when the server
 * has ended the connection.
 */
const openConnection = async (
  port: number,
  done: (from: Connection, ok: boolean) => void,
  closed: (from: Connection) => void,
): Promise<Connection> => {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(opening)).once('error', reject);
  });
  let held: Buffer = Buffer.alloc(0);
  const connection: Connection = { socket, dueAt: 0 };
  socket.on('error', () => undefined).on('close', () => closed(connection));
  socket.on('data', (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const end = held.indexOf(headEnd);
    if (end === -1) return;
    const head = held.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) throw new Error(`an answer without content-length: ${head}`);
    if (held.length < end + 4 + length) return;
    held = held.subarray(end + 4 + length);
    done(connection, head.startsWith('HTTP/1.1 200'));
  });
  return connection;
};

/** The bytes of the next request. */
const requestsOf = ({ port, path, keys, headers }: LoadRequest): (() => Buffer | string) => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const rest = ` HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines.join('')}\r\n`;
  const [before = '', after] = path.split('{}');
  const bytes = Buffer.from(`GET ${path}${rest}`);
  if (keys === undefined || after === undefined) return () => bytes;
  const digits = String(keys - 1).length;
  return () => `GET ${before}${String(Math.floor(Math.random() * keys)).padStart(digits, '0')}${after}${rest}`;
};

const load = async (request: LoadRequest): Promise<LoadReport> => {
  const { port, connections, seconds, perSecond } = request;
  const nextRequest = requestsOf(request);
  const latencies: number[] = [];
  const waiting: number[] = [];
  const free: Connection[] = [];
  let failed = 0;
  let over = false;
  const send = (connection: Connection, dueAt: number) => {
    connection.dueAt = dueAt;
    connection.socket.write(nextRequest());
  };
  /** A server may end a connection that nobody uses; a client opens another. One that ends in the middle has failed. */
  const closed = (connection: Connection) => {
    const at = free.indexOf(connection);
    if (over) return;
    if (at === -1) failed += 1;
    else free.splice(at, 1);
    void openConnection(port, done, closed).then((another) => {
      const next = perSecond === undefined ? performance.now() : waiting.shift();
      if (next === undefined) free.push(another);
      else send(another, next);
    });
  };
  const done = (connection: Connection, ok: boolean) => {
    const now = performance.now();
    latencies.push(now - connection.dueAt);
    if (!ok) failed += 1;
    const next = perSecond === undefined && !over ? now : waiting.shift();
    if (next === undefined) free.push(connection);
    else send(connection, next);
  };
  for (let count = 0; count < connections; count++) free.push(await openConnection(port, done, closed));
  const begun = performance.now();
  const endAt = begun + seconds * 1000;
  if (perSecond === undefined) for (const connection of free.splice(0)) send(connection, begun);
  let sent = 0;
  for (let now = begun; now < endAt; now = performance.now()) {
    for (; perSecond !== undefined && sent < ((now - begun) / 1000) * perSecond; sent++) {
      const dueAt = begun + (sent / perSecond) * 1000;
      const connection = free.pop();
      if (connection) send(connection, dueAt);
      else waiting.push(dueAt);
    }
    await new Promise((resolve) => setTimeout(resolve, perSecond === undefined ? 20 : 1));
  }
  over = true;
  const took = (performance.now() - begun) / 1000;
  const answered = latencies.length;
  // What is still under way counts for latency: the slowest ones are among them.
  const patience = performance.now() + 5000;
  while (free.length < connections && performance.now() < patience)
    await new Promise((resolve) => setTimeout(resolve, 5));
  failed += waiting.length + connections - free.length;
  for (const { socket } of free) socket.destroy();
  latencies.sort((a, b) => a - b);
  const at = (part: number) => Math.round((latencies[Math.floor((latencies.length - 1) * part)] ?? 0) * 100) / 100;
  return { answered, failed, seconds: took, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
};

if (import.meta.main) {
  console.log(JSON.stringify(await load(JSON.parse(process.argv[2] ?? '{}') as LoadRequest)));
  process.exit(0);
}

import { connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { Connection, type Exchange, type Home } from './connection.ts';

export type UpstreamsOptions = {
  /** Resolves names, and refuses those that may not be connected to. */
  lookup: LookupFunction;
  connectTimeoutMs: number;
  connectionsPerUpstream: number;
};

/** The name could not be connected to in time. */
export class ConnectLate extends Error {}

/** One timer for all connections: what is late is found within a step. */
const STEP_MS = 250;

/** Kept-alive connections to all upstreams, by origin. */
export class Upstreams {
  private readonly options: UpstreamsOptions;
  private readonly pools = new Map<string, Pool>();
  private timer: NodeJS.Timeout | null = null;
  private steps = 0;
  private whenEmpty: (() => void) | null = null;

  constructor(options: UpstreamsOptions) {
    this.options = options;
  }

  /** `fresh`: over a connection that was not used before. */
  send(origin: string, exchange: Exchange, fresh: boolean): void {
    let pool = this.pools.get(origin);
    if (!pool) {
      pool = new Pool(origin, this.options, (afterMs) => this.steps + Math.ceil(afterMs / STEP_MS) + 1);
      this.pools.set(origin, pool);
    }
    this.timer ??= setInterval(() => this.step(), STEP_MS).unref();
    pool.send(exchange, fresh);
  }

  /** Resolves when what is under way has ended. */
  async close(): Promise<void> {
    for (const pool of this.pools.values()) pool.closeIdle();
    if (![...this.pools.values()].every((pool) => pool.isEmpty))
      await new Promise<void>((resolve) => {
        this.whenEmpty = resolve;
        this.timer?.ref();
      });
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  private step(): void {
    this.steps += 1;
    for (const [origin, pool] of this.pools) {
      pool.expire(this.steps);
      if (this.whenEmpty) pool.closeIdle();
      if (pool.isEmpty) this.pools.delete(origin);
    }
    if (this.pools.size > 0) return;
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.whenEmpty?.();
  }
}

/** Connections to one origin: the one used last is used first, so that the others can go. */
class Pool implements Home {
  readonly instant: (afterMs: number) => number;
  private readonly origin: URL;
  private readonly options: UpstreamsOptions;
  private readonly all = new Set<Connection>();
  private readonly idle: Connection[] = [];
  private readonly waiting: Exchange[] = [];
  private session: Buffer | undefined;

  constructor(origin: string, options: UpstreamsOptions, instant: (afterMs: number) => number) {
    this.origin = new URL(origin);
    this.options = options;
    this.instant = instant;
  }

  get isEmpty(): boolean {
    return this.all.size === 0 && this.waiting.length === 0;
  }

  send(exchange: Exchange, fresh: boolean): void {
    const free = fresh ? undefined : this.idle.pop();
    const { connectionsPerUpstream: most } = this.options;
    if (free) free.send(exchange);
    else if (this.all.size - this.idle.length >= most) this.waiting.push(exchange);
    else {
      if (this.all.size >= most) this.idle[0]?.close(new Error('another takes its place'));
      this.open().send(exchange);
    }
  }

  onFree(connection: Connection): void {
    const next = this.next();
    if (next) connection.send(next);
    else this.idle.push(connection);
  }

  onClose(connection: Connection): void {
    this.all.delete(connection);
    const at = this.idle.indexOf(connection);
    if (at !== -1) this.idle.splice(at, 1);
    const next = this.next();
    if (next) this.open().send(next);
  }

  private next(): Exchange | undefined {
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) if (!next.isOver) return next;
    return undefined;
  }

  expire(step: number): void {
    for (const connection of this.all) if (connection.deadline <= step) connection.expire();
  }

  closeIdle(): void {
    for (const connection of [...this.idle]) connection.close(new Error('closed'));
  }

  private open(): Connection {
    const { protocol, hostname, port } = this.origin;
    const host = hostname.replace(/^\[|\]$/g, '');
    const connection = new Connection(this, (buffer, callback) => {
      const where = {
        host,
        port: Number(port) || (protocol === 'https:' ? 443 : 80),
        lookup: this.options.lookup,
        noDelay: true,
        onread: { buffer, callback },
      };
      if (protocol !== 'https:') return this.inTime(connectPlain(where), 'connect');
      const secure = connectSecure({
        ...where,
        ALPNProtocols: ['http/1.1'],
        ...(isIP(host) ? {} : { servername: host }),
        ...(this.session ? { session: this.session } : {}),
      });
      secure.on('session', (session) => {
        this.session = session;
      });
      return this.inTime(secure, 'secureConnect');
    });
    this.all.add(connection);
    return connection;
  }

  private inTime<Opening extends Socket>(socket: Opening, event: 'connect' | 'secureConnect'): Opening {
    const late = () => socket.destroy(new ConnectLate('no connection in time'));
    const timer = setTimeout(late, this.options.connectTimeoutMs);
    const done = () => clearTimeout(timer);
    socket.once(event, done).once('close', done);
    return socket;
  }
}

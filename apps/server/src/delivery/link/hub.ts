/**
 * The control link's side of the exchange: one session and one push stream for each connected gateway. Every change of the
 * grant book is pushed as it happens; nothing is remembered here that a gateway could not ask for again.
 */
import { randomUUID } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import type { GrantBook, Push } from '@shugu/gateway';
import { Recalls, recallLimits } from './recalls.ts';

type PushBody = Push extends infer P ? (P extends { seq: number } ? Omit<P, 'seq'> : never) : never;

export interface Session {
  gateway: string;
  id: string;
  version: string;
  connectedAt: Date;
  turn: number;
  stream: PassThrough | null;
  /** When its last statement came, whatever became of it, and how many are being heard. Monotonic ms. */
  heardAt: number;
  hearing: number;
  pushed: number;
  acknowledged: number;
  flushed: number;
}

export const hubLimits = {
  /** What a stream may hold back for a gateway that does not read; then it is dropped and must begin anew. */
  unreadBytesMax: 32 * 2 ** 20,
  flushMsMax: 3000,
} as const;

/** The gateway inside this process, among those that may wait for a recall. */
export const here = '';

export interface HubOptions {
  beatMs: number;
  /** How long a gateway that has lost contact goes on serving. */
  graceMs: number;
  /** Monotonic ms. */
  mark(): number;
  /** When the database was last away, and so nobody could be heard. */
  awayAt(): number;
  /** Told how many gateways serve, this process's own included, whenever that changes. */
  onShare(among: number): void;
}

export class Hub {
  readonly recalls: Recalls;
  private readonly options: HubOptions;
  private readonly sessions = new Map<string, Session>();
  private readonly waitingHere = new Map<string, (() => void)[]>();
  /** When each gateway's session ended; of those that this process has not seen yet, when they could come. Monotonic ms. */
  private readonly lostAt = new Map<string, number>();
  private begunAt = Number.POSITIVE_INFINITY;
  private beatAt: number;
  private deafAt = Number.NEGATIVE_INFINITY;
  private book: GrantBook | undefined;
  private stopListening: () => void = () => {};
  private flushes = 0;
  private among = 1;
  private readonly beat: NodeJS.Timeout;

  constructor(options: HubOptions) {
    this.options = options;
    this.beatAt = options.mark();
    this.recalls = new Recalls(
      (gateway, grant) => this.push(gateway, { type: 'recall', grant }),
      (asker, grant) => (asker === here ? this.wakeHere(grant) : this.push(asker, { type: 'wake' })),
    );
    this.beat = setInterval(() => {
      const now = options.mark();
      // Where this process itself stood still, what was said is not read yet.
      if (now - this.beatAt > 2 * options.beatMs) this.deafAt = now;
      this.beatAt = now;
      this.recalls.endLate(now, (gateway) => this.isSilent(gateway, now));
      this.share();
      for (const gateway of this.sessions.keys()) this.push(gateway, { type: 'beat' });
    }, options.beatMs);
    this.beat.unref();
  }

  /** The last that is done before anybody is heard. `known`: gateways that may still serve, from before this process began. */
  follow(book: GrantBook, known: readonly string[]): void {
    this.begunAt = this.options.mark();
    this.book = book;
    for (const gateway of known) this.lostAt.set(gateway, this.lostAt.get(gateway) ?? this.begunAt);
    this.share();
    this.stopListening = book.onChange((line) => {
      for (const gateway of this.sessions.keys()) this.push(gateway, { type: 'grant', line });
    });
  }

  start(gateway: string, version: string, connectedAt: Date): Session {
    this.drop(gateway);
    const session: Session = {
      gateway,
      id: randomUUID(),
      version,
      connectedAt,
      turn: 0,
      stream: null,
      heardAt: this.options.mark(),
      hearing: 0,
      pushed: 0,
      acknowledged: 0,
      flushed: 0,
    };
    this.sessions.set(gateway, session);
    return session;
  }

  /** The session, if it is this gateway's present one. */
  session(gateway: string, id: string): Session | undefined {
    const session = this.sessions.get(gateway);
    return session?.id === id ? session : undefined;
  }

  sessionOf(gateway: string): Session | undefined {
    return this.sessions.get(gateway);
  }

  /** Those with an open stream. */
  connected(): string[] {
    return [...this.sessions.values()].filter(({ stream }) => stream !== null).map(({ gateway }) => gateway);
  }

  /** Whether the gateway of this source is away for so short a time that it may still serve, and will be asked when it is back. */
  isReturning(source: string): boolean {
    if (this.connected().some((id) => source.endsWith(id))) return false;
    const [, lostAt = this.begunAt] = [...this.lostAt].find(([id]) => source.endsWith(id)) ?? [];
    return this.options.mark() - Math.max(lostAt, this.deafUntil()) < this.options.graceMs;
  }

  /** Hears a statement; one that fails, since the database is away, was not silence. */
  async hear<T>(session: Session, run: () => Promise<T>): Promise<T> {
    session.heardAt = this.options.mark();
    session.hearing += 1;
    try {
      return await run();
    } finally {
      session.hearing -= 1;
    }
  }

  /** Opens the push stream: what differs from what the gateway holds first, then every change. */
  open(session: Session, held: readonly { id: string; version: number }[]): Readable {
    const stream = new PassThrough();
    session.stream = stream;
    stream.on('error', () => undefined);
    stream.once('close', () => {
      if (session.stream === stream) this.drop(session.gateway, session.id);
    });
    this.push(session.gateway, { type: 'share', among: this.among });
    this.share();
    const known = new Map(held.map(({ id, version }) => [id, version]));
    for (const line of this.book?.all() ?? [])
      if (known.get(line.id) !== line.version) this.push(session.gateway, { type: 'grant', line });
    for (const id of known.keys()) if (!this.book?.get(id)) this.push(session.gateway, { type: 'gone', id });
    this.push(session.gateway, { type: 'ready' });
    return stream;
  }

  push(gateway: string, message: PushBody): void {
    const session = this.sessions.get(gateway);
    if (!session?.stream) return;
    session.pushed += 1;
    session.stream.write(`${JSON.stringify({ seq: session.pushed, ...message })}\n`);
    if (session.stream.writableLength > hubLimits.unreadBytesMax) this.drop(gateway, session.id);
  }

  pushAll(message: PushBody): void {
    for (const gateway of this.sessions.keys()) this.push(gateway, message);
  }

  drop(gateway: string, id?: string): void {
    const session = this.sessions.get(gateway);
    if (!session || (id !== undefined && session.id !== id)) return;
    this.sessions.delete(gateway);
    this.lostAt.set(gateway, this.options.mark());
    session.stream?.destroy();
    this.recalls.gone(gateway);
  }

  /**
   * Divides rates anew where a gateway has come or gone. One that has lost contact counts until it serves no more. What a gateway that
   * joins gives before the others have heard of it, a round trip later, comes on top: one share, for its grace at the longest.
   */
  private share(): void {
    const since = this.options.mark() - this.options.graceMs;
    const serving = new Set(this.connected());
    for (const [gateway, lostAt] of this.lostAt) if (lostAt > since) serving.add(gateway);
    const among = serving.size + 1;
    if (among === this.among) return;
    this.among = among;
    this.options.onShare(among);
    this.pushAll({ type: 'share', among });
  }

  /** For the gateway of this process: until those who hold some of the grant have been asked; false when all have answered before. */
  async recallHere(grant: string, holders: readonly string[]): Promise<boolean> {
    if (this.recalls.ask(grant, here, holders, this.options.mark()) === 'exhausted') return false;
    await new Promise<void>((resolve) => {
      this.waitingHere.set(grant, [...(this.waitingHere.get(grant) ?? []), resolve]);
    });
    return true;
  }

  /** Every connected gateway seals and ships what it has recorded; those that do not answer in time are not waited for. */
  async flush(): Promise<void> {
    this.flushes += 1;
    const id = this.flushes;
    this.pushAll({ type: 'flush', id });
    const asked = this.connected();
    const end = this.options.mark() + hubLimits.flushMsMax;
    const open = () => asked.some((gateway) => (this.sessions.get(gateway)?.flushed ?? id) < id);
    while (open() && this.options.mark() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  close(): void {
    clearInterval(this.beat);
    this.stopListening();
    for (const gateway of [...this.sessions.keys()]) this.drop(gateway);
    for (const grant of [...this.waitingHere.keys()]) this.wakeHere(grant);
  }

  /** Said nothing for as long as a round lasts, though it would have been heard. */
  private isSilent(gateway: string, now: number): boolean {
    const session = this.sessions.get(gateway);
    if (!session || session.hearing > 0) return !session;
    return now - Math.max(session.heardAt, this.deafUntil()) > recallLimits.roundMsMax;
  }

  /** Until then nobody could be heard, whatever they said. */
  private deafUntil(): number {
    return Math.max(this.deafAt, this.options.awayAt());
  }

  private wakeHere(grant: string): void {
    const waiting = this.waitingHere.get(grant) ?? [];
    this.waitingHere.delete(grant);
    for (const resolve of waiting) resolve();
  }
}

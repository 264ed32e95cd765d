import type { Grant, GrantBook } from '../grants.ts';
import type { Meter } from '../meter.ts';
import type { SliceQuota } from '../slices.ts';
import { type LinkCalls, LinkRefused } from './calls.ts';
import type { Push, StartAnswer, SyncAnswer, SyncAsk } from './messages.ts';

export type LinkOptions = {
  calls: LinkCalls;
  start: StartAnswer;
  life: string;
  version: string;
  /** Public key (JWK) of the meter's signer. */
  key: object;
  grants: GrantBook;
  quota: SliceQuota;
  meter: Meter;
  /** Last record of the lives before this one. */
  lifeFrom: number;
  clock: LinkClock;
  grantOf: (line: string) => string;
  /** Ends what is running; called as long as the gateway is cut off. */
  onCutOff(): void;
  forgetSecret(endpoint: string): void;
  onShare(among: number): void;
  /** Seals and ships all that is recorded. */
  flush(): Promise<void>;
  note(event: string, more?: Record<string, unknown>): void;
};

export type LinkState = 'connecting' | 'connected' | 'cutOff' | 'revoked';

/** The exchange's clock as far as this process knows it, moved on by a monotonic one; it never goes back. */
export class LinkClock {
  private readonly timer: () => number;
  private base: { time: number; at: number };

  constructor(timer: () => number, time: number) {
    this.timer = timer;
    this.base = { time, at: timer() };
  }

  now(): number {
    return Math.floor(this.base.time + (this.timer() - this.base.at));
  }

  set(time: number): void {
    this.base = { time: Math.max(time, this.now()), at: this.timer() };
  }

  /** Monotonic ms. */
  mark(): number {
    return this.timer();
  }
}

/** Between two statements at least, so that a busy gateway does not talk more than it serves. */
const PAUSE_MS = 25;
const RETRY_MS = 250;
/** Beats that may fail to come before the stream counts as broken. */
const BEATS_MISSED_MAX = 4;

/**
 * One long push stream down, statements up. Contact is proven by round trips only: a statement that was answered, and
 * everything pushed before the answer seen. Without contact for the grace nothing is served; a line that was read late out of
 * some buffer proves nothing.
 */
export class Link {
  private readonly options: LinkOptions;
  private session: StartAnswer;
  private turn = 0;
  private seen = 0;
  private heardAt: number;
  private contactAt: number;
  private unseen: { sentAt: number; pushed: number }[] = [];
  private flushed: number | undefined;
  private keySent = false;
  private revoked = false;
  private closed = false;
  private connectedOnce = false;
  private abort = new AbortController();
  private wakeUp: () => void = () => {};
  private woken = false;
  private readonly watch: NodeJS.Timeout;
  private readonly streaming: Promise<void>;
  private readonly syncing: Promise<void>;

  constructor(options: LinkOptions) {
    this.options = options;
    this.session = options.start;
    this.heardAt = options.clock.mark();
    this.contactAt = Number.NEGATIVE_INFINITY;
    options.quota.onWish = () => this.wake();
    this.watch = setInterval(() => {
      if (!this.serving()) options.onCutOff();
      if (options.clock.mark() - this.heardAt > this.session.beatMs * BEATS_MISSED_MAX) this.abort.abort();
    }, 100);
    this.streaming = this.streamLoop();
    this.syncing = this.syncLoop();
  }

  /** Whether calls may be answered now. */
  serving(): boolean {
    return !this.revoked && this.connectedOnce && this.options.clock.mark() - this.contactAt <= this.session.graceMs;
  }

  state(): LinkState {
    if (this.revoked) return 'revoked';
    if (!this.connectedOnce) return 'connecting';
    return this.serving() ? 'connected' : 'cutOff';
  }

  /** ms since the last proven contact. */
  silentMs(): number {
    return this.options.clock.mark() - this.contactAt;
  }

  wake(): void {
    this.woken = true;
    this.wakeUp();
  }

  /** One last statement, so that nothing is held by a gateway that is gone. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.watch);
    this.wake();
    await this.syncing.catch(() => undefined);
    this.options.quota.closeAll();
    // Before the stream ends, and the session with it.
    await this.sync().catch(() => undefined);
    this.abort.abort();
    await this.streaming.catch(() => undefined);
  }

  private async streamLoop(): Promise<void> {
    for (let first = true; !this.closed && !this.revoked; first = false) {
      this.abort = new AbortController();
      try {
        if (!first) await this.restart();
        await this.follow();
      } catch (error) {
        this.refusedBy(error);
        if (!this.closed) this.options.note('link.lost', { reason: (error as Error).message });
      }
      if (!this.closed) await this.pause(RETRY_MS);
    }
  }

  private async restart(): Promise<void> {
    const { calls, life, version } = this.options;
    const session = await calls.json<StartAnswer>('PUT', 'start', { life, version }, AbortSignal.timeout(5000));
    this.options.clock.set(session.time);
    this.session = session;
    this.turn = 0;
    this.seen = 0;
    this.unseen = [];
    this.keySent = false;
  }

  private async follow(): Promise<void> {
    const { calls, grants } = this.options;
    this.heardAt = this.options.clock.mark();
    const held = grants.all().map(({ id, version }) => ({ id, version }));
    const body = await calls.stream('stream', { session: this.session.session, held }, this.abort.signal);
    let rest = '';
    for await (const piece of body) {
      const lines = (rest + (piece as Buffer).toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line) await this.take(JSON.parse(line) as Push);
    }
    throw new Error('the stream ended');
  }

  private async take(push: Push): Promise<void> {
    if (push.seq !== this.seen + 1) throw new Error(`push ${push.seq} after ${this.seen}`);
    this.heardAt = this.options.clock.mark();
    await this.act(push);
    this.seen = push.seq;
    this.proven();
  }

  private async act(push: Push): Promise<void> {
    const { grants, quota, forgetSecret, onShare } = this.options;
    if (push.type === 'grant') await this.hold(push.line);
    if (push.type === 'gone') await grants.withdraw(push.id);
    if (push.type === 'recall') quota.recall(push.grant);
    if (push.type === 'share') onShare(push.among);
    if (push.type === 'wake') this.wake();
    if (push.type === 'forget') forgetSecret(push.secret);
    if (push.type === 'flush') {
      // Not waited for: a withdrawal behind it must not wait for the disk of the exchange.
      const { id } = push;
      void this.options.flush().then(
        () => {
          this.flushed = id;
          this.wake();
        },
        () => undefined,
      );
    }
    if (push.type === 'ready') {
      this.connectedOnce = true;
      this.options.note('link.ready', { grants: grants.all().length });
      this.wake();
    }
  }

  private async hold(line: Grant): Promise<void> {
    const { grants, quota, grantOf, note } = this.options;
    const before = grants.get(line.id);
    if (before && JSON.stringify(before.plan.quotas) !== JSON.stringify(line.plan.quotas))
      quota.recall(grantOf(line.id));
    await grants.put(line).catch((error: Error) => {
      note('grant.refused', { line: line.id, reason: error.message });
      return grants.withdraw(line.id);
    });
  }

  private async syncLoop(): Promise<void> {
    while (!this.closed && !this.revoked) {
      await this.turnOrWake();
      if (this.closed) return;
      try {
        await this.sync();
        await this.pause(PAUSE_MS);
      } catch (error) {
        this.refusedBy(error);
        await this.pause(RETRY_MS);
      }
    }
  }

  private async sync(): Promise<void> {
    const { calls, quota, clock, life, lifeFrom, key } = this.options;
    const sentAt = clock.mark();
    this.woken = false;
    this.turn += 1;
    const { slices, recalled } = quota.state();
    const { session } = this.session;
    const ask: SyncAsk = {
      session,
      turn: this.turn,
      life,
      lifeFrom,
      ...(this.keySent ? {} : { key }),
      acknowledged: this.seen,
      slices,
      wishes: quota.wishes(),
      recalled,
      ...(this.flushed === undefined ? {} : { flushed: this.flushed }),
    };
    const answer = await calls.json<SyncAnswer>('PUT', 'sync', ask).catch((error) => {
      // Said to nobody: it must be said again.
      for (const grant of recalled) quota.recall(grant);
      throw error;
    });
    clock.set(answer.time);
    quota.apply(answer, slices);
    if (session !== this.session.session) return;
    this.keySent = true;
    if (answer.pushed !== null) this.unseen.push({ sentAt, pushed: answer.pushed });
    this.proven();
  }

  private proven(): void {
    while (this.unseen[0] && this.unseen[0].pushed <= this.seen) {
      this.contactAt = this.unseen[0].sentAt;
      this.unseen.shift();
    }
  }

  private refusedBy(error: unknown): void {
    if (!(error instanceof LinkRefused) || error.status !== 401) return;
    this.revoked = true;
    this.options.note('link.revoked');
    this.options.onCutOff();
  }

  private turnOrWake(): Promise<void> {
    if (this.woken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.session.beatMs);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}

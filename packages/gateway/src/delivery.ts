import type { EndingReason } from '@shugu/evidence';
import type { Plan } from '@shugu/policy';
import type { Body } from './drivers/driver.ts';
import type { Meter } from './meter.ts';
import { failureOf } from './problem.ts';
import type { QuotaStore, Reservation } from './quota.ts';
import type { Units, Use } from './segment.ts';
import type { OpenSpan } from './tracing/tracer.ts';

export type Admitted = {
  /** The record as far as it is known when the use is admitted: nothing delivered yet. */
  use: Use;
  plan: Plan;
  /** 0 for a part of a use that was counted when it began. */
  calls: 0 | 1;
  reservation: Reservation;
  /** ms since some fixed instant, monotonic. */
  timer: () => number;
  startedAt: number;
  /** Of a call that is traced. */
  span: OpenSpan | undefined;
};

/**
 * Told how an answer ended: `cut` when the client got only `bytesSent` of it. May be called at any time, once. Nothing may leave
 * before `recorded`, where there is one.
 */
export type Delivery = { body: Body; cut(bytesSent: number): Promise<void>; recorded?: Promise<void> };

/** A long answer is put on record while it runs, whichever comes first. */
export const CHECKPOINTS = { everyMs: 1000, everyBytes: 64 * 2 ** 20 } as const;

/** Thrown into a streaming answer whose volume is used up or whose grant has ended; the connection is dropped. */
export class DeliveryStopped extends Error {}

/**
 * The end of one use, for whatever happens first: the answer completes (recorded before its last byte leaves), or it is
 * cut (recorded as incomplete; if it was recorded as complete already, corrected by a new record). A long answer is recorded
 * as incomplete while it runs, and each record after that adds what came since: a gateway that is killed has lost the last
 * second at most.
 */
export class UseEnd {
  private readonly admitted: Admitted;
  private readonly meter: Meter;
  private readonly quota: QuotaStore;
  private recorded: Units | null = null;
  /** What checkpoints have stated so far, all together. */
  private stated: Units | null = null;
  private statements = 0;
  private ended = false;
  private rows = 0;
  private rowsSent = 0;
  private bytesSent = 0;
  private headMs: number | undefined;
  private failure: string | undefined;

  constructor(admitted: Admitted, meter: Meter, quota: QuotaStore) {
    this.admitted = admitted;
    this.meter = meter;
    this.quota = quota;
  }

  /** Nothing was handed out: give back what was reserved. */
  release(): void {
    if (this.ended) return;
    this.ended = true;
    this.quota.settle(this.admitted.reservation, { calls: 0, rows: 0, bytes: 0 });
  }

  /**
   * Nothing was handed out, and not because of the buyer. Nobody waits for the record: it counts nothing. It names no slice, which
   * may close now.
   */
  fail(code: string): void {
    if (this.ended) return;
    this.release();
    const { slice: _, ...use } = this.admitted.use;
    const failed: Use = {
      ...use,
      status: 'failed',
      units: { calls: 0, rows: 0, bytes: 0 },
      latencyMs: this.latency(),
      failure: code,
    };
    this.meter.append(failed).catch(() => this.meter.owe(failed));
  }

  /** A stream can begin. */
  begin(): void {
    this.headMs = this.latency();
  }

  /** The answer breaks off because of what it is made from. */
  broke(error: unknown): void {
    this.failure = failureOf(error);
  }

  /** Reserve what exceeds the reservation so far; false when a quota refuses. */
  reserve(rows: number, bytes: number): boolean {
    this.rows = rows;
    const { reservation, plan } = this.admitted;
    // Where only calls are limited, the rest is counted when the use is settled.
    if (plan.quotas.every(({ metric }) => metric === 'calls')) return true;
    const more = {
      rows: Math.max(0, rows - reservation.held.rows),
      bytes: Math.max(0, bytes - reservation.held.bytes),
    };
    return this.quota.extend(reservation, plan, more) === null;
  }

  /** As `reserve`, waiting for more where amounts are leased. */
  async reserveLater(rows: number, bytes: number): Promise<boolean> {
    if (this.reserve(rows, bytes)) return true;
    const { reservation, plan } = this.admitted;
    const more = {
      rows: Math.max(0, rows - reservation.held.rows),
      bytes: Math.max(0, bytes - reservation.held.bytes),
    };
    return (await this.quota.extendLater?.(reservation, plan, more)) === null;
  }

  /** Of a stream: what is in the pieces that the client has taken, all together. */
  sent(rows: number, bytes: number): void {
    this.rowsSent = rows;
    this.bytesSent = bytes;
  }

  /** Record the use as complete; resolves when durable. On failure nothing is held any more, and it throws. */
  complete(bytes: number, bytesLeft: number): Promise<void> {
    const units = { calls: this.admitted.calls, rows: this.rows, bytes };
    const metering = this.admitted.span?.child('meter');
    return this.meter.append(this.completed(units)).then(
      () => {
        metering?.end();
        this.recorded = units;
        this.quota.settle(this.admitted.reservation, units);
      },
      (error: unknown) => {
        metering?.end('meteringUnavailable');
        if (bytesLeft > 0) this.owe(bytesLeft);
        else this.release();
        throw error;
      },
    );
  }

  private completed(units: Units): Use {
    if (this.stated) return this.since(this.stated, units, 'end', 'answerCompleted');
    const { use } = this.admitted;
    use.status = 'complete';
    use.units = units;
    use.latencyMs = this.latency();
    if (this.headMs !== undefined) use.headMs = this.headMs;
    return use;
  }

  /** Of a stream that goes on: what has been handed out so far is put on record. Resolves when durable, or owed. */
  async checkpoint(): Promise<void> {
    const { rowsSent: rows, bytesSent: bytes } = this;
    const units = { calls: this.admitted.calls, rows, bytes };
    if (this.ended || this.bytesUnstated === 0) return;
    const record = this.goingOn(units);
    this.stated = units;
    await this.meter.append(record).catch(() => this.meter.owe(record));
  }

  /** Bytes that the client has taken and no record states. */
  get bytesUnstated(): number {
    return this.bytesSent - (this.stated?.bytes ?? 0);
  }

  /** The use as incomplete, or what came since the last record of it. */
  private goingOn(units: Units): Use {
    this.statements += 1;
    if (this.stated) return this.since(this.stated, units, String(this.statements), 'answerWentOn');
    return { ...this.admitted.use, status: 'incomplete', units, ...this.timing() };
  }

  private since(before: Units, units: Units, suffix: string, reason: EndingReason): Use {
    const { use } = this.admitted;
    return {
      ...use,
      use: `${use.use}.${suffix}`,
      corrects: use.use,
      reason,
      status: reason === 'answerCompleted' ? 'complete' : 'incomplete',
      units: { calls: 0, rows: units.rows - before.rows, bytes: units.bytes - before.bytes },
      ...this.timing(),
    };
  }

  /** The client left, the driver failed or the grant was withdrawn after `bytesSent` bytes of the body. */
  async cut(bytesSent: number): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const { reservation, calls } = this.admitted;
    const { recorded } = this;
    const units = { calls, rows: recorded ? this.rows : this.rowsSent, bytes: bytesSent };
    const end = recorded ? this.since(recorded, units, 'cut', 'answerCut') : this.goingOn(units);
    await this.meter.append(end).catch(() => this.meter.owe(end));
    // Only now: a slice may close as soon as its last reservation is settled, and its records must stand by then.
    this.quota.settle(reservation, units);
  }

  private owe(bytes: number): void {
    this.ended = true;
    const units = { calls: this.admitted.calls, rows: this.rowsSent, bytes };
    this.quota.settle(this.admitted.reservation, units);
    this.meter.owe(this.goingOn(units));
  }

  private timing(): Pick<Use, 'latencyMs' | 'headMs' | 'failure'> {
    const { headMs, failure } = this;
    return {
      latencyMs: this.latency(),
      ...(headMs === undefined ? {} : { headMs }),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  private latency(): number {
    const { timer, startedAt } = this.admitted;
    return Math.round((timer() - startedAt) * 1000) / 1000;
  }
}

/**
 * A streaming body with its use: one piece is held back, so that the record is durable before the last byte leaves, and
 * each piece is reserved before it passes. `rows`: of all pieces so far. `mayGoOn` is asked before each piece: contracts end while answers run.
 */
export async function* metered(
  body: AsyncIterable<Uint8Array>,
  end: UseEnd,
  rows: () => number,
  mayGoOn: () => boolean,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | null = null;
  let heldRows = 0;
  let passed = 0;
  let finished = false;
  const clock = setInterval(() => void end.checkpoint(), CHECKPOINTS.everyMs).unref();
  try {
    for await (const piece of body) {
      if (piece.length === 0) continue;
      const bytes = passed + (held?.length ?? 0) + piece.length;
      const rowsWithPiece = rows();
      if (!mayGoOn() || !(end.reserve(rowsWithPiece, bytes) || (await end.reserveLater(rowsWithPiece, bytes))))
        throw new DeliveryStopped();
      if (held) {
        passed += held.length;
        yield held;
        end.sent(heldRows, passed);
        if (end.bytesUnstated >= CHECKPOINTS.everyBytes) await end.checkpoint();
      }
      held = piece;
      heldRows = rowsWithPiece;
    }
    if (!mayGoOn()) throw new DeliveryStopped();
    clearInterval(clock);
    await end.complete(passed + (held?.length ?? 0), passed);
    finished = true;
    if (held) yield held;
  } catch (error) {
    // Where the client left or the grant ended, the source broke off because it was told to.
    if (!(error instanceof DeliveryStopped) && mayGoOn()) end.broke(error);
    throw error;
  } finally {
    clearInterval(clock);
    if (!finished) await end.cut(passed);
  }
}

import type { Meter } from '../meter.ts';
import { sealedSegment } from '../meter.ts';
import { encodeFrame, encodeHeader } from '../segment.ts';
import type { LinkCalls } from './calls.ts';
import type { ShipAnswer } from './messages.ts';

export type ShipperOptions = {
  calls: LinkCalls;
  meter: Meter;
  objectFolder: string;
  everyMs?: number;
  note(event: string, more?: Record<string, unknown>): void;
};

export const SHIP_DEFAULTS = { everyMs: 100, retryMs: 500, recordsMax: 2000 } as const;

/**
 * Brings records to the exchange: sealed segments whole and in order, and what is not sealed yet as frames after the last
 * sequence that the exchange says it holds. Whatever is sent twice, late or cut changes nothing there, so nothing is
 * remembered here: the exchange's answer is the only state.
 */
export class Shipper {
  private readonly options: ShipperOptions;
  private held: ShipAnswer | null = null;
  private running: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(options: ShipperOptions) {
    this.options = options;
    this.plan(0);
  }

  /** Records that the exchange does not hold yet, as far as is known. */
  behind(): number {
    return this.options.meter.lastSequence - (this.held?.sequence ?? 0);
  }

  /** All that is recorded now, sealed or not. Rejects when the exchange cannot be reached. */
  ship(): Promise<void> {
    const next = this.running.then(
      () => this.shipOnce(),
      () => this.shipOnce(),
    );
    this.running = next.catch(() => undefined);
    return next;
  }

  async flush(): Promise<void> {
    await this.options.meter.rotate();
    await this.ship();
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    await this.running;
  }

  private plan(ms: number): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.ship().then(
        () => this.plan(this.options.everyMs ?? SHIP_DEFAULTS.everyMs),
        (error: Error) => {
          this.options.note('records.waiting', { behind: this.behind(), reason: error.message });
          this.plan(SHIP_DEFAULTS.retryMs);
        },
      );
    }, ms);
  }

  private async shipOnce(): Promise<void> {
    const { calls, meter, objectFolder } = this.options;
    let held = this.held ?? (await calls.json<ShipAnswer>('GET', 'records'));
    for (let next = await sealedSegment(objectFolder, meter.source, held.segment + 1); next; ) {
      const head = Buffer.from(JSON.stringify(next.manifest)).toString('base64url');
      const answer = await calls.upload<ShipAnswer>('segments', next.bytes, { 'x-segment-manifest': head });
      if (answer.segment <= held.segment) throw new Error(`the exchange holds segments up to ${answer.segment} only`);
      held = answer;
      this.held = held;
      next = await sealedSegment(objectFolder, meter.source, held.segment + 1);
    }
    while (meter.lastSequence > held.sequence) {
      const tail = (await meter.openTail(held.sequence)).slice(0, SHIP_DEFAULTS.recordsMax);
      // Sealed meanwhile: the next round sends the segment.
      if (tail[0]?.sequence !== held.sequence + 1) break;
      const header = encodeHeader({ source: meter.source, segment: 0, firstSequence: tail[0].sequence });
      const bytes = Buffer.concat([header, ...tail.map(({ record }) => encodeFrame(record))]);
      const answer = await calls.upload<ShipAnswer>('records', bytes);
      if (answer.sequence <= held.sequence) throw new Error(`the exchange holds records up to ${answer.sequence} only`);
      held = answer;
      this.held = held;
    }
    this.held = held;
  }
}

import { otlpJson, type Resource } from './otlp.ts';
import type { Span } from './tracer.ts';

/** What the collector says to one batch; rejects when nobody answers. */
export type PostSpans = (body: string) => Promise<{ status: number; text: string }>;

export type ExporterOptions = {
  resource: Resource;
  scope: { name: string; version: string };
  post: PostSpans;
  /** Told once when spans begin to be lost, and once when they go out again. */
  note: (event: 'spans.dropped' | 'spans.sent', more: { reason?: string; dropped: number }) => void;
  pauseMs?: number;
};

export const EXPORTER_LIMITS = {
  spansQueued: 2048,
  spansPerBatch: 512,
  /** Between two batches that are not full. */
  pauseMs: 5000,
  pauseMsMax: 60_000,
  answerBytesMax: 65_536,
  patienceMs: 10_000,
  /** A process that stops waits no longer for its last batch. */
  closeMs: 2000,
} as const;

/** Of OTLP over HTTP: what may succeed another time. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Brings spans to a collector in batches. Nothing waits for it: when it is away, the queue fills, and what comes then is counted and gone. */
export class SpanExporter {
  private readonly options: ExporterOptions;
  private queue: Span[] = [];
  private sending: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private pauseMs: number;
  private isLosing = false;
  private isClosed = false;
  /** Spans that the collector has taken, and those that nobody has. */
  sent = 0;
  dropped = 0;

  constructor(options: ExporterOptions) {
    this.options = options;
    this.pauseMs = this.firstPauseMs;
  }

  private get firstPauseMs(): number {
    return this.options.pauseMs ?? EXPORTER_LIMITS.pauseMs;
  }

  get queued(): number {
    return this.queue.length;
  }

  // Made once: it is handed on as it is.
  readonly take = (span: Span): void => {
    if (this.isClosed || this.queue.length >= EXPORTER_LIMITS.spansQueued) return void this.lose(1, 'queueFull');
    this.queue.push(span);
    const isHealthy = this.pauseMs === this.firstPauseMs;
    if (this.queue.length >= EXPORTER_LIMITS.spansPerBatch && isHealthy) this.send();
    else this.timer ??= setTimeout(() => this.send(), this.pauseMs).unref();
  };

  private send(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.sending ??= this.sendBatch().finally(() => {
      this.sending = null;
      if (this.queue.length === 0 || this.isClosed) return;
      const isFull = this.queue.length >= EXPORTER_LIMITS.spansPerBatch && this.pauseMs === this.firstPauseMs;
      this.timer ??= setTimeout(() => this.send(), isFull ? 0 : this.pauseMs).unref();
    });
  }

  private async sendBatch(): Promise<void> {
    const batch = this.queue.slice(0, EXPORTER_LIMITS.spansPerBatch);
    if (batch.length === 0) return;
    const { resource, scope, post } = this.options;
    const answer = await post(otlpJson(resource, scope, batch)).catch((error: Error & { code?: string }) => error);
    if (answer instanceof Error || RETRYABLE.has(answer.status)) return this.later(answer);
    this.queue.splice(0, batch.length);
    this.pauseMs = this.firstPauseMs;
    if (answer.status < 200 || answer.status >= 300) return this.lose(batch.length, `HTTP ${answer.status}`);
    const rejected = Math.min(rejectedIn(answer.text), batch.length);
    this.sent += batch.length - rejected;
    if (rejected > 0) return this.lose(rejected, 'rejected');
    if (this.isLosing) this.options.note('spans.sent', { dropped: this.dropped });
    this.isLosing = false;
  }

  private later(why: (Error & { code?: string }) | { status: number }): void {
    this.pauseMs = Math.min(2 * this.pauseMs, EXPORTER_LIMITS.pauseMsMax);
    this.tell(why instanceof Error ? (why.code ?? why.name) : `HTTP ${why.status}`);
  }

  private lose(count: number, reason: string): void {
    this.dropped += count;
    this.tell(reason);
  }

  private tell(reason: string): void {
    if (!this.isLosing) this.options.note('spans.dropped', { reason, dropped: this.dropped });
    this.isLosing = true;
  }

  /** Sends what there is, once; what is left then is counted as dropped. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.timer) clearTimeout(this.timer);
    const last = (this.sending ?? Promise.resolve()).then(() => this.sendBatch());
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, EXPORTER_LIMITS.closeMs);
    await Promise.race([last, patience.promise]);
    clearTimeout(timer);
    if (this.queue.length > 0) this.lose(this.queue.length, 'closed');
    this.queue = [];
  }
}

/** An answer of 200 may still say that some were refused (ExportTracePartialSuccess). */
function rejectedIn(text: string): number {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: string | number } };
    const count = Number(partialSuccess?.rejectedSpans ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}

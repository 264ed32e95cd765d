import { contextOf } from './context.ts';

/** As OTLP numbers them. */
export const SPAN_KINDS = { internal: 1, server: 2, client: 3 } as const;
export type SpanKind = keyof typeof SPAN_KINDS;
export type Attributes = Record<string, string | number>;

/** A step that is over. Times in ms since the epoch, with their fraction. */
export type Span = {
  traceId: string;
  spanId: string;
  parentId?: string;
  name: string;
  kind: SpanKind;
  startMs: number;
  endMs: number;
  attributes: Attributes;
  /** Code of what went wrong. */
  error?: string;
};

export type TracerOptions = {
  /** Share of calls that are recorded, 0 to 1. */
  share: number;
  /** ms since the epoch. */
  clock: () => number;
  /** Monotonic ms. */
  timer: () => number;
  /** Evenly from 0 to below 1. */
  chance: () => number;
  /** So many bytes of chance. */
  bytes: (count: number) => Uint8Array;
  take: (span: Span) => void;
};

export type Beginning = {
  name: string;
  traceparent: string | undefined;
  /** Whether the caller showed a key or an account: of a stranger no id is taken over, and no wish heard. */
  isKnown: boolean;
  /** By the timer. */
  startedAt: number;
  attributes: Attributes;
};

/** Traces that callers wish for by their flag, beside those that the share picks. */
export const WISHES_PER_SECOND = 10;

/** Decides by itself which calls are recorded: callers choose neither what fills the operator's store nor what is missing there. */
export class Tracer {
  private readonly options: TracerOptions;
  private wishSecond = 0;
  private wishes = 0;

  constructor(options: TracerOptions) {
    this.options = options;
  }

  /** The first span of this call; null when it is not recorded. */
  begin({ name, traceparent, isKnown, startedAt, attributes }: Beginning): OpenSpan | null {
    const parent = isKnown ? contextOf(traceparent) : undefined;
    const { share, chance, clock, timer, bytes, take } = this.options;
    if (!(chance() < share || (parent?.sampled && this.grantsWish()))) return null;
    const trace: TraceUnderWay = {
      traceId: parent?.traceId ?? hex(bytes(16)),
      epochMs: clock() - timer(),
      timer,
      newId: () => hex(bytes(8)),
      take,
    };
    return new OpenSpan(trace, parent?.spanId, name, 'server', startedAt, attributes);
  }

  private grantsWish(): boolean {
    const second = Math.floor(this.options.timer() / 1000);
    if (second !== this.wishSecond) [this.wishSecond, this.wishes] = [second, 0];
    this.wishes += 1;
    return this.wishes <= WISHES_PER_SECOND;
  }
}

type TraceUnderWay = {
  traceId: string;
  /** What lies between the timer and the epoch, the same for all of the trace. */
  epochMs: number;
  timer: () => number;
  newId: () => string;
  take: (span: Span) => void;
};

/** A step under way. Only the first end counts. */
export class OpenSpan {
  readonly spanId: string;
  private readonly trace: TraceUnderWay;
  private readonly parentId: string | undefined;
  private readonly name: string;
  private readonly kind: SpanKind;
  private readonly startedAt: number;
  private readonly attributes: Attributes;
  private isOver = false;

  constructor(
    trace: TraceUnderWay,
    parentId: string | undefined,
    name: string,
    kind: SpanKind,
    startedAt: number,
    attributes: Attributes,
  ) {
    this.trace = trace;
    this.parentId = parentId;
    this.name = name;
    this.kind = kind;
    this.startedAt = startedAt;
    this.attributes = attributes;
    this.spanId = trace.newId();
  }

  get traceId(): string {
    return this.trace.traceId;
  }

  /** To send along with a call that is part of this step. */
  get traceparent(): string {
    return `00-${this.trace.traceId}-${this.spanId}-01`;
  }

  child(name: string, kind: SpanKind = 'internal', startedAt = this.trace.timer()): OpenSpan {
    return new OpenSpan(this.trace, this.spanId, name, kind, startedAt, {});
  }

  set(name: string, value: string | number | undefined): void {
    if (value !== undefined) this.attributes[name] = value;
  }

  end(error?: string): void {
    if (this.isOver) return;
    this.isOver = true;
    const { traceId, epochMs, timer, take } = this.trace;
    take({
      traceId,
      spanId: this.spanId,
      ...(this.parentId === undefined ? {} : { parentId: this.parentId }),
      name: this.name,
      kind: this.kind,
      startMs: epochMs + this.startedAt,
      endMs: epochMs + timer(),
      attributes: this.attributes,
      ...(error === undefined ? {} : { error }),
    });
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

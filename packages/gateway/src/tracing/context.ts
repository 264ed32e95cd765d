/** Where a call stands among others: W3C Trace Context (w3.org/TR/trace-context). */
export type TraceContext = {
  /** 32 digits, hexadecimal, not all zero. */
  traceId: string;
  /** 16 digits: the caller's span. */
  spanId: string;
  /** The caller records this trace. */
  sampled: boolean;
};

/** Members of `tracestate` that go on; the recommendation asks for no less, and nobody needs more (section 3.3.1.5). */
export const TRACESTATE_LENGTH_MAX = 512;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** What a `traceparent` says (section 3.2); undefined when it is not one. Later versions may say more behind it. */
export function contextOf(traceparent: string | undefined): TraceContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Trace id of a `traceparent`; undefined when it is not one. */
export function traceOf(traceparent: string | undefined): string | undefined {
  return contextOf(traceparent)?.traceId;
}

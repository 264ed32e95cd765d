import { type Attributes, SPAN_KINDS, type Span } from './tracer.ts';

/** Who tells: `service.name` and the like (OpenTelemetry's semantic conventions for resources). */
export type Resource = Attributes;

const ERROR = 2;

/**
 * Spans as an ExportTraceServiceRequest in OTLP's JSON (opentelemetry-proto, trace/v1 and docs/specification): ids in hexadecimal, numbers of
 * 64 bits as text, names in lowerCamelCase.
 */
export function otlpJson(resource: Resource, scope: { name: string; version: string }, spans: readonly Span[]): string {
  const scopeSpans = `[{"scope":${JSON.stringify(scope)},"spans":[${spans.map(spanJson).join(',')}]}]`;
  return `{"resourceSpans":[{"resource":{"attributes":${keyValues(resource)}},"scopeSpans":${scopeSpans}}]}`;
}

/** Joined as text: objects in between would be most of what a span costs. Ids and times need no escape. */
function spanJson({ traceId, spanId, parentId, name, kind, startMs, endMs, attributes, error }: Span): string {
  const parent = parentId === undefined ? '' : `"parentSpanId":"${parentId}",`;
  const times = `"startTimeUnixNano":"${nanoseconds(startMs)}","endTimeUnixNano":"${nanoseconds(endMs)}"`;
  const status = error === undefined ? '{}' : `{"code":${ERROR}}`;
  const told = keyValues(error === undefined ? attributes : { ...attributes, 'error.type': error });
  return `{"traceId":"${traceId}","spanId":"${spanId}",${parent}"name":${JSON.stringify(name)},"kind":${SPAN_KINDS[kind]},${times},"attributes":${told},"status":${status}}`;
}

function keyValues(attributes: Attributes): string {
  const each = Object.entries(attributes).map(([key, value]) => {
    const told = typeof value === 'string' ? `"stringValue":${JSON.stringify(value)}` : `"intValue":"${value}"`;
    return `{"key":${JSON.stringify(key)},"value":{${told}}}`;
  });
  return `[${each.join(',')}]`;
}

/** As text: of a number so large the last digits would be lost. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return `${whole}${String(Math.floor((ms - whole) * 1_000_000)).padStart(6, '0')}`;
}

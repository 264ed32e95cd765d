/** For tests only: a collector of spans over HTTP that takes the official JSON form and nothing else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it came, its attributes by name. */
export type TakenSpan = {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  kind: number;
  startNs: bigint;
  endNs: bigint;
  attributes: Record<string, string | bigint>;
  isError: boolean;
  service: string;
};

export type Collector = Awaited<ReturnType<typeof openCollector>>;

export async function openCollector() {
  const spans: TakenSpan[] = [];
  const posts: { path: string; authorization: string | undefined; bytes: number }[] = [];
  const faults: string[] = [];
  const says = { status: 200, body: '{}' };
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    posts.push({ path: request.url ?? '', authorization: request.headers.authorization, bytes: body.length });
    try {
      if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json')
        throw new Error('not OTLP');
      const found = spansIn(JSON.parse(body));
      if (says.status === 200) spans.push(...found);
    } catch (error) {
      faults.push((error as Error).message);
    }
    response.writeHead(says.status, { 'content-type': 'application/json' }).end(says.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    posts,
    /** What was not of the form. */
    faults,
    /** What it answers from now on. */
    says,
    named: (name: string) => spans.filter((span) => span.name === name),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Json = Record<string, unknown>;

/** Members of messages of opentelemetry-proto 1.x that we may send; each other is a fault here. */
function object(value: unknown, place: string, members: readonly string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${place} is no object`);
  const other = Object.keys(value).find((name) => !members.includes(name));
  if (other !== undefined) throw new Error(`${place}.${other} is not known`);
  return value as Json;
}

function list(value: unknown, place: string): unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw new Error(`${place} is no list, or empty`);
  return value;
}

function text(value: unknown, place: string, form: RegExp): string {
  if (typeof value !== 'string' || !form.test(value)) throw new Error(`${place} is not of its form`);
  return value;
}

function attributesIn(value: unknown, place: string): Record<string, string | bigint> {
  return Object.fromEntries(
    (value as unknown[]).map((one, at) => {
      const { key, value: told } = object(one, `${place}[${at}]`, ['key', 'value']);
      const { stringValue, intValue } = object(told, `${place}[${at}].value`, ['stringValue', 'intValue']);
      if ((stringValue === undefined) === (intValue === undefined))
        throw new Error(`${place}[${at}] has not one value`);
      const read =
        stringValue === undefined
          ? BigInt(text(intValue, 'intValue', /^-?\d+$/))
          : text(stringValue, 'stringValue', /^/);
      return [text(key, 'key', /./), read];
    }),
  );
}

function spansIn(body: unknown): TakenSpan[] {
  const { resourceSpans } = object(body, 'request', ['resourceSpans']);
  return list(resourceSpans, 'resourceSpans').flatMap((one) => {
    const { resource, scopeSpans } = object(one, 'resourceSpans', ['resource', 'scopeSpans', 'schemaUrl']);
    const who = attributesIn(object(resource, 'resource', ['attributes']).attributes, 'resource');
    return list(scopeSpans, 'scopeSpans').flatMap((some) => {
      const { scope, spans } = object(some, 'scopeSpans', ['scope', 'spans', 'schemaUrl']);
      text(object(scope, 'scope', ['name', 'version']).name, 'scope.name', /./);
      return list(spans, 'spans').map((span) => spanIn(span, String(who['service.name'])));
    });
  });
}

function spanIn(value: unknown, service: string): TakenSpan {
  const span = object(value, 'span', [
    'traceId',
    'spanId',
    'parentSpanId',
    'name',
    'kind',
    'startTimeUnixNano',
    'endTimeUnixNano',
    'attributes',
    'status',
  ]);
  const { code = 0 } = object(span.status, 'status', ['code', 'message']);
  if (![0, 1, 2].includes(code as number)) throw new Error('status.code is none');
  if (![1, 2, 3, 4, 5].includes(span.kind as number)) throw new Error('kind is none');
  return {
    traceId: text(span.traceId, 'traceId', /^(?!0+$)[0-9a-f]{32}$/),
    spanId: text(span.spanId, 'spanId', /^(?!0+$)[0-9a-f]{16}$/),
    parentSpanId:
      span.parentSpanId === undefined ? undefined : text(span.parentSpanId, 'parentSpanId', /^(?!0+$)[0-9a-f]{16}$/),
    name: text(span.name, 'name', /./),
    kind: span.kind as number,
    startNs: BigInt(text(span.startTimeUnixNano, 'start', /^\d{19}$/)),
    endNs: BigInt(text(span.endTimeUnixNano, 'end', /^\d{19}$/)),
    attributes: attributesIn(span.attributes, 'attributes'),
    isError: code === 2,
    service,
  };
}

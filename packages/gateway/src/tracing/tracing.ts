import { randomFillSync } from 'node:crypto';
import { guardedOutgoing } from '../outgoing.ts';
import { EXPORTER_LIMITS, type ExporterOptions, type PostSpans, SpanExporter } from './exporter.ts';
import type { Resource } from './otlp.ts';
import { Tracer } from './tracer.ts';

/** As the operator set it; the exchange hands it to its gateways. */
export type TracesSettings = {
  /** Address of a collector that takes OTLP over HTTP, without /v1/traces. */
  url: string;
  share: number;
  /** Value of the header Authorization; none where empty. */
  authorization: string;
  /** Addresses or networks inside that the operator opened for it. */
  allowed: string[];
};

export type Tracing = {
  tracer: Tracer;
  counts(): { sent: number; dropped: number; queued: number };
  close(): Promise<void>;
};

/** Throws when the address may not be called. */
export function openTracing(
  settings: TracesSettings,
  resource: Resource & { 'service.version': string },
  { clock, timer, note }: { clock: () => number; timer: () => number } & Pick<ExporterOptions, 'note'>,
): Tracing {
  const { agent, fault } = guardedOutgoing(settings.allowed, EXPORTER_LIMITS.patienceMs / 1000);
  const refused = fault(settings.url);
  if (refused) throw new Error(`the collector of traces may not be called: ${refused}`);
  const scope = { name: 'shugu', version: resource['service.version'] };
  const exporter = new SpanExporter({ resource, scope, note, post: postTo(settings, agent) });
  const { share } = settings;
  const tracer = new Tracer({ share, clock, timer, ...chanceFrom(4096), take: exporter.take });
  return {
    tracer,
    counts: () => ({ sent: exporter.sent, dropped: exporter.dropped, queued: exporter.queued }),
    close: async () => {
      await exporter.close();
      await agent.destroy();
    },
  };
}

/** Chance of the system, fetched so many bytes at once: a call of its own for each id costs more than the rest of a span. */
function chanceFrom(poolBytes: number) {
  const pool = Buffer.allocUnsafeSlow(poolBytes);
  let at = poolBytes;
  const bytes = (count: number): Buffer => {
    if (at + count > poolBytes) {
      randomFillSync(pool);
      at = 0;
    }
    at += count;
    return pool.subarray(at - count, at);
  };
  return { bytes, chance: () => bytes(4).readUInt32LE() / 2 ** 32 };
}

function postTo({ url, authorization }: TracesSettings, agent: ReturnType<typeof guardedOutgoing>['agent']): PostSpans {
  const { origin, pathname } = new URL(url);
  const path = `${pathname.replace(/\/+$/, '')}/v1/traces`;
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'shugu-traces/1',
    ...(authorization === '' ? {} : { authorization }),
  };
  return async (body) => {
    const signal = AbortSignal.timeout(EXPORTER_LIMITS.patienceMs);
    const answer = await agent.request({ origin, path, method: 'POST', headers, body, signal });
    return { status: answer.statusCode, text: await textWithin(answer.body) };
  };
}

async function textWithin(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > EXPORTER_LIMITS.answerBytesMax) return '';
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

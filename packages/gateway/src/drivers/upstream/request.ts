import { GatewayProblem } from '../../problem.ts';
import { TRACESTATE_LENGTH_MAX, traceOf } from '../../tracing/context.ts';
import type { GatewayRequest } from '../driver.ts';

/** Only these go to the supplier: neither the buyer's key nor cookies, nor what tells where the buyer sits. */
const REQUEST_HEADERS = [
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'if-none-match',
  'if-modified-since',
  'traceparent',
  'tracestate',
];
/** What must be cut has to be read; and half an unchanged answer cannot be cut. */
const NOT_WHEN_CUTTING = new Set(['accept-encoding', 'if-none-match', 'if-modified-since']);

/** As a header says it: nothing in it can end the line (RFC 9110 section 5.5). */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^\/[\x21-\x7e]*$/;
/** Written here, whatever the secret's headers say. */
const OWN_HEADERS = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'te', 'trailer']);

/** Headers with a supplier's secret, as they are sent. */
export type SecretLines = { names: ReadonlySet<string>; text: string };
const NO_SECRET: SecretLines = { names: new Set(), text: '' };
const prepared = new WeakMap<Record<string, string>, SecretLines>();

/** Throws `driverFailed` when the operator's headers are none; it says nothing of what is in them. */
export function secretLines(headers: Record<string, string> | undefined): SecretLines {
  if (!headers) return NO_SECRET;
  let lines = prepared.get(headers);
  if (lines) return lines;
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (!entries.every(([name, value]) => NAME.test(name) && VALUE.test(value) && !OWN_HEADERS.has(name)))
    throw new GatewayProblem('driverFailed', { detail: 'headers of the secret' });
  lines = {
    names: new Set(entries.map(([name]) => name)),
    text: entries.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
  };
  prepared.set(headers, lines);
  return lines;
}

/** The head of a request as it goes on the wire. `bytes`: length of its body, null when it is of a kind that has none. */
export function requestHead(
  { method, headers }: GatewayRequest,
  target: string,
  host: string,
  { cutting, secret, bytes }: { cutting: boolean; secret: SecretLines; bytes: number | null },
): string {
  if (!TARGET.test(target) || !NAME.test(method)) throw new GatewayProblem('requestInvalid', { detail: 'path' });
  let head = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (const name of REQUEST_HEADERS) {
    const value = headers[name];
    if (value === undefined || secret.names.has(name) || (cutting && NOT_WHEN_CUTTING.has(name))) continue;
    if ((name === 'traceparent' || name === 'tracestate') && !isTrace(headers)) continue;
    if (name === 'tracestate' && value.length > TRACESTATE_LENGTH_MAX) continue;
    if (!VALUE.test(value)) throw new GatewayProblem('requestInvalid', { detail: name });
    head += `${name}: ${value}\r\n`;
  }
  if (cutting) head += 'accept-encoding: identity\r\n';
  if (bytes !== null) head += `content-length: ${bytes}\r\n`;
  return `${head}${secret.text}\r\n`;
}

/** Neither goes on without a trace that is one (w3.org/TR/trace-context 4.3). */
function isTrace({ traceparent }: GatewayRequest['headers']): boolean {
  return traceOf(traceparent) !== undefined;
}

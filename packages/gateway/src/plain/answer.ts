import { STATUS_CODES } from 'node:http';
import type { GatewayResponse } from '../gateway.ts';

/** Made by the gateway itself of numbers and prepared words; values of all others are looked at before they are sent. */
const OWN_HEADERS = new Set([
  'ratelimit-policy',
  'ratelimit',
  'x-quota-remaining',
  'server-timing',
  'x-receipt',
  'x-receipt-mac',
  'x-receipt-at',
]);
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** As a header says it: nothing in it can end the line (RFC 9110 section 5.5). */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

let date = { second: 0, text: '' };

/** RFC 9110 section 5.6.7; made anew when a second has passed. */
function dateLine(now: number): string {
  const second = Math.floor(now / 1000);
  if (second !== date.second) date = { second, text: `date: ${new Date(now).toUTCString()}\r\n` };
  return date.text;
}

/**
 * An answer in one piece as it goes on the wire, one byte a character. `more`: lines for every answer, each with its CRLF; `now` in ms since the epoch.
 * Throws a RangeError on a header that is none.
 */
export function wholeAnswer(
  { status, headers }: Pick<GatewayResponse, 'status' | 'headers'>,
  body: Uint8Array,
  more: string,
  now: number,
): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${more}${dateLine(now)}`;
  for (const name in headers) {
    const value = headers[name]!;
    if (!OWN_HEADERS.has(name) && !(NAME.test(name) && VALUE.test(value))) throw new RangeError(`header ${name}`);
    head += `${name}: ${value}\r\n`;
  }
  // Those two have no body whatever is said, and no length either (RFC 9110 section 8.6).
  if (status === 204 || status === 304) return `${head}\r\n`;
  if (headers['content-length'] === undefined) head += `content-length: ${body.length}\r\n`;
  return `${head}\r\n${Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')}`;
}

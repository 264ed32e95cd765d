/**
 * Requests of the plainest form: a GET of HTTP/1.1, whole in one packet, without a body or anything that could announce one. Such a
 * message can be understood in one way only (RFC 9112 section 6.3: no length and no coding, so no body); what is not of this
 * form is not read here at all.
 */
export type PlainRequest = { url: string; headers: Record<string, string> };

export const PLAIN_LIMITS = {
  /** As node:http has it for a head. */
  bytesMax: 16_384,
  headersMax: 64,
} as const;

/** A path as RFC 3986 writes it (section 3.3), with its query. */
const REQUEST_LINE = /^GET (\/[A-Za-z0-9/_.~%!$&'()*+,;=:@?-]*) HTTP\/1\.1\r\n/;
/** Names and values narrower than RFC 9110 has them: no blank at either end but the one after the colon, nothing beyond ASCII. */
const FIELD_LINE = /([A-Za-z][A-Za-z0-9-]*): ?([!-~](?:[ -~]*[!-~])?)\r\n/y;
/** Whatever says something of the message's end, of the connection or of an answer before the answer. */
const FRAMING = new Set([
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The request in these bytes, if they are one of the plain form and nothing else; names of headers in lower case. */
export function readPlain(bytes: Buffer): PlainRequest | null {
  const { length } = bytes;
  if (length > PLAIN_LIMITS.bytesMax) return null;
  const text = bytes.toString('latin1');
  const line = REQUEST_LINE.exec(text);
  // The empty line must be the last: what follows it would be another request, or the body of this one.
  if (!line || !text.endsWith('\r\n\r\n')) return null;
  const headers: Record<string, string> = {};
  const end = length - 2;
  FIELD_LINE.lastIndex = line[0].length;
  for (let count = 0; FIELD_LINE.lastIndex < end; count++) {
    const field = FIELD_LINE.exec(text);
    if (!field || count === PLAIN_LIMITS.headersMax) return null;
    const name = field[1]!.toLowerCase();
    // A name told twice is made one by rules of its own, name by name.
    if (name in headers || FRAMING.has(name)) return null;
    headers[name] = field[2]!;
  }
  const { host, connection } = headers;
  if (host === undefined || (connection !== undefined && connection.toLowerCase() !== 'keep-alive')) return null;
  return { url: line[1]!, headers };
}

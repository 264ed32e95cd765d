/**
 * Answers of HTTP/1.1 as an upstream sends them (RFC 9112), read strictly: where a message could be understood in two ways,
 * it is not understood, and its connection is given up.
 */

/** The upstream said what is no answer, or one that could be read in two ways. */
export class AnswerMalformed extends Error {}

export type AnswerHead = {
  status: number;
  /** Names in lower case; of a name that is repeated, nothing. */
  headers: Record<string, string | undefined>;
  /** Bytes of the body; null when they are told piece by piece (chunked), Infinity when the connection's end is the body's. */
  length: number | null;
  /** How long the connection may wait for its next request, ms; 0 when it may not be used again. */
  idleMs: number;
};

export const ANSWER_LIMITS = {
  headBytesMax: 16_384,
  /** A line that tells the length of a chunk, with its extensions. */
  chunkLineBytesMax: 1024,
  /** Unless the upstream says otherwise; it must be less than what common servers allow (5 s and more). */
  idleMs: 4000,
  idleMsMax: 60_000,
  /** Left between what the upstream allows and what is made use of: its end of the connection may come first. */
  idleMarginMs: 2000,
} as const;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/;
const FIELD_LINE =
  /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\x21-\x7e\x80-\xff]?(?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)[\t ]*\r\n/y;

/** The head of an answer: `text` with its last CRLF, but without the empty line. `bodiless`: the request was a HEAD. */
export function readHead(text: string, bodiless: boolean): AnswerHead {
  const line = STATUS_LINE.exec(text);
  if (!line) throw new AnswerMalformed('status line');
  const status = Number(line[2]);
  const headers: Record<string, string | undefined> = {};
  FIELD_LINE.lastIndex = line[0].length;
  while (FIELD_LINE.lastIndex < text.length) {
    const field = FIELD_LINE.exec(text);
    if (!field) throw new AnswerMalformed('header');
    const name = field[1]!.toLowerCase();
    // Framing must not be told twice; of the rest a list is made nowhere, so it is left out.
    if (name in headers && (name === 'content-length' || name === 'transfer-encoding'))
      throw new AnswerMalformed(`${name} is repeated`);
    headers[name] = name in headers ? undefined : field[2]!;
  }
  const length = bodiless || status < 200 || status === 204 || status === 304 ? 0 : lengthOf(headers, line[1]!);
  return { status, headers, length, idleMs: length === Number.POSITIVE_INFINITY ? 0 : idleMsOf(headers, line[1]!) };
}

function lengthOf(headers: AnswerHead['headers'], minor: string): number | null {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  if (coding !== undefined) {
    if (length !== undefined || minor === '0' || coding.toLowerCase() !== 'chunked')
      throw new AnswerMalformed('transfer-encoding');
    return null;
  }
  if (length === undefined) return Number.POSITIVE_INFINITY;
  if (!/^\d{1,15}$/.test(length)) throw new AnswerMalformed('content-length');
  return Number(length);
}

function idleMsOf({ connection, 'keep-alive': terms }: AnswerHead['headers'], minor: string): number {
  if (minor === '0') return 0;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return 0;
  const seconds = terms === undefined ? null : /(?:^|[ ,])timeout=(\d{1,6})(?:$|[ ,;])/.exec(terms);
  if (!seconds) return ANSWER_LIMITS.idleMs;
  return Math.max(0, Math.min(Number(seconds[1]) * 1000 - ANSWER_LIMITS.idleMarginMs, ANSWER_LIMITS.idleMsMax));
}

const [CR, LF] = [13, 10];

/** A chunked body (RFC 9112 section 7.1). Trailers are read and dropped. */
export class Chunks {
  /** The last chunk and its trailers have been read. */
  ended = false;
  private state: 'size' | 'data' | 'afterData' | 'trailer' = 'size';
  private line = '';
  private left = 0;
  private trailerBytes = 0;

  /** Reads bytes from `at` to `end` and gives the pieces of the body away; where it stopped, `end` unless the body ended. */
  read(bytes: Buffer, at: number, end: number, give: (from: number, to: number) => void): number {
    let next = at;
    while (next < end && !this.ended) {
      if (this.state === 'data') {
        const to = Math.min(end, next + this.left);
        give(next, to);
        this.left -= to - next;
        next = to;
        if (this.left === 0) this.state = 'afterData';
        continue;
      }
      const feed = bytes.indexOf(LF, next);
      const to = feed === -1 || feed >= end ? end : feed + 1;
      this.line += bytes.toString('latin1', next, to);
      next = to;
      if (this.line.length > ANSWER_LIMITS.chunkLineBytesMax) throw new AnswerMalformed('chunk');
      if (this.line.charCodeAt(this.line.length - 1) === LF) this.endLine();
    }
    return next;
  }

  private endLine(): void {
    const { line } = this;
    this.line = '';
    if (line.charCodeAt(line.length - 2) !== CR) throw new AnswerMalformed('chunk');
    if (this.state === 'size') {
      const size = /^([0-9a-f]{1,12})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?\r\n$/i.exec(line);
      if (!size) throw new AnswerMalformed('chunk');
      this.left = Number.parseInt(size[1]!, 16);
      this.state = this.left === 0 ? 'trailer' : 'data';
    } else if (line === '\r\n') {
      if (this.state === 'trailer') this.ended = true;
      else this.state = 'size';
    } else {
      this.trailerBytes += line.length;
      if (this.state !== 'trailer' || this.trailerBytes > ANSWER_LIMITS.headBytesMax)
        throw new AnswerMalformed('trailer');
    }
  }
}

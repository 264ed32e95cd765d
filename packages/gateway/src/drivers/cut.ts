import { type Allowed, applyToRow, type HashValue, type Row } from '@shugu/policy';
import { JSONParser } from '@streamparser/json';
import { GatewayProblem } from '../problem.ts';
import type { Body } from './driver.ts';

/** JSON answers of an upstream, each row cut to the contract: whole when they are short, row by row when they are long. */
export type CutTerms = { rowsMember?: string; effects: Allowed; hash: HashValue };

/** `rows` of a stream: how many are in the pieces so far. */
export type CutAnswer = { body: Uint8Array; rows: number } | { body: AsyncIterable<Uint8Array>; rows: () => number };

export const CUT_LIMITS = {
  /** Up to here an answer is read before the first byte leaves, so that one that cannot be cut costs nothing. */
  wholeBytesMax: 4 * 2 ** 20,
  /** Of one row of a long answer, with what stands before it. */
  rowBytesMax: 2 ** 20,
} as const;

export function canBeCut(headers: Readonly<Record<string, string>>): boolean {
  const json = /^application\/(?:[\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '');
  return json && (headers['content-encoding'] ?? 'identity') === 'identity';
}

/** Throws `upstreamNotMaskable` for what is no row or list of rows. Members beside the rows are dropped: no one vouches for them. */
export async function cutToContract(body: Body, terms: CutTerms): Promise<CutAnswer> {
  if (body instanceof Uint8Array) return cutWhole(body, terms);
  const source = body[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  for (let bytes = 0; bytes <= CUT_LIMITS.wholeBytesMax; ) {
    const next = await source.next();
    if (next.done) return cutWhole(Buffer.concat(pieces), terms);
    pieces.push(next.value);
    bytes += next.value.length;
  }
  const rows = new RowStream(terms);
  try {
    for (const piece of pieces) rows.write(piece);
  } catch (error) {
    await source.return?.();
    throw error;
  }
  return { body: streamOf(rows, source), rows: () => rows.count };
}

function cutWhole(bytes: Uint8Array, { rowsMember, effects, hash }: CutTerms): CutAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw new GatewayProblem('upstreamNotMaskable', { cause });
  }
  const found = rowsMember === undefined ? answer : isRow(answer) ? answer[rowsMember] : undefined;
  const list = Array.isArray(found) ? found : [found];
  if (!list.every(isRow)) throw new GatewayProblem('upstreamNotMaskable');
  const rows = list.map((row) => applyToRow(effects, row, hash)).filter((row) => row !== null);
  const shown = Array.isArray(found) ? rows : (rows[0] ?? null);
  const text = JSON.stringify(rowsMember === undefined ? shown : { [rowsMember]: shown });
  return { body: Buffer.from(text), rows: rows.length };
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Bytes of JSON in, text of cut rows out; no more than one row is held. A single row is never this long: lists only. */
class RowStream {
  count = 0;
  private readonly terms: CutTerms;
  private readonly parser: JSONParser;
  private text: string;
  private sinceRow = 0;

  constructor(terms: CutTerms) {
    const { rowsMember } = terms;
    // The parser reads dots and stars of a path as steps.
    if (rowsMember !== undefined && /[.*]/.test(rowsMember)) throw new GatewayProblem('upstreamNotMaskable');
    this.terms = terms;
    this.text = rowsMember === undefined ? '[' : `{${JSON.stringify(rowsMember)}:[`;
    this.parser = new JSONParser({ paths: [rowsMember === undefined ? '$.*' : `$.${rowsMember}.*`], keepStack: false });
    this.parser.onValue = ({ value, key }) => this.take(value, key);
  }

  write(piece: Uint8Array): void {
    this.sinceRow += piece.length;
    this.parse(() => this.parser.write(piece));
    if (this.sinceRow > CUT_LIMITS.rowBytesMax) throw new GatewayProblem('upstreamTooLarge');
  }

  /** What the rows so far add to the answer. */
  read(): Uint8Array {
    const { text } = this;
    this.text = '';
    return Buffer.from(text);
  }

  /** Throws when the answer broke off in its midst. */
  end(): void {
    if (!this.parser.isEnded) this.parse(() => this.parser.end());
    this.text += this.terms.rowsMember === undefined ? ']' : ']}';
  }

  private parse(step: () => void): void {
    try {
      step();
    } catch (cause) {
      throw cause instanceof GatewayProblem ? cause : new GatewayProblem('upstreamNotMaskable', { cause });
    }
  }

  private take(value: unknown, key: unknown): void {
    this.sinceRow = 0;
    // Members of an object have names, rows of a list have numbers.
    if (typeof key !== 'number' || !isRow(value)) throw new GatewayProblem('upstreamNotMaskable');
    const row = applyToRow(this.terms.effects, value, this.terms.hash);
    if (row === null) return;
    this.text += `${this.count > 0 ? ',' : ''}${JSON.stringify(row)}`;
    this.count += 1;
  }
}

/** Whoever gives the stream up, even before its first piece, frees the upstream. */
function streamOf(rows: RowStream, source: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield rows.read();
    for (let next = await source.next(); !next.done; next = await source.next()) {
      rows.write(next.value);
      const bytes = rows.read();
      if (bytes.length > 0) yield bytes;
    }
    rows.end();
    yield rows.read();
  }
  const made = pieces();
  const free = async () => void (await source.return?.());
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => made.next().catch((error: unknown) => free().then(() => Promise.reject(error))),
      return: async () => {
        await made.return(undefined);
        await free();
        return { done: true as const, value: undefined };
      },
    }),
  };
}

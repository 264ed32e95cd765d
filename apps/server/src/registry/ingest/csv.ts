import { ChildError } from '../../kernel/child/error.ts';

/** One record of a delimited file. An unquoted empty cell is null, a quoted one the empty text. */
export interface CsvRecord {
  /** From 1, the header included. */
  row: number;
  /** Line on which it starts, from 1. */
  line: number;
  cells: (string | null)[];
  /** Set when the quoting is broken: what is wrong, and the line as it stands. */
  broken?: string;
}

const quote = '"';
// Codes, not one-letter texts: this loop sees every character of every upload.
const quoteCode = 34;
const lineFeed = 10;
const carriageReturn = 13;

export interface CsvOptions {
  delimiter: string;
  /** Characters that one record may have; a quote that is never closed would otherwise swallow the file. */
  recordLengthMax: number;
}

/**
 * RFC 4180 records from pieces of text, in batches: CRLF, LF and CR ends, quotes doubled inside quotes, line ends inside
 * quotes. Quotes inside an unquoted cell are taken as they are. Lines with nothing on them are passed over.
 *
 * @throws ChildError ingest.quote-open with the line on which the quote opens
 */
export async function* readCsv(text: AsyncIterable<string>, options: CsvOptions): AsyncGenerator<CsvRecord[]> {
  const reader = newReader(options);
  for await (const piece of text) yield reader.take(piece, false);
  yield reader.take('', true);
}

function newReader(options: CsvOptions) {
  let rest = '';
  let row = 0;
  let line = 1;
  return {
    take(piece: string, final: boolean): CsvRecord[] {
      const text = rest === '' ? piece : rest + piece;
      const records: CsvRecord[] = [];
      let from = 0;
      while (from < text.length) {
        const found = readRecord(text, from, options.delimiter, final);
        if (found === 'more') break;
        if (found === 'open') throw quoteOpen(line);
        const blank = found.cells.length === 1 && found.cells[0] === null && !found.broken;
        if (!blank) {
          row += 1;
          const record: CsvRecord = { row, line, cells: found.cells };
          if (found.broken) record.broken = text.slice(from, found.end).trimEnd();
          records.push(record);
        }
        line += found.lines;
        from = found.end;
      }
      rest = text.slice(from);
      if (rest.length > options.recordLengthMax) throw quoteOpen(line);
      return records;
    },
  };
}

function quoteOpen(line: number): ChildError {
  return new ChildError({
    code: 'ingest.quote-open',
    zh: `第 ${line} 行的引号没有闭合，其后的内容无法分行`,
    en: `A quote opened on line ${line} is never closed, so nothing after it can be read`,
    details: { line },
  });
}

interface Found {
  cells: (string | null)[];
  /** Position after the record's line end. */
  end: number;
  lines: number;
  broken: boolean;
}

/** 'more': the record may go on in the next piece; 'open': the text ended inside quotes. */
function readRecord(text: string, from: number, delimiter: string, final: boolean): Found | 'more' | 'open' {
  const cells: (string | null)[] = [];
  const separator = delimiter.charCodeAt(0);
  let lines = 0;
  let at = from;
  for (;;) {
    if (text.charCodeAt(at) === quoteCode) {
      const quoted = readQuoted(text, at);
      if (quoted === null) return final ? 'open' : 'more';
      lines += quoted.lines;
      cells.push(quoted.value);
      at = quoted.end;
    } else {
      const end = endOfCell(text, at, separator);
      cells.push(end === at ? null : text.slice(at, end));
      at = end;
    }
    if (at >= text.length) return final ? { cells, end: at, lines: lines + 1, broken: false } : 'more';
    const next = text.charCodeAt(at);
    if (next === separator) {
      at += 1;
      // A delimiter as the very last character: one more empty cell, if the text is over.
      if (at >= text.length && !final) return 'more';
      continue;
    }
    if (next === lineFeed) return { cells, end: at + 1, lines: lines + 1, broken: false };
    if (next === carriageReturn) {
      if (at + 1 >= text.length && !final) return 'more';
      return { cells, end: at + (text.charCodeAt(at + 1) === lineFeed ? 2 : 1), lines: lines + 1, broken: false };
    }
    // Text after a closing quote: the line is kept as broken, and reading goes on at the next.
    const end = text.indexOf('\n', at);
    if (end < 0 && !final) return 'more';
    return { cells, end: end < 0 ? text.length : end + 1, lines: lines + 1, broken: true };
  }
}

function readQuoted(text: string, start: number): { value: string; end: number; lines: number } | null {
  let from = start + 1;
  let value = '';
  for (;;) {
    const close = text.indexOf(quote, from);
    // The quote may also be the first of two, of which the second is in the next piece: `readRecord` then asks for more.
    if (close < 0) return null;
    value += text.slice(from, close);
    if (text[close + 1] !== quote) return { value, end: close + 1, lines: countLines(value) };
    value += quote;
    from = close + 2;
  }
}

function endOfCell(text: string, from: number, separator: number): number {
  for (let at = from; at < text.length; at += 1) {
    const here = text.charCodeAt(at);
    if (here === separator || here === lineFeed || here === carriageReturn) return at;
  }
  return text.length;
}

function countLines(value: string): number {
  let lines = 0;
  for (let at = value.indexOf('\n'); at >= 0; at = value.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

const delimiters = [',', '\t', ';', '|'];

/** The delimiter that cuts the first records into the most cells, evenly; a comma when none does. */
export function detectDelimiter(start: string): string {
  let best = { delimiter: ',', score: 0 };
  for (const delimiter of delimiters) {
    const widths: number[] = [];
    let from = 0;
    while (from < start.length && widths.length < 10) {
      const found = readRecord(start, from, delimiter, false);
      if (typeof found === 'string') break;
      widths.push(found.cells.length);
      from = found.end;
    }
    const width = widths[0] ?? readWidth(start, delimiter);
    const even = widths.filter((each) => each === width).length + 1;
    const score = width > 1 ? width * even : 0;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

function readWidth(start: string, delimiter: string): number {
  const found = readRecord(start, 0, delimiter, true);
  return typeof found === 'string' ? 1 : found.cells.length;
}

/** Text tables read record by record, keeping every character, so that a copy differs from its source only where it is marked. */
import { ChildError } from '../../kernel/child/error.ts';

/** A value with the place where it stands in its line, quotes included. */
export interface Token {
  from: number;
  to: number;
  value: string | null;
}

/** `tokens` null: a header, or what is no row; passed on as it stands. */
export interface Line {
  /** With its end. */
  raw: string;
  tokens: ReadonlyMap<string, Token> | null;
}

/** Characters that one record may have; a quote that is never closed would otherwise swallow the file. */
const lineLengthMax = 8 * 1024 * 1024;

const tooLong = (): ChildError =>
  new ChildError({
    code: 'copy.unreadable',
    zh: '文件中有一行过长，或引号没有闭合',
    en: 'A line of the file is too long, or a quote is never closed',
  });

/** Without what some programs put around or before names. */
export const columnName = (cell: string | null): string => (cell ?? '').trim();

/** `names` in the order of the file; its first record is the header. */
export async function* csvLines(
  text: AsyncIterable<string>,
  { delimiter }: { delimiter: string },
): AsyncGenerator<Line[]> {
  let names: string[] | null = null;
  let rest = '';
  const lineFrom = (raw: string, cells: Token[] | null): Line => {
    const blank = cells?.length === 1 && cells[0]!.value === null;
    if (!cells || blank) return { raw, tokens: null };
    if (!names) {
      names = cells.map(({ value }) => columnName(value));
      return { raw, tokens: null };
    }
    if (cells.length !== names.length) return { raw, tokens: null };
    return { raw, tokens: new Map(cells.map((cell, at) => [names![at]!, cell])) };
  };
  const take = (piece: string, final: boolean): Line[] => {
    const all = rest + piece;
    const lines: Line[] = [];
    let from = 0;
    while (from < all.length) {
      const found = csvRecord(all, from, delimiter, final);
      if (found === 'more') break;
      lines.push(lineFrom(all.slice(from, found.end), found.cells));
      from = found.end;
    }
    rest = all.slice(from);
    if (rest.length > lineLengthMax) throw tooLong();
    return lines;
  };
  for await (const piece of text) yield take(piece, false);
  yield take('', true);
}

interface CsvRecord {
  /** Places count from the record's start. Null: its quotes are broken. */
  cells: Token[] | null;
  end: number;
}

/** As the registry reads it (RFC 4180): an unquoted empty cell is no value, quotes inside an unquoted cell are characters. */
export function csvRecord(text: string, start: number, delimiter: string, final: boolean): CsvRecord | 'more' {
  const cells: Token[] = [];
  let at = start;
  for (;;) {
    const from = at - start;
    if (text[at] === '"') {
      const close = closingQuote(text, at);
      if (close < 0) return final ? { cells: null, end: text.length } : 'more';
      if (close + 1 >= text.length && !final) return 'more';
      const value = text.slice(at + 1, close).replaceAll('""', '"');
      at = close + 1;
      cells.push({ from, to: at - start, value });
    } else {
      while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at += 1;
      const value = text.slice(start + from, at);
      cells.push({ from, to: at - start, value: value === '' ? null : value });
    }
    if (at >= text.length) return final ? { cells, end: at } : 'more';
    if (text[at] === delimiter) {
      at += 1;
      continue;
    }
    if (text[at] === '\r' && at + 1 >= text.length && !final) return 'more';
    if (text[at] === '\r') return { cells, end: at + (text[at + 1] === '\n' ? 2 : 1) };
    if (text[at] === '\n') return { cells, end: at + 1 };
    const end = text.indexOf('\n', at);
    if (end < 0 && !final) return 'more';
    return { cells: null, end: end < 0 ? text.length : end + 1 };
  }
}

function closingQuote(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 2))
    if (text[at + 1] !== '"') return at;
  return -1;
}

/** One JSON object a line. */
export async function* jsonLines(text: AsyncIterable<string>): AsyncGenerator<Line[]> {
  let rest = '';
  for await (const piece of text) {
    const parts = (rest + piece).split('\n');
    rest = parts.pop()!;
    if (rest.length > lineLengthMax) throw tooLong();
    yield parts.map((part) => jsonLine(`${part}\n`));
  }
  if (rest !== '') yield [jsonLine(rest)];
}

export function jsonLine(raw: string): Line {
  try {
    const value: unknown = JSON.parse(raw);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { raw, tokens: null };
  } catch {
    return { raw, tokens: null };
  }
  return { raw, tokens: jsonMembers(raw) };
}

const blanks = /[\t\n\r ]*/y;
const skip = (text: string, from: number): number => {
  blanks.lastIndex = from;
  return from + blanks.exec(text)![0].length;
};

/** Of a text that is known to be one JSON object. */
function jsonMembers(text: string): Map<string, Token> {
  const members = new Map<string, Token>();
  let at = skip(text, text.indexOf('{') + 1);
  while (text[at] !== '}') {
    const keyEnd = jsonEnd(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const from = skip(text, skip(text, keyEnd) + 1);
    const to = jsonEnd(text, from);
    members.set(columnName(key), { from, to, value: jsonValue(text.slice(from, to)) });
    at = skip(text, to);
    if (text[at] === ',') at = skip(text, at + 1);
  }
  return members;
}

const jsonValue = (token: string): string | null =>
  token === 'null' ? null : token.startsWith('"') ? (JSON.parse(token) as string) : token;

function jsonEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const here = text[at]!;
    if (here === '"') {
      for (at += 1; text[at] !== '"'; at++) if (text[at] === '\\') at += 1;
      if (depth === 0) return at + 1;
    } else if (here === '{' || here === '[') depth += 1;
    else if (here === '}' || here === ']') {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (here === ',' || here <= ' ')) return at;
  }
  return text.length;
}

/** Digits and signs only: they stand in quotes or without, as the value that they replace did. */
const inForm = (token: string, value: string): string => (token.startsWith('"') ? `"${value}"` : value);

/** The line with other values; `tokens` are whole tokens, quotes included. */
export const withTokens = ({ raw, tokens }: Line, others: ReadonlyMap<string, string>): string => {
  const places = [...others].flatMap(([column, token]) => {
    const own = tokens?.get(column);
    return own ? [{ ...own, token }] : [];
  });
  let [text, at] = ['', 0];
  for (const { from, to, token } of places.sort((one, other) => one.from - other.from)) {
    text += raw.slice(at, from) + token;
    at = to;
  }
  return text + raw.slice(at);
};

export const withValues = (line: Line, values: ReadonlyMap<string, string>): string =>
  withTokens(
    line,
    new Map(
      [...values].map(([column, value]) => {
        const own = line.tokens!.get(column)!;
        return [column, inForm(line.raw.slice(own.from, own.to), value)];
      }),
    ),
  );

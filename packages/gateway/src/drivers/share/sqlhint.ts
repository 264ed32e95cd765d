import { type Comparison, HINT_LIMITS, type Literal, type Predicate } from './predicate.ts';

/**
 * SQL hints, as far as they are simple: comparisons of a column with a literal, `is [not] null`, `in`, joined by `and`, `or`,
 * `not` and brackets. Null for anything else, which then says nothing about any file.
 */
export function parseSqlHint(text: string): Predicate | null {
  const tokens = tokensOf(text);
  if (!tokens) return null;
  const reader: Reader = { tokens, at: 0, depth: 0 };
  const predicate = anyOf(reader);
  return predicate && reader.at === tokens.length ? predicate : null;
}

type Token = { kind: 'name' | 'word' | 'sign'; text: string } | { kind: 'value'; value: Literal };
type Reader = { tokens: Token[]; at: number; depth: number };

const TOKEN =
  /\s*(?:`((?:[^`]|``)+)`|'((?:[^'\\]|'')*)'|(-?\d+(?:\.\d+)?)(?![\w.])|([\p{L}_][\p{L}\p{N}_]*)|(<=>|<=|>=|<>|!=|==|=|<|>|\(|\)|,))/uy;

function tokensOf(text: string): Token[] | null {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const found = TOKEN.exec(text);
    if (!found || tokens.length > HINT_LIMITS.partsMax) return null;
    const [, quotedName, quoted, number, word, sign] = found;
    if (quotedName !== undefined) tokens.push({ kind: 'name', text: quotedName.replaceAll('``', '`') });
    else if (quoted !== undefined) tokens.push({ kind: 'value', value: quoted.replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: 'value', value: Number(number) });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: 'sign', text: sign as string });
  }
  return tokens;
}

const isWord = ({ tokens, at }: Reader, word: string, ahead = 0): boolean => {
  const token = tokens[at + ahead];
  return token?.kind === 'word' && token.text.toLowerCase() === word;
};
const isSign = ({ tokens, at }: Reader, sign: string): boolean => {
  const token = tokens[at];
  return token?.kind === 'sign' && token.text === sign;
};

function anyOf(reader: Reader): Predicate | null {
  return chain(reader, 'or', allOf);
}

function allOf(reader: Reader): Predicate | null {
  return chain(reader, 'and', single);
}

function chain(reader: Reader, op: 'and' | 'or', next: (reader: Reader) => Predicate | null): Predicate | null {
  const parts: Predicate[] = [];
  do {
    if (parts.length > 0) reader.at += 1;
    const part = next(reader);
    if (!part) return null;
    parts.push(part);
  } while (isWord(reader, op));
  return parts.length === 1 ? (parts[0] as Predicate) : { op, parts };
}

function single(reader: Reader): Predicate | null {
  if (isWord(reader, 'not') || isSign(reader, '(')) {
    if (++reader.depth > HINT_LIMITS.depthMax) return null;
    const negates = isWord(reader, 'not');
    reader.at += 1;
    const inner = negates ? single(reader) : anyOf(reader);
    reader.depth -= 1;
    if (!inner) return null;
    if (negates) return { op: 'not', part: inner };
    if (!isSign(reader, ')')) return null;
    reader.at += 1;
    return inner;
  }
  const token = reader.tokens[reader.at++];
  if (token?.kind !== 'name' && token?.kind !== 'word') return null;
  return condition(reader, token.text);
}

const OPERATORS: Readonly<Record<string, Comparison>> = {
  '=': 'equal',
  '==': 'equal',
  '<': 'lessThan',
  '<=': 'lessThanOrEqual',
  '>': 'greaterThan',
  '>=': 'greaterThanOrEqual',
};

function condition(reader: Reader, column: string): Predicate | null {
  if (isWord(reader, 'is')) {
    const negates = isWord(reader, 'not', 1);
    if (!isWord(reader, 'null', negates ? 2 : 1)) return null;
    reader.at += negates ? 3 : 2;
    return negates ? { op: 'not', part: { op: 'isNull', column } } : { op: 'isNull', column };
  }
  if (isWord(reader, 'in')) return oneOf(reader, column);
  const token = reader.tokens[reader.at];
  if (token?.kind !== 'sign') return null;
  const unequal = token.text === '<>' || token.text === '!=';
  const op = unequal ? 'equal' : OPERATORS[token.text];
  if (!op) return null;
  reader.at += 1;
  const value = literal(reader);
  if (value === undefined) return null;
  return unequal ? { op: 'not', part: { op, column, value } } : { op, column, value };
}

function oneOf(reader: Reader, column: string): Predicate | null {
  reader.at += 1;
  if (!isSign(reader, '(')) return null;
  const parts: Predicate[] = [];
  do {
    reader.at += 1;
    const value = literal(reader);
    if (value === undefined) return null;
    parts.push({ op: 'equal', column, value });
  } while (isSign(reader, ','));
  if (!isSign(reader, ')')) return null;
  reader.at += 1;
  return { op: 'or', parts };
}

/** `date '…'` and `timestamp '…'` count as their text; the column's type says how it is read. */
function literal(reader: Reader): Literal | undefined {
  if (isWord(reader, 'date') || isWord(reader, 'timestamp')) reader.at += 1;
  if (isWord(reader, 'null')) {
    reader.at += 1;
    return null;
  }
  const token = reader.tokens[reader.at];
  if (token?.kind !== 'value') return undefined;
  reader.at += 1;
  return token.value;
}

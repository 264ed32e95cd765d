/**
 * Words of Chinese text. Documents are cut for search (a long word brings its parts), queries plainly; both without the
 * guessing of unknown words, so that a name the dictionary lacks falls into the same single characters on both sides and
 * is found again as a phrase of them.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Jieba } from '@node-rs/jieba';
import { dict } from '@node-rs/jieba/dict.js';
import { searchLimits } from '@shugu/wire/market-find';

export type Weight = 'A' | 'B' | 'C' | 'D';

/** Of PostgreSQL: positions end at 16,383, and a word keeps at most 256 of them. */
const positionMax = 16_383;
const positionsPerWordMax = 256;
const wordCharactersMax = 100;
/** Raise it when the cutting changes: every document is then made anew. */
const cuttingVersion = 2;

const terms = readFileSync(new URL('./vocabulary.txt', import.meta.url));
/** Names dictionary and cutting; kept with each document. */
export const vocabulary = `${cuttingVersion}-${createHash('sha256').update(terms).digest('hex').slice(0, 12)}`;

// The dictionary takes a fifth of a second and 60 MB: loaded once, at the first use.
let loaded: Jieba | undefined;
const jieba = (): Jieba => {
  if (!loaded) {
    loaded = Jieba.withDict(dict);
    loaded.loadDict(terms);
  }
  return loaded;
};

const normal = (text: string) => text.normalize('NFKC').toLowerCase();
const isWord = (token: string) => /[\p{L}\p{N}]/u.test(token);
const isLatin = (token: string) => /^[a-z0-9]+$/.test(token);
const isSingle = (token: string) => [...token].length === 1 && !isLatin(token);
const stopWords = new Set([
  ...'的了和与及或在是为对于从到由之等',
  'the',
  'of',
  'and',
  'or',
  'a',
  'an',
  'in',
  'for',
  'to',
]);

/**
 * Beginnings of Latin words and numbers stand in documents as words of their own: looked up like any word, where `:*` has
 * the index walk all words that go on. Longer ones are rare enough for that.
 */
const beginningMark = '^';
const beginningCharacters = { least: 2, most: 8 } as const;
const isBeginning = ({ length }: string) => length >= beginningCharacters.least && length <= beginningCharacters.most;
const beginningsOf = (token: string): string[] =>
  isLatin(token)
    ? Array.from({ length: token.length }, (_, end) => token.slice(0, end + 1))
        .filter(isBeginning)
        .map((beginning) => beginningMark + beginning)
    : [];
const begun = (token: string): string => (isBeginning(token) ? quoted(beginningMark + token) : `${quoted(token)}:*`);

const quoted = (word: string) => `'${word.replace(/\\/g, '\\\\').replace(/'/g, "''")}'`;

/**
 * A document as text of a tsvector: every word with its places and weight (A heaviest).
 * Made here and not by to_tsvector, whose parser depends on the locale of the database.
 */
export const documentWords = (parts: readonly { text: string; weight: Weight }[]): string => {
  const places = new Map<string, string[]>();
  let position = 0;
  for (const { text, weight } of parts) {
    for (const token of jieba().cutForSearch(normal(text), false)) {
      if (!isWord(token) || token.length > wordCharactersMax) {
        // A gap, so that no phrase reaches across punctuation.
        position++;
        continue;
      }
      if (++position > positionMax) break;
      for (const word of [token, ...beginningsOf(token)]) {
        const found = places.get(word);
        if (!found) places.set(word, [`${position}${weight}`]);
        else if (found.length < positionsPerWordMax) found.push(`${position}${weight}`);
      }
    }
    position++;
  }
  return [...places].map(([word, at]) => `${quoted(word)}:${at.join(',')}`).join(' ');
};

export interface WordQuery {
  /** Text of a tsquery; '' when there is nothing to look for. */
  tsquery: string;
  /** As looked for, in the order typed: for marking hits. */
  words: string[];
}

/** All words must occur; single characters in a row must stand in that row; Latin words and numbers may go on. */
export const queryWords = (text: string): WordQuery => {
  const tokens = jieba().cut(normal(text), false);
  const meaningful = tokens.filter((token) => isWord(token) && !stopWords.has(token));
  const kept = meaningful.length ? meaningful : tokens.filter(isWord);
  const words: string[] = [];
  const clauses: string[] = [];
  let row: string[] = [];
  const endRow = () => {
    if (row.length) {
      words.push(row.join(''));
      clauses.push(row.length === 1 ? quoted(row[0]!) : `(${row.map(quoted).join(' <-> ')})`);
    }
    row = [];
  };
  for (const token of tokens) {
    if (!kept.includes(token)) {
      endRow();
      continue;
    }
    if (isSingle(token)) {
      row.push(token);
      continue;
    }
    endRow();
    words.push(token);
    clauses.push(isLatin(token) ? begun(token) : quoted(token));
  }
  endRow();
  return {
    tsquery: clauses.slice(0, searchLimits.queryWordsMax).join(' & '),
    words: [...new Set(words)].slice(0, searchLimits.queryWordsMax),
  };
};

export interface Piece {
  text: string;
  hit: boolean;
}

/** The text in pieces, hits apart. Longer words mark first, so that 数据产品 is one hit. */
export const marked = (text: string, words: readonly string[]): Piece[] => {
  // Full-width letters change under NFKC one for one; where lengths differ marks would slip, so none are set.
  const plain = normal(text);
  const found = [...words].sort((a, b) => b.length - a.length).filter((word) => word !== '');
  if (found.length === 0 || plain.length !== text.length) return text ? [{ text, hit: false }] : [];
  const pattern = new RegExp(found.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of plain.matchAll(pattern)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), hit: false });
    pieces.push({ text: text.slice(match.index, match.index + match[0].length), hit: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), hit: false });
  return pieces;
};

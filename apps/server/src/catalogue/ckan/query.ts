/** What a caller of the CKAN façade may ask: as much of Solr's syntax as catalogues and their clients use. Pure. */
import { CkanFault } from './fault.ts';

export const limits = {
  rowsDefault: 10,
  rowsMax: 1000,
  startMax: 1_000_000,
  termsMax: 50,
  textCharactersMax: 1000,
  facetsMax: 1000,
} as const;

export type Asked = Record<string, unknown>;

/** One condition: words anywhere, or a field of these values, or a span of time. */
export type Term =
  | { kind: 'word'; word: string; not: boolean }
  | { kind: 'field'; field: Field; values: string[]; not: boolean }
  | { kind: 'span'; from: string | null; until: string | null; not: boolean };

export const searchFields = [
  'id',
  'name',
  'title',
  'notes',
  'organization',
  'owner_org',
  'tags',
  'groups',
  'res_format',
] as const;
export type Field = (typeof searchFields)[number];
export const facetFields = ['organization', 'tags', 'groups', 'res_format', 'license_id'] as const;
export type Facet = (typeof facetFields)[number];

const queryFault = (text: string): CkanFault => new CkanFault('Search Query Error', `SOLR returned an error: ${text}`);

export const textOf = (asked: Asked, name: string): string | undefined => {
  const value = asked[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (
    typeof value !== 'string' ||
    value.length > limits.textCharactersMax ||
    value.includes('\0') ||
    !value.isWellFormed()
  )
    throw CkanFault.ofField(name, 'Must be a text of at most 1000 characters');
  return value;
};

export const numberOf = (asked: Asked, name: string, most: number): number | undefined => {
  const value = asked[name];
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'number' ? value : Number(typeof value === 'string' ? value : Number.NaN);
  if (!Number.isInteger(number)) throw CkanFault.ofField(name, 'Invalid integer');
  if (number < 0) throw CkanFault.ofField(name, 'Must be a natural number');
  return Math.min(number, most);
};

export const flagOf = (asked: Asked, name: string): boolean =>
  ['true', 'True', '1', true, 1].includes(asked[name] as never);

/** `["a", "b"]`, as JSON in an address or as it is in a body. */
export const listOf = (asked: Asked, name: string): string[] => {
  let value = asked[name];
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string' && value.startsWith('['))
    try {
      value = JSON.parse(value);
    } catch {
      throw CkanFault.ofField(name, 'Not a list');
    }
  const items = Array.isArray(value) ? value : [value];
  if (items.length > limits.termsMax || !items.every((one) => typeof one === 'string' && one.length <= 200))
    throw CkanFault.ofField(name, 'Not a list of short texts');
  return items;
};

const unescaped = (text: string): string => text.replace(/\\(.)/g, '$1');
const quotedOr = (text: string): string => unescaped(text.startsWith('"') ? text.slice(1, -1) : text);
const momentOf = (text: string): string | null => {
  if (text === '*') return null;
  const at = new Date(/Z$|[+-]\d\d:\d\d$/.test(text) || /^[\d-]{10}$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(at.getTime())) throw queryFault(`Invalid Date String:'${text}'`);
  return at.toISOString();
};

const token = /\s*([+-]?)(?:(\w+):)?(\[[^\]]*\]|\([^)]*\)|"(?:[^"\\]|\\.)*"|[^\s"()[\]]+)/y;

const valuesIn = (text: string): string[] => {
  if (!text.startsWith('(')) return [quotedOr(text)];
  const inside = text.slice(1, -1);
  return [...inside.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)]
    .map(([one]) => one)
    .filter((one) => one !== 'OR')
    .map(quotedOr);
};

const termOf = (sign: string, field: string | undefined, text: string): Term | undefined => {
  const not = sign === '-';
  if (field === undefined) {
    const word = quotedOr(text);
    return word === '*' || word === 'AND' ? undefined : { kind: 'word', word: word.replaceAll('*', ''), not };
  }
  if (field === 'metadata_modified') {
    const span = /^\[\s*(\S+)\s+TO\s+(\S+)\s*\]$/.exec(text);
    if (!span) throw queryFault(`Invalid range for metadata_modified: ${text}`);
    return { kind: 'span', from: momentOf(span[1]!), until: momentOf(span[2]!), not };
  }
  // All that is shown is public, active and a data set.
  const always: Record<string, string> = {
    state: 'active',
    dataset_type: 'dataset',
    type: 'dataset',
    capacity: 'public',
    private: 'false',
  };
  if (always[field] !== undefined)
    return valuesIn(text).includes(always[field]) !== not
      ? undefined
      : { kind: 'field', field: 'id', values: [], not: false };
  if (!(searchFields as readonly string[]).includes(field)) throw queryFault(`undefined field ${field}`);
  return text === '*' ? undefined : { kind: 'field', field: field as Field, values: valuesIn(text), not };
};

/** All terms of a text must hold. @throws CkanFault */
export const termsOf = (text: string | undefined): Term[] => {
  const terms: Term[] = [];
  const asked = (text ?? '').trim();
  if (asked === '*:*') return terms;
  token.lastIndex = 0;
  while (token.lastIndex < asked.length) {
    const found = token.exec(asked);
    if (!found) throw queryFault(`Cannot parse '${asked.slice(0, 100)}'`);
    if (found[3] === 'OR') throw queryFault('OR is understood within parentheses after a field only');
    const term = found[0].trim() === '*:*' ? undefined : termOf(found[1]!, found[2], found[3]!);
    if (term) terms.push(term);
    if (terms.length > limits.termsMax) throw queryFault('too many clauses');
  }
  return terms;
};

export const sortFields = ['id', 'name', 'title_string', 'title', 'metadata_modified', 'metadata_created'] as const;
export interface Sort {
  field: (typeof sortFields)[number];
  descending: boolean;
}

/** Relevance is no order here: every word must be found, and the newest stand first. */
export const sortsOf = (text: string | undefined): Sort[] =>
  (text ?? '').split(',').flatMap((part) => {
    const [field = '', direction = 'asc', ...more] = part.trim().split(/\s+/);
    if (field === '' || field === 'score' || field === 'relevance') return [];
    if (more.length > 0 || !/^(asc|desc)$/i.test(direction) || !(sortFields as readonly string[]).includes(field))
      throw queryFault(`Can't determine a Sort Order (asc or desc) in sort spec '${part.trim().slice(0, 100)}'`);
    return [{ field: field as Sort['field'], descending: direction.toLowerCase() === 'desc' }];
  });

export const facetsOf = (asked: Asked): Facet[] => {
  const named = listOf(asked, 'facet.field');
  const unknown = named.find((one) => !(facetFields as readonly string[]).includes(one));
  if (unknown !== undefined) throw queryFault(`undefined field: "${unknown}"`);
  return named as Facet[];
};

/**
 * As much of JSON-LD as catalogues use: prefixes, terms and `@vocab` of a context that stands in the document, nodes named
 * once and referred to elsewhere. A context elsewhere is not fetched: whoever keeps it could change what every source says.
 * Words without a context are read as DCAT's own, as in the data.json files of many administrations.
 */
import { isObject, type Json } from './rules.ts';

const dcat = 'http://www.w3.org/ns/dcat#';
const dct = 'http://purl.org/dc/terms/';
const prefixes: Record<string, string> = {
  dcat,
  dct,
  dcterms: dct,
  foaf: 'http://xmlns.com/foaf/0.1/',
  hydra: 'http://www.w3.org/ns/hydra/core#',
  rdfs: 'http://www.w3.org/2000/01/rdf-schema#',
  skos: 'http://www.w3.org/2004/02/skos/core#',
  vcard: 'http://www.w3.org/2006/vcard/ns#',
};
const bareTerms: Record<string, string> = {
  ...Object.fromEntries(
    ['dataset', 'distribution', 'keyword', 'landingPage', 'accessURL', 'downloadURL', 'mediaType', 'byteSize'].map(
      (term) => [term, dcat + term],
    ),
  ),
  ...Object.fromEntries(
    ['title', 'description', 'identifier', 'modified', 'issued', 'publisher', 'license', 'format'].map((term) => [
      term,
      dct + term,
    ]),
  ),
  name: `${prefixes.foaf}name`,
};

const depthMax = 40;
/** Of one document. */
const nodesMax = 500_000;

interface Context {
  terms: Record<string, string>;
  vocabulary: string;
}

/** Words are the source's: `constructor` is one that no table of ours knows. */
const own = (table: Record<string, string>, word: string): string | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined;

const isAbsolute = (value: string): boolean => /^(https?|urn):/.test(value);

const expand = (context: Context, word: string): string => {
  if (word.startsWith('@') || isAbsolute(word)) return word;
  const term = own(context.terms, word);
  if (term !== undefined && term !== word) return term.startsWith('@') ? term : expand(context, term);
  const [prefix, ...rest] = word.split(':');
  if (rest.length > 0) {
    const base = own(context.terms, prefix!) ?? own(prefixes, prefix!);
    return base ? base + rest.join(':') : word;
  }
  return context.vocabulary ? context.vocabulary + word : (own(bareTerms, word) ?? word);
};

const contextFrom = (before: Context, value: unknown): Context => {
  if (Array.isArray(value)) return value.reduce(contextFrom, before);
  if (!isObject(value)) return before;
  const terms = { ...before.terms };
  for (const [word, meaning] of Object.entries(value)) {
    const id = isObject(meaning) ? meaning['@id'] : meaning;
    // A term that stands for itself or for another in a circle would never be read to its end.
    if (
      typeof id === 'string' &&
      (id.startsWith('@') || isAbsolute(id) || (id.includes(':') && !id.startsWith(`${word}:`)))
    )
      terms[word] =
        isAbsolute(id) || id.startsWith('@')
          ? id
          : expand({ ...before, terms: { ...prefixes, ...absolute(terms) } }, id);
  }
  const vocabulary = value['@vocab'];
  return { terms, vocabulary: typeof vocabulary === 'string' ? vocabulary : before.vocabulary };
};
const absolute = (terms: Record<string, string>) =>
  Object.fromEntries(Object.entries(terms).filter(([, meaning]) => isAbsolute(meaning)));

export interface Node {
  id: string | undefined;
  types: string[];
  /** Values by the property's whole name; nodes among them are nodes. */
  values: Map<string, unknown[]>;
}

export const isNode = (value: unknown): value is Node => isObject(value) && value.values instanceof Map;

export interface Graph {
  /** Every node that says something of itself, in the order of the document. */
  nodes: readonly Node[];
  /** Values of a property, named with a prefix; references are followed. */
  valuesOf(node: Node, property: string): unknown[];
}

export class TooDeep extends Error {}

/** `base`: where the document was found, for names that are told relative to it. */
export const readGraph = (document: unknown, base: string): Graph => {
  const nodes: Node[] = [];
  const named = new Map<string, Node>();

  const visit = (value: unknown, context: Context, depth: number): unknown => {
    if (depth > depthMax || nodes.length > nodesMax) throw new TooDeep();
    if (Array.isArray(value)) return value.map((one) => visit(one, context, depth + 1));
    if (!isObject(value) || '@value' in value) return value;
    const within = value['@context'] === undefined ? context : contextFrom(context, value['@context']);
    return nodeOf(value, within, depth);
  };

  const nameOf = (id: string, context: Context): string => {
    const [prefix] = id.split(':');
    const isPrefixed = id.includes(':') && (own(context.terms, prefix!) ?? own(prefixes, prefix!)) !== undefined;
    if (isPrefixed) return expand(context, id);
    return isAbsolute(id) || id.startsWith('_:') ? id : (URL.parse(id, base)?.href ?? id);
  };

  const nodeOf = (value: Json, context: Context, depth: number): Node => {
    const node: Node = { id: undefined, types: [], values: new Map() };
    for (const [key, one] of Object.entries(value)) {
      const word = expand(context, key);
      if (word === '@id' && typeof one === 'string') node.id = nameOf(one, context);
      else if (word === '@type')
        node.types = [one].flat().flatMap((type) => (typeof type === 'string' ? expand(context, type) : []));
      else if (word === '@graph') visit(one, context, depth + 1);
      else if (!word.startsWith('@')) {
        const values = [visit(one, context, depth + 1)].flat();
        node.values.set(word, [...(node.values.get(word) ?? []), ...values]);
      }
    }
    return keep(node);
  };

  /** What is said of one node in several places is brought together in the first. */
  const keep = (node: Node): Node => {
    if (node.values.size === 0 && node.types.length === 0) return node;
    const known = node.id === undefined ? undefined : named.get(node.id);
    if (!known) {
      nodes.push(node);
      if (node.id !== undefined) named.set(node.id, node);
      return node;
    }
    // In place: a document may say something of one node very many times.
    for (const type of node.types) known.types.push(type);
    for (const [property, values] of node.values) {
      const before = known.values.get(property);
      if (before) for (const value of values) before.push(value);
      else known.values.set(property, values);
    }
    return known;
  };

  visit(document, { terms: {}, vocabulary: '' }, 0);
  return {
    nodes,
    valuesOf: (node, property) =>
      (node.values.get(expand({ terms: {}, vocabulary: '' }, property)) ?? [])
        .filter((value) => value !== null)
        .map((value) => (isNode(value) && value.id !== undefined ? (named.get(value.id) ?? value) : value)),
  };
};

export const typeOf = (name: string): string => expand({ terms: {}, vocabulary: '' }, name);

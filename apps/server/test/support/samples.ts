/** Values made from an endpoint's own schemas: one that passes, and all the small ways in which it can be wrong. */
import fc from 'fast-check';
import { z } from 'zod';

type Json = Record<string, unknown>;

export interface Schema extends Json {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

const schemas = new WeakMap<z.ZodType, Schema>();

/** One for everybody who asks: to be read, never changed. */
export const schemaOf = (schema: z.ZodType): Schema => {
  const known = schemas.get(schema);
  if (known) return known;
  const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', target: 'draft-2020-12' }) as Schema;
  schemas.set(schema, made);
  return made;
};

export type IdOf = (prefix: string) => string;

/** Well-formed and of nobody. */
export const randomId: IdOf = (prefix) => `${prefix}_01zzzzzzzzzzzzzzzzzzzzzzzz`;

/** Prefix of an identifier's schema; undefined for every other string. */
export const prefixOf = (schema: Schema | undefined): string | undefined =>
  /^\^([a-z]+)_\[0-9a-z\]\{26\}\$$/.exec(schema?.pattern ?? '')?.[1];

const formats: Record<string, string> = {
  'date-time': '2026-07-01T09:00:00+08:00',
  date: '2026-07-01',
  email: 'nobody@example.com',
  // A name that never resolves (RFC 2606): some of what is registered here gets called.
  uri: 'https://example.invalid/',
  base64: 'JVBERi0xLjcgc3BlY2ltZW4=',
};

const texts = new Map<string, string>();
/** The shortest text of those drawn that fits: the same one whenever it is asked for, and drawing takes its time. */
const textLike = (pattern: string, lengthMin: number, lengthMax: number): string => {
  const key = JSON.stringify([pattern, lengthMin, lengthMax]);
  const known = texts.get(key);
  if (known !== undefined) return known;
  const drawn = fc.sample(fc.stringMatching(new RegExp(pattern, 'u')), { numRuns: 60, seed: 7 });
  const fitting = drawn.filter(
    (one) => one.length >= lengthMin && one.length <= lengthMax && one.trim() === one && one,
  );
  const text = fitting.sort((a, b) => a.length - b.length)[0] ?? drawn[0]!;
  texts.set(key, text);
  return text;
};

const stringFor = (schema: Schema, idOf: IdOf): string => {
  const prefix = prefixOf(schema);
  if (prefix) return idOf(prefix);
  if (schema.format && formats[schema.format]) return formats[schema.format]!;
  const { minLength = 0, maxLength = 40 } = schema;
  if (schema.pattern) return textLike(schema.pattern, minLength, maxLength);
  return 'specimen'.padEnd(minLength, 'x').slice(0, Math.max(maxLength, minLength));
};

const resolve = (schema: Schema, root: Schema): Schema => {
  if (schema.$ref === '#') return root;
  const name = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? '')?.[1];
  return name ? root.$defs![name]! : schema;
};

const branchesOf = (schema: Schema): Schema[] | undefined => schema.anyOf ?? schema.oneOf;

/** The smallest value that the schema describes; `root` resolves its references. */
export const sampleOf = (given: Schema, idOf: IdOf = randomId, root: Schema = given): unknown => {
  const schema = resolve(given, root);
  if ('const' in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  const branches = branchesOf(schema);
  if (branches) return sampleOf(branches[0]!, idOf, root);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((one) => sampleOf(one, idOf, root) as object));
  switch (schema.type) {
    case 'string':
      return stringFor(schema, idOf);
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? (schema.exclusiveMinimum !== undefined ? schema.exclusiveMinimum + 1 : 1), 0);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      if (schema.prefixItems) return schema.prefixItems.map((one) => sampleOf(one, idOf, root));
      return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}, idOf, root));
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((key) => [key, sampleOf(schema.properties?.[key] ?? {}, idOf, root)]),
      );
    default:
      return 'specimen';
  }
};

export interface Fault {
  /** What is wrong, for the message of a failing test. */
  name: string;
  path: (string | number)[];
  value: unknown;
}

const replaced = (value: unknown, path: (string | number)[], by: unknown): unknown => {
  if (path.length === 0) return by;
  const [head, ...rest] = path as [string | number, ...(string | number)[]];
  if (Array.isArray(value)) return value.map((one, place) => (place === head ? replaced(one, rest, by) : one));
  const object = { ...(value as Json) };
  if (rest.length === 0 && by === undefined) delete object[head];
  else object[head] = replaced(object[head] ?? {}, rest, by);
  return object;
};

const wrongTypes: Record<string, unknown> = {
  string: 42,
  integer: 'x',
  number: 'x',
  boolean: 'maybe',
  array: 'x',
  object: 'x',
};
const depthMax = 4;

const faultsAt = (given: Schema, root: Schema, path: (string | number)[], base: unknown): Fault[] => {
  const schema = resolve(given, root);
  const found: Fault[] = [];
  const add = (name: string, at: (string | number)[], by: unknown) =>
    found.push({ name: `${at.join('.') || 'the whole'} ${name}`, path: at, value: replaced(base, at, by) });
  const branches = branchesOf(schema)?.filter((one) => one.type !== 'null');
  if (branches) {
    add('fits no choice', path, { no: ['such'] });
    return path.length < depthMax ? [...found, ...faultsAt(branches[0]!, root, path, base)] : found;
  }
  if (schema.type && schema.type in wrongTypes) add('has the wrong type', path, wrongTypes[schema.type]);
  if (schema.enum || 'const' in schema) add('is no such choice', path, 'no-such-choice');
  if (schema.maxLength !== undefined) add('is too long', path, 'x'.repeat(schema.maxLength + 1));
  if (schema.minLength) add('is empty', path, '');
  if (schema.pattern) add('breaks its pattern', path, '\u0001 ✗ \u0001');
  if (schema.minimum !== undefined) add('is too small', path, schema.minimum - 1);
  if (schema.maximum !== undefined) add('is too big', path, schema.maximum + 1);
  if (schema.maxItems !== undefined)
    add(
      'has too many',
      path,
      Array.from({ length: schema.maxItems + 1 }, () => sampleOf(schema.items ?? {}, randomId, root)),
    );
  if (schema.minItems) add('has too few', path, []);
  if (schema.type === 'object') {
    if (schema.additionalProperties === false) add('is a stranger', [...path, 'noSuchField'], 1);
    for (const key of schema.required ?? []) add('is missing', [...path, key], undefined);
    if (path.length < depthMax)
      for (const [key, one] of Object.entries(schema.properties ?? {})) {
        const at = [...path, key];
        // What may be left out is there, so that the fault in it is the only one.
        const deep = !schema.required?.includes(key) && resolve(one, root).type === 'object';
        found.push(...faultsAt(one, root, at, deep ? replaced(base, at, sampleOf(one, randomId, root)) : base));
      }
  }
  if (schema.type === 'array' && schema.items && path.length < depthMax) {
    const one = sampleOf(schema.items, randomId, root);
    const filled = replaced(base, path, [one]);
    found.push(...faultsAt(schema.items, root, [...path, 0], filled));
  }
  return found;
};

/** Every small fault that the schema itself refuses. */
export const faultsOf = (schema: z.ZodType): Fault[] => {
  const root = schemaOf(schema);
  const base = sampleOf(root);
  const seen = new Set<string>();
  return faultsAt(root, root, [], base).filter((fault) => {
    const key = JSON.stringify([fault.path, fault.value]);
    if (seen.has(key)) return false;
    seen.add(key);
    return !schema.safeParse(fault.value).success;
  });
};

export interface Place {
  path: string;
  schema: Schema;
}

/** Every place of a schema, references once, for checks of what each place allows. */
export const placesOf = (schema: z.ZodType): Place[] => {
  const root = schemaOf(schema);
  const found: Place[] = [];
  const seen = new Set<Schema>();
  const visit = (given: Schema, path: string) => {
    const one = resolve(given, root);
    if (seen.has(one)) return;
    seen.add(one);
    found.push({ path, schema: one });
    for (const [key, next] of Object.entries(one.properties ?? {})) visit(next, path ? `${path}.${key}` : key);
    for (const next of [...(one.anyOf ?? []), ...(one.oneOf ?? []), ...(one.allOf ?? []), ...(one.prefixItems ?? [])])
      visit(next, path);
    if (one.items) visit(one.items, `${path}[]`);
    if (typeof one.additionalProperties === 'object') visit(one.additionalProperties, `${path}{}`);
  };
  visit(root, '');
  return found;
};

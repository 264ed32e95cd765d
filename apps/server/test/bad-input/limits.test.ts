/** Every place of every form has a limit: an unbounded list or text is refused here before anybody can send one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { placesOf, type Schema } from '../support/samples.ts';

let world: TestExchange;
beforeAll(async () => {
  world = await testExchange();
});
afterAll(() => world?.end());

/** Fields bounded in another way than by their schema, each with its reason. This list may only shrink. */
const boundedElsewhere: [RegExp, string][] = [
  [
    / body\.(terms\.)?policy(\{\})?$/,
    'ODRL as JSON: the policy parser bounds it, the body’s bytes and depth do before',
  ],
  [
    /^cases\.case\.(file|move) body\.(data|input|form)(\{\})?$/,
    'a procedure’s form: bytes, items and characters by the case engine',
  ],
  [/^market\.import\.create body\.content$/, 'a file in base64: the body’s own limit of bytes'],
  [/^registry\.registration\.precheck body\.form(\{\})?$/, 'the same form, before it is filed'],
  [/^cases\.(case|notice|publicNotice)\.list query\.(open|unread|running)$/, 'true or false, written as text'],
];

// A pattern without * or + or an open {n,} matches texts of bounded length only.
const bounds = (pattern: string | undefined): boolean =>
  pattern !== undefined && !/[*+]|\{\d+,\}/.test(pattern.replace(/\\./g, ''));
const bounded = (one: Schema): boolean =>
  one.maxLength !== undefined ||
  bounds(one.pattern) ||
  ['date-time', 'date', 'uuid'].includes(one.format ?? '') ||
  one.enum !== undefined ||
  'const' in one;

test('every text and every list of a request has a limit', () => {
  const open: string[] = [];
  for (const endpoint of world.exchange.endpoints)
    for (const part of ['query', 'body'] as const) {
      if (!endpoint[part]) continue;
      for (const { path, schema } of placesOf(endpoint[part])) {
        const place = `${endpoint.id} ${part}.${path}`;
        if (boundedElsewhere.some(([pattern]) => pattern.test(place))) continue;
        if (schema.type === 'string' && !bounded(schema)) open.push(`${place}: text`);
        if (schema.type === 'array' && schema.maxItems === undefined && !schema.prefixItems)
          open.push(`${place}: list`);
      }
    }
  expect(open.sort()).toEqual([]);
});

test('every page has at most a hundred items and a cursor', () => {
  const wrong = world.exchange.endpoints.flatMap((endpoint) => {
    const places = endpoint.query ? placesOf(endpoint.query) : [];
    const limit = places.find((one) => one.path === 'limit')?.schema;
    if (!limit) return [];
    const fine = (limit.maximum ?? Number.POSITIVE_INFINITY) <= 100 && places.some((one) => one.path === 'after');
    return fine ? [] : [endpoint.id];
  });
  expect(wrong).toEqual([]);
});

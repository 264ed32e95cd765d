/** The served description: well-formed OpenAPI 3.1 that says of every route what callers need. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestExchange, testExchange } from '../support/exchange.ts';

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security?: object[];
  parameters?: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string; license: { name: string } };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

let world: TestExchange;
let document: Document;
let operations: { path: string; method: string; one: Operation }[];

beforeAll(async () => {
  world = await testExchange();
  const response = await fetch(`${world.url}/api/openapi.json`);
  expect(response.headers.get('content-type')).toContain('application/json');
  document = (await response.json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, one })),
  );
});
afterAll(() => world?.end());

const referencesIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => (key === '$ref' ? [String(one)] : referencesIn(one)));
};

const pointed = (root: unknown, pointer: string): unknown =>
  pointer
    .slice(1)
    .split('/')
    .filter(Boolean)
    .reduce<unknown>(
      (at, key) =>
        (at as Record<string, unknown> | undefined)?.[
          decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')
        ],
      root,
    );

describe('OpenAPI', () => {
  test('is 3.1 and names itself', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info.title).not.toBe('');
    expect(document.info.license.name).toBe('Apache-2.0');
    expect(document.servers[0]?.url).toBe(world.url);
    expect(Object.keys(document.components.securitySchemes)).toEqual(expect.arrayContaining(['session', 'bearer']));
  });

  test('describes every route that is served, once', () => {
    const described = operations.map(
      ({ path, method }) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
    );
    const served = world.exchange.endpoints.map((one) => `${one.method} ${one.path}`);
    expect(described.sort()).toEqual(served.sort());
    const ids = operations.map(({ one }) => one.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('declares every parameter of every path, and no other', () => {
    const wrong = operations.flatMap(({ path, method, one }) => {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();
      const declared = (one.parameters ?? []).filter((parameter) => parameter.in === 'path');
      const fine =
        JSON.stringify(named) === JSON.stringify(declared.map((parameter) => parameter.name).sort()) &&
        declared.every((parameter) => parameter.required);
      return fine ? [] : [`${method} ${path}`];
    });
    expect(wrong).toEqual([]);
  });

  test('asks for an Idempotency-Key on every POST', () => {
    const without = operations.filter(
      ({ method, one }) =>
        method === 'post' &&
        !one.parameters?.some((parameter) => parameter.name === 'Idempotency-Key' && parameter.required),
    );
    expect(without.map(({ path }) => path)).toEqual([]);
  });

  test('says what comes back: success, and a problem', () => {
    const wrong = operations.flatMap(({ path, method, one }) => {
      const success = Object.keys(one.responses).filter((status) => /^2\d\d$/.test(status));
      const problem = one.responses.default?.content?.['application/problem+json'];
      const fine = success.length === 1 && problem && one.summary && one.description && one.tags.length === 1;
      return fine ? [] : [`${method} ${path}`];
    });
    expect(wrong).toEqual([]);
    const tags = new Set(document.tags.map((tag) => tag.name));
    expect(operations.filter(({ one }) => !tags.has(one.tags[0]!)).map(({ path }) => path)).toEqual([]);
  });

  test('bodies of GET and DELETE are none, other bodies have a schema', () => {
    const wrong = operations.flatMap(({ path, method, one }) => {
      if (!one.requestBody) return [];
      const fine =
        !['get', 'delete'].includes(method) &&
        Object.values(one.requestBody.content).every((media) => typeof media.schema === 'object');
      return fine ? [] : [`${method} ${path}`];
    });
    expect(wrong).toEqual([]);
  });

  test('references lead somewhere', () => {
    const wrong = new Set<string>();
    for (const { one, path } of operations) {
      for (const reference of referencesIn(one)) {
        // References within an embedded schema are resolved against that schema, those from the root against the document.
        if (reference.startsWith('#/components/') && pointed(document, reference) === undefined)
          wrong.add(`${path}: ${reference}`);
        if (!reference.startsWith('#/components/')) wrong.add(`${path}: ${reference}`);
      }
    }
    expect([...wrong]).toEqual([]);
  });

  test('guarded routes ask for somebody, public ones for nobody', () => {
    const wrong = world.exchange.endpoints.filter((endpoint) => {
      const one = document.paths[endpoint.path.replace(/:(\w+)/g, '{$1}')]?.[endpoint.method.toLowerCase()];
      return (endpoint.permission === 'public') !== (one?.security?.length === 0);
    });
    expect(wrong.map((one) => one.id)).toEqual([]);
  });
});

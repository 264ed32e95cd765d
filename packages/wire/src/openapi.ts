/** OpenAPI 3.1 from the endpoint values. */
import { z } from 'zod';
import { problem } from './common.ts';
import type { AnyEndpoint } from './endpoint.ts';

type Json = Record<string, unknown>;

// `io` decides which side of a transform is described: what a caller sends, or what it gets.
const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' }) as Json;
  delete made.$schema;
  return made;
};

const parametersOf = (schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] => {
  if (!schema) return [];
  const made = schemaOf(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(made.properties ?? {}).map(([key, value]) => ({
    name: key,
    in: place,
    required: place === 'path' || (made.required ?? []).includes(key),
    ...(value.description ? { description: value.description } : {}),
    schema: value,
  }));
};

const operationOf = (one: AnyEndpoint): Json => {
  const reply =
    one.replyKind === 'bytes'
      ? { [one.mediaType ?? 'application/octet-stream']: { schema: { type: 'string', format: 'binary' } } }
      : { 'application/json': { schema: schemaOf(one.reply, 'output') } };
  const parameters = [...parametersOf(one.params, 'path'), ...parametersOf(one.query, 'query')];
  if (one.method === 'POST')
    parameters.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: true,
      description: 'The same key with the same body answers the same; with another body it is refused.',
      schema: { type: 'string', minLength: 8, maxLength: 200 },
    });
  return {
    operationId: one.id.replace(/\./g, '-'),
    summary: one.summary.en,
    description: `${one.summary.zh}\n\nPermission: \`${one.permission}\``,
    tags: [one.id.split('.')[0]],
    ...(parameters.length ? { parameters } : {}),
    ...(one.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(one.body, 'input') } } } }
      : {}),
    ...(one.rawBody
      ? {
          requestBody: {
            required: true,
            content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
          },
        }
      : {}),
    ...(one.permission === 'public' ? { security: [] } : {}),
    responses: {
      [String(one.status ?? 200)]: { description: 'Done', content: reply },
      default: {
        description: 'A problem (RFC 9457)',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
};

/** The whole document. `tags` gives each room's name and one line. */
export const openapiOf = (
  endpoints: AnyEndpoint[],
  about: { version: string; url: string; tags: { name: string; description: string }[] },
): Json => {
  const paths: Record<string, Json> = {};
  for (const one of [...endpoints].sort((a, b) => a.path.localeCompare(b.path))) {
    const path = one.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: operationOf(one) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Shugu data exchange',
      version: about.version,
      description: 'Registers rights in data, lists reviewed products, enforces contracts, meters, settles and proves.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      contact: { name: 'Shugu', url: 'https://github.com/shugu' },
    },
    servers: [{ url: about.url }],
    tags: about.tags,
    security: [{ session: [] }, { bearer: [] }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problem, 'output') },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'shugu_session' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  };
};

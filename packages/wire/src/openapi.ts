/** OpenAPI 3.1 from the endpoint values. */
import { z } from 'zod';
import { problem } from './common.ts';
import type { AnyEndpoint } from './endpoint.ts';

type Json = Record<string, unknown>;

/** Named parts that several operations use; references lead here. */
type Shared = Map<string, { name: string; schema: Json }>;

const rewritten = (value: unknown, references: ReadonlyMap<string, string>): unknown => {
  if (Array.isArray(value)) return value.map((one) => rewritten(one, references));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? (references.get(inner) ?? inner) : rewritten(inner, references),
    ]),
  );
};

/**
 * zod keeps recursive parts under the schema's own `$defs`, with references from that schema's root. Inside the document the
 * root is another one, so these parts move to the document's components; equal ones are kept once.
 */
const hoisted = ({ $defs, ...schema }: Json, shared: Shared): Json => {
  if (!$defs) return schema;
  const parts = Object.entries($defs as Record<string, Json>);
  const content = JSON.stringify($defs);
  const references = new Map<string, string>();
  const added: { name: string; schema: Json }[] = [];
  for (const [key, part] of parts) {
    const known = shared.get(`${key} ${content}`);
    const kept = known ?? { name: `Part${shared.size + 1}`, schema: part };
    if (!known) {
      shared.set(`${key} ${content}`, kept);
      added.push(kept);
    }
    references.set(`#/$defs/${key}`, `#/components/schemas/${kept.name}`);
  }
  for (const kept of added) kept.schema = rewritten(kept.schema, references) as Json;
  return rewritten(schema, references) as Json;
};

// `io` decides which side of a transform is described: what a caller sends, or what it gets.
const schemaOf = (schema: z.ZodType, io: 'input' | 'output', shared: Shared): Json => {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' }) as Json;
  delete made.$schema;
  return hoisted(made, shared);
};

const parametersOf = (schema: z.ZodType | undefined, place: 'path' | 'query', shared: Shared): Json[] => {
  if (!schema) return [];
  const made = schemaOf(schema, 'input', shared) as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(made.properties ?? {}).map(([key, value]) => ({
    name: key,
    in: place,
    required: place === 'path' || (made.required ?? []).includes(key),
    ...(value.description ? { description: value.description } : {}),
    schema: value,
  }));
};

const operationOf = (one: AnyEndpoint, shared: Shared): Json => {
  const reply =
    one.replyKind === 'bytes'
      ? { [one.mediaType ?? 'application/octet-stream']: { schema: { type: 'string', format: 'binary' } } }
      : { 'application/json': { schema: schemaOf(one.reply, 'output', shared) } };
  const parameters = [...parametersOf(one.params, 'path', shared), ...parametersOf(one.query, 'query', shared)];
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
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(one.body, 'input', shared) } },
          },
        }
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
  const shared: Shared = new Map();
  for (const one of [...endpoints].sort((a, b) => a.path.localeCompare(b.path))) {
    const path = one.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: operationOf(one, shared) };
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
      schemas: {
        Problem: schemaOf(problem, 'output', shared),
        ...Object.fromEntries([...shared.values()].map(({ name, schema }) => [name, schema])),
      },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'shugu_session' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  };
};

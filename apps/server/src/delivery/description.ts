/** A grant's own addresses as OpenAPI 3.1: what its buyer may call, with which parameters, and what comes back. Pure. */
import type { CheckedTemplate, Parameter } from '@shugu/gateway';
import { notGranted } from '@shugu/gateway';
import type { Endpoint, Grant } from './model.ts';
import { addressOf } from './rules.ts';

type Json = { [member: string]: unknown };

const formats = {
  'text/csv': { schema: { type: 'string' } },
  'application/vnd.apache.arrow.stream': {},
  'application/vnd.apache.parquet': {},
};
const refusal = {
  description: '拒绝，代码稳定 / Refused, with a stable code',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['code', 'status', 'zh', 'en'],
        properties: {
          code: { type: 'string' },
          status: { type: 'integer' },
          field: { type: 'string' },
          zh: { type: 'string' },
          en: { type: 'string' },
        },
      },
    },
  },
};

const parameterSchema = (one: Parameter): Json => {
  const standard = one.default === undefined ? {} : { default: one.default };
  switch (one.type) {
    case 'integer':
      return { type: 'integer', minimum: one.min, maximum: one.max, ...standard };
    case 'decimal':
      return { type: 'string', pattern: `^-?\\d+(\\.\\d{1,${Math.max(1, one.scale)}})?$`, ...standard };
    case 'text':
      return { type: 'string', maxLength: one.lengthMax, ...standard };
    case 'date':
      return { type: 'string', format: 'date', ...standard };
    case 'boolean':
      return { type: 'boolean', ...standard };
    case 'enumeration':
      return { type: 'string', enum: [...one.values], ...standard };
  }
};

/** As the gateway writes it: exact figures beyond a double's reach are text. */
const columnSchema = (type: string): Json => {
  if (type === 'BOOLEAN') return { type: ['boolean', 'null'] };
  if (/^U?(TINYINT|SMALLINT|INTEGER)$/.test(type)) return { type: ['integer', 'null'] };
  if (/^(U?BIGINT|HUGEINT)$/.test(type)) return { type: ['integer', 'string', 'null'] };
  return { type: [type === 'DOUBLE' || type === 'FLOAT' ? 'number' : 'string', 'null'] };
};

const answerOf = (properties: Json, more: Json = {}): Json => ({
  200: {
    description: '结果 / The answer',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['data', 'meta'],
          properties: {
            data: { type: 'array', items: { type: 'object', properties } },
            meta: { type: 'object', properties: { rows: { type: 'integer' } } },
          },
        },
      },
      ...more,
    },
  },
  default: refusal,
});

const queryPath = ({ name, title, parameters, answer }: CheckedTemplate): Json => {
  const operation = (operationId: string) => ({
    operationId,
    summary: title,
    parameters: [
      ...parameters.map((one) => ({
        name: one.name,
        in: 'query',
        description: one.title,
        required: one.default === undefined,
        schema: parameterSchema(one),
      })),
      { name: 'format', in: 'query', schema: { enum: ['json', 'csv', 'arrow', 'parquet'], default: 'json' } },
    ],
    responses: answerOf(Object.fromEntries(answer.map((one) => [one.name, columnSchema(one.type)])), formats),
  });
  return { get: operation(name) };
};

const fileOperation = (names: readonly string[]): Json => ({
  operationId: 'download',
  parameters: [
    { name: 'name', in: 'path', required: true, schema: { enum: [...names] } },
    { name: 'range', in: 'header', schema: { type: 'string', examples: ['bytes=0-1048575'] } },
  ],
  responses: {
    200: { description: '全部 / The whole file', content: { 'application/octet-stream': {} } },
    206: { description: '所请求的区段 / The range asked for', content: { 'application/octet-stream': {} } },
    default: refusal,
  },
});

const balanceOperation: Json = {
  operationId: 'balance',
  summary: '余量，不计用量 / What is left; no use',
  responses: { 200: { description: '余量 / Balance', content: { 'application/json': {} } }, default: refusal },
};

const pathsOf = (grant: Grant, { kind, config }: Endpoint): [string, Json][] => {
  const base = addressOf(grant.id, kind);
  if (config?.kind === 'query') {
    const columnsOf = (table: string) => config.tables.find((one) => one.name === table)?.columns ?? [];
    return config.templates
      .filter(({ reads }) => notGranted(reads, grant.plan, columnsOf) === null)
      .map((template) => [`${base}/${template.name}`, queryPath(template)]);
  }
  if (config?.kind === 'api') {
    const place = (name: string, at: 'path' | 'query') => ({
      name,
      in: at,
      required: at === 'path',
      schema: { type: 'string' },
    });
    const operation = {
      operationId: 'lookUp',
      summary: grant.productName,
      parameters: [
        ...config.keyColumns.map((name) => place(name, 'path')),
        ...[...config.filterColumns, 'columns', 'limit'].map((name) => place(name, 'query')),
      ],
      responses: answerOf({}),
    };
    return [[`${base}/${config.keyColumns.map((name) => `{${name}}`).join('/')}`, { get: operation }]];
  }
  if (config?.kind === 'file')
    return [[`${base}/{name}`, { get: fileOperation(config.files.map(({ name }) => name)) }]];
  return [];
};

export const descriptionOf = (grant: Grant, endpoints: readonly Endpoint[], url: string): Json => ({
  openapi: '3.1.0',
  info: { title: grant.productName, version: grant.version },
  servers: [{ url }],
  security: [{ key: [] }],
  paths: Object.fromEntries([
    ...endpoints.filter(({ kind }) => grant.kinds.includes(kind)).flatMap((endpoint) => pathsOf(grant, endpoint)),
    [`/gateway/balance/${grant.id}`, { get: balanceOperation }],
  ]),
  components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
});

/** A grant's own addresses as OpenAPI 3.1: what its buyer may call, with which parameters, and what comes back. Pure. */
import type { CheckedTemplate, Parameter } from '@shugu/gateway';
import { notGranted, shareName } from '@shugu/gateway';
import type { Endpoint, Grant } from './model.ts';
import { addressOf } from './rules.ts';
import { cutResponse, type Json, type Permitted, permittedPaths } from './upstream-document.ts';

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

/** What a call states about its caller, where the contract wants it said. */
const callerParameters = ({ plan }: Grant): Json[] => [
  ...(plan.purposes
    ? [
        {
          name: 'X-Purpose',
          in: 'header',
          description: '合同允许的用途 / A purpose that the contract permits',
          schema: { enum: [...plan.purposes] },
        },
      ]
    : []),
  ...(plan.authorisationRequired
    ? [
        {
          name: 'X-Authorisation-Reference',
          in: 'header',
          required: true,
          description: '授权凭证号 / Reference of the authorisation',
          schema: { type: 'string', maxLength: 200 },
        },
      ]
    : []),
];

/** Where the supplier says nothing of its interface: any path below, any query. */
const anyPath = (grant: Grant, permitted: Permitted): [string, Json] => {
  const operation = (method: string) => ({
    operationId: method === 'get' ? 'ask' : 'send',
    summary: grant.productName,
    parameters: [
      {
        name: 'path',
        in: 'path',
        required: true,
        description: '供方接口之下的路径，可含“/” / Path below the supplier’s interface; it may have slashes',
        schema: { type: 'string' },
      },
      { name: 'query', in: 'query', schema: { type: 'object', additionalProperties: { type: 'string' } } },
      ...permitted.callerParameters,
    ],
    ...(method === 'post'
      ? { requestBody: { content: { 'application/json': {}, 'application/octet-stream': {} } } }
      : {}),
    responses: {
      200: isWhole(grant) ? { description: '上游的应答 / The upstream’s answer' } : cutResponse({}, {}, permitted),
      default: refusal,
    },
  });
  const methods = permitted.methods.map((one) => one.toLowerCase());
  return [`${permitted.base}/{path}`, Object.fromEntries(methods.map((method) => [method, operation(method)]))];
};

const isWhole = ({ plan }: Grant): boolean =>
  plan.columns === null &&
  plan.rowFilter.length === 0 &&
  Object.keys(plan.masks).length === 0 &&
  plan.quotas.every(({ metric }) => metric !== 'rows');

/** Tables of a share are read by clients of Delta Sharing; what they ask, at addresses that the profile gives them. */
const sharePaths = (grant: Grant): [string, Json][] => {
  const share = '/delta-sharing/shares/{share}';
  const schema = `${share}/schemas/{schema}/tables/{table}`;
  const names: Json = { share: grant.id, schema: shareName(grant.productName) };
  const operation = (operationId: string, path: string, more: Json = {}): Json => ({
    operationId,
    parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
      name,
      in: 'path',
      required: true,
      schema: names[name] === undefined ? { type: 'string' } : { const: names[name] },
    })),
    ...more,
    responses: { 200: { description: 'Delta Sharing' }, default: { description: 'errorCode, message' } },
  });
  const get = (operationId: string, path: string): [string, Json] => [path, { get: operation(operationId, path) }];
  const changed = operation('tableChanges', `${schema}/changes`);
  const number = (name: string) => ({ name, in: 'query', schema: { type: 'integer', minimum: 0 } });
  (changed.parameters as Json[]).push(number('startingVersion'), number('endingVersion'));
  return [
    get('listShares', '/delta-sharing/shares'),
    get('listTables', `${share}/all-tables`),
    get('tableVersion', `${schema}/version`),
    get('tableMetadata', `${schema}/metadata`),
    [
      `${schema}/query`,
      {
        post: operation('queryTable', `${schema}/query`, {
          requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        }),
      },
    ],
    [`${schema}/changes`, { get: changed }],
  ];
};

const proxyDocument = (grant: Grant, { kind, config, draft }: Endpoint) => {
  if (config?.kind !== 'proxy' || draft.kind !== 'proxy') return { paths: [], components: {} };
  const { upstream, methods, rowsMember } = config;
  const permitted: Permitted = {
    base: addressOf(grant.id, kind),
    upstream,
    methods,
    rowsMember,
    plan: grant.plan,
    refusal,
    callerParameters: callerParameters(grant),
  };
  return draft.document
    ? permittedPaths(draft.document, permitted)
    : { paths: [anyPath(grant, permitted)], components: {} };
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
  if (config?.kind === 'share') return sharePaths(grant);
  return [];
};

/** Where a profile for clients of Delta Sharing is made, and how its tables are named. */
const sharing = (grant: Grant, url: string): Json => ({
  endpoint: `${url}/delta-sharing/`,
  profile: `${url}/api/grants/${grant.id}/profiles`,
  share: grant.id,
  schema: shareName(grant.productName),
});

export const descriptionOf = (grant: Grant, endpoints: readonly Endpoint[], url: string): Json => {
  const given = endpoints.filter(({ kind }) => grant.kinds.includes(kind));
  const proxied = given.map((endpoint) => proxyDocument(grant, endpoint));
  const { quotas, rate } = grant.plan;
  return {
    openapi: '3.1.0',
    info: { title: grant.productName, version: grant.version },
    servers: [{ url }],
    security: [{ key: [] }, { keyHeader: [] }],
    paths: Object.fromEntries([
      ...given.flatMap((endpoint) => pathsOf(grant, endpoint)),
      ...proxied.flatMap(({ paths }) => paths),
      [`/gateway/balance/${grant.id}`, { get: balanceOperation }],
    ]),
    components: {
      ...Object.assign({}, ...proxied.map(({ components }) => components)),
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer' },
        keyHeader: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
      },
    },
    'x-limits': { quotas, rate },
    ...(given.some(({ kind }) => kind === 'share') ? { 'x-delta-sharing': sharing(grant, url) } : {}),
  };
};

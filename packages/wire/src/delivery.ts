/** How versions are delivered, grants that come from contracts, their keys and signed addresses. */
import { z } from 'zod';
import { productId, serviceLevels, versionId } from './catalogue.ts';
import { anyId, id, name, page, pageQuery, time } from './common.ts';
import { grantTemplate, queryDraft, templateView } from './delivery-query.ts';
import { endpoint } from './endpoint.ts';
import { grantId } from './metering.ts';

export * from './delivery-import.ts';
export * from './delivery-push.ts';
export * from './delivery-query.ts';
export * from './delivery-trace.ts';

export const deliveryLimits = {
  levelPeriodsMax: 36,
  holdersShownMax: 200,
  keyColumnsMax: 4,
  filterColumnsMax: 8,
  filesPerVersionMax: 40,
  keysPerGrantMax: 10,
  rowsMax: 1000,
  documentCharactersMax: 200_000,
  secretCharactersMax: 4096,
  /** Signed addresses die with the grant, and after this at the latest. */
  addressSecondsMax: 604_800,
  addressSecondsDefault: 3600,
  /** How long a rotated key may go on beside its successor. */
  rotationMinutesMax: 10_080,
  /** Of a table share: how often the data of one version may be published anew. */
  revisionsPerVersionMax: 5000,
} as const;

export const endpointId = id('end');
export const grantKeyId = id('gky');
export const driverKinds = ['api', 'file', 'proxy', 'query', 'share'] as const;

const columnName = z.string().min(1).max(200);
const tableName = z.string().trim().min(1).max(120);

export const apiDraft = z
  .object({
    kind: z.literal('api'),
    table: tableName,
    keyColumns: z.array(columnName).min(1).max(deliveryLimits.keyColumnsMax).describe('in the order of the address'),
    filterColumns: z.array(columnName).max(deliveryLimits.filterColumnsMax).default([]),
    answerColumns: z
      .array(columnName)
      .max(500)
      .default([])
      .describe('all when empty; what is left out is never copied'),
    rowsMax: z.number().int().min(1).max(deliveryLimits.rowsMax).default(100),
  })
  .strict();
export const fileDraft = z
  .object({
    kind: z.literal('file'),
    files: z
      .array(z.object({ table: tableName, form: z.enum(['original', 'normal']) }).strict())
      .max(deliveryLimits.filesPerVersionMax)
      .default([])
      .describe('every original when empty'),
  })
  .strict();
export const proxyDraft = z
  .object({
    kind: z.literal('proxy'),
    upstream: z.url({ protocol: /^https?$/ }).max(1000),
    methods: z
      .array(z.enum(['GET', 'POST']))
      .min(1)
      .max(2)
      .default(['GET']),
    rowsMember: z.string().min(1).max(100).optional().describe('member of the JSON answer that holds the rows'),
    secretHeader: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/)
      .optional(),
    secret: z
      .string()
      .min(1)
      .max(deliveryLimits.secretCharactersMax)
      .optional()
      .describe('sealed; never shown again. Left out: the one kept before stays'),
    document: z
      .string()
      .max(deliveryLimits.documentCharactersMax)
      .optional()
      .describe(
        'the interface in OpenAPI 3.0 or 3.1 (JSON); buyers see of it what their contract permits. Left out: the one kept before stays; empty: none',
      ),
  })
  .strict();
/** Every table of the version, cut to the terms of each grant. */
export const shareDraft = z.object({ kind: z.literal('share') }).strict();
export const endpointDraft = z.discriminatedUnion('kind', [apiDraft, fileDraft, proxyDraft, queryDraft, shareDraft]);

export const endpointStates = ['building', 'ready', 'failed'] as const;
export const endpointView = z.object({
  id: endpointId,
  version: versionId,
  kind: z.enum(driverKinds),
  state: z.enum(endpointStates),
  /** Why it failed, in both languages. */
  fault: z.object({ zh: z.string(), en: z.string() }).nullable(),
  revision: z.number().int(),
  api: apiDraft.omit({ kind: true }).extend({ rows: z.number().int().nullable() }).nullable(),
  files: z.array(z.object({ name: z.string(), bytes: z.number().int(), sha256: z.string() })).nullable(),
  /** Of its files, for contracts with a watermark: how many are made, and why some could not be. */
  copies: z
    .object({
      made: z.number().int(),
      building: z.number().int(),
      faults: z.array(z.object({ zh: z.string(), en: z.string() })),
    })
    .nullable(),
  proxy: z
    .object({
      upstream: z.string(),
      methods: z.array(z.string()),
      rowsMember: z.string().nullable(),
      secretHeader: z.string().nullable(),
      secretKept: z.boolean(),
      documented: z.boolean(),
    })
    .nullable(),
  query: z
    .object({ templates: z.array(templateView), rowsMax: z.number().int(), secondsMax: z.number().int() })
    .nullable(),
  /** The newest revision published, how many cuts of it holders of grants have, and why some could not be made. */
  share: z
    .object({
      revision: z.number().int().nullable(),
      cuts: z.number().int(),
      building: z.number().int(),
      faults: z.array(z.object({ zh: z.string(), en: z.string() })),
    })
    .nullable(),
  job: z.string().nullable(),
  updatedAt: time,
});
const versionParams = z.object({ id: versionId });
export const listEndpoints = endpoint({
  id: 'delivery.endpoint.list',
  method: 'GET',
  path: '/api/versions/:id/endpoints',
  summary: { zh: '交付方式配置', en: 'How a version is delivered; for its supplier' },
  permission: 'delivery.endpoint.write',
  params: versionParams,
  reply: z.object({ items: z.array(endpointView) }),
});
export const putEndpoints = endpoint({
  id: 'delivery.endpoint.put',
  method: 'PUT',
  path: '/api/versions/:id/endpoints',
  summary: { zh: '设置交付方式', en: 'Set how a version is delivered: one endpoint of each kind at most' },
  permission: 'delivery.endpoint.write',
  params: versionParams,
  bodyBytesMax: 1_048_576,
  body: z.object({ endpoints: z.array(endpointDraft).min(1).max(driverKinds.length) }).strict(),
  reply: z.object({ items: z.array(endpointView) }),
});

const revisionView = z.object({
  number: z.number().int().describe('the version of its tables that clients of the share see'),
  tables: z.array(z.object({ name: z.string(), digest: z.string() })),
  publishedAt: time,
});
export const listRevisions = endpoint({
  id: 'delivery.revision.list',
  method: 'GET',
  path: '/api/versions/:id/revisions',
  summary: {
    zh: '表共享已发布的数据',
    en: 'Data published to the table share of a version, newest first; for its supplier',
  },
  permission: 'delivery.endpoint.write',
  params: versionParams,
  query: pageQuery,
  reply: page(revisionView),
});
export const publishRevision = endpoint({
  id: 'delivery.revision.publish',
  method: 'POST',
  path: '/api/versions/:id/revisions',
  summary: {
    zh: '发布资源中最新的数据，持有授权者可读到新的表版本',
    en: 'Publish the newest data of its resources: holders of grants get it as the next version of the tables',
  },
  permission: 'delivery.endpoint.write',
  params: versionParams,
  body: z.object({}).strict(),
  reply: revisionView,
  status: 201,
});

export const grantStates = ['opening', 'active', 'suspended', 'withdrawn', 'expired'] as const;
export const grantLine = z.object({
  kind: z.enum(driverKinds),
  /** Null until the supplier's endpoint is ready. */
  address: z.string().nullable(),
  /** False also while copies of its files are being marked. */
  ready: z.boolean(),
  keyColumns: z.array(z.string()),
  filterColumns: z.array(z.string()),
  /** Of a proxied interface. */
  methods: z.array(z.string()),
  files: z.array(z.object({ name: z.string(), bytes: z.number().int(), sha256: z.string() })),
  /** Its files are copies that bear the watermark of this contract. */
  marked: z.boolean(),
  templates: z.array(grantTemplate),
  /** How clients of Delta Sharing name its tables: `profile#share.schema.table`. Null for other kinds. */
  share: z
    .object({
      share: z.string(),
      schema: z.string(),
      tables: z.array(z.string()),
      version: z.number().int().nullable(),
    })
    .nullable(),
});
export const grantView = z.object({
  id: grantId,
  contract: z.string().nullable(),
  order: z.string().nullable(),
  product: productId,
  version: versionId,
  productName: z.string(),
  supplier: z.object({ id: z.string(), name: z.string() }),
  buyer: z.object({ id: z.string(), name: z.string() }),
  trial: z.boolean(),
  state: z.enum(grantStates),
  reason: z.string().nullable(),
  policyHash: z.string(),
  actions: z.array(z.string()),
  purposes: z.array(z.string()).nullable(),
  authorisationRequired: z.boolean(),
  from: time,
  until: time.nullable(),
  lines: z.array(grantLine),
  createdAt: time,
  endedAt: time.nullable(),
});
export const listGrants = endpoint({
  id: 'delivery.grant.list',
  method: 'GET',
  path: '/api/grants',
  summary: { zh: '使用授权', en: 'Grants of your organisation, as buyer or as supplier' },
  permission: 'signedIn',
  query: pageQuery.extend({
    side: z.enum(['buyer', 'supplier']).optional(),
    contract: anyId.optional(),
    state: z.enum(grantStates).optional(),
  }),
  reply: page(grantView),
});
const grantParams = z.object({ id: grantId });
export const getGrant = endpoint({
  id: 'delivery.grant.read',
  method: 'GET',
  path: '/api/grants/:id',
  summary: { zh: '使用授权详情', en: 'One grant' },
  permission: 'signedIn',
  params: grantParams,
  reply: grantView,
});

export const copyProof = endpoint({
  id: 'delivery.copy.proof',
  method: 'GET',
  path: '/api/grants/:id/copies/proof',
  summary: {
    zh: '水印副本制作记录（证据包）：何文件、为何合同、何时制成',
    en: 'What the node stated when it marked a file for the contract, as a bundle that verifies offline',
  },
  permission: 'signedIn',
  params: grantParams,
  query: z.object({ file: z.string().min(1).max(300).describe('name of one of the grant’s files') }),
  reply: z.unknown(),
  replyKind: 'bytes',
  mediaType: 'application/json',
});

export const describeGrant = endpoint({
  id: 'delivery.grant.describe',
  method: 'GET',
  path: '/api/grants/:id/openapi.json',
  summary: { zh: '使用授权的接口描述', en: 'The addresses of a grant as OpenAPI 3.1, its queries included' },
  permission: 'signedIn',
  params: grantParams,
  reply: z.record(z.string(), z.json()),
});

export const grantKey = z.object({
  id: grantKeyId,
  name,
  /** The beginning of the key, to tell keys apart. */
  prefix: z.string(),
  createdAt: time,
  revokedAt: time.nullable().describe('may lie ahead after a rotation'),
});
export const newGrantKey = grantKey.extend({
  secret: z.string().describe('shown once'),
  receiptKeys: z
    .record(z.string(), z.string())
    .describe('base64url by kind of path; checks X-Receipt-Mac of its answers'),
});
const party = z.object({ id: z.string(), name: z.string() });
export const versionHealth = endpoint({
  id: 'delivery.version.health',
  method: 'GET',
  path: '/api/versions/:id/health',
  summary: {
    zh: '使用与健康状况：谁在用、失败与时延、供方接口熔断状态',
    en: 'Who uses a version, what fails, how soon answers begin, and how the upstream stands; for the supplier',
  },
  permission: 'delivery.grant.read',
  params: z.object({ id: versionId }),
  reply: z.object({
    asOf: time,
    upstream: z
      .object({
        state: z.enum(['answering', 'failing', 'paused']),
        failures: z.number().int().describe('in a row, as the gateway of the exchange saw it'),
        pausedSeconds: z.number().int(),
      })
      .nullable(),
    holders: z
      .array(
        z.object({
          grant: grantId,
          buyer: party,
          state: z.enum(grantStates),
          requests: z.number().int().describe('today and yesterday, in the time zone of the contract'),
          failures: z.number().int(),
          calls: z.number().int(),
          rows: z.number().int(),
          bytes: z.number().int(),
          p95Ms: z.number().int().nullable().describe('bound within which 95 % of the answers began'),
        }),
      )
      .max(deliveryLimits.holdersShownMax),
  }),
});

export const levelFinding = z.object({
  level: z.enum(['availability', 'latency', 'freshness', 'completeness']),
  target: z.number().describe('per cent; of freshness hours'),
  measured: z.number().nullable().describe('null: there was nothing to measure it by, and it counts as kept'),
  withinMs: z.number().int().optional(),
  met: z.boolean(),
  missedPercent: z.number().describe('of the target'),
});
const levelEvidence = z.object({
  requests: z.number().int(),
  failures: z.number().int(),
  latency: z.array(z.number().int()).describe('by latencyBoundsMs of the data contract, and one more number for later'),
  hours: z.number().int(),
  digest: z.string().describe('over the hours: start, requests, failures, latency, as JSON'),
  cells: z.object({ filled: z.number().int(), all: z.number().int() }).nullable(),
  revisions: z.number().int(),
  segments: z.object({
    count: z.number().int(),
    digest: z.string().describe('over source, number and root of each segment, as JSON'),
    first: z.array(z.object({ source: z.string(), segment: z.number().int(), root: z.string(), logEntry: z.string() })),
  }),
});
const levelMonth = z.object({
  period: z.string().describe('calendar month in the contract’s time zone'),
  from: time,
  until: time,
  findings: z.array(levelFinding),
  evidence: levelEvidence,
});
export const getLevels = endpoint({
  id: 'delivery.levels.read',
  method: 'GET',
  path: '/api/grants/:id/levels',
  summary: {
    zh: '服务水平：约定值、实测值与各月结论',
    en: 'Service levels: what was promised, what is measured, and what each month came to',
  },
  permission: 'signedIn',
  params: grantParams,
  reply: z.object({
    levels: serviceLevels.nullable(),
    current: levelMonth.nullable().describe('the month that runs, as if it ended now'),
    periods: z.array(levelMonth.extend({ id: z.string(), breached: z.boolean() })).max(deliveryLimits.levelPeriodsMax),
  }),
});

export const listKeys = endpoint({
  id: 'delivery.key.list',
  method: 'GET',
  path: '/api/grants/:id/keys',
  summary: { zh: '授权密钥', en: 'Keys of a grant; for its buyer' },
  permission: 'delivery.key.write',
  params: grantParams,
  reply: z.object({ items: z.array(grantKey) }),
});
export const createKey = endpoint({
  id: 'delivery.key.create',
  method: 'POST',
  path: '/api/grants/:id/keys',
  summary: { zh: '创建授权密钥', en: 'Make a key; its secret is shown once' },
  permission: 'delivery.key.write',
  params: grantParams,
  body: z.object({ name }).strict(),
  reply: newGrantKey,
  status: 201,
  secretReply: true,
});
export const createProfile = endpoint({
  id: 'delivery.profile.create',
  method: 'POST',
  path: '/api/grants/:id/profiles',
  summary: {
    zh: '生成表共享的配置文件，内含新密钥',
    en: 'A profile file for clients of Delta Sharing; it carries a new key and is shown once',
  },
  permission: 'delivery.key.write',
  params: grantParams,
  body: z
    .object({
      name,
      credentialsVersion: z.union([z.literal(1), z.literal(2)]).default(1),
      purpose: z
        .string()
        .regex(/^[\w.:-]{1,100}$/)
        .optional()
        .describe('needed where the contract permits several: the profile’s address states it for the client'),
    })
    .strict(),
  reply: z.object({
    key: grantKey,
    profile: z.object({
      shareCredentialsVersion: z.number().int(),
      type: z.literal('bearer_token').optional(),
      endpoint: z.string(),
      bearerToken: z.string(),
      expirationTime: time.optional(),
    }),
  }),
  status: 201,
  secretReply: true,
});
const keyParams = z.object({ id: grantId, key: grantKeyId });
export const rotateKey = endpoint({
  id: 'delivery.key.rotate',
  method: 'POST',
  path: '/api/grants/:id/keys/:key/rotate',
  summary: { zh: '轮换授权密钥', en: 'Replace a key; the old one goes on for as long as stated' },
  permission: 'delivery.key.write',
  params: keyParams,
  body: z.object({ minutes: z.number().int().min(0).max(deliveryLimits.rotationMinutesMax).default(0) }).strict(),
  reply: newGrantKey,
  status: 201,
  secretReply: true,
});
export const revokeKey = endpoint({
  id: 'delivery.key.revoke',
  method: 'POST',
  path: '/api/grants/:id/keys/:key/revoke',
  summary: { zh: '吊销授权密钥', en: 'Revoke a key at once' },
  permission: 'delivery.key.write',
  params: keyParams,
  body: z.object({}).strict(),
  reply: grantKey,
});

export const createAddress = endpoint({
  id: 'delivery.address.create',
  method: 'POST',
  path: '/api/grants/:id/addresses',
  summary: { zh: '生成限时下载地址', en: 'An address for one file that needs no key and ends by itself' },
  permission: 'delivery.key.write',
  params: grantParams,
  body: z
    .object({
      file: z.string().min(1).max(300),
      seconds: z
        .number()
        .int()
        .min(1)
        .max(deliveryLimits.addressSecondsMax)
        .default(deliveryLimits.addressSecondsDefault),
    })
    .strict(),
  reply: z.object({ url: z.string(), expires: time }),
  status: 201,
  secretReply: true,
});

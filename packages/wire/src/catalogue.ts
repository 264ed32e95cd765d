/** Products and their immutable versions, the data contract (ODCS), DCAT. */
import { z } from 'zod';
import { bilingual, day, digest, id, json, name, page, pageQuery, text, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export * from './catalogue-harvest.ts';

export const catalogueLimits = {
  resourcesPerProductMax: 20,
  tablesPerVersionMax: 20,
  columnsPerTableMax: 500,
  sampleRowsMax: 20,
  keywordsMax: 20,
  versionsPerProductMax: 1000,
} as const;

export const productKinds = ['dataset', 'api', 'report', 'service', 'tool'] as const;
export const deliveryModes = ['file', 'api', 'proxy', 'query', 'share', 'compute'] as const;
export const updateCycles = [
  'once',
  'realtime',
  'hourly',
  'daily',
  'weekly',
  'monthly',
  'quarterly',
  'yearly',
  'irregular',
] as const;
/** From harmless to never tradable; GB/T 43697 levels with personal information set apart. */
export const sensitivities = ['open', 'general', 'personal', 'sensitivePersonal', 'important', 'core'] as const;

/** Ms within which an answer can be promised to begin: what is measured is counted by these, so that a promise is kept or broken exactly. */
export const latencyBoundsMs = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000] as const;

const percent = z.number().gt(0).max(100).multipleOf(0.001);
/** What the supplier promises of each calendar month in the contract's time zone; null: no promise. */
export const serviceLevels = z
  .object({
    availabilityPercent: percent
      .nullable()
      .describe('of requests that were let in, served without a fault of node or supplier'),
    latency: z
      .object({
        withinMs: z.union(latencyBoundsMs.map((bound) => z.literal(bound))),
        percent: percent.describe('of requests served that begin within'),
      })
      .nullable(),
    freshnessHours: z.number().int().min(1).max(87_600).nullable().describe('how old the newest data may ever be'),
    completenessPercent: percent.nullable().describe('cells filled, by the quality report of what is served'),
    /** From the smallest miss up: missed by no more than so many per cent of the target, and so much of the month's fee is given back. */
    credits: z
      .array(z.object({ missedPercent: percent, creditPercent: percent }))
      .max(10)
      .describe('empty: the operator’s table'),
  })
  .strict();

export const productId = id('prd');
export const versionId = id('ver');
const tag = z.string().trim().min(1).max(40);

export const productFields = z.object({
  kind: z.enum(productKinds),
  name,
  summary: z.string().trim().min(1).max(500),
  description: text,
  resources: z.array(id('res')).max(catalogueLimits.resourcesPerProductMax),
  industry: z
    .string()
    .regex(/^[A-T](\d{2,4})?$/)
    .describe('GB/T 4754 section letter, with division, group or class digits'),
  region: z
    .string()
    .regex(/^\d{6}$/)
    .describe('GB/T 2260 code'),
  keywords: z.array(tag).max(catalogueLimits.keywordsMax),
  scenarios: z.array(tag).max(catalogueLimits.keywordsMax),
  deliveryModes: z.array(z.enum(deliveryModes)).min(1).max(deliveryModes.length),
  updateCycle: z.enum(updateCycles),
  coverageFrom: day.nullable(),
  coverageUntil: day.nullable(),
  language: z.enum(['zh', 'en', 'other']),
});

export const column = z.object({
  name: z.string().min(1).max(200),
  title: z.string().max(200),
  type: z.enum(['text', 'integer', 'decimal', 'boolean', 'date', 'time', 'bytes', 'json']),
  description: z.string().max(1000),
  sensitivity: z.enum(sensitivities),
  unit: z.string().max(40),
  nullable: z.boolean(),
});

const tableName = z.string().trim().min(1).max(120);
export const versionTable = z.object({
  name: tableName,
  resource: z.string().nullable(),
  columns: z.array(column),
  rowCount: z.number().int().nullable(),
  bytes: z.number().int().nullable(),
  objects: z.object({ original: digest.nullable(), normal: digest.nullable() }),
  quality: json.describe('platform self-check of the resource, made from its computed profile'),
  sample: z.object({ columns: z.array(z.string()), rows: z.array(z.array(z.string().nullable())) }),
});

/** Frozen with the version; a version without levels promises none. */
export const versionAbout = productFields.omit({ resources: true }).extend({ serviceLevels: serviceLevels.optional() });

export const versionView = z.object({
  id: versionId,
  product: productId,
  number: z.number().int(),
  note: z.string(),
  about: versionAbout,
  tables: z.array(versionTable),
  qualityLabel: bilingual,
  contractDigest: digest,
  createdAt: time,
});

export const versionSummary = versionView
  .omit({ tables: true, about: true, qualityLabel: true })
  .extend({ published: z.boolean(), columnCount: z.number().int(), rowCount: z.number().int().nullable() });

const rightView = z.object({
  resource: z.string(),
  covered: z.boolean(),
  certificateCode: z.string().nullable(),
  until: time.nullable(),
});

export const productView = productFields.extend({
  id: productId,
  supplier: z.object({ id: z.string(), name: z.string() }),
  state: z.enum(['draft', 'ready', 'retired']),
  revision: z.number().int(),
  published: z.boolean(),
  publishedAt: time.nullable(),
  publishedVersion: versionId.nullable(),
  latestVersion: versionId.nullable(),
  createdAt: time,
  updatedAt: time,
  /** Shown to the supplier and its supervisors only; null for everyone else. */
  rights: z.array(rightView).nullable(),
});

const columnNote = z.object({
  table: tableName,
  name: z.string().min(1).max(200),
  title: z.string().trim().max(200).optional(),
  description: z.string().trim().max(1000).optional(),
  sensitivity: z.enum(sensitivities).optional(),
  unit: z.string().trim().max(40).optional(),
});

export const versionDraft = z.object({
  note: z.string().trim().max(1000).default(''),
  dictionary: z
    .array(columnNote)
    .max(catalogueLimits.columnsPerTableMax * 2)
    .default([]),
  /** Tables or responses that no registered resource describes: an upstream API, a report's contents. */
  declared: z
    .array(z.object({ name: tableName, columns: z.array(column).min(1).max(catalogueLimits.columnsPerTableMax) }))
    .max(catalogueLimits.tablesPerVersionMax)
    .default([]),
  sampleRows: z.number().int().min(0).max(catalogueLimits.sampleRowsMax).default(10),
  serviceLevels: serviceLevels.optional(),
});

const change = z.object({
  table: z.string(),
  column: z.string(),
  kind: z.enum([
    'tableAdded',
    'tableRemoved',
    'columnAdded',
    'columnRemoved',
    'typeChanged',
    'sensitivityChanged',
    'unitChanged',
    'nullableChanged',
    'titleChanged',
  ]),
  from: z.string().nullable(),
  to: z.string().nullable(),
  breaking: z.boolean(),
});

const params = z.object({ id: productId });
const versionParams = z.object({ id: productId, version: versionId });

export const createProduct = endpoint({
  id: 'catalogue.product.create',
  method: 'POST',
  path: '/api/products',
  summary: { zh: '起草数据产品', en: 'Draft a product' },
  permission: 'catalogue.product.write',
  body: productFields,
  reply: productView,
  status: 201,
});

export const changeProduct = endpoint({
  id: 'catalogue.product.change',
  method: 'PATCH',
  path: '/api/products/:id',
  summary: { zh: '修改数据产品', en: 'Change a product' },
  permission: 'catalogue.product.write',
  params,
  body: productFields
    .omit({ kind: true })
    .partial()
    .extend({ revision: z.number().int().describe('the revision that was read') }),
  reply: productView,
});

export const ownProducts = endpoint({
  id: 'catalogue.product.list',
  method: 'GET',
  path: '/api/products',
  summary: { zh: '本单位的数据产品', en: 'Products of your organisation' },
  permission: 'catalogue.product.read',
  query: pageQuery.extend({ state: z.enum(['draft', 'ready', 'retired']).optional() }),
  reply: page(productView),
});

export const getProduct = endpoint({
  id: 'catalogue.product.get',
  method: 'GET',
  path: '/api/products/:id',
  summary: { zh: '数据产品', en: 'A product' },
  permission: 'public',
  params,
  reply: productView,
});

export const readyProduct = endpoint({
  id: 'catalogue.product.ready',
  method: 'POST',
  path: '/api/products/:id/ready',
  summary: { zh: '确认可以申请上架', en: 'Declare a product ready for listing' },
  permission: 'catalogue.product.write',
  params,
  body: z.object({}).strict(),
  reply: productView,
});

export const retireProduct = endpoint({
  id: 'catalogue.product.retire',
  method: 'POST',
  path: '/api/products/:id/retire',
  summary: { zh: '停用数据产品', en: 'Retire a product' },
  permission: 'catalogue.product.write',
  params,
  body: z.object({ reason: z.string().trim().min(1).max(1000) }),
  reply: productView,
});

export const createVersion = endpoint({
  id: 'catalogue.version.create',
  method: 'POST',
  path: '/api/products/:id/versions',
  summary: { zh: '发布产品版本（不可更改）', en: 'Make an immutable version' },
  permission: 'catalogue.product.write',
  params,
  body: versionDraft,
  bodyBytesMax: 1_048_576,
  reply: versionView,
  status: 201,
});

export const listVersions = endpoint({
  id: 'catalogue.version.list',
  method: 'GET',
  path: '/api/products/:id/versions',
  summary: { zh: '产品版本列表', en: 'Versions of a product' },
  permission: 'public',
  params,
  query: pageQuery,
  reply: page(versionSummary),
});

export const getVersion = endpoint({
  id: 'catalogue.version.get',
  method: 'GET',
  path: '/api/products/:id/versions/:version',
  summary: { zh: '产品版本：数据字典、样例、质量', en: 'A version: dictionary, sample, quality' },
  permission: 'public',
  params: versionParams,
  reply: versionView,
});

export const getDataContract = endpoint({
  id: 'catalogue.contract.get',
  method: 'GET',
  path: '/api/products/:id/versions/:version/contract.yaml',
  summary: { zh: '数据合约（ODCS 3.1 YAML）', en: 'Data contract (ODCS 3.1 YAML)' },
  permission: 'public',
  params: versionParams,
  reply: z.string(),
  replyKind: 'bytes',
  mediaType: 'application/yaml; charset=utf-8',
});

export const diffVersions = endpoint({
  id: 'catalogue.version.diff',
  method: 'GET',
  path: '/api/products/:id/diff',
  summary: { zh: '两个版本的字段变化', en: 'What changed between two versions' },
  permission: 'public',
  params,
  query: z.object({ from: versionId, to: versionId }),
  reply: z.object({ from: z.number().int(), to: z.number().int(), breaking: z.boolean(), changes: z.array(change) }),
});

const dcatQuery = z.object({ after: z.string().max(500).optional() });
export const catalogueJsonLd = endpoint({
  id: 'catalogue.dcat.jsonld',
  method: 'GET',
  path: '/api/catalogue/dcat.jsonld',
  summary: { zh: '已上架产品目录（DCAT-AP 3，JSON-LD）', en: 'Listed products as DCAT-AP 3, JSON-LD, paged' },
  permission: 'public',
  query: dcatQuery,
  reply: json,
  replyKind: 'bytes',
  mediaType: 'application/ld+json; charset=utf-8',
});
export const catalogueTurtle = endpoint({
  id: 'catalogue.dcat.turtle',
  method: 'GET',
  path: '/api/catalogue/dcat.ttl',
  summary: { zh: '已上架产品目录（DCAT-AP 3，Turtle）', en: 'Listed products as DCAT-AP 3, Turtle, paged' },
  permission: 'public',
  query: dcatQuery,
  reply: z.string(),
  replyKind: 'bytes',
  mediaType: 'text/turtle; charset=utf-8',
});
export const productJsonLd = endpoint({
  id: 'catalogue.product.jsonld',
  method: 'GET',
  path: '/api/products/:id/dcat.jsonld',
  summary: { zh: '单个产品的 DCAT（JSON-LD）', en: 'One product as DCAT, JSON-LD' },
  permission: 'public',
  params,
  reply: json,
  replyKind: 'bytes',
  mediaType: 'application/ld+json; charset=utf-8',
});
export const productTurtle = endpoint({
  id: 'catalogue.product.turtle',
  method: 'GET',
  path: '/api/products/:id/dcat.ttl',
  summary: { zh: '单个产品的 DCAT（Turtle）', en: 'One product as DCAT, Turtle' },
  permission: 'public',
  params,
  reply: z.string(),
  replyKind: 'bytes',
  mediaType: 'text/turtle; charset=utf-8',
});

const sitemapFile = { permission: 'public', reply: z.string(), replyKind: 'bytes' } as const;
export const robots = endpoint({
  id: 'catalogue.robots',
  method: 'GET',
  path: '/robots.txt',
  summary: { zh: '给搜索引擎的说明', en: 'What search engines may read' },
  ...sitemapFile,
  mediaType: 'text/plain; charset=utf-8',
});
export const sitemap = endpoint({
  id: 'catalogue.sitemap',
  method: 'GET',
  path: '/sitemap.xml',
  summary: { zh: '站点地图索引', en: 'Index of the sitemaps' },
  ...sitemapFile,
  mediaType: 'application/xml; charset=utf-8',
});
export const sitemapProducts = endpoint({
  id: 'catalogue.sitemap.products',
  method: 'GET',
  path: '/sitemaps/products.xml',
  summary: { zh: '已上架产品的站点地图（分页）', en: 'Sitemap of the listed products, a part' },
  query: z.object({ from: productId.optional() }),
  ...sitemapFile,
  mediaType: 'application/xml; charset=utf-8',
});

/** Whose word a quality report is: no third party's assessment. */
export const qualityLabel = { zh: '平台自检', en: 'self-check of the platform' } as const;

export const catalogueEndpoints = {
  createProduct,
  changeProduct,
  ownProducts,
  getProduct,
  readyProduct,
  retireProduct,
  createVersion,
  listVersions,
  getVersion,
  getDataContract,
  diffVersions,
  catalogueJsonLd,
  catalogueTurtle,
  productJsonLd,
  productTurtle,
  robots,
  sitemap,
  sitemapProducts,
};

/** Data resources and their uploads, registration of rights, certificates, remarks, the registrar's own page. */
import { z } from 'zod';
import { anyId, bilingual, day, digest, id, json, name, ok, page, pageQuery, text, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const registryLimits = {
  uploadBytesMax: 4 * 1024 ** 3,
  partBytesMax: 64 * 1024 ** 2,
  openUploadsMax: 10,
  uploadDaysMax: 7,
  fileNameCharactersMax: 200,
  feesMax: 50,
  remarksPerRightMax: 50,
  inspectionDaysMax: 30,
} as const;

/** Words of the guide's application form (附件1); `sources` decides which rights can be registered. */
export const sources = [
  'collected',
  'caused',
  'personal',
  'publicCrawl',
  'agreement',
  'fusion',
  'derived',
  'entrusted',
  'government',
  'publicOperation',
  'utility',
] as const;
export const regionScopes = ['international', 'national', 'province', 'city', 'county', 'below'] as const;
export const updateFrequencies = ['day', 'week', 'month', 'year', 'demand', 'realTime', 'other'] as const;
export const dataForms = ['image', 'text', 'video', 'audio', 'table', 'other'] as const;
export const structures = ['structured', 'semi', 'unstructured'] as const;
export const rightKinds = ['hold', 'use', 'operate'] as const;
export const rightStates = ['active', 'frozen', 'expired', 'cancelled', 'transferred'] as const;
export const certificateStates = ['valid', 'expired', 'cancelled', 'transferred'] as const;
export const remarkKinds = ['agreed', 'seizure', 'control', 'objection'] as const;
export const sensitivities = ['general', 'personal', 'sensitivePersonal', 'important', 'core'] as const;

export const resourceId = id('res');
export const uploadId = id('upl');
export const certificateId = id('crt');
export const rightId = id('right');
export const certificateCode = z.string().regex(/^SJ\d{3}20\d{2}(0[1-9]|1[0-2])\d{4}$/);

export const resourceFields = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(300)
    .describe('time + region + industry + content + type; not more than 40 characters as a rule'),
  summary: z.string().trim().min(1).max(10_000).describe('not more than 400 characters as a rule'),
  industry: z
    .string()
    .regex(/^[A-T]\d{2}$/)
    .describe('GB/T 4754 section letter and two digits of the division'),
  source: z.enum(sources),
  regionScope: z.enum(regionScopes),
  region: z
    .string()
    .regex(/^\d{6}$/)
    .nullable()
    .describe('GB/T 2260 code; null for national and international'),
  timeFrom: day,
  timeUntil: day.nullable(),
  updateFrequency: z.enum(updateFrequencies),
  forms: z.array(z.enum(dataForms)).min(1).max(dataForms.length),
  structure: z.enum(structures),
  limits: z.string().trim().min(1).max(2000).describe('limits of use, or 无'),
  personal: z
    .boolean()
    .describe('the holder declares that it holds personal information; the scan may add, never take away'),
  personCount: z.number().int().min(0).max(2_000_000_000).nullable(),
  purpose: z.string().trim().max(2000),
  licence: z.string().trim().max(2000).describe('licence text of the data, as its source gives it'),
  synthetic: z.boolean().describe('made up for demonstration or testing'),
});

const warning = z.object({ field: z.string(), text: bilingual });
const fault = z.object({
  code: z.string(),
  text: bilingual,
  faults: z
    .array(
      z.object({
        code: z.string(),
        text: bilingual,
        row: z.number().int().optional(),
        line: z.number().int().optional(),
        column: z.string().optional(),
      }),
    )
    .max(100),
});

export const resourceColumn = z.object({
  name: z.string(),
  type: z.string(),
  nullable: z.boolean(),
  sensitivity: z.enum(sensitivities),
});

export const contentView = z.object({
  id: anyId,
  fileName: z.string(),
  state: z.enum(['reading', 'ready', 'faulty']),
  job: z.string().nullable(),
  bytes: z.number().int(),
  digest: digest.nullable(),
  normalDigest: digest.nullable(),
  rowCount: z.number().int().nullable(),
  columns: z.array(resourceColumn),
  fault: fault.nullable(),
  createdAt: time,
  finishedAt: time.nullable(),
});

export const resourceView = resourceFields.extend({
  id: resourceId,
  holder: z.object({ id: z.string(), name: z.string() }),
  state: z.enum(['draft', 'uploaded', 'profiled', 'retired']),
  revision: z.number().int(),
  content: contentView.nullable().describe('newest upload'),
  warnings: z.array(warning),
  createdAt: time,
  updatedAt: time,
});

export const rightView = z.object({
  id: rightId,
  resource: resourceId,
  right: z.enum(rightKinds),
  holder: z.object({ id: z.string().nullable(), name: z.string() }),
  certificate: z.string(),
  from: time,
  until: time,
  limits: z.string(),
  proof: z.string(),
  state: z.enum(rightStates),
});

const params = z.object({ id: resourceId });

export const createResource = endpoint({
  id: 'registry.resource.create',
  method: 'POST',
  path: '/api/resources',
  summary: { zh: '登记数据资源（草稿）', en: 'Enter a data resource' },
  permission: 'registry.resource.write',
  body: resourceFields,
  reply: resourceView,
  status: 201,
});
export const changeResource = endpoint({
  id: 'registry.resource.change',
  method: 'PATCH',
  path: '/api/resources/:id',
  summary: { zh: '修改数据资源', en: 'Change a data resource' },
  permission: 'registry.resource.write',
  params,
  body: resourceFields.partial().extend({ revision: z.number().int().describe('the revision that was read') }),
  reply: resourceView,
});
export const listResources = endpoint({
  id: 'registry.resource.list',
  method: 'GET',
  path: '/api/resources',
  summary: { zh: '本单位的数据资源', en: 'Resources of your organisation' },
  permission: 'registry.resource.read',
  query: pageQuery.extend({ state: z.enum(['draft', 'uploaded', 'profiled', 'retired']).optional() }),
  reply: page(resourceView),
});
export const getResource = endpoint({
  id: 'registry.resource.get',
  method: 'GET',
  path: '/api/resources/:id',
  summary: { zh: '数据资源', en: 'A data resource' },
  permission: 'signedIn',
  params,
  reply: resourceView,
});
export const retireResource = endpoint({
  id: 'registry.resource.retire',
  method: 'POST',
  path: '/api/resources/:id/retire',
  summary: { zh: '停用数据资源', en: 'Retire a data resource' },
  permission: 'registry.resource.write',
  params,
  body: z.object({ reason: z.string().trim().min(1).max(1000) }),
  reply: resourceView,
});
export const getProfile = endpoint({
  id: 'registry.resource.profile',
  method: 'GET',
  path: '/api/resources/:id/profile',
  summary: { zh: '数据画像、质量与敏感识别（平台自检）', en: 'Profile, quality and scan: the platform’s self-check' },
  permission: 'signedIn',
  params,
  reply: z.object({
    label: bilingual.describe('平台自检 self-check'),
    content: anyId,
    profile: json,
    quality: json,
    scan: json,
    classification: json.describe('proposed; stands until a person confirms it'),
  }),
});
export const rightsOfResource = endpoint({
  id: 'registry.resource.rights',
  method: 'GET',
  path: '/api/resources/:id/rights',
  summary: { zh: '数据资源上登记的权利', en: 'Rights registered on a resource' },
  permission: 'signedIn',
  params,
  reply: z.object({ items: z.array(rightView) }),
});

export const uploadView = z.object({
  id: uploadId,
  resource: resourceId,
  fileName: z.string(),
  bytes: z.number().int(),
  received: z.number().int().describe('offset of the next part'),
  state: z.enum(['open', 'complete', 'expired']),
  content: anyId.nullable(),
  job: z.string().nullable(),
  partBytesMax: z.number().int(),
  expiresAt: time,
});
export const startUpload = endpoint({
  id: 'registry.upload.start',
  method: 'POST',
  path: '/api/uploads',
  summary: { zh: '开始可续传的上传', en: 'Begin a resumable upload' },
  permission: 'registry.resource.write',
  body: z.object({
    resource: resourceId,
    fileName: z.string().trim().min(1).max(registryLimits.fileNameCharactersMax),
    bytes: z.number().int().min(1).max(registryLimits.uploadBytesMax),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
  }),
  reply: uploadView,
  status: 201,
});
export const getUpload = endpoint({
  id: 'registry.upload.get',
  method: 'GET',
  path: '/api/uploads/:id',
  summary: { zh: '上传进度', en: 'How far an upload is' },
  permission: 'registry.resource.write',
  params: z.object({ id: uploadId }),
  reply: uploadView,
});
export const putPart = endpoint({
  id: 'registry.upload.part',
  method: 'PUT',
  path: '/api/uploads/:id/parts/:offset',
  summary: { zh: '上传一段', en: 'Send a part, beginning exactly at the offset reached' },
  permission: 'registry.resource.write',
  params: z.object({ id: uploadId, offset: z.coerce.number().int().min(0).max(registryLimits.uploadBytesMax) }),
  rawBody: true,
  reply: uploadView,
});
export const completeUpload = endpoint({
  id: 'registry.upload.complete',
  method: 'POST',
  path: '/api/uploads/:id/complete',
  summary: { zh: '完成上传并开始解析', en: 'Complete an upload; reading begins' },
  permission: 'registry.resource.write',
  params: z.object({ id: uploadId }),
  body: z.object({}).strict(),
  reply: uploadView,
});

export const precheckRegistration = endpoint({
  id: 'registry.registration.precheck',
  method: 'POST',
  path: '/api/registrations/precheck',
  summary: { zh: '登记申请预检', en: 'Check an application before it is handed in' },
  permission: 'registry.registration.apply',
  body: z.object({
    resource: resourceId,
    registrar: z.string().max(80).optional(),
    form: z.record(z.string(), z.json()),
  }),
  repeatable: true,
  bodyBytesMax: 262_144,
  reply: z.object({
    ready: z.boolean(),
    registrable: z.array(z.enum(rightKinds)).describe('rights that this source of data carries'),
    faults: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })),
    warnings: z.array(warning),
    papers: z.array(z.object({ id: z.string(), title: bilingual })).describe('papers to attach'),
  }),
});

const publicHolder = z.object({ id: z.string().nullable(), name: z.string(), rights: z.array(z.enum(rightKinds)) });
export const certificateView = z.object({
  id: certificateId,
  code: z.string(),
  revision: z.number().int(),
  specimen: z.boolean(),
  state: z.enum(certificateStates),
  registrar: z.object({ id: z.string(), name: z.string() }),
  dataName: z.string(),
  dataSummary: z.string(),
  limits: z.string(),
  holders: z.array(publicHolder),
  rights: z.array(
    z.object({ right: z.enum(rightKinds), holder: z.string(), from: time, until: time, state: z.enum(rightStates) }),
  ),
  remarks: z.array(z.object({ kind: z.enum(remarkKinds), since: time })),
  evidenceNumber: z.string(),
  evidencedOn: day,
  validFrom: time,
  validUntil: time,
  paper: z.string().nullable(),
});
export const getCertificate = endpoint({
  id: 'registry.certificate.get',
  method: 'GET',
  path: '/api/certificates/:code',
  summary: { zh: '登记凭证查验', en: 'Look up a certificate by its code' },
  permission: 'public',
  params: z.object({ code: certificateCode }),
  reply: certificateView,
});
export const listCertificates = endpoint({
  id: 'registry.certificate.list',
  method: 'GET',
  path: '/api/certificates',
  summary: { zh: '登记凭证公开目录', en: 'Public list of certificates' },
  permission: 'public',
  query: pageQuery.extend({
    state: z.enum(certificateStates).optional(),
    registrar: z.string().max(80).optional(),
    text: z.string().trim().max(100).optional(),
  }),
  reply: page(certificateView),
});
export const ownCertificates = endpoint({
  id: 'registry.certificate.mine',
  method: 'GET',
  path: '/api/certificates/mine',
  summary: { zh: '本单位的登记凭证', en: 'Certificates of your organisation' },
  permission: 'signedIn',
  query: pageQuery,
  reply: page(certificateView),
});
export const ownRights = endpoint({
  id: 'registry.right.list',
  method: 'GET',
  path: '/api/rights',
  summary: { zh: '本单位持有的数据产权', en: 'Rights that your organisation holds' },
  permission: 'signedIn',
  query: pageQuery.extend({ state: z.enum(rightStates).optional() }),
  reply: page(rightView),
});
export const rightsOfCertificate = endpoint({
  id: 'registry.certificate.rights',
  method: 'GET',
  path: '/api/certificates/:code/rights',
  summary: { zh: '凭证所载权利（权利人与登记机构）', en: 'Rights on a certificate, for holders and the registrar' },
  permission: 'signedIn',
  params: z.object({ code: certificateCode }),
  reply: z.object({ items: z.array(rightView) }),
});
export const proposeCancellation = endpoint({
  id: 'registry.certificate.proposeCancellation',
  method: 'POST',
  path: '/api/certificates/:code/cancellation',
  summary: { zh: '登记机构提出依职权注销', en: 'The registrar proposes to cancel by itself' },
  permission: 'registry.registration.review',
  params: z.object({ code: certificateCode }),
  body: z.object({ ground: z.enum(['destroyed', 'objection', 'law']), reason: z.string().trim().min(1).max(2000) }),
  reply: ok,
});
export const confirmCancellation = endpoint({
  id: 'registry.certificate.confirmCancellation',
  method: 'POST',
  path: '/api/certificates/:code/cancellation/confirm',
  summary: { zh: '复核依职权注销（须另一人）', en: 'Another person confirms the cancellation' },
  permission: 'registry.registration.approve',
  params: z.object({ code: certificateCode }),
  body: z.object({}).strict(),
  reply: certificateView,
});

export const remarkView = z.object({
  id: anyId,
  right: rightId,
  kind: z.enum(remarkKinds),
  text: z.string(),
  basis: z.string().describe('number of the court’s or authority’s document'),
  until: day.nullable(),
  recordedAt: time,
  liftedAt: time.nullable(),
});
export const addRemark = endpoint({
  id: 'registry.remark.create',
  method: 'POST',
  path: '/api/rights/:id/remarks',
  summary: { zh: '备注记载（约定、查封、管控）', en: 'Record a remark on a right: agreed terms, seizure, control' },
  permission: 'registry.right.remark',
  params: z.object({ id: rightId }),
  body: z.object({
    kind: z.enum(['agreed', 'seizure', 'control']),
    text: z.string().trim().min(1).max(2000),
    basis: z.string().trim().max(200),
    until: day.nullable(),
  }),
  reply: remarkView,
  status: 201,
});
export const liftRemark = endpoint({
  id: 'registry.remark.lift',
  method: 'POST',
  path: '/api/remarks/:id/lift',
  summary: { zh: '解除备注', en: 'Lift a remark' },
  permission: 'registry.right.remark',
  params: z.object({ id: id('rmk') }),
  body: z.object({ reason: z.string().trim().min(1).max(1000) }),
  reply: remarkView,
});
export const listRemarks = endpoint({
  id: 'registry.remark.list',
  method: 'GET',
  path: '/api/rights/:id/remarks',
  summary: { zh: '权利上的备注', en: 'Remarks on a right' },
  permission: 'signedIn',
  params: z.object({ id: rightId }),
  reply: z.object({ items: z.array(remarkView) }),
});

export const inspectionView = z.object({
  id: anyId,
  case: z.string(),
  participant: z.string(),
  purpose: z.string(),
  basis: z.string(),
  state: z.enum(['asked', 'granted', 'refused']),
  answer: z.string(),
  askedAt: time,
  until: time.nullable(),
});
export const askInspection = endpoint({
  id: 'registry.inspection.create',
  method: 'POST',
  path: '/api/inspections',
  summary: { zh: '申请查阅登记档案', en: 'Ask to inspect a registration file' },
  permission: 'signedIn',
  body: z.object({
    case: id('cas').optional(),
    certificate: certificateCode.optional(),
    purpose: z.string().trim().min(1).max(1000),
    basis: z.string().trim().max(1000).default('').describe('the interest, or the law that a state organ acts under'),
  }),
  reply: inspectionView,
  status: 201,
});
export const listInspections = endpoint({
  id: 'registry.inspection.list',
  method: 'GET',
  path: '/api/inspections',
  summary: { zh: '查阅申请与记录', en: 'Inspections asked for and logged' },
  permission: 'signedIn',
  query: pageQuery,
  reply: page(inspectionView),
});
export const answerInspection = endpoint({
  id: 'registry.inspection.answer',
  method: 'POST',
  path: '/api/inspections/:id/answer',
  summary: { zh: '答复查阅申请', en: 'Grant or refuse an inspection' },
  permission: 'registry.registration.approve',
  params: z.object({ id: id('ins') }),
  body: z.object({ granted: z.boolean(), reason: z.string().trim().min(1).max(1000) }),
  reply: inspectionView,
});

const fee = z.object({
  item: name,
  fen: z.string().regex(/^(0|[1-9]\d{0,12})$/),
  unit: z.string().max(60),
  note: z.string().max(300),
});
export const registrarPage = z.object({
  process: text,
  complaintChannel: z.string().trim().max(1000),
  team: text,
  fees: z.array(fee).max(registryLimits.feesMax),
});
export const registrarView = registrarPage.extend({
  id: z.string(),
  name: z.string(),
  nationalSystem: bilingual.describe('which adapter to the national system is at work'),
  updatedAt: time.nullable(),
});
export const getRegistrar = endpoint({
  id: 'registry.registrar.get',
  method: 'GET',
  path: '/api/registrar',
  summary: { zh: '登记机构：流程、收费、投诉渠道', en: 'The registrar: process, fees, complaint channel' },
  permission: 'public',
  reply: registrarView,
});
export const putRegistrar = endpoint({
  id: 'registry.registrar.put',
  method: 'PUT',
  path: '/api/registrar',
  summary: { zh: '维护登记机构公开信息', en: 'Keep the registrar’s public page' },
  permission: 'registry.registrar.write',
  body: registrarPage,
  reply: registrarView,
});
export const registryStatistics = endpoint({
  id: 'registry.statistics.get',
  method: 'GET',
  path: '/api/registrar/statistics',
  summary: { zh: '登记业务量（按月）', en: 'Volumes of registration, by month' },
  permission: 'public',
  query: z.object({ year: z.coerce.number().int().min(2020).max(2100).optional() }),
  reply: z.object({
    year: z.number().int(),
    items: z.array(
      z.object({
        month: z.string(),
        procedure: z.string(),
        handedIn: z.number().int(),
        completed: z.number().int(),
        refused: z.number().int(),
        otherwiseEnded: z.number().int(),
      }),
    ),
    inForce: z.number().int().describe('certificates in force now'),
  }),
});

const dispatchView = z.object({
  id: anyId,
  case: z.string(),
  step: z.enum(['notice', 'evidence', 'code']),
  state: z.enum(['doing', 'done']),
  answer: json,
  attempts: z.number().int(),
  failure: z.string().nullable(),
  sentAt: time,
  doneAt: time.nullable(),
});
export const listDispatches = endpoint({
  id: 'registry.dispatch.list',
  method: 'GET',
  path: '/api/registrar/dispatches',
  summary: { zh: '与国家登记系统的往来', en: 'Exchange with the national system' },
  permission: 'registry.registration.certify',
  query: pageQuery.extend({ case: z.string().max(80).optional() }),
  reply: page(dispatchView),
});

export const registryEndpoints = {
  createResource,
  changeResource,
  listResources,
  getResource,
  retireResource,
  getProfile,
  rightsOfResource,
  startUpload,
  getUpload,
  putPart,
  completeUpload,
  precheckRegistration,
  getCertificate,
  listCertificates,
  ownCertificates,
  ownRights,
  rightsOfCertificate,
  proposeCancellation,
  confirmCancellation,
  addRemark,
  liftRemark,
  listRemarks,
  askInspection,
  listInspections,
  answerInspection,
  getRegistrar,
  putRegistrar,
  registryStatistics,
  listDispatches,
};

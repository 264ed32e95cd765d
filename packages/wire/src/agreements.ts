/** Use policies, offers, contract templates, contracts: from proposal to the last signature, amendment and end. */
import { z } from 'zod';
import { deliveryModes, productId, versionId } from './catalogue.ts';
import { bilingual, decimal, digest, id, json, name, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const agreementLimits = {
  policyBytesMax: 65_536,
  clausesMax: 60,
  clauseCharactersMax: 8_000,
  supplementsMax: 20,
  basisItemsMax: 60,
  /** Proposals in one negotiation; then somebody should telephone. */
  roundsMax: 100,
  acceptanceDaysMax: 180,
  paperBytesMax: 20_971_520,
  respondDaysDefault: 30,
  /** A path of four certificates, and room for what tools write between them. */
  certificatesCharactersMax: 60_000,
} as const;

export const contractKinds = ['provision', 'processing', 'development', 'intermediary'] as const;
export const contractStates = [
  'draft',
  'negotiating',
  'pendingSignature',
  'effective',
  'completed',
  'terminatedAgreed',
  'terminatedForced',
  'refused',
  'expired',
  'basisEnded',
] as const;
export const basisKinds = [
  'operatingRight',
  'titleProof',
  'authorisation',
  'complianceReport',
  'qualification',
] as const;
export const settlementWays = ['custody', 'direct', 'postpaid'] as const;

export const contractId = id('con');
export const templateId = id('tpl');
export const offerId = id('off');
export const terminationId = id('trm');

export const policyJson = z.record(z.string(), json);
const policyProblem = z.object({ code: z.string(), path: z.string(), zh: z.string(), en: z.string() });

export const basisItem = z.object({
  kind: z.enum(basisKinds),
  /** Code of the certificate, number of the report, reference of the authorisation. */
  reference: z.string().min(1).max(200),
  /** The resource it covers; empty: the whole product. */
  subject: z.string().max(60),
  until: time.nullable(),
});

const clauseText = z.string().trim().min(1).max(agreementLimits.clauseCharactersMax);

/** What the parties may negotiate. Price is the market's word, opaque here: strings, integers, booleans, lists, objects. */
export const contractTerms = z.object({
  policy: policyJson.describe(
    'ODRL: the use allowed; parties, target and term are filled in when the terms are locked',
  ),
  price: json,
  settlementWay: z.enum(settlementWays),
  deliveryModes: z.array(z.enum(deliveryModes)).min(1).max(deliveryModes.length),
  from: time.nullable().describe('null: from the moment the terms are locked'),
  until: time.nullable().describe('null: as long as everything that the contract stands on'),
  tax: z.object({ rate: decimal.describe('0.06 is six percent'), included: z.literal(true) }),
  acceptanceDays: z.number().int().min(0).max(agreementLimits.acceptanceDaysMax),
  dispute: z.object({ forum: z.enum(['court', 'arbitration']), body: name }),
  supplements: z.array(z.object({ title: name, text: clauseText })).max(agreementLimits.supplementsMax),
});

export const termsChange = contractTerms.partial();

export const termDifference = z.object({ field: z.string(), from: json, to: json });

const round = z.object({
  version: z.number().int(),
  round: z.number().int(),
  by: z.string(),
  person: z.string(),
  note: z.string(),
  changes: z.array(termDifference),
  at: time,
});

const signature = z.object({
  participant: z.string(),
  keyId: z.string(),
  level: z.string(),
  signature: z.string(),
  certified: z
    .object({ authority: bilingual, holder: z.string(), serial: z.string() })
    .nullable()
    .describe('authority, whom its certificate names, and the certificate’s serial number'),
  person: z.string(),
  at: time,
});

const party = z.object({
  participant: z.string(),
  name: z.string(),
  creditCode: z.string(),
  dataspaceId: z.string().optional().describe('of a participant of another node: its id on the Dataspace Protocol'),
  attestedBy: z
    .object({ issuer: z.string(), name: z.string(), at: time })
    .optional()
    .describe('whose word name and credit code are, by a credential that was verified; without, the name is the id'),
});

const contractVersion = z.object({
  number: z.number().int(),
  state: z.enum(['draft', 'negotiating', 'pendingSignature', 'effective', 'superseded', 'refused', 'lapsed']),
  reason: z.string(),
  terms: contractTerms,
  basis: z.array(basisItem),
  round: z.number().int(),
  confirmedBy: z.array(z.string()),
  proposedBy: z.string().nullable(),
  documentHash: digest.nullable(),
  policyHash: z.string().nullable(),
  until: time.nullable(),
  signatures: z.array(signature),
  paper: z.object({ digest, uploadedBy: z.string(), confirmedBy: z.array(z.string()) }).nullable(),
  lockedAt: time.nullable(),
  effectiveAt: time.nullable(),
  createdAt: time,
});

export const terminationView = z.object({
  id: terminationId,
  kind: z.enum(['agreed', 'forced']),
  state: z.enum(['proposed', 'done', 'declined']),
  proposedBy: z.string(),
  reason: z.string(),
  at: time,
  decidedAt: time.nullable(),
});

export const contractSummary = z.object({
  id: contractId,
  number: z.string().nullable(),
  kind: z.enum(contractKinds),
  state: z.enum(contractStates),
  supplier: party,
  buyer: party,
  product: productId,
  productVersion: versionId,
  productName: z.string(),
  order: z.string().nullable(),
  from: time.nullable(),
  until: time.nullable(),
  respondBy: time,
  effectiveAt: time.nullable(),
  endedAt: time.nullable(),
  createdAt: time,
});

export const contractView = contractSummary.extend({
  template: z.object({ id: templateId, version: z.number().int() }),
  endReason: z.string().nullable(),
  paperId: z.string().nullable(),
  /** The version in force, or the first one before that. */
  current: contractVersion,
  /** An amendment under negotiation or signature. */
  open: contractVersion.nullable(),
  terminations: z.array(terminationView),
  /** What the caller may do next, and whom the contract waits for. */
  next: z.object({ moves: z.array(z.string()), waitsFor: z.array(z.string()) }),
});

export const templateClause = z.object({
  key: z.string().regex(/^[a-z][A-Za-z]{1,40}$/),
  title: z.object({ zh: name, en: name }),
  text: z.object({ zh: clauseText, en: clauseText }),
});
export const templateDraft = z.object({
  code: z.enum(contractKinds),
  title: z.object({ zh: name, en: name }),
  /** The model text that it follows, and that following it is recommended, not mandatory. */
  source: z.object({ zh: z.string().max(1000), en: z.string().max(1000) }),
  clauses: z.array(templateClause).min(1).max(agreementLimits.clausesMax),
});
const templateSummary = z.object({
  id: templateId,
  code: z.enum(contractKinds),
  version: z.number().int(),
  title: bilingual,
  source: bilingual,
  state: z.enum(['draft', 'enabled', 'retired']),
  hash: digest,
  createdAt: time,
  enabledAt: time.nullable(),
});
const templateView = templateSummary.extend({ clauses: z.array(templateClause) });

const spaceId = id('spc');
export const audience = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('everyone') }),
  z.object({ kind: z.literal('space'), space: spaceId }),
  z.object({ kind: z.literal('participants'), participants: z.array(z.string().max(60)).min(1).max(200) }),
]);
const offerView = z.object({
  id: offerId,
  supplier: z.string(),
  productVersion: versionId,
  policy: policyJson,
  policyHash: z.string(),
  price: json,
  deliveryModes: z.array(z.enum(deliveryModes)),
  audience,
  hash: digest,
  explanation: z.object({ zh: z.array(z.string()), en: z.array(z.string()) }),
  createdAt: time,
  withdrawnAt: time.nullable(),
});

const params = z.object({ id: contractId });
const nothing = z.object({}).strict();
const reason = z.string().trim().min(1).max(1000);

export const explainPolicy = endpoint({
  id: 'agreements.policy.explain',
  method: 'POST',
  path: '/api/policies/explain',
  summary: {
    zh: '用通俗文字说明策略，并指出各交付方式能否执行',
    en: 'A policy in plain words, and which delivery paths can enforce it',
  },
  permission: 'public',
  repeatable: true,
  bodyBytesMax: agreementLimits.policyBytesMax,
  body: z.object({ policy: json, names: z.record(z.string().max(100), z.string().max(200)).optional() }),
  reply: z.object({
    ok: z.boolean(),
    hash: z.string().nullable(),
    zh: z.array(z.string()),
    en: z.array(z.string()),
    problems: z.array(policyProblem),
    paths: z.array(z.object({ path: z.string(), enforceable: z.boolean(), problems: z.array(policyProblem) })),
  }),
});

export const createOffer = endpoint({
  id: 'agreements.offer.create',
  method: 'POST',
  path: '/api/offers',
  summary: { zh: '形成要约（策略与价格冻结）', en: 'Make an offer: policy and price are frozen' },
  permission: 'agreements.offer.write',
  body: z.object({
    productVersion: versionId,
    policy: policyJson,
    price: json,
    deliveryModes: z.array(z.enum(deliveryModes)).min(1).max(deliveryModes.length).optional(),
    audience: audience
      .default({ kind: 'everyone' })
      .describe('a policy with `shugu:memberOf` is for members of that data space alone, whatever stands here'),
  }),
  reply: offerView,
  status: 201,
});
export const getOffer = endpoint({
  id: 'agreements.offer.get',
  method: 'GET',
  path: '/api/offers/:id',
  summary: { zh: '要约', en: 'An offer' },
  permission: 'signedIn',
  params: z.object({ id: offerId }),
  reply: offerView,
});
export const withdrawOffer = endpoint({
  id: 'agreements.offer.withdraw',
  method: 'POST',
  path: '/api/offers/:id/withdraw',
  summary: { zh: '撤回要约（不影响已订合同）', en: 'Withdraw an offer; contracts stay' },
  permission: 'agreements.offer.write',
  params: z.object({ id: offerId }),
  body: nothing,
  reply: offerView,
});

export const listTemplates = endpoint({
  id: 'agreements.template.list',
  method: 'GET',
  path: '/api/contract-templates',
  summary: { zh: '合同模板', en: 'Contract templates' },
  permission: 'public',
  query: pageQuery.extend({
    state: z.enum(['draft', 'enabled', 'retired']).optional(),
    code: z.enum(contractKinds).optional(),
  }),
  reply: page(templateSummary),
});
export const getTemplate = endpoint({
  id: 'agreements.template.get',
  method: 'GET',
  path: '/api/contract-templates/:id',
  summary: { zh: '合同模板全文', en: 'A contract template' },
  permission: 'public',
  params: z.object({ id: templateId }),
  reply: templateView,
});
export const draftTemplate = endpoint({
  id: 'agreements.template.draft',
  method: 'POST',
  path: '/api/contract-templates',
  summary: { zh: '起草模板新版本', en: 'Draft a version of a template' },
  permission: 'agreements.template.write',
  body: templateDraft,
  bodyBytesMax: 1_048_576,
  reply: templateView,
  status: 201,
});
export const importTemplates = endpoint({
  id: 'agreements.template.import',
  method: 'POST',
  path: '/api/contract-templates/import',
  summary: { zh: '导入随附模板为草稿', en: 'Bring in the shipped templates as drafts' },
  permission: 'agreements.template.write',
  body: nothing,
  reply: z.object({ drafted: z.array(templateSummary) }),
});
export const enableTemplate = endpoint({
  id: 'agreements.template.enable',
  method: 'POST',
  path: '/api/contract-templates/:id/enable',
  summary: { zh: '启用模板（须非起草人）', en: 'Enable a template; never by the one who drafted it' },
  permission: 'agreements.template.enable',
  params: z.object({ id: templateId }),
  body: nothing,
  reply: templateSummary,
});
export const retireTemplate = endpoint({
  id: 'agreements.template.retire',
  method: 'POST',
  path: '/api/contract-templates/:id/retire',
  summary: { zh: '停用模板', en: 'Retire a template' },
  permission: 'agreements.template.enable',
  params: z.object({ id: templateId }),
  body: nothing,
  reply: templateSummary,
});

export const listContracts = endpoint({
  id: 'agreements.contract.list',
  method: 'GET',
  path: '/api/contracts',
  summary: { zh: '合同列表（本单位；监管为全部）', en: 'Contracts: your own, or all for supervisors' },
  permission: 'signedIn',
  query: pageQuery.extend({
    state: z.enum(contractStates).optional(),
    side: z.enum(['supplier', 'buyer']).optional(),
    search: z
      .string()
      .trim()
      .max(100)
      .optional()
      .describe('part of its number, or of the name of its product or of a party'),
  }),
  reply: page(contractSummary),
});
export const getContract = endpoint({
  id: 'agreements.contract.get',
  method: 'GET',
  path: '/api/contracts/:id',
  summary: { zh: '合同', en: 'A contract' },
  permission: 'signedIn',
  params,
  reply: contractView,
  readsLogged: true,
});
export const getDocument = endpoint({
  id: 'agreements.contract.document',
  method: 'GET',
  path: '/api/contracts/:id/versions/:version/document',
  summary: { zh: '合同文本（规范字节，签名所及）', en: 'The contract document: the canonical bytes that are signed' },
  permission: 'signedIn',
  params: z.object({ id: contractId, version: z.coerce.number().int().min(1) }),
  reply: json,
  replyKind: 'bytes',
  mediaType: 'application/json; charset=utf-8',
  readsLogged: true,
});
export const listRounds = endpoint({
  id: 'agreements.contract.rounds',
  method: 'GET',
  path: '/api/contracts/:id/rounds',
  summary: { zh: '磋商记录', en: 'The proposals made, each from → to' },
  permission: 'signedIn',
  params,
  reply: z.object({ items: z.array(round) }),
});
export const proposeTerms = endpoint({
  id: 'agreements.contract.propose',
  method: 'POST',
  path: '/api/contracts/:id/propose',
  summary: { zh: '提出条款修改（已生效的为变更）', en: 'Propose terms; an amendment when the contract is in force' },
  permission: 'agreements.contract.negotiate',
  params,
  body: z.object({ terms: termsChange, note: z.string().trim().max(1000).default('') }),
  reply: contractView,
});
export const confirmTerms = endpoint({
  id: 'agreements.contract.confirm',
  method: 'POST',
  path: '/api/contracts/:id/confirm',
  summary: { zh: '确认当前条款；双方确认后锁定', en: 'Confirm the terms; they lock when both have' },
  permission: 'agreements.contract.negotiate',
  params,
  body: z.object({ round: z.number().int().min(0).describe('the round that was read') }),
  reply: contractView,
});
export const listAuthorities = endpoint({
  id: 'agreements.authority.list',
  method: 'GET',
  path: '/api/contract-authorities',
  summary: {
    zh: '已接入的电子认证机构，其证书可用于签署合同',
    en: 'Connected certification authorities, whose certificates sign contracts',
  },
  permission: 'signedIn',
  reply: z.object({ items: z.array(z.object({ id: z.string(), title: bilingual })) }),
});
export const signContract = endpoint({
  id: 'agreements.contract.sign',
  method: 'POST',
  path: '/api/contracts/:id/sign',
  summary: { zh: '签署', en: 'Sign' },
  permission: 'agreements.contract.sign',
  params,
  body: z.object({
    documentHash: digest.describe('hash of the document that was read: nothing else is signed'),
    certified: z
      .object({
        authority: z.string().max(60).describe('id of a connected certification authority'),
        signature: z.base64().max(2000).describe('over the bytes of the document; base64'),
        certificates: z
          .string()
          .max(agreementLimits.certificatesCharactersMax)
          .describe('PEM, the signer’s first, then those up to the authority’s'),
      })
      .optional()
      .describe('with a certificate of a licensed authority; by the platform’s key if left out'),
  }),
  reply: contractView,
});
export const refuseContract = endpoint({
  id: 'agreements.contract.refuse',
  method: 'POST',
  path: '/api/contracts/:id/refuse',
  summary: { zh: '拒绝签订，或拒绝变更', en: 'Refuse the contract, or its amendment' },
  permission: 'agreements.contract.negotiate',
  params,
  body: z.object({ reason }),
  reply: contractView,
});
export const uploadPaper = endpoint({
  id: 'agreements.contract.paperUpload',
  method: 'POST',
  path: '/api/contracts/:id/paper',
  summary: { zh: '上传纸质签署的合同（PDF）', en: 'Upload the contract as signed on paper (PDF)' },
  permission: 'agreements.contract.sign',
  params,
  query: z.object({ documentHash: digest }),
  rawBody: true,
  reply: contractView,
});
export const confirmPaper = endpoint({
  id: 'agreements.contract.paperConfirm',
  method: 'POST',
  path: '/api/contracts/:id/paper/confirm',
  summary: { zh: '确认纸质合同与锁定文本一致', en: 'Confirm that the paper says what was locked' },
  permission: 'agreements.contract.sign',
  params,
  body: z.object({ digest, documentHash: digest }),
  reply: contractView,
});
export const proposeTermination = endpoint({
  id: 'agreements.termination.propose',
  method: 'POST',
  path: '/api/contracts/:id/terminations',
  summary: { zh: '提出协议解除', en: 'Propose to end the contract by agreement' },
  permission: 'agreements.contract.terminate',
  params,
  body: z.object({ reason }),
  reply: contractView,
});
export const decideTermination = endpoint({
  id: 'agreements.termination.decide',
  method: 'POST',
  path: '/api/contracts/:id/terminations/:termination/decide',
  summary: { zh: '同意或不同意协议解除', en: 'Accept or decline the end by agreement' },
  permission: 'agreements.contract.terminate',
  params: params.extend({ termination: terminationId }),
  body: z.object({ accept: z.boolean() }),
  reply: contractView,
});
export const forceTermination = endpoint({
  id: 'agreements.termination.force',
  method: 'POST',
  path: '/api/contracts/:id/forced-terminations',
  summary: {
    zh: '提出强制终止（须说明事由，另一人复核）',
    en: 'Propose a forced end, with its reason; another person confirms',
  },
  permission: 'agreements.termination.force',
  params,
  body: z.object({ reason }),
  reply: contractView,
});
export const confirmForcedTermination = endpoint({
  id: 'agreements.termination.confirm',
  method: 'POST',
  path: '/api/contracts/:id/forced-terminations/:termination/decide',
  summary: { zh: '复核强制终止；同意即刻停止使用', en: 'Decide on a forced end; use stops at once' },
  permission: 'agreements.termination.confirm',
  params: params.extend({ termination: terminationId }),
  body: z.object({ accept: z.boolean() }),
  reply: contractView,
});

export const agreementsEndpoints = {
  explainPolicy,
  createOffer,
  getOffer,
  withdrawOffer,
  listTemplates,
  getTemplate,
  draftTemplate,
  importTemplates,
  enableTemplate,
  retireTemplate,
  listContracts,
  getContract,
  getDocument,
  listRounds,
  listAuthorities,
  proposeTerms,
  confirmTerms,
  signContract,
  refuseContract,
  uploadPaper,
  confirmPaper,
  proposeTermination,
  decideTermination,
  forceTermination,
  confirmForcedTermination,
};

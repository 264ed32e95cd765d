/** Demands, quotations, enquiries, trials, off-exchange filings, complaints, import of many listings. */
import { z } from 'zod';
import { deliveryModes, productId, versionId } from './catalogue.ts';
import { day, decimal, digest, fen, id, name, page, pageQuery, taxRate, text, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { listingId, pricePlan, settlementWays } from './market.ts';

export const marketMoreLimits = {
  openDemandsMax: 100,
  quotationsPerDemandMax: 200,
  quotationDaysMax: 90,
  messagesPerEnquiryMax: 500,
  messageCharactersMax: 4000,
  importBytesMax: 2_097_152,
  importRowsMax: 1000,
  /** Complaints of strangers from one address. */
  complaintsPerHourMax: 5,
} as const;

export const demandId = id('dem');
export const quotationId = id('quo');
export const enquiryId = id('enq');
export const trialId = id('trl');
export const filingId = id('fil');
export const importId = id('imp');
const organisation = z.object({ id: id('org'), name: z.string() });
const next = z.object({ zh: z.string(), en: z.string(), who: z.enum(['buyer', 'supplier', 'nobody']) });
const reason = z.string().trim().min(1).max(1000);
const nothing = z.object({}).strict();

// Demands: 数据需求

export const demandStates = ['draft', 'published', 'quoted', 'chosen', 'closed'] as const;
const demandFields = z
  .object({
    title: name,
    description: text.min(1),
    industry: z.string().regex(/^[A-T](\d{2,4})?$/),
    region: z.string().regex(/^\d{6}$/),
    deliveryModes: z.array(z.enum(deliveryModes)).min(1).max(deliveryModes.length),
    purposes: z.array(z.string().trim().min(1).max(60)).min(1).max(10),
    budgetMax: fen.nullable().describe('in fen; null when open'),
    openUntil: day.describe('quotations are taken until the end of this day'),
  })
  .strict();
export const demand = demandFields.extend({
  id: demandId,
  state: z.enum(demandStates),
  buyer: organisation,
  quotations: z.number().int(),
  chosen: quotationId.nullable(),
  publishedAt: time.nullable(),
  createdAt: time,
  reason: z.string().nullable(),
  next,
});
const demandParams = z.object({ id: demandId });

export const createDemand = endpoint({
  id: 'market.demand.create',
  method: 'POST',
  path: '/api/demands',
  summary: { zh: '起草数据需求', en: 'Draft a demand' },
  permission: 'market.demand.write',
  body: demandFields,
  reply: demand,
  status: 201,
});
export const changeDemand = endpoint({
  id: 'market.demand.change',
  method: 'PUT',
  path: '/api/demands/:id',
  summary: { zh: '修改需求草稿', en: 'Change a draft' },
  permission: 'market.demand.write',
  params: demandParams,
  body: demandFields,
  reply: demand,
});
export const publishDemand = endpoint({
  id: 'market.demand.publish',
  method: 'POST',
  path: '/api/demands/:id/publish',
  summary: { zh: '发布需求', en: 'Publish a demand' },
  permission: 'market.demand.write',
  params: demandParams,
  body: nothing,
  reply: demand,
});
export const closeDemand = endpoint({
  id: 'market.demand.close',
  method: 'POST',
  path: '/api/demands/:id/close',
  summary: { zh: '关闭需求', en: 'Close a demand' },
  permission: 'market.demand.write',
  params: demandParams,
  body: z.object({ reason }).strict(),
  reply: demand,
});
export const listDemands = endpoint({
  id: 'market.demand.list',
  method: 'GET',
  path: '/api/demands',
  summary: { zh: '需求大厅；mine=true 为本单位的需求', en: 'Demands that are open, or your own' },
  permission: 'public',
  query: pageQuery.extend({
    mine: z.enum(['true', 'false']).optional(),
    state: z.enum(demandStates).optional(),
    industry: z
      .string()
      .regex(/^[A-T]$/)
      .optional(),
  }),
  reply: page(demand),
});
export const readDemand = endpoint({
  id: 'market.demand.read',
  method: 'GET',
  path: '/api/demands/:id',
  summary: { zh: '数据需求', en: 'A demand' },
  permission: 'public',
  params: demandParams,
  reply: demand,
});

// Quotations: 报价

export const quotationStates = ['offered', 'accepted', 'declined', 'withdrawn', 'lapsed'] as const;
export const quotation = z.object({
  id: quotationId,
  state: z.enum(quotationStates),
  demand: demandId.nullable(),
  enquiry: enquiryId.nullable(),
  supplier: organisation,
  buyer: organisation,
  listing: listingId.nullable(),
  offer: z.string().nullable().describe('order with this offer once accepted; null without a listing'),
  plan: pricePlan,
  taxRate: decimal,
  settlementWays: z.array(z.enum(settlementWays)),
  note: z.string(),
  validUntil: time,
  createdAt: time,
  next,
});
const quotationParams = z.object({ id: quotationId });

export const createQuotation = endpoint({
  id: 'market.quotation.create',
  method: 'POST',
  path: '/api/quotations',
  summary: { zh: '报价', en: 'Quote on a demand, or to whoever asked about a listing' },
  permission: 'market.quotation.write',
  body: z
    .object({
      demand: demandId.nullable(),
      enquiry: enquiryId.nullable(),
      listing: listingId.nullable().describe('your product on the market that would be delivered'),
      plan: pricePlan,
      taxRate,
      settlementWays: z.array(z.enum(settlementWays)).min(1).max(3),
      note: text,
      validDays: z.number().int().min(1).max(marketMoreLimits.quotationDaysMax).optional(),
    })
    .strict(),
  reply: quotation,
  status: 201,
});
const quotationStep = (verb: 'accept' | 'decline' | 'withdraw', zh: string, en: string, permission: string) =>
  endpoint({
    id: `market.quotation.${verb}`,
    method: 'POST',
    path: `/api/quotations/:id/${verb}`,
    summary: { zh, en },
    permission,
    params: quotationParams,
    body: nothing,
    reply: quotation,
  });
export const acceptQuotation = quotationStep('accept', '接受报价', 'Accept a quotation', 'market.demand.write');
export const declineQuotation = quotationStep('decline', '谢绝报价', 'Decline a quotation', 'market.demand.write');
export const withdrawQuotation = quotationStep(
  'withdraw',
  '撤回报价',
  'Withdraw a quotation',
  'market.quotation.write',
);
export const listQuotations = endpoint({
  id: 'market.quotation.list',
  method: 'GET',
  path: '/api/quotations',
  summary: { zh: '本单位收到与发出的报价', en: 'Quotations that your organisation gave or got' },
  permission: 'signedIn',
  query: pageQuery.extend({ demand: demandId.optional(), enquiry: enquiryId.optional() }),
  reply: page(quotation),
});
export const readQuotation = endpoint({
  id: 'market.quotation.read',
  method: 'GET',
  path: '/api/quotations/:id',
  summary: { zh: '报价', en: 'A quotation' },
  permission: 'signedIn',
  params: quotationParams,
  reply: quotation,
});

// Enquiries: 询问

export const enquiry = z.object({
  id: enquiryId,
  asker: organisation,
  asked: organisation,
  about: z.object({ kind: z.enum(['listing', 'demand']), id: z.string() }),
  title: z.string(),
  open: z.boolean(),
  messages: z.number().int(),
  lastAt: time,
  createdAt: time,
});
export const message = z.object({
  id: id('msg'),
  from: organisation,
  person: z.string(),
  text: z.string(),
  at: time,
});
const messageText = z.string().trim().min(1).max(marketMoreLimits.messageCharactersMax);
const enquiryParams = z.object({ id: enquiryId });

export const createEnquiry = endpoint({
  id: 'market.enquiry.create',
  method: 'POST',
  path: '/api/enquiries',
  summary: { zh: '询问供方或需方', en: 'Ask about a listing or a demand' },
  permission: 'market.enquiry.write',
  body: z
    .object({
      about: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('listing'), id: listingId }).strict(),
        z.object({ kind: z.literal('demand'), id: demandId }).strict(),
      ]),
      title: name,
      text: messageText,
    })
    .strict(),
  reply: enquiry,
  status: 201,
});
export const listEnquiries = endpoint({
  id: 'market.enquiry.list',
  method: 'GET',
  path: '/api/enquiries',
  summary: { zh: '本单位的询问', en: 'Enquiries that your organisation made or got' },
  permission: 'signedIn',
  query: pageQuery,
  reply: page(enquiry),
});
export const readEnquiry = endpoint({
  id: 'market.enquiry.read',
  method: 'GET',
  path: '/api/enquiries/:id',
  summary: { zh: '询问', en: 'An enquiry' },
  permission: 'signedIn',
  params: enquiryParams,
  reply: enquiry,
});
export const listMessages = endpoint({
  id: 'market.message.list',
  method: 'GET',
  path: '/api/enquiries/:id/messages',
  summary: { zh: '往来消息，由旧到新', en: 'Messages of an enquiry, oldest first' },
  permission: 'signedIn',
  params: enquiryParams,
  query: pageQuery,
  reply: page(message),
});
export const sendMessage = endpoint({
  id: 'market.message.send',
  method: 'POST',
  path: '/api/enquiries/:id/messages',
  summary: { zh: '回复', en: 'Send a message' },
  permission: 'market.enquiry.write',
  params: enquiryParams,
  body: z.object({ text: messageText }).strict(),
  reply: message,
  status: 201,
});
export const closeEnquiry = endpoint({
  id: 'market.enquiry.close',
  method: 'POST',
  path: '/api/enquiries/:id/close',
  summary: { zh: '结束询问', en: 'Close an enquiry' },
  permission: 'market.enquiry.write',
  params: enquiryParams,
  body: nothing,
  reply: enquiry,
});

// Trials: 试用

export const trial = z.object({
  id: trialId,
  listing: listingId,
  product: productId,
  version: versionId,
  supplier: organisation,
  buyer: organisation,
  calls: z.number().int(),
  until: time,
  active: z.boolean(),
  createdAt: time,
});
export const requestTrial = endpoint({
  id: 'market.trial.request',
  method: 'POST',
  path: '/api/listings/:id/trials',
  summary: { zh: '申请试用', en: 'Try a product under the terms of its listing' },
  permission: 'market.trial.request',
  params: z.object({ id: listingId }),
  body: nothing,
  reply: trial,
  status: 201,
});
export const listTrials = endpoint({
  id: 'market.trial.list',
  method: 'GET',
  path: '/api/trials',
  summary: { zh: '本单位的试用', en: 'Trials of your organisation, as buyer or supplier' },
  permission: 'signedIn',
  query: pageQuery,
  reply: page(trial),
});

// Off-exchange filings: 场外备案. Filed as a case of procedure `filing.review`; here stand those with a receipt.

export const filing = z.object({
  id: filingId,
  number: z.string(),
  paper: z.string(),
  case: z.string(),
  applicant: organisation,
  counterparty: z.string(),
  contractDigest: z.string(),
  amount: fen,
  productKind: z.string(),
  concludedOn: day,
  filedAt: time,
});
export const listFilings = endpoint({
  id: 'market.filing.list',
  method: 'GET',
  path: '/api/filings',
  summary: { zh: '场外备案回执', en: 'Filed off-exchange trades: yours, or all for the operator' },
  permission: 'signedIn',
  query: pageQuery,
  reply: page(filing),
});
export const readFiling = endpoint({
  id: 'market.filing.read',
  method: 'GET',
  path: '/api/filings/:id',
  summary: { zh: '场外备案', en: 'A filed trade' },
  permission: 'signedIn',
  params: z.object({ id: filingId }),
  reply: filing,
});

// Complaints: 投诉举报

export const createComplaint = endpoint({
  id: 'market.complaint.create',
  method: 'POST',
  path: '/api/complaints',
  summary: { zh: '投诉举报；未登录也可提交', en: 'Complain or report; signed in or not' },
  permission: 'public',
  secretReply: true,
  body: z
    .object({
      kind: z.enum(['complaint', 'report']),
      about: name,
      subject: z.string().max(60).optional().describe('identifier of a listing, order or organisation'),
      facts: z.string().trim().min(1).max(5000),
      wish: z.string().trim().max(2000).optional(),
      contact: z.string().trim().max(200).optional().describe('required from strangers'),
    })
    .strict(),
  reply: z.object({
    case: z.string(),
    code: z.string().nullable().describe('shown once; a stranger follows the complaint with it'),
    dueAt: time.nullable(),
  }),
  status: 201,
});
export const followComplaint = endpoint({
  id: 'market.complaint.follow',
  method: 'POST',
  path: '/api/complaints/follow',
  summary: { zh: '凭查询码查看投诉举报进度', en: 'Follow a complaint by its code' },
  permission: 'public',
  repeatable: true,
  body: z.object({ code: z.string().min(20).max(100) }).strict(),
  reply: z.object({
    case: z.string(),
    state: z.string(),
    title: z.object({ zh: z.string(), en: z.string() }),
    ended: z.boolean(),
    filedAt: time,
    outcome: z.string().nullable().describe('reason or terms, once decided'),
  }),
});

// Import of many listings

export const importFormats = ['csv', 'xlsx', 'ndjson'] as const;
const importRow = z.object({
  row: z.number().int(),
  ok: z.boolean(),
  listing: listingId.nullable(),
  product: z.string().nullable(),
  errors: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })),
});
export const listingImport = z.object({
  id: importId,
  fileName: z.string(),
  format: z.enum(importFormats),
  dryRun: z.boolean(),
  state: z.enum(['queued', 'done', 'failed']),
  job: z.string().nullable(),
  digest,
  rows: z.number().int(),
  listed: z.number().int(),
  failed: z.number().int(),
  failure: z.string().nullable(),
  createdAt: time,
});
export const importListings = endpoint({
  id: 'market.import.create',
  method: 'POST',
  path: '/api/listing-imports',
  summary: { zh: '批量申请上架（CSV、XLSX、NDJSON）', en: 'Apply for many listings from a file' },
  permission: 'market.listing.apply',
  bodyBytesMax: Math.ceil((marketMoreLimits.importBytesMax * 4) / 3) + 10_000,
  body: z
    .object({
      fileName: name,
      format: z.enum(importFormats),
      dryRun: z.boolean().describe('checks every row and keeps nothing'),
      content: z.base64().describe('the file'),
    })
    .strict(),
  reply: listingImport,
  status: 202,
});
export const listImports = endpoint({
  id: 'market.import.list',
  method: 'GET',
  path: '/api/listing-imports',
  summary: { zh: '批量上架记录', en: 'Imports of your organisation' },
  permission: 'market.listing.apply',
  query: pageQuery,
  reply: page(listingImport),
});
export const readImport = endpoint({
  id: 'market.import.read',
  method: 'GET',
  path: '/api/listing-imports/:id',
  summary: { zh: '批量上架结果，逐行', en: 'An import, row by row' },
  permission: 'market.listing.apply',
  params: z.object({ id: importId }),
  reply: listingImport.extend({ report: z.array(importRow) }),
});

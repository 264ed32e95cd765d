/** Reports, listings, use scenarios, orders, acceptance. Search, demand and filings stand in market-find.ts and market-more.ts. */
import { z } from 'zod';
import { contractKinds, policyJson } from './agreements.ts';
import { deliveryModes, productId, versionId } from './catalogue.ts';
import { bilingual, day, decimal, digest, fen, id, name, page, pageQuery, taxRate, text, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const marketLimits = {
  plansPerListingMax: 10,
  tiersMax: 50,
  periodsMax: 120,
  acceptanceDaysMax: 60,
  purposesMax: 10,
} as const;

export const reportId = id('rep');
export const listingId = id('lst');
export const scenarioId = id('scn');
export const orderId = id('ord');
const organisationId = id('org');
/** As a policy writes purposes: codes without a comma, which is what divides them there. */
const purposeCode = z
  .string()
  .trim()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}:._/#-]{0,59}$/u);
const included = z.number().int().min(0).optional();

/** As in @shugu/ledger: yuan, tax included; gigabytes are measured and rated in bytes. */
export const pricePlan = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('free') }).strict(),
  z.object({ kind: z.literal('oneOff'), price: decimal }).strict(),
  z.object({ kind: z.literal('subscription'), period: z.enum(['month', 'quarter', 'year']), price: decimal }).strict(),
  z.object({ kind: z.literal('perCall'), unitPrice: decimal, included, minimumCharge: decimal.optional() }).strict(),
  z.object({ kind: z.literal('perRow'), unitPrice: decimal, included, minimumCharge: decimal.optional() }).strict(),
  z
    .object({ kind: z.literal('perGigabyte'), unitPrice: decimal, included, minimumCharge: decimal.optional() })
    .strict(),
  z
    .object({
      kind: z.literal('tiered'),
      unit: z.enum(['call', 'row', 'gigabyte']),
      mode: z.enum(['graduated', 'volume']),
      tiers: z
        .array(z.object({ upTo: z.number().int().positive().nullable(), unitPrice: decimal }).strict())
        .min(1)
        .max(marketLimits.tiersMax),
      included,
      minimumCharge: decimal.optional(),
    })
    .strict(),
  z.object({ kind: z.literal('quotation'), agreedPrice: decimal.optional() }).strict(),
]);

export const settlementWays = ['custody', 'direct', 'postpaid'] as const;

export const conclusions = ['compliant', 'conditional', 'notCompliant'] as const;
/** A compliance report delivered under a case of procedure `compliance.engagement` whose subject is the product version. */
export const report = z.object({
  id: reportId,
  case: z.string(),
  supplier: z.object({ id: organisationId, name: z.string() }),
  body: z.object({ id: organisationId, name: z.string() }),
  product: productId,
  version: versionId,
  conclusion: z.enum(conclusions),
  scope: z.string(),
  limits: z.string(),
  validUntil: time,
  digest,
  paper: z.string(),
  number: z.string(),
  createdAt: time,
});
export const listReports = endpoint({
  id: 'market.report.list',
  method: 'GET',
  path: '/api/reports',
  summary: { zh: '评估报告', en: 'Assessment reports of your organisation, as supplier or as body' },
  permission: 'signedIn',
  query: pageQuery.extend({ version: versionId.optional() }),
  reply: page(report),
});

export const listingStates = ['draft', 'reviewing', 'refused', 'listed', 'suspended', 'delisted'] as const;
const listingPlan = z.object({
  offer: z.string(),
  title: z.string(),
  plan: pricePlan,
  settlementWays: z.array(z.enum(settlementWays)),
  taxRate: decimal,
});
/** Share of the income after the exchange's fee; shares add up to 1. Holders of the right to operate must all be named. */
export const splitLeg = z.object({ party: organisationId, share: decimal }).strict();
/** A data space by id and name. */
export const namedSpace = z.object({ id: id('spc'), name: bilingual });
export const listing = z.object({
  id: listingId,
  number: z.string().nullable(),
  supplier: z.object({ id: organisationId, name: z.string() }),
  product: productId,
  productName: z.string(),
  version: versionId,
  state: z.enum(listingStates),
  space: namedSpace.nullable().describe('only for members of this data space; null: for everybody'),
  case: z.string().nullable(),
  paper: z.string().nullable(),
  plans: z.array(listingPlan),
  policy: policyJson,
  explanation: z.object({ zh: z.array(z.string()), en: z.array(z.string()) }),
  deliveryModes: z.array(z.enum(deliveryModes)),
  acceptanceDays: z.number().int(),
  trial: z.object({ calls: z.number().int(), days: z.number().int() }).nullable(),
  split: z.array(splitLeg),
  basis: z.object({
    kind: z.enum(['certificate', 'opinion']),
    certificates: z.array(z.string()),
    reports: z.array(reportId),
  }),
  purposes: z.array(z.string()),
  contractKind: z.enum(contractKinds).nullable().describe('template of its contracts'),
  standsUntil: time.nullable(),
  reason: z.string().nullable().describe('why suspended, refused or delisted'),
  listedAt: time.nullable(),
  createdAt: time,
});
const listingParams = z.object({ id: listingId });

export const createListing = endpoint({
  id: 'market.listing.create',
  method: 'POST',
  path: '/api/listings',
  summary: { zh: '申请上架', en: 'Apply to list a product version' },
  permission: 'market.listing.apply',
  body: z
    .object({
      version: versionId,
      policy: policyJson.describe('with `shugu:memberOf`, only members of that data space see the listing and order'),
      plans: z
        .array(
          z
            .object({
              title: name,
              plan: pricePlan,
              settlementWays: z.array(z.enum(settlementWays)).min(1).max(3),
              taxRate,
            })
            .strict(),
        )
        .min(1)
        .max(marketLimits.plansPerListingMax),
      deliveryModes: z.array(z.enum(deliveryModes)).min(1).max(6),
      acceptanceDays: z.number().int().min(1).max(marketLimits.acceptanceDaysMax),
      trial: z
        .object({ calls: z.number().int().min(1).max(10_000), days: z.number().int().min(1).max(90) })
        .strict()
        .nullable(),
      purposes: z.array(purposeCode).max(marketLimits.purposesMax),
      reports: z.array(reportId).min(1).max(10),
      contractKind: z
        .enum(contractKinds)
        .optional()
        .describe('template of its contracts; absent: as the operator provides for the kind of product'),
      split: z.array(splitLeg).max(20).default([]).describe('empty: everything to the supplier'),
      personalBasis: z
        .string()
        .trim()
        .max(2000)
        .default('')
        .describe('consent or de-identification, where the product holds personal data (PIPL 23)'),
      securityStatement: text.min(1),
      sourceStatement: text.min(1).describe('where the data comes from (DSL art. 33)'),
    })
    .strict(),
  reply: listing,
  status: 201,
});
export const listListings = endpoint({
  id: 'market.listing.list',
  method: 'GET',
  path: '/api/listings',
  summary: { zh: '本单位上架', en: 'Listings of your organisation, or all for the operator' },
  permission: 'signedIn',
  query: pageQuery.extend({ state: z.enum(listingStates).optional() }),
  reply: page(listing),
});
export const readListing = endpoint({
  id: 'market.listing.read',
  method: 'GET',
  path: '/api/listings/:id',
  summary: { zh: '上架信息', en: 'A listing' },
  permission: 'public',
  params: listingParams,
  reply: listing,
});
const listingChange = (verb: 'suspend' | 'resume' | 'delist', zh: string, en: string, permission: string) =>
  endpoint({
    id: `market.listing.${verb}`,
    method: 'POST',
    path: `/api/listings/:id/${verb}`,
    summary: { zh, en },
    permission,
    params: listingParams,
    body: z.object({ reason: z.string().trim().min(1).max(1000) }).strict(),
    reply: listing,
  });
export const suspendListing = listingChange('suspend', '暂停上架', 'Suspend a listing', 'market.listing.supervise');
export const resumeListing = listingChange('resume', '恢复上架', 'Resume a listing', 'market.listing.supervise');
export const delistListing = listingChange(
  'delist',
  '下架',
  'Take a listing down; contracts stay',
  'market.listing.apply',
);

export const scenario = z.object({
  id: scenarioId,
  buyer: z.object({ id: organisationId, name: z.string() }),
  title: z.string(),
  purposes: z.array(z.string()),
  endUser: z.string(),
  personalData: z.boolean(),
  onwardUse: z.string(),
  licence: z.string(),
  region: z.string(),
  from: day,
  until: day,
  authorisation: z.string(),
  createdAt: time,
});
export const createScenario = endpoint({
  id: 'market.scenario.create',
  method: 'POST',
  path: '/api/scenarios',
  summary: { zh: '使用场景申报', en: 'State a use scenario' },
  permission: 'market.scenario.file',
  body: z
    .object({
      title: name,
      purposes: z.array(purposeCode).min(1).max(marketLimits.purposesMax),
      endUser: name,
      personalData: z.boolean(),
      onwardUse: text,
      licence: z.string().trim().max(500).describe('sector licence, if the use needs one'),
      region: z.string().regex(/^\d{6}$/),
      from: day,
      until: day,
      authorisation: z.string().trim().max(1000).describe('how data subjects authorise, where personal data is used'),
    })
    .strict(),
  reply: scenario,
  status: 201,
});
export const listScenarios = endpoint({
  id: 'market.scenario.list',
  method: 'GET',
  path: '/api/scenarios',
  summary: { zh: '使用场景', en: 'Use scenarios of your organisation' },
  permission: 'signedIn',
  query: pageQuery,
  reply: page(scenario),
});

export const orderStates = [
  'reviewing',
  'refused',
  'contracting',
  'contracted',
  'delivering',
  'delivered',
  'accepted',
  'objected',
  'settled',
  'closed',
  'cancelled',
] as const;
export const endedHows = ['agreed', 'forced', 'expired', 'completed', 'basis'] as const;
const finding = z.object({
  rule: z.string(),
  outcome: z.enum(['pass', 'person', 'refuse']),
  zh: z.string(),
  en: z.string(),
});
export const order = z.object({
  id: orderId,
  number: z.string(),
  state: z.enum(orderStates),
  buyer: z.object({ id: organisationId, name: z.string() }),
  supplier: z.object({ id: organisationId, name: z.string() }),
  listing: listingId,
  product: productId,
  productName: z.string(),
  version: versionId,
  scenario,
  plan: pricePlan,
  planTitle: z.string(),
  taxRate: decimal,
  quantity: z.number().int().describe('copies or periods; estimated calls, rows or bytes for metered plans'),
  estimate: fen.describe('what is held at the bank when settled in custody'),
  settlementWay: z.enum(settlementWays),
  until: time.nullable(),
  contract: z.string().nullable(),
  review: z.object({ case: z.string(), findings: z.array(finding) }),
  delivery: z
    .object({
      at: time,
      note: z.string(),
      items: z.array(z.object({ kind: z.string(), text: z.string(), digest: digest.optional() })),
    })
    .nullable(),
  acceptance: z
    .object({ at: time, kind: z.enum(['accepted', 'objected', 'automatic']), note: z.string(), dueAt: time.nullable() })
    .nullable(),
  papers: z.array(z.object({ id: z.string(), kind: z.string(), number: z.string() })),
  acceptBy: time.nullable(),
  reworkBy: time.nullable().describe('until when the supplier is to deliver again after an objection'),
  endedAt: time.nullable().describe('when the contract ended'),
  endedHow: z.enum(endedHows).nullable(),
  decision: z
    .object({
      verdict: z.enum(['bill', 'release']),
      reason: z.string(),
      proposedBy: z.string(),
      proposedAt: time,
      approvedBy: z.string().nullable(),
      approvedAt: time.nullable(),
    })
    .nullable()
    .describe('what two people of the operator decide about the money'),
  createdAt: time,
  updatedAt: time,
  next: z.object({
    zh: z.string(),
    en: z.string(),
    who: z.enum(['buyer', 'supplier', 'operator', 'system', 'nobody']),
  }),
});
const orderParams = z.object({ id: orderId });

export const placeOrder = endpoint({
  id: 'market.order.place',
  method: 'POST',
  path: '/api/orders',
  summary: { zh: '下单', en: 'Place an order' },
  permission: 'market.scenario.file',
  body: z
    .object({
      listing: listingId,
      offer: z.string().max(60),
      scenario: scenarioId,
      quantity: z.number().int().min(1).max(1_000_000_000_000),
      settlementWay: z.enum(settlementWays),
      months: z.number().int().min(1).max(60).describe('wanted term of the contract'),
    })
    .strict(),
  reply: order,
  status: 201,
});
export const listOrders = endpoint({
  id: 'market.order.list',
  method: 'GET',
  path: '/api/orders',
  summary: { zh: '订单', en: 'Orders: yours as buyer or supplier, all for the operator' },
  permission: 'signedIn',
  query: pageQuery.extend({
    state: z.enum(orderStates).optional(),
    side: z.enum(['buyer', 'supplier', 'all']).optional(),
  }),
  reply: page(order),
});
export const readOrder = endpoint({
  id: 'market.order.read',
  method: 'GET',
  path: '/api/orders/:id',
  summary: { zh: '订单', en: 'An order' },
  permission: 'signedIn',
  params: orderParams,
  reply: order,
});
const orderStep = (verb: string, zh: string, en: string, permission: string) =>
  endpoint({
    id: `market.order.${verb}`,
    method: 'POST',
    path: `/api/orders/:id/${verb}`,
    summary: { zh, en },
    permission,
    params: orderParams,
    body: z.object({ note: z.string().trim().max(2000) }).strict(),
    reply: order,
  });
export const cancelOrder = orderStep(
  'cancel',
  '取消订单',
  'Cancel an order before it is contracted',
  'market.scenario.file',
);
export const deliverOrder = orderStep('deliver', '提交交付', 'Say that delivery is complete', 'market.order.deliver');
export const acceptOrder = orderStep('accept', '验收', 'Accept the delivery', 'market.order.accept');
export const objectOrder = orderStep('object', '提出验收异议', 'Object to the delivery', 'market.order.accept');

export const extendOrder = endpoint({
  id: 'market.order.extend',
  method: 'POST',
  path: '/api/orders/:id/extend',
  summary: { zh: '追加数量', en: 'Order more of a metered order: the difference is held too' },
  permission: 'market.scenario.file',
  params: orderParams,
  body: z.object({ quantity: z.number().int().min(1).max(1_000_000_000_000) }).strict(),
  reply: order,
});
export const proposeOrderDecision = endpoint({
  id: 'market.order.proposeDecision',
  method: 'POST',
  path: '/api/orders/:id/decision',
  summary: {
    zh: '提出款项处理意见（需方逾期未答复，或合同已终止而款项未了）',
    en: 'Propose what becomes of the money: the buyer is silent, or the contract has ended with money unsettled',
  },
  permission: 'market.order.decide',
  params: orderParams,
  body: z
    .object({
      verdict: z.enum(['bill', 'release']).describe('bill what is owed, or give back what is held'),
      reason: z.string().trim().min(1).max(2000),
    })
    .strict(),
  reply: order,
});
export const approveOrderDecision = endpoint({
  id: 'market.order.approveDecision',
  method: 'POST',
  path: '/api/orders/:id/decision/approve',
  summary: { zh: '复核款项处理意见', en: 'Approve, as a second person, what becomes of the money' },
  permission: 'market.order.decide',
  params: orderParams,
  body: z.object({}).strict(),
  reply: order,
});

export const turnover = endpoint({
  id: 'market.turnover.read',
  method: 'GET',
  path: '/api/market/turnover',
  summary: { zh: '交易额（签约、结算、场外备案分列）', en: 'Turnover: signed, settled and filed, never added up' },
  permission: 'public',
  query: z.object({ months: z.coerce.number().int().min(1).max(60).optional() }),
  reply: z.object({
    months: z.array(z.object({ month: z.string(), signed: fen, settled: fen, filed: fen, orders: z.number().int() })),
    totals: z.object({
      signed: fen,
      settled: fen,
      filed: fen,
      orders: z.number().int(),
      listings: z.number().int(),
      suppliers: z.number().int(),
    }),
  }),
});

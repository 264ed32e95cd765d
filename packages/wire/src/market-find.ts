/** Finding products, and the page that a buyer reads before ordering. */
import { z } from 'zod';
import {
  deliveryModes,
  productId,
  productKinds,
  updateCycles,
  versionAbout,
  versionId,
  versionTable,
} from './catalogue.ts';
import { bilingual, decimal, id, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { conclusions, listing, listingId, listingStates, reportId } from './market.ts';

export const searchLimits = {
  /** Beyond this many hits only the first in the order of newness (or price) are ranked and counted. */
  candidatesMax: 2000,
  queryCharactersMax: 100,
  /** Words of a query that are looked for; more are left out. */
  queryWordsMax: 16,
  facetValuesMax: 30,
  badgesMax: 4,
} as const;

export const priceKinds = [
  'free',
  'oneOff',
  'subscription',
  'perCall',
  'perRow',
  'perGigabyte',
  'tiered',
  'quotation',
] as const;
export const sortOrders = ['relevance', 'newest', 'priceAscending'] as const;
export const facetNames = [
  'industry',
  'region',
  'deliveryMode',
  'priceKind',
  'updateCycle',
  'kind',
  'supplier',
] as const;

const organisationId = id('org');
/** Text in pieces, so that a page can mark hits without trusting markup. */
const marked = z.array(z.object({ text: z.string(), hit: z.boolean() }));
const price = z.object({
  kind: z.enum(priceKinds),
  text: bilingual,
  lowest: decimal.nullable().describe('lowest unit price in yuan, tax included; null by quotation'),
});
const facetValue = z.object({ value: z.string(), count: z.number().int(), name: z.string().nullable() });

export const foundProduct = z.object({
  product: productId,
  listing: listingId,
  name: marked,
  summary: marked,
  supplier: z.object({ id: organisationId, name: z.string() }),
  kind: z.enum(productKinds),
  industry: z.string(),
  region: z.string(),
  price,
  deliveryModes: z.array(z.enum(deliveryModes)),
  updateCycle: z.enum(updateCycles),
  badges: z.object({ zh: z.array(z.string()), en: z.array(z.string()) }),
  certificates: z.array(z.string()),
  listedAt: time,
});

export const search = endpoint({
  id: 'market.search',
  method: 'GET',
  path: '/api/search',
  summary: { zh: '搜索在架数据产品', en: 'Search the products on the market' },
  permission: 'public',
  query: pageQuery.extend({
    q: z.string().trim().max(searchLimits.queryCharactersMax).optional(),
    industry: z
      .string()
      .regex(/^[A-T](\d{2,4})?$/)
      .optional(),
    region: z
      .string()
      .regex(/^\d{6}$/)
      .optional()
      .describe('a province, city or county; 430000 finds all of Hunan'),
    deliveryMode: z.enum(deliveryModes).optional(),
    priceKind: z.enum(priceKinds).optional(),
    updateCycle: z.enum(updateCycles).optional(),
    kind: z.enum(productKinds).optional(),
    supplier: organisationId.optional(),
    sort: z.enum(sortOrders).optional(),
  }),
  reply: z.object({
    items: z.array(foundProduct),
    next: z.string().nullable(),
    total: z.number().int().describe(`exact unless more; at most ${searchLimits.candidatesMax}`),
    more: z.boolean().describe('there are more hits than were counted'),
    words: z.array(z.string()).describe('the words that were looked for'),
    facets: z.record(z.enum(facetNames), z.array(facetValue)).nullable().describe('null on further pages'),
  }),
});

export const productPage = endpoint({
  id: 'market.product.read',
  method: 'GET',
  path: '/api/market/products/:id',
  summary: { zh: '产品页：下单前要看的全部', en: 'Everything that a buyer reads before ordering' },
  permission: 'public',
  params: z.object({ id: productId }),
  reply: z.object({
    id: productId,
    version: z.object({
      id: versionId,
      number: z.number().int(),
      note: z.string(),
      about: versionAbout,
      tables: z.array(versionTable.omit({ objects: true, resource: true })),
      createdAt: time,
    }),
    listing: listing
      .pick({
        id: true,
        number: true,
        paper: true,
        plans: true,
        policy: true,
        explanation: true,
        deliveryModes: true,
        acceptanceDays: true,
        trial: true,
        purposes: true,
        standsUntil: true,
        reason: true,
        listedAt: true,
        space: true,
      })
      .extend({
        state: z.enum(listingStates),
        basis: z.enum(['certificate', 'opinion']),
        certificates: z.array(z.string()),
        sourceStatement: z.string(),
        securityStatement: z.string(),
      }),
    price,
    reports: z.array(
      z.object({
        id: reportId,
        number: z.string(),
        body: z.object({ id: organisationId, name: z.string() }),
        conclusion: z.enum(conclusions),
        scope: z.string(),
        limits: z.string(),
        validUntil: time,
      }),
    ),
    supplier: z.object({
      id: organisationId,
      name: z.string(),
      creditCode: z.string(),
      roles: z.array(z.string()),
      since: time.nullable(),
      listings: z.number().int().describe('products it has on the market now'),
    }),
    orderable: z.boolean(),
  }),
});

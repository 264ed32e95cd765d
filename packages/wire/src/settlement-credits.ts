/** Credit notes for broken service levels. */
import { z } from 'zod';
import { anyId, id, page, pageQuery, time } from './common.ts';
import { levelFinding } from './delivery.ts';
import { endpoint } from './endpoint.ts';
import { grantId } from './metering.ts';
import { orderId, party, reason } from './settlement-nouns.ts';

export const creditId = id('crd');
export const creditStates = ['proposed', 'accepted', 'contested', 'settled', 'refused'] as const;

export const credit = z.object({
  id: creditId,
  order: orderId,
  grant: grantId,
  assessment: anyId.describe('the month, among the grant’s service levels'),
  buyer: party,
  supplier: party,
  period: z.string(),
  from: time,
  until: time,
  findings: z.array(levelFinding.omit({ met: true })).describe('what was missed'),
  requests: z.number().int(),
  digest: z.string(),
  creditPercent: z.number().describe('of the period’s fee'),
  tiers: z.array(z.object({ missedPercent: z.number(), creditPercent: z.number() })),
  state: z.enum(creditStates),
  title: z.string().describe('what was ordered'),
  dueAt: time.nullable().describe('until then the supplier answers; after notice, its silence counts as acceptance'),
  bySilence: z.boolean(),
  answer: z.string().nullable(),
  answeredAt: time.nullable(),
  waitsFor: z.enum(['statement', 'redInvoice', 'payeeFunds']).nullable(),
  amount: z.string().nullable().describe('fen; known once the period is billed and the credit given'),
  refunds: z.array(z.string()),
  mayAnswer: z.boolean(),
  createdAt: time,
});

export const listCredits = endpoint({
  id: 'settlement.credit.list',
  method: 'GET',
  path: '/api/settlement/credits',
  summary: {
    zh: '服务水平抵扣单',
    en: 'Credit notes for broken service levels, as buyer or supplier; all for the desk',
  },
  permission: 'settlement.account.read',
  query: pageQuery.extend({ state: z.enum(creditStates).optional(), grant: grantId.optional() }),
  reply: page(credit),
});

const params = z.object({ id: creditId });

export const readCredit = endpoint({
  id: 'settlement.credit.read',
  method: 'GET',
  path: '/api/settlement/credits/:id',
  summary: { zh: '服务水平抵扣单详情', en: 'One credit note' },
  permission: 'settlement.account.read',
  params,
  reply: credit,
});

export const acceptCredit = endpoint({
  id: 'settlement.credit.accept',
  method: 'POST',
  path: '/api/settlement/credits/:id/accept',
  summary: { zh: '供方接受抵扣', en: 'The supplier accepts; what it gives back follows by refunds' },
  permission: 'settlement.bill.confirm',
  params,
  reply: credit,
});

export const contestCredit = endpoint({
  id: 'settlement.credit.contest',
  method: 'POST',
  path: '/api/settlement/credits/:id/contest',
  summary: { zh: '供方对抵扣提出异议', en: 'The supplier contests with a reason' },
  permission: 'settlement.bill.confirm',
  params,
  body: z.object({ reason }).strict(),
  reply: credit,
});

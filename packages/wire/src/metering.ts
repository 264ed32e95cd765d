/** Usage of grants: days, balances, receipts with their proofs, corrections. */
import { z } from 'zod';
import { versionId } from './catalogue.ts';
import { anyId, day, id, json, ok, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const meteringLimits = {
  usageDaysMax: 366,
  reasonCharactersMax: 500,
  receiptsPerPageMax: 100,
  receiptFileDaysMax: 31,
  hoursDaysMax: 31,
} as const;

export const grantId = id('grt');
export const useId = id('use');
export const correctionId = id('cor');
const productId = z.string().max(60);

/** Whole numbers. `incompleteCalls` are those of `calls` whose answer was cut before its end. */
export const units = z.object({
  calls: z.number().int(),
  incompleteCalls: z.number().int(),
  rows: z.number().int(),
  bytes: z.number().int(),
});
/** Per source of records: the last sequence that the figures contain. */
export const watermarks = z.record(z.string(), z.number().int());

export const usageDay = units.extend({
  grant: grantId,
  contract: z.string().nullable(),
  product: productId,
  day,
});
export const listUsage = endpoint({
  id: 'metering.usage.list',
  method: 'GET',
  path: '/api/usage',
  summary: { zh: '用量（按授权与日）', en: 'Usage by grant and local day, as buyer or as supplier' },
  permission: 'metering.usage.read',
  query: pageQuery.extend({
    contract: anyId.optional(),
    grant: grantId.optional(),
    product: productId.optional(),
    from: day.optional().describe('first local day'),
    until: day.optional().describe('last local day, contained'),
  }),
  reply: page(usageDay).extend({ watermarks }),
});

export const usageOverview = endpoint({
  id: 'metering.usage.overview',
  method: 'GET',
  path: '/api/usage/overview',
  summary: { zh: '全市场用量汇总', en: 'Usage of the whole market, added up by product' },
  permission: 'metering.usage.overview',
  query: z.object({ from: day, until: day }),
  reply: z.object({
    items: z.array(units.extend({ product: productId, supplier: z.string(), grants: z.number().int() })).max(1000),
    watermarks,
  }),
});

export const balance = z.object({
  grant: grantId,
  contract: z.string().nullable(),
  asOf: time,
  used: units,
  /** Empty where the contract sets no limit. `end` is when the period renews; null for the total. */
  limits: z.array(
    z.object({
      metric: z.enum(['calls', 'rows', 'bytes']),
      period: z.enum(['total', 'day', 'month', 'year']),
      limit: z.number().int(),
      used: z.number().int(),
      left: z.number().int(),
      end: time.nullable(),
    }),
  ),
  watermarks,
});
export const getBalance = endpoint({
  id: 'metering.balance.read',
  method: 'GET',
  path: '/api/grants/:id/balance',
  summary: { zh: '余量', en: 'What is left of a grant’s limits' },
  permission: 'metering.usage.read',
  params: z.object({ id: grantId }),
  reply: balance,
});

/** Uses of one hour. `latency` counts by `latencyBoundsMs` of the data contract, and what began later in its last number. */
export const usageHour = z.object({
  startsAt: time,
  day,
  requests: z.number().int(),
  failures: z.number().int(),
  calls: z.number().int(),
  rows: z.number().int(),
  bytes: z.number().int(),
  latency: z.array(z.number().int()),
});
export const listHours = endpoint({
  id: 'metering.hours.list',
  method: 'GET',
  path: '/api/grants/:id/hours',
  summary: {
    zh: '按小时的用量、失败与时延',
    en: 'Uses, failures and latency of a grant by hour; for buyer and supplier',
  },
  permission: 'metering.usage.read',
  params: z.object({ id: grantId }),
  query: z.object({
    from: day.optional().describe('first local day; the day before the last'),
    until: day.optional().describe('last local day, contained, today; at most 31 days'),
  }),
  reply: z.object({ asOf: time, items: z.array(usageHour).max(31 * 25), watermarks }),
});

export const receiptSummary = z.object({
  id: z.string(),
  at: time,
  driver: z.string(),
  action: z.string(),
  purpose: z.string().nullable(),
  status: z.enum(['complete', 'incomplete', 'failed']),
  failure: z.string().nullable().describe('code of what failed on the node’s side or the supplier’s'),
  calls: z.number().int(),
  rows: z.number().int(),
  bytes: z.number().int(),
  corrects: z.string().nullable(),
  reason: z.string().nullable(),
  source: z.string(),
  sequence: z.number().int(),
  sealed: z.boolean(),
});
export const listReceipts = endpoint({
  id: 'metering.receipt.list',
  method: 'GET',
  path: '/api/grants/:id/receipts',
  summary: { zh: '使用回执', en: 'Receipts of a grant, newest first; for the buyer' },
  permission: 'metering.receipt.read',
  params: z.object({ id: grantId }),
  query: pageQuery,
  reply: page(receiptSummary),
});

/**
 * All that is needed to check a use without us: the exact bytes of the record, its path to the root of a segment, the signed
 * manifest, the key, and the segment's salted commitment in the public log.
 */
export const receiptProof = z.object({
  record: json,
  grant: grantId,
  version: versionId,
  sealed: z.boolean(),
  proof: z
    .object({ manifest: json, sequence: z.number().int(), payload: z.string(), path: z.array(z.string()) })
    .nullable(),
  key: z.object({ id: z.string(), suite: z.string(), jwk: json }).nullable(),
  log: z
    .object({
      kind: z.string(),
      record: json,
      salt: z.string().describe('base64'),
      entry: z.string().describe('base64 of the leaf'),
      origin: z.string(),
      position: z.number().int(),
      size: z.number().int(),
      path: z.array(z.string()),
      checkpoint: z.string(),
    })
    .nullable(),
  corrections: z.array(json),
});
export const getReceipt = endpoint({
  id: 'metering.receipt.read',
  method: 'GET',
  path: '/api/receipts/:id',
  summary: { zh: '使用回执与证明', en: 'One receipt with its proof; for the buyer' },
  permission: 'metering.receipt.read',
  params: z.object({ id: useId }),
  reply: receiptProof,
});

/** Of each source of records the last one that is held already: `source:sequence`, with commas between. */
const heldRecords = z
  .string()
  .max(4000)
  .regex(/^[A-Za-z0-9_-]{1,100}:\d{1,15}(,[A-Za-z0-9_-]{1,100}:\d{1,15})*$/);
/** What to ask for `after` a file that says it is not complete. */
export const afterReceipts = (range: { sources: readonly { source: string; through: number }[] }): string =>
  range.sources.map(({ source, through }) => `${source}:${through}`).join(',');

/** Of a month with more receipts than one file holds: ask again with `after` as the last file's `range` says. */
export const receiptFile = endpoint({
  id: 'metering.receipt.file',
  method: 'GET',
  path: '/api/grants/:id/receipts/file',
  summary: {
    zh: '回执包：一段期间的全部回执与证明，可离线核验',
    en: 'The receipts of a period with their proofs, in one file that verifies offline; for the buyer',
  },
  permission: 'metering.receipt.read',
  params: z.object({ id: grantId }),
  query: z.object({
    from: day.describe('first local day'),
    until: day.describe('last local day, contained; at most 31 days'),
    after: heldRecords
      .optional()
      .describe('records already held: source:through of each of the last file’s range.sources'),
  }),
  reply: z.unknown(),
  replyKind: 'bytes',
  mediaType: 'application/json',
});

export const correctionStates = ['proposed', 'confirmed', 'recorded', 'declined'] as const;
export const correction = z.object({
  id: correctionId,
  grant: grantId,
  use: useId,
  calls: z.number().int(),
  rows: z.number().int(),
  bytes: z.number().int(),
  reason: z.string(),
  state: z.enum(correctionStates),
  proposedAt: time,
  decidedAt: time.nullable(),
  sequence: z.number().int().nullable(),
});
const delta = z.number().int().min(-1_000_000_000_000).max(1_000_000_000_000);
export const proposeCorrection = endpoint({
  id: 'metering.correction.propose',
  method: 'POST',
  path: '/api/usage/corrections',
  summary: { zh: '提出用量更正', en: 'Propose a correction of a recorded use' },
  permission: 'metering.correction.propose',
  body: z
    .object({
      use: useId,
      calls: delta.describe('added to the recorded calls; negative gives back'),
      rows: delta,
      bytes: delta,
      reason: z.string().trim().min(1).max(meteringLimits.reasonCharactersMax),
    })
    .strict(),
  reply: correction,
  status: 201,
});
export const decideCorrection = endpoint({
  id: 'metering.correction.decide',
  method: 'POST',
  path: '/api/usage/corrections/:id/decide',
  summary: { zh: '复核用量更正', en: 'Decide on a correction; another person than proposed it' },
  permission: 'metering.correction.decide',
  params: z.object({ id: correctionId }),
  body: z.object({ accept: z.boolean() }).strict(),
  reply: correction,
});
export const listCorrections = endpoint({
  id: 'metering.correction.list',
  method: 'GET',
  path: '/api/usage/corrections',
  summary: { zh: '用量更正', en: 'Corrections' },
  permission: 'metering.usage.overview',
  query: pageQuery,
  reply: page(correction),
});

const webhookId = id('whk');
const feedId = id('ufd');
const positionText = z
  .string()
  .min(1)
  .max(4000)
  .regex(/^[A-Za-z0-9_-]+$/);
/** Where events begin: the first record, those from now on, after an event's `position`, or those admitted from an instant on. */
export const feedFrom = z.union([
  z.enum(['start', 'now']),
  z.object({ position: positionText }).strict(),
  z.object({ at: time }).strict(),
]);

export const readUsageEvents = endpoint({
  id: 'metering.event.list',
  method: 'GET',
  path: '/api/usage/events',
  summary: {
    zh: '用量事件（CloudEvents 1.0 批量），按位置续读',
    en: 'Usage as a batch of CloudEvents 1.0, from a position on; for the buyer',
  },
  permission: 'metering.receipt.read',
  query: z.object({
    grant: grantId.optional(),
    after: positionText.optional().describe('the position of the last event already held; absent: from the first'),
    limit: z.coerce.number().int().min(1).max(100).default(100),
  }),
  reply: z.unknown(),
  replyKind: 'bytes',
  mediaType: 'application/cloudevents-batch+json; charset=utf-8',
});

export const usageFeed = z.object({
  id: feedId,
  webhook: webhookId,
  grant: grantId.nullable().describe('null: all grants, also those to come'),
  position: z.string().describe('up to here the receiver has taken everything'),
  failures: z.number().int().describe('pushes in a row that were not taken'),
  lastAnswer: z.string().nullable(),
  deliveredAt: time.nullable(),
  createdAt: time,
});
export const listFeeds = endpoint({
  id: 'metering.feed.list',
  method: 'GET',
  path: '/api/usage/feeds',
  summary: { zh: '本单位用量推送', en: 'Feeds of usage to webhooks of my organisation' },
  permission: 'metering.receipt.read',
  reply: z.object({ items: z.array(usageFeed) }),
});
export const createFeed = endpoint({
  id: 'metering.feed.create',
  method: 'POST',
  path: '/api/usage/feeds',
  summary: { zh: '订阅用量推送到接收地址', en: 'Have usage pushed to a webhook, in order, as batches of CloudEvents' },
  permission: 'metering.feed.keep',
  status: 201,
  body: z
    .object({ webhook: webhookId, grant: grantId.nullable().default(null), from: feedFrom.default('now') })
    .strict(),
  reply: usageFeed,
});
export const replayFeed = endpoint({
  id: 'metering.feed.replay',
  method: 'POST',
  path: '/api/usage/feeds/:id/replay',
  summary: { zh: '从某一位置重放', en: 'Push again from a position on' },
  permission: 'metering.feed.keep',
  params: z.object({ id: feedId }),
  body: z.object({ from: feedFrom }).strict(),
  reply: usageFeed,
});
export const removeFeed = endpoint({
  id: 'metering.feed.remove',
  method: 'DELETE',
  path: '/api/usage/feeds/:id',
  summary: { zh: '取消用量推送', en: 'Stop a feed' },
  permission: 'metering.feed.keep',
  params: z.object({ id: feedId }),
  reply: ok,
});

/** Harvest: catalogues elsewhere whose entries are kept here, marked as foreign, and each reading of one. */
import { z } from 'zod';
import { bilingual, fault, id, name, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const harvestLimits = {
  sourcesMax: 50,
  /** Of one run. */
  pagesMax: 2000,
  entriesMax: 50_000,
  bytesMax: 256 * 2 ** 20,
  secondsMax: 1800,
  /** Of one answer of a source. */
  pageBytesMax: 16 * 2 ** 20,
  requestSecondsMax: 30,
  redirectsMax: 5,
  /** Of one entry; longer ones are refused, never cut. */
  titleCharactersMax: 500,
  textCharactersMax: 50_000,
  keywordsMax: 200,
  distributionsMax: 500,
  /** Runs of a source whose differences are kept. */
  runsKept: 20,
} as const;

export const sourceId = id('hvs');
export const harvestRunId = id('hvr');
export const foreignEntryId = id('hve');
export const sourceKinds = ['ckan', 'dcat'] as const;
export const harvestRhythms = ['manual', 'hourly', 'daily', 'weekly'] as const;
export const harvestRunStates = ['waiting', 'running', 'done', 'failed', 'stopped'] as const;
export const differenceOutcomes = ['added', 'changed', 'withdrawn', 'refused'] as const;

/** What a source says of a data set, in words that CKAN and DCAT share. Nothing in it was reviewed here. */
export const foreignContent = z.object({
  title: z.string(),
  summary: z.string(),
  publisher: z.object({ name: z.string(), address: z.string().nullable() }).nullable(),
  licence: z.object({ title: z.string(), address: z.string().nullable() }).nullable(),
  modified: time.nullable().describe('when the source says that the data last changed'),
  keywords: z.array(z.string()),
  page: z.string().nullable().describe('where the source shows it'),
  distributions: z.array(
    z.object({
      title: z.string(),
      format: z.string().nullable(),
      access: z.string().nullable(),
      download: z.string().nullable(),
      bytes: z.number().int().nullable(),
    }),
  ),
});

const counts = z.object({
  added: z.number().int(),
  changed: z.number().int(),
  unchanged: z.number().int(),
  withdrawn: z.number().int(),
  refused: z.number().int(),
});

export const harvestRunView = z.object({
  id: harvestRunId,
  source: z.object({ id: sourceId, name }),
  dry: z.boolean().describe('only looked: nothing was written into the catalogue'),
  state: z.enum(harvestRunStates),
  incremental: z.boolean().describe('only what the source says has changed was read, beside the list of what it has'),
  complete: z.boolean().describe('all that the source has is known, so that what is gone can be told'),
  unmodified: z.boolean().describe('the source answered 304: all is as it was when it was last read whole'),
  counts,
  pages: z.number().int(),
  bytes: z.number().int(),
  total: z.number().int().nullable().describe('as the source says'),
  fault: fault.nullable(),
  job: z.string().nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
});

export const sourceView = z.object({
  id: sourceId,
  name,
  kind: z.enum(sourceKinds),
  address: z.string(),
  rhythm: z.enum(harvestRhythms),
  owner: z.object({ id: z.string(), name: z.string() }).describe('whose entries they become'),
  entries: z.number().int().describe('present at the source, as of the last run'),
  nextAt: time.nullable(),
  lastRun: harvestRunView.nullable(),
  createdAt: time,
});

export const differenceView = z.object({
  foreignId: z.string(),
  title: z.string(),
  outcome: z.enum(differenceOutcomes),
  changes: z.array(z.object({ field: z.string(), before: z.string(), after: z.string() })),
  reason: bilingual.nullable().describe('why an entry was refused'),
});

export const foreignEntryView = z.object({
  id: foreignEntryId,
  foreign: z.literal(true),
  notice: bilingual,
  foreignId: z.string(),
  source: z.object({ id: sourceId, name, kind: z.enum(sourceKinds), address: z.string() }),
  owner: z.object({ id: z.string(), name: z.string() }),
  content: foreignContent,
  withdrawnAt: time.nullable().describe('when it was found to be gone at the source'),
  harvestedAt: time.describe('when it last changed here'),
});

/** Said wherever a foreign entry is shown. */
export const foreignNotice = {
  zh: '外部目录条目：由来源自行描述，未经本所登记、审核或上架，不构成任何权利主张，不能在此下单',
  en: 'Foreign entry: described by its source; not registered, reviewed or listed here; no rights are claimed and it cannot be ordered',
} as const;

const sourceParams = z.object({ id: sourceId });
const runParams = z.object({ id: harvestRunId });
const nothing = z.object({}).strict();

export const listSources = endpoint({
  id: 'catalogue.harvestSource.list',
  method: 'GET',
  path: '/api/harvest-sources',
  summary: { zh: '目录采集源（运营方可见全部）', en: 'Harvest sources of the organisation; the operator sees all' },
  permission: 'catalogue.harvest.read',
  reply: z.object({ items: z.array(sourceView) }),
});
export const createSource = endpoint({
  id: 'catalogue.harvestSource.create',
  method: 'POST',
  path: '/api/harvest-sources',
  summary: {
    zh: '新增目录采集源',
    en: 'Name a catalogue to harvest; what comes in is the organisation’s to answer for',
  },
  permission: 'catalogue.harvest.write',
  body: z
    .object({
      name,
      kind: z.enum(sourceKinds),
      address: z
        .url({ protocol: /^https?$/ })
        .max(1000)
        .describe('of a CKAN site (without /api), or of a DCAT catalogue in JSON-LD'),
      rhythm: z.enum(harvestRhythms).default('daily'),
    })
    .strict(),
  reply: sourceView,
  status: 201,
});
export const removeSource = endpoint({
  id: 'catalogue.harvestSource.remove',
  method: 'POST',
  path: '/api/harvest-sources/:id/remove',
  summary: {
    zh: '移除采集源及其条目',
    en: 'Give a source up; its entries are shown no more, a run under way is stopped',
  },
  permission: 'catalogue.harvest.write',
  params: sourceParams,
  body: nothing,
  reply: z.object({ ok: z.literal(true) }),
});
export const startHarvest = endpoint({
  id: 'catalogue.harvestRun.start',
  method: 'POST',
  path: '/api/harvest-sources/:id/runs',
  summary: { zh: '采集或试采集', en: 'Harvest now; dry: only say what would change' },
  permission: 'catalogue.harvest.write',
  params: sourceParams,
  body: z.object({ dry: z.boolean() }).strict(),
  reply: harvestRunView,
  status: 201,
});
export const listHarvests = endpoint({
  id: 'catalogue.harvestRun.list',
  method: 'GET',
  path: '/api/harvest-runs',
  summary: { zh: '采集记录', en: 'Runs, newest first' },
  permission: 'catalogue.harvest.read',
  query: pageQuery.extend({ source: sourceId.optional(), state: z.enum(harvestRunStates).optional() }),
  reply: page(harvestRunView),
});
export const getHarvest = endpoint({
  id: 'catalogue.harvestRun.get',
  method: 'GET',
  path: '/api/harvest-runs/:id',
  summary: { zh: '一次采集', en: 'One run: how far it is, what came of it' },
  permission: 'catalogue.harvest.read',
  params: runParams,
  reply: harvestRunView,
});
export const listDifferences = endpoint({
  id: 'catalogue.harvestRun.differences',
  method: 'GET',
  path: '/api/harvest-runs/:id/differences',
  summary: {
    zh: '采集差异：逐条逐字段',
    en: 'What a run added, changed, withdrew or refused, entry by entry and field by field',
  },
  permission: 'catalogue.harvest.read',
  params: runParams,
  query: pageQuery.extend({ outcome: z.enum(differenceOutcomes).optional() }),
  reply: page(differenceView),
});
export const stopHarvest = endpoint({
  id: 'catalogue.harvestRun.stop',
  method: 'POST',
  path: '/api/harvest-runs/:id/stop',
  summary: { zh: '停止采集', en: 'Stop a run; what it has taken in stays' },
  permission: 'catalogue.harvest.write',
  params: runParams,
  body: nothing,
  reply: harvestRunView,
});
export const listForeignEntries = endpoint({
  id: 'catalogue.foreignEntry.list',
  method: 'GET',
  path: '/api/foreign-entries',
  summary: {
    zh: '外部目录条目',
    en: 'What is harvested from other catalogues, newest first; nothing of it was reviewed here',
  },
  permission: 'public',
  query: pageQuery.extend({
    search: z.string().trim().max(200).optional().describe('words, all of which must be found'),
    source: sourceId.optional(),
    withdrawn: z.enum(['true', 'false']).optional().describe('true: only those gone at their source'),
  }),
  reply: page(foreignEntryView),
});
export const getForeignEntry = endpoint({
  id: 'catalogue.foreignEntry.get',
  method: 'GET',
  path: '/api/foreign-entries/:id',
  summary: { zh: '一条外部目录条目', en: 'One foreign entry' },
  permission: 'public',
  params: z.object({ id: foreignEntryId }),
  reply: foreignEntryView,
});

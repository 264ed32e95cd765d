/** The kernel's own doors: health, clock, jobs, problems, papers, public log. */
import { z } from 'zod';
import { bilingual, day, id, json, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const health = endpoint({
  id: 'kernel.health.read',
  method: 'GET',
  path: '/api/health',
  summary: { zh: '健康检查', en: 'Health' },
  permission: 'public',
  reply: z.object({
    ok: z.boolean(),
    version: z.string(),
    node: z.string(),
    market: z.string(),
    suite: z.enum(['intl', 'sm']),
    database: z.string(),
  }),
});

export const clock = endpoint({
  id: 'kernel.clock.read',
  method: 'GET',
  path: '/api/clock',
  summary: { zh: '系统时钟', en: 'The node’s clock' },
  permission: 'public',
  reply: z.object({ now: time, simulated: z.boolean() }),
});

export const moveClock = endpoint({
  id: 'kernel.clock.move',
  method: 'POST',
  path: '/api/clock',
  summary: { zh: '推进模拟日历', en: 'Move the simulated calendar forward' },
  permission: 'kernel.clock.move',
  body: z.object({ to: time }).strict(),
  reply: z.object({ now: time, simulated: z.boolean(), done: z.number().int() }),
});

export const regions = endpoint({
  id: 'kernel.regions.list',
  method: 'GET',
  path: '/api/regions',
  summary: { zh: '行政区划代码与名称', en: 'Codes and names of administrative divisions' },
  permission: 'public',
  reply: z.object({
    standard: z.string(),
    source: z.string(),
    licence: z.string(),
    items: z.array(z.object({ code: z.string(), name: z.string() })).describe('in the order of codes'),
  }),
});

export const problems = endpoint({
  id: 'kernel.problems.list',
  method: 'GET',
  path: '/api/problems',
  summary: { zh: '问题目录', en: 'Catalogue of problems' },
  permission: 'public',
  reply: z.object({
    items: z.array(z.object({ code: z.string(), status: z.number(), title: bilingual, next: bilingual })),
  }),
});

export const job = z.object({
  id: id('job'),
  kind: z.string(),
  title: bilingual,
  state: z.enum(['queued', 'running', 'done', 'failed', 'dead', 'cancelled']),
  progress: z.number(),
  note: z.string().nullable(),
  attempts: z.number().int(),
  attemptsMax: z.number().int(),
  runAt: time,
  createdAt: time,
  finishedAt: time.nullable(),
  failure: z.string().nullable(),
  result: json.nullable(),
});

export const jobs = endpoint({
  id: 'kernel.jobs.list',
  method: 'GET',
  path: '/api/jobs',
  summary: { zh: '本单位任务', en: 'Jobs of your organisation' },
  permission: 'signedIn',
  query: pageQuery.extend({ state: job.shape.state.optional(), all: z.enum(['true', 'false']).optional() }),
  reply: page(job),
});

export const jobRead = endpoint({
  id: 'kernel.job.read',
  method: 'GET',
  path: '/api/jobs/:id',
  summary: { zh: '任务', en: 'A job' },
  permission: 'signedIn',
  params: z.object({ id: id('job') }),
  reply: job,
});

const jobChange = (verb: 'retry' | 'cancel', zh: string, en: string) =>
  endpoint({
    id: `kernel.job.${verb}`,
    method: 'POST',
    path: `/api/jobs/:id/${verb}`,
    summary: { zh, en },
    permission: 'signedIn',
    params: z.object({ id: id('job') }),
    reply: job,
  });
export const retryJob = jobChange('retry', '重试任务', 'Try a job again');
export const cancelJob = jobChange('cancel', '取消任务', 'Cancel a job');

export const stalledEvent = z.object({
  id: id('sev'),
  consumer: z.string(),
  event: z.number().int().describe('its number in the sequence of events'),
  type: z.string(),
  subject: z.string(),
  state: z.enum(['queued', 'failed', 'dead']),
  attempts: z.number().int(),
  nextAt: time.nullable().describe('when it is tried again by itself'),
  reason: z.string().nullable(),
  since: time,
});

export const stalledEvents = endpoint({
  id: 'kernel.stalledEvents.list',
  method: 'GET',
  path: '/api/stalled-events',
  summary: { zh: '滞留事件', en: 'Events that a consumer could not handle in their turn' },
  permission: 'kernel.stalledEvent.all',
  query: pageQuery.extend({ state: stalledEvent.shape.state.optional() }),
  reply: page(stalledEvent),
});

export const retryStalledEvent = endpoint({
  id: 'kernel.stalledEvent.retry',
  method: 'POST',
  path: '/api/stalled-events/:id/retry',
  summary: { zh: '重试滞留事件', en: 'Try a stalled event again' },
  permission: 'kernel.stalledEvent.all',
  params: z.object({ id: id('sev') }),
  reply: stalledEvent,
});

const figure = z.object({ text: bilingual, force: z.enum(['law', 'guide', 'operator']), confirmed: z.boolean() });
export const retention = endpoint({
  id: 'kernel.retention.read',
  method: 'GET',
  path: '/api/retention',
  summary: { zh: '保存期限与清理情况', en: 'How long records are kept, and what was pruned last' },
  permission: 'kernel.retention.read',
  reply: z.object({
    region: z.string().describe('where this node stores data'),
    classes: z.array(
      z.object({
        id: z.string(),
        title: bilingual,
        minimum: z.array(figure).describe('nothing is deleted before the longest of these'),
        maximum: figure.nullable().describe('pruned after this; null: kept until a person decides'),
        tables: z.array(z.string()).describe('whose rows are of this class unless they say otherwise'),
      }),
    ),
    pruned: z
      .object({ day, done: z.boolean(), at: time, rows: z.record(z.string(), z.number().int()) })
      .nullable()
      .describe('the last round'),
  }),
});

export const paper = z.object({
  id: id('ppr'),
  kind: z.string(),
  number: z.string(),
  title: bilingual,
  issuedAt: time,
  disclosure: z.enum(['clear', 'commitment']),
  verifyCode: z.string(),
  ready: z.boolean().describe('PDF and bundle are made once the log holds the entry'),
  withdrawnAt: time.nullable(),
  document: json,
});

export const papers = endpoint({
  id: 'kernel.papers.list',
  method: 'GET',
  path: '/api/papers',
  summary: { zh: '凭证中心', en: 'Papers of your organisation' },
  permission: 'signedIn',
  query: pageQuery.extend({ kind: z.string().max(60).optional() }),
  reply: page(paper),
});

export const paperRead = endpoint({
  id: 'kernel.paper.read',
  method: 'GET',
  path: '/api/papers/:id',
  summary: { zh: '凭证', en: 'A paper' },
  permission: 'public',
  params: z.object({ id: id('ppr') }),
  reply: paper,
});

const paperFile = (part: 'pdf' | 'bundle' | 'promise', mediaType: string, zh: string, en: string) =>
  endpoint({
    id: `kernel.paper.${part}`,
    method: 'GET',
    path: `/api/papers/:id/${part}`,
    summary: { zh, en },
    permission: 'public',
    params: z.object({ id: id('ppr') }),
    reply: z.unknown(),
    replyKind: 'bytes',
    mediaType,
  });
export const paperPdf = paperFile('pdf', 'application/pdf', '凭证 PDF', 'A paper as PDF');
export const paperBundle = paperFile('bundle', 'application/json', '凭证证据包', 'A paper’s proof bundle');
export const paperPromise = paperFile(
  'promise',
  'application/json',
  '公开日志的收录承诺（证据包生成之前）',
  'The public log’s promise to hold a paper, until its bundle is there',
);

export const verifyCode = endpoint({
  id: 'kernel.paper.verify',
  method: 'GET',
  path: '/api/verify/:code',
  summary: { zh: '按核验码查验凭证', en: 'Check a paper by its code' },
  permission: 'public',
  params: z.object({ code: z.string().regex(/^[0-9A-Za-z-]{4,40}$/) }),
  reply: z.object({
    found: z.boolean(),
    kind: z.string().optional(),
    number: z.string().optional(),
    title: bilingual.optional(),
    issuedAt: time.optional(),
    withdrawnAt: time.nullable().optional(),
    withdrawnReason: bilingual.nullable().optional(),
    issuer: z.string().optional(),
    document: json.optional().describe('only what is public by rule'),
    log: z.object({ origin: z.string(), position: z.number().int().nullable() }).optional(),
  }),
});

const check = z.object({ id: z.string(), ok: z.boolean(), zh: z.string(), en: z.string() });
/** Of the file’s text. What is larger the command line checks, without limit but its own. */
export const verifyFileCharactersMax = 2_000_000;
export const verifyFile = endpoint({
  id: 'kernel.evidence.verify',
  method: 'POST',
  path: '/api/verify',
  summary: { zh: '按文件核验证据包或回执包', en: 'Check a bundle or a file of receipts' },
  permission: 'public',
  repeatable: true,
  body: z.object({ file: z.string().max(verifyFileCharactersMax).describe('the file’s text') }).strict(),
  bodyBytesMax: 2_500_000,
  reply: z.object({
    ok: z.boolean(),
    kind: z.enum(['bundle', 'receipts']),
    title: bilingual,
    checks: z.array(check),
    notice: bilingual.describe('what the bundle does not prove'),
    withdrawn: z.boolean().nullable(),
    number: z.string().nullable(),
    receipts: z
      .object({
        grant: z.string(),
        contracts: z.array(z.string()),
        products: z.array(z.string()),
        from: time,
        until: time.describe('the first moment after the period'),
        firstAt: time.nullable(),
        lastAt: time.nullable(),
        receipts: z.number().int(),
        calls: z.number().int(),
        incompleteCalls: z.number().int(),
        rows: z.number().int(),
        bytes: z.number().int(),
        complete: z.boolean().describe('false: the next file goes on where this one ends'),
      })
      .nullable()
      .describe('what a file of receipts proves; of one that does not hold nothing is said'),
  }),
});

export const logList = endpoint({
  id: 'kernel.log.recent',
  method: 'GET',
  path: '/api/log/entries',
  summary: { zh: '公开日志最近条目', en: 'Recent clear entries of the public log' },
  permission: 'public',
  query: pageQuery.extend({ kind: z.string().max(80).optional() }),
  reply: page(
    z.object({
      position: z.number().int(),
      kind: z.string(),
      title: bilingual.nullable(),
      sequencedAt: time,
      entry: json,
    }),
  ),
});

export const trust = endpoint({
  id: 'kernel.trust.read',
  method: 'GET',
  path: '/.well-known/shugu-trust.json',
  summary: { zh: '信任文件：日志与签章公钥', en: 'Trust file: public keys of log and seals' },
  permission: 'public',
  reply: z.looseObject({}),
});

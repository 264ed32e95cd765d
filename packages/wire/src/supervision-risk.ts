/** 风险预警, 统计报表, 任务台账: what the regulator watches, counts and has to do. */
import { z } from 'zod';
import { bilingual, day, fen, id, name, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const riskLimits = {
  noteCharactersMax: 2000,
  stepsPerRiskMax: 100,
  statisticsMonthsMax: 36,
  taskTextCharactersMax: 2000,
} as const;

export const severities = ['low', 'medium', 'high'] as const;
/** `passed`: what triggered it was gone before anybody closed it. */
export const riskStates = ['open', 'handled', 'passed'] as const;
export const riskTargets = [
  'organisation',
  'order',
  'case',
  'directive',
  'certificate',
  'report',
  'difference',
  'grant',
] as const;
export const riskSteps = ['note', 'handle', 'reopen'] as const;
export const riskId = id('rsk');

const party = z.object({ id: z.string(), name: z.string() });
const count = z.number().int();
const note = z.string().trim().min(1).max(riskLimits.noteCharactersMax);

export const risk = z.object({
  id: riskId,
  rule: z.string(),
  title: bilingual,
  severity: z.enum(severities),
  state: z.enum(riskStates),
  present: z.boolean().describe('whether what triggered it still holds'),
  target: z.object({ kind: z.enum(riskTargets), id: z.string(), name: z.string() }),
  organisation: party.nullable().describe('whom it concerns'),
  cause: bilingual.describe('what was found, with its figures'),
  foundAt: time,
  endedAt: time.nullable(),
});

export const listRisks = endpoint({
  id: 'supervision.risk.list',
  method: 'GET',
  path: '/api/supervision/risks',
  summary: { zh: '风险预警', en: 'Risk warnings' },
  permission: 'supervision.risk.read',
  query: pageQuery.extend({
    rule: z.string().max(60).optional(),
    severity: z.enum(severities).optional(),
    state: z.enum(riskStates).optional(),
    organisation: id('org').optional(),
    order: z.enum(['severity', 'latest']).optional().describe('the gravest first, or the latest'),
  }),
  reply: page(risk),
});
export const readRisk = endpoint({
  id: 'supervision.risk.read',
  method: 'GET',
  path: '/api/supervision/risks/:id',
  summary: { zh: '一条风险预警：因何触发、如何处置', en: 'One warning: what triggered it and what was done' },
  permission: 'supervision.risk.read',
  params: z.object({ id: riskId }),
  reply: risk.extend({
    meaning: bilingual.describe('what to do about it'),
    figures: z.array(
      z.object({ title: bilingual, value: z.number(), unit: z.string(), source: z.string(), confirmed: z.boolean() }),
    ),
    pack: z.string(),
    steps: z.array(z.object({ kind: z.enum(riskSteps), by: z.string(), text: z.string(), at: time })),
    directives: z.array(
      z.object({ id: z.string(), number: z.string(), measure: z.string(), state: z.string(), at: time }),
    ),
  }),
});
export const stepRisk = endpoint({
  id: 'supervision.risk.step',
  method: 'POST',
  path: '/api/supervision/risks/:id/steps',
  summary: { zh: '记录处置、办结或重新打开', en: 'Note what was done, close the warning or open it again' },
  permission: 'supervision.risk.handle',
  params: z.object({ id: riskId }),
  body: z.object({ kind: z.enum(riskSteps), text: note }).strict(),
  reply: risk,
});
export const riskRules = endpoint({
  id: 'supervision.riskRule.list',
  method: 'GET',
  path: '/api/supervision/risk-rules',
  summary: { zh: '预警规则与阈值', en: 'The rules of warnings with their thresholds' },
  permission: 'supervision.risk.read',
  reply: z.object({
    pack: z.string().nullable().describe('null: no pack of rules is in force, nothing is watched'),
    items: z.array(
      z.object({
        rule: z.string(),
        title: bilingual,
        meaning: bilingual,
        severity: z.enum(severities),
        open: count,
        figures: z.array(
          z.object({
            title: bilingual,
            value: z.number(),
            unit: z.string(),
            source: z.string(),
            confirmed: z.boolean(),
          }),
        ),
      }),
    ),
  }),
});

// 统计报表

export const statisticsBy = ['month', 'region', 'industry', 'kind'] as const;
const month = z.string().regex(/^20\d{2}-(0[1-9]|1[0-2])$/);
const statisticsQuery = z.object({ from: month, until: month, by: z.enum(statisticsBy).optional() }).strict();
const counted = {
  signed: fen,
  settled: fen,
  filed: fen,
  orders: count,
  listings: count,
  certificates: count,
  members: count,
};
export const statistics = endpoint({
  id: 'supervision.statistics.read',
  method: 'GET',
  path: '/api/supervision/statistics',
  summary: { zh: '统计报表：按月、地区、行业或产品类别', en: 'Figures by month, region, industry or kind of product' },
  permission: 'supervision.market.read',
  query: statisticsQuery,
  reply: z.object({
    by: z.enum(statisticsBy),
    from: month,
    until: month,
    rows: z.array(z.object({ key: z.string().describe('empty: not stated'), ...counted })),
    totals: z.object(counted).describe('signed, settled and filed are never added up'),
  }),
});
export const statisticsSheet = endpoint({
  id: 'supervision.statistics.sheet',
  method: 'GET',
  path: '/api/supervision/statistics/xlsx',
  summary: { zh: '统计报表电子表格', en: 'The same figures as a spreadsheet' },
  permission: 'supervision.market.read',
  query: statisticsQuery,
  reply: z.string(),
  replyKind: 'bytes',
  mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
});

// 任务台账

export const taskId = id('tsk');
export const taskStates = ['open', 'done', 'cancelled'] as const;
export const ledgerKinds = ['task', 'directive', 'legalHold'] as const;
export const task = z.object({
  id: taskId,
  title: z.string(),
  text: z.string(),
  state: z.enum(taskStates),
  dueOn: day,
  owner: z.string(),
  result: z.string().nullable(),
  createdAt: time,
  endedAt: time.nullable(),
});
export const createTask = endpoint({
  id: 'supervision.task.create',
  method: 'POST',
  path: '/api/supervision/tasks',
  summary: { zh: '登记监管任务', en: 'Enter a task of the regulator' },
  permission: 'supervision.task.manage',
  body: z
    .object({
      title: name,
      text: z.string().trim().max(riskLimits.taskTextCharactersMax).default(''),
      dueOn: day,
      owner: name.describe('who does it'),
    })
    .strict(),
  reply: task,
  status: 201,
});
export const endTask = endpoint({
  id: 'supervision.task.end',
  method: 'POST',
  path: '/api/supervision/tasks/:id/end',
  summary: { zh: '办结或撤销监管任务', en: 'Finish or cancel a task, saying with what result' },
  permission: 'supervision.task.manage',
  params: z.object({ id: taskId }),
  body: z.object({ state: z.enum(['done', 'cancelled']), result: note }).strict(),
  reply: task,
});
export const ledger = endpoint({
  id: 'supervision.ledger.list',
  method: 'GET',
  path: '/api/supervision/ledger',
  summary: { zh: '任务台账：任务、指令、封存及其期限', en: 'What the regulator has to follow, by deadline' },
  permission: 'supervision.directive.read',
  query: pageQuery.extend({
    kind: z.enum(ledgerKinds).optional(),
    open: z.enum(['true', 'false']).optional(),
    late: z.literal('true').optional().describe('only what is past its deadline'),
  }),
  reply: page(
    z.object({
      kind: z.enum(ledgerKinds),
      id: z.string(),
      number: z.string().nullable(),
      title: z.string(),
      state: z.string(),
      waits: z.enum(['doing', 'confirm', 'answer', 'nothing']).describe('what is still to come'),
      owner: z.string(),
      dueAt: time.nullable(),
      late: z.boolean(),
      result: z.string().nullable(),
      createdAt: time,
    }),
  ),
});

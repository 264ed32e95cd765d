/** Cases (办件): procedures as tables, their queue, timeline, papers, served notices (送达) and public notices (公示). */
import { z } from 'zod';
import { bilingual, digest, id, name, ok, page, pageQuery, text, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const caseLimits = {
  /** Fields of one form, and of one record in a list. */
  fieldsMax: 60,
  listItemsMax: 100,
  dataBytesMax: 200_000,
  inputBytesMax: 50_000,
  papersPerCaseMax: 200,
  papersPerParticipantMax: 40,
  paperBytesMax: 50 * 1024 * 1024,
  movesPerCaseMax: 500,
} as const;

const ruleKey = z.string().regex(/^[a-z][A-Za-z0-9]{0,59}$/);
const key = ruleKey;
export const procedureId = z
  .string()
  .regex(/^[a-z][A-Za-z0-9-]*(\.[a-z][A-Za-z0-9]*)?$/)
  .max(80);

export const personalMark = z.enum(['private', 'notice']);

/** A field of a form: what the portal draws and the engine checks. */
export const field = z.object({
  id: key,
  title: bilingual,
  help: bilingual.optional(),
  type: z.enum([
    'text',
    'longText',
    'number',
    'date',
    'boolean',
    'choice',
    'choices',
    'list',
    'records',
    'object',
    'parties',
  ]),
  required: z.boolean().optional(),
  /** A figure, or the rule that gives it. */
  charactersMax: z.union([z.number().int().positive(), z.object({ rule: ruleKey })]).optional(),
  /** What an excess does: a reference form's "not more than, as a rule" (不宜超过) only warns. */
  exceeding: z.enum(['warn', 'refuse']).optional(),
  pattern: z.string().max(300).optional(),
  min: z.number().optional(),
  max: z.union([z.number(), z.object({ rule: ruleKey })]).optional(),
  unit: z.string().max(30).optional(),
  choices: z
    .array(z.object({ id: z.string().max(60), title: bilingual }))
    .max(200)
    .optional(),
  itemsMax: z.number().int().positive().max(caseLimits.listItemsMax).optional(),
  /** Fields of one record of `records`. */
  get fields() {
    return z.array(field).max(caseLimits.fieldsMax).optional();
  },
  /** `parties`: the organisations named here become this party of the case. */
  party: key.optional(),
  /**
   * Data of a person, kept sealed. `private`: for those who see the whole case; `notice`: rules let a public notice name it,
   * such as the name of an applicant.
   */
  personal: personalMark.optional(),
  /** `records`: the field whose number says whom a record is about; what is personal in it lies under that person's key. */
  subject: key.optional(),
});
/** Stands where a personal value was, once the key that it was sealed with is destroyed. */
export const erasedValue = { erased: true } as const;
export const isErased = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  (value as { erased?: unknown }).erased === true;
export type Field = z.infer<typeof field>;

export const turn = z.string().regex(/^(applicant|handler|system|public|nobody|party:[a-z][A-Za-z0-9]*)$/);
const data = z.record(z.string(), z.json());

export const procedureView = z.object({
  id: procedureId,
  pack: z.string().describe('rule pack and version, id@version'),
  title: bilingual,
  summary: bilingual.optional(),
  handlerRole: z.string(),
  applicantRoles: z.array(z.string()).describe('empty: any member'),
  form: z.array(field),
  papers: z.array(z.object({ id: z.string(), title: bilingual, sensitive: z.boolean(), required: z.boolean() })),
  start: z.string(),
  states: z.array(
    z.object({
      id: z.string(),
      title: bilingual,
      phase: z.string(),
      turn,
      next: bilingual,
      public: z.array(z.string()).nullable(),
      end: z.boolean(),
    }),
  ),
  moves: z.array(
    z.object({
      id: z.string(),
      title: bilingual,
      from: z.array(z.string()),
      to: z.string(),
      by: z.array(z.string()),
      permission: z.string().nullable(),
      input: z.array(field),
      form: z.enum(['none', 'part', 'whole']),
      papers: z.array(z.string()),
    }),
  ),
  clocks: z.array(z.object({ id: z.string(), title: bilingual, dueTo: z.string(), rule: z.string().nullable() })),
});

export const clockView = z.object({
  clock: z.string(),
  title: bilingual,
  dueTo: z.string(),
  startedAt: time,
  dueAt: time.nullable().describe('end of the last day; null while paused'),
  paused: z.boolean(),
  remainingWorkingDays: z.number().int().nullable(),
  extendedBy: z.number().int(),
  overdue: z.boolean(),
  provisional: z.boolean().describe('the holiday notice of a year concerned is not known yet'),
});

export const paperView = z.object({
  id: id('pap'),
  kind: z.string(),
  title: bilingual,
  name: z.string(),
  mediaType: z.string(),
  bytes: z.number().int(),
  digest,
  sensitive: z.boolean(),
  participant: z.string(),
  at: time,
});

export const caseSummary = z.object({
  id: id('cas'),
  procedure: procedureId,
  procedureTitle: bilingual,
  title: z.string(),
  subject: z.string().nullable(),
  participant: z.string(),
  handler: z.string(),
  state: z.string(),
  stateTitle: bilingual,
  turn,
  next: bilingual,
  filedAt: time,
  endedAt: time.nullable(),
  dueAt: time.nullable(),
  overdue: z.boolean(),
  version: z.number().int(),
});

export const caseView = caseSummary.extend({
  pack: z.string(),
  /** `whole` to those concerned; `public` shows public fields only. */
  seen: z.enum(['whole', 'public']),
  data,
  outcome: data,
  parties: z.record(z.string(), z.array(z.string())),
  clocks: z.array(clockView),
  papers: z.array(paperView),
  moves: z.array(
    z.object({
      id: z.string(),
      title: bilingual,
      allowed: z.boolean(),
      reason: bilingual.nullable(),
      input: z.array(field),
      form: z.enum(['none', 'part', 'whole']),
      papers: z.array(z.string()),
    }),
  ),
});

export const warning = z.object({ field: z.string(), text: bilingual });
export const caseReply = caseView.extend({ warnings: z.array(warning) });

export const timelineEntry = z.object({
  sequence: z.number().int(),
  at: time,
  move: z.string(),
  title: bilingual,
  from: z.string().nullable(),
  to: z.string(),
  toTitle: bilingual,
  by: z.string().describe('applicant, handler, system, or a party'),
  participant: z.string().nullable(),
  person: z.string().nullable(),
  input: data.nullable(),
  log: z
    .enum(['clear', 'commitment'])
    .nullable()
    .describe('how the step stands in the public log; its proof can be fetched'),
});

export const noticeView = z.object({
  id: id('ntc'),
  case: id('cas').nullable(),
  participant: z.string().describe('organisation served'),
  subject: z.string(),
  title: z.string().nullable().describe('title of the case; null where it was not kept yet'),
  dueAt: time.nullable().describe('end of the limit that then ran for the organisation served'),
  text: bilingual,
  createdAt: time,
  servedAt: time.nullable().describe('送达: when clocks that start with service begin'),
  readAt: time.nullable(),
  digest,
});

export const publicNoticeView = z.object({
  case: id('cas'),
  procedure: procedureId,
  procedureTitle: bilingual,
  title: z.string(),
  handler: z.string(),
  state: z.string(),
  stateTitle: bilingual,
  publishedAt: time,
  /** End of the notice period, where one runs. */
  until: time.nullable(),
  objectionOpen: z.boolean(),
  fields: z.array(z.object({ id: z.string(), title: bilingual, value: z.json() })),
});

export const ruleView = z.object({
  id: z.string(),
  title: bilingual,
  value: z.json(),
  unit: z.string(),
  force: z.enum(['law', 'guide', 'operator']),
  confirmed: z.boolean(),
  source: z.object({ instrument: z.string(), article: z.string() }),
  validFrom: z.string(),
  validTo: z.string().nullable(),
  text: bilingual.describe('the rule in a sentence with its standing; an unconfirmed one says so'),
});
export const rulePackView = z.object({
  id: z.string(),
  version: z.string(),
  title: bilingual,
  validFrom: z.string(),
  validTo: z.string().nullable(),
  rules: z.array(ruleView),
  procedures: z.array(z.object({ id: procedureId, title: bilingual })),
});

const caseParams = z.object({ case: id('cas') });

export const cases = {
  procedures: endpoint({
    id: 'cases.procedure.list',
    method: 'GET',
    path: '/api/procedures',
    summary: { zh: '办事事项', en: 'Procedures' },
    permission: 'public',
    reply: z.object({ items: z.array(procedureView) }),
  }),
  procedure: endpoint({
    id: 'cases.procedure.get',
    method: 'GET',
    path: '/api/procedures/:procedure',
    summary: { zh: '办事事项详情', en: 'One procedure' },
    permission: 'public',
    params: z.object({ procedure: procedureId }),
    reply: procedureView,
  }),
  drawing: endpoint({
    id: 'cases.procedure.draw',
    method: 'GET',
    path: '/api/procedures/:procedure/drawing',
    summary: { zh: '办理流程图', en: 'Drawing of a procedure' },
    permission: 'public',
    params: z.object({ procedure: procedureId }),
    query: z.object({ language: z.enum(['zh', 'en']).optional() }),
    reply: z.object({ mermaid: z.string(), svg: z.string() }),
  }),
  rulePacks: endpoint({
    id: 'cases.rulePack.list',
    method: 'GET',
    path: '/api/rule-packs',
    summary: { zh: '规则包', en: 'Rule packs' },
    permission: 'public',
    reply: z.object({ items: z.array(rulePackView) }),
  }),
  file: endpoint({
    id: 'cases.case.file',
    method: 'POST',
    path: '/api/cases',
    summary: { zh: '申办', en: 'File a case' },
    permission: 'signedIn',
    body: z.object({
      procedure: procedureId,
      handler: z.string().min(1).max(80),
      subject: z.string().max(80).optional(),
      title: name,
      data: data.default({}),
    }),
    status: 201,
    reply: caseReply,
  }),
  queue: endpoint({
    id: 'cases.case.list',
    method: 'GET',
    path: '/api/cases',
    summary: { zh: '办件列表', en: 'Cases' },
    permission: 'signedIn',
    query: pageQuery.extend({
      view: z
        .enum(['mine', 'handling', 'waiting', 'overdue', 'supervised'])
        .describe('filed by us, handled by us, whose next step is ours, past their limit, all (regulator)'),
      procedure: procedureId.optional(),
      state: z.string().max(60).optional(),
      subject: z.string().max(80).optional(),
      open: z.stringbool().optional(),
    }),
    reply: page(caseSummary),
  }),
  get: endpoint({
    id: 'cases.case.get',
    method: 'GET',
    path: '/api/cases/:case',
    summary: { zh: '办件详情', en: 'One case' },
    permission: 'signedIn',
    params: caseParams,
    reply: caseView,
  }),
  timeline: endpoint({
    id: 'cases.case.timeline',
    method: 'GET',
    path: '/api/cases/:case/timeline',
    summary: { zh: '办理过程', en: 'Timeline of a case' },
    permission: 'signedIn',
    params: caseParams,
    reply: z.object({ items: z.array(timelineEntry) }),
  }),
  stepProof: endpoint({
    id: 'cases.step.proof',
    method: 'GET',
    path: '/api/cases/:case/steps/:sequence/proof',
    summary: { zh: '办理步骤的存证', en: 'Proof of a step in the public log' },
    permission: 'signedIn',
    params: caseParams.extend({ sequence: z.coerce.number().int().min(1).max(100_000) }),
    reply: z.unknown(),
    replyKind: 'bytes',
    mediaType: 'application/json',
  }),
  move: endpoint({
    id: 'cases.case.move',
    method: 'POST',
    path: '/api/cases/:case/moves',
    summary: { zh: '办理', en: 'Take a step' },
    permission: 'signedIn',
    params: caseParams,
    body: z.object({
      move: z.string().min(1).max(60),
      input: data.default({}),
      /** New values of the form, for steps that submit or correct it. */
      form: data.optional(),
      ifVersion: z.number().int().optional(),
    }),
    reply: caseReply,
  }),
  erase: endpoint({
    id: 'cases.person.erase',
    method: 'POST',
    path: '/api/cases/:case/erasure',
    summary: {
      zh: '删除办结且保存期满办件中的个人信息（不可恢复）',
      en: 'Erase personal data of cases that are over and need not be kept; cannot be undone',
    },
    permission: 'cases.person.erase',
    params: caseParams,
    body: z
      .object({
        number: z
          .string()
          .trim()
          .min(1)
          .max(60)
          .optional()
          .describe(
            'identity or credit code of one person, in every case; absent: whom this case names without a number',
          ),
      })
      .strict(),
    reply: ok,
  }),
  addPaper: endpoint({
    id: 'cases.paper.add',
    method: 'POST',
    path: '/api/cases/:case/papers',
    summary: { zh: '上传材料', en: 'Attach a paper' },
    permission: 'signedIn',
    params: caseParams,
    query: z.object({
      kind: key,
      name,
      mediaType: z
        .string()
        .regex(/^[\w.+-]+\/[\w.+-]+$/)
        .max(120)
        .default('application/octet-stream'),
    }),
    rawBody: true,
    status: 201,
    reply: paperView,
  }),
  getPaper: endpoint({
    id: 'cases.paper.get',
    method: 'GET',
    path: '/api/cases/:case/papers/:paper',
    summary: { zh: '下载材料', en: 'Download a paper' },
    permission: 'signedIn',
    params: z.object({ case: id('cas'), paper: id('pap') }),
    reply: z.unknown(),
    replyKind: 'bytes',
    readsLogged: true,
  }),
  notices: endpoint({
    id: 'cases.notice.list',
    method: 'GET',
    path: '/api/notices',
    summary: { zh: '送达文书', en: 'Notices served on us' },
    permission: 'signedIn',
    query: pageQuery.extend({ unread: z.stringbool().optional() }),
    reply: page(noticeView),
  }),
  readNotice: endpoint({
    id: 'cases.notice.read',
    method: 'POST',
    path: '/api/notices/:notice/read',
    summary: { zh: '签收文书', en: 'Receive a notice' },
    permission: 'signedIn',
    params: z.object({ notice: id('ntc') }),
    reply: ok,
  }),
  caseNotices: endpoint({
    id: 'cases.notice.ofCase',
    method: 'GET',
    path: '/api/cases/:case/notices',
    summary: { zh: '本办件的送达文书', en: 'Notices served in a case' },
    permission: 'signedIn',
    params: caseParams,
    query: pageQuery,
    reply: page(noticeView),
  }),
  noticeProof: endpoint({
    id: 'cases.notice.proof',
    method: 'GET',
    path: '/api/notices/:notice/proof',
    summary: { zh: '送达回证（证据包）', en: 'Proof of service, as a bundle' },
    permission: 'signedIn',
    params: z.object({ notice: id('ntc') }),
    query: z.object({
      how: z.enum(['inbox', 'read']).default('inbox').describe('delivered into the inbox, or read there'),
    }),
    reply: z.unknown(),
    replyKind: 'bytes',
    mediaType: 'application/json',
  }),
  publicNotices: endpoint({
    id: 'cases.publicNotice.list',
    method: 'GET',
    path: '/api/public-notices',
    summary: { zh: '公示公告', en: 'Public notices' },
    permission: 'public',
    query: pageQuery.extend({
      procedure: procedureId.optional(),
      running: z.stringbool().optional(),
      text: text.optional(),
    }),
    reply: page(publicNoticeView),
  }),
  publicNotice: endpoint({
    id: 'cases.publicNotice.get',
    method: 'GET',
    path: '/api/public-notices/:case',
    summary: { zh: '公示详情', en: 'One public notice' },
    permission: 'public',
    params: caseParams,
    reply: publicNoticeView,
  }),
};

/** The regulator's view over the market, directives (监管指令), suspensions that two people of the operator order. */
import { z } from 'zod';
import { contractId } from './agreements.ts';
import { productId } from './catalogue.ts';
import { bilingual, fen, id, name, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { listingId, orderId } from './market.ts';
import { grantId } from './metering.ts';
import { resourceId } from './registry.ts';

export const supervisionLimits = {
  /** Working days that a directive may give for its answer. */
  answerDaysMax: 60,
  answersPerDirectiveMax: 50,
  answerCharactersMax: 5000,
  reasonCharactersMax: 2000,
  /** Objects of one kind in a trace; `cut` names the kinds that have more. */
  tracedPerKindMax: 200,
} as const;

export const directiveId = id('dir');
export const suspensionId = id('ssp');
export const targetKinds = ['listing', 'product', 'organisation', 'grant', 'contract'] as const;
/** `lift` is a directive too: it ends the one that it names. */
export const measures = ['freeze', 'suspendListing', 'explain', 'lift'] as const;
export const directiveStates = ['proposed', 'declined', 'effective', 'lapsed', 'lifted', 'done'] as const;

const reason = z.string().trim().min(1).max(supervisionLimits.reasonCharactersMax);
const party = z.object({ id: z.string(), name: z.string() });
const aimedAt = <K extends string>(kind: K, of: z.ZodString) => z.object({ kind: z.literal(kind), id: of }).strict();
const used = [aimedAt('product', productId), aimedAt('grant', grantId), aimedAt('contract', contractId)] as const;
const target = z.discriminatedUnion('kind', [
  aimedAt('listing', listingId),
  aimedAt('organisation', id('org')),
  ...used,
]);

export const answer = z.object({
  by: party,
  person: z.string(),
  text: z.string(),
  late: z.boolean(),
  at: time,
});
export const directive = z.object({
  id: directiveId,
  number: z.string(),
  state: z.enum(directiveStates),
  measure: z.enum(measures),
  emergency: z.boolean(),
  basis: z.string(),
  reason: z.string(),
  target: z.object({ kind: z.enum(targetKinds), id: z.string(), name: z.string() }),
  addressees: z.array(party),
  lifts: directiveId.nullable(),
  answerDays: z.number().int().nullable().describe('working days'),
  answerBy: time.nullable(),
  overdue: z.boolean().describe('no answer when the deadline passed'),
  confirmBy: time.nullable().describe('an emergency freeze lapses unless another person confirms it by then'),
  issuedBy: z.string(),
  confirmedBy: z.string().nullable(),
  paper: z.string().nullable(),
  effect: z
    .object({ grants: z.number().int(), listings: z.number().int() })
    .nullable()
    .describe('what stopped when it took effect'),
  answers: z.array(answer),
  createdAt: time,
  effectiveAt: time.nullable(),
  endedAt: time.nullable(),
});

const directiveParams = z.object({ id: directiveId });
const directives = '/api/supervision/directives';

export const createDirective = endpoint({
  id: 'supervision.directive.issue',
  method: 'POST',
  path: directives,
  summary: { zh: '下达监管指令（紧急冻结即时生效）', en: 'Issue a directive; an emergency freeze acts at once' },
  permission: 'supervision.directive.issue',
  body: z
    .object({
      target,
      measure: z.enum(['freeze', 'suspendListing', 'explain']),
      emergency: z.boolean().default(false).describe('freeze only'),
      basis: name.describe('the law or rule that it stands on'),
      reason,
      answerDays: z.number().int().min(1).max(supervisionLimits.answerDaysMax).optional(),
    })
    .strict(),
  reply: directive,
  status: 201,
});
export const liftDirective = endpoint({
  id: 'supervision.directive.lift',
  method: 'POST',
  path: `${directives}/:id/lift`,
  summary: { zh: '拟制解除指令', en: 'Draft the directive that lifts this one' },
  permission: 'supervision.directive.issue',
  params: directiveParams,
  body: z.object({ basis: name, reason }).strict(),
  reply: directive,
  status: 201,
});
export const confirmDirective = endpoint({
  id: 'supervision.directive.confirm',
  method: 'POST',
  path: `${directives}/:id/confirm`,
  summary: { zh: '复核确认监管指令', en: 'Confirm a directive, as another person' },
  permission: 'supervision.directive.confirm',
  params: directiveParams,
  body: z.object({}).strict(),
  reply: directive,
});
export const declineDirective = endpoint({
  id: 'supervision.directive.decline',
  method: 'POST',
  path: `${directives}/:id/decline`,
  summary: { zh: '复核不同意；紧急冻结随即失效', en: 'Decline to confirm; an emergency freeze ends with it' },
  permission: 'supervision.directive.confirm',
  params: directiveParams,
  body: z.object({ reason }).strict(),
  reply: directive,
});
export const answerDirective = endpoint({
  id: 'supervision.directive.answer',
  method: 'POST',
  path: `${directives}/:id/answers`,
  summary: { zh: '反馈监管指令', en: 'Answer a directive, as an addressee or the operator' },
  // A frozen member has no permissions left and must still be heard; the directive itself says who may answer.
  permission: 'signedIn',
  params: directiveParams,
  body: z.object({ text: z.string().trim().min(1).max(supervisionLimits.answerCharactersMax) }).strict(),
  reply: directive,
});
export const readDirective = endpoint({
  id: 'supervision.directive.read',
  method: 'GET',
  path: `${directives}/:id`,
  summary: { zh: '监管指令', en: 'One directive' },
  permission: 'signedIn',
  params: directiveParams,
  reply: directive,
});
export const listDirectives = endpoint({
  id: 'supervision.directive.list',
  method: 'GET',
  path: directives,
  summary: { zh: '监管指令列表', en: 'Directives: all for the regulator, what concerns them for others' },
  permission: 'signedIn',
  query: pageQuery.extend({ state: z.enum(directiveStates).optional() }),
  reply: page(directive),
});

// What an operator stops by two people of its own.

export const suspensionStates = ['proposed', 'declined', 'effective', 'lifted'] as const;
export const suspension = z.object({
  id: suspensionId,
  state: z.enum(suspensionStates),
  target: z.object({ kind: z.enum(['product', 'grant', 'contract']), id: z.string(), name: z.string() }),
  reason: z.string(),
  proposedBy: z.string(),
  confirmedBy: z.string().nullable(),
  liftedBy: z.string().nullable(),
  liftReason: z.string().nullable(),
  createdAt: time,
  effectiveAt: time.nullable(),
  endedAt: time.nullable(),
});
const suspensionParams = z.object({ id: suspensionId });

export const proposeSuspension = endpoint({
  id: 'supervision.suspension.propose',
  method: 'POST',
  path: '/api/suspensions',
  summary: { zh: '提出暂停使用', en: 'Propose to stop use' },
  permission: 'supervision.suspension.propose',
  body: z.object({ target: z.discriminatedUnion('kind', used), reason }).strict(),
  reply: suspension,
  status: 201,
});
export const confirmSuspension = endpoint({
  id: 'supervision.suspension.confirm',
  method: 'POST',
  path: '/api/suspensions/:id/confirm',
  summary: { zh: '复核确认暂停使用', en: 'Confirm it, as another person' },
  permission: 'supervision.suspension.confirm',
  params: suspensionParams,
  body: z.object({}).strict(),
  reply: suspension,
});
export const declineSuspension = endpoint({
  id: 'supervision.suspension.decline',
  method: 'POST',
  path: '/api/suspensions/:id/decline',
  summary: { zh: '不同意暂停使用', en: 'Decline the proposal' },
  permission: 'supervision.suspension.confirm',
  params: suspensionParams,
  body: z.object({}).strict(),
  reply: suspension,
});
export const liftSuspension = endpoint({
  id: 'supervision.suspension.lift',
  method: 'POST',
  path: '/api/suspensions/:id/lift',
  summary: { zh: '解除暂停使用', en: 'Lift it' },
  permission: 'supervision.suspension.confirm',
  params: suspensionParams,
  body: z.object({ reason }).strict(),
  reply: suspension,
});
export const listSuspensions = endpoint({
  id: 'supervision.suspension.list',
  method: 'GET',
  path: '/api/suspensions',
  summary: { zh: '暂停使用列表', en: 'Suspensions by the operator' },
  permission: 'supervision.suspension.read',
  query: pageQuery,
  reply: page(suspension),
});

// 封存: what a legal hold covers is neither erased nor pruned. Operator and regulator each order theirs by two people.

export const legalHoldStates = ['proposed', 'declined', 'effective', 'lifting', 'lifted', 'expired'] as const;
export const legalHoldTargetKinds = ['organisation', 'resource', 'order', 'contract', 'case'] as const;
const holdId = id('lgh');

export const legalHold = z.object({
  id: holdId,
  state: z.enum(legalHoldStates),
  by: party.describe('the operator or the regulator'),
  target: z.object({ kind: z.enum(legalHoldTargetKinds), id: z.string(), name: z.string() }),
  concerns: z.array(party).describe('organisations whose records are kept with the target'),
  basis: z.string(),
  reason: z.string().nullable().describe('for operator and regulator'),
  until: time.nullable(),
  proposedBy: z.string().nullable(),
  confirmedBy: z.string().nullable(),
  liftProposedBy: z.string().nullable(),
  liftedBy: z.string().nullable(),
  liftReason: z.string().nullable(),
  /** Whether the reader's organisation ordered it, and so may confirm and lift it. */
  own: z.boolean(),
  createdAt: time,
  effectiveAt: time.nullable(),
  endedAt: time.nullable(),
});
const holdParams = z.object({ id: holdId });
const holds = '/api/legal-holds';

export const proposeLegalHold = endpoint({
  id: 'supervision.legalHold.propose',
  method: 'POST',
  path: holds,
  summary: { zh: '提出封存', en: 'Propose a legal hold' },
  permission: 'supervision.legalHold.propose',
  body: z
    .object({
      target: z.discriminatedUnion('kind', [
        aimedAt('organisation', id('org')),
        aimedAt('resource', resourceId),
        aimedAt('order', orderId),
        aimedAt('contract', contractId),
        aimedAt('case', id('cas')),
      ]),
      basis: name.describe('the law, order or file that it stands on'),
      reason,
      until: time.optional().describe('absent: until it is lifted'),
    })
    .strict(),
  reply: legalHold,
  status: 201,
});
export const confirmLegalHold = endpoint({
  id: 'supervision.legalHold.confirm',
  method: 'POST',
  path: `${holds}/:id/confirm`,
  summary: { zh: '复核确认封存或解除', en: 'Confirm the hold or its lifting, as another person' },
  permission: 'supervision.legalHold.confirm',
  params: holdParams,
  body: z.object({}).strict(),
  reply: legalHold,
});
export const declineLegalHold = endpoint({
  id: 'supervision.legalHold.decline',
  method: 'POST',
  path: `${holds}/:id/decline`,
  summary: { zh: '不同意封存或解除', en: 'Decline the hold or its lifting' },
  permission: 'supervision.legalHold.confirm',
  params: holdParams,
  body: z.object({}).strict(),
  reply: legalHold,
});
export const liftLegalHold = endpoint({
  id: 'supervision.legalHold.lift',
  method: 'POST',
  path: `${holds}/:id/lift`,
  summary: { zh: '提出解除封存', en: 'Propose to lift it' },
  permission: 'supervision.legalHold.propose',
  params: holdParams,
  body: z.object({ reason }).strict(),
  reply: legalHold,
});
export const listLegalHolds = endpoint({
  id: 'supervision.legalHold.list',
  method: 'GET',
  path: holds,
  summary: {
    zh: '封存列表',
    en: 'Legal holds: all in force for operator and regulator, their own for those concerned',
  },
  permission: 'signedIn',
  query: pageQuery.extend({
    target: z.string().max(60).optional().describe('identifier of what is held'),
    state: z.enum(legalHoldStates).optional(),
  }),
  reply: page(legalHold),
});

// 监管驾驶舱, 时限与超期, 全链条溯源

const count = z.number().int();
export const overview = endpoint({
  id: 'supervision.overview.read',
  method: 'GET',
  path: '/api/supervision/overview',
  summary: { zh: '监管驾驶舱', en: 'The market at a glance' },
  permission: 'supervision.market.read',
  reply: z.object({
    at: time,
    members: z.array(z.object({ role: z.string(), active: count, suspended: count })),
    listings: z.array(z.object({ state: z.string(), count })),
    orders: z.array(z.object({ state: z.string(), count })),
    directives: z.array(z.object({ state: z.string(), count })),
    turnover: z.object({ signed: fen, settled: fen, filed: fen }).describe('never added up'),
    overdueCases: count,
    openComplaints: count,
    openRisks: count,
    usage: z.object({ calls: z.string(), rows: z.string(), bytes: z.string() }),
    reconciliation: z
      .object({ day: z.string(), matched: count, differences: count, closed: z.boolean(), ranAt: time })
      .nullable()
      .describe('the last one'),
    log: z.object({ origin: z.string(), size: z.string() }),
  }),
});

export const overdue = endpoint({
  id: 'supervision.overdue.list',
  method: 'GET',
  path: '/api/supervision/overdue',
  summary: { zh: '超期办件', en: 'Cases past their limit, the longest first' },
  permission: 'supervision.market.read',
  query: pageQuery,
  reply: page(
    z.object({
      case: z.string(),
      procedure: z.string(),
      procedureTitle: bilingual,
      title: z.string(),
      state: z.string(),
      turn: z.string().describe('whose step is late'),
      applicant: party,
      handler: party,
      dueAt: time,
      workingDaysLate: count,
    }),
  ),
});

const node = { id: z.string(), state: z.string(), at: time };
export const traced = z.object({
  start: z.object({ kind: z.enum(['certificate', 'listing', 'order', 'contract']), id: z.string(), code: z.string() }),
  resources: z.array(z.object({ ...node, name: z.string(), holder: party })),
  rights: z.array(
    z.object({
      ...node,
      resource: z.string(),
      right: z.string(),
      holder: z.string(),
      certificate: z.string(),
      until: time,
    }),
  ),
  certificates: z.array(z.object({ ...node, code: z.string(), resource: z.string(), registrar: party, until: time })),
  products: z.array(z.object({ ...node, name: z.string(), supplier: party })),
  versions: z.array(
    z.object({ id: z.string(), product: z.string(), number: count, resources: z.array(z.string()), at: time }),
  ),
  listings: z.array(z.object({ ...node, number: z.string().nullable(), product: z.string(), version: z.string() })),
  orders: z.array(
    z.object({
      ...node,
      number: z.string(),
      listing: z.string(),
      buyer: party,
      supplier: party,
      contract: z.string().nullable(),
    }),
  ),
  contracts: z.array(
    z.object({
      ...node,
      number: z.string().nullable(),
      order: z.string().nullable(),
      buyer: party,
      supplier: party,
      until: time.nullable(),
    }),
  ),
  grants: z.array(
    z.object({
      ...node,
      contract: z.string().nullable(),
      product: z.string(),
      buyer: party,
      trial: z.boolean(),
      until: time.nullable(),
    }),
  ),
  usage: z.array(z.object({ grant: z.string(), calls: z.string(), rows: z.string(), bytes: z.string(), days: count })),
  statements: z.array(
    z.object({ ...node, number: z.string(), order: z.string(), total: fen, settledAt: time.nullable() }),
  ),
  directives: z.array(z.object({ ...node, number: z.string(), measure: z.string(), target: z.string() })),
  cut: z.array(z.string()).describe('kinds of which only the first are shown'),
});
export const trace = endpoint({
  id: 'supervision.trace.read',
  method: 'GET',
  path: '/api/supervision/trace/:code',
  summary: {
    zh: '全链条溯源：登记凭证、上架、订单或合同编号',
    en: 'The whole chain from the code of a certificate or the number of a listing, order or contract',
  },
  permission: 'supervision.market.read',
  params: z.object({ code: z.string().regex(/^[A-Za-z0-9_-]{4,60}$/) }),
  reply: traced,
  readsLogged: true,
});

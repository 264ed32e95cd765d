/** 可信数据空间: an organisation founds it, others join by signing its rules, and its members offer products there by reference. */
import { z } from 'zod';
import { foreignEntryId, productId } from './catalogue.ts';
import { anyId, bilingual, digest, id, page, pageQuery, time } from './common.ts';
import { endpoint } from './endpoint.ts';
import { memberRole, organisationId } from './members.ts';
import { nodeId } from './nodes.ts';

export const spaceLimits = {
  /** That one organisation has founded and that have not ended. */
  foundedMax: 20,
  membersMax: 500,
  rulesVersionsMax: 100,
  entriesMax: 2000,
  /** Catalogues of other spaces or nodes in one, and levels of them below each other. */
  nestedMax: 50,
  nestedDepthMax: 8,
  /** Of the text of the rules, in each language. */
  textCharactersMax: 20_000,
  purposeCharactersMax: 1000,
  statementCharactersMax: 500,
  reasonCharactersMax: 500,
  searchCharactersMax: 100,
} as const;

export const spaceKinds = ['enterprise', 'industry', 'city', 'personal', 'crossBorder'] as const;
export const spaceStates = ['reviewing', 'active', 'refused', 'withdrawn', 'closed', 'revoked'] as const;
/** Roles of the action plan for trusted data spaces; the regulator supervises by its own permissions and joins nowhere. */
export const spaceRoles = ['operator', 'provider', 'consumer', 'service'] as const;
export const joiningRoles = ['provider', 'consumer', 'service'] as const;
export const spaceMemberStates = [
  'applied',
  'invited',
  'active',
  'resting',
  'refused',
  'withdrawn',
  'declined',
  'left',
  'expelled',
] as const;
export const catalogueAudiences = ['members', 'everyone'] as const;
/** What becomes of contracts in force, on offers for members only, when a party's membership ends. */
export const contractsAfter = ['goOn', 'end'] as const;
/** What the policy of every offer of a product must say before the product may stand in the catalogue. */
export const policyDemands = ['purposes', 'noOnward', 'authorisation', 'regions'] as const;
export const spaceEntryStates = ['listed', 'withdrawn'] as const;
export const foreignKinds = ['harvest', 'node'] as const;
export const spaceEntrySorts = ['newest', 'title'] as const;

export const spaceId = id('spc');
export const spaceRulesId = id('spr');
export const spaceMemberId = id('spm');
export const spaceEntryId = id('spe');
export const nestedCatalogueId = id('spk');
const params = z.object({ id: spaceId });
const memberParams = z.object({ id: spaceId, member: spaceMemberId });
const entryParams = z.object({ id: spaceId, entry: spaceEntryId });
const reason = z.string().trim().min(1).max(spaceLimits.reasonCharactersMax);
const statement = z.string().trim().min(1).max(spaceLimits.statementCharactersMax);
const count = z.number().int().nonnegative();
const both = (charactersMax: number) => {
  const one = z.string().trim().min(1).max(charactersMax);
  return z.object({ zh: one, en: one }).strict();
};

/** What machines hold; the text says the rest. */
export const spaceTerms = z
  .object({
    catalogue: z.enum(catalogueAudiences).describe('who sees the catalogue'),
    joinRoles: z
      .array(memberRole)
      .max(memberRole.options.length)
      .describe('an organisation must be admitted to the exchange in one of these to join; none: in any'),
    policy: z.array(z.enum(policyDemands)).max(policyDemands.length),
    contracts: z
      .enum(contractsAfter)
      .default('goOn')
      .describe('of a member that leaves or is put out: contracts in force, concluded on offers for members only'),
  })
  .strict();

export const spaceRulesDraft = z
  .object({
    text: both(spaceLimits.textCharactersMax),
    terms: spaceTerms,
    signDays: z
      .number()
      .int()
      .min(1)
      .max(365)
      .optional()
      .describe('days in which members sign this version; the rule pack bounds it, and says what holds without it'),
  })
  .strict();

/** Papers and statements that the rule pack asks of a kind; the operator of the exchange reads them. */
const conditions = z
  .object({
    consent: statement.optional().describe('how consent of the persons is obtained, recorded and withdrawn'),
    assessment: statement.optional().describe('reference of the impact assessment'),
    exportRoute: statement.optional().describe('reference of the assessment, contract or certification for export'),
  })
  .strict();

export const spaceDraft = z
  .object({
    kind: z.enum(spaceKinds),
    name: both(100),
    purpose: both(spaceLimits.purposeCharactersMax),
    rules: spaceRulesDraft,
    conditions: conditions.default({}),
  })
  .strict();

const party = z.object({ id: organisationId, name: z.string() });
export const spaceSummary = z.object({
  id: spaceId,
  kind: z.enum(spaceKinds),
  name: bilingual,
  purpose: bilingual,
  state: z.enum(spaceStates),
  operator: party,
  members: count.describe('who signed and has not left'),
  catalogue: z.enum(catalogueAudiences),
  createdAt: time,
  /** Null for strangers and for who never asked. */
  yours: z
    .object({
      member: spaceMemberId,
      state: z.enum(spaceMemberStates),
      roles: z.array(z.enum(spaceRoles)),
      signed: count.nullable().describe('number of the version signed last'),
      signBy: time.nullable().describe('until when the newer version is to be signed; later the member rests'),
      standing: z.boolean().describe('may use the space now'),
      since: time.nullable(),
    })
    .nullable(),
});
export const spaceRules = z.object({
  id: spaceRulesId,
  number: count,
  text: bilingual,
  terms: spaceTerms,
  document: z.string().describe('the canonical text that is signed'),
  digest,
  publishedAt: time,
  signBy: time.nullable().describe('of members who had signed an earlier version'),
});
const told = z.object({ id: z.string(), text: bilingual });
export const spaceView = spaceSummary.extend({
  reason: z.string().describe('of its end'),
  rules: spaceRules.describe('in force'),
  demands: z.array(z.enum(policyDemands)).describe('of the rules and, for some kinds, of the rule pack'),
  conditions: z.array(told.extend({ given: z.string() })).describe('what the rule pack asks of this kind'),
  entries: count.nullable().describe('null for whoever may not see the catalogue'),
  waiting: count.nullable().describe('applications to be decided; null for whoever does not decide'),
  case: anyId.nullable().describe('of its admission, for whoever sees that'),
  endedAt: time.nullable(),
});
export const spaceMember = z.object({
  id: spaceMemberId,
  organisation: party,
  roles: z.array(z.enum(spaceRoles)),
  state: z.enum(spaceMemberStates),
  note: z.string(),
  reason: z.string(),
  signed: count.nullable(),
  signedAt: time.nullable(),
  keyId: z.string().nullable(),
  signBy: time.nullable(),
  standing: z.boolean(),
  createdAt: time,
  endedAt: time.nullable(),
});
/** Harvested from another catalogue, or listed by a node of this hub. */
export const foreignRef = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('harvest'), entry: foreignEntryId }).strict(),
  z.object({ kind: z.literal('node'), node: nodeId, subject: anyId }).strict(),
]);
export const spaceEntry = z.object({
  id: spaceEntryId,
  product: productId.nullable().describe('null of a foreign entry'),
  title: z.string(),
  summary: z.string(),
  industry: z.string(),
  supplier: party.nullable().describe('null of a foreign entry'),
  foreign: z
    .object({
      kind: z.enum(foreignKinds),
      harvested: foreignEntryId.nullable(),
      node: nodeId.nullable(),
      subject: z.string().nullable(),
      by: z.string().describe('who publishes it, as its source says'),
      origin: z.string().describe('the catalogue or node that it comes from'),
      url: z.string().describe('its page there'),
      traded: z.boolean().describe('the purchase across nodes leads to it; else it is had at its page'),
    })
    .nullable()
    .describe('of what stands elsewhere: described by its source, not reviewed here'),
  membersOnly: z.boolean().describe('offered to members of the space alone'),
  addedAt: time,
});
/** A catalogue that stands in a space's: of another space, or of a node of this hub. Null both: the operator who put it in sees it no more. */
export const nestedRef = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('space'), space: spaceId }).strict(),
  z.object({ kind: z.literal('node'), node: nodeId }).strict(),
]);
export const nestedCatalogue = z.object({
  id: nestedCatalogueId,
  space: z.object({ id: spaceId, name: bilingual, kind: z.enum(spaceKinds), operator: party }).nullable(),
  node: z.object({ id: nodeId, name: z.string(), url: z.string(), listings: count }).nullable(),
  addedAt: time,
});

export const foundSpace = endpoint({
  id: 'spaces.space.found',
  method: 'POST',
  path: '/api/spaces',
  summary: { zh: '发起数据空间', en: 'Found a data space' },
  permission: 'spaces.space.found',
  body: spaceDraft,
  bodyBytesMax: 512 * 1024,
  reply: spaceView,
  status: 201,
});
export const listSpaces = endpoint({
  id: 'spaces.space.list',
  method: 'GET',
  path: '/api/spaces',
  summary: { zh: '数据空间', en: 'Data spaces' },
  permission: 'public',
  query: pageQuery.extend({
    q: z.string().max(spaceLimits.searchCharactersMax).optional(),
    kind: z.enum(spaceKinds).optional(),
    mine: z.enum(['true']).optional().describe('of your organisation, whatever their state'),
    waiting: z.enum(['true']).optional().describe('those whose rules wait for your signature'),
  }),
  reply: page(spaceSummary),
});
export const getSpace = endpoint({
  id: 'spaces.space.get',
  method: 'GET',
  path: '/api/spaces/:id',
  summary: { zh: '数据空间详情', en: 'A data space' },
  permission: 'public',
  params,
  reply: spaceView,
});
export const publishSpaceRules = endpoint({
  id: 'spaces.rules.publish',
  method: 'POST',
  path: '/api/spaces/:id/rules',
  summary: { zh: '发布新版空间规则', en: 'Publish a new version of the rules' },
  permission: 'spaces.rules.publish',
  params,
  body: spaceRulesDraft,
  bodyBytesMax: 512 * 1024,
  reply: spaceView,
  status: 201,
});
export const listSpaceRules = endpoint({
  id: 'spaces.rules.list',
  method: 'GET',
  path: '/api/spaces/:id/rules',
  summary: { zh: '空间规则的各版本', en: 'Versions of the rules of a space' },
  permission: 'public',
  params,
  query: pageQuery,
  reply: page(spaceRules),
});
export const listSpaceMembers = endpoint({
  id: 'spaces.member.list',
  method: 'GET',
  path: '/api/spaces/:id/members',
  summary: { zh: '空间成员（仅成员可见）', en: 'Members of a space, for members' },
  permission: 'spaces.member.read',
  params,
  query: pageQuery.extend({ state: z.enum(spaceMemberStates).optional() }),
  reply: page(spaceMember),
});
export const inviteToSpace = endpoint({
  id: 'spaces.member.invite',
  method: 'POST',
  path: '/api/spaces/:id/invitations',
  summary: { zh: '邀请单位加入空间', en: 'Invite an organisation' },
  permission: 'spaces.member.decide',
  params,
  body: z
    .object({
      organisation: organisationId,
      roles: z.array(z.enum(joiningRoles)).min(1).max(joiningRoles.length),
      note: z.string().trim().max(spaceLimits.reasonCharactersMax).default(''),
    })
    .strict(),
  reply: spaceMember,
  status: 201,
});
export const applyToSpace = endpoint({
  id: 'spaces.member.apply',
  method: 'POST',
  path: '/api/spaces/:id/applications',
  summary: { zh: '申请加入空间', en: 'Apply to join a space' },
  permission: 'spaces.member.join',
  params,
  body: z
    .object({
      roles: z.array(z.enum(joiningRoles)).min(1).max(joiningRoles.length),
      note: z.string().trim().max(spaceLimits.reasonCharactersMax).default(''),
    })
    .strict(),
  reply: spaceMember,
  status: 201,
});
export const admitToSpace = endpoint({
  id: 'spaces.member.admit',
  method: 'POST',
  path: '/api/spaces/:id/members/:member/admit',
  summary: { zh: '同意加入申请', en: 'Admit an applicant, who then signs the rules' },
  permission: 'spaces.member.decide',
  params: memberParams,
  reply: spaceMember,
});
export const refuseInSpace = endpoint({
  id: 'spaces.member.refuse',
  method: 'POST',
  path: '/api/spaces/:id/members/:member/refuse',
  summary: { zh: '不同意加入申请', en: 'Refuse an applicant' },
  permission: 'spaces.member.decide',
  params: memberParams,
  body: z.object({ reason }).strict(),
  reply: spaceMember,
});
export const expelFromSpace = endpoint({
  id: 'spaces.member.expel',
  method: 'POST',
  path: '/api/spaces/:id/members/:member/expel',
  summary: { zh: '将成员除名', en: 'Expel a member' },
  permission: 'spaces.member.decide',
  params: memberParams,
  body: z.object({ reason }).strict(),
  reply: spaceMember,
});
export const signSpaceRules = endpoint({
  id: 'spaces.member.sign',
  method: 'POST',
  path: '/api/spaces/:id/sign',
  summary: { zh: '签署空间规则', en: 'Sign the rules in force' },
  permission: 'spaces.member.join',
  params,
  body: z.object({ digest: digest.describe('of the text that was read') }).strict(),
  reply: spaceView,
});
export const leaveSpace = endpoint({
  id: 'spaces.member.leave',
  method: 'POST',
  path: '/api/spaces/:id/leave',
  summary: { zh: '退出空间、撤回申请或谢绝邀请', en: 'Leave, take an application back, or decline an invitation' },
  permission: 'spaces.member.join',
  params,
  body: z.object({ reason: z.string().trim().max(spaceLimits.reasonCharactersMax).default('') }).strict(),
  reply: spaceView,
});
export const getSpaceSignature = endpoint({
  id: 'spaces.member.evidence',
  method: 'GET',
  path: '/api/spaces/:id/members/:member/evidence',
  summary: { zh: '成员签署规则的证据包', en: 'Evidence that a member signed the rules' },
  permission: 'spaces.member.read',
  params: memberParams,
  reply: z.string(),
  replyKind: 'bytes',
  mediaType: 'application/json',
});
export const listSpaceEntries = endpoint({
  id: 'spaces.entry.list',
  method: 'GET',
  path: '/api/spaces/:id/entries',
  summary: { zh: '空间逻辑目录', en: 'The logical catalogue of a space' },
  permission: 'public',
  params,
  query: pageQuery.extend({
    q: z.string().max(spaceLimits.searchCharactersMax).optional(),
    industry: z
      .string()
      .regex(/^[A-T](\d{2,4})?$/)
      .optional()
      .describe('GB/T 4754; a shorter code stands for all below it'),
    supplier: organisationId.optional(),
    sort: z.enum(spaceEntrySorts).optional(),
  }),
  reply: page(spaceEntry),
});
export const addSpaceEntry = endpoint({
  id: 'spaces.entry.add',
  method: 'POST',
  path: '/api/spaces/:id/entries',
  summary: { zh: '把本单位产品列入空间目录（引用）', en: 'Put your product into the catalogue, by reference' },
  permission: 'spaces.entry.write',
  params,
  body: z.object({ product: productId }).strict(),
  reply: spaceEntry,
  status: 201,
});
export const addForeignSpaceEntry = endpoint({
  id: 'spaces.entry.addForeign',
  method: 'POST',
  path: '/api/spaces/:id/foreign-entries',
  summary: {
    zh: '把外部目录或其他节点的条目列入空间目录（引用，由空间运营方办理）',
    en: 'Put an entry of another catalogue or node into the catalogue, by reference; the operator of the space does',
  },
  permission: 'spaces.entry.write',
  params,
  body: foreignRef,
  reply: spaceEntry,
  status: 201,
});
export const withdrawSpaceEntry = endpoint({
  id: 'spaces.entry.withdraw',
  method: 'POST',
  path: '/api/spaces/:id/entries/:entry/withdraw',
  summary: { zh: '从空间目录撤出', en: 'Take an entry out of the catalogue' },
  permission: 'spaces.entry.write',
  params: entryParams,
  body: z.object({ reason }).strict(),
  reply: spaceView,
});

const catalogueParams = z.object({ id: spaceId, catalogue: nestedCatalogueId });
export const listNestedCatalogues = endpoint({
  id: 'spaces.catalogue.list',
  method: 'GET',
  path: '/api/spaces/:id/catalogues',
  summary: {
    zh: '空间目录中的下级目录（各按其自身规则可见；空间运营方另见其已看不到的，以便移出）',
    en: 'Catalogues within the catalogue of a space, each to whom its own rules show it; the operator of the space meets what it sees no more, too, to take it out',
  },
  permission: 'public',
  params,
  reply: z.object({ items: z.array(nestedCatalogue) }),
});
export const nestCatalogue = endpoint({
  id: 'spaces.catalogue.nest',
  method: 'POST',
  path: '/api/spaces/:id/catalogues',
  summary: {
    zh: '把另一空间或节点的目录纳入空间目录（由空间运营方办理）',
    en: 'Put the catalogue of another space or node into this one; the operator of the space does',
  },
  permission: 'spaces.entry.write',
  params,
  body: nestedRef,
  reply: nestedCatalogue,
  status: 201,
});
export const withdrawNestedCatalogue = endpoint({
  id: 'spaces.catalogue.withdraw',
  method: 'POST',
  path: '/api/spaces/:id/catalogues/:catalogue/withdraw',
  summary: { zh: '把下级目录移出空间目录', en: 'Take a nested catalogue out' },
  permission: 'spaces.entry.write',
  params: catalogueParams,
  body: z.object({ reason }).strict(),
  reply: spaceView,
});

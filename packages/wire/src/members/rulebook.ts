/** The rulebook and its acceptance. */
import { z } from 'zod';
import { bilingual, day, empty, id, name, ok, limits as shared, time } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import { limits } from './nouns.ts';

const ruleVersion = z.object({
  id: id('rdv'),
  document: id('rdc'),
  number: z.number().int(),
  status: z.enum(['draft', 'published', 'withdrawn']),
  effectiveOn: day.nullable(),
  publishedAt: time.nullable(),
  digest: z.string(),
});
const ruleDocument = z.object({
  id: id('rdc'),
  code: z.string(),
  title: bilingual,
  mandatory: z.boolean(),
  current: ruleVersion.nullable(),
  coming: ruleVersion.nullable(),
});

export const listRulebook = endpoint({
  id: 'members.rulebook.list',
  method: 'GET',
  path: '/api/rulebook',
  summary: { zh: '交易规则', en: 'The rulebook' },
  permission: 'public',
  reply: z.object({ items: z.array(ruleDocument).max(shared.listItemsMax) }),
});
export const readRuleDocument = endpoint({
  id: 'members.rulebook.read',
  method: 'GET',
  path: '/api/rulebook/:id',
  summary: { zh: '一份规则及其各版本', en: 'One rule document and its versions' },
  permission: 'public',
  params: z.object({ id: id('rdc') }),
  reply: ruleDocument.extend({ versions: z.array(ruleVersion) }),
});
export const readRuleVersion = endpoint({
  id: 'members.rulebook.version',
  method: 'GET',
  path: '/api/rulebook/versions/:id',
  summary: { zh: '规则某一版本的全文', en: 'The full text of one version' },
  permission: 'public',
  params: z.object({ id: id('rdv') }),
  reply: ruleVersion.extend({ title: bilingual, text: bilingual }),
});
const ruleText = z.object({
  zh: z.string().trim().min(1).max(limits.ruleTextCharactersMax),
  en: z.string().trim().max(limits.ruleTextCharactersMax).default(''),
});
export const draftRuleDocument = endpoint({
  id: 'members.rulebook.create',
  method: 'POST',
  path: '/api/rulebook',
  summary: { zh: '起草新规则', en: 'Draft a new rule document' },
  permission: 'members.rulebook.draft',
  status: 201,
  bodyBytesMax: 1_048_576,
  body: z.object({
    code: z.string().regex(/^[a-z][a-z0-9-]{1,39}$/),
    title: z.object({ zh: name, en: name }),
    mandatory: z.boolean(),
    text: ruleText,
  }),
  reply: z.object({ document: id('rdc'), version: id('rdv') }),
});
export const draftRuleVersion = endpoint({
  id: 'members.rulebook.draft',
  method: 'POST',
  path: '/api/rulebook/:id/versions',
  summary: { zh: '起草新版本', en: 'Draft a new version' },
  permission: 'members.rulebook.draft',
  status: 201,
  bodyBytesMax: 1_048_576,
  params: z.object({ id: id('rdc') }),
  body: z.object({ text: ruleText }),
  reply: z.object({ version: id('rdv') }),
});
export const publishRuleVersion = endpoint({
  id: 'members.rulebook.publish',
  method: 'POST',
  path: '/api/rulebook/versions/:id/publish',
  summary: { zh: '发布（起草人不得自行发布）', en: 'Publish; never by the person who drafted it' },
  permission: 'members.rulebook.publish',
  params: z.object({ id: id('rdv') }),
  body: z.object({ effectiveOn: day }),
  reply: ruleVersion,
});
export const withdrawRuleDraft = endpoint({
  id: 'members.rulebook.withdraw',
  method: 'DELETE',
  path: '/api/rulebook/versions/:id',
  summary: { zh: '撤回草稿', en: 'Withdraw a draft' },
  permission: 'members.rulebook.draft',
  params: z.object({ id: id('rdv') }),
  reply: ok,
});
export const acceptRuleVersion = endpoint({
  id: 'members.rulebook.accept',
  method: 'POST',
  path: '/api/rulebook/versions/:id/accept',
  summary: { zh: '代表本单位接受该版本', en: 'Accept this version for my organisation' },
  permission: 'members.rulebook.accept',
  params: z.object({ id: id('rdv') }),
  body: empty,
  reply: z.object({ rulesAccepted: z.boolean() }),
});

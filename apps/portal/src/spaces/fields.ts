/** Forms of data spaces. */
import { memberRole } from '@shugu/wire/members';
import {
  catalogueAudiences,
  contractsAfter,
  joiningRoles,
  policyDemands,
  spaceKinds,
  spaceLimits,
} from '@shugu/wire/spaces';
import { words } from '../i18n/words.ts';
import { type FormField, field } from '../ui/fields.tsx';

const choicesOf = (list: string, values: readonly string[]) =>
  values.map((value) => {
    const [zh, en] = (words as Record<string, readonly [string, string]>)[`${list}.${value}`] ?? [value, value];
    return [value, zh, en] as const;
  });

const long = { required: true, charactersMax: spaceLimits.textCharactersMax };
const policy = ['产品策略须写明', 'What policies of products must say'] as const;

/** `at`: where the form's body has the rules; '' where they are the whole of it. */
export const rulesFields = (at = ''): FormField[] => [
  field(`${at}text.zh`, 'longText', ['规则正文（中文）', 'Text of the rules, in Chinese'], long),
  field(`${at}text.en`, 'longText', ['规则正文（英文）', 'Text of the rules, in English'], long),
  field(`${at}terms.catalogue`, 'choice', ['目录可见范围', 'Who sees the catalogue'], {
    required: true,
    choices: choicesOf('spaceAudience', catalogueAudiences),
  }),
  field(`${at}terms.joinRoles`, 'choices', ['可加入的会员类别（不选为任何会员）', 'Who may join (none: any member)'], {
    choices: choicesOf('role', memberRole.options),
  }),
  field(`${at}terms.policy`, 'choices', policy, { choices: choicesOf('spaceDemand', policyDemands) }),
  field(
    `${at}terms.contracts`,
    'choice',
    ['成员离开后，仅供成员的有效合同', 'Contracts for members only, once one has left'],
    {
      required: true,
      choices: choicesOf('spaceContracts', contractsAfter),
    },
  ),
];

export const signDaysField = field('signDays', 'number', ['签署期限（日）', 'Days to sign'], {
  help: { zh: '不填为规则包所定的期限', en: 'empty: what the rule pack says' },
  min: 1,
  max: 365,
});

const statement = { charactersMax: spaceLimits.statementCharactersMax };
export const foundingFields: FormField[] = [
  field('kind', 'choice', ['类型', 'Kind'], { required: true, choices: choicesOf('spaceKind', spaceKinds) }),
  field('name.zh', 'text', ['名称（中文）', 'Name, in Chinese'], { required: true, charactersMax: 100 }),
  field('name.en', 'text', ['名称（英文）', 'Name, in English'], { required: true, charactersMax: 100 }),
  field('purpose.zh', 'longText', ['目的（中文）', 'Purpose, in Chinese'], {
    required: true,
    charactersMax: spaceLimits.purposeCharactersMax,
  }),
  field('purpose.en', 'longText', ['目的（英文）', 'Purpose, in English'], {
    required: true,
    charactersMax: spaceLimits.purposeCharactersMax,
  }),
  ...rulesFields('rules.'),
  field(
    'conditions.consent',
    'longText',
    ['个人同意的取得、留存与撤回（个人空间）', 'Consent: personal spaces'],
    statement,
  ),
  field(
    'conditions.assessment',
    'text',
    ['影响评估报告编号（个人、跨境空间）', 'Impact assessment: personal, cross-border'],
    statement,
  ),
  field(
    'conditions.exportRoute',
    'text',
    ['数据出境途径及文号（跨境空间）', 'Route of export: cross-border spaces'],
    statement,
  ),
];

/** Lists that were left alone are empty ones. */
export const rulesBody = (values: { terms?: object }) => ({
  ...values,
  terms: { joinRoles: [], policy: [], contracts: 'goOn', ...values.terms },
});

export const joiningField = field('roles', 'choices', ['在空间中的角色', 'Roles in the space'], {
  required: true,
  choices: choicesOf('spaceRole', joiningRoles),
});
export const noteField = field('note', 'longText', ['说明', 'Note'], {
  charactersMax: spaceLimits.reasonCharactersMax,
});
export const reasonField = field('reason', 'longText', ['理由', 'Reason'], {
  required: true,
  charactersMax: spaceLimits.reasonCharactersMax,
});

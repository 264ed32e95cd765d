import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('spaces', {
  wrongState: {
    status: 409,
    title: { zh: '当前状态不能办理此操作', en: 'The present state does not allow this' },
    next: {
      zh: '查看空间或成员的状态与下一步',
      en: 'Look at the state of the space or membership and what comes next',
    },
  },
  full: {
    status: 409,
    title: { zh: '已达上限', en: 'The limit is reached' },
    next: { zh: '请先结束不再需要的', en: 'End what is not needed any more' },
  },
  alreadyMember: {
    status: 409,
    title: { zh: '该单位已是成员、已受邀或已申请', en: 'The organisation is a member, invited, or has applied' },
    next: { zh: '查看成员列表中的状态', en: 'Look at its state in the list of members' },
  },
  organisationUnknown: {
    status: 422,
    title: { zh: '没有这个有效的会员单位', en: 'There is no such active member of the exchange' },
    next: { zh: '核对单位编号', en: 'Check the organisation’s identifier' },
  },
  roleMissing: {
    status: 422,
    title: {
      zh: '单位不具备空间规则要求的会员类别',
      en: 'The organisation is not admitted in a role that the rules ask for',
    },
    next: { zh: '先向交易所申请所要求的会员类别', en: 'Apply to the exchange for that role first' },
  },
  digestDiffers: {
    status: 409,
    title: { zh: '签署的不是现行规则', en: 'These are not the rules in force' },
    next: { zh: '重新打开空间页面，核对后再签', en: 'Open the space again, read the rules, then sign' },
  },
  alreadySigned: {
    status: 409,
    title: { zh: '本单位已签署现行规则', en: 'Your organisation has signed the rules in force' },
    next: { zh: '无需再签', en: 'Nothing more is needed' },
  },
  notStanding: {
    status: 409,
    title: { zh: '成员资格暂停：尚未签署现行规则', en: 'The membership rests: the rules in force are not signed' },
    next: { zh: '签署现行规则后继续', en: 'Sign the rules in force, then go on' },
  },
  notProvider: {
    status: 409,
    title: { zh: '本单位在此空间不是提供方', en: 'Your organisation is no provider in this space' },
    next: { zh: '以提供方角色加入空间', en: 'Join the space as a provider' },
  },
  notListed: {
    status: 422,
    title: { zh: '产品未上架', en: 'The product is not on the market' },
    next: { zh: '先完成上架', en: 'List it first' },
  },
  alreadyListed: {
    status: 409,
    title: { zh: '产品已在此空间目录中', en: 'The product stands in this catalogue already' },
    next: { zh: '查看空间目录', en: 'Look at the catalogue' },
  },
  policyLacks: {
    status: 422,
    title: {
      zh: '产品的使用控制策略不满足空间规则',
      en: 'The product’s policy does not say what the rules of the space ask for',
    },
    next: { zh: '按 errors 所列补足策略后重新上架', en: 'List the product with a policy that says what errors names' },
  },
  policyUnknown: {
    status: 422,
    title: {
      zh: '外部条目的使用策略无从核对，而空间规则对策略有要求',
      en: 'What the offers of a foreign entry say is not known here, and the rules of the space ask for it',
    },
    next: {
      zh: '列入供方开通连接器、可跨节点采购的条目，或在无此要求的空间列入',
      en: 'Put in what a supplier with an open connector sells across nodes, or put it into a space whose rules do not ask',
    },
  },
  nestedInItself: {
    status: 409,
    title: {
      zh: '目录不能直接或间接包含自身',
      en: 'A catalogue cannot contain itself, directly or by others',
    },
    next: { zh: '先移出形成环路的下级目录', en: 'Take out first what closes the circle' },
  },
  nestedTooDeep: {
    status: 409,
    title: { zh: '目录嵌套层数超过上限', en: 'Catalogues would be nested too deeply' },
    next: { zh: '纳入层数较少的目录', en: 'Nest a catalogue with fewer levels' },
  },
  rulesInvalid: {
    status: 422,
    title: { zh: '规则内容不成立', en: 'The rules do not hold together' },
    next: { zh: '按所指出的字段修改', en: 'Correct the field that is named' },
  },
  evidenceMissing: {
    status: 409,
    title: { zh: '尚未签署，没有证据', en: 'Nothing is signed yet, so there is no evidence' },
    next: { zh: '签署后再取', en: 'Ask again once it is signed' },
  },
});

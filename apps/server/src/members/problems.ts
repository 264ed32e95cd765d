import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('members', {
  signInFailed: {
    status: 401,
    title: { zh: '账号或密码不正确', en: 'The account or the password is wrong' },
    next: {
      zh: '核对后重试；忘记密码请联系本单位管理员重置',
      en: 'Check and try again; your organisation’s administrator can reset a forgotten password',
    },
  },
  setupDone: {
    status: 409,
    title: { zh: '系统已经初始化', en: 'This node is already set up' },
    next: { zh: '请由系统管理员登录', en: 'Sign in as the system administrator' },
  },
  notOpen: {
    status: 409,
    title: { zh: '本节点尚未开始受理', en: 'This node takes no applications yet' },
    next: { zh: '待运营方完成初始化后再申请', en: 'Apply once the operator has set it up' },
  },
  setupTokenWrong: {
    status: 403,
    title: { zh: '初始化口令不正确', en: 'The setup token is wrong' },
    next: { zh: '口令在数据目录的 setup.token 文件中', en: 'It stands in the file setup.token of the data folder' },
  },
  administratorsNotApart: {
    status: 422,
    title: {
      zh: '系统、安全、审计管理员必须由三人分别担任',
      en: 'System, security and audit administrator must be three people',
    },
    next: { zh: '换成三位不同的人员', en: 'Name three different people' },
  },
  lastAdministrator: {
    status: 409,
    title: { zh: '这是该岗位的最后一人', en: 'This is the last person on that seat' },
    next: { zh: '先为另一人授予该岗位', en: 'Grant the seat to somebody else first' },
  },
  ownAccount: {
    status: 409,
    title: { zh: '不能对自己的账号做此操作', en: 'Not on your own account' },
    next: { zh: '请由另一位有权限的人员办理', en: 'Ask another person with this permission' },
  },
  creditCodeInvalid: {
    status: 422,
    title: { zh: '统一社会信用代码校验不通过', en: 'The unified social credit code fails its check' },
    next: { zh: '对照营业执照逐位核对', en: 'Compare each character with the licence' },
  },
  creditCodeTaken: {
    status: 409,
    title: { zh: '该统一社会信用代码已有单位使用', en: 'This credit code is already here' },
    next: { zh: '请联系贵单位管理员为您开设账号', en: 'Ask your organisation’s administrator for an account' },
  },
  loginTaken: {
    status: 409,
    title: { zh: '登录名已被使用', en: 'This login is taken' },
    next: { zh: '换一个登录名', en: 'Choose another' },
  },
  passwordWeak: {
    status: 422,
    title: { zh: '密码过于简单', en: 'The password is too simple' },
    next: {
      zh: '至少 10 位，含两类以上字符，且不含登录名',
      en: 'Ten characters or more, of two kinds at least, without the login',
    },
  },
  passwordWrong: {
    status: 403,
    title: { zh: '当前密码不正确', en: 'The current password is wrong' },
    next: { zh: '核对后重试', en: 'Check and try again' },
  },
  invitationInvalid: {
    status: 410,
    title: { zh: '邀请码无效、已使用或已过期', en: 'The invitation is unknown, used or expired' },
    next: { zh: '请管理员重新生成', en: 'Ask the administrator for a new one' },
  },
  rolesConflict: {
    status: 422,
    title: { zh: '这些会员类别不能兼任', en: 'These roles exclude each other' },
    next: { zh: '按说明去掉其中一类', en: 'Drop one of them, as the detail says' },
  },
  roleClassWrong: {
    status: 422,
    title: {
      zh: '类别与会员类型不符，或缺少许可证号',
      en: 'The class does not fit the role, or its licence number is missing',
    },
    next: {
      zh: '第三方机构须选择类别；持牌类别须填写许可证号',
      en: 'A service body names its class; a licensed class names its licence',
    },
  },
  formDiffers: {
    status: 409,
    title: { zh: '办件表单与申请登记的内容不一致', en: 'The case says something else than was applied for' },
    next: { zh: '不予通过，或由申请人撤回后重新申请', en: 'Reject it, or let the applicant withdraw and apply anew' },
  },
  roleHeld: {
    status: 409,
    title: { zh: '已具有或已申请该类别', en: 'This role is already held or applied for' },
    next: { zh: '在本单位信息中查看办理进度', en: 'Look at your organisation for its progress' },
  },
  institutionExists: {
    status: 409,
    title: { zh: '该市场已有登记机构', en: 'This market already has its registrar' },
    next: { zh: '每个市场只设一家登记机构', en: 'One registrar per market' },
  },
  seatForeign: {
    status: 422,
    title: { zh: '本单位没有此岗位', en: 'Your organisation has no such seat' },
    next: { zh: '按单位类别选择岗位', en: 'Choose a seat that fits your organisation’s roles' },
  },
  organisationNotActive: {
    status: 409,
    title: { zh: '该单位当前不是有效会员', en: 'This organisation is not an active member' },
    next: { zh: '待准入通过或恢复后再办理', en: 'Wait until it is admitted or restored' },
  },
  standingSame: {
    status: 409,
    title: { zh: '会员状态不允许此操作', en: 'The member’s standing does not allow this' },
    next: { zh: '刷新查看当前状态', en: 'Reload and look at its present state' },
  },
  samePerson: {
    status: 409,
    title: { zh: '须由另一人办理', en: 'A second person must do this' },
    next: { zh: '请另一位有权限的人员复核', en: 'Ask another person with this permission' },
  },
  tooMany: {
    status: 409,
    title: { zh: '数量已达上限', en: 'The limit is reached' },
    next: { zh: '先停用或删除不再需要的', en: 'Disable or remove what is no longer needed' },
  },
  keyScope: {
    status: 422,
    title: { zh: '密钥不能包含这些权限', en: 'A key cannot carry these permissions' },
    next: {
      zh: '只能选择您本人拥有的业务权限；机构的密钥只读',
      en: 'Choose among your own permissions, without those over accounts; keys of institutions are read-only',
    },
  },
  addressInvalid: {
    status: 422,
    title: { zh: 'IP 地址或网段格式不正确', en: 'Not an IP address or block' },
    next: { zh: '例如 203.0.113.7 或 203.0.113.0/24', en: 'For example 203.0.113.7 or 203.0.113.0/24' },
  },
  keyEnded: {
    status: 409,
    title: { zh: '密钥已失效', en: 'This key has ended' },
    next: { zh: '新建一个密钥', en: 'Make a new key' },
  },
  passkeyFailed: {
    status: 401,
    title: { zh: '通行密钥验证未通过', en: 'The passkey was not accepted' },
    next: { zh: '重新开始，或用密码登录', en: 'Start again, or sign in by password' },
  },
  oidcOff: {
    status: 404,
    title: { zh: '未启用统一身份认证', en: 'Sign-in by an identity provider is off' },
    next: { zh: '请用密码或通行密钥登录', en: 'Sign in by password or passkey' },
  },
  oidcFailed: {
    status: 401,
    title: { zh: '统一身份认证未通过', en: 'The identity provider’s answer was not accepted' },
    next: {
      zh: '重新开始；首次使用请先用密码登录并绑定',
      en: 'Start again; the first time, sign in by password and link your account',
    },
  },
  oidcUnreachable: {
    status: 503,
    title: { zh: '统一身份认证暂不可用', en: 'The identity provider cannot be reached' },
    next: { zh: '稍后重试，或用密码登录', en: 'Try again later, or sign in by password' },
  },
  rulesNotAccepted: {
    status: 422,
    title: { zh: '须先接受现行交易规则', en: 'The rules in force must be accepted first' },
    next: { zh: '阅读并接受列出的规则版本', en: 'Read and accept the versions listed' },
  },
  ruleState: {
    status: 409,
    title: { zh: '该规则版本的状态不允许此操作', en: 'This version’s state does not allow it' },
    next: { zh: '刷新查看最新状态', en: 'Reload and look at its present state' },
  },
  effectiveDay: {
    status: 422,
    title: { zh: '生效日期不能早于今日', en: 'A rule cannot take effect in the past' },
    next: { zh: '选择今日或以后的日期', en: 'Choose today or a later day' },
  },
  letterInvalid: {
    status: 422,
    title: { zh: '授权书文件不是所声明的格式', en: 'The letter is not a file of the stated kind' },
    next: { zh: '上传 PDF、PNG 或 JPEG，且不超过 2 MiB', en: 'Send a PDF, PNG or JPEG of 2 MiB at most' },
  },
});

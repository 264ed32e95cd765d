/** Members: organisations, people, seats, sign-in, keys, rulebook, audit. */
import { z } from 'zod';
import { bilingual, day, empty, id, name, ok, page, pageQuery, limits as shared, text, time } from './common.ts';
import { endpoint } from './endpoint.ts';

export const limits = {
  loginCharactersMax: 60,
  passwordCharactersMin: 10,
  passwordCharactersMax: 200,
  rolesPerApplicationMax: 6,
  keyPermissionsMax: 100,
  keyAddressesMax: 20,
  keyDaysMax: 366,
  keyOverlapHoursMax: 168,
  ruleTextCharactersMax: 100_000,
  letterBytesMax: 2_097_152,
} as const;

export const organisationId = id('org');
export const personId = id('per');
export const role = z.enum([
  'operator',
  'registrar',
  'regulator',
  'resourceProvider',
  'technicalServiceProvider',
  'productSupplier',
  'demander',
  'dataMerchant',
  'serviceBody',
]);
export const memberRole = role.exclude(['operator', 'registrar', 'regulator']);
export const roleClass = z.enum([
  '',
  'lawFirm',
  'appraiser',
  'accountant',
  'tester',
  'trainer',
  'creditAgency',
  'surveyor',
  'other',
]);
export const seat = z.enum([
  'administrator',
  'trader',
  'finance',
  'steward',
  'developer',
  'assessor',
  'reviewer',
  'approver',
  'settlement',
  'settlementApprover',
  'service',
  'systemAdministrator',
  'securityAdministrator',
  'auditAdministrator',
  'clerk',
  'registrarReviewer',
  'officer',
]);
export const organisationKind = z.enum([
  'enterprise',
  'publicInstitution',
  'government',
  'lawFirm',
  'socialOrganisation',
  'other',
]);
export const organisationStatus = z.enum(['applying', 'active', 'suspended', 'left']);
export const creditCode = z
  .string()
  .trim()
  .toUpperCase()
  .length(18)
  .describe('统一社会信用代码 (GB 32100), checksum included');
export const login = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@-]{2,59}$/);
export const password = z.string().min(limits.passwordCharactersMin).max(limits.passwordCharactersMax);
const plainText = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u;
// Rare characters are legal in names, so only controls, bidi overrides and line breaks are refused.
export const personName = z.string().trim().min(1).max(60).regex(plainText);
export const phone = z
  .string()
  .trim()
  .regex(/^\+?[0-9][0-9 -]{5,19}$/);
export const email = z.email().max(254);

const nodeRole = z.object({
  role,
  class: roleClass,
  status: z.enum(['applied', 'active', 'suspended', 'ended']),
  licence: z.string(),
  since: time.nullable(),
});
const newPerson = { login, displayName: personName, phone: phone.optional(), email: email.optional() };
const organisationFacts = {
  name: name.regex(plainText),
  creditCode,
  kind: organisationKind,
  legalRepresentative: personName,
};

export const organisation = z.object({
  id: organisationId,
  name: z.string(),
  creditCode: z.string(),
  kind: organisationKind,
  status: organisationStatus,
  roles: z.array(nodeRole),
  since: time.nullable(),
  createdAt: time,
});
export const ownOrganisation = organisation.extend({
  legalRepresentative: z.string().nullable().describe('null after erasure'),
  bankName: z.string(),
  bankAccount: z.string().describe('masked; the last four digits'),
  bankAccountHolder: z.string(),
  rulesAccepted: z.boolean(),
});
/** What anyone may see: no staff, no representative, no bank. */
export const profile = z.object({
  id: organisationId,
  name: z.string(),
  creditCode: z.string(),
  kind: organisationKind,
  roles: z.array(z.object({ role, class: roleClass, licence: z.string(), since: time.nullable() })),
  since: time.nullable(),
});

export const person = z.object({
  id: personId,
  login: z.string(),
  displayName: z.string(),
  phone: z.string().nullable(),
  email: z.string().nullable(),
  status: z.enum(['invited', 'active', 'disabled']),
  seats: z.array(seat),
  createdAt: time,
});
export const me = z.object({
  kind: z.enum(['person', 'service']),
  id: z.string(),
  name: z.string(),
  login: z.string().nullable(),
  organisation: z.object({
    id: organisationId,
    name: z.string(),
    status: organisationStatus,
    roles: z.array(z.object({ role, class: roleClass })),
  }),
  seats: z.array(seat),
  permissions: z.array(z.string()),
  rulesAccepted: z.boolean(),
});
const invitation = z.object({ code: z.string(), expiresAt: time });
const sessionReply = z.object({ token: z.string(), expiresAt: time, me });

export const readSetup = endpoint({
  id: 'members.setup.read',
  method: 'GET',
  path: '/api/setup',
  summary: { zh: '是否需要初始化', en: 'Does this node still need its first organisation' },
  permission: 'public',
  reply: z.object({ needed: z.boolean() }),
});

export const setUp = endpoint({
  id: 'members.setup.create',
  method: 'POST',
  path: '/api/setup',
  summary: { zh: '初始化：登记运营方与三员', en: 'First set-up: the operator and its three administrators' },
  permission: 'public',
  status: 201,
  // It happens once by nature; a recorded key would keep a fast digest of the passwords.
  repeatable: true,
  body: z.object({
    setupToken: z.string().min(8).max(200),
    operator: z.object(organisationFacts),
    administrators: z.object({
      system: z.object({ ...newPerson, phone, password }),
      security: z.object({ ...newPerson, phone, password }),
      audit: z.object({ ...newPerson, phone, password }),
    }),
  }),
  reply: z.object({
    organisation: organisationId,
    administrators: z.object({ system: personId, security: personId, audit: personId }),
  }),
});

export const signIn = endpoint({
  id: 'members.session.create',
  method: 'POST',
  path: '/api/sessions',
  summary: { zh: '登录', en: 'Sign in' },
  permission: 'public',
  status: 201,
  repeatable: true,
  secretReply: true,
  body: z.object({
    login: z.string().trim().toLowerCase().min(1).max(limits.loginCharactersMax),
    password: z.string().min(1).max(limits.passwordCharactersMax),
  }),
  reply: sessionReply,
});

export const signOut = endpoint({
  id: 'members.session.delete',
  method: 'DELETE',
  path: '/api/sessions/current',
  summary: { zh: '退出登录', en: 'Sign out' },
  permission: 'signedIn',
  reply: ok,
});

export const readMe = endpoint({
  id: 'members.me.read',
  method: 'GET',
  path: '/api/me',
  summary: { zh: '当前账号', en: 'Who I am and what I may do' },
  permission: 'signedIn',
  reply: me,
});

export const changePassword = endpoint({
  id: 'members.password.update',
  method: 'PUT',
  path: '/api/me/password',
  summary: { zh: '修改密码（结束其他登录）', en: 'Change my password; ends my other sessions' },
  permission: 'signedIn',
  body: z.object({ current: z.string().max(limits.passwordCharactersMax), next: password }),
  reply: ok,
});

export const redeemInvitation = endpoint({
  id: 'members.invitation.redeem',
  method: 'POST',
  path: '/api/invitations/redeem',
  summary: { zh: '使用邀请码设置密码并登录', en: 'Set a password by an invitation code, and sign in' },
  permission: 'public',
  status: 201,
  secretReply: true,
  body: z.object({ code: z.string().min(10).max(100), password }),
  reply: sessionReply,
});

export const createInstitution = endpoint({
  id: 'members.institution.create',
  method: 'POST',
  path: '/api/organisations/institutions',
  summary: { zh: '登记登记机构或主管部门', en: 'Enter the registrar or a regulator' },
  permission: 'members.institution.create',
  status: 201,
  secretReply: true,
  body: z.object({
    ...organisationFacts,
    role: z.enum(['registrar', 'regulator']),
    administrator: z.object(newPerson),
  }),
  reply: z.object({ organisation: organisationId, administrator: personId, invitation }),
});

export const apply = endpoint({
  id: 'members.admission.create',
  method: 'POST',
  path: '/api/admissions',
  summary: { zh: '申请入场', en: 'Apply for membership' },
  permission: 'public',
  status: 201,
  // The credit code admits one application at a time; a recorded key would keep a fast digest of the password.
  repeatable: true,
  bodyBytesMax: 3_145_728,
  body: z.object({
    ...organisationFacts,
    roles: z
      .array(
        z.object({ role: memberRole, class: roleClass.default(''), licence: z.string().trim().max(100).default('') }),
      )
      .min(1)
      .max(limits.rolesPerApplicationMax),
    administrator: z.object({ ...newPerson, phone, password }),
    authorisationLetter: z.object({
      fileName: z.string().trim().min(1).max(200),
      mediaType: z.enum(['application/pdf', 'image/png', 'image/jpeg']),
      content: z.base64().min(4).max(2_796_204).describe('the signed letter, at most 2 MiB'),
    }),
    acceptedVersions: z.array(id('rdv')).max(100).describe('every mandatory rule document in force'),
  }),
  reply: z.object({ organisation: organisationId, administrator: personId, case: id('cas') }),
});

export const listAdmissions = endpoint({
  id: 'members.admission.list',
  method: 'GET',
  path: '/api/admissions',
  summary: { zh: '会员与入场申请', en: 'Members and applicants, for the operator and the regulator' },
  permission: 'members.organisation.read',
  query: pageQuery.extend({ status: organisationStatus.optional(), role: role.optional() }),
  reply: page(organisation),
});

export const readAdmission = endpoint({
  id: 'members.admission.read',
  method: 'GET',
  path: '/api/admissions/:id',
  summary: { zh: '会员主体信息（供审核核验）', en: 'A member’s particulars, for those who verify them' },
  permission: 'members.organisation.read',
  readsLogged: true,
  params: z.object({ id: organisationId }),
  reply: organisation.extend({
    legalRepresentative: z.string().nullable(),
    case: id('cas').nullable(),
    administrators: z.array(
      z.object({ displayName: z.string(), phone: z.string().nullable(), email: z.string().nullable() }),
    ),
  }),
});

export const listDirectory = endpoint({
  id: 'members.directory.list',
  method: 'GET',
  path: '/api/organisations',
  summary: { zh: '数商与第三方服务机构名录', en: 'Directory of data merchants and service bodies' },
  permission: 'public',
  query: pageQuery.extend({
    role: role.extract(['dataMerchant', 'serviceBody']).optional(),
    class: roleClass.optional(),
    search: z.string().trim().max(60).optional(),
  }),
  reply: page(profile),
});

export const readProfile = endpoint({
  id: 'members.profile.read',
  method: 'GET',
  path: '/api/organisations/:id',
  summary: { zh: '机构公开信息', en: 'An organisation’s public profile' },
  permission: 'public',
  params: z.object({ id: organisationId }),
  reply: profile,
});

export const readOwnOrganisation = endpoint({
  id: 'members.organisation.own',
  method: 'GET',
  path: '/api/me/organisation',
  summary: { zh: '本单位信息', en: 'My organisation' },
  permission: 'signedIn',
  reply: ownOrganisation,
});

export const updateBankAccount = endpoint({
  id: 'members.bank.update',
  method: 'PUT',
  path: '/api/me/organisation/bank-account',
  summary: { zh: '登记本单位出入金银行账户', en: 'Enter the organisation’s own bank account for payouts' },
  permission: 'members.bank.update',
  body: z.object({
    bankName: name,
    holder: name,
    account: z
      .string()
      .trim()
      .regex(/^[0-9]{8,30}$/),
  }),
  reply: ownOrganisation,
});

export const applyForRoles = endpoint({
  id: 'members.role.apply',
  method: 'POST',
  path: '/api/me/organisation/roles',
  summary: { zh: '申请增加会员类别', en: 'Apply for further roles' },
  permission: 'members.role.apply',
  status: 201,
  body: z.object({ role: memberRole, class: roleClass.default(''), licence: z.string().trim().max(100).default('') }),
  reply: z.object({ case: id('cas') }),
});

export const suspendOrganisation = endpoint({
  id: 'members.organisation.suspend',
  method: 'POST',
  path: '/api/organisations/:id/suspend',
  summary: {
    zh: '暂停会员资格（提出；另一人复核后生效）',
    en: 'Propose to suspend a member; takes effect when a second person confirms',
  },
  permission: 'members.organisation.suspend',
  params: z.object({ id: organisationId }),
  body: z.object({ reason: text.min(1).max(1000) }),
  reply: z.object({ proposal: id('osp') }),
});
export const restoreOrganisation = endpoint({
  id: 'members.organisation.restore',
  method: 'POST',
  path: '/api/organisations/:id/restore',
  summary: {
    zh: '恢复会员资格（提出；另一人复核后生效）',
    en: 'Propose to restore a member; takes effect when a second person confirms',
  },
  permission: 'members.organisation.suspend',
  params: z.object({ id: organisationId }),
  body: z.object({ reason: text.min(1).max(1000) }),
  reply: z.object({ proposal: id('osp') }),
});
export const confirmStanding = endpoint({
  id: 'members.organisation.confirm',
  method: 'POST',
  path: '/api/organisations/standing/:id/confirm',
  summary: { zh: '复核暂停或恢复', en: 'Confirm a proposed suspension or restoration' },
  permission: 'members.organisation.confirm',
  params: z.object({ id: id('osp') }),
  body: empty,
  reply: z.object({ organisation: organisationId, status: organisationStatus }),
});
export const listStandingProposals = endpoint({
  id: 'members.organisation.proposals',
  method: 'GET',
  path: '/api/organisations/standing',
  summary: { zh: '暂停与恢复的提议', en: 'Proposed and confirmed suspensions and restorations' },
  permission: 'members.organisation.read',
  query: pageQuery,
  reply: page(
    z.object({
      id: id('osp'),
      organisation: organisationId,
      organisationName: z.string(),
      status: z.enum(['suspended', 'active']),
      reason: z.string(),
      proposedBy: z.string(),
      proposedAt: time,
      confirmedBy: z.string().nullable(),
      confirmedAt: time.nullable(),
    }),
  ),
});

export const listPeople = endpoint({
  id: 'members.person.list',
  method: 'GET',
  path: '/api/people',
  summary: { zh: '本单位人员', en: 'People of my organisation' },
  permission: 'members.person.read',
  query: pageQuery,
  reply: page(person),
});

export const createPerson = endpoint({
  id: 'members.person.create',
  method: 'POST',
  path: '/api/people',
  summary: { zh: '新增人员并生成邀请码', en: 'Add a person; gives a one-time invitation code' },
  permission: 'members.person.create',
  status: 201,
  secretReply: true,
  body: z.object({ ...newPerson, seats: z.array(seat).max(10).default([]) }),
  reply: z.object({ person: personId, invitation }),
});

const onPerson = { method: 'POST', params: z.object({ id: personId }), body: empty } as const;
export const disablePerson = endpoint({
  ...onPerson,
  id: 'members.person.disable',
  path: '/api/people/:id/disable',
  summary: { zh: '停用账号', en: 'Disable an account; ends its sessions' },
  permission: 'members.person.create',
  reply: ok,
});
export const enablePerson = endpoint({
  ...onPerson,
  id: 'members.person.enable',
  path: '/api/people/:id/enable',
  summary: { zh: '启用账号', en: 'Enable an account again' },
  permission: 'members.person.create',
  reply: ok,
});
export const resetPerson = endpoint({
  ...onPerson,
  id: 'members.person.reset',
  path: '/api/people/:id/reset',
  summary: {
    zh: '重置密码：生成新的邀请码；机构账号的岗位须由安全管理员重新授予',
    en: 'Reset by a fresh invitation; an operator’s account also loses its seats until the security administrator grants them again',
  },
  permission: 'members.person.create',
  secretReply: true,
  reply: invitation,
});
/** Personal fields become unreadable for good; the record of what the person did stays. */
export const erasePerson = endpoint({
  ...onPerson,
  id: 'members.person.erase',
  path: '/api/people/:id/erase',
  summary: {
    zh: '删除已停用人员的个人信息（不可恢复）',
    en: 'Erase a disabled person’s personal data; cannot be undone',
  },
  permission: 'members.person.create',
  reply: ok,
});

export const grantSeat = endpoint({
  id: 'members.seat.grant',
  method: 'POST',
  path: '/api/people/:id/seats',
  summary: { zh: '授予岗位', en: 'Grant a seat' },
  permission: 'members.seat.grant',
  params: z.object({ id: personId }),
  body: z.object({ seat }),
  reply: ok,
});
export const revokeSeat = endpoint({
  id: 'members.seat.revoke',
  method: 'DELETE',
  path: '/api/people/:id/seats/:seat',
  summary: { zh: '收回岗位', en: 'Revoke a seat' },
  permission: 'members.seat.grant',
  params: z.object({ id: personId, seat }),
  reply: ok,
});

export const listPermissions = endpoint({
  id: 'members.permission.list',
  method: 'GET',
  path: '/api/permissions',
  summary: { zh: '权限表', en: 'Every permission, with the roles and seats that carry it' },
  permission: 'signedIn',
  reply: z.object({
    items: z.array(
      z.object({ permission: z.string(), title: bilingual, roles: z.array(z.string()), seats: z.array(z.string()) }),
    ),
  }),
});

const apiKey = z.object({
  id: id('key'),
  name: z.string(),
  prefix: z.string(),
  serviceAccount: id('svc'),
  permissions: z.array(z.string()),
  addresses: z.array(z.string()),
  createdAt: time,
  expiresAt: time,
  lastUsedAt: time.nullable(),
  rotatedFrom: id('key').nullable(),
  revokedAt: time.nullable(),
});
const freshKey = z.object({ key: z.string().describe('shown once'), apiKey });

export const listKeys = endpoint({
  id: 'members.key.list',
  method: 'GET',
  path: '/api/api-keys',
  summary: { zh: '本单位接口密钥', en: 'API keys of my organisation' },
  permission: 'members.key.read',
  query: pageQuery,
  reply: page(apiKey),
});
export const createKey = endpoint({
  id: 'members.key.create',
  method: 'POST',
  path: '/api/api-keys',
  summary: { zh: '新建接口密钥（只显示一次）', en: 'Make an API key; shown once' },
  permission: 'members.key.create',
  status: 201,
  secretReply: true,
  body: z.object({
    name,
    permissions: z.array(z.string().max(100)).min(1).max(limits.keyPermissionsMax),
    expiresInDays: z.number().int().min(1).max(limits.keyDaysMax),
    addresses: z
      .array(z.string().trim().max(50))
      .max(limits.keyAddressesMax)
      .default([])
      .describe('IP addresses or CIDR blocks; empty for any'),
  }),
  reply: freshKey,
});
export const rotateKey = endpoint({
  id: 'members.key.rotate',
  method: 'POST',
  path: '/api/api-keys/:id/rotate',
  summary: {
    zh: '轮换接口密钥，旧密钥在重叠期后失效',
    en: 'Rotate: a new key now, the old one ends after the overlap',
  },
  permission: 'members.key.create',
  status: 201,
  secretReply: true,
  params: z.object({ id: id('key') }),
  body: z.object({ overlapHours: z.number().int().min(0).max(limits.keyOverlapHoursMax).default(24) }),
  reply: freshKey,
});
export const revokeKey = endpoint({
  id: 'members.key.revoke',
  method: 'DELETE',
  path: '/api/api-keys/:id',
  summary: { zh: '吊销接口密钥，立即失效', en: 'Revoke at once' },
  permission: 'members.key.create',
  params: z.object({ id: id('key') }),
  reply: ok,
});

// The credential objects are WebAuthn's own JSON (W3C Web Authentication Level 3 §5.1); the library checks them field by field.
const credential = z.looseObject({
  id: z.string().max(2000),
  rawId: z.string().max(2000),
  type: z.literal('public-key'),
});
const options = z.object({ ceremony: id('pkc'), options: z.looseObject({ challenge: z.string() }) });
const passkey = z.object({ id: id('psk'), name: z.string(), createdAt: time, lastUsedAt: time.nullable() });

export const startPasskey = endpoint({
  id: 'members.passkey.start',
  method: 'POST',
  path: '/api/passkeys/options',
  summary: { zh: '开始登记通行密钥', en: 'Begin to register a passkey' },
  permission: 'signedIn',
  repeatable: true,
  body: empty,
  reply: options,
});
export const createPasskey = endpoint({
  id: 'members.passkey.create',
  method: 'POST',
  path: '/api/passkeys',
  summary: { zh: '登记通行密钥', en: 'Register a passkey' },
  permission: 'signedIn',
  status: 201,
  body: z.object({ ceremony: id('pkc'), name, credential }),
  reply: passkey,
});
export const listPasskeys = endpoint({
  id: 'members.passkey.list',
  method: 'GET',
  path: '/api/passkeys',
  summary: { zh: '我的通行密钥', en: 'My passkeys' },
  permission: 'signedIn',
  reply: z.object({ items: z.array(passkey) }),
});
export const deletePasskey = endpoint({
  id: 'members.passkey.delete',
  method: 'DELETE',
  path: '/api/passkeys/:id',
  summary: { zh: '删除通行密钥', en: 'Remove a passkey' },
  permission: 'signedIn',
  params: z.object({ id: id('psk') }),
  reply: ok,
});
export const startPasskeySignIn = endpoint({
  id: 'members.session.passkeyStart',
  method: 'POST',
  path: '/api/sessions/passkey/options',
  summary: { zh: '开始用通行密钥登录', en: 'Begin to sign in by passkey' },
  permission: 'public',
  repeatable: true,
  body: empty,
  reply: options,
});
export const passkeySignIn = endpoint({
  id: 'members.session.passkey',
  method: 'POST',
  path: '/api/sessions/passkey',
  summary: { zh: '用通行密钥登录', en: 'Sign in by passkey' },
  permission: 'public',
  status: 201,
  repeatable: true,
  secretReply: true,
  body: z.object({ ceremony: id('pkc'), credential }),
  reply: sessionReply,
});

const callback = z.object({
  ceremony: id('oic'),
  callback: z.string().max(4000).describe('the query string with which the provider came back, code and state in it'),
});
export const readOidc = endpoint({
  id: 'members.oidc.read',
  method: 'GET',
  path: '/api/sessions/oidc',
  summary: { zh: '是否启用统一身份认证', en: 'Is sign-in by an outside identity provider on' },
  permission: 'public',
  reply: z.object({ enabled: z.boolean(), issuer: z.string().nullable() }),
});
export const startOidc = endpoint({
  id: 'members.oidc.start',
  method: 'POST',
  path: '/api/sessions/oidc/start',
  summary: {
    zh: '开始统一身份认证登录或绑定',
    en: 'Begin to sign in, or to link my account, by the identity provider',
  },
  permission: 'public',
  repeatable: true,
  body: empty,
  reply: z.object({ ceremony: id('oic'), url: z.url() }),
});
export const oidcSignIn = endpoint({
  id: 'members.session.oidc',
  method: 'POST',
  path: '/api/sessions/oidc',
  summary: { zh: '用统一身份认证登录', en: 'Sign in by the identity provider' },
  permission: 'public',
  status: 201,
  repeatable: true,
  secretReply: true,
  body: callback,
  reply: sessionReply,
});
export const linkOidc = endpoint({
  id: 'members.oidc.link',
  method: 'POST',
  path: '/api/me/oidc',
  summary: { zh: '把我的账号与统一身份绑定', en: 'Link my account to my identity there' },
  permission: 'signedIn',
  repeatable: true,
  body: callback,
  reply: ok,
});
export const unlinkOidc = endpoint({
  id: 'members.oidc.unlink',
  method: 'DELETE',
  path: '/api/me/oidc',
  summary: { zh: '解除绑定', en: 'Undo the link' },
  permission: 'signedIn',
  reply: ok,
});

export const listAudit = endpoint({
  id: 'members.audit.list',
  method: 'GET',
  path: '/api/audit',
  summary: {
    zh: '审计日志：会员看本单位，运营方审计管理员看全部',
    en: 'Audit: one’s own organisation, or everything for the operator’s audit administrator',
  },
  permission: 'members.audit.read',
  readsLogged: true,
  query: pageQuery.extend({
    action: z.string().max(100).optional().describe('an action or its beginning'),
    subject: z.string().max(100).optional(),
    actor: z.string().max(100).optional(),
    participant: organisationId.optional(),
    from: time.optional(),
    to: time.optional(),
  }),
  reply: page(
    z.object({
      sequence: z.number().int(),
      at: time,
      participant: z.string(),
      actorKind: z.string(),
      actor: z.string(),
      actorName: z.string().nullable(),
      action: z.string(),
      subject: z.string(),
      data: z.record(z.string(), z.unknown()),
      request: z.string().nullable(),
    }),
  ),
});

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

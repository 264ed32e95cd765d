/** Coming in: set-up, passwords, invitations, passkeys, identity provider. */
import { z } from 'zod';
import { empty, id, name, ok, time } from '../common.ts';
import { endpoint } from '../endpoint.ts';
import {
  email,
  limits,
  me,
  newPerson,
  organisationFacts,
  organisationId,
  password,
  personId,
  phone,
  sessionReply,
} from './nouns.ts';

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

const noticeMail = z.object({
  mail: z.boolean().describe('whether notices served on my organisation are also told to me by mail'),
  email: email.nullable(),
});
export const readMail = endpoint({
  id: 'members.mail.read',
  method: 'GET',
  path: '/api/me/mail',
  summary: { zh: '我的邮件提醒', en: 'My mail: address, and whether notices go there' },
  permission: 'signedIn',
  reply: noticeMail,
});
export const updateMail = endpoint({
  id: 'members.mail.update',
  method: 'PUT',
  path: '/api/me/mail',
  summary: { zh: '修改我的邮件提醒', en: 'Change my mail' },
  permission: 'signedIn',
  body: noticeMail.strict(),
  reply: noticeMail,
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
